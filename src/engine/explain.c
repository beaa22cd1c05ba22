/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints a plan. */
#include <string.h>

#include "engine/explain.h"
#include "util/jsonw.h"

static const char *const stage_names[STAGE_N] = {
	[STAGE_HOST] = "host",	 [STAGE_NS] = "ns",	  [STAGE_INIT] = "init",
	[STAGE_SERVE] = "serve", [STAGE_START] = "start",
};

static bool applies(const struct step *s, const struct plan *p)
{
	return s->stage < STAGE_N && step_selected(s, p, s->stage) &&
	       (s->stage != STAGE_NS || p->fork.ns_stage);
}

static void details(const struct step *s, const struct plan *p, struct buf *out)
{
	buf_reset(out);
	if (s->explain)
		s->explain(p, out);
}

/* Calls FN for each line of TEXT, which is cut up meanwhile. */
static void each_line(char *text, void (*fn)(void *ctx, const char *line), void *ctx)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (*line)
			fn(ctx, line);
	}
}

static void text_line(void *ctx, const char *line)
{
	buf_addf(ctx, "      %s\n", line);
}

static void json_line(void *ctx, const char *line)
{
	jsonw_str(ctx, NULL, line);
}

static void explain_text(const struct step_table *t, const struct plan *p, struct buf *out)
{
	auto_buf struct buf lines = { 0 };
	unsigned number = 0;

	for (unsigned i = 0; i < t->n; i++) {
		if (!applies(t->rows[i], p))
			continue;
		buf_addf(out, "%3u %-5s %-24s %s\n", ++number, stage_names[t->rows[i]->stage],
			 t->rows[i]->name, t->rows[i]->what);
		details(t->rows[i], p, &lines);
		if (lines.len)
			each_line(lines.p, text_line, out);
	}
	for (size_t i = 0; i < p->warnings.n; i++)
		buf_addf(out, "warning: %s (%s)\n", p->warnings.v[i].text, p->warnings.v[i].where);
}

static void explain_json(const struct step_table *t, const struct plan *p, struct buf *out)
{
	auto_buf struct buf lines = { 0 };
	struct jsonw w;

	jsonw_init(&w, out, 2);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "steps");
	for (unsigned i = 0; i < t->n; i++) {
		if (!applies(t->rows[i], p))
			continue;
		jsonw_object(&w, NULL);
		jsonw_str(&w, "name", t->rows[i]->name);
		jsonw_str(&w, "stage", stage_names[t->rows[i]->stage]);
		jsonw_array(&w, "values");
		details(t->rows[i], p, &lines);
		if (lines.len)
			each_line(lines.p, json_line, &w);
		jsonw_end_array(&w);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_array(&w, "warnings");
	for (size_t i = 0; i < p->warnings.n; i++)
		jsonw_strf(&w, NULL, "%s: %s", p->warnings.v[i].where, p->warnings.v[i].text);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

int plan_explain(const struct step_table *t, const struct plan *p, bool json, struct buf *out)
{
	if (json)
		explain_json(t, p, out);
	else
		explain_text(t, p, out);
	return buf_error(out);
}

void steps_names(const struct step_table *t, struct buf *out)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (t->rows[i]->stage < STAGE_N)
			buf_addf(out, "%s %s %s\n", t->rows[i]->name,
				 stage_names[t->rows[i]->stage], t->rows[i]->what);
	}
}
