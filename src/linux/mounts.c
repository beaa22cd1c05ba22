/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts of config.json in their order (config.md#mounts): bind mounts and remounts. Destinations: mount_target.c, new file
 * systems: mount_fs.c, cgroups: mount_cgroup.c.
 */
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/steps.h"
#include "spec/names.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

/* ---- bind mounts ---- */

struct bind {
	struct run *r;
	const struct plan_mount *m;
	char what[320];
	bool source_is_dir;
};

static int source_failed(const struct bind *b, int r, struct err *e)
{
	err_sys(e, r, "%s: open the source", b->what);
	if (r == -ENOENT)
		err_hint(e, "there is no '%s' on the host", b->m->source);
	else if (r == -EACCES)
		err_hint(e, "a directory above it can't be entered by this user");
	return err_at(e, "$.mounts[%zu].source", b->m->index);
}

/* O_PATH of the source in init's own mount namespace, which before rootfs.pivot is a copy of the host's. */
static int open_source(struct bind *b, struct err *e)
{
	const struct plan_mount *m = b->m;

	int fd = sys_open(m->source, O_PATH | (m->src_nofollow || m->copy_symlink ? O_NOFOLLOW : 0),
			  0);
	if (fd == -EACCES && b->r->plan->user_ns)
		return mount_ask_parent(b->r, m, e);
	return fd < 0 ? source_failed(b, fd, e) : fd;
}

static int clone_source(struct bind *b, int source, struct err *e)
{
	int mnt = sys_open_tree_clone(source, b->m->bind_recursive);

	if (mnt >= 0)
		return mnt;
	err_sys(e, mnt, "%s: clone the source", b->what);
	if (mnt == -EINVAL && !b->m->bind_recursive && b->r->plan->user_ns)
		return err_hint(e, "something is mounted below the source and may not be uncovered "
				   "in a user namespace: use rbind");
	return mnt == -EINVAL ? err_hint(e, "the source may be on an unbindable mount") : mnt;
}

/* Option copy-symlink: the link itself is made anew in the container. */
static int copy_link(struct bind *b, int source, struct err *e)
{
	char target[4096];
	const char *name;
	int dir;

	int ret = rootdir_readlink(source, target, sizeof(target));
	if (ret < 0)
		return err_sys(e, ret, "%s: read the link", b->what);
	ret = rootdir_parent(&b->r->root, b->m->dest, true, &dir, &name);
	if (ret < 0)
		return mount_dest_failed(b->r, b->m, ret, "make", e);
	ret = rootdir_symlinkat(dir, target, name);
	close_fd(dir);
	if (ret < 0) {
		err_sys(e, ret, "%s: copy the link", b->what);
		return ret == -EEXIST
			       ? err_hint(e, "something else has that name in the root file system")
			       : ret;
	}
	return 0;
}

/* Without slashes at its end. */
static int dest_length(const char *dest)
{
	size_t n = strlen(dest);

	while (n > 0 && dest[n - 1] == '/')
		n--;
	return (int)MIN(n, 100);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int check_sides(const struct bind *b, int target, struct err *e)
{
	struct stat st;

	if (fstat(target, &st) < 0)
		return err_sys(e, -errno, "%s: look at the destination", b->what);
	if (S_ISDIR(st.st_mode) == b->source_is_dir)
		return 0;
	err_sys(e, b->source_is_dir ? -ENOTDIR : -EISDIR,
		"%s: the source is a %s, the destination a %s", b->what,
		b->source_is_dir ? "directory" : "file",
		S_ISLNK(st.st_mode) ? "link"
		: b->source_is_dir  ? "file"
				    : "directory");
	if (S_ISLNK(st.st_mode))
		return err_hint(e,
				"a link can be covered by a file alone; without dest-nofollow it "
				"is followed");
	if (b->source_is_dir)
		return err_hint(e, "a file of the image can be covered by a file alone; some "
				   "programs make an empty directory of a source that is missing");
	return err_hint(e, "name the file in the destination, as in '%.*s/%s'",
			dest_length(b->m->dest), b->m->dest, base_name(b->m->source));
}

static int attach_bind(struct bind *b, int mnt, struct err *e)
{
	const struct mount_flags flags = mount_flags_of(b->m);

	auto_fd int target = mount_target(b->r, b->m, b->source_is_dir, NULL, e);
	if (target < 0)
		return target;
	int ret = check_sides(b, target, e);
	if (ret >= 0)
		ret = mount_place(b->r, mnt, target, &flags, b->what, e);
	return ret < 0 ? ret : mount_done(b->r, b->m, mnt, e);
}

static int mount_bind(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct bind b = { .r = r, .m = m };
	struct stat st;

	snprintf(b.what, sizeof(b.what), "bind '%s' to '%s'", m->source, m->dest);
	/* an idmapped source comes from the parent as a detached mount, all else is cloned here; a link is copied, not mapped */
	bool detached = m->uid_map && !m->copy_symlink;
	auto_fd int source = detached ? mount_ask_parent(r, m, e) : open_source(&b, e);
	if (source < 0)
		return source;
	if (fstat(source, &st) < 0)
		return err_sys(e, -errno, "%s: look at the source", b.what);
	if (S_ISLNK(st.st_mode) && m->copy_symlink)
		return copy_link(&b, source, e);
	b.source_is_dir = S_ISDIR(st.st_mode);
	if (detached)
		return attach_bind(&b, source, e);
	auto_fd int mnt = m->uid_map ? mount_ask_parent(r, m, e) : clone_source(&b, source, e);
	return mnt < 0 ? mnt : attach_bind(&b, mnt, e);
}

int mount_source_clone(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct bind b = { .r = r, .m = m };

	snprintf(b.what, sizeof(b.what), "bind '%s' to '%s'", m->source, m->dest);
	auto_fd int source = sys_open(m->source, O_PATH | (m->src_nofollow ? O_NOFOLLOW : 0), 0);
	return source < 0 ? source_failed(&b, source, e) : clone_source(&b, source, e);
}

int mount_source_attach(struct run *r, const struct plan_mount *m, int mnt, struct err *e)
{
	struct bind b = { .r = r, .m = m };
	struct stat st;

	snprintf(b.what, sizeof(b.what), "bind '%s' to '%s'", m->source, m->dest);
	if (fstat(mnt, &st) < 0)
		return err_sys(e, -errno, "%s: look at the source", b.what);
	b.source_is_dir = S_ISDIR(st.st_mode);
	return attach_bind(&b, mnt, e);
}

/* ---- remounts ---- */

static int remount_super_block(struct run *r, const struct plan_mount *m, int target, struct err *e)
{
	int self_fds = mount_self_fds(r, e);

	if (self_fds < 0)
		return self_fds;
	unsigned long flags = MS_REMOUNT | (m->sb_flags & ~(unsigned long)MOUNT_NOACL);

	int ret = sys_mount_on_fd(self_fds, target, NULL, NULL, flags, m->data);
	return ret < 0 ? err_sys(e, ret, "remount '%s'", m->dest) : 0;
}

/* Option remount: flags of the mount that is there; without "bind" its file system takes options as well. */
static int mount_again(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct mount_flags flags = mount_flags_of(m);
	char what[160];

	snprintf(what, sizeof(what), "remount '%s'", m->dest);
	auto_fd int target =
		rootdir_open_path(&r->root, m->dest, m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
	if (target < 0)
		return mount_dest_failed(r, m, target, "open", e);
	if (sys_is_mount_root(target) == 0) {
		err_sys(e, -EINVAL, "%s: nothing is mounted there", what);
		return err_hint(e, "remount changes what an earlier entry of mounts has mounted; a "
				   "directory of the image needs a bind of its own");
	}
	int ret = 0;
	if (!m->bind_only && (m->data[0] || m->sb_flags))
		ret = remount_super_block(r, m, target, e);
	flags.tree = flags.rec_set || flags.rec_clear || flags.propagation & MS_REC;
	/* mount(2) sets the mount's flags along with the others: ours come last */
	return ret < 0 ? ret : mount_change(r, target, &flags, what, e);
}

/* ---- mounts.all ---- */

int mount_planned(struct run *r, const struct plan_mount *m, struct err *e)
{
	static int (*const by_kind[])(struct run * r, const struct plan_mount *m, struct err *e) = {
		[PLAN_MOUNT_BIND] = mount_bind,	    [PLAN_MOUNT_FS] = mount_fs,
		[PLAN_MOUNT_PROC] = mount_fs,	    [PLAN_MOUNT_SYSFS] = mount_fs,
		[PLAN_MOUNT_CGROUP] = mount_cgroup, [PLAN_MOUNT_REMOUNT] = mount_again,
	};

	struct mount_work *w = mount_work(r, e);

	if (!w)
		return -ENOMEM;
	if (m->kind != PLAN_MOUNT_REMOUNT)
		mount_forget(w, m->dest);
	return by_kind[m->kind](r, m, e);
}

static bool applies(const struct plan *p)
{
	return p->mounts.n > 0;
}

static int run(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->plan->mounts.n; i++) {
		if (mount_planned(r, &r->plan->mounts.v[i], e) < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	static const char *const kinds[] = {
		[PLAN_MOUNT_BIND] = "bind",	[PLAN_MOUNT_FS] = "fs",
		[PLAN_MOUNT_PROC] = "proc",	[PLAN_MOUNT_SYSFS] = "sysfs",
		[PLAN_MOUNT_CGROUP] = "cgroup", [PLAN_MOUNT_REMOUNT] = "remount",
	};

	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		buf_adds(out, kinds[m->kind]);
		if (m->kind == PLAN_MOUNT_BIND && m->bind_recursive)
			buf_adds(out, " recursive");
		if (m->kind == PLAN_MOUNT_FS)
			buf_addf(out, " %s", m->fstype);
		if (m->kind != PLAN_MOUNT_REMOUNT)
			buf_addf(out, " %s ->", m->source);
		buf_addf(out, " %s ", m->dest);
		mount_words(m, out);
		if (m->data[0])
			buf_addf(out, " data %s", m->data);
		buf_addc(out, '\n');
	}
}

const struct step step_mounts_all = {
	.name = "mounts.all",
	.what = "mount what config.json lists, in its order",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.explain = explain,
};
