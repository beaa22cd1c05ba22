/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls without (usable) glibc wrapper and the path-taking calls that higher layers may make: clone3(2),
 * pidfd_open(2), openat2(2), close_range(2), the new mount API (mount_setattr(2) and friends), execveat(2).
 */
#include "sys/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/parse.h"

/* The C library's and the kernel's headers disagree about who declares these; the values are the kernel's ABI. */
enum {
	K_OPEN_TREE_CLONE = 1,
	K_MOVE_MOUNT_F_EMPTY_PATH = 0x04,
	K_MOVE_MOUNT_T_EMPTY_PATH = 0x40,
	K_FSOPEN_CLOEXEC = 1,
	K_FSMOUNT_CLOEXEC = 1,
	K_FSCONFIG_SET_FLAG = 0,
	K_FSCONFIG_SET_STRING = 1,
	K_FSCONFIG_SET_FD = 5,
	K_FSCONFIG_CMD_CREATE = 6,
	K_AT_RECURSIVE = 0x8000,
	K_CLOSE_RANGE_UNSHARE = 2,
	K_CLOSE_RANGE_CLOEXEC = 4,
	K_PROC_SUPER_MAGIC = 0x9fa0,
	K_STATX_ATTR_MOUNT_ROOT = 0x2000,
	K_STATX_MNT_ID = 0x1000,
	K_STATX_MNT_ID_UNIQUE = 0x4000,
	K_STATMOUNT_MNT_BASIC = 2,
	K_SYS_STATMOUNT = 457,
};

struct k_mnt_id_req {
	uint32_t size, spare;
	uint64_t mnt_id, param;
};

struct k_mount_attr {
	uint64_t set, clear, propagation, userns_fd;
};

struct k_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct k_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Set by tests only. */
static unsigned pretended;

void sys_pretend_lacking(unsigned lacking)
{
	pretended = lacking;
}

/* syscall(2) that honours sys_pretend_lacking(). */
#define KNOWN(lacking, ...) (pretended & (lacking) ? (errno = ENOSYS, -1L) : syscall(__VA_ARGS__))

static int ret(long r)
{
	return r < 0 ? -errno : (int)r;
}

/* clone(2) for where clone3 is filtered away (ENOSYS by older seccomp profiles of an outer container). */
static pid_t legacy_clone(uint64_t flags, int exit_signal, int *pidfd)
{
	unsigned long f = (unsigned long)flags | (unsigned)exit_signal;
	int fd = -EBADF;
	long r;

	if (flags >> 32 || flags & CSIGNAL)
		return -ENOSYS; /* CLONE_INTO_CGROUP, CLONE_NEWTIME: clone3 only */
#if defined(__s390__) || defined(__CRIS__)
	r = syscall(SYS_clone, NULL, f, &fd, NULL, 0);
#else
	r = syscall(SYS_clone, f, NULL, &fd, NULL, 0);
#endif
	if (r < 0)
		return -errno;
	if (r > 0 && pidfd)
		*pidfd = fd;
	return (pid_t)r;
}

pid_t sys_clone3(uint64_t flags, int exit_signal, int cgroup_fd, int *pidfd)
{
	int fd = -EBADF;
	struct clone_args args = {
		.flags = flags,
		.exit_signal = (unsigned)exit_signal,
	};
	long r;

	if (pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uintptr_t)&fd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup_fd;
	}

	r = KNOWN(SYS_LACKS_CLONE3, SYS_clone3, &args, sizeof(args));
	if (r < 0 && errno == ENOSYS)
		return legacy_clone(args.flags, exit_signal, pidfd);
	if (r < 0)
		return -errno;
	if (r > 0 && pidfd)
		*pidfd = fd;
	return (pid_t)r;
}

int sys_pidfd_open(pid_t pid)
{
	return ret(syscall(SYS_pidfd_open, pid, 0));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return ret(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

pid_t sys_pidfd_getpid(int pidfd)
{
	char path[48], text[1024];
	const char *p;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	p = strstr(text, "\nPid:");
	if (!p || sscanf(p, "\nPid: %d", &pid) != 1)
		return -EBADF;	       /* not a pidfd */
	return pid > 0 ? pid : -ESRCH; /* -1: reaped; 0: not visible from this pid namespace */
}

int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	bool creates = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = creates ? mode : 0, /* else it must be 0 */
		.resolve = resolve,
	};

	return ret(KNOWN(SYS_LACKS_OPENAT2, SYS_openat2, dirfd, path, &how, sizeof(how)));
}

/* Is DIR, opened as /proc/self/fd, really ours? A hostile mount could show another directory there. */
static bool is_own_fd_dir(int dir)
{
	char name[16];
	struct statfs sfs;
	struct stat self, via;

	snprintf(name, sizeof(name), "%d", dir);
	return fstatfs(dir, &sfs) == 0 && sfs.f_type == K_PROC_SUPER_MAGIC &&
	       fstat(dir, &self) == 0 && fstatat(dir, name, &via, 0) == 0 &&
	       self.st_dev == via.st_dev && self.st_ino == via.st_ino;
}

