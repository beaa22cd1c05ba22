/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stopping and signalling all processes of a cgroup. cgroup.kill (5.14) needs no help; elsewhere the cgroup is frozen
 * meanwhile, so that nothing forks away, and always thawed again. Signals go by pidfd to processes that were seen in the
 * cgroup after the pidfd was taken, so that a recycled pid is never hit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/clock.h"
#include "util/parse.h"
#include "util/util.h"

enum {
	FREEZE_MS = 10000, /* pause */
	FREEZE_KILL_MS =
		1000,	  /* before a signal; without success the signal goes out all the same */
	KILL_ROUNDS = 20, /* without a freezer */
	BATCH = 64,	  /* pidfds at a time */
	MAX_PROCS = 64 * 1024 * 1024,
};

/* ---- time ---- */

void cgroup_deadline_start(struct cgroup_deadline *d, unsigned ms)
{
	d->end_ns = clock_ns() + ms * 1000000ull;
	d->pause_ns = 50000;
}

bool cgroup_deadline_wait(struct cgroup_deadline *d)
{
	const uint64_t longest = 20000000;

	if (clock_ns() >= d->end_ns)
		return false;
	struct timespec pause = { .tv_nsec = (long)d->pause_ns };
	nanosleep(&pause, NULL);
	d->pause_ns = MIN(2 * d->pause_ns, longest);
	return true;
}

/* ---- freeze ---- */

int cgroup_dir_freeze(const struct cgroup_version *version, int dir, bool freeze, unsigned ms)
{
	struct cgroup_deadline d;
	int r = 0;

	cgroup_deadline_start(&d, ms);
	for (unsigned i = 0;; i++) {
		/* v1: a task that was about to sleep uninterruptibly can hold the freezer in FREEZING; thawing helps. v2: a tree whose
		 * processes were killed while they were frozen can stay "frozen 1" (Linux 6.18); freezing once more helps. */
		if (i % 16 == 15)
			(void)version->freeze(dir, !freeze);
		r = version->freeze(dir, freeze);
		if (r < 0)
			return r;
		r = version->frozen(dir);
		if (r < 0 || r == freeze)
			return r < 0 ? r : 0;
		if (!cgroup_deadline_wait(&d))
			break;
	}
	if (freeze)
		(void)version->freeze(dir, false);
	return -ETIMEDOUT;
}

static int no_freezer(struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED,
		       "the container can't be paused: it has no cgroup with the controller "
		       "'freezer' (v1) nor cgroup v2");
}

static int freeze_failed(const struct cgroup_leaf *leaf, bool freeze, int r, struct err *e)
{
	err_sys(e, r, "%s cgroup '%s'", freeze ? "freeze" : "thaw", leaf->dir);
	if (r != -ETIMEDOUT)
		return r;
	return err_hint(e, freeze ? "a process of it sleeps uninterruptibly (state D in ps)"
				  : "is a cgroup above it frozen?");
}

int cgroup_freeze(struct cgroup *cg, bool freeze, struct err *e)
{
	struct cgroup_leaf *leaf = cgroup_freezer(cg);

	if (!leaf)
		return no_freezer(e);
	int dir = cgroup_leaf_fd(leaf);
	if (dir < 0)
		return err_sys(e, dir, "open cgroup '%s'", leaf->dir);
	int r = cgroup_dir_freeze(leaf->version, dir, freeze, FREEZE_MS);
	return r < 0 ? freeze_failed(leaf, freeze, r, e) : 0;
}

bool cgroup_is_frozen(struct cgroup *cg)
{
	struct cgroup_leaf *leaf = cgroup_freezer(cg);
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;

	return dir >= 0 && leaf->version->frozen(dir) == 1;
}

/* ---- signal ---- */

struct signalling {
	int sig;
	unsigned sent;
};

/* The next number of a list of lines, which *TEXT moves past. */
static uint32_t next_pid(const char **text)
{
	uint32_t n = 0;

	for (; **text && **text != '\n'; ++*text)
		n = n * 10 + (uint32_t)(**text - '0');
	*text += **text == '\n';
	return n;
}

/* Is PID in the text of a cgroup.procs? */
static bool listed(const char *text, uint32_t pid)
{
	while (*text) {
		if (next_pid(&text) == pid)
			return true;
	}
	return false;
}

