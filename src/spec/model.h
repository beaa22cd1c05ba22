/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a config.json of runtime-spec 1.3 says for Linux, typed: enums decoded, defaults filled in. Made by
 * spec_load(), never changed afterwards; everything in it belongs to the spec's arena.
 *
 * Where absent differs from a value there is a has_ member, or a pointer that is NULL when absent.
 * Lists are {v, n}. Strings never contain a NUL. Paths are as written unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/strv.h"

#define SPEC_LIST(type)                                                                            \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
	}

struct spec_map_entry {
	char *key, *value;
};
typedef SPEC_LIST(struct spec_map_entry) spec_map; /* in the order of the file; keys are unique */

/* ---- process ---- */

struct spec_user {
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	SPEC_LIST(uint32_t) additional_gids;
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	char *type;   /* the word of the config */
	uint64_t soft, hard;
};

/* One bit per capability number. Unknown names are warnings of the spec, not bits. */
struct spec_caps {
	uint64_t effective, bounding, inheritable, permitted, ambient;
};

struct spec_scheduler {
	int policy; /* SCHED_* */
	int32_t nice, priority;
	uint64_t runtime, deadline, period;
	uint64_t flags; /* SCHED_FLAG_* */
};

struct spec_io_priority {
	int class; /* IOPRIO_CLASS_* */
	int32_t priority;
};

struct spec_process {
	bool terminal;
	bool has_console_size; /* consoleSize with both members; {0,0} counts as absent */
	uint64_t console_height, console_width;
	struct spec_user user;
	struct strv args;
	struct strv env;
	bool has_env; /* env was given, maybe empty */
	char *cwd;
	struct spec_caps *caps; /* NULL: not given */
	SPEC_LIST(struct spec_rlimit) rlimits;
	bool no_new_privileges;
	char *apparmor_profile; /* NULL or "": none */
	char *selinux_label;	/* NULL or "": none */
	bool has_oom_score_adj;
	int32_t oom_score_adj;
	struct spec_scheduler *scheduler;
	struct spec_io_priority *io_priority;
	char *affinity_initial, *affinity_final; /* execCPUAffinity; NULL or a checked CPU list */
};

/* ---- hooks ---- */

enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_N_KINDS,
};

struct spec_hook {
	char *path;
	struct strv args;
	struct strv env;
	bool has_env;
	bool has_timeout;
	int64_t timeout; /* seconds, > 0 */
};

typedef SPEC_LIST(struct spec_hook) spec_hooks;

/* ---- mounts, devices ---- */

struct spec_idmap {
	uint32_t container_id, host_id, size;
};

typedef SPEC_LIST(struct spec_idmap) spec_idmaps;

struct spec_mount {
	char *destination; /* absolute; "/" was put before a relative one, with a warning */
	bool destination_was_relative;
	char *source; /* NULL when absent */
	char *type;   /* NULL when absent */
	struct strv options;
	spec_idmaps uid_mappings, gid_mappings;
};
typedef SPEC_LIST(struct spec_mount) spec_mounts;

struct spec_device {
	char type; /* 'c' ('u' is stored as 'c'), 'b' or 'p' */
	char *path;
	int64_t major, minor; /* 0 for 'p' */
	bool has_mode, has_uid, has_gid;
	uint32_t mode; /* permission bits, 0..07777 */
	uint32_t uid, gid;
};

/* ---- linux.resources ---- */

struct spec_device_rule {
	bool allow;
	char type;	      /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1 = any */
	uint8_t access;	      /* DEV_READ | … */
};

enum { DEV_READ = 1, DEV_WRITE = 2, DEV_MKNOD = 4, DEV_ALL = 7 };

struct spec_memory {
	bool has_limit, has_reservation, has_swap, has_kernel, has_kernel_tcp, has_swappiness;
	int64_t limit, reservation, swap, kernel, kernel_tcp; /* bytes, -1 = unlimited */
	uint64_t swappiness;
	bool has_disable_oom_killer, disable_oom_killer;
	bool has_use_hierarchy, use_hierarchy;
	bool has_check_before_update, check_before_update;
};

struct spec_cpu {
	bool has_shares, has_quota, has_burst, has_period, has_rt_runtime, has_rt_period, has_idle;
	uint64_t shares, burst, period, rt_period;
	int64_t quota, rt_runtime, idle;
	char *cpus, *mems; /* NULL or "": unset */
};

struct spec_weight_device {
	int64_t major, minor;
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
};

struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

typedef SPEC_LIST(struct spec_throttle_device) spec_throttle_devices;

enum spec_throttle {
	THROTTLE_READ_BPS,
	THROTTLE_WRITE_BPS,
	THROTTLE_READ_IOPS,
	THROTTLE_WRITE_IOPS,
	THROTTLE_N
};

struct spec_block_io {
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
	SPEC_LIST(struct spec_weight_device) weight_devices;
	spec_throttle_devices throttle[THROTTLE_N];
};

