/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls with a fall-back, tried both ways: clone3, close_range; what pidfds and fsopen contexts tell. */
#include <sched.h>
#include <signal.h>
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
