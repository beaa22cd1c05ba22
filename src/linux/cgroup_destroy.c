/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Removing cgroups: only directories that ketch made, together with what the container made below them. Most are empty by
 * then and take one rmdir(2); where processes are left they are killed, and every wait has an end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

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
	return err_hint(e, "state D is a process that waits for a device or a network file system, "
			   "or is frozen elsewhere");
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

/* Kernels before 5.8 have no such attributes on cgroups; there only the maker removes. */
static const char mark[] = "user.ketch.shared";

void cgroup_mark(int dir)
{
	(void)fsetxattr(dir, mark, "1", 1, 0);
}

static bool is_marked(const char *dir)
{
	char value[8];

	return host_getxattr(dir, mark, value, sizeof(value)) > 0;
}

/* The directories above a leaf, as far as some ketch made them and nobody uses them. */
static void remove_marked(const char *leaf)
{
	char dir[PATH_MAX];
	char *slash;

	if (strlen(leaf) >= sizeof(dir))
		return;
	memcpy(dir, leaf, strlen(leaf) + 1);
	while ((slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		if (!is_marked(dir) || host_unlink(AT_FDCWD, dir, true) < 0)
			return;
	}
}

int cgroup_remove_dir(const char *dir, struct err *e)
{
	struct cgroup_deadline d;

	if (is_shared(dir))
		return remove_shared(dir, e);
	int r = host_unlink(AT_FDCWD, dir, true);
	if (r < 0 && !is_gone(r)) {
		cgroup_deadline_start(&d, WAIT_MS);
		r = clear(dir, true, &d, e);
		if (r < 0)
			return r;
	}
	remove_marked(dir);
	return 0;
}

static bool is_frozen(int dir)
{
	char state[32];

	/* v1: FREEZING, too, where a process can't be stopped */
	if (host_read_small(dir, "freezer.state", state, sizeof(state)) >= 0)
		return strcmp(state, "THAWED") != 0;
	return cgroup_v2.frozen(dir) == 1;
}

void cgroup_kill_frozen(const char *dir)
{
	if (is_shared(dir))
		return;
	auto_fd int fd = host_opendir(AT_FDCWD, dir, false);
	if (fd < 0 || !is_frozen(fd))
		return;
	(void)cgroup_tree_kill(fd, SIGKILL);
}

/* ---- all of a container ---- */

/* One after the other, the rest too when one fails: the first error is told. */
static void go_on(int r, const struct err *mine, int *ret, struct err *e)
{
	if (r < 0 && *ret >= 0) {
		*ret = r;
		*e = *mine;
	}
}

/* What is left: in leaves that were there before, whose processes are the container's all the same, and (BUSY) in ours. */
static int clear_leaves(struct cgroup *cg, bool busy, struct err *e)
{
	struct cgroup_deadline d;
	struct err mine;
	int ret = 0;

	cgroup_deadline_start(&d, WAIT_MS);
	/* first where one stroke reaches all: then the others are empty */
	if (busy)
		(void)cgroup_kill(cg, SIGKILL, &mine);
	for (unsigned i = 0; i < cg->n; i++) {
		if (!cg->leaves[i].made)
			go_on(clear(cg->leaves[i].dir, false, &d, &mine), &mine, &ret, e);
	}
	for (size_t i = 0; i < cg->made.n && busy; i++) {
		if (!is_shared(cg->made.v[i]))
			go_on(clear(cg->made.v[i], true, &d, &mine), &mine, &ret, e);
	}
	return ret;
}

int cgroup_remove_all(struct cgroup *cg, struct err *e)
{
	const struct strv *made = &cg->made;
	struct err mine;
	bool busy = false;

	for (size_t i = 0; i < made->n; i++) {
		if (!is_shared(made->v[i])) {
			int r = host_unlink(AT_FDCWD, made->v[i], true);
			busy = busy || (r < 0 && !is_gone(r));
		}
	}
	int ret = clear_leaves(cg, busy, e);
	for (size_t i = made->n; i > 0; i--) {
		if (is_shared(made->v[i - 1]))
			go_on(remove_shared(made->v[i - 1], &mine), &mine, &ret, e);
		else
			remove_marked(made->v[i - 1]);
	}
	return ret;
}
