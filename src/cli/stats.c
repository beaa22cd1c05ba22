/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch stats: what containers use, for people (table), programs (runc's JSON lines) and scrapers (OpenMetrics). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/usage.h"
#include "util/parse.h"

enum format { TABLE, JSON, METRICS };

struct stats_opts {
	const char *interval;
	int format;
	bool watch;
};

static const struct opt_word formats[] = {
	{ "table", TABLE },
	{ "json", JSON },
	{ "prometheus", METRICS },
	{ "openmetrics", METRICS },
	{ 0 },
};

static const struct opt options[] = {
	{ .short_name = 'f',
	  .name = "format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct stats_opts, format),
	  .arg = "FORMAT",
	  .words = formats,
	  .help = "table (default), json (lines as of `events`) or prometheus (OpenMetrics text)" },
	OPTION('w', "watch", OPT_FLAG, struct stats_opts, watch, NULL,
	       "go on, again after each interval"),
	OPTION(0, "interval", OPT_STR, struct stats_opts, interval, "DURATION",
	       "time over which CPU is measured, and between two outputs (default 1s)"),
};

/* ---- shared with top ---- */

const char *usage_bytes(const struct cgroup_stat *v, char out[USAGE_TEXT])
{
	static const char units[] = "BKMGTPE";
	double n = (double)v->v;
	size_t unit = 0;

	/* v1 says "no limit" with the largest number of pages */
	if (!v->has)
		return "-";
	if (v->v >= (uint64_t)INT64_MAX - 65536)
		return "max";
	while (n >= 1024 && unit < sizeof(units) - 2) {
		n /= 1024;
		unit++;
	}
	snprintf(out, USAGE_TEXT, unit && n < 100 ? "%.1f%c" : "%.0f%c", n, units[unit]);
	return out;
}

const char *usage_cpu(const struct stats *before, const struct stats *now, char out[USAGE_TEXT])
{
	uint64_t wall = now->taken_ns - before->taken_ns;

	if (!now->cg.cpu.total.has || !before->cg.cpu.total.has || wall == 0)
		return "-";
	uint64_t used = now->cg.cpu.total.v - before->cg.cpu.total.v;
	snprintf(out, USAGE_TEXT, "%.1f%%", 100.0 * (double)used / (double)wall);
	return out;
}

struct cgroup_stat usage_io(const struct stats *s)
{
	struct cgroup_stat sum = { 0, true };

	for (size_t i = 0; i < s->cg.io[CGROUP_IO_BYTES].n; i++) {
		const struct cgroup_io_stat *x = &s->cg.io[CGROUP_IO_BYTES].v[i];

		/* v1 counts sync and async, and a total, of the same bytes */
		if (strcmp(x->op, "Read") == 0 || strcmp(x->op, "Write") == 0)
			sum.v += x->v;
	}
	return sum;
}

bool usage_wait(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 };

	return nanosleep(&t, NULL) == 0;
}

int usage_interval(const char *text, uint64_t default_ms, uint64_t *ret, struct err *e)
{
	*ret = default_ms;
	if (!text || (parse_duration_ms(text, ret) >= 0 && *ret > 0))
		return 0;
	err_set(e, ERR_USAGE, "--interval: '%s' is not a duration", text);
	return err_hint(e, "such as 1s, 500ms or 1m30s");
}

/* ---- the command ---- */

/* One round of figures: V[i] is of IDS[i]. */
struct round {
	struct stats *v;
	const char **ids;
	size_t n;
};

static void clear_round(struct round *r)
{
	for (size_t i = 0; i < r->n; i++)
		stats_clear(&r->v[i]);
	free(r->v);
	free(r->ids);
	*r = (struct round){ 0 };
}

/* Who asks for all wants those that can be had: one that is not running, just ends or is damaged is left out, unless it was named. */
static int take_round(const struct store *s, const struct strv *ids, bool named, struct round *ret,
		      struct err *e)
{
	*ret = (struct round){ .v = calloc(ids->n + 1, sizeof(*ret->v)),
			       .ids = calloc(ids->n + 1, sizeof(*ret->ids)) };
	int r = ret->v && ret->ids ? 0 : err_sys(e, -ENOMEM, "stats");
	for (size_t i = 0; i < ids->n && r >= 0; i++) {
		auto_container struct container *c = NULL;

		r = container_open(&c, s, ids->v[i], e);
		if (r >= 0)
			r = container_stats(c, &ret->v[ret->n], e);
		if (r >= 0) {
			ret->ids[ret->n++] = ids->v[i];
		} else if (!named) {
			if (e->code != ERR_NOT_FOUND && e->code != ERR_STATE)
				log_emit(LOG_WARNING, "container '%s': %s", ids->v[i], e->msg);
			r = 0;
		}
	}
	if (r < 0)
		clear_round(ret);
	return r;
}

