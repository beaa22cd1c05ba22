/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of linux.intelRdt. config-linux.md#IntelRdt. */
#include "linux/rdt.h"

#include <string.h>

#include "linux/steps.h"

static bool wanted(const struct plan *p)
{
	return p->rdt.on;
}

/* ---- rdt.create ---- */

static int note(void *ctx, const char *path, struct err *e)
{
	struct run *r = ctx;

	return r->undo_note ? r->undo_note(r, "resctrl", path, e) : 0;
}

static int create_run(struct run *r, struct err *e)
{
	struct rdt_root root;
	struct rdt_made made;

	int ret = rdt_open(&root, e);
	if (ret < 0)
		return ret;
	ret = rdt_group_make(&root, &r->plan->rdt, &made, note, r, e);
	r->rdt_group_made = made.group;
	r->rdt_monitor_made = made.monitor;
	rdt_close(&root);
	return ret;
}

static void create_undo(struct run *r)
{
	struct rdt_made made = { r->rdt_group_made, r->rdt_monitor_made };
	struct rdt_root root;
	struct err ignored;

	if ((!made.group && !made.monitor) || rdt_open(&root, &ignored) < 0)
		return;
	rdt_group_unmake(&root, &r->plan->rdt, &made);
	rdt_close(&root);
}

static void explain_lines(struct buf *out, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		buf_addf(out, "schemata %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void create_explain(const struct plan *p, struct buf *out)
{
	const struct plan_rdt *rdt = &p->rdt;

	buf_addf(out, "group %s\n", *rdt->group ? rdt->group : "/");
	explain_lines(out, rdt->schema);
	explain_lines(out, rdt->schemata);
	if (rdt->monitor)
		buf_addf(out, "monitor %s\n", rdt->monitor);
}

const struct step step_rdt_create = {
	.name = "rdt.create",
	.what = "find or make the container's group of resctrl",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = wanted,
	.run = create_run,
	.undo = create_undo,
	.explain = create_explain,
};

/* ---- rdt.join ---- */

static int join_run(struct run *r, struct err *e)
{
	struct rdt_root root;

	int ret = rdt_open(&root, e);
	if (ret < 0)
		return ret;
	ret = rdt_group_join(&root, &r->plan->rdt, r->init.pid, e);
	rdt_close(&root);
	return ret;
}

const struct step step_rdt_join = {
	.name = "rdt.join",
	.what = "put the process into its group of resctrl",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_HOOKS) | MSG_BIT(MSG_READY),
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.applies = wanted,
	.run = join_run,
};
