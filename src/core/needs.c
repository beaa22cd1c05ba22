/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of what properties take from the host, and the probes of its rows (runtime-spec config.md, config-linux.md). */
#include "core/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/plan.h"
#include "linux/idmap.h"
#include "spec/names.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

/* ---- probes ---- */

static enum need_state p_kernel(const struct need *n, const struct facts *f, struct buf *why)
{
	buf_addf(why, "Linux %s", f->kernel_release);
	return facts_kernel_at_least(f, n->a, n->b) ? NEED_YES : NEED_NO;
}

/* A capability that only counts outside of user namespaces. */
static enum need_state p_cap(const struct need *n, const struct facts *f, struct buf *why)
{
	const char *name = name_word(names_caps, n->a);

	if (!(f->caps >> n->a & 1)) {
		buf_addf(why, "%s is not ours", name ? name : "the capability");
		return NEED_NO;
	}
	if (f->in_userns) {
		buf_addf(why, "%s is ours only within this user namespace",
			 name ? name : "the capability");
		return NEED_NO;
	}
	return NEED_YES;
}

static enum need_state p_mknod(const struct need *n, const struct facts *f, struct buf *why)
{
	return p_cap(n, f, why) == NEED_YES ? NEED_YES : NEED_PARTLY;
}

static enum need_state p_namespace(const struct need *n, const struct facts *f, struct buf *why)
{
	char path[48];
	mode_t mode;

	(void)f;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", n->word);
	if (sys_stat_mode(path, &mode) >= 0)
		return NEED_YES;
	buf_addf(why, "%s is missing: the kernel was built without", path);
	return NEED_NO;
}

static bool sysctl_is(const char *path, const char *value)
{
	char text[32];

	return host_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, value) == 0;
}

static enum need_state p_user_namespace(const struct need *n, const struct facts *f,
					struct buf *why)
{
	static const struct {
		const char *path, *value;
	} switches[] = {
		{ "/proc/sys/user/max_user_namespaces", "0" },
		{ "/proc/sys/kernel/unprivileged_userns_clone", "0" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1" },
	};

	if (p_namespace(n, f, why) == NEED_NO)
		return NEED_NO;
	if (f->user_ns_allowed)
		return NEED_YES;
	buf_adds(why, "the kernel refuses us one (in a chroot it always does)");
	for (size_t i = 0; i < N_ELEMENTS(switches); i++) {
		if (sysctl_is(switches[i].path, switches[i].value))
			buf_addf(why, "; %s is %s", switches[i].path, switches[i].value);
	}
	return NEED_NO;
}

static enum need_state p_id_maps(const struct need *n, const struct facts *f, struct buf *why)
{
	const uint64_t both = 1ull << CAP_SETUID | 1ull << CAP_SETGID;

	(void)n;
	if ((f->caps & both) == both && !f->in_userns)
		return NEED_YES;
	if ((f->caps & both) == both) {
		buf_adds(why, "ids that this user namespace maps, and no others");
		return NEED_PARTLY;
	}
	if (idmap_has_helper("newuidmap") && idmap_has_helper("newgidmap")) {
		buf_adds(why, "by newuidmap and newgidmap: the ids of /etc/subuid and /etc/subgid");
		return NEED_YES;
	}
	buf_adds(why, "one's own uid and gid alone, and no additional groups");
	return NEED_PARTLY;
}

/* One of the words of LIST is a file in H's cgroups. */
static bool has_one(const struct cgroup_hierarchy *h, const char *list)
{
	while (*list) {
		char file[64];
		size_t len = strcspn(list, " ");

		snprintf(file, sizeof(file), "%.*s", (int)len, list);
		if (facts_cgroup_has(h, file))
			return true;
		list += len + (list[len] == ' ');
	}
	return false;
}

static enum need_state p_controller(const struct need *n, const struct facts *f, struct buf *why)
{
	const char *name = n->word ? n->word : n->word_v2;
	const struct cgroup_hierarchy *h = facts_controller(f, name);
	char own[PATH_MAX];

