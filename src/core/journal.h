/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of a container: one line for each thing that is about to be made outside its state directory, appended before it
 * is made, so that `delete --force` clears even after a ketch that was killed between any two system calls. One write(2) a line: after
 * a crash of the process a line is complete or absent.
 */
#pragma once

#include "util/err.h"

/* DIR is the container's directory. Neither WHAT nor VALUE may hold a newline. */
int journal_add(int dir, const char *what, const char *value, struct err *e);
/* Calls FN for each entry, the newest first. A missing journal has none. */
int journal_replay(int dir,
		   int (*fn)(void *ctx, const char *what, const char *value, struct err *e),
		   void *ctx, struct err *e);
