/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd driver: the container is a transient scope that systemd makes, delegates and shows; its processes and the written
 * limits are in a cgroup of ours below it, which no daemon-reload touches. A scope without a process is refused, so init is moved
 * when it exists, before it does anything (MSG_PLACE). systemd.resource-control(5), the "Control Group APIs and Delegation" of
 * systemd's documentation.
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
#include "sys/raw.h"
#include "util/util.h"

enum { MODE = 0755, MAX_PROC_CGROUP = 256 * 1024 };

/* A record says by this that the unit is the user manager's. */
#define USER "user:"

static const char *unit_of(const char *record)
{
	return strncmp(record, USER, strlen(USER)) == 0 ? record + strlen(USER) : record;
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

/* "0::/system.slice/NAME.scope" of /proc/PID/cgroup as a directory below MOUNT, in OUT. */
static int find_scope(pid_t pid, const char *mount, const char *name, struct buf *out,
		      struct err *e)
{
	auto_buf struct buf text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	int r = host_read(AT_FDCWD, path, MAX_PROC_CGROUP, &text);
	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	const char *line = strstr(buf_str(&text), "0::/");
	size_t len = line ? strcspn(line + 3, "\n") : 0, tail = strlen(name) + 1;

	buf_addf(out, "%s%.*s", mount, (int)len, line ? line + 3 : "");
	if (buf_error(out) < 0)
		return err_sys(e, -ENOMEM, "find scope '%s'", name);
	if (len >= tail && out->p[out->len - tail] == '/' &&
	    strcmp(out->p + out->len - tail + 1, name) == 0)
		return 0;
	err_set(e, ERR_KERNEL, "systemd made '%s', but process %d is in cgroup '%.*s'", name,
		(int)pid, (int)len, line ? line + 3 : "");
	return err_hint(e, "does ketch run in the pid and cgroup namespaces of that systemd?");
}

/* Moves init from the scope to the cgroup NAME below, made here, and gives that all controllers the scope has. */
static int make_subgroup(struct cgroup *cg, int scope, const char *name, pid_t pid,
			 struct buf *path, struct err *e)
{
	char number[16];

	buf_addf(path, "/%s", name);
	int r = strv_add(&cg->made, buf_str(path));
	if (r >= 0)
		r = host_mkdirat(scope, name, MODE);
	auto_fd int dir =
		r < 0 ? r : sys_openat(scope, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dir < 0)
		return err_sys(e, dir, "make cgroup '%s'", buf_str(path));
	snprintf(number, sizeof(number), "%d", (int)pid);
	r = host_write(dir, "cgroup.procs", number);
	if (r < 0)
		return err_sys(e, r, "move process %d to cgroup '%s'", (int)pid, buf_str(path));
	cgroup_v2_enable_all(scope);
	return 0;
}

static int make_leaf(struct run *r, struct cgroup *cg, pid_t pid, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	const struct cgroup_hierarchy *h = facts_unified(r->plan->facts);
	auto_buf struct buf path = { 0 };

	int ret = find_scope(pid, h->mount, p->scope, &path, e);
	if (ret < 0)
		return ret;
	auto_fd int scope = host_opendir(AT_FDCWD, buf_str(&path), false);
	if (scope < 0)
		return err_sys(e, scope, "open cgroup '%s'", buf_str(&path));
	if (*p->subgroup)
		ret = make_subgroup(cg, scope, p->subgroup, pid, &path, e);
	if (ret < 0)
		return ret;
	struct cgroup_leaf *leaf = cgroup_add_leaf(cg, "", buf_str(&path), true);
	if (!leaf)
		return err_sys(e, -ENOMEM, "cgroup");
	leaf->made = *p->subgroup;
	int dir = cgroup_leaf_fd(leaf);
	if (dir < 0)
		return err_sys(e, dir, "open cgroup '%s'", leaf->dir);
	ret = cgroup_v2_finish(r, cg, h, leaf, e);
	if (ret >= 0)
		ret = cgroup_apply(cg, p, CGROUP_EARLY, e);
	return ret < 0 ? ret : cgroup_apply_devices(cg, p, e);
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
	return ret < 0 ? ret : make_leaf(r, cg, pid, e);
}

/* exec of an ordinary user from outside of the user manager's tree: only that manager, by the system's, can move it. */
static int attach(struct cgroup *cg, pid_t pid, struct err *e)
{
	const struct cgroup_leaf *leaf = cgroup_unified(cg);
	const char *unit = unit_of(cg->scope), *at = leaf ? strstr(leaf->dir, unit) : NULL;
	auto_buf struct buf sub = { 0 };

	if (!at)
		return err_set(e, ERR_INTERNAL, "no cgroup of the unit '%s'", unit);
	buf_addf(&sub, "%s%s%s", at + strlen(unit), leaf->sub ? "/" : "",
		 leaf->sub ? leaf->sub : "");
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

static int apply(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	int ret = cgroup_apply(cg, p, when, e);

	if (ret >= 0 && has_late(&p->props))
		ret = systemd_set(cg->systemd, p->scope, &p->props, 1u << CGROUP_LATE, e);
	return ret;
}

static int announce(struct cgroup *cg, const struct cgroup_writes *w,
		    const struct cgroup_devices *devices, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct systemd_props props = { .arena = &a };

	if (!cg->scope)
		return 0;
	systemd_add_writes(&props, w, true);
	if (devices) { /* an empty list clears the old one, a list is added to it */
		(void)systemd_add(&props, "DeviceAllow", "a(ss)", 0);
		if (devices->allow_all)
			systemd_add_text(&props, "DevicePolicy", "auto");
		else
			systemd_add_devices(&props, devices);
	}
	if (props.n == 0 && !props.failed)
		return 0;
	int r = connect_for(cg, e);
	return r < 0 ? r
		     : systemd_set(cg->systemd, unit_of(cg->scope), &props,
				   1u << CGROUP_EARLY | 1u << CGROUP_LATE, e);
}

/* ---- the end ---- */

/* Is the scope's cgroup there? When the last process has ended systemd removes it, and forgets the unit, by itself. */
static bool scope_exists(const struct cgroup *cg)
{
	const char *unit = unit_of(cg->scope);
	char dir[PATH_MAX];

	for (unsigned i = 0; i < cg->n; i++) {
		const char *at = strstr(cg->leaves[i].dir, unit);

		if (!at)
			continue;
		snprintf(dir, sizeof(dir), "%.*s", (int)(at + strlen(unit) - cg->leaves[i].dir),
			 cg->leaves[i].dir);
		auto_fd int fd = host_opendir(AT_FDCWD, dir, true);
		return fd >= 0;
	}
	return true;
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
