/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch kill: runtime.md#kill. */
#include <signal.h>

#include "cli/cli.h"
#include "util/parse.h"

struct kill_opts {
	bool all, regex;
	int sig;
};

static const struct opt options[] = {
	OPTION('a', "all", OPT_FLAG, struct kill_opts, all, NULL,
	       "signal every process of the container"),
	OPTION('r', "regex", OPT_FLAG, struct kill_opts, regex, NULL,
	       "ID is an extended regular expression: every container that matches it"),
};

static int kill_one(const struct store *s, const char *id, const void *ctx, struct err *e)
{
	const struct kill_opts *o = ctx;
	auto_container struct container *c = NULL;

	int r = container_open(&c, s, id, e);
	return r < 0 ? r : container_kill(c, o->sig, o->all, e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct kill_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	o->sig = SIGTERM;
	if (a->n > 1 && parse_signal(a->v[1], &o->sig) < 0) {
		err_set(e, ERR_USAGE, "'%s' is not a signal", a->v[1]);
		return err_hint(e, "a name as KILL or SIGKILL, or a number up to 64");
	}
	int r = cli_open_store(g, &s, false, e);
	if (r < 0)
		return r;
	return o->regex ? cli_each_match(&s, a->v[0], kill_one, o, e) : kill_one(&s, a->v[0], o, e);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[OPTIONS] ID [SIGNAL]",
	.summary = "send a signal to a container (default TERM)",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct kill_opts),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
