/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.md: the top level; config-vm.md. Tables only. */
#include "spec/tables.h"

/* ---- vm: read for its types; ketch starts no virtual machines and keeps nothing of it ---- */

struct vm {
	char *string;
	struct strv strings;
	uint32_t u32;
	uint64_t u64;
	SPEC_LIST(uint32_t) u32s;
	SPEC_LIST(struct iomem { uint64_t number; })
	iomems;
};

static const struct field hypervisor_fields[] = {
	F_STR("path", struct vm, string, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_STRV("parameters", struct vm, strings),
	FIELD_END,
};

static const struct field kernel_fields[] = {
	F_STR("path", struct vm, string, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_STRV("parameters", struct vm, strings),
	F_STR("initrd", struct vm, string, .flags = FIELD_ABSOLUTE),
	FIELD_END,
};

static const struct field image_fields[] = {
	F_STR("path", struct vm, string, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_WORD("format", struct vm, u32, names_image_formats, "an image format",
	       .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field iomem_fields[] = {
	F_INT("firstGFN", struct iomem, number),
	F_INT("firstMFN", struct iomem, number, .flags = FIELD_REQUIRED),
	F_INT("nrMFNs", struct iomem, number, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field hw_config_fields[] = {
	F_STR("deviceTree", struct vm, string),
	F_INT("vcpus", struct vm, u32),
	F_INT("memory", struct vm, u64),
	F_STRV("dtdevs", struct vm, strings),
	F_OBJECTS("iomems", struct vm, iomems, iomem_fields),
	F_INTS("irqs", struct vm, u32s),
	FIELD_END,
};

static const struct field vm_fields[] = {
	F_SCRATCH("hypervisor", struct vm, hypervisor_fields),
	F_SCRATCH("kernel", struct vm, kernel_fields, .flags = FIELD_REQUIRED),
	F_SCRATCH("image", struct vm, image_fields),
	F_SCRATCH("hwConfig", struct vm, hw_config_fields),
	FIELD_END,
};

/* ---- the top level ---- */

const struct field spec_fields[] = {
	F_STR("ociVersion", struct spec, oci_version, .flags = FIELD_REQUIRED),
	F_OBJECT_PTR("process", struct spec, process, struct spec_process, process_fields),
	F_GROUP("root", root_fields, .flags = FIELD_REQUIRED),
	F_STR("hostname", struct spec, hostname, .flags = FIELD_EMPTY_UNSET,
	      .check = form_host_name),
	F_STR("domainname", struct spec, domainname, .flags = FIELD_EMPTY_UNSET,
	      .check = form_host_name),
	F_OBJECTS("mounts", struct spec, mounts, mount_fields, .done = mount_entry_done),
	F_GROUP("hooks", hooks_fields),
	F_MAP("annotations", struct spec, annotations, .flags = FIELD_NON_EMPTY, .what = "a key"),
	F_OBJECT_PTR("linux", struct spec, lnx, struct spec_linux, linux_fields),
	F_SCRATCH("vm", struct vm, vm_fields, HAS(struct spec, has_vm)),
	F_SKIP("solaris"),
	F_SKIP("windows"),
	F_SKIP("zos"),
	F_SKIP("freebsd"),
	FIELD_END,
};
