/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host files: bounds, special files, exact modes, nothing left after a failure, symlinks and mounts when removing. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "sys/hostfs.h"
#include "sys/raw.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

static void reads_with_a_bound(void)
{
	auto_fd int dir = scratch_make();
	auto_buf struct buf b = { 0 };

	put_file(dir, "f", "0123456789");
	CHECK_INT(host_read(dir, "f", 10, &b), 0);
	CHECK_STR(buf_str(&b), "0123456789");
	CHECK_INT(host_read(dir, "f", 9, &b), -EFBIG);
	CHECK_STR(buf_str(&b), "0123456789");
	CHECK_INT(host_read(dir, "f", 10, &b), 0);
	CHECK_STR(buf_str(&b), "01234567890123456789");
	put_file(dir, "empty", "");
	buf_reset(&b);
	CHECK_INT(host_read(dir, "empty", 0, &b), 0);
	CHECK_STR(buf_str(&b), "");
	CHECK_INT(host_read(dir, "none", 10, &b), -ENOENT);
	/* size 0 in stat, content all the same; the bound holds there too */
	CHECK_INT(host_read(AT_FDCWD, "/proc/self/status", 65536, &b), 0);
	CHECK(b.len > 100);
	buf_reset(&b);
	CHECK_INT(host_read(AT_FDCWD, "/proc/self/status", 100, &b), -EFBIG);
	CHECK_INT(b.len, 0);
	scratch_remove();
}

static void reads_a_big_file(void)
{
	auto_fd int dir = scratch_make();
	auto_buf struct buf b = { 0 }, got = { 0 };

	for (int i = 0; i < 100000; i++)
		buf_addf(&b, "%d\n", i);
	CHECK_INT(host_replace(dir, "big", b.p, b.len, 0600, false), 0);
	CHECK_INT(host_read(dir, "big", b.len, &got), 0);
	CHECK_INT(got.len, b.len);
	CHECK(memcmp(got.p, b.p, b.len) == 0);
	buf_reset(&got);
	CHECK_INT(host_read(dir, "big", b.len - 1, &got), -EFBIG);
	scratch_remove();
}

static void refuses_special_files(void)
{
	auto_fd int dir = scratch_make();
	auto_buf struct buf b = { 0 };

	CHECK_INT(mkfifoat(dir, "fifo", 0600), 0);
	CHECK_INT(host_read(dir, "fifo", 10, &b), -EINVAL); /* and does not wait for a writer */
	CHECK_INT(host_read(dir, ".", 10, &b), -EISDIR);
	CHECK_INT(host_read(AT_FDCWD, "/dev/zero", 10, &b), -EINVAL);
	scratch_remove();
}