	if (h && h->v2 && n->word_v2 == NULL)
		h = NULL;
	if (!h && n->word_v2)
		h = facts_controller(f, n->word_v2);
	if (!h) {
		buf_addf(why, "no mounted hierarchy has the %scontroller '%s'",
			 n->word_v2 ? "" : "v1 ", name);
		return NEED_NO;
	}
	const char *files = h->v2 ? n->file_v2 : n->file;
	bool there = !files || has_one(h, files);
	buf_addf(why, "cgroup v%d at %s", h->v2 ? 2 : 1, h->mount);
	if (!there)
		buf_addf(why, " has no file %s", files);
	if (!there && !h->v2)
		return NEED_NO;
	snprintf(own, sizeof(own), "%s%s", h->mount, h->own);
	if (sys_access_write(own) >= 0)
		return there ? NEED_YES : NEED_PARTLY;
	buf_addf(why, "%s not ours to write to", there ? ", but" : " and is");
	return NEED_NO;
}

static enum need_state p_kernel_memory(const struct need *n, const struct facts *f, struct buf *why)
{
	enum need_state s = p_controller(n, f, why);

	if (s != NEED_YES || !facts_kernel_at_least(f, 5, 16))
		return s;
	buf_adds(why, ", but kernels since 5.16 ignore it");
	return NEED_PARTLY;
}

static enum need_state p_unified(const struct need *n, const struct facts *f, struct buf *why)
{
	const struct cgroup_hierarchy *h = facts_unified(f);

	(void)n;
	if (!h) {
		buf_adds(why, "no cgroup v2 hierarchy is mounted");
		return NEED_NO;
	}
	buf_addf(why, "cgroup v2 at %s with controllers: %s", h->mount,
		 h->controllers[0] ? h->controllers : "none");
	return h->controllers[0] ? NEED_YES : NEED_PARTLY;
}

static enum need_state p_device_rules(const struct need *n, const struct facts *f, struct buf *why)
{
	const struct cgroup_hierarchy *h = facts_controller(f, "devices");

	(void)n;
	if (f->uid != 0 || f->in_userns) {
		buf_adds(why, "not for an ordinary user: the rules are left out with a warning");
		return NEED_NO;
	}
	if (h && !h->v2) {
		buf_addf(why, "cgroup v1 at %s", h->mount);
		return NEED_YES;
	}
	h = facts_unified(f);
	if (!h) {
		buf_adds(why, "neither cgroup v1's devices nor cgroup v2 is mounted");
		return NEED_NO;
	}
	buf_addf(why, "a BPF program in cgroup v2 at %s", h->mount);
	return NEED_YES;
}

static enum need_state p_cgroups(const struct need *n, const struct facts *f, struct buf *why)
{
	unsigned closed = 0, mounted = 0;

	(void)n;
	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];
		char own[PATH_MAX];

		if (!h->mount[0])
			continue;
		snprintf(own, sizeof(own), "%s%s", h->mount, h->own);
		mounted++;
		closed += sys_access_write(own) < 0;
	}
	buf_addf(why, "cgroup mode %s", facts_cgroup_modes[f->cgroup_mode]);
	if (mounted == 0)
		return NEED_NO;
	if (closed > 0)
		buf_addf(why, "; we may not write to %u of %u hierarchies", closed, mounted);
	return closed == 0 ? NEED_YES : closed < mounted ? NEED_PARTLY : NEED_NO;
}

/* A fact that is one bit. A: its offset in struct facts. */
static enum need_state p_fact(const struct need *n, const struct facts *f, struct buf *why)
{
	(void)why;
	return *(const bool *)((const char *)f + n->a) ? NEED_YES : NEED_NO;
}

static enum need_state p_overlay(const struct need *n, const struct facts *f, struct buf *why)
{
	(void)n;
	if (f->overlay)
		return NEED_YES;
	/* a module is loaded when it is first mounted */
	buf_adds(why, "not in /proc/filesystems; a module may bring it");
	return NEED_PARTLY;
}

static enum need_state p_numa(const struct need *n, const struct facts *f, struct buf *why)
{
	mode_t mode;

	if (sys_stat_mode("/sys/devices/system/node", &mode) < 0) {
		buf_adds(why, "the kernel was built without NUMA");
		return NEED_NO;
	}
	if (facts_kernel_at_least(f, n->a, n->b))
		return NEED_YES;
	buf_addf(why, "Linux %s: without MPOL_WEIGHTED_INTERLEAVE (6.9)%s", f->kernel_release,
		 facts_kernel_at_least(f, 5, 15) ? "" : " and MPOL_PREFERRED_MANY (5.15)");
	return NEED_PARTLY;
}

