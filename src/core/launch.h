/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One create, run or exec in the making, as the parent sees it: what was read, what was planned, the children, and what has to be
 * undone. The parts have a file each: launch.c (the order), rows_*.c (core's rows of the step table), stages.c (the
 * children), serve.c (the parent's loop), outcome.c (did execve happen?).
 */
#pragma once

#include <signal.h>

#include "core/container.h"
#include "core/notify.h"
#include "core/seccomp_agent.h"
#include "engine/executor.h"
#include "spec/load.h"
#include "sys/facts.h"

struct launch {
	const struct store *store;
	const char *id;
	const struct launch_opts *opts;
	char *bundle;	   /* absolute */
	char *state_dir;   /* absolute */
	struct buf config; /* bytes of config.json */
	struct spec *spec;
	struct facts facts;
	struct plan *plan;
	struct state
		state; /* to be written at READY; create and run only. Borrows from the others */
	struct container *container; /* exec: the running container */
	struct run run;
	struct step_set served;
	int journal;	  /* state.reserve: for entries until COMMIT; create and run only */
	int child_sock;	  /* the child's end, until clone */
	int signal_fd;	  /* INT, TERM, HUP, QUIT while we serve */
	int console_sock; /* connected --console-socket; -EBADF none */
	struct notify notify;
	struct seccomp_agent agent; /* seccomp.agent: the program with the seccomp plugins */
	sigset_t old_mask;	    /* of the caller of this function */
	bool mask_saved;
	bool dir_made;	  /* state.reserve made the directory: undo removes it */
	bool hooks_began; /* a failure from here on runs poststop */
	bool pid_file_written;
	bool committed;
	bool junk_dropped;
	/* What else has to be so before anything is made. May be NULL. */
	int (*check)(const struct launch *l, struct err *e);
	void *go_on_ctx; /* of launch_prepare()'s caller */
};

/* Reads, plans, runs the HOST steps, clones, serves until the process is committed. On an error everything is undone. */
int launch(struct launch *l, enum plan_use use, bool start_at_once, struct err *e);
/* The same up to the HOST steps; then GO_ON makes the processes (restore). All is undone when it fails. */
int launch_prepare(struct launch *l, enum plan_use use, bool start_at_once,
		   int (*go_on)(struct launch *l, struct err *e), struct err *e);
/* Ends the descriptors that an engine leaked into us. launch_prepare() does it unless it has been: for callers who open files before. */
int launch_drop_junk(struct launch *l, struct err *e);
/* From here on INT, TERM, HUP and QUIT are read from l->signal_fd and all others wait, until launch_clear(). */
int launch_take_signals(struct launch *l, struct err *e);
/* From here on those wait, too: nothing can be undone any more. */
int launch_ignore_signals(const struct launch *l, struct err *e);
/* Drops what waits, before launch_clear() lets it end us: our caller has an error or an exit status to tell. */
void launch_drop_signals(const struct launch *l);
/* For `run` and `restore` in the foreground: waits for the end and deletes the container, unless it is to be kept. */
int launch_stay(struct launch *l, int *ret_status, struct err *e);
/* The error R of a clone of the container's process, with what it means for its maker. Returns R. */
int launch_clone_failed(int r, bool into_cgroup, struct err *e);
/* Frees what the launch owns. Touches neither processes nor files. */
void launch_clear(struct launch *l);
/* Kills and reaps the children and undoes all steps: after a failed launch, or for `run` when the start failed. */
void launch_abort(struct launch *l);

/* launch_plan.c: the parts that change nothing. */
/* The bundle's absolute path and the bytes of its config.json. */
int launch_read_config(struct launch *l, struct err *e);
/* The same, and the model. */
int launch_read(struct launch *l, struct err *e);
/* What the command line and the environment decide; fills l->state_dir too. */
int launch_plan_opts(struct launch *l, enum plan_use use, bool start_at_once, struct plan_opts *ret,
		     struct err *e);
/* The plan for l->facts. */
int launch_plan(struct launch *l, enum plan_use use, bool start_at_once, struct err *e);
/* LISTEN_FDS, which are ours only when LISTEN_PID says so (sd_listen_fds(3)). */
unsigned launch_listen_fds(void);
/* Line and column of an error that has a JSON path only; the text is that of l->config. */
void launch_place_err(const struct launch *l, struct err *e);

/* stages.c: the first child's life; never returns. */
NORETURN void stage_child(struct launch *l);
/* serve.c: answers the children until READY is committed. */
int serve(struct launch *l, struct err *e);
/* rows_hooks.c: JSON of the state for hooks and for the seccomp agent. */
int launch_state_json(struct run *r, const char *status, bool host_pid, struct buf *out,
		      struct err *e);

static inline void cleanup_launch(struct launch *l)
{
	launch_clear(l);
}
#define auto_launch AUTO(cleanup_launch)
#define LAUNCH_INIT(store_, id_, opts_)                                                            \
	{                                                                                          \
		.store = (store_), .id = (id_), .opts = (opts_), .journal = -EBADF,                \
		.child_sock = -EBADF, .signal_fd = -EBADF, .console_sock = -EBADF,                 \
		.notify = NOTIFY_INIT, .agent = SECCOMP_AGENT_INIT,                                \
	}
