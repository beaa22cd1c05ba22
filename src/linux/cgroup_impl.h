/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of src/linux/cgroup*.c.
 *
 * A driver (struct cgroup_driver) is who makes the cgroups: ketch itself through the file system, or systemd. A version
 * (struct cgroup_version) is what differs between a v1 and a v2 hierarchy; on a hybrid host a container has leaves of both.
 */
#pragma once

#include <string.h>

#include "engine/step.h"
#include "linux/cgroup.h"

struct cgroup_undo;

struct cgroup_leaf {
	char *controllers; /* "cpu,cpuacct"; "" on v2 */
	char *dir;	   /* absolute */
	const struct cgroup_version *version;
	int fd;	      /* DIR, opened when needed; -EBADF */
	int join_fd;  /* v1: the file the child writes "0" to; -EBADF */
	int enter_fd; /* exec, v2: the cgroup to be born in, when it is not DIR; -EBADF */
	char *sub;    /* its path below DIR; NULL: it is DIR */
	bool born; /* the child is there from its birth (v2) or by systemd, and has nothing to join */
	bool made; /* by ketch */
};

struct cgroup {
	enum cgroup_manager manager;
	const struct cgroup_driver *driver;
	struct cgroup_leaf leaves[FACTS_MAX_HIERARCHIES];
	unsigned n;
	struct strv made;
	struct strv lacking; /* controllers that --rootless=true goes without */
	bool first_held;     /* cgroup.room: the first child is traced by us */
	bool first_out;	     /* and is in our own cgroup, of the hierarchy that counts processes */
	uint64_t oom_kills;  /* those before our process; cgroup_oom_note() */
	char *scope;
	struct systemd *systemd; /* linux/systemd.h: the connection, once it is needed */
};

struct cgroup_driver {
	const char *name;
	/* HOST: makes the cgroups and writes what must be there before the first process. Half done on an error. */
	int (*create)(struct run *r, struct cgroup *cg, struct err *e);
	/* SERVE on MSG_PLACE: moves init (systemd, whose scopes need a process); NULL: init is born or joins there. */
	int (*place)(struct run *r, struct cgroup *cg, struct err *e);
	/* SERVE on MSG_PLACE in exec, where the kernel does not let the child move itself: does it for it. NULL: nobody can. */
	int (*attach)(struct cgroup *cg, pid_t pid, struct err *e);
	/* Writes linux.resources: those with WHEN. */
	int (*apply)(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e);
	/* See cgroup_announce(); NULL: nobody to tell. */
	int (*announce)(struct cgroup *cg, const struct cgroup_writes *w,
			const struct cgroup_devices *devices, struct err *e);
	/* Removes what it made. Processes are gone or are killed. */
	int (*destroy)(struct cgroup *cg, struct err *e);
};
extern const struct cgroup_driver cgroup_fs_driver, cgroup_systemd_driver;

struct cgroup_version {
	int number;
	int (*frozen)(int dir); /* 1 all of it, 0 not, -errno; -ENOENT: no freezer here */
	int (*freeze)(int dir, bool freeze); /* asks for it; the kernel may take its time */
};
extern const struct cgroup_version cgroup_v1, cgroup_v2;

/* cgroup.c */
struct cgroup *cgroup_new(enum cgroup_manager manager);
/* Adds a leaf. NULL when memory is out. */
struct cgroup_leaf *cgroup_add_leaf(struct cgroup *cg, const char *controllers, const char *dir,
				    bool v2);
void cgroup_drop_leaf(struct cgroup *cg); /* the last one */
void cgroup_close_fds(struct cgroup *cg);
/* Its directory (owned by the leaf), opened at the first call; -ENOENT when it is gone. */
int cgroup_leaf_fd(struct cgroup_leaf *leaf);
bool cgroup_leaf_has(const struct cgroup_leaf *leaf, const char *controller);
/* The leaf whose freezer is ours to use: that of v1 where it is mounted. NULL: none. */
struct cgroup_leaf *cgroup_freezer(struct cgroup *cg);
struct cgroup_leaf *cgroup_unified(struct cgroup *cg);

/* cgroup_fs.c: makes the container's cgroup in each of the hierarchies of LEAVES, or finds it fit. MOVED is moved there; with 0 what a
 * child joins it by is opened. */
int cgroup_make_leaves(struct run *r, struct cgroup *cg, const struct plan_cgroup_leaf *leaves,
		       size_t n, pid_t moved, struct err *e);

/* cgroup_v1.c: gives the cpuset directory DIR (PATH is its name) the CPUs and memory nodes of PARENT where it has none. MADE: it is
 * new, and has none. */
int cgroup_v1_fill_cpuset(int parent, int dir, bool made, const char *path, struct err *e);

/* cgroup_v2.c: enables for the cgroup PATH, below MOUNT, the controllers that WRITES need there and it does not have yet. */
int cgroup_v2_enable(const struct cgroup_hierarchy *h, int dir, const char *path,
		     const struct cgroup_writes *writes, struct err *e);

