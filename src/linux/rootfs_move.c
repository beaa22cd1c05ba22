/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --no-pivot: for hosts that run from an initramfs, whose root pivot_root(2) can't replace. The container's root is moved on
 * top of "/", and what the old root would still show below it is taken off.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>

#include "linux/mountinfo.h"
#include "linux/mounts.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

/* Else taking off a mount, or moving one, would be repeated on the host. */
static int make_slave(const struct mount_line *m)
{
	int r = m->shared ? sys_mount(NULL, m->path, NULL, MS_SLAVE, NULL) : 0;

	/* EINVAL: another mount covers it */
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

/*
 * A full proc or sysfs down there would let a process in a child user namespace mount new ones in spite of our masks
 * (mount_namespaces(7), "mnt_already_visible" in the kernel).
 */
static int take_off(const struct mount_line *m)
{
	int r = m->kernels ? sys_umount_detach(m->path) : 0;

	if (r == -EINVAL || r == -EPERM) /* locked: it came with the user namespace */
		r = sys_mount("tmpfs", m->path, "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2");
	return r == -ENOENT ? 0 : r; /* below one that is gone already */
}

/* Calls FN for each mount of the old root that is not one of the container's, which are below ROOT. */
static int each_mount(const char *text, const char *root, int (*fn)(const struct mount_line *m))
{
	char *copy = strdup(text), *at = copy, *line;
	int r = copy ? 0 : -ENOMEM;

	while (r >= 0 && (line = strsep(&at, "\n"))) {
		struct mount_line m;

		if (mountinfo_parse(line, &m) && !path_below(m.path, root))
			r = fn(&m);
	}
	free(copy);
	return r;
}

int rootfs_move(struct run *r, struct err *e)
{
	auto_buf struct buf mounts = { 0 };
	char root[PATH_MAX];

	int ret = mount_path(r, r->root.fd, root, sizeof(root), e);
	if (ret < 0)
		return ret;
	ret = mountinfo_read(&r->proc, &mounts);
	if (ret < 0)
		return err_sys(e, ret, "read the list of mounts");
	ret = each_mount(buf_str(&mounts), root, make_slave);
	if (ret < 0)
		return err_sys(e, ret, "separate the old root from the host's");
	ret = each_mount(buf_str(&mounts), root, take_off);
	if (ret < 0)
		return err_sys(e, ret, "take off the host's proc and sysfs");
	ret = sys_move_mount(r->root.fd, r->old_root);
	return ret < 0 ? err_sys(e, ret, "move the root file system to '/'") : 0;
}
