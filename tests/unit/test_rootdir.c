/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups below a root, with openat2 and with the walk by descriptors: symlinks stay inside, missing parts are made
 * inside only, also while a hostile process exchanges directories and symlinks (CVE-2021-30465, CVE-2024-45310).
 */
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "sys/raw.h"
#include "sys/rootdir.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "util/cleanup.h"

/* SCRATCH/root is the root, SCRATCH/host is what must not be touched. */
static int make_tree(struct rootdir *root)
{
	int dir = scratch_make();

	CHECK_INT(mkdirat(dir, "host", 0755), 0);
	put_file(dir, "host/secret", "host");
	put_file(dir, "secret", "host");
	CHECK_INT(mkdirat(dir, "root", 0755), 0);
	root->fd = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root->fd >= 0);
	CHECK_INT(mkdirat(root->fd, "etc", 0755), 0);
	CHECK_INT(mkdirat(root->fd, "host", 0755), 0);
	CHECK_INT(mkdirat(root->fd, "a", 0755), 0);
	CHECK_INT(mkdirat(root->fd, "a/b", 0755), 0);
	put_file(root->fd, "etc/f", "inside");
	return dir;
}

static const char *text_of(int fd)
{
	static char text[64];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close_fd(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static const char *read_in(const struct rootdir *root, const char *path)
{
	return text_of(rootdir_open(root, path, O_RDONLY));
}

/* -errno of an open, 0 for success. */
static int try_open(const struct rootdir *root, const char *path, int flags)
{
	int fd = rootdir_open(root, path, flags);

	close_fd(fd);
	return fd < 0 ? fd : 0;
}

static int try_mkdirs(const struct rootdir *root, const char *path, mode_t mode)
{
	int fd = rootdir_mkdirs(root, path, mode);

	close_fd(fd);
	return fd < 0 ? fd : 0;
}

static int try_touch(const struct rootdir *root, const char *path, mode_t mode)
{
	int fd = rootdir_touch(root, path, mode);

	close_fd(fd);
	return fd < 0 ? fd : 0;
}

static void stays_inside(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);

	CHECK_INT(symlinkat("../../../etc", root.fd, "a/up"), 0);
	CHECK_INT(symlinkat("/etc", root.fd, "a/abs"), 0);
	CHECK_INT(symlinkat("../secret", root.fd, "out"), 0);
	CHECK_INT(symlinkat(scratch, root.fd, "scratch"), 0);
	CHECK_STR(read_in(&root, "/etc/f"), "inside");
	CHECK_STR(read_in(&root, "etc//./f"), "inside");
	CHECK_STR(read_in(&root, "/a/up/f"), "inside");
	CHECK_STR(read_in(&root, "/a/abs/f"), "inside");
	CHECK_STR(read_in(&root, "/a/b/../../etc/f"), "inside");
	CHECK_STR(read_in(&root, "/../../../etc/f"), "inside");
	CHECK_STR(read_in(&root, "a/abs/../etc/f"), "inside");
	CHECK_INT(try_open(&root, "/out", O_RDONLY), -ENOENT);
	CHECK_INT(try_open(&root, "../secret", O_RDONLY), -ENOENT);
	CHECK_INT(try_open(&root, "/scratch/secret", O_RDONLY), -ENOENT);
	close(root.fd);
	scratch_remove();
}

static void reports_as_the_kernel_does(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);
	char name[300];

	CHECK_INT(symlinkat("l2", root.fd, "l1"), 0);
	CHECK_INT(symlinkat("l1", root.fd, "l2"), 0);
	CHECK_INT(symlinkat("etc/f", root.fd, "file"), 0);
	CHECK_INT(symlinkat("etc/f/", root.fd, "file-slash"), 0);
	CHECK_INT(symlinkat("etc/", root.fd, "dir-slash"), 0);
	CHECK_INT(try_open(&root, "", O_RDONLY), -ENOENT);
	CHECK_INT(try_open(&root, "/", O_RDONLY | O_DIRECTORY), 0);
	CHECK_INT(try_open(&root, ".", O_PATH), 0);
	CHECK_INT(try_open(&root, "..", O_PATH | O_DIRECTORY), 0);
	CHECK_INT(try_open(&root, "l1", O_RDONLY), -ELOOP);
	CHECK_INT(try_open(&root, "file", O_RDONLY), 0);
	CHECK_INT(try_open(&root, "file", O_RDONLY | O_NOFOLLOW), -ELOOP);
	CHECK_INT(try_open(&root, "file", O_PATH | O_NOFOLLOW), 0);
	CHECK_INT(try_open(&root, "file", O_PATH | O_NOFOLLOW | O_DIRECTORY), -ENOTDIR);
	CHECK_INT(try_open(&root, "file/", O_RDONLY), -ENOTDIR);
	CHECK_INT(try_open(&root, "file-slash", O_RDONLY), -ENOTDIR);
	CHECK_INT(try_open(&root, "dir-slash", O_RDONLY), 0);
	CHECK_INT(try_open(&root, "dir-slash/f", O_RDONLY), 0);
	CHECK_INT(try_open(&root, "dir-slash/", O_RDONLY | O_NOFOLLOW), 0);
	CHECK_INT(try_open(&root, "etc/f/x", O_RDONLY), -ENOTDIR);
	CHECK_INT(try_open(&root, "etc/f/..", O_RDONLY), -ENOTDIR);
	CHECK_INT(try_open(&root, "none/..", O_RDONLY), -ENOENT);
	CHECK_INT(try_open(&root, "etc/f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	CHECK_INT(try_open(&root, "etc/f", O_PATH | O_DIRECTORY), -ENOTDIR);
	CHECK_INT(try_open(&root, "etc", O_WRONLY), -EISDIR);
	CHECK_INT(try_open(&root, "etc/new", O_WRONLY | O_CREAT), -EINVAL);
	CHECK_INT(try_open(&root, "etc", O_TMPFILE | O_WRONLY), -EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK_INT(try_open(&root, name, O_RDONLY), -ENAMETOOLONG);
	close(root.fd);
	scratch_remove();
}

static void limits_symlinks(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);
	char name[16], target[16];

	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(target, sizeof(target), i == 1 ? "etc" : "s%d", i - 1);
		CHECK_INT(symlinkat(target, root.fd, name), 0);
	}
	CHECK_INT(try_open(&root, "s40", O_PATH), 0);
	CHECK_INT(try_open(&root, "s41", O_PATH), -ELOOP);
	CHECK_INT(try_mkdirs(&root, "s41/x", 0755), -ELOOP);
	close(root.fd);
	scratch_remove();
}

static void follows_no_magic_links(void)
{
	struct rootdir root = { .fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) };

	CHECK_INT(try_open(&root, "self/status", O_RDONLY), 0);
	CHECK_INT(try_open(&root, "mounts", O_RDONLY), 0);
	CHECK_INT(try_open(&root, "self/exe", O_RDONLY), -ELOOP);
	CHECK_INT(try_open(&root, "self/root/etc", O_PATH), -ELOOP);
	CHECK_INT(try_open(&root, "self/cwd", O_PATH | O_NOFOLLOW), 0);
	CHECK_INT(try_mkdirs(&root, "self/cwd/x", 0755), -ELOOP);
	CHECK_INT(try_touch(&root, "self/root/tmp/x", 0755), -ELOOP);
	close(root.fd);
}

