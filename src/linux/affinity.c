/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU affinity. Since Linux 6.2 a mask set by whoever started us (systemd's CPUAffinity=) outlives the move to another
 * cpuset, so it is reset to all that the cgroup allows; process.execCPUAffinity of config.md#process is for exec only.
 * The masks have room for 65536 CPUs; the kernel cuts them to what it has.
 */
#include "linux/affinity.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "linux/steps.h"
#include "util/parse.h"

enum { MAX_CPUS = 65536, WORD_BITS = 8 * sizeof(unsigned long) };

struct mask {
	unsigned long words[MAX_CPUS / WORD_BITS];
};

static int add_range(void *ctx, uint32_t first, uint32_t last)
{
	struct mask *m = ctx;

	for (uint32_t cpu = first; cpu <= last; cpu++)
		m->words[cpu / WORD_BITS] |= 1ul << cpu % WORD_BITS;
	return 0;
}

static int set_mask(const struct mask *m)
{
	return sched_setaffinity(0, sizeof(*m), (const cpu_set_t *)m) < 0 ? -errno : 0;
}

static int set_list(const char *list, const char *property, struct err *e)
{
	struct mask m = { { 0 } };
	int r = parse_ranges(list, MAX_CPUS - 1, add_range, &m);

	if (r >= 0)
		r = set_mask(&m);
	if (r >= 0)
		return 0;
	err_sys(e, r, "run on the CPUs '%s'", list);
	if (r == -EINVAL)
		err_hint(e, "none of them is online and in the cgroup's cpuset");
	return err_at(e, "$.process.execCPUAffinity.%s", property);
}

int affinity_reset(void)
{
	struct mask all;

	memset(&all, 0xff, sizeof(all));
	return set_mask(&all);
}

static bool is_set(const char *s)
{
	return s && *s;
}

/* ---- exec: before the move to the container's cgroup ---- */

static bool applies_initial(const struct plan *p)
{
	return p->from.affinity && is_set(p->from.affinity->affinity_initial);
}

static int run_initial(struct run *r, struct err *e)
{
	return set_list(r->plan->from.affinity->affinity_initial, "initial", e);
}

static void explain_initial(const struct plan *p, struct buf *out)
{
	buf_addf(out, "cpus %s\n", p->from.affinity->affinity_initial);
}

const struct step step_affinity_initial = {
	.name = "proc.affinity-initial",
	.what = "run on the CPUs of execCPUAffinity.initial until the cgroup is joined",
	.stage = STAGE_HOST,
	.use = FOR_EXEC,
	.applies = applies_initial,
	.run = run_initial,
	.explain = explain_initial,
};

/* ---- in the container's cgroup ---- */

static bool applies_final(const struct plan *p)
{
	return p->from.affinity && is_set(p->from.affinity->affinity_final);
}

static bool applies_reset(const struct plan *p)
{
	return !applies_final(p);
}

/* What was inherited is no promise of ours: where a reset is forbidden the container is as good as before 6.2. */
static int run_reset(struct run *r, UNUSED struct err *e)
{
	int ret = affinity_reset();

	if (ret < 0)
		run_warn(r, "the inherited CPU affinity can't be reset: %s", strerror(-ret));
	return 0;
}

static void explain_reset(UNUSED const struct plan *p, struct buf *out)
{
	buf_adds(out, "cpus all\n");
}

const struct step step_affinity_reset = {
	.name = "proc.affinity-reset",
	.what = "run on all CPUs of the cgroup",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies_reset,
	.run = run_reset,
	.explain = explain_reset,
};

static int run_final(struct run *r, struct err *e)
{
	return set_list(r->plan->from.affinity->affinity_final, "final", e);
}

static void explain_final(const struct plan *p, struct buf *out)
{
	buf_addf(out, "cpus %s\n", p->from.affinity->affinity_final);
}

const struct step step_affinity_final = {
	.name = "proc.affinity-final",
	.what = "run on the CPUs of execCPUAffinity.final",
	.stage = STAGE_START,
	.use = FOR_EXEC,
	.applies = applies_final,
	.run = run_final,
	.explain = explain_final,
};
