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

/* Runs `ketch ARGS` with the context's global options and the caller's standard streams. *STATUS: its exit status. An error that
 * it reports comes back in E. WAIT_STATUS: a status of its own is the program's, not a failure. */
int api_spawn(const ketch_context *c, const struct strv *args, int *status, struct err *e);
