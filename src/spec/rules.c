/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the rules between properties, and has those of the top level. The others: rules_*.c, one for each part. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/json.h"
#include "spec/names.h"
#include "spec/rules.h"

enum { SPEC_MAJOR = 1, SPEC_MINOR = 3 };

const char *rule_path(struct rule_run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->path, sizeof(r->path), fmt, ap);
	va_end(ap);
	return r->path;
}

const char *rule_key_path(struct rule_run *r, const char *base, const char *key, const char *suffix)
{
	auto_buf struct buf path = { 0 };

	buf_adds(&path, base);
	json_path_key(&path, key, strlen(key));
	buf_adds(&path, suffix);
	return rule_path(r, "%s", buf_str(&path));
}

bool rule_refused(const struct rule_run *r, const char *path)
{
	return r->refused && r->refused(r->ctx, path, strlen(path));
}

void rule_broken(struct rule_run *r, const char *path, const char *hint, const char *fmt, ...)
{
	char text[384];
	struct err e;
	va_list ap;

	if (r->ended)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&e, ERR_SPEC, "%s %s", strlen(path) > 2 ? path + 2 : "the document", text);
	err_at(&e, "%s", path);
	if (hint)
		err_hint(&e, "%s", hint);
	else
		err_hint(&e, "runtime-spec, %s", r->rule->section);
	r->ended = !r->finding(r->ctx, &e);
}

void rule_warn(struct rule_run *r, const char *path, const char *fmt, ...)
{
	struct err e;
	va_list ap;

	if (!r->warning)
		return;
	va_start(ap, fmt);
	err_vset(&e, ERR_SPEC, fmt, ap);
	va_end(ap);
	err_at(&e, "%s", path);
	r->warning(r->ctx, &e);
}

bool rule_has_ns(const struct rule_run *r, enum spec_ns ns)
{
	return r->lnx->ns[ns].present;
}

struct rule_name *rule_names(struct rule_run *r, size_t n)
{
	struct rule_name *names = calloc(n + 1, sizeof(*names));

	if (!names)
		r->no_memory = r->ended = true;
	return names;
}

static int by_name(const void *a, const void *b)
{
	const struct rule_name *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

void rule_unique(struct rule_run *r, struct rule_name *names, size_t n,
		 void (*twin)(struct rule_run *r, const struct rule_name *second, size_t first))
{
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n && !r->ended; i++) {
		if (strcmp(names[i].name, names[i - 1].name) == 0)
			twin(r, &names[i], names[i - 1].index);
	}
}

/* ---- the top level ---- */

/* A number of SemVer: digits, without a leading zero. Returns what follows it, or NULL. */
static const char *semver_number(const char *s, unsigned long *ret)
{
	size_t n = strspn(s, "0123456789");

	if (n == 0 || (n > 1 && s[0] == '0') || n > 9)
		return NULL;
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret = *ret * 10 + (unsigned long)(s[i] - '0');
	return s + n;
}

/* Dot-separated identifiers of a pre-release (PRE) or of build metadata, up to an END character. */
static const char *semver_identifiers(const char *s, bool pre)
{
	static const char chars[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";

	for (;;) {
		size_t n = strspn(s, chars), digits = strspn(s, "0123456789");

		if (n == 0 || (pre && digits == n && n > 1 && s[0] == '0'))
			return NULL;
		s += n;
		if (*s != '.')
			return s;
		s++;
	}
}

/* SemVer 2.0.0 (semver.org), "Backus-Naur Form Grammar". */
static bool semver(const char *s, unsigned long v[3])
{
	for (int i = 0; i < 3 && s; i++) {
		s = semver_number(s, &v[i]);
		if (s && i < 2)
			s = *s == '.' ? s + 1 : NULL;
	}
	if (s && *s == '-')
		s = semver_identifiers(s + 1, true);
	if (s && *s == '+')
		s = semver_identifiers(s + 1, false);
	return s && *s == '\0';
}

/* A config of 1.x works with every runtime that supports 1.x or a later 1.y; a newer minor may hold properties that
 * this runtime does not know, which the spec allows to be ignored. */
static void check_version(struct rule_run *r)
{
	const char *text = r->spec->oci_version;
	unsigned long v[3];

	if (!text || !semver(text, v)) {
		rule_broken(r, "$.ociVersion", NULL,
			    "must be a version of SemVer 2.0.0 such as '1.3.0', not '%.60s'",
			    text ? text : "");
	} else if (v[0] != SPEC_MAJOR) {
		rule_broken(r, "$.ociVersion", NULL, "is '%.60s': only versions %d.x are supported",
			    text, SPEC_MAJOR);
	} else if (v[1] > SPEC_MINOR) {
		rule_warn(r, "$.ociVersion",
			  "'%.60s' is newer than %d.%d: properties that are new there are ignored",
			  text, SPEC_MAJOR, SPEC_MINOR);
	}
}

static const struct rule rules_top[] = {
	{ "config.md, Specification version", "$.ociVersion", RULE_CONFIG, check_version },
	{ NULL },
};

/* ---- the run ---- */

/* One of the values that the rule looks at was refused. */
static bool unsure(const struct rule_run *r, const struct rule *rule)
{
	const char *s = rule->reads;

	while (r->refused && *s) {
		size_t n = strcspn(s, " ");

		if (r->refused(r->ctx, s, n))
			return true;
		s += n;
		s += strspn(s, " ");
	}
	return false;
}

static void run_table(struct rule_run *r, const struct rule *table, unsigned scope)
{
	for (const struct rule *rule = table; rule->check && !r->ended; rule++) {
		if (!(rule->scope & scope) || unsure(r, rule))
			continue;
		r->rule = rule;
		rule->check(r);
	}
}

void rules_run(struct rule_run *r, unsigned scope)
{
	run_table(r, rules_top, scope);
	run_table(r, rules_process, scope);
	run_table(r, rules_mounts, scope);
	run_table(r, rules_linux, scope);
	run_table(r, rules_cgroup, scope);
	run_table(r, rules_seccomp, scope);
	run_table(r, rules_annotations, scope);
}
