/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies a hostile tree (mount option tmpcopyup, config.md#mounts). See treecopy.h. */
#include "sys/treecopy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/hostfs.h"
#include "sys/raw.h"
#include "sys/rootdir.h"
#include "util/cleanup.h"
#include "util/util.h"

struct copy {
	int from, to;
	int self_fds;
	unsigned depth;
	unsigned *skipped;
};

/* ---- attributes: all as far as possible, as cp -a does ---- */

static bool is_wanted_xattr(const char *name)
{
	/* labels come from the mount; overlay's own are about the layers */
	return strcmp(name, "security.selinux") != 0 && strncmp(name, "trusted.overlay.", 16) != 0;
}

static void copy_xattrs(int from, int to)
{
	char names[4096], value[4096];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = is_wanted_xattr(names + at)
				    ? fgetxattr(from, names + at, value, sizeof(value))
				    : -1;

		if (n >= 0)
			(void)fsetxattr(to, names + at, value, (size_t)n, 0);
	}
}

/* 1, 0 where our user namespace does not map the id or we may not give files away, or -errno. What is not mapped looks like the overflow
 * id, which itself may be mapped. */
static int copy_owner(int to, uid_t uid, gid_t gid)
{
	if (fchown(to, uid, gid) == 0)
		return uid != OVERFLOW_ID && gid != OVERFLOW_ID;
	return errno == EPERM || errno == EINVAL ? 0 : -errno;
}

/* Owner before mode: changing the owner takes set-user-id bits away. Those of an owner that could not be kept would be for us. */
static int copy_attributes(int from, int to, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;
	int user = copy_owner(to, st->st_uid, (gid_t)-1);
	int group = copy_owner(to, (uid_t)-1, st->st_gid);

	if (user < 0 || group < 0)
		return MIN(user, group);
	if (!user)
		mode &= ~(mode_t)S_ISUID;
	if (!group)
		mode &= ~(mode_t)S_ISGID;
	if (fchmod(to, mode) < 0)
		return -errno;
	copy_xattrs(from, to);
	(void)futimens(to, times);
	return 0;
}

/* ---- one entry of each kind ---- */

static int copy_bytes(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t n = sendfile(to, from, NULL, (size_t)(size > INT_MAX ? INT_MAX : size));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break; /* it has become shorter */
		size -= n;
	}
	return 0;
}

/* Through /proc/self/fd: the very file that PATH_FD was found to be, whatever has its name by now. */
static int copy_file(const struct copy *c, int path_fd, const char *name, const struct stat *st)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", path_fd);
	auto_fd int from = sys_openat(c->self_fds, number, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (from < 0)
		return from;
	auto_fd int to = sys_openat(c->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (to < 0)
		return to;
	int r = copy_bytes(from, to, st->st_size);
	return r < 0 ? r : copy_attributes(from, to, st);
}

static int copy_symlink(const struct copy *c, int path_fd, const char *name, const struct stat *st)
{
	char target[PATH_MAX];

	int r = rootdir_readlink(path_fd, target, sizeof(target));
	if (r >= 0)
		r = rootdir_symlinkat(c->to, target, name);
	if (r < 0)
		return r;
	if (fchownat(c->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EPERM && errno != EINVAL)
		return -errno;
	return 0;
}

static int copy_special(const struct copy *c, const char *name, const struct stat *st)
{
	int r = rootdir_mknodat(c->to, name, st->st_mode, st->st_rdev, st->st_uid, st->st_gid);

	if (r == -EINVAL) /* the owner is not mapped */
		r = rootdir_mknodat(c->to, name, st->st_mode, st->st_rdev, (uid_t)-1, (gid_t)-1);
	if (r == -EPERM) {
		++*c->skipped;
		return 0;
	}
	return r;
}

static int copy_entry(void *ctx, const char *name, unsigned char d_type);

static int copy_dir(const struct copy *c, int path_fd, const char *name, const struct stat *st)
{
	if (c->depth >= TREE_MAX_DEPTH)
		return -ELOOP;
	auto_fd int from = sys_openat(path_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (from < 0)
		return from;
	int r = host_mkdirat(c->to, name, 0700);
	if (r < 0)
		return r;
	auto_fd int to = sys_openat(c->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (to < 0)
		return to;
	struct copy below = { .from = from,
			      .to = to,
			      .self_fds = c->self_fds,
			      .depth = c->depth + 1,
			      .skipped = c->skipped };
	r = host_list(from, copy_entry, &below);
	return r < 0 ? r : copy_attributes(from, to, st);
}

static int copy_entry(void *ctx, const char *name, unsigned char d_type)
{
	const struct copy *c = ctx;
	struct stat st;

	(void)d_type;
	auto_fd int fd = sys_openat(c->from, name, O_PATH | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return 0; /* gone meanwhile */
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(c, fd, name, &st);
	case S_IFDIR:
		return copy_dir(c, fd, name, &st);
	case S_IFLNK:
		return copy_symlink(c, fd, name, &st);
	default:
		return copy_special(c, name, &st);
	}
}

int tree_copy(int from, int to, int self_fds, unsigned *skipped)
{
	struct copy c = { .from = from, .to = to, .self_fds = self_fds, .skipped = skipped };

	*skipped = 0;
	return host_list(from, copy_entry, &c);
}
