/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `run` and `exec` in the foreground: signals go to the process, a terminal is relayed, the exit status comes back. */
#pragma once

#include <sys/types.h>

#include "core/notify.h"
#include "core/seccomp_agent.h"
#include "util/err.h"

/*
 * Waits for PID (our child, behind PIDFD). All signals must be blocked. *MASTER is the pty's master or -EBADF; while it is relayed our own
 * terminal is in raw mode (one that is the output alone only leaves line ends as they are). In the background of a shell our terminal is
 * neither set nor read, nor is it restored there. *MASTER is closed (and the process's terminal so hung up) when our terminal or the reader
 * of our output is gone; not when the process has its side closed for a while. Forwards every signal but SIGCHLD, SIGURG and SIGWINCH
 * (which resizes). Reaps other children.
 * NOTIFY (may be NULL) is served meanwhile; we are the service's main process then. What AGENT (may be NULL) says is logged.
 * When PID has ended, a reader that takes its time gets what is left; after INT, TERM, HUP or QUIT not one that takes nothing for a second.
 * *ret_status: exit status, or 128 + signal.
 */
int foreground_wait(pid_t pid, int pidfd, int *master, struct notify *notify,
		    struct seccomp_agent *agent, int *ret_status, struct err *e);

/* Gives the pty behind MASTER the size of our own terminal: the first of input, output and errors that is one. */
void foreground_resize(int master);
