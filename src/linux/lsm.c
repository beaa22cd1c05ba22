/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The label that the program gets at execve: AppArmor profile or SELinux context, written through the verified procfs
 * and nothing the container could have mounted (CVE-2019-16884, CVE-2025-52881). config.md#linux-process.
 */
#include "linux/apparmor.h"
#include "linux/selinux.h"
#include "linux/steps.h"

static bool applies(const struct plan *p)
{
	return p->process && (p->creds.apparmor || p->creds.selinux);
}

static int run(struct run *r, struct err *e)
{
	const struct plan_creds *c = &r->plan->creds;
	int ret = c->apparmor ? apparmor_set_exec(&r->proc, c->apparmor, e) : 0;

	if (ret >= 0 && c->selinux)
		ret = selinux_set_exec(&r->proc, c->selinux, e);
	return ret;
}

static void explain(const struct plan *p, struct buf *out)
{
	if (p->creds.apparmor)
		buf_addf(out, "apparmor %s\n", p->creds.apparmor);
	if (p->creds.selinux)
		buf_addf(out, "selinux %s\n", p->creds.selinux);
}

const struct step step_lsm_label = {
	.name = "lsm.label",
	.what = "set the security label of the program",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
