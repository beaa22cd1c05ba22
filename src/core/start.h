/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between `start` (or `run`, `exec`) and the process that is about to call execve. */
#pragma once

#include <stdint.h>

#include "core/container.h"
#include "engine/progress.h"
#include "engine/proto.h"
#include "spec/model.h"

/* Data of GO. Its descriptors: the page for the outcome, then the seccomp listener if there is one. */
struct go {
	uint32_t has_listener;
};

/* Waits until the process behind PIDFD (PID in our namespace) has become its program, over CHAN: EXEC and then the end of the socket
 * without an errno in *OUTCOME (may be NULL) is 0. 1: it died before, which process_died() makes an error of. Anything else is an error, a
 * signal from SIGNAL_FD (-EBADF: none) too. */
int await_exec(struct chan *c, pid_t pid, int pidfd, int signal_fd, struct exec_outcome *outcome,
	       const char *program, struct err *e);
/* The error for a process that died before its execve; CG, which may be NULL, is asked whether memory ran out. */
int process_died(struct cgroup *cg, struct err *e);
/* Reads the signal that is waiting in SIGNAL_FD: the error that it stands for, or 0 when there is none. */
int interrupted(int signal_fd, struct err *e);

/* Connected seccomp agent of the profile (the one with the plugins, whose socket is in the container's directory DIR; listenerPath; the
 * receiver annotation); -EBADF when the profile notifies nobody. */
int connect_listener(const struct spec *s, int dir, struct err *e);

/* poststart hooks (runtime.md step 9). DIR is the container's; WATCH_FD ends them when it becomes readable, -EBADF: none. */
int run_poststart(const struct spec *s, const struct state *st, int dir, int watch_fd,
		  struct err *e);
/* A failed startContainer or poststart: kills, frees the cgroups, runs poststop once, leaves a "stopped" record. LOCKED by the caller. */
void stop_after_failure(const struct spec *s, struct container *c);
