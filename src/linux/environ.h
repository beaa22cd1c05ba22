/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of the program (config.md#process, env). */
#pragma once

#include "engine/plan.h"
#include "util/err.h"
#include "util/strv.h"

/*
 * process.env, of a name that is there twice the last entry; HOME from the container's /etc/passwd where it is missing or empty (engines rely on both),
 * "/" where that file doesn't tell; LISTEN_FDS, LISTEN_PID (see below) and LISTEN_FDNAMES when descriptors are passed on;
 * NOTIFY_SOCKET where ketch got one. To be called
 * inside the container, as the process's user. *ret belongs to the caller (strv_free).
 */
int environ_build(const struct plan *p, struct strv *ret, struct err *e);

/* LISTEN_PID's value, for which environ_build left room, in the process that will execve: of `exec` it is cloned after. It is
 * the pid in the container's pid namespace, 1 for init. */
void environ_tell_pid(const struct plan *p, struct strv *env);

/* The home directory of UID by /etc/passwd below ROOT_FD; malloc'ed. -ENOENT when there is no such entry. */
int environ_home(int root_fd, uid_t uid, char **ret);
