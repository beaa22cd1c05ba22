/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NOTIFY_SOCKET (sd_notify(3)): a socket of ours in the container's directory, mounted into the container, and what is
 * passed on of it: that the program is ready, nothing else. What comes from the container is hostile: it decides whether
 * READY=1 is sent, not one byte of what is sent.
 *
 * The service manager gets, as from the peers: READY=1, MAINPID=PID, BARRIER=1 with a pipe, whose other end it closes when it
 * has read them all; waited for 30 s.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

struct notify {
	int sock;      /* ours; -EBADF: nothing more to come */
	int host;      /* connected to the service manager; -EBADF: all is sent */
	int barrier;   /* pipe that the service manager holds open; -EBADF: not yet, or no longer */
	bool ready;    /* the container said so */
	unsigned sent; /* of the messages */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC, for the service manager */
};
#define NOTIFY_INIT                                                                                \
	{                                                                                          \
		.sock = -EBADF, .host = -EBADF, .barrier = -EBADF                                  \
	}

/* Makes the directory in which the sockets are. STATE_DIR is the container's. */
int notify_make_dir(int state_dir, struct err *e);
/* Connects to HOST, the NOTIFY_SOCKET of our environment, and listens in that directory. With a warning nothing is done where
 * the container was created without NOTIFY_SOCKET, or nobody listens at HOST. */
int notify_open(struct notify *n, int state_dir, const char *host, struct err *e);
void notify_close(struct notify *n);

/* For a loop: something is still to be waited for. */
bool notify_active(const struct notify *n);
/* What to poll for. */
struct pollfd notify_pollfd(const struct notify *n);
/* Milliseconds to poll at most; -1: no limit. */
int notify_timeout(const struct notify *n);
/* After poll: does what can be done without waiting. MAIN_PID is who the service's main process is. What fails is logged. */
void notify_step(struct notify *n, pid_t main_pid);

/* All of it, until the process behind PIDFD has ended. 0, or the error of a signal read from SIGNAL_FD (-EBADF: none). */
int notify_wait(struct notify *n, pid_t main_pid, int pidfd, int signal_fd, struct err *e);

/* Is there a line READY=1 in the datagram? Pure. */
bool notify_says_ready(const char *data, size_t len);
