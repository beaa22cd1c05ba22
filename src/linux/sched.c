/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.scheduler (config.md#process, sched(7), sched_setattr(2)). */
#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>

#include "linux/affinity.h"
#include "linux/steps.h"
#include "spec/names.h"
#include "sys/raw.h"

static bool applies(const struct plan *p)
{
	return p->process && p->process->scheduler;
}

static void add_hint(struct err *e, const struct spec_scheduler *s, int r)
{
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (r == -EPERM && realtime)
		err_hint(
			e,
			"realtime policies need CAP_SYS_NICE in the initial user namespace and, on "
			"cgroup v1, cpu.realtimeRuntime in this cgroup and all above it");
	else if (r == -EPERM && s->policy == SCHED_DEADLINE)
		err_hint(e,
			 "SCHED_DEADLINE needs CAP_SYS_NICE and a cpuset that spans a whole root "
			 "domain");
	else if (r == -EPERM)
		err_hint(e, "a lower nice value needs CAP_SYS_NICE in the initial user namespace");
	else if (r == -EBUSY && s->policy == SCHED_DEADLINE)
		err_hint(e, "the runtime asked for is more than the CPUs have left for deadlines");
	else if (r == -EINVAL)
		err_hint(e, "this kernel does not know the policy or a flag, or the values don't "
			    "fit it: runtime <= deadline <= period, priority 1-99 for FIFO and RR");
}

static int run(struct run *r, struct err *e)
{
	const struct spec_scheduler *s = r->plan->process->scheduler;

	/* an inherited narrow mask would make the kernel refuse */
	if (s->policy == SCHED_DEADLINE)
		(void)affinity_reset();
	int ret = sys_sched_setattr(s->policy, s->flags, s->nice, (uint32_t)s->priority, s->runtime,
				    s->deadline, s->period);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set the scheduling policy %s",
		name_word(names_sched_policies, (uint64_t)s->policy) ?: "of the config");
	add_hint(e, s, ret);
	return err_at(e, "$.process.scheduler");
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_scheduler *s = p->process->scheduler;
	const char *policy = name_word(names_sched_policies, (uint64_t)s->policy);

	buf_addf(out, "policy %s\n", policy ? policy : "unknown");
	buf_addf(out, "nice %" PRId32 "\npriority %" PRId32 "\n", s->nice, s->priority);
	if (s->flags)
		buf_addf(out, "flags 0x%" PRIx64 "\n", s->flags);
	if (s->policy == SCHED_DEADLINE)
		buf_addf(out, "runtime %" PRIu64 "\ndeadline %" PRIu64 "\nperiod %" PRIu64 "\n",
			 s->runtime, s->deadline, s->period);
}

const struct step step_sched = {
	.name = "proc.sched",
	.what = "set the scheduling policy",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
