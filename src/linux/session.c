/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session and process group of its own: no TIOCSTI into the caller's terminal (CVE-2016-10124), and what ioPriority's
 * "process group" is. */
#include <errno.h>
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
