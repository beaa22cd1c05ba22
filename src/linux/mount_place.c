/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags and place of a detached mount: mount_setattr(2) before move_mount(2), so that a mount is never seen writable or in
 * the host's peer group; and what the mount steps keep among them (config.md#mounts).
 */
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "sys/raw.h"
#include "util/util.h"

/* ---- what the steps keep ---- */

struct mount_work *mount_work(struct run *r, struct err *e)
{
	if (r->mounts)
		return r->mounts;
	struct mount_work *w = malloc(sizeof(*w));

	if (!w) {
		err_sys(e, -ENOMEM, "mounts");
		return NULL;
	}
	*w = (struct mount_work){
		.self_fds = -EBADF,
		.null_mask = -EBADF,
		.places = { -EBADF, -EBADF, -EBADF },
	};
	r->mounts = w;
	return w;
}

int mount_self_fds(struct run *r, struct err *e)
{
	struct mount_work *w = mount_work(r, e);

	if (!w)
		return -ENOMEM;
	if (w->self_fds < 0)
		w->self_fds = proc_open_self_fds(&r->proc);
	return w->self_fds < 0 ? err_sys(e, w->self_fds, "open /proc/self/fd") : w->self_fds;
}

int mount_path(struct run *r, int fd, char *out, size_t size, struct err *e)
{
	char number[16];

	int self_fds = mount_self_fds(r, e);
	if (self_fds < 0)
		return self_fds;
	snprintf(number, sizeof(number), "%d", fd);
	auto_fd int link = sys_openat(self_fds, number, O_PATH | O_NOFOLLOW, 0);
	int ret = link < 0 ? link : rootdir_readlink(link, out, size);
	return ret < 0 ? err_sys(e, ret, "find the path of a descriptor") : 0;
}

int mount_dev(struct run *r, struct err *e)
{
	struct mount_work *w = mount_work(r, e);
	struct stat st;

	if (!w)
		return -ENOMEM;
	if (w->places[MOUNT_PLACE_DEV] >= 0)
		return w->places[MOUNT_PLACE_DEV];
	auto_fd int fd = rootdir_open_path(&r->root, "/dev", ROOTDIR_NOFOLLOW);
	if (fd == -ENOENT) {
		fd = rootdir_mkdirs(&r->root, "/dev", 0755);
		close_fd(fd);
		if (fd >= 0) /* what mkdirs followed is not to be trusted */
			fd = rootdir_open_path(&r->root, "/dev", ROOTDIR_NOFOLLOW);
	}
	if (fd < 0)
		return err_sys(e, fd, "open /dev in the root file system");
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at /dev in the root file system");
	if (!S_ISDIR(st.st_mode)) {
		err_set(e, ERR_BUNDLE, "/dev in the root file system is %s, not a directory",
			S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
		return err_hint(e, "add a mount of type tmpfs on /dev and make /dev a directory");
	}
	return w->places[MOUNT_PLACE_DEV] = TAKE_FD(fd);
}

int mount_work_end(struct run *r, struct err *e)
{
	static const struct mount_flags read_only = { .set = MOUNT_ATTR_RDONLY };
	struct mount_work *w = r->mounts;
	int ret = 0;

	if (!w)
		return 0;
	for (unsigned i = 0; i < w->n_late; i++) {
		if (ret >= 0)
			ret = mount_change(r, w->late[i], &read_only, "a mount", e);
		close_fd(w->late[i]);
	}
	close_fd(w->self_fds);
	close_fd(w->null_mask);
	for (size_t i = 0; i < N_ELEMENTS(w->places); i++)
		close_fd(w->places[i]);
	free(w);
	r->mounts = NULL;
	return ret;
}

/* ---- flags ---- */

struct mount_flags mount_flags_of(const struct plan_mount *m)
{
	struct mount_flags f = {
		.set = m->attr_set,
		.clear = m->attr_clear,
		.rec_set = m->rec_set,
		.rec_clear = m->rec_clear,
		.propagation = m->propagation,
		.tree = m->kind == PLAN_MOUNT_BIND && m->bind_recursive,
	};
	return f;
}

static uint64_t combined(uint64_t set, const struct mount_flags *f)
{
	return ((set | f->set) & ~f->rec_clear) | f->rec_set;
}

/* One call for what concerns the mount itself, a second one where there are mounts below it. PROPAGATION 0: as it is. */
static int set_flags(int mnt, const struct mount_flags *f, unsigned long propagation)
{
	bool recursive = propagation & MS_REC;
	unsigned long type = propagation & ~(unsigned long)MS_REC;
	int r = 0;

	if (!f->tree)
		return sys_mount_setattr(mnt, false, combined(0, f), f->clear | f->rec_clear, type,
					 -EBADF);
	if (f->set || f->clear || (type && !recursive))
		r = sys_mount_setattr(mnt, false, f->set, f->clear, recursive ? 0 : type, -EBADF);
	if (r >= 0 && (f->rec_set || f->rec_clear || recursive))
		r = sys_mount_setattr(mnt, true, f->rec_set, f->rec_clear, recursive ? type : 0,
				      -EBADF);
	return r;
}

/* What a mount to be attached gets: by default private, as a clone of a shared mount is in the host's peer group. */
static unsigned long propagation_of(const struct mount_flags *f)
{
	unsigned long p = f->propagation;

	if (!p)
		return MS_PRIVATE | MS_REC;
	/* Without the r only the top was meant; what is below must not stay the host's peer all the same. */
	if (f->tree && (p == MS_PRIVATE || p == MS_SLAVE))
		p |= MS_REC;
	return p;
}

static uint64_t present_flags(int mnt)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
	} map[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },   { ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },	    { ST_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ ST_NOATIME, MOUNT_ATTR_NOATIME }, { ST_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ 0x2000, MOUNT_ATTR_NOSYMFOLLOW },
	};
	struct statvfs sv;
	uint64_t attrs = 0;

	if (fstatvfs(mnt, &sv) < 0)
		return ~(uint64_t)0;
	for (size_t i = 0; i < N_ELEMENTS(map); i++) {
		if (sv.f_flag & map[i].st)
			attrs |= map[i].attr;
	}
	if (!(sv.f_flag & (ST_NOATIME | ST_RELATIME)))
		attrs |= MOUNT_ATTR_STRICTATIME;
	return attrs;
}

