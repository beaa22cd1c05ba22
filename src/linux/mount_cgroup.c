/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts of type cgroup and cgroup2: the container's view of its control groups. On v2 one mount; on v1 and hybrid hosts a
 * tmpfs with a mount for each hierarchy. Read-only is honoured on every way (CVE-2023-25809). cgroup_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "linux/cgroup.h"
#include "linux/mounts.h"
#include "sys/raw.h"
#include "util/util.h"

struct view {
	struct run *r;
	const struct plan_mount *m;
	struct cgroup_record rec; /* leaves: where the container is in each hierarchy */
	bool own_ns;		  /* a new mount shows the container's cgroup as the root */
	char what[160];
};

static uint64_t attrs_of(const struct plan_mount *m)
{
	return (m->attr_set & ~m->rec_clear) | m->rec_set;
}

/* ---- the container's directory in a hierarchy ---- */

/* Directory of the container in H, or NULL: the record's entries are "CONTROLLERS:DIR", without controllers for v2. */
static const char *leaf_of(const struct view *v, const struct cgroup_hierarchy *h)
{
	const char *controllers = h->v2 ? "" : h->controllers;
	size_t n = strlen(controllers);

	for (size_t i = 0; i < v->rec.leaves.n; i++) {
		const char *leaf = v->rec.leaves.v[i];

		if (strncmp(leaf, controllers, n) == 0 && leaf[n] == ':')
			return leaf + n + 1;
	}
	return NULL;
}

static int own_dir(const struct view *v, const struct cgroup_hierarchy *h, char *out, size_t size)
{
	const char *leaf = leaf_of(v, h);
	int n;

	if (leaf)
		n = snprintf(out, size, "%s", leaf);
	else /* no cgroup of its own: it is where we are */
		n = snprintf(out, size, "%s%s", h->mount, strcmp(h->own, "/") == 0 ? "" : h->own);
	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static int bind_dir(struct view *v, const char *path, int target, struct err *e)
{
	const struct mount_flags flags = mount_flags_of(v->m);

	auto_fd int mnt = mount_host_bind(v->r, path, false, target, &flags, v->what, e);
	return mnt < 0 ? mnt : 0;
}

static int bind_own_dir(struct view *v, const struct cgroup_hierarchy *h, int target, struct err *e)
{
	char path[PATH_MAX];

	int r = own_dir(v, h, path, sizeof(path));
	return r < 0 ? err_sys(e, r, "%s: the cgroup's path", v->what)
		     : bind_dir(v, path, target, e);
}

/* A new mount of the hierarchy, through our cgroup namespace; where that is refused the directory it would show. */
static int mount_view(struct view *v, const struct cgroup_hierarchy *h, int target, struct err *e)
{
	const struct mount_flags propagation = { .propagation = v->m->propagation };
	char message[FS_MESSAGE_SIZE];
	const struct fs_request q = {
		.type = h->v2 ? "cgroup2" : "cgroup",
		.source = "cgroup",
		.data = h->v2 ? "" : h->controllers,
		.attrs = attrs_of(v->m),
	};

	auto_fd int mnt = fs_new(&q, message);
	if (mnt == -EPERM || mnt == -EBUSY)
		return bind_own_dir(v, h, target, e);
	if (mnt < 0)
		return err_sys(e, mnt, "%s: %s%s%s", v->what, h->v2 ? "unified" : h->controllers,
			       message[0] ? ": " : "", message);
	return mount_place(v->r, mnt, target, &propagation, v->what, e);
}

/* ---- v2 ---- */

static int mount_unified(struct view *v, int target, struct err *e)
{
	static const struct cgroup_hierarchy unmounted = { .own = "/", .v2 = true };
	const struct cgroup_hierarchy *h = facts_unified(v->r->plan->facts);

	/* Without a namespace of its own a new mount would show the same as the host's, and wait 8 to 21 ms for the kernel. */
	if (!v->own_ns && h && h->mount[0])
		return bind_dir(v, h->mount, target, e);
	return mount_view(v, h ? h : &unmounted, target, e);
}

/* ---- v1 and hybrid ---- */

static const char *hierarchy_name(const struct cgroup_hierarchy *h)
{
	const char *slash = strrchr(h->mount, '/');

	return slash && slash[1] ? slash + 1 : h->controllers;
}

/* "cpu" and "cpuacct" as links to "cpu,cpuacct", as programs look for them. */
static int link_controllers(struct view *v, const struct cgroup_hierarchy *h, int dir,
			    struct err *e)
{
	const char *name = hierarchy_name(h);
	char word[64];

	/* those with a name alone have no controllers, and mount options may stand for them */
	if (h->v2 || strncmp(h->controllers, "name=", 5) == 0 ||
	    strncmp(h->controllers, "none,", 5) == 0)
		return 0;
	for (const char *at = h->controllers; *at;) {
		size_t n = strcspn(at, ",");
		int r = 0;

		if (n > 0 && n < sizeof(word)) {
			memcpy(word, at, n);
			word[n] = '\0';
			if (strcmp(word, name) != 0)
				r = rootdir_symlinkat(dir, name, word);
		}
		if (r < 0 && r != -EEXIST)
			return err_sys(e, r, "%s: make the link '%s'", v->what, word);
		at += n + (at[n] == ',');
	}
	return 0;
}

static int mount_hierarchy(struct view *v, const struct cgroup_hierarchy *h, int dir, struct err *e)
{
	const char *name = hierarchy_name(h);

	int r = rootdir_mkdirat(dir, name, 0755);
	if (r == -EEXIST)
		return 0;
	if (r < 0)
		return err_sys(e, r, "%s: make the directory '%s'", v->what, name);
	auto_fd int target = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (target < 0)
		return err_sys(e, target, "%s: open the directory '%s'", v->what, name);
	r = v->own_ns ? mount_view(v, h, target, e) : bind_own_dir(v, h, target, e);
	return r < 0 ? r : link_controllers(v, h, dir, e);
}

static int make_top(struct view *v, struct err *e)
{
	const char *label = v->r->plan->mount_label;
	char message[FS_MESSAGE_SIZE], data[512];
	const struct fs_request q = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = data,
		.attrs = attrs_of(v->m) & ~(uint64_t)MOUNT_ATTR_RDONLY,
	};

	int n = snprintf(data, sizeof(data), "mode=755%s%s", label ? "," : "", label ? label : "");
	if ((size_t)n >= sizeof(data))
		return err_sys(e, -ENAMETOOLONG, "%s: the mount label", v->what);
	int mnt = fs_new(&q, message);
	return mnt < 0 ? err_sys(e, mnt, "%s: make a tmpfs%s%s", v->what, message[0] ? ": " : "",
				 message)
		       : mnt;
}

