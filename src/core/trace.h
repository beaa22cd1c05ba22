/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --trace and --debug: where the time of a launch went, step by step. */
#pragma once

#include "engine/executor.h"
#include "engine/progress.h"

/* Writes one JSON line a step that began: {"step","stage","start_us","us"}, in order of time; to FILE, or to stderr for "-"; FILE NULL: nowhere.
 * The log has them too at the level debug. A trace that can't be written, as nobody reads it, is a warning in the log. */
void trace_write(const char *file, const struct step_table *t, const struct progress *p);
