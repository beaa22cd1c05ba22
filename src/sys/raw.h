/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that glibc has no wrapper for, or whose wrapper hides what we need, and the few path-taking
 * calls that higher layers may make: thin, return -errno, no policy. Descriptors are close-on-exec.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

/* clone3(2). CGROUP_FD >= 0 adds CLONE_INTO_CGROUP. EXIT_SIGNAL must be 0 with CLONE_PARENT. On success the
 * parent gets the pid and *pidfd (which may be NULL); the child gets 0. Where clone3 is filtered away clone(2) is used;
 * what that can't do is -ENOSYS.
 * No pthread_atfork handlers run, nor those of malloc(3): where the parent may have other threads (libketch) the child must not allocate,
 * as one of them may have held malloc's lock. A child that has to is for fork(2). */
pid_t sys_clone3(uint64_t flags, int exit_signal, int cgroup_fd, int *pidfd);

int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
/* Process behind PIDFD as the /proc of the caller's mount namespace numbers it, from fdinfo; -ESRCH when it is reaped or
 * has no number there. */
pid_t sys_pidfd_getpid(int pidfd);

int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve);
int sys_close_range(unsigned first, unsigned last,
		    unsigned flags); /* falls back to /proc/self/fd before 5.9/5.11 */

/* Identifies the mount FD is on, by statx(2); -ENOSYS before Linux 5.8. */
int sys_mount_id(int fd, uint64_t *ret);
/* The number that no other mount gets as long as the machine runs; -ENOSYS before Linux 6.8. */
int sys_mount_unique_id(int fd, uint64_t *ret);
/* Is FD the root of a mount: 1 or 0; -ENOSYS before Linux 5.8. */
int sys_is_mount_root(int fd);
/* Is there a mount of that number in our mount namespace: 1 or 0; -ENOSYS before Linux 6.8. */
int sys_mount_exists(uint64_t unique_id);

/* For tests of the fall-backs: the named calls behave as on a kernel without them, in this process, from now on. */
enum sys_lacking {
	SYS_LACKS_OPENAT2 = 1,
	SYS_LACKS_CLOSE_RANGE = 2,
	SYS_LACKS_CLONE3 = 4,
	SYS_LACKS_FSOPEN = 8
};
void sys_pretend_lacking(unsigned lacking);

/* New mount API */
int sys_open_tree(int dirfd, const char *path, unsigned flags);
int sys_open_tree_clone(
	int fd, bool recursive); /* detached copy of the mount at FD itself (AT_EMPTY_PATH) */
int sys_open_tree_clone_path(const char *path, bool recursive); /* of what PATH leads to */
int sys_move_mount(int from_fd,
		   int to_fd); /* both by descriptor, from detached to the very place of TO_FD */
int sys_fsopen(const char *fstype);
int sys_fsconfig_flag(int fsfd, const char *key);
int sys_fsconfig_string(int fsfd, const char *key, const char *value);
int sys_fsconfig_fd(int fsfd, const char *key, int fd);
int sys_fsconfig_create(int fsfd);
int sys_fsmount(int fsfd, uint64_t attrs);
int sys_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation,
		      int userns_fd);
/* Newest lines of the kernel's message for a failed fsopen context, without level letter; "" when there is none. */
void sys_fs_message(int fsfd, char *out, size_t size);
/* mount(2) whose target is what TARGET_FD refers to, through PROC_FD (the verified /proc/self/fd directory, see
 * proc_open_self_fds), which is the working directory meanwhile: a SOURCE that is a path must be absolute, or the decimal
 * number of a descriptor. */
int sys_mount_on_fd(int proc_fd, int target_fd, const char *source, const char *type,
		    unsigned long flags, const char *data);
int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data);
/* Takes off, lazily, the mount whose root FD is; PROC_FD as for sys_mount_on_fd. -EINVAL: it is none. */
int sys_umount_on_fd(int proc_fd, int fd);
int sys_umount_detach(const char *target); /* does not follow a symlink at the end */
int sys_pivot_root_here(void);		   /* pivot_root(".", ".") */
int sys_chroot_here(void);
int sys_chdir(const char *path);
int sys_fchdir(int fd);

int sys_unshare(int flags);
int sys_setns(int fd, int flags);

/* Opens PATH on the host (not below a rootfs): plain open with O_CLOEXEC. */
int sys_open(const char *path, int flags, mode_t mode);
int sys_openat(int dirfd, const char *path, int flags, mode_t mode);
int sys_mkdirat(int dirfd, const char *name, mode_t mode); /* the umask applies */
int sys_access_exec(
	const char
		*path); /* may the effective ids execute it: 0, -EACCES, -ENOENT … (AT_EACCESS) */
int sys_access_write(const char *path); /* the same for writing */
int sys_stat_mode(const char *path, mode_t *mode);
/* fstatat(2), following symlinks: device and inode tell whether two namespace files are the same. */
int sys_stat_ids(int dirfd, const char *path, dev_t *dev, ino_t *ino);
/* execve(2); returns -errno only. */
int sys_execve(const char *path, char *const argv[], char *const envp[]);
int sys_execveat_fd(int fd, char *const argv[], char *const envp[]);

pid_t sys_gettid(void);
int sys_ioprio_set(int which, int who, int value);
int sys_sched_setattr(int policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime,
		      uint64_t deadline, uint64_t period);
int sys_set_mempolicy(int mode, const unsigned long *mask, unsigned long maxnode);
long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
long sys_seccomp(unsigned op, unsigned flags, void *args);
/* exit_group(2), once: returns where a seccomp filter refuses it (the C library's tries for ever). */
void sys_exit_group(int status);
