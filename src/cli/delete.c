/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch delete: runtime.md#delete. */
#include "cli/cli.h"

struct delete_opts {
	bool force, strict, regex;
};

static const struct opt options[] = {
	OPTION('f', "force", OPT_FLAG, struct delete_opts, force, NULL,
	       "kill it first; an unknown id is no error"),
	OPTION(0, "strict", OPT_FLAG, struct delete_opts, strict, NULL,
	       "refuse a container that was created and not started, as the spec says"),
	OPTION('r', "regex", OPT_FLAG, struct delete_opts, regex, NULL,
	       "ID is an extended regular expression: every container that matches it"),
};

static int delete_one(const struct store *s, const char *id, const void *ctx, struct err *e)
{
	const struct delete_opts *o = ctx;

	return container_delete(s, id,
				(o->force ? DELETE_FORCE : 0) | (o->strict ? DELETE_STRICT : 0), e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct delete_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	int r = cli_open_store(g, &s, false, e);
	if (r < 0)
		return r;
	return o->regex ? cli_each_match(&s, a->v[0], delete_one, o, e)
			: delete_one(&s, a->v[0], o, e);
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[OPTIONS] ID",
	.summary = "delete a container and all that was made for it",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct delete_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
