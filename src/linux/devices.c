/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device nodes and links of /dev (config-linux.md#devices, #default-devices, #dev-symbolic-links; runtime-linux.md): made
 * below one descriptor of the container's /dev, through no symbolic link (CVE-2026-41579, CVE-2026-47766). Where mknod(2) is
 * not allowed the host's node is bound in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

struct node {
	const char *path; /* cleaned */
	mode_t type;	  /* S_IFCHR, S_IFBLK, S_IFIFO */
	unsigned major, minor;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool exact; /* mode or owner were asked for */
};

static const struct node default_nodes[] = {
	{ .path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0666 },
	{ .path = "/dev/zero", .type = S_IFCHR, .major = 1, .minor = 5, .mode = 0666 },
	{ .path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 7, .mode = 0666 },
	{ .path = "/dev/random", .type = S_IFCHR, .major = 1, .minor = 8, .mode = 0666 },
	{ .path = "/dev/urandom", .type = S_IFCHR, .major = 1, .minor = 9, .mode = 0666 },
	{ .path = "/dev/tty", .type = S_IFCHR, .major = 5, .minor = 0, .mode = 0666 },
};

static char type_letter(mode_t type)
{
	return type == S_IFBLK ? 'b' : type == S_IFIFO ? 'p' : 'c';
}

/* A host directory bound on /dev comes with its own nodes, and ours would be made on the host. */
static bool dev_is_bound(const struct plan *p)
{
	bool bound = false;

	for (size_t i = 0; i < p->mounts.n; i++) {
		if (strcmp(p->mounts.v[i].dest, "/dev") == 0 &&
		    p->mounts.v[i].kind != PLAN_MOUNT_REMOUNT)
			bound = p->mounts.v[i].kind == PLAN_MOUNT_BIND;
	}
	return bound;
}

/* PATH is cleaned. */
static bool is_below_dev(const char *path)
{
	const char *below = path_below(path, "/dev");

	return below && *below;
}

static bool has_mount_at(const struct plan *p, const char *dest)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (strcmp(p->mounts.v[i].dest, dest) == 0)
			return true;
	}
	return false;
}

/* The same, for a directory that got on /dev by a symbolic link of the image, or was there in the root file system. 1, 0 or -errno. */
static int dev_is_strange(struct run *r, struct err *e)
{
	int dev = mount_dev(r, e);

	return dev < 0 ? dev : !has_mount_at(r->plan, "/dev") && sys_is_mount_root(dev) > 0;
}

/* ---- where it goes ---- */

static void close_below(int dev, int fd)
{
	if (fd != dev)
		close_fd(fd);
}

