/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules between the properties of linux.resources: config-linux.md, "Control groups". Host-independent ones only. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/rules.h"
#include "util/cleanup.h"
#include "util/util.h"

static const char *in(struct rule_run *r, const char *member)
{
	return rule_path(r, "%s.%s", r->resources_at, member);
}

/* ---- memory ---- */

/* swap is memory plus swap, so it can't be below the limit of memory alone. */
static void check_memory(struct rule_run *r)
{
	const struct spec_memory *m = r->resources ? r->resources->memory : NULL;

	if (m && m->swap > 0 && m->limit > 0 && m->swap < m->limit)
		rule_broken(r, in(r, "memory.swap"),
			    "swap is the limit of memory and swap together",
			    "(%" PRId64 ") is below memory.limit (%" PRId64 ")", m->swap, m->limit);
}

/* An update may count on the limit that is there. */
static void check_swap_alone(struct rule_run *r)
{
	const struct spec_memory *m = r->resources ? r->resources->memory : NULL;

	if (m && m->swap > 0 && m->limit <= 0)
		rule_broken(r, in(r, "memory.swap"),
			    "swap is the limit of memory and swap together",
			    "needs a memory.limit that is not above it");
}

/* ---- cpu ---- */

/* Bounds of the kernel's CFS bandwidth control: 1 ms to 1 s (sched/core.c). */
enum { MIN_US = 1000, MAX_US = 1000000 };

static void check_cpu(struct rule_run *r)
{
	const struct spec_cpu *c = r->resources ? r->resources->cpu : NULL;

	if (!c)
		return;
	if (c->period != 0 && (c->period < MIN_US || c->period > MAX_US))
		rule_broken(r, in(r, "cpu.period"), NULL,
			    "must be %d to %d microseconds, not %" PRIu64, MIN_US, MAX_US,
			    c->period);
	if (c->quota > 0 && c->quota < MIN_US)
		rule_broken(r, in(r, "cpu.quota"), NULL,
			    "must be at least %d microseconds, not %" PRId64, MIN_US, c->quota);
	if (c->burst > 0 && c->quota > 0 && c->burst > (uint64_t)c->quota)
		rule_broken(r, in(r, "cpu.burst"), NULL,
			    "(%" PRIu64 ") is above quota (%" PRId64 ")", c->burst, c->quota);
	if (c->rt_runtime > 0 && c->rt_period > 0 && (uint64_t)c->rt_runtime > c->rt_period)
		rule_broken(r, in(r, "cpu.realtimeRuntime"), NULL,
			    "(%" PRId64 ") is above realtimePeriod (%" PRIu64 ")", c->rt_runtime,
			    c->rt_period);
}

/* ---- block I/O ---- */

static void check_weight(struct rule_run *r, const char *path, unsigned weight)
{
	if (weight > 0 && weight < 10)
		rule_broken(r, path, NULL, "must be 10 to 1000 (or 0: unset), not %u", weight);
}

static void check_block_io(struct rule_run *r)
{
	const struct spec_block_io *b = r->resources ? r->resources->block_io : NULL;

	if (!b)
		return;
	check_weight(r, in(r, "blockIO.weight"), b->weight);
	check_weight(r, in(r, "blockIO.leafWeight"), b->leaf_weight);
	for (size_t i = 0; i < b->weight_devices.n && !r->ended; i++) {
		const struct spec_weight_device *d = &b->weight_devices.v[i];

		if (!d->has_weight && !d->has_leaf_weight)
			rule_broken(
				r, rule_path(r, "%s.blockIO.weightDevice[%zu]", r->resources_at, i),
				NULL, "must have weight or leafWeight");
		check_weight(
			r, rule_path(r, "%s.blockIO.weightDevice[%zu].weight", r->resources_at, i),
			d->weight);
		check_weight(
			r,
			rule_path(r, "%s.blockIO.weightDevice[%zu].leafWeight", r->resources_at, i),
			d->leaf_weight);
	}
}

