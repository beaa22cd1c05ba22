/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process makes or joins which namespace: one clone3 for everything when all namespaces are new, else a first
 * child that joins, unshares and clones init. Pure. config-linux.md#namespaces, #user-namespace-mappings; clone(2),
 * namespaces(7), user_namespaces(7), time_namespaces(7), cgroup_namespaces(7).
 */
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>

#include "engine/plan.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const int clone_flags[NS_N] = {
	[NS_PID] = CLONE_NEWPID,       [NS_NETWORK] = CLONE_NEWNET, [NS_MOUNT] = CLONE_NEWNS,
	[NS_IPC] = CLONE_NEWIPC,       [NS_UTS] = CLONE_NEWUTS,	    [NS_USER] = CLONE_NEWUSER,
	[NS_CGROUP] = CLONE_NEWCGROUP, [NS_TIME] = CLONE_NEWTIME,
};

static const char *const words[NS_N] = {
	[NS_PID] = "pid", [NS_NETWORK] = "network", [NS_MOUNT] = "mount",   [NS_IPC] = "ipc",
	[NS_UTS] = "uts", [NS_USER] = "user",	    [NS_CGROUP] = "cgroup", [NS_TIME] = "time",
};

int ns_clone_flag(enum spec_ns ns)
{
	return clone_flags[ns];
}

void ns_flags_text(uint64_t flags, struct buf *out)
{
	const char *sep = "";

	for (int i = 0; i < NS_N; i++) {
		if (flags & (uint64_t)clone_flags[i]) {
			buf_addf(out, "%s%s", sep, words[i]);
			sep = ",";
		}
	}
}

static bool has_cap(const struct plan *p, int cap)
{
	return p->facts->caps >> cap & 1;
}

static bool mapped(const spec_idmaps *map, uint32_t id)
{
	for (size_t i = 0; i < map->n; i++) {
		if (id >= map->v[i].container_id && id - map->v[i].container_id < map->v[i].size)
			return true;
	}
	return false;
}

static int check_map(const spec_idmaps *map, const char *what, struct err *e)
{
	if (map->n == 0) {
		err_set(e, ERR_SPEC, "a new user namespace needs %ss", what);
		err_hint(e, "add \"%ss\": [{\"containerID\": 0, \"hostID\": ..., \"size\": ...}]",
			 what);
		return err_at(e, "$.linux.%ss", what);
	}
	if (!mapped(map, 0)) {
		err_set(e, ERR_UNSUPPORTED,
			"no %s contains container id 0, as which a container is set up", what);
		return err_at(e, "$.linux.%ss", what);
	}
	return 0;
}

/* An unprivileged writer of a map may map one id, its own (user_namespaces(7)). */
static bool maps_only(const spec_idmaps *map, uint32_t host_id)
{
	return map->n == 1 && map->v[0].size == 1 && map->v[0].host_id == host_id;
}

/* Who may write the maps, and at what price. For exec it tells what create has done. */
static int plan_maps(struct plan *p, struct err *e)
{
	const struct spec_linux *l = p->spec->lnx;
	struct plan_fork *f = &p->fork;

	f->uid_map_helper = !has_cap(p, CAP_SETUID) && !maps_only(&l->uid_mappings, p->facts->uid);
	f->gid_map_helper = !has_cap(p, CAP_SETGID) && !maps_only(&l->gid_mappings, p->facts->gid);
	f->deny_setgroups = !has_cap(p, CAP_SETGID) && !f->gid_map_helper;
	if (f->deny_setgroups && p->process && p->process->user.additional_gids.n > 0 &&
	    !plan_keeps_groups(p)) {
		err_set(e, ERR_UNSUPPORTED,
			"additional groups can't be set: an ordinary user who maps the own gid "
			"alone gives up setgroups");
		err_hint(e, "map a gid range of /etc/subgid in linux.gidMappings, or leave "
			    "additionalGids out");
		return err_at(e, "$.process.user.additionalGids");
	}
	return 0;
}

/* Setting a container up takes CAP_SYS_ADMIN, which others than root get only in a user namespace. */
static int check_privilege(const struct plan *p, struct err *e)
{
	if (has_cap(p, CAP_SYS_ADMIN) || p->spec->lnx->ns[NS_USER].present)
		return 0;
	err_set(e, ERR_UNSUPPORTED,
		"without CAP_SYS_ADMIN a container needs a user namespace, and linux.namespaces "
		"has none");
	err_hint(e, "add {\"type\": \"user\"} with uidMappings and gidMappings; `ketch spec "
		    "--rootless` writes such a config");
	return err_at(e, "$.linux.namespaces");
}