/* Enables for what is below DIR all that DIR has, as far as the kernel lets it. */
void cgroup_v2_enable_all(int dir);

#define DEVICES_AT "$.linux.resources.devices"

/* May what an ordinary user can't set of CONTROLLER be left out? Limits where --rootless=true says so. */
static inline bool cgroup_may_lack(const struct plan *p, const char *controller)
{
	return p->rootless && (p->opts.rootless == TRI_YES || strcmp(controller, "devices") == 0);
}
/* Warns that CONTROLLER is left out for WHY, and remembers it: its writes are not made. -ENOMEM. */
int cgroup_lacks(struct run *r, struct cgroup *cg, const char *controller, const struct err *why);

/* What a new leaf on cgroup2 needs besides writes: the controllers for them, and the owner it is to have. */
int cgroup_v2_finish(struct run *r, struct cgroup *cg, const struct cgroup_hierarchy *h,
		     struct cgroup_leaf *leaf, struct err *e);

/* Gives the directory and the files that the kernel calls delegatable to OWNER, and nothing else. */
int cgroup_v2_delegate(int dir, const char *path, uid_t owner, struct err *e);

/* The host's id of the container's user. 0, who is us, also where it can't be known: a joined user namespace. */
uid_t cgroup_v2_owner(const struct plan *p);

/* cgroup_apply.c */
int cgroup_apply(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e);
/* The same for all WRITES, whenever they are due. UNDO (may be NULL) gets what the files said before. */
int cgroup_write_all(struct cgroup *cg, const struct cgroup_writes *writes,
		     struct cgroup_undo *undo, struct err *e);
/* v2: the device rules as a program, in the place of one of ours that is there. */
int cgroup_attach_devices(struct cgroup *cg, const struct cgroup_devices *devices, struct err *e);
/* The same for a new container. */
int cgroup_apply_devices(struct run *r, struct cgroup *cg, struct err *e);

/* cgroup_undo.c: what is about to be written over. */
struct cgroup_undo {
	struct cgroup_undo_entry *v; /* oldest first */
	size_t n, cap;
};
/* Keeps what FILE of LEAF says, as the words that bring it back after VALUE was written. A file that can't be read is left out. */
int cgroup_undo_note(struct cgroup_undo *u, struct cgroup_leaf *leaf, const char *file,
		     const char *value);
/* The words for it (pure): NOW is the file's text. -ENOMEM. */
int cgroup_undo_words(const char *now, const char *value, const char *file, struct buf *out);
/* Writes all back, the newest first. What fails is passed over: the first error is returned. */
int cgroup_undo_run(struct cgroup_undo *u);
void cgroup_undo_free(struct cgroup_undo *u);

/* cgroup_exec.c */
/* Fills E: why LEAF could not be entered, with -errno R. Returns R. */
int cgroup_join_error(const struct cgroup_leaf *leaf, int r, struct err *e);
/* /proc/PID/cgroup */
int cgroup_proc_read(pid_t pid, struct buf *out);
/* The path in its line of the hierarchy with CONTROLLERS ("" for v2), and its length; NULL: it has none. */
const char *cgroup_proc_path(const char *text, const char *controllers, size_t *len);

/* cgroup_tree.c: a cgroup and all below it, however deep and however fast it changes. DIR is its directory. */
/* Calls FN for each directory, DIR itself first. 0, or the first negative return of FN. */
int cgroup_tree_walk(int dir, int (*fn)(void *ctx, int dir), void *ctx);
/* Calls FN for each process that our pid namespace sees. 0, or the first negative return of FN. */
int cgroup_tree_pids(int dir, int (*fn)(void *ctx, pid_t pid), void *ctx);
/* 1: no process in it or below, 0: some, -errno. */
int cgroup_tree_empty(int dir);
/* Removes all cgroups below DIR. -EBUSY when one has a process. */
int cgroup_tree_remove(int dir);

/* cgroup_kill.c */
/* Signals all in the tree once, a forking one included: cgroup.kill, or frozen where there is a freezer, or in rounds. */
int cgroup_tree_kill(int dir, int sig);
/* Freezes or thaws DIR and waits for it, MS at most: -ETIMEDOUT. After a failed freeze it is thawed. */
int cgroup_dir_freeze(const struct cgroup_version *version, int dir, bool freeze, unsigned ms);

struct cgroup_deadline {
	uint64_t end_ns;   /* CLOCK_MONOTONIC */
	uint64_t pause_ns; /* of the next sleep */
};
void cgroup_deadline_start(struct cgroup_deadline *d, unsigned ms);
/* Sleeps a little, a little longer each time. false when the time is up. */
bool cgroup_deadline_wait(struct cgroup_deadline *d);

/* cgroup_destroy.c */
/* Marks a directory made on the way to a leaf, so that the last container in it removes it, whoever made it. */
void cgroup_mark(int dir);
/* Kills what is left in the leaves and removes them, then the directories made on the way to them. */
int cgroup_remove_all(struct cgroup *cg, struct err *e);
