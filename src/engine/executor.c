/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the step table. */
#include "engine/executor.h"
#include "engine/faults.h"
#include "engine/progress.h"
#include "util/log.h"

bool step_selected(const struct step *s, const struct plan *p, enum stage stage)
{
	return s->stage == stage && (s->use & p->opts.use) && (!s->applies || s->applies(p));
}

static int run_one(const struct step_table *t, struct run *r, unsigned i, struct err *e)
{
	const struct step *s = t->rows[i];
	bool in_child = s->stage != STAGE_HOST && s->stage != STAGE_SERVE;

	r->step = s->name;
	progress_begin(r->progress, i, in_child);
	int ret = fault_point(s->name, "", e);
	if (ret >= 0)
		ret = s->run(r, e);
	if (ret >= 0)
		ret = fault_point(s->name, "@end", e);
	if (ret < 0) {
		err_step(e, s->name);
		return ret;
	}
	progress_end(r->progress, i);
	return 0;
}

int stage_run(const struct step_table *t, struct run *r, enum stage stage, struct err *e)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (!step_selected(t->rows[i], r->plan, stage))
			continue;
		int ret = run_one(t, r, i, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static bool set_has(const struct step_set *set, unsigned i)
{
	return set->bits[i / 64] >> (i % 64) & 1;
}

int stage_serve(const struct step_table *t, struct run *r, unsigned msg, struct step_set *done,
		struct err *e)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct step *s = t->rows[i];

		if (!(s->on & MSG_BIT(msg)) || !step_selected(s, r->plan, STAGE_SERVE) ||
		    (!s->repeat && set_has(done, i)))
			continue;
		done->bits[i / 64] |= 1ull
				      << (i % 64); /* before it runs: undo tolerates half-done */
		int ret = run_one(t, r, i, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void stage_undo(const struct step_table *t, struct run *r, const struct step_set *done)
{
	for (unsigned i = t->n; i > 0; i--) {
		const struct step *s = t->rows[i - 1];

		if (!s->undo)
			continue;
		if (step_selected(s, r->plan, STAGE_HOST) ||
		    (s->stage == STAGE_SERVE && set_has(done, i - 1)))
			s->undo(r);
	}
}

void run_warn(struct run *r, const char *fmt, ...)
{
	char text[PROTO_MAX_DATA + 1];
	struct err ignored;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (r->is_child)
		(void)chan_send(&r->chan, MSG_LOG, text, MIN((size_t)n, sizeof(text) - 1), NULL, 0,
				&ignored);
	else
		log_emit(LOG_WARNING, "%s", text);
}
