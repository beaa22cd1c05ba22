/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroup part of a plan: where the container's cgroups are (config-linux.md#cgroups-path), what is written to them
 * and which devices they allow. Pure.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "engine/plan.h"
#include "spec/annotations.h"
#include "util/util.h"

enum {
	MAX_COMPONENT = 255,
	MAX_PATH = 2048, /* leaves room for a mount, our own cgroup and a file in PATH_MAX */
	MAX_DEVICE_RULES = 10000,
};

#define PATH_AT	   "$.linux.cgroupsPath"
#define DEVICES_AT "$.linux.resources.devices"

static int no_memory(struct err *e)
{
	return err_sys(e, -ENOMEM, "plan");
}

/* ---- the path ---- */

static int bad_path(struct err *e, const char *path, const char *why)
{
	err_set(e, ERR_SPEC, "cgroupsPath '%s' %s", path, why);
	return err_at(e, PATH_AT);
}

static int check_component(const char *path, const char *name, size_t len, struct err *e)
{
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return bad_path(e, path, "must not contain '..'");
	if (len > MAX_COMPONENT)
		return bad_path(e, path, "has a component of more than 255 bytes");
	for (size_t i = 0; i < len; i++) {
		/* the journal and /proc/PID/cgroup are read by lines */
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return bad_path(e, path, "contains a control character");
	}
	return 0;
}

/* PATH with one slash before each component, "." and empty ones left out. */
static int normalise(struct plan *p, const char *path, struct err *e)
{
	char *out = arena_alloc(&p->arena, strlen(path) + 2), *end = out;

	if (!out)
		return no_memory(e);
	if (strlen(path) > MAX_PATH)
		return bad_path(e, path, "is too long");
	for (const char *at = path; *at;) {
		size_t slashes = strspn(at, "/"), len = strcspn(at + slashes, "/");
		const char *name = at + slashes;

		at = name + len;
		if (len == 0 || (len == 1 && name[0] == '.'))
			continue;
		int r = check_component(path, name, len, e);
		if (r < 0)
			return r;
		*end++ = '/';
		memcpy(end, name, len);
		end += len;
	}
	if (end == out)
		return bad_path(e, path, "names the root cgroup, which has processes of the host");
	p->cgroup.path = out;
	return 0;
}

static int plan_path(struct plan *p, struct err *e)
{
	const char *given = p->spec->lnx->cgroups_path;

	if (given && *given) {
		p->cgroup.relative = given[0] != '/';
		return normalise(p, given, e);
	}
	p->cgroup.relative = true;
	return normalise(p, p->opts.id, e);
}

/* ---- the hierarchies ---- */

/*
 * Where a relative path starts: our own cgroup. On v2 its parent, as with runc: our own cgroup has at least one process, us,
 * and a v2 cgroup with processes can't give controllers to its children. "" also where our own is outside of what we see.
 */
static const char *base_of(struct plan *p, const struct cgroup_hierarchy *h)
{
	size_t len = strlen(h->own);

	if (!p->cgroup.relative || h->own[0] != '/' || strstr(h->own, "/.."))
		return "";
	if (h->v2)
		len = (size_t)(strrchr(h->own, '/') - h->own);
	else if (len == 1)
		len = 0;
	return arena_strn(&p->arena, h->own, len);
}

static int plan_leaves(struct plan *p, struct err *e)
{
	const struct facts *f = p->facts;
	struct plan_cgroup *cg = &p->cgroup;

	cg->leaves.v = arena_array(&p->arena, FACTS_MAX_HIERARCHIES, sizeof(*cg->leaves.v));
	if (!cg->leaves.v)
		return no_memory(e);
	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (!h->mount[0])
			continue;
		struct plan_cgroup_leaf leaf = { .h = h, .base = base_of(p, h), .path = cg->path };
		if (leaf.base)
			leaf.dir = arena_printf(&p->arena, "%s%s%s", h->mount, leaf.base, cg->path);
		if (!leaf.dir)
			return no_memory(e);
		cg->leaves.v[cg->leaves.n++] = leaf;
	}
	return 0;
}

/* ---- devices ---- */

