/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints a plan: each step in order with its values, as text or JSON. Pure. */
#pragma once

#include "engine/executor.h"

int plan_explain(const struct step_table *t, const struct plan *p, bool json, struct buf *out);
/* Names of all rows, one a line: what fault tests and the man page loop over. */
void steps_names(const struct step_table *t, struct buf *out);
