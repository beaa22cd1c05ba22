/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A step: one thing done to make a container, as a row of the one table in core/steps.c. From the rows come the order
 * of events, the step name in every error, undo, --trace, `explain`, fault injection and the man page's list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/plan.h"
#include "engine/proto.h"
#include "sys/proc.h"
#include "sys/rootdir.h"
#include "util/buf.h"
#include "util/err.h"

enum stage {
	STAGE_HOST,  /* parent, before clone */
	STAGE_NS,    /* first child, when namespaces are joined (plan.fork.ns_stage) */
	STAGE_INIT,  /* the container's process, before READY */
	STAGE_SERVE, /* parent, when the child asks with one of the row's messages; once each */
	STAGE_START, /* the container's process, after `ketch start` */
	STAGE_N,
};

struct run_child {
	pid_t pid;	     /* 0: none */
	int pidfd;	     /* -EBADF: none */
	uint64_t start_time; /* proc_pid_stat(5); 0: not read yet */
};

struct cgroup;		/* linux/cgroup.h */
struct seccomp_program; /* linux/seccomp.h */
struct net_moved;	/* linux/netdev.h */
struct progress;	/* engine/progress.h */
struct mount_work;	/* linux/mounts.h */

/*
 * What the steps of one create or exec share besides the plan. Each member has one owner, the step named beside it;
 * others only read. The children have their own copy from clone on.
 */
struct run {
	const struct plan *plan;
	bool is_child; /* core: the stages NS, INIT and START */
	struct progress *progress;
	struct chan chan;    /* core: this side's end of the socket between parent and child */
	struct procfs proc;  /* core: verified procfs of the stage's own pid namespace */
	struct rootdir root; /* rootfs.bind: the container's root */
	struct mount_work *mounts; /* INIT: what the mount steps keep among them; NULL: nothing */
	char *root_note;	   /* rootfs.note: what its undo takes off; malloc'ed */
	int old_root; /* core (INIT): "/" of the host, O_PATH, until rootfs.pivot closes it */
	struct run_child first, init; /* core (parent) */
	int state_dir;		      /* state.reserve: ROOT/ID, O_RDONLY|O_DIRECTORY */
	int listen_fd;		      /* start.listen */
	int created_fd;		      /* start.listen: descriptor whose OFD lock means "created" */
	int hook_outputs[2]; /* hooks.open-outputs: for stdout and stderr of hooks; -EBADF none */
	int start_fd;	     /* start.wait: connection of `ketch start`, close-on-exec */
	int listener_fd; /* start.wait: connected seccomp listener that came with GO; -EBADF none */
	struct exec_outcome *outcome; /* start.wait: shared with `start` or `run`; may be NULL */
	int ns_fds[NS_N];	      /* ns.open; -EBADF where none */
	int init_pidfd;		      /* exec: of the container's init */
	struct net_moved *net_moved;  /* net.move: the devices that undo moves back; NULL: none */
	int dev_null;		      /* dev.null-host: the host's /dev/null, verified 1:3 */
	int console_master;    /* console: the pty master (parent: received by console.pass) */
	struct cgroup *cgroup; /* cgroup.create */
	bool rdt_group_made, rdt_monitor_made; /* rdt.create: what its undo removes */
	struct seccomp_program *seccomp;       /* seccomp.compile; NULL: none */
	bool cwd_entered;		       /* proc.cwd-early: we are in the working directory */
	char *exec_path;		       /* exec.lookup: malloc'ed path that execve gets */
	struct strv env; /* exec.lookup: environment that execve gets (environ_build) */
	pid_t host_pid;	 /* core (START): this process as the runtime's pid namespace sees it */
	/* core: the container's state as JSON (runtime.md#state); HOST_PID: with the pid the runtime's pid namespace sees */
	int (*state_json)(struct run *r, const char *status, bool host_pid, struct buf *out,
			  struct err *e);
	const struct packet *request; /* SERVE: what was asked */
	struct packet *answer; /* SERVE: what goes back; fds in it are closed after sending */
	const char *step;      /* executor: name of the step that runs */
	int (*undo_note)(struct run *r, const char *what, const char *value,
			 struct err *e); /* core: appends to the journal */
	void *core;			 /* core's own context for its rows */
};

struct step {
	const char *name; /* stable, documented: "rootfs.pivot" */
	const char
		*what; /* one line for the man page and `explain`: "make the new root the root" */
	enum stage stage;
	uint32_t on;  /* SERVE: mask of MSG_BIT(enum msg) that triggers it; once, unless repeat */
	bool repeat;  /* SERVE: runs at every such message */
	uint32_t use; /* mask of enum plan_use */
	bool (*applies)(const struct plan *p); /* pure; NULL: always */
	int (*run)(struct run *r, struct err *e);
	void (*undo)(struct run *r); /* HOST and SERVE: reverse order, tolerates half-done */
	void (*explain)(const struct plan *p,
			struct buf *out); /* pure: lines "key value\n"; NULL: nothing to add */
};

/* A warning of the running step: to the log, through the parent when we are a child. */
void run_warn(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
