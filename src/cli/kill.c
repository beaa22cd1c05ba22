/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch kill: runtime.md#kill. */
#include <signal.h>

#include "cli/cli.h"
#include "util/parse.h"

struct kill_opts {
	bool all;
};

static const struct opt options[] = {
	OPTION('a', "all", OPT_FLAG, struct kill_opts, all, NULL,
	       "signal every process of the container"),
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct kill_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	int sig = SIGTERM;

	if (a->n > 1 && parse_signal(a->v[1], &sig) < 0)
		return err_set(e, ERR_USAGE, "'%s' is not a signal", a->v[1]);
	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	return r < 0 ? r : container_kill(c, sig, o->all, e);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[-a] ID [SIGNAL]",
	.summary = "send a signal to a container (default TERM)",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct kill_opts),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
