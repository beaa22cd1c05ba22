/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config-linux.md, all that is neither control groups nor seccomp: tables, and the two lists that are stored by key. */
#include "spec/tables.h"

/* ---- namespaces: a list in the config, one entry a kind in the model ---- */

struct namespace_entry {
	enum spec_ns type;
	char *path;
};

static const struct field namespace_fields[] = {
	F_WORD("type", struct namespace_entry, type, names_namespaces, "a type of namespace",
	       .flags = FIELD_REQUIRED),
	F_STR("path", struct namespace_entry, path, .flags = FIELD_EMPTY_UNSET | FIELD_ABSOLUTE),
	FIELD_END,
};

static int namespace_done(struct field_ctx *c, void *parent, void *elem)
{
	struct spec_linux *l = parent;
	const struct namespace_entry *entry = elem;
	struct spec_namespace *ns = &l->ns[entry->type];

	/* config-linux.md "Namespaces": the runtime MUST generate an error for a type that comes twice. */
	if (ns->present)
		return field_bad(c, ".type",
				 "is '%s' a second time: $.linux.namespaces[%zu] has it already",
				 name_word(names_namespaces, entry->type), ns->index);
	*ns = (struct spec_namespace){ .present = true,
				       .path = entry->path,
				       .index = field_index(c) };
	return 0;
}

/* ---- time offsets ---- */

static const struct field time_offset_fields[] = {
	F_INT("secs", struct spec_time_offset, secs),
	F_INT("nanosecs", struct spec_time_offset, nanosecs, .max = 999999999),
	FIELD_END,
};

static const struct field time_offsets_fields[] = {
	F_OBJECT("monotonic", struct spec_linux, monotonic, time_offset_fields,
		 HAS(struct spec_linux, monotonic.present)),
	F_OBJECT("boottime", struct spec_linux, boottime, time_offset_fields,
		 HAS(struct spec_linux, boottime.present)),
	FIELD_END,
};

/* ---- network devices ---- */

static const struct field net_device_fields[] = {
	F_STR("name", struct spec_net_device, name, .flags = FIELD_EMPTY_UNSET,
	      .check = form_interface_template),
	FIELD_END,
};

static int net_device_done(struct field_ctx *c UNUSED, void *parent UNUSED, void *elem)
{
	struct spec_net_device *d = elem;

	if (!d->name)
		d->name = d->host_name;
	return 0;
}

/* ---- Intel RDT, memory policy, personality ---- */

static const struct field intel_rdt_fields[] = {
	F_STR("closID", struct spec_intel_rdt, clos_id, .flags = FIELD_EMPTY_UNSET,
	      .check = form_clos_id),
	F_STRV("schemata", struct spec_intel_rdt, schemata,
	       .flags = FIELD_NON_EMPTY | FIELD_ONE_LINE),
	/* "SHOULD start with L3:", and lines of MB: are dropped by rule: nothing is wrong here. */
	F_STR("l3CacheSchema", struct spec_intel_rdt, l3_cache_schema, .flags = FIELD_EMPTY_UNSET),
	F_STR("memBwSchema", struct spec_intel_rdt, mem_bw_schema, .flags = FIELD_EMPTY_UNSET,
	      .check = form_mb_schema),
	F_BOOL("enableMonitoring", struct spec_intel_rdt, enable_monitoring),
	FIELD_END,
};

static const struct field memory_policy_fields[] = {
	F_WORD("mode", struct spec_memory_policy, mode, names_mpol_modes,
	       "a memory policy (set_mempolicy(2))", .flags = FIELD_REQUIRED),
	F_STR("nodes", struct spec_memory_policy, nodes, .flags = FIELD_EMPTY_UNSET,
	      .check = form_node_list),
	F_BITS("flags", struct spec_memory_policy, flags, names_mpol_flags, "a memory policy flag"),
	FIELD_END,
};

struct personality {
	uint32_t domain;
	struct strv flags;
};

static const struct field personality_fields[] = {
	F_WORD("domain", struct personality, domain, names_personalities, "'LINUX' or 'LINUX32'",
	       .flags = FIELD_REQUIRED),
	F_STRV("flags", struct personality, flags),
	FIELD_END,
};

static int personality_done(struct field_ctx *c, void *parent, void *elem)
{
	struct spec_linux *l = parent;
	const struct personality *p = elem;

	/* config-linux.md "Personality": no flag values are supported at present; unsupported ones are errors. */
	if (p->flags.n > 0)
		return field_bad(c, ".flags[0]",
				 "is '%.60s', but the specification defines no flags",
				 p->flags.v[0]);
	l->has_personality = true;
	l->personality_linux32 = p->domain == 1;
	return 0;
}

/* ---- the whole ---- */

const struct field linux_fields[] = {
	F_EACH("namespaces", struct namespace_entry, namespace_fields, namespace_done),
	F_OBJECTS("uidMappings", struct spec_linux, uid_mappings, idmap_fields),
	F_OBJECTS("gidMappings", struct spec_linux, gid_mappings, idmap_fields),
	F_GROUP("timeOffsets", time_offsets_fields),
	F_OBJECTS("devices", struct spec_linux, devices, device_fields, .init = device_init,
		  .done = device_done),
	F_OBJECT_MAP("netDevices", struct spec_linux, net_devices, host_name, net_device_fields,
		     .check = form_interface, .what = "a key", .done = net_device_done),
	F_STR("cgroupsPath", struct spec_linux, cgroups_path, .flags = FIELD_EMPTY_UNSET,
	      .check = form_cgroups_path),
	F_OBJECT_PTR("resources", struct spec_linux, resources, struct spec_resources,
		     resources_fields),
	F_OBJECT_PTR("intelRdt", struct spec_linux, intel_rdt, struct spec_intel_rdt,
		     intel_rdt_fields),
	F_OBJECT_PTR("memoryPolicy", struct spec_linux, memory_policy, struct spec_memory_policy,
		     memory_policy_fields),
	F_MAP("sysctl", struct spec_linux, sysctl, .check = form_sysctl_key, .what = "a key"),
	F_OBJECT_PTR("seccomp", struct spec_linux, seccomp, struct spec_seccomp, seccomp_fields),
	F_WORD("rootfsPropagation", struct spec_linux, rootfs_propagation, names_propagations,
	       "a kind of propagation", .flags = FIELD_EMPTY_UNSET),
	F_STRV("maskedPaths", struct spec_linux, masked_paths, .flags = FIELD_ABSOLUTE),
	F_STRV("readonlyPaths", struct spec_linux, readonly_paths, .flags = FIELD_ABSOLUTE),
	F_STR("mountLabel", struct spec_linux, mount_label, .flags = FIELD_ONE_LINE),
	F_SCRATCH("personality", struct personality, personality_fields, .done = personality_done),
	FIELD_END,
};
