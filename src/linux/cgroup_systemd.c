/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd driver: the container is a transient scope that systemd makes, delegates and shows. A scope without a process is refused, so
 * init is moved when it exists, before it does anything (MSG_PLACE). On cgroup v2 processes and written limits are in a cgroup of ours
 * below it, which no daemon-reload touches. On v1 and hybrid hosts systemd has a hierarchy of its own (name=systemd) and the
 * controllers that it knows; in the others the scope's cgroup is made as the cgroupfs driver makes it. systemd.resource-control(5), the
 * "Control Group APIs and Delegation" of systemd's documentation.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "linux/namespaces.h"
#include "linux/systemd.h"
#include "sys/hostfs.h"
#include "util/util.h"

/* A record says by this that the unit is the user manager's. */
#define USER "user:"

/* Systemd's own among those of v1. */
#define SYSTEMD_HIERARCHY "name=systemd"

static const char *unit_of(const char *record)
{
	return strncmp(record, USER, strlen(USER)) == 0 ? record + strlen(USER) : record;
}

/* The rest of DIR after the unit's own directory; NULL: it is not in there. systemd puts an underscore before a name that could be a
 * file of the kernel's ("memory.x.scope") or begins with one. */
static const char *after_unit(const char *dir, const char *unit)
{
	size_t len = strlen(unit);

	for (const char *at = strchr(dir, '/'); at; at = strchr(at + 1, '/')) {
		for (const char *name = at + 1; name <= at + 1 + (at[1] == '_'); name++) {
			if (strncmp(name, unit, len) == 0 && (!name[len] || name[len] == '/'))
				return name + len;
		}
	}
	return NULL;
}

static int connect_to(struct cgroup *cg, bool user, struct err *e)
{
	return cg->systemd ? 0 : systemd_connect(&cg->systemd, user, e);
}

static int connect_for(struct cgroup *cg, struct err *e)
{
	return connect_to(cg, unit_of(cg->scope) != cg->scope, e);
}

/* ---- create, place ---- */

/* Nothing can be made yet; that nobody would make it is told before anything else is. */
static int create(struct run *r, struct cgroup *cg, struct err *e)
{
	return connect_to(cg, r->plan->cgroup.systemd_user, e);
}

/* After the unit is made and not before: a name that is taken is another's unit, which no undo may stop. A ketch that is killed
 * before this takes init, and with it the unit, along. */
static int note_scope(struct run *r, struct cgroup *cg, const char *record, struct err *e)
{
	cg->scope = strdup(record);
	if (!cg->scope)
		return err_sys(e, -ENOMEM, "note scope '%s'", record);
	return r->undo_note ? r->undo_note(r, "scope", record, e) : 0;
}

/* The scope NAME below the root of H, as /proc/PID/cgroup (TEXT) has it: "/system.slice/NAME". */
static int find_scope(const char *text, const struct cgroup_hierarchy *h, const char *name,
		      struct buf *out, struct err *e)
{
	size_t len = 0;
	const char *path = cgroup_proc_path(text, h->v2 ? "" : h->controllers, &len);
	auto_str char *dir = NULL;

	buf_addf(out, "%s%.*s", h->mount, (int)len, path ? path : "");
	if (buf_error(out) < 0)
		return err_sys(e, -ENOMEM, "find scope '%s'", name);
	const char *rest = after_unit(out->p, name);
	if (!rest || *rest) {
		err_set(e, ERR_KERNEL, "systemd made '%s', but its process is in cgroup '%.*s'",
			name, (int)len, path ? path : "");
		return err_hint(e,
				"does ketch run in the pid and cgroup namespaces of that systemd?");
	}
	auto_fd int fd = host_opendir(AT_FDCWD, out->p, true);
	if (fd < 0)
		return err_sys(e, fd, "open cgroup '%s'", out->p);
	dir = buf_take(out);
	buf_adds(out, dir + strlen(h->mount));
	return buf_error(out);
}

/* The container's cgroup in H, below or at SCOPE. */
static int plan_leaf(struct plan_cgroup_leaf *leaf, struct arena *a, const struct run *r,
		     const char *text, const struct cgroup_hierarchy *h, const char *scope)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	bool devices = !h->v2 && facts_controller(r->plan->facts, "devices") == h;
	const char *sub = devices ? p->device_subgroup : p->subgroup;
	size_t len = 0;
	const char *now = cgroup_proc_path(text, h->v2 ? "" : h->controllers, &len);

	*leaf = (struct plan_cgroup_leaf){ .h = h, .base = "" };
	leaf->path = arena_printf(a, "%s%s%s", scope, *sub ? "/" : "", sub);
	leaf->dir = leaf->path ? arena_printf(a, "%s%s", h->mount, leaf->path) : NULL;
	if (!leaf->dir)
		return -ENOMEM;
	leaf->taken = now && strlen(leaf->path) == len && strncmp(now, leaf->path, len) == 0;
	return 0;
}

