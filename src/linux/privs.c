/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.noNewPrivileges (config.md#linux-process, Documentation/userspace-api/no_new_privs.rst). */
#include <errno.h>
#include <sys/prctl.h>

#include "linux/steps.h"
#include "sys/creds.h"

static bool applies(const struct plan *p)
{
	return p->process && p->process->no_new_privileges;
}

static int run(UNUSED struct run *r, struct err *e)
{
	int ret = sys_prctl(PR_SET_NO_NEW_PRIVS, 1);

	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set no_new_privs");
	return err_at(e, "$.process.noNewPrivileges");
}

const struct step step_no_new_privs = {
	.name = "no-new-privs",
	.what = "forbid to gain privileges by execve",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
};
