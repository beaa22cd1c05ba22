/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resctrl: classes of service for caches and memory bandwidth (config-linux.md#IntelRdt; the kernel's filesystems/resctrl.rst).
 * Nothing here touches the file system unless linux.intelRdt is there.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "engine/plan.h"
#include "util/arena.h"

/* The root of resctrl. An imitation (tests alone can make one) is a directory of plain files, which the kernel does not fill. */
struct rdt_root {
	int fd;
	bool imitation;
};

/* /sys/fs/resctrl, verified to be resctrl. UNSUPPORTED when it is not. */
int rdt_open(struct rdt_root *ret, struct err *e);
void rdt_close(struct rdt_root *r);

/* The directory of GROUP, "" being the root; -ENOENT. */
int rdt_open_group(const struct rdt_root *root, const char *group);

/* What was made, so that it can be taken back. */
struct rdt_made {
	bool group, monitor;
};

/* The group P asks for: made with its schemata, or found with the same; with the monitoring group. NOTE (may be NULL) is told of each
 * directory before it is made. On an error what was made is in *MADE. */
int rdt_group_make(const struct rdt_root *root, const struct plan_rdt *p, struct rdt_made *made,
		   int (*note)(void *ctx, const char *path, struct err *e), void *ctx,
		   struct err *e);
/* Takes back what MADE says. */
void rdt_group_unmake(const struct rdt_root *root, const struct plan_rdt *p,
		      const struct rdt_made *made);
/* Puts PID (with what it forks from then on) into the group and its monitoring group. -ENOENT: the group is gone. */
int rdt_group_join(const struct rdt_root *root, const struct plan_rdt *p, pid_t pid, struct err *e);
/* New schemata (lines) for a container's group. BEFORE (may be NULL) gets the old ones, for writing back. */
int rdt_group_write(const struct rdt_root *root, const char *group, const char *lines,
		    struct buf *before, const char *where, struct err *e);
/* Does SCHEMATA, the kernel's text, say all that WANTED says? Masks are hexadecimal, the rest decimal (pure). */
bool rdt_schemata_match(const char *schemata, const char *wanted);

/* Replays a journal entry: removes the directory PATH below the root. A missing one, and a missing root, are success. */
int rdt_remove(const char *path, struct err *e);