static enum need_state p_caps(const struct need *n, const struct facts *f, struct buf *why)
{
	uint64_t all = 0;

	(void)n;
	for (const struct name *c = names_caps; c->name; c++)
		all |= 1ull << c->value;
	if ((f->caps & all) == all)
		return NEED_YES;
	if (!f->caps) {
		buf_adds(why, "only within the container's own user namespace");
		return NEED_PARTLY;
	}
	buf_adds(why, "not ours to give: ");
	plan_caps_words(all & ~f->caps, why);
	return NEED_PARTLY;
}

static enum need_state p_systemd(const struct need *n, const struct facts *f, struct buf *why)
{
	(void)n;
	const struct cgroup_hierarchy *h = facts_systemd(f);

	if (!f->systemd || !h) {
		buf_adds(why, f->systemd ? "its cgroups are not mounted below /sys/fs/cgroup"
					 : "systemd does not run here");
		return NEED_NO;
	}
	buf_addf(why, "its cgroups at %s", h->mount);
	return NEED_YES;
}

static enum need_state p_never(const struct need *n, const struct facts *f, struct buf *why)
{
	(void)n;
	(void)f;
	buf_adds(why, "this version of ketch refuses it");
	return NEED_NO;
}

/* ---- what asks ---- */

static bool a_namespace(const struct need *n, const struct spec *s, struct buf *where)
{
	const struct spec_namespace *ns = &s->lnx->ns[n->b];

	buf_addf(where, "$.linux.namespaces[%zu].type", ns->index);
	return ns->present && !ns->path;
}

static bool a_mount_type(const struct need *n, const struct spec *s, struct buf *where)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		if (s->mounts.v[i].type && strcmp(s->mounts.v[i].type, n->word) == 0) {
			buf_addf(where, "$.mounts[%zu].type", i);
			return true;
		}
	}
	return false;
}

static bool a_idmap(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct spec_mount *m = &s->mounts.v[i];

		if (m->uid_mappings.n || strv_has(&m->options, "idmap") ||
		    strv_has(&m->options, "ridmap")) {
			buf_addf(where, "$.mounts[%zu].%s", i,
				 m->uid_mappings.n ? "uidMappings" : "options");
			return true;
		}
	}
	return false;
}

static bool a_seccomp(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	buf_adds(where, "$.linux.seccomp");
	return s->lnx->seccomp != NULL;
}

static bool a_notify(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	buf_adds(where, "$.linux.seccomp");
	return s->lnx->seccomp && s->lnx->seccomp->notifies;
}

