/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenMetrics 1.0 text (https://github.com/OpenObservability/OpenMetrics): a row a family of single numbers, a function each for those
 * with more labels. Samples of a family stand together, counters end in _total, the unit ends the name, "# EOF" the whole.
 */
#include <stdio.h>
#include <string.h>

#include "core/stats.h"

struct family {
	const char *name, *unit, *help;
	bool counter;
	size_t at; /* of the struct cgroup_stat in struct cgroup_stats */
	bool ns;   /* told in seconds */
};

enum { LARGEST_PAGE = 65536 };

#define AT(member) offsetof(struct cgroup_stats, member)

static const struct family families[] = {
	{ "ketch_cpu_usage_seconds", "seconds", "CPU time used", true, AT(cpu.total), true },
	{ "ketch_cpu_user_seconds", "seconds", "CPU time used in user mode", true, AT(cpu.user),
	  true },
	{ "ketch_cpu_system_seconds", "seconds", "CPU time used by the kernel", true,
	  AT(cpu.kernel), true },
	{ "ketch_cpu_cfs_periods", NULL, "CFS periods with the quota in force", true,
	  AT(cpu.periods), false },
	{ "ketch_cpu_cfs_throttled_periods", NULL, "CFS periods in which the quota ran out", true,
	  AT(cpu.throttled_periods), false },
	{ "ketch_cpu_cfs_throttled_seconds", "seconds", "time spent waiting for the next period",
	  true, AT(cpu.throttled_time), true },
	{ "ketch_memory_usage_bytes", "bytes", "memory in use, with caches", false,
	  AT(memory.memory.usage), false },
	{ "ketch_memory_limit_bytes", "bytes", "limit of memory", false, AT(memory.memory.limit),
	  false },
	{ "ketch_memory_peak_bytes", "bytes", "most memory used so far", false,
	  AT(memory.memory.max), false },
	{ "ketch_memory_cache_bytes", "bytes", "memory of file caches", false, AT(memory.cache),
	  false },
	{ "ketch_memory_swap_bytes", "bytes", "swap in use", false, AT(memory.swap_alone), false },
	{ "ketch_memory_failures", NULL, "times the limit of memory was hit", true,
	  AT(memory.memory.failcnt), false },
	{ "ketch_memory_oom_kills", NULL, "processes killed for want of memory", true,
	  AT(memory.oom_kills), false },
	{ "ketch_pids", NULL, "processes and threads", false, AT(pids.current), false },
	{ "ketch_pids_limit", NULL, "limit of processes and threads", false, AT(pids.limit),
	  false },
};

static void head(struct buf *out, const char *name, const char *unit, const char *help,
		 bool counter)
{
	buf_addf(out, "# TYPE %s %s\n", name, counter ? "counter" : "gauge");
	if (unit)
		buf_addf(out, "# UNIT %s %s\n", name, unit);
	buf_addf(out, "# HELP %s %s\n", name, help);
}

static void label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=", name);
	buf_addlabel(out, value);
}

static void seconds(struct buf *out, uint64_t ns)
{
	buf_addf(out, "%llu.%09llu\n", (unsigned long long)(ns / 1000000000u),
		 (unsigned long long)(ns % 1000000000u));
}

static void sample(struct buf *out, const struct family *f, const char *id,
		   const struct cgroup_stat *v)
{
	buf_addf(out, "%s%s{", f->name, f->counter ? "_total" : "");
	label(out, "id", id);
	buf_adds(out, "} ");
	if (v->v >= (uint64_t)INT64_MAX - LARGEST_PAGE) /* v1: as many pages as there can be */
		buf_adds(out, "+Inf\n");
	else if (f->ns)
		seconds(out, v->v);
	else
		buf_addf(out, "%llu\n", (unsigned long long)v->v);
}

static void singles(const struct stats *v, const char *const *ids, size_t n, struct buf *out)
{
	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		const struct family *f = &families[i];

		head(out, f->name, f->unit, f->help, f->counter);
		for (size_t k = 0; k < n; k++) {
			const struct cgroup_stat *s =
				(const struct cgroup_stat *)((const char *)&v[k].cg + f->at);

			if (s->has)
				sample(out, f, ids[k], s);
		}
	}
}

