/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of `exec`: opening the running container, and its root from within. And the seccomp agent of `run` and `exec`. */
#include <errno.h>
#include <fcntl.h>

#include "core/launch.h"
#include "core/rows.h"
#include "core/start.h"
#include "linux/cgroup_stats.h"
#include "sys/hostfs.h"

static int check_no_cgroup(const char *const *options, struct err *e)
{
	if (!options || !options[0])
		return 0;
	err_set(e, ERR_USAGE, "--cgroup %s: the container has no cgroups", options[0]);
	return err_hint(e, "it was created without them: leave the option out");
}

static int open_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	struct cgroup_record rec;

	r->init_pidfd = container_init_pidfd(l->container);
	if (r->init_pidfd < 0)
		return err_set(e, ERR_STATE, "its process is gone");
	state_cgroup_record(&l->container->state, &rec);
	if (rec.leaves.n == 0)
		return check_no_cgroup(r->plan->opts.exec_cgroups, e);
	int ret = cgroup_open(&r->cgroup, &rec, e);
	if (ret < 0)
		return ret;
	cgroup_oom_note(r->cgroup);
	return cgroup_prepare_join(r->cgroup, r->plan->opts.exec_cgroups,
				   (pid_t)l->container->state.pid, e);
}

const struct step step_exec_open = {
	.name = "exec.open",
	.what = "open the running container: its process and its cgroups",
	.stage = STAGE_HOST,
	.use = FOR_EXEC,
	.run = open_run,
};

static int root_run(struct run *r, struct err *e)
{
	r->root.fd = host_opendir(AT_FDCWD, "/", true);
	return r->root.fd < 0 ? err_sys(e, r->root.fd, "open the container's root") : 0;
}

const struct step step_exec_root = {
	.name = "exec.root",
	.what = "open the container's root",
	.stage = STAGE_INIT,
	.use = FOR_EXEC,
	.run = root_run,
};

static bool has_agent(const struct plan *p)
{
	return p->opts.start_at_once && p->spec->lnx->seccomp && p->spec->lnx->seccomp->notifies;
}

static int connect_run(struct run *r, struct err *e)
{
	const struct launch *l = r->core;
	int dir = l->container ? l->container->dir : r->state_dir;
	int fd = connect_listener(r->plan->spec, dir, e);

	if (fd < 0 && fd != -EBADF)
		return fd;
	r->listener_fd = fd;
	return 0;
}

const struct step step_seccomp_connect = {
	.name = "seccomp.connect",
	.what = "connect to the seccomp agent",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = has_agent,
	.run = connect_run,
};
