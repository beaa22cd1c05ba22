/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that src/linux offers to the step table (core/steps.c), by the file that defines them. */
#pragma once

#include "engine/step.h"

/* namespaces.c */
extern const struct step step_ns_open;	  /* HOST  ns.open */
extern const struct step step_ns_join;	  /* NS    ns.join */
extern const struct step step_ns_user;	  /* NS    ns.user */
extern const struct step step_ns_unshare; /* NS    ns.unshare */
/* idmap.c */
extern const struct step step_ids_ask; /* INIT  ids.ask: a new user namespace made by clone3 */
extern const struct step step_ids_map; /* SERVE ids.map */
/* timens.c */
extern const struct step step_time_ns;	    /* INIT  time.ns */
extern const struct step step_time_offsets; /* SERVE time.offsets */
/* netdev.c */
extern const struct step step_net_loopback; /* INIT  net.loopback */
extern const struct step step_net_devices;  /* INIT  net.devices */
extern const struct step step_net_move;	    /* SERVE net.move */
/* cgroup_steps.c */
extern const struct step step_cgroup_create;	  /* HOST  cgroup.create */
extern const struct step step_cgroup_place_first; /* NS    cgroup.place-first */
extern const struct step step_cgroup_place;	  /* INIT  cgroup.place */
extern const struct step step_cgroup_scope;	  /* SERVE cgroup.scope */
extern const struct step step_cgroup_attach;	  /* SERVE cgroup.attach (exec) */
extern const struct step step_cgroup_room;	  /* SERVE cgroup.room (exec) */
extern const struct step step_cgroup_join_first;  /* NS    cgroup.join-first */
extern const struct step step_cgroup_join;	  /* INIT  cgroup.join */
extern const struct step step_cgroup_ns;	  /* INIT  cgroup.ns */
extern const struct step step_cgroup_delegate;	  /* SERVE cgroup.delegate */
extern const struct step step_cgroup_limits;	  /* SERVE cgroup.limits */
/* rdt.c */
extern const struct step step_rdt_create; /* HOST  rdt.create */
extern const struct step step_rdt_join;	  /* SERVE rdt.join */
/* mounts.c, rootfs.c, devices.c, terminal.c, sysctl.c, pathmask.c */
extern const struct step step_dev_null_host;   /* HOST  dev.null-host */
extern const struct step step_mounts_private;  /* INIT  mounts.private */
extern const struct step step_rootfs_bind;     /* INIT  rootfs.bind */
extern const struct step step_rootfs_note;     /* SERVE rootfs.note */
extern const struct step step_mounts_all;      /* INIT  mounts.all */
extern const struct step step_mounts_source;   /* SERVE mounts.source */
extern const struct step step_notify_mount;    /* INIT  notify.mount */
extern const struct step step_dev_nodes;       /* INIT  dev.nodes */
extern const struct step step_dev_links;       /* INIT  dev.links */
extern const struct step step_console_open;    /* INIT  console.open */
extern const struct step step_rootfs_pivot;    /* INIT  rootfs.pivot */
extern const struct step step_sysctl;	       /* INIT  sysctl */
extern const struct step step_mounts_masked;   /* INIT  mounts.masked */
extern const struct step step_mounts_readonly; /* INIT  mounts.readonly-paths */
extern const struct step step_rootfs_readonly; /* INIT  rootfs.readonly */
/* hostname.c, sched.c, ioprio.c, mempolicy.c, personality.c, affinity.c, keyring.c, oom.c, rlimits.c */
extern const struct step step_session_new;	/* INIT  session.new */
extern const struct step step_session_own;	/* START session.own */
extern const struct step step_host_name;	/* INIT  host.name */
extern const struct step step_sched;		/* INIT  proc.sched */
extern const struct step step_ioprio;		/* INIT  proc.ioprio */
extern const struct step step_mempolicy;	/* INIT  proc.mempolicy */
extern const struct step step_personality;	/* INIT  proc.personality */
extern const struct step step_affinity_initial; /* HOST proc.affinity-initial (exec) */
extern const struct step step_affinity_reset;	/* INIT  proc.affinity-reset */
extern const struct step step_affinity_final;	/* START proc.affinity-final (exec) */
extern const struct step step_keyring;		/* INIT  keyring */
extern const struct step step_oom_first;	/* NS    proc.oom-first (exec) */
extern const struct step step_oom;		/* SERVE proc.oom */
extern const struct step step_rlimits_hard;	/* SERVE rlimits.hard */
extern const struct step step_rlimits_final;	/* START rlimits.final */
/* user.c, caps.c, cwd.c, exec_lookup.c, fds.c, signals.c, privs.c, lsm.c */
extern const struct step step_stdio_give;    /* HOST  stdio.give */
extern const struct step step_stdio_owner;   /* INIT  stdio.owner */
extern const struct step step_caps_bounding; /* INIT  caps.bounding */
extern const struct step step_user;	     /* INIT  user.ids */
extern const struct step step_caps;	     /* INIT  caps.sets */
extern const struct step step_cwd_make;	     /* INIT  proc.cwd-make */
extern const struct step step_cwd_early;     /* INIT  proc.cwd-early */
extern const struct step step_cwd;	     /* INIT  proc.cwd */
extern const struct step step_exec_lookup;   /* INIT  exec.lookup */
extern const struct step step_fds_shed;	     /* INIT  fds.shed */
extern const struct step step_fds_keep;	     /* START fds.keep */
extern const struct step step_signals_reset; /* START signals.reset */
extern const struct step step_no_new_privs;  /* START no-new-privs */
extern const struct step step_lsm_check;     /* HOST  lsm.check */
extern const struct step step_lsm_label;     /* START lsm.label */
/* seccomp.c, seccomp_notify.c, exec.c */
extern const struct step step_seccomp_compile;	/* HOST  seccomp.compile */
extern const struct step step_seccomp_listener; /* START seccomp.listener */
extern const struct step step_exec;		/* START exec */
