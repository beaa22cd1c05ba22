/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch events: the figures of a container and its out-of-memory events, as runc's JSON lines. */
#include "cli/usage.h"

struct events_opts {
	const char *interval;
	bool stats;
};

static const struct opt options[] = {
	OPTION(0, "interval", OPT_STR, struct events_opts, interval, "DURATION",
	       "time between two lines of figures: 5s (default), 500ms, 1m"),
	OPTION(0, "stats", OPT_FLAG, struct events_opts, stats, NULL,
	       "print the figures once and end"),
};

static int print_line(UNUSED void *ctx, const struct buf *line, struct err *e)
{
	return cli_print(line, e);
}

static int once(const struct container *c, struct err *e)
{
	auto_stats struct stats s = { 0 };
	auto_buf struct buf line = { 0 };

	int r = container_stats(c, &s, e);
	if (r < 0)
		return r;
	stats_event_json(&s, c->id, &line);
	return cli_print(&line, e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct events_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	uint64_t interval;

	int r = usage_interval(o->interval, 5000, &interval, e);
	if (r >= 0)
		r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	if (r < 0)
		return r;
	return o->stats ? once(c, e) : container_events(c, interval, print_line, NULL, e);
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[OPTIONS] ID",
	.summary = "print figures and out-of-memory events as JSON lines",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct events_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
