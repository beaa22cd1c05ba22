/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of the host: config.json, state, cgroup and other pseudo files, pid files. Nothing in here may be used below
 * a container's rootfs; that is sys/rootdir.
 */
#include "sys/hostfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/raw.h"
#include "util/cleanup.h"

enum {
	READ_CHUNK = 4096,
	MAX_TREE_DEPTH = 64, /* of what host_remove_tree takes: one descriptor a level */
	MAX_TMP_TRIES = 100,
	MAX_REMOVE_PASSES = 16,
};

/* read(2) that sits out signals and, on a descriptor that somebody made non-blocking, the wait. */
static ssize_t read_some(int fd, void *p, size_t n)
{
	for (;;) {
		ssize_t got = read(fd, p, n);

		if (got >= 0)
			return got;
		if (errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLIN };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

static int read_to_end(int fd, size_t max, struct buf *out)
{
	size_t total = 0;

	for (;;) {
		size_t room, left = max - total;

		if (out->cap - out->len < READ_CHUNK / 8 && buf_reserve(out, READ_CHUNK) < 0)
			return -ENOMEM;
		room = out->cap - out->len - 1;
		/* one byte more than allowed tells that there is more */
		ssize_t n = read_some(fd, out->p + out->len, left < room ? left + 1 : room);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		total += (size_t)n;
		if (total > max)
			return -EFBIG;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
	}
}

int host_read_fd(int fd, size_t max, struct buf *out)
{
	size_t before = out->len;
	int r = buf_error(out);

	if (r < 0)
		return r;
	r = read_to_end(fd, max, out);
	if (r < 0 && out->p) {
		out->len = before;
		out->p[before] = '\0';
	}
	return r;
}

int host_read(int dirfd, const char *path, size_t max, struct buf *out)
{
	/* O_NONBLOCK: a FIFO without a writer must not hold us */
	auto_fd int fd = sys_openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return -EFBIG;
	r = buf_reserve(out, (size_t)st.st_size + READ_CHUNK);
	return r < 0 ? r : host_read_fd(fd, max, out);
}

int host_read_small(int dirfd, const char *path, char *buf, size_t size)
{
	auto_fd int fd = sys_openat(dirfd, path, O_RDONLY | O_NOCTTY, 0);

	return fd < 0 ? fd : host_read_small_fd(fd, buf, size);
}

int host_read_small_fd(int fd, char *buf, size_t size)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (len == size)
			return -EFBIG;
		n = read_some(fd, buf + len, size - len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return (int)len;
}

int host_write(int dirfd, const char *path, const char *text)
{
	auto_fd int fd = sys_openat(dirfd, path, O_WRONLY | O_NOCTTY, 0);

	return fd < 0 ? fd : host_write_once(fd, text);
}

int host_write_once(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	do {
		n = write(fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int host_write_fd(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Creates a file with a name that nobody has in DIRFD. */
static int create_temporary(int dirfd, char name[32])
{
	for (int i = 0; i < MAX_TMP_TRIES; i++) {
		uint64_t random;
		int fd;

		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
			random = ((uint64_t)getpid() << 32) + (uint64_t)i; /* early at boot */
		snprintf(name, 32, ".ketch-%016llx", (unsigned long long)random);
		fd = sys_openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
		if (fd != -EEXIST)
			return fd;
	}
	return -EEXIST;
}

static int fill_and_rename(int dirfd, int fd, const char *tmp, const char *name, const char *data,
			   size_t len, mode_t mode, bool sync)
{
	int r = host_write_fd(fd, data, len);

	if (r < 0)
		return r;
	if (fchmod(fd, mode & 07777) < 0)
		return -errno;
	if (sync && fsync(fd) < 0)
		return -errno;
	return renameat(dirfd, tmp, dirfd, name) < 0 ? -errno : 0;
}

int host_replace(int dirfd, const char *name, const char *data, size_t len, mode_t mode, bool sync)
{
	char tmp[32];
	int r;

	if (!*name || strchr(name, '/'))
		return -EINVAL;
	auto_fd int fd = create_temporary(dirfd, tmp);
	if (fd < 0)
		return fd;
	r = fill_and_rename(dirfd, fd, tmp, name, data, len, mode, sync);
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return r;
	}
	if (!sync)
		return 0;

	/* DIRFD may be O_PATH, which can't be synced */
	auto_fd int dir = sys_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	return fsync(dir) < 0 ? -errno : 0;
}

/* /dev/stdout and its like, whatever file they lead to. */
static bool is_descriptor_link(const char *path)
{
	static const char own[] = "/proc/self/fd/";
	char target[32];

	ssize_t n = readlink(path, target, sizeof(target));
	return n > (ssize_t)strlen(own) && memcmp(target, own, strlen(own)) == 0;
}

/* A FIFO, a terminal or /dev/stdout is written to; a rename would put a file in its place. */
static int write_special(const char *path, const char *data, size_t len)
{
	auto_fd int fd = sys_open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY, 0);
	int r = fd < 0 ? fd : host_write_fd(fd, data, len);

	return r < 0 ? r : 1;
}

int host_replace_path(const char *path, const char *data, size_t len, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct stat st;

	if (!*name)
		return *path ? -EISDIR : -ENOENT;
	if (stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || is_descriptor_link(path)))
		return S_ISDIR(st.st_mode) ? -EISDIR : write_special(path, data, len);
	if (!slash)
		return host_replace(AT_FDCWD, name, data, len, mode, false);

	auto_str char *dirname = strndup(path, (size_t)(slash - path) + 1);
	if (!dirname)
		return -ENOMEM;
	auto_fd int dir = host_opendir(AT_FDCWD, dirname, true);
	return dir < 0 ? dir : host_replace(dir, name, data, len, mode, false);
}

int host_unlink(int dirfd, const char *name, bool is_dir)
{
	return unlinkat(dirfd, name, is_dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

int host_mkdirat(int dirfd, const char *name, mode_t mode)
{
	if (mkdirat(dirfd, name, 0700) < 0)
		return -errno;

	auto_fd int fd = sys_openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	int r = fd;
	if (fd >= 0)
		r = (mode & 07777) == 0700 || fchmod(fd, mode & 07777) == 0 ? 0 : -errno;
	if (r < 0)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

/* Opens the directory NAME, which is made when it is missing. */
static int enter_or_make(int dirfd, const char *name, mode_t mode)
{
	int fd = host_opendir(dirfd, name, true);
	int r;

	if (fd != -ENOENT)
		return fd;
	r = host_mkdirat(dirfd, name, mode);
	if (r < 0 && r != -EEXIST)
		return r;
	return host_opendir(dirfd, name, true);
}

int host_mkdirs(const char *path, mode_t mode)
{
	auto_fd int whole = host_opendir(AT_FDCWD, path, true);
	auto_str char *copy = NULL;
	char *at;

	if (whole != -ENOENT)
		return whole < 0 ? whole : 0;
	if (!*path)
		return -ENOENT;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;

	auto_fd int dir = host_opendir(AT_FDCWD, *path == '/' ? "/" : ".", true);
	if (dir < 0)
		return dir;
	for (at = copy; *at;) {
		size_t skip = strspn(at, "/"), n = strcspn(at + skip, "/");
		char *name = at + skip;
		bool last = name[n] == '\0';

		if (n == 0)
			break;
		name[n] = '\0';
		at = last ? name + n : name + n + 1;
		int next = enter_or_make(dir, name, mode);
		if (next < 0)
			return next;
		close_fd(dir);
		dir = next;
	}
	return 0;
}

int host_getxattr(const char *path, const char *name, void *value, size_t size)
{
	ssize_t n = getxattr(path, name, value, size);

	return n < 0 ? -errno : (int)n;
}

int host_opendir(int dirfd, const char *path, bool path_only)
{
	return sys_openat(dirfd, path, O_DIRECTORY | (path_only ? O_PATH : O_RDONLY), 0);
}

struct k_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

int host_list(int dirfd, int (*fn)(void *ctx, const char *name, unsigned char d_type), void *ctx)
{
	/* A descriptor of its own, so that the caller's position does not matter; no stdio, no allocation. */
	auto_fd int dir = host_opendir(dirfd, ".", false);
	union {
		struct k_dirent64 align;
		char bytes[4096];
	} b;

	if (dir < 0)
		return dir;
	for (;;) {
		long n = syscall(SYS_getdents64, dir, b.bytes, sizeof(b.bytes));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct k_dirent64 *d = (const struct k_dirent64 *)(b.bytes + at);
			int r;

			at += d->reclen;
			if (strcmp(d->name, ".") == 0 || strcmp(d->name, "..") == 0)
				continue;
			r = fn(ctx, d->name, d->type);
			if (r < 0)
				return r;
		}
	}
}

struct removal {
	int dir;
	unsigned depth;
};

static int remove_entry(void *ctx, const char *name, unsigned char d_type);

/* Is the directory FD on the same mount as DIR? Where the kernel names no mounts (before 5.8): the same file system. */
static bool on_same_mount(int dir, int fd)
{
	uint64_t up_id, id;
	struct stat up, st;

	if (sys_mount_id(dir, &up_id) == 0 && sys_mount_id(fd, &id) == 0)
		return up_id == id;
	return fstat(dir, &up) == 0 && fstat(fd, &st) == 0 && st.st_dev == up.st_dev;
}

/* Opens a directory that is not a symlink and not on another mount. */
static int open_same_mount(int dirfd, const char *name)
{
	int fd = sys_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);

	if (fd != -ENOSYS && fd != -EPERM)
		return fd;
	auto_fd int up = host_opendir(dirfd, ".", true);
	if (up < 0)
		return up;
	fd = sys_openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || on_same_mount(up, fd))
		return fd;
	close_fd(fd);
	return -EXDEV;
}

static int remove_dir(int dirfd, const char *name, unsigned depth)
{
	if (depth > MAX_TREE_DEPTH)
		return -ELOOP;
	auto_fd int dir = open_same_mount(dirfd, name);
	if (dir < 0)
		return dir;

	for (int pass = 0;; pass++) {
		struct removal r = { .dir = dir, .depth = depth + 1 };
		int ret = host_list(dir, remove_entry, &r);

		if (ret < 0)
			return ret;
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
			return 0;
		/* Removing while reading may skip entries, and others may add some. */
		if ((errno != ENOTEMPTY && errno != EEXIST) || pass == MAX_REMOVE_PASSES)
			return -errno;
	}
}

static int remove_entry(void *ctx, const char *name, unsigned char d_type)
{
	const struct removal *r = ctx;
	int ret;

	if (d_type != DT_DIR) {
		if (unlinkat(r->dir, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR) /* DT_UNKNOWN */
			return -errno;
	}
	ret = remove_dir(r->dir, name, r->depth);
	return ret == -ENOENT ? 0 : ret;
}

int host_remove_tree(int dirfd, const char *name)
{
	struct stat st;

	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return host_unlink(dirfd, name, false);
	return remove_dir(dirfd, name, 0);
}

int host_realpath(const char *path, char **ret)
{
	char *p = realpath(path, NULL);

	if (!p)
		return -errno;
	*ret = p;
	return 0;
}

int host_abspath(const char *path, char **ret)
{
	auto_str char *cwd = NULL;
	auto_buf struct buf b = { 0 };

	if (!*path)
		return -ENOENT;
	if (*path != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return -errno;
		if (*cwd != '/')
			return -ENOENT; /* "(unreachable)/…" */
		if (strcmp(cwd, "/") != 0)
			buf_adds(&b, cwd);
	}
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n > 0 && !(n == 1 && *path == '.')) {
			buf_addc(&b, '/');
			buf_add(&b, path, n);
		}
		path += n;
	}
	if (b.len == 0)
		buf_addc(&b, '/');
	*ret = buf_take(&b);
	return *ret ? 0 : -ENOMEM;
}
