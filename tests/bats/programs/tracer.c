/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches to every process that comes up beside it and says whose program it got hold of; until SIGTERM. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void end(int sig)
{
	(void)sig;
	over = 1;
}

static void seize(pid_t pid)
{
	char path[64];
	char exe[256];

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		printf("seized %s\n", exe);
	}
	/* it goes on only when it is let go, and that only in a stop */
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0)
		waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
}

int main(void)
{
	pid_t last = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, end);
	puts("tracing");
	while (!over) {
		DIR *d = opendir("/proc");

		for (struct dirent *e; d && (e = readdir(d));) {
			pid_t pid = atoi(e->d_name);

			if (pid > last) {
				seize(pid);
				last = pid > last + 1000 ? last : pid;
			}
		}
		if (d)
			closedir(d);
	}
	puts("ended");
	return 0;
}
