/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch start: runtime.md#start. */
#include <stdlib.h>

#include "cli/cli.h"

static int run(const struct cli_global *g, UNUSED void *opts, const struct args *a, struct err *e)
{
	auto_store struct store s = STORE_NONE;

	int r = cli_open_store(g, &s, false, e);
	return r < 0 ? r : container_start(&s, a->v[0], getenv("NOTIFY_SOCKET"), e);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "ID",
	.summary = "start the program of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
