/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config-linux.md "Control groups": linux.resources. Tables only. -1 is "no limit" wherever the type is signed. */
#include "spec/tables.h"

static void rule_init(void *elem)
{
	struct spec_device_rule *r = elem;

	*r = (struct spec_device_rule){ .type = 'a', .major = -1, .minor = -1, .access = DEV_ALL };
}

static const struct field rule_fields[] = {
	F_BOOL("allow", struct spec_device_rule, allow, .flags = FIELD_REQUIRED),
	F_WORD("type", struct spec_device_rule, type, names_rule_types, "a type of device rule",
	       .flags = FIELD_EMPTY_UNSET),
	F_INT("major", struct spec_device_rule, major, .min = -1, .max = UINT32_MAX),
	F_INT("minor", struct spec_device_rule, minor, .min = -1, .max = UINT32_MAX),
	F_LETTERS("access", struct spec_device_rule, access, names_access,
		  "made of 'r', 'w' and 'm', each at most once"),
	FIELD_END,
};

#define LIMIT .min = -1, .max = INT64_MAX

static const struct field memory_fields[] = {
	F_INT("limit", struct spec_memory, limit, HAS(struct spec_memory, has_limit), LIMIT),
	F_INT("reservation", struct spec_memory, reservation,
	      HAS(struct spec_memory, has_reservation), LIMIT),
	F_INT("swap", struct spec_memory, swap, HAS(struct spec_memory, has_swap), LIMIT),
	F_INT("kernel", struct spec_memory, kernel, HAS(struct spec_memory, has_kernel), LIMIT),
	F_INT("kernelTCP", struct spec_memory, kernel_tcp, HAS(struct spec_memory, has_kernel_tcp),
	      LIMIT),
	F_INT("swappiness", struct spec_memory, swappiness, HAS(struct spec_memory, has_swappiness),
	      .max = 100),
	F_BOOL("disableOOMKiller", struct spec_memory, disable_oom_killer,
	       HAS(struct spec_memory, has_disable_oom_killer)),
	F_BOOL("useHierarchy", struct spec_memory, use_hierarchy,
	       HAS(struct spec_memory, has_use_hierarchy)),
	F_BOOL("checkBeforeUpdate", struct spec_memory, check_before_update,
	       HAS(struct spec_memory, has_check_before_update)),
	FIELD_END,
};

static const struct field cpu_fields[] = {
	F_INT("shares", struct spec_cpu, shares, HAS(struct spec_cpu, has_shares)),
	F_INT("quota", struct spec_cpu, quota, HAS(struct spec_cpu, has_quota), LIMIT),
	F_INT("burst", struct spec_cpu, burst, HAS(struct spec_cpu, has_burst)),
	F_INT("period", struct spec_cpu, period, HAS(struct spec_cpu, has_period)),
	F_INT("realtimeRuntime", struct spec_cpu, rt_runtime, HAS(struct spec_cpu, has_rt_runtime),
	      LIMIT),
	F_INT("realtimePeriod", struct spec_cpu, rt_period, HAS(struct spec_cpu, has_rt_period)),
	F_INT("idle", struct spec_cpu, idle, HAS(struct spec_cpu, has_idle), .min = 0, .max = 1),
	F_STR("cpus", struct spec_cpu, cpus, .check = form_cpu_list),
	F_STR("mems", struct spec_cpu, mems, .check = form_node_list),
	FIELD_END,
};

static const struct field pids_fields[] = {
	F_INT("limit", struct spec_resources, pids_limit,
	      HAS(struct spec_resources, has_pids_limit), .flags = FIELD_REQUIRED, LIMIT),
	FIELD_END,
};

