/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows that are not written yet: they never apply. This file goes away with the last of them. */
#include "linux/environ.h"
#include "linux/exec.h"
#include "linux/steps.h"

static bool never(UNUSED const struct plan *p)
{
	return false;
}

static int nothing(UNUSED struct run *r, UNUSED struct err *e)
{
	return 0;
}

#define STUB(row) __attribute__((weak)) const struct step row = { .name = #row, .stage = STAGE_N, .applies = never, .run = nothing }

STUB(step_net_loopback);
STUB(step_net_devices);
STUB(step_net_move);
STUB(step_cgroup_create);
STUB(step_cgroup_join_first);
STUB(step_cgroup_join);
STUB(step_cgroup_ns);
STUB(step_cgroup_limits);
STUB(step_dev_null_host);
STUB(step_mounts_private);
STUB(step_rootfs_bind);
STUB(step_mounts_all);
STUB(step_mounts_source);
STUB(step_dev_nodes);
STUB(step_dev_links);
STUB(step_console_open);
STUB(step_rootfs_pivot);
STUB(step_sysctl);
STUB(step_mounts_masked);
STUB(step_mounts_readonly);
STUB(step_rootfs_readonly);
STUB(step_session_new);
STUB(step_host_name);
STUB(step_sched);
STUB(step_ioprio);
STUB(step_mempolicy);
STUB(step_personality);
STUB(step_affinity_reset);
STUB(step_affinity_final);
STUB(step_keyring);
STUB(step_oom_first);
STUB(step_oom);
STUB(step_rlimits_hard);
STUB(step_rlimits_final);
STUB(step_stdio_owner);
STUB(step_caps_bounding);
STUB(step_user);
STUB(step_caps);
STUB(step_cwd);
STUB(step_exec_lookup);
STUB(step_fds_keep);
STUB(step_signals_reset);
STUB(step_no_new_privs);
STUB(step_lsm_label);
STUB(step_seccomp_compile);
STUB(step_seccomp_listener);

/* Functions that the exec row needs and that are not written yet. */
__attribute__((weak)) int environ_build(const struct plan *p, struct strv *ret, struct err *e)
{
	for (size_t i = 0; i < p->process->env.n; i++) {
		if (strv_add(ret, p->process->env.v[i]) < 0)
			return err_sys(e, -ENOMEM, "build the environment");
	}
	return 0;
}

__attribute__((weak)) int exec_diagnose(UNUSED int root_fd, const char *path, int errnum, struct err *e)
{
	return err_sys(e, -errnum, "exec %s", path);
}
