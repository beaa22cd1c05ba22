/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A MAP_SHARED page made before clone, in which each stage notes the step it is in and when: it outlives a child that
 * was killed, costs about 50 ns a mark, and is what --trace prints. */
#pragma once

#include <stdint.h>

#include "util/err.h"

enum { PROGRESS_MAX_STEPS = 128, PROGRESS_NONE = 0xffff };

struct progress_time {
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC; 0 = not */
};

/* A failed execve, told by memory: under a seccomp filter init can make no call that the profile does not allow. */
struct exec_outcome {
	volatile uint32_t errnum; /* 0: it did not fail */
	/* what was seen in the file before, in case it fails with the same errno; code 0: nothing */
	struct err seen;
};

struct progress {
	uint32_t child_step; /* index in the step table, PROGRESS_NONE before the first */
	uint32_t parent_step;
	struct exec_outcome
		outcome; /* of `run` and `exec`, where no `start` brings a page of its own */
	struct progress_time t[PROGRESS_MAX_STEPS];
};

int progress_new(struct progress **ret, struct err *e);
void progress_free(struct progress *p);
void progress_begin(struct progress *p, unsigned step, int in_child);
void progress_end(struct progress *p, unsigned step);
