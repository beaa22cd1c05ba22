/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's root file system as a descriptor: the only way ketch touches what is below it. Every look-up
 * is openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS): symlinks are followed inside the root only, whatever a
 * hostile process does to the tree meanwhile (CVE-2021-30465, CVE-2024-45310 and their family).
 * Where openat2 is filtered away, and for making what is missing, a walk by descriptors does the same: one component
 * at a time, O_NOFOLLOW, symlinks expanded by hand, ".." never asked of the kernel.
 * PATH is a path as the container sees it; a leading '/' means the root. All return -errno on failure.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct rootdir {
	int fd; /* O_PATH | O_DIRECTORY */
};

enum rootdir_flags {
	ROOTDIR_NOFOLLOW = 1, /* a symlink as the last component is not followed */
};

/* Opens PATH with FLAGS of open(2) (O_CLOEXEC is added). Not for O_CREAT: -EINVAL. The tree is hostile: what is not
 * O_PATH should be O_NONBLOCK | O_NOCTTY, too, as a FIFO would block and a terminal be acquired. */
int rootdir_open(const struct rootdir *root, const char *path, int flags);
/* O_PATH descriptor of PATH; with ROOTDIR_NOFOLLOW of a symlink itself. */
int rootdir_open_path(const struct rootdir *root, const char *path, unsigned rootdir_flags);
/* Makes all missing directories of PATH with MODE (exactly), walking by descriptors; returns an O_PATH descriptor of the
 * last one. Symlinks on the way are followed inside the root, dangling ones get their target. -ENOTDIR when something else is in the way. */
int rootdir_mkdirs(const struct rootdir *root, const char *path, mode_t mode);
/* Makes the missing parents (mode 0755) and opens (or creates O_EXCL, empty, MODE) a regular file as a mount target; any
 * existing non-directory does (-EISDIR for a directory). A dangling symlink gets its target. Returns an O_PATH
 * descriptor. */
int rootdir_touch(const struct rootdir *root, const char *path, mode_t mode);
/* Both, for a PATH that was just seen to be missing: a look-up less. What somebody else made meanwhile is taken as it is. */
int rootdir_make_missing(const struct rootdir *root, const char *path, bool dir, mode_t mode);
/* A directory in DIR with exactly MODE; -EEXIST as it is. */
int rootdir_mkdirat(int dir, const char *name, mode_t mode);
/* Splits PATH: O_PATH descriptor of its (existing, or with MAKE created 0755) parent directory, *name points into PATH's
 * last component (no slashes). -EINVAL for "/", for a slash at the end and for names "." and "..". */
int rootdir_parent(const struct rootdir *root, const char *path, bool make, int *ret_parent,
		   const char **ret_name);
/* mknod below an already opened directory with exact MODE and owner whatever the umask. -EEXIST when NAME exists.
 * UID or GID -1: as it comes. */
int rootdir_mknodat(int dir, const char *name, mode_t mode, dev_t dev, uid_t uid, gid_t gid);
/* symlink below an already opened directory; an existing identical symlink is success, anything else -EEXIST. */
int rootdir_symlinkat(int dir, const char *target, const char *name);
/* Target of the symlink FD (opened O_PATH|O_NOFOLLOW) into BUF, NUL-ended; length, or -EINVAL for no symlink. */
int rootdir_readlink(int fd, char *buf, size_t size);
