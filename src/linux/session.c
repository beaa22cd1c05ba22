/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session and process group of its own: no TIOCSTI into the caller's terminal (CVE-2016-10124), and what ioPriority's
 * "process group" is. */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "linux/steps.h"

static int run(UNUSED struct run *r, struct err *e)
{
	return setsid() < 0 ? err_sys(e, -errno, "make a new session") : 0;
}

const struct step step_session_new = {
	.name = "session.new",
	.what = "make a new session",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.run = run,
};

/* ---- session.own ---- */

/* The one of session.new is the first child's and ends with it; meanwhile it keeps the caller's terminal away. */
static bool is_cloned_last(const struct plan *p)
{
	return p->fork.clone_last;
}

static int run_own(struct run *r, struct err *e)
{
	int ret = run(r, e);

	if (ret >= 0 && r->plan->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		ret = err_sys(e, -errno, "make the terminal the controlling one");
	return ret;
}

const struct step step_session_own = {
	.name = "session.own",
	.what = "make a new session again, the process's own, and its terminal the controlling one",
	.stage = STAGE_START,
	.use = FOR_EXEC,
	.applies = is_cloned_last,
	.run = run_own,
};
