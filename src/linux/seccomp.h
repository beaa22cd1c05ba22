/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.seccomp: the profile compiled to a BPF program with libseccomp (config-linux.md#seccomp). */
#pragma once

#include <linux/filter.h>

#include "engine/plan.h"
#include "util/err.h"

struct seccomp_program {
	struct sock_filter *insns; /* malloc'ed */
	unsigned short n;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2), NEW_LISTENER included, TSYNC dropped */
	bool notifies;
};

/* CACHE_DIR is an open directory for compiled programs, or -EBADF. WARN gets names libseccomp does not know. */
int seccomp_compile(struct seccomp_program **ret, const struct spec_seccomp *s, int cache_dir,
		    void (*warn)(void *ctx, const char *text), void *ctx, struct err *e);
void seccomp_free(struct seccomp_program *p);
