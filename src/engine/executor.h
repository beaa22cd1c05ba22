/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the rows of a stage in order: marks progress, names the step in errors, injects faults, undoes in reverse. */
#pragma once

#include "engine/step.h"

/* The table is handed in by core; engine knows no step. N is its number of rows. */
struct step_table {
	const struct step *const *rows;
	unsigned n;
};

bool step_selected(const struct step *s, const struct plan *p, enum stage stage);
/* All rows of STAGE that apply. On an error the step is named in e and nothing further runs. */
int stage_run(const struct step_table *t, struct run *r, enum stage stage, struct err *e);
/* The SERVE rows for MSG. *done keeps which rows have run (a bit per row index, PROGRESS_MAX_STEPS of them). */
struct step_set {
	uint64_t bits[(128 + 63) / 64];
};
int stage_serve(const struct step_table *t, struct run *r, unsigned msg, struct step_set *done,
		struct err *e);
/* Undoes the HOST rows (each tolerates that it never ran) and the SERVE rows in DONE, in reverse order of the table. */
void stage_undo(const struct step_table *t, struct run *r, const struct step_set *done);
