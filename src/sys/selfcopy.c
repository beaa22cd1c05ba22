/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The overlay of our own binary, made without the C library: this file is compiled so that it needs neither TLS nor a
 * relocation nor a function of another file (src/sys/meson.build; tests/lint/symbols.sh), because selfcopy_early()
 * runs before the program has relocated itself.
 */
#include "sys/selfcopy.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/vfs.h>

#include "sys/bare.h"

/* The C library's and the kernel's headers disagree about who declares these; the values are the kernel's ABI. */
enum {
	K_FSOPEN_CLOEXEC = 1,
	K_FSMOUNT_CLOEXEC = 1,
	K_FSCONFIG_SET_STRING = 1,
	K_FSCONFIG_CMD_CREATE = 6,
};

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* PREFIX, N in decimal, SUFFIX. */
static void put_number(char *to, const char *prefix, unsigned n, const char *suffix)
{
	unsigned unit = 1;

	while (*prefix)
		*to++ = *prefix++;
	while (n / unit >= 10)
		unit *= 10;
	for (; unit; unit /= 10)
		*to++ = (char)('0' + n / unit % 10);
	do {
		*to++ = *suffix;
	} while (*suffix++);
}

static bool same_file(int a, int b)
{
	enum { MASK = STATX_BASIC_STATS };
	struct statx x, y;

	/* An overlay has devices of its own, but keeps the inode number of a file that was not copied up. */
	return bare(SYS_statx, a, "", AT_EMPTY_PATH, MASK, &x) == 0 &&
	       bare(SYS_statx, b, "", AT_EMPTY_PATH, MASK, &y) == 0 && x.stx_ino == y.stx_ino &&
	       x.stx_size == y.stx_size && x.stx_mode == y.stx_mode && x.stx_uid == y.stx_uid &&
	       x.stx_mtime.tv_sec == y.stx_mtime.tv_sec &&
	       x.stx_mtime.tv_nsec == y.stx_mtime.tv_nsec;
}

/* A read-only mount of an overlay whose first lower directory is DIR. */
static int overlay_mount(int dir)
{
	char lower[64];
	int fs = (int)bare(SYS_fsopen, "overlay", K_FSOPEN_CLOEXEC);

	if (fs < 0)
		return fs;
	/* By descriptor: no escaping of ':', and fsconfig takes no value of 256 bytes. The second directory only makes
	 * the overlay one without an upper directory; /dev is there, root's, and has no file of our name. */
	put_number(lower, "/proc/self/fd/", (unsigned)dir, ":/dev");
	int r = (int)bare(SYS_fsconfig, fs, K_FSCONFIG_SET_STRING, "lowerdir", lower, 0);
	/* Only spares a line in the kernel's log; unknown before 4.17. */
	if (r >= 0)
		bare(SYS_fsconfig, fs, K_FSCONFIG_SET_STRING, "xino", "off", 0);
	if (r >= 0)
		r = (int)bare(SYS_fsconfig, fs, K_FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (r >= 0)
		r = (int)bare(SYS_fsmount, fs, K_FSMOUNT_CLOEXEC, SELFCOPY_ATTRS);
	bare(SYS_close, fs);
	return r;
}

int selfcopy_overlay(int exe, char *path, size_t size)
{
	size_t slash = 0;

	if (path[0] != '/')
		return -EINVAL;
	for (size_t i = 0; path[i]; i++) {
		if (i + 1 >= size)
			return -ENAMETOOLONG;
		if (path[i] == '/')
			slash = i;
	}
	path[slash] = '\0';
	int dir = (int)bare(SYS_openat, AT_FDCWD, slash ? path : "/",
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return dir;
	int mnt = overlay_mount(dir);
	bare(SYS_close, dir);
	if (mnt < 0)
		return mnt;
	int fd = (int)bare(SYS_openat, mnt, path + slash + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bare(SYS_close, mnt);
	/* Replaced or deleted while we run: then a memfd takes what /proc/self/exe still has. */
	if (fd >= 0 && !same_file(fd, exe)) {
		bare(SYS_close, fd);
		return -ESTALE;
	}
	return fd;
}

#if defined(__x86_64__) && !defined(__ILP32__)
/* Commands with the mark `protect`. It does no harm if another command has such a word among its arguments. */
static bool enters_containers(char *const *argv)
{
	for (argv += *argv != NULL; *argv; argv++) {
		if (equal(*argv, "run") || equal(*argv, "exec") || equal(*argv, "create") ||
		    equal(*argv, "restore"))
			return true;
	}
	return false;
}

/* What selfexe_protect() will ask for when the copy runs. */
static bool is_copy(int fd)
{
	char link[32], path[64];
	struct statfs fs;

	put_number(link, "/proc/self/fd/", (unsigned)fd, "");
	long n = bare(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path));
	if (n < 1 || (size_t)n >= sizeof(path) || path[0] != '/')
		return false;
	while (--n > 0) {
		if (path[n] == '/')
			return false;
	}
	return bare(SYS_fstatfs, fd, &fs) == 0 && (unsigned)fs.f_type == OVERLAYFS_SUPER_MAGIC &&
	       (fs.f_flags & SELFCOPY_FLAGS) == SELFCOPY_FLAGS;
}

/* Whether the kernel executed us by a path, for a caller whose privileges are our own. */
static bool plainly_executed(const Elf64_auxv_t *aux)
{
	for (; aux->a_type != AT_NULL; aux++) {
		if (aux->a_type == AT_SECURE && aux->a_un.a_val)
			return false;
		if (aux->a_type == AT_EXECFN && equal((const char *)aux->a_un.a_val, "/dev/fd/999"))
			return false;
	}
	return true;
}

void selfcopy_early(long *stack)
{
	char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1, **end = envp;
	char path[PATH_MAX];

	while (*end)
		end++;
	if (!enters_containers(argv) || !plainly_executed((const Elf64_auxv_t *)(end + 1)))
		return;
	long n = bare(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof(path));
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	path[n] = '\0';
	int exe = (int)bare(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (exe < 0)
		return;
	int fd = selfcopy_overlay(exe, path, sizeof(path));
	bare(SYS_close, exe);
	if (fd < 0)
		return;
	int high = is_copy(fd) ? (int)bare(SYS_fcntl, fd, F_DUPFD_CLOEXEC, SELFCOPY_FD) : -1;
	if (high == SELFCOPY_FD)
		bare(SYS_execveat, high, "", argv, envp, AT_EMPTY_PATH);
	if (high >= 0)
		bare(SYS_close, high);
	bare(SYS_close, fd);
}
#endif
