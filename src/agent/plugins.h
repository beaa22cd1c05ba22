/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugins of one container: loaded, asked in turn, stopped. */
#pragma once

#include "agent/abi.h"
#include "util/err.h"

struct plugins;

/* LIST is the annotation's value, plugins with colons between: absolute paths, or names that dlopen(3) finds. All are loaded and started, or
 * none is. */
int plugins_load(struct plugins **ret, const char *list, struct plugin_container *c, struct err *e);
/* Takes the next request from NOTIFY_FD and has it answered. 0; 1: answered, and *e tells what a plugin did wrong; -errno: no request can be
 * had from that descriptor. */
int plugins_answer(struct plugins *p, int notify_fd, struct err *e);
/* Calls the stop function of each and unloads it. */
void plugins_free(struct plugins *p);
