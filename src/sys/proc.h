/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A procfs handle that is known to be procfs and to have nothing mounted over what we open in it: attributes,
 * sysctls, maps and scores are written through it alone (CVE-2019-16884, CVE-2025-52881 and their family).
 *
 * Which procfs: the /proc of the caller's mount namespace when it is the root of a procfs, because a private one costs a
 * stall of 0.4-2.4 ms when it is closed. That is as safe: every open below it is openat2(RESOLVE_NO_XDEV), so that
 * whatever somebody mounted into it is -EXDEV and never written to. Only then, and where there is no usable /proc, a private,
 * detached procfs is made (fsopen; where the kernel refuses it, a non-recursive clone of /proc): by itself for what does
 * not depend on pid numbers ("self", sysctls), by proc_open_private() for the rest.
 * Where openat2 is filtered away, a walk by descriptors compares the mount ids (statx) of all components.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procfs {
	int fd; /* root of a procfs; -EBADF when closed */
};

/* The /proc of the caller's mount namespace, verified as PROC_SUPER_MAGIC with the root inode; a private one where it is
 * something else. */
int proc_open(struct procfs *p);
/* A private, detached procfs of the caller's pid namespace: nothing can be mounted into it. Needs CAP_SYS_ADMIN. */
int proc_open_private(struct procfs *p);
/* Is the directory FD, open already (a container's /proc), the root of a procfs? 0 or -EXDEV. Takes no ownership;
 * (struct procfs){ .fd = FD } is a handle then. */
int proc_verify(int fd);
void proc_close(struct procfs *p);
/* Opens PATH below the handle (openat2: beneath, no symlinks, no magic links, no crossing of mounts); -EXDEV when
 * something is mounted over it. "self" and "thread-self" must be spelled by the functions below. */
int proc_openat(const struct procfs *p, const char *path, int flags);
/* FILE below the caller's own thread directory: "attr/exec", "oom_score_adj", or where only the process has it
 * ("timens_offsets") of the process; one write(2). */
int proc_write_self(const struct procfs *p, const char *file, const char *text);
/* NUL-ended, last newline cut; length, or -EFBIG when BUF is too small. */
int proc_read_self(const struct procfs *p, const char *file, char *buf, size_t size);
int proc_open_self(const struct procfs *p, const char *file, int flags);
/* FILE below /PID. "ns/NAME" is followed to the namespace itself, which is verified as nsfs. */
int proc_write_pid(const struct procfs *p, pid_t pid, const char *file, const char *text);
int proc_open_pid(const struct procfs *p, pid_t pid, const char *file, int flags);
/* "sys/NAME" with NAME in slashes form (-EINVAL for dots as components). One write(2). */
int proc_write_sysctl(const struct procfs *p, const char *name, const char *value);
/* Descriptor of the directory of the caller's own descriptors, for /proc/self/fd/N tricks. It stays the directory of
 * the process that opened it, also in a child. */
int proc_open_self_fds(const struct procfs *p);

/* It is being ended, perhaps no zombie yet; it has not called execve since it was cloned. */
enum { PF_EXITING = 0x04, PF_FORKNOEXEC = 0x40 };

/* What /proc/PID/stat says. PIDs are those of the handle's namespace. */
struct proc_stat {
	char state; /* 'R', 'Z' … */
	pid_t ppid;
	unsigned flags; /* PF_*, of which the kernel's headers for programs have none */
	uint64_t
		start_time; /* clock ticks after boot: identifies the process together with its pid */
};
/* -ESRCH when there is no such process. */
int proc_stat(const struct procfs *p, pid_t pid, struct proc_stat *ret);
/* The same from the plain /proc of the host (commands that never enter a container). */
int proc_stat_host(pid_t pid, struct proc_stat *ret);
/* Takes the text of such a file apart (pure). 0 or -EINVAL. */
int proc_stat_parse(const char *text, struct proc_stat *ret);