/* Takes pidfds of up to BATCH pids from *TEXT, which moves on. */
static size_t take_pidfds(const char **text, uint32_t pids[BATCH], int fds[BATCH])
{
	size_t n = 0;

	while (n < BATCH && **text) {
		uint32_t pid = next_pid(text);

		/* 0 is outside of our pid namespace; to kill() it would be ourselves */
		if (pid == 0 || pid == (uint32_t)getpid())
			continue;
		fds[n] = sys_pidfd_open((pid_t)pid);
		pids[n] = pid;
		n += fds[n] >= 0;
	}
	return n;
}

static int signal_dir(void *ctx, int dir)
{
	struct signalling *s = ctx;
	auto_buf struct buf first = { 0 }, again = { 0 };
	uint32_t pids[BATCH];
	int fds[BATCH];

	int r = host_read(dir, "cgroup.procs", MAX_PROCS, &first);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP ? 0 : r;
	for (const char *rest = buf_str(&first); *rest;) {
		size_t n = take_pidfds(&rest, pids, fds);

		buf_reset(&again);
		r = n ? host_read(dir, "cgroup.procs", MAX_PROCS, &again) : 0;
		for (size_t i = 0; i < n; i++) {
			if (r >= 0 && listed(buf_str(&again), pids[i]) &&
			    sys_pidfd_send_signal(fds[i], s->sig) >= 0)
				s->sent++;
			close_fd(fds[i]);
		}
		if (r < 0)
			return r == -ENODEV ? 0 : r;
	}
	return 0;
}

static int thaw_dir(void *ctx, int dir)
{
	(void)ctx;
	(void)cgroup_v1.freeze(dir, false);
	return 0;
}

/* A process that is to die must run for that: cgroups that the container froze itself are thawed too. */
static void thaw_tree(int dir)
{
	(void)cgroup_tree_walk(dir, thaw_dir, NULL);
}

static int signal_frozen(const struct cgroup_version *version, int dir, int sig)
{
	struct signalling s = { .sig = sig };
	bool was_frozen = version->frozen(dir) == 1;

	if (!was_frozen)
		(void)cgroup_dir_freeze(version, dir, true, FREEZE_KILL_MS);
	int r = cgroup_tree_walk(dir, signal_dir, &s);
	if (sig == SIGKILL && version->number == 1)
		thaw_tree(dir);
	if (sig == SIGKILL || !was_frozen)
		(void)version->freeze(dir, false);
	return r;
}

/* Again until nobody new is found: a process that has a fatal signal pending does not fork any more. */
static int signal_rounds(int dir, int sig)
{
	int r = 0;

	for (int i = 0; i < (sig == SIGKILL ? KILL_ROUNDS : 1) && r >= 0; i++) {
		struct signalling s = { .sig = sig };

		r = cgroup_tree_walk(dir, signal_dir, &s);
		if (s.sent == 0)
			break;
	}
	return r;
}

int cgroup_tree_kill(int dir, int sig)
{
	if (sig == SIGKILL && host_write(dir, "cgroup.kill", "1") >= 0)
		return 0;
	if (cgroup_v2.frozen(dir) >= 0)
		return signal_frozen(&cgroup_v2, dir, sig);
	if (cgroup_v1.frozen(dir) >= 0)
		return signal_frozen(&cgroup_v1, dir, sig);
	return signal_rounds(dir, sig);
}

/* One leaf that stands for the others: all processes are in all hierarchies, unless the container moved them apart. */
static struct cgroup_leaf *main_leaf(struct cgroup *cg)
{
	struct cgroup_leaf *leaf = cgroup_freezer(cg);

	return leaf || cg->n == 0 ? leaf : &cg->leaves[0];
}

int cgroup_kill(struct cgroup *cg, int sig, struct err *e)
{
	struct cgroup_leaf *leaf = main_leaf(cg), *unified = cgroup_unified(cg);
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;

	if (sig == SIGKILL && unified && unified != leaf && cgroup_leaf_fd(unified) >= 0)
		(void)host_write(cgroup_leaf_fd(unified), "cgroup.kill", "1");
	if (dir == -ENOENT)
		return 0;
	int r = dir < 0 ? dir : cgroup_tree_kill(dir, sig);
	return r < 0 ? err_sys(e, r, "signal the processes of cgroup '%s'", leaf->dir) : 0;
}

int cgroup_pids(struct cgroup *cg, int (*fn)(void *ctx, pid_t pid), void *ctx, struct err *e)
{
	struct cgroup_leaf *leaf = main_leaf(cg);
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;

	if (dir == -ENOENT)
		return 0;
	int r = dir < 0 ? dir : cgroup_tree_pids(dir, fn, ctx);
	return r < 0 ? err_sys(e, r, "list the processes of cgroup '%s'", leaf->dir) : 0;
}
