/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch top: a container's figures and its processes, live on a terminal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/usage.h"
#include "core/top.h"

struct top_opts {
	const char *interval;
	uint32_t count;
};

static const struct opt options[] = {
	OPTION(0, "interval", OPT_STR, struct top_opts, interval, "DURATION",
	       "time between two views (default 2s; 500ms where it is no terminal)"),
	OPTION('n', "count", OPT_U32, struct top_opts, count, "N",
	       "end after N views (default: 1, on a terminal none)"),
};

/* One look at the container. */
struct look {
	struct arena arena;
	struct stats stats;
	struct top_process *v;
	size_t n;
	double *cpu; /* percent of one CPU since the look before; by index of V */
};

static void clear_look(struct look *l)
{
	arena_free(&l->arena);
	stats_clear(&l->stats);
	*l = (struct look){ 0 };
}

static uint64_t ticks_before(const struct look *before, const struct top_process *p)
{
	for (size_t i = 0; i < before->n; i++) {
		if (before->v[i].pid == p->pid && before->v[i].start_time == p->start_time)
			return before->v[i].ticks;
	}
	return p->ticks;
}

static int take_look(struct container *c, const struct look *before, struct look *ret,
		     struct err *e)
{
	*ret = (struct look){ 0 };
	int r = container_stats(c, &ret->stats, e);
	if (r >= 0)
		r = container_top(c, &ret->arena, &ret->v, &ret->n, e);
	if (r >= 0) {
		ret->cpu = arena_array(&ret->arena, ret->n + 1, sizeof(*ret->cpu));
		r = ret->cpu ? 0 : err_sys(e, -ENOMEM, "top");
	}
	if (r < 0) {
		clear_look(ret);
		return r;
	}
	double wall = (double)(ret->stats.taken_ns - before->stats.taken_ns) / 1e9;
	for (size_t i = 0; before->v && i < ret->n; i++)
		ret->cpu[i] = 100.0 * (double)(ret->v[i].ticks - ticks_before(before, &ret->v[i])) /
			      (double)sysconf(_SC_CLK_TCK) / wall;
	return 0;
}

/* Busiest first; indices, because the processes stay sorted by pid. */
static int by_cpu(const void *a, const void *b, void *ctx)
{
	const struct look *l = ctx;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	if (l->cpu[x] < l->cpu[y] || l->cpu[x] > l->cpu[y])
		return l->cpu[x] < l->cpu[y] ? 1 : -1;
	return l->v[x].pid < l->v[y].pid ? -1 : 1;
}

static void header(const struct container *c, const struct look *before, const struct look *now,
		   struct buf *out)
{
	const struct cgroup_stats *s = &now->stats.cg;
	struct cgroup_stat io = usage_io(&now->stats);
	char t[5][USAGE_TEXT];

	buf_addf(out, "%s: %s\n", c->id, container_status_name(container_status(c)));
	buf_addf(out, "cpu %s   memory %s of %s, peak %s   io %s   pids %llu   oom kills %llu\n",
		 before->v ? usage_cpu(&before->stats, &now->stats, t[0]) : "-",
		 usage_bytes(&s->memory.memory.usage, t[1]),
		 usage_bytes(&s->memory.memory.limit, t[2]),
		 usage_bytes(&s->memory.memory.max, t[3]), usage_bytes(&io, t[4]),
		 (unsigned long long)s->pids.current.v, (unsigned long long)s->memory.oom_kills.v);
	if (s->cpu.pressure.has_some || s->memory.pressure.has_some)
		buf_addf(out,
			 "waiting, of the last 10 s: cpu %u.%02u%%   memory %u.%02u%%   io "
			 "%u.%02u%%\n",
			 s->cpu.pressure.some.avg10 / 100, s->cpu.pressure.some.avg10 % 100,
			 s->memory.pressure.some.avg10 / 100, s->memory.pressure.some.avg10 % 100,
			 s->io_pressure.some.avg10 / 100, s->io_pressure.some.avg10 % 100);
}

static int view(const struct container *c, const struct look *before, const struct look *now,
		bool terminal, struct err *e)
{
	auto_buf struct buf out = { 0 };
	size_t *order = arena_array((struct arena *)&now->arena, now->n + 1, sizeof(*order));
	size_t rows = now->n;
	int width = 1000;
	struct winsize w;

	if (!order)
		return err_sys(e, -ENOMEM, "top");
	for (size_t i = 0; i < now->n; i++)
		order[i] = i;
	qsort_r(order, now->n, sizeof(*order), by_cpu, (void *)now);
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 6) {
		rows = MIN(rows, (size_t)w.ws_row - 6);
		width = w.ws_col;
	}
	if (terminal)
		buf_adds(&out, "\033[H\033[2J");
	header(c, before, now, &out);
	buf_addf(&out, "\n%8s %1s %7s %8s %s\n", "PID", "S", "CPU", "RSS", "COMMAND");
	for (size_t i = 0; i < rows; i++) {
		const struct top_process *p = &now->v[order[i]];
		struct cgroup_stat rss = { p->rss, true };
		char t[USAGE_TEXT];

		buf_addf(&out, "%8d %c %6.1f%% %8s %.*s\n", (int)p->pid, p->state,
			 now->cpu[order[i]], usage_bytes(&rss, t), MAX(width - 29, 10), p->command);
	}
	return cli_print(&out, e);
}

static int loop(struct container *c, const struct top_opts *o, uint64_t interval, struct err *e)
{
	bool terminal = isatty(STDOUT_FILENO);
	uint32_t left = o->count ? o->count : terminal ? UINT32_MAX : 1;
	struct look before = { 0 }, now;
	int r = 0;

	/* a first look that is not shown: figures of CPU are differences */
	r = take_look(c, &before, &now, e);
	while (r >= 0 && left > 0) {
		clear_look(&before);
		before = now;
		now = (struct look){ 0 };
		if (!usage_wait(interval))
			break;
		r = take_look(c, &before, &now, e);
		if (r >= 0)
			r = view(c, &before, &now, terminal, e);
		if (left != UINT32_MAX)
			left--;
	}
	clear_look(&before);
	if (r >= 0)
		clear_look(&now);
	return r;
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct top_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	uint64_t interval;

	int r = usage_interval(o->interval, isatty(STDOUT_FILENO) ? 2000 : 500, &interval, e);
	if (r >= 0)
		r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	return r < 0 ? r : loop(c, o, interval, e);
}

const struct command cmd_top = {
	.name = "top",
	.usage = "[OPTIONS] ID",
	.summary = "show a container's figures and processes, live on a terminal",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct top_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
