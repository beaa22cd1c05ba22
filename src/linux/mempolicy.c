/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.memoryPolicy (config-linux.md#memory-policy, set_mempolicy(2)). Inherited over execve. */
#include <errno.h>

#include "linux/steps.h"
#include "spec/names.h"
#include "sys/raw.h"
#include "util/parse.h"

enum { MAX_NODES = 4096, WORD_BITS = 8 * sizeof(unsigned long) };

struct nodes {
	unsigned long words[MAX_NODES / WORD_BITS];
	unsigned n; /* highest + 1 */
};

static bool applies(const struct plan *p)
{
	return p->process && p->spec->lnx->memory_policy;
}

static int add_range(void *ctx, uint32_t first, uint32_t last)
{
	struct nodes *m = ctx;

	for (uint32_t node = first; node <= last; node++)
		m->words[node / WORD_BITS] |= 1ul << node % WORD_BITS;
	if (last + 1 > m->n)
		m->n = last + 1;
	return 0;
}

static int run(struct run *r, struct err *e)
{
	const struct spec_memory_policy *mp = r->plan->spec->lnx->memory_policy;
	struct nodes nodes = { { 0 }, 0 };
	int ret = mp->nodes ? parse_ranges(mp->nodes, MAX_NODES - 1, add_range, &nodes) : 0;

	if (ret < 0) {
		err_sys(e, ret, "memory nodes '%s'", mp->nodes);
		return err_at(e, "$.linux.memoryPolicy.nodes");
	}
	/* the kernel looks at one bit less than it is told of */
	ret = sys_set_mempolicy(mp->mode | (int)mp->flags, nodes.n ? nodes.words : NULL,
				nodes.n ? nodes.n + 1ul : 0);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set the memory policy");
	if (ret == -EINVAL)
		err_hint(e, "none of the nodes is online and in the cgroup's cpuset.mems, or this "
			    "kernel does not know the mode or a flag");
	if (ret == -ENOSYS)
		err_hint(e, "this kernel was built without NUMA");
	return err_at(e, "$.linux.memoryPolicy");
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_memory_policy *mp = p->spec->lnx->memory_policy;
	const char *mode = name_word(names_mpol_modes, (uint64_t)mp->mode);

	buf_addf(out, "mode %s\n", mode ? mode : "unknown");
	if (mp->nodes && *mp->nodes)
		buf_addf(out, "nodes %s\n", mp->nodes);
	if (mp->flags)
		buf_addf(out, "flags 0x%x\n", mp->flags);
}

const struct step step_mempolicy = {
	.name = "proc.mempolicy",
	.what = "set the NUMA memory policy",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
