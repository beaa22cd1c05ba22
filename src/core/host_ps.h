/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ps(1), for `ketch ps`. */
#pragma once

#include "util/buf.h"
#include "util/err.h"

/* Appends what `ps ARGS` prints. ARGS is an argv without its first word, ended by NULL. */
int host_ps(char *const args[], struct buf *out, struct err *e);
