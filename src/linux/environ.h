/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of the container's process (config.md#process: env). */
#pragma once

#include "engine/plan.h"
#include "util/err.h"
#include "util/strv.h"

/* All entries NAME=VALUE that execve gets. *ret is to be freed with strv_free(). */
int environ_build(const struct plan *p, struct strv *ret, struct err *e);
