/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spec + host facts + options → decisions. plan_make() is pure: it reads no file and makes no system call, so a plan
 * can be printed (`ketch explain`), compared (golden tests) and made for a recorded host. Steps only carry it out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/cgroup_devices.h"
#include "engine/cgroup_table.h"
#include "engine/systemd.h"
#include "spec/model.h"
#include "sys/facts.h"
#include "util/buf.h"
#include "util/err.h"

enum plan_use { FOR_CREATE = 1, FOR_EXEC = 2, FOR_RESTORE = 4 };

enum cgroup_manager {
	CGROUP_MANAGER_AUTO,
	CGROUP_MANAGER_CGROUPFS,
	CGROUP_MANAGER_SYSTEMD,
	CGROUP_MANAGER_DISABLED
};

enum tristate { TRI_AUTO = -1, TRI_NO = 0, TRI_YES = 1 };

/* The one name in the state root that is no container's: what is kept between starts. */
#define CACHE_DIR ".cache"

/* What the command line decides. All strings outlive the plan. */
struct plan_opts {
	enum plan_use use;
	const char *id;
	const char *bundle;    /* absolute */
	const char *state_dir; /* absolute: ROOT/ID */
	enum cgroup_manager cgroup_manager;
	enum tristate rootless; /* AUTO: by facts */
	bool no_pivot;
	bool no_new_keyring;
	bool start_at_once;    /* run: no start socket, COMMIT is GO */
	unsigned preserve_fds; /* --preserve-fds */
	unsigned listen_fds;   /* LISTEN_FDS that are ours to pass on; they come first, from 3 on */
	const char *notify_socket_host; /* NOTIFY_SOCKET of our environment, or NULL */
	/* FOR_EXEC */
	const struct spec_process *process; /* replaces spec->process */
	const char *const *exec_cgroups;    /* `--cgroup [CTRL[,CTRL]:]PATH`, NULL-ended, or NULL */
	/* check: gets each error, after which planning goes on with the rest. Such a plan is not to be carried out. */
	void (*finding)(void *ctx, const struct err *e);
	void *finding_ctx;
};

/* Which process makes what (engine/forkplan.c). CLONE_* bits. */
struct plan_fork {
	uint64_t clone_flags; /* of the first clone3, without CLONE_PIDFD and CLONE_INTO_CGROUP */
	bool into_cgroup;     /* first clone3 with CLONE_INTO_CGROUP (cgroup2) */
	bool ns_stage;	      /* the first child runs stage NS and clones init by CLONE_PARENT */
	bool clone_last; /* exec: the first child does stage INIT too: what is cloned into the container is the container's */
	uint64_t init_flags; /* with ns_stage: flags of the second clone3 besides CLONE_PARENT */
	int join_flags;	     /* namespaces joined by path in stage NS */
	int unshare_flags;   /* new namespaces made by unshare in stage NS, without NEWUSER */
	bool new_userns;     /* made by clone3 or, with ns_stage, by unshare */
	bool joined_userns;
	bool cgroup_ns_late; /* unshare(CLONE_NEWCGROUP) in init after the join (v1, hybrid) */
	bool time_ns_late;   /* unshare(CLONE_NEWTIME) in init; execve switches to it */
	bool pid_ns;	     /* init has a pid namespace of its own: its death ends all others */
	bool uid_map_helper,
		gid_map_helper; /* new_userns: newuidmap, newgidmap write the map: we may not */
	bool deny_setgroups; /* new_userns: no setgroups(2) in it ever, the price of an unprivileged gid_map */
};

/* The container's cgroup in one hierarchy. */
struct plan_cgroup_leaf {
	const struct cgroup_hierarchy *h;
	const char *base; /* below the mount, where a relative path starts: "" or "/a/b" */
	const char *path; /* "/a/b" below the base */
	const char *dir;  /* mount + base + path, if the base can be seen there (else without it) */
	bool taken;	  /* systemd: by the container's process, which is there already */
};

