/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.resources as the list of files to write, for the hierarchies of a host: one row a property (config-linux.md
 * from #memory to #unified). Pure: whether a file exists is known only when it is written.
 */
#pragma once

#include <stdint.h>

#include "spec/model.h"
#include "sys/facts.h"
#include "util/arena.h"
#include "util/err.h"

enum cgroup_when {
	CGROUP_LATE,  /* when the container is set up, so that setting it up is not limited */
	CGROUP_EARLY, /* before anything runs in the cgroup */
};

enum cgroup_write_flags {
	/* what a new cgroup has: not written to one ketch made, and a missing file is fine */
	CGROUP_NEUTRAL = 1,
	/* a missing file is fine */
	CGROUP_EXTRA = 2,
	/* where the file is missing the next write takes its place; else that one is left out */
	CGROUP_OR_NEXT = 4,
	/* when refused for the old value of the next file (EINVAL, EBUSY): that one, then again */
	CGROUP_NEXT_FIRST = 8,
	/* EPERM is fine: the parent cgroup withholds what we would grant */
	CGROUP_IF_GRANTED = 16,
	/* refused when memory.current is above (checkBeforeUpdate) */
	CGROUP_CHECK_USAGE = 32,
	/* newer kernels take the value and do nothing: the file must say it afterwards */
	CGROUP_READ_BACK = 64,
};

struct cgroup_write {
	const struct cgroup_hierarchy *h;
	const char *controller; /* "memory" */
	const char *file;	/* "memory.max" */
	const char *value;
	const char *where; /* "$.linux.resources.memory.limit" */
	enum cgroup_when when;
	unsigned flags;
};

struct cgroup_writes {
	struct cgroup_write *v;
	size_t n, cap;
};

/*
 * Appends the writes for R in the order they are to be made. UNSUPPORTED, naming property, controller and file, for a
 * value that would change something and that no hierarchy of this host can take; a neutral one needs none.
 */
int cgroup_table_writes(struct cgroup_writes *out, struct arena *a, const struct spec_resources *r,
			const struct facts *f, struct err *e);
/* The same for one of the cgroup_table_rows() rows. */
int cgroup_table_row(size_t row, struct cgroup_writes *out, struct arena *a,
		     const struct spec_resources *r, const struct facts *f, struct err *e);
size_t cgroup_table_rows(void);
/* Appends one. -ENOMEM. */
int cgroup_writes_add(struct cgroup_writes *out, struct arena *a, const struct cgroup_write *w);

/* ---- update ---- */

struct cgroup_update {
	const struct spec_resources *before; /* the kept ones; NULL: none */
	const struct spec_resources *change; /* what was asked for */
	const struct spec_resources *now;    /* cgroup_table_merge() of the two */
};

/* CHANGE laid over BEFORE (NULL: none): single values replace, entries of lists replace those about the same device, interface, page
 * size or file; device rules replace all. What CHANGE does not say stays. Strings are shared. -ENOMEM. */
int cgroup_table_merge(struct spec_resources **ret, struct arena *a,
		       const struct spec_resources *before, const struct spec_resources *change);
/* Appends the writes that take a container from U->before to U->now: what differs, and whatever CHANGE names. None is neutral. */
int cgroup_table_changes(struct cgroup_writes *out, struct arena *a, const struct cgroup_update *u,
			 const struct facts *f, struct err *e);
/* Have they the same device rules? Each may be NULL. */
bool cgroup_devices_same(const struct spec_resources *x, const struct spec_resources *y);

/* JSON path of the first property of R that is more than neutral, device rules apart; NULL when there is none. */
const char *cgroup_table_first(const struct spec_resources *r, struct arena *a);

/* cpu.shares 2..262144 to cpu.weight 1..10000 with 1024 at 100: the quadratic conversion that runc and crun use. */
unsigned cgroup_cpu_weight(uint64_t shares);
/* blkio weight 10..1000 to io.weight 1..10000. */
unsigned cgroup_io_weight(unsigned weight);
