/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Look-ups below a container's root file system: openat2(2), and a walk by descriptors that also makes what is missing
 * (runtime-spec: mounts[].destination is created when it does not exist). The tree and the processes in it are hostile.
 */
#include "sys/rootdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/raw.h"
#include "util/cleanup.h"

enum {
	MAX_SYMLINKS = 40, /* the kernel's own limit, MAXSYMLINKS */
	MAX_RETRIES = 128,
	PROC_MAGIC = 0x9fa0,
	PROC_ROOT_INODE = 1,
};

enum make { MAKE_NOTHING, MAKE_DIRS, MAKE_FILE };

struct walk {
	int root; /* not owned */
	int fd;	  /* directory reached, O_PATH */
	enum make make;
	mode_t mode;
	bool nofollow;
	bool want_dir; /* the path ends in a slash */
	unsigned n_links;
	char done[PATH_MAX]; /* names from the root to FD: directories all, no symlinks, no dots */
	char rest[PATH_MAX]; /* what is still to be walked */
	char name[NAME_MAX + 1];
};

static int dup_fd(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return r < 0 ? -errno : r;
}

static int open_nofollow(int dir, const char *name, int flags)
{
	return sys_openat(dir, name, flags | O_NOFOLLOW, 0);
}

/* Takes the next component from w->rest to w->name. 1, 0 at the end, or -errno. */
static int next_name(struct walk *w)
{
	size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	if (n == 0)
		return 0;
	memcpy(w->name, w->rest + skip, n);
	w->name[n] = '\0';
	memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
	return 1;
}

static bool is_last(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

static void move_to(struct walk *w, int fd)
{
	close_fd(w->fd);
	w->fd = fd;
}

/*
 * Goes from the root down w->done again. ".." is not asked of the kernel: a directory that somebody moves out of the root
 * meanwhile would lead outside.
 */
static int descend_again(struct walk *w)
{
	int fd = dup_fd(w->root);

	for (const char *at = w->done; fd >= 0 && *at;) {
		size_t n = strcspn(at, "/");
		char name[NAME_MAX + 1];
		int next;

		memcpy(name, at, n);
		name[n] = '\0';
		at += n + (at[n] == '/');
		next = open_nofollow(fd, name, O_PATH | O_DIRECTORY);
		close_fd(fd);
		fd = next == -ELOOP || next == -ENOTDIR ? -EAGAIN : next;
	}
	if (fd < 0)
		return fd;
	move_to(w, fd);
	return 0;
}

static int step_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (w->done[0] == '\0')
		return 0; /* the root is its own parent */
	*(slash ? slash : w->done) = '\0';
	return descend_again(w);
}

static int step_down(struct walk *w, int fd)
{
	size_t len = strlen(w->done), n = strlen(w->name);

	if (len + n + 2 > sizeof(w->done)) {
		close_fd(fd);
		return -ENAMETOOLONG;
	}
	if (len > 0)
		w->done[len++] = '/';
	memcpy(w->done + len, w->name, n + 1);
	move_to(w, fd);
	return 0;
}

/* As RESOLVE_NO_MAGICLINKS: procfs has harmless links only in its root ("self", "mounts"). */
static bool is_magic_link(int dir, int link)
{
	struct statfs sfs;
	struct stat st;

	if (fstatfs(link, &sfs) < 0 || sfs.f_type != PROC_MAGIC)
		return false;
	return fstat(dir, &st) < 0 || st.st_ino != PROC_ROOT_INODE;
}

/* Puts the target of LINK before the rest of the path. */
static int expand_link(struct walk *w, int link)
{
	char target[PATH_MAX];
	int n = rootdir_readlink(link, target, sizeof(target));
	size_t rest = strlen(w->rest);

	if (n < 0)
		return n;
	if (n == 0)
		return -ENOENT;
	if (++w->n_links > MAX_SYMLINKS || is_magic_link(w->fd, link))
		return -ELOOP;
	if ((size_t)n + 1 + rest + 1 > sizeof(w->rest))
		return -ENAMETOOLONG;
	/* a link whose target ends in a slash must lead to a directory, too */
	if (is_last(w) && target[n - 1] == '/')
		w->want_dir = true;
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, target, (size_t)n);
	w->rest[n] = '/';
	if (target[0] != '/')
		return 0;
	w->done[0] = '\0';
	return descend_again(w);
}

/* The mode is exact without a chmod, which could hit what somebody put into the place. Single-threaded by contract. */
int rootdir_mkdirat(int dir, const char *name, mode_t mode)
{
	mode_t old = umask(0);
	int r = mkdirat(dir, name, mode & 07777) < 0 ? -errno : 0;

	umask(old);
	return r;
}

