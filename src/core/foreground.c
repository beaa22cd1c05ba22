/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The foreground: one loop over the process, the signals and the two directions of the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/foreground.h"
#include "sys/raw.h"
#include "util/cleanup.h"
#include "util/util.h"

enum { LAST_WORDS_MS = 1000, LOOK_AGAIN_MS = 200 };

/* One direction. Bytes wait here when the other side is slow, so that a full input queue can't stop the output. */
struct pipe_buf {
	int from, to; /* -1: closed */
	bool broken;  /* TO takes no more */
	size_t len, off;
	char data[8192];
};

struct relay {
	int *master;
	int held;		 /* the container's side of it, or negative */
	struct pipe_buf in, out; /* our stdin → master, master → our stdout */
	int terminal;		 /* our input, or else our output, if it is one; or -1 */
	bool away;		 /* it is another process group's: neither set nor read */
	bool changed;		 /* it has other settings than SAVED meanwhile */
	struct termios saved;
	int own_out;		     /* our terminal once more, or -EBADF */
	bool told_to_end;	     /* a signal that asks for the end has come */
	struct notify *notify;	     /* NULL: none */
	struct seccomp_agent *agent; /* NULL: none */
};

void foreground_resize(int master)
{
	struct winsize ws;

	for (int fd = STDIN_FILENO; master >= 0 && fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &ws) == 0) {
			(void)ioctl(master, TIOCSWINSZ, &ws);
			return;
		}
}

/* Where input is no terminal, Ctrl-C goes on being a signal: what is typed does not come to us. */
static void set_terminal(struct relay *r)
{
	struct termios t;

	if (!r->changed && tcgetattr(r->terminal, &r->saved) < 0)
		return;
	t = r->saved;
	if (r->terminal == STDIN_FILENO)
		cfmakeraw(&t);
	else
		t.c_oflag &= ~(tcflag_t)OPOST; /* the container's terminal has done that */
	if (tcsetattr(r->terminal, TCSANOW, &t) == 0)
		r->changed = true;
}

/* A terminal that is not the one of our session asks nobody whose turn it is. */
static bool in_background(int terminal)
{
	pid_t group = tcgetpgrp(terminal);

	return group >= 0 && group != getpgrp();
}

/* It is ours to set and to read only while the shell has us in the foreground. All signals are blocked: nothing stops us where it is not. */
static void take_terminal(struct relay *r)
{
	if (r->terminal < 0 || *r->master < 0)
		return;
	r->away = in_background(r->terminal);
	if (r->away)
		return;
	set_terminal(r);
	foreground_resize(*r->master); /* SIGWINCH is for the foreground alone */
}

/* poll() says of a terminal only that it takes a byte. O_NONBLOCK needs an open file of our own: the other is the shell's, too. A pty's
 * master can't be opened again: that makes another. */
static int open_terminal(int fd)
{
	struct termios t;
	unsigned number;
	char path[32];

	if (tcgetattr(fd, &t) < 0 || ioctl(fd, TIOCGPTN, &number) == 0)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sys_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
}

static void relay_begin(struct relay *r)
{
	int master = *r->master;

	r->in.from = r->in.to = r->out.from = r->out.to = r->terminal = -1;
	if (master < 0)
		return;
	/* The container may have its side closed for a while: the master would give EIO, the relay end (before Linux 4.13 it does). */
	r->held = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	r->in.from = STDIN_FILENO;
	r->in.to = r->out.from = master;
	r->own_out = open_terminal(STDOUT_FILENO);
	r->out.to = r->own_out >= 0 ? r->own_out : STDOUT_FILENO;
	int flags = fcntl(master, F_GETFL);
	if (flags >= 0)
		(void)fcntl(master, F_SETFL, flags | O_NONBLOCK);
	if (isatty(STDIN_FILENO))
		r->terminal = STDIN_FILENO;
	else if (isatty(STDOUT_FILENO))
		r->terminal = STDOUT_FILENO;
	foreground_resize(master); /* it may have changed since console.pass */
	take_terminal(r);
}

