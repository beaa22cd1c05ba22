/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Removing cgroups: only directories that ketch made, together with what the container made below them. Most are empty by
 * then and take one rmdir(2); where processes are left they are killed, and every wait has an end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/proc.h"
#include "util/util.h"

enum { WAIT_MS = 10000, MAX_NAMED = 5 };

static bool is_busy(int r)
{
	return r == -EBUSY || r == -ENOTEMPTY;
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* ---- survivors ---- */

struct survivors {
	char text[160];
	unsigned n;
};

static int name_survivor(void *ctx, pid_t pid)
{
	struct survivors *s = ctx;
	struct proc_stat st;
	size_t len = strlen(s->text);

	if (s->n++ >= MAX_NAMED)
		return 0;
	if (proc_stat_host(pid, &st) < 0)
		st.state = '?';
	snprintf(s->text + len, sizeof(s->text) - len, "%s%d (state %c)", len ? ", " : "", (int)pid,
		 st.state);
	return 0;
}

static int survivors_error(const char *dir, struct err *e)
{
	struct survivors s = { .n = 0 };
	auto_fd int fd = host_opendir(AT_FDCWD, dir, false);

	if (fd >= 0)
		(void)cgroup_tree_pids(fd, name_survivor, &s);
	if (s.n == 0)
		return err_sys(e, -EBUSY, "remove cgroup '%s'", dir);
	err_sys(e, -EBUSY, "cgroup '%s' still has %u processes %d s after SIGKILL: %s%s", dir, s.n,
		WAIT_MS / 1000, s.text, s.n > MAX_NAMED ? ", ..." : "");
	return err_hint(e, "state D is a process that waits for a device or a network file system");
}

/* ---- one directory ---- */

/* A try: kills, removes what is below, then DIR itself if it is ours (MADE). -EBUSY: again later. */
static int clear_once(const char *dir, bool made)
{
	auto_fd int fd = host_opendir(AT_FDCWD, dir, false);

	if (fd < 0)
		return is_gone(fd) ? 0 : fd;
	int r = cgroup_tree_kill(fd, SIGKILL);
	if (r < 0 && !is_gone(r))
		return r;
	if (!made) {
		r = cgroup_tree_empty(fd);
		return r == 0 ? -EBUSY : r < 0 ? r : 0;
	}
	r = cgroup_tree_remove(fd);
	if (r >= 0)
		r = host_unlink(AT_FDCWD, dir, true);
	return is_gone(r) ? 0 : is_busy(r) ? -EBUSY : r;
}

static int clear(const char *dir, bool made, struct cgroup_deadline *d, struct err *e)
{
	int r;

	do {
		r = clear_once(dir, made);
	} while (r == -EBUSY && cgroup_deadline_wait(d));
	if (r == -EBUSY)
		return survivors_error(dir, e);
	return r < 0 ? err_sys(e, r, "remove cgroup '%s'", dir) : 0;
}

static bool is_shared(const char *dir)
{
	size_t len = strlen(dir);

	return len > 0 && dir[len - 1] == '/';
}

/* On the way to a leaf: others may use it by now. */
static int remove_shared(const char *dir, struct err *e)
{
	int r = host_unlink(AT_FDCWD, dir, true);

	return r >= 0 || is_busy(r) || is_gone(r) ? 0 : err_sys(e, r, "remove cgroup '%s'", dir);
}

int cgroup_remove_dir(const char *dir, struct err *e)
{
	struct cgroup_deadline d;

	if (is_shared(dir))
		return remove_shared(dir, e);
	int r = host_unlink(AT_FDCWD, dir, true);
	if (r >= 0 || is_gone(r))
		return 0;
	cgroup_deadline_start(&d, WAIT_MS);
	return clear(dir, true, &d, e);
}

/* ---- all of a container ---- */

/* What is left of a leaf that was there before: its processes are the container's all the same. */
static int clear_foreign(struct cgroup *cg, struct cgroup_deadline *d, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < cg->n && r >= 0; i++) {
		if (!cg->leaves[i].made)
			r = clear(cg->leaves[i].dir, false, d, e);
	}
	return r;
}

int cgroup_remove_all(struct cgroup *cg, struct err *e)
{
	struct cgroup_deadline d;
	struct strv *made = &cg->made;
	bool busy = false;

	for (size_t i = 0; i < made->n; i++) {
		if (!is_shared(made->v[i])) {
			int r = host_unlink(AT_FDCWD, made->v[i], true);
			busy = busy || (r < 0 && !is_gone(r));
		}
	}
	cgroup_deadline_start(&d, WAIT_MS);
	/* first where one stroke reaches all: then the others are empty */
	if (busy)
		(void)cgroup_kill(cg, SIGKILL, e);
	int r = clear_foreign(cg, &d, e);
	for (size_t i = 0; i < made->n && busy && r >= 0; i++) {
		if (!is_shared(made->v[i]))
			r = clear(made->v[i], true, &d, e);
	}
	for (size_t i = made->n; i > 0 && r >= 0; i--) {
		if (is_shared(made->v[i - 1]))
			r = remove_shared(made->v[i - 1], e);
	}
	return r;
}
