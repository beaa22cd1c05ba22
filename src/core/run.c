/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* create, run and exec: a launch, and what follows it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "core/end.h"
#include "core/foreground.h"
#include "core/launch.h"
#include "core/start.h"
#include "core/steps.h"
#include "core/trace.h"
#include "linux/cgroup_stats.h"
#include "util/log.h"

int container_create(const struct store *s, const char *id, const struct launch_opts *o,
		     struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, o);

	int r = id_check(id, e);
	if (r >= 0)
		r = launch(&l, FOR_CREATE, false, e);
	trace_write(o->trace, &step_table, l.run.progress);
	return r;
}

static const char *program(const struct launch *l)
{
	const struct spec_process *p = l->plan->process;

	return p && p->args.n ? p->args.v[0] : "";
}

/* From COMMIT to the running program, and its poststart hooks. */
static int begin(struct launch *l, struct err *e)
{
	struct run *r = &l->run;

	int ret = await_exec(&r->chan, r->init.pid, r->init.pidfd, l->signal_fd, r->outcome,
			     program(l), e);
	if (ret == 1)
		ret = process_died(r->cgroup, e);
	else if (ret == 0 && l->plan->opts.use == FOR_CREATE)
		container_await_started(r->state_dir);
	if (ret >= 0 && l->plan->opts.use == FOR_CREATE)
		ret = run_poststart(l->spec, &l->state, r->state_dir, l->signal_fd, e);
	if (ret < 0) {
		launch_place_err(l, e);
		l->hooks_began = l->plan->opts.use ==
				 FOR_CREATE; /* the container was created: its end runs poststop */
		launch_abort(l);
	}
	close_fd(TAKE_FD(r->chan.fd));
	return ret;
}

/* Other commands must reach a running container. */
static int unlock(struct launch *l, struct err *e)
{
	if (flock(l->run.state_dir, LOCK_UN) < 0)
		return err_sys(e, -errno, "unlock container '%s'", l->id);
	return 0;
}

/* `run --detach` for a service manager: it ends when the container is ready. */
static int await_ready(struct launch *l, struct err *e)
{
	struct run *r = &l->run;

	if (!notify_active(&l->notify))
		return 0;
	int ret = unlock(l, e);
	return ret < 0 ? ret : notify_wait(&l->notify, r->init.pid, r->init.pidfd, l->signal_fd, e);
}

static int stay(struct launch *l, int *ret_status, struct err *e)
{
	struct run *r = &l->run;

	int ret = unlock(l, e);
	if (ret < 0)
		return ret;
	return foreground_wait(r->init.pid, r->init.pidfd, &r->console_master, &l->notify,
			       &l->agent, ret_status, e);
}

/* The status alone does not tell who killed it, and the count of the kernel not whom it killed. */
static void warn_of_oom(struct launch *l)
{
	struct err e;

	if (cgroup_oom_error(l->run.cgroup, "it or another process of the container", &e) < 0)
		log_emit(LOG_WARNING, "the container's program ended by SIGKILL: %s (%s)", e.msg,
			 e.where);
}

int launch_stay(struct launch *l, int *ret_status, struct err *e)
{
	int r = stay(l, ret_status, e);

	if (r >= 0 && *ret_status == 128 + SIGKILL)
		warn_of_oom(l);
	if (l->opts->keep) {
		seccomp_agent_leave(&l->agent, l->plan->fork.pid_ns);
		launch_drop_signals(l);
		return r;
	}
	/* Another command may have deleted it, and the id be another container's by now. */
	struct err de;
	int d = end_delete(l->store, l->id, l->run.state_dir, l->spec, r < 0 ? &de : e);
	seccomp_agent_leave(&l->agent, d >= 0);
	launch_drop_signals(l);
	return r < 0 ? r : d;
}

int container_run(const struct store *s, const char *id, const struct launch_opts *o,
		  int *ret_status, struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, o);

	*ret_status = 0;
	int r = id_check(id, e);
	/* Processes that outlive their parents in a container without a pid namespace come to us, not to the engine. */
	if (r >= 0 && !o->detach && !o->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = err_sys(e, -errno, "become a subreaper");
	if (r >= 0)
		r = launch(&l, FOR_CREATE, true, e);
	if (r >= 0)
		r = begin(&l, e);
	trace_write(o->trace, &step_table, l.run.progress);
	if (r >= 0 && o->detach)
		r = await_ready(&l, e);
	if (r < 0 || o->detach)
		return r;
	return launch_stay(&l, ret_status, e);
}

static int check_running(const struct container *c, const struct launch_opts *o, struct err *e)
{
	enum container_status status;

	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	if (status == C_RUNNING || status == C_CREATED || (status == C_PAUSED && o->ignore_paused))
		return 0;
	if (status == C_PAUSED)
		return err_set(
			e, ERR_STATE,
			"cannot exec in a paused container (use --ignore-paused to override): '%s'",
			c->id);
	return err_set(e, ERR_STATE, "cannot exec in a stopped container: '%s'", c->id);
}

/* The container may end at any step, and each of them says it in words of its own. */
static int exec_failed(const struct container *c, struct err *e)
{
	if (!container_ends(c))
		return err_errno(e);
	return err_wrap(e, "cannot exec in a stopped container: '%s' has just ended", c->id);
}

int container_exec(const struct store *s, const char *id, const struct launch_opts *o,
		   int *ret_status, struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, o);

	*ret_status = 0;
	int r = container_open(&l.container, s, id, e);
	if (r >= 0)
		r = check_running(l.container, o, e);
	if (r >= 0)
		r = container_spec(l.container, &l.spec, e);
	if (r < 0)
		return r;
	if (!(l.bundle = strdup(l.container->state.bundle)))
		return err_sys(e, -ENOMEM, "exec");
	struct launch_opts with_process = *o;
	struct spec_process *process = NULL;
	if (!o->process) {
		r = exec_process(l.spec, o->overrides, &l.spec->arena, &process, e);
		with_process.process = process;
		l.opts = &with_process;
	}
	if (r < 0)
		return r;
	l.state = l.container->state; /* for the seccomp agent; borrowed */
	r = launch(&l, FOR_EXEC, true, e);
	if (r >= 0)
		r = begin(&l, e);
	trace_write(o->trace, &step_table, l.run.progress);
	if (r < 0)
		return exec_failed(l.container, e);
	if (o->detach)
		return r;
	r = foreground_wait(l.run.init.pid, l.run.init.pidfd, &l.run.console_master, NULL, NULL,
			    ret_status, e);
	launch_drop_signals(&l);
	return r;
}