static void opens_paths(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);
	char text[32];
	struct stat st;

	CHECK_INT(symlinkat("etc/f", root.fd, "link"), 0);
	auto_fd int link = rootdir_open_path(&root, "/link", ROOTDIR_NOFOLLOW);
	auto_fd int file = rootdir_open_path(&root, "/link", 0);
	CHECK(fstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(fstat(file, &st) == 0 && S_ISREG(st.st_mode));
	CHECK(fcntl(file, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(rootdir_readlink(link, text, sizeof(text)), 5);
	CHECK_STR(text, "etc/f");
	CHECK_INT(rootdir_readlink(link, text, 5), -ENAMETOOLONG);
	CHECK_INT(rootdir_readlink(file, text, sizeof(text)), -EINVAL);
	close(root.fd);
	scratch_remove();
}

static void makes_directories(void)
{
	struct rootdir root;
	auto_fd int dir = make_tree(&root);
	mode_t old = umask(077);

	CHECK_INT(symlinkat("../../../run/inner", root.fd, "a/dangling"), 0);
	CHECK_INT(symlinkat("self", root.fd, "self"), 0);
	CHECK_INT(symlinkat("/host", root.fd, "h"), 0);
	CHECK_INT(try_mkdirs(&root, "/x/y//z/", 0751), 0);
	CHECK_INT(mode_at(root.fd, "x/y/z"), S_IFDIR | 0751);
	CHECK_INT(try_mkdirs(&root, "/x/y", 0700), 0);
	CHECK_INT(mode_at(root.fd, "x/y"), S_IFDIR | 0751);
	CHECK_INT(try_mkdirs(&root, "/", 0700), 0);
	/* a dangling symlink gets its target, inside */
	CHECK_INT(try_mkdirs(&root, "/a/dangling/sub", 0755), 0);
	CHECK_INT(mode_at(root.fd, "run/inner/sub"), S_IFDIR | 0755);
	CHECK_INT(try_mkdirs(&root, "h/new", 0755), 0);
	CHECK_INT(mode_at(root.fd, "host/new"), S_IFDIR | 0755);
	CHECK_INT(try_mkdirs(&root, "../../up", 0755), 0);
	CHECK_INT(mode_at(root.fd, "up"), S_IFDIR | 0755);
	CHECK_INT(try_mkdirs(&root, "p/q/../r", 0755), 0);
	CHECK_INT(mode_at(root.fd, "p/r"), S_IFDIR | 0755);
	CHECK_INT(try_mkdirs(&root, "self/x", 0755), -ELOOP);
	CHECK_INT(try_mkdirs(&root, "etc/f", 0755), -ENOTDIR);
	CHECK_INT(try_mkdirs(&root, "etc/f/x", 0755), -ENOTDIR);
	CHECK_INT(try_mkdirs(&root, "", 0755), -ENOENT);
	CHECK_INT(n_entries(dir, "host"), 1);
	CHECK_INT(n_entries(dir, "."), 3);
	umask(old);
	close(root.fd);
	scratch_remove();
}

static void makes_files(void)
{
	struct rootdir root;
	auto_fd int dir = make_tree(&root);
	mode_t old = umask(077);

	CHECK_INT(symlinkat("../../run/resolv.conf", root.fd, "etc/resolv.conf"), 0);
	CHECK_INT(try_touch(&root, "/n/m/file", 0644), 0);
	CHECK_INT(mode_at(root.fd, "n/m/file"), S_IFREG | 0644);
	CHECK_INT(mode_at(root.fd, "n/m"), S_IFDIR | 0755);
	CHECK_INT(try_touch(&root, "/etc/resolv.conf", 0644), 0);
	CHECK_INT(mode_at(root.fd, "run/resolv.conf"), S_IFREG | 0644);
	CHECK_INT(try_touch(&root, "/etc/f", 0600), 0);
	CHECK_INT(mode_at(root.fd, "etc/f"), S_IFREG | 0644);
	CHECK_STR(read_in(&root, "etc/f"), "inside");
	CHECK_INT(mkfifoat(root.fd, "fifo", 0600), 0);
	CHECK_INT(try_touch(&root, "/fifo", 0600), 0);
	CHECK_INT(try_touch(&root, "/etc", 0600), -EISDIR);
	CHECK_INT(try_touch(&root, "/", 0600), -EISDIR);
	CHECK_INT(try_touch(&root, "/none/", 0600), -EISDIR);
	CHECK_INT(try_touch(&root, "/etc/f/x", 0600), -ENOTDIR);
	CHECK_INT(n_entries(dir, "host"), 1);
	umask(old);
	close(root.fd);
	scratch_remove();
}

static void splits_parents(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);
	const char *name = NULL;
	int parent = -1;

	CHECK_INT(rootdir_parent(&root, "/a/b", false, &parent, &name), 0);
	CHECK_STR(name, "b");
	CHECK_INT(mode_at(parent, "b"), S_IFDIR | 0755);
	close(parent);
	CHECK_INT(rootdir_parent(&root, "etc", false, &parent, &name), 0);
	CHECK_STR(name, "etc");
	close(parent);
	CHECK_INT(rootdir_parent(&root, "/new/dir/x", false, &parent, &name), -ENOENT);
	CHECK_INT(rootdir_parent(&root, "/new/dir/x", true, &parent, &name), 0);
	CHECK_STR(name, "x");
	CHECK_INT(mode_at(root.fd, "new/dir"), S_IFDIR | 0755);
	close(parent);
	CHECK_INT(rootdir_parent(&root, "/", true, &parent, &name), -EINVAL);
	CHECK_INT(rootdir_parent(&root, "", true, &parent, &name), -EINVAL);
	CHECK_INT(rootdir_parent(&root, "a/", true, &parent, &name), -EINVAL);
	CHECK_INT(rootdir_parent(&root, "a/..", true, &parent, &name), -EINVAL);
	CHECK_INT(rootdir_parent(&root, ".", true, &parent, &name), -EINVAL);
	CHECK_INT(rootdir_parent(&root, "etc/f/x", true, &parent, &name), -ENOTDIR);
	close(root.fd);
	scratch_remove();
}

static void makes_nodes(void)
{
	struct rootdir root;
	UNUSED auto_fd int dir = make_tree(&root);
	mode_t old = umask(077);
	struct stat st;

	CHECK_INT(rootdir_mknodat(root.fd, "fifo", S_IFIFO | 0666, 0, getuid(), getgid()), 0);
	CHECK_INT(mode_at(root.fd, "fifo"), S_IFIFO | 0666);
	CHECK_INT(rootdir_mknodat(root.fd, "fifo", S_IFIFO | 0666, 0, getuid(), getgid()), -EEXIST);
	CHECK_INT(rootdir_mknodat(root.fd, "a/x", S_IFIFO | 0666, 0, 0, 0), -EINVAL);
	if (rootdir_mknodat(root.fd, "null", S_IFCHR | 0666, makedev(1, 3), 5, 6) == 0) {
		CHECK(fstatat(root.fd, "null", &st, 0) == 0 && st.st_uid == 5 && st.st_gid == 6);
		CHECK_INT(st.st_mode, S_IFCHR | 0666);
		CHECK(st.st_rdev == makedev(1, 3));
	} else {
		printf("# no device nodes here\n");
	}
	CHECK_INT(rootdir_symlinkat(root.fd, "/proc/self/fd", "fd"), 0);
	CHECK_INT(rootdir_symlinkat(root.fd, "/proc/self/fd", "fd"), 0);
	CHECK_INT(rootdir_symlinkat(root.fd, "/proc/self/f", "fd"), -EEXIST);
	CHECK_INT(rootdir_symlinkat(root.fd, "/proc/self/fd/0", "fd"), -EEXIST);
	CHECK_INT(rootdir_symlinkat(root.fd, "x", "etc"), -EEXIST);
	CHECK_INT(rootdir_symlinkat(root.fd, "x", "a/b/c"), -EINVAL);
	umask(old);
	close(root.fd);
	scratch_remove();
}

/* Exchanges the directory "swap" and a symlink to the host's, and moves "a/b" out of the root and back, for ever. */
static void attack(int dir)
{
	for (;;) {
		syscall(SYS_renameat2, dir, "root/swap", dir, "root/link", 2 /* RENAME_EXCHANGE */);
		renameat(dir, "root/a/b", dir, "moved");
		renameat(dir, "moved", dir, "root/a/b");
	}
}

static void withstands_races(void)
{
	struct rootdir root;
	auto_fd int dir = make_tree(&root);
	struct timespec begin, now;
	char path[64], out[96];
	unsigned n = 0, won = 0;
	pid_t pid;

	CHECK_INT(mkdirat(root.fd, "swap", 0755), 0);
	snprintf(out, sizeof(out), "%s/host", scratch);
	CHECK_INT(symlinkat(out, root.fd, "link"), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		attack(dir);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		snprintf(path, sizeof(path), "/swap/d%u/e", n);
		won += try_mkdirs(&root, path, 0755) == 0;
		snprintf(path, sizeof(path), "/swap/f%u", n);
		won += try_touch(&root, path, 0644) == 0;
		CHECK(try_open(&root, "/swap/secret", O_RDONLY) != 0);
		/* ".." of a directory that is outside by now */
		CHECK(try_open(&root, "/a/b/../secret", O_RDONLY) != 0);
		won += try_touch(&root, "/a/b/../made", 0644) == 0;
		unlinkat(root.fd, "a/made", 0);
		n++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec + (now.tv_nsec - begin.tv_nsec) / 1e9 < 0.4);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(won > 0);
	CHECK_INT(n_entries(dir, "host"), 1);
	CHECK_INT(mode_at(dir, "made"), 0);
	close(root.fd);
	scratch_remove();
}

static void without_openat2(void)
{
	sys_pretend_lacking(SYS_LACKS_OPENAT2);
}

static int fds_at_start;

static void leaks_no_descriptors(void)
{
	CHECK_INT(n_open_fds(), fds_at_start);
}

#define ALL(how)                                                                                   \
	{ "stays inside" how, stays_inside },                                                      \
		{ "reports as the kernel does" how, reports_as_the_kernel_does },                  \
		{ "limits symlinks" how, limits_symlinks },                                        \
		{ "follows no magic links" how, follows_no_magic_links },                          \
		{ "opens paths" how, opens_paths },                                                \
		{ "makes directories" how, makes_directories },                                    \
		{ "makes files" how, makes_files }, { "splits parents" how, splits_parents },      \
		{ "makes nodes and symlinks" how, makes_nodes },                                   \
		{ "withstands races" how, withstands_races },                                      \
	{                                                                                          \
		"leaks no descriptors" how, leaks_no_descriptors                                   \
	}

static const struct test tests[] = {
	ALL(""),
	{ "without openat2:", without_openat2 },
	ALL(", without openat2"),
};

int main(void)
{
	fds_at_start = n_open_fds();
	return tap_run(tests, N_ELEMENTS(tests));
}
