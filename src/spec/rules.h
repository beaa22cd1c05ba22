/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to src/spec: rules between properties. What a single value must be is in the field tables. */
#pragma once

#include <stdbool.h>

#include "spec/model.h"
#include "util/buf.h"
#include "util/err.h"

/* Which documents a rule is for. */
enum rule_scope { RULE_CONFIG = 1, RULE_PROCESS = 2, RULE_RESOURCES = 4 };

struct rule_run;

struct rule {
	const char *section; /* of the runtime-spec; the hint of a finding that has no better one */
	const char *
		reads; /* JSON paths, split by blanks: nothing is concluded from values that were refused */
	unsigned scope;
	void (*check)(struct rule_run *r);
};

struct rule_run {
	const struct spec *spec;
	const struct spec_process *process;	/* NULL: none */
	const struct spec_resources *resources; /* NULL: none */
	const struct spec_linux *lnx;		/* never NULL */
	const char *process_at, *resources_at;	/* JSON paths of the two */
	/* Told of each finding; false ends the run. */
	bool (*finding)(void *ctx, const struct err *e);
	void (*warning)(void *ctx, const struct err *e);
	/* True when a value at or around PATH was refused before. May be NULL. */
	bool (*refused)(void *ctx, const char *path, size_t len);
	void *ctx;
	/* rules.c's own */
	const struct rule *rule;
	bool ended;
	bool no_memory; /* a rule could not be checked; the run has ended */
	char path[192];
};

/* Runs the rules of SCOPE. */
void rules_run(struct rule_run *r, unsigned scope);

/* For checks. The path of a property, valid until the next call. */
const char *rule_path(struct rule_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same of a member of a map: BASE, the key, SUFFIX. */
const char *rule_key_path(struct rule_run *r, const char *base, const char *key,
			  const char *suffix);
/* The value at PATH or something in it was refused: it is not in the model as it should be. */
bool rule_refused(const struct rule_run *r, const char *path);
/* A finding: "<property> <text>". HINT may be NULL. */
void rule_broken(struct rule_run *r, const char *path, const char *hint, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* A warning; the text stands for itself. */
void rule_warn(struct rule_run *r, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The container has this kind of namespace, new or joined. */
bool rule_has_ns(const struct rule_run *r, enum spec_ns ns);

/* A name that must be the only one of its kind, and where it stands in its list. */
struct rule_name {
	const char *name;
	size_t index;
};
/* Room for N names, to be freed; NULL (and the run ends) when memory is out. */
struct rule_name *rule_names(struct rule_run *r, size_t n);
/* Sorts the names; TWIN makes the finding for each that equals an earlier one of the list. */
void rule_unique(struct rule_run *r, struct rule_name *names, size_t n,
		 void (*twin)(struct rule_run *r, const struct rule_name *second, size_t first));

/* rules_*.c */
/* Extents of a user namespace or an idmapped mount, as the kernel takes them (user_namespaces(7)). */
void rule_idmaps(struct rule_run *r, const char *at, const spec_idmaps *maps);

/* Fills has_sysctl of each namespace. */
void rule_mark_sysctls(struct spec_linux *l);

extern const struct rule rules_process[], rules_mounts[], rules_linux[], rules_cgroup[],
	rules_seccomp[], rules_annotations[];
