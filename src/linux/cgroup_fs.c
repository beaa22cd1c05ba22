/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroupfs driver: makes the container's cgroup in every mounted hierarchy by its own hands, level by level, each noted in
 * the journal before it is made. config-linux.md#cgroups-path, #cgroup-ownership.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/util.h"

enum {
	MODE = 0755,
	MAX_TRIES = 100, /* each lost to another ketch that removed a shared parent */
};

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

/* Making one leaf. */
struct making {
	struct run *r;
	struct cgroup *cg;
	const struct plan_cgroup_leaf *plan;
	struct cgroup_leaf *leaf;
	pid_t moved;	 /* the process that is moved to the leaf; 0: a child joins it */
	bool cpuset;	 /* v1: each level must be filled */
	struct buf path; /* absolute name of the directory we are at */
	struct err *e;
};

/* Who could have let us: the owner of the directory above the one we are at. */
static void hint_owner(struct making *m)
{
	auto_str char *dir = strdup(buf_str(&m->path));
	char *slash = dir ? strrchr(dir, '/') : NULL;
	struct stat st;

	if (!slash || slash == dir)
		return;
	*slash = '\0';
	auto_fd int fd = host_opendir(AT_FDCWD, dir, true);
	if (fd >= 0 && fstat(fd, &st) == 0)
		err_hint(m->e,
			 "the cgroup above is user %u's, who must delegate it (systemd: run in a "
			 "unit with Delegate=yes); --rootless=true goes without limits",
			 (unsigned)st.st_uid);
}

static int fail(struct making *m, int r, const char *what)
{
	err_sys(m->e, r, "%s cgroup '%s'", what, buf_str(&m->path));
	if (r == -EROFS)
		err_hint(m->e, "the cgroup file system is mounted read-only here");
	else if (r == -EACCES || r == -EPERM)
		hint_owner(m);
	else if (r == -EAGAIN)
		err_hint(m->e,
			 "cgroup.max.depth or cgroup.max.descendants of a cgroup above is reached");
	else if (r == -ENOTDIR) {
		err_hint(m->e, "it is the name of a file that the kernel has there");
		err_at(m->e, "$.linux.cgroupsPath");
	}
	return r;
}

/* A new directory in the journal and the record, then in the kernel. -EEXIST is for the caller. */
static int make_dir(struct making *m, int parent, const char *name, bool leaf)
{
	struct strv *made = &m->cg->made;
	auto_str char *entry = NULL;
	struct buf text = { 0 };

	buf_addf(&text, "%s%s", buf_str(&m->path), leaf ? "" : "/");
	entry = buf_take(&text);
	if (!entry || strv_add(made, entry) < 0)
		return fail(m, -ENOMEM, "make");
	int r = m->r->undo_note ? m->r->undo_note(m->r, "cgroup", entry, m->e) : 0;
	if (r >= 0) {
		r = sys_mkdirat(parent, name, MODE);
		if (r < 0)
			fail(m, r, "make");
	}
	if (r < 0) {
		free(made->v[--made->n]);
		made->v[made->n] = NULL;
	}
	return r;
}

static int open_dir(int parent, const char *name)
{
	return sys_openat2(parent, name, O_RDONLY | O_DIRECTORY, 0, BENEATH);
}

/* What mkdir(2) leaves undone: the umask is the caller's, a cpuset is empty. */
static int finish_dir(struct making *m, int parent, int dir, bool made)
{
	struct stat st;
	int r = 0;

	if (made && fstat(dir, &st) == 0 && (st.st_mode & 07777) != MODE && fchmod(dir, MODE) < 0)
		r = -errno;
	if (r < 0)
		return fail(m, r, "set the mode of");
	return m->cpuset ? cgroup_v1_fill_cpuset(parent, dir, made, buf_str(&m->path), m->e) : 0;
}