static void pressure_samples(struct buf *out, const char *id, const char *resource,
			     const struct cgroup_pressure *p)
{
	const bool has[] = { p->has_some, p->has_full };
	static const char *const names[] = { "some", "full" };
	const uint64_t total[] = { p->some.total, p->full.total };

	for (int i = 0; i < 2; i++) {
		if (!has[i])
			continue;
		buf_adds(out, "ketch_pressure_stalled_seconds_total{");
		label(out, "id", id);
		buf_addf(out, ",resource=\"%s\",kind=\"%s\"} ", resource, names[i]);
		seconds(out, total[i] * 1000);
	}
}

static void pressures(const struct stats *v, const char *const *ids, size_t n, struct buf *out)
{
	head(out, "ketch_pressure_stalled_seconds", "seconds", "time lost waiting for a resource",
	     true);
	for (size_t k = 0; k < n; k++) {
		pressure_samples(out, ids[k], "cpu", &v[k].cg.cpu.pressure);
		pressure_samples(out, ids[k], "memory", &v[k].cg.memory.pressure);
		pressure_samples(out, ids[k], "io", &v[k].cg.io_pressure);
	}
}

static void io(const struct stats *v, const char *const *ids, size_t n, enum cgroup_io which,
	       const char *name, const char *unit, const char *help, struct buf *out)
{
	head(out, name, unit, help, true);
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < v[k].cg.io[which].n; i++) {
			const struct cgroup_io_stat *x = &v[k].cg.io[which].v[i];

			buf_addf(out, "%s_total{", name);
			label(out, "id", ids[k]);
			buf_addf(out, ",device=\"%u:%u\",", x->major, x->minor);
			label(out, "op", x->op);
			buf_addf(out, "} %llu\n", (unsigned long long)x->v);
		}
	}
}

static const struct net_family {
	const char *name, *unit, *help;
	size_t rx, tx;
} net_families[] = {
	{ "ketch_network_bytes", "bytes", "bytes through an interface",
	  offsetof(struct net_stat, rx_bytes), offsetof(struct net_stat, tx_bytes) },
	{ "ketch_network_packets", NULL, "packets through an interface",
	  offsetof(struct net_stat, rx_packets), offsetof(struct net_stat, tx_packets) },
	{ "ketch_network_errors", NULL, "errors of an interface",
	  offsetof(struct net_stat, rx_errors), offsetof(struct net_stat, tx_errors) },
	{ "ketch_network_dropped", NULL, "packets that an interface dropped",
	  offsetof(struct net_stat, rx_dropped), offsetof(struct net_stat, tx_dropped) },
};

/* Names that are not UTF-8 can become the same one: their place in the list keeps the samples apart. */
static void interface(struct buf *out, const struct stats *v, size_t i)
{
	size_t at = out->len;

	label(out, "interface", v->net.v[i].name);
	if (strstr(buf_str(out) + at, "\ufffd"))
		buf_addf(out, ",number=\"%zu\"", i);
}

static void net_sample(const struct net_family *f, const struct stats *s, size_t i, const char *id,
		       bool tx, struct buf *out)
{
	const struct net_stat *x = &s->net.v[i];
	uint64_t v = *(const uint64_t *)((const char *)x + (tx ? f->tx : f->rx));

	buf_addf(out, "%s_total{", f->name);
	label(out, "id", id);
	buf_addc(out, ',');
	interface(out, s, i);
	buf_addf(out, ",direction=\"%s\"} %llu\n", tx ? "transmit" : "receive",
		 (unsigned long long)v);
}

static void network(const struct stats *v, const char *const *ids, size_t n, struct buf *out)
{
	for (size_t i = 0; i < N_ELEMENTS(net_families); i++) {
		const struct net_family *f = &net_families[i];

		head(out, f->name, f->unit, f->help, true);
		for (size_t k = 0; k < n; k++) {
			for (size_t m = 0; m < v[k].net.n; m++) {
				net_sample(f, &v[k], m, ids[k], false, out);
				net_sample(f, &v[k], m, ids[k], true, out);
			}
		}
	}
}

void stats_metrics(const struct stats *v, const char *const *ids, size_t n, struct buf *out)
{
	singles(v, ids, n, out);
	pressures(v, ids, n, out);
	io(v, ids, n, CGROUP_IO_BYTES, "ketch_io_bytes", "bytes", "bytes read and written", out);
	io(v, ids, n, CGROUP_IO_SERVICED, "ketch_io_operations", NULL, "reads and writes", out);
	network(v, ids, n, out);
	buf_adds(out, "# EOF\n");
}
