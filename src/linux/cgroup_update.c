/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New resources for a container that exists: the files that change, then the device rules, which are replaced without a
 * moment in which more or less is allowed than by both. A refusal takes back what was written.
 */
#include "linux/cgroup_update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "util/util.h"

struct cgroup_updated {
	struct cgroup *cg;
	const struct cgroup_change *change;
	struct cgroup_undo files;
	bool devices; /* replaced */
};

/* ---- device rules ---- */

static int write_rule(struct cgroup_leaf *leaf, bool allow, const struct cgroup_device *d,
		      unsigned access, struct err *e)
{
	struct spec_device_rule rule = d->rule;
	const char *file = allow ? "devices.allow" : "devices.deny";
	char words[48];

	rule.access = (uint8_t)access;
	cgroup_device_words(&rule, words);
	int r = host_write(cgroup_leaf_fd(leaf), file, words);
	if (r >= 0 || (r == -EPERM && d->index < 0))
		return 0;
	err_sys(e, r, "%s: write '%s'", file, words);
	return d->index < 0 ? err_at(e, "$.linux.resources.devices")
			    : err_at(e, "$.linux.resources.devices[%ld]", d->index);
}

static unsigned access_in(const struct cgroup_devices *list, const struct spec_device_rule *r)
{
	for (size_t i = 0; i < list->rules.n; i++) {
		const struct spec_device_rule *x = &list->rules.v[i].rule;

		if (x->type == r->type && x->major == r->major && x->minor == r->minor)
			return x->access;
	}
	return 0;
}

/* Those of LIST that OTHER has not got: each an exception more, or less. */
static int write_difference(struct cgroup_leaf *leaf, bool allow, const struct cgroup_devices *list,
			    const struct cgroup_devices *other, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < list->rules.n && r >= 0; i++) {
		const struct cgroup_device *x = &list->rules.v[i];
		unsigned access = x->rule.access & ~access_in(other, &x->rule);

		if (access)
			r = write_rule(leaf, allow, x, access, e);
	}
	return r;
}

static int replace_v1(struct cgroup_leaf *leaf, const struct cgroup_devices *old_rules,
		      const struct cgroup_devices *new_rules, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	static const struct cgroup_devices nothing;
	struct cgroup_devices old, new;

	int r = cgroup_devices_v1(&new, &arena, new_rules, e);
	if (r >= 0)
		r = cgroup_devices_v1(&old, &arena, old_rules, e);
	if (r < 0)
		return r;
	if (cgroup_leaf_fd(leaf) < 0)
		return err_sys(e, cgroup_leaf_fd(leaf), "open cgroup '%s'", leaf->dir);
	bool all = new.allow_all;
	if (all == old.allow_all) {
		/* first what is allowed now, then what is no longer */
		r = write_difference(leaf, true, all ? &old : &new, all ? &new : &old, e);
		return r < 0 ? r
			     : write_difference(leaf, false, all ? &new : &old, all ? &old : &new,
						e);
	}
	const char *file = all ? "devices.allow" : "devices.deny";
	r = host_write(cgroup_leaf_fd(leaf), file, "a");
	if (r < 0) {
		err_sys(e, r, "%s: write 'a'", file);
		return err_at(e, "$.linux.resources.devices");
	}
	return write_difference(leaf, !all, &new, &nothing, e);
}

static int replace_devices(struct cgroup *cg, const struct spec_resources *from,
			   const struct spec_resources *to, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct cgroup_devices old, new;

	int r = cgroup_devices_plan(&old, &arena, from ? from->devices.v : NULL,
				    from ? from->devices.n : 0);
	if (r >= 0)
		r = cgroup_devices_plan(&new, &arena, to ? to->devices.v : NULL,
					to ? to->devices.n : 0);
	if (r < 0)
		return err_sys(e, r, "device rules");
	for (unsigned i = 0; i < cg->n; i++) {
		if (cgroup_leaf_has(&cg->leaves[i], "devices"))
			return replace_v1(&cg->leaves[i], &old, &new, e);
	}
	return cgroup_attach_devices(cg, &new, e);
}

/* ---- the whole ---- */

static int enable_controllers(struct cgroup *cg, const struct cgroup_change *c, struct err *e)
{
	const struct cgroup_hierarchy *h = facts_unified(c->facts);
	struct cgroup_leaf *leaf = cgroup_unified(cg);

	if (!h || !leaf)
		return 0;
	int dir = cgroup_leaf_fd(leaf);
	if (dir < 0)
		return err_sys(e, dir, "open cgroup '%s'", leaf->dir);
	return cgroup_v2_enable(h, dir, leaf->dir, c->writes, e);
}

static int change_all(struct cgroup_updated *u, struct err *e)
{
	const struct cgroup_change *c = u->change;
	struct cgroup *cg = u->cg;

	int r = enable_controllers(cg, c, e);
	if (r >= 0)
		r = cgroup_write_all(cg, c->writes, &u->files, e);
	if (r >= 0 && c->devices) {
		u->devices = true;
		r = replace_devices(cg, c->before, c->now, e);
	}
	return r;
}

int cgroup_update(struct cgroup_updated **ret, struct cgroup *cg,
		  const struct cgroup_change *change, struct err *e)
{
	struct cgroup_updated *u = *ret = calloc(1, sizeof(*u));

	if (!u)
		return err_sys(e, -ENOMEM, "update");
	*u = (struct cgroup_updated){ .cg = cg, .change = change };
	return change_all(u, e);
}

int cgroup_update_undo(struct cgroup_updated *u, struct err *e)
{
	static const struct spec_resources none;
	int r = 0;

	if (!u)
		return 0;
	if (u->devices)
		r = replace_devices(u->cg, u->change->now,
				    u->change->before ? u->change->before : &none, e);
	int files = cgroup_undo_run(&u->files);
	if (files < 0 && r >= 0)
		r = err_sys(e, files, "write the old values back");
	return r;
}

void cgroup_updated_free(struct cgroup_updated *u)
{
	if (!u)
		return;
	cgroup_undo_free(&u->files);
	free(u);
}
