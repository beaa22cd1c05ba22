/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What resctrl says about a container's group: the host's abilities, the schemata in force, occupancy and bandwidth. */
#pragma once

#include "linux/rdt.h"
#include "util/arena.h"

struct rdt_domain_stat {
	bool has_occupancy, has_total, has_local;
	uint64_t occupancy, total, local; /* llc_occupancy, mbm_total_bytes, mbm_local_bytes */
};

struct rdt_stats {
	bool has; /* the container has a group, and it could be read */
	struct {
		bool has;
		char cbm_mask[32];
		uint64_t min_cbm_bits, num_closids;
	} l3;
	struct {
		bool has;
		uint64_t bandwidth_gran, delay_linear, min_bandwidth, num_closids;
	} mb;
	char *l3_root, *l3_group, *mb_root, *mb_group; /* lines of schemata; NULL: none */
	SPEC_LIST(char *) schemata;		       /* all lines of the group */
	SPEC_LIST(struct rdt_domain_stat) domains;     /* mon_L3_00, mon_L3_01 … */
};

/* Of GROUP ("" is the default one), counted by its monitoring group MONITOR (NULL: by itself). What is not there is left out. -ENOMEM. */
int rdt_stats(const struct rdt_root *root, const char *group, const char *monitor,
	      struct arena *arena, struct rdt_stats *ret);