struct plan_cgroup {
	enum cgroup_manager manager; /* never AUTO here */
	const char *path;	     /* cgroupfs: "/a/b" below each leaf's base; never "/" */
	bool relative;		     /* from our own cgroup; else from the mount */
	const char *slice, *scope;   /* systemd: names of units */
	const char *subgroup;	     /* systemd: of the cgroup below the scope, "" for none */
	const char
		*device_subgroup; /* systemd: the same in the v1 hierarchy of devices, never "" */
	const char *delegated;	  /* of the cgroup below the one with the limits; NULL: none */
	bool systemd_user;	  /* the user's manager, not the system's */
	struct systemd_props
		props; /* systemd: of the scope; the late ones are set by cgroup.limits */
	bool delegate_chown; /* ownership rule of spec 1.1 applies (v2, own cgroup ns, rw /sys/fs/cgroup) */
	SPEC_LIST(struct plan_cgroup_leaf) leaves; /* one for each mounted hierarchy */
	struct cgroup_writes writes;		   /* resources, v1 device rules included */
	bool device_program; /* the rules below are attached to the cgroup2 leaf as a BPF program */
	struct cgroup_devices devices;
	bool devices_quiet; /* that the kernel refuses the rules is not worth a warning */
};

/* linux.intelRdt: a group of resctrl, a directory below its root. */
struct plan_rdt {
	bool on;
	bool given;	   /* closID names the group; else the container's id does */
	const char *group; /* "" is the default group, the root itself */
	const char *
		schema; /* lines of l3CacheSchema and memBwSchema, to be written together; NULL: none */
	const char *schemata; /* lines written after those; NULL: none */
	const char *monitor;  /* mon_groups/NAME of the group; NULL: none */
};

enum plan_mount_kind {
	PLAN_MOUNT_BIND,
	PLAN_MOUNT_FS, /* a new file system by its type: tmpfs, devpts, mqueue, overlay … */
	PLAN_MOUNT_PROC, /* a new proc; falls back to a recursive bind of ours where the kernel refuses */
	PLAN_MOUNT_SYSFS, /* a new sysfs; falls back to a read-only recursive bind in user namespaces without own network */
	PLAN_MOUNT_CGROUP, /* the container's view: cgroup2, or a tmpfs with one v1 mount per hierarchy */
	PLAN_MOUNT_REMOUNT, /* option "remount": changes the mount that is there */
};

struct plan_mount {
	const struct spec_mount *spec;
	size_t index; /* in $.mounts */
	const char
		*dest; /* the destination: absolute, without doubled slashes and "." components */
	enum plan_mount_kind kind;
	const char *fstype; /* PLAN_MOUNT_FS */
	const char *source; /* bind: absolute path on the host; else the source word, never NULL */
	bool bind_recursive;
	uint64_t attr_set, attr_clear; /* MOUNT_ATTR_*: this mount */
	uint64_t rec_set, rec_clear;   /* MOUNT_ATTR_*: this mount and all below */
	unsigned long
		sb_flags; /* MS_* that belong to the super block: sync, dirsync, mand, silent, lazytime, iversion, acl, ro; and MOUNT_NOACL */
	unsigned long
		propagation; /* MS_SHARED …, with MS_REC for the r… words; 0: private, recursive */
	const char *
		data; /* file-system options, joined by commas, SELinux context included; "" when none */
	bool tmpcopyup, idmap, ridmap, copy_symlink, src_nofollow, dest_nofollow;
	const spec_idmaps *uid_map,
		*gid_map; /* idmap: its own or the container's; NULL when not idmapped */
	bool bind_only;	  /* PLAN_MOUNT_REMOUNT: with "bind", flags of the mount alone */
	bool read_only;	  /* ro was asked for (either way) */
	bool systemd_v1;  /* PLAN_MOUNT_CGROUP: a tmpfs with the hierarchy name=systemd alone */
};

/* Identity and privilege of the process at execve. The capability sets are exact and consistent (effective within
 * permitted, ambient within permitted and inheritable, inheritable within bounding); without `capabilities` they are empty. */
struct plan_creds {
	uid_t uid;
	gid_t gid;
	bool keep_groups; /* annotation run.oci.keep_original_groups */
	bool set_groups;  /* setgroups(2) is to be called */
	uint64_t effective, bounding, inheritable, permitted, ambient;
	const char *apparmor, *selinux; /* label to set; NULL: none */
};

/* Whose words count. An exec'ed process that says nothing about these gets what the container's process has, so that an
 * exec is never less confined than the container. NULL: nobody says anything. */
struct plan_sources {
	const struct spec_caps *caps;
	const struct spec_process *rlimits, *oom, *affinity;
};

