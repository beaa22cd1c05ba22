/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sources that only the parent can open: idmapped ones (mount_setattr(2) with MOUNT_ATTR_IDMAP needs privilege over the file
 * system; config.md#mounts uidMappings, config-linux.md "idmap", "ridmap") and those that a user namespace may not reach.
 * mounts.source runs in the parent, mount_ask_parent() in init.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/idmap.h"
#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/util.h"

/* ---- init ---- */

int mount_ask_parent(struct run *r, const struct plan_mount *m, struct err *e)
{
	uint32_t index = (uint32_t)m->index;
	struct packet answer;

	int ret = chan_ask(&r->chan, MSG_MOUNT_FD, &index, sizeof(index), NULL, 0, &answer, e);
	if (ret < 0)
		return ret;
	if (answer.n_fds != 1) {
		packet_close_fds(&answer);
		return err_set(e, ERR_INTERNAL, "the parent sent %zu descriptors for mount %u",
			       answer.n_fds, index);
	}
	return answer.fds[0];
}

/* ---- parent: the user namespace that stands for a mapping ---- */

static bool same_maps(const spec_idmaps *a, const spec_idmaps *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].container_id != b->v[i].container_id ||
		    a->v[i].host_id != b->v[i].host_id || a->v[i].size != b->v[i].size)
			return false;
	}
	return true;
}

static bool is_containers_map(const struct plan *p, const struct plan_mount *m)
{
	const struct spec_linux *l = p->spec->lnx;

	if (m->uid_map == &l->uid_mappings)
		return true;
	return p->fork.new_userns && same_maps(m->uid_map, &l->uid_mappings) &&
	       same_maps(m->gid_map, &l->gid_mappings);
}

static pid_t init_pid(const struct run *r)
{
	return r->init.pid > 0 ? r->init.pid : r->first.pid;
}

/* The magic link "root" of init's directory in the verified procfs. */
static int open_root_of_init(struct run *r)
{
	char path[16];

	snprintf(path, sizeof(path), "%d", (int)init_pid(r));
	auto_fd int dir = proc_openat(&r->proc, path, O_PATH | O_DIRECTORY);
	return dir < 0 ? dir : sys_openat(dir, "root", O_PATH | O_DIRECTORY, 0);
}

/* Does nothing until it is killed: it only gives its namespace a place in /proc. */
static NORETURN void helper(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	(void)sys_close_range(0, ~0u, 0);
	for (;;)
		pause();
}

/* A user namespace with the maps of M: made by a process that is gone when this returns. */
static int make_userns(struct run *r, const struct plan_mount *m, struct err *e)
{
	pid_t self = getpid();
	int pidfd = -EBADF, fd = -EBADF;

	pid_t pid = sys_clone3(CLONE_NEWUSER, SIGCHLD, -EBADF, &pidfd);
	if (pid == 0)
		helper(self);
	if (pid < 0)
		return err_sys(e, pid, "make a user namespace for the id mapping");
	int ret = idmap_write(&r->proc, pid, "uid_map", m->uid_map, e);
	if (ret >= 0)
		ret = idmap_write(&r->proc, pid, "gid_map", m->gid_map, e);
	if (ret >= 0) {
		fd = proc_open_pid(&r->proc, pid, "ns/user", O_RDONLY);
		ret = fd < 0 ? err_sys(e, fd, "open the user namespace of the id mapping") : 0;
	}
	(void)kill(pid, SIGKILL); /* ours and not reaped: the pid is still its own */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	close_fd(pidfd);
	return ret < 0 ? ret : fd;
}

static const char hint_rights[] = "mapped ids need root of the namespace that mounted the source";

static int userns_of(struct run *r, const struct plan_mount *m, struct err *e)
{
	if (!is_containers_map(r->plan, m))
		return make_userns(r, m, e);
	int fd = proc_open_pid(&r->proc, init_pid(r), "ns/user", O_RDONLY);
	if (fd >= 0)
		return fd;
	err_sys(e, fd, "bind '%s' to '%s': open the container's user namespace", m->source,
		m->dest);
	return fd == -EACCES ? err_hint(e, hint_rights) : fd;
}

/* ---- parent: the answers ---- */

