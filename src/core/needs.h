/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What properties of a config take from the host, as a table: `doctor` prints all of it, `check` the rows that a config
 * asks for and the host lacks. Properties that every host of the baseline can do have no row.
 */
#pragma once

#include "spec/model.h"
#include "sys/facts.h"
#include "util/buf.h"

enum need_state { NEED_YES, NEED_PARTLY, NEED_NO };

struct need {
	const char *property; /* as in config.json: "linux.resources.memory" */
	const char *takes;    /* what it is that the host must have */
	/* Looks at the host: F, and what F does not hold. WHY gets what was found. */
	enum need_state (*probe)(const struct need *n, const struct facts *f, struct buf *why);
	const char *word, *word_v2; /* of the probe: a controller on v1 and v2, a namespace … */
	const char *file, *file_v2; /* of the probe: cgroup files, one of which must be there */
	unsigned a, b;		    /* of the probe: a version, a capability … */
	const char *advice;	    /* what to do where it is missing */
	/* Does S ask for it? WHERE gets the JSON path. NULL: the plan or a step's own check finds it. */
	bool (*asked)(const struct need *n, const struct spec *s, struct buf *where);
};

extern const struct need needs[]; /* ended by a NULL property */

/* ---- needs_report.c ---- */

/* The host's name for people: kernel, cgroups, who we are. */
void needs_host(const struct facts *f, struct buf *out);
/* The whole table, for people or as JSON. F is complete (facts_probe_all). 0 or -ENOMEM. */
int needs_report(const struct facts *f, bool json, struct buf *out);
