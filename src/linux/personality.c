/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.personality (config-linux.md#personality, personality(2)). */
#include <errno.h>
#include <sys/personality.h>

#include "linux/steps.h"

static bool applies(const struct plan *p)
{
	return p->process && p->spec->lnx->has_personality;
}

static unsigned long domain(const struct plan *p)
{
	return p->spec->lnx->personality_linux32 ? PER_LINUX32 : PER_LINUX;
}

static int run(struct run *r, struct err *e)
{
	if (personality(domain(r->plan)) >= 0)
		return 0;
	err_sys(e, -errno, "set the personality");
	return err_at(e, "$.linux.personality.domain");
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "domain %s\n", domain(p) == PER_LINUX32 ? "LINUX32" : "LINUX");
}

const struct step step_personality = {
	.name = "proc.personality",
	.what = "set the execution domain",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
