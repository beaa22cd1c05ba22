/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending a container: its processes, then its cgroups. Each is bounded in time and names what survives. */
#pragma once

#include "core/container.h"

/* SIGKILL to init (and, without an own pid namespace, to all in the cgroups), thawed if frozen; waits for init's end. */
int end_processes(struct container *c, struct err *e);
/* Removes what ketch made in every hierarchy. */
int end_cgroups(struct container *c, struct err *e);
/* Takes off the mounts of a container that had no mount namespace of its own. Nothing for others. */
int end_mounts(struct container *c, struct err *e);
/* `run`, when its container has ended: container_delete() with FORCE, without reading again what is known. DIR is the
 * container's directory, SPEC the model of its configuration. Success, too, when another command has deleted it. */
int end_delete(const struct store *s, const char *id, int dir, const struct spec *spec,
	       struct err *e);
