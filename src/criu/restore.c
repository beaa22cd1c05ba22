/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ketch restore: a launch whose processes CRIU makes. The rows of the step table around it are those of create: id, cgroups, hooks, limits,
 * state. CRIU runs in the container's new cgroups and cgroup namespace, so that what it makes is born there, and in a mount namespace of its
 * own, in which the bundle's root is a mount: nothing on the host has to be taken back.
 */
#include "criu/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal.h"
#include "core/launch.h"
#include "core/start.h"
#include "core/steps.h"
#include "core/trace.h"
#include "criu/external.h"
#include "criu/swrk.h"
#include "linux/cgroup.h"
#include "linux/lsm.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

#define LOG_NAME "restore.log"

struct restore {
	const struct restore_opts *o;
	struct launch *l;
	struct criu_dirs dirs;
	struct criu_opts opts;
	struct image_note note;
	struct criu_start start;
	bool own_cgroups; /* CRIU manages none: it runs in the container's */
	bool got_terminal;
};

/* ---- CRIU's surroundings, in its process ---- */

static int enter_cgroup_ns(struct run *r, struct err *e)
{
	const struct spec_namespace *ns = &r->plan->spec->lnx->ns[NS_CGROUP];
	int ret = 0;

	if (r->ns_fds[NS_CGROUP] >= 0)
		ret = sys_setns(r->ns_fds[NS_CGROUP], CLONE_NEWCGROUP);
	else if (ns->present && !ns->path)
		ret = sys_unshare(CLONE_NEWCGROUP);
	return ret < 0 ? err_sys(e, ret, "cgroup namespace") : 0;
}

/* CRIU wants the root to be a mount point, which it makes the root of the container's mount namespace. */
static int mount_root(const struct plan *p, struct err *e)
{
	int r = sys_unshare(CLONE_NEWNS);

	if (r >= 0)
		r = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (r < 0)
		return err_sys(e, r, "make a mount namespace for criu");
	auto_fd int dir = sys_open(p->rootfs, O_PATH | O_DIRECTORY, 0);
	auto_fd int mnt = dir < 0 ? dir : sys_open_tree_clone(dir, true);
	r = mnt < 0 ? mnt : sys_mount_setattr(mnt, true, 0, 0, MS_PRIVATE, -EBADF);
	if (r >= 0)
		r = sys_move_mount(mnt, dir);
	if (r < 0) {
		err_sys(e, r, "make the root file system '%s' a mount", p->rootfs);
		return err_at(e, "$.root.path");
	}
	return 0;
}

static int prepare_child(void *ctx, struct err *e)
{
	struct restore *d = ctx;
	struct run *r = &d->l->run;
	int ret = 0;

	if (d->own_cgroups && r->cgroup)
		ret = cgroup_join_self(r->cgroup, e);
	if (ret >= 0 && d->own_cgroups)
		ret = enter_cgroup_ns(r, e);
	return ret < 0 ? ret : mount_root(r->plan, e);
}

/* A cgroup driver that moves processes (systemd) moves CRIU, whose children are the container. */
static int place(void *ctx, pid_t pid, int pidfd, struct err *e)
{
	struct restore *d = ctx;
	struct run *r = &d->l->run;

	bool systemd = r->plan->cgroup.manager == CGROUP_MANAGER_SYSTEMD;

	int ret = journal_add_process(r->state_dir, JOURNAL_PROCESS, pid, e);
	if (ret < 0 || (!d->own_cgroups && !systemd)) /* a scope is made for a process */
		return ret;
	r->init = (struct run_child){ .pid = pid, .pidfd = pidfd };
	ret = stage_serve(&step_table, r, MSG_PLACE, &d->l->served, e);
	r->init = (struct run_child){ .pidfd = -EBADF };
	return ret;
}

/* ---- the request ---- */

/* Descriptors by their number in CRIU's process. */
static int pass_fd(struct restore *d, int fd, const char *key, struct err *e)
{
	if (d->start.n_fds == CRIU_MAX_FDS)
		return err_set(e, ERR_UNSUPPORTED, "the image has too many files from outside");
	int there = CRIU_FIRST_FD + (int)d->start.n_fds;

	d->start.fds[d->start.n_fds++] = fd;
	return criu_pairs_add(&d->opts.inherit_fd, key, NULL, there) < 0
		       ? err_sys(e, -ENOMEM, "restore")
		       : 0;
}

