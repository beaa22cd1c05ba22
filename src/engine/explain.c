/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints a plan. */
#include <sched.h>
#include <string.h>

#include "engine/explain.h"
#include "util/jsonw.h"
#include "util/utf8.h"

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

/*
 * The processes, which are no step: what the first clone makes, what the first child of two does, and what init makes
 * itself.
 */
static void clone_details(const struct plan *p, struct buf *out)
{
	const struct plan_fork *f = &p->fork;
	const struct {
		const char *what;
		uint64_t flags;
	} parts[] = {
		{ "new", f->clone_flags },
		{ "joined by the first child", (uint64_t)f->join_flags },
		{ "new user namespace by the first child",
		  f->ns_stage && f->new_userns ? CLONE_NEWUSER : 0 },
		{ "unshared by the first child", (uint64_t)f->unshare_flags },
		{ "new with init", f->init_flags },
	};

	buf_reset(out);
	for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
		if (!parts[i].flags)
			continue;
		buf_addf(out, "%s ", parts[i].what);
		ns_flags_text(parts[i].flags, out);
		buf_addc(out, '\n');
	}
	if (f->cgroup_ns_late || f->time_ns_late)
		buf_addf(out, "by init itself %s%s%s\n", f->cgroup_ns_late ? "cgroup" : "",
			 f->cgroup_ns_late && f->time_ns_late ? "," : "",
			 f->time_ns_late ? "time" : "");
	buf_addf(out, "init %s\n",
		 f->clone_last ? "is cloned by the first child at the end of its stage init"
		 : f->ns_stage ? "is cloned by the first child"
			       : "is the first child");
	if (f->into_cgroup)
		buf_adds(out, "born in its cgroup (cgroup2)\n");
	if (f->uid_map_helper || f->gid_map_helper)
		buf_addf(out, "maps written by%s%s\n", f->uid_map_helper ? " newuidmap" : "",
			 f->gid_map_helper ? " newgidmap" : "");
	if (f->deny_setgroups)
		buf_adds(out, "setgroups denied for ever\n");
}

/* What a configuration says is not to steer a terminal. */
static void text_line(void *ctx, const char *line)
{
	struct buf *out = ctx;

	buf_adds(out, "      ");
	buf_addplain(out, line, strlen(line));
	buf_addc(out, '\n');
}

static void text_warning(const struct spec_warning *w, struct buf *out)
{
	buf_adds(out, "warning: ");
	buf_addplain(out, w->text, strlen(w->text));
	buf_adds(out, " (");
	buf_addplain(out, w->where, strlen(w->where));
	buf_adds(out, ")\n");
}

static void json_line(void *ctx, const char *line)
{
	jsonw_str(ctx, NULL, line);
}

static void text_clone(const struct plan *p, struct buf *lines, struct buf *out)
{
	buf_addf(out, "    %-5s %-24s %s\n", "", "(clone)", "make the container's process");
	clone_details(p, lines);
	if (lines->len)
		each_line(lines->p, text_line, out);
}

static void explain_text(const struct step_table *t, const struct plan *p, struct buf *out)
{
	auto_buf struct buf lines = { 0 };
	bool cloned = false;
	unsigned number = 0;

	for (unsigned i = 0; i < t->n; i++) {
		const struct step *s = t->rows[i];

		if (!applies(s, p))
			continue;
		if (s->stage != STAGE_HOST && !cloned) {
			text_clone(p, &lines, out);
			cloned = true;
		}
		buf_addf(out, "%3u %-5s %-24s %s\n", ++number, stage_names[s->stage], s->name,
			 s->what);
		details(s, p, &lines);
		if (lines.len)
			each_line(lines.p, text_line, out);
	}
	for (size_t i = 0; i < p->warnings.n; i++)
		text_warning(&p->warnings.v[i], out);
}

/* One step is one line, so that a diff of two plans is read by steps. */
static void json_values(struct jsonw *w, const char *key, struct buf *lines)
{
	jsonw_array(w, key);
	if (lines->len)
		each_line(lines->p, json_line, w);
	jsonw_end_array(w);
}

static void json_step(const struct step *s, const struct plan *p, struct buf *lines,
		      struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "name", s->name);
	jsonw_str(&w, "stage", stage_names[s->stage]);
	details(s, p, lines);
	json_values(&w, "values", lines);
	jsonw_end_object(&w);
}

static void explain_json(const struct step_table *t, const struct plan *p, struct buf *out)
{
	auto_buf struct buf lines = { 0 };
	const char *gap = "";
	struct jsonw w;

	buf_addf(out, "{\"rootless\":%s,\n\"clone\":", p->rootless ? "true" : "false");
	clone_details(p, &lines);
	jsonw_init(&w, out, 0);
	json_values(&w, NULL, &lines);
	buf_adds(out, ",\n\"steps\":[");
	for (unsigned i = 0; i < t->n; i++) {
		if (!applies(t->rows[i], p))
			continue;
		buf_addf(out, "%s\n", gap);
		json_step(t->rows[i], p, &lines, out);
		gap = ",";
	}
	buf_adds(out, "],\n\"warnings\":[");
	for (size_t i = 0; i < p->warnings.n; i++) {
		buf_adds(out, i ? ",\n" : "\n");
		jsonw_init(&w, out, 0);
		jsonw_strf(&w, NULL, "%s: %s", p->warnings.v[i].where, p->warnings.v[i].text);
	}
	buf_adds(out, "]}\n");
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