static int source_flags(const struct plan_mount *m)
{
	return O_PATH | (m->src_nofollow || m->copy_symlink ? O_NOFOLLOW : 0);
}

static int idmapped_source(struct run *r, const struct plan_mount *m, struct err *e)
{
	auto_fd int userns = userns_of(r, m, e);
	if (userns < 0)
		return userns;
	auto_fd int source = sys_open(m->source, source_flags(m), 0);
	if (source < 0)
		return err_sys(e, source, "bind '%s' to '%s': open the source", m->source, m->dest);
	auto_fd int mnt = sys_open_tree_clone(source, m->bind_recursive);
	if (mnt < 0)
		return err_sys(e, mnt, "bind '%s' to '%s': clone the source", m->source, m->dest);
	int ret = sys_mount_setattr(mnt, m->ridmap, 0, 0, 0, userns);
	if (ret == -ENOSYS)
		return err_set(e, ERR_UNSUPPORTED, "id mappings of mounts need Linux 5.12");
	if (ret < 0) {
		err_sys(e, ret, "bind '%s' to '%s': map ids", m->source, m->dest);
		if (ret == -EINVAL)
			return err_hint(e, "the source's file system, or one below it, does not "
					   "support mapped ids");
		return ret == -EPERM ? err_hint(e, hint_rights) : ret;
	}
	return TAKE_FD(mnt);
}

/*
 * The source as the child's mount namespace has it, reached with the parent's privilege: so the child clones it itself and
 * flags that are locked for its user namespace stay locked.
 */
static int unreachable_source(struct run *r, const struct plan_mount *m, struct err *e)
{
	auto_fd int root = open_root_of_init(r);
	if (root < 0)
		return err_sys(e, root, "open the root of the container's process");
	int fd = rootdir_open(&(struct rootdir){ root }, m->source, source_flags(m));
	return fd < 0 ? err_sys(e, fd, "bind '%s' to '%s': open the source", m->source, m->dest)
		      : fd;
}

static int serve(struct run *r, struct err *e)
{
	const struct plan_mount *m;
	uint32_t index;
	int fd;

	if (r->request->len != sizeof(index))
		return err_set(e, ERR_INTERNAL, "a request for a mount's source has %u bytes",
			       r->request->len);
	memcpy(&index, r->request->data, sizeof(index));
	m = index < r->plan->mounts.n	  ? &r->plan->mounts.v[index]
	    : index == NOTIFY_MOUNT_INDEX ? r->plan->notify
					  : NULL;
	if (!m)
		return err_set(e, ERR_INTERNAL, "there is no mount %u", index);
	if (!m->uid_map)
		fd = unreachable_source(r, m, e);
	else if (m->kind == PLAN_MOUNT_BIND)
		fd = idmapped_source(r, m, e);
	else
		fd = userns_of(r, m, e);
	if (fd < 0)
		return err_at(e, "$.mounts[%u]", index);
	r->answer->fds[0] = fd;
	r->answer->n_fds = 1;
	return 0;
}

static bool applies(const struct plan *p)
{
	if (p->user_ns && p->notify)
		return true;
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (p->mounts.v[i].uid_map ||
		    (p->user_ns && p->mounts.v[i].kind == PLAN_MOUNT_BIND))
			return true;
	}
	return false;
}

static void explain_maps(const char *key, const struct plan_mount *m, const spec_idmaps *maps,
			 struct buf *out)
{
	buf_addf(out, "%s %s", key, m->dest);
	if (maps->n == 0)
		buf_adds(out, " as the container's user namespace");
	for (size_t i = 0; i < maps->n; i++)
		buf_addf(out, " %u:%u:%u", maps->v[i].container_id, maps->v[i].host_id,
			 maps->v[i].size);
	buf_addc(out, '\n');
}

static void explain(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		if (!m->uid_map)
			continue;
		explain_maps("uids", m, m->uid_map, out);
		explain_maps("gids", m, m->gid_map, out);
	}
}

const struct step step_mounts_source = {
	.name = "mounts.source",
	.what = "open and id-map a mount's source for init",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_MOUNT_FD),
	.repeat = true,
	.use = FOR_CREATE,
	.applies = applies,
	.run = serve,
	.explain = explain,
};
