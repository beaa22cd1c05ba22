/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entering a container that has all the processes it may have: pids.max limits births alone (cgroup-v2.rst, PID), so init is born in a
 * cgroup of ours and moved. Until then it is out of all the container's limits, and the container's processes can see it: they can't seize
 * it, as it is traced from its birth on (ptrace(2), PTRACE_O_TRACECLONE).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "linux/cgroup_impl.h"
#include "linux/steps.h"
#include "sys/hostfs.h"
#include "util/util.h"

/* The leaf whose cgroup counts processes. */
static struct cgroup_leaf *pids_leaf(struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (cg->leaves[i].version->number == 1 && cgroup_leaf_has(&cg->leaves[i], "pids"))
			return &cg->leaves[i];
	}
	return cgroup_unified(cg);
}

/* ---- cgroup.room ---- */

static bool may_be_full(const struct plan *p)
{
	return p->cgroup.manager != CGROUP_MANAGER_DISABLED && p->fork.ns_stage;
}

static bool step_out(const struct cgroup_leaf *leaf, const struct facts *facts, pid_t pid)
{
	const struct cgroup_hierarchy *h = facts_controller(facts, "pids");
	char path[PATH_MAX], number[16];

	if (!h || h->v2 != (leaf->version->number == 2))
		return false;
	int n = snprintf(path, sizeof(path), "%s%s/cgroup.procs", h->mount, h->own);
	snprintf(number, sizeof(number), "%d", (int)pid);
	return (size_t)n < sizeof(path) && host_write(AT_FDCWD, path, number) >= 0;
}

/* What can't be done here leaves all as it is: the child's second clone fails as the first did. */
static int room_run(struct run *r, UNUSED struct err *e)
{
	struct cgroup_leaf *leaf = r->cgroup ? pids_leaf(r->cgroup) : NULL;
	const long options = PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

	if (!leaf || r->init.pid > 0 || ptrace(PTRACE_SEIZE, r->first.pid, 0L, options) < 0)
		return 0;
	r->cgroup->first_held = true;
	r->cgroup->first_out = step_out(leaf, r->plan->facts, r->first.pid);
	return 0;
}

const struct step step_cgroup_room = {
	.name = "cgroup.room",
	.what = "where pids.max is reached, have the process be born outside of the cgroup",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_ROOM),
	/* not create: what is there at the birth is the root of a cgroup namespace that is made by it */
	.use = FOR_EXEC,
	.applies = may_be_full,
	.run = room_run,
};

/* ---- the birth ---- */

/* Another stop than that of a clone: a signal, which it gets now. */
static void go_on(pid_t pid, int status)
{
	(void)ptrace(PTRACE_CONT, pid, 0L, status >> 8 ? 0L : (long)status);
}

/* The pid of what the first child cloned, which stands still then as that does; 0: there is none, and will be none. */
static pid_t await_clone(const struct run *r)
{
	struct pollfd p[] = {
		{ .fd = r->chan.fd, .events = POLLIN }, /* it says why it could not */
		{ .fd = r->first.pidfd, .events = POLLIN },
	};
	unsigned long pid = 0;
	int polled = 0;

	do {
		siginfo_t si = { 0 };

		if (waitid(P_PID, (id_t)r->first.pid, &si, WSTOPPED | WNOHANG | __WALL) < 0)
			return 0;
		if (si.si_pid && si.si_status == (SIGTRAP | PTRACE_EVENT_CLONE << 8))
			return ptrace(PTRACE_GETEVENTMSG, r->first.pid, 0L, &pid) < 0 ? 0
										      : (pid_t)pid;
		if (si.si_pid)
			go_on(r->first.pid, si.si_status);
		polled = poll(p, N_ELEMENTS(p), 1);
	} while (polled == 0 || (polled < 0 && errno == EINTR));
	return 0;
}

static int move_in(struct cgroup_leaf *leaf, pid_t pid, struct err *e)
{
	char number[16];
	int n = snprintf(number, sizeof(number), "%d", (int)pid);
	int dir = leaf->enter_fd >= 0 ? leaf->enter_fd : cgroup_leaf_fd(leaf);
	int r = leaf->join_fd >= 0 ? host_write_fd(leaf->join_fd, number, (size_t)n)
		: dir >= 0	   ? host_write(dir, "cgroup.procs", number)
				   : dir;

	return r < 0 ? cgroup_join_error(leaf, r, e) : 0;
}

int cgroup_room_end(struct run *r, struct err *e)
{
	struct cgroup *cg = r->cgroup;
	siginfo_t si;
	int ret = 0;

	if (!cg || !cg->first_held)
		return 0;
	cg->first_held = false;
	pid_t pid = await_clone(r);
	if (pid == 0)
		return 0;
	/* detaching needs it to have stopped; WEXITED: or it was killed, which is found out later */
	while (waitid(P_PID, (id_t)pid, &si, WSTOPPED | WEXITED | WNOWAIT | __WALL) < 0 &&
	       errno == EINTR)
		continue;
	if (cg->first_out)
		ret = move_in(pids_leaf(cg), pid, e);
	if (ret < 0)
		(void)kill(pid, SIGKILL); /* nobody else knows of it: our child, and not reaped */
	(void)ptrace(PTRACE_DETACH, pid, 0L, 0L);
	(void)ptrace(PTRACE_DETACH, r->first.pid, 0L, 0L);
	return ret;
}
