/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch pause and resume: the freezer. */
#include "cli/cli.h"

static int change(const struct cli_global *g, const struct args *a, bool pause, struct err *e)
{
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	return r < 0 ? r : container_pause(c, pause, e);
}

static int run_pause(const struct cli_global *g, UNUSED void *opts, const struct args *a,
		     struct err *e)
{
	return change(g, a, true, e);
}

static int run_resume(const struct cli_global *g, UNUSED void *opts, const struct args *a,
		      struct err *e)
{
	return change(g, a, false, e);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "ID",
	.summary = "freeze all processes of a container",
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

const struct command cmd_resume = {
	.name = "resume",
	.usage = "ID",
	.summary = "thaw a paused container",
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