/* NOTIFY_SOCKET: the directory below the container's own, and where the container finds it. */
#define NOTIFY_DIR    "notify"
#define NOTIFY_DEST   "/run/notify"
#define NOTIFY_SOCKET "notify.sock"
enum { NOTIFY_MOUNT_INDEX = 0x7fffffff }; /* stands for no entry of $.mounts */

struct plan {
	struct arena arena; /* everything below that the plan made */
	struct plan_opts opts;
	const struct spec *spec;
	const struct spec_process *process; /* NULL: none was given (create without process) */
	const struct facts *facts;
	const char *rootfs; /* absolute path on the host; NULL for exec */
	bool rootless;	    /* we are not root of the initial user namespace */
	struct plan_fork fork;
	struct plan_cgroup cgroup;
	struct plan_rdt rdt;
	SPEC_LIST(struct plan_mount) mounts;
	const struct plan_mount *notify; /* of the directory with our NOTIFY_SOCKET; NULL: none */
	const char
		*mount_label; /* option that gives new file systems linux.mountLabel; NULL: none */
	struct plan_creds creds;
	struct plan_sources from;
	bool has_hooks[HOOK_N_KINDS];
	bool mount_ns; /* a new mount namespace, the container's own; else it is ours, or one that is joined */
	bool root_mount; /* the root is made a mount of its own: always with mount_ns, else where anything is mounted */
	bool pivot; /* pivot_root; else MS_MOVE + chroot (--no-pivot) or chroot alone (no mount_ns) */
	bool network_ns_new, uts_ns, ipc_ns,
		user_ns; /* new; or own (new or joined) for the latter three */
	bool terminal;
	SPEC_LIST(struct spec_warning) warnings; /* things the plan leaves out or changes */
};

/* *ret is to be freed with plan_free(). The error names the property that can't be applied. */
int plan_make(struct plan **ret, const struct spec *spec, const struct facts *facts,
	      const struct plan_opts *opts, struct err *e);
void plan_free(struct plan *p);
/* R, which E may go with; 0 for an error that opts.finding was told of. */
int plan_error(const struct plan *p, int r, const struct err *e);
/* Adds a warning; a failed allocation loses only the warning. */
void plan_warn(struct plan *p, const char *where, const char *fmt, ...) PRINTF_LIKE(3, 4);

static inline void cleanup_plan(struct plan **p)
{
	plan_free(*p);
}
#define auto_plan AUTO(cleanup_plan)

/* The parts, one file each; called by plan_make() in this order. */
int plan_fork(struct plan *p, struct err *e); /* forkplan.c */
int plan_cgroup(struct plan *p,
		struct err *e); /* plan_cgroup.c: cgroupsPath rules of each manager */
/* Is NAME, the value of ANNOTATION, one for a cgroup? */
int plan_cgroup_name(const char *annotation, const char *name, struct err *e);
int plan_systemd(struct plan *p,
		 struct err *e); /* plan_systemd.c, from plan_cgroup(): names of the units */
int plan_systemd_props(struct plan *p, struct err *e); /* and, at its end, properties */
int plan_rdt(struct plan *p, struct err *e);	       /* plan_rdt.c: the resctrl group */
/* The directory of a container's group below resctrl's root, "" being the root. */
const char *plan_rdt_group(const struct spec_intel_rdt *s, const char *id);
int plan_mounts(
	struct plan *p,
	struct err *e); /* plan_mounts.c: mount options decoded, kinds chosen, sources absolute */
int plan_notify(struct plan *p, struct err *e); /* plan_notify.c */
int plan_process(
	struct plan *p, struct
	err *e); /* plan_process.c: host name, labels; of the process: identity, capabilities, terminal */

/* plan_process.c: whether annotation run.oci.keep_original_groups is true. */
bool plan_keeps_groups(const struct plan *p);
/* plan_process.c: the user's id outside the container's user namespace. False without one, and where its mappings are not known. */
bool plan_host_uid(const struct plan *p, uid_t *ret);
/* forkplan.c: the bit of clone(2) for a kind of namespace; "pid,mount" for bits, in the spec's words. */
int ns_clone_flag(enum spec_ns ns);
void ns_flags_text(uint64_t flags, struct buf *out);
/* plan_process.c: "CAP_CHOWN CAP_KILL" for a set, "none" for an empty one. */
void plan_caps_words(uint64_t set, struct buf *out);
