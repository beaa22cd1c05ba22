/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs ps(1), from PATH or else from its usual place, with an empty environment. What it complains of is part of the error, which is one line. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/host_ps.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

enum { PS_MAX_OUTPUT = 64 * 1024 * 1024, PS_MAX_ARGS = 64 };

/* Those of PATH that no working directory changes, as NixOS and Guix have ps in one of their own; engines give none, or an empty one. */
static void try_path(char *const argv[], char *const env[])
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];
	size_t n;

	for (const char *dir; at && (dir = parse_list_word(&at, &n));) {
		if (*dir == '/' && n + sizeof("/ps") <= sizeof(path)) {
			snprintf(path, sizeof(path), "%.*s/ps", (int)n, dir);
			(void)sys_execve(path, argv, env);
		}
	}
}

static NORETURN void become(int out, int complaints, char *const argv[])
{
	static const char *const paths[] = { "/usr/bin/ps", "/bin/ps" };
	char *const no_env[] = { NULL };

	if (dup2(out, STDOUT_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0)
		_exit(127);
	try_path(argv, no_env);
	for (size_t i = 0; i < N_ELEMENTS(paths); i++)
		(void)sys_execve(paths[i], argv, no_env);
	_exit(127);
}

static int failed(int status, int complaints, struct err *e)
{
	char text[256];
	ssize_t n = pread(complaints, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(e, ERR_USAGE, "ps ended with status %d%s%s", status, text[0] ? ": " : "",
		       text);
}

int host_ps(char *const args[], struct buf *out, struct err *e)
{
	char *argv[PS_MAX_ARGS + 2] = { (char *)"ps" };
	int pipes[2], status = 0;
	size_t n = 0;

	while (args[n] && n < PS_MAX_ARGS) {
		argv[n + 1] = args[n];
		n++;
	}
	if (args[n])
		return err_set(e, ERR_USAGE, "too many arguments for ps");
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "pipe");
	auto_fd int complaints = memfd_create("ps-complaints", MFD_CLOEXEC);
	pid_t pid = complaints < 0 ? -errno : sys_clone3(0, SIGCHLD, -EBADF, NULL);
	if (pid == 0)
		become(pipes[1], complaints, argv);
	close_fd(pipes[1]);
	int r = pid < 0 ? (int)pid : host_read_fd(pipes[0], PS_MAX_OUTPUT, out);
	close_fd(pipes[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r < 0)
		return err_sys(e, r, "run ps");
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) {
		err_set(e, ERR_NOT_FOUND, "ps could not be run");
		return err_hint(e, "install procps, or use --format json");
	}
	/* without a match it fails as well, after the header */
	return WEXITSTATUS(status) && out->len == 0 ? failed(WEXITSTATUS(status), complaints, e)
						    : 0;
}