static void relay_end(struct relay *r)
{
	if (r->changed && !in_background(r->terminal))
		(void)tcsetattr(r->terminal, TCSANOW, &r->saved);
	close_fd(r->own_out);
	close_fd(r->held);
}

/*
 * Reads when empty, writes when full. Negative when the direction has ended: -errno of either side, or -ENODATA at the end of what is
 * read. All signals are blocked: a write must not wait.
 */
static int pump(struct pipe_buf *p)
{
	struct pollfd to = { .fd = p->to, .events = POLLOUT };

	if (p->len == 0) {
		ssize_t n = read(p->from, p->data, sizeof(p->data));

		if (n == 0)
			return -ENODATA;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		p->len = (size_t)n;
		p->off = 0;
	}
	if (poll(&to, 1, 0) <= 0)
		return 0;
	ssize_t n = write(p->to, p->data + p->off, MIN(p->len, PIPE_BUF));
	if (n < 0) {
		p->broken = errno != EAGAIN && errno != EINTR;
		return p->broken ? -errno : 0;
	}
	p->off += (size_t)n;
	p->len -= (size_t)n;
	return 0;
}

static void step_direction(struct relay *r, struct pipe_buf *p, const struct pollfd *from,
			   const struct pollfd *to)
{
	if (p->from < 0)
		return;
	bool ready = p->len ? to->revents != 0 : from->revents != 0;
	int ret = ready ? pump(p) : 0;
	if (ret >= 0)
		return;
	/* Read in the background. Whether it is the foreground by now is looked at later: the shell may just have changed that. */
	if (ret == -EIO && p->len == 0 && p->from == r->terminal && tcgetpgrp(r->terminal) >= 0) {
		r->away = true;
		return;
	}
	p->from = -1;
	p->len = 0;
}

/*
 * Our terminal is gone, or the reader of our output: the container's terminal goes the same way. Its session gets SIGHUP and the end
 * of input, where it would otherwise wait for ever with a full output queue.
 */
static void hang_up_when_gone(struct relay *r, const struct pollfd *input)
{
	if (*r->master < 0 || !(r->out.broken || (r->terminal == STDIN_FILENO &&
						  input->revents & (POLLHUP | POLLERR))))
		return;
	r->in.from = r->out.from = -1;
	r->in.len = r->out.len = 0;
	r->away = false;
	close_fd(TAKE_FD(*r->master));
	close_fd(TAKE_FD(r->held));
}

static bool asks_for_end(uint32_t sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT;
}

static int take_signal(struct relay *r, int sigfd, int pidfd, bool *chld, struct err *e)
{
	struct signalfd_siginfo si;

	if (read(sigfd, &si, sizeof(si)) != sizeof(si))
		return errno == EAGAIN || errno == EINTR ? 0 : err_sys(e, -errno, "read signals");
	/* of our own write, whose error is seen there */
	bool own_pipe = si.ssi_signo == SIGPIPE && si.ssi_pid == (uint32_t)getpid();
	if (si.ssi_signo == SIGWINCH)
		foreground_resize(*r->master);
	else if (si.ssi_signo == SIGCHLD)
		*chld = true;
	else if (si.ssi_signo != SIGURG && !own_pipe)
		(void)sys_pidfd_send_signal(pidfd, (int)si.ssi_signo);
	/* the shell had the terminal meanwhile, and set it as it likes */
	if (si.ssi_signo == SIGCONT)
		take_terminal(r);
	r->told_to_end |= asks_for_end(si.ssi_signo);
	return 0;
}

/*
 * What the program wrote before it ended. A slow reader loses nothing, however slow: it may be a pager. Who was told to end does not
 * wait for one that takes nothing.
 */
