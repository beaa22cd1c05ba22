/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's root file system: made a mount of its own, made the root, made read-only (config.md#root,
 * config-linux.md#rootfs-mount-propagation; pivot_root(2)).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/util.h"

static enum spec_propagation propagation(const struct plan *p)
{
	return p->spec->lnx->rootfs_propagation;
}

/* ---- mounts.private ---- */

/*
 * slave: what the host mounts later appears here too, so that a `slave` mount can get it, but nothing of ours ever appears on
 * the host. Only rootfsPropagation "shared" asks to stay a peer; then the mount above the root is made private instead.
 */
static unsigned long first_propagation(const struct plan *p)
{
	if (!p->mount_ns)
		return 0;
	switch (propagation(p)) {
	case PROPAGATION_SHARED:
		return 0;
	case PROPAGATION_PRIVATE:
	case PROPAGATION_UNBINDABLE:
		return MS_PRIVATE;
	default:
		return MS_SLAVE;
	}
}

static int mounts_private(struct run *r, struct err *e)
{
	unsigned long type = first_propagation(r->plan);

	if (r->old_root < 0)
		r->old_root = sys_open("/", O_PATH | O_DIRECTORY, 0);
	if (r->old_root < 0)
		return err_sys(e, r->old_root, "open the host's root");
	if (!type)
		return 0;
	int ret = mount_propagate(r, r->old_root, type, true, e);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "separate our mounts from the host's");
	return ret == -EINVAL ? err_hint(e, "'/' is not a mount point: ketch can't run in a chroot "
					    "of this kind")
			      : ret;
}

static void mounts_private_explain(const struct plan *p, struct buf *out)
{
	unsigned long type = first_propagation(p);

	buf_addf(out, "propagation %s\n",
		 type == MS_SLAVE ? "rslave"
		 : type		  ? "rprivate"
				  : "as the host's");
}

const struct step step_mounts_private = {
	.name = "mounts.private",
	.what = "separate a new mount namespace from the host's",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.run = mounts_private,
	.explain = mounts_private_explain,
};

/* ---- rootfs.bind ---- */

/* Is UP on the same mount as FD, FD not being "/"? The kernel tells mounts apart by their root's "..". */
static int climb(int fd, struct stat *st)
{
	auto_fd int up = sys_openat(fd, "..", O_PATH | O_DIRECTORY, 0);
	struct stat above;

	if (up < 0)
		return up;
	if (fstat(up, &above) < 0)
		return -errno;
	if (above.st_dev == st->st_dev && above.st_ino == st->st_ino)
		return -ENOENT; /* "/" */
	*st = above;
	return TAKE_FD(up);
}

/*
 * rootfsPropagation "shared": a mount attached to a shared one appears on the host. So the mount that the root will be
 * attached to becomes private; it is found from below, as only its root can be told to.
 */
static int make_parent_private(struct run *r, int root, struct err *e)
{
	struct stat st;

	auto_fd int fd = sys_openat(root, ".", O_PATH | O_DIRECTORY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, fd < 0 ? fd : -errno, "open the root file system");
	for (;;) {
		/* EINVAL: not the root of a mount, so it is further up */
		int ret = mount_propagate(r, fd, MS_PRIVATE, false, e);
		if (ret >= 0)
			return 0;
		int up = ret == -EINVAL ? climb(fd, &st) : ret;
		if (up < 0)
			return err_sys(e, ret, "make the mount below the root file system private");
		close_fd(fd);
		fd = up;
	}
}

static int open_rootfs(const struct plan *p, struct err *e)
{
	int fd = sys_open(p->rootfs, O_PATH | O_DIRECTORY, 0);

	if (fd >= 0)
		return fd;
	err_sys(e, fd, "open the root file system '%s'", p->rootfs);
	e->code = ERR_BUNDLE;
	err_hint(e, "root.path names a directory, absolute or relative to the bundle");
	return err_at(e, "$.root.path");
}

/* Binds whose source and target share a mount are quadratic, so the root is always a mount of its own (10,000 binds: 0.1 s, not 2). */
static int rootfs_bind(struct run *r, struct err *e)
{
	const struct mount_flags flags = {
		.tree = true,
		.propagation = MS_REC |
			       (propagation(r->plan) == PROPAGATION_SLAVE ? MS_SLAVE : MS_PRIVATE),
	};

	auto_fd int dir = open_rootfs(r->plan, e);
	if (dir < 0)
		return dir;
	if (!r->plan->root_mount) {
		r->root.fd = TAKE_FD(dir);
		return 0;
	}
	if (!r->plan->mount_ns) {
		r->root.fd = rootfs_share(r, dir, e);
		return r->root.fd < 0 ? r->root.fd : 0;
	}
	if (propagation(r->plan) == PROPAGATION_SHARED && make_parent_private(r, dir, e) < 0)
		return err_at(e, "$.linux.rootfsPropagation");
	/* recursive: a part may not be uncovered in a user namespace, and what is mounted in the root belongs to it */
	auto_fd int mnt = sys_open_tree_clone(dir, true);
	if (mnt < 0)
		return err_sys(e, mnt, "clone the root file system '%s'", r->plan->rootfs);
	int ret = mount_place(r, mnt, dir, &flags, "make the root file system a mount", e);
	if (ret < 0)
		return ret;
	r->root.fd = TAKE_FD(mnt);
	return 0;
}

static void rootfs_bind_explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "root %s\n", p->rootfs);
	if (p->root_mount)
		buf_addf(out, "propagation %s\n",
			 propagation(p) == PROPAGATION_SLAVE ? "rslave" : "rprivate");
}

const struct step step_rootfs_bind = {
	.name = "rootfs.bind",
	.what = "make the root file system a mount of its own",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.run = rootfs_bind,
	.explain = rootfs_bind_explain,
};

