/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At restore: where on this host the image's mounts from outside are, and the places they go to. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "criu/external.h"
#include "linux/mountinfo.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "sys/rootdir.h"
#include "util/path.h"

enum { MOUNTINFO_MAX = 64 << 20 };

static int add(struct criu_opts *o, const char *name, const char *source)
{
	return strv_addf(&o->external, "mnt[%s]:%s", name, source);
}

/* What is mounted below the source of an rbind, under the names that external_dump() gave. */
static int add_below(const struct plan_mount *m, const char *mountinfo, struct criu_opts *o)
{
	auto_str char *source = NULL;
	auto_buf struct buf text = { 0 };
	struct mount_line line;

	int r = host_realpath(m->source, &source);
	if (r < 0)
		return r;
	buf_adds(&text, mountinfo);
	if (buf_error(&text) < 0)
		return -ENOMEM;
	char *at = text.p;
	for (char *p; (p = strsep(&at, "\n"));) {
		const char *rest = mountinfo_parse(p, &line) && source[1]
					   ? path_below(line.path, source)
					   : NULL;

		if (!rest || !*rest)
			continue;
		r = strv_addf(&o->external, "mnt[%s/%s]:%s", m->dest, rest, line.path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* copy-symlink puts a link of the source's words into the root, and `run` mounts nothing there; all else is bound. */
static bool is_bound(const struct plan_mount *m)
{
	struct stat st;

	if (m->kind != PLAN_MOUNT_BIND || !m->copy_symlink)
		return m->kind == PLAN_MOUNT_BIND;
	auto_fd int fd = sys_open(m->source, O_PATH | O_NOFOLLOW, 0);
	return fd < 0 || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode);
}

static int add_binds(const struct plan *p, const char *mountinfo, struct criu_opts *o,
		     struct err *e)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		if (!is_bound(m))
			continue;
		int r = add(o, m->dest, m->source);
		if (r >= 0 && m->bind_recursive)
			r = add_below(m, mountinfo, o);
		if (r < 0) {
			err_sys(e, r, "bind source '%s'", m->source);
			return err_at(e, "$.mounts[%zu].source", m->index);
		}
	}
	return 0;
}

static bool is_masked(const struct plan *p, const char *path)
{
	return strv_has(&p->spec->lnx->masked_paths, path);
}

static int add_masks(const struct plan *p, struct criu_opts *o)
{
	const struct strv *masked = &p->spec->lnx->masked_paths;
	int r = add(o, "/dev/null", "/dev/null"); /* the one name that runc gives all of them */

	for (size_t i = 0; r >= 0 && i < masked->n; i++)
		r = add(o, masked->v[i], "/dev/null");
	return r;
}

/* Is there a bind of that name in config.json? Then the image's note is not asked. */
static bool is_bind(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (strcmp(p->mounts.v[i].dest, name) == 0 && is_bound(&p->mounts.v[i]))
			return true;
	}
	return false;
}

/* The container's view of cgroups where CRIU can't mount it: "/sys/fs/cgroup/memory", or the destination itself for v2 → the new leaf. */
static const char *cgroup_leaf(const struct plan *p, const char *cgroup2, const char *name)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];
		const char *rest = m->kind == PLAN_MOUNT_CGROUP ? path_below(name, m->dest) : NULL;

		for (size_t k = 0; rest && k < p->cgroup.leaves.n; k++) {
			const struct plan_cgroup_leaf *leaf = &p->cgroup.leaves.v[k];
			const char *base = strrchr(leaf->h->mount, '/');

			if (*rest ? strcmp(base ? base + 1 : leaf->h->mount, rest) == 0
				  : leaf->h->v2)
				return leaf->dir;
		}
		if (rest && !*rest && cgroup2)
			return cgroup2;
	}
	return NULL;
}

