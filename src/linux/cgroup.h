/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control groups behind one small interface: the container's place in every hierarchy of this host, whatever driver
 * made it (cgroupfs on v1, v2 and hybrid hosts; systemd is a driver of its own). config-linux.md#control-groups.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/plan.h"
#include "util/err.h"
#include "util/strv.h"

struct cgroup;
struct run;

/* What the state file keeps, so that later commands find the cgroups again. Owned by whoever filled it. */
struct cgroup_record {
	enum cgroup_manager manager;
	struct strv
		leaves; /* "CONTROLLERS:DIR", the absolute directories the container is in, one a hierarchy; "" = cgroup2 */
	struct strv
		made; /* absolute directories ketch made, parents before children; those that end in "/" are on the way to a
			     * leaf, may be shared with other containers and are removed only when empty */
	char *scope;  /* systemd unit, or NULL; behind "user:" one of the user's manager */
};
void cgroup_record_free(struct cgroup_record *rec);

/* The cgroups of an existing container. No directory is opened before it is needed; those that are gone count as empty. */
int cgroup_open(struct cgroup **ret, const struct cgroup_record *rec, struct err *e);
void cgroup_free(struct cgroup *cg);
int cgroup_record(const struct cgroup *cg, struct cgroup_record *ret);

/* Directory for CLONE_INTO_CGROUP (cgroup2), owned by CG, or -EBADF. With INIT_PID > 0: what cgroup_prepare_join() found, or
 * that process's present leaf below ours. Call it right before the clone: it tells cgroup_join_self() what is left to join. */
int cgroup_clone_fd(struct cgroup *cg, pid_t init_pid);
/* exec: finds the cgroups to enter (init's present ones, or the sub-cgroups CGROUPS of the container's, each
 * `[CTRL[,CTRL]:]PATH`, NULL-ended or NULL) and opens what the child writes to. Call it before cgroup_clone_fd(). */
int cgroup_prepare_join(struct cgroup *cg, const char *const *cgroups, pid_t init_pid,
			struct err *e);
/* The clone into it was refused with R: true when the child can join it all the same, by cgroup_join_self(): when somebody else can move it
 * (-EACCES), or when pids.max, which limits births alone, is reached (-EAGAIN). */
bool cgroup_clone_refused(struct cgroup *cg, int r);
/* In a single-threaded child: joins the hierarchies it was not born in, through descriptors the parent opened. */
int cgroup_join_self(struct cgroup *cg, struct err *e);
/* In the parent, after step cgroup.room was answered: moves what the first child clones now to where that was, and lets both go. Returns when
 * it has cloned, or said why not. */
int cgroup_room_end(struct run *r, struct err *e);

/* Tells who else looks after the cgroups (systemd) what W sets in them, and the DEVICES that are allowed now (NULL: as before), so that it does not undo it with its own next change. For
 * `update`, after the files are written; in `create` the steps do it. Nothing to do for cgroups of the cgroupfs driver. */
int cgroup_announce(struct cgroup *cg, const struct cgroup_writes *w,
		    const struct cgroup_devices *devices, struct err *e);

/* All processes in the container's cgroups and below: calls FN for each pid (our pid namespace). */
int cgroup_pids(struct cgroup *cg, int (*fn)(void *ctx, pid_t pid), void *ctx, struct err *e);
/* Signals every process: cgroup.kill for SIGKILL where there is one, else freeze, signal, thaw. */
int cgroup_kill(struct cgroup *cg, int sig, struct err *e);
/* Freezes or thaws and waits (bounded) until the kernel says so. */
int cgroup_freeze(struct cgroup *cg, bool freeze, struct err *e);
/* false when there is no freezer. */
bool cgroup_is_frozen(struct cgroup *cg);
/* Kills what is left, removes sub-cgroups and all that ketch made; waits up to 10 s; names survivors in e. */
int cgroup_destroy(struct cgroup *cg, struct err *e);
/* Replays a journal entry "cgroup": removes DIR (made by ketch), killing only processes in it. A missing one is success. A DIR
 * that ends in "/" was made on the way to a leaf: it is removed only if it is empty, which is success either way. */
int cgroup_remove_dir(const char *dir, struct err *e);
/* For a cgroup of which nothing is known but a journal entry DIR: what is frozen in it dies only when it is thawed, which is done here, by
 * the hierarchy that has the freezer. A cgroup that is not frozen is left alone. */
void cgroup_kill_frozen(const char *dir);
/* The same for an entry "scope": kills what is in the unit and stops it. */
int cgroup_remove_scope(const char *record, struct err *e);