static int make_dir(const struct walk *w)
{
	return rootdir_mkdirat(w->fd, w->name, w->make == MAKE_FILE ? 0755 : w->mode);
}

static int make_file(const struct walk *w)
{
	mode_t old = umask(0);
	int fd = sys_openat(w->fd, w->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
			    w->mode & 07777);

	umask(old);
	close_fd(fd);
	return fd < 0 ? fd : 0;
}

/* O_PATH descriptor of w->name in w->fd, itself if it is a symlink; made when it is missing. */
static int open_component(struct walk *w)
{
	bool file = w->make == MAKE_FILE && is_last(w);
	int fd = open_nofollow(w->fd, w->name, O_PATH);
	int r;

	if (fd != -ENOENT || w->make == MAKE_NOTHING)
		return fd;
	if (file && w->want_dir)
		return -EISDIR;
	r = file ? make_file(w) : make_dir(w);
	/* -EEXIST: another one made it meanwhile; what it is will be seen */
	if (r < 0 && r != -EEXIST)
		return r;
	fd = open_nofollow(w->fd, w->name, O_PATH);
	return fd == -ENOENT ? -EAGAIN : fd;
}

/* One component. 1 = go on, 0 = *RET_FD is the end of the path, in w->fd under w->name. */
static int walk_step(struct walk *w, int *ret_fd)
{
	struct stat st;
	int r;

	if (strcmp(w->name, ".") == 0)
		return 1;
	if (strcmp(w->name, "..") == 0) {
		r = step_up(w);
		return r < 0 ? r : 1;
	}

	auto_fd int fd = open_component(w);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		if (!is_last(w) || !w->nofollow || w->want_dir) {
			r = expand_link(w, fd);
			return r < 0 ? r : 1;
		}
	} else if (S_ISDIR(st.st_mode)) {
		r = step_down(w, TAKE_FD(fd));
		return r < 0 ? r : 1;
	} else if (!is_last(w) || w->want_dir || w->make == MAKE_DIRS) {
		return -ENOTDIR;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/*
 * Walks to the end. *RET_FD is an O_PATH descriptor of what is there, or -EBADF when it is the directory w->fd itself.
 */
static int walk_path(struct walk *w, const char *path, int *ret_fd)
{
	size_t len = strlen(path);
	int r;

	*ret_fd = -EBADF;
	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, path, len + 1);
	w->done[0] = '\0';
	w->n_links = 0;
	w->want_dir = path[len - 1] == '/';
	r = descend_again(w);
	while (r >= 0) {
		r = next_name(w);
		if (r <= 0)
			return r;
		r = walk_step(w, ret_fd);
		if (r == 0)
			return 0;
	}
	return r;
}

/* Opens for real what the walk found. */
static int reopen(const struct walk *w, int found, int flags)
{
	int fd;

	if (found < 0)
		return sys_openat(w->fd, ".", flags & ~O_NOFOLLOW, 0);
	if (flags & O_PATH)
		return flags & O_DIRECTORY ? -ENOTDIR : dup_fd(found);
	fd = open_nofollow(w->fd, w->name, flags);
	/* a symlink where there was none: look again; one that was there is the caller's ELOOP */
	return fd == -ELOOP && !w->nofollow ? -EAGAIN : fd;
}

static int walk_open(const struct rootdir *root, const char *path, int flags, enum make make,
		     mode_t mode)
{
	struct walk w = {
		.root = root->fd,
		.fd = -EBADF,
		.make = make,
		.mode = mode,
		.nofollow = flags & O_NOFOLLOW,
	};
	int r = -EAGAIN;

	for (int i = 0; i < MAX_RETRIES && r == -EAGAIN; i++) {
		auto_fd int found = -EBADF;

		r = walk_path(&w, path, &found);
		if (r >= 0)
			r = reopen(&w, found, flags);
	}
	close_fd(w.fd);
	return r;
}