struct spec_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;
};

struct spec_net_priority {
	char *name;
	uint32_t priority;
};

struct spec_network {
	bool has_class_id;
	uint32_t class_id;
	SPEC_LIST(struct spec_net_priority) priorities;
};

struct spec_rdma {
	char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

struct spec_resources {
	SPEC_LIST(struct spec_device_rule) devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	bool has_pids_limit;
	int64_t pids_limit; /* -1 = max; 0 is a limit of 0 */
	struct spec_block_io *block_io;
	SPEC_LIST(struct spec_hugepage_limit) hugepage_limits;
	struct spec_network *network;
	SPEC_LIST(struct spec_rdma) rdma;
	spec_map unified; /* cgroup v2 file → value */
};

/* ---- seccomp ---- */

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	uint32_t op; /* SCMP_CMP_* as in libseccomp's enum scmp_compare */
};

struct spec_syscall {
	struct strv names;
	uint32_t action; /* SECCOMP_RET_* action word, without data */
	bool has_errno_ret;
	uint32_t errno_ret;
	SPEC_LIST(struct spec_seccomp_arg) args;
};

struct spec_seccomp {
	uint32_t default_action; /* SECCOMP_RET_* */
	bool has_default_errno_ret;
	uint32_t default_errno_ret;
	SPEC_LIST(uint32_t) architectures; /* AUDIT_ARCH_* words as libseccomp's SCMP_ARCH_* */
	bool has_flags;			   /* flags was given, maybe empty */
	uint32_t flags;			   /* SECCOMP_FILTER_FLAG_* */
	char *listener_path, *listener_metadata;
	SPEC_LIST(struct spec_syscall) syscalls;
	bool notifies; /* some action is SCMP_ACT_NOTIFY */
};

/* ---- linux ---- */

enum spec_ns { NS_PID, NS_NETWORK, NS_MOUNT, NS_IPC, NS_UTS, NS_USER, NS_CGROUP, NS_TIME, NS_N };

struct spec_namespace {
	bool present;
	char *path;	 /* NULL: make a new one */
	size_t index;	 /* in linux.namespaces, for error paths */
	bool has_sysctl; /* a key of linux.sysctl belongs to it */
};

struct spec_time_offset {
	bool present;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_net_device {
	char *host_name;
	char *name; /* in the container; same as host_name when not given; may hold one %d */
};

struct spec_intel_rdt {
	char *clos_id; /* NULL when absent */
	struct strv schemata;
	char *l3_cache_schema, *mem_bw_schema;
	bool enable_monitoring;
};

struct spec_memory_policy {
	int mode;	/* MPOL_* */
	char *nodes;	/* NULL or a checked node list */
	unsigned flags; /* MPOL_F_* */
};

enum spec_propagation {
	PROPAGATION_UNSET,
	PROPAGATION_PRIVATE,
	PROPAGATION_SHARED,
	PROPAGATION_SLAVE,
	PROPAGATION_UNBINDABLE
};

struct spec_linux {
	struct spec_namespace ns[NS_N];
	spec_idmaps uid_mappings, gid_mappings;
	struct spec_time_offset monotonic, boottime;
	SPEC_LIST(struct spec_device) devices;
	SPEC_LIST(struct spec_net_device) net_devices;
	char *cgroups_path; /* NULL when absent */
	struct spec_resources *resources;
	struct spec_intel_rdt *intel_rdt;
	struct spec_memory_policy *memory_policy;
	spec_map sysctl; /* keys with dots ("net.ipv4.ip_forward") or slashes, as written */
	struct spec_seccomp *seccomp;
	enum spec_propagation rootfs_propagation;
	struct strv masked_paths, readonly_paths;
	char *mount_label;
	bool has_personality;
	bool personality_linux32;
};

/* ---- the whole ---- */

/* Something worth a line in the log that does not change what happens. */
struct spec_warning {
	uint32_t line, col;
	char *where; /* JSON path */
	char *text;
};
typedef SPEC_LIST(struct spec_warning) spec_warnings;

struct spec {
	struct arena arena;
	char *oci_version;
	char *hostname, *domainname; /* NULL when absent or empty */
	char *root_path;	     /* as written; NULL when there is no root */
	bool root_readonly;
	spec_mounts mounts;
	struct spec_process *process; /* NULL when absent */
	spec_hooks hooks[HOOK_N_KINDS];
	spec_map annotations;
	const char *seccomp_receiver; /* socket of an agent: annotation or caller; NULL */
	const char *seccomp_plugins;  /* the annotation, where the profile notifies; NULL */
	struct spec_linux *lnx; /* never NULL after spec_load: empty when the config has none */
	bool has_vm;
	spec_warnings warnings;
};

/* Value of an annotation, or NULL. */
const char *spec_map_get(const spec_map *map, const char *key);
