/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.ioPriority, of the process group that session.new made (config.md#process, ioprio_set(2)). */
#include <errno.h>
#include <linux/ioprio.h>

#include "linux/steps.h"
#include "spec/names.h"
#include "sys/raw.h"

static bool applies(const struct plan *p)
{
	return p->process && p->process->io_priority;
}

static int run(struct run *r, struct err *e)
{
	const struct spec_io_priority *io = r->plan->process->io_priority;
	int ret = sys_ioprio_set(IOPRIO_WHO_PGRP, 0, IOPRIO_PRIO_VALUE(io->class, io->priority));

	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set the I/O priority");
	if (ret == -EPERM)
		err_hint(e,
			 "IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE in the initial user "
			 "namespace");
	return err_at(e, "$.process.ioPriority");
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_io_priority *io = p->process->io_priority;
	const char *class = name_word(names_io_classes, (uint64_t)io->class);

	buf_addf(out, "class %s\npriority %d\n", class ? class : "unknown", io->priority);
}

const struct step step_ioprio = {
	.name = "proc.ioprio",
	.what = "set the I/O priority of the process group",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
