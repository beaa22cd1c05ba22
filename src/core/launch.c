/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parent's side of create, run and exec: bundle → spec → plan → steps → clone → serve (runtime.md#lifecycle, 1 to 5). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "core/files.h"
#include "core/hooks.h"
#include "core/journal.h"
#include "core/launch.h"
#include "core/rows.h"
#include "core/steps.h"
#include "core/warnings.h"
#include "engine/progress.h"
#include "linux/cgroup.h"
#include "linux/netdev.h"
#include "linux/seccomp.h"
#include "sys/creds.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/log.h"

enum { FDS_NEEDED = 48 }; /* about 30 are used: of eleven hierarchies, eight namespaces */

/* A table that gets full half-way would make the work fail and its undoing, too. */
static int check_room(unsigned first, struct err *e)
{
	struct sys_rlimit now;

	int r = sys_prlimit(0, RLIMIT_NOFILE, NULL, &now);
	if (r < 0)
		return err_sys(e, r, "read RLIMIT_NOFILE");
	if (now.soft >= first + FDS_NEEDED)
		return 0;
	err_sys(e, -EMFILE, "RLIMIT_NOFILE is %" PRIu64 " and must be at least %u", now.soft,
		first + FDS_NEEDED);
	return err_hint(e, "raise it for ketch's caller: `ulimit -n`, or LimitNOFILE= of its unit");
}

/*
 * Engines leak descriptors into us (a shim its listening socket, a shell its history). None is wanted but those that are to
 * be passed on: ended here, the waiting init cannot hold them either.
 */
int launch_drop_junk(struct launch *l, struct err *e)
{
	const unsigned passed_on = 3 + launch_listen_fds() + l->opts->preserve_fds;
	unsigned first = passed_on;
	unsigned keep[] = { (unsigned)l->store->fd, (unsigned)log_fd(),
			    l->container ? (unsigned)l->container->dir : ~0u };
	int r = 0;

	if (l->junk_dropped)
		return 0;
	l->junk_dropped = true;

	while (r >= 0) {
		unsigned next = ~0u;

		for (size_t i = 0; i < N_ELEMENTS(keep); i++) {
			if (keep[i] >= first && keep[i] < next)
				next = keep[i];
		}
		if (next > first)
			r = sys_close_range(first, next == ~0u ? next : next - 1, 0);
		if (next == ~0u)
			break;
		first = next + 1;
	}
	return r < 0 ? err_sys(e, r, "close inherited descriptors") : check_room(passed_on, e);
}

static void log_plan_warnings(const struct launch *l)
{
	for (size_t i = 0; i < l->plan->warnings.n; i++)
		log_emit(LOG_WARNING, "%s: %s", l->plan->warnings.v[i].where,
			 l->plan->warnings.v[i].text);
}

/* A terminal has one owner: the caller's socket when it goes away, our relay when it stays. */
static int check_terminal(const struct launch *l, enum plan_use use, bool start_at_once,
			  struct err *e)
{
	bool detached = !start_at_once || l->opts->detach;
	bool terminal = l->plan->terminal;

	if (use == FOR_CREATE && !l->plan->process && start_at_once) {
		err_set(e, ERR_SPEC, "process is missing: there is nothing to start");
		return err_at(e, "$.process");
	}
	if (terminal && detached && !l->opts->console_socket) {
		err_set(e, ERR_USAGE, "a terminal without a foreground needs --console-socket");
		err_hint(e, "give --console-socket, or set process.terminal to false");
		return err_at(e, "$.process.terminal");
	}
	if (l->opts->console_socket && !(terminal && detached)) {
		err_set(e, ERR_USAGE,
			"--console-socket needs process.terminal and a detached process");
		return err_at(e, "$.process.terminal");
	}
	return 0;
}

static int read_and_plan(struct launch *l, enum plan_use use, bool start_at_once, struct err *e)
{
	int r = 0;

	if (use != FOR_EXEC) {
		r = launch_read(l, e);
		if (r >= 0)
			log_spec_warnings(l->opts->config ? l->opts->config : FILE_CONFIG,
					  &l->spec->warnings);
	}
	if (r >= 0)
		r = facts_probe(&l->facts, e);
	if (r >= 0)
		r = launch_plan(l, use, start_at_once, e);
	if (r < 0)
		return r;
	log_plan_warnings(l);
	r = check_terminal(l, use, start_at_once, e);
	return r < 0 || !l->check ? r : l->check(l, e);
}

