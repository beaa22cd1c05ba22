/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Annotations of crun's that ask for something that is not done here: said, because without it the container is another one. */
#include <string.h>

#include "spec/annotations.h"
#include "spec/names.h"
#include "spec/rules.h"
#include "util/util.h"

/* No more than these are told; each name costs a search. */
enum { MAX_UNKNOWN = 64 };

static const struct {
	const char *key, *instead;
} not_done[] = {
	{ ANNOTATION_HANDLER, "the program is run by the kernel, as without a handler" },
	{ "module.wasm.image/variant", "the program is run by the kernel" },
};

static void check_force_v1(struct rule_run *r)
{
	const char *force = spec_map_get(&r->spec->annotations, ANNOTATION_SYSTEMD_FORCE_V1);
	bool found = !force;

	for (size_t i = 0; i < r->spec->mounts.n && !found; i++)
		found = strcmp(r->spec->mounts.v[i].destination, force) == 0;
	if (!found)
		rule_warn(r, ANNOTATION_AT(ANNOTATION_SYSTEMD_FORCE_V1),
			  "no mount has the destination '%.100s': no hierarchy of version 1 is "
			  "mounted",
			  force);
}

static void check_not_done(struct rule_run *r)
{
	for (size_t i = 0; i < N_ELEMENTS(not_done); i++) {
		const char *value = spec_map_get(&r->spec->annotations, not_done[i].key);

		if (value && *value)
			rule_warn(r, rule_key_path(r, "$.annotations", not_done[i].key, ""),
				  "'%.60s' is not supported: %s", value, not_done[i].instead);
	}
}

/* False: it is none of ours. */
static bool check_name(struct rule_run *r, const char *key)
{
	struct name_search near = name_search_begin(key);

	for (const struct annotation *a = annotations; a->name; a++) {
		if (strcmp(a->name, key) == 0)
			return true;
		if (strncmp(a->name, ANNOTATION_CRUN, strlen(ANNOTATION_CRUN)) == 0)
			name_search_try(&near, a->name);
	}
	const char *best = name_search_end(&near);
	rule_warn(r, rule_key_path(r, "$.annotations", key, ""),
		  "ketch knows no such annotation of crun's%s%s%s", best ? ": did you mean '" : "",
		  best ?: "", best ? "'?" : "");
	return false;
}

static void check_names(struct rule_run *r)
{
	unsigned left = MAX_UNKNOWN;

	for (size_t i = 0; i < r->spec->annotations.n && left > 0; i++) {
		const char *key = r->spec->annotations.v[i].key;

		if (strncmp(key, ANNOTATION_CRUN, strlen(ANNOTATION_CRUN)) == 0 &&
		    strcmp(key, ANNOTATION_HANDLER) != 0 && !check_name(r, key))
			left--;
	}
}

const struct rule rules_annotations[] = {
	{ "config.md, Annotations", "$.annotations", RULE_CONFIG, check_force_v1 },
	{ "config.md, Annotations", "$.annotations", RULE_CONFIG, check_not_done },
	{ "config.md, Annotations", "$.annotations", RULE_CONFIG, check_names },
	{ NULL },
};
