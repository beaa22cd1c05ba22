/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main() of each child stage. NS: the first child joins namespaces and clones init; for exec it runs INIT before that. INIT: the container's process up to READY. START:
 * from `ketch start` to execve. Single-threaded, no stdio; children leave by _exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "core/launch.h"
#include "core/steps.h"
#include "sys/raw.h"
#include "util/log.h"

static NORETURN void leave(struct launch *l, struct err *e)
{
	chan_send_err(&l->run.chan, e);
	_exit(1);
}

static void die_of(int sig)
{
	_exit(128 + sig);
}

/*
 * Pid 1 of a namespace ignores signals whose action is the default: while init waits for `start`, `ketch kill` must end it all the same.
 * Ignored signals (SIGPIPE from conmon) become deliverable as well; all dispositions are reset before execve.
 */
static int take_deadly_signals(void)
{
	static const int harmless[] = { SIGKILL,  SIGSTOP, SIGCHLD, SIGCONT, SIGURG,
					SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE };
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		struct sigaction sa = { .sa_handler = die_of };

		for (size_t i = 0; i < N_ELEMENTS(harmless); i++) {
			if (sig == harmless[i])
				sa.sa_handler = SIG_DFL;
		}
		if (sig == SIGPIPE)
			sa.sa_handler = SIG_IGN; /* a closed stdio must not end the set-up */
		if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig >= SIGRTMIN) &&
		    sigaction(sig, &sa, NULL) < 0)
			return -errno;
	}
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* A fork that never execs keeps every descriptor: those that are the parent's alone end here (the lock above all, which a hanging init
 * would hold for ever). */
static void close_parents_fds(struct launch *l)
{
	close_fd(TAKE_FD(l->run.chan.fd));
	close_fd(TAKE_FD(l->signal_fd));
	close_fd(TAKE_FD(l->journal));
	close_fd(TAKE_FD(l->console_sock));
	notify_close(&l->notify);
	seccomp_agent_close(&l->agent);
	close_fd(TAKE_FD(l->run.state_dir));
	close_fd(TAKE_FD(l->run.first.pidfd));
	close_fd(TAKE_FD(l->run.init.pidfd));
	close_fd(l->store->fd);
	if (l->container)
		close_fd(TAKE_FD(l->container->dir));
	log_close();
	l->run.chan = (struct chan){ .fd = TAKE_FD(l->child_sock) };
}

static void enter(struct launch *l)
{
	struct err e;

	l->run.is_child = true;
	close_parents_fds(l);
	/* Inherited from an engine that starts us with PDEATHSIG: the container must outlive both. */
	int r = prctl(PR_SET_PDEATHSIG, 0) < 0 ? -errno : take_deadly_signals();
	if (r >= 0 && !l->plan->fork.new_userns && prctl(PR_SET_DUMPABLE, 0) < 0)
		r = -errno;
	if (r < 0) {
		err_sys(&e, r, "prepare the child");
		leave(l, &e);
	}
}

/* What the rows after `start` have no use for; above all a waiting init has nothing of the host open. */
static void drop_descriptors(struct launch *l)
{
	struct run *r = &l->run;

	close_fd(TAKE_FD(r->dev_null));
	close_fd(TAKE_FD(r->root.fd));
	if (!l->plan->creds.apparmor && !l->plan->creds.selinux) /* else lsm.label writes there */
		proc_close(&r->proc);
}

static void commit(struct launch *l, struct err *e)
{
	struct packet answer;
	struct run *r = &l->run;

	if (chan_ask(&r->chan, MSG_READY, NULL, 0, NULL, 0, &answer, e) < 0)
		leave(l, e);
	packet_close_fds(&answer);
	if (answer.type != MSG_COMMIT || answer.len != sizeof(r->host_pid))
		_exit(1);
	memcpy(&r->host_pid, answer.data, sizeof(r->host_pid));
	if (!l->plan->opts.start_at_once)
		close_fd(TAKE_FD(r->chan.fd));
	drop_descriptors(l);
}

static NORETURN void init_main(struct launch *l)
{
	struct err e;

	if (!l->plan->fork.clone_last && stage_run(&step_table, &l->run, STAGE_INIT, &e) < 0)
		leave(l, &e);
	commit(l, &e);
	(void)stage_run(&step_table, &l->run, STAGE_START, &e);
	leave(l, &e);
}

/* Init shares the socket with the first child: it begins when that one has said its last word, and with its sequence number. */
static NORETURN void init_after_first(struct launch *l, int turn)
{
	uint32_t seq;

	if (read(turn, &seq, sizeof(seq)) != sizeof(seq))
		_exit(1);
	close_fd(turn);
	l->run.chan.seq = seq;
	init_main(l);
}

/* Where the container has all the processes it may have init is born outside and moved: see linux/cgroup_room.c. */
static pid_t clone_init(struct launch *l, int *pidfd)
{
	const uint64_t flags = CLONE_PARENT | l->plan->fork.init_flags;
	struct err ignored;

	pid_t pid = sys_clone3(flags, 0, -EBADF, pidfd);
	if (pid != -EAGAIN ||
	    chan_ask(&l->run.chan, MSG_ROOM, NULL, 0, NULL, 0, NULL, &ignored) < 0)
		return pid;
	return sys_clone3(flags, 0, -EBADF, pidfd);
}

static NORETURN void ns_main(struct launch *l)
{
	struct run *r = &l->run;
	struct err e;
	int turn[2], pidfd = -EBADF;

	if (stage_run(&step_table, r, STAGE_NS, &e) < 0)
		leave(l, &e);
	/*
	 * What an exec clones can be seen, and with CAP_SYS_PTRACE be seized, by the processes of the container from its birth on. By then it
	 * has their rights and nothing of the host's open; its maker is in a pid namespace out of their sight (CVE-2016-9962).
	 */
	if (l->plan->fork.clone_last && stage_run(&step_table, r, STAGE_INIT, &e) < 0)
		leave(l, &e);
	if (pipe2(turn, O_CLOEXEC) < 0) {
		err_sys(&e, -errno, "pipe");
		leave(l, &e);
	}
	pid_t pid = clone_init(l, &pidfd);
	if (pid == 0) {
		close_fd(turn[1]);
		init_after_first(l, turn[0]);
	}
	if (pid < 0) {
		launch_clone_failed(pid, false, &e);
		leave(l, &e);
	}
	close_fd(turn[0]);
	if (chan_ask(&r->chan, MSG_ADOPT, &pid, sizeof(pid), &pidfd, 1, NULL, &e) < 0) {
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
		leave(l, &e);
	}
	if (write(turn[1], &r->chan.seq, sizeof(r->chan.seq)) != sizeof(r->chan.seq))
		_exit(1);
	_exit(0);
}

void stage_child(struct launch *l)
{
	enter(l);
	if (l->plan->fork.ns_stage)
		ns_main(l);
	init_main(l);
}
