/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page that tells in which step each side is. */
#include <errno.h>
#include <sys/mman.h>

#include "engine/progress.h"
#include "util/clock.h"

int progress_new(struct progress **ret, struct err *e)
{
	struct progress *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return err_sys(e, -errno, "map the progress page");
	p->child_step = p->parent_step = PROGRESS_NONE;
	*ret = p;
	return 0;
}

void progress_free(struct progress *p)
{
	if (p)
		munmap(p, sizeof(*p));
}

void progress_begin(struct progress *p, unsigned step, int in_child)
{
	if (!p || step >= PROGRESS_MAX_STEPS)
		return;
	if (in_child)
		p->child_step = step;
	else
		p->parent_step = step;
	p->t[step].begin_ns = clock_ns();
}

void progress_end(struct progress *p, unsigned step)
{
	if (p && step < PROGRESS_MAX_STEPS)
		p->t[step].end_ns = clock_ns();
}
