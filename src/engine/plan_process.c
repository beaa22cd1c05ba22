/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process part of a plan: identity, capabilities, labels, terminal (config.md#process, config.md#posix-process,
 * config.md#linux-process, config-linux.md#mount-label). Pure; what the kernel alone can tell is left to the steps.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>

#include "engine/plan.h"
#include "spec/annotations.h"
#include "spec/names.h"
#include "util/parse.h"

#define CAP_BITS 64

void plan_caps_words(uint64_t set, struct buf *out)
{
	const char *gap = "";

	if (!set)
		buf_adds(out, "none");
	for (unsigned cap = 0; cap < CAP_BITS; cap++) {
		if (!(set >> cap & 1))
			continue;
		const char *word = name_word(names_caps, cap);

		if (word)
			buf_addf(out, "%s%s", gap, word);
		else
			buf_addf(out, "%s%u", gap, cap);
		gap = " ";
	}
}

static bool is_set(const char *s)
{
	return s && *s;
}

/* ---- host name ---- */

/* Without a UTS namespace of the container the names would change the host's. */
static int check_host_names(const struct plan *p, struct err *e)
{
	const char *which = p->spec->hostname ? "hostname" : "domainname";

	if (p->opts.use == FOR_EXEC || p->uts_ns || (!p->spec->hostname && !p->spec->domainname))
		return 0;
	err_set(e, ERR_SPEC, "%s needs a UTS namespace: it would rename the host", which);
	err_hint(e, "add {\"type\": \"uts\"} to linux.namespaces or leave %s out", which);
	return err_at(e, "$.%s", which);
}

/* ---- labels ---- */

static int unsupported(struct err *e, const char *where, const char *what, const char *module)
{
	err_set(e, ERR_UNSUPPORTED, "%s is set but %s is not enabled on this host", what, module);
	err_hint(e, "leave it out, or boot with %s enabled", module);
	return err_at(e, "%s", where);
}

/* The label of the process or, for an exec that names none, the container's; NULL when there is none. */
static const char *label_of(const char *own, const char *container)
{
	const char *label = is_set(own) ? own : container;

	return is_set(label) ? label : NULL;
}

static int plan_labels(struct plan *p, struct err *e)
{
	const struct spec_process *own = p->process;
	const struct spec_process *all = p->opts.use == FOR_EXEC ? p->spec->process : NULL;
	const char *apparmor =
		label_of(own ? own->apparmor_profile : NULL, all ? all->apparmor_profile : NULL);
	const char *selinux =
		label_of(own ? own->selinux_label : NULL, all ? all->selinux_label : NULL);

	/* what the kernel does anyway needs no AppArmor */
	if (apparmor && !p->facts->apparmor && strcmp(apparmor, "unconfined") == 0)
		apparmor = NULL;
	int r = 0;
	if (apparmor && !p->facts->apparmor)
		r = unsupported(e, "$.process.apparmorProfile", "an AppArmor profile", "AppArmor");
	r = plan_error(p, r, e);
	if (r >= 0 && selinux && !p->facts->selinux)
		r = unsupported(e, "$.process.selinuxLabel", "an SELinux label", "SELinux");
	r = plan_error(p, r, e);
	if (r < 0)
		return r;
	/* Engines set it whether or not SELinux is on; without SELinux no file has a label at all. */
	if (is_set(p->spec->lnx->mount_label) && !p->facts->selinux && p->opts.use != FOR_EXEC)
		plan_warn(p, "$.linux.mountLabel", "SELinux is off on this host: no label is set");
	p->creds.apparmor = apparmor;
	p->creds.selinux = selinux;
	return 0;
}

/* ---- user ---- */

static const struct spec_idmap *range_of(const spec_idmaps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_idmap *m = &maps->v[i];

		if (id >= m->container_id && id - m->container_id < m->size)
			return m;
	}
	return NULL;
}

/* The mappings that are known to be the container's; NULL where the kernel alone knows them. */
static const spec_idmaps *mappings(const struct plan *p, const spec_idmaps *maps)
{
	const struct spec_namespace *ns = &p->spec->lnx->ns[NS_USER];

	return ns->present && !ns->path && maps->n > 0 ? maps : NULL;
}

static int check_id(const spec_idmaps *maps, uint32_t id, const char *what, const char *property,
		    struct err *e)
{
	/* setresuid(-1) would leave the id as it is */
	if (id == UINT32_MAX)
		return err_set(e, ERR_SPEC, "%s %u is not an id", what, id);
	if (!maps || range_of(maps, id))
		return 0;
	err_set(e, ERR_SPEC, "%s %u is not mapped in the container's user namespace", what, id);
	return err_hint(e, "add it to linux.%s", property);
}

bool plan_host_uid(const struct plan *p, uid_t *ret)
{
	const spec_idmaps *maps = mappings(p, &p->spec->lnx->uid_mappings);
	const struct spec_idmap *m = maps ? range_of(maps, p->creds.uid) : NULL;

	if (m)
		*ret = m->host_id + (p->creds.uid - m->container_id);
	return m != NULL;
}

bool plan_keeps_groups(const struct plan *p)
{
	const char *keep = spec_map_get(&p->spec->annotations, ANNOTATION_KEEP_GROUPS);
	bool ret;

	return keep && parse_bool(keep, &ret) >= 0 && ret;
}

