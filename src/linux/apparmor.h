/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AppArmor profiles through the verified procfs. apparmor(7). */
#pragma once

#include "sys/proc.h"
#include "util/err.h"

/* Profile of the next execve. */
int apparmor_set_exec(const struct procfs *proc, const char *profile, struct err *e);
