/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: command lines. Lines of the input are arguments: global options, a command, and its own options.
 * And what `exec` makes of its options: the same lines as environment, capabilities, groups and user.
 */
#include "cli/cli.h"
#include "fuzz/fuzz.h"

enum { MAX_ARGS = 64 };

static const struct command *command(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static int cut(char *text, char **argv)
{
	int n = 0;

	for (char *arg; n < MAX_ARGS && (arg = strsep(&text, "\n"));)
		argv[n++] = arg;
	return n;
}

static bool is_one_of(const char *s, char **argv, int argc)
{
	for (int i = 0; i < argc; i++) {
		if (argv[i] == s)
			return true;
	}
	return false;
}

/* The number of arguments that are left in REST. */
static int parse(const struct opt_parse *p, int argc, char **argv, char **rest)
{
	struct err e = { 0 };
	int n = -1;

	int r = opt_parse(p, argc, argv, rest, &n, &e);
	require(r <= 1 && n >= 0 && n <= argc);
	require_err(r, &e);
	for (int i = 0; i < n; i++)
		require(is_one_of(rest[i], argv, argc));
	for (size_t i = 0; i < p->n_opts; i++) {
		if (p->opts[i].kind == OPT_STRV)
			strv_free((struct strv *)(void *)((char *)p->out + p->opts[i].offset));
	}
	return r == 0 ? n : 0;
}

static void check_options(int argc, char **argv)
{
	char *globals[MAX_ARGS + 1], *rest[MAX_ARGS + 1];
	struct cli_global g = { 0 };
	struct opt_parse p = { .opts = global_options,
			       .n_opts = n_global_options,
			       .out = &g,
			       .stop_at_positional = true };

	int n = parse(&p, argc, argv, globals);
	const struct command *c = n ? command(globals[0]) : NULL;
	if (!c)
		return;
	void *opts = calloc(1, c->opt_size ? c->opt_size : 1);
	p = (struct opt_parse){ .opts = c->opts,
				.n_opts = c->n_opts,
				.out = opts,
				.stop_at_positional = c->stop_at_positional };
	require(opts);
	parse(&p, n - 1, globals + 1, rest);
	free(opts);
}

static void check_exec(int argc, char **argv, uint32_t bits)
{
	struct spec_caps caps = { .inheritable = bits & 1 };
	struct spec_process own = { .cwd = (char *)"/", .caps = bits & 2 ? &caps : NULL };
	struct spec s = { .process = bits & 4 ? &own : NULL };
	struct strv list = { .v = argv, .n = (size_t)argc };
	struct exec_overrides o = { .args = argv, .n_args = (size_t)argc };
	struct spec_process *p = NULL;
	struct arena a = { 0 };
	struct err e = { 0 };

	switch (bits >> 3 & 3) {
	case 0:
		o.env = list;
		break;
	case 1:
		o.caps = list;
		break;
	case 2:
		o.additional_gids = list;
		break;
	default:
		o.user = argc ? argv[0] : NULL;
		o.cwd = argc > 1 ? argv[1] : NULL;
		break;
	}
	int r = exec_process(&s, &o, &a, &p, &e);
	require_err(r, &e);
	if (r >= 0) {
		require(p->args.n == (size_t)argc && p->cwd[0] == '/');
		for (size_t i = 0; i < p->env.n; i++)
			require(strchr(p->env.v[i], '='));
		/* CVE-2022-29162 */
		require(!p->caps ||
			(p->caps->inheritable != 0) == (s.process && own.caps && caps.inheritable));
	}
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *argv[MAX_ARGS + 1];
	int argc = cut(text, argv);

	check_options(argc, argv);
	check_exec(argc, argv, fuzz_hash(data, size));
	free(text);
	return 0;
}
