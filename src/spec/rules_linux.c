/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules between the properties of linux, control groups and seccomp left out: config-linux.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/names.h"
#include "spec/rules.h"
#include "util/cleanup.h"
#include "util/util.h"

static void cleanup_names(struct rule_name **names)
{
	free(*names);
}
#define auto_names AUTO(cleanup_names)

/* ---- what needs a namespace: without one it would change the host ---- */

static bool sets_hostname(const struct rule_run *r)
{
	return r->spec->hostname;
}

static bool sets_domainname(const struct rule_run *r)
{
	return r->spec->domainname;
}

static bool shares_mounts(const struct rule_run *r)
{
	return r->lnx->rootfs_propagation == PROPAGATION_SHARED ||
	       r->lnx->rootfs_propagation == PROPAGATION_SLAVE;
}

static bool sets_net_devices(const struct rule_run *r)
{
	return r->lnx->net_devices.n > 0;
}

static bool sets_uid_mappings(const struct rule_run *r)
{
	return r->lnx->uid_mappings.n > 0;
}

static bool sets_gid_mappings(const struct rule_run *r)
{
	return r->lnx->gid_mappings.n > 0;
}

static const struct {
	const char *path;
	enum spec_ns ns;
	bool (*set)(const struct rule_run *r);
} needs[] = {
	{ "$.hostname", NS_UTS, sets_hostname },
	{ "$.domainname", NS_UTS, sets_domainname },
	{ "$.linux.rootfsPropagation", NS_MOUNT, shares_mounts },
	{ "$.linux.netDevices", NS_NETWORK, sets_net_devices },
	{ "$.linux.uidMappings", NS_USER, sets_uid_mappings },
	{ "$.linux.gidMappings", NS_USER, sets_gid_mappings },
};

static void missing_namespace(struct rule_run *r, const char *path, enum spec_ns ns)
{
	const char *word = name_word(names_namespaces, ns);
	char hint[100];

	snprintf(hint, sizeof(hint),
		 "add {\"type\": \"%s\"} to linux.namespaces, or leave the property out", word);
	rule_broken(r, path, hint,
		    "needs %s %s namespace of the container, linux.namespaces has none",
		    *word == 'i' ? "an" : "a", word);
}

static void check_needs(struct rule_run *r)
{
	for (size_t i = 0; i < N_ELEMENTS(needs); i++) {
		if (needs[i].set(r) && !rule_has_ns(r, needs[i].ns))
			missing_namespace(r, needs[i].path, needs[i].ns);
	}
}

/* ---- user and time namespaces ---- */

static void check_mappings(struct rule_run *r)
{
	const struct spec_linux *l = r->lnx;
	bool new_ns = l->ns[NS_USER].present && !l->ns[NS_USER].path;

	rule_idmaps(r, "$.linux.uidMappings", &l->uid_mappings);
	rule_idmaps(r, "$.linux.gidMappings", &l->gid_mappings);
	/* A joined one has its mappings already; engines repeat them in the config. */
	if (new_ns && l->uid_mappings.n == 0)
		rule_broken(r, "$.linux.uidMappings", NULL,
			    "is required: a new user namespace needs mappings");
	if (new_ns && l->gid_mappings.n == 0)
		rule_broken(r, "$.linux.gidMappings", NULL,
			    "is required: a new user namespace needs mappings");
}

static void check_time_offsets(struct rule_run *r)
{
	const struct spec_linux *l = r->lnx;
	const struct {
		const char *path;
		const struct spec_time_offset *offset;
	} both[] = {
		{ "$.linux.timeOffsets.monotonic", &l->monotonic },
		{ "$.linux.timeOffsets.boottime", &l->boottime },
	};

	for (size_t i = 0; i < N_ELEMENTS(both); i++) {
		/* An offset of nothing is what there is without one. */
		if (both[i].offset->secs == 0 && both[i].offset->nanosecs == 0)
			continue;
		if (!l->ns[NS_TIME].present)
			missing_namespace(r, both[i].path, NS_TIME);
		else if (l->ns[NS_TIME].path)
			rule_broken(r, both[i].path, NULL,
				    "is for a new time namespace: the clocks of the joined one "
				    "can't be set any more");
	}
}

/* ---- sysctl: only what a namespace of the container owns ---- */

