/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SELinux labels through the verified procfs. proc_pid_attr(5). */
#pragma once

#include "sys/proc.h"
#include "util/err.h"

/* Context of the next execve. */
int selinux_set_exec(const struct procfs *proc, const char *label, struct err *e);
/* linux.mountLabel: an error when the loaded policy does not know LABEL. What it can't ask is left to the mounts. */
int selinux_check_mount_label(const char *label, struct err *e);
/* Context of keys made from here on; "": the default again. */
int selinux_set_keycreate(const struct procfs *proc, const char *label, struct err *e);
