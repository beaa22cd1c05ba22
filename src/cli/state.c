/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch state: runtime.md#query-state. */
#include "cli/cli.h"

static int run(const struct cli_global *g, UNUSED void *opts, const struct args *a, struct err *e)
{
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	auto_buf struct buf out = { 0 };

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	if (r >= 0)
		r = container_state_json(c, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

const struct command cmd_state = {
	.name = "state",
	.usage = "ID",
	.summary = "print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
