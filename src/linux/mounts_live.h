/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of a container that runs: `ketch mounts add` and `remove`. */
#pragma once

#include "engine/plan.h"
#include "util/buf.h"

/*
 * Makes P's mounts, in their order, in the container whose init PIDFD refers to, or with REMOVE takes off what is
 * at their destinations, in reverse order. All of them or none: what was made before an error is taken off again, what was taken off stays so.
 * RECORD (mounts_record.h) gets what was made and loses what was taken off, also before an error; what is not in it is not taken off.
 * A child does the work: sources are opened in our mount namespace, destinations below the root of init, in its namespaces.
 * Bind mounts without id mappings and new file systems only; others are UNSUPPORTED. P: of a container with a mount namespace of its own.
 * Signals are blocked by the caller: a child that is interrupted would leave a part.
 */
int mounts_live(const struct plan *p, int pidfd, bool remove, struct buf *record, struct err *e);
