/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Namespaces joined by path and those made by unshare: the first child's work (config-linux.md#namespaces). Which process
 * does what is decided in engine/forkplan.c; what one clone3 makes is made in core. setns(2), ioctl_ns(2),
 * user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/namespaces.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/cleanup.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

static const char *const files[NS_N] = {
	[NS_PID] = "pid", [NS_NETWORK] = "net", [NS_MOUNT] = "mnt",	[NS_IPC] = "ipc",
	[NS_UTS] = "uts", [NS_USER] = "user",	[NS_CGROUP] = "cgroup", [NS_TIME] = "time",
};

/* The pid namespace comes last: once it is joined, our children can be seen from inside (CVE-2016-9962). The user
 * namespace is apart: see run_user(). */
static const enum spec_ns join_order[] = { NS_NETWORK, NS_IPC,	 NS_UTS, NS_CGROUP,
					   NS_TIME,    NS_MOUNT, NS_PID };

const char *ns_file(enum spec_ns kind)
{
	return files[kind];
}

int ns_set_dumpable(bool on, struct err *e)
{
	return prctl(PR_SET_DUMPABLE, on, 0, 0, 0) < 0 ? err_sys(e, -errno, "PR_SET_DUMPABLE") : 0;
}

int ns_ask_parent(struct run *r, enum msg type, struct err *e)
{
	bool expose = r->plan->facts->uid != 0 || r->plan->facts->in_userns;
	struct err ignored;

	int ret = expose ? ns_set_dumpable(true, e) : 0;
	if (ret >= 0)
		ret = chan_ask(&r->chan, type, NULL, 0, NULL, 0, NULL, e);
	if (!expose)
		return ret;
	return ret < 0 ? (ns_set_dumpable(false, &ignored), ret) : ns_set_dumpable(false, e);
}

int ns_become_root(struct err *e)
{
	int r = 0;

	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		r = -errno;
	if (r == -EINVAL) {
		err_sys(e, r, "become root of the user namespace");
		return err_hint(e, "its id maps must contain uid 0 and gid 0");
	}
	if (r < 0)
		return err_sys(e, r, "become root of the user namespace");
	/* A change of ids sets it to fs.suid_dumpable, which need not be 0. */
	return ns_set_dumpable(false, e);
}

pid_t ns_asking_pid(const struct run *r)
{
	return r->init.pid > 0 ? r->init.pid : r->first.pid;
}

static const char *make_hint(int r, uint64_t flags)
{
	switch (r) {
	case -EPERM:
		return flags & CLONE_NEWUSER
			       ? "the kernel makes none inside a chroot, and they may be switched "
				 "off: see kernel.unprivileged_userns_clone, "
				 "kernel.apparmor_restrict_unprivileged_userns, or an outer "
				 "seccomp filter"
			       : "CAP_SYS_ADMIN is needed: ordinary users add a user namespace";
	case -EINVAL:
		return "this kernel may have been built without that kind of namespace";
	case -ENOSPC:
	case -EUSERS:
		return "a limit in /proc/sys/user/max_*_namespaces or 32 nested levels are reached";
	default:
		return "";
	}
}

int ns_make_err(struct err *e, int r, uint64_t flags)
{
	auto_buf struct buf words = { 0 };

	ns_flags_text(flags, &words);
	err_sys(e, r, "make a new %s namespace", buf_str(&words));
	return err_hint(e, "%s", make_hint(r, flags));
}

/* ---- ns.open ---- */

static enum spec_ns kind_of_flag(int flag)
{
	for (int i = 0; i < NS_N; i++) {
		if (ns_clone_flag(i) == flag)
			return i;
	}
	return NS_N;
}

static const char *open_hint(const char *path, int r)
{
	bool of_process = strncmp(path, "/proc/", 6) == 0;

	if (r == -ENOENT)
		return of_process
			       ? "the process may have ended"
			       : "it must exist before create: `ip netns add` makes network ones";
	if (r == -EACCES || r == -EPERM)
		return of_process ? "opening a namespace of another user's process takes "
				    "CAP_SYS_PTRACE"
				  : "";
	return "";
}