static int check_user(const struct plan *p, struct err *e)
{
	const struct spec_user *u = &p->process->user;
	size_t n_groups = plan_keeps_groups(p) ? 0 : u->additional_gids.n;
	const spec_idmaps *gids = mappings(p, &p->spec->lnx->gid_mappings);

	int r = check_id(mappings(p, &p->spec->lnx->uid_mappings), u->uid, "user", "uidMappings",
			 e);
	if (r < 0)
		err_at(e, "$.process.user.uid");
	r = plan_error(p, r, e);
	if (r < 0)
		return r;
	r = check_id(gids, u->gid, "group", "gidMappings", e);
	if (r < 0)
		err_at(e, "$.process.user.gid");
	r = plan_error(p, r, e);
	for (size_t i = 0; r >= 0 && i < n_groups; i++) {
		r = check_id(gids, u->additional_gids.v[i], "group", "gidMappings", e);
		if (r < 0)
			err_at(e, "$.process.user.additionalGids[%zu]", i);
		r = plan_error(p, r, e);
	}
	return r;
}

static void plan_user(struct plan *p)
{
	const struct spec_user *u = &p->process->user;
	const char *keep = spec_map_get(&p->spec->annotations, ANNOTATION_KEEP_GROUPS);

	p->creds.uid = u->uid;
	p->creds.gid = u->gid;
	bool ignored;

	p->creds.keep_groups = plan_keeps_groups(p);
	if (keep && parse_bool(keep, &ignored) < 0)
		plan_warn(p, "$.annotations", "'%s' is neither 1 nor 0 in %s: ignored", keep,
			  ANNOTATION_KEEP_GROUPS);
	if (p->creds.keep_groups && u->additional_gids.n > 0)
		plan_warn(p, "$.process.user.additionalGids", "left out, as %s says",
			  ANNOTATION_KEEP_GROUPS);
	/* CVE-2014-8989, CVE-2018-7169: exactly the groups asked for, also when that is none */
	p->creds.set_groups = !p->creds.keep_groups && !p->fork.deny_setgroups;
}

/* ---- capabilities ---- */

/* A warning where the kernel would refuse the set as written (config.md: ungrantable ones are warned of, not errors). */
static uint64_t within(struct plan *p, const char *set, uint64_t caps, uint64_t limit,
		       const char *limits)
{
	uint64_t lost = caps & ~limit;

	if (lost) {
		auto_buf struct buf words = { 0 };
		auto_buf struct buf where = { 0 };

		plan_caps_words(lost, &words);
		buf_addf(&where, "$.process.capabilities.%s", set);
		plan_warn(p, buf_str(&where), "left out, because not %s: %s", limits,
			  buf_str(&words));
	}
	return caps & limit;
}

/*
 * Without `capabilities` the spec says nothing; all sets are empty then, as with runc and crun. The inheritable set is
 * the config's and nothing else (CVE-2022-29162 and its family).
 */
static void plan_caps(struct plan *p)
{
	static const struct spec_caps none;
	const struct spec_caps *c = p->from.caps ? p->from.caps : &none;
	struct plan_creds *creds = &p->creds;

	creds->bounding = c->bounding;
	creds->permitted = c->permitted;
	creds->effective =
		within(p, "effective", c->effective, creds->permitted, "in the permitted set");
	creds->inheritable =
		within(p, "inheritable", c->inheritable, creds->bounding, "in the bounding set");
	creds->ambient = within(p, "ambient", c->ambient, creds->permitted & creds->inheritable,
				"in both the permitted and the inheritable set");
}

/* ---- scheduler ---- */

/* sched(7): a SCHED_DEADLINE thread can't fork or clone, which a hook and the seccomp listener's thread need. */
static int check_scheduler(const struct plan *p, struct err *e)
{
	const struct spec_scheduler *s = p->process->scheduler;
	const struct spec_seccomp *filter = p->spec->lnx->seccomp;
	bool hooks = p->opts.use != FOR_EXEC && p->spec->hooks[HOOK_START_CONTAINER].n > 0;
	bool listener = filter && filter->notifies;

	if (!s || s->policy != SCHED_DEADLINE || s->flags & SCHED_FLAG_RESET_ON_FORK)
		return 0;
	if (!hooks && !listener)
		return 0;
	err_set(e, ERR_UNSUPPORTED, "SCHED_DEADLINE lets no process be started, but there is a %s",
		hooks ? "startContainer hook" : "seccomp listener");
	err_hint(e, "add SCHED_FLAG_RESET_ON_FORK to process.scheduler.flags");
	return err_at(e, "$.process.scheduler");
}

static void plan_sources(struct plan *p)
{
	const struct spec_process *own = p->process;
	const struct spec_process *container =
		p->opts.use == FOR_EXEC && p->spec->process ? p->spec->process : own;

	p->from.caps = own->caps ? own->caps : container->caps;
	p->from.rlimits = own->rlimits.n ? own : container;
	p->from.oom = own->has_oom_score_adj ? own : container;
	p->from.affinity =
		is_set(own->affinity_initial) || is_set(own->affinity_final) ? own : container;
	if (p->from.rlimits && p->from.rlimits->rlimits.n == 0)
		p->from.rlimits = NULL;
	if (!p->from.oom->has_oom_score_adj)
		p->from.oom = NULL;
	/* config.md: execCPUAffinity is not for the container's init */
	if (p->opts.use != FOR_EXEC)
		p->from.affinity = NULL;
}

int plan_process(struct plan *p, struct err *e)
{
	int r = plan_error(p, check_host_names(p, e), e);

	if (r >= 0)
		r = plan_labels(p, e);
	if (r < 0 || !p->process)
		return r;
	if (p->process->args.n == 0) {
		err_set(e, ERR_SPEC, "process.args is empty: there is nothing to run");
		return err_at(e, "$.process.args");
	}
	r = check_user(p, e);
	if (r >= 0)
		r = check_scheduler(p, e);
	if (r < 0)
		return r;
	p->terminal = p->process->terminal;
	plan_sources(p);
	plan_user(p);
	plan_caps(p);
	return 0;
}
