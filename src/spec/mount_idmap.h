/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings inside a mount option (an extension of crun's). */
#pragma once

#include "spec/model.h"
#include "util/arena.h"
#include "util/err.h"

/* An idmap or ridmap option has mappings of its own: "idmap=uids=…;gids=…". */
bool mount_idmap_has_text(const char *option);
/* Those mappings, allocated in A; '@' refers to the mappings of LNX. 0, or an error without a place. */
int mount_idmap_parse(const char *option, const struct spec_linux *lnx, struct arena *a,
		      spec_idmaps *uids, spec_idmaps *gids, struct err *e);
