/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to src/spec: the field tables of config.json, one file for each part of the spec, and forms of strings. */
#pragma once

#include "spec/field.h"
#include "spec/model.h"

extern const struct field spec_fields[];      /* t_other.c: the whole document */
extern const struct field process_fields[];   /* t_process.c */
extern const struct field mount_fields[];     /* t_mounts.c */
extern const struct field root_fields[];      /* t_mounts.c */
extern const struct field idmap_fields[];     /* t_mounts.c */
extern const struct field device_fields[];    /* t_mounts.c */
extern const struct field hooks_fields[];     /* t_hooks.c */
extern const struct field linux_fields[];     /* t_linux.c */
extern const struct field resources_fields[]; /* t_cgroup.c */
extern const struct field seccomp_fields[];   /* t_seccomp.c */

/* .init and .done of the rows that hold these objects */
int mount_entry_done(struct field_ctx *c, void *parent, void *elem);
void device_init(void *elem);
int device_done(struct field_ctx *c, void *parent, void *elem);

/* Forms of strings, for .check: NULL, or what the string must be. (forms.c) */
const char *form_cpu_list(const char *s);
const char *form_node_list(const char *s);
const char *form_page_size(const char *s);
const char *form_host_name(const char *s);
const char *form_interface(const char *s);
const char *form_interface_template(const char *s);
const char *form_rdma_device(const char *s);
const char *form_cgroup_file(const char *s);
const char *form_cgroups_path(const char *s);
const char *form_clos_id(const char *s);
const char *form_mb_schema(const char *s);
const char *form_sysctl_key(const char *s);