static void init_run(struct launch *l)
{
	struct run *r = &l->run;

	*r = (struct run){
		.plan = l->plan,
		.chan = { .fd = -EBADF },
		.proc = { .fd = -EBADF },
		.root = { .fd = -EBADF },
		.old_root = -EBADF,
		.first = { .pidfd = -EBADF },
		.init = { .pidfd = -EBADF },
		.state_dir = -EBADF,
		.listen_fd = -EBADF,
		.created_fd = -EBADF,
		.hook_outputs = { -EBADF, -EBADF },
		.start_fd = -EBADF,
		.listener_fd = -EBADF,
		.init_pidfd = -EBADF,
		.dev_null = -EBADF,
		.console_master = -EBADF,
		.core = l,
		.state_json = launch_state_json,
	};
	for (int i = 0; i < NS_N; i++)
		r->ns_fds[i] = -EBADF;
}

/* From here on signals are read, not delivered: an interrupted create is undone like a failed one. */
int launch_take_signals(struct launch *l, struct err *e)
{
	sigset_t all, ours;

	sigfillset(&all);
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &all, &l->old_mask) < 0)
		return err_sys(e, -errno, "block signals");
	l->mask_saved = true;
	l->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signal_fd < 0 ? err_sys(e, -errno, "signalfd") : 0;
}

int launch_ignore_signals(const struct launch *l, struct err *e)
{
	sigset_t none;

	sigemptyset(&none);
	return signalfd(l->signal_fd, &none, 0) < 0 ? err_sys(e, -errno, "signalfd") : 0;
}

static bool has_create_hooks(const struct launch *l)
{
	const bool *has = l->plan->has_hooks;

	return l->plan->opts.use == FOR_CREATE &&
	       (has[HOOK_PRESTART] || has[HOOK_CREATE_RUNTIME] || has[HOOK_CREATE_CONTAINER]);
}

int launch_clone_failed(int r, bool into_cgroup, struct err *e)
{
	static const struct {
		int r;
		const char *hint;
	} hints[] = {
		{ -EPERM, "ordinary users need a user namespace in linux.namespaces" },
		{ -EINVAL,
		  "this kernel lacks one of the namespaces that the configuration asks for" },
		{ -ENOSPC, "a limit in /proc/sys/user or on nested namespaces is reached" },
		{ -ENOMEM,
		  "memory is short, or the init of the pid namespace it would be in has ended" },
		{ -EAGAIN,
		  "the pids.max of its cgroup or of one above, or RLIMIT_NPROC, is reached" },
	};

	/* cgroup-v2.rst, Threads and No Internal Process Constraint */
	if (into_cgroup && (r == -EOPNOTSUPP || r == -EBUSY)) {
		err_sys(e, r,
			"clone the container's process into its cgroup, which is threaded or "
			"gives controllers to cgroups below it");
		return err_at(e, "$.linux.cgroupsPath");
	}
	err_sys(e, r, "clone the container's process");
	for (size_t i = 0; i < N_ELEMENTS(hints); i++) {
		if (hints[i].r == r)
			err_hint(e, "%s", hints[i].hint);
	}
	return r;
}

static int make_children(struct launch *l, struct err *e)
{
	const struct plan_fork *f = &l->plan->fork;
	struct run *r = &l->run;
	int socks[2], cgroup_fd = -EBADF;

	int ret = has_create_hooks(l) ? journal_put(l->journal, JOURNAL_HOOKS, "", e) : 0;
	if (ret < 0)
		return ret;
	ret = fdpass_pair(socks);
	if (ret < 0)
		return err_sys(e, ret, "make a socket pair");
	r->chan.fd = socks[0];
	l->child_sock = socks[1];
	if (f->into_cgroup && r->cgroup)
		cgroup_fd = cgroup_clone_fd(r->cgroup,
					    l->container ? (pid_t)l->container->state.pid : 0);
	struct run_child *child = f->ns_stage ? &r->first : &r->init;
	pid_t pid = sys_clone3(f->clone_flags, SIGCHLD, cgroup_fd, &child->pidfd);
	if (pid < 0 && cgroup_fd >= 0 && cgroup_clone_refused(r->cgroup, pid))
		pid = sys_clone3(f->clone_flags, SIGCHLD, -EBADF, &child->pidfd);
	if (pid == 0)
		stage_child(l);
	if (pid < 0)
		return launch_clone_failed(pid, cgroup_fd >= 0, e);
	child->pid = pid;
	close_fd(TAKE_FD(l->child_sock));
	close_fd(TAKE_FD(r->created_fd)); /* init's alone: the lock must end with its execve */
	close_fd(TAKE_FD(r->listen_fd));
	close_fd(TAKE_FD(r->listener_fd)); /* the agent may read to the end of the connection */
	return l->container ? 0
			    : journal_put_process(l->journal, JOURNAL_PROCESS, pid,
						  &child->start_time, e);
}

