/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entering a container's cgroups: at birth on v2, by the child's own write on v1. An exec'ed process goes where init is now, as a
 * v2 cgroup whose processes made sub-cgroups takes none any more, or where `exec --cgroup` says.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

enum { MAX_PROC_CGROUP = 256 * 1024 };

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

/* ---- where init is ---- */

/*
 * LEAF's own directory is mount + path. What init's path has beyond that path is the sub-cgroup; the mount is not known here, so
 * every end of the directory's name is tried, the longest first. NULL: init is not below.
 */
static const char *below_leaf(const char *dir, const char *path)
{
	for (const char *end = dir; (end = strchr(end, '/')); end++) {
		size_t len = strlen(end);

		if (strncmp(path, end, len) == 0 && (path[len] == '/' || path[len] == '\0'))
			return path + len + (path[len] == '/');
	}
	return NULL;
}

/* A line: "5:cpu,cpuacct:/a/b". */
const char *cgroup_proc_path(const char *text, const char *controllers, size_t *len)
{
	size_t n = strlen(controllers);

	for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
		end = strchrnul(line, '\n');
		const char *at = memchr(line, ':', (size_t)(end - line));

		if (!at || strncmp(at + 1, controllers, n) != 0 || at[1 + n] != ':')
			continue;
		*len = (size_t)(end - (at + n + 2));
		return at + n + 2;
	}
	return NULL;
}

/* Descriptor of the sub-cgroup that init is in below LEAF; -ENOENT: in LEAF, or nowhere below. */
static int open_present(struct cgroup_leaf *leaf, const char *proc_cgroup)
{
	size_t len = 0;
	const char *line = cgroup_proc_path(proc_cgroup, leaf->controllers, &len);
	auto_str char *path = line ? strndup(line, len) : NULL;
	const char *sub = path ? below_leaf(leaf->dir, path) : NULL;

	if (!sub || !*sub)
		return line && !path ? -ENOMEM : -ENOENT;
	int fd = cgroup_leaf_fd(leaf);
	if (fd >= 0)
		fd = sys_openat2(fd, sub, O_RDONLY | O_DIRECTORY, 0, BENEATH);
	free(leaf->sub);
	leaf->sub = fd >= 0 ? strdup(sub) : NULL;
	return fd;
}

int cgroup_proc_read(pid_t pid, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	return host_read(AT_FDCWD, path, MAX_PROC_CGROUP, out);
}

/* ---- exec --cgroup ---- */

/* The next name of "CTRL,CTRL" at *AT, which goes on; false at its end, and a name that is too long is empty. */
static bool next_name(const char *controllers, size_t len, size_t *at, char name[64])
{
	size_t n = 0;

	if (*at >= len)
		return false;
	while (*at + n < len && controllers[*at + n] != ',')
		n++;
	name[0] = '\0';
	if (n < 64) {
		memcpy(name, controllers + *at, n);
		name[n] = '\0';
	}
	*at += n + 1;
	return true;
}

/* CTRL,CTRL of "CTRL,CTRL:PATH" name LEAF? */
static bool names_leaf(const char *controllers, size_t len, const struct cgroup_leaf *leaf)
{
	char one[64];

	for (size_t at = 0; next_name(controllers, len, &at, one);) {
		if (*one && cgroup_leaf_has(leaf, one))
			return true;
	}
	return false;
}

static int bad_option(const char *option, const char *why, struct err *e)
{
	return err_set(e, ERR_USAGE, "--cgroup %s: %s", option, why);
}

/* Each name of the list is a controller that the container has a cgroup of. */
static int check_names(const struct cgroup *cg, const char *option, size_t len, struct err *e)
{
	char one[64];

	for (size_t at = 0; next_name(option, len, &at, one);) {
		bool found = false;

		for (unsigned i = 0; i < cg->n && !found; i++)
			found = *one && cgroup_leaf_has(&cg->leaves[i], one);
		if (!found)
			return err_set(e, ERR_USAGE,
				       "--cgroup %s: the container has no cgroup with the "
				       "controller '%s'",
				       option, one);
	}
	return 0;
}

static int open_sub(struct cgroup_leaf *leaf, const char *option, const char *path, struct err *e)
{
	path += strspn(path, "/");
	if (path_leads_up(path))
		return bad_option(option, "the path must not contain '..'", e);
	int dir = cgroup_leaf_fd(leaf);
	int fd = dir < 0 ? dir
			 : sys_openat2(dir, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0, BENEATH);

	free(leaf->sub);
	leaf->sub = fd >= 0 && *path ? strdup(path) : NULL;

	if (fd == -ENOENT) {
		err_set(e, ERR_NOT_FOUND, "--cgroup %s: no such cgroup in '%s'", option, leaf->dir);
		err_hint(e, "the sub-cgroup must exist below the container's");
		return -ENOENT;
	}
	if (fd == -EXDEV)
		return bad_option(option, "the path must stay below the container's cgroup", e);
	return fd < 0 ? err_sys(e, fd, "open cgroup '%s' in '%s'", path, leaf->dir) : fd;
}

/* A --cgroup option for each leaf that it names. A path without controllers means all of v1, or the v2 cgroup. */
static int apply_option(struct cgroup *cg, const char *option, int fds[], struct err *e)
{
	const char *colon = strchr(option, ':'), *path = colon ? colon + 1 : option;
	size_t len = colon ? (size_t)(colon - option) : 0;
	bool any = false, only_v2 = cg->n == 1 && cg->leaves[0].version->number == 2;

	if (only_v2 && colon && len > 0)
		return bad_option(option,
				  "cgroup v2 has one tree for all controllers: give the path alone",
				  e);
	int r = check_names(cg, option, len, e);
	for (unsigned i = 0; i < cg->n && r >= 0; i++) {
		struct cgroup_leaf *leaf = &cg->leaves[i];
		bool all = len == 0 && (only_v2 || leaf->version->number == 1);

		if (!all && !names_leaf(option, len, leaf))
			continue;
		int fd = open_sub(leaf, option, path, e);
		if (fd < 0)
			return fd;
		close_fd(fds[i]);
		fds[i] = fd;
		any = true;
	}
	if (r < 0 || any)
		return r;
	return bad_option(option, "the container has no such cgroup", e);
}

