/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --no-pivot: for hosts that run from an initramfs, whose root pivot_root(2) can't replace. The container's root is moved on
 * top of "/", and what the old root would still show below it is taken off.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "linux/mounts.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

struct old_mount {
	const char *path;
	bool shared;
	bool kernels; /* proc or sysfs */
};

/* A line of proc_pid_mountinfo(5): id parent major:minor root path options [shared:N …] - type … */
static bool parse(char *line, struct old_mount *m)
{
	char *at = line, *dash = strstr(line, " - ");

	if (!dash)
		return false;
	*dash = '\0';
	m->kernels = strncmp(dash + 3, "proc ", 5) == 0 || strncmp(dash + 3, "sysfs ", 6) == 0;
	for (int i = 0; i < 4 && at; i++)
		strsep(&at, " ");
	m->path = strsep(&at, " ");
	m->shared = at && strstr(at, " shared:");
	return m->path;
}

/* Else taking off a mount, or moving one, would be repeated on the host. */
static int make_slave(const struct old_mount *m)
{
	int r = m->shared ? sys_mount(NULL, m->path, NULL, MS_SLAVE, NULL) : 0;

	/* EINVAL: another mount covers it */
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

/*
 * A full proc or sysfs down there would let a process in a child user namespace mount new ones in spite of our masks
 * (mount_namespaces(7), "mnt_already_visible" in the kernel).
 */
static int take_off(const struct old_mount *m)
{
	int r = m->kernels ? sys_umount_detach(m->path) : 0;

	if (r == -EINVAL || r == -EPERM) /* locked: it came with the user namespace */
		r = sys_mount("tmpfs", m->path, "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2");
	return r == -ENOENT ? 0 : r; /* below one that is gone already */
}

/* Calls FN for each mount of the old root that is not one of the container's, which are below ROOT. */
static int each_mount(const char *text, const char *root, int (*fn)(const struct old_mount *m))
{
	char *copy = strdup(text), *at = copy, *line;
	int r = copy ? 0 : -ENOMEM;

	while (r >= 0 && (line = strsep(&at, "\n"))) {
		struct old_mount m;

		if (parse(line, &m) && !path_below(m.path, root))
			r = fn(&m);
	}
	free(copy);
	return r;
}

/* Where the root is, as mountinfo spells it: root.path may lead through symlinks. */
static int root_path(struct run *r, char *out, size_t size, struct err *e)
{
	char number[16];

	int self_fds = mount_self_fds(r, e);
	if (self_fds < 0)
		return self_fds;
	snprintf(number, sizeof(number), "%d", r->root.fd);
	auto_fd int link = sys_openat(self_fds, number, O_PATH | O_NOFOLLOW, 0);
	int ret = link < 0 ? link : rootdir_readlink(link, out, size);
	return ret < 0 ? err_sys(e, ret, "find the root file system among the mounts") : 0;
}

int rootfs_move(struct run *r, struct err *e)
{
	auto_buf struct buf mounts = { 0 };
	char root[PATH_MAX];

	int ret = root_path(r, root, sizeof(root), e);
	if (ret < 0)
		return ret;
	auto_fd int fd = proc_open_self(&r->proc, "mountinfo", O_RDONLY);
	ret = fd < 0 ? fd : host_read_fd(fd, 64u << 20, &mounts);
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