/* Weights: 10 to 1000, and 0 for "unset"; rules.c has the gap between. */
static const struct field weight_device_fields[] = {
	F_INT("major", struct spec_weight_device, major, .max = 0xfff, .flags = FIELD_REQUIRED),
	F_INT("minor", struct spec_weight_device, minor, .max = 0xfffff, .flags = FIELD_REQUIRED),
	F_INT("weight", struct spec_weight_device, weight,
	      HAS(struct spec_weight_device, has_weight), .max = 1000),
	F_INT("leafWeight", struct spec_weight_device, leaf_weight,
	      HAS(struct spec_weight_device, has_leaf_weight), .max = 1000),
	FIELD_END,
};

static const struct field throttle_fields[] = {
	F_INT("major", struct spec_throttle_device, major, .max = 0xfff, .flags = FIELD_REQUIRED),
	F_INT("minor", struct spec_throttle_device, minor, .max = 0xfffff, .flags = FIELD_REQUIRED),
	F_INT("rate", struct spec_throttle_device, rate, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field block_io_fields[] = {
	F_INT("weight", struct spec_block_io, weight, HAS(struct spec_block_io, has_weight),
	      .max = 1000),
	F_INT("leafWeight", struct spec_block_io, leaf_weight,
	      HAS(struct spec_block_io, has_leaf_weight), .max = 1000),
	F_OBJECTS("weightDevice", struct spec_block_io, weight_devices, weight_device_fields),
	F_OBJECTS("throttleReadBpsDevice", struct spec_block_io, throttle[THROTTLE_READ_BPS],
		  throttle_fields),
	F_OBJECTS("throttleWriteBpsDevice", struct spec_block_io, throttle[THROTTLE_WRITE_BPS],
		  throttle_fields),
	F_OBJECTS("throttleReadIOPSDevice", struct spec_block_io, throttle[THROTTLE_READ_IOPS],
		  throttle_fields),
	F_OBJECTS("throttleWriteIOPSDevice", struct spec_block_io, throttle[THROTTLE_WRITE_IOPS],
		  throttle_fields),
	FIELD_END,
};

static const struct field hugepage_fields[] = {
	F_STR("pageSize", struct spec_hugepage_limit, page_size, .flags = FIELD_REQUIRED,
	      .check = form_page_size),
	F_INT("limit", struct spec_hugepage_limit, limit, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field net_priority_fields[] = {
	F_STR("name", struct spec_net_priority, name, .flags = FIELD_REQUIRED,
	      .check = form_interface),
	F_INT("priority", struct spec_net_priority, priority, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field network_fields[] = {
	F_INT("classID", struct spec_network, class_id, HAS(struct spec_network, has_class_id)),
	F_OBJECTS("priorities", struct spec_network, priorities, net_priority_fields),
	FIELD_END,
};

static const struct field rdma_fields[] = {
	F_INT("hcaHandles", struct spec_rdma, handles, HAS(struct spec_rdma, has_handles)),
	F_INT("hcaObjects", struct spec_rdma, objects, HAS(struct spec_rdma, has_objects)),
	FIELD_END,
};

const struct field resources_fields[] = {
	F_OBJECTS("devices", struct spec_resources, devices, rule_fields, .init = rule_init),
	F_OBJECT_PTR("memory", struct spec_resources, memory, struct spec_memory, memory_fields),
	F_OBJECT_PTR("cpu", struct spec_resources, cpu, struct spec_cpu, cpu_fields),
	F_GROUP("pids", pids_fields),
	F_OBJECT_PTR("blockIO", struct spec_resources, block_io, struct spec_block_io,
		     block_io_fields),
	F_OBJECTS("hugepageLimits", struct spec_resources, hugepage_limits, hugepage_fields),
	F_OBJECT_PTR("network", struct spec_resources, network, struct spec_network,
		     network_fields),
	F_OBJECT_MAP("rdma", struct spec_resources, rdma, device, rdma_fields,
		     .check = form_rdma_device, .what = "a key"),
	F_MAP("unified", struct spec_resources, unified, .check = form_cgroup_file,
	      .what = "a key"),
	FIELD_END,
};