static void reads_descriptors(void)
{
	auto_buf struct buf b = { 0 };
	int p[2], status;
	pid_t pid;

	/* non-blocking, and the text comes late */
	CHECK_INT(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		usleep(20000);
		_exit(host_write_fd(p[1], "late", 4) < 0);
	}
	close(p[1]);
	CHECK_INT(host_read_fd(p[0], 4, &b), 0);
	CHECK_STR(buf_str(&b), "late");
	close(p[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_INT(host_read_fd(-1, 4, &b), -EBADF);
	CHECK_STR(buf_str(&b), "late");
}

static void reads_small_files(void)
{
	auto_fd int dir = scratch_make();
	char text[8];

	put_file(dir, "f", "1234567\n");
	CHECK_INT(host_read_small(dir, "f", text, sizeof(text)), -EFBIG);
	put_file(dir, "f", "123456\n");
	CHECK_INT(host_read_small(dir, "f", text, sizeof(text)), 6);
	CHECK_STR(text, "123456");
	put_file(dir, "f", "a\n\n");
	CHECK_INT(host_read_small(dir, "f", text, sizeof(text)), 2);
	CHECK_STR(text, "a\n");
	put_file(dir, "f", "");
	CHECK_INT(host_read_small(dir, "f", text, sizeof(text)), 0);
	CHECK_STR(text, "");
	CHECK_INT(host_read_small(dir, "g", text, sizeof(text)), -ENOENT);
	scratch_remove();
}

static void writes_existing_files_only(void)
{
	auto_fd int dir = scratch_make();

	CHECK_INT(host_write(dir, "f", "x"), -ENOENT);
	CHECK_INT(n_entries(dir, "."), 0);
	put_file(dir, "f", "long");
	CHECK_INT(host_write(dir, "f", "x"), 0);
	CHECK_STR(get_file(dir, "f"), "xong");
	CHECK_INT(host_write(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
	scratch_remove();
}

static void replaces_atomically(void)
{
	auto_fd int dir = scratch_make();
	mode_t old = umask(077);

	CHECK_INT(host_replace(dir, "f", "one", 3, 0644, true), 0);
	CHECK_STR(get_file(dir, "f"), "one");
	CHECK_INT(mode_at(dir, "f"), S_IFREG | 0644);
	CHECK_INT(host_replace(dir, "f", "", 0, 0600, false), 0);
	CHECK_STR(get_file(dir, "f"), "");
	CHECK_INT(mode_at(dir, "f"), S_IFREG | 0600);
	CHECK_INT(host_replace(dir, "a/b", "", 0, 0600, false), -EINVAL);
	CHECK_INT(host_replace(dir, "", "", 0, 0600, false), -EINVAL);
	/* a failure leaves no temporary file */
	CHECK_INT(mkdirat(dir, "d", 0700), 0);
	CHECK_INT(host_replace(dir, "d", "x", 1, 0600, false), -EISDIR);
	CHECK_INT(n_entries(dir, "."), 2);
	umask(old);
	scratch_remove();
}

static void replaces_by_path(void)
{
	auto_fd int dir = scratch_make();
	char path[128], text[8] = "";
	struct stat st;

	snprintf(path, sizeof(path), "%s/pid", scratch);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), 0);
	CHECK_STR(get_file(dir, "pid"), "12");
	snprintf(path, sizeof(path), "%s/none/pid", scratch);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), -ENOENT);
	CHECK_INT(host_replace_path(scratch, "12", 2, 0644), -EISDIR);
	CHECK_INT(host_replace_path("/tmp/", "12", 2, 0644), -EISDIR);
	CHECK_INT(host_replace_path("", "12", 2, 0644), -ENOENT);

	/* what is no file stays what it is */
	CHECK_INT(symlinkat("/dev/null", dir, "null"), 0);
	snprintf(path, sizeof(path), "%s/null", scratch);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), 1);
	CHECK(S_ISLNK(mode_at(dir, "null")));
	auto_fd int file = openat(dir, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	snprintf(text, sizeof(text), "%d", file);
	snprintf(path, sizeof(path), "/proc/self/fd/%s", text);
	CHECK_INT(symlinkat(path, dir, "stdout"), 0);
	snprintf(path, sizeof(path), "%s/stdout", scratch);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), 1);
	CHECK(S_ISLNK(mode_at(dir, "stdout")));
	CHECK_STR(get_file(dir, "out"), "12");
	CHECK_INT(mkfifoat(dir, "fifo", 0600), 0);
	snprintf(path, sizeof(path), "%s/fifo", scratch);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), -ENXIO);
	auto_fd int reader = openat(dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK_INT(host_replace_path(path, "12", 2, 0644), 1);
	CHECK_INT(read(reader, text, sizeof(text)), 2);
	CHECK(fstatat(dir, "fifo", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	scratch_remove();
}

static void makes_directories(void)
{
	auto_fd int dir = scratch_make();
	mode_t old = umask(077);
	char path[128];

	snprintf(path, sizeof(path), "%s//a/./b/../c//", scratch);
	CHECK_INT(host_mkdirs(path, 0711), 0);
	CHECK_INT(mode_at(dir, "a"), S_IFDIR | 0711);
	CHECK_INT(mode_at(dir, "a/c"), S_IFDIR | 0711);
	CHECK_INT(host_mkdirs(path, 0755), 0);
	CHECK_INT(mode_at(dir, "a/c"), S_IFDIR | 0711);
	put_file(dir, "f", "");
	snprintf(path, sizeof(path), "%s/f/x", scratch);
	CHECK_INT(host_mkdirs(path, 0755), -ENOTDIR);
	snprintf(path, sizeof(path), "%s/f", scratch);
	CHECK_INT(host_mkdirs(path, 0755), -ENOTDIR);
	CHECK_INT(symlinkat("nowhere", dir, "dangling"), 0);
	snprintf(path, sizeof(path), "%s/dangling/x", scratch);
	CHECK_INT(host_mkdirs(path, 0755), -ENOENT);
	CHECK_INT(host_mkdirs("", 0755), -ENOENT);
	CHECK_INT(host_mkdirs("/", 0755), 0);
	CHECK_INT(host_mkdirat(dir, "m", 01777), 0);
	CHECK_INT(mode_at(dir, "m"), S_IFDIR | 01777);
	CHECK_INT(host_mkdirat(dir, "m", 0700), -EEXIST);
	umask(old);
	scratch_remove();
}

static void removes_trees(void)
{
	auto_fd int dir = scratch_make();
	char name[32];

	CHECK_INT(mkdirat(dir, "keep", 0700), 0);
	put_file(dir, "keep/file", "x");
	CHECK_INT(mkdirat(dir, "t", 0700), 0);
	CHECK_INT(mkdirat(dir, "t/sub", 0700), 0);
	CHECK_INT(symlinkat("../keep", dir, "t/link"), 0);
	CHECK_INT(symlinkat("../../keep", dir, "t/sub/link"), 0);
	CHECK_INT(mkfifoat(dir, "t/fifo", 0600), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t/sub/%d", i);
		put_file(dir, name, "");
	}
	CHECK_INT(host_remove_tree(dir, "t"), 0);
	CHECK_INT(mode_at(dir, "t"), 0);
	CHECK_STR(get_file(dir, "keep/file"), "x");

	CHECK_INT(symlinkat("keep", dir, "link"), 0);
	CHECK_INT(host_remove_tree(dir, "link"), 0);
	CHECK_STR(get_file(dir, "keep/file"), "x");
	CHECK_INT(host_remove_tree(dir, "link"), -ENOENT);
	CHECK_INT(host_remove_tree(dir, ".."), -EINVAL);
	CHECK_INT(host_remove_tree(dir, "."), -EINVAL);
	CHECK_INT(host_remove_tree(dir, ""), -EINVAL);
	CHECK_INT(host_remove_tree(dir, "keep/file"), -EINVAL);
	scratch_remove();
}

static void removes_no_bottomless_tree(void)
{
	auto_fd int dir = scratch_make();
	auto_fd int at = dup(dir);

	for (int i = 0; i < 80; i++) {
		CHECK_INT(mkdirat(at, "d", 0700), 0);
		int next = openat(at, "d", O_PATH | O_CLOEXEC);
		close(at);
		at = next;
	}
	CHECK_INT(host_remove_tree(dir, "d"), -ELOOP);
	scratch_remove();
}

/* In a child with its own mounts; 0 = as it should be, 77 = not allowed to mount here. */
static int remove_across_mount(int dir)
{
	char from[96], to[96];

	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	snprintf(from, sizeof(from), "%s/keep", scratch);
	snprintf(to, sizeof(to), "%s/t/sub", scratch);
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return 77;
	/* DIR is on the mount of the parent's namespace */
	auto_fd int here = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)dir;
	if (host_remove_tree(here, "t") != -EXDEV)
		return 1;
	sys_pretend_lacking(SYS_LACKS_OPENAT2);
	if (host_remove_tree(here, "t") != -EXDEV)
		return 2;
	return get_file(here, "keep/file") ? 0 : 3;
}

static void removes_no_mounts(void)
{
	auto_fd int dir = scratch_make();
	int status = 0;
	pid_t pid;

	CHECK_INT(mkdirat(dir, "keep", 0700), 0);
	put_file(dir, "keep/file", "x");
	CHECK_INT(mkdirat(dir, "t", 0700), 0);
	CHECK_INT(mkdirat(dir, "t/sub", 0700), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(remove_across_mount(dir));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: may not mount here\n");
	else
		CHECK_INT(status, 0);
	CHECK_STR(get_file(dir, "keep/file"), "x");
	scratch_remove();
}

static int count_entry(void *ctx, const char *name, unsigned char d_type)
{
	(void)d_type;
	if (strcmp(name, "stop") == 0)
		return -ECANCELED;
	++*(int *)ctx;
	return 0;
}

static void lists_entries(void)
{
	auto_fd int dir = scratch_make();
	char name[32];
	int n = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "entry-%d", i);
		put_file(dir, name, "");
	}
	CHECK_INT(host_list(dir, count_entry, &n), 0);
	CHECK_INT(n, 300);
	CHECK_INT(host_list(dir, count_entry, &n), 0);
	CHECK_INT(n, 600);
	put_file(dir, "stop", "");
	CHECK_INT(host_list(dir, count_entry, &n), -ECANCELED);
	scratch_remove();
}

