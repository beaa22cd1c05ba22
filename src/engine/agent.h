/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between ketch and the program that answers seccomp notifications with plugins (agent/agent.c): how it is started. */
#pragma once

#include <stdint.h>

#define AGENT_NAME "ketch-seccomp-agent"

/* Its descriptors besides standard input, output and errors. */
enum agent_fd {
	AGENT_FD_KETCH = 3, /* one end of a socket pair, see proto.h */
	AGENT_FD_LISTENER,  /* listening, in the container's directory */
	AGENT_FD_N,
};

/* Its arguments. */
enum agent_arg {
	AGENT_ARG_PLUGINS = 1, /* the annotation's value */
	AGENT_ARG_DIRECTORY,   /* ROOT/ID */
	AGENT_ARG_ID,
	AGENT_ARG_BUNDLE,
	AGENT_ARG_N,
};

/* Data of COMMIT to it, which comes with the pidfd of the container's process. */
struct agent_commit {
	uint32_t own_pid_ns; /* the end of that process is everybody's */
};