/* ---- joining ---- */

/* Opens what the child needs to enter LEAF, or its sub-cgroup SUB, which it takes over. */
static int open_join(struct cgroup_leaf *leaf, int sub, struct err *e)
{
	auto_fd int dir = sub;
	char path[PATH_MAX];
	int r;

	if (leaf->version->number == 2) {
		r = dir >= 0 ? 0 : cgroup_leaf_fd(leaf);
		leaf->enter_fd = TAKE_FD(dir);
		leaf->born = false;
	} else if (dir >= 0) {
		r = leaf->join_fd = sys_openat(dir, "tasks", O_WRONLY, 0);
	} else {
		snprintf(path, sizeof(path), "%s/tasks", leaf->dir);
		r = leaf->join_fd = sys_open(path, O_WRONLY, 0);
	}
	return r < 0 ? err_sys(e, r, "open the container's cgroup '%s'", leaf->dir) : 0;
}

static int prepare(struct cgroup *cg, const char *const *cgroups, pid_t init_pid, int fds[],
		   struct err *e)
{
	auto_buf struct buf text = { 0 };
	int r = 0;

	for (size_t i = 0; cgroups && cgroups[i] && r >= 0; i++)
		r = apply_option(cg, cgroups[i], fds, e);
	if (r < 0)
		return r;
	r = cgroup_proc_read(init_pid, &text);
	if (r < 0)
		return err_sys(e, r, "read the cgroups of the container's process %d",
			       (int)init_pid);
	for (unsigned i = 0; i < cg->n && r >= 0; i++) {
		if (fds[i] < 0 && text.p)
			fds[i] = open_present(&cg->leaves[i], text.p);
		r = open_join(&cg->leaves[i], TAKE_FD(fds[i]), e);
	}
	return r;
}

int cgroup_prepare_join(struct cgroup *cg, const char *const *cgroups, pid_t init_pid,
			struct err *e)
{
	int fds[FACTS_MAX_HIERARCHIES];

	for (unsigned i = 0; i < N_ELEMENTS(fds); i++)
		fds[i] = -EBADF;
	int r = prepare(cg, cgroups, init_pid, fds, e);
	for (unsigned i = 0; i < N_ELEMENTS(fds); i++)
		close_fd(fds[i]);
	return r;
}

int cgroup_clone_fd(struct cgroup *cg, pid_t init_pid)
{
	struct cgroup_leaf *leaf = cgroup_unified(cg);
	auto_buf struct buf text = { 0 };

	if (!leaf)
		return -EBADF;
	if (init_pid > 0 && leaf->enter_fd < 0 && cgroup_proc_read(init_pid, &text) >= 0 && text.p)
		leaf->enter_fd = open_present(leaf, text.p);
	int fd = leaf->enter_fd >= 0 ? leaf->enter_fd : cgroup_leaf_fd(leaf);
	/*
	 * Linux 6.14 and later kill who is born in a cgroup whose cgroup.kill was ever written, as they compare with the parent's own cgroup
	 * (kill_seq in kernel/cgroup/cgroup.c). One that was there before may be such a cgroup: it is joined.
	 */
	if (!leaf->made && !cg->scope && leaf->enter_fd < 0) {
		if (leaf->join_fd < 0 &&
		    fd >= 0) /* the kernel asks for the rights of who opens it */
			leaf->join_fd = sys_openat(fd, "cgroup.procs", O_WRONLY, 0);
		return -EBADF;
	}
	leaf->born = fd >= 0;
	return fd < 0 ? -EBADF : fd;
}

bool cgroup_clone_refused(struct cgroup *cg, int r)
{
	struct cgroup_leaf *leaf = cgroup_unified(cg);
	bool movable = cg->scope && cg->driver && cg->driver->attach;

	if (!leaf || !(r == -EAGAIN || (r == -EACCES && movable)))
		return false;
	leaf->born = false;
	return true;
}

int cgroup_join_error(const struct cgroup_leaf *leaf, int r, struct err *e)
{
	err_sys(e, r, "join cgroup '%s'", leaf->dir);
	if (r == -ENOSPC)
		err_hint(e, "its cpuset has no CPUs or no memory nodes");
	else if (r == -EBUSY || r == -EOPNOTSUPP)
		err_hint(e,
			 "a cgroup v2 with sub-cgroups that have controllers takes no processes");
	return r;
}

/* "0" is the writing thread: of a single-threaded process that is all of it, without the wait for an RCU grace period that
 * cgroup.procs on v1 and foreign pids cost. */
static int join_leaf(const struct cgroup_leaf *leaf)
{
	bool v2 = leaf->version->number == 2;

	if (v2 && !leaf->born && leaf->join_fd < 0)
		return host_write(leaf->enter_fd >= 0 ? leaf->enter_fd : leaf->fd, "cgroup.procs",
				  "0");
	return (v2 && leaf->born) || leaf->join_fd < 0 ? 0 : host_write_fd(leaf->join_fd, "0", 1);
}

int cgroup_join_self(struct cgroup *cg, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < cg->n && r >= 0; i++) {
		r = join_leaf(&cg->leaves[i]);
		if (r < 0)
			r = cgroup_join_error(&cg->leaves[i], r, e);
	}
	cgroup_close_fds(cg); /* none may stay in the container's process */
	return r;
}
