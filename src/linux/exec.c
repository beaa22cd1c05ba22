/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last row of the table: the program of the container (runtime.md#lifecycle step 8, config.md#process). Whoever
 * waits for the outcome was told "execve is next" by start.announce.
 */
#include <fcntl.h>

#include "linux/exec.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/cleanup.h"

static bool has_process(const struct plan *p)
{
	return p->process != NULL;
}

/* Words the failed execve. "/" is the container's root by now. */
static int diagnose(const char *path, int errnum, struct err *e)
{
	auto_fd int root = sys_open("/", O_PATH | O_DIRECTORY, 0);

	if (root < 0)
		return err_sys(e, -errnum, "exec %s", path);
	return exec_diagnose(root, path, errnum, e);
}

static int run(struct run *r, struct err *e)
{
	char *none[] = { NULL };
	int ret = sys_execve(r->exec_path, r->plan->process->args.v, r->env.v ? r->env.v : none);

	return diagnose(r->exec_path, -ret, e);
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_adds(out, "args [");
	for (size_t i = 0; i < p->process->args.n; i++) {
		buf_adds(out, i ? "," : "");
		buf_addjson(out, p->process->args.v[i]);
	}
	buf_adds(out, "]\n");
}

const struct step step_exec = {
	.name = "exec",
	.what = "execute the program of the container",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = has_process,
	.run = run,
	.explain = explain,
};
