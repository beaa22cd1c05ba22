/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * THE TABLE of resources: each property with its file on cgroup v1 and v2. config-linux.md#memory to #unified;
 * the kernel's Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst.
 */
#include "engine/cgroup_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/cgroup_table_impl.h"
#include "util/util.h"

#define SCALAR(section, type, member)                                                              \
	.in = section, .has = offsetof(struct type, has_##member),                                 \
	.value = offsetof(struct type, member), .kind = KIND_OF(struct type, member),              \
	.emit = cgroup_emit_scalar
#define MEMORY(member) SCALAR(IN_MEMORY, spec_memory, member), CONTROLLER("memory")
#define CPU(member)    SCALAR(IN_CPU, spec_cpu, member), CONTROLLER("cpu")
#define CONTROLLER(c)  .controller = { c, c }
#define BLKIO	       .controller = { "blkio", "io" }
#define LIST(fn)       .emit = fn

/*
 * .file has NULL where a version knows nothing like it. .zero: 0 means "not given", as the peers and the engines have
 * it. .neutral: what a new cgroup has, in the words of the file.
 */
const struct cgroup_row cgroup_rows[] = {
	{ "cpu.cpus", LIST(cgroup_emit_string), .in = IN_CPU,
	  .value = offsetof(struct spec_cpu, cpus), CONTROLLER("cpuset"),
	  .file = { "cpuset.cpus", "cpuset.cpus" }, .when = CGROUP_EARLY },
	{ "cpu.mems", LIST(cgroup_emit_string), .in = IN_CPU,
	  .value = offsetof(struct spec_cpu, mems), CONTROLLER("cpuset"),
	  .file = { "cpuset.mems", "cpuset.mems" }, .when = CGROUP_EARLY },
	/* before the join: a realtime process can't enter a cgroup that has no realtime share */
	{ "cpu.realtimePeriod", CPU(rt_period), .file = { "cpu.rt_period_us", NULL }, .zero = true,
	  .neutral = { "1000000", NULL }, .when = CGROUP_EARLY, .flags = CGROUP_NEXT_FIRST },
	{ "cpu.realtimeRuntime", CPU(rt_runtime), .file = { "cpu.rt_runtime_us", NULL },
	  .zero = true, .when = CGROUP_EARLY },

	{ "memory.useHierarchy", MEMORY(use_hierarchy), .file = { "memory.use_hierarchy", NULL },
	  .zero = true, .neutral = { NULL, "1" } },
	{ "memory.limit", MEMORY(limit), .file = { "memory.limit_in_bytes", "memory.max" },
	  .zero = true, .text = { cgroup_text_number, cgroup_text_max }, .neutral = { "-1", "max" },
	  .flags = CGROUP_NEXT_FIRST | CGROUP_CHECK_USAGE },
	{ "memory.swap", MEMORY(swap), .file = { "memory.memsw.limit_in_bytes", "memory.swap.max" },
	  .zero = true, .text = { cgroup_text_swap_v1, cgroup_text_swap_v2 },
	  .neutral = { "-1", "max" } },
	{ "memory.reservation", MEMORY(reservation),
	  .file = { "memory.soft_limit_in_bytes", "memory.low" }, .zero = true,
	  .text = { cgroup_text_number, cgroup_text_max }, .neutral = { "-1", "0" } },
	{ "memory.kernel", MEMORY(kernel), .file = { "memory.kmem.limit_in_bytes", NULL },
	  .zero = true, .neutral = { "-1", "-1" }, .flags = CGROUP_READ_BACK },
	{ "memory.kernelTCP", MEMORY(kernel_tcp),
	  .file = { "memory.kmem.tcp.limit_in_bytes", NULL }, .zero = true,
	  .neutral = { "-1", "-1" }, .flags = CGROUP_READ_BACK },
	{ "memory.swappiness", MEMORY(swappiness), .file = { "memory.swappiness", NULL } },
	{ "memory.disableOOMKiller", MEMORY(disable_oom_killer),
	  .file = { "memory.oom_control", NULL }, .neutral = { "0", "0" } },

	{ "cpu.shares", CPU(shares), .file = { "cpu.shares", "cpu.weight" }, .zero = true,
	  .text = { cgroup_text_number, cgroup_text_cpu_weight }, .neutral = { "1024", "100" } },
	{ "cpu.period", CPU(period), .file = { "cpu.cfs_period_us", "cpu.max" }, .zero = true,
	  .text = { cgroup_text_number, cgroup_text_period_v2 },
	  .neutral = { "100000", "max 100000" }, .flags = CGROUP_NEXT_FIRST },
	{ "cpu.quota", CPU(quota), .file = { "cpu.cfs_quota_us", "cpu.max" }, .zero = true,
	  .text = { cgroup_text_number, cgroup_text_quota_v2 }, .neutral = { "-1", "max" },
	  .flags = CGROUP_NEXT_FIRST },
	{ "cpu.burst", CPU(burst), .file = { "cpu.cfs_burst_us", "cpu.max.burst" },
	  .neutral = { "0", "0" } },
	{ "cpu.idle", CPU(idle), .file = { "cpu.idle", "cpu.idle" }, .neutral = { "0", "0" } },

	/* late: CLONE_INTO_CGROUP counts against it, and 0 is a valid limit */
	{ "pids.limit", SCALAR(IN_ROOT, spec_resources, pids_limit), CONTROLLER("pids"),
	  .file = { "pids.max", "pids.max" }, .text = { cgroup_text_max, cgroup_text_max },
	  .neutral = { "max", "max" } },

	/* the bfq files first: the others are there too, but without effect where bfq is the scheduler */
	{ "blockIO.weight", SCALAR(IN_BLOCK_IO, spec_block_io, weight), BLKIO,
	  .file = { "blkio.bfq.weight", "io.bfq.weight" }, .other = { "blkio.weight", "io.weight" },
	  .zero = true, .other_text = { cgroup_text_number, cgroup_text_io_weight } },
	{ "blockIO.leafWeight", SCALAR(IN_BLOCK_IO, spec_block_io, leaf_weight), BLKIO,
	  .file = { "blkio.leaf_weight", NULL }, .zero = true },
	{ "blockIO.weightDevice", LIST(cgroup_emit_weight_devices), BLKIO,
	  .file = { "blkio.bfq.weight_device", "io.bfq.weight" },
	  .other = { "blkio.weight_device", "io.weight" },
	  .other_text = { cgroup_text_number, cgroup_text_io_weight } },
	{ "blockIO.weightDevice", LIST(cgroup_emit_leaf_weight_devices), BLKIO,
	  .file = { "blkio.leaf_weight_device", NULL } },
	{ "blockIO.throttleReadBpsDevice", LIST(cgroup_emit_throttle), BLKIO,
	  .which = THROTTLE_READ_BPS, .file = { "blkio.throttle.read_bps_device", "io.max" },
	  .key = "rbps" },
	{ "blockIO.throttleWriteBpsDevice", LIST(cgroup_emit_throttle), BLKIO,
	  .which = THROTTLE_WRITE_BPS, .file = { "blkio.throttle.write_bps_device", "io.max" },
	  .key = "wbps" },
	{ "blockIO.throttleReadIOPSDevice", LIST(cgroup_emit_throttle), BLKIO,
	  .which = THROTTLE_READ_IOPS, .file = { "blkio.throttle.read_iops_device", "io.max" },
	  .key = "riops" },
	{ "blockIO.throttleWriteIOPSDevice", LIST(cgroup_emit_throttle), BLKIO,
	  .which = THROTTLE_WRITE_IOPS, .file = { "blkio.throttle.write_iops_device", "io.max" },
	  .key = "wiops" },

	/* both: the reservation limit (since 5.7) does not see pages of MAP_NORESERVE mappings */
	{ "hugepageLimits", LIST(cgroup_emit_hugepages), CONTROLLER("hugetlb"),
	  .file = { "hugetlb.%s.limit_in_bytes", "hugetlb.%s.max" },
	  .other = { "hugetlb.%s.rsvd.limit_in_bytes", "hugetlb.%s.rsvd.max" } },
	{ "network.classID", SCALAR(IN_NETWORK, spec_network, class_id), CONTROLLER("net_cls"),
	  .file = { "net_cls.classid", NULL }, .neutral = { "0", "0" } },
	{ "network.priorities", LIST(cgroup_emit_priorities), CONTROLLER("net_prio"),
	  .file = { "net_prio.ifpriomap", NULL } },
	{ "rdma", LIST(cgroup_emit_rdma), CONTROLLER("rdma"), .file = { "rdma.max", "rdma.max" } },
	{ "unified", LIST(cgroup_emit_unified) },
};

size_t cgroup_table_rows(void)
{
	return N_ELEMENTS(cgroup_rows);
}

int cgroup_table_row(size_t row, struct cgroup_writes *out, struct arena *a,
		     const struct spec_resources *r, const struct facts *f, struct err *e)
{
	struct cgroup_table t = { .r = r, .f = f, .arena = a, .out = out, .e = e };

	return cgroup_rows[row].emit(&t, &cgroup_rows[row]);
}

int cgroup_table_writes(struct cgroup_writes *out, struct arena *a, const struct spec_resources *r,
			const struct facts *f, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < N_ELEMENTS(cgroup_rows) && ret >= 0; i++)
		ret = cgroup_table_row(i, out, a, r, f, e);
	return ret < 0 ? ret : 0;
}

const char *cgroup_table_first(const struct spec_resources *r, struct arena *a)
{
	struct cgroup_writes none = { 0 };
	struct err e;
	struct cgroup_table t = { .r = r, .arena = a, .out = &none, .e = &e, .only_find = true };

	for (size_t i = 0; i < N_ELEMENTS(cgroup_rows) && !t.found; i++)
		(void)cgroup_rows[i].emit(&t, &cgroup_rows[i]);
	return t.found;
}
