/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this host offers, probed once and handed to the planner as plain data, so that a plan can be made and tested
 * for a host that is not this one (`explain --facts FILE`).
 *
 * facts_probe() takes only what the start path needs (a handful of reads, no mountinfo); facts_probe_all() adds what
 * `doctor` and `check` report, found by trial calls that change nothing. The caller keeps the copy.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/err.h"

enum cgroup_mode { CGROUP_MODE_NONE, CGROUP_MODE_V1, CGROUP_MODE_HYBRID, CGROUP_MODE_V2 };

enum { FACTS_MAX_HIERARCHIES = 24 };

/* One hierarchy. */
struct cgroup_hierarchy {
	char controllers
		[128]; /* v1: "cpu,cpuacct", "name=systemd"; v2: those of cgroup.controllers, by commas */
	char mount[128]; /* "/sys/fs/cgroup/memory"; "" when it is not mounted */
	char own[1024]; /* our own cgroup in it: "/"; also for one above the root of our cgroup namespace */
	bool v2;
};

struct facts {
	unsigned kernel_major, kernel_minor;
	char kernel_release[64];
	char machine[32];
	uid_t uid, gid;	 /* effective */
	bool in_userns;	 /* not the initial user namespace */
	uint64_t caps;	 /* effective capabilities */
	unsigned n_cpus; /* facts_probe_all() */
	enum cgroup_mode cgroup_mode;
	struct cgroup_hierarchy hierarchies[FACTS_MAX_HIERARCHIES];
	unsigned n_hierarchies;
	bool systemd; /* /run/systemd/system */
	bool apparmor, selinux;
	/* facts_probe_all() only; false else */
	bool complete;
	bool cgroup_nsdelegate; /* in mountinfo only */
	bool mount_setattr, idmap, clone_into_cgroup, cgroup_kill, time_ns, seccomp, seccomp_notify,
		overlay, swap_accounting;
	bool resctrl;	      /* mounted */
	bool user_ns_allowed; /* to the caller */
	unsigned last_cap;
};

int facts_probe(struct facts *f, struct err *e);
int facts_probe_all(struct facts *f, struct err *e);
/* Recorded hosts: the same struct as JSON (engine/facts_load.h reads it back). */
int facts_save(const struct facts *f, struct buf *out);

/* Members of struct facts but the mode and the hierarchies, and those of struct cgroup_hierarchy: for writing and reading. */
enum facts_type { FACTS_BOOL, FACTS_UINT, FACTS_U64, FACTS_TEXT };
struct facts_field {
	const char *name;
	enum facts_type type;
	size_t offset, size;
};
extern const struct facts_field facts_fields[];		  /* ended by a NULL name */
extern const struct facts_field facts_hierarchy_fields[]; /* likewise */
/* "none", "v1", "hybrid", "v2" for enum cgroup_mode, in this order; NULL-ended. */
extern const char *const facts_cgroup_modes[];

/* Takes a /proc/self/cgroup apart (pure): the number of hierarchies, with empty mounts; -E2BIG, -ENAMETOOLONG, -EINVAL. */
int facts_parse_cgroup(const char *text, struct cgroup_hierarchy *out, unsigned max);
/* Is it the identity map of all ids that only the initial user namespace has (pure)? */
bool facts_is_initial_map(const char *uid_map);
/* The hierarchy that has CONTROLLER ("memory", "name=systemd"); NULL when none is mounted. On a hybrid host v1 wins. */
const struct cgroup_hierarchy *facts_controller(const struct facts *f, const char *controller);
/* The cgroup2 hierarchy, or NULL. */
const struct cgroup_hierarchy *facts_unified(const struct facts *f);
/* The hierarchy in which systemd has its units: cgroup2 where there is nothing else, or v1's name=systemd. NULL: it is not mounted. */
const struct cgroup_hierarchy *facts_systemd(const struct facts *f);
/* Looks at this host: has our own cgroup in H, the root or a cgroup below it FILE? The root of v2 lacks most, and others have only
 * those of the controllers that were given to them. H may be NULL. */
bool facts_cgroup_has(const struct cgroup_hierarchy *h, const char *file);
bool facts_kernel_at_least(const struct facts *f, unsigned major, unsigned minor);
