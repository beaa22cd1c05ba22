/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Self-protection against CVE-2019-5736: before ketch enters a container it re-executes itself from a copy of its
 * binary that nobody can write. A read-only overlay of the binary where the kernel gives one (no copying), else a
 * sealed memfd, else an unlinked O_TMPFILE copy, else an error. A read-only bind mount is not enough: while one
 * descriptor of the detached clone is open, a CAP_SYS_ADMIN process can make it writable again.
 */
#pragma once

#include "util/err.h"

/* Returns 0 when this process already runs from such a copy; else re-executes ARGV (and does not return), or -errno.
 * Called by create, run, exec and restore after their options are read. The environment is kept; no variable marks the
 * copy: it is recognised by what /proc/self/exe is. */
int selfexe_protect(char *const argv[], struct err *e);