static int close_one(unsigned fd, unsigned flags)
{
	if (!(flags & K_CLOSE_RANGE_CLOEXEC)) {
		close((int)fd);
		return 0;
	}
	return fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF ? -errno : 0;
}

/* procfs lists descriptors by number, so closing while reading skips none. */
static int close_range_by_proc(unsigned first, unsigned last, unsigned flags)
{
	auto_fd int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union {
		struct k_dirent64 align;
		char bytes[4096];
	} b;

	if (dir < 0)
		return -errno;
	if (!is_own_fd_dir(dir))
		return -EXDEV;
	for (;;) {
		long n = syscall(SYS_getdents64, dir, b.bytes, sizeof(b.bytes));

		if (n <= 0)
			return ret(n);
		for (long at = 0; at < n;) {
			const struct k_dirent64 *d = (const struct k_dirent64 *)(b.bytes + at);
			uint32_t fd;
			int r;

			at += d->reclen;
			if (parse_u32(d->name, &fd) < 0 || fd < first || fd > last ||
			    (int)fd == dir)
				continue;
			r = close_one(fd, flags);
			if (r < 0)
				return r;
		}
	}
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	if (first > last)
		return -EINVAL;
	if (KNOWN(SYS_LACKS_CLOSE_RANGE, SYS_close_range, first, last, flags) == 0)
		return 0;
	/* EPERM is what older seccomp profiles of an outer container say for calls they don't know. */
	if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
		return -errno;
	if (flags & K_CLOSE_RANGE_UNSHARE && unshare(CLONE_FILES) < 0)
		return -errno;
	return close_range_by_proc(first, last, flags);
}

static int statx_mount_id(int fd, unsigned mask, uint64_t *ret_id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, mask, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & mask))
		return -ENOSYS;
	*ret_id = stx.stx_mnt_id;
	return 0;
}

int sys_mount_id(int fd, uint64_t *ret_id)
{
	return statx_mount_id(fd, K_STATX_MNT_ID, ret_id);
}

int sys_mount_unique_id(int fd, uint64_t *ret_id)
{
	return statx_mount_id(fd, K_STATX_MNT_ID_UNIQUE, ret_id);
}

int sys_is_mount_root(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, 0, &stx) < 0)
		return -errno;
	if (!(stx.stx_attributes_mask & K_STATX_ATTR_MOUNT_ROOT))
		return -ENOSYS;
	return (stx.stx_attributes & K_STATX_ATTR_MOUNT_ROOT) != 0;
}

int sys_mount_exists(uint64_t unique_id)
{
	struct k_mnt_id_req req = {
		.size = sizeof(req),
		.mnt_id = unique_id,
		.param = K_STATMOUNT_MNT_BASIC,
	};
	uint64_t answer[64];

	int r = ret(syscall(K_SYS_STATMOUNT, &req, answer, sizeof(answer), 0));
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return ret(syscall(SYS_open_tree, dirfd, path, flags | O_CLOEXEC));
}

int sys_open_tree_clone(int fd, bool recursive)
{
	return sys_open_tree(fd, "",
			     K_OPEN_TREE_CLONE | AT_EMPTY_PATH | (recursive ? K_AT_RECURSIVE : 0));
}

int sys_open_tree_clone_path(const char *path, bool recursive)
{
	return sys_open_tree(AT_FDCWD, path, K_OPEN_TREE_CLONE | (recursive ? K_AT_RECURSIVE : 0));
}

int sys_move_mount(int from_fd, int to_fd)
{
	return ret(syscall(SYS_move_mount, from_fd, "", to_fd, "",
			   K_MOVE_MOUNT_F_EMPTY_PATH | K_MOVE_MOUNT_T_EMPTY_PATH));
}

int sys_fsopen(const char *fstype)
{
	return ret(KNOWN(SYS_LACKS_FSOPEN, SYS_fsopen, fstype, K_FSOPEN_CLOEXEC));
}

int sys_fsconfig_flag(int fsfd, const char *key)
{
	return ret(syscall(SYS_fsconfig, fsfd, K_FSCONFIG_SET_FLAG, key, NULL, 0));
}

int sys_fsconfig_string(int fsfd, const char *key, const char *value)
{
	return ret(syscall(SYS_fsconfig, fsfd, K_FSCONFIG_SET_STRING, key, value, 0));
}

int sys_fsconfig_fd(int fsfd, const char *key, int fd)
{
	return ret(syscall(SYS_fsconfig, fsfd, K_FSCONFIG_SET_FD, key, NULL, fd));
}

