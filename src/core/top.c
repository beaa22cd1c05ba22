/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of a container's processes from /proc. What a process calls itself is its own choice: shown as plain text only. */
#include "core/top.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/pids.h"
#include "sys/hostfs.h"
#include "sys/proc.h"
#include "util/utf8.h"

enum { MAX_PROCESSES = 65536, MAX_COMMAND = 256, STAT_SIZE = 1024 };

int top_parse_stat(const char *text, uint64_t page_size, struct top_process *ret)
{
	const char *end =
		strrchr(text, ')'); /* a name may hold anything, blanks and brackets too */
	unsigned long long user, system, start;
	long long rss;
	char state;

	/* fields 3, 14, 15, 22 and 24 of proc_pid_stat(5) */
	if (!end || sscanf(end + 1,
			   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
			   "%*d %*d %llu %*u %lld",
			   &state, &user, &system, &start, &rss) != 5)
		return -EINVAL;
	ret->state = state;
	ret->ticks = user + system;
	ret->start_time = start;
	ret->rss = rss > 0 ? (uint64_t)rss * page_size : 0;
	return 0;
}

/* The command line, or the name in brackets of what has none. */
static char *command_of(struct procfs *p, pid_t pid, const char *stat, struct arena *arena)
{
	auto_fd int fd = proc_open_pid(p, pid, "cmdline", O_RDONLY);
	auto_buf struct buf plain = { 0 };
	char text[MAX_COMMAND];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	for (ssize_t i = 0; i < n; i++) {
		if (text[i] == '\0')
			text[i] = ' ';
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (n > 0) {
		buf_addplain(&plain, text, (size_t)n);
	} else {
		const char *name = strchr(stat, '('), *end = strrchr(stat, ')');

		buf_addc(&plain, '[');
		if (name && end > name)
			buf_addplain(&plain, name + 1, (size_t)(end - name - 1));
		buf_addc(&plain, ']');
	}
	return buf_error(&plain) < 0 ? NULL : arena_str(arena, buf_str(&plain));
}

/* 1: filled, 0: it has just ended. */
static int read_process(struct procfs *p, pid_t pid, struct arena *arena, struct top_process *ret)
{
	char stat[STAT_SIZE];
	auto_fd int fd = proc_open_pid(p, pid, "stat", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);

	if (n <= 0)
		return 0;
	stat[n] = '\0';
	ret->pid = pid;
	if (top_parse_stat(stat, (uint64_t)sysconf(_SC_PAGESIZE), ret) < 0)
		return 0;
	ret->command = command_of(p, pid, stat, arena);
	return ret->command ? 1 : -ENOMEM;
}

int container_top(struct container *c, struct arena *arena, struct top_process **ret, size_t *ret_n,
		  struct err *e)
{
	auto_pids struct pids pids = { 0 };
	struct procfs p;
	size_t n = 0;

	int r = pids_of(c, MAX_PROCESSES, &pids, e);
	if (r < 0)
		return r;
	r = proc_open(&p);
	if (r < 0)
		return err_sys(e, r, "open /proc");
	*ret = arena_array(arena, pids.n + 1, sizeof(**ret));
	r = *ret ? 0 : -ENOMEM;
	for (size_t i = 0; i < pids.n && r >= 0; i++) {
		r = read_process(&p, pids.v[i], arena, &(*ret)[n]);
		n += r == 1;
	}
	proc_close(&p);
	*ret_n = n;
	return r < 0 ? err_sys(e, r, "processes of container '%s'", c->id) : 0;
}