/* ---- huge pages, network, RDMA ---- */

static void hugepage_twin(struct rule_run *r, const struct rule_name *second, size_t first)
{
	rule_broken(r,
		    rule_path(r, "%s.hugepageLimits[%zu].pageSize", r->resources_at, second->index),
		    NULL, "is %s a second time: hugepageLimits[%zu] has it already", second->name,
		    first);
}

static void check_hugepages(struct rule_run *r)
{
	size_t n = r->resources ? r->resources->hugepage_limits.n : 0;
	struct rule_name *names = n > 1 ? rule_names(r, n) : NULL;

	for (size_t i = 0; names && i < n; i++)
		names[i] = (struct rule_name){ r->resources->hugepage_limits.v[i].page_size, i };
	if (names)
		rule_unique(r, names, n, hugepage_twin);
	free(names);
}

static void priority_twin(struct rule_run *r, const struct rule_name *second, size_t first)
{
	rule_broken(
		r, rule_path(r, "%s.network.priorities[%zu].name", r->resources_at, second->index),
		NULL, "is '%s' a second time: priorities[%zu] has it already", second->name, first);
}

static void check_priorities(struct rule_run *r)
{
	const struct spec_network *net = r->resources ? r->resources->network : NULL;
	size_t n = net ? net->priorities.n : 0;
	struct rule_name *names = n > 1 ? rule_names(r, n) : NULL;

	for (size_t i = 0; names && i < n; i++)
		names[i] = (struct rule_name){ net->priorities.v[i].name, i };
	if (names)
		rule_unique(r, names, n, priority_twin);
	free(names);
}

static void check_rdma(struct rule_run *r)
{
	size_t n = r->resources ? r->resources->rdma.n : 0;

	for (size_t i = 0; i < n && !r->ended; i++) {
		const struct spec_rdma *d = &r->resources->rdma.v[i];
		char base[64];

		if (d->has_handles || d->has_objects)
			continue;
		snprintf(base, sizeof(base), "%s.rdma", r->resources_at);
		rule_broken(r, rule_key_path(r, base, d->device, ""), NULL,
			    "must have hcaHandles or hcaObjects");
	}
}

/* ---- device rules ---- */

/* The kernel's 'a' is "all devices" whatever numbers come with it; who wrote numbers meant something else. */
static void check_device_rules(struct rule_run *r)
{
	size_t n = r->resources ? r->resources->devices.n : 0;

	for (size_t i = 0; i < n && r->warning; i++) {
		const struct spec_device_rule *d = &r->resources->devices.v[i];

		if (d->type == 'a' && (d->major >= 0 || d->minor >= 0))
			rule_warn(r, rule_path(r, "%s.devices[%zu]", r->resources_at, i),
				  "type 'a' (or none) stands for all devices: major and minor mean "
				  "nothing");
	}
}

#define BOTH (RULE_CONFIG | RULE_RESOURCES)

const struct rule rules_cgroup[] = {
	{ "config-linux.md, Memory", "$.linux.resources.memory", BOTH, check_memory },
	{ "config-linux.md, Memory", "$.linux.resources.memory", RULE_CONFIG, check_swap_alone },
	{ "config-linux.md, CPU", "$.linux.resources.cpu", BOTH, check_cpu },
	{ "config-linux.md, Block IO", "$.linux.resources.blockIO", BOTH, check_block_io },
	{ "config-linux.md, Huge page limits", "$.linux.resources.hugepageLimits", BOTH,
	  check_hugepages },
	{ "config-linux.md, Network", "$.linux.resources.network", BOTH, check_priorities },
	{ "config-linux.md, RDMA", "$.linux.resources.rdma", BOTH, check_rdma },
	{ "config-linux.md, Allowed Device list", "$.linux.resources.devices", BOTH,
	  check_device_rules },
	{ NULL },
};
