/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch checkpoint: a container's processes to images, by CRIU. */
#include "cli/criu_opts.h"

/* One more than CRIU's numbers: 0 is "not given". */
const struct opt_word criu_cg_words[] = {
	{ "ignore", CRIU_CG_IGNORE + 1 },
	{ "soft", CRIU_CG_SOFT + 1 },
	{ "full", CRIU_CG_FULL + 1 },
	{ "strict", CRIU_CG_STRICT + 1 },
	{ "props", CRIU_CG_PROPS + 1 },
	{ "none", CRIU_CG_NONE + 1 },
	{ 0 },
};
const struct opt_word criu_lock_words[] = {
	{ "iptables", CRIU_LOCK_IPTABLES },
	{ "nftables", CRIU_LOCK_NFTABLES },
	{ "skip", CRIU_LOCK_SKIP },
	{ 0 },
};

static const struct opt options[] = {
	CRIU_OPTIONS(struct checkpoint_opts, "where the images go (default: checkpoint)"),
	OPTION(0, "parent-path", OPT_STR, struct checkpoint_opts, parent_path, "DIR",
	       "an earlier --pre-dump, relative to the image directory: only what changed is "
	       "written"),
	OPTION(0, "leave-running", OPT_FLAG, struct checkpoint_opts, leave_running, NULL,
	       "let the container run on"),
	OPTION(0, "pre-dump", OPT_FLAG, struct checkpoint_opts, pre_dump, NULL,
	       "write the memory only, and let the container run on"),
	OPTION(0, "link-remap", OPT_FLAG, struct checkpoint_opts, link_remap, NULL,
	       "give open files that were deleted a name, where they have others"),
	OPTION(0, "tcp-skip-in-flight", OPT_FLAG, struct checkpoint_opts, c.tcp_skip_in_flight,
	       NULL, "leave out TCP connections that are being made"),
	OPTION(0, "page-server", OPT_STR, struct checkpoint_opts, page_server, "ADDRESS:PORT",
	       "send the memory to a `criu page-server`; with --lazy-pages, be one there"),
	OPTION(0, "status-fd", OPT_STR, struct checkpoint_opts, status_fd, "FD",
	       "descriptor that gets a NUL when lazy pages can be fetched"),
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct checkpoint_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	int r = cli_open_store(g, &s, false, e);
	o->c.criu = g->criu;
	if (r >= 0)
		r = container_checkpoint(&s, a->v[0], o, e);
	strv_free(&o->c.empty_ns);
	return r;
}

const struct command cmd_checkpoint = {
	.name = "checkpoint",
	.usage = "[OPTIONS] ID",
	.summary = "write a running container to images, and end it",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct checkpoint_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
