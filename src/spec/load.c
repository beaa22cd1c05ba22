/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole document in order: read by its table, check the rules between properties, give every message a place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/annotations.h"
#include "spec/load.h"
#include "spec/rules.h"
#include "spec/tables.h"

_Static_assert((int)SPEC_MAX_SIZE == (int)JSON_MAX_SIZE &&
		       (int)SPEC_MAX_DEPTH == (int)JSON_MAX_DEPTH,
	       "the limits in load.h are those of json.h");

enum { MAX_WARNINGS = 64, MAX_FINDINGS = 200 };

struct load {
	struct arena *arena;
	spec_warnings *warnings; /* NULL: nobody takes them */
	struct err *first;	 /* spec_load(): the error */
	bool failed;		 /* first is filled */
	struct err *findings;	 /* spec_check(): all of them, malloc'ed */
	size_t n, n_fields, cap; /* n_fields: those made while reading */
	bool no_memory;
};

/* ---- where messages go ---- */

static void keep_warning(void *ctx, const struct err *w)
{
	struct load *l = ctx;
	spec_warnings *all = l->warnings;

	if (!all || all->n == MAX_WARNINGS)
		return;
	if (!all->v)
		all->v = arena_array(l->arena, MAX_WARNINGS, sizeof(*all->v));
	char *where = arena_str(l->arena, w->where), *text = arena_str(l->arena, w->msg);
	if (!all->v || !where || !text)
		return; /* loses only the warning */
	all->v[all->n++] = (struct spec_warning){
		.line = w->line,
		.col = w->col,
		.where = where,
		.text = text,
	};
}

static bool keep_first(void *ctx, const struct err *e)
{
	struct load *l = ctx;

	*l->first = *e;
	l->failed = true;
	return false;
}

static bool keep_finding(void *ctx, const struct err *e)
{
	struct load *l = ctx;

	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct err *more = realloc(l->findings, cap * sizeof(*more));

		if (!more) {
			l->no_memory = true;
			return false;
		}
		l->findings = more;
		l->cap = cap;
	}
	l->findings[l->n++] = *e;
	return l->n < MAX_FINDINGS;
}

/* A is B or encloses it. */
static bool encloses(const char *a, size_t na, const char *b, size_t nb)
{
	return na <= nb && memcmp(a, b, na) == 0 && (na == nb || b[na] == '.' || b[na] == '[');
}

static bool refused(void *ctx, const char *path, size_t len)
{
	const struct load *l = ctx;

	for (size_t i = 0; i < l->n_fields; i++) {
		const char *where = l->findings[i].where;
		size_t n = strlen(where);

		if (encloses(where, n, path, len) || encloses(path, len, where, n))
			return true;
	}
	return false;
}

/* ---- places ---- */

static int place_warnings(const spec_warnings *all, const char *json, size_t len)
{
	struct json_place places[MAX_WARNINGS];
	size_t index[MAX_WARNINGS], n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].line)
			continue;
		places[n] = (struct json_place){ .path = all->v[i].where };
		index[n++] = i;
	}
	if (n == 0)
		return 0;
	int r = json_locate(json, len, places, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct spec_warning *w = &all->v[index[i]];

		json_position(json, places[i].offset, &w->line, &w->col);
	}
	return r;
}

static int place_findings(struct load *l, const char *json, size_t len)
{
	struct json_place *places = calloc(l->n + 1, sizeof(*places));
	size_t n = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->findings[i].line)
			places[n++].path = l->findings[i].where;
	}
	int r = n ? json_locate(json, len, places, n) : 0;
	n = 0;
	for (size_t i = 0; r == 0 && i < l->n; i++) {
		struct err *e = &l->findings[i];

		if (!e->line)
			json_position(json, places[n++].offset, &e->line, &e->col);
	}
	free(places);
	return r;
}

/* ---- config.json ---- */