/* Opens the directory NAME on the way to the leaf, which is made when it is missing and MAY_MAKE. */
static int enter(struct making *m, int parent, const char *name, bool may_make)
{
	auto_fd int dir = open_dir(parent, name);
	bool made = false;
	int r;

	if (dir == -ENOENT && may_make) {
		r = make_dir(m, parent, name, false);
		if (r < 0 && r != -EEXIST)
			return r;
		made = r >= 0;
		dir = open_dir(parent, name);
	}
	if (dir < 0)
		return fail(m, dir, "open");
	if (made)
		cgroup_mark(dir);
	r = finish_dir(m, parent, dir, made);
	return r < 0 ? r : TAKE_FD(dir);
}

/* Goes down from *AT through PATH's components, the last one apart. *NAME is that one. */
static int walk(struct making *m, int *at, const char *path, bool may_make, bool whole,
		const char **name)
{
	for (;;) {
		path += strspn(path, "/");
		size_t n = strcspn(path, "/");
		char part[256];

		*name = path;
		if (n == 0 || (!path[n] && !whole))
			return 0;
		if (n >= sizeof(part))
			return fail(m, -ENAMETOOLONG, "make");
		memcpy(part, path, n);
		part[n] = '\0';
		buf_addf(&m->path, "/%s", part);
		int next = enter(m, *at, part, may_make);
		if (next < 0)
			return next;
		close_fd(*at);
		*at = next;
		path += n;
	}
}

/* The parent of the leaf, level by level. */
static int walk_to_parent(struct making *m, int mount, const char **name)
{
	auto_fd int at = sys_openat(mount, ".", O_RDONLY | O_DIRECTORY, 0);
	const char *rest;

	if (at < 0)
		return fail(m, at, "open");
	int r = walk(m, &at, m->plan->base, false, true, &rest);
	if (r == -ENOENT) {
		/* a part of the hierarchy is mounted, as in a container without cgroup namespace: our own is its root */
		close_fd(TAKE_FD(at));
		at = sys_openat(mount, ".", O_RDONLY | O_DIRECTORY, 0);
		buf_reset(&m->path);
		buf_adds(&m->path, m->plan->h->mount);
		r = at < 0 ? fail(m, at, "open") : 0;
	}
	if (r >= 0)
		r = walk(m, &at, m->plan->path, true, false, name);
	return r < 0 ? r : TAKE_FD(at);
}

/* Opens the directory that the leaf is in. In one go where all of it exists. */
static int open_parent(struct making *m, const char **name)
{
	const char *path = m->plan->path, *last = strrchr(path, '/');
	auto_fd int mount = host_opendir(AT_FDCWD, m->plan->h->mount, true);
	auto_str char *below = NULL;
	struct buf text = { 0 };

	buf_reset(&m->path);
	buf_adds(&m->path, m->plan->h->mount);
	if (mount < 0)
		return fail(m, mount, "open");
	if (m->cpuset)
		return walk_to_parent(m, mount, name);
	*name = last + 1;
	buf_addf(&text, ".%s%.*s", m->plan->base, (int)(last - path), path);
	below = buf_take(&text);
	if (!below)
		return fail(m, -ENOMEM, "make");
	if (!below[1])
		return TAKE_FD(mount);
	int parent = sys_openat2(mount, below, O_PATH | O_DIRECTORY, 0, BENEATH);
	if (parent >= 0)
		buf_adds(&m->path, below + 1);
	else if (parent == -ENOENT)
		parent = walk_to_parent(m, mount, name);
	else
		fail(m, parent, "open the parent of");
	return parent;
}

/* A new one is frozen when one above it is: init would never answer. */
static int check_frozen(struct making *m)
{
	struct cgroup_leaf *leaf = m->leaf;

	if (leaf->version->number == 1 && !cgroup_leaf_has(leaf, "freezer"))
		return 0;
	if (leaf->version->frozen(leaf->fd) != 1)
		return 0;
	err_set(m->e, ERR_STATE, "cgroup '%s' is frozen%s", leaf->dir,
		leaf->made ? ", because one above it is" : "");
	err_hint(m->e, "thaw it, or choose another linux.cgroupsPath");
	return err_at(m->e, "$.linux.cgroupsPath");
}

