/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls with a fall-back, tried both ways: clone3, close_range; what pidfds and fsopen contexts tell. */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "sys/raw.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "util/cleanup.h"

enum { CLOSE = 0, CLOEXEC = 4 };

static void clones(void)
{
	int pidfd = -EBADF, status = 0;
	pid_t pid = sys_clone3(0, SIGCHLD, -1, &pidfd);

	if (pid == 0)
		_exit(7);
	CHECK(pid > 0);
	CHECK(pidfd >= 0 && fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(sys_pidfd_getpid(pidfd), pid);
	CHECK_INT(sys_pidfd_send_signal(pidfd, 0), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), 7);
	CHECK_INT(sys_pidfd_getpid(pidfd), -ESRCH);
	CHECK_INT(sys_pidfd_send_signal(pidfd, 0), -ESRCH);
	close_fd(pidfd);
	CHECK_INT(sys_pidfd_getpid(0), -EBADF);
	pid = sys_clone3(0, SIGCHLD, -1, NULL);
	if (pid == 0)
		_exit(0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(sys_clone3(0, SIGCHLD, 0, NULL) < 0); /* not a cgroup */
	CHECK(sys_clone3(CLONE_THREAD, 0, -1, NULL) < 0);
}

/* In a child, as all the descriptors above the standard ones go. Returns what is open afterwards. */
static int close_in_child(unsigned first, unsigned last, unsigned flags)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int r, n = 0;

		for (int fd = 100; fd < 400; fd++)
			close(fd); /* what we have inherited */
		for (int fd = 100; fd < 400; fd += 3)
			dup2(0, fd);
		r = sys_close_range(first, last, flags);
		for (int fd = 100; fd < 400; fd++) {
			int f = fcntl(fd, F_GETFD);

			n += f >= 0 && !(f & FD_CLOEXEC);
		}
		_exit(r < 0 ? 254 : n);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void closes_ranges(void)
{
	CHECK_INT(close_in_child(3, ~0U, CLOSE), 0);
	CHECK_INT(close_in_child(3, ~0U, CLOEXEC), 0);
	CHECK_INT(close_in_child(103, 106, CLOSE), 98);
	CHECK_INT(close_in_child(101, 399, CLOEXEC), 1);
	CHECK_INT(close_in_child(3, 99, CLOSE), 100);
	CHECK_INT(sys_close_range(5, 4, CLOSE), -EINVAL);
}

static void opens_with_openat2(void)
{
	auto_fd int fd = sys_openat2(AT_FDCWD, "/dev", O_RDONLY | O_DIRECTORY, 0755, 0);

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(sys_openat2(AT_FDCWD, "/dev/none", O_RDONLY, 0, 0), -ENOENT);
	CHECK_INT(sys_open("/dev/none", O_RDONLY, 0), -ENOENT);
}

static void tells_why_a_mount_failed(void)
{
	auto_fd int fs = sys_fsopen("tmpfs");
	char text[128] = "x", tiny[8];

	if (fs < 0) {
		CHECK_INT(fs, -EPERM);
		printf("# skipped: may not mount here\n");
		return;
	}
	sys_fs_message(fs, text, sizeof(text));
	CHECK_STR(text, "");
	CHECK(sys_fsconfig_string(fs, "no-such-option", "1") < 0);
	sys_fs_message(fs, text, sizeof(text));
	CHECK(strstr(text, "no-such-option") && !strchr(text, '\n'));
	for (int i = 0; i < 12; i++)
		CHECK(sys_fsconfig_string(fs, i == 11 ? "last" : "other", "1") < 0);
	sys_fs_message(fs, text, sizeof(text));
	CHECK(strstr(text, "last") != NULL);
	CHECK(sys_fsconfig_flag(fs, "no-such-option") < 0);
	sys_fs_message(fs, tiny, sizeof(tiny));
	CHECK(strlen(tiny) < sizeof(tiny));
}

static void checks_programs(void)
{
	mode_t mode = 0;

	CHECK_INT(sys_access_exec("/bin/sh"), 0);
	CHECK_INT(sys_access_exec("/etc/passwd"), -EACCES);
	CHECK_INT(sys_access_exec("/none"), -ENOENT);
	CHECK_INT(sys_stat_mode("/bin/sh", &mode), 0);
	CHECK(S_ISREG(mode));
	CHECK_INT(sys_stat_mode("/none", &mode), -ENOENT);
	CHECK_INT(sys_execve("/none", (char *[]){ NULL }, (char *[]){ NULL }), -ENOENT);
	CHECK_INT(sys_execveat_fd(-1, (char *[]){ NULL }, (char *[]){ NULL }), -EBADF);
}

/* In a child with its own mounts: the way a step mounts below a rootfs. */
static int mount_by_descriptors(void)
{
	int proc = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char cwd[64], source[16];
	uint64_t id[3];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	int dir = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int a = openat(dir, "a", O_PATH | O_CLOEXEC), b = openat(dir, "b", O_PATH | O_CLOEXEC);

	/* mount(2) on a descriptor, the working directory as before */
	if (chdir(scratch) < 0 ||
	    sys_mount_on_fd(proc, a, "none", "tmpfs", MS_NOSUID, "size=64k") < 0)
		return 1;
	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, scratch) != 0)
		return 2;
	int top = openat(dir, "a", O_PATH | O_CLOEXEC);
	put_file(top, "inside", "tmpfs");
	if (sys_mount_id(a, &id[0]) < 0 || sys_mount_id(top, &id[1]) < 0 || id[0] == id[1])
		return 3;
	snprintf(source, sizeof(source), "%d", top);
	if (sys_mount_on_fd(proc, b, source, NULL, MS_BIND, NULL) < 0 || !get_file(dir, "b/inside"))
		return 4;
	if (sys_umount_detach("b") < 0 || get_file(dir, "b/inside") ||
	    sys_umount_detach("link") >= 0)
		return 5;

	/* the new mount API: a detached copy, made read-only before anybody sees it */
	int copy = sys_open_tree_clone(top, true);
	if (copy < 0 || !(fcntl(copy, F_GETFD) & FD_CLOEXEC))
		return 6;
	if (sys_mount_setattr(copy, true, 1 /* RDONLY */, 0, MS_PRIVATE, -1) < 0 ||
	    sys_move_mount(copy, b) < 0)
		return 7;
	if (!get_file(dir, "b/inside") || openat(dir, "b/new", O_WRONLY | O_CREAT, 0600) >= 0 ||
	    errno != EROFS)
		return 8;
	int fs = sys_fsopen("tmpfs");
	if (fs < 0 || sys_fsconfig_string(fs, "size", "64k") < 0 || sys_fsconfig_create(fs) < 0)
		return 9;
	int mnt = sys_fsmount(fs, 0x2 /* NOSUID */);
	if (mnt < 0 || sys_move_mount(mnt, a) < 0 || sys_mount_id(mnt, &id[2]) < 0 ||
	    id[2] == id[1])
		return 10;
	return 0;
}

