/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the control groups. config-linux.md#control-groups, #cgroup-namespace; cgroup_namespaces(7). */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "linux/cgroup_stats.h"
#include "linux/namespaces.h"
#include "linux/steps.h"
#include "sys/raw.h"

enum { FIRST_NUMBER = 'A' }; /* of a hierarchy, in the answer to PLACE */

static bool has_cgroup(const struct plan *p)
{
	return p->cgroup.manager != CGROUP_MANAGER_DISABLED;
}

/* ---- cgroup.create ---- */

static bool was_there(const struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (!cg->leaves[i].made)
			return true;
	}
	return false;
}

static int create_run(struct run *r, struct err *e)
{
	r->cgroup = cgroup_new(r->plan->cgroup.manager);
	if (!r->cgroup)
		return err_sys(e, -ENOMEM, "cgroup");
	if (!r->cgroup->driver)
		return err_set(e, ERR_INTERNAL, "no driver for cgroup manager %d",
			       r->plan->cgroup.manager);
	int ret = r->cgroup->driver->create(r, r->cgroup, e);
	if (ret >= 0 && was_there(r->cgroup))
		cgroup_oom_note(r->cgroup);
	return ret;
}

static void create_undo(struct run *r)
{
	struct err e;

	if (!r->cgroup)
		return;
	if (cgroup_destroy(r->cgroup, &e) < 0)
		run_warn(r, "%s", e.msg);
	cgroup_free(r->cgroup);
	r->cgroup = NULL;
}

static void explain_writes(const struct plan *p, enum cgroup_when when, struct buf *out)
{
	const struct cgroup_writes *w = &p->cgroup.writes;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].when == when)
			buf_addf(out, "%s %s%s\n", w->v[i].file, w->v[i].value,
				 w->v[i].flags & CGROUP_NEUTRAL ? " (as it is)" : "");
	}
}

/* What is written before the container's process does anything. */
static void explain_early(const struct plan *p, struct buf *out)
{
	const struct plan_cgroup *cg = &p->cgroup;

	explain_writes(p, CGROUP_EARLY, out);
	for (size_t i = 0; cg->device_program && i < cg->devices.rules.n; i++) {
		const struct spec_device_rule *rule = &cg->devices.rules.v[i].rule;
		char words[48];

		cgroup_device_words(rule, words);
		buf_addf(out, "device %s %s\n", rule->allow ? "allow" : "deny", words);
	}
}

static void create_explain(const struct plan *p, struct buf *out)
{
	const struct plan_cgroup *cg = &p->cgroup;

	if (cg->manager == CGROUP_MANAGER_SYSTEMD) {
		buf_adds(out, "manager systemd\n");
		return;
	}
	buf_adds(out, "manager cgroupfs\n");
	for (size_t i = 0; i < cg->leaves.n; i++)
		buf_addf(out, "cgroup %s\n", cg->leaves.v[i].dir);
	explain_early(p, out);
}

const struct step step_cgroup_create = {
	.name = "cgroup.create",
	.what = "make the container's cgroups, with CPU sets and device rules",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_cgroup,
	.run = create_run,
	.undo = create_undo,
	.explain = create_explain,
};

/* ---- cgroup.join-first, cgroup.join ---- */

static bool is_placed(const struct plan *p)
{
	return p->cgroup.manager == CGROUP_MANAGER_SYSTEMD && p->opts.use != FOR_EXEC;
}

static bool joins_first(const struct plan *p)
{
	return has_cgroup(p) && !is_placed(p) && p->fork.ns_stage;
}

static bool joins(const struct plan *p)
{
	return has_cgroup(p) && !is_placed(p) && !p->fork.ns_stage;
}

static int join_run(struct run *r, struct err *e)
{
	bool movable = r->cgroup && r->cgroup->scope && r->plan->opts.use == FOR_EXEC;

	int ret = r->cgroup ? cgroup_join_self(r->cgroup, e) : 0;
	if (ret == -EACCES && movable)
		return chan_ask(&r->chan, MSG_PLACE, NULL, 0, NULL, 0, NULL, e);
	return ret;
}

