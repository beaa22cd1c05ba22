/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathering a container's figures, once or as a stream of events. */
#include "core/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/cgroup_devices.h"
#include "spec/load.h"
#include "sys/hostfs.h"
#include "sys/proc.h"
#include "sys/raw.h"
#include "util/clock.h"

enum { MAX_NET = 1024 * 1024, OOM_POLL_MS = 250 };

void stats_clear(struct stats *s)
{
	arena_free(&s->arena);
	*s = (struct stats){ 0 };
}

/* ---- network ---- */

/* "  eth0: 1 2 3 4 fifo frame compressed multicast 5 6 7 8 …" */
static int parse_line(const char *line, size_t len, struct stats *s, struct net_stat *x)
{
	unsigned long long v[8];
	const char *colon = memchr(line, ':', len);
	size_t blank = strspn(line, " ");

	if (!colon || sscanf(colon + 1, "%llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %llu %llu",
			     &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		return 0;
	*x = (struct net_stat){ .name = arena_strn(&s->arena, line + blank,
						   (size_t)(colon - line) - blank),
				.rx_bytes = v[0],
				.rx_packets = v[1],
				.rx_errors = v[2],
				.rx_dropped = v[3],
				.tx_bytes = v[4],
				.tx_packets = v[5],
				.tx_errors = v[6],
				.tx_dropped = v[7] };
	if (!x->name)
		return -ENOMEM;
	return strcmp(x->name, "lo") != 0;
}

int stats_parse_net(const char *text, struct stats *ret)
{
	size_t lines = 1;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	ret->net.v = arena_array(&ret->arena, lines, sizeof(*ret->net.v));
	if (!ret->net.v)
		return -ENOMEM;
	while (*text) {
		size_t len = strcspn(text, "\n");
		int r = parse_line(text, len, ret, &ret->net.v[ret->net.n]);

		if (r < 0)
			return r;
		ret->net.n += (size_t)r;
		text += len + (text[len] == '\n');
	}
	return 0;
}

/* The host's interfaces are not the container's. */
static bool has_own_network(struct procfs *p, pid_t pid)
{
	struct stat a, b;
	auto_fd int theirs = proc_open_pid(p, pid, "ns/net", O_RDONLY);
	auto_fd int ours = proc_open_pid(p, getpid(), "ns/net", O_RDONLY);

	return theirs >= 0 && ours >= 0 && fstat(theirs, &a) == 0 && fstat(ours, &b) == 0 &&
	       (a.st_dev != b.st_dev || a.st_ino != b.st_ino);
}

static int read_net(pid_t pid, struct stats *s, struct err *e)
{
	auto_buf struct buf text = { 0 };
	struct procfs p;

	int r = proc_open(&p);
	if (r < 0)
		return err_sys(e, r, "open /proc");
	auto_fd int fd =
		has_own_network(&p, pid) ? proc_open_pid(&p, pid, "net/dev", O_RDONLY) : -ENOENT;
	proc_close(&p);
	if (fd < 0)
		return 0; /* just ended, or nothing of its own */
	if (host_read_fd(fd, MAX_NET, &text) < 0)
		return 0;
	r = stats_parse_net(buf_str(&text), s);
	return r < 0 ? err_sys(e, r, "network counters") : 0;
}

/* ---- resctrl ---- */

/* The group of the configuration; *ret_group is NULL when it asks for none. Strings are ARENA's. */
static int rdt_names(const struct container *c, struct arena *arena, const char **ret_group,
		     const char **ret_monitor, struct err *e)
{
	auto_spec struct spec *spec = NULL;

	*ret_group = *ret_monitor = NULL;
	int r = container_spec(c, &spec, e);
	if (r < 0 || !spec->lnx->intel_rdt)
		return r;
	const struct spec_intel_rdt *s = spec->lnx->intel_rdt;
	*ret_group = arena_str(arena, plan_rdt_group(s, c->id));
	*ret_monitor = s->enable_monitoring ? c->id : NULL;
	return *ret_group ? 0 : err_sys(e, -ENOMEM, "resctrl");
}

static int read_rdt(const struct container *c, struct stats *s, struct err *e)
{
	const char *group, *monitor;
	struct rdt_root root;
	struct err ignored;

	int r = rdt_names(c, &s->arena, &group, &monitor, e);
	if (r < 0 || !group || rdt_open(&root, &ignored) < 0)
		return r;
	r = rdt_stats(&root, group, monitor, &s->arena, &s->rdt);
	rdt_close(&root);
	return r < 0 ? err_sys(e, r, "resctrl") : 0;
}

/* ---- all figures ---- */

static int open_cgroups(const struct container *c, struct cgroup **ret, struct err *e)
{
	struct cgroup_record rec;

	state_cgroup_record(&c->state, &rec);
	return cgroup_open(ret, &rec, e);
}

static int check_alive(const struct container *c, struct err *e)
{
	enum container_status status;

	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	if (status == C_CREATED || status == C_RUNNING || status == C_PAUSED)
		return 0;
	return err_set(e, ERR_STATE, "container not running: '%s' is %s", c->id,
		       container_status_name(status));
}

static int gather(const struct container *c, struct cgroup *cg, struct stats *ret, struct err *e)
{
	*ret = (struct stats){ .taken_ns = clock_ns() };
	int r = cgroup_stats(cg, &ret->arena, &ret->cg, e);
	if (r >= 0)
		r = read_rdt(c, ret, e);
	if (r >= 0)
		r = read_net((pid_t)c->state.pid, ret, e);
	if (r < 0)
		stats_clear(ret);
	return r;
}

int container_stats(const struct container *c, struct stats *ret, struct err *e)
{
	struct cgroup *cg;

	*ret = (struct stats){ 0 };
	int r = check_alive(c, e);
	if (r >= 0)
		r = open_cgroups(c, &cg, e);
	if (r < 0)
		return r;
	r = gather(c, cg, ret, e);
	cgroup_free(cg);
	return r;
}

/* ---- devices ---- */

int container_devices(const struct container *c, struct arena *arena,
		      struct cgroup_device_view *ret, struct err *e)
{
	struct spec_resources *kept;
	struct cgroup_devices rules;
	struct cgroup *cg;

	int r = check_alive(c, e);
	if (r >= 0)
		r = container_resources(c, arena, &kept, e);
	if (r < 0)
		return r;
	if (cgroup_devices_plan(&rules, arena, kept ? kept->devices.v : NULL,
				kept ? kept->devices.n : 0) < 0)
		return err_sys(e, -ENOMEM, "device rules");
	r = open_cgroups(c, &cg, e);
	if (r < 0)
		return r;
	r = cgroup_device_view(cg, &rules, arena, ret, e);
	cgroup_free(cg);
	return r;
}

/* ---- the stream ---- */

struct stream {
	const struct container *c;
	struct cgroup *cg;
	struct cgroup_oom_watch oom;
	uint64_t oom_kills; /* told so far */
	int pidfd;
	int (*fn)(void *ctx, const struct buf *line, struct err *e);
	void *ctx;
};

static int tell_stats(struct stream *s, struct err *e)
{
	auto_stats struct stats st = { 0 };
	auto_buf struct buf line = { 0 };

	int r = gather(s->c, s->cg, &st, e);
	if (r < 0)
		return r;
	stats_event_json(&st, s->c->id, &line);
	return s->fn(s->ctx, &line, e);
}

/* v2's file changes for more than this, so the count decides there; v1's eventfd is only for this. */
static int tell_oom(struct stream *s, bool ready, struct err *e)
{
	auto_buf struct buf line = { 0 };
	uint64_t kills = cgroup_oom_kills(s->cg);
	bool oom = kills != s->oom_kills || (ready && s->oom.v1);

	s->oom_kills = kills;
	if (!oom)
		return 0;
	stats_oom_json(s->c->id, &line);
	return s->fn(s->ctx, &line, e);
}

/* 1: go on, 0: the container has stopped. */
static int wait_until(struct stream *s, uint64_t end_ns, struct err *e)
{
	for (;;) {
		uint64_t now = clock_ns();
		struct pollfd p[] = { { .fd = s->pidfd, .events = POLLIN },
				      { .fd = s->oom.fd, .events = s->oom.events } };

		if (now >= end_ns)
			return 1;
		uint64_t ms = (end_ns - now) / 1000000 + 1;
		int timeout = (int)MIN(ms, s->oom.fd < 0 ? (uint64_t)OOM_POLL_MS : 3600000u);
		if (poll(p, s->oom.fd < 0 ? 1 : 2, timeout) < 0 && errno != EINTR)
			return err_sys(e, -errno, "poll");
		bool ready = s->oom.fd >= 0 && p[1].revents;
		if (ready)
			cgroup_oom_seen(&s->oom);
		bool ended = p[0].revents;
		/* the end of the cgroup makes an eventfd ready too */
		int r = tell_oom(s, ready && !ended, e);
		if (r < 0 || ended)
			return r;
	}
}

int container_events(const struct container *c, uint64_t interval_ms,
		     int (*fn)(void *ctx, const struct buf *line, struct err *e), void *ctx,
		     struct err *e)
{
	struct stream s = { .c = c, .fn = fn, .ctx = ctx };

	int r = check_alive(c, e);
	if (r < 0)
		return r;
	auto_fd int pidfd = container_init_pidfd(c);
	if (pidfd < 0)
		return err_set(e, ERR_STATE, "container not running: '%s' has just ended", c->id);
	s.pidfd = pidfd;
	r = open_cgroups(c, &s.cg, e);
	if (r < 0)
		return r;
	r = cgroup_oom_watch(s.cg, &s.oom, e);
	s.oom_kills = cgroup_oom_kills(s.cg);
	for (int go_on = 1; r >= 0 && go_on;) {
		uint64_t end = clock_ns() + interval_ms * 1000000;

		r = tell_stats(&s, e);
		if (r >= 0)
			r = go_on = wait_until(&s, end, e);
	}
	cgroup_oom_watch_close(&s.oom);
	cgroup_free(s.cg);
	return r < 0 ? r : 0;
}