static int mount_hierarchies(struct view *v, int target, struct err *e)
{
	const struct mount_flags propagation = { .propagation = v->m->propagation };
	const struct mount_flags read_only = { .set = MOUNT_ATTR_RDONLY };
	const struct facts *f = v->r->plan->facts;

	auto_fd int top = make_top(v, e);
	if (top < 0)
		return top;
	/* before Linux 6.15 nothing can be mounted on a mount that is not attached itself */
	int r = mount_place(v->r, top, target, &propagation, v->what, e);
	for (unsigned i = 0; i < f->n_hierarchies && r >= 0; i++) {
		if (f->hierarchies[i].mount[0])
			r = mount_hierarchy(v, &f->hierarchies[i], top, e);
	}
	if (r >= 0 && v->m->read_only)
		r = mount_change(v->r, top, &read_only, v->what, e);
	return r;
}

/* ---- for an old systemd on a v2 host ---- */

static int mount_systemd_v1(struct view *v, int target, struct err *e)
{
	const struct mount_flags propagation = { .propagation = v->m->propagation };
	const struct mount_flags read_only = { .set = MOUNT_ATTR_RDONLY };
	const struct cgroup_hierarchy unmounted = { .controllers = "none,name=systemd,xattr",
						    .mount = "/sys/fs/cgroup/systemd",
						    .own = "/" };
	const struct cgroup_hierarchy *h = NULL;
	const struct facts *f = v->r->plan->facts;

	for (unsigned i = 0; i < f->n_hierarchies && !h; i++) {
		if (strcmp(f->hierarchies[i].controllers, "name=systemd") == 0)
			h = &f->hierarchies[i];
	}
	if (!h) {
		err_set(e, ERR_UNSUPPORTED,
			"%s: the host has no cgroup v1 hierarchy 'name=systemd'", v->what);
		return err_hint(e, "mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o "
				   "none,name=systemd,xattr cgroup /sys/fs/cgroup/systemd");
	}
	/* beside v2 at /sys/fs/cgroup others are not looked for; there a new mount shows it in any case */
	if (!h->mount[0]) {
		h = &unmounted;
		v->own_ns = true;
	}
	auto_fd int top = make_top(v, e);
	if (top < 0)
		return top;
	int r = mount_place(v->r, top, target, &propagation, v->what, e);
	if (r >= 0)
		r = mount_hierarchy(v, h, top, e);
	if (r >= 0 && v->m->read_only)
		r = mount_change(v->r, top, &read_only, v->what, e);
	return r;
}

/* ---- */

static bool has_v1(const struct facts *f)
{
	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		if (!f->hierarchies[i].v2 && f->hierarchies[i].mount[0])
			return true;
	}
	return false;
}

static int mount_on(struct view *v, struct err *e)
{
	bool existed;
	int r = v->r->cgroup ? cgroup_record(v->r->cgroup, &v->rec) : 0;

	if (r < 0)
		return err_sys(e, r, "%s: find the container's cgroups", v->what);
	auto_fd int target = mount_target_dir(v->r, v->m, v->what, &existed, e);
	if (target < 0)
		return target;
	if (v->m->systemd_v1)
		return mount_systemd_v1(v, target, e);
	if (strcmp(v->m->fstype, "cgroup2") != 0 && has_v1(v->r->plan->facts))
		return mount_hierarchies(v, target, e);
	return mount_unified(v, target, e);
}

int mount_cgroup(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct view v = { .r = r, .m = m, .own_ns = r->plan->spec->lnx->ns[NS_CGROUP].present };

	snprintf(v.what, sizeof(v.what), "mount %s on '%s'", m->fstype, m->dest);
	int ret = mount_on(&v, e);
	cgroup_record_free(&v.rec);
	return ret;
}