/* ---- rootfs.pivot ---- */

/* The mask of files must come from the host's /dev/null: the container's can be anything (CVE-2025-31133). */
static int take_null_mask(struct run *r, struct err *e)
{
	struct mount_work *w = mount_work(r, e);

	if (!w)
		return -ENOMEM;
	auto_fd int fd = host_device(r, "/dev/null", S_IFCHR, 1, 3);
	if (fd < 0)
		return err_sys(e, fd, "open the host's /dev/null for linux.maskedPaths");
	w->null_mask = sys_open_tree_clone(fd, false);
	return w->null_mask < 0 ? err_sys(e, w->null_mask, "clone the host's /dev/null") : 0;
}

/* pivot_root(".", ".") puts the old root on top of the new one, so no directory for it is needed; then it is taken off. */
static int pivot(struct run *r, struct err *e)
{
	int ret = sys_fchdir(r->root.fd);

	if (ret >= 0)
		ret = sys_pivot_root_here();
	if (ret < 0) {
		err_sys(e, ret, "pivot_root");
		return ret == -EINVAL
			       ? err_hint(e,
					  "'/' is an initramfs or no mount point: try --no-pivot")
			       : ret;
	}
	/* taking off the mounts of a peer of the host's would take off the host's */
	ret = first_propagation(r->plan) ? 0 : mount_propagate(r, r->old_root, MS_SLAVE, true, e);
	if (ret < 0)
		return err_sys(e, ret, "separate the old root from the host's");
	ret = sys_fchdir(r->old_root);
	if (ret >= 0)
		ret = sys_umount_detach(".");
	return ret < 0 ? err_sys(e, ret, "take off the old root") : 0;
}

static int change_root(struct run *r, struct err *e)
{
	int ret = sys_fchdir(r->root.fd);

	if (ret >= 0)
		ret = sys_chroot_here();
	return ret < 0 ? err_sys(e, ret, "chroot to the root file system") : 0;
}

/* ---- */

static int final_propagation(struct run *r, struct err *e)
{
	static const unsigned long types[] = {
		[PROPAGATION_UNSET] = 0,
		[PROPAGATION_PRIVATE] = MS_PRIVATE,
		[PROPAGATION_SHARED] = MS_SHARED,
		[PROPAGATION_SLAVE] = MS_SLAVE,
		[PROPAGATION_UNBINDABLE] = MS_UNBINDABLE,
	};
	unsigned long type = types[propagation(r->plan)];

	if (!type || !r->plan->root_mount)
		return 0;
	int ret = mount_propagate(r, r->root.fd, type, false, e);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set the propagation of the root file system");
	return err_at(e, "$.linux.rootfsPropagation");
}

static void close_old(struct run *r)
{
	close_fd(TAKE_FD(r->old_root));
	if (r->mounts) {
		close_fd(TAKE_FD(r->mounts->self_fds));
		close_fd(TAKE_FD(r->mounts->places[MOUNT_PLACE_DEV]));
	}
}

static int rootfs_pivot(struct run *r, struct err *e)
{
	const struct plan *p = r->plan;
	int ret = p->spec->lnx->masked_paths.n ? take_null_mask(r, e) : 0;

	if (ret >= 0 && p->pivot)
		ret = pivot(r, e);
	else if (ret >= 0 && p->mount_ns)
		ret = rootfs_move(r, e);
	if (ret >= 0 && !p->pivot)
		ret = change_root(r, e);
	if (ret >= 0)
		ret = final_propagation(r, e);
	if (ret < 0)
		return ret;
	close_old(r);
	ret = sys_chdir("/");
	return ret < 0 ? err_sys(e, ret, "enter the new root") : 0;
}

static void rootfs_pivot_explain(const struct plan *p, struct buf *out)
{
	const char *word = p->root_mount ? "private" : NULL;

	buf_addf(out, "by %s\n",
		 p->pivot      ? "pivot_root"
		 : p->mount_ns ? "moving the mount and chroot"
			       : "chroot");
	if (propagation(p) == PROPAGATION_SHARED)
		word = "shared";
	if (propagation(p) == PROPAGATION_SLAVE)
		word = "slave";
	if (propagation(p) == PROPAGATION_UNBINDABLE)
		word = "unbindable";
	if (word)
		buf_addf(out, "propagation %s\n", word);
}

const struct step step_rootfs_pivot = {
	.name = "rootfs.pivot",
	.what = "make the new root the root",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.run = rootfs_pivot,
	.explain = rootfs_pivot_explain,
};

/* ---- rootfs.readonly ---- */

static bool readonly_applies(const struct plan *p)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (mount_is_late(&p->mounts.v[i]))
			return true;
	}
	return p->root_mount && p->spec->root_readonly;
}

static int rootfs_readonly(struct run *r, struct err *e)
{
	const struct mount_flags read_only = { .set = MOUNT_ATTR_RDONLY };

	if (mount_work_end(r, e) < 0)
		return err_at(e, "$.mounts");
	if (!r->plan->spec->root_readonly)
		return 0;
	int ret = mount_change(r, r->root.fd, &read_only, "make the root file system read-only", e);
	return ret < 0 ? err_at(e, "$.root.readonly") : 0;
}

static void readonly_explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (mount_is_late(&p->mounts.v[i]))
			buf_addf(out, "read-only %s\n", p->mounts.v[i].dest);
	}
	if (p->spec->root_readonly)
		buf_adds(out, "read-only /\n");
}

const struct step step_rootfs_readonly = {
	.name = "rootfs.readonly",
	.what = "make the root and what had to be filled first read-only",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = readonly_applies,
	.run = rootfs_readonly,
	.explain = readonly_explain,
};
