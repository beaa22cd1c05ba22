/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has a process that is gone, and that another has reaped, called execve before? /proc/PID/stat tells it of a zombie
 * only. A counter of perf_event_open(2) that execve switches on (enable_on_exec) can be read after the end as well.
 */
#pragma once

#include <sys/types.h>

/* A descriptor (close-on-exec) that watches the process PID; -errno where the caller may not (perf_event_paranoid). */
int exec_watch_open(pid_t pid);
/* Has the watched process, which is gone, executed a program since: 1 or 0; -errno. */
int exec_watch_seen(int fd);
