/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "core/journal.h"
#include "sys/hostfs.h"
#include "sys/proc.h"
#include "sys/raw.h"
#include "util/log.h"
#include "util/strv.h"

enum { JOURNAL_MAX = 1024 * 1024, KILL_WAIT_MS = 2000, AGENT_WAIT_MS = 3000 };

static const char file[] = JOURNAL_FILE;

int journal_open(int dir)
{
	return sys_openat(dir, file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
}

static int put_line(int fd, const char *what, const char *value)
{
	struct iovec line[] = {
		{ (char *)what, strlen(what) },
		{ (char *)" ", 1 },
		{ (char *)value, strlen(value) },
		{ (char *)"\n", 1 },
	};
	size_t len = 0;
	ssize_t n;

	for (size_t i = 0; i < N_ELEMENTS(line); i++)
		len += line[i].iov_len;
	do {
		n = writev(fd, line, N_ELEMENTS(line));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int journal_put(int fd, const char *what, const char *value, struct err *e)
{
	if (strchr(value, '\n'))
		return err_set(e, ERR_INTERNAL, "a journal entry holds a newline");
	int r = fd < 0 ? fd : put_line(fd, what, value);
	return r < 0 ? err_sys(e, r, "write the journal") : 0;
}

int journal_add(int dir, const char *what, const char *value, struct err *e)
{
	auto_fd int fd = journal_open(dir);

	return journal_put(fd, what, value, e);
}

int journal_is_ours(int dir)
{
	static const char begin[] = JOURNAL_BUNDLE " /";
	auto_buf struct buf text = { 0 };

	/* not host_read(): in a directory of somebody else's it may be a link to anything */
	auto_fd int fd = sys_openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, JOURNAL_MAX, &text);
	if (r >= 0)
		return strncmp(buf_str(&text), begin, strlen(begin)) == 0;
	return r == -ENOENT || r == -ELOOP || r == -ENXIO || r == -EISDIR || r == -EFBIG ? 0 : r;
}

/* Cuts TEXT at its newlines into LINES, dropping an unfinished last one. */
static int split(char *text, struct strv *lines)
{
	char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		if (strv_add(lines, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

int journal_each(char *text,
		 int (*fn)(void *ctx, const char *what, const char *value, struct err *e),
		 void *ctx, struct err *e)
{
	auto_strv struct strv lines = { 0 };

	int r = split(text, &lines);
	if (r < 0)
		return err_sys(e, r, "read the journal");
	for (size_t i = lines.n; i > 0; i--) {
		char *value = lines.v[i - 1];
		char *what = strsep(&value, " ");

		if (!value)
			continue;
		r = fn(ctx, what, value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int journal_replay(int dir,
		   int (*fn)(void *ctx, const char *what, const char *value, struct err *e),
		   void *ctx, struct err *e)
{
	auto_buf struct buf text = { 0 };

	int r = host_read(dir, file, JOURNAL_MAX, &text);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(e, r, "read the journal");
	return text.p ? journal_each(text.p, fn, ctx, e) : 0;
}

int journal_put_process(int fd, const char *what, pid_t pid, uint64_t *ret_start_time,
			struct err *e)
{
	struct proc_stat ps;
	char value[64];

	int r = proc_stat_host(pid, &ps);
	if (r < 0)
		return err_sys(e, r, "read the start time of process %d", pid);
	*ret_start_time = ps.start_time;
	snprintf(value, sizeof(value), "%d %" PRIu64, pid, ps.start_time);
	return journal_put(fd, what, value, e);
}

int journal_add_process(int dir, const char *what, pid_t pid, struct err *e)
{
	auto_fd int fd = journal_open(dir);
	uint64_t start_time;

	return journal_put_process(fd, what, pid, &start_time, e);
}

/* A pidfd of what an entry names, or -ESRCH. */
static int open_process(const char *value, pid_t *ret_pid)
{
	struct proc_stat ps;
	uint64_t start_time;
	int pid;

	if (sscanf(value, "%d %" SCNu64, &pid, &start_time) != 2 || pid <= 1)
		return -ESRCH;
	auto_fd int pidfd = sys_pidfd_open(pid);
	if (pidfd < 0 || proc_stat_host(pid, &ps) < 0 || ps.start_time != start_time)
		return -ESRCH;
	*ret_pid = pid;
	return TAKE_FD(pidfd);
}

static bool await_death(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

void journal_kill(const char *what, const char *value)
{
	pid_t pid;

	auto_fd int pidfd = open_process(value, &pid);
	if (pidfd < 0)
		return;
	if (strcmp(what, JOURNAL_HOOK) == 0)
		(void)kill(-pid, SIGKILL);
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	/* until it is dead it may still be in the middle of a mount */
	(void)await_death(pidfd, KILL_WAIT_MS);
}

void journal_end_agent(const char *value)
{
	pid_t pid;

	auto_fd int pidfd = open_process(value, &pid);
	if (pidfd < 0 || await_death(pidfd, AGENT_WAIT_MS))
		return;
	log_emit(LOG_WARNING,
		 "the program with the seccomp plugins does not end: process %d is killed", pid);
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	(void)await_death(pidfd, KILL_WAIT_MS);
}
