/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libketch share. */
#pragma once

#include "core/container.h"
#include "ketch/ketch.h"
#include "util/err.h"

struct ketch_context {
	char *root, *program, *cgroup_manager; /* NULL: default */
};

struct ketch_error {
	struct err e;
};

/* Copies E into *RET (may be NULL) and returns R. */
int api_fail(int r, const struct err *e, ketch_error **ret);

/* Runs `ketch ARGS` with the context's global options and the caller's standard streams. PRESERVE_FDS: what ARGS say of
 * --preserve-fds; the log of libketch is not among those. *STATUS: its exit status, no failure by itself. An error that it
 * reports comes back in E; that it was killed is one, too. */
int api_spawn(const ketch_context *c, const struct strv *args, unsigned preserve_fds, int *status,
	      struct err *e);
