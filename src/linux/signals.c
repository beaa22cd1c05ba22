/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals as a new program expects them, whatever the engine left to us: conmon ignores SIGPIPE, containerd's shim sets a
 * parent-death signal, and the waiting init has handlers. signal(7), prctl(2). Timers don't pass fork; timer slack stays.
 */
#include <sys/prctl.h>

#include "linux/steps.h"
#include "sys/creds.h"

static int run(UNUSED struct run *r, struct err *e)
{
	int ret = sys_signals_reset();

	if (ret < 0)
		return err_sys(e, ret, "reset the signals");
	ret = sys_prctl(PR_SET_PDEATHSIG, 0);
	if (ret < 0)
		return err_sys(e, ret, "clear the parent-death signal");
	ret = sys_prctl(PR_SET_CHILD_SUBREAPER, 0);
	return ret < 0 ? err_sys(e, ret, "stop being a subreaper") : 0;
}

const struct step step_signals_reset = {
	.name = "signals.reset",
	.what = "default action for every signal, none blocked, no parent-death signal",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.run = run,
};
