/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process's terminal (config.md#process terminal, consoleSize): a pty of the container's own devpts, its slave known by
 * TIOCGPTPEER and bound on /dev/console by descriptor (CVE-2025-52565, CVE-2026-88264), its master sent to the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/util.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* Linux 4.13 */
#endif

/* ---- the pty ---- */

static int no_devpts(struct err *e, const char *found)
{
	err_set(e, ERR_BUNDLE, "process.terminal needs a devpts on /dev/pts in the container: %s",
		found);
	err_hint(e, "add a mount of type devpts on /dev/pts with options newinstance and "
		    "ptmxmode=0666");
	return err_at(e, "$.process.terminal");
}

/* The multiplexer of a devpts in the container's tree and nothing else that has its name. */
static int find_ptmx(const struct rootdir *root, struct err *e)
{
	struct statfs sfs;
	struct stat st;

	auto_fd int fd = rootdir_open_path(root, "/dev/pts/ptmx", 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return no_devpts(e, "there is no /dev/pts/ptmx");
	if (fd < 0)
		return err_sys(e, fd, "open '/dev/pts/ptmx'");
	if (fstatfs(fd, &sfs) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '/dev/pts/ptmx'");
	if (sfs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return no_devpts(e, "what is there is none");
	return TAKE_FD(fd);
}

/* The node next to a devpts opens it, too: a host's devpts, bound in with /dev, has a ptmx that is nobody's. */
static int find_node_beside(const struct rootdir *root)
{
	struct stat st;

	auto_fd int fd = rootdir_open_path(root, "/dev/ptmx", 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2) ? TAKE_FD(fd) : -ENODEV;
}

/* By /proc/self/fd: what was looked at is what is opened. */
static int open_found(int self_fds, int path)
{
	char number[16];

	if (path < 0)
		return path;
	snprintf(number, sizeof(number), "%d", path);
	return sys_openat(self_fds, number, O_RDWR | O_NOCTTY, 0);
}

static int open_ptmx(struct run *r, const struct rootdir *root, struct err *e)
{
	auto_fd int path = find_ptmx(root, e);
	if (path < 0)
		return path;
	auto_fd int self_fds = proc_open_self_fds(&r->proc);
	if (self_fds < 0)
		return err_sys(e, self_fds, "open /proc/self/fd");
	int fd = open_found(self_fds, path);
	if (fd == -EACCES) {
		auto_fd int beside = find_node_beside(root);
		int second = open_found(self_fds, beside);
		fd = second >= 0 ? second : fd;
	}
	if (fd >= 0)
		return fd;
	err_sys(e, fd, "open '/dev/pts/ptmx'");
	return fd == -EACCES ? err_hint(e, "mount the devpts with ptmxmode=0666, and without nodev")
			     : fd;
}

static int open_slave(int master, struct err *e)
{
	int unlock = 0;

	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, -errno, "unlock the terminal");
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, -errno, "open the terminal's slave") : fd;
}

static int set_size(const struct spec_process *p, int master, struct err *e)
{
	struct winsize size = { 0 };

	if (!p->has_console_size)
		return 0;
	size.ws_row = (unsigned short)MIN(p->console_height, 0xffffu);
	size.ws_col = (unsigned short)MIN(p->console_width, 0xffffu);
	if (ioctl(master, TIOCSWINSZ, &size) < 0) {
		err_sys(e, -errno, "set the terminal's size");
		return err_at(e, "$.process.consoleSize");
	}
	return 0;
}

/* The user may then open it anew (/dev/stdout); the group is devpts' choice. */
static int give_to_user(struct run *r, int slave, struct err *e)
{
	uid_t uid = r->plan->creds.uid;
	struct stat st;

	if (fstat(slave, &st) < 0)
		return err_sys(e, -errno, "look at the terminal");
	if (st.st_uid == uid || fchown(slave, uid, (gid_t)-1) == 0)
		return 0;
	return err_sys(e, -errno, "give the terminal to user %u", uid);
}

/* ---- /dev/console ---- */

static int console_target(const struct run *r, int dev, struct err *e)
{
	struct stat st;

	int ret = rootdir_mknodat(dev, "console", S_IFREG | 0600, 0, (uid_t)-1, (gid_t)-1);
	if (ret < 0 && ret != -EEXIST) {
		err_sys(e, ret, "make '/dev/console'");
		return hint_in_root(r, ret, e);
	}
	auto_fd int fd = sys_openat(dev, "console", O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_sys(e, fd, "open '/dev/console'");
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '/dev/console'");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode)) {
		err_set(e, ERR_BUNDLE, "'/dev/console' in the root file system is a %s",
			S_ISLNK(st.st_mode) ? "symbolic link" : "directory");
		return err_hint(e, "remove it, or mount a tmpfs on /dev");
	}
	return TAKE_FD(fd);
}

static int bind_console(struct run *r, int slave, struct err *e)
{
	static const struct mount_flags plain = { 0 };

	int dev = mount_dev(r, e);
	if (dev < 0)
		return dev;
	auto_fd int target = console_target(r, dev, e);
	if (target < 0)
		return target;
	auto_fd int mnt = sys_open_tree_clone(slave, false);
	if (mnt < 0)
		return err_sys(e, mnt, "clone the terminal for '/dev/console'");
	return mount_place(r, mnt, target, &plain, "bind the terminal to '/dev/console'", e);
}

/* ---- console.open ---- */

static int take_terminal(const struct plan *p, int slave, struct err *e)
{
	/* else session.own does: a controlling terminal does not survive its session's leader */
	if (!p->fork.clone_last && ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, -errno, "make the terminal the controlling one");
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(slave, fd) < 0)
			return err_sys(e, -errno, "make the terminal descriptor %d", fd);
	}
	return 0;
}

