/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * THE TABLE: everything ketch does to make a container or to enter one, in order. Read this file first.
 *
 * Within a stage the order is the order of events. SERVE rows run when the child asks with the message in their row;
 * they stand where they usually happen. runtime.md#lifecycle, steps 2 to 9.
 */
#include "core/steps.h"
#include "core/rows.h"
#include "linux/steps.h"

static const struct step *const rows[] = {
	/* The parent, before anything exists. */
	&step_state_reserve,
	&step_exec_open,
	&step_ns_open,
	&step_affinity_initial,
	&step_dev_null_host,
	&step_stdio_give,
	&step_hooks_open,
	&step_seccomp_compile,
	&step_seccomp_agent,
	&step_seccomp_connect,
	&step_lsm_check,
	&step_cgroup_create,
	&step_rdt_create,
	&step_start_listen,
	&step_notify_socket,

	/* The first child, where namespaces are joined; it clones init. */
	&step_cgroup_place_first,
	&step_cgroup_join_first,
	&step_cgroup_attach,
	&step_cgroup_room,
	&step_oom_first,
	&step_ns_join,
	&step_ns_user,
	&step_ns_unshare,

	/* Init, up to READY. */
	&step_cgroup_place,
	&step_cgroup_scope,
	&step_ids_ask,
	&step_ids_map,
	&step_oom,
	&step_session_new,
	&step_cgroup_join,
	&step_cgroup_ns,
	&step_time_ns,
	&step_time_offsets,
	&step_net_loopback,
	&step_net_devices,
	&step_net_move,
	&step_mounts_private,
	&step_rootfs_bind,
	&step_rootfs_note,
	&step_mounts_all,
	&step_mounts_source,
	&step_notify_mount,
	&step_dev_nodes,
	&step_dev_links,
	&step_exec_root,
	&step_console_open,
	&step_console_pass,
	&step_hooks_ask,
	&step_cgroup_delegate,
	&step_cgroup_limits,
	&step_rdt_join,
	&step_hooks_runtime,
	&step_hooks_create,
	&step_rootfs_pivot,
	&step_cwd_make,
	&step_sysctl,
	&step_mounts_masked,
	&step_mounts_readonly,
	&step_rootfs_readonly,
	&step_host_name,
	&step_sched,
	&step_ioprio,
	&step_mempolicy,
	&step_personality,
	&step_affinity_reset,
	&step_keyring,
	&step_stdio_owner,
	&step_cwd_early,
	&step_caps_bounding,
	&step_user,
	&step_caps,
	&step_cwd,
	&step_exec_lookup,
	&step_fds_shed,
	&step_rlimits_hard,
	&step_seccomp_adopt,
	&step_state_commit,

	/* Init, after `ketch start`. */
	&step_start_wait,
	&step_session_own,
	&step_hooks_start,
	&step_rlimits_final,
	&step_affinity_final,
	&step_fds_keep,
	&step_signals_reset,
	&step_no_new_privs,
	&step_lsm_label,
	&step_start_announce,
	&step_seccomp_listener,
	&step_exec,
};

const struct step_table step_table = { rows, N_ELEMENTS(rows) };
