/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts of a container that runs, as crun's `mounts add` and `mounts remove` (experimental there). The container's processes are hostile and
 * change its tree meanwhile. So what is a path of the host's (sources, devices of file systems) is opened before the container's namespaces are
 * entered; destinations are looked up below the root of init by descriptors; and what is taken off is known by the mount's id, not by the path
 * alone: the container can bring another mount of its own there, one that masks /proc.
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
#include "linux/mounts_record.h"
#include "linux/namespaces.h"
#include "sys/raw.h"
#include "util/util.h"

struct live {
	const struct plan *plan;
	const struct buf *record;
	bool remove;
	struct run run;
	int *mounts; /* adding: detached, then attached; -EBADF: not yet */
	struct result *result;
};

/* What the child leaves in shared memory. */
struct result {
	int ret; /* UNDONE until the child has ended by itself */
	struct err e;
	size_t n; /* mounts that were made or taken off, by their ids: from the first, or from the last */
	uint64_t ids[];
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
		else if (m->kind == PLAN_MOUNT_FS && p->user_ns &&
			 strcmp(m->fstype, "overlay") == 0)
			err_set(e, ERR_UNSUPPORTED,
				"overlay has paths of the host, which can't be opened in a user "
				"namespace that runs");
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

/*
 * In whose namespaces a new file system is made: the source of most is a path, which the container could have put something else on. tmpfs and
 * mqueue have none, and are the container's own; in a user namespace the kernel takes none with a source but overlay.
 */
static bool made_outside(const struct plan *p, const struct plan_mount *m)
{
	static const char *const inside[] = { "tmpfs", "ramfs", "mqueue" };

	for (size_t i = 0; i < N_ELEMENTS(inside); i++) {
		if (strcmp(m->fstype, inside[i]) == 0)
			return false;
	}
	return !p->user_ns;
}

/* In the host's namespaces. */
static int open_sources(struct live *l, struct err *e)
{
	size_t n = l->plan->mounts.n;

	l->mounts = calloc(n ? n : 1, sizeof(*l->mounts));
	if (!l->mounts)
		return err_sys(e, -ENOMEM, "mounts");
	for (size_t i = 0; i < n; i++)
		l->mounts[i] = -EBADF;
	for (size_t i = 0; i < n && !l->remove; i++) {
		const struct plan_mount *m = &l->plan->mounts.v[i];
		bool bind = m->kind == PLAN_MOUNT_BIND;

		if (!bind && !made_outside(l->plan, m))
			continue;
		l->mounts[i] =
			bind ? mount_source_clone(&l->run, m, e) : mount_fs_detached(&l->run, m, e);
		if (l->mounts[i] < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static int enter(struct live *l, struct err *e)
{
	int r = proc_open(&l->run.proc);
	if (r < 0)
		return err_sys(e, r, "open /proc");
	r = mount_self_fds(&l->run, e);
	if (r >= 0)
		r = ns_enter(&l->run, CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWIPC, e);
	if (r < 0)
		return r;
	l->run.root.fd = sys_open("/", O_PATH | O_DIRECTORY, 0);
	if (l->run.root.fd < 0)
		return err_sys(e, l->run.root.fd, "open the container's root");
	return 0;
}

static int open_place(const struct live *l, const struct plan_mount *m)
{
	return rootdir_open_path(&l->run.root, m->dest, m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
}

static int not_mounted(const struct plan_mount *m, struct err *e)
{
	err_sys(e, -EINVAL, "unmount '%s': nothing is mounted there", m->dest);
	return err_hint(
		e, "what `mounts add` made has been taken off, or moved with a directory above "
		   "it");
}

/* Is FD the root of a mount that was added? Its id is kept for the record. */
static int check_added(struct live *l, const struct plan_mount *m, int fd, uint64_t *id,
		       struct err *e)
{
	if (sys_is_mount_root(fd) == 0)
		return not_mounted(m, e);
	int r = mounts_record_id(fd, id);
	if (r < 0)
		return err_sys(e, r, "unmount '%s': tell the mount", m->dest);
	if (mounts_record_has(l->record, *id, m->dest))
		return 0;
	err_set(e, ERR_STATE, "unmount '%s': what is mounted there was not made by `mounts add`",
		m->dest);
	return err_hint(e, "mounts of config.json stay; a process of the container may have put "
			   "one of them there by a link or by renaming a directory");
}

/* Before the first of them is changed. A destination that is missing will be made, or is in a mount that will be added. */
static int check_place(struct live *l, const struct plan_mount *m, struct err *e)
{
	uint64_t id;

	auto_fd int fd = open_place(l, m);
	if (fd < 0)
		return l->remove ? err_sys(e, fd, "unmount '%s'", m->dest) : 0;
	if (mount_is_same(fd, l->run.root.fd)) /* "/..", or a link of the image to "/" */
		return root_stays(e);
	return l->remove ? check_added(l, m, fd, &id, e) : 0;
}

static int check_places(struct live *l, struct err *e)
{
	for (size_t i = 0; i < l->plan->mounts.n; i++) {
		if (check_place(l, &l->plan->mounts.v[i], e) < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static void note(struct live *l, uint64_t id)
{
	l->result->ids[l->result->n++] = id;
}

static int take_off(struct live *l, const struct plan_mount *m, struct err *e)
{
	uint64_t id;

	int self_fds = mount_self_fds(&l->run, e);
	if (self_fds < 0)
		return self_fds;
	auto_fd int fd = open_place(l, m);
	if (fd < 0)
		return err_sys(e, fd, "unmount '%s'", m->dest);
	int r = check_added(l, m, fd, &id, e);
	if (r < 0)
		return r;
	r = sys_umount_on_fd(self_fds, fd);
	if (r < 0)
		return err_sys(e, r, "unmount '%s'", m->dest);
	note(l, id);
	return 0;
}

static int remove_all(struct live *l, struct err *e)
{
	for (size_t i = l->plan->mounts.n; i-- > 0;) {
		if (take_off(l, &l->plan->mounts.v[i], e) < 0)
			return err_at(e, "$.mounts[%zu]", i);
	}
	return 0;
}

static int add_one(struct live *l, size_t i, struct err *e)
{
	const struct plan_mount *m = &l->plan->mounts.v[i];
	uint64_t id;

	int r = m->kind == PLAN_MOUNT_BIND ? mount_source_attach(&l->run, m, l->mounts[i], e)
					   : mount_fs_attach(&l->run, m, &l->mounts[i], e);
	if (r < 0)
		return r;
	r = mounts_record_id(l->mounts[i], &id);
	if (r < 0)
		return err_sys(e, r, "mount on '%s': tell the mount", m->dest);
	note(l, id);
	return 0;
}

static int add_all(struct live *l, struct err *e)
{
	struct err ignored;
	size_t i, n = l->plan->mounts.n;
	int r = 0;

	for (i = 0; r >= 0 && i < n; i++) {
		if (add_one(l, i, e) < 0)
			r = err_at(e, "$.mounts[%zu]", i);
	}
	int self_fds = mount_self_fds(&l->run, r < 0 ? &ignored : e);
	if (r >= 0)
		r = self_fds < 0 ? self_fds : mount_work_end(&l->run, e);
	if (r >= 0)
		return 0;
	l->result->n = 0;
	while (i-- > 0)
		(void)sys_umount_on_fd(self_fds, l->mounts[i]);
	return r;
}

static NORETURN void work(struct live *l)
{
	struct err *e = &l->result->e;

	int r = open_sources(l, e);
	if (r >= 0)
		r = enter(l, e);
	if (r >= 0)
		r = check_places(l, e);
	if (r >= 0)
		r = l->remove ? remove_all(l, e) : add_all(l, e);
	l->result->ret = r < 0 ? r : 0;
	_exit(0);
}

static int in_child(struct live *l, struct err *e)
{
	int status;

	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, NULL);
	if (pid == 0)
		work(l);
	if (pid < 0)
		return err_sys(e, pid, "mounts");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (l->result->ret == UNDONE)
		return err_set(e, ERR_INTERNAL, "the child that mounts died");
	if (l->result->ret < 0)
		*e = l->result->e;
	return l->result->ret;
}

static void keep_record(const struct live *l, struct buf *record)
{
	const struct result *result = l->result;

	for (size_t i = 0; i < result->n; i++) {
		if (l->remove)
			mounts_record_drop(record, result->ids[i]);
		else
			mounts_record_add(record, result->ids[i], l->plan->mounts.v[i].dest);
	}
}

int mounts_live(const struct plan *p, int pidfd, bool remove, struct buf *record, struct err *e)
{
	size_t size = sizeof(struct result) + p->mounts.n * sizeof(uint64_t);
	struct live l = {
		.plan = p,
		.record = record,
		.remove = remove,
		.run = { .plan = p,
			 .chan = { .fd = -EBADF },
			 .proc = { .fd = -EBADF },
			 .root = { .fd = -EBADF },
			 .init_pidfd = pidfd,
			 .old_root = -EBADF },
	};

	for (int i = 0; i < NS_N; i++)
		l.run.ns_fds[i] = -EBADF;
	int r = check_kinds(p, e);
	if (r < 0)
		return r;
	l.result = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l.result == MAP_FAILED)
		return err_sys(e, -errno, "mounts");
	l.result->ret = UNDONE;
	r = in_child(&l, e);
	keep_record(&l, record);
	munmap(l.result, size);
	return r;
}
