/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parent's loop while a container is made: answers the children's requests with the SERVE rows. The pidfds, not the end of
 * the socket, decide that somebody died. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/journal.h"
#include "core/launch.h"
#include "core/start.h"
#include "core/steps.h"
#include "engine/progress.h"
#include "linux/cgroup.h"
#include "linux/cgroup_stats.h"
#include "sys/raw.h"
#include "util/log.h"
#include "util/parse.h"

enum { COMMITTED = 1, GONE };

static const char *child_step(const struct launch *l)
{
	uint32_t i = l->run.progress->child_step;

	return i < step_table.n ? step_table.rows[i]->name : "stage.begin";
}

/* Says how a child that is known to be dead ended. */
static int died(struct launch *l, struct run_child *child, const char *who, struct err *e)
{
	int status = 0;

	if (child->pid > 0 && waitpid(child->pid, &status, __WALL) == child->pid)
		child->pid = 0;
	close_fd(TAKE_FD(child->pidfd));
	if (WIFSIGNALED(status))
		err_set(e, ERR_KERNEL, "%s was killed by signal %d (%s)", who, WTERMSIG(status),
			signal_name(WTERMSIG(status)) ? signal_name(WTERMSIG(status)) : "?");
	else
		err_set(e, ERR_INTERNAL, "%s ended with status %d and without a word", who,
			WEXITSTATUS(status));
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (killed && cgroup_oom_error(l->run.cgroup, who, e) < 0) {
		cgroup_oom_place(l->run.plan, e);
		killed = false;
	}
	err_step(e, child_step(l));
	if (killed)
		err_hint(e, "the kernel may have been out of memory: see linux.resources.memory "
			    "and the kernel's log");
	return err_errno(e);
}

static int take_adopt(struct launch *l, struct packet *p, struct err *e)
{
	struct run *r = &l->run;
	pid_t pid;

	if (!l->plan->fork.ns_stage || r->init.pid || p->len != sizeof(pid) || p->n_fds != 1)
		return err_set(e, ERR_INTERNAL, "unexpected ADOPT");
	memcpy(&pid, p->data, sizeof(pid));
	if (pid <= 0)
		return err_set(e, ERR_INTERNAL, "ADOPT of process %d", pid);
	r->init.pid = pid;
	r->init.pidfd = p->fds[0];
	p->n_fds = 0;
	return l->container ? 0
			    : journal_put_process(l->journal, JOURNAL_PROCESS, pid,
						  &r->init.start_time, e);
}

/* The end of a channel has a value of its own: a step may fail with the same errno. */
static int or_gone(int r)
{
	return r == -EPIPE || r == -ECONNRESET ? GONE : r;
}

static int answer(struct launch *l, struct packet *in, struct err *e)
{
	struct run *r = &l->run;
	struct packet out = { .type = in->type == MSG_READY ? MSG_COMMIT : MSG_OK };

	r->request = in;
	r->answer = &out;
	int ret = in->type == MSG_ADOPT ? take_adopt(l, in, e) : 0;
	if (ret >= 0)
		ret = stage_serve(&step_table, r, in->type, &l->served, e);
	r->request = NULL;
	r->answer = NULL;
	if (ret < 0) {
		chan_send_err(&r->chan, e);
	} else if (in->type == MSG_READY) {
		memcpy(out.data, &r->init.pid, sizeof(r->init.pid));
		out.len = sizeof(r->init.pid);
	}
	if (ret >= 0)
		ret = or_gone(
			chan_send(&r->chan, out.type, out.data, out.len, out.fds, out.n_fds, e));
	packet_close_fds(&out);
	return ret == 0 && in->type == MSG_ROOM ? cgroup_room_end(r, e) : ret;
}

/* COMMITTED, GONE or 0: go on. */
static int handle(struct launch *l, struct err *e)
{
	struct packet in;

	int r = or_gone(chan_recv(&l->run.chan, &in, e));
	if (r != 0)
		return r;
	if (in.type == MSG_LOG) {
		log_emit(LOG_WARNING, "%s", in.data);
		packet_close_fds(&in);
		return 0;
	}
	if (in.type == MSG_ERROR) {
		packet_close_fds(&in);
		memcpy(e, in.data, sizeof(*e));
		err_sanitize(e);
		return err_errno(e);
	}
	if (in.type >= MSG_OK) {
		packet_close_fds(&in);
		return err_set(e, ERR_INTERNAL, "the container's process sent %s",
			       msg_name(in.type));
	}
	r = answer(l, &in, e);
	packet_close_fds(&in);
	return r == 0 && in.type == MSG_READY ? COMMITTED : r;
}

static int serve_once(struct launch *l, struct err *e)
{
	struct run *r = &l->run;
	struct pollfd p[] = {
		{ .fd = r->chan.fd, .events = POLLIN },
		{ .fd = l->signal_fd, .events = POLLIN },
		{ .fd = r->init.pidfd, .events = POLLIN },
		{ .fd = r->init.pid ? -1 : r->first.pidfd, .events = POLLIN },
	};

	if (poll(p, N_ELEMENTS(p), -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, -errno, "poll");
	if (p[0].revents & POLLIN) { /* what a child said before it died counts first */
		int ret = handle(l, e);
		if (ret != GONE)
			return ret;
	}
	if (p[1].revents)
		return interrupted(l->signal_fd, e);
	if (p[2].revents)
		return died(l, &r->init, "the container's process", e);
	if (p[3].revents)
		return died(l, &r->first, "the first child", e);
	/* The socket's end without a death: the other end was closed; the pidfd follows at once. */
	return 0;
}

int serve(struct launch *l, struct err *e)
{
	int r;

	do {
		r = serve_once(l, e);
	} while (r == 0);
	if (r < 0)
		return r;
	l->committed = true;
	if (l->run.first.pid > 0) {
		while (waitpid(l->run.first.pid, NULL, __WALL) < 0 && errno == EINTR)
			continue;
		l->run.first.pid = 0;
	}
	return 0;
}
