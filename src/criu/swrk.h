/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU as a child of ours: `criu swrk FD` serves one client over a SEQPACKET socket (criu.org/RPC). This is what libcriu does too; ketch
 * is a static program, into which no library can be loaded.
 */
#pragma once

#include "criu/rpc.h"
#include "engine/step.h"

enum {
	CRIU_MIN_VERSION =
		31600, /* 3.16: network_lock and lsm_mount_context are younger, see the options */
	CRIU_IMAGES_FD = 8, /* in CRIU: the directories of struct criu_start */
	CRIU_WORK_FD = 9,
	CRIU_FIRST_FD = 10, /* descriptors passed on have these numbers in CRIU */
	CRIU_MAX_FDS = 32,
};

struct criu {
	char *path;
	pid_t pid; /* 0: none */
	int pidfd, sock;
	int output; /* what it printed before it had a log */
	int version;
};
#define CRIU_NONE                                                                                  \
	{                                                                                          \
		.pidfd = -EBADF, .sock = -EBADF, .output = -EBADF                                  \
	}

struct criu_start {
	const char *program; /* NULL: "criu" of PATH */
	const char *images,
		*work; /* absolute paths, opened when PREPARE has been: in its mount namespace */
	int fds[CRIU_MAX_FDS]; /* become CRIU_FIRST_FD and on */
	unsigned n_fds;
	bool own_stdin; /* it gets our standard input: the terminal of --shell-job */
	int cgroup_fd;	/* cgroup2 to be born in; -EBADF */
	/* In the child, before CRIU is executed; signals are blocked. May be NULL. */
	int (*prepare)(void *ctx, struct err *e);
	/* In the parent, while the child waits for it. May be NULL. */
	int (*placed)(void *ctx, pid_t pid, int pidfd, struct err *e);
	void *ctx;
};

/* Starts CRIU and asks for its version; an older one than CRIU_MIN_VERSION is UNSUPPORTED, a missing program too. */
int criu_start(struct criu *c, const struct criu_start *how, struct err *e);
/* Which of FEATURES this kernel and CRIU have. */
int criu_features(struct criu *c, unsigned features, unsigned *ret, struct err *e);

/* Tells of a notification; FD goes with it or is -EBADF, and is the caller's (of this function) to close. */
typedef int (*criu_notify_fn)(void *ctx, const struct criu_answer *a, int fd, struct err *e);

/*
 * Sends a request and serves notifications until the answer. An error of FN is told to CRIU, which then gives up, and is the error. A
 * failure that CRIU tells is -EIO with CRIU's first error as text. SIGNAL_FD (-EBADF: none) interrupts: CRIU is asked to end.
 */
int criu_request(struct criu *c, const struct buf *request, int signal_fd, criu_notify_fn fn,
		 void *ctx, struct criu_answer *ret, struct err *e);
/* Ends CRIU, if it has not ended, and reaps it. */
void criu_end(struct criu *c);
#define auto_criu AUTO(criu_end)

/*
 * After a failure: the last errors of the log NAME in the work directory DIR (whose path is PATH), and what can be done about them
 * (criu/hints.c). Adds to *e; returns its -errno.
 */
int criu_explain(int dir, const char *path, const char *name, const char *verb, struct err *e);
/* The part without files: LOG's text. Pure. */
int criu_explain_text(const char *log, const char *log_path, const char *verb, struct err *e);
