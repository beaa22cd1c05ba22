/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch check: everything that is wrong with a bundle on this host. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "core/check.h"
#include "sys/hostfs.h"
#include "util/jsonw.h"
#include "util/utf8.h"

struct check_opts {
	struct launch_opts launch;
	bool json;
};

static const struct opt options[] = {
	OPTION('b', "bundle", OPT_STR, struct check_opts, launch.bundle, "DIR",
	       "the bundle (default: the current directory)"),
	OPTION('f', "config", OPT_STR, struct check_opts, launch.config, "FILE",
	       "another name than config.json"),
	OPTION(0, "json", OPT_FLAG, struct check_opts, json, NULL, "as JSON"),
	OPTION(0, "no-pivot", OPT_FLAG, struct check_opts, launch.no_pivot, NULL,
	       "for create --no-pivot"),
};

static void text_finding(const struct finding *f, const char *file, struct buf *out)
{
	if (f->e.line) {
		buf_addplain(out, file, strlen(file));
		buf_addf(out, ":%u:%u: ", f->e.line, f->e.col);
	}
	buf_adds(out, f->warning ? "warning: " : "error: ");
	buf_addplain(out, f->e.msg, strlen(f->e.msg));
	if (f->e.where[0]) {
		buf_adds(out, "\n    at   ");
		buf_addplain(out, f->e.where, strlen(f->e.where));
	}
	if (f->e.hint[0]) {
		buf_adds(out, "\n    hint ");
		buf_addplain(out, f->e.hint, strlen(f->e.hint));
	}
	buf_addc(out, '\n');
}

static void text(const struct check *c, const char *file, struct buf *out)
{
	size_t warnings = c->n - c->n_errors;

	for (size_t i = 0; i < c->n; i++)
		text_finding(&c->v[i], file, out);
	if (c->n == 0)
		buf_adds(out, "nothing is wrong\n");
	else
		buf_addf(out, "%zu error%s, %zu warning%s\n", c->n_errors,
			 c->n_errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static void json_finding(struct jsonw *w, const struct finding *f)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "level", f->warning ? "warning" : "error");
	jsonw_str(w, "code", err_code_name(f->e.code));
	jsonw_str(w, "path", f->e.where[0] ? f->e.where : NULL);
	if (f->e.line) {
		jsonw_u64(w, "line", f->e.line);
		jsonw_u64(w, "column", f->e.col);
	} else {
		jsonw_null(w, "line");
		jsonw_null(w, "column");
	}
	jsonw_str(w, "message", f->e.msg);
	jsonw_str(w, "hint", f->e.hint[0] ? f->e.hint : NULL);
	jsonw_end_object(w);
}

static void json(const struct check *c, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 2);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "findings");
	for (size_t i = 0; i < c->n; i++)
		json_finding(&w, &c->v[i]);
	jsonw_end_array(&w);
	jsonw_bool(&w, "ok", c->n_errors == 0);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct check_opts *o = opts;
	auto_store struct store s = { .fd = -EBADF };
	auto_buf struct buf out = { 0 };
	struct check auto_check c = { .root = { .fd = -EBADF } };

	int r = cli_name_store(g, &s, e);
	if (r >= 0)
		r = cli_launch(g, &o->launch, e);
	if (r >= 0)
		r = check_bundle(&c, &s, a->n ? a->v[0] : "ID", &o->launch, e);
	if (r < 0)
		return r;
	if (o->json)
		json(&c, &out);
	else
		text(&c, o->launch.config ? o->launch.config : "config.json", &out);
	r = cli_print(&out, e);
	return r < 0 ? r : c.n_errors > 0;
}

const struct command cmd_check = {
	.name = "check",
	.usage = "[OPTIONS] [ID]",
	.summary = "tell everything that is wrong with a bundle on this host",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct check_opts),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
