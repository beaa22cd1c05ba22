/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resource limits (config.md#posix-process, getrlimit(2)). Raising a hard limit takes CAP_SYS_RESOURCE in the initial
 * user namespace, so the parent does that; the limits themselves come into force late, because a small NOFILE, FSIZE or
 * AS would break the steps before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "linux/steps.h"
#include "sys/creds.h"

static bool applies(const struct plan *p)
{
	return p->from.rlimits != NULL;
}

static const char *limit_text(uint64_t v, char out[24])
{
	if (v == UINT64_MAX)
		return "unlimited";
	snprintf(out, 24, "%" PRIu64, v);
	return out;
}

static int refused(const struct spec_rlimit *l, size_t i, int r, struct err *e)
{
	char soft[24], hard[24];

	err_sys(e, r, "set %s to soft %s, hard %s", l->type, limit_text(l->soft, soft),
		limit_text(l->hard, hard));
	if (r == -EPERM && l->resource == RLIMIT_NOFILE)
		err_hint(e, "a hard limit above the present one needs CAP_SYS_RESOURCE, and none "
			    "may pass /proc/sys/fs/nr_open");
	else if (r == -EPERM)
		err_hint(e, "a hard limit above the present one needs CAP_SYS_RESOURCE");
	else if (r == -EINVAL)
		err_hint(e, "the soft limit must not be above the hard one");
	return err_at(e, "$.process.rlimits[%zu]", i);
}

/*
 * The process has our own limits still. They are read instead of its: it has another uid by now, and without
 * CAP_SYS_RESOURCE even a look at it would be refused. The soft limit is kept, so that nothing changes yet.
 */
static int raise_hard(pid_t pid, const struct spec_rlimit *l)
{
	struct sys_rlimit now;
	int r = sys_prlimit(0, l->resource, NULL, &now);

	if (r < 0 || l->hard <= now.hard)
		return r;
	now.hard = l->hard;
	return sys_prlimit(pid, l->resource, &now, NULL);
}

static int run_hard(struct run *r, struct err *e)
{
	const struct spec_process *p = r->plan->from.rlimits;

	for (size_t i = 0; i < p->rlimits.n; i++) {
		int ret = raise_hard(r->init.pid, &p->rlimits.v[i]);

		if (ret < 0)
			return refused(&p->rlimits.v[i], i, ret, e);
	}
	return 0;
}

static int run_final(struct run *r, struct err *e)
{
	const struct spec_process *p = r->plan->from.rlimits;

	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct spec_rlimit *l = &p->rlimits.v[i];
		struct sys_rlimit limit = { l->soft, l->hard };
		int ret = sys_prlimit(0, l->resource, &limit, NULL);

		if (ret < 0)
			return refused(l, i, ret, e);
	}
	return 0;
}

static void explain_hard(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->from.rlimits->rlimits.n; i++) {
		const struct spec_rlimit *l = &p->from.rlimits->rlimits.v[i];
		char hard[24];

		buf_addf(out, "%s hard-at-least %s\n", l->type, limit_text(l->hard, hard));
	}
}

static void explain_final(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->from.rlimits->rlimits.n; i++) {
		const struct spec_rlimit *l = &p->from.rlimits->rlimits.v[i];
		char soft[24], hard[24];

		buf_addf(out, "%s %s %s\n", l->type, limit_text(l->soft, soft),
			 limit_text(l->hard, hard));
	}
}

const struct step step_rlimits_hard = {
	.name = "rlimits.hard",
	.what = "raise hard limits of the process from outside",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_READY),
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run_hard,
	.explain = explain_hard,
};

const struct step step_rlimits_final = {
	.name = "rlimits.final",
	.what = "set the resource limits",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run_final,
	.explain = explain_final,
};
