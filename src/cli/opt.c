/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option parser. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/opt.h"
#include "spec/names.h"
#include "util/parse.h"

static bool takes_value(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_BOOL && o->kind != OPT_IGNORED;
}

static const struct opt *find_long(const struct opt_parse *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->n_opts; i++) {
		if (strlen(p->opts[i].name) == len && memcmp(p->opts[i].name, name, len) == 0)
			return &p->opts[i];
	}
	return NULL;
}

static const struct opt *find_short(const struct opt_parse *p, char c)
{
	for (size_t i = 0; i < p->n_opts; i++) {
		if (p->opts[i].short_name && p->opts[i].short_name == c)
			return &p->opts[i];
	}
	return NULL;
}

static int bad_value(const struct opt *o, const char *value, const char *want, struct err *e)
{
	return err_set(e, ERR_USAGE, "--%s: '%s' is not %s", o->name, value, want);
}

static int set_word(const struct opt *o, int *out, const char *value, struct err *e)
{
	auto_buf struct buf known = { 0 };

	for (const struct opt_word *w = o->words; w->word; w++) {
		if (strcasecmp(w->word, value) == 0) {
			*out = w->value;
			return 0;
		}
		buf_addf(&known, "%s%s", known.len ? ", " : "", w->word);
	}
	return err_set(e, ERR_USAGE, "--%s: unknown value '%s', not one of: %s", o->name, value,
		       buf_str(&known));
}

static int set(const struct opt *o, char *base, const char *value, struct err *e)
{
	void *where = base + o->offset;

	switch (o->kind) {
	case OPT_FLAG:
		if (!value)
			*(bool *)where = true;
		else if (parse_bool(value, where) < 0)
			return bad_value(o, value, "true or false", e);
		break;
	case OPT_BOOL: {
		bool on = true;

		if (value && parse_bool(value, &on) < 0)
			return bad_value(o, value, "true or false", e);
		*(int *)where = on ? 1 : -1;
		break;
	}
	case OPT_STR:
		*(const char **)where = value;
		break;
	case OPT_U32:
		if (parse_u32(value, where) < 0)
			return bad_value(o, value, "a whole number", e);
		break;
	case OPT_STRV:
		if (strv_add(where, value) < 0)
			return err_sys(e, -ENOMEM, "--%s", o->name);
		break;
	case OPT_WORD:
		return set_word(o, where, value, e);
	case OPT_IGNORED:
	case OPT_IGNORED_STR:
		break;
	}
	return 0;
}

/* The option that ARG spells, with *value set to what follows '=' or the short letter, or NULL. */
static const struct opt *match(const struct opt_parse *p, const char *arg, const char **value)
{
	bool two = arg[1] == '-';
	const char *name = arg + 1 + two;
	const char *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);

	*value = eq ? eq + 1 : NULL;
	const struct opt *o = len > 1 || two ? find_long(p, name, len) : NULL;
	if (o || two)
		return o;
	o = find_short(p, name[0]);
	if (!o || (!takes_value(o) && len > 1))
		return NULL;
	if (takes_value(o) && name[1] && name[1] != '=')
		*value = name + 1;
	return o;
}

/* "-td", as argp has it: the letters of flags. */
static bool is_cluster(const struct opt_parse *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct opt *o = find_short(p, *c);

		if (!o || takes_value(o))
			return false;
	}
	return true;
}

static int set_cluster(const struct opt_parse *p, const char *arg, struct err *e)
{
	int r = 0;

	for (const char *c = arg + 1; *c && r >= 0; c++)
		r = set(find_short(p, *c), p->out, NULL, e);
	return r;
}

static bool is_help(const char *arg)
{
	static const char *const words[] = { "--help", "-h", "-help", "--usage" };

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (strcmp(arg, words[i]) == 0)
			return true;
	}
	return false;
}

static int unknown(const struct opt_parse *p, const char *arg, struct err *e)
{
	const char *begin = arg + strspn(arg, "-");
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(begin, "="), begin);
	struct name_search s = name_search_begin(name);
	for (size_t i = 0; i < p->n_opts; i++) {
		if (!p->opts[i].hidden)
			name_search_try(&s, p->opts[i].name);
	}
	err_set(e, ERR_USAGE, "unknown option '%s'", arg);
	if (p->outer && find_long(p->outer, name, strlen(name)))
		return err_hint(e, "--%s is for all commands: it stands before '%s'", name,
				p->command);
	const char *near = name_search_end(&s);
	if (near)
		return err_hint(e, "did you mean --%s?", near);
	return err_hint(e, "`ketch%s%s --help` lists the options", p->command ? " " : "",
			p->command ? p->command : "");
}

int opt_parse(const struct opt_parse *p, int argc, char **argv, char **rest, int *n_rest,
	      struct err *e)
{
	*n_rest = 0;
	for (int i = 0; i < argc; i++) {
		const char *value;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				rest[(*n_rest)++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			rest[(*n_rest)++] = argv[i];
			if (p->stop_at_positional) {
				while (++i < argc)
					rest[(*n_rest)++] = argv[i];
			}
			continue;
		}
		const struct opt *o = match(p, argv[i], &value);
		if (!o && is_help(argv[i]))
			return 1;
		if (!o && is_cluster(p, argv[i])) {
			int r = set_cluster(p, argv[i], e);
			if (r < 0)
				return r;
			continue;
		}
		if (!o)
			return unknown(p, argv[i], e);
		if (takes_value(o) && !value) {
			if (++i ==
			    argc) /* podman looks for these words after `restore --lsm-mount-context` */
				return err_set(e, ERR_USAGE,
					       "option '--%s' requires an argument: flag needs an "
					       "argument",
					       o->name);
			value = argv[i];
		}
		int r = set(o, p->out, value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

void opt_help(const struct opt *opts, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		char left[64];

		if (opts[i].hidden)
			continue;
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", opts[i].short_name ? '-' : ' ',
			 opts[i].short_name ? opts[i].short_name : ' ',
			 opts[i].short_name ? ", " : "  ", opts[i].name, opts[i].arg ? " " : "",
			 opts[i].arg ? opts[i].arg : "");
		buf_addf(out, "  %-32s  %s\n", left, opts[i].help);
	}
}
