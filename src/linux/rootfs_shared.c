/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's root where the mount namespace is not the container's alone: linux.namespaces has none, so that the runtime's
 * is inherited, or one by path, in which others live (config-linux.md#namespaces). The root is bound on itself and made private;
 * all other mounts go below it, so that nothing of the container is mounted anywhere else and one umount takes off everything.
 * pivot_root(2) would take the root away from all who live there, so the container's process is only chroot'ed.
 *
 * Such a mount outlives the container. Its number, which no other mount will have, is in the journal before it is attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/mountinfo.h"
#include "linux/mounts.h"
#include "linux/namespaces.h"
#include "linux/root_mount.h"
#include "linux/steps.h"
#include "sys/raw.h"

/* ---- init ---- */

/* "ID UNIQUE-ID PATH" of the detached mount MNT, soon on DIR. */
static int describe(struct run *r, int mnt, int dir, struct buf *out, struct err *e)
{
	uint64_t id = 0, unique = 0;
	char path[PATH_MAX];

	int ret = mount_path(r, dir, path, sizeof(path), e);
	if (ret < 0)
		return ret;
	ret = sys_mount_id(mnt, &id);
	if (ret >= 0)
		ret = sys_mount_unique_id(mnt, &unique);
	if (ret == -ENOSYS && id) /* before Linux 6.8: number and path have to do */
		ret = 0;
	if (ret < 0)
		return err_sys(e, ret, "number of the root's mount");
	buf_addf(out, "%llu %llu ", (unsigned long long)id, (unsigned long long)unique);
	mountinfo_escape(out, path);
	return buf_error(out) < 0 ? err_sys(e, -ENOMEM, "mount the root") : 0;
}

static int note(struct run *r, int mnt, int dir, struct err *e)
{
	auto_buf struct buf text = { 0 };

	int ret = describe(r, mnt, dir, &text, e);
	return ret < 0 ? ret : chan_ask(&r->chan, MSG_NOTE, text.p, text.len, NULL, 0, NULL, e);
}

/* Were the parent killed while we attached, a `delete` might have read the journal too early and found no mount. */
static void leave_with_parent(const struct run *r, int mnt)
{
	struct pollfd p = { .fd = r->chan.fd, .events = POLLIN };

	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLHUP | POLLERR)))
		return;
	if (sys_fchdir(mnt) >= 0)
		(void)sys_umount_detach(".");
	_exit(1);
}

int rootfs_share(struct run *r, int dir, struct err *e)
{
	auto_fd int mnt = sys_open_tree_clone(dir, true);
	if (mnt < 0) {
		err_sys(e, mnt, "clone the root file system '%s'", r->plan->rootfs);
		return mnt == -EPERM || mnt == -EINVAL
			       ? err_hint(e, "the mount namespace belongs to another user "
					     "namespace: give the container one of its own")
			       : mnt;
	}
	int ret = sys_mount_setattr(mnt, true, 0, 0, MS_PRIVATE, -EBADF);
	if (ret < 0 && ret != -ENOSYS)
		return err_sys(e, ret, "make the root file system's mount private");
	ret = note(r, mnt, dir, e);
	if (ret < 0)
		return ret;
	ret = sys_move_mount(mnt, dir);
	if (ret < 0)
		return err_sys(e, ret, "make the root file system a mount");
	/* on a shared mount it has become shared again, and what comes below would appear elsewhere */
	ret = mount_propagate(r, mnt, MS_PRIVATE, true, e);
	if (ret < 0)
		return err_sys(e, ret, "make the root file system's mount private");
	leave_with_parent(r, mnt);
	return TAKE_FD(mnt);
}

/* ---- parent: rootfs.note ---- */

/* The namespace the mount is in: "DEV:INO PATH", "-" for our own. */
static int describe_ns(struct run *r, struct buf *out, struct err *e)
{
	const struct spec_namespace *ns = &r->plan->spec->lnx->ns[NS_MOUNT];
	bool joined = r->ns_fds[NS_MOUNT] >= 0;
	struct stat st;

	auto_fd int own = joined ? -EBADF : proc_open_pid(&r->proc, getpid(), "ns/mnt", O_RDONLY);
	if (!joined && own < 0)
		return err_sys(e, own, "open our mount namespace");
	if (fstat(joined ? r->ns_fds[NS_MOUNT] : own, &st) < 0)
		return err_sys(e, -errno, "look at the mount namespace");
	buf_addf(out, " %llu:%llu ", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	mountinfo_escape(out, joined ? ns->path : "-");
	return buf_error(out) < 0 ? err_sys(e, -ENOMEM, "mount the root") : 0;
}

static int note_run(struct run *r, struct err *e)
{
	auto_buf struct buf text = { 0 };

	buf_add(&text, r->request->data, r->request->len);
	int ret = describe_ns(r, &text, e);
	if (ret < 0)
		return ret;
	free(r->root_note);
	r->root_note = strdup(buf_str(&text));
	if (!r->root_note)
		return err_sys(e, -ENOMEM, "mount the root");
	return r->undo_note(r, "mount", r->root_note, e);
}

static void note_undo(struct run *r)
{
	struct err e;

	if (r->root_note && root_mount_remove(r->root_note, &e) < 0)
		run_warn(r, "%s", e.msg);
}

static bool applies(const struct plan *p)
{
	return p->root_mount && !p->mount_ns;
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "mount %s\n", p->rootfs);
}

const struct step step_rootfs_note = {
	.name = "rootfs.note",
	.what = "note the mount of the root, which outlives the container, in the journal",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_NOTE),
	.use = FOR_CREATE,
	.applies = applies,
	.run = note_run,
	.undo = note_undo,
	.explain = explain,
};