/* That by which systemd itself knows the scope: its hierarchy of v1, or v2. */
static struct cgroup_leaf *scope_leaf(struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (strcmp(cg->leaves[i].controllers, SYSTEMD_HIERARCHY) == 0)
			return &cg->leaves[i];
	}
	return cgroup_unified(cg);
}

/* What systemd delegated to the scope is for the cgroups below, now that nobody is in it. */
static int open_scope_to_children(const struct plan *p, const char *scope, struct err *e)
{
	auto_buf struct buf dir = { 0 };

	if (p->facts->cgroup_mode != CGROUP_MODE_V2 || !*p->cgroup.subgroup)
		return 0;
	buf_addf(&dir, "%s%s", facts_unified(p->facts)->mount, scope);
	auto_fd int fd = host_opendir(AT_FDCWD, buf_str(&dir), false);
	if (fd < 0)
		return err_sys(e, fd, "open cgroup '%s'", buf_str(&dir));
	cgroup_v2_enable_all(fd);
	return 0;
}

static int make_leaves(struct run *r, struct cgroup *cg, pid_t pid, struct err *e)
{
	const struct facts *f = r->plan->facts;
	struct plan_cgroup_leaf leaves[FACTS_MAX_HIERARCHIES];
	auto_arena struct arena a = { 0 };
	auto_buf struct buf text = { 0 }, scope = { 0 };
	size_t n = 0;

	int ret = cgroup_proc_read(pid, &text);
	if (ret < 0)
		return err_sys(e, ret, "read '/proc/%d/cgroup'", (int)pid);
	ret = find_scope(buf_str(&text), facts_systemd(f), r->plan->cgroup.scope, &scope, e);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < f->n_hierarchies && ret >= 0; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (h->mount[0])
			ret = plan_leaf(&leaves[n++], &a, r, buf_str(&text), h, buf_str(&scope));
	}
	if (ret < 0)
		return err_sys(e, ret, "cgroup");
	ret = cgroup_make_leaves(r, cg, leaves, n, pid, e);
	if (ret >= 0 && !scope_leaf(cg))
		return err_set(e, ERR_KERNEL, "the scope's cgroup '%s' can't be written to",
			       buf_str(&scope));
	return ret < 0 ? ret : open_scope_to_children(r->plan, buf_str(&scope), e);
}

static int fill_leaves(struct run *r, struct cgroup *cg, pid_t pid, struct err *e)
{
	int ret = make_leaves(r, cg, pid, e);

	if (ret >= 0)
		ret = cgroup_apply(r, cg, CGROUP_EARLY, e);
	return ret < 0 ? ret : cgroup_apply_devices(r, cg, e);
}

static int place(struct run *r, struct cgroup *cg, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	pid_t pid = ns_asking_pid(r);
	char record[sizeof(USER) + SYSTEMD_MAX_NAME];
	struct err ignored;
	bool made;

	snprintf(record, sizeof(record), "%s%s", p->systemd_user ? USER : "", p->scope);
	int ret = systemd_start_scope(cg->systemd, p->scope, pid, &p->props, &made, e);
	if (made) {
		int noted = note_scope(r, cg, record, ret < 0 ? &ignored : e);

		ret = ret < 0 ? ret : noted;
	}
	return ret < 0 ? ret : fill_leaves(r, cg, pid, e);
}

/* exec of an ordinary user from outside of the user manager's tree: only that manager, by the system's, can move it. */
static int attach(struct cgroup *cg, pid_t pid, struct err *e)
{
	const struct cgroup_leaf *leaf = scope_leaf(cg);
	const char *unit = unit_of(cg->scope), *rest = leaf ? after_unit(leaf->dir, unit) : NULL;
	auto_buf struct buf sub = { 0 };

	if (!rest)
		return err_set(e, ERR_INTERNAL, "no cgroup of the unit '%s'", unit);
	buf_addf(&sub, "%s%s%s", rest, leaf->sub ? "/" : "", leaf->sub ? leaf->sub : "");
	int r = connect_for(cg, e);
	return r < 0 ? r : systemd_attach(cg->systemd, unit, buf_str(&sub), pid, e);
}

/* ---- limits ---- */

static bool has_late(const struct systemd_props *props)
{
	for (size_t i = 0; i < props->n; i++) {
		if (props->v[i].when == CGROUP_LATE)
			return true;
	}
	return false;
}

static int set_late(struct cgroup *cg, const struct plan_cgroup *p, struct err *e)
{
	return has_late(&p->props)
		       ? systemd_set(cg->systemd, p->scope, &p->props, 1u << CGROUP_LATE, e)
		       : 0;
}

/* On v1 systemd writes to the same files, when it is told and with each daemon-reload: a quota in whole percents. What is written last is
 * exact until then. */
static bool shares_files(struct cgroup *cg)
{
	const struct cgroup_leaf *leaf = scope_leaf(cg);

	return leaf && leaf->version->number == 1;
}