/* config-linux.md#cgroups-path: a cgroup that is in use or frozen is not fit for a new container. */
static int check_fit(struct making *m)
{
	struct cgroup_leaf *leaf = m->leaf;

	int r = check_frozen(m);
	if (r < 0 || leaf->made || m->plan->taken)
		return r;
	r = cgroup_tree_empty(leaf->fd);
	if (r < 0)
		return err_sys(m->e, r, "look for processes in cgroup '%s'", leaf->dir);
	if (r == 1)
		return 0;
	err_set(m->e, ERR_EXISTS, "cgroup '%s' is in use: it has processes", leaf->dir);
	err_hint(m->e, "choose another linux.cgroupsPath, or end them");
	return err_at(m->e, "$.linux.cgroupsPath");
}

/* The leaf itself: made, or found and fit. -ESTALE: its parent has just been removed. */
static int make_leaf(struct making *m, int parent, const char *name)
{
	int dir = open_dir(parent, name), r;

	buf_addf(&m->path, "/%s", name);
	if (dir == -ENOENT) {
		r = make_dir(m, parent, name, true);
		if (r == -ENOENT || r == -ENODEV)
			return -ESTALE;
		if (r == -EEXIST)
			return err_set(m->e, ERR_EXISTS,
				       "cgroup '%s' is being made by another container",
				       buf_str(&m->path));
		if (r < 0)
			return r;
		m->leaf->made = true;
		dir = open_dir(parent, name);
	}
	if (dir < 0)
		return fail(m, dir, "open");
	m->leaf->fd = dir;
	free(m->leaf->dir);
	m->leaf->dir = buf_take(&m->path);
	if (!m->leaf->dir)
		return fail(m, -ENOMEM, "make");
	buf_adds(&m->path, m->leaf->dir);
	r = finish_dir(m, parent, dir, m->leaf->made);
	return r < 0 ? r : check_fit(m);
}

static int make_tries(struct making *m)
{
	int r = -ESTALE;

	for (int i = 0; i < MAX_TRIES && r == -ESTALE; i++) {
		const char *name;
		auto_fd int parent = open_parent(m, &name);

		r = parent < 0 ? parent : make_leaf(m, parent, name);
		if ((parent == -ENODEV || parent == -ENOENT) && i < MAX_TRIES - 1)
			r = -ESTALE;
	}
	return r;
}

static int open_join(struct making *m)
{
	struct cgroup_leaf *leaf = m->leaf;

	if (leaf->version->number == 2)
		return 0;
	leaf->join_fd = sys_openat(leaf->fd, "tasks", O_WRONLY, 0);
	if (leaf->join_fd < 0)
		return err_sys(m->e, leaf->join_fd, "open tasks of cgroup '%s'", leaf->dir);
	return 0;
}

static int move(struct making *m)
{
	struct cgroup_leaf *leaf = m->leaf;
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)m->moved);
	int r = host_write(leaf->fd, "cgroup.procs", number);
	leaf->born = r >= 0;
	return r < 0 ? err_sys(m->e, r, "move process %s to cgroup '%s'", number, leaf->dir) : 0;
}

static int make_one(struct making *m)
{
	const struct cgroup_hierarchy *h = m->plan->h;

	m->leaf = cgroup_add_leaf(m->cg, h->v2 ? "" : h->controllers, m->plan->dir, h->v2);
	if (!m->leaf)
		return err_sys(m->e, -ENOMEM, "cgroup");
	m->cpuset = !h->v2 && cgroup_leaf_has(m->leaf, "cpuset");
	m->leaf->born = m->plan->taken;
	int r = make_tries(m);
	if (r < 0 || m->leaf->born)
		return r;
	return m->moved ? move(m) : open_join(m);
}

