/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.seccomp: the profile compiled to a BPF program with libseccomp (config-linux.md#seccomp). */
#pragma once

#include <linux/filter.h>

#include "engine/step.h"
#include "util/err.h"

struct seccomp_thread; /* seccomp_notify.c */

struct seccomp_program {
	struct sock_filter *insns; /* malloc'ed */
	unsigned short n;
	unsigned
		flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2), NEW_LISTENER included, TSYNC dropped */
	bool notifies;
	struct seccomp_thread *thread; /* seccomp.listener; NULL: none. Not freed: execve ends it */
};

/* Does a profile or an annotation put the process under a filter? */
bool seccomp_wanted(const struct plan *p);

/* CACHE_DIR is an open directory for compiled programs, or -EBADF. WARN gets names libseccomp does not know (once:
 * not when the program came out of the cache). */
int seccomp_compile(struct seccomp_program **ret, const struct spec_seccomp *s, int cache_dir,
		    void (*warn)(void *ctx, const char *text), void *ctx, struct err *e);
void seccomp_free(struct seccomp_program *p);

/* Puts the calling thread under the program. Returns the notify descriptor, 0 where there is none, or an error. After a
 * success the program decides about every system call: none may follow but execve. */
int seccomp_program_load(const struct seccomp_program *p, struct err *e);

/* For a caller that is under the program: memory and the processor only, no system call. */
/* Gives the notify descriptor to the thread and waits until the thread has passed it on. */
void seccomp_thread_give(struct seccomp_thread *t, int notify_fd);
/* Tells the thread that execve failed. The thread reports it and ends the process: does not return. (Not said to the
 * compiler: sanitizers make calls of their own before a function that does not return.) */
void seccomp_thread_failed(struct seccomp_thread *t, int errnum);