static const struct {
	const char *key; /* with '/'; a '/' at the end stands for all below */
	enum spec_ns ns;
} sysctl_owners[] = {
	{ "net/", NS_NETWORK },
	{ "user/", NS_USER },
	{ "fs/mqueue/", NS_IPC },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC },
	{ "kernel/auto_msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/sem_next_id", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "kernel/shm_next_id", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/domainname", NS_UTS },
};

/* Who owns the key, or NS_N. */
static enum spec_ns sysctl_owner(const char *key)
{
	for (size_t i = 0; i < N_ELEMENTS(sysctl_owners); i++) {
		const char *own = sysctl_owners[i].key;
		size_t n = strlen(own);

		if (own[n - 1] == '/' ? strncmp(key, own, n) == 0 : strcmp(key, own) == 0)
			return sysctl_owners[i].ns;
	}
	return NS_N;
}

/* Below /proc/sys. As sysctl(8) has it the first separator decides: after a dot, slashes stand for dots in names. */
static void sysctl_path(char *path)
{
	if (path[strcspn(path, "./")] != '.')
		return;
	for (; *path; path++)
		*path = *path == '.' ? '/' : *path == '/' ? '.' : *path;
}

void rule_mark_sysctls(struct spec_linux *l)
{
	char path[64]; /* no name in the table is as long */

	for (size_t i = 0; i < l->sysctl.n; i++) {
		snprintf(path, sizeof(path), "%s", l->sysctl.v[i].key);
		sysctl_path(path);
		enum spec_ns owner = sysctl_owner(path);
		if (owner != NS_N)
			l->ns[owner].has_sysctl = true;
	}
}

static const char *sysctl_at(struct rule_run *r, size_t i)
{
	return rule_key_path(r, "$.linux.sysctl", r->lnx->sysctl.v[i].key, "");
}

static void check_sysctl(struct rule_run *r, size_t i, const char *path)
{
	const struct spec_map_entry *s = &r->lnx->sysctl.v[i];
	enum spec_ns owner = sysctl_owner(path);

	if (strcmp(path, "kernel/hostname") == 0)
		rule_broken(r, sysctl_at(r, i), "use the property hostname",
			    "is not set by sysctl");
	else if (owner == NS_N)
		rule_broken(r, sysctl_at(r, i),
			    "possible: net.*, fs.mqueue.*, user.*, kernel.domainname, "
			    "kernel.{msg*,sem*,shm*}",
			    "belongs to no namespace, setting it would change the host");
	else if (!rule_has_ns(r, owner))
		missing_namespace(r, sysctl_at(r, i), owner);
	if (strchr(s->value, '\n'))
		rule_broken(r, sysctl_at(r, i), NULL, "has a newline in its value");
}

static void sysctl_twin(struct rule_run *r, const struct rule_name *second, size_t first)
{
	rule_broken(r, sysctl_at(r, second->index), NULL, "is the same parameter as '%.100s'",
		    r->lnx->sysctl.v[first].key);
}

static void check_sysctls(struct rule_run *r)
{
	size_t n = r->lnx->sysctl.n;
	auto_arena struct arena paths = { 0 };
	auto_names struct rule_name *names = NULL;

	if (n == 0 || !(names = rule_names(r, n)))
		return;
	for (size_t i = 0; i < n && !r->ended; i++) {
		char *path = arena_str(&paths, r->lnx->sysctl.v[i].key);

		if (!path) {
			r->no_memory = r->ended = true;
			return;
		}
		sysctl_path(path);
		names[i] = (struct rule_name){ path, i };
		check_sysctl(r, i, path);
	}
	if (!r->ended)
		rule_unique(r, names, n, sysctl_twin);
}

/* ---- devices, network devices ---- */

/* Twice the same device is what engines make of overlapping requests; the second finds the node that it wants. */
static void device_twin(struct rule_run *r, const struct rule_name *second, size_t first)
{
	const struct spec_device *a = &r->lnx->devices.v[first],
				 *b = &r->lnx->devices.v[second->index];

	if (a->type == b->type && a->major == b->major && a->minor == b->minor)
		return;
	rule_broken(r, rule_path(r, "$.linux.devices[%zu].path", second->index), NULL,
		    "is '%.100s' a second time: linux.devices[%zu] is another device", second->name,
		    first);
}