/* Both kinds of device cgroup take CAP_SYS_ADMIN of the initial user namespace. */
static bool devices_out_of_reach(const struct plan *p)
{
	bool admin = p->facts->caps >> CAP_SYS_ADMIN & 1;

	return p->facts->in_userns || (p->rootless && !admin);
}

/* Rules that say more than "what every container has". */
static bool has_own_rules(const struct cgroup_devices *d)
{
	for (size_t i = 0; i < d->rules.n; i++) {
		if (d->rules.v[i].index >= 0)
			return true;
	}
	return false;
}

/* The kernel refuses device nodes to an ordinary user's container anyhow, and each config has a rule that denies all. */
static bool lack_is_news(const struct plan *p, const struct cgroup_devices *d)
{
	bool ordinary = p->facts->in_userns || (p->facts->uid != 0 && p->user_ns);

	return has_own_rules(d) || (!ordinary && !d->allow_all);
}

static int device_write(struct plan *p, const struct cgroup_hierarchy *h, bool allow,
			const char *words, long index, unsigned flags, struct err *e)
{
	struct cgroup_write w = {
		.h = h,
		.controller = "devices",
		.file = allow ? "devices.allow" : "devices.deny",
		.value = arena_str(&p->arena, words),
		.where =
			index < 0 ? DEVICES_AT : arena_printf(&p->arena, DEVICES_AT "[%ld]", index),
		.when = CGROUP_EARLY,
		.flags = flags,
	};

	if (!w.value || !w.where || cgroup_writes_add(&p->cgroup.writes, &p->arena, &w) < 0)
		return no_memory(e);
	return 0;
}

static int plan_devices_v1(struct plan *p, const struct cgroup_hierarchy *h, struct err *e)
{
	struct cgroup_devices v1;
	bool all = p->cgroup.devices.allow_all;

	int r = cgroup_devices_v1(&v1, &p->arena, &p->cgroup.devices, e);
	if (r >= 0)
		r = device_write(p, h, all, "a", -1, all ? CGROUP_NEUTRAL | CGROUP_IF_GRANTED : 0,
				 e);
	for (size_t i = 0; r >= 0 && i < v1.rules.n; i++) {
		const struct cgroup_device *x = &v1.rules.v[i];
		char words[48];

		cgroup_device_words(&x->rule, words);
		r = device_write(p, h, !all, words, x->index, x->index < 0 ? CGROUP_IF_GRANTED : 0,
				 e);
	}
	return r;
}

static int plan_devices(struct plan *p, struct err *e)
{
	const struct spec_resources *res = p->spec->lnx->resources;
	const struct cgroup_hierarchy *h = facts_controller(p->facts, "devices");
	struct cgroup_devices *d = &p->cgroup.devices;

	if (res && res->devices.n > MAX_DEVICE_RULES) {
		err_set(e, ERR_SPEC, "more than %d device rules", MAX_DEVICE_RULES);
		return err_at(e, DEVICES_AT);
	}
	if (cgroup_devices_plan(d, &p->arena, res ? res->devices.v : NULL,
				res ? res->devices.n : 0) < 0)
		return no_memory(e);
	if (d->allow_all && d->rules.n == 0 && !h)
		return 0;
	p->cgroup.devices_quiet = !lack_is_news(p, d);
	if (p->cgroup.manager == CGROUP_MANAGER_DISABLED || devices_out_of_reach(p)) {
		/* who does without cgroups knows that the rule of each config goes with them */
		if (devices_out_of_reach(p) ? !p->cgroup.devices_quiet : has_own_rules(d))
			plan_warn(p, DEVICES_AT, "the device rules are not enforced: %s",
				  devices_out_of_reach(p)
					  ? "that takes CAP_SYS_ADMIN in the initial user "
					    "namespace"
					  : "the container has no cgroup (--cgroup-manager "
					    "disabled)");
		return 0;
	}
	if (h && h->mount[0] && !h->v2)
		return plan_devices_v1(p, h, e);
	h = facts_unified(p->facts);
	if (h && h->mount[0]) {
		p->cgroup.device_program = true;
		return 0;
	}
	if (!res || res->devices.n == 0) {
		plan_warn(p, DEVICES_AT,
			  "device access is not restricted: this host has no device cgroup");
		return 0;
	}
	err_set(e, ERR_UNSUPPORTED,
		"devices need the cgroup v1 controller 'devices' (file devices.allow) or cgroup "
		"v2, and this host offers neither");
	err_hint(
		e,
		"mount one below /sys/fs/cgroup, or do without cgroups: --cgroup-manager disabled");
	return err_at(e, DEVICES_AT);
}

