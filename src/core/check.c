/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The findings of a check, and its order: bundle, spec, plan, host. */
#include "core/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/launch.h"
#include "spec/json.h"
#include "util/buf.h"

enum { MAX_FINDINGS = 1000 };

static void add(struct check *c, bool warning, const struct err *e)
{
	if (c->n == MAX_FINDINGS)
		return;
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 8;
		struct finding *v = reallocarray(c->v, cap, sizeof(*v));

		if (!v) {
			c->no_memory = true;
			return;
		}
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = (struct finding){ .warning = warning, .e = *e };
	c->n_errors += !warning;
}

/* The same place in error already, or the same words. */
static bool known(const struct check *c, const struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct err *old = &c->v[i].e;

		if (strcmp(old->where, e->where) != 0)
			continue;
		if ((!c->v[i].warning && e->where[0]) || strcmp(old->msg, e->msg) == 0)
			return true;
	}
	return false;
}

static void add_new(struct check *c, bool warning, const struct err *found)
{
	struct err e = *found;

	rest_place(&c->rest, e.where, sizeof(e.where));
	if (!known(c, &e))
		add(c, warning, &e);
}

void check_error(struct check *c, const struct err *e)
{
	add_new(c, false, e);
}

void check_warning(struct check *c, const struct err *e)
{
	add_new(c, true, e);
}

/* ---- spec and plan ---- */

/* The rules may find several things at one place. */
static void on_rule(void *ctx, const struct err *e)
{
	add(ctx, false, e);
}

static void on_plan(void *ctx, const struct err *e)
{
	check_error(ctx, e);
}

static void on_warning(void *ctx, const struct spec_warning *w)
{
	struct err e;

	err_set(&e, ERR_SPEC, "%s", w->text);
	err_at(&e, "%s", w->where);
	e.line = w->line;
	e.col = w->col;
	check_warning(ctx, &e);
}

/* 1: there is a model to go on with. */
static int check_spec(struct check *c, struct launch *l, struct err *e)
{
	int r = spec_check(&l->spec, buf_str(&l->config), l->config.len, on_rule, on_warning, c);

	if (r > 0)
		r = rest_load(&l->spec, &c->rest, buf_str(&l->config), l->config.len);
	if (r < 0)
		return err_sys(e, r, "check");
	if (!l->spec)
		return 0;
	c->spec = l->spec;
	return 1;
}

static int check_plan(struct check *c, struct launch *l, struct err *e)
{
	struct plan_opts po;
	int r = facts_probe_all(&l->facts, e);

	if (r >= 0)
		r = launch_plan_opts(l, FOR_CREATE, false, &po, e);
	if (r < 0)
		return r;
	po.finding = on_plan;
	po.finding_ctx = c;
	r = plan_make(&l->plan, l->spec, &l->facts, &po, e);
	if (r < 0)
		return r;
	c->facts = &l->facts;
	c->plan = l->plan;
	for (size_t i = 0; i < l->plan->warnings.n; i++)
		on_warning(c, &l->plan->warnings.v[i]);
	return 0;
}

/* ---- places ---- */

static int place_findings(struct check *c, const struct buf *config)
{
	struct json_place *places = calloc(c->n + 1, sizeof(*places));
	size_t n = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		if (!c->v[i].e.line && c->v[i].e.where[0] == '$')
			places[n++].path = c->v[i].e.where;
	}
	int r = n ? json_locate(buf_str(config), config->len, places, n) : 0;
	n = 0;
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct err *e = &c->v[i].e;

		if (e->line || e->where[0] != '$')
			continue;
		if (places[n].matched > 0)
			json_position(buf_str(config), places[n].offset, &e->line, &e->col);
		n++;
	}
	free(places);
	return r;
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->e.line != y->e.line)
		return x->e.line < y->e.line ? -1 : 1;
	if (x->e.col != y->e.col)
		return x->e.col < y->e.col ? -1 : 1;
	return x->warning - y->warning;
}

/* ---- the order ---- */

static int check_launch(struct check *c, struct launch *l, struct err *e)
{
	struct err bundle;
	int r = launch_read_config(l, &bundle);

	if (r < 0) {
		check_error(c, &bundle);
		return 0;
	}
	r = check_spec(c, l, e);
	if (r <= 0)
		return r;
	r = check_plan(c, l, e);
	if (r < 0)
		return r;
	check_files(c);
	check_program(c);
	check_host(c);
	return 0;
}

int check_bundle(struct check *c, const struct store *s, const char *id,
		 const struct launch_opts *o, struct err *e)
{
	auto_launch struct launch l = LAUNCH_INIT(s, id, o);

	*c = (struct check){ .root = { .fd = -EBADF } };
	int r = check_launch(c, &l, e);
	if (r >= 0 && (c->no_memory || place_findings(c, &l.config) < 0))
		r = err_sys(e, -ENOMEM, "check");
	if (c->n > 1)
		qsort(c->v, c->n, sizeof(*c->v), by_place);
	c->spec = NULL;
	c->facts = NULL;
	c->plan = NULL;
	close_fd(TAKE_FD(c->root.fd));
	return r;
}

void check_clear(struct check *c)
{
	free(c->v);
	rest_free(&c->rest);
	*c = (struct check){ .root = { .fd = -EBADF } };
}
