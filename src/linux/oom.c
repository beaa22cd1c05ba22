/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * process.oomScoreAdj (config.md#linux-process, proc(5)); never touched when it is not set. For create the parent
 * writes it: a process that can't be traced may not write its own inside a user namespace. For exec the first child does,
 * before it enters anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "linux/steps.h"

enum { SCORE_SIZE = 16 };

static void score(const struct plan *p, char out[SCORE_SIZE])
{
	snprintf(out, SCORE_SIZE, "%" PRId32, p->from.oom->oom_score_adj);
}

/* Without privileges a score can't go below what it was when last set with them: an engine that says what every
 * container of it gets would never start one there. For real root it is an error. */
static int check(struct run *r, int ret, struct err *e)
{
	char text[SCORE_SIZE];

	if (ret >= 0)
		return 0;
	score(r->plan, text);
	if (ret == -EACCES && r->plan->rootless) {
		run_warn(r,
			 "oom_score_adj %s needs CAP_SYS_RESOURCE in the initial user namespace: "
			 "left as it is",
			 text);
		return 0;
	}
	err_sys(e, ret, "set oom_score_adj to %s", text);
	if (ret == -EACCES)
		err_hint(e, "a score below the inherited one needs CAP_SYS_RESOURCE");
	return err_at(e, "$.process.oomScoreAdj");
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "oom_score_adj %" PRId32 "\n", p->from.oom->oom_score_adj);
}

static bool applies_first(const struct plan *p)
{
	return p->from.oom && p->fork.ns_stage;
}

static int run_first(struct run *r, struct err *e)
{
	char text[SCORE_SIZE];

	score(r->plan, text);
	return check(r, proc_write_self(&r->proc, "oom_score_adj", text), e);
}

const struct step step_oom_first = {
	.name = "proc.oom-first",
	.what = "set the out-of-memory score, before anything is joined",
	.stage = STAGE_NS,
	.use = FOR_EXEC,
	.applies = applies_first,
	.run = run_first,
	.explain = explain,
};

static bool applies(const struct plan *p)
{
	return p->from.oom && (p->opts.use != FOR_EXEC || !p->fork.ns_stage);
}

static int run(struct run *r, struct err *e)
{
	/* at MAP_IDS there may be only the first child: init inherits it */
	pid_t pid = r->init.pid > 0 ? r->init.pid : r->first.pid;
	char text[SCORE_SIZE];

	score(r->plan, text);
	return check(r, proc_write_pid(&r->proc, pid, "oom_score_adj", text), e);
}

const struct step step_oom = {
	.name = "proc.oom",
	.what = "set the out-of-memory score",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_MAP_IDS) | MSG_BIT(MSG_READY),
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
