/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows that are not written yet: they never apply. This file goes away with the last of them. */
#include <errno.h>

#include "linux/seccomp.h"
#include "linux/steps.h"

static bool never(UNUSED const struct plan *p)
{
	return false;
}

static int nothing(UNUSED struct run *r, UNUSED struct err *e)
{
	return 0;
}

#define STUB(row) __attribute__((weak)) const struct step row = { .name = #row, .stage = STAGE_N, .applies = never, .run = nothing }

STUB(step_seccomp_compile);
STUB(step_seccomp_listener);

/* Until seccomp.c and template.c are in. */
__attribute__((weak)) void seccomp_free(UNUSED struct seccomp_program *p)
{
}

struct buf;
int spec_template(struct buf *out, bool rootless, unsigned uid, unsigned gid);
__attribute__((weak)) int spec_template(UNUSED struct buf *out, UNUSED bool rootless, UNUSED unsigned uid,
					UNUSED unsigned gid)
{
	return -ENOSYS;
}
