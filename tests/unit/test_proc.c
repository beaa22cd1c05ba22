/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The procfs handle, with openat2 and without: our own files, no symlinks out of it, and above all that a file mounted over
 * one of procfs is seen and never written to (CVE-2019-16884, CVE-2025-52881).
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sys/exec_watch.h"
#include "sys/proc.h"
#include "sys/raw.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "util/cleanup.h"

static int try_open(int fd)
{
	close_fd(fd);
	return fd < 0 ? fd : 0;
}

static void verifies(void)
{
	auto_fd int root = open("/", O_PATH | O_CLOEXEC),
		    self = open("/proc/self", O_PATH | O_CLOEXEC);
	struct procfs p = { .fd = -EBADF };

	CHECK_INT(proc_open(&p), 0);
	CHECK(fcntl(p.fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(proc_verify(p.fd), 0);
	CHECK_INT(proc_verify(root), -EXDEV);
	CHECK_INT(proc_verify(self), -EXDEV);
	CHECK_INT(proc_verify(-1), -EBADF);
	proc_close(&p);
	CHECK_INT(p.fd, -EBADF);
	proc_close(&p);
}

static void reads_and_writes_self(void)
{
	struct procfs p;
	char text[64], name[16];

	CHECK_INT(proc_open(&p), 0);
	CHECK_INT(proc_write_self(&p, "comm", "renamed"), 0);
	CHECK_INT(prctl(PR_GET_NAME, name), 0);
	CHECK_STR(name, "renamed");
	CHECK_INT(proc_read_self(&p, "comm", text, sizeof(text)), 7);
	CHECK_STR(text, "renamed");
	CHECK_INT(proc_read_self(&p, "comm", text, 7), -EFBIG);
	CHECK_INT(proc_read_self(&p, "none", text, sizeof(text)), -ENOENT);
	/* of the process, not of the thread */
	CHECK_INT(try_open(proc_open_self(&p, "coredump_filter", O_RDONLY)), 0);
	CHECK_INT(try_open(proc_open_self(&p, "attr/exec", O_RDONLY)), 0);
	auto_fd int fds = proc_open_self_fds(&p);
	snprintf(text, sizeof(text), "%d", fds);
	CHECK(fds >= 0 && faccessat(fds, text, F_OK, 0) == 0);
	proc_close(&p);
}

static void follows_nothing(void)
{
	struct procfs p;

	CHECK_INT(proc_open(&p), 0);
	CHECK_INT(try_open(proc_openat(&p, "uptime", O_RDONLY)), 0);
	CHECK_INT(try_open(proc_openat(&p, "self/status", O_RDONLY)), -ELOOP);
	CHECK_INT(try_open(proc_openat(&p, "../etc", O_PATH)), -EXDEV);
	CHECK_INT(try_open(proc_openat(&p, "/etc", O_PATH)), -EXDEV);
	CHECK(try_open(proc_open_self(&p, "root/etc", O_PATH)) < 0);
	CHECK_INT(try_open(proc_open_self(&p, "exe", O_RDONLY)), -ELOOP);
	CHECK(try_open(proc_open_self(&p, "../../uptime", O_RDONLY)) < 0);
	CHECK_INT(try_open(proc_open_pid(&p, getpid(), "cwd", O_PATH | O_NOFOLLOW)), 0);
	CHECK(try_open(proc_open_pid(&p, getpid(), "cwd/x", O_PATH)) < 0);
	CHECK_INT(try_open(proc_open_pid(&p, getpid(), "ns/mnt", O_RDONLY)), 0);
	CHECK_INT(try_open(proc_open_pid(&p, getpid(), "ns/none", O_RDONLY)), -ENOENT);
	CHECK_INT(try_open(proc_open_pid(&p, getpid(), "ns/../exe", O_RDONLY)), -EINVAL);
	CHECK_INT(try_open(proc_open_pid(&p, 0, "status", O_RDONLY)), -EINVAL);
	CHECK_INT(proc_write_sysctl(&p, "../self/comm", "x"), -EINVAL);
	CHECK_INT(proc_write_sysctl(&p, "net/./x", "x"), -EINVAL);
	CHECK_INT(proc_write_sysctl(&p, "net//x", "x"), -EINVAL);
	CHECK_INT(proc_write_sysctl(&p, "", "x"), -EINVAL);
	CHECK_INT(proc_write_sysctl(&p, "net/no/such", "x"), -ENOENT);
	proc_close(&p);
}

static void parses_stat(void)
{
	struct proc_stat s = { 0 }, mine = { 0 };
	struct procfs p;
	pid_t pid;

	CHECK_INT(proc_stat_parse(
			  "12 (a) b (c) ) Z 3 4 5 6 7 1077952576 8 9 1 2 3 4 5 6 20 0 1 0 777 99 1",
			  &s),
		  0);
	CHECK_INT(s.state, 'Z');
	CHECK_INT(s.ppid, 3);
	CHECK_INT(s.flags, 1077952576);
	CHECK_INT(s.start_time, 777);
	CHECK_INT(proc_stat_parse("", &s), -EINVAL);
	CHECK_INT(proc_stat_parse("12 (a", &s), -EINVAL);
	CHECK_INT(proc_stat_parse("12 (a)", &s), -EINVAL);
	CHECK_INT(proc_stat_parse("12 (a) R 1 2 3", &s), -EINVAL);
	CHECK_INT(s.start_time, 777);

	CHECK_INT(proc_open(&p), 0);
	CHECK_INT(proc_stat(&p, getpid(), &mine), 0);
	CHECK_INT(mine.ppid, getppid());
	CHECK_INT(proc_stat_host(getpid(), &s), 0);
	CHECK(s.start_time == mine.start_time && s.start_time > 0);
	CHECK_INT(proc_stat_host(0, &s), -EINVAL);
	pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_INT(proc_stat(&p, pid, &s), 0);
	CHECK_INT(s.state, 'Z');
	CHECK(s.flags & 0x40); /* PF_FORKNOEXEC */
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(proc_stat(&p, pid, &s), -ESRCH);
	CHECK_INT(proc_stat_host(pid, &s), -ESRCH);
	proc_close(&p);
}

/* In a child that has mounted a file of its own over one of procfs. 0 = as it should be, else what was not. */
static int write_beside_decoy(bool private_works)
{
	struct procfs p, private;
	char name[16] = "", text[64];
	int r;

	if (proc_open(&p) < 0)
		return 1;
	snprintf(text, sizeof(text), "%d/comm", getpid());
	if (try_open(proc_openat(&p, text, O_RDONLY)) != -EXDEV)
		return 2;
	if (proc_write_pid(&p, getpid(), "comm", "wrong") != -EXDEV)
		return 3;
	r = proc_write_self(&p, "comm", "right");
	prctl(PR_GET_NAME, name);
	/* without privileges a private procfs is there or not */
	if (!(r == 0 && strcmp(name, "right") == 0) && (private_works || r != -EXDEV))
		return 4;
	r = proc_write_sysctl(&p, "kernel/hostname", "ketch-test");
	if (gethostname(text, sizeof(text)) < 0 || (r == 0 && strcmp(text, "ketch-test") != 0))
		return 5;
	snprintf(text, sizeof(text), "%d/comm", getpid());
	if (private_works && (proc_open_private(&private) < 0 ||
			      try_open(proc_openat(&private, text, O_RDONLY)) != 0))
		return 6;
	/* the whole /proc a fake: no handle of it */
	if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return 7;
	r = proc_open(&p);
	if (private_works ? r != 0 || proc_verify(p.fd) != 0 : r >= 0)
		return 8;
	return 0;
}

static int child_with_decoys(unsigned lacking)
{
	char decoy[96], target[64];

	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	snprintf(decoy, sizeof(decoy), "%s/decoy", scratch);
	snprintf(target, sizeof(target), "/proc/%d/task/%d/comm", getpid(), getpid());
	if (mount(decoy, target, NULL, MS_BIND, NULL) < 0)
		return 77;
	snprintf(target, sizeof(target), "/proc/%d/comm", getpid());
	if (mount(decoy, target, NULL, MS_BIND, NULL) < 0 ||
	    mount(decoy, "/proc/sys/kernel/hostname", NULL, MS_BIND, NULL) < 0)
		return 77;
	sys_pretend_lacking(lacking);
	return write_beside_decoy(geteuid() == 0);
}

static void sees_overmounts_with(unsigned lacking)
{
	auto_fd int dir = scratch_make();
	int status = 0;
	pid_t pid;

	put_file(dir, "decoy", "decoy");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child_with_decoys(lacking));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: may not mount here\n");
	else
		CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : status, 0);
	CHECK_STR(get_file(dir, "decoy"), "decoy");
	scratch_remove();
}