static const struct stats *find(const struct round *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->ids[i], id) == 0)
			return &r->v[i];
	}
	return NULL;
}

static void table(const struct round *before, const struct round *now, struct buf *out)
{
	buf_addf(out, "%-24s %8s %8s %8s %8s %8s %7s %8s %8s %5s\n", "ID", "CPU", "MEMORY", "LIMIT",
		 "PEAK", "SWAP", "PIDS", "IO", "NET", "OOM");
	for (size_t i = 0; i < now->n; i++) {
		const struct stats *s = &now->v[i], *old = find(before, now->ids[i]);
		struct cgroup_stat io = usage_io(s), net = { 0, s->net.n > 0 };
		char t[7][USAGE_TEXT];

		for (size_t k = 0; k < s->net.n; k++)
			net.v += s->net.v[k].rx_bytes + s->net.v[k].tx_bytes;
		buf_addf(out, "%-24s %8s %8s %8s %8s %8s %7llu %8s %8s %5llu\n", now->ids[i],
			 old ? usage_cpu(old, s, t[0]) : "-",
			 usage_bytes(&s->cg.memory.memory.usage, t[1]),
			 usage_bytes(&s->cg.memory.memory.limit, t[2]),
			 usage_bytes(&s->cg.memory.memory.max, t[3]),
			 usage_bytes(&s->cg.memory.swap_alone, t[4]),
			 (unsigned long long)s->cg.pids.current.v, usage_bytes(&io, t[5]),
			 usage_bytes(&net, t[6]), (unsigned long long)s->cg.memory.oom_kills.v);
	}
}

static int print_round(const struct round *before, const struct round *now,
		       const struct stats_opts *o, struct err *e)
{
	auto_buf struct buf out = { 0 };

	if (o->watch && o->format == TABLE && isatty(STDOUT_FILENO))
		buf_adds(&out, "\033[H\033[2J");
	if (o->format == TABLE)
		table(before, now, &out);
	else if (o->format == METRICS)
		stats_metrics(now->v, now->ids, now->n, &out);
	for (size_t i = 0; o->format == JSON && i < now->n; i++)
		stats_event_json(&now->v[i], now->ids[i], &out);
	return cli_print(&out, e);
}

static int rounds(const struct store *s, const struct stats_opts *o, const struct strv *named,
		  uint64_t interval, struct err *e)
{
	struct round before = { 0 }, now = { 0 };
	bool first = true;
	int r;

	do {
		auto_strv struct strv all = { 0 };
		const struct strv *ids = named->n ? named : &all;

		r = named->n ? 0 : store_list(s, &all, e);
		if (r >= 0 && first && o->format == TABLE) { /* CPU needs two samples */
			r = take_round(s, ids, named->n > 0, &before, e);
			if (r >= 0 && !usage_wait(interval))
				break;
		}
		if (r >= 0)
			r = take_round(s, ids, named->n > 0, &now, e);
		if (r >= 0)
			r = print_round(&before, &now, o, e);
		for (size_t i = 0; r >= 0 && i < now.n; i++) {
			/* the ids are of this round's list */
			now.ids[i] = arena_str(&now.v[i].arena, now.ids[i]);
			if (!now.ids[i])
				r = err_sys(e, -ENOMEM, "stats");
		}
		clear_round(&before);
		before = now;
		now = (struct round){ 0 };
		first = false;
	} while (r >= 0 && o->watch && usage_wait(interval));
	clear_round(&before);
	return r;
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct stats_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	auto_strv struct strv named = { 0 };
	uint64_t interval;

	int r = usage_interval(o->interval, 1000, &interval, e);
	if (r >= 0)
		r = cli_open_store(g, &s, false, e);
	for (int i = 0; i < a->n && r >= 0; i++) {
		if (strv_add(&named, a->v[i]) < 0)
			r = err_sys(e, -ENOMEM, "arguments");
	}
	return r < 0 ? r : rounds(&s, o, &named, interval, e);
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[OPTIONS] [ID…]",
	.summary = "show what containers use",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct stats_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run,
};