static void makes_absolute_paths(void)
{
	auto_fd int dir = scratch_make();
	char want[128];
	char *p = NULL;

	CHECK_INT(host_abspath("/a//b/./c/../d/", &p), 0);
	CHECK_STR(p, "/a/b/c/../d");
	free(p);
	CHECK_INT(host_abspath("//", &p), 0);
	CHECK_STR(p, "/");
	free(p);
	CHECK_INT(host_abspath("", &p), -ENOENT);
	CHECK_INT(chdir(scratch), 0);
	snprintf(want, sizeof(want), "%s/x", scratch);
	CHECK_INT(host_abspath("./x", &p), 0);
	CHECK_STR(p, want);
	free(p);
	CHECK_INT(host_abspath(".", &p), 0);
	CHECK_STR(p, scratch);
	free(p);
	CHECK_INT(symlinkat(".", dir, "me"), 0);
	CHECK_INT(host_realpath("me/me", &p), 0);
	CHECK_STR(p, scratch);
	free(p);
	CHECK_INT(host_realpath("none", &p), -ENOENT);
	scratch_remove();
	/* a working directory that is gone */
	CHECK_INT(host_abspath("x", &p), -ENOENT);
	CHECK_INT(chdir("/"), 0);
	CHECK_INT(host_abspath("x", &p), 0);
	CHECK_STR(p, "/x");
	free(p);
}

static int fds_at_start;

static void leaks_no_descriptors(void)
{
	CHECK_INT(n_open_fds(), fds_at_start);
}

static const struct test tests[] = {
	{ "reads with a bound", reads_with_a_bound },
	{ "reads a big file", reads_a_big_file },
	{ "refuses special files", refuses_special_files },
	{ "reads descriptors", reads_descriptors },
	{ "reads small files", reads_small_files },
	{ "writes existing files only", writes_existing_files_only },
	{ "replaces atomically", replaces_atomically },
	{ "replaces by path", replaces_by_path },
	{ "makes directories", makes_directories },
	{ "removes trees", removes_trees },
	{ "removes no bottomless tree", removes_no_bottomless_tree },
	{ "removes no mounts", removes_no_mounts },
	{ "lists entries", lists_entries },
	{ "makes absolute paths", makes_absolute_paths },
	{ "leaks no descriptors", leaks_no_descriptors },
};

int main(void)
{
	fds_at_start = n_open_fds();
	return tap_run(tests, N_ELEMENTS(tests));
}
