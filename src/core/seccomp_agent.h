/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The annotation run.oci.seccomp.plugins: shared libraries that answer a container's seccomp notifications. ketch is static and can load none,
 * so a program of its own does (agent/agent.c), started here with the container. It lives as long as that and ends by itself; `delete` waits
 * for it (journal.h). It holds no pipe of the caller's but errors, and those only where ketch stays in the foreground.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "engine/proto.h"

struct seccomp_agent {
	struct chan chan; /* fd -EBADF: there is none, or nothing more is to be heard */
	pid_t pid;	  /* 0: there is none, or it was reaped */
	int pidfd;
	bool spoke; /* it has come so far as to speak to us */
	bool over;  /* it said its last word */
};
#define SECCOMP_AGENT_INIT                                                                         \
	{                                                                                          \
		.chan = { .fd = -EBADF }, .pidfd = -EBADF                                          \
	}

/* What to poll for, and what to do then: what it says is logged, as is an end without a word. */
struct pollfd seccomp_agent_pollfd(const struct seccomp_agent *a);
void seccomp_agent_hear(struct seccomp_agent *a);
/* The foreground ends. ENDED: so has the container, and with it the agent, for whose last words is waited. */
void seccomp_agent_leave(struct seccomp_agent *a, bool ended);
/* Closes what we have of it. It lives on. */
void seccomp_agent_close(struct seccomp_agent *a);
