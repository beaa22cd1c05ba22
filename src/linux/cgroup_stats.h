/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container's cgroups say it has used, of v1 and v2 in the same terms: bytes and nanoseconds. A file that a host has not
 * got, or a controller the container has no cgroup of, leaves its numbers 0 and absent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "linux/cgroup.h"
#include "spec/model.h"
#include "util/arena.h"

#define CGROUP_NO_LIMIT UINT64_MAX

/* A number, and whether the host told it. */
struct cgroup_stat {
	uint64_t v;
	bool has;
};

/* Pressure stall information: hundredths of a percent, microseconds. */
struct cgroup_pressure {
	bool has_some, has_full;
	struct {
		uint32_t avg10, avg60, avg300;
		uint64_t total;
	} some, full;
};

struct cgroup_io_stat {
	uint32_t major, minor;
	char op[16]; /* "Read", "Write", "Sync" …, or "" */
	uint64_t v;
};
typedef SPEC_LIST(struct cgroup_io_stat) cgroup_io_stats;

enum cgroup_io {
	CGROUP_IO_BYTES,
	CGROUP_IO_SERVICED,
	CGROUP_IO_QUEUED,
	CGROUP_IO_SERVICE_TIME,
	CGROUP_IO_WAIT_TIME,
	CGROUP_IO_MERGED,
	CGROUP_IO_TIME,
	CGROUP_IO_SECTORS,
	CGROUP_IO_N
};

struct cgroup_memory_stat {
	struct cgroup_stat usage, limit, max, failcnt;
};

struct cgroup_named_stat {
	char *name;
	uint64_t v;
};

struct cgroup_hugetlb_stat {
	char *size; /* "2MB" */
	uint64_t usage, max, failcnt;
};

struct cgroup_stats {
	struct {
		struct cgroup_stat total, user, kernel; /* ns */
		SPEC_LIST(uint64_t) percpu, percpu_kernel, percpu_user;
		struct cgroup_stat periods, throttled_periods, throttled_time; /* ns */
		struct cgroup_pressure pressure;
	} cpu;
	struct {
		char *cpus, *mems; /* lists as "0-3,7"; NULL: not told */
		struct cgroup_stat cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate,
			memory_spread_page, memory_spread_slab, memory_pressure, sched_load_balance,
			sched_relax_domain_level;
	} cpuset;
	struct {
		struct cgroup_memory_stat memory, swap, kernel, kernel_tcp; /* swap: with memory */
		struct cgroup_stat cache, swap_alone;
		SPEC_LIST(struct cgroup_named_stat) raw; /* memory.stat */
		struct cgroup_pressure pressure;
		struct cgroup_stat oom_kills;
	} memory;
	struct {
		struct cgroup_stat current, limit; /* limit: CGROUP_NO_LIMIT for none */
	} pids;
	cgroup_io_stats io[CGROUP_IO_N];
	struct cgroup_pressure io_pressure;
	SPEC_LIST(struct cgroup_hugetlb_stat) hugetlb;
};

/* Reads all; lists and strings go to ARENA. Files that are not there are no error. */
int cgroup_stats(struct cgroup *cg, struct arena *arena, struct cgroup_stats *ret, struct err *e);
/* A line "some avg10=0.12 avg60=0.00 avg300=0.00 total=123" and the like (pure). */
void cgroup_pressure_parse(const char *text, struct cgroup_pressure *ret);

/* ---- out of memory ---- */

struct cgroup_oom_watch {
	int fd; /* to poll for EVENTS; -EBADF: nothing tells, ask cgroup_oom_kills() at times */
	short events;
	int control; /* v1 */
	bool v1;
};

/* Something to poll that becomes ready when the kernel ran out of the container's memory. */
int cgroup_oom_watch(struct cgroup *cg, struct cgroup_oom_watch *ret, struct err *e);
/* Makes it unready again. */
void cgroup_oom_seen(struct cgroup_oom_watch *w);
void cgroup_oom_watch_close(struct cgroup_oom_watch *w);
/* Before CG gets a process of ours: what was killed until now is not what cgroup_oom_error() asks for. */
void cgroup_oom_note(struct cgroup *cg);
/* Has the kernel killed a process for want of the container's memory since then? It need not be ours. Then E says so of WHO, with the limit and the most that was in
 * use, and the result is its negative errno; else 0, and E is as it was. CG may be NULL. */
int cgroup_oom_error(struct cgroup *cg, const char *who, struct err *e);
/* The place in E becomes that of the property that gave memory.max: unified can. */
void cgroup_oom_place(const struct plan *p, struct err *e);
/* Processes killed for it so far; 0 where the kernel does not count. */
uint64_t cgroup_oom_kills(struct cgroup *cg);