static bool a_killable(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	buf_adds(where, "$.linux.seccomp.flags");
	return s->lnx->seccomp && s->lnx->seccomp->notifies &&
	       (s->lnx->seccomp->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static bool a_memory_policy(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	buf_adds(where, "$.linux.memoryPolicy");
	return s->lnx->memory_policy && s->lnx->memory_policy->mode != 0;
}

static bool a_realtime(const struct need *n, const struct spec *s, struct buf *where)
{
	const struct spec_scheduler *sc = s->process ? s->process->scheduler : NULL;
	const char *word = sc ? name_word(names_sched_policies, (uint64_t)sc->policy) : NULL;

	(void)n;
	buf_adds(where, "$.process.scheduler.policy");
	return word && (strcmp(word, "SCHED_FIFO") == 0 || strcmp(word, "SCHED_RR") == 0 ||
			strcmp(word, "SCHED_DEADLINE") == 0);
}

static bool a_io_realtime(const struct need *n, const struct spec *s, struct buf *where)
{
	const struct spec_io_priority *io = s->process ? s->process->io_priority : NULL;
	const char *word = io ? name_word(names_io_classes, (uint64_t)io->class) : NULL;

	(void)n;
	buf_adds(where, "$.process.ioPriority.class");
	return word && strcmp(word, "IOPRIO_CLASS_RT") == 0;
}

static bool a_kernel_memory(const struct need *n, const struct spec *s, struct buf *where)
{
	const struct spec_memory *m = s->lnx->resources ? s->lnx->resources->memory : NULL;

	(void)n;
	buf_adds(where, "$.linux.resources.memory.kernel");
	return m && m->has_kernel && m->kernel > 0;
}

static bool a_net_devices(const struct need *n, const struct spec *s, struct buf *where)
{
	(void)n;
	buf_adds(where, "$.linux.netDevices");
	return s->lnx->net_devices.n > 0;
}

/* ---- the table ---- */

#define NAMESPACE(kind, file, number)                                                              \
	{                                                                                          \
		"linux.namespaces[].type = " kind, "a kernel with " kind " namespaces",            \
			p_namespace, .word = (file), .b = (number), .asked = a_namespace,          \
				     .advice = "leave the namespace out, or use another kernel"    \
	}
#define CONTROLLER_FILE(prop, v1, v2, f1, f2)                                                      \
	{                                                                                          \
		"linux.resources." prop, "a cgroup with the controller", p_controller,             \
			.word = (v1), .word_v2 = (v2), .file = (f1), .file_v2 = (f2),              \
			.advice = CGROUP_ADVICE                                                    \
	}
#define CONTROLLER(prop, v1, v2) CONTROLLER_FILE(prop, v1, v2, NULL, NULL)
#define V1_ONLY(prop, v1, f1)                                                                      \
	{                                                                                          \
		"linux.resources." prop, "cgroup v1", p_controller,                                \
			.word = (v1), .file = (f1),                                                \
			.advice = "leave it out: cgroup v2 has no counterpart"                     \
	}
#define FACT(member) p_fact, .a = offsetof(struct facts, member)
#define CGROUP_ADVICE                                                                              \
	"enable the controller on the host; as an ordinary user have it delegated (systemd: "      \
	"Delegate=yes)"
#define AS_ROOT "run ketch as root of the host"

const struct need needs[] = {
	{ "every container", "Linux 5.10", p_kernel, .a = 5, .b = 10,
	  .advice = "older kernels are not tested" },

	NAMESPACE("pid", "pid", NS_PID),
	NAMESPACE("network", "net", NS_NETWORK),
	NAMESPACE("mount", "mnt", NS_MOUNT),
	NAMESPACE("ipc", "ipc", NS_IPC),
	NAMESPACE("uts", "uts", NS_UTS),
	{ "linux.namespaces[].type = user", "user namespaces, and the right to make one",
	  p_user_namespace, .word = "user", .b = NS_USER, .asked = a_namespace,
	  .advice = "set the sysctl on the host, or leave the user namespace out" },
	NAMESPACE("cgroup", "cgroup", NS_CGROUP),
	NAMESPACE("time", "time", NS_TIME),
	{ "linux.uidMappings, linux.gidMappings", "root, or newuidmap and newgidmap", p_id_maps,
	  .advice = "install uidmap (shadow-utils) and give the user ranges in /etc/subuid and "
		    "/etc/subgid" },

	{ "mounts[].options: rro, rnosuid ...", "mount_setattr(2), Linux 5.12", FACT(mount_setattr),
	  .advice = "use the options without the leading r" },
	{ "mounts[].uidMappings, idmap, ridmap", "idmapped mounts, Linux 5.12", FACT(idmap),
	  .asked = a_idmap,
	  .advice = "leave the mappings out; each file system has its own say, too" },
	{ "mounts[].type = overlay", "overlayfs", p_overlay, .word = "overlay",
	  .asked = a_mount_type, .advice = "modprobe overlay" },
	{ "linux.devices", "CAP_MKNOD on the host", p_mknod, .a = CAP_MKNOD,
	  .advice = "device nodes of the host are bound instead" },
	{ "linux.netDevices", "CAP_NET_ADMIN on the host", p_cap, .a = CAP_NET_ADMIN,
	  .asked = a_net_devices, .advice = AS_ROOT },

	{ "linux.cgroupsPath", "mounted cgroups that we may write to", p_cgroups,
	  .advice = "as an ordinary user: have a cgroup delegated (systemd: Delegate=yes), or "
		    "--cgroup-manager disabled" },
	{ "linux.cgroupsPath = slice:prefix:name", "systemd", p_systemd,
	  .advice = "leave --systemd-cgroup out and use a path" },
	CONTROLLER("memory", "memory", "memory"),
	{ "linux.resources.memory.swap", "the memory controller with swap accounting", p_controller,
	  .word = "memory", .word_v2 = "memory", .file = "memory.memsw.limit_in_bytes",
	  .file_v2 = "memory.swap.max",
	  .advice = "boot with swapaccount=1; as an ordinary user have the cgroup delegated" },
	V1_ONLY("memory.swappiness, .disableOOMKiller", "memory", "memory.swappiness"),
	{ "linux.resources.memory.kernel", "cgroup v1 before Linux 5.16", p_kernel_memory,
	  .word = "memory", .asked = a_kernel_memory, .file = "memory.kmem.limit_in_bytes",
	  .advice = "use memory.limit, which counts the kernel's share too" },
	V1_ONLY("memory.kernelTCP", "memory", "memory.kmem.tcp.limit_in_bytes"),
	CONTROLLER("cpu", "cpu", "cpu"),
	CONTROLLER_FILE("cpu.burst", "cpu", "cpu", "cpu.cfs_burst_us", "cpu.max.burst"),
	CONTROLLER_FILE("cpu.idle", "cpu", "cpu", "cpu.idle", "cpu.idle"),
	V1_ONLY("cpu.realtimeRuntime, .realtimePeriod", "cpu", "cpu.rt_runtime_us"),
	CONTROLLER("cpu.cpus, .mems", "cpuset", "cpuset"),
	CONTROLLER("pids", "pids", "pids"),
	CONTROLLER_FILE("blockIO.throttle...", "blkio", "io", "blkio.throttle.read_bps_device",
			"io.max"),
	CONTROLLER_FILE("blockIO.weight, .weightDevice", "blkio", "io",
			"blkio.bfq.weight blkio.weight", "io.bfq.weight io.weight"),
	V1_ONLY("blockIO.leafWeight", "blkio", "blkio.leaf_weight"),
	CONTROLLER("hugepageLimits", "hugetlb", "hugetlb"),
	V1_ONLY("network.classID", "net_cls", NULL),
	V1_ONLY("network.priorities", "net_prio", NULL),
	CONTROLLER("rdma", "rdma", "rdma"),
	{ "linux.resources.devices", "the device cgroup, or BPF on cgroup v2", p_device_rules,
	  .advice = AS_ROOT },
	{ "linux.resources.unified", "a cgroup v2 hierarchy", p_unified,
	  .advice = "boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1)" },
	{ "linux.intelRdt", "resctrl", FACT(resctrl),
	  .advice = "mount -t resctrl resctrl /sys/fs/resctrl, on a CPU that has RDT" },
	{ "vm", "a runtime that starts virtual machines", p_never, .advice = "leave it out" },

	{ "linux.seccomp", "seccomp filters", FACT(seccomp), .asked = a_seccomp,
	  .advice = "leave it out; nothing else makes up for it" },
	{ "linux.seccomp: SCMP_ACT_NOTIFY", "seccomp's user notification", FACT(seccomp_notify),
	  .asked = a_notify, .advice = "use another action" },
	{ "linux.seccomp.flags: WAIT_KILLABLE_RECV", "Linux 5.19", p_kernel, .a = 5, .b = 19,
	  .asked = a_killable, .advice = "leave the flag out" },
	{ "linux.memoryPolicy", "a kernel with NUMA", p_numa, .a = 6, .b = 9,
	  .asked = a_memory_policy, .advice = "leave it out" },

	{ "process.apparmorProfile", "AppArmor", FACT(apparmor),
	  .advice = "leave it out, or boot with AppArmor" },
	{ "process.selinuxLabel, linux.mountLabel", "SELinux", FACT(selinux),
	  .advice = "leave it out, or boot with SELinux" },
	{ "process.capabilities", "that we have them ourselves", p_caps,
	  .advice = "those are left out, with a warning; " AS_ROOT },
	{ "process.rlimits above the hard limit", "CAP_SYS_RESOURCE on the host", p_cap,
	  .a = CAP_SYS_RESOURCE, .advice = "ask for no more than `ulimit -H` says" },
	{ "process.oomScoreAdj below the present one", "CAP_SYS_RESOURCE on the host", p_cap,
	  .a = CAP_SYS_RESOURCE, .advice = "leave it out" },
	{ "process.scheduler: FIFO, RR, DEADLINE", "CAP_SYS_NICE on the host", p_cap,
	  .a = CAP_SYS_NICE, .asked = a_realtime, .advice = AS_ROOT },
	{ "process.ioPriority: RT", "CAP_SYS_NICE on the host", p_cap, .a = CAP_SYS_NICE,
	  .asked = a_io_realtime, .advice = AS_ROOT },
	{ NULL },
};
