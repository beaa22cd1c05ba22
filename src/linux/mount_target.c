/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destinations of mounts (config.md#mounts): resolved one by one below the root, made where they are missing, never the root, /proc,
 * /sys or /dev by another name; and what was mounted on these places, for the steps that work in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "linux/mounts.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

int mount_dest_failed(const struct run *run, const struct plan_mount *m, int r, const char *doing,
		      struct err *e)
{
	err_sys(e, r, "%s the destination '%s'", doing, m->dest);
	if (r == -ENOTDIR)
		return err_hint(e,
				"a part of the path is a file in the container's root file system");
	if (r == -ELOOP)
		return err_hint(
			e,
			"the path leads through too many symbolic links, or through one of /proc");
	return hint_in_root(run, r, e);
}

static int make_target(const struct run *r, const struct plan_mount *m, bool dir, struct err *e)
{
	int fd = rootdir_make_missing(&r->root, m->dest, dir, dir ? 0755 : 0644);

	return fd < 0 ? mount_dest_failed(r, m, fd, "make", e) : fd;
}

/*
 * proc and sysfs go on a real directory only: on a symbolic link of a hostile image they would land elsewhere, and what is
 * masked and labelled by their well-known paths would be something else (CVE-2019-19921, CVE-2023-27561).
 */
static int strict_target(const struct run *r, const struct plan_mount *m, struct err *e)
{
	struct stat st;

	auto_fd int fd = rootdir_open_path(&r->root, m->dest, ROOTDIR_NOFOLLOW);
	if (fd == -ENOENT) {
		auto_fd int made = make_target(r, m, true, e);
		if (made < 0)
			return made;
		fd = rootdir_open_path(&r->root, m->dest, ROOTDIR_NOFOLLOW);
	}
	if (fd < 0)
		return mount_dest_failed(r, m, fd, "open", e);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at the destination '%s'", m->dest);
	if (S_ISDIR(st.st_mode))
		return TAKE_FD(fd);
	err_set(e, ERR_BUNDLE, "the destination '%s' of %s is %s in the root file system", m->dest,
		m->fstype, S_ISLNK(st.st_mode) ? "a symbolic link" : "not a directory");
	return err_hint(
		e, "it must be a directory: another one could be masked in place of the real %s",
		m->fstype);
}

/* ---- the places that later steps work in ---- */

static const struct {
	const char *dest;
	enum plan_mount_kind kind; /* that is remembered */
} places[MOUNT_PLACES] = {
	[MOUNT_PLACE_PROC] = { "/proc", PLAN_MOUNT_PROC },
	[MOUNT_PLACE_SYS] = { "/sys", PLAN_MOUNT_SYSFS },
	[MOUNT_PLACE_DEV] = { "/dev", PLAN_MOUNT_FS },
};

bool mount_is_same(int a, int b)
{
	uint64_t mount_a = 0, mount_b = 0;
	struct stat st_a, st_b;

	if (fstat(a, &st_a) < 0 || fstat(b, &st_b) < 0 || st_a.st_dev != st_b.st_dev ||
	    st_a.st_ino != st_b.st_ino)
		return false;
	/* the same directory bound to another place is another mount */
	(void)sys_mount_id(a, &mount_a);
	(void)sys_mount_id(b, &mount_b);
	return mount_a == mount_b;
}

void mount_forget(struct mount_work *w, const char *dest)
{
	for (size_t i = 0; i < N_ELEMENTS(places); i++) {
		if (strcmp(dest, places[i].dest) == 0 || strcmp(dest, "/") == 0)
			close_fd(TAKE_FD(w->places[i]));
	}
}

/* Is FD what the container has at PLACE? */
static bool is_at(struct run *r, size_t place, int fd)
{
	int known = r->mounts ? r->mounts->places[place] : -EBADF;

	if (known >= 0 && mount_is_same(fd, known))
		return true;
	auto_fd int now = rootdir_open_path(&r->root, places[place].dest, ROOTDIR_NOFOLLOW);
	return now >= 0 && mount_is_same(fd, now);
}

static int other_name(const struct plan_mount *m, const char *what, struct err *e)
{
	err_set(e, ERR_BUNDLE, "the destination '%s' leads to %s", m->dest, what);
	err_hint(e, "a symbolic link of the image, or '..', is in the path; where that is meant, "
		    "name the place itself");
	return err_at(e, "$.mounts[%zu].destination", m->index);
}

/*
 * FD is where M goes. Over the root by another name nobody would see it, as a mount's root is what lies at the bottom. Over /proc, /sys and
 * /dev by another name what is masked, and where nodes are made, would be another directory than the one that their names show.
 */
static int check_place(struct run *r, const struct plan_mount *m, int fd, struct err *e)
{
	char what[32];

	if (sys_is_mount_root(fd) == 0)
		return 0;
	if (strcmp(m->dest, "/") != 0 && mount_is_same(fd, r->root.fd))
		return other_name(m, "the root of the container", e);
	for (size_t i = 0; i < N_ELEMENTS(places); i++) {
		if (strcmp(m->dest, places[i].dest) == 0 || !is_at(r, i, fd))
			continue;
		snprintf(what, sizeof(what), "the container's %s", places[i].dest);
		return other_name(m, what, e);
	}
	return 0;
}

/* ---- destinations ---- */

int mount_target(struct run *r, const struct plan_mount *m, bool dir, bool *existed, struct err *e)
{
	bool strict = m->kind == PLAN_MOUNT_PROC || m->kind == PLAN_MOUNT_SYSFS;
	bool there = true;

	auto_fd int fd = strict ? strict_target(r, m, e)
				: rootdir_open_path(&r->root, m->dest,
						    m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
	if (fd == -ENOENT && !strict) {
		there = false;
		fd = make_target(r, m, dir, e);
	} else if (fd < 0 && !strict) {
		return mount_dest_failed(r, m, fd, "open", e);
	}
	if (existed)
		*existed = there;
	if (fd < 0)
		return fd;
	int ret = check_place(r, m, fd, e);
	return ret < 0 ? ret : TAKE_FD(fd);
}

int mount_target_dir(struct run *r, const struct plan_mount *m, const char *what, bool *existed,
		     struct err *e)
{
	struct stat st;

	auto_fd int fd = mount_target(r, m, true, existed, e);
	if (fd < 0 || !*existed)
		return TAKE_FD(fd);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s: look at the destination", what);
	if (S_ISDIR(st.st_mode))
		return TAKE_FD(fd);
	err_sys(e, -ENOTDIR, "%s: the destination is a %s", what,
		S_ISLNK(st.st_mode) ? "link" : "file");
	return err_hint(e, "a file system can be mounted on a directory alone%s",
			S_ISLNK(st.st_mode) ? "; without dest-nofollow the link is followed" : "");
}

int mount_done(struct run *r, const struct plan_mount *m, int mnt, struct err *e)
{
	struct mount_work *w = mount_work(r, e);
	int *place = strcmp(m->dest, "/") == 0 ? &r->root.fd : NULL;

	if (!w)
		return -ENOMEM;
	for (size_t i = 0; i < N_ELEMENTS(places); i++) {
		if (m->kind == places[i].kind && strcmp(m->dest, places[i].dest) == 0)
			place = &w->places[i];
	}
	if (!place)
		return 0;
	int fd = fcntl(mnt, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys(e, -errno, "mount on '%s'", m->dest);
	close_fd(*place);
	*place = fd;
	return 0;
}

static int find_in(int mnt, const char *below)
{
	const struct rootdir dir = { .fd = mnt };

	return rootdir_open_path(&dir, *below ? below : "/", 0);
}

int mount_find(struct run *r, const char *path)
{
	char clean[PATH_MAX];

	int ret = path_clean(clean, sizeof(clean), path);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < N_ELEMENTS(places) && r->mounts && !path_leads_up(clean); i++) {
		const char *below = path_below(clean, places[i].dest);
		int mnt = r->mounts->places[i];
		int fd = below && mnt >= 0 ? find_in(mnt, below) : -EBADF;

		if (fd >= 0)
			return fd;
		/* Most of the usual lists is not there, and a second look-up costs as much as the first. A longer path may
		 * lead through a link. */
		if (fd == -ENOENT && !strchr(below, '/'))
			return fd;
	}
	return rootdir_open_path(&r->root, clean, 0);
}