static void sees_overmounts(void)
{
	sees_overmounts_with(0);
}

static void sees_overmounts_without_openat2(void)
{
	sees_overmounts_with(SYS_LACKS_OPENAT2);
}

static void without_openat2(void)
{
	sys_pretend_lacking(SYS_LACKS_OPENAT2);
}

/* A child that is watched, then lets itself be killed, tries to execute what is not there, or executes a program; it is reaped. */
static int watched(const char *program)
{
	int go[2];
	char c;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		(void)!read(go[0], &c, 1);
		if (!program)
			(void)raise(SIGKILL);
		execl(program, program, (char *)NULL);
		_exit(1);
	}
	auto_fd int watch = exec_watch_open(pid);
	(void)!write(go[1], "", 1);
	close(go[0]);
	close(go[1]);
	waitpid(pid, NULL, 0);
	return watch < 0 ? watch : exec_watch_seen(watch);
}

static void sees_execve_of_the_dead(void)
{
	int killed = watched(NULL);

	if (killed == -EACCES || killed == -EPERM || killed == -ENOSYS || killed == -ENOENT)
		return; /* perf events are not for us here (perf_event_paranoid, seccomp) */
	CHECK_INT(killed, 0);
	CHECK_INT(watched("/nonexistent"), 0);
	CHECK_INT(watched("/bin/true"), 1);
}

static int fds_at_start;

static void leaks_no_descriptors(void)
{
	CHECK_INT(n_open_fds(), fds_at_start);
}

static const struct test tests[] = {
	{ "verifies", verifies },
	{ "reads and writes self", reads_and_writes_self },
	{ "follows nothing", follows_nothing },
	{ "parses stat", parses_stat },
	{ "sees what is mounted over a file", sees_overmounts },
	{ "sees what is mounted over a file, without openat2", sees_overmounts_without_openat2 },
	{ "without openat2:", without_openat2 },
	{ "verifies, without openat2", verifies },
	{ "reads and writes self, without openat2", reads_and_writes_self },
	{ "follows nothing, without openat2", follows_nothing },
	{ "sees whether a process that is gone has called execve", sees_execve_of_the_dead },
	{ "leaks no descriptors", leaks_no_descriptors },
};

int main(void)
{
	fds_at_start = n_open_fds();
	return tap_run(tests, N_ELEMENTS(tests));
}
