/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A procfs handle that is known to be procfs and to have nothing mounted over what we open in it: attributes,
 * sysctls, maps and scores are written through it alone (CVE-2019-16884, CVE-2025-52881 and their family).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procfs {
	int fd; /* root of a procfs; -EBADF when closed */
};

/* A private, detached procfs of the caller's pid namespace (fsopen), where the kernel refuses one the /proc of
 * the caller's mount namespace; verified as PROC_SUPER_MAGIC with the root inode. */
int proc_open(struct procfs *p);
/* The handle of a directory that is open already (a container's /proc), verified likewise. Takes no ownership. */
int proc_verify(int fd);
void proc_close(struct procfs *p);
/* Opens PATH below the handle (openat2: beneath, no symlinks, no magic links, no crossing of mounts); -EXDEV when
 * something is mounted over it. "self" and "thread-self" must be spelled by the functions below. */
int proc_openat(const struct procfs *p, const char *path, int flags);
/* FILE below the caller's own thread directory: "attr/exec", "oom_score_adj" … one write(2). */
int proc_write_self(const struct procfs *p, const char *file, const char *text);
int proc_read_self(const struct procfs *p, const char *file, char *buf, size_t size);
/* FILE below /PID. */
int proc_write_pid(const struct procfs *p, pid_t pid, const char *file, const char *text);
int proc_open_pid(const struct procfs *p, pid_t pid, const char *file, int flags);
/* "sys/NAME" with NAME in slashes form. */
int proc_write_sysctl(const struct procfs *p, const char *name, const char *value);
/* Descriptor of the directory of the caller's own descriptors, for /proc/self/fd/N tricks. */
int proc_open_self_fds(const struct procfs *p);

/* What /proc/PID/stat says. PIDs are those of the handle's namespace. */
struct proc_stat {
	char state;           /* 'R', 'Z' … */
	pid_t ppid;
	unsigned flags;       /* PF_*; 0x40 = PF_FORKNOEXEC */
	uint64_t start_time;  /* clock ticks after boot: identifies the process together with its pid */
};
int proc_stat(const struct procfs *p, pid_t pid, struct proc_stat *ret);
/* The same from the plain /proc of the host (commands that never enter a container). */
int proc_stat_host(pid_t pid, struct proc_stat *ret);
