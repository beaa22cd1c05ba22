/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: the program with the seccomp plugins is started, and told whose it is. And what it says to a ketch in the foreground. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "config.h"
#include "core/files.h"
#include "core/journal.h"
#include "core/launch.h"
#include "core/rows.h"
#include "core/start.h"
#include "engine/agent.h"
#include "linux/seccomp.h"
#include "spec/annotations.h"
#include "sys/creds.h"
#include "sys/fdpass.h"
#include "sys/raw.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/parse.h"

enum {
	READY_MS = 30000, /* for libraries to be loaded and to begin */
	END_MS = 3000,
	PATH_SIZE = 4096,
};

static const char place[] = ANNOTATION_AT(ANNOTATION_SECCOMP_PLUGINS);

/* For what a plugin does while it is loaded. */
static int plugin_at_fault(struct err *e)
{
	err_at(e, "%s", place);
	return err_hint(e, "leave out one plugin after the other to find the one at fault");
}

/* ---- starting it ---- */

/* Beside ketch, as it is where it was built, or where it is installed. */
static int find_program(const char *ketch, char *path, size_t size, struct err *e)
{
	const char *slash = ketch ? strrchr(ketch, '/') : NULL;

	if (slash) {
		int n = snprintf(path, size, "%.*s/" AGENT_NAME, (int)(slash - ketch), ketch);

		if (n > 0 && (size_t)n < size && sys_access_exec(path) >= 0)
			return 0;
	}
	snprintf(path, size, "%s", KETCH_AGENT);
	int r = sys_access_exec(path);
	if (r >= 0)
		return 0;
	err_sys(e, r, "the program that loads seccomp plugins, '%s'", path);
	e->code = ERR_UNSUPPORTED;
	return err_hint(e, "it belongs to ketch's package; without it, linux.seccomp.listenerPath "
			   "can name the socket of an agent");
}

struct start {
	char path[PATH_SIZE];
	char *argv[AGENT_ARG_N + 1];
	int null, ketch, listener;
	pid_t parent;
	bool keep_stderr;
};

/* Above what they become, so that none is overwritten before it is moved. */
static int lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, AGENT_FD_N);

	return high < 0 ? -errno : high;
}

static NORETURN void become(const struct start *s)
{
	int null = lift(s->null), ketch = lift(s->ketch), listener = lift(s->listener);
	bool ok = null >= 0 && ketch >= 0 && listener >= 0 && sys_signals_reset() >= 0;

	/* A plugin that hangs while it is loaded does not outlive us; later the agent takes that back. */
	ok = ok && prctl(PR_SET_PDEATHSIG, SIGKILL) >= 0 && getppid() == s->parent;

	/* What plugins print is no part of the container's output. */
	ok = ok && dup2(null, 0) >= 0 && (s->keep_stderr || dup2(null, 2) >= 0) && dup2(2, 1) >= 0;
	ok = ok && dup2(ketch, AGENT_FD_KETCH) >= 0 && dup2(listener, AGENT_FD_LISTENER) >= 0;
	if (ok && sys_close_range(AGENT_FD_N, ~0u, 0) >= 0)
		(void)sys_execve(s->path, s->argv, environ);
	_exit(127);
}

static int spawn(struct launch *l, struct start *s, struct err *e)
{
	struct seccomp_agent *a = &l->agent;
	int socks[2];
	uint64_t start_time;

	auto_fd int null = sys_open("/dev/null", O_RDWR, 0);
	if (null < 0)
		return err_sys(e, null, "open /dev/null");
	auto_fd int listener = fdpass_listen_at(l->run.state_dir, FILE_AGENT_SOCKET, SOCK_STREAM);
	if (listener < 0)
		return err_sys(e, listener, "make the socket of the seccomp agent");
	int r = fdpass_pair(socks);
	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	a->chan = (struct chan){ .fd = socks[0] };
	auto_fd int theirs = socks[1];

	s->null = null;
	s->ketch = theirs;
	s->listener = listener;
	s->parent = getpid();
	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, &a->pidfd);
	if (pid == 0)
		become(s);
	if (pid < 0)
		return err_sys(e, pid, "start '%s'", s->path);
	a->pid = pid;
	return journal_put_process(l->journal, JOURNAL_AGENT, pid, &start_time, e);
}

/* How it ended, of one that has or is about to; -1 when somebody has reaped it. */
static int reap(struct seccomp_agent *a, int ms)
{
	struct pollfd p = { .fd = a->pidfd, .events = POLLIN };
	int status = -1;

	if (a->pid > 0 && poll(&p, 1, ms) > 0 &&
	    waitpid(a->pid, &status, WNOHANG | __WALL) == a->pid)
		a->pid = 0;
	return status;
}

static int said_nothing(struct launch *l, struct err *e)
{
	const char *list = l->spec->seccomp_plugins;
	int status = reap(&l->agent, END_MS);

	if (status != -1 && WIFSIGNALED(status))
		err_set(e, ERR_KERNEL,
			"a plugin of '%.200s' was killed by signal %d (%s) while it was loaded",
			list, WTERMSIG(status),
			signal_name(WTERMSIG(status)) ? signal_name(WTERMSIG(status)) : "?");
	else
		err_set(e, ERR_KERNEL,
			"the program that loads seccomp plugins ended with status %d and without a "
			"word",
			status == -1 ? status : WEXITSTATUS(status));
	return plugin_at_fault(e);
}

static int take_word(struct launch *l, struct err *e)
{
	struct packet p;
	int r = chan_recv(&l->agent.chan, &p, e);

	if (r == -EPIPE)
		return said_nothing(l, e);
	if (r < 0)
		return r;
	packet_close_fds(&p);
	l->agent.spoke = true;
	if (p.type == MSG_READY)
		return 0;
	if (p.type != MSG_ERROR)
		return err_set(e, ERR_INTERNAL, "the seccomp agent sent %s", msg_name(p.type));
	memcpy(e, p.data, sizeof(*e));
	err_sanitize(e);
	return err_at(e, "%s", place);
}

