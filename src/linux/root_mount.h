/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mount of a container's root in a mount namespace that is not the container's alone, as the journal knows it. All mounts of
 * the container are below it, and it outlives the container's processes: delete takes it off, and with it all others.
 */
#pragma once

#include "util/err.h"

/*
 * Takes off the mount that NOTE, the journal's value, describes, wherever it is now. One that is gone, alone or with its
 * namespace, is success. A mount that is not ours is never touched: -EBUSY when one covers ours. A child does the work:
 * neither namespace nor working directory of the caller change.
 */
int root_mount_remove(const char *note, struct err *e);
