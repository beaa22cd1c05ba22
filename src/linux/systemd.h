/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service manager, by D-Bus: scopes made, changed and stopped. org.freedesktop.systemd1(5).
 *
 * Its private socket comes first, for which no message bus must run; then the bus. Every wait has an end.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "engine/systemd.h"
#include "util/err.h"

struct systemd;

/* Connects to the manager of the user we are, or of the system. UNSUPPORTED when there is none. */
int systemd_connect(struct systemd **ret, bool user, struct err *e);
void systemd_free(struct systemd *sd);

/* Makes the transient scope NAME of process PID, with the early ones of PROPS, and waits until PID is in it. A failed unit of that
 * name is cleared. EXISTS when there is a live one. *MADE: from now on the unit is ours to stop, also after an error. */
int systemd_start_scope(struct systemd *sd, const char *name, pid_t pid,
			const struct systemd_props *props, bool *made, struct err *e);
/* Changes properties until the unit ends; WHEN_MASK as for systemd_put_props(). */
int systemd_set(struct systemd *sd, const char *name, const struct systemd_props *props,
		unsigned when_mask, struct err *e);
/* Has PID, which is our user's, moved to the cgroup SUB ("/a/b") below the unit's. */
int systemd_attach(struct systemd *sd, const char *name, const char *sub, pid_t pid, struct err *e);
/* Ends the unit and waits for it; KILL: its processes first, by SIGKILL. One that is not there is success. */
int systemd_stop(struct systemd *sd, const char *name, bool kill, struct err *e);