int ns_open(const char *path, bool *not_ns)
{
	char again[48];
	struct statfs fs;

	*not_ns = false;
	auto_fd int fd = sys_open(path, O_PATH, 0);
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	*not_ns = (unsigned long)fs.f_type != NSFS_MAGIC;
	if (*not_ns)
		return -EINVAL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	return sys_open(again, O_RDONLY | O_NONBLOCK, 0);
}

static int check_type(int fd, const char *path, enum spec_ns kind, struct err *e)
{
	auto_buf struct buf want = { 0 };
	auto_buf struct buf is = { 0 };

	int type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return err_sys(e, -errno, "type of the namespace '%s'", path);
	if (type == ns_clone_flag(kind))
		return 0;
	ns_flags_text((uint64_t)ns_clone_flag(kind), &want);
	ns_flags_text((uint64_t)type, &is);
	err_set(e, ERR_SPEC, "'%s' is a %s namespace, not a %s namespace", path,
		kind_of_flag(type) < NS_N ? buf_str(&is) : "different kind of", buf_str(&want));
	return err_hint(e, "type and path must belong together");
}

static int open_joined(const struct spec_namespace *ns, enum spec_ns kind, struct err *e)
{
	bool not_ns;

	auto_fd int fd = ns_open(ns->path, &not_ns);
	if (not_ns) {
		err_set(e, ERR_SPEC, "'%s' is not a namespace", ns->path);
		return err_hint(e, "a file like those in /proc/PID/ns, or one of them "
				   "bind-mounted, is needed");
	}
	if (fd < 0) {
		err_sys(e, fd, "open the namespace '%s'", ns->path);
		return err_hint(e, "%s", open_hint(ns->path, fd));
	}
	int r = check_type(fd, ns->path, kind, e);
	return r < 0 ? r : TAKE_FD(fd);
}

/* Is FD the namespace KIND of the process PID? Without /proc/PID: no. */
static int is_that_of(const struct procfs *proc, int fd, enum spec_ns kind, pid_t pid)
{
	struct stat st;
	dev_t dev;
	ino_t ino;

	auto_fd int dir = proc_open_pid(proc, pid, "ns", O_PATH | O_DIRECTORY);
	int ret = dir < 0 ? dir : sys_stat_ids(dir, files[kind], &dev, &ino);
	if (ret >= 0 && fstat(fd, &st) < 0)
		ret = -errno;
	return ret < 0 ? ret : st.st_dev == dev && st.st_ino == ino;
}

/* The property that create sets in the container's namespace KIND; NULL: none. */
static const char *set_there(const struct spec *s, enum spec_ns kind)
{
	if (s->lnx->ns[kind].has_sysctl)
		return "linux.sysctl";
	return kind != NS_UTS  ? NULL
	       : s->hostname   ? "hostname"
	       : s->domainname ? "domainname"
			       : NULL;
}

/* 1 when FD is the namespace that we are in, 0 when it is another. A path to the host's is no namespace of the container's, in which
 * something could be set: engines give one for the host's network. */
static int check_own(const struct procfs *proc, const struct spec *s, enum spec_ns kind, int fd,
		     bool create, struct err *e)
{
	int own = is_that_of(proc, fd, kind, getpid());
	const char *what = create ? set_there(s, kind) : NULL;

	if (own < 0)
		return err_sys(e, own, "compare namespaces");
	if (!own || !what)
		return own;
	err_set(e, ERR_SPEC,
		"%s would be set outside of the container: '%s' is the namespace ketch runs in",
		what, s->lnx->ns[kind].path);
	return err_hint(e, "leave the property out, or give the container a namespace of its own");
}

