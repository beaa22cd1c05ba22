/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch create: runtime.md#create. */
#include "cli/launch_opts.h"

static const struct opt options[] = {
	LAUNCH_OPTIONS,
	{ .short_name = 'd',
	  .name = "detach",
	  .kind = OPT_IGNORED,
	  .help = "go-runc may say so; create always does",
	  .hidden = true },
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct launch_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	int r = cli_open_store(g, &s, true, e);
	if (r >= 0)
		r = cli_launch(g, o, e);
	return r < 0 ? r : container_create(&s, a->v[0], o, e);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "[OPTIONS] ID",
	.summary = "create a container; its program waits for start",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct launch_opts),
	.min_args = 1,
	.max_args = 1,
	.protect = true,
	.run = run,
};