static void drain(struct relay *r, int sigfd, int pidfd)
{
	struct err ignored;
	bool chld = false;

	while (r->out.from >= 0) {
		bool full = r->out.len > 0;
		struct pollfd p[] = {
			{ .fd = full ? r->out.to : r->out.from, .events = full ? POLLOUT : POLLIN },
			{ .fd = sigfd, .events = POLLIN },
		};

		if (poll(p, N_ELEMENTS(p), !full ? 0 : r->told_to_end ? LAST_WORDS_MS : -1) <= 0)
			return;
		if (p[1].revents && take_signal(r, sigfd, pidfd, &chld, &ignored) < 0)
			return;
		if (p[0].revents && pump(&r->out) < 0)
			return;
	}
}

/* Reaps whatever ended. True when PID did. */
static bool reap(pid_t pid, int *ret_status)
{
	bool ended = false;
	pid_t p;
	int status;

	while ((p = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (p != pid)
			continue;
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		ended = true;
	}
	return ended;
}

/* A terminal is watched even while nothing is read of it: it may be gone. */
static struct pollfd input_pollfd(const struct relay *r)
{
	bool is_terminal = r->terminal == STDIN_FILENO;
	bool wanted = r->in.from >= 0 && r->in.len == 0 && !(is_terminal && r->away);
	bool watched = is_terminal && *r->master >= 0;

	return (struct pollfd){ .fd = wanted || watched ? STDIN_FILENO : -1,
				.events = wanted ? POLLIN : 0 };
}

/* For poll(). A shell that brings to the foreground what has not been stopped sends no signal. */
static int time_limit(const struct relay *r)
{
	int ms = r->notify ? notify_timeout(r->notify) : -1;

	return r->away && (ms < 0 || ms > LOOK_AGAIN_MS) ? LOOK_AGAIN_MS : ms;
}

static int loop(struct relay *r, pid_t pid, int pidfd, int sigfd, int *ret_status, struct err *e)
{
	static const struct pollfd none = { .fd = -1 };
	bool chld = false;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = sigfd, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
			input_pollfd(r),
			{ .fd = r->in.len ? r->in.to : -1, .events = POLLOUT },
			{ .fd = r->out.len ? -1 : r->out.from, .events = POLLIN },
			{ .fd = r->out.len ? r->out.to : -1, .events = POLLOUT },
			r->notify ? notify_pollfd(r->notify) : none,
			r->agent ? seccomp_agent_pollfd(r->agent) : none,
		};

		if (poll(p, N_ELEMENTS(p), time_limit(r)) < 0 && errno != EINTR)
			return err_sys(e, -errno, "poll");
		if (r->away)
			take_terminal(r);
		int ret = p[0].revents ? take_signal(r, sigfd, pidfd, &chld, e) : 0;
		if (ret < 0)
			return ret;
		step_direction(r, &r->in, &p[2], &p[3]);
		step_direction(r, &r->out, &p[4], &p[5]);
		hang_up_when_gone(r, &p[2]);
		if (r->notify) /* before the end: what was said counts */
			notify_step(r->notify, getpid());
		if (p[7].revents)
			seccomp_agent_hear(r->agent);
		if ((chld || p[1].revents) && reap(pid, ret_status))
			return 0;
		chld = false;
	}
}

int foreground_wait(pid_t pid, int pidfd, int *master, struct notify *notify,
		    struct seccomp_agent *agent, int *ret_status, struct err *e)
{
	struct relay r = { .master = master,
			   .held = -EBADF,
			   .own_out = -EBADF,
			   .notify = notify,
			   .agent = agent };
	sigset_t all;

	sigfillset(&all);
	auto_fd int sigfd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		return err_sys(e, -errno, "signalfd");
	relay_begin(&r);
	int ret = loop(&r, pid, pidfd, sigfd, ret_status, e);
	if (ret >= 0)
		drain(&r, sigfd, pidfd);
	relay_end(&r);
	return ret;
}