static int host_steps(struct launch *l, struct err *e)
{
	int r = launch_take_signals(l, e);
	if (r >= 0)
		r = progress_new(&l->run.progress, e);
	if (r < 0)
		return r;
	l->run.outcome = &l->run.progress->outcome;
	r = proc_open(&l->run.proc);
	if (r < 0)
		return err_sys(e, r, "open /proc");
	return stage_run(&step_table, &l->run, STAGE_HOST, e);
}

int launch_prepare(struct launch *l, enum plan_use use, bool start_at_once,
		   int (*go_on)(struct launch *l, struct err *e), struct err *e)
{
	init_run(l);
	int r = launch_drop_junk(l, e);
	if (r < 0)
		return r;
	r = read_and_plan(l, use, start_at_once, e);
	if (r >= 0) {
		l->run.plan = l->plan;
		r = host_steps(l, e);
		if (r >= 0)
			r = go_on(l, e);
		if (r < 0)
			launch_abort(l);
	}
	if (r < 0)
		launch_place_err(l, e);
	return r;
}

static int make_and_serve(struct launch *l, struct err *e)
{
	int r = make_children(l, e);

	return r < 0 ? r : serve(l, e);
}

int launch(struct launch *l, enum plan_use use, bool start_at_once, struct err *e)
{
	return launch_prepare(l, use, start_at_once, make_and_serve, e);
}

/* WAIT: not for one that a paused container's cgroup v1 holds: it ends when it is thawed, and nobody says when. */
static void end_child(struct run_child *child, bool wait)
{
	if (child->pidfd >= 0)
		(void)sys_pidfd_send_signal(child->pidfd, SIGKILL);
	if (child->pid > 0 && wait) {
		while (waitpid(child->pid, NULL, __WALL) < 0 && errno == EINTR)
			continue;
	}
	close_fd(TAKE_FD(child->pidfd));
	child->pid = 0;
}

/* An interruption often comes twice (to us, and to our process group), and one may come while a poststop hook runs. */
void launch_drop_signals(const struct launch *l)
{
	static const struct timespec at_once = { 0 };
	sigset_t all;

	sigfillset(&all);
	while (l->mask_saved && (sigtimedwait(&all, NULL, &at_once) >= 0 || errno == EINTR))
		continue;
}

/* The createContainer hooks are the child's: the page tells whether it came to them. */
static bool hooks_began(const struct launch *l)
{
	const struct progress *p = l->run.progress;

	for (unsigned i = 0; p && i < step_table.n; i++) {
		if (step_table.rows[i] == &step_hooks_create && p->t[i].begin_ns)
			return true;
	}
	return l->hooks_began;
}

void launch_abort(struct launch *l)
{
	bool wait = !l->container || !l->run.cgroup || !cgroup_is_frozen(l->run.cgroup);

	end_child(&l->run.first, wait);
	end_child(&l->run.init, wait);
	stage_undo(&step_table, &l->run, &l->served);
	if (hooks_began(l))
		hooks_run_poststop(l->spec, &l->state, l->bundle);
	launch_drop_signals(l);
}

void launch_clear(struct launch *l)
{
	struct run *r = &l->run;
	int *const fds[] = {
		&r->chan.fd,	    &r->root.fd,     &r->old_root,   &r->first.pidfd,
		&r->init.pidfd,	    &r->state_dir,   &r->listen_fd,  &r->created_fd,
		&r->start_fd,	    &r->listener_fd, &r->init_pidfd, &r->dev_null,
		&r->console_master, &l->journal,     &l->child_sock, &l->signal_fd,
		&l->console_sock,
	};

	if (r->core) { /* init_run() has been */
		for (size_t i = 0; i < N_ELEMENTS(fds); i++)
			close_fd(TAKE_FD(*fds[i]));
		for (int i = 0; i < NS_N; i++)
			close_fd(TAKE_FD(r->ns_fds[i]));
		hooks_close_outputs(r->hook_outputs);
		proc_close(&r->proc);
		free(r->root_note);
		cgroup_free(r->cgroup);
		seccomp_free(r->seccomp);
		net_moved_free(r->net_moved);
		progress_free(r->progress);
	}
	notify_close(&l->notify);
	seccomp_agent_close(&l->agent);
	plan_free(l->plan);
	if (l->container != NULL)
		container_free(l->container);
	spec_free(l->spec);
	buf_free(&l->config);
	free(l->bundle);
	free(l->state_dir);
	if (l->mask_saved)
		sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
}