static void mounts_by_descriptors(void)
{
	auto_fd int dir = scratch_make();
	int status = 0;
	pid_t pid;

	CHECK_INT(mkdirat(dir, "a", 0700), 0);
	CHECK_INT(mkdirat(dir, "b", 0700), 0);
	CHECK_INT(symlinkat("a", dir, "link"), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(mount_by_descriptors());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: may not mount here\n");
	else
		CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : status, 0);
	scratch_remove();
}

static void without_newer_calls(void)
{
	sys_pretend_lacking(SYS_LACKS_CLONE3 | SYS_LACKS_CLOSE_RANGE);
}

static int fds_at_start;

static void leaks_no_descriptors(void)
{
	CHECK_INT(n_open_fds(), fds_at_start);
}

static const struct test tests[] = {
	{ "clones", clones },
	{ "closes ranges", closes_ranges },
	{ "opens with openat2", opens_with_openat2 },
	{ "tells why a mount failed", tells_why_a_mount_failed },
	{ "checks programs", checks_programs },
	{ "mounts by descriptors", mounts_by_descriptors },
	{ "without newer calls:", without_newer_calls },
	{ "clones with clone", clones },
	{ "closes ranges one by one", closes_ranges },
	{ "leaks no descriptors", leaks_no_descriptors },
};

int main(void)
{
	fds_at_start = n_open_fds();
	return tap_run(tests, N_ELEMENTS(tests));
}
