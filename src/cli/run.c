/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch run: create and start in one, and in the foreground wait and delete. */
#include "cli/launch_opts.h"

static const struct opt options[] = {
	LAUNCH_OPTIONS,
	OPTION('d', "detach", OPT_FLAG, struct launch_opts, detach, NULL,
	       "return when the program runs"),
	OPTION(0, "keep", OPT_FLAG, struct launch_opts, keep, NULL,
	       "do not delete the container when it ends"),
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct launch_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	int status = 0;

	int r = cli_open_store(g, &s, true, e);
	if (r >= 0)
		r = cli_launch(g, o, e);
	if (r >= 0)
		r = container_run(&s, a->v[0], o, &status, e);
	return r < 0 ? r : status;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[OPTIONS] ID",
	.summary = "create and start a container",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct launch_opts),
	.min_args = 1,
	.max_args = 1,
	.protect = true,
	.run = run,
};