static bool has_unified(const struct plan *p)
{
	return p->facts->cgroup_mode == CGROUP_MODE_V2 ||
	       p->facts->cgroup_mode == CGROUP_MODE_HYBRID;
}

/*
 * The root of a cgroup namespace is where its maker stands in each hierarchy. That is the container's place at birth
 * only where cgroup2 is the one hierarchy and the cgroupfs driver puts init there by CLONE_INTO_CGROUP, or where nobody
 * moves it at all.
 */
static bool cgroup_ns_is_late(const struct plan *p)
{
	switch (p->opts.cgroup_manager) {
	case CGROUP_MANAGER_DISABLED:
		return false;
	case CGROUP_MANAGER_SYSTEMD:
		return true;
	default:
		return p->facts->cgroup_mode == CGROUP_MODE_V1 ||
		       p->facts->cgroup_mode == CGROUP_MODE_HYBRID;
	}
}

/*
 * unshare(CLONE_NEWTIME) in pid 1 with execve switching works on recent kernels (seen on 6.12 and 6.18); older ones switch
 * at fork only, so there init's parent unshares. As a flag of clone3 it would freeze the offsets before they are set.
 */
static bool execve_switches_time(const struct plan *p)
{
	unsigned major = p->facts->kernel_major, minor = p->facts->kernel_minor;

	return major > 6 || (major == 6 && minor >= 6);
}

static void plan_create(struct plan *p)
{
	const struct spec_namespace *ns = p->spec->lnx->ns;
	struct plan_fork *f = &p->fork;
	int make = 0;

	for (int i = 0; i < NS_N; i++) {
		if (ns[i].present && ns[i].path)
			f->join_flags |= clone_flags[i];
		else if (ns[i].present)
			make |= clone_flags[i];
	}
	f->into_cgroup = has_unified(p) && p->opts.cgroup_manager != CGROUP_MANAGER_SYSTEMD &&
			 p->opts.cgroup_manager != CGROUP_MANAGER_DISABLED;
	f->new_userns = make & CLONE_NEWUSER;
	f->joined_userns = f->join_flags & CLONE_NEWUSER;
	f->pid_ns = make & CLONE_NEWPID;
	f->cgroup_ns_late = (make & CLONE_NEWCGROUP) && cgroup_ns_is_late(p);
	if (f->cgroup_ns_late)
		make &= ~CLONE_NEWCGROUP;
	f->ns_stage = f->join_flags || ((make & CLONE_NEWTIME) && !execve_switches_time(p));
	if (!f->ns_stage) {
		f->time_ns_late = make & CLONE_NEWTIME;
		f->clone_flags = (uint64_t)(make & ~CLONE_NEWTIME);
		return;
	}
	/* A pid namespace takes in children only; the cgroup namespace of init is made with it. */
	f->init_flags = (uint64_t)(make & (CLONE_NEWPID | CLONE_NEWCGROUP));
	f->unshare_flags = make & ~(CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWUSER);
}

/* Not inherited by a child, or forbidden to have one. */
static bool process_may_fork(const struct spec_process *p)
{
	const struct spec_scheduler *s = p ? p->scheduler : NULL;

	return !s || (s->policy != SCHED_DEADLINE && !(s->flags & SCHED_FLAG_RESET_ON_FORK));
}

/* All that the container's init is in; ns.join leaves out at run time what is ours too. */
static void plan_exec(struct plan *p)
{
	struct plan_fork *f = &p->fork;

	for (int i = 0; i < NS_N; i++) {
		if (p->spec->lnx->ns[i].present)
			f->join_flags |= clone_flags[i];
	}
	f->ns_stage = true;
	f->clone_last = process_may_fork(p->process);
	f->into_cgroup = has_unified(p);
	f->joined_userns = f->join_flags & CLONE_NEWUSER;
}

int plan_fork(struct plan *p, struct err *e)
{
	const struct spec_linux *l = p->spec->lnx;
	bool exec = p->opts.use == FOR_EXEC;
	int r = exec ? 0 : plan_error(p, check_privilege(p, e), e);

	memset(&p->fork, 0, sizeof(p->fork));
	if (r < 0)
		return r;
	if (exec)
		plan_exec(p);
	else
		plan_create(p);
	if (!l->ns[NS_USER].present || l->ns[NS_USER].path)
		return 0;
	r = plan_error(p, check_map(&l->uid_mappings, "uidMapping", e), e);
	if (r >= 0)
		r = plan_error(p, check_map(&l->gid_mappings, "gidMapping", e), e);
	return r < 0 ? r : plan_maps(p, e);
}