static int add_notify(const char *state_dir, struct criu_opts *o)
{
	auto_str char *dir = NULL;

	if (asprintf(&dir, "%s/%s", state_dir, NOTIFY_DIR) < 0)
		return -ENOMEM;
	int r = host_mkdirs(dir, 0755);
	return r < 0 ? r : add(o, NOTIFY_DEST, dir);
}

/*
 * In a user namespace devices are binds of the host's: those of config-linux.md#default-devices and of linux.devices. What is bound is
 * looked at, not believed: -ENODEV when the host's is another.
 */
static int device_source(const struct plan *p, const char *name)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} usual[] = {
		{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};
	mode_t type = 0;
	dev_t want = 0;
	struct stat st;

	for (size_t i = 0; i < N_ELEMENTS(usual); i++) {
		if (strcmp(usual[i].name, name) == 0) {
			type = S_IFCHR;
			want = makedev(usual[i].major, usual[i].minor);
		}
	}
	for (size_t i = 0; i < p->spec->lnx->devices.n; i++) {
		const struct spec_device *d = &p->spec->lnx->devices.v[i];

		if (strcmp(d->path, name) == 0) {
			type = d->type == 'b' ? S_IFBLK : S_IFCHR;
			want = makedev((unsigned)d->major, (unsigned)d->minor);
		}
	}
	if (!type)
		return -ENOENT;
	auto_fd int fd = sys_open(name, O_PATH, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENODEV;
	return (st.st_mode & S_IFMT) == type && st.st_rdev == want ? 0 : -ENODEV;
}

/* The image is not asked what of this host the container gets: its author may be anybody. */
static int no_source(const char *name, const char *source, struct err *e)
{
	err_set(e, ERR_SPEC, "the image has a mount on '%s' from outside, which config.json lacks",
		name);
	err_hint(e, "add a bind mount to mounts; its source was '%s'",
		 *source ? source : "unknown");
	return err_at(e, "$.mounts");
}

static int add_noted(const struct plan *p, const struct image_note *n, const char *state_dir,
		     const char *cgroup2, struct criu_opts *o, struct err *e)
{
	for (size_t i = 0; i < n->mounts.n; i++) {
		const char *name = n->mounts.v[i].name, *source = n->mounts.v[i].source;
		const char *leaf = cgroup_leaf(p, cgroup2, name);
		int r = 0;

		if (is_masked(p, name) || is_bind(p, name))
			continue;
		if (strcmp(name, NOTIFY_DEST) == 0)
			r = add_notify(state_dir, o);
		else if (leaf)
			r = add(o, name, leaf);
		else if (device_source(p, name) >= 0)
			r = add(o, name, name);
		else if (strcmp(source, "/dev/null") == 0)
			r = add(o, name, source);
		else
			return no_source(name, source, e);
		if (r < 0)
			return err_sys(e, r, "mount '%s' of the image", name);
	}
	return 0;
}

/* Older notes call the mount that the link leads to, the root mostly, a bind of the link's name. */
static bool is_copied_link(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		if (m->kind == PLAN_MOUNT_BIND && strcmp(m->dest, name) == 0 && !is_bound(m))
			return true;
	}
	return false;
}

/* CRIU's own words for what is missing name nothing. */
static int check_binds(const struct plan *p, const struct image_note *n, const struct criu_opts *o,
		       struct err *e)
{
	for (size_t i = 0; i < n->binds.n; i++) {
		auto_str char *want = NULL;
		size_t k = 0;

		if (asprintf(&want, "mnt[%s]:", n->binds.v[i]) < 0)
			return err_sys(e, -ENOMEM, "mounts");
		while (k < o->external.n && strncmp(o->external.v[k], want, strlen(want)) != 0)
			k++;
		if (k < o->external.n || is_copied_link(p, n->binds.v[i]))
			continue;
		err_set(e, ERR_SPEC, "the image has a bind mount on '%s', which config.json lacks",
			n->binds.v[i]);
		err_hint(e, "add it to mounts, or what is below the source of its rbind");
		return err_at(e, "$.mounts");
	}
	return 0;
}

