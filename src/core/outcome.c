/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Did execve happen? The end of the socket alone never says yes. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/start.h"
#include "linux/cgroup_stats.h"
#include "linux/exec.h"
#include "sys/proc.h"
#include "sys/raw.h"
#include "util/log.h"
#include "util/parse.h"

/* Its end of the socket is closed, by execve or because it dies: execve clears the flag first. A dying process is no zombie yet when its
 * descriptors go. One that was reaped did run, as far as can be known here. */
static bool died_before_exec(pid_t pid, int pidfd)
{
	struct proc_stat ps;

	return proc_stat_host(pid, &ps) == 0 && (ps.flags & PF_FORKNOEXEC) &&
	       sys_pidfd_send_signal(pidfd, 0) == 0;
}

/* What stands in the page was written by a process of the container. */
static int exec_failed(const struct exec_outcome *outcome, const char *program, struct err *e)
{
	int errnum = (int)(outcome->errnum & 0xfff) ?: EIO;

	memcpy(e, &outcome->seen, sizeof(*e));
	if (e->code == ERR_NONE || e->errnum != errnum)
		exec_tell_number(program, errnum, e);
	else
		err_sanitize(e);
	err_step(e, "exec");
	return err_errno(e);
}

int process_died(struct cgroup *cg, struct err *e)
{
	if (cgroup_oom_error(cg, "the container's process", e) < 0) {
		err_step(e, "exec");
		return err_errno(e);
	}
	err_set(e, ERR_STATE, "the container's process died before its program began");
	err_step(e, "exec");
	return err_hint(e, "a seccomp profile that kills execve, or a memory limit below what the "
			   "program needs, can do this");
}

static int take_message(struct chan *c, bool *announced, struct err *e)
{
	struct packet p;

	int r = chan_recv(c, &p, e);
	if (r < 0)
		return r;
	packet_close_fds(&p);
	if (p.type == MSG_ERROR) {
		memcpy(e, p.data, sizeof(*e));
		err_sanitize(e);
		r = err_errno(e);
		return r == -EPIPE || r == -ECONNRESET ? -EIO : r;
	}
	if (p.type == MSG_LOG)
		log_emit(LOG_WARNING, "%s", p.data);
	else if (p.type == MSG_EXEC)
		*announced = true;
	else
		return err_set(e, ERR_INTERNAL, "the container's process sent %s",
			       msg_name(p.type));
	return 0;
}

int interrupted(int signal_fd, struct err *e)
{
	struct signalfd_siginfo si;

	if (read(signal_fd, &si, sizeof(si)) != sizeof(si))
		return 0;
	const char *name = signal_name((int)si.ssi_signo);
	return err_set(e, ERR_STATE, "interrupted by signal %u (%s): everything is undone",
		       si.ssi_signo, name ? name : "?");
}

int await_exec(struct chan *c, pid_t pid, int pidfd, int signal_fd, struct exec_outcome *outcome,
	       const char *program, struct err *e)
{
	bool announced = false;

	for (;;) {
		struct pollfd p[] = { { .fd = c->fd, .events = POLLIN },
				      { .fd = pidfd, .events = POLLIN },
				      { .fd = signal_fd, .events = POLLIN } };

		if (poll(p, N_ELEMENTS(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, -errno, "poll");
		}
		if (p[1].revents && !p[0].revents)
			break; /* dead, with the socket still open elsewhere */
		int r = p[0].revents ? take_message(c, &announced, e) : interrupted(signal_fd, e);
		if (r == -EPIPE || r == -ECONNRESET)
			break;
		if (r < 0)
			return r;
	}
	if (outcome && outcome->errnum)
		return exec_failed(outcome, program, e);
	return !announced || died_before_exec(pid, pidfd);
}
