/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch delete: runtime.md#delete. */
#include "cli/cli.h"

struct delete_opts {
	bool force, strict;
};

static const struct opt options[] = {
	OPTION('f', "force", OPT_FLAG, struct delete_opts, force, NULL,
	       "kill it first; an unknown id is no error"),
	OPTION(0, "strict", OPT_FLAG, struct delete_opts, strict, NULL,
	       "refuse a container that was created and not started, as the spec says"),
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct delete_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	int r = cli_open_store(g, &s, false, e);
	return r < 0 ? r
		     : container_delete(
			       &s, a->v[0],
			       (o->force ? DELETE_FORCE : 0) | (o->strict ? DELETE_STRICT : 0), e);
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[-f] ID",
	.summary = "delete a container and all that was made for it",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct delete_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
