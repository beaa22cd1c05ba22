/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: the container's directory and journal first of all, its state when all is made. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/files.h"
#include "core/hooks.h"
#include "core/journal.h"
#include "core/launch.h"
#include "core/rows.h"
#include "linux/mountinfo.h"
#include "spec/annotations.h"
#include "sys/fdpass.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/buf.h"
#include "util/utc.h"

static int note(struct run *r, const char *what, const char *value, struct err *e)
{
	const struct launch *l = r->core;

	return journal_put(l->journal, what, value, e);
}

static int note_bundle(const struct launch *l, struct err *e)
{
	auto_buf struct buf path = { 0 };

	mountinfo_escape(&path, l->bundle);
	return buf_error(&path) < 0 ? err_sys(e, -ENOMEM, "write the journal")
				    : journal_put(l->journal, JOURNAL_BUNDLE, buf_str(&path), e);
}

static int fill_state(struct launch *l)
{
	char now[UTC_SIZE];

	utc_now(now);
	char *created = arena_str(&l->plan->arena, now);
	l->state = (struct state){
		.id = (char *)l->id,
		.bundle = l->bundle,
		.rootfs = (char *)l->plan->rootfs,
		.created = created,
		.owner = l->facts.uid,
		.own_pid_ns = l->plan->fork.pid_ns,
		.no_new_keyring = l->plan->opts.no_new_keyring,
		.annotations = l->spec->annotations,
		.seccomp_receiver = l->state.seccomp_receiver,
	};
	return created ? 0 : -ENOMEM;
}

static int reserve_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;

	int ret = fill_state(l);
	if (ret < 0)
		return err_sys(e, ret, "state");
	ret = host_mkdirat(l->store->fd, l->id, 0700);
	if (ret == -EEXIST) {
		struct err ignored;
		auto_fd int dir = store_open_dir(l->store, l->id, &ignored);

		err_set(e, ERR_EXISTS, "container with given ID already exists: '%s'", l->id);
		return dir >= 0
			       ? err_hint(e, "see `ketch state %s`; `ketch delete %s` frees the id",
					  l->id, l->id)
			       : err_hint(e,
					  "'%s' is no container: choose another id, or remove it",
					  l->state_dir);
	}
	if (ret < 0)
		return err_sys(e, ret, "make '%s'", l->state_dir);
	r->state_dir = host_opendir(l->store->fd, l->id, false);
	if (r->state_dir < 0)
		return err_sys(e, r->state_dir, "open '%s'", l->state_dir);
	ret = store_lock(l->store, l->id, r->state_dir, LOCK_TIMEOUT_MS, e);
	if (ret < 0)
		return ret;
	l->dir_made =
		true; /* not before: a delete may have come first, and the name be another's by now */
	r->undo_note = note;
	l->journal = journal_open(r->state_dir);
	ret = note_bundle(l, e);
	if (ret < 0)
		return ret;
	ret = host_replace(r->state_dir, FILE_CONFIG, buf_str(&l->config), l->config.len, 0600,
			   false);
	return ret < 0 ? err_sys(e, ret, "keep a copy of the configuration") : 0;
}

static void reserve_undo(struct run *r)
{
	struct launch *l = r->core;

	if (l->dir_made)
		(void)host_remove_tree(l->store->fd, l->id);
}

static void reserve_explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "directory %s\n", p->opts.state_dir);
}

const struct step step_state_reserve = {
	.name = "state.reserve",
	.what = "take the id: directory, lock, journal, copy of the configuration",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_RESTORE,
	.run = reserve_run,
	.undo = reserve_undo,
	.explain = reserve_explain,
};

/* ---- state.commit ---- */

static int record_cgroup(struct launch *l, struct cgroup_record *rec, struct err *e)
{
	if (!l->run.cgroup)
		return 0;
	int r = cgroup_record(l->run.cgroup, rec);
	if (r < 0)
		return err_sys(e, r, "record the cgroups");
	l->state.cgroup_manager = rec->manager;
	l->state.cgroup_leaves = rec->leaves;
	l->state.cgroup_made = rec->made;
	l->state.cgroup_scope = rec->scope;
	return 0;
}