static int await_ready(struct launch *l, struct err *e)
{
	int64_t until = clock_ms() + READY_MS;

	for (;;) {
		struct pollfd p[] = { { .fd = l->agent.chan.fd, .events = POLLIN },
				      { .fd = l->signal_fd, .events = POLLIN } };
		int64_t left = until - clock_ms();

		if (left <= 0) {
			err_set(e, ERR_KERNEL, "seccomp plugins are not ready after %d s",
				READY_MS / 1000);
			return plugin_at_fault(e);
		}
		if (poll(p, N_ELEMENTS(p), (int)left) < 0 && errno != EINTR)
			return err_sys(e, -errno, "poll");
		if (p[0].revents)
			return take_word(l, e);
		int r = p[1].revents ? interrupted(l->signal_fd, e) : 0;
		if (r < 0)
			return r;
	}
}

static bool applies(const struct plan *p)
{
	return p->process && p->spec->seccomp_plugins;
}

static int start_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	struct start s = {
		.argv = { (char *)AGENT_NAME,
			  [AGENT_ARG_PLUGINS] = (char *)l->spec->seccomp_plugins,
			  [AGENT_ARG_DIRECTORY] = l->state_dir, [AGENT_ARG_ID] = (char *)l->id,
			  [AGENT_ARG_BUNDLE] = l->bundle },
		.keep_stderr = r->plan->opts.start_at_once && !l->opts->detach,
	};

	if (r->seccomp && !r->seccomp->notifies) /* the program of an annotation */
		return 0;
	int ret = find_program(l->opts->program, s.path, sizeof(s.path), e);
	if (ret < 0)
		return err_at(e, "%s", place);
	ret = spawn(l, &s, e);
	return ret < 0 ? ret : await_ready(l, e);
}

/* Without ketch, or without the container's process, it ends. */
static void start_undo(struct run *r)
{
	struct launch *l = r->core;
	struct seccomp_agent *a = &l->agent;

	close_fd(TAKE_FD(a->chan.fd));
	/* it stops its plugins, unless one keeps it from even beginning */
	(void)reap(a, a->spoke ? END_MS : 0);
	if (a->pid > 0) {
		(void)sys_pidfd_send_signal(a->pidfd, SIGKILL);
		(void)reap(a, END_MS);
	}
}

static void start_explain(const struct plan *p, struct buf *out)
{
	const char *list = p->spec->seccomp_plugins, *word;
	size_t len;

	while ((word = parse_list_word(&list, &len)))
		buf_addf(out, "plugin %.*s\n", (int)len, word);
}

const struct step step_seccomp_agent = {
	.name = "seccomp.agent",
	.what = "start the program that loads the seccomp plugins",
	.stage = STAGE_HOST,
	.use = FOR_CREATE,
	.applies = applies,
	.run = start_run,
	.undo = start_undo,
	.explain = start_explain,
};

static int adopt_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	struct seccomp_agent *a = &l->agent;
	struct agent_commit commit = { .own_pid_ns = r->plan->fork.pid_ns };

	if (a->chan.fd < 0)
		return 0;
	int ret = chan_send(&a->chan, MSG_COMMIT, &commit, sizeof(commit), &r->init.pidfd, 1, e);
	if (ret == -EPIPE)
		return said_nothing(l, e);
	return ret < 0 ? ret : await_ready(l, e); /* before, it would not outlive us */
}

const struct step step_seccomp_adopt = {
	.name = "seccomp.adopt",
	.what = "tell that program which process its plugins are for",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_READY),
	.use = FOR_CREATE,
	.applies = applies,
	.run = adopt_run,
};

/* ---- the foreground ---- */

struct pollfd seccomp_agent_pollfd(const struct seccomp_agent *a)
{
	return (struct pollfd){ .fd = a->chan.fd, .events = POLLIN };
}

static void warn_of_end(struct seccomp_agent *a)
{
	int status = reap(a, END_MS);
	char how[64] = "";

	if (status != -1 && WIFSIGNALED(status))
		snprintf(how, sizeof(how), ", killed by signal %d", WTERMSIG(status));
	else if (status != -1)
		snprintf(how, sizeof(how), ", with status %d", WEXITSTATUS(status));
	log_emit(LOG_WARNING,
		 "the program with the seccomp plugins has ended before the container%s: system "
		 "calls that it should answer fail with ENOSYS (%s)",
		 how, place);
}

void seccomp_agent_hear(struct seccomp_agent *a)
{
	struct packet p;
	struct err e;
	int r = chan_recv(&a->chan, &p, &e);

	if (r >= 0) {
		packet_close_fds(&p);
		if (p.type == MSG_LOG)
			log_emit(LOG_WARNING, "%s (%s)", p.data, place);
		a->over |= p.type == MSG_OK;
		return;
	}
	close_fd(TAKE_FD(a->chan.fd));
	if (!a->over)
		warn_of_end(a);
}

void seccomp_agent_leave(struct seccomp_agent *a, bool ended)
{
	while (a->chan.fd >= 0) {
		struct pollfd p = seccomp_agent_pollfd(a);

		if (poll(&p, 1, ended ? END_MS : 0) <= 0)
			break;
		seccomp_agent_hear(a);
	}
	(void)reap(a, ended ? END_MS : 0);
}

void seccomp_agent_close(struct seccomp_agent *a)
{
	close_fd(TAKE_FD(a->chan.fd));
	close_fd(TAKE_FD(a->pidfd));
}