int sys_fsconfig_create(int fsfd)
{
	return ret(syscall(SYS_fsconfig, fsfd, K_FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int sys_fsmount(int fsfd, uint64_t attrs)
{
	return ret(syscall(SYS_fsmount, fsfd, K_FSMOUNT_CLOEXEC, (unsigned)attrs));
}

int sys_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation,
		      int userns_fd)
{
	struct k_mount_attr attr = { .set = set, .clear = clear, .propagation = propagation };

	if (userns_fd >= 0) {
		attr.set |= 0x00100000; /* MOUNT_ATTR_IDMAP */
		attr.userns_fd = (unsigned)userns_fd;
	}
	return ret(syscall(SYS_mount_setattr, fd, "",
			   AT_EMPTY_PATH | (recursive ? K_AT_RECURSIVE : 0), &attr, sizeof(attr)));
}

/* The kernel hands out one message a read, "e text\n", oldest first, at most eight; ENODATA ends. */
void sys_fs_message(int fsfd, char *out, size_t size)
{
	char line[1024];
	size_t used = 0;

	if (size == 0)
		return;
	out[0] = '\0';
	for (int i = 0; i < 16; i++) {
		ssize_t n = read(fsfd, line, sizeof(line) - 1);
		const char *text = line;

		if (n < 0 && (errno == EMSGSIZE || errno == EINTR))
			continue;
		if (n <= 0)
			return;
		while (n > 0 && line[n - 1] == '\n')
			n--;
		line[n] = '\0';
		if (n > 2 && line[1] == ' ')
			text += 2;
		if (used > 0 && used + 2 + strlen(text) + 1 > size)
			used = 0; /* the newest matter most */
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "; " : "", text);
		if (used >= size)
			used = size - 1;
	}
}

/*
 * mount(2) resolves its target from the working directory, so "N" in the verified descriptor directory is reached
 * without a step through a /proc that may be over-mounted.
 */
int sys_mount_on_fd(int proc_fd, int target_fd, const char *source, const char *type,
		    unsigned long flags, const char *data)
{
	char target[16];
	int r;

	snprintf(target, sizeof(target), "%d", target_fd);
	auto_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0)
		return -errno;
	if (fchdir(proc_fd) < 0)
		return -errno;
	r = sys_mount(source, target, type, flags, data);
	if (fchdir(cwd) < 0 && r >= 0)
		r = -errno;
	return r;
}

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data)
{
	return ret(mount(source, target, type, flags, data));
}

int sys_umount_on_fd(int proc_fd, int fd)
{
	char target[16];

	snprintf(target, sizeof(target), "%d", fd);
	auto_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0)
		return -errno;
	if (fchdir(proc_fd) < 0)
		return -errno;
	int r = ret(umount2(target, MNT_DETACH));
	if (fchdir(cwd) < 0 && r >= 0)
		r = -errno;
	return r;
}

int sys_umount_detach(const char *target)
{
	return ret(umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW));
}

int sys_pivot_root_here(void)
{
	return ret(syscall(SYS_pivot_root, ".", "."));
}

int sys_chroot_here(void)
{
	return ret(chroot("."));
}

int sys_chdir(const char *path)
{
	return ret(chdir(path));
}

int sys_fchdir(int fd)
{
	return ret(fchdir(fd));
}

int sys_unshare(int flags)
{
	return ret(unshare(flags));
}

int sys_setns(int fd, int flags)
{
	return ret(setns(fd, flags));
}

int sys_open(const char *path, int flags, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

int sys_mkdirat(int dirfd, const char *name, mode_t mode)
{
	return mkdirat(dirfd, name, mode) < 0 ? -errno : 0;
}

int sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	return ret(openat(dirfd, path, flags | O_CLOEXEC, mode));
}

int sys_access_exec(const char *path)
{
	return ret(faccessat(AT_FDCWD, path, X_OK, AT_EACCESS));
}

int sys_access_write(const char *path)
{
	return ret(faccessat(AT_FDCWD, path, W_OK, AT_EACCESS));
}

int sys_stat_mode(const char *path, mode_t *mode)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*mode = st.st_mode;
	return 0;
}

int sys_stat_ids(int dirfd, const char *path, dev_t *dev, ino_t *ino)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, 0) < 0)
		return -errno;
	*dev = st.st_dev;
	*ino = st.st_ino;
	return 0;
}

int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	return -errno;
}

int sys_execveat_fd(int fd, char *const argv[], char *const envp[])
{
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}

pid_t sys_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

int sys_ioprio_set(int which, int who, int value)
{
	return ret(syscall(SYS_ioprio_set, which, who, value));
}

int sys_sched_setattr(int policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime,
		      uint64_t deadline, uint64_t period)
{
	struct k_sched_attr attr = {
		.size = sizeof(attr),
		.policy = (unsigned)policy,
		.flags = flags,
		.nice = nice,
		.priority = priority,
		.runtime = runtime,
		.deadline = deadline,
		.period = period,
	};

	return ret(syscall(SYS_sched_setattr, 0, &attr, 0));
}

int sys_set_mempolicy(int mode, const unsigned long *mask, unsigned long maxnode)
{
	return ret(syscall(SYS_set_mempolicy, mode, mask, maxnode));
}

long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	long r = syscall(SYS_keyctl, op, a, b, c, d);

	return r < 0 ? -errno : r;
}

long sys_seccomp(unsigned op, unsigned flags, void *args)
{
	long r = syscall(SYS_seccomp, op, flags, args);

	return r < 0 ? -errno : r;
}

void sys_exit_group(int status)
{
	syscall(SYS_exit_group, status);
}