static int write_state(struct launch *l, struct err *e)
{
	struct cgroup_record rec = { 0 };
	struct proc_stat ps = { .start_time = l->run.init.start_time };

	int r = ps.start_time ? 0 : proc_stat(&l->run.proc, l->run.init.pid, &ps);
	if (r < 0)
		return err_sys(e, r, "read the start time of process %d", l->run.init.pid);
	l->state.pid = l->run.init.pid;
	l->state.start_time = ps.start_time;
	r = record_cgroup(l, &rec, e);
	if (r >= 0)
		r = state_save(&l->state, l->run.state_dir, e);
	l->state.cgroup_leaves = l->state.cgroup_made = (struct strv){ 0 };
	l->state.cgroup_scope = NULL;
	cgroup_record_free(&rec);
	return r;
}

/* No newline: containerd reads it with strconv.Atoi. */
static int write_pid_file(struct launch *l, struct err *e)
{
	char text[16];

	if (!l->opts->pid_file)
		return 0;
	int n = snprintf(text, sizeof(text), "%d", l->run.init.pid);
	int r = host_replace_path(l->opts->pid_file, text, (size_t)n, 0644);
	l->pid_file_written = r == 0;
	if (r >= 0)
		return 0;
	err_sys(e, r, "write the pid file '%s'", l->opts->pid_file);
	return err_hint(e,
			"--pid-file takes a file in a directory that exists and may be written to");
}

/* An engine takes the file as proof that the process ran. */
static void commit_undo(struct run *r)
{
	const struct launch *l = r->core;

	if (l->pid_file_written)
		(void)host_unlink(AT_FDCWD, l->opts->pid_file, false);
}

/* The console protocol with a pidfd: one message, one descriptor. PATH is below DIR, or with -EBADF the caller's. */
static int pass_pidfd(const struct launch *l, int dir, const char *path, struct err *e)
{
	const char *word = l->plan->opts.use == FOR_EXEC ? "setns" : "standard";

	if (!path)
		return 0;
	auto_fd int sock = dir < 0 ? fdpass_connect(path, SOCK_STREAM)
				   : fdpass_connect_at(dir, path, SOCK_STREAM);
	int r = sock < 0 ? sock : fdpass_send(sock, word, strlen(word), &l->run.init.pidfd, 1);
	if (r >= 0)
		return 0;
	err_sys(e, r, "send the pidfd to '%s'", path);
	return err_hint(e, HINT_RECEIVER);
}

static int pass_to_receiver(const struct launch *l, struct err *e)
{
	const char *path = spec_map_get(&l->spec->annotations, ANNOTATION_PIDFD_RECEIVER);

	/* below the bundle, as with crun */
	auto_fd int dir = path && *path != '/' ? sys_open(l->bundle, O_PATH, 0) : -EBADF;
	int r = pass_pidfd(l, dir, path, e);
	return r < 0 ? err_at(e, ANNOTATION_AT(ANNOTATION_PIDFD_RECEIVER)) : 0;
}

static int commit_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	int ret = 0;

	if (l->plan->opts.use != FOR_EXEC)
		ret = write_state(l, e);
	if (ret >= 0)
		ret = pass_pidfd(l, -EBADF, l->opts->pidfd_socket, e);
	if (ret >= 0 && l->plan->opts.use != FOR_EXEC)
		ret = pass_to_receiver(l, e);
	if (ret >= 0)
		ret = write_pid_file(l, e);
	hooks_close_outputs(r->hook_outputs); /* a `run` lasts: a fifo's reader waits for the end */
	return ret;
}

static void commit_explain(const struct plan *p, struct buf *out)
{
	if (p->opts.use != FOR_EXEC)
		buf_addf(out, "file %s/state.json\n", p->opts.state_dir);
}

const struct step step_state_commit = {
	.name = "state.commit",
	.what = "write state, pid file and pidfd: the container is created",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_READY),
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.run = commit_run,
	.undo = commit_undo,
	.explain = commit_explain,
};