/* CRIU opens an inherited file once more, as the container's root: a user namespace must own it, as it owns what `run` gives it. */
static void give_file(const struct restore *d, int fd)
{
	const spec_idmaps *map = &d->l->spec->lnx->uid_mappings;
	uid_t uid = d->l->plan->creds.uid;
	struct stat st;

	if (!d->l->plan->user_ns || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	for (size_t i = 0; i < map->n; i++) {
		const struct spec_idmap *m = &map->v[i];

		/* what can't be given may still be open to all */
		if (uid >= m->container_id && uid - m->container_id < m->size)
			(void)!fchown(fd, m->host_id + (uid - m->container_id), (gid_t)-1);
	}
}

/* The same of our standard descriptors, or any that is one. */
static int own_terminal(const struct image_file *f, struct err *e)
{
	if (f->fd >= 0 && isatty((int)f->fd))
		return (int)f->fd;
	for (int fd = 0; fd <= 2; fd++) {
		if (isatty(fd))
			return fd;
	}
	err_set(e, ERR_UNSUPPORTED, "the container had the terminal '%s' of its host open",
		f->path);
	return err_hint(e, "run restore on a terminal, without --detach");
}

/*
 * What is given for a file of the host that was open at checkpoint. CRIU insists on the same kind of file: our own standard descriptor if it is
 * of that kind, else /dev/null for a device. A path that the image names is never opened: who wrote the image is not asked what of this
 * host the container gets.
 */
static int stand_in(struct restore *d, const struct image_file *f, struct err *e)
{
	struct run *r = &d->l->run;
	mode_t want = f->device ? S_IFCHR : S_IFREG;
	struct stat st;

	if (strncmp(f->key, IMAGE_TERMINAL, strlen(IMAGE_TERMINAL)) == 0)
		return own_terminal(f, e);
	if (f->fd >= 0 && fstat((int)f->fd, &st) == 0 && (st.st_mode & S_IFMT) == want) {
		give_file(d, (int)f->fd);
		return (int)f->fd;
	}
	if (f->device) {
		if (strcmp(f->path, "/dev/null") != 0)
			run_warn(r,
				 "'%s' of the host was open in the container: it is /dev/null now",
				 f->path);
		return r->dev_null;
	}
	err_set(e, ERR_UNSUPPORTED, "the container had the file '%s' of its host open", f->path);
	return err_hint(
		e, "give restore that file as the same standard descriptor (>> FILE), as it was");
}

/* Pipes and files that were standard descriptors become ours. */
static int inherit_files(struct restore *d, struct err *e)
{
	const struct image_note *n = &d->note;

	for (size_t i = 0; i < n->descriptors.n && i <= 2; i++) {
		const char *name = n->descriptors.v[i];

		if (strncmp(name, "pipe:", 5) == 0 && pass_fd(d, (int)i, name, e) < 0)
			return err_errno(e);
	}
	for (size_t i = 0; i < n->files.n; i++) {
		int fd = stand_in(d, &n->files.v[i], e);
		int r = fd < 0 ? fd : pass_fd(d, fd, n->files.v[i].key, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Namespaces of the configuration that have a path. One that was external at checkpoint is expected as a descriptor. */
static int join_namespaces(struct restore *d, struct err *e)
{
	static const struct {
		enum spec_ns kind;
		const char *word, *criu, *key; /* KEY: can be external */
	} all[] = {
		{ NS_NETWORK, "network", "net", EXTERNAL_NET },
		{ NS_PID, "pid", NULL, EXTERNAL_PID },
		{ NS_UTS, "uts", "uts", NULL },
		{ NS_IPC, "ipc", "ipc", NULL },
		{ NS_TIME, "time", "time", NULL },
	};
	struct run *r = &d->l->run;
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < N_ELEMENTS(all); i++) {
		const struct spec_namespace *ns = &r->plan->spec->lnx->ns[all[i].kind];
		bool external = all[i].key && (!d->note.found || !all[i].criu ||
					       strv_has(&d->note.namespaces, all[i].word));

		if (r->ns_fds[all[i].kind] < 0)
			continue;
		if (external)
			ret = pass_fd(d, r->ns_fds[all[i].kind], all[i].key, e);
		else if (criu_pairs_add(&d->opts.join_ns, all[i].criu, ns->path, 0) < 0)
			ret = err_sys(e, -ENOMEM, "restore");
	}
	return ret;
}

/* Where CRIU puts the cgroups of the image when it manages them. */
static int cgroup_roots(struct restore *d, struct err *e)
{
	const struct plan_cgroup *cg = &d->l->plan->cgroup;

	for (size_t i = 0; !d->own_cgroups && i < cg->leaves.n; i++) {
		const struct plan_cgroup_leaf *leaf = &cg->leaves.v[i];
		const char *path = leaf->dir + strlen(leaf->h->mount);

		if (strncmp(leaf->dir, leaf->h->mount, strlen(leaf->h->mount)) != 0)
			continue;
		/* "" would be v2 beside v1; alone it is the root of all */
		const char *name =
			leaf->h->v2 ? (cg->leaves.n > 1 ? "" : NULL) : leaf->h->controllers;
		if (criu_pairs_add(&d->opts.cgroup_root, name, path, 0) < 0)
			return err_sys(e, -ENOMEM, "restore");
	}
	return 0;
}

static int fill_opts(struct restore *d, struct err *e)
{
	const struct plan *p = d->l->plan;
	struct criu_opts *to = &d->opts;

	int r = criu_common_opts(to, &d->o->c, p->spec, e);
	if (r < 0)
		return r;
	to->log_file = LOG_NAME;
	to->root = p->rootfs;
	to->rst_sibling = true;
	to->lsm_profile = d->o->lsm_profile;
	to->lsm_mount_context = d->o->lsm_mount_context;
	if (!d->o->c.cg_mode)
		to->cg_mode = d->note.nested_cgroups ? CRIU_CG_SOFT : CRIU_CG_IGNORE;
	d->own_cgroups = to->cg_mode == CRIU_CG_IGNORE;
	r = inherit_files(d, e);
	if (r >= 0)
		r = join_namespaces(d, e);
	return r < 0 ? r : cgroup_roots(d, e);
}

/* When criu has been placed: systemd makes a scope for a process, and only then there is the cgroup that is to be seen in the container. */
static int add_mounts(struct restore *d, struct err *e)
{
	struct cgroup_record rec = { 0 };
	const char *cgroup2 = NULL;

	int r = d->l->run.cgroup ? cgroup_record(d->l->run.cgroup, &rec) : 0;
	for (size_t i = 0; r >= 0 && i < rec.leaves.n; i++) {
		if (rec.leaves.v[i][0] == ':')
			cgroup2 = rec.leaves.v[i] + 1;
	}
	r = r < 0 ? err_sys(e, r, "find the container's cgroups")
		  : external_restore_mounts(d->l->plan, &d->note, d->l->state_dir, cgroup2,
					    &d->opts, e);
	cgroup_record_free(&rec);
	return r;
}

/* ---- the conversation ---- */

static int adopt(struct restore *d, pid_t pid, struct err *e)
{
	struct run_child *init = &d->l->run.init;

	if (init->pid == pid)
		return 0;
	if (pid <= 0 || init->pid)
		return err_set(e, ERR_INTERNAL, "criu told process %d", pid);
	init->pidfd = sys_pidfd_open(pid);
	if (init->pidfd < 0)
		return err_sys(e, init->pidfd, "open the container's process %d", pid);
	init->pid = pid;
	return journal_add_process(d->l->run.state_dir, JOURNAL_PROCESS, pid, e);
}

/* The requests of a child of ours, which the rows know; CRIU is the child. */
static int serve_row(struct restore *d, enum msg msg, int fd, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	struct run *r = &d->l->run;
	struct packet in = { .type = msg }, out = { .type = MSG_OK };

	if (fd >= 0) {
		in.fds[in.n_fds++] = fd;
		in.len = sizeof(name) - 1;
		memcpy(in.data, name, sizeof(name));
	}
	r->request = &in;
	r->answer = &out;
	int ret = stage_serve(&step_table, r, msg, &d->l->served, e);
	r->request = NULL;
	r->answer = NULL;
	packet_close_fds(&in);
	packet_close_fds(&out);
	return ret;
}

/* Was the first process on a terminal of the container's own? One of another process may be what an exec has left behind. */
static bool was_on_terminal(const struct image_note *n)
{
	static const char pts[] = "/dev/pts/", console[] = "/dev/console";

	for (size_t i = 0; i < n->descriptors.n; i++) {
		const char *name = n->descriptors.v[i];
		bool outside = false;

		for (size_t k = 0; k < n->files.n; k++)
			outside |= n->files.v[k].fd == (int64_t)i;
		if (!outside &&
		    (strncmp(name, pts, strlen(pts)) == 0 || strcmp(name, console) == 0))
			return true;
	}
	return n->descriptors.n == 0; /* nobody knows */
}

/* CRIU hands us the master of the container's terminal, as FD. */
static int take_terminal(struct restore *d, int fd, struct err *e)
{
	int copy = fd < 0 ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return err_set(e, ERR_INTERNAL, "criu sent no terminal");
	d->got_terminal = true;
	if (d->l->plan->terminal || !was_on_terminal(&d->note))
		return serve_row(d, MSG_CONSOLE, copy, e);
	close_fd(copy);
	err_set(e, ERR_USAGE, "the image has a terminal, and the configuration none");
	err_hint(e, "set process.terminal to true");
	return err_at(e, "$.process.terminal");
}

static int check_terminal(const struct restore *d, struct err *e)
{
	if (d->got_terminal || !d->l->plan->terminal)
		return 0;
	err_set(e, ERR_USAGE, "the image has no terminal");
	err_hint(e, "set process.terminal to false");
	return err_at(e, "$.process.terminal");
}

static int notified(void *ctx, const struct criu_answer *a, int fd, struct err *e)
{
	struct restore *d = ctx;
	int r = 0;

	if (strcmp(a->script, "orphan-pts-master") == 0)
		return take_terminal(d, fd, e);
	if (a->pid)
		r = adopt(d, a->pid, e);
	if (r >= 0 && strcmp(a->script, "setup-namespaces") == 0)
		r = serve_row(d, MSG_HOOKS, -EBADF, e);
	/* The processes are complete, and stopped: what is written now is true before the first of them runs. */
	if (r >= 0 && strcmp(a->script, "post-restore") == 0) {
		r = check_terminal(d, e);
		if (r >= 0)
			r = serve_row(d, MSG_READY, -EBADF, e);
	}
	return r;
}

static int converse(struct restore *d, struct criu *c, struct err *e)
{
	auto_buf struct buf request = { 0 };
	struct criu_answer a;
	bool user_ns = d->l->plan->user_ns;

	if (criu_write_request(CRIU_RESTORE, &d->opts, &request) < 0)
		return err_sys(e, -ENOMEM, "restore");
	int r = user_ns ? criu_image_show(&d->dirs, e) : 0;
	if (r < 0)
		return r;
	r = criu_request(c, &request, d->l->signal_fd, notified, d, &a, e);
	if (user_ns)
		criu_image_hide(&d->dirs);
	if (r == -EIO)
		return criu_explain(d->dirs.work_fd, d->dirs.work, LOG_NAME, "restore", e);
	if (r >= 0 && a.pid != d->l->run.init.pid)
		return err_set(e, ERR_INTERNAL, "criu restored process %d, not %d", a.pid,
			       d->l->run.init.pid);
	return r;
}

static int with_criu(struct restore *d, struct err *e)
{
	auto_criu struct criu c = CRIU_NONE;
	struct run *r = &d->l->run;

	d->start.program = d->o->c.criu;
	d->start.images = d->dirs.image;
	d->start.work = d->dirs.work;
	d->start.cgroup_fd = -EBADF;
	if (d->own_cgroups && r->plan->fork.into_cgroup && r->cgroup)
		d->start.cgroup_fd = cgroup_clone_fd(r->cgroup, 0);
	d->start.own_stdin = d->o->c.shell_job;
	if (d->start.own_stdin && !isatty(STDIN_FILENO))
		run_warn(r, "--shell-job: standard input is no terminal, which CRIU will want");
	d->start.prepare = prepare_child;
	d->start.placed = place;
	d->start.ctx = d;
	(void)host_unlink(d->dirs.work_fd, LOG_NAME, false);
	int ret = criu_start(&c, &d->start, e);
	if (ret >= 0)
		ret = add_mounts(d, e);
	return ret < 0 ? ret : converse(d, &c, e);
}

/* CRIU finds out when the processes are made, and then may wait for ever for those it could not give their profile. Of SELinux only CRIU
 * knows what the image has. */
static int check_profile(const struct restore *d, struct err *e)
{
	static const char prefix[] = "apparmor:";
	const char *given = d->o->lsm_profile, *name = d->l->plan->creds.apparmor;

	if (given)
		name = strncmp(given, prefix, strlen(prefix)) == 0 ? given + strlen(prefix) : NULL;
	if (!name || lsm_try(&d->l->run, name, NULL, e) >= 0)
		return 0;
	e->hint[0] = '\0';
	if (given)
		e->where[0] = '\0'; /* it is not the configuration's */
	err_hint(e, "load the profile here, or give another one with --lsm-profile apparmor:NAME");
	return err_errno(e);
}

static int check(const struct launch *l, struct err *e)
{
	return criu_check_plan(l->plan, e);
}

/* After the HOST steps. */
static int make(struct launch *l, struct err *e)
{
	struct restore *d = (struct restore *)l->go_on_ctx;

	int r = check_profile(d, e);
	if (r >= 0)
		r = external_mount_points(l->plan, e);
	if (r >= 0)
		r = fill_opts(d, e);
	if (r >= 0)
		r = with_criu(d, e);
	if (r < 0)
		err_step(e, "criu.restore");
	else
		l->committed = true;
	return r;
}

static int open_image(struct restore *d, struct err *e)
{
	struct facts f;

	int r = facts_probe(&f, e);
	if (r >= 0)
		r = criu_check_rights(&f, "restore", e);
	if (r >= 0)
		r = criu_dirs_open(&d->dirs, &d->o->c, false, e);
	if (r < 0)
		return r;
	auto_fd int inventory = sys_openat(d->dirs.image_fd, IMAGE_INVENTORY, O_PATH, 0);
	if (inventory < 0) {
		err_sys(e, inventory, "'%s' holds no checkpoint", d->dirs.image);
		e->code = ERR_NOT_FOUND;
		return err_hint(e, "--image-path names the directory that `ketch checkpoint` "
				   "wrote to");
	}
	if (!d->o->c.lazy_pages)
		r = image_check_pages(d->dirs.image_fd, e);
	return r < 0 ? r : image_note_read(&d->note, d->dirs.image_fd, e);
}

static int poststart(struct launch *l, struct err *e)
{
	int r = run_poststart(l->spec, &l->state, l->run.state_dir, l->signal_fd, e);

	if (r < 0) {
		launch_place_err(l, e);
		l->hooks_began = true; /* the container was created: its end runs poststop */
		launch_abort(l);
	}
	return r;
}

static int restore_container(struct restore *d, int *ret_status, struct err *e)
{
	const struct launch_opts *lo = &d->o->launch;
	struct launch *l = d->l;

	int r = id_check(l->id, e);
	if (r >= 0)
		r = launch_drop_junk(l, e);
	if (r >= 0)
		r = open_image(d, e);
	if (r >= 0 && !lo->detach && !lo->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = err_sys(e, -errno, "become a subreaper");
	if (r < 0)
		return r;
	l->check = check;
	l->go_on_ctx = d;
	r = launch_prepare(l, FOR_RESTORE, true, make, e);
	if (r >= 0)
		r = poststart(l, e);
	trace_write(lo->trace, &step_table, l->run.progress);
	return r < 0 || lo->detach ? r : launch_stay(l, ret_status, e);
}

int container_restore(const struct store *s, const char *id, const struct restore_opts *o,
		      int *ret_status, struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, &o->launch);
	struct restore d = { .o = o, .l = &l, .dirs = CRIU_DIRS_NONE, .opts = CRIU_OPTS_INIT };

	*ret_status = 0;
	int r = restore_container(&d, ret_status, e);
	criu_opts_clear(&d.opts);
	criu_dirs_clear(&d.dirs);
	image_note_clear(&d.note);
	return r;
}
