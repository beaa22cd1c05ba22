/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches to every process that comes up beside it and says whose program it got hold of, with which capabilities and descriptors, and
 * whether it is in other cgroups than ourselves; until SIGTERM. */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void end(int sig)
{
	(void)sig;
	over = 1;
}

static void tell_caps(const char *pid)
{
	char path[64];
	char line[256];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "CapPrm:", 7) == 0)
			printf("%s caps %s", strcmp(pid, "self") == 0 ? "own" : "its", line + 8);
	}
	if (f)
		fclose(f);
}

/* Directories and devices: what leads further than its own data. */
static void tell_descriptors(pid_t pid)
{
	char path[96];
	char to[256];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", (int)pid, e->d_name);
		if (atoi(e->d_name) <= 2 || stat(path, &st) < 0)
			continue;
		ssize_t n = readlink(path, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = '\0';
		if (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			printf("holds %s\n", to);
	}
	if (d)
		closedir(d);
}

static void read_cgroups(const char *pid, char text[8192])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, 8191, f) : 0;
	text[n] = '\0';
	if (f)
		fclose(f);
}

static void tell_cgroups(const char *pid)
{
	static char its[8192], own[8192];

	read_cgroups(pid, its);
	read_cgroups("self", own);
	printf("in %s cgroups\n", strcmp(its, own) == 0 ? "our" : "other");
}

/* False: not allowed (yet). */
static bool seize(pid_t pid)
{
	char path[64];
	char exe[256];

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	snprintf(path, sizeof(path), "%d", (int)pid);
	tell_cgroups(path);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		printf("seized %s\n", exe);
	}
	/* it goes on only when it is let go, and that only in a stop */
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0)
		waitpid(pid, NULL, __WALL);
	snprintf(path, sizeof(path), "%d", (int)pid);
	tell_caps(path);
	tell_descriptors(pid);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return true;
}

int main(void)
{
	pid_t last = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, end);
	tell_caps("self");
	puts("tracing");
	while (!over) {
		DIR *d = opendir("/proc");

		for (struct dirent *e; d && (e = readdir(d));) {
			pid_t pid = atoi(e->d_name);

			if (pid > last && seize(pid))
				last = pid > last + 1000 ? last : pid;
		}
		if (d)
			closedir(d);
	}
	puts("ended");
	return 0;
}
