/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.maskedPaths and linux.readonlyPaths (config-linux.md#masked-paths, #readonly-paths): paths resolved below the root,
 * sources known by descriptor, flags set before a mount is seen (CVE-2025-31133, GHSA-3q8j-pf29-vwv8). A path that does not
 * exist is no error: the lists are the same for every host. Nor is one through a link of procfs to what a process has (exe,
 * root, fd): each process sees another place there, and a mount could cover that of one. Anything else is.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

static bool is_below_proc(const char *path)
{
	char clean[PATH_MAX];

	return path_clean(clean, sizeof(clean), path) >= 0 && !path_leads_up(clean) &&
	       path_below(clean, "/proc");
}

/* 1: *TARGET is PATH. 0: there is nothing to cover; WHAT is left undone then. */
static int find(struct run *r, const char *path, const char *what, int *target, struct err *e)
{
	*target = mount_find(r, path);
	if (*target >= 0)
		return 1;
	if (*target == -ENOENT || *target == -ENOTDIR)
		return 0;
	if (*target != -ELOOP)
		return err_sys(e, *target, "open it");
	if (is_below_proc(path)) {
		run_warn(r,
			 "'%s' is not %s: it leads through a link that is another for each process",
			 path, what);
		return 0;
	}
	/* An image's link to such a one may show what is to be hidden: not passed over. */
	err_sys(e, *target, "open it");
	return err_hint(e, "links in a loop, or a link to one of procfs such as /proc/self/root");
}

/* "/", also by another name: what is laid over it nobody would ever see, whose root is below. */
static bool is_root(const struct run *r, int target)
{
	return mount_is_same(target, r->root.fd);
}

/* ---- mounts.masked ---- */

/*
 * One source each for files and directories. The first place takes the mount itself, the others clones of it: only an
 * attached mount can be cloned, and closing one that never was attached costs a millisecond.
 */
struct masks {
	struct run *r;
	int file, dir;		  /* mounts; -EBADF: none yet. FILE belongs to run->mounts */
	bool file_used, dir_used; /* attached */
};

/* One empty directory for all: read-only, with room for nothing. */
static int empty_dir(const struct plan *p, struct err *e)
{
	char message[FS_MESSAGE_SIZE];
	struct buf data = { 0 };
	struct fs_request q = {
		.type = "tmpfs",
		.source = "tmpfs",
		.sb_flags = MS_RDONLY,
		.attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			 MOUNT_ATTR_NOEXEC,
	};

	buf_adds(&data, "nr_blocks=1,nr_inodes=1,mode=555");
	if (p->mount_label)
		buf_addf(&data, ",%s", p->mount_label);
	q.data = buf_str(&data);
	int r = buf_error(&data) < 0 ? -ENOMEM : fs_new(&q, message);
	buf_free(&data);
	return r < 0 ? err_sys(e, r, "make an empty tmpfs to mask directories with%s%s",
			       message[0] ? ": " : "", message)
		     : r;
}

/* Attaches MNT or, once that is done, a clone of it. */
static int lay(struct run *r, int mnt, bool *used, int target, const char *path, struct err *e)
{
	static const struct mount_flags plain = { 0 };

	if (!*used) {
		int ret = mount_place(r, mnt, target, &plain, path, e);

		*used = ret >= 0;
		return ret;
	}
	auto_fd int clone = sys_open_tree_clone(mnt, false);
	int ret = clone < 0 ? clone : sys_move_mount(clone, target);
	return ret < 0 ? err_sys(e, ret, "%s", path) : 0;
}

static int mask(struct masks *m, const char *path, struct err *e)
{
	struct stat st;

	auto_fd int target = -EBADF;
	int found = find(m->r, path, "masked", &target, e);
	if (found <= 0)
		return found;
	if (fstat(target, &st) < 0)
		return err_sys(e, -errno, "look at '%s'", path);
	if (is_root(m->r, target)) {
		err_set(e, ERR_UNSUPPORTED, "it is the root of the container");
		return err_hint(e, "nothing would be left to run: mask what is in it");
	}
	if (!S_ISDIR(st.st_mode))
		return lay(m->r, m->file, &m->file_used, target, path, e);
	if (m->dir < 0)
		m->dir = empty_dir(m->r->plan, e);
	return m->dir < 0 ? m->dir : lay(m->r, m->dir, &m->dir_used, target, path, e);
}

static int masked(struct run *r, struct err *e)
{
	const struct strv *paths = &r->plan->spec->lnx->masked_paths;
	struct mount_work *w = mount_work(r, e);
	int ret = 0;

	if (!w)
		return -ENOMEM;
	struct masks m = { .r = r, .file = w->null_mask, .dir = -EBADF };
	for (size_t i = 0; i < paths->n && ret >= 0; i++) {
		ret = mask(&m, paths->v[i], e);
		if (ret < 0) {
			err_wrap(e, "mask '%s'", paths->v[i]);
			err_at(e, "$.linux.maskedPaths[%zu]", i);
		}
	}
	close_fd(m.dir);
	close_fd(TAKE_FD(w->null_mask));
	return ret;
}

static bool masked_applies(const struct plan *p)
{
	return p->spec->lnx->masked_paths.n > 0;
}

static void masked_explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->spec->lnx->masked_paths.n; i++)
		buf_addf(out, "mask %s\n", p->spec->lnx->masked_paths.v[i]);
}

const struct step step_mounts_masked = {
	.name = "mounts.masked",
	.what = "hide what linux.maskedPaths lists",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = masked_applies,
	.run = masked,
	.explain = masked_explain,
};

/* ---- mounts.readonly-paths ---- */

/* Lays PATH over itself read-only, with the flags it has and what is mounted below it. The root stays where it is. */
static int make_readonly(struct run *r, const char *path, struct err *e)
{
	bool recursive = facts_kernel_at_least(r->plan->facts, 5, 12);
	const struct mount_flags flags = {
		.set = MOUNT_ATTR_RDONLY,
		.rec_set = recursive ? MOUNT_ATTR_RDONLY : 0,
		.tree = true,
	};

	auto_fd int target = -EBADF;
	int found = find(r, path, "made read-only", &target, e);
	if (found <= 0)
		return found;
	if (is_root(r, target))
		return mount_change(r, target, &flags, path, e);
	auto_fd int copy = sys_open_tree_clone(target, true);
	if (copy < 0)
		return err_sys(e, copy, "clone it");
	return mount_place(r, copy, target, &flags, path, e);
}

static int readonly(struct run *r, struct err *e)
{
	const struct strv *paths = &r->plan->spec->lnx->readonly_paths;

	for (size_t i = 0; i < paths->n; i++) {
		if (make_readonly(r, paths->v[i], e) < 0) {
			err_wrap(e, "make '%s' read-only", paths->v[i]);
			return err_at(e, "$.linux.readonlyPaths[%zu]", i);
		}
	}
	return 0;
}

static bool readonly_applies(const struct plan *p)
{
	return p->spec->lnx->readonly_paths.n > 0;
}

static void readonly_explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->spec->lnx->readonly_paths.n; i++)
		buf_addf(out, "read-only %s\n", p->spec->lnx->readonly_paths.v[i]);
}

const struct step step_mounts_readonly = {
	.name = "mounts.readonly-paths",
	.what = "make read-only what linux.readonlyPaths lists",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = readonly_applies,
	.run = readonly,
	.explain = readonly_explain,
};