static int new_spec(struct spec **ret)
{
	struct spec *s = calloc(1, sizeof(*s));

	if (s)
		s->lnx = ARENA_NEW(&s->arena, struct spec_linux);
	if (!s || !s->lnx) {
		spec_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

bool spec_before(const struct spec *s, unsigned minor)
{
	unsigned is[2];

	return s->oci_version && sscanf(s->oci_version, "%u.%u", &is[0], &is[1]) == 2 &&
	       is[0] == 1 && is[1] < minor;
}

void spec_old_resources(struct spec_resources *res)
{
	if (res->has_pids_limit && res->pids_limit == 0)
		res->pids_limit = -1;
}

static void derive(struct spec *s)
{
	struct spec_seccomp *sc = s->lnx->seccomp;
	const char *receiver = spec_map_get(&s->annotations, ANNOTATION_SECCOMP_RECEIVER);
	uint64_t notify;

	rule_mark_sysctls(s->lnx);
	if (s->lnx->resources && spec_before(s, 3))
		spec_old_resources(s->lnx->resources);
	if (receiver)
		s->seccomp_receiver = receiver;
	if (!sc || name_value(names_seccomp_actions, "SCMP_ACT_NOTIFY", &notify) < 0)
		return;
	sc->notifies = sc->default_action == notify;
	for (size_t i = 0; i < sc->syscalls.n; i++)
		sc->notifies |= sc->syscalls.v[i].action == notify;
	if (sc->notifies)
		s->seccomp_plugins = spec_map_get(&s->annotations, ANNOTATION_SECCOMP_PLUGINS);
}

static struct rule_run rule_run_of(const struct spec *s, struct load *l)
{
	return (struct rule_run){
		.spec = s,
		.process = s->process,
		.resources = s->lnx->resources,
		.lnx = s->lnx,
		.process_at = "$.process",
		.resources_at = "$.linux.resources",
		.warning = keep_warning,
		.ctx = l,
	};
}

int spec_load(struct spec **ret, const char *json, size_t len, struct err *e)
{
	return spec_load_receiver(ret, json, len, NULL, e);
}

int spec_load_receiver(struct spec **ret, const char *json, size_t len, const char *receiver,
		       struct err *e)
{
	auto_spec struct spec *s = NULL;
	if (new_spec(&s) < 0)
		return err_sys(e, -ENOMEM, "reading the config");
	if (receiver && !(s->seccomp_receiver = arena_str(&s->arena, receiver)))
		return err_sys(e, -ENOMEM, "reading the config");

	struct load l = { .arena = &s->arena, .warnings = &s->warnings, .first = e };
	struct field_sink sink = { .ctx = &l, .warning = keep_warning };
	int r = field_parse_all(spec_fields, s, &s->arena, json, len, &sink, e);
	if (r < 0)
		return r;
	derive(s);

	struct rule_run rules = rule_run_of(s, &l);
	rules.finding = keep_first;
	rules_run(&rules, RULE_CONFIG);
	if (rules.no_memory)
		return err_sys(e, -ENOMEM, "reading the config");
	if (l.failed) {
		json_place_err(e, json, len);
		return err_errno(e);
	}
	if (place_warnings(&s->warnings, json, len) < 0)
		return err_sys(e, -ENOMEM, "reading the config");
	*ret = TAKE_PTR(s);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct err *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

static int check_into(struct load *l, struct spec **s, const char *json, size_t len)
{
	struct field_sink sink = { .ctx = l, .finding = keep_finding, .warning = keep_warning };
	struct err fatal;

	int r = field_parse_all(spec_fields, *s, &(*s)->arena, json, len, &sink, &fatal);
	/* A full list of findings ends the reading too, with the last of them. */
	if (r < 0 && l->n < MAX_FINDINGS)
		keep_finding(l, &fatal);
	bool whole = r == 0;
	l->n_fields = l->n;
	if (whole) {
		struct rule_run rules = rule_run_of(*s, l);

		derive(*s);
		rules.finding = keep_finding;
		rules.refused = refused;
		rules_run(&rules, RULE_CONFIG);
		l->no_memory |= rules.no_memory;
	}
	if (l->no_memory || place_findings(l, json, len) < 0 ||
	    place_warnings(&(*s)->warnings, json, len) < 0)
		return -ENOMEM;
	if (l->n > 1)
		qsort(l->findings, l->n, sizeof(*l->findings), by_place);
	return l->n == 0;
}

int spec_check(struct spec **ret, const char *json, size_t len,
	       void (*finding)(void *ctx, const struct err *finding),
	       void (*warning)(void *ctx, const struct spec_warning *warning), void *ctx)
{
	auto_spec struct spec *s = NULL;

	*ret = NULL;
	if (new_spec(&s) < 0)
		return -ENOMEM;
	struct load l = { .arena = &s->arena, .warnings = &s->warnings };
	int built = check_into(&l, &s, json, len);
	for (size_t i = 0; built >= 0 && i < l.n; i++)
		finding(ctx, &l.findings[i]);
	for (size_t i = 0; built >= 0 && warning && i < s->warnings.n; i++)
		warning(ctx, &s->warnings.v[i]);
	free(l.findings);
	if (built < 0)
		return built;
	if (built)
		*ret = TAKE_PTR(s);
	return (int)l.n;
}

/* ---- parts ---- */

/* OBJECT by TABLE, then the rules of SCOPE. */
static int load_part(const struct field *table, void *object, struct rule_run *rules,
		     unsigned scope, struct load *l, const char *json, size_t len)
{
	struct field_sink sink = { .ctx = l, .warning = keep_warning };

	int r = field_parse_all(table, object, l->arena, json, len, &sink, l->first);
	if (r < 0)
		return r;
	rules->ctx = l;
	rules->finding = keep_first;
	rules->warning = keep_warning;
	rules_run(rules, scope);
	if (rules->no_memory)
		return err_sys(l->first, -ENOMEM, "reading JSON");
	if (l->failed) {
		json_place_err(l->first, json, len);
		return err_errno(l->first);
	}
	if (l->warnings && place_warnings(l->warnings, json, len) < 0)
		return err_sys(l->first, -ENOMEM, "reading JSON");
	return 0;
}

static const struct spec_linux no_linux;

int spec_load_process(struct spec_process **ret, struct arena *arena, const char *json, size_t len,
		      spec_warnings *warnings, struct err *e)
{
	struct load l = { .arena = arena, .warnings = warnings, .first = e };
	struct spec_process *p = ARENA_NEW(arena, struct spec_process);

	if (!p)
		return err_sys(e, -ENOMEM, "reading the process");
	struct rule_run rules = { .process = p, .lnx = &no_linux, .process_at = "$" };
	int r = load_part(process_fields, p, &rules, RULE_PROCESS, &l, json, len);
	if (r == 0)
		*ret = p;
	return r;
}

int spec_load_resources(struct spec_resources **ret, struct arena *arena, const char *json,
			size_t len, spec_warnings *warnings, struct err *e)
{
	struct load l = { .arena = arena, .warnings = warnings, .first = e };
	struct spec_resources *res = ARENA_NEW(arena, struct spec_resources);

	if (!res)
		return err_sys(e, -ENOMEM, "reading the resources");
	struct rule_run rules = { .resources = res, .lnx = &no_linux, .resources_at = "$" };
	int r = load_part(resources_fields, res, &rules, RULE_RESOURCES, &l, json, len);
	if (r == 0)
		*ret = res;
	return r;
}

void spec_write_resources(const struct spec_resources *res, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	field_write(&w, NULL, resources_fields, res);
}

void spec_free(struct spec *s)
{
	if (!s)
		return;
	arena_free(&s->arena);
	free(s);
}
