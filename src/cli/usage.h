/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ketch events`, `ketch stats` and `ketch top` share: figures in people's units, and the time between two samples. */
#pragma once

#include "cli/cli.h"
#include "core/stats.h"

enum { USAGE_TEXT = 32 };

/* "12.3M"; "-" when it is not known, "max" without a limit. */
const char *usage_bytes(const struct cgroup_stat *v, char out[USAGE_TEXT]);
/* CPU time between two samples in percent of one CPU: "12.3%". */
const char *usage_cpu(const struct stats *before, const struct stats *now, char out[USAGE_TEXT]);
/* The sum over devices and directions. */
struct cgroup_stat usage_io(const struct stats *s);
/* Sleeps; false when a signal came. */
bool usage_wait(uint64_t ms);
/* --interval, DEFAULT_MS when not given. */
int usage_interval(const char *text, uint64_t default_ms, uint64_t *ret, struct err *e);
