/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch list. */
#include <pwd.h>
#include <stdio.h>

#include "cli/cli.h"
#include "util/jsonw.h"

enum list_format { LIST_TABLE, LIST_JSON };

struct list_opts {
	int format;
	bool quiet;
};

static const struct opt_word formats[] = { { "table", LIST_TABLE }, { "json", LIST_JSON }, { 0 } };

static const struct opt options[] = {
	{ .short_name = 'f',
	  .name = "format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct list_opts, format),
	  .arg = "table|json",
	  .words = formats,
	  .help = "form of the answer" },
	OPTION('q', "quiet", OPT_FLAG, struct list_opts, quiet, NULL, "ids only"),
};

static void owner_name(const struct container *c, char *out, size_t size)
{
	const struct passwd *pw = c->has_state ? getpwuid((uid_t)c->state.owner) : NULL;

	if (pw)
		snprintf(out, size, "%s", pw->pw_name);
	else if (c->has_state)
		snprintf(out, size, "#%lld", (long long)c->state.owner);
	else
		snprintf(out, size, "-");
}

static void table_row(const struct container *c, const char *owner, struct buf *out)
{
	enum container_status status = container_status(c);
	buf_addf(out, "%-24s %-10lld %-10s %-40s %-32s %s\n", c->id,
		 status == C_STOPPED || status == C_CREATING ? 0LL : (long long)c->state.pid,
		 container_status_name(status), c->state.bundle,
		 c->has_state ? c->state.created : "-", owner);
}

static int add(const struct store *s, const char *id, const struct list_opts *o, struct buf *out,
	       bool first)
{
	auto_container struct container *c = NULL;
	char owner[64];
	struct err e;

	if (o->quiet) {
		buf_addf(out, "%s\n", id);
		return 1;
	}
	if (container_open(&c, s, id, &e) < 0) {
		if (e.code != ERR_NOT_FOUND) /* deleted meanwhile is no news */
			log_emit(LOG_WARNING, "container '%s': %s", id, e.msg);
		return 0;
	}
	owner_name(c, owner, sizeof(owner));
	if (o->format == LIST_TABLE) {
		table_row(c, owner, out);
		return 1;
	}
	c->state.owner_name = owner;
	if (!first)
		buf_addc(out, ',');
	return container_state_json(c, out, &e) < 0 ? 0 : 1;
}

static int run(const struct cli_global *g, void *opts, UNUSED const struct args *a, struct err *e)
{
	const struct list_opts *o = opts;
	auto_strv struct strv ids = { 0 };
	auto_buf struct buf out = { 0 };
	auto_store struct store s = STORE_NONE;
	bool json = o->format == LIST_JSON && !o->quiet;
	bool first = true;

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = store_list(&s, &ids, e);
	if (r < 0)
		return r;
	if (json)
		buf_adds(&out, "[");
	else if (!o->quiet)
		buf_addf(&out, "%-24s %-10s %-10s %-40s %-32s %s\n", "ID", "PID", "STATUS",
			 "BUNDLE", "CREATED", "OWNER");
	for (size_t i = 0; i < ids.n; i++)
		first &= !add(&s, ids.v[i], o, &out, first);
	if (json)
		buf_adds(&out, "]\n");
	return cli_print(&out, e);
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[OPTIONS]",
	.summary = "list the containers",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct list_opts),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