/* ---- the whole ---- */

static int refuse_limits(struct plan *p, struct err *e)
{
	const struct spec_resources *r = p->spec->lnx->resources;
	const char *first = r ? cgroup_table_first(r, &p->arena) : NULL;

	if (!first)
		return plan_devices(p, e);
	err_set(e, ERR_UNSUPPORTED,
		"the container is to have no cgroup (--cgroup-manager disabled), so it can't be "
		"limited");
	err_hint(e, "leave linux.resources out, or choose --cgroup-manager cgroupfs");
	return err_at(e, "%s", first);
}

/* Spec 1.1: the cgroup belongs to the container's user where the container can see and manage it. */
static bool has_writable_cgroupfs(const struct spec *s)
{
	bool writable = false;

	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct spec_mount *m = &s->mounts.v[i];

		if (strcmp(m->destination, "/sys/fs/cgroup") != 0)
			continue;
		writable = !strv_has(&m->options, "ro") && !strv_has(&m->options, "rro");
	}
	return writable;
}

static int plan_resources(struct plan *p, struct err *e)
{
	const struct spec_resources *res = p->spec->lnx->resources;
	int r = 0;

	for (size_t i = 0; res && r >= 0 && i < cgroup_table_rows(); i++) {
		r = cgroup_table_row(i, &p->cgroup.writes, &p->arena, res, p->facts, e);
		r = plan_error(p, r, e);
	}
	return r;
}

int plan_cgroup_name(const char *annotation, const char *name, struct err *e)
{
	if (*name && !strchr(name, '/') && !strchr(name, '\n') && name[0] != '.' &&
	    strlen(name) <= 255)
		return 0;
	err_set(e, ERR_SPEC, "annotation '%s': '%.100s' is not a cgroup's name", annotation, name);
	return err_at(e, "$.annotations[\"%s\"]", annotation);
}

static int plan_delegated(struct plan *p, struct err *e)
{
	const char *name = spec_map_get(&p->spec->annotations, ANNOTATION_DELEGATE);

	if (!name)
		return 0;
	int r = plan_cgroup_name(ANNOTATION_DELEGATE, name, e);
	if (r < 0)
		return r;
	if (p->facts->cgroup_mode != CGROUP_MODE_V2) {
		err_set(e, ERR_UNSUPPORTED,
			"annotation '%s' needs a host with cgroup v2 alone: on version 1 no "
			"cgroup can be given away safely",
			ANNOTATION_DELEGATE);
		return err_at(e, ANNOTATION_AT(ANNOTATION_DELEGATE));
	}
	p->cgroup.delegated = name;
	return 0;
}

int plan_cgroup(struct plan *p, struct err *e)
{
	struct plan_cgroup *cg = &p->cgroup;
	const struct spec_namespace *ns = &p->spec->lnx->ns[NS_CGROUP];

	cg->manager = p->opts.cgroup_manager == CGROUP_MANAGER_AUTO ? CGROUP_MANAGER_CGROUPFS
								    : p->opts.cgroup_manager;
	if (p->opts.use == FOR_EXEC)
		return 0; /* the container's record says where */
	if (cg->manager == CGROUP_MANAGER_DISABLED)
		return refuse_limits(p, e);
	cg->delegate_chown = p->facts->cgroup_mode == CGROUP_MODE_V2 && ns->present && !ns->path &&
			     has_writable_cgroupfs(p->spec);
	bool systemd = cg->manager == CGROUP_MANAGER_SYSTEMD;
	int r = plan_error(p, plan_delegated(p, e), e);
	if (r >= 0)
		r = systemd ? plan_systemd(p, e) : plan_path(p, e);
	if (r >= 0 && !systemd)
		r = plan_leaves(p, e);
	r = plan_error(p, r, e);
	if (r >= 0)
		r = plan_resources(p, e);
	if (r >= 0)
		r = plan_devices(p, e);
	return r >= 0 && systemd && cg->scope ? plan_systemd_props(p, e) : r;
}