/* Below /dev no symbolic link is followed; directories that are missing are made. DEV itself, or a new descriptor. */
static int open_below_dev(int dev, const char *below, const char **name)
{
	int fd = dev;

	for (const char *slash; (slash = strchr(below, '/')); below = slash + 1) {
		char dir[NAME_MAX + 1];
		size_t n = (size_t)(slash - below);
		int next, r;

		if (n > NAME_MAX || (n == 2 && below[0] == '.' && below[1] == '.')) {
			close_below(dev, fd);
			return n == 2 ? -EINVAL : -ENAMETOOLONG;
		}
		memcpy(dir, below, n);
		dir[n] = '\0';
		r = host_mkdirat(fd, dir, 0755);
		next = r < 0 && r != -EEXIST
			       ? r
			       : sys_openat(fd, dir, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		close_below(dev, fd);
		if (next < 0)
			return next;
		fd = next;
	}
	*name = below;
	return fd;
}

/* The directory and the NAME in it. *OWNED is the directory if it is for the caller to close. */
static int open_parent(struct run *r, const struct node *n, const char **name, int *owned,
		       struct err *e)
{
	const char *below = path_below(n->path, "/dev");
	int fd, ret;

	if (below && *below) {
		int dev = mount_dev(r, e);

		if (dev < 0)
			return dev;
		fd = open_below_dev(dev, below, name);
		*owned = fd == dev ? -EBADF : fd;
	} else {
		ret = rootdir_parent(&r->root, n->path, true, &fd, name);
		fd = ret < 0 ? ret : fd;
		*owned = fd;
	}
	if (fd >= 0)
		return fd;
	err_sys(e, fd, "make the directory of device '%s'", n->path);
	return fd == -EINVAL && below
		       ? err_hint(e, "write it without '..', which devices below /dev can't have")
		       : hint_in_root(r, fd, e);
}

/* ---- what is there ---- */

static bool is_same(const struct stat *st, const struct node *n)
{
	if ((st->st_mode & S_IFMT) != n->type)
		return false;
	return n->type == S_IFIFO || st->st_rdev == makedev(n->major, n->minor);
}

static int differs(const struct node *n, const struct stat *st, struct err *e)
{
	mode_t type = st->st_mode & S_IFMT;

	if (type == S_IFCHR || type == S_IFBLK)
		err_set(e, ERR_BUNDLE, "'%s' exists and is device %c %u:%u, not %c %u:%u", n->path,
			type_letter(type), major(st->st_rdev), minor(st->st_rdev),
			type_letter(n->type), n->major, n->minor);
	else
		err_set(e, ERR_BUNDLE, "'%s' exists and is %s, not device %c %u:%u", n->path,
			type == S_IFDIR	  ? "a directory"
			: type == S_IFLNK ? "a symbolic link"
			: type == S_IFREG ? "a regular file"
					  : "a special file",
			type_letter(n->type), n->major, n->minor);
	return err_hint(e, "remove it from the root file system, or mount a tmpfs on /dev; a mount "
			   "whose destination is a symbolic link to it puts a file there, too");
}

/* ---- the host's node in place of a new one ---- */

/* By the name that the kernel itself gives it: where no udev runs there are no links by number. */
static int open_kernel_node(struct run *r, const struct node *n, const char *number)
{
	char from[80], uevent[1024], path[PATH_MAX];

	/* from the host's root, as host_device */
	snprintf(from, sizeof(from), "sys/dev/%s/uevent", number);
	int ret = host_read_small(r->old_root, from, uevent, sizeof(uevent));
	if (ret < 0)
		return ret;
	const char *name = strstr(uevent, "\nDEVNAME=");
	if (!name)
		return -ENOENT;
	name += strlen("\nDEVNAME=");
	snprintf(path, sizeof(path), "/dev/%.*s", (int)strcspn(name, "\n"), name);
	return host_device(r, path, n->type, n->major, n->minor);
}

static int open_host_node(struct run *r, const struct node *n)
{
	char number[40], by_number[64];

	int fd = host_device(r, n->path, n->type, n->major, n->minor);
	if (fd >= 0)
		return fd;
	/* the device may have another name in the container; udev keeps links by number */
	snprintf(number, sizeof(number), "%s/%u:%u", n->type == S_IFBLK ? "block" : "char",
		 n->major, n->minor);
	snprintf(by_number, sizeof(by_number), "/dev/%s", number);
	fd = host_device(r, by_number, n->type, n->major, n->minor);
	return fd >= 0 ? fd : open_kernel_node(r, n, number);
}

/* Descriptor of an empty file to attach to, made if missing; -EEXIST when it is the device already. */
static int bind_target(const struct run *r, int dir, const char *name, const struct node *n,
		       struct err *e)
{
	struct stat st;

	int ret = rootdir_mknodat(dir, name, S_IFREG | 0644, 0, (uid_t)-1, (gid_t)-1);
	if (ret < 0 && ret != -EEXIST) {
		err_sys(e, ret, "make a place for device '%s'", n->path);
		return hint_in_root(r, ret, e);
	}
	auto_fd int fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_sys(e, fd, "open '%s'", n->path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '%s'", n->path);
	if (is_same(&st, n))
		return -EEXIST;
	/* an empty file is what an earlier run in a user namespace left behind */
	if (!S_ISREG(st.st_mode) || st.st_size > 0)
		return differs(n, &st, e);
	return TAKE_FD(fd);
}

static int bind_node(struct run *r, int dir, const char *name, const struct node *n, struct err *e)
{
	static const struct mount_flags plain = { 0 };
	char what[160];

	snprintf(what, sizeof(what), "bind the host's device to '%s'", n->path);
	if (!r->plan->root_mount) {
		err_sys(e, -EPERM, "make device '%s'", n->path);
		return err_hint(e, "without the capability MKNOD the host's node is bound, which "
				   "needs a mount namespace");
	}
	auto_fd int target = bind_target(r, dir, name, n, e);
	if (target < 0)
		return target == -EEXIST ? 0 : target;
	auto_fd int node = open_host_node(r, n);
	if (node < 0) {
		err_set(e, ERR_UNSUPPORTED,
			"device '%s' can't be made here, and the host has no such node to bind (%c "
			"%u:%u)",
			n->path, type_letter(n->type), n->major, n->minor);
		return err_hint(e, "mknod needs the capability MKNOD outside of user namespaces");
	}
	auto_fd int mnt = sys_open_tree_clone(node, false);
	if (mnt < 0)
		return err_sys(e, mnt, "%s", what);
	if (n->exact)
		run_warn(r, "device '%s' is the host's node: its mode and owner stay", n->path);
	return mount_place(r, mnt, target, &plain, what, e);
}

/* ---- one node ---- */

static int check_existing(int dir, const char *name, const struct node *n, struct err *e)
{
	struct stat st;

	auto_fd int fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_sys(e, fd, "open '%s'", n->path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '%s'", n->path);
	return is_same(&st, n) ? 0 : differs(n, &st, e);
}

static int make_node(struct run *r, const struct node *n, struct err *e)
{
	bool device = n->type != S_IFIFO;
	const char *name = "";

	auto_fd int owned = -EBADF;
	int dir = open_parent(r, n, &name, &owned, e);
	if (dir < 0)
		return dir;
	/* in a user namespace mknod of a device is always refused */
	if (device && r->plan->user_ns)
		return bind_node(r, dir, name, n, e);
	int ret = rootdir_mknodat(dir, name, n->type | n->mode, makedev(n->major, n->minor), n->uid,
				  n->gid);
	if (ret == -EEXIST)
		return check_existing(dir, name, n, e);
	if (ret == -EPERM && device)
		return bind_node(r, dir, name, n, e);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "make device '%s'", n->path);
	return ret == -EINVAL ? err_hint(e, "its owner or number is not possible here")
			      : hint_in_root(r, ret, e);
}

static int node_of(const struct spec_device *d, struct node *n, char *path, size_t size)
{
	int r = path_clean(path, size, d->path);

	*n = (struct node){
		.path = path,
		.type = d->type == 'b'	 ? S_IFBLK
			: d->type == 'p' ? S_IFIFO
					 : S_IFCHR,
		.major = (unsigned)d->major,
		.minor = (unsigned)d->minor,
		.mode = d->has_mode ? d->mode : 0666,
		.uid = d->has_uid ? d->uid : 0,
		.gid = d->has_gid ? d->gid : 0,
		.exact = d->has_mode || d->has_uid || d->has_gid,
	};
	return r;
}

/* Where it is bound, a node may be there by a link of udev's. */
static void look_for_bound(struct run *r, const struct node *n)
{
	struct stat st;

	auto_fd int fd = rootdir_open_path(&r->root, n->path, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		run_warn(r, "device '%s' is not there: none is made in what is bound on /dev",
			 n->path);
	else if (!is_same(&st, n))
		run_warn(r, "'%s' is not device %c %u:%u: none is made in what is bound on /dev",
			 n->path, type_letter(n->type), n->major, n->minor);
}

/* ---- dev.nodes ---- */

static bool is_configured(const struct plan *p, const char *path)
{
	char clean[PATH_MAX];

	for (size_t i = 0; i < p->spec->lnx->devices.n; i++) {
		if (path_clean(clean, sizeof(clean), p->spec->lnx->devices.v[i].path) >= 0 &&
		    strcmp(clean, path) == 0)
			return true;
	}
	return false;
}

static int make_default_nodes(struct run *r, struct err *e)
{
	for (size_t i = 0; i < N_ELEMENTS(default_nodes); i++) {
		/* a device of the config has its own mode; a mount on the path its own node */
		if (is_configured(r->plan, default_nodes[i].path) ||
		    has_mount_at(r->plan, default_nodes[i].path))
			continue;
		int ret = make_node(r, &default_nodes[i], e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int nodes(struct run *r, struct err *e)
{
	int bound = dev_is_bound(r->plan) ? 1 : dev_is_strange(r, e);
	if (bound < 0)
		return bound;
	int ret = bound ? 0 : make_default_nodes(r, e);

	for (size_t i = 0; i < r->plan->spec->lnx->devices.n && ret >= 0; i++) {
		char path[PATH_MAX];
		struct node n;

		ret = node_of(&r->plan->spec->lnx->devices.v[i], &n, path, sizeof(path));
		if (ret < 0)
			err_set(e, ERR_SPEC, "the path of the device is too long");
		else if (bound && is_below_dev(n.path))
			look_for_bound(r, &n);
		else
			ret = make_node(r, &n, e);
		if (ret < 0)
			err_at(e, "$.linux.devices[%zu]", i);
	}
	return ret;
}

static bool nodes_apply(const struct plan *p)
{
	return !dev_is_bound(p) || p->spec->lnx->devices.n > 0;
}

static void explain_node(const struct node *n, struct buf *out)
{
	buf_addf(out, "%s %c", n->path, type_letter(n->type));
	if (n->type != S_IFIFO)
		buf_addf(out, " %u:%u", n->major, n->minor);
	buf_addf(out, " mode %04o owner %u:%u\n", n->mode, n->uid, n->gid);
}

static void nodes_explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < N_ELEMENTS(default_nodes) && !dev_is_bound(p); i++) {
		if (!is_configured(p, default_nodes[i].path) &&
		    !has_mount_at(p, default_nodes[i].path))
			explain_node(&default_nodes[i], out);
	}
	for (size_t i = 0; i < p->spec->lnx->devices.n; i++) {
		char path[PATH_MAX];
		struct node n;

		if (node_of(&p->spec->lnx->devices.v[i], &n, path, sizeof(path)) < 0)
			continue;
		if (dev_is_bound(p) && is_below_dev(n.path))
			buf_addf(out, "%s as it is in what is bound on /dev\n", n.path);
		else
			explain_node(&n, out);
	}
	if (p->user_ns)
		buf_adds(out, "by binding the host's nodes\n");
}

const struct step step_dev_nodes = {
	.name = "dev.nodes",
	.what = "make the default devices and linux.devices",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = nodes_apply,
	.run = nodes,
	.explain = nodes_explain,
};

/* ---- dev.links ---- */

static const struct {
	const char *name, *target;
	const char *needs; /* made if this exists in the container */
} links[] = {
	{ "fd", "/proc/self/fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0", "/proc/self/fd" },
	{ "stdout", "/proc/self/fd/1", "/proc/self/fd" },
	{ "stderr", "/proc/self/fd/2", "/proc/self/fd" },
	{ "core", "/proc/kcore", "/proc/kcore" },
};

static int link_failed(const struct run *run, const char *name, int r, struct err *e)
{
	err_sys(e, r, "make the link '/dev/%s'", name);
	return hint_in_root(run, r, e);
}

static bool exists(const struct run *r, const char *path)
{
	auto_fd int fd = rootdir_open_path(&r->root, path, 0);

	return fd >= 0;
}

static int make_links(struct run *r, int dev, struct err *e)
{
	const char *needs = "";
	bool there = false;

	for (size_t i = 0; i < N_ELEMENTS(links); i++) {
		if (strcmp(links[i].needs, needs) != 0) {
			needs = links[i].needs;
			there = exists(r, needs);
		}
		if (!there)
			continue;
		int ret = rootdir_symlinkat(dev, links[i].target, links[i].name);
		if (ret == -EEXIST)
			run_warn(r, "'/dev/%s' exists in the root file system and is left as it is",
				 links[i].name);
		else if (ret < 0)
			return link_failed(r, links[i].name, ret, e);
	}
	return 0;
}

/* A node 5:2 beside "pts" does the same as the link (Linux 4.7), so it may stay. */
static bool is_ptmx_node(int dev)
{
	auto_fd int fd = sys_openat(dev, "ptmx", O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2);
}

static int make_ptmx(struct run *r, int dev, struct err *e)
{
	if (has_mount_at(r->plan, "/dev/ptmx"))
		return 0;
	int ret = rootdir_symlinkat(dev, "pts/ptmx", "ptmx");
	if (ret != -EEXIST)
		return ret < 0 ? link_failed(r, "ptmx", ret, e) : 0;
	if (is_ptmx_node(dev))
		return 0;
	/* what an image has by this name, a file or another link, gives no terminals; only the name in our /dev goes */
	ret = host_unlink(dev, "ptmx", false);
	if (ret >= 0)
		ret = rootdir_symlinkat(dev, "pts/ptmx", "ptmx");
	return ret < 0 ? link_failed(r, "ptmx", ret, e) : 0;
}

static int make_all_links(struct run *r, struct err *e)
{
	int ret = dev_is_strange(r, e);

	if (ret)
		return MIN(ret, 0);
	int dev = mount_dev(r, e);
	ret = make_links(r, dev, e);
	return ret < 0 ? ret : make_ptmx(r, dev, e);
}

static bool links_apply(const struct plan *p)
{
	return !dev_is_bound(p);
}

static void links_explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < N_ELEMENTS(links); i++)
		buf_addf(out, "/dev/%s -> %s if it exists\n", links[i].name, links[i].target);
	if (!has_mount_at(p, "/dev/ptmx"))
		buf_adds(out, "/dev/ptmx -> pts/ptmx\n");
}

const struct step step_dev_links = {
	.name = "dev.links",
	.what = "make the links of /dev",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = links_apply,
	.run = make_all_links,
	.explain = links_explain,
};

/* ---- dev.null-host ---- */

/* Taken and known before anything of the container is (CVE-2025-31133). */
static int dev_null_host(struct run *r, struct err *e)
{
	struct stat st;

	auto_fd int fd = sys_open("/dev/null", O_RDWR | O_NOCTTY, 0);
	if (fd < 0)
		return err_sys(e, fd, "open the host's /dev/null");
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at the host's /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(e, ERR_DENIED, "the host's /dev/null is not the null device");
	r->dev_null = TAKE_FD(fd);
	return 0;
}

static void dev_null_host_undo(struct run *r)
{
	close_fd(TAKE_FD(r->dev_null));
}

const struct step step_dev_null_host = {
	.name = "dev.null-host",
	.what = "open the host's /dev/null and check it",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.run = dev_null_host,
	.undo = dev_null_host_undo,
};
