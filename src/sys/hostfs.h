/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the host: read whole with a bound, written atomically, directories made and removed. By descriptor of a
 * directory wherever one is at hand (DIRFD may be AT_FDCWD for an absolute path). Return >= 0 or -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/buf.h"

/* Appends the whole file, which must be a regular one; -EFBIG when it is longer than MAX, -EISDIR, -EINVAL for a
 * FIFO, socket or device (never blocks on one). */
int host_read(int dirfd, const char *path, size_t max, struct buf *out);
/* Reads an open descriptor to its end; -EFBIG over MAX. For pseudo files and standard input too. */
int host_read_fd(int fd, size_t max, struct buf *out);
/* A small pseudo file (sysfs, cgroupfs, proc) into BUF, NUL-ended, last newline cut. Length or -errno (-EFBIG: BUF is
 * too small). */
int host_read_small(int dirfd, const char *path, char *buf, size_t size);
int host_read_small_fd(int fd, char *buf, size_t size);
/* One write(2) of the whole text to an existing pseudo file; -EIO on a short write. */
int host_write(int dirfd, const char *path, const char *text);
int host_write_once(int fd, const char *text);
int host_write_fd(int fd, const char *data, size_t len); /* loops over partial writes */
/* Creates or replaces DIRFD/NAME atomically: temporary name in the same directory, rename. SYNC: fsync file and directory. */
int host_replace(int dirfd, const char *name, const char *data, size_t len, mode_t mode, bool sync);
/* The same for a PATH of the caller's cwd (pid files). 1: PATH is no file to be replaced (FIFO, /dev/stdout) and was written to. */
int host_replace_path(const char *path, const char *data, size_t len, mode_t mode);
int host_unlink(int dirfd, const char *name, bool is_dir);
/* mkdir -p; every directory made gets MODE exactly (no umask). */
int host_mkdirs(const char *path, mode_t mode);
int host_mkdirat(int dirfd, const char *name, mode_t mode); /* exact MODE; -EEXIST as it is */
/* getxattr(2). Its length, or -errno. */
int host_getxattr(const char *path, const char *name, void *value, size_t size);
/* O_PATH|O_DIRECTORY or readable directory descriptor. */
int host_opendir(int dirfd, const char *path, bool path_only);
/* Removes everything below DIRFD/NAME, and NAME; never follows symlinks, never crosses into another mount. */
int host_remove_tree(int dirfd, const char *name);
/* Calls FN for each entry but "." and ".."; a negative return ends. DIRFD stays usable. */
int host_list(int dirfd, int (*fn)(void *ctx, const char *name, unsigned char d_type), void *ctx);
/* Absolute path without symlinks; malloc'ed. */
int host_realpath(const char *path, char **ret);
/* Absolute path as text only (cwd put before a relative one, no symlinks resolved); malloc'ed. */
int host_abspath(const char *path, char **ret);