int external_restore_mounts(const struct plan *plan, const struct image_note *note,
			    const char *state_dir, const char *cgroup2, struct criu_opts *opts,
			    struct err *e)
{
	auto_buf struct buf mountinfo = { 0 };

	auto_fd int fd = sys_open("/proc/self/mountinfo", O_RDONLY, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, MOUNTINFO_MAX, &mountinfo);
	if (r < 0)
		return err_sys(e, r, "read our mounts");
	r = add_binds(plan, buf_str(&mountinfo), opts, e);
	if (r < 0)
		return r;
	r = add_masks(plan, opts);
	if (r < 0)
		return err_sys(e, r, "masked paths");
	r = add_noted(plan, note, state_dir, cgroup2, opts, e);
	return r < 0 ? r : check_binds(plan, note, opts, e);
}

/* ---- mount points ---- */

/* The mount that destination I lies in; NULL: the root. Later ones cover earlier ones. */
static const struct plan_mount *owner(const struct plan *p, size_t i)
{
	for (size_t k = i; k-- > 0;) {
		const struct plan_mount *m = &p->mounts.v[k];
		const char *rest = path_below(p->mounts.v[i].dest, m->dest);

		if (!rest || !*rest || m->kind == PLAN_MOUNT_REMOUNT)
			continue;
		if (m->kind != PLAN_MOUNT_BIND || is_bound(m))
			return m;
	}
	return NULL;
}

/* Can nothing be made in IN any more when the mount I is made? */
static bool is_read_only(const struct plan *p, const struct plan_mount *in, size_t i)
{
	bool ro = in->read_only;

	for (const struct plan_mount *m = in + 1; m < p->mounts.v + i; m++) {
		if (m->kind == PLAN_MOUNT_REMOUNT && strcmp(m->dest, in->dest) == 0)
			ro = m->read_only || (ro && !(m->attr_clear & MOUNT_ATTR_RDONLY));
	}
	return ro;
}

/* PATH in the directory BASE of the host, of the kind that is mounted there. */
static int make_one(const char *base, const char *path, bool dir, bool read_only)
{
	auto_fd int fd = sys_open(base, O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	struct rootdir root = { .fd = fd };
	auto_fd int at = rootdir_open_path(&root, path, 0);
	if (at != -ENOENT)
		return at < 0 ? at : 0;
	if (read_only)
		return -EROFS; /* as for `run`: the source is the host's */
	auto_fd int made =
		dir ? rootdir_mkdirs(&root, path, 0755) : rootdir_touch(&root, path, 0644);
	return made < 0 ? made : 0;
}

static int make_mount_point(const struct plan *plan, size_t i, struct err *e)
{
	const struct plan_mount *m = &plan->mounts.v[i], *in = owner(plan, i);
	mode_t mode = S_IFDIR;

	if (m->kind == PLAN_MOUNT_REMOUNT || strcmp(m->dest, "/") == 0)
		return 0;
	if (m->kind == PLAN_MOUNT_BIND && !is_bound(m))
		return 0;
	if (in && in->kind != PLAN_MOUNT_BIND)
		return 0; /* a file system whose contents are in the image */
	int r = m->kind == PLAN_MOUNT_BIND ? sys_stat_mode(m->source, &mode) : 0;
	if (r < 0) {
		err_sys(e, r, "bind source '%s'", m->source);
		return err_at(e, "$.mounts[%zu].source", m->index);
	}
	r = make_one(in ? in->source : plan->rootfs, in ? path_below(m->dest, in->dest) : m->dest,
		     S_ISDIR(mode), in && is_read_only(plan, in, i));
	if (r < 0) {
		err_sys(e, r, "make the place for the mount '%s'", m->dest);
		return err_at(e, "$.mounts[%zu].destination", m->index);
	}
	return 0;
}

int external_mount_points(const struct plan *plan, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < plan->mounts.n; i++)
		r = make_mount_point(plan, i, e);
	return r;
}
