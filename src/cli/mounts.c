/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch mounts add and remove: mounts of a container that runs, crun's. */
#include <string.h>

#include "cli/cli.h"
#include "spec/load.h"

static int run(const struct cli_global *g, UNUSED void *opts, const struct args *a, struct err *e)
{
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	auto_buf struct buf text = { 0 };
	bool remove = strcmp(a->v[0], "remove") == 0;

	if (!remove && strcmp(a->v[0], "add") != 0)
		return err_set(e, ERR_USAGE, "mounts: '%s' is neither add nor remove", a->v[0]);
	*g->document = a->v[2];
	int r = cli_read_file("mounts", a->v[2], SPEC_MAX_SIZE, &text, e);
	if (r < 0)
		return r;
	r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[1], e);
	return r < 0 ? r : container_mounts(c, a->v[2], buf_str(&text), remove, e);
}

const struct command cmd_mounts = {
	.name = "mounts",
	.usage = "add|remove ID FILE",
	.summary = "add mounts to a running container, or take them off",
	.min_args = 3,
	.max_args = 3,
	.run = run,
};
