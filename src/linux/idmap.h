/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Id maps of a user namespace: their texts (pure), writing them, and the setuid helpers that write them for ordinary users. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "spec/model.h"
#include "sys/proc.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/strv.h"

/* Lines of /proc/PID/uid_map: "container host size\n". */
void idmap_text(const spec_idmaps *map, struct buf *out);
/* For people: "0..65535 to 100000..165535, 65536 to 1000". */
void idmap_words(const spec_idmaps *map, struct buf *out);
/* Arguments of newuidmap(1) and newgidmap(1), the name first. 0 or -ENOMEM. */
int idmap_argv(const char *tool, pid_t pid, const spec_idmaps *map, struct strv *argv);

/* Writes FILE ("uid_map", "gid_map") of PID. */
int idmap_write(const struct procfs *proc, pid_t pid, const char *file, const spec_idmaps *map,
		struct err *e);
/* The same by "newuidmap" or "newgidmap", whose words go into the error. */
int idmap_helper(pid_t pid, const char *tool, const spec_idmaps *map, struct err *e);

/* Is TOOL installed where idmap_helper() looks? */
bool idmap_has_helper(const char *tool);

struct subid_range {
	uint32_t first, count;
};
/* Ranges that TEXT (of /etc/subuid, /etc/subgid: subuid(5)) gives to USER (may be NULL) or UID. Number found, at most MAX. */
size_t subid_find(const char *text, const char *user, uid_t uid, struct subid_range *out,
		  size_t max);
/* Name of UID in TEXT (of /etc/passwd) into NAME; false when there is none. */
bool passwd_name(const char *text, uid_t uid, char *name, size_t size);
