/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows that are not written yet: they never apply. This file goes away with the last of them. */
#include "linux/steps.h"
#include "spec/names.h"

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

/* Until src/spec/names.c and load.c are there. */
__attribute__((weak)) const struct name names_caps[] = { { NULL, 0 } };
__attribute__((weak)) const struct name names_sched_policies[] = { { NULL, 0 } };
__attribute__((weak)) const struct name names_io_classes[] = { { NULL, 0 } };
__attribute__((weak)) const struct name names_mpol_modes[] = { { NULL, 0 } };
__attribute__((weak)) const char *name_word(UNUSED const struct name *table, UNUSED uint64_t value)
{
	return NULL;
}
__attribute__((weak)) const char *spec_map_get(UNUSED const spec_map *map, UNUSED const char *key)
{
	return NULL;
}
/* Until src/engine/plan_cgroup.c and plan_mounts.c are there. */
__attribute__((weak)) int plan_cgroup(UNUSED struct plan *p, UNUSED struct err *e)
{
	return 0;
}
__attribute__((weak)) int plan_mounts(UNUSED struct plan *p, UNUSED struct err *e)
{
	return 0;
}