static int apply(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	bool first = shares_files(cg);
	int ret = first ? set_late(cg, p, e) : 0;

	if (ret >= 0)
		ret = cgroup_apply(r, cg, when, e);
	return ret < 0 || first ? ret : set_late(cg, p, e);
}

/* v1: of quota and period, which are one property, only what changes is among the writes: the file has the other one. */
static int add_other(struct cgroup *cg, struct cgroup_writes *all, struct arena *a,
		     const struct cgroup_write *x)
{
	bool quota = strcmp(x->file, CGROUP_QUOTA_V1) == 0;
	struct cgroup_write other = *x;
	char text[32];

	if (x->h->v2 || (!quota && strcmp(x->file, CGROUP_PERIOD_V1) != 0))
		return 0;
	other.file = quota ? CGROUP_PERIOD_V1 : CGROUP_QUOTA_V1;
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->v[i].file, other.file) == 0)
			return 0;
	}
	for (unsigned i = 0; i < cg->n; i++) {
		struct cgroup_leaf *leaf = &cg->leaves[i];

		if (!cgroup_leaf_has(leaf, "cpu") || cgroup_leaf_fd(leaf) < 0 ||
		    host_read_small(leaf->fd, other.file, text, sizeof(text)) < 0)
			continue;
		other.value = arena_str(a, text);
		return other.value ? cgroup_writes_add(all, a, &other) : -ENOMEM;
	}
	return 0;
}

static int add_changed(struct systemd_props *props, struct cgroup *cg,
		       const struct cgroup_writes *w)
{
	struct cgroup_writes all = { 0 };
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++)
		r = cgroup_writes_add(&all, props->arena, &w->v[i]);
	for (size_t i = 0; i < w->n && r >= 0; i++)
		r = add_other(cg, &all, props->arena, &w->v[i]);
	if (r >= 0)
		systemd_add_writes(props, &all, true);
	return r;
}

/* An empty list clears the old one, a list is added to it. */
static void add_devices(struct systemd_props *props, const struct cgroup_devices *devices)
{
	(void)systemd_add(props, "DeviceAllow", "a(ss)", 0);
	if (devices->allow_all)
		systemd_add_text(props, "DevicePolicy", "auto");
	else
		systemd_add_devices(props, devices);
}

static int announce(struct cgroup *cg, const struct cgroup_writes *w,
		    const struct cgroup_devices *devices, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct systemd_props props = { .arena = &a };
	bool shared = shares_files(cg);

	if (!cg->scope)
		return 0;
	int r = add_changed(&props, cg, w);
	if (r < 0)
		return err_sys(e, r, "change scope '%s'", cg->scope);
	if (devices && !shared) /* on v1 only the cgroup below has rules */
		add_devices(&props, devices);
	if (props.n == 0 && !props.failed)
		return 0;
	r = connect_for(cg, e);
	if (r >= 0)
		r = systemd_set(cg->systemd, unit_of(cg->scope), &props,
				1u << CGROUP_EARLY | 1u << CGROUP_LATE, e);
	return r < 0 || !shared ? r : cgroup_write_all(cg, w, NULL, e);
}

/* ---- the end ---- */

/* Is the scope's cgroup there? When the last process has ended systemd removes it, and forgets the unit, by itself. */
static bool scope_exists(struct cgroup *cg)
{
	const struct cgroup_leaf *leaf = scope_leaf(cg);
	const char *unit = unit_of(cg->scope), *rest = leaf ? after_unit(leaf->dir, unit) : NULL;
	char dir[PATH_MAX];

	if (!rest)
		return true;
	snprintf(dir, sizeof(dir), "%.*s", (int)(rest - leaf->dir), leaf->dir);
	auto_fd int fd = host_opendir(AT_FDCWD, dir, true);
	return fd >= 0;
}

static int destroy(struct cgroup *cg, struct err *e)
{
	int r = cgroup_remove_all(cg, e);

	if (r < 0 || !cg->scope || !scope_exists(cg))
		return r;
	r = connect_for(cg, e);
	if (r < 0) /* an empty scope ends by itself, and with its manager */
		return e->code == ERR_UNSUPPORTED ? 0 : r;
	return systemd_stop(cg->systemd, unit_of(cg->scope), cg->n == 0, e);
}

int cgroup_remove_scope(const char *record, struct err *e)
{
	struct systemd *sd = NULL;

	int r = systemd_connect(&sd, unit_of(record) != record, e);
	if (r < 0)
		return e->code == ERR_UNSUPPORTED ? 0 : r;
	r = systemd_stop(sd, unit_of(record), true, e);
	systemd_free(sd);
	return r;
}

const struct cgroup_driver cgroup_systemd_driver = {
	.name = "systemd",
	.create = create,
	.place = place,
	.attach = attach,
	.apply = apply,
	.announce = announce,
	.destroy = destroy,
};
