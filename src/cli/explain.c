/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch explain: what create and start (or exec) would do, step by step; nothing is done. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "core/launch.h"
#include "core/steps.h"
#include "engine/explain.h"
#include "engine/facts_load.h"
#include "spec/annotations.h"

enum { MAX_FACTS = 1024 * 1024 };

struct explain_opts {
	struct launch_opts launch;
	const char *facts, *process;
	bool json, exec, run, names, annotations;
};

static const struct opt options[] = {
	OPTION('b', "bundle", OPT_STR, struct explain_opts, launch.bundle, "DIR",
	       "the bundle (default: the current directory)"),
	OPTION('f', "config", OPT_STR, struct explain_opts, launch.config, "FILE",
	       "another name than config.json; with an absolute one the bundle need not exist"),
	OPTION(0, "json", OPT_FLAG, struct explain_opts, json, NULL, "as JSON, a step a line"),
	OPTION(0, "facts", OPT_STR, struct explain_opts, facts, "FILE",
	       "for the host recorded in FILE (`ketch doctor --save-facts`), not for this one"),
	OPTION(0, "run", OPT_FLAG, struct explain_opts, run, NULL,
	       "as `ketch run` does it: started at once"),
	OPTION(0, "exec", OPT_FLAG, struct explain_opts, exec, NULL,
	       "a further process (the container's own one again) by `ketch exec`"),
	OPTION('p', "process", OPT_STR, struct explain_opts, process, "FILE",
	       "with --exec: the process of FILE"),
	OPTION(0, "no-pivot", OPT_FLAG, struct explain_opts, launch.no_pivot, NULL,
	       "with create --no-pivot"),
	OPTION(0, "no-new-keyring", OPT_FLAG, struct explain_opts, launch.no_new_keyring, NULL,
	       "with create --no-new-keyring"),
	OPTION(0, "preserve-fds", OPT_U32, struct explain_opts, launch.preserve_fds, "N",
	       "with create --preserve-fds"),
	OPTION(0, "names", OPT_FLAG, struct explain_opts, names, NULL,
	       "list all steps there are, with their stages"),
	OPTION(0, "annotations", OPT_FLAG, struct explain_opts, annotations, NULL,
	       "list all annotations of config.json that change what is done"),
};

static int print_names(struct err *e)
{
	auto_buf struct buf out = { 0 };

	steps_names(&step_table, &out);
	return cli_print(&out, e);
}

static int print_annotations(struct err *e)
{
	auto_buf struct buf out = { 0 };

	for (const struct annotation *a = annotations; a->name; a++)
		buf_addf(&out, "%s%s=%s %s\n", a->name,
			 a->name[strlen(a->name) - 1] == '.' ? "NAME" : "", a->value, a->what);
	return cli_print(&out, e);
}

static int get_facts(const char *file, struct facts *f, struct err *e)
{
	auto_buf struct buf text = { 0 };

	if (!file)
		return facts_probe(f, e);
	int r = cli_read_file("--facts", file, MAX_FACTS, &text, e);
	if (r < 0)
		return r;
	r = facts_load(f, buf_str(&text), text.len, e);
	if (r < 0) {
		err_wrap(e, "--facts: '%s'", file);
		err_hint(e, "`ketch doctor --save-facts` writes such a file");
	}
	/* the place is one in the facts, which no report can name */
	e->line = 0;
	return r;
}

static int read_process(struct launch *l, const char *file, struct spec_process **ret,
			struct err *e)
{
	auto_buf struct buf text = { 0 };

	int r = cli_read_file("--process", file, SPEC_MAX_SIZE, &text, e);
	return r < 0 ? r
		     : spec_load_process(ret, &l->spec->arena, buf_str(&text), text.len, NULL, e);
}

static int make_plan(struct launch *l, struct explain_opts *o, struct err *e)
{
	struct spec_process *process = NULL;
	int r = launch_read(l, e);

	if (r >= 0 && o->process)
		r = read_process(l, o->process, &process, e);
	if (r < 0)
		return r;
	o->launch.process = process;
	r = get_facts(o->facts, &l->facts, e);
	if (r < 0)
		return r;
	r = launch_plan(l, o->exec ? FOR_EXEC : FOR_CREATE, o->run || o->exec, e);
	if (r < 0 && !process)
		launch_place_err(l, e);
	return r;
}

static int explain(struct store *s, const char *id, struct explain_opts *o, struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, &o->launch);
	auto_buf struct buf out = { 0 };

	int r = id_check(id, e);
	if (r >= 0)
		r = make_plan(&l, o, e);
	if (r < 0)
		return r;
	r = plan_explain(&step_table, l.plan, o->json, &out);
	return r < 0 ? err_sys(e, r, "explain") : cli_print(&out, e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct explain_opts *o = opts;
	auto_store struct store s = STORE_NONE;

	if (o->names)
		return print_names(e);
	if (o->annotations)
		return print_annotations(e);
	if (o->process && !o->exec)
		return err_set(e, ERR_USAGE, "--process needs --exec");
	int r = cli_name_store(g, &s, e);
	if (r >= 0)
		r = cli_launch(g, &o->launch, e);
	o->launch.plan_only = true;
	return r < 0 ? r : explain(&s, a->n ? a->v[0] : "ID", o, e);
}

const struct command cmd_explain = {
	.name = "explain",
	.usage = "[OPTIONS] [ID]",
	.summary = "print every step that create and start would take",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct explain_opts),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
