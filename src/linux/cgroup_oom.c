/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hearing of out-of-memory: on v1 an eventfd registered for memory.oom_control (cgroup-v1/memory.rst, 10), on v2 memory.events,
 * which poll(2) reports by POLLPRI when it changes (cgroup-v2.rst).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "linux/cgroup_impl.h"
#include "linux/cgroup_stats.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

static struct cgroup_leaf *memory_leaf(struct cgroup *cg, bool *ret_v1)
{
	*ret_v1 = true;
	for (unsigned i = 0; i < cg->n; i++) {
		if (cgroup_leaf_has(&cg->leaves[i], "memory"))
			return &cg->leaves[i];
	}
	*ret_v1 = false;
	return cgroup_unified(cg);
}

static int watch_v1(int dir, struct cgroup_oom_watch *w)
{
	char words[48];

	w->v1 = true;
	w->events = POLLIN;
	w->control = sys_openat(dir, "memory.oom_control", O_RDONLY, 0);
	if (w->control < 0)
		return w->control;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return -errno;
	snprintf(words, sizeof(words), "%d %d", w->fd, w->control);
	return host_write(dir, "cgroup.event_control", words);
}

int cgroup_oom_watch(struct cgroup *cg, struct cgroup_oom_watch *ret, struct err *e)
{
	struct cgroup_leaf *leaf = memory_leaf(cg, &ret->v1);
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT, r = 0;

	ret->fd = ret->control = -EBADF;
	ret->events = 0;
	if (dir < 0)
		return dir == -ENOENT ? 0 : err_sys(e, dir, "open cgroup '%s'", leaf->dir);
	if (ret->v1) {
		r = watch_v1(dir, ret);
	} else {
		ret->fd = sys_openat(dir, "memory.events", O_RDONLY, 0);
		ret->events = POLLPRI;
		r = ret->fd;
		if (r >= 0)
			cgroup_oom_seen(ret);
	}
	if (r < 0) {
		cgroup_oom_watch_close(ret);
		return r == -ENOENT ? 0 : err_sys(e, r, "watch for out-of-memory");
	}
	return 0;
}

void cgroup_oom_seen(struct cgroup_oom_watch *w)
{
	char text[512];

	if (w->fd < 0)
		return;
	if (w->v1)
		(void)!read(w->fd, text, sizeof(uint64_t));
	else
		(void)!pread(w->fd, text, sizeof(text), 0);
}

void cgroup_oom_watch_close(struct cgroup_oom_watch *w)
{
	close_fd(TAKE_FD(w->fd));
	close_fd(TAKE_FD(w->control));
}

uint64_t cgroup_oom_kills(struct cgroup *cg)
{
	char text[512] = "\n";
	bool v1;
	struct cgroup_leaf *leaf = memory_leaf(cg, &v1);
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;
	unsigned long long n;

	if (dir < 0 || host_read_small(dir, v1 ? "memory.oom_control" : "memory.events", text + 1,
				       sizeof(text) - 1) < 0)
		return 0;
	const char *at = strstr(text, "\noom_kill ");
	return at && sscanf(at, "\noom_kill %llu", &n) == 1 ? n : 0;
}

void cgroup_oom_note(struct cgroup *cg)
{
	cg->oom_kills = cgroup_oom_kills(cg);
}

/* The first of FILES that DIR has and that is a number. */
static bool first_number(int dir, const char *const *files, const char **ret_file, uint64_t *ret)
{
	char text[32];

	for (; *files; files++) {
		if (host_read_small(dir, *files, text, sizeof(text)) > 0 &&
		    parse_u64(text, ret) >= 0) {
			*ret_file = *files;
			return true;
		}
	}
	return false;
}

int cgroup_oom_error(struct cgroup *cg, const char *who, struct err *e)
{
	static const char *const limits[2][3] = {
		{ "memory.max" },
		{ "memory.limit_in_bytes" },
	};
	static const char *const peaks[2][3] = {
		{ "memory.peak", "memory.current" },
		{ "memory.max_usage_in_bytes" },
	};
	const char *limit_file, *peak_file;
	uint64_t limit, peak;
	bool v1;

	if (!cg || cgroup_oom_kills(cg) <= cg->oom_kills)
		return 0;
	struct cgroup_leaf *leaf = memory_leaf(cg, &v1);
	int dir = cgroup_leaf_fd(leaf);
	if (dir >= 0 && first_number(dir, limits[v1], &limit_file, &limit) &&
	    first_number(dir, peaks[v1], &peak_file, &peak))
		err_set(e, ERR_STATE,
			"%s was killed for want of memory: %s is %llu, and it needs more than %llu",
			who, limit_file, (unsigned long long)limit,
			(unsigned long long)MAX(limit, peak));
	else
		err_set(e, ERR_STATE, "%s was killed for want of memory", who);
	err_hint(e, "raise linux.resources.memory.limit");
	return err_at(e, "$.linux.resources.memory.limit");
}

void cgroup_oom_place(const struct plan *p, struct err *e)
{
	const struct cgroup_writes *w = &p->cgroup.writes;

	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->v[i].file, "memory.max") != 0)
			continue;
		e->where[0] = '\0'; /* err_at() keeps the first */
		err_at(e, "%s", w->v[i].where);
	}
}
