/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of process ids, each once, in order: what `ps`, `top` and `stats` show of a container. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "core/container.h"

struct pids {
	pid_t *v;
	size_t n, cap;
};

/* The processes of C, in this process's pid namespace; at most MAX of them. Free with pids_free(), after an error too. */
int pids_of(struct container *c, size_t max, struct pids *ret, struct err *e);
bool pids_have(const struct pids *p, pid_t pid);
void pids_free(struct pids *p);

#define auto_pids AUTO(pids_free)
