/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libketch: the life cycle of OCI containers for C programs (C99).
 *
 * Every function that can fail returns >= 0, or a negative errno and, when ERR is not NULL, an error in *ERR that the caller frees
 * with ketch_error_free(). *ERR is not touched on success, and becomes NULL when there is no memory for an error. Errors are the
 * caller's to print: none is on its standard error. A context is used by one thread at a time.
 *
 * create and exec run the installed `ketch` program, so that nothing of the calling process is ever seen from within a container. The
 * container's process becomes a child of the nearest subreaper of the caller (prctl(2), PR_SET_CHILD_SUBREAPER), else of pid 1.
 *
 * What the environment says to the caller alone does not concern its containers: NOTIFY_SOCKET (no call waits for READY=1, nobody is told
 * of a main process) and LISTEN_FDS (the program gets the descriptors of ketch_create_options.preserve_fds). ketch and the hooks
 * get the rest of the environment.
 *
 * That program and the hooks are children of the caller, which must neither ignore SIGCHLD nor wait for them: without its exit status
 * a hook counts as failed.
 */
#ifndef KETCH_KETCH_H
#define KETCH_KETCH_H

#include <stddef.h>
#include <sys/types.h>

#include <ketch/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
const char *ketch_version(void);

typedef struct ketch_context ketch_context;

/* NULL when memory is out. */
ketch_context *ketch_context_new(void);
void ketch_context_free(ketch_context *c);
/* The state root (default: as `ketch --root`). 0 or -ENOMEM. */
int ketch_context_set_root(ketch_context *c, const char *path);
/* The ketch program (default: the installed one), of the library's version; its ketch-seccomp-agent may be beside it. 0 or -ENOMEM. */
int ketch_context_set_program(ketch_context *c, const char *path);
/* "cgroupfs", "systemd" or "disabled" (default: cgroupfs). 0 or -ENOMEM; a wrong word is told by create. */
int ketch_context_set_cgroup_manager(ketch_context *c, const char *manager);

/* Members that are NULL or 0 mean the default: zero the struct first. As the structs have no size of their own, they get no further members
 * within a soname (libketch.so.0); what is added later has functions and structs of its own. */
struct ketch_create_options {
	const char *console_socket;
	const char *pid_file;
	unsigned preserve_fds;
	int no_pivot;
	int no_new_keyring;
};

struct ketch_exec_options {
	const char
		*process_file; /* a process document, which alone decides; ARGV must be NULL then */
	const char *cwd;
	const char *user;	/* "UID[:GID]" */
	const char *const *env; /* "NAME=VALUE", NULL-ended, over the container's */
	const char *pid_file;
	const char *console_socket;
	int detach;
	int tty;
};

/* Makes container ID from the bundle directory BUNDLE; its program waits for ketch_start(). The program's standard streams are the
 * caller's 0, 1 and 2. OPTIONS may be NULL. */
int ketch_create(ketch_context *c, const char *id, const char *bundle,
		 const struct ketch_create_options *options, ketch_error **err);
int ketch_start(ketch_context *c, const char *id, ketch_error **err);
/* Runs ARGV (NULL-ended) in a running container. Not detached: waits, and *EXIT_STATUS (may be NULL) is the program's, or 128 + signal.
 * That ketch itself was killed is an error; the program may run on then. */
int ketch_exec(ketch_context *c, const char *id, const char *const *argv,
	       const struct ketch_exec_options *options, int *exit_status, ketch_error **err);
/* SIGNAL to init, or with ALL to every process of the container. -EINVAL: there is no such signal. */
int ketch_kill(ketch_context *c, const char *id, int signal, int all, ketch_error **err);
int ketch_pause(ketch_context *c, const char *id, ketch_error **err);
int ketch_resume(ketch_context *c, const char *id, ketch_error **err);
/* Changes the resources of a container by RESOURCES, a linux.resources document of the runtime-spec: what it does not say stays. All of
 * it, or nothing and an error. Line, column and JSON path of a wrong document are of RESOURCES ("$.memory.limit"); a value that can't be set
 * has the path of a config.json ("$.linux.resources.memory.limit") and no line. */
int ketch_update(ketch_context *c, const char *id, const char *resources, ketch_error **err);
/* What a container uses: *RET_JSON is the line that `ketch events --stats` prints, to be freed with free(3). */
int ketch_stats(ketch_context *c, const char *id, char **ret_json, ketch_error **err);
/* FORCE: kills it first; an unknown id is success. */
int ketch_delete(ketch_context *c, const char *id, int force, ketch_error **err);

typedef struct ketch_state ketch_state;

/* *RET is freed with ketch_state_free(). */
int ketch_state_get(ketch_context *c, const char *id, ketch_state **ret, ketch_error **err);
const char *ketch_state_id(const ketch_state *s);
const char *
ketch_state_status(const ketch_state *s);    /* creating, created, running, paused, stopped */
pid_t ketch_state_pid(const ketch_state *s); /* 0: no process */
const char *ketch_state_bundle(const ketch_state *s);
const char *ketch_state_json(const ketch_state *s); /* the OCI state document */
void ketch_state_free(ketch_state *s);

/* Calls FN for the id of each container, in order. When FN returns a negative value the call ends and returns that; it is no error of the
 * library's, and *ERR is not touched. */
int ketch_list(ketch_context *c, int (*fn)(void *data, const char *id), void *data,
	       ketch_error **err);

#ifdef __cplusplus
}
#endif
#endif
