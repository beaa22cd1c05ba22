/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Identity, capabilities, limits and signals of the calling thread, by raw system calls: glibc's setuid family first
 * signals "all other threads" of its own list, which in the child of a raw clone are those of the parent, and its
 * sigaction leaves two signals out. credentials(7), capabilities(7). Return >= 0 or -errno.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int sys_setgroups(size_t n, const uint32_t *groups);
int sys_setresgid(gid_t gid); /* real, effective and saved */
int sys_setresuid(uid_t uid);

/* One bit per capability number. */
struct sys_caps {
	uint64_t effective, permitted, inheritable;
};
int sys_capget(struct sys_caps *ret);
int sys_capset(const struct sys_caps *caps);
/* Is CAP in the bounding set: 1 or 0; -EINVAL when the kernel knows no such capability. */
int sys_cap_bounding_has(unsigned cap);
int sys_cap_bounding_drop(unsigned cap);
int sys_cap_ambient_clear(void);
int sys_cap_ambient_raise(unsigned cap);

/* prctl(2) with one argument and none else. */
int sys_prctl(int option, unsigned long arg);

/* UINT64_MAX is RLIM_INFINITY on every architecture. */
struct sys_rlimit {
	uint64_t soft, hard;
};
/* PID 0 is the caller; NEW or OLD may be NULL. */
int sys_prlimit(pid_t pid, int resource, const struct sys_rlimit *new_limit,
		struct sys_rlimit *old);

/* SIG_DFL for every signal that can have a disposition, and nothing blocked. */
int sys_signals_reset(void);

/* The working directory as the kernel says it: "(unreachable)/x" when it lies outside the root, which glibc's getcwd
 * turns into an error of its own. Length or -errno. */
int sys_getcwd(char *buf, size_t size);
