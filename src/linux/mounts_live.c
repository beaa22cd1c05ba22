/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts of a container that runs, as crun's `mounts add` and `mounts remove` (experimental there). Sources are cloned into detached
 * mounts before the container's namespaces are entered (open_tree(2), setns(2)), destinations are looked up below the root of init by
 * descriptors: the container's processes are hostile, and change that tree meanwhile.
 */
#include "linux/mounts_live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/mounts.h"
#include "sys/creds.h"
#include "sys/raw.h"
#include "util/util.h"

struct live {
	const struct plan *plan;
	int pidfd;
	bool remove;
	struct run run;
	int *sources; /* detached mounts; -EBADF for new file systems */
};

/* What the child leaves in shared memory. */
struct result {
	int ret; /* UNDONE until the child has ended by itself */
	struct err e;
};
enum { UNDONE = 1 };

static int root_stays(struct err *e)
{
	return err_set(e, ERR_SPEC, "the root of a container that runs stays as it is");
}

static int check_kinds(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];
		bool bind = m->kind == PLAN_MOUNT_BIND && !m->uid_map && !m->copy_symlink;

		if (strcmp(m->dest, "/") == 0)
			root_stays(e);
		else if (!bind && !(m->kind == PLAN_MOUNT_FS && !m->uid_map))
			err_set(e, ERR_UNSUPPORTED,
				"only bind mounts and new file systems, without id mappings, can "
				"be "
				"added to a container that runs");
		else
			continue;
		return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

/* In the host's namespaces. */
static int open_sources(struct live *l, struct err *e)
{
	size_t n = l->plan->mounts.n;

	l->sources = calloc(n ? n : 1, sizeof(*l->sources));
	if (!l->sources)
		return err_sys(e, -ENOMEM, "mounts");
	for (size_t i = 0; i < n; i++) {
		const struct plan_mount *m = &l->plan->mounts.v[i];

		l->sources[i] = -EBADF;
		if (m->kind != PLAN_MOUNT_BIND || l->remove)
			continue;
		l->sources[i] = mount_source_clone(&l->run, m, e);
		if (l->sources[i] < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

/* Root of the container's user namespace owns what is made there. */
static int become_root(struct err *e)
{
	int r = sys_setresgid(0);

	if (r >= 0)
		r = sys_setresuid(0);
	return r < 0 ? err_sys(e, r, "become root of the container's user namespace") : 0;
}

static int enter(struct live *l, struct err *e)
{
	bool user = l->plan->user_ns;

	int r = proc_open(&l->run.proc);
	if (r < 0)
		return err_sys(e, r, "open /proc");
	r = mount_self_fds(&l->run, e);
	if (r < 0)
		return r;
	r = sys_setns(l->pidfd, CLONE_NEWNS | (user ? CLONE_NEWUSER : 0));
	if (r < 0)
		return err_sys(e, r, "enter the container's mount namespace");
	/* setns(2) makes what is on top of the namespace's root ours, with --no-pivot too */
	l->run.root.fd = sys_open("/", O_PATH | O_DIRECTORY, 0);
	if (l->run.root.fd < 0)
		return err_sys(e, l->run.root.fd, "open the container's root");
	return user ? become_root(e) : 0;
}

static int open_place(const struct live *l, const struct plan_mount *m)
{
	return rootdir_open_path(&l->run.root, m->dest, m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
}

/* "/..", or a link of the image to "/" */
static bool is_root(const struct live *l, int fd)
{
	uint64_t root, id;
	struct stat a, b;

	if (fstat(l->run.root.fd, &a) < 0 || fstat(fd, &b) < 0 || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino)
		return false;
	/* the same directory bound to another place is another mount */
	return sys_mount_id(l->run.root.fd, &root) < 0 || sys_mount_id(fd, &id) < 0 || root == id;
}

static int not_mounted(const struct plan_mount *m, struct err *e)
{
	err_sys(e, -EINVAL, "unmount '%s'", m->dest);
	return err_hint(e, "nothing is mounted there, or it came with the container's "
			   "namespace and is locked");
}

/* Before the first of them is changed. A destination that is missing will be made, or is in a mount that will be added. */
static int check_place(const struct live *l, const struct plan_mount *m, struct err *e)
{
	auto_fd int fd = open_place(l, m);

	if (fd < 0)
		return l->remove ? err_sys(e, fd, "unmount '%s'", m->dest) : 0;
	if (is_root(l, fd))
		return root_stays(e);
	return l->remove && sys_is_mount_root(fd) == 0 ? not_mounted(m, e) : 0;
}

static int check_places(const struct live *l, struct err *e)
{
	for (size_t i = 0; i < l->plan->mounts.n; i++) {
		if (check_place(l, &l->plan->mounts.v[i], e) < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static int take_off(struct live *l, const struct plan_mount *m, struct err *e)
{
	int self_fds = mount_self_fds(&l->run, e);

	if (self_fds < 0)
		return self_fds;
	auto_fd int fd = open_place(l, m);
	if (fd >= 0 && is_root(l, fd))
		return root_stays(e);
	int r = fd < 0 ? fd : sys_umount_on_fd(self_fds, fd);
	if (r == -EINVAL)
		return not_mounted(m, e);
	return r < 0 ? err_sys(e, r, "unmount '%s'", m->dest) : 0;
}

static int add_all(struct live *l, struct err *e)
{
	struct err ignored;

	for (size_t i = 0; i < l->plan->mounts.n; i++) {
		const struct plan_mount *m = &l->plan->mounts.v[i];
		int r = m->kind == PLAN_MOUNT_BIND
				? mount_source_attach(&l->run, m, l->sources[i], e)
				: mount_fs(&l->run, m, e);

		if (r >= 0)
			continue;
		while (i-- > 0)
			(void)take_off(l, &l->plan->mounts.v[i], &ignored);
		return err_at(e, "$.mounts[%zu]", (size_t)(m - l->plan->mounts.v));
	}
	return mount_work_end(&l->run, e);
}

static int remove_all(struct live *l, struct err *e)
{
	for (size_t i = l->plan->mounts.n; i-- > 0;) {
		if (take_off(l, &l->plan->mounts.v[i], e) < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static NORETURN void work(struct live *l, struct result *result)
{
	struct err *e = &result->e;

	int r = open_sources(l, e);
	if (r >= 0)
		r = enter(l, e);
	if (r >= 0)
		r = check_places(l, e);
	if (r >= 0)
		r = l->remove ? remove_all(l, e) : add_all(l, e);
	result->ret = r < 0 ? r : 0;
	_exit(0);
}

static int in_child(struct live *l, struct result *result, struct err *e)
{
	int status;

	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, NULL);
	if (pid == 0)
		work(l, result);
	if (pid < 0)
		return err_sys(e, pid, "mounts");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (result->ret == UNDONE)
		return err_set(e, ERR_INTERNAL, "the child that mounts died");
	if (result->ret < 0)
		*e = result->e;
	return result->ret;
}

int mounts_live(const struct plan *p, int pidfd, bool remove, struct err *e)
{
	struct live l = {
		.plan = p,
		.pidfd = pidfd,
		.remove = remove,
		.run = { .plan = p,
			 .chan = { .fd = -EBADF },
			 .proc = { .fd = -EBADF },
			 .root = { .fd = -EBADF },
			 .old_root = -EBADF },
	};

	int r = check_kinds(p, e);
	if (r < 0)
		return r;
	struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		return err_sys(e, -errno, "mounts");
	result->ret = UNDONE;
	r = in_child(&l, result, e);
	munmap(result, sizeof(*result));
	return r;
}
