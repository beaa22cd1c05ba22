/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of linux.resources in the words of the cgroup files. config-linux.md#memory, #cpu; cgroup-v2.rst. */
#include <errno.h>
#include <stdio.h>

#include "engine/cgroup_table_impl.h"

enum { DEFAULT_PERIOD = 100000 };

static void print(char out[CGROUP_TEXT_SIZE], uint64_t u)
{
	snprintf(out, CGROUP_TEXT_SIZE, "%llu", (unsigned long long)u);
}

int cgroup_text_number(struct cgroup_table *t, struct cgroup_number v, char out[CGROUP_TEXT_SIZE])
{
	(void)t;
	if (v.negative)
		snprintf(out, CGROUP_TEXT_SIZE, "%lld", (long long)v.u);
	else
		print(out, v.u);
	return 0;
}

/* Any negative number is "no limit". */
int cgroup_text_max(struct cgroup_table *t, struct cgroup_number v, char out[CGROUP_TEXT_SIZE])
{
	(void)t;
	if (v.negative)
		snprintf(out, CGROUP_TEXT_SIZE, "max");
	else
		print(out, v.u);
	return 0;
}

/* memory.swap is memory and swap together, so without a limit of memory it says nothing. */
static int check_swap(struct cgroup_table *t, uint64_t swap)
{
	const struct spec_memory *m = t->r->memory;

	if (!m->has_limit || m->limit <= 0) {
		err_set(t->e, ERR_SPEC,
			"memory.swap limits memory and swap together and needs memory.limit");
	} else if (swap < (uint64_t)m->limit) {
		err_set(t->e, ERR_SPEC,
			"memory.swap (%llu) limits memory and swap together and is below "
			"memory.limit (%lld)",
			(unsigned long long)swap, (long long)m->limit);
	} else {
		return 0;
	}
	err_hint(t->e, "set it to the limit plus the swap to allow, or to -1");
	return err_at(t->e, "$.linux.resources.memory.swap");
}

int cgroup_text_swap_v1(struct cgroup_table *t, struct cgroup_number v, char out[CGROUP_TEXT_SIZE])
{
	int r = v.negative || t->only_find ? 0 : check_swap(t, v.u);

	return r < 0 ? r : cgroup_text_number(t, v, out);
}

/* v2 counts swap alone. */
int cgroup_text_swap_v2(struct cgroup_table *t, struct cgroup_number v, char out[CGROUP_TEXT_SIZE])
{
	int r = v.negative ? 0 : check_swap(t, v.u);

	if (r < 0)
		return r;
	if (!v.negative)
		v.u -= (uint64_t)t->r->memory->limit;
	return cgroup_text_max(t, v, out);
}

int cgroup_text_cpu_weight(struct cgroup_table *t, struct cgroup_number v,
			   char out[CGROUP_TEXT_SIZE])
{
	(void)t;
	print(out, cgroup_cpu_weight(v.u));
	return 0;
}

int cgroup_text_io_weight(struct cgroup_table *t, struct cgroup_number v,
			  char out[CGROUP_TEXT_SIZE])
{
	(void)t;
	print(out, cgroup_io_weight((unsigned)v.u));
	return 0;
}

/* cpu.max holds both; a number alone keeps the period. */
int cgroup_text_quota_v2(struct cgroup_table *t, struct cgroup_number v, char out[CGROUP_TEXT_SIZE])
{
	const struct spec_cpu *cpu = t->r->cpu;
	uint64_t period = cpu->has_period ? cpu->period : 0;
	char quota[CGROUP_TEXT_SIZE / 2];

	snprintf(quota, sizeof(quota), v.negative ? "max" : "%llu", (unsigned long long)v.u);
	if (period == 0 || (v.negative && period == DEFAULT_PERIOD))
		snprintf(out, CGROUP_TEXT_SIZE, "%s", quota);
	else
		snprintf(out, CGROUP_TEXT_SIZE, "%s %llu", quota, (unsigned long long)period);
	return 0;
}

int cgroup_text_period_v2(struct cgroup_table *t, struct cgroup_number v,
			  char out[CGROUP_TEXT_SIZE])
{
	if (t->r->cpu->has_quota && t->r->cpu->quota != 0)
		return 1;
	snprintf(out, CGROUP_TEXT_SIZE, "max %llu", (unsigned long long)v.u);
	return 0;
}
