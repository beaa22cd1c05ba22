/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walking a cgroup and what the container made below it. A container that may write to its cgroupfs is hostile here: it makes
 * thousands of cgroups in each other or beside each other, and goes on while we walk. So there is no recursion, a
 * constant number of descriptors and no limit on depth. cgroupfs knows no symlinks and renames only in place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

enum {
	MAX_PATH = 4000, /* of one look-up; below PATH_MAX */
	MAX_NAME = 256,
	MAX_REMOVALS = 100000,	      /* in one go: the caller has a clock, we don't */
	MAX_PROCS = 64 * 1024 * 1024, /* bytes of one cgroup.procs: all pids there can be */
};

/* Gone while we walked, or (EOPNOTSUPP) a threaded cgroup, whose processes are listed further up. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP;
}

/* The kernel keeps the number of sub-cgroups in the link count, which saves listing a directory of 40 files. */
static bool may_have_children(int dir)
{
	struct stat st;

	return fstat(dir, &st) < 0 || st.st_nlink != 2;
}

/* Opens PATH below DIR, of any length. */
static int open_below(int dir, const char *path)
{
	auto_fd int at = -EBADF;
	char part[MAX_PATH + 1];

	for (;;) {
		size_t len = strlen(path), skip;

		if (len > MAX_PATH) {
			len = MAX_PATH;
			while (len > 0 && path[len] != '/')
				len--;
		}
		skip = path[len] == '/' ? len + 1 : len;
		memcpy(part, path, len);
		part[len] = '\0';
		int next = sys_openat2(at < 0 ? dir : at, part, O_RDONLY | O_DIRECTORY, 0,
				       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		if (next < 0)
			return next;
		close_fd(at);
		at = next;
		path += skip;
		if (!*path)
			return TAKE_FD(at);
	}
}

struct children {
	struct strv *stack;
	const char *parent;
};

static int push_child(void *ctx, const char *name, unsigned char type)
{
	struct children *c = ctx;

	if (type != DT_DIR)
		return 0;
	return *c->parent ? strv_addf(c->stack, "%s/%s", c->parent, name)
			  : strv_add(c->stack, name);
}

static char *pop(struct strv *stack)
{
	char *last = stack->v[--stack->n];

	stack->v[stack->n] = NULL;
	return last;
}

/* Opens PATH below DIR. NEAR, open already, is the directory visited before: in a deep nest it is the parent, and the walk
 * stays linear. */
static int open_next(int dir, const char *path, int near, const char *near_path)
{
	size_t len = near_path ? strlen(near_path) : 0;

	if (near >= 0 && len > 0 && strncmp(path, near_path, len) == 0 && path[len] == '/')
		return open_below(near, path + len + 1);
	return open_below(dir, path);
}

static int visit(int dir, const char *path, struct strv *stack, int (*fn)(void *ctx, int dir),
		 void *ctx)
{
	struct children c = { stack, path };
	int r = fn(ctx, dir);

	if (r >= 0 && may_have_children(dir))
		r = host_list(dir, push_child, &c);
	return is_gone(r) ? 0 : r;
}

int cgroup_tree_walk(int dir, int (*fn)(void *ctx, int dir), void *ctx)
{
	auto_strv struct strv stack = { 0 };
	auto_str char *near_path = NULL;
	auto_fd int near = -EBADF;

	int r = visit(dir, "", &stack, fn, ctx);
	while (r >= 0 && stack.n > 0) {
		char *path = pop(&stack);
		int fd = open_next(dir, path, near, near_path);

		free(near_path);
		near_path = path;
		close_fd(near);
		near = fd;
		if (!is_gone(fd))
			r = fd < 0 ? fd : visit(fd, path, &stack, fn, ctx);
	}
	return r < 0 ? r : 0;
}

struct pid_walk {
	int (*fn)(void *ctx, pid_t pid);
	void *ctx;
	int result; /* of FN, kept apart from what the walk forgives */
};

static int each_pid(void *ctx, int dir)
{
	struct pid_walk *w = ctx;
	auto_buf struct buf text = { 0 };
	uint32_t pid;

	int r = host_read(dir, "cgroup.procs", MAX_PROCS, &text);
	if (r < 0 || !text.p)
		return is_gone(r) ? 0 : r;
	char *rest = text.p, *line;
	while ((line = strsep(&rest, "\n"))) {
		/* 0 is a process outside of our pid namespace, and to kill() it would be ourselves */
		if (parse_u32(line, &pid) < 0 || pid == 0)
			continue;
		w->result = w->fn(w->ctx, (pid_t)pid);
		if (w->result < 0)
			return -ECANCELED;
	}
	return 0;
}

int cgroup_tree_pids(int dir, int (*fn)(void *ctx, pid_t pid), void *ctx)
{
	struct pid_walk w = { .fn = fn, .ctx = ctx };
	int r = cgroup_tree_walk(dir, each_pid, &w);

	return w.result < 0 ? w.result : r;
}

static int has_process(void *ctx, int dir)
{
	char first[32];

	(void)ctx;
	int r = host_read_small(dir, "cgroup.procs", first, sizeof(first));
	if (is_gone(r) || r == 0)
		return 0;
	return r > 0 || r == -EFBIG ? -EBUSY : r;
}

int cgroup_tree_empty(int dir)
{
	int r = cgroup_tree_walk(dir, has_process, NULL);

	return r == -EBUSY ? 0 : r < 0 ? r : 1;
}

/* ---- removal ---- */

static int keep_first(void *ctx, const char *name, unsigned char type)
{
	char *out = ctx;

	if (type != DT_DIR || strlen(name) >= MAX_NAME)
		return 0;
	memcpy(out, name, strlen(name) + 1);
	return -ECANCELED; /* enough */
}

/* Name of a sub-cgroup of DIR, "" when there is none. */
static int first_child(int dir, char name[MAX_NAME])
{
	name[0] = '\0';
	if (!may_have_children(dir))
		return 0;
	int r = host_list(dir, keep_first, name);
	return r < 0 && r != -ECANCELED ? r : 0;
}

/* Removes one sub-cgroup, or goes down into it. *AT is the directory we are in, DEPTH levels below the start. */
static int remove_or_enter(int *at, unsigned *depth, const char *name)
{
	int r = host_unlink(*at, name, true);

	if (r >= 0 || is_gone(r))
		return 0;
	if (r != -EBUSY && r != -ENOTEMPTY)
		return r;
	auto_fd int child = sys_openat(*at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (child < 0)
		return is_gone(child) ? 0 : child;
	if (!may_have_children(child))
		return -EBUSY; /* processes */
	close_fd(*at);
	*at = TAKE_FD(child);
	++*depth;
	return 0;
}

int cgroup_tree_remove(int dir)
{
	auto_fd int at = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	unsigned depth = 0;
	char name[MAX_NAME];

	if (at < 0)
		return is_gone(at) ? 0 : at;
	for (int i = 0; i < MAX_REMOVALS; i++) {
		int r = first_child(at, name);

		if (r < 0 && !is_gone(r))
			return r;
		if (*name) {
			r = remove_or_enter(&at, &depth, name);
			if (r < 0)
				return r;
			continue;
		}
		if (depth == 0)
			return 0;
		int up = sys_openat(at, "..", O_RDONLY | O_DIRECTORY, 0);
		if (up < 0)
			return is_gone(up) ? -EBUSY : up; /* somebody else removes too: again */
		close_fd(at);
		at = up;
		depth--;
	}
	return -EBUSY;
}
