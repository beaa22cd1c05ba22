/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a container: the operations of runtime.md and the peers' commands, as functions. Each takes the state root and
 * an id, validates it, and leaves nothing behind when it fails.
 */
#pragma once

#include <stdbool.h>

#include "core/state.h"
#include "core/store.h"
#include "core/tenant.h"
#include "engine/plan.h"
#include "util/err.h"

enum container_status {
	C_CREATING,
	C_CREATED,
	C_RUNNING,
	C_PAUSED,
	C_STOPPED,
	C_UNKNOWN, /* of container_status(): it can't be told now */
};

/* An opened container: its directory and its state. */
struct container {
	const struct store *store;
	char *id;
	int dir;
	bool has_state;	    /* false: creation is under way, or its ketch was killed */
	bool creating;	    /* without has_state: it is under way */
	bool locked;	    /* by container_lock() */
	bool tolerant;	    /* a damaged state counts as none: the journal knows what to remove */
	struct state state; /* without has_state: id and bundle only */
};

const char *container_status_name(enum container_status s);

/* Until the status of the container in DIR is no longer "created". Init has called execve: the kernel closes its descriptors one after the
 * other, so whoever saw the socket end may still find the lock held. */
void container_await_started(int dir);
/* NOT_FOUND when there is none. Takes no lock. */
int container_open(struct container **ret, const struct store *s, const char *id, struct err *e);
/* The same for `delete --force`, which a damaged state does not stop. */
int container_open_tolerant(struct container **ret, const struct store *s, const char *id,
			    struct err *e);
/* The same by its directory, of which it takes a copy; the state is read by container_lock(). */
int container_of_dir(struct container **ret, const struct store *s, const char *id, int dir,
		     struct err *e);
void container_free(struct container *c);
/* The truth of this moment: from the process, the created lock and the freezer. What could not be asked is an error. */
int container_look(const struct container *c, enum container_status *ret, struct err *e);
/* The same where there is nobody to take an error: that is a warning in the log, and C_UNKNOWN. */
enum container_status container_status(const struct container *c);
/* Init is being ended: true some time before the status is "stopped". */
bool container_ends(const struct container *c);
/* pidfd of init, checked by start time; -ESRCH when it has ended. Any other error says nothing of that. */
int container_init_pidfd(const struct container *c);
/* Locks, and reads the state again: another command may have changed it while we waited. */
int container_lock(struct container *c, struct err *e);
/* The model of the config.json copy. */
int container_spec(const struct container *c, struct spec **ret, struct err *e);
/* Line and column, in the copy, of an error that has a JSON path only. */
void container_place_err(const struct container *c, struct err *e);

static inline void cleanup_container(struct container **c)
{
	container_free(*c);
}
#define auto_container AUTO(cleanup_container)

/* ---- create, run, exec ---- */

/* What create, run and exec take from the command line. Paths are the caller's. */
struct launch_opts {
	const char *bundle; /* NULL: "." */
	const char *
		config; /* NULL: "config.json" of the bundle; else a path relative to the bundle or absolute */
	const char *console_socket, *pid_file, *pidfd_socket;
	enum cgroup_manager cgroup_manager;
	enum tristate rootless;
	bool no_pivot, no_new_keyring, no_subreaper;
	bool detach; /* run, exec */
	bool keep;   /* run */
	unsigned preserve_fds;
	const char *trace;   /* file for step times, "-" = stderr; NULL: none */
	const char *program; /* argv[0]; NULL: not known */
	bool plan_only;	     /* explain: the bundle of an absolute CONFIG need not exist */
	/* exec */
	const struct spec_process *process; /* NULL: the container's process with OVERRIDES */
	const struct exec_overrides *overrides;
	const char *const *exec_cgroups;
	bool ignore_paused;
};

int container_create(const struct store *s, const char *id, const struct launch_opts *o,
		     struct err *e);
/* NOTIFY_SOCKET: the service manager's, which is told when the container is ready; NULL or empty: nobody is, and nothing waits. */
int container_start(const struct store *s, const char *id, const char *notify_socket,
		    struct err *e);
/* Create, start and, unless detached, wait and delete. *ret_status: the process's exit status (128 + signal). */
int container_run(const struct store *s, const char *id, const struct launch_opts *o,
		  int *ret_status, struct err *e);
/* A further process in a running container. Foreground: *ret_status as for run. */
int container_exec(const struct store *s, const char *id, const struct launch_opts *o,
		   int *ret_status, struct err *e);

/* ---- the rest of the life ---- */

/* Signals init; with ALL, or by SIGKILL without an own pid namespace, every other process of the container too. */
int container_kill(struct container *c, int sig, bool all, struct err *e);
int container_pause(struct container *c, bool pause, struct err *e);
/* Whatever its freezer does: after a CRIU that was killed. C is locked. */
void container_thaw(struct container *c);
/* CHANGE (may be NULL) laid over the resources that hold now: what it does not say stays, also for the next update. SCHEMATA (may be
 * NULL), lines such as "L3:0=ff\n", are for the container's group of resctrl. All of it, or nothing and an error. */
int container_update(struct container *c, const struct spec_resources *change, const char *schemata,
		     struct err *e);
/* The mounts of TEXT, an array as $.mounts or an object with the member mounts, are made in a container that is created, running or
 * paused; with REMOVE what is mounted on their destinations is taken off. FILE is the name of TEXT, for
 * warnings in the log. See mounts_live(). */
int container_mounts(struct container *c, const char *file, const char *text, bool remove,
		     struct err *e);
/* The resources that hold now, as kept (NULL: none were asked for); in ARENA. */
int container_resources(const struct container *c, struct arena *arena, struct spec_resources **ret,
			struct err *e);
/* The device rules that the kernel holds the container to; RET->others is the caller's, lists are ARENA's. */
struct cgroup_device_view;
int container_devices(const struct container *c, struct arena *arena,
		      struct cgroup_device_view *ret, struct err *e);
enum delete_flags { DELETE_FORCE = 1, DELETE_STRICT = 2 };
/* FORCE: kills; an unknown id is success; clears what a killed ketch left, by the journal. STRICT: a created container is an error
 * (runtime.md#delete); without it, it is killed and deleted, as engines expect. */
int container_delete(const struct store *s, const char *id, unsigned flags, struct err *e);
/* Calls FN for each process, pids of our namespace. */
int container_pids(struct container *c, int (*fn)(void *ctx, pid_t pid), void *ctx, struct err *e);
/* What `ketch state` prints. */
int container_state_json(const struct container *c, struct buf *out, struct err *e);
