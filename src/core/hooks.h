/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running hooks: config.md#posix-platform-hooks, runtime.md#lifecycle steps 3-5, 7, 9 and 13. */
#pragma once

#include "core/state.h"
#include "spec/model.h"
#include "util/err.h"

struct run; /* engine/step.h */

struct hook_env {
	const char *cwd;	/* the bundle; NULL: stay */
	const char *state_json; /* what the hook reads on its stdin */
	/* when the hook gives none; NULL: ketch's own. LISTEN_* and NOTIFY_SOCKET are left out: they are not for hooks */
	const struct strv *env;
	int journal_dir; /* the container's directory: notes each hook in the journal; -EBADF: not */
	int watch_fd; /* ends the hook when it becomes readable or its peer goes away; -EBADF: none */
	int outputs[2];	 /* what stdout and stderr are; -EBADF: captured for the error */
	struct run *run; /* of a step, whose log may be the parent's; NULL: the log is ours */
};

/* FROM, which may be NULL, without what a service manager means for us alone (LISTEN_*, NOTIFY_SOCKET). The list is the caller's,
 * the strings stay FROM's. 0 or -ENOMEM. */
int environ_for_others(char *const *from, char ***ret);

/* Runs the hooks of KIND in order; the first failure ends with a HOOK error that names kind, index, path, how it ended and what it
 * wrote: where that is long beginning and end, and in the log the last 4 KiB (which an init
 * that has waited for `start` has not). A hook that outlives its timeout is killed with its process group. */
int hooks_run(const struct spec *s, enum spec_hook_kind kind, const struct hook_env *env,
	      struct err *e);

/* Runs all hooks of KIND; failures are logged as warnings. */
void hooks_run_all(const struct spec *s, enum spec_hook_kind kind, const struct hook_env *env);

/* runtime.md step 13: failures are logged as warnings, all hooks run. */
void hooks_run_poststop(const struct spec *s, const struct state *st, const char *bundle);

/* The files of run.oci.hooks.stdout and .stderr, below BUNDLE if they are relative; what has no annotation stays as it is in FDS. */
int hooks_open_outputs(const struct spec *s, const char *bundle, int fds[2], struct err *e);
void hooks_close_outputs(int fds[2]);

/* They are opened for ENV, or a warning says why not: the hooks run all the same. */
void hooks_try_outputs(struct hook_env *env, const struct spec *s);

/* What all hooks of a container share; no journal, nothing watched, the output captured. */
void hooks_fill_env(struct hook_env *env, const char *bundle, const char *state_json);
