/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ketch checkpoint. The container's lock is held meanwhile. CRIU stops the processes by the container's freezer, writes the images, and kills
 * the processes unless they are to run on; whatever fails before that puts everything back.
 */
#include "criu/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/journal.h"
#include "core/launch.h"
#include "core/start.h"
#include "criu/external.h"
#include "criu/swrk.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

#define LOG_NAME "dump.log"

enum { MAX_PIDS = 1 << 20 };

struct dump {
	const struct checkpoint_opts *o;
	struct launch *l; /* of the container that is there: spec, facts and plan */
	struct criu_dirs dirs;
	struct criu_opts opts;
	struct image_note note;
	pid_t *pids;
	size_t n_pids, cap_pids;
	int status_fd;
	char *freezer, *address;
};

/* ---- what there is ---- */

static int check_status(const struct container *c, struct err *e)
{
	enum container_status s;

	int r = container_look(c, &s, e);
	if (r < 0)
		return r;
	if (s == C_RUNNING || s == C_PAUSED)
		return 0;
	return err_set(e, ERR_STATE, "cannot checkpoint container '%s': it is %s, not running",
		       c->id, container_status_name(s));
}

static int take_pid(void *ctx, pid_t pid)
{
	struct dump *d = ctx;

	if (d->n_pids == MAX_PIDS)
		return -E2BIG;
	if (d->n_pids == d->cap_pids) {
		size_t cap = d->cap_pids ? 2 * d->cap_pids : 64;
		pid_t *v = reallocarray(d->pids, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		d->pids = v;
		d->cap_pids = cap;
	}
	d->pids[d->n_pids++] = pid;
	return 0;
}

/* DIR of the "CONTROLLERS:DIR" whose freezer CRIU can use: that of v1 where there is one. DIR may hold colons. */
static const char *freezer_dir(const struct state *st)
{
	const char *unified = NULL;

	for (size_t i = 0; i < st->cgroup_leaves.n; i++) {
		const char *leaf = st->cgroup_leaves.v[i], *dir = strchr(leaf, ':');

		if (!dir)
			continue;
		if (strncmp(leaf, "freezer:", strlen("freezer:")) == 0)
			return dir + 1;
		if (leaf[0] == ':')
			unified = dir + 1;
	}
	return unified;
}

static bool lists_pid(const char *procs, pid_t pid)
{
	char line[16];
	size_t n = (size_t)snprintf(line, sizeof(line), "%d\n", pid);

	for (const char *at = procs; (at = strstr(at, line)); at += n) {
		if (at == procs || at[-1] == '\n')
			return true;
	}
	return false;
}

/* Of those found before, who is alive and not in the cgroup itself. */
static bool is_below(const struct dump *d, const char *procs)
{
	struct proc_stat ps;

	for (size_t i = 0; i < d->n_pids; i++) {
		if (!lists_pid(procs, d->pids[i]) && proc_stat_host(d->pids[i], &ps) == 0 &&
		    ps.state != 'Z' && ps.state != 'X')
			return true;
	}
	return false;
}

/*
 * A process that a signal has stopped takes no part in ptrace(2) while the freezer of v1 holds it: CRIU would wait for it without end. It
 * stops the others one by one then.
 */
static bool can_freeze(const struct dump *d, const char *dir)
{
	struct proc_stat ps;
	mode_t mode;
	auto_str char *v2 = NULL;

	if (asprintf(&v2, "%s/cgroup.freeze", dir) < 0 || sys_stat_mode(v2, &mode) >= 0)
		return true;
	for (size_t i = 0; i < d->n_pids; i++) {
		if (proc_stat_host(d->pids[i], &ps) == 0 && ps.state == 'T')
			return false;
	}
	return true;
}

/* Processes below the container's cgroup: only CRIU knows how to put each back, so it has to manage the cgroups then. */
static int look_at_cgroups(struct dump *d, struct err *e)
{
	const struct state *st = &d->l->container->state;
	auto_buf struct buf procs = { 0 };
	const char *dir = freezer_dir(st);

	if (!dir)
		return 0;
	auto_fd int fd = host_opendir(AT_FDCWD, dir, false);
	auto_fd int file = fd < 0 ? fd : sys_openat(fd, "cgroup.procs", O_RDONLY, 0);
	int r = file < 0 ? file : host_read_fd(file, 64 << 20, &procs);
	if (r < 0)
		return err_sys(e, r, "read the processes of '%s'", dir);
	d->note.nested_cgroups = is_below(d, buf_str(&procs));
	if (!can_freeze(d, dir))
		return 0;
	d->freezer = strdup(dir);
	return d->freezer ? 0 : err_sys(e, -ENOMEM, "checkpoint");
}

/*
 * Processes of `exec` are nobody's children in the container, and CRIU dumps the first process's descendants only: killed with it, they would be
 * missing after a restore.
 */
static int check_descent(struct dump *d, struct err *e)
{
	pid_t init = (pid_t)d->l->container->state.pid;

	if (!d->l->container->state.own_pid_ns)
		return 0;
	for (size_t i = 0; i < d->n_pids; i++) {
		pid_t pid = d->pids[i];
		struct proc_stat ps = { .ppid = 0 };

		for (unsigned n = 0; pid > 1 && pid != init && n < MAX_PIDS; n++) {
			if (proc_stat_host(pid, &ps) < 0 || ps.state == 'Z')
				pid = init; /* ended, or about to */
			else
				pid = ps.ppid;
		}
		if (pid == init)
			continue;
		err_set(e, ERR_STATE,
			"process %d of container '%s' was started by exec: CRIU can't dump it",
			d->pids[i], d->l->id);
		return err_hint(e, "wait for its end, or kill it, then checkpoint again");
	}
	return 0;
}

static int examine(struct dump *d, struct err *e)
{
	struct launch *l = d->l;
	struct launch_opts *lo = (struct launch_opts *)l->opts;

	int r = container_spec(l->container, &l->spec, e);
	if (r >= 0)
		r = facts_probe(&l->facts, e);
	if (r >= 0)
		r = criu_check_rights(&l->facts, "checkpoint", e);
	if (r < 0)
		return r;
	lo->cgroup_manager = (enum cgroup_manager)l->container->state.cgroup_manager;
	l->bundle = strdup(l->container->state.bundle);
	if (!l->bundle)
		return err_sys(e, -ENOMEM, "checkpoint");
	r = launch_plan(l, FOR_RESTORE, true, e);
	if (r >= 0)
		r = criu_check_plan(l->plan, e);
	if (r < 0)
		return r;
	r = container_pids(l->container, take_pid, d, e);
	if (r >= 0)
		r = look_at_cgroups(d, e);
	return r < 0 ? r : check_descent(d, e);
}

/* ---- the request ---- */

static int fill_opts(struct dump *d, struct err *e)
{
	const struct checkpoint_opts *o = d->o;
	struct criu_opts *to = &d->opts;

	int r = criu_common_opts(to, &o->c, d->l->spec, e);
	if (r < 0)
		return r;
	to->pid = (int)d->l->container->state.pid;
	to->log_file = LOG_NAME;
	to->leave_running = o->leave_running;
	to->link_remap = o->link_remap;
	to->parent_img = o->parent_path;
	to->track_mem = o->pre_dump || o->parent_path;
	to->freeze_cgroup = d->freezer;
	if (!o->c.cg_mode)
		to->cg_mode = d->note.nested_cgroups ? CRIU_CG_SOFT : CRIU_CG_IGNORE;
	if (o->page_server) {
		r = criu_parse_address(o->page_server, &d->address, &to->page_server_port, e);
		to->page_server = d->address;
	}
	return r;
}

/* CRIU's own word for it is none, or comes when all is stopped. With a page server the parent is there. */
static int check_parent(const struct dump *d, struct err *e)
{
	const char *parent = d->o->parent_path;

	if (!parent || d->o->page_server)
		return 0;
	auto_fd int dir = host_opendir(d->dirs.image_fd, parent, false);
	auto_fd int inventory = dir < 0 ? dir : sys_openat(dir, IMAGE_INVENTORY, O_PATH, 0);
	if (inventory >= 0)
		return 0;
	err_sys(e, inventory,
		dir < 0 ? "--parent-path '%s'" : "--parent-path '%s' holds no pre-dump", parent);
	return err_hint(e,
			"it is relative to --image-path, and the directory that `ketch checkpoint "
			"--pre-dump` wrote to");
}

static int add_external(struct dump *d, struct err *e)
{
	struct external_dump x = {
		.pid = d->opts.pid, .plan = d->l->plan, .opts = &d->opts, .note = &d->note
	};

	int r = external_dump(&x, d->pids, d->n_pids, e);
	external_dump_clear(&x);
	return r;
}

/* What the request needs of kernel and CRIU, before anything is stopped. */
static int check_features(const struct dump *d, struct criu *c, struct err *e)
{
	static const struct {
		unsigned feature;
		const char *what, *hint;
	} all[] = {
		{ CRIU_FEATURE_MEM_TRACK, "--pre-dump and --parent-path",
		  "CRIU misses memory tracking (CONFIG_MEM_SOFT_DIRTY) in this kernel" },
		{ CRIU_FEATURE_LAZY_PAGES, "--lazy-pages",
		  "CRIU misses userfaultfd with events in this kernel" },
	};
	unsigned want = (d->opts.track_mem ? CRIU_FEATURE_MEM_TRACK : 0) |
			(d->opts.lazy_pages ? CRIU_FEATURE_LAZY_PAGES : 0);
	unsigned have;

	if (!want)
		return 0;
	int r = criu_features(c, want, &have, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		if (!(want & ~have & all[i].feature))
			continue;
		err_set(e, ERR_UNSUPPORTED, "%s can't work on this host", all[i].what);
		return err_hint(e, "%s", all[i].hint);
	}
	return 0;
}

/*
 * CRIU asks before it kills: the last moment to give up. Our files come now and not before, for a dump that fails has to leave those of a good
 * image in the same directory.
 */
static int complete(struct dump *d, struct err *e)
{
	int r = interrupted(d->l->signal_fd, e);

	if (r < 0)
		return r;
	if (image_note_write(&d->note, d->dirs.image_fd, e) < 0)
		return err_wrap(e, "image directory '%s'", d->dirs.image);
	/* lazy pages may wait for ever for those who want them */
	return d->opts.lazy_pages ? 0 : launch_ignore_signals(d->l, e);
}

static int notified(void *ctx, const struct criu_answer *a, UNUSED int fd, struct err *e)
{
	struct dump *d = ctx;

	if (strcmp(a->script, "post-dump") == 0)
		return d->o->pre_dump ? 0 : complete(d, e);
	if (strcmp(a->script, "status-ready") != 0 || d->status_fd < 0)
		return 0;
	ssize_t n = write(d->status_fd, "", 1);
	return n == 1 ? 0 : err_sys(e, -errno, "write to --status-fd");
}

static int converse(struct dump *d, struct criu *c, struct err *e)
{
	auto_buf struct buf request = { 0 };
	struct criu_answer a;
	int r = check_features(d, c, e);

	if (r < 0)
		return r;
	if (criu_write_request(d->o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &d->opts, &request) < 0)
		return err_sys(e, -ENOMEM, "checkpoint");
	r = criu_request(c, &request, d->l->signal_fd, notified, d, &a, e);
	if (r == -EIO)
		r = criu_explain(d->dirs.work_fd, d->dirs.work, LOG_NAME,
				 d->o->pre_dump ? "pre-dump" : "checkpoint", e);
	return r;
}

/* In the child: a Ctrl-C is for us alone, who ask CRIU to put everything back. */
static int leave_group(UNUSED void *ctx, struct err *e)
{
	return setpgid(0, 0) < 0 ? err_sys(e, -errno, "process group of criu") : 0;
}

/* CRIU may wait for ever for who wants lazy pages: `delete --force`, which wants our lock, ends it then. */
static int journal_criu(void *ctx, pid_t pid, UNUSED int pidfd, struct err *e)
{
	const struct dump *d = ctx;

	return journal_add_process(d->l->container->dir, JOURNAL_CRIU, pid, e);
}

static int run_criu(struct dump *d, struct err *e)
{
	auto_criu struct criu c = CRIU_NONE;
	struct criu_start how = { .program = d->o->c.criu,
				  .images = d->dirs.image,
				  .work = d->dirs.work,
				  .cgroup_fd = -EBADF,
				  .prepare = leave_group,
				  .placed = journal_criu,
				  .ctx = d };

	int r = criu_start(&c, &how, e);
	/* a log of an earlier try must not explain this one */
	if (r >= 0)
		(void)host_unlink(d->dirs.work_fd, LOG_NAME, false);
	return r < 0 ? r : converse(d, &c, e);
}

/* Our files are written when all is stopped: what can be told of the directory is told before. */
static int check_image_dir(const struct dump *d, struct err *e)
{
	int r = sys_access_write(d->dirs.image);

	if (r >= 0)
		return 0;
	err_sys(e, r, "write");
	return err_wrap(e, "image directory '%s'", d->dirs.image);
}

static int checkpoint_locked(struct dump *d, struct err *e)
{
	int r = examine(d, e);

	if (r >= 0)
		r = criu_dirs_open(&d->dirs, &d->o->c, true, e);
	if (r >= 0)
		r = check_image_dir(d, e);
	if (r >= 0)
		r = check_parent(d, e);
	if (r >= 0)
		r = fill_opts(d, e);
	if (r >= 0)
		r = add_external(d, e);
	if (r >= 0)
		r = launch_take_signals(d->l, e);
	if (r < 0)
		return r;
	bool was_paused = container_status(d->l->container) == C_PAUSED;

	r = run_criu(d, e);
	/* CRIU thaws what it froze, unless it was killed */
	if (!was_paused && (r < 0 || d->o->leave_running || d->o->pre_dump))
		container_thaw(d->l->container);
	return r;
}

static int take_status_fd(struct dump *d, struct err *e)
{
	uint32_t fd;

	if (!d->o->status_fd)
		return 0;
	if (parse_u32(d->o->status_fd, &fd) < 0 || fd > INT32_MAX || fcntl((int)fd, F_GETFD) < 0)
		return err_set(e, ERR_USAGE, "--status-fd: '%s' is not an open descriptor",
			       d->o->status_fd);
	d->status_fd = (int)fd;
	return 0;
}

static int dump_container(struct dump *d, struct err *e)
{
	struct launch *l = d->l;
	int r = take_status_fd(d, e);

	if (r >= 0)
		r = container_open(&l->container, l->store, l->id, e);
	if (r >= 0)
		r = container_lock(l->container, e);
	if (r >= 0)
		r = check_status(l->container, e);
	if (r >= 0)
		r = checkpoint_locked(d, e);
	if (r < 0 && l->container)
		container_place_err(l->container, e);
	return r;
}

int container_checkpoint(const struct store *s, const char *id, const struct checkpoint_opts *o,
			 struct err *e)
{
	struct launch_opts lo = { 0 };
	struct launch l = LAUNCH_INIT(s, id, &lo);
	struct dump d = {
		.o = o, .l = &l, .dirs = CRIU_DIRS_NONE, .opts = CRIU_OPTS_INIT, .status_fd = -EBADF
	};

	int r = dump_container(&d, e);
	criu_opts_clear(&d.opts);
	criu_dirs_clear(&d.dirs);
	image_note_clear(&d.note);
	free(d.pids);
	free(d.freezer);
	free(d.address);
	close_fd(TAKE_FD(l.signal_fd));
	container_free(TAKE_PTR(l.container)); /* and with it the lock, which delete takes */
	if (r >= 0 && !o->leave_running && !o->pre_dump)
		r = container_delete(s, id, DELETE_FORCE, e);
	launch_drop_signals(&l);
	launch_clear(&l);
	return r;
}
