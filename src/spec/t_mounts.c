/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.md "Root" and "Mounts", config-linux.md "User namespace mappings" and "Devices": tables. */
#include <sys/stat.h>

#include "spec/tables.h"

const struct field root_fields[] = {
	F_STR("path", struct spec, root_path, .flags = FIELD_REQUIRED | FIELD_NON_EMPTY),
	F_BOOL("readonly", struct spec, root_readonly),
	FIELD_END,
};

const struct field idmap_fields[] = {
	F_INT("containerID", struct spec_idmap, container_id, .flags = FIELD_REQUIRED),
	F_INT("hostID", struct spec_idmap, host_id, .flags = FIELD_REQUIRED),
	F_INT("size", struct spec_idmap, size, .min = 1, .max = UINT32_MAX,
	      .flags = FIELD_REQUIRED),
	FIELD_END,
};

const struct field mount_fields[] = {
	F_STR("destination", struct spec_mount, destination,
	      .flags = FIELD_REQUIRED | FIELD_NON_EMPTY),
	F_STR("type", struct spec_mount, type, .flags = FIELD_EMPTY_UNSET),
	F_STR("source", struct spec_mount, source, .flags = FIELD_EMPTY_UNSET),
	F_STRV("options", struct spec_mount, options),
	F_OBJECTS("uidMappings", struct spec_mount, uid_mappings, idmap_fields),
	F_OBJECTS("gidMappings", struct spec_mount, gid_mappings, idmap_fields),
	FIELD_END,
};

/* config.md: relative destinations are deprecated since 1.2.0 and relative to "/". */
int mount_entry_done(struct field_ctx *c, void *parent UNUSED, void *elem)
{
	struct spec_mount *m = elem;

	if (m->destination[0] == '/')
		return 0;
	char *absolute = arena_printf(field_arena(c), "/%s", m->destination);
	if (!absolute)
		return field_no_memory(c);
	field_warn(c, ".destination",
		   "'%.100s' is not absolute, which is deprecated: '/' is put before it",
		   m->destination);
	m->destination = absolute;
	m->destination_was_relative = true;
	return 0;
}

/* Linux device numbers have 12 and 20 bits. */
const struct field device_fields[] = {
	F_WORD("type", struct spec_device, type, names_device_types, "a type of device",
	       .flags = FIELD_REQUIRED),
	F_STR("path", struct spec_device, path, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_INT("major", struct spec_device, major, .max = 0xfff),
	F_INT("minor", struct spec_device, minor, .max = 0xfffff),
	F_INT("fileMode", struct spec_device, mode, HAS(struct spec_device, has_mode)),
	F_INT("uid", struct spec_device, uid, HAS(struct spec_device, has_uid),
	      .max = UINT32_MAX - 1),
	F_INT("gid", struct spec_device, gid, HAS(struct spec_device, has_gid),
	      .max = UINT32_MAX - 1),
	FIELD_END,
};

void device_init(void *elem)
{
	struct spec_device *d = elem;

	d->major = d->minor = -1;
}

/* Engines pass the mode as stat(2) gave it: type bits that agree with the type say nothing new. */
static bool strip_type_bits(struct spec_device *d)
{
	uint32_t type = d->mode & S_IFMT;
	uint32_t own = d->type == 'c' ? S_IFCHR : d->type == 'b' ? S_IFBLK : S_IFIFO;

	if (type == own)
		d->mode &= ~(uint32_t)S_IFMT;
	return (d->mode & ~07777u) == 0;
}

int device_done(struct field_ctx *c, void *parent UNUSED, void *elem)
{
	struct spec_device *d = elem;

	if (d->has_mode && !strip_type_bits(d))
		return field_bad(c, ".fileMode",
				 "must be permission bits, at most 4095 (octal 7777), not %u",
				 d->mode);
	if (d->type == 'p') {
		d->major = d->minor = 0;
		return 0;
	}
	if (d->major < 0)
		return field_bad(c, ".major", "is required");
	return d->minor < 0 ? field_bad(c, ".minor", "is required") : 0;
}