int rootdir_open(const struct rootdir *root, const char *path, int flags)
{
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		return -EINVAL;
	for (int i = 0; i < MAX_RETRIES; i++) {
		int fd = sys_openat2(root->fd, path, flags, 0,
				     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

		/* EPERM is what older seccomp profiles of an outer container say */
		if (fd == -ENOSYS || fd == -EPERM)
			break;
		if (fd != -EAGAIN)
			return fd;
		/* something was renamed during the look-up, and the kernel can't tell whether ".." stayed inside */
	}
	return walk_open(root, path, flags, MAKE_NOTHING, 0);
}

int rootdir_open_path(const struct rootdir *root, const char *path, unsigned rootdir_flags)
{
	return rootdir_open(root, path,
			    O_PATH | (rootdir_flags & ROOTDIR_NOFOLLOW ? O_NOFOLLOW : 0));
}

/* A directory of which only the last name is missing, in three calls. Any error: the walk knows better. */
static int make_last_dir(const struct rootdir *root, const char *path, mode_t mode)
{
	auto_fd int parent = -EBADF;
	const char *name;

	int r = rootdir_parent(root, path, false, &parent, &name);
	if (r < 0)
		return r;
	r = rootdir_mkdirat(parent, name, mode);
	return r < 0 ? r : open_nofollow(parent, name, O_PATH | O_DIRECTORY);
}

int rootdir_make_missing(const struct rootdir *root, const char *path, bool dir, mode_t mode)
{
	int fd = dir ? make_last_dir(root, path, mode) : -ENOENT;

	if (fd >= 0)
		return fd;
	return dir ? walk_open(root, path, O_PATH | O_DIRECTORY, MAKE_DIRS, mode)
		   : walk_open(root, path, O_PATH, MAKE_FILE, mode);
}

int rootdir_mkdirs(const struct rootdir *root, const char *path, mode_t mode)
{
	int fd = rootdir_open(root, path, O_PATH | O_DIRECTORY);

	return fd == -ENOENT ? rootdir_make_missing(root, path, true, mode) : fd;
}

int rootdir_touch(const struct rootdir *root, const char *path, mode_t mode)
{
	auto_fd int fd = rootdir_open(root, path, O_PATH);
	struct stat st;

	if (fd == -ENOENT)
		fd = rootdir_make_missing(root, path, false, mode);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : TAKE_FD(fd);
}

int rootdir_parent(const struct rootdir *root, const char *path, bool make, int *ret_parent,
		   const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = (size_t)(name - path);
	char dir[PATH_MAX];
	int fd;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (len >= sizeof(dir) || strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (len == 0)
		dir[len++] = '/';
	else
		memcpy(dir, path, len);
	dir[len] = '\0';
	fd = make ? rootdir_mkdirs(root, dir, 0755) : rootdir_open(root, dir, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	*ret_parent = fd;
	*ret_name = name;
	return 0;
}

/* chmod of an O_PATH descriptor of a node (never a symlink); needed where a default ACL cut the mode. */
static int chmod_node(int fd, mode_t mode)
{
	char path[40];
	long r = syscall(452 /* fchmodat2, Linux 6.6 */, fd, "", mode, AT_EMPTY_PATH);

	if (r == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode) < 0 ? -errno : 0;
}

/* Is it still the one that was made? */
static bool is_node(const struct stat *st, mode_t mode, dev_t dev)
{
	bool device = S_ISCHR(mode) || S_ISBLK(mode);

	return (st->st_mode & S_IFMT) == (mode & S_IFMT) && (!device || st->st_rdev == dev);
}

static int own_node(int dir, const char *name, mode_t mode, dev_t dev, uid_t uid, gid_t gid)
{
	struct stat st;

	/* mostly it is as it should be */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_node(&st, mode, dev) &&
	    (st.st_mode & 07777) == (mode & 07777) && (uid == (uid_t)-1 || st.st_uid == uid) &&
	    (gid == (gid_t)-1 || st.st_gid == gid))
		return 0;
	auto_fd int fd = open_nofollow(dir, name, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!is_node(&st, mode, dev))
		return -EEXIST;
	if (((uid != (uid_t)-1 && st.st_uid != uid) || (gid != (gid_t)-1 && st.st_gid != gid)) &&
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (st.st_mode & 07777) == (mode & 07777) ? 0 : chmod_node(fd, mode & 07777);
}

int rootdir_mknodat(int dir, const char *name, mode_t mode, dev_t dev, uid_t uid, gid_t gid)
{
	mode_t type = mode & S_IFMT ? 0 : S_IFREG, old;
	int r;

	if (!*name || strchr(name, '/'))
		return -EINVAL;
	mode |= type; /* as mknod(2) takes it */
	old = umask(0);
	r = mknodat(dir, name, mode, dev) < 0 ? -errno : 0;
	umask(old);
	if (r < 0)
		return r;
	r = own_node(dir, name, mode, dev, uid, gid);
	if (r < 0 && r != -EEXIST)
		unlinkat(dir, name, 0);
	return r;
}

int rootdir_symlinkat(int dir, const char *target, const char *name)
{
	char there[PATH_MAX];
	ssize_t n;

	if (!*name || strchr(name, '/'))
		return -EINVAL;
	if (symlinkat(target, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	n = readlinkat(dir, name, there, sizeof(there));
	return n >= 0 && (size_t)n == strlen(target) && memcmp(there, target, (size_t)n) == 0
		       ? 0
		       : -EEXIST;
}

int rootdir_readlink(int fd, char *buf, size_t size)
{
	ssize_t n = readlinkat(fd, "", buf, size);

	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return (int)n;
}