/*
 * A mount that came from a more privileged mount namespace has locked flags: EPERM to take one back, or to change the
 * access-time mode (mount_namespaces(7)). They are kept then, as mount(8) users expect of a bind in a container.
 */
static struct mount_flags keep_locked(int mnt, const struct mount_flags *f)
{
	struct mount_flags k = *f;

	k.clear = f->tree ? 0 : f->clear & ~(present_flags(mnt) | MOUNT_ATTR__ATIME);
	k.rec_clear = f->tree ? 0 : f->rec_clear & ~(present_flags(mnt) | MOUNT_ATTR__ATIME);
	k.set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	k.rec_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	return k;
}

static void warn_of_locked(struct run *r, const char *what)
{
	run_warn(r,
		 "%s: flags that the host's mount has and this user namespace can't take back are "
		 "kept",
		 what);
}

static int set_flags_kindly(struct run *r, int mnt, const struct mount_flags *f,
			    unsigned long propagation, const char *what)
{
	int ret = set_flags(mnt, f, propagation);

	if (ret != -EPERM || !(f->clear | f->rec_clear))
		return ret;
	struct mount_flags kept = keep_locked(mnt, f);
	ret = set_flags(mnt, &kept, propagation);
	if (ret >= 0)
		warn_of_locked(r, what);
	return ret;
}

/* ---- Linux 5.10 and 5.11 ---- */

