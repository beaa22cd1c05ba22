/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd cgroup manager in a plan: the container is the scope SCOPE in SLICE. On cgroup v2 its processes are in a cgroup below
 * (annotation run.oci.systemd.subgroup, "container" without it) that systemd has delegated and never touches; on v1 and hybrid hosts they
 * are in the scope itself, where engines look for them in each hierarchy, except for devices: systemd empties the list of a v1
 * cgroup and fills it again with each of its own changes, but can't where there are cgroups below. Pure.
 */
#include <errno.h>
#include <string.h>

#include "engine/plan.h"
#include "spec/annotations.h"

#define DEFAULT_SUBGROUP "container"

static int no_memory(struct err *e)
{
	return err_sys(e, -ENOMEM, "plan");
}

static bool is_v2(const struct plan *p)
{
	return p->facts->cgroup_mode == CGROUP_MODE_V2;
}

static int plan_subgroup(struct plan *p, struct err *e)
{
	const char *name = spec_map_get(&p->spec->annotations, ANNOTATION_SYSTEMD_SUBGROUP);

	p->cgroup.subgroup = name ? name : is_v2(p) ? DEFAULT_SUBGROUP : "";
	p->cgroup.device_subgroup = name && *name ? name : DEFAULT_SUBGROUP;
	return name && *name ? plan_cgroup_name(ANNOTATION_SYSTEMD_SUBGROUP, name, e) : 0;
}

static int check_host(const struct plan *p, struct err *e)
{
	if (!p->facts->systemd) {
		err_set(e, ERR_UNSUPPORTED,
			"the systemd cgroup manager needs systemd, which does not run here (there "
			"is "
			"no /run/systemd/system)");
		return err_hint(e, "leave out --systemd-cgroup, or give --cgroup-manager cgroupfs; "
				   "in the engine: SystemdCgroup = false (containerd), "
				   "cgroup_manager = \"cgroupfs\" (Podman)");
	}
	if (facts_systemd(p->facts))
		return 0;
	err_set(e, ERR_UNSUPPORTED,
		"the systemd cgroup manager needs systemd's cgroups, and neither cgroup v2 nor the "
		"v1 hierarchy 'name=systemd' is mounted below /sys/fs/cgroup");
	return err_hint(e, "mount them there as systemd does, or give --cgroup-manager cgroupfs");
}

int plan_systemd(struct plan *p, struct err *e)
{
	struct plan_cgroup *cg = &p->cgroup;

	cg->systemd_user = p->facts->uid != 0 || p->facts->in_userns;
	cg->props.arena = &p->arena;
	int r = plan_error(p, check_host(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_subgroup(p, e), e);
	if (r < 0)
		return r;
	return systemd_names(&p->arena, p->spec->lnx->cgroups_path, p->opts.id, cg->systemd_user,
			     &cg->slice, &cg->scope, e);
}

int plan_systemd_props(struct plan *p, struct err *e)
{
	struct plan_cgroup *cg = &p->cgroup;
	struct systemd_props *props = &cg->props;
	const char *text = arena_printf(&p->arena, "ketch container %s", p->opts.id);

	if (!text)
		return no_memory(e);
	systemd_add_text(props, "Description", text);
	systemd_add_text(props, "Slice", cg->slice);
	systemd_add_text(props, "CollectMode", "inactive-or-failed");
	systemd_add_number(props, "Delegate", "b", true);
	systemd_add_number(props, "DefaultDependencies", "b", false);
	systemd_add_number(props, "CPUAccounting", "b", true);
	systemd_add_number(props, "MemoryAccounting", "b", true);
	systemd_add_number(props, is_v2(p) ? "IOAccounting" : "BlockIOAccounting", "b", true);
	systemd_add_number(props, "TasksAccounting", "b", true);
	/* else it is the manager's DefaultTasksMax, which nobody asked for */
	systemd_add_number(props, "TasksMax", "t", UINT64_MAX);
	systemd_add_writes(props, &cg->writes, false);
	/* a user's manager can't enforce them: our own program does, where we may */
	if (cg->device_program && is_v2(p) && !cg->systemd_user)
		systemd_add_devices(props, &cg->devices);
	int r = systemd_add_annotations(props, &p->spec->annotations, e);
	return r < 0 ? r : props->failed ? no_memory(e) : 0;
}
