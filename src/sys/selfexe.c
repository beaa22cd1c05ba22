/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Re-exec from a copy of our binary that nobody can write: a container that gets hold of /proc/PID/exe of a ketch
 * that enters it must not find the host's file there (CVE-2019-5736).
 *
 * Medians of fork → exit here, 0.8 MB static: plain exec 0.76 ms, overlay 1.02 ms, sealed memfd 1.42 ms. So:
 * 1. an overlay of two lower directories and no upper one, never attached anywhere: its super block can't be made
 *    writable by anyone (ovl_reconfigure), and nothing is copied;
 * 2. a memfd sealed against writing (rootless, or no overlay in this kernel);
 * 3. an unlinked O_TMPFILE copy (vm.memfd_noexec=2): can be written once all who run it are gone, which harms nobody.
 *
 * A copy is recognised by what it is, and the same test is put to a fresh copy before it is executed: what would not
 * be recognised afterwards is never executed, so there is no loop.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "sys/raw.h"
#include "sys/selfcopy.h"
#include "sys/selfexe.h"
#include "util/cleanup.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* 6.3 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* 6.3 */
#endif

enum {
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

/* Where descriptor or link LINK of /proc/self leads. Length, or -errno. */
static int link_target(const char *link, char *buf, size_t size)
{
	ssize_t n = readlink(link, buf, size);

	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return (int)n;
}

static bool is_overlay_copy(int fd, const char *path)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned)fs.f_type == OVERLAYFS_SUPER_MAGIC &&
	       (fs.f_flags & SELFCOPY_FLAGS) == SELFCOPY_FLAGS && strrchr(path, '/') == path;
}

/* Whether nobody can change the file FD, whose path by /proc is PATH, to the harm of a later ketch. */
static bool is_protected(int fd, const char *path)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals >= 0)
		return (seals & SEALS) == SEALS;
	/* Without a name no later ketch can be started from it. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0)
		return true;
	return is_overlay_copy(fd, path);
}

/* Puts the test of the next start to a fresh copy. FD becomes the caller's, or is closed. */
static int checked(int fd)
{
	char link[32], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int r = link_target(link, path, sizeof(path));
	if (r >= 0 && is_protected(fd, path))
		return fd;
	close_fd(fd);
	return r < 0 ? r : -ENOTRECOVERABLE;
}

static int overlay_copy(int exe, const char *path)
{
	char changed[PATH_MAX];

	if (strlen(path) >= sizeof(changed))
		return -ENAMETOOLONG;
	strncpy(changed, path, sizeof(changed));
	int fd = selfcopy_overlay(exe, changed, sizeof(changed));
	return fd < 0 ? fd : checked(fd);
}

static int copy_data(int from, int to)
{
	char data[65536];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(from, data, sizeof(data), at);
		if (n == 0)
			return at > 0 ? 0 : -ENODATA;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, data + done, (size_t)(n - done));
			if (w < 0 && errno != EINTR)
				return -errno;
			done += w > 0 ? w : 0;
		}
		at += n;
	}
}

static int memfd_copy(int exe, UNUSED const char *path)
{
	auto_fd int fd = memfd_create("ketch", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ketch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int r = copy_data(exe, fd);
	if (r < 0)
		return r;
	/* Before 6.3 it is unknown, and one unknown seal refuses them all. */
	fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC);
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return checked(TAKE_FD(fd));
}

static int tmpfile_copy_in(const char *dir, int exe)
{
	char link[32];
	struct statfs fs;
	auto_fd int fd = sys_open(dir, O_TMPFILE | O_EXCL | O_RDWR, 0500);

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_flags & ST_NOEXEC)
		return -EACCES;
	int r = copy_data(exe, fd);
	if (r < 0)
		return r;
	/* While one descriptor is open for writing the file is ETXTBSY. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int ro = sys_open(link, O_RDONLY, 0);
	return ro < 0 ? ro : checked(ro);
}

static int tmpfile_copy(int exe, UNUSED const char *path)
{
	static const char *const dirs[] = { "/run", "/tmp", "/var/tmp", "/dev/shm" };
	int r = -ENOENT;

	for (size_t i = 0; i < N_ELEMENTS(dirs); i++) {
		r = tmpfile_copy_in(dirs[i], exe);
		if (r >= 0)
			break;
	}
	return r;
}

static const struct way {
	const char *name;
	int (*copy)(int exe, const char *path);
} ways[] = {
	{ "overlay", overlay_copy },
	{ "memfd", memfd_copy },
	{ "temporary file", tmpfile_copy },
};

/* An emulator may show another file as /proc/self/exe than the one we had it execute. */
static bool copied_before(void)
{
	const char *how = (const char *)getauxval(AT_EXECFN);
	char fd[32];

	snprintf(fd, sizeof(fd), "/dev/fd/%d", SELFCOPY_FD);
	return how && strcmp(how, fd) == 0;
}

static int exec_copy(int copy, char *const argv[])
{
	auto_fd int fd = copy;
	/* A low limit on descriptors costs only the number by which copied_before() knows. */
	auto_fd int high = fcntl(fd, F_DUPFD_CLOEXEC, SELFCOPY_FD);

	return sys_execveat_fd(high >= 0 ? high : fd, argv, environ);
}

int selfexe_protect(char *const argv[], struct err *e)
{
	static const char self[] = "/proc/self/exe";
	char path[PATH_MAX];
	int r = link_target(self, path, sizeof(path));

	if (r < 0) {
		err_sys(e, r, "read the link %s", self);
		return err_hint(e, "/proc must be mounted");
	}
	auto_fd int exe = sys_open(self, O_RDONLY, 0);
	if (exe < 0)
		return err_sys(e, exe, "open %s", self);
	if (is_protected(exe, path))
		return 0;
	if (copied_before())
		return err_set(e, ERR_INTERNAL,
			       "runs from a protected copy of itself, but %s is '%s'", self, path);

	int why[N_ELEMENTS(ways)];
	for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
		why[i] = ways[i].copy(exe, path);
		if (why[i] >= 0)
			why[i] = exec_copy(why[i], argv);
	}
	r = err_set(e, ERR_UNSUPPORTED, "make a protected copy of '%s': %s: %s, %s: %s, %s: %s",
		    path, ways[0].name, strerror(-why[0]), ways[1].name, strerror(-why[1]),
		    ways[2].name, strerror(-why[2]));
	err_hint(e,
		 "one of overlayfs, an executable memfd (vm.memfd_noexec below 2) or a directory "
		 "without noexec is needed");
	return r;
}
