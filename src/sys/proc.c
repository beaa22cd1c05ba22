/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checked procfs handle (proc(5)). PROC_SUPER_MAGIC and inode 1 make it the root of a procfs; RESOLVE_NO_XDEV on
 * each open makes what is found a part of that very mount.
 */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/cleanup.h"

enum {
	PROC_MAGIC = 0x9fa0,
	NSFS_MAGIC_NUMBER = 0x6e736673,
	PROC_ROOT_INODE = 1,
	MOUNT_ATTRS = 0x0e, /* NOSUID | NODEV | NOEXEC */
};

int proc_verify(int fd)
{
	struct statfs sfs;
	struct stat st;

	if (fstatfs(fd, &sfs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return sfs.f_type == PROC_MAGIC && st.st_ino == PROC_ROOT_INODE ? 0 : -EXDEV;
}

static int open_plain(void)
{
	auto_fd int fd = sys_open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	int r;

	if (fd < 0)
		return fd;
	r = proc_verify(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

static int open_new(void)
{
	auto_fd int fs = sys_fsopen("proc");
	int r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig_create(fs);
	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTRS);
}

/* What is mounted into /proc does not come along, unless the kernel has locked it there. */
static int open_clone(void)
{
	auto_fd int plain = open_plain();

	return plain < 0 ? plain : sys_open_tree_clone(plain, false);
}

int proc_open_private(struct procfs *p)
{
	auto_fd int fd = open_new();
	int r = fd;

	p->fd = -EBADF;
	if (fd < 0)
		fd = open_clone();
	if (fd < 0)
		return r; /* why there is no new one says more */
	r = proc_verify(fd);
	if (r < 0)
		return r;
	p->fd = TAKE_FD(fd);
	return 0;
}

int proc_open(struct procfs *p)
{
	int fd = open_plain();

	if (fd < 0)
		return proc_open_private(p);
	p->fd = fd;
	return 0;
}

void proc_close(struct procfs *p)
{
	close_fd(p->fd);
	p->fd = -EBADF;
}

static int on_mount(int fd, uint64_t want)
{
	uint64_t id;
	int r = sys_mount_id(fd, &id);

	if (r < 0)
		return r;
	return id == want ? 0 : -EXDEV;
}

/* One component of walk_below(). It is looked at before it is opened for real (a FIFO mounted there could block us), and
 * what was opened is looked at again. */
static int open_component(int dir, const char *name, int flags, uint64_t mount)
{
	auto_fd int look = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	int r;

	if (look < 0)
		return look;
	r = on_mount(look, mount);
	if (r < 0)
		return r;
	if (flags == (O_PATH | O_NOFOLLOW))
		return TAKE_FD(look);
	if (fstat(look, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;

	auto_fd int fd = sys_openat(dir, name, flags | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	r = on_mount(fd, mount);
	return r < 0 ? r : TAKE_FD(fd);
}

/* What openat2 with RESOLVE_BENEATH | NO_XDEV | NO_SYMLINKS does. */
static int walk_below(int root, const char *path, int flags)
{
	auto_fd int dir = fcntl(root, F_DUPFD_CLOEXEC, 3);
	uint64_t mount;
	int r;

	if (dir < 0)
		return -errno;
	if (*path == '/')
		return -EXDEV;
	r = sys_mount_id(dir, &mount);
	if (r < 0)
		return r;
	for (;;) {
		size_t n = strcspn(path, "/");
		char name[NAME_MAX + 1];
		bool last = path[n] == '\0';

		if (n == 0 || n > NAME_MAX || (n == 2 && memcmp(path, "..", 2) == 0))
			return n == 2 ? -EXDEV : -ENOENT;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n + 1;
		int next = open_component(dir, name, last ? flags : O_PATH | O_DIRECTORY, mount);
		if (next < 0 || last)
			return next;
		close_fd(dir);
		dir = next;
	}
}

int proc_openat(const struct procfs *p, const char *path, int flags)
{
	int fd = sys_openat2(p->fd, path, flags, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
				     RESOLVE_NO_SYMLINKS);

	/* EPERM: older seccomp profiles of an outer container; if it is about the file, the walk says so again */
	return fd == -ENOSYS || fd == -EPERM ? walk_below(p->fd, path, flags) : fd;
}

/* The directory that the symlink NAME ("thread-self") of the procfs root points to, as text. */
static int read_root_link(const struct procfs *p, const char *name, char *out, size_t size)
{
	auto_fd int link = proc_openat(p, name, O_PATH | O_NOFOLLOW);
	ssize_t n;

	if (link < 0)
		return link;
	n = readlinkat(link, "", out, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return 0;
}

static int open_self_in(const struct procfs *p, const char *self, const char *file, int flags)
{
	char path[PATH_MAX], dir[64];
	int r;

	r = snprintf(path, sizeof(path), "%s/%s", self, file);
	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	/* "thread-self" is an ordinary symlink; something mounted over it is found by NO_XDEV, too */
	r = sys_openat2(p->fd, path, flags, 0,
			RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	if (r != -ENOSYS && r != -EPERM)
		return r;

	r = read_root_link(p, self, dir, sizeof(dir));
	if (r < 0)
		return r;
	r = snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	return walk_below(p->fd, path, flags);
}

static int open_self_once(const struct procfs *p, const char *file, int flags)
{
	int fd = open_self_in(p, "thread-self", file, flags);

	/* timens_offsets, coredump_filter: of the process only */
	return fd == -ENOENT ? open_self_in(p, "self", file, flags) : fd;
}

/* Something is mounted over it, or the whole is read-only, as an outer container does it: worth a private procfs, which
 * the kernel refuses to those who must not have it. */
static bool is_hidden(int r)
{
	return r == -EXDEV || r == -EROFS;
}

int proc_open_self(const struct procfs *p, const char *file, int flags)
{
	int fd = open_self_once(p, file, flags);
	struct procfs private;

	if (!is_hidden(fd) || proc_open_private(&private) < 0)
		return fd;
	fd = open_self_once(&private, file, flags);
	proc_close(&private);
	return fd;
}

static int write_and_close(int fd, const char *text)
{
	int r = fd < 0 ? fd : host_write_once(fd, text);

	close_fd(fd);
	return r;
}

int proc_write_self(const struct procfs *p, const char *file, const char *text)
{
	return write_and_close(proc_open_self(p, file, O_WRONLY), text);
}

int proc_read_self(const struct procfs *p, const char *file, char *buf, size_t size)
{
	auto_fd int fd = proc_open_self(p, file, O_RDONLY);

	return fd < 0 ? fd : host_read_small_fd(fd, buf, size);
}

int proc_open_self_fds(const struct procfs *p)
{
	return proc_open_self(p, "fd", O_RDONLY | O_DIRECTORY);
}

/* "ns/NAME" is a magic link, which no flag but following opens; it leads to nsfs and nowhere else. */
static int open_namespace(const struct procfs *p, pid_t pid, const char *name, int flags)
{
	char path[64];
	struct statfs sfs;

	if (strchr(name, '/') || strchr(name, '.'))
		return -EINVAL;
	snprintf(path, sizeof(path), "%d/ns", pid);
	auto_fd int dir = proc_openat(p, path, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	struct procfs below = { .fd = dir };
	auto_fd int link = proc_openat(&below, name, O_PATH | O_NOFOLLOW);
	if (link < 0)
		return link;
	auto_fd int ns = sys_openat(dir, name, flags, 0);
	if (ns < 0)
		return ns;
	if (fstatfs(ns, &sfs) < 0)
		return -errno;
	return sfs.f_type == NSFS_MAGIC_NUMBER ? TAKE_FD(ns) : -EXDEV;
}

int proc_open_pid(const struct procfs *p, pid_t pid, const char *file, int flags)
{
	char path[PATH_MAX];
	int n;

	if (pid <= 0)
		return -EINVAL;
	if (strncmp(file, "ns/", 3) == 0)
		return open_namespace(p, pid, file + 3, flags);
	n = snprintf(path, sizeof(path), "%d/%s", pid, file);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return proc_openat(p, path, flags);
}

int proc_write_pid(const struct procfs *p, pid_t pid, const char *file, const char *text)
{
	return write_and_close(proc_open_pid(p, pid, file, O_WRONLY), text);
}

/* Components "", "." and ".." could leave /proc/sys. */
static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && *path == '.') || (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

int proc_write_sysctl(const struct procfs *p, const char *name, const char *value)
{
	char path[PATH_MAX];
	struct procfs private;
	int n = snprintf(path, sizeof(path), "sys/%s", name), fd;

	if (!is_plain_path(name))
		return -EINVAL;
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = proc_openat(p, path, O_WRONLY);
	if (is_hidden(fd) && proc_open_private(&private) == 0) {
		fd = proc_openat(&private, path, O_WRONLY);
		proc_close(&private);
	}
	return write_and_close(fd, value);
}

/* Field N, counted as in proc_pid_stat(5), of TEXT, which begins before field FIRST. NULL: it has not that many. */
static const char *stat_field(const char *text, int first, int n)
{
	for (;; first++) {
		text += strspn(text, " ");
		if (!*text)
			return NULL;
		if (first == n)
			return text;
		text += strcspn(text, " ");
	}
}

int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	/* The name in the second field may hold anything, ")" too. */
	const char *p = strrchr(text, ')');
	const char *state = p ? stat_field(p + 1, 3, 3) : NULL;
	const char *ppid = state ? stat_field(state, 3, 4) : NULL;
	const char *flags = ppid ? stat_field(ppid, 4, 9) : NULL;
	const char *start_time = flags ? stat_field(flags, 9, 22) : NULL;

	if (!start_time || !strchr("0123456789", *start_time))
		return -EINVAL;
	*ret = (struct proc_stat){
		.state = *state,
		.ppid = (pid_t)strtol(ppid, NULL, 10),
		.flags = (unsigned)strtoul(flags, NULL, 10),
		.start_time = strtoull(start_time, NULL, 10),
	};
	return 0;
}

static int read_stat(int fd, struct proc_stat *ret)
{
	char text[1024];
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	r = host_read_small_fd(fd, text, sizeof(text));
	return r < 0 ? r : proc_stat_parse(text, ret);
}

int proc_stat(const struct procfs *p, pid_t pid, struct proc_stat *ret)
{
	auto_fd int fd = proc_open_pid(p, pid, "stat", O_RDONLY);

	return read_stat(fd, ret);
}

int proc_stat_host(pid_t pid, struct proc_stat *ret)
{
	char path[32];

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	auto_fd int fd = sys_open(path, O_RDONLY, 0);
	return read_stat(fd, ret);
}