static void join_explain(const struct plan *p, struct buf *out)
{
	if (p->fork.into_cgroup)
		buf_adds(out, "cgroup2 at birth\n");
	for (size_t i = 0; i < p->cgroup.leaves.n; i++) {
		const struct cgroup_hierarchy *h = p->cgroup.leaves.v[i].h;

		if (!h->v2)
			buf_addf(out, "v1 %s\n", h->controllers);
		else if (!p->fork.into_cgroup)
			buf_adds(out, "cgroup2 by cgroup.procs\n");
	}
}

const struct step step_cgroup_join_first = {
	.name = "cgroup.join-first",
	.what = "enter the container's cgroups, before its namespaces are joined",
	.stage = STAGE_NS,
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.applies = joins_first,
	.run = join_run,
	.explain = join_explain,
};

const struct step step_cgroup_join = {
	.name = "cgroup.join",
	.what = "enter the container's cgroups",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.applies = joins,
	.run = join_run,
	.explain = join_explain,
};

/* ---- cgroup.place-first, cgroup.place, cgroup.scope ---- */

static bool placed_first(const struct plan *p)
{
	return is_placed(p) && p->fork.ns_stage;
}

static bool placed(const struct plan *p)
{
	return is_placed(p) && !p->fork.ns_stage;
}

/*
 * The answer is where we are then, which later steps show to the container: for each hierarchy its number among the facts (FIRST_NUMBER is
 * 0) and the path below its mount, left out where it is the same as that before.
 */
static int take_leaf(struct run *r, const char *entry, const char **path, struct err *e)
{
	const struct facts *f = r->plan->facts;
	unsigned i = (unsigned char)*entry - (unsigned)FIRST_NUMBER;
	auto_buf struct buf dir = { 0 };

	if (*entry && entry[1])
		*path = entry + 1;
	if (i >= f->n_hierarchies || **path != '/')
		return err_set(e, ERR_INTERNAL, "no directory in the answer to PLACE");
	const struct cgroup_hierarchy *h = &f->hierarchies[i];
	buf_addf(&dir, "%s%s", h->mount, *path);
	return buf_error(&dir) >= 0 && cgroup_add_leaf(r->cgroup, h->v2 ? "" : h->controllers,
						       buf_str(&dir), h->v2)
		       ? 0
		       : err_sys(e, -ENOMEM, "cgroup");
}

static int place_run(struct run *r, struct err *e)
{
	struct packet answer;
	const char *path = "";

	cgroup_close_fds(r->cgroup); /* the parent's connection */
	int ret = chan_ask(&r->chan, MSG_PLACE, NULL, 0, NULL, 0, &answer, e);
	if (ret < 0)
		return ret;
	packet_close_fds(&answer);
	for (const char *at = answer.data, *end = at + answer.len; at < end && ret >= 0;
	     at += strlen(at) + 1)
		ret = take_leaf(r, at, &path, e);
	return ret;
}

const struct step step_cgroup_place_first = {
	.name = "cgroup.place-first",
	.what = "have systemd move the first child to the container's scope",
	.stage = STAGE_NS,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = placed_first,
	.run = place_run,
};

const struct step step_cgroup_place = {
	.name = "cgroup.place",
	.what = "have systemd move the container's process to its scope",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = placed,
	.run = place_run,
};

static int put_leaf(const struct facts *f, const struct cgroup_leaf *leaf, const char **path,
		    struct buf *out)
{
	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (!h->mount[0] || strcmp(leaf->controllers, h->v2 ? "" : h->controllers) != 0)
			continue;
		const char *below = leaf->dir + strlen(h->mount);

		buf_addc(out, (char)(FIRST_NUMBER + i));
		buf_adds(out, strcmp(below, *path) == 0 ? "" : below);
		buf_addc(out, '\0');
		*path = below;
		return 0;
	}
	return -ENOENT;
}

static int scope_run(struct run *r, struct err *e)
{
	auto_buf struct buf out = { 0 };
	const char *path = "";
	int ret = r->cgroup->driver->place(r, r->cgroup, e);

	if (ret < 0 || !r->answer) /* CRIU does not ask */
		return ret;
	for (unsigned i = 0; i < r->cgroup->n && ret >= 0; i++)
		ret = put_leaf(r->plan->facts, &r->cgroup->leaves[i], &path, &out);
	if (ret >= 0)
		ret = buf_error(&out) < 0		      ? buf_error(&out)
		      : out.len > sizeof(r->answer->data) - 1 ? -ENAMETOOLONG
							      : 0;
	if (ret < 0)
		return err_sys(e, ret, "tell where the cgroups are");
	memcpy(r->answer->data, out.p, out.len);
	r->answer->len = (uint32_t)out.len;
	return 0;
}