/* The first property that needs H; NULL: none does. */
static const char *first_need(const struct plan *p, const struct cgroup_hierarchy *h)
{
	const struct cgroup_writes *w = &p->cgroup.writes;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].h == h && !(w->v[i].flags & CGROUP_NEUTRAL) &&
		    !cgroup_may_lack(p, w->v[i].controller))
			return w->v[i].where;
	}
	return h->v2 && p->cgroup.device_program && !cgroup_may_lack(p, "devices") ? DEVICES_AT
										   : NULL;
}

/* An ordinary user may have no cgroup to make others in; nothing is lost in a hierarchy that nothing is asked of. */
static bool can_do_without(struct making *m, int r)
{
	return m->r->plan->rootless && (r == -EACCES || r == -EPERM || r == -EROFS) &&
	       !first_need(m->r->plan, m->plan->h);
}

/* All that is asked of the hierarchy is left out. */
static int lack_all(struct making *m)
{
	const struct cgroup_writes *w = &m->r->plan->cgroup.writes;
	struct err why = *m->e;
	int r = 0;

	for (size_t i = 0; i < w->n && r >= 0; i++) {
		const struct cgroup_write *x = &w->v[i];

		if (x->h != m->plan->h || (x->flags & CGROUP_NEUTRAL) ||
		    strv_has(&m->cg->lacking, x->controller))
			continue;
		why.where[0] = '\0';
		err_at(&why, "%s", x->where);
		r = cgroup_lacks(m->r, m->cg, x->controller, &why);
	}
	if (r < 0 || !m->plan->h->v2 || !m->r->plan->cgroup.device_program)
		return r;
	why.where[0] = '\0';
	err_at(&why, DEVICES_AT);
	return cgroup_lacks(m->r, m->cg, "devices", &why);
}

/* 1: made and usable, 0: left out. */
static int make_or_skip(struct making *m)
{
	int r = make_one(m);

	buf_free(&m->path);
	if (r >= 0)
		r = m->leaf->version->number == 2
			    ? cgroup_v2_finish(m->r, m->cg, m->plan->h, m->leaf, m->e)
			    : 0;
	if (r >= 0)
		return 1;
	bool skip = can_do_without(m, r);
	const char *need = first_need(m->r->plan, m->plan->h);
	/* a cgroup that was there and is not fit belongs to others: undo must not clear it */
	if (m->leaf && (skip || !m->leaf->made))
		cgroup_drop_leaf(m->cg);
	if (skip)
		return lack_all(m);
	return need && (r == -EACCES || r == -EPERM) ? err_at(m->e, "%s", need) : r;
}

int cgroup_make_leaves(struct run *r, struct cgroup *cg, const struct plan_cgroup_leaf *leaves,
		       size_t n, pid_t moved, struct err *e)
{
	auto_buf struct buf skipped = { 0 };
	struct err why;

	for (size_t i = 0; i < n; i++) {
		struct making m = { .r = r, .cg = cg, .plan = &leaves[i], .moved = moved, .e = e };
		int ret = make_or_skip(&m);

		if (ret < 0)
			return ret;
		if (ret == 0) {
			why = *e;
			buf_addf(&skipped, "%s%s", skipped.len ? ", " : "", m.plan->h->mount);
		}
	}
	/* How an ordinary user without a cgroup of the own always lives is worth a warning only where a cgroup was asked for. */
	if (skipped.len && r->plan->spec->lnx->cgroups_path)
		run_warn(r, "%s; the container stays in the caller's own cgroup of %s; %s", why.msg,
			 buf_str(&skipped), why.hint);
	return 0;
}

static int create(struct run *r, struct cgroup *cg, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	int ret = cgroup_make_leaves(r, cg, p->leaves.v, p->leaves.n, 0, e);

	if (ret >= 0)
		ret = cgroup_apply(r, cg, CGROUP_EARLY, e);
	if (ret >= 0)
		ret = cgroup_apply_devices(r, cg, e);
	return ret;
}

static int apply(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e)
{
	return cgroup_apply(r, cg, when, e);
}

const struct cgroup_driver cgroup_fs_driver = {
	.name = "cgroupfs",
	.create = create,
	.apply = apply,
	.destroy = cgroup_remove_all,
};