static void check_devices(struct rule_run *r)
{
	size_t n = r->lnx->devices.n;
	auto_names struct rule_name *names = n ? rule_names(r, n) : NULL;

	for (size_t i = 0; names && i < n; i++)
		names[i] = (struct rule_name){ r->lnx->devices.v[i].path, i };
	if (names)
		rule_unique(r, names, n, device_twin);
}

static void net_device_twin(struct rule_run *r, const struct rule_name *second, size_t first)
{
	const struct spec_net_device *d = &r->lnx->net_devices.v[second->index];

	rule_broken(r, rule_key_path(r, "$.linux.netDevices", d->host_name, ".name"), NULL,
		    "is '%s', like the one of %s", second->name,
		    r->lnx->net_devices.v[first].host_name);
}

/* Two devices can't get one name, unless the kernel numbers them ("eth%d"). */
static void check_net_devices(struct rule_run *r)
{
	size_t n = r->lnx->net_devices.n, used = 0;
	auto_names struct rule_name *names = n ? rule_names(r, n) : NULL;

	for (size_t i = 0; names && i < n; i++) {
		if (!strchr(r->lnx->net_devices.v[i].name, '%'))
			names[used++] = (struct rule_name){ r->lnx->net_devices.v[i].name, i };
	}
	if (names)
		rule_unique(r, names, used, net_device_twin);
}

/* ---- memory policy: what set_mempolicy(2) refuses ---- */

enum {
	MODE_DEFAULT = 0,
	MODE_PREFERRED = 1,
	MODE_BIND = 2,
	MODE_LOCAL = 4,
	MODE_PREFERRED_MANY = 5
};
enum { STATIC_NODES = 1 << 15, RELATIVE_NODES = 1 << 14, NUMA_BALANCING = 1 << 13 };

static void check_memory_policy(struct rule_run *r)
{
	const struct spec_memory_policy *p = r->lnx->memory_policy;

	if (!p)
		return;
	const char *mode = name_word(names_mpol_modes, (uint64_t)p->mode);
	bool nodeless = p->mode == MODE_DEFAULT || p->mode == MODE_LOCAL;
	if (nodeless && p->nodes)
		rule_broken(r, "$.linux.memoryPolicy.nodes", NULL, "must be empty for %s", mode);
	if (nodeless && p->flags)
		rule_broken(r, "$.linux.memoryPolicy.flags", NULL, "must be empty for %s", mode);
	if (!nodeless && !p->nodes && (p->mode != MODE_PREFERRED || p->flags))
		rule_broken(r, "$.linux.memoryPolicy.nodes", NULL, "is required for %s%s", mode,
			    p->mode == MODE_PREFERRED ? " with flags" : "");
	if ((p->flags & STATIC_NODES) && (p->flags & RELATIVE_NODES))
		rule_broken(r, "$.linux.memoryPolicy.flags", NULL,
			    "can't have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES");
	if (!nodeless && (p->flags & NUMA_BALANCING) && p->mode != MODE_BIND &&
	    p->mode != MODE_PREFERRED_MANY)
		rule_broken(r, "$.linux.memoryPolicy.flags", NULL,
			    "has MPOL_F_NUMA_BALANCING, which is for MPOL_BIND and "
			    "MPOL_PREFERRED_MANY, not %s",
			    mode);
}

const struct rule rules_linux[] = {
	{ "config-linux.md, Namespaces", "$.linux.namespaces", RULE_CONFIG, check_needs },
	{ "config-linux.md, User namespace mappings",
	  "$.linux.namespaces $.linux.uidMappings $.linux.gidMappings", RULE_CONFIG,
	  check_mappings },
	{ "config-linux.md, Offset for Time Namespace", "$.linux.namespaces $.linux.timeOffsets",
	  RULE_CONFIG, check_time_offsets },
	{ "config-linux.md, Sysctl", "$.linux.namespaces $.linux.sysctl", RULE_CONFIG,
	  check_sysctls },
	{ "config-linux.md, Devices", "$.linux.devices", RULE_CONFIG, check_devices },
	{ "config-linux.md, Network Devices", "$.linux.netDevices", RULE_CONFIG,
	  check_net_devices },
	{ "config-linux.md, Memory policy; set_mempolicy(2)", "$.linux.memoryPolicy", RULE_CONFIG,
	  check_memory_policy },
	{ NULL },
};