static bool has_v1_devices(const struct facts *f)
{
	const struct cgroup_hierarchy *h = facts_controller(f, "devices");

	return h && !h->v2;
}

static void scope_explain(const struct plan *p, struct buf *out)
{
	const struct plan_cgroup *cg = &p->cgroup;

	buf_addf(out, "unit %s\n", cg->scope);
	if (*cg->subgroup)
		buf_addf(out, "cgroup %s\n", cg->subgroup);
	else if (has_v1_devices(p->facts))
		buf_addf(out, "cgroup %s (devices)\n", cg->device_subgroup);
	for (size_t i = 0; i < cg->props.n; i++) {
		buf_adds(out, "property ");
		systemd_prop_words(&cg->props.v[i], out);
		buf_addc(out, '\n');
	}
	explain_early(p, out);
}

const struct step step_cgroup_scope = {
	.name = "cgroup.scope",
	.what = "have systemd make the scope of the container's process, with CPU sets and device "
		"rules",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_PLACE),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = is_placed,
	.run = scope_run,
	.explain = scope_explain,
};

/* ---- cgroup.attach ---- */

static bool may_be_attached(const struct plan *p)
{
	return has_cgroup(p) && p->rootless;
}

static int attach_run(struct run *r, struct err *e)
{
	const struct cgroup_driver *driver = r->cgroup ? r->cgroup->driver : NULL;

	if (!driver || !driver->attach || !r->cgroup->scope)
		return err_set(e, ERR_INTERNAL, "unexpected PLACE");
	return driver->attach(r->cgroup, ns_asking_pid(r), e);
}

const struct step step_cgroup_attach = {
	.name = "cgroup.attach",
	.what = "have systemd move the process where its user's rights don't reach",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_PLACE),
	.use = FOR_EXEC,
	.applies = may_be_attached,
	.run = attach_run,
};

/* ---- cgroup.ns ---- */

static bool ns_applies(const struct plan *p)
{
	return p->fork.cgroup_ns_late;
}

static int ns_run(struct run *r, struct err *e)
{
	(void)r;
	int ret = sys_unshare(CLONE_NEWCGROUP);

	return ret < 0 ? err_sys(e, ret, "make a cgroup namespace") : 0;
}

const struct step step_cgroup_ns = {
	.name = "cgroup.ns",
	.what = "make a cgroup namespace whose roots are the cgroups just joined",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = ns_applies,
	.run = ns_run,
};

/* ---- cgroup.limits ---- */

static bool has_limits(const struct plan *p)
{
	const struct cgroup_writes *w = &p->cgroup.writes;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].when == CGROUP_LATE)
			return true;
	}
	return false;
}

static bool limits_memory(const struct plan *p)
{
	const struct cgroup_writes *w = &p->cgroup.writes;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].h->v2 && strcmp(w->v[i].controller, "memory") == 0)
			return true;
	}
	return false;
}

static int limits_run(struct run *r, struct err *e)
{
	if (!r->cgroup)
		return 0;
	int ret = r->cgroup->driver->apply(r, r->cgroup, CGROUP_LATE, e);
	/* v2: below what init uses already the write kills it, which is not dead yet when the write returns */
	if (ret < 0 || !limits_memory(r->plan))
		return ret;
	ret = cgroup_oom_error(r->cgroup, "the container's process", e);
	if (ret < 0)
		cgroup_oom_place(r->plan, e);
	return ret;
}

static void limits_explain(const struct plan *p, struct buf *out)
{
	explain_writes(p, CGROUP_LATE, out);
}

const struct step step_cgroup_limits = {
	.name = "cgroup.limits",
	.what = "set the limits of linux.resources",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_HOOKS) | MSG_BIT(MSG_READY),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_limits,
	.run = limits_run,
	.explain = limits_explain,
};
