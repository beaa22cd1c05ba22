/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a container with what they use, for `ketch top`. proc(5). */
#pragma once

#include "core/container.h"
#include "util/arena.h"

struct top_process {
	pid_t pid;
	char state;
	uint64_t start_time; /* with the pid: which process it is */
	uint64_t ticks;	     /* user and system time, clock ticks */
	uint64_t rss;	     /* bytes */
	char *command;	     /* words with blanks between; what would steer a terminal is '?' */
};

/* Takes a /proc/PID/stat apart, without the command (pure). 0 or -EINVAL. */
int top_parse_stat(const char *text, uint64_t page_size, struct top_process *ret);
/* Those that are alive, sorted by pid; in ARENA. */
int container_top(struct container *c, struct arena *arena, struct top_process **ret, size_t *ret_n,
		  struct err *e);