int ns_check_path(const struct spec *s, enum spec_ns kind, struct err *e)
{
	const struct spec_namespace *ns = &s->lnx->ns[kind];
	struct procfs proc;

	auto_fd int fd = open_joined(ns, kind, e);
	int r = fd;
	if (r >= 0 && (r = proc_open(&proc)) < 0)
		err_sys(e, r, "open /proc");
	if (r >= 0) {
		r = check_own(&proc, s, kind, fd, true, e);
		proc_close(&proc);
	}
	return r < 0 ? err_at(e, "$.linux.namespaces[%zu].path", ns->index) : 0;
}

static int open_one(struct run *r, enum spec_ns kind, struct err *e)
{
	const struct spec *s = r->plan->spec;
	const struct spec_namespace *ns = &s->lnx->ns[kind];
	bool create = r->plan->opts.use == FOR_CREATE;

	auto_fd int fd = open_joined(ns, kind, e);
	int own = fd < 0 ? fd : check_own(&r->proc, s, kind, fd, create, e);
	if (own < 0)
		return err_at(e, "$.linux.namespaces[%zu].path", ns->index);
	if (!own) /* joining one's own is -EINVAL (user), or -EPERM for nothing */
		r->ns_fds[kind] = TAKE_FD(fd);
	return 0;
}

static bool joins_by_path(const struct plan *p)
{
	return p->fork.join_flags != 0;
}