static int send_master(struct run *r, int master, struct err *e)
{
	char name[32];
	int number;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(e, -errno, "ask the terminal's number");
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	return chan_ask(&r->chan, MSG_CONSOLE, name, strlen(name), &master, 1, NULL, e);
}

/* Before the pivot the root is known by descriptor; an exec'ed process is in it already. */
static int open_in_root(struct run *r, struct err *e)
{
	if (r->root.fd >= 0)
		return open_ptmx(r, &r->root, e);
	struct rootdir here = { .fd = sys_open("/", O_PATH | O_DIRECTORY, 0) };
	int fd = here.fd < 0 ? err_sys(e, here.fd, "open '/'") : open_ptmx(r, &here, e);
	close_fd(here.fd);
	return fd;
}

static int run(struct run *r, struct err *e)
{
	auto_fd int master = open_in_root(r, e);
	if (master < 0)
		return master;
	auto_fd int slave = open_slave(master, e);
	if (slave < 0)
		return slave;
	int ret = set_size(r->plan->process, master, e);
	if (ret >= 0)
		ret = give_to_user(r, slave, e);
	if (ret >= 0 && r->plan->opts.use != FOR_EXEC && r->plan->root_mount)
		ret = bind_console(r, slave, e);
	if (ret >= 0)
		ret = take_terminal(r->plan, slave, e);
	return ret < 0 ? ret : send_master(r, master, e);
}

static bool applies(const struct plan *p)
{
	return p->terminal;
}

static void explain(const struct plan *p, struct buf *out)
{
	if (p->process->has_console_size)
		buf_addf(out, "size %" PRIu64 "x%" PRIu64 "\n", p->process->console_width,
			 p->process->console_height);
	buf_addf(out, "owner %u\n", p->creds.uid);
	if (p->opts.use != FOR_EXEC && p->root_mount)
		buf_adds(out, "bound to /dev/console\n");
}

const struct step step_console_open = {
	.name = "console.open",
	.what = "open a terminal of the container and make it standard input, output and error",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
