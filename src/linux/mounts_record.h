/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which mounts `mounts add` has made, as text: "ID DESTINATION", each with a NUL. A container's processes can rename directories and make
 * links: a path alone may show another mount by the time of `mounts remove`, one that masks /proc among them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

/* What no other mount has, nor will have (Linux 6.8), or has at this time. Of the mount that FD is in; -errno. */
int mounts_record_id(int fd, uint64_t *ret);
void mounts_record_add(struct buf *record, uint64_t id, const char *dest);
/* Was ID made for DEST; or, where DEST is none that was asked for (a link to it may be), at all? */
bool mounts_record_has(const struct buf *record, uint64_t id, const char *dest);
void mounts_record_drop(struct buf *record, uint64_t id);
