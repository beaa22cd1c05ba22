/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch doctor: what this host offers to containers and what it lacks, property by property. */
#include <errno.h>

#include "cli/cli.h"
#include "core/needs.h"
#include "sys/facts.h"

struct doctor_opts {
	bool json, save_facts;
};

static const struct opt options[] = {
	OPTION(0, "json", OPT_FLAG, struct doctor_opts, json, NULL, "as JSON"),
	OPTION(0, "save-facts", OPT_FLAG, struct doctor_opts, save_facts, NULL,
	       "print the facts themselves, for `ketch explain --facts`"),
};

static int run(UNUSED const struct cli_global *g, void *opts, UNUSED const struct args *a,
	       struct err *e)
{
	const struct doctor_opts *o = opts;
	auto_buf struct buf out = { 0 };
	struct facts f;

	int r = facts_probe_all(&f, e);
	if (r < 0)
		return r;
	r = o->save_facts ? facts_save(&f, &out) : needs_report(&f, o->json, &out);
	return r < 0 ? err_sys(e, r, "doctor") : cli_print(&out, e);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.usage = "[OPTIONS]",
	.summary = "tell what this host offers and lacks",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct doctor_opts),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