static int run_open(struct run *r, struct err *e)
{
	for (int i = 0; i < NS_N; i++) {
		int ret = r->plan->fork.join_flags & ns_clone_flag(i) ? open_one(r, i, e) : 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void undo_open(struct run *r)
{
	for (int i = 0; i < NS_N; i++)
		close_fd(TAKE_FD(r->ns_fds[i]));
}

static void explain_paths(const struct plan *p, struct buf *out)
{
	for (int i = 0; i < NS_N; i++) {
		const struct spec_namespace *ns = &p->spec->lnx->ns[i];

		if (p->fork.join_flags & ns_clone_flag(i) && ns->path)
			buf_addf(out, "%s %s\n", files[i], ns->path);
	}
}

const struct step step_ns_open = {
	.name = "ns.open",
	.what = "open the namespaces to join and check their types",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = joins_by_path,
	.run = run_open,
	.undo = undo_open,
	.explain = explain_paths,
};

/* ---- ns.join ---- */

static int join_err(struct run *r, enum spec_ns kind, int ret, struct err *e)
{
	const struct spec_namespace *ns = &r->plan->spec->lnx->ns[kind];
	auto_buf struct buf word = { 0 };

	ns_flags_text((uint64_t)ns_clone_flag(kind), &word);
	err_sys(e, ret, "join the %s namespace%s%s", buf_str(&word), ns->path ? " " : "",
		ns->path ? ns->path : "");
	if (ret == -EPERM)
		err_hint(e, "it belongs to a user namespace in which ketch has no CAP_SYS_ADMIN: "
			    "join that user namespace too");
	if (ret == -EINVAL && kind == NS_PID)
		err_hint(e, "a pid namespace can be joined from itself and its ancestors only");
	return ns->path ? err_at(e, "$.linux.namespaces[%zu].path", ns->index) : err_errno(e);
}

static int join_one(struct run *r, enum spec_ns kind)
{
	int ret = sys_setns(r->ns_fds[kind], ns_clone_flag(kind));

	if (ret >= 0)
		close_fd(TAKE_FD(r->ns_fds[kind]));
	return ret;
}

/* Joins what is open still, but the user namespace. What we may not yet join stays open, unless this is the last go. */
static int join_pass(struct run *r, bool last, struct err *e)
{
	for (size_t i = 0; i < N_ELEMENTS(join_order); i++) {
		enum spec_ns kind = join_order[i];

		int ret = r->ns_fds[kind] >= 0 ? join_one(r, kind) : 0;
		if (ret < 0 && (last || ret != -EPERM))
			return join_err(r, kind, ret, e);
	}
	return 0;
}

static int join_user(struct run *r, struct err *e)
{
	if (r->ns_fds[NS_USER] < 0)
		return 0;
	int ret = join_one(r, NS_USER);
	return ret < 0 ? join_err(r, NS_USER, ret, e) : ns_become_root(e);
}

/* A process that is gone has no files in /proc: that is news about the container, not about /proc. */
static int init_ended(int ret, const char *what, struct err *e)
{
	if (ret == -ENOENT || ret == -ESRCH)
		return err_set(e, ERR_STATE,
			       "the container's init, or its first thread, has ended");
	return err_sys(e, ret, "%s", what);
}

/* The namespaces of the container's init (its directory /proc/PID/ns) that are not ours. */
static int differing(struct run *r, int theirs, struct err *e)
{
	int flags = 0;

	auto_fd int ours = proc_open_pid(&r->proc, getpid(), "ns", O_PATH | O_DIRECTORY);
	if (ours < 0)
		return err_sys(e, ours, "open our namespaces");
	for (int i = 0; i < NS_N; i++) {
		dev_t dev[2];
		ino_t ino[2];

		int ret = sys_stat_ids(ours, files[i], &dev[0], &ino[0]);
		if (ret == -ENOENT) /* a kind this kernel lacks */
			continue;
		if (ret >= 0)
			ret = sys_stat_ids(theirs, files[i], &dev[1], &ino[1]);
		if (ret < 0)
			return init_ended(ret, "look at the container's namespaces", e);
		if (dev[0] != dev[1] || ino[0] != ino[1])
			flags |= ns_clone_flag(i);
	}
	return flags;
}

/* setns(2) with a pidfd is of Linux 5.8; a seccomp filter around us may know it by files only. */
static int join_by_files(struct run *r, int theirs, int flags, struct err *e)
{
	for (int i = 0; i < NS_N; i++) {
		if (!(flags & ns_clone_flag(i)))
			continue;
		r->ns_fds[i] = sys_openat(theirs, files[i], O_RDONLY, 0);
		if (r->ns_fds[i] < 0)
			return err_sys(e, r->ns_fds[i], "open the container's %s namespace",
				       files[i]);
	}
	int ret = join_pass(r, !(flags & CLONE_NEWUSER), e);
	if (ret >= 0)
		ret = join_user(r, e);
	return ret < 0 ? ret : join_pass(r, true, e);
}

static int join_all(struct run *r, int theirs, int flags, struct err *e)
{
	int ret = flags ? sys_setns(r->init_pidfd, flags) : 0;

	if (ret == -EINVAL || ret == -ENOSYS || ret == -EBADF)
		return join_by_files(r, theirs, flags, e);
	if (ret == -EPERM) {
		err_sys(e, ret, "join the container's namespaces");
		return err_hint(e, "only root and the user who made the container may");
	}
	if (ret < 0)
		return err_sys(e, ret, "join the container's namespaces");
	return flags & CLONE_NEWUSER ? ns_become_root(e) : 0;
}

int ns_enter(struct run *r, int kinds, struct err *e)
{
	auto_fd int root = -EBADF;

	pid_t pid = sys_pidfd_getpid(r->init_pidfd);
	if (pid < 0)
		return init_ended(pid, "find the container's init", e);
	auto_fd int theirs = proc_open_pid(&r->proc, pid, "ns", O_PATH | O_DIRECTORY);
	if (theirs < 0)
		return init_ended(theirs, "open the container's namespaces", e);
	int flags = differing(r, theirs, e);
	if (flags < 0)
		return flags;
	flags &= kinds;
	/* setns(2) leads to the root of the mount namespace: not the container's where it is only chroot'ed, or was made
	 * by a ketch that was. */
	auto_fd int dir = proc_open_pid(&r->proc, pid, ".", O_PATH | O_DIRECTORY);
	root = dir < 0 ? dir : sys_openat(dir, "root", O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return init_ended(root, "open the container's root", e);
	/* Only now: the pid could have been another's before (the directories stay with their process). */
	int ret = sys_pidfd_send_signal(r->init_pidfd, 0);
	if (ret < 0)
		return init_ended(-ESRCH, "", e);
	ret = ns_set_dumpable(false, e);
	if (ret >= 0)
		ret = join_all(r, theirs, flags, e);
	if (ret < 0)
		return ret;
	ret = sys_fchdir(root);
	if (ret >= 0)
		ret = sys_chroot_here();
	return ret < 0 ? err_sys(e, ret, "enter the container's root") : 0;
}

static int run_join(struct run *r, struct err *e)
{
	if (r->plan->opts.use == FOR_EXEC)
		return ns_enter(r, -1, e);
	int ret = ns_set_dumpable(false, e);
	if (ret < 0)
		return ret;
	/* With a user namespace to come there is a second pass, with its capabilities (ns.user). */
	return join_pass(r, !r->plan->fork.new_userns && r->ns_fds[NS_USER] < 0, e);
}

static bool joins(const struct plan *p)
{
	return p->opts.use == FOR_EXEC || joins_by_path(p);
}

static void explain_join(const struct plan *p, struct buf *out)
{
	buf_adds(out, p->opts.use == FOR_EXEC ? "of-init " : "join ");
	ns_flags_text((uint64_t)p->fork.join_flags &
			      ~(p->opts.use == FOR_EXEC ? 0 : (uint64_t)CLONE_NEWUSER),
		      out);
	buf_addc(out, '\n');
}

const struct step step_ns_join = {
	.name = "ns.join",
	.what = "join existing namespaces",
	.stage = STAGE_NS,
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.applies = joins,
	.run = run_join,
	.explain = explain_join,
};

/* ---- ns.user ---- */

static int make_user(struct run *r, struct err *e)
{
	int ret = sys_unshare(CLONE_NEWUSER);

	if (ret < 0)
		return ns_make_err(e, ret, CLONE_NEWUSER);
	ret = ns_ask_parent(r, MSG_MAP_IDS, e);
	return ret < 0 ? ret : ns_become_root(e);
}

static int run_user(struct run *r, struct err *e)
{
	int ret = r->plan->fork.new_userns ? make_user(r, e) : join_user(r, e);

	return ret < 0 ? ret : join_pass(r, true, e);
}

static bool has_user(const struct plan *p)
{
	return p->fork.ns_stage && (p->fork.new_userns || p->fork.joined_userns);
}

static void explain_user(const struct plan *p, struct buf *out)
{
	buf_adds(out, p->fork.new_userns ? "new user\n" : "join user\n");
}

const struct step step_ns_user = {
	.name = "ns.user",
	.what = "make or join the user namespace, then join what it gives the right to",
	.stage = STAGE_NS,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_user,
	.run = run_user,
	.explain = explain_user,
};

/* ---- ns.unshare ---- */

/* The kernel does not say which one it refused: one after the other tells. */
static int unshare_each(int flags, struct err *e)
{
	for (int i = 0; i < NS_N; i++) {
		int flag = flags & ns_clone_flag(i);

		int ret = flag ? sys_unshare(flag) : 0;
		if (ret < 0)
			return ns_make_err(e, ret, (uint64_t)flag);
	}
	return 0;
}

static int run_unshare(struct run *r, struct err *e)
{
	int flags = r->plan->fork.unshare_flags;

	int ret = sys_unshare(flags) < 0 ? unshare_each(flags, e) : 0;
	if (ret < 0 || !(flags & ns_clone_flag(NS_TIME)))
		return ret;
	return time_offsets_ask(r, e);
}

static bool unshares(const struct plan *p)
{
	return p->fork.unshare_flags != 0;
}

static void explain_unshare(const struct plan *p, struct buf *out)
{
	buf_adds(out, "new ");
	ns_flags_text((uint64_t)p->fork.unshare_flags, out);
	buf_addc(out, '\n');
}

const struct step step_ns_unshare = {
	.name = "ns.unshare",
	.what = "make the new namespaces that are not joined",
	.stage = STAGE_NS,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = unshares,
	.run = run_unshare,
	.explain = explain_unshare,
};