unsigned long mount_ms_flags(uint64_t attrs)
{
	static const struct {
		uint64_t attr;
		unsigned long ms;
	} map[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long ms = 0;

	for (size_t i = 0; i < N_ELEMENTS(map); i++) {
		if (attrs & map[i].attr)
			ms |= map[i].ms;
	}
	return ms;
}

static int set_flags_old(struct run *r, int mnt, const struct mount_flags *f,
			 unsigned long propagation, const char *what, struct err *e)
{
	uint64_t now = present_flags(mnt), want;
	int ret = 0;

	int self_fds = mount_self_fds(r, e);
	if (self_fds < 0)
		return self_fds;
	if (f->tree && (f->rec_set || f->rec_clear))
		return err_set(e, ERR_UNSUPPORTED, "%s: recursive flags need Linux 5.12", what);
	want = (now & ~(f->clear | f->rec_clear)) | combined(0, f);
	if (want != now)
		ret = sys_mount_on_fd(self_fds, mnt, NULL, NULL,
				      MS_BIND | MS_REMOUNT | mount_ms_flags(want), NULL);
	if (ret == -EPERM) { /* locked, see keep_locked() */
		want = (want & ~(uint64_t)MOUNT_ATTR__ATIME) | now;
		ret = sys_mount_on_fd(self_fds, mnt, NULL, NULL,
				      MS_BIND | MS_REMOUNT | mount_ms_flags(want), NULL);
		if (ret >= 0)
			warn_of_locked(r, what);
	}
	if (ret >= 0 && propagation)
		ret = sys_mount_on_fd(self_fds, mnt, NULL, NULL, propagation, NULL);
	return ret < 0 ? err_sys(e, ret, "%s: set the flags of the mount", what) : 0;
}

int mount_propagate(struct run *r, int mnt, unsigned long type, bool recursive, struct err *e)
{
	int ret = sys_mount_setattr(mnt, recursive, 0, 0, type, -EBADF);

	if (ret != -ENOSYS)
		return ret;
	int self_fds = mount_self_fds(r, e);
	return self_fds < 0 ? self_fds
			    : sys_mount_on_fd(self_fds, mnt, NULL, NULL,
					      type | (recursive ? MS_REC : 0), NULL);
}

/* ---- place ---- */

static int flags_failed(int ret, const char *what, struct err *e)
{
	err_sys(e, ret, "%s: set the flags of the mount", what);
	return ret == -EINVAL ? err_hint(e, "this kernel does not know one of the flags, or the "
					    "place is no mount")
			      : ret;
}

int mount_change(struct run *r, int mnt, const struct mount_flags *f, const char *what,
		 struct err *e)
{
	int ret = set_flags_kindly(r, mnt, f, f->propagation, what);

	if (ret == -ENOSYS)
		return set_flags_old(r, mnt, f, f->propagation, what, e);
	return ret < 0 ? flags_failed(ret, what, e) : 0;
}

int mount_place(struct run *r, int mnt, int target, const struct mount_flags *f, const char *what,
		struct err *e)
{
	unsigned long propagation = propagation_of(f);
	int ret = set_flags_kindly(r, mnt, f, propagation, what);
	bool old = ret == -ENOSYS;

	if (ret < 0 && !old)
		return flags_failed(ret, what, e);
	ret = sys_move_mount(mnt, target);
	if (ret < 0)
		return err_sys(e, ret, "%s", what);
	return old ? set_flags_old(r, mnt, f, propagation, what, e) : 0;
}

/* ---- errors ---- */

int hint_in_root(const struct run *r, int ret, struct err *e)
{
	if (ret == -EROFS)
		return err_hint(e, "the root file system, or what is mounted there, is read-only: "
				   "make it beforehand, or mount a tmpfs over it, as on /dev");
	if ((ret == -EACCES || ret == -EPERM || ret == -EOVERFLOW) && r->plan->user_ns)
		return err_hint(e, "the files belong to users that the container's user namespace "
				   "does not map: "
				   "chown the root file system, or mount it with mapped ids");
	return ret;
}

/* ---- the host's files ---- */

int host_device(struct run *r, const char *path, unsigned type, unsigned major, unsigned minor)
{
	struct stat st;

	/* from the host's root; old_root is "/" itself, and a leading slash would ignore it */
	while (*path == '/')
		path++;
	auto_fd int fd = sys_openat(r->old_root, path, O_PATH, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != type || st.st_rdev != makedev(major, minor))
		return -ENODEV;
	return TAKE_FD(fd);
}

int mount_host_bind(struct run *r, const char *path, bool recursive, int target,
		    const struct mount_flags *f, const char *what, struct err *e)
{
	struct mount_flags flags = *f;

	auto_fd int mnt = sys_open_tree_clone_path(path, recursive);
	if (mnt < 0)
		return err_sys(e, mnt, "%s: clone the host's '%s'", what, path);
	flags.tree = recursive;
	int ret = mount_place(r, mnt, target, &flags, what, e);
	return ret < 0 ? ret : TAKE_FD(mnt);
}
