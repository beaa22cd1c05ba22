/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container uses, for people, engines and scrapers: its cgroups' figures, network counters and resctrl, as runc's `events`
 * JSON (types/events.go of runc) and as OpenMetrics text.
 */
#pragma once

#include "core/container.h"
#include "linux/cgroup_stats.h"
#include "linux/rdt_stats.h"

struct net_stat {
	char *name;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

struct stats {
	struct arena arena;
	uint64_t taken_ns; /* CLOCK_MONOTONIC */
	struct cgroup_stats cg;
	struct rdt_stats rdt;
	SPEC_LIST(struct net_stat) net; /* of a network namespace of its own, without lo */
};

/* Of a container that is created, running or paused; STATE else. Lock-free. Free with stats_clear(). */
int container_stats(const struct container *c, struct stats *ret, struct err *e);
void stats_clear(struct stats *s);
#define auto_stats AUTO(stats_clear)

/* Takes a /proc/PID/net/dev apart (pure). -ENOMEM. */
int stats_parse_net(const char *text, struct stats *ret);

/* {"type":"stats","id":ID,"data":…} and a newline. */
void stats_event_json(const struct stats *s, const char *id, struct buf *out);
/* {"type":"oom","id":ID} and a newline. */
void stats_oom_json(const char *id, struct buf *out);

/* OpenMetrics 1.0: families together, a sample for each of the N containers, and the closing "# EOF". */
void stats_metrics(const struct stats *v, const char *const *ids, size_t n, struct buf *out);

/*
 * Calls FN with a line of JSON for the figures now and every INTERVAL_MS, and for each out-of-memory, until the container has
 * stopped (0), or FN returns < 0.
 */
int container_events(const struct container *c, uint64_t interval_ms,
		     int (*fn)(void *ctx, const struct buf *line, struct err *e), void *ctx,
		     struct err *e);
