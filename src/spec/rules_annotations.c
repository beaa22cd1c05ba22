/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Annotations of crun's that ask for something that is not done here: said, because without it the container is another one. */
#include <string.h>

#include "spec/rules.h"
#include "util/util.h"

static void check_annotations(struct rule_run *r)
{
	static const struct {
		const char *key, *instead;
	} not_done[] = {
		{ "run.oci.handler", "the program is run by the kernel, as without a handler" },
		{ "module.wasm.image/variant", "the program is run by the kernel" },
	};

	const char *force = spec_map_get(&r->spec->annotations, SPEC_FORCE_CGROUP_V1);
	bool found = !force;

	for (size_t i = 0; i < r->spec->mounts.n && !found; i++)
		found = strcmp(r->spec->mounts.v[i].destination, force) == 0;
	if (!found)
		rule_warn(r, rule_key_path(r, "$.annotations", SPEC_FORCE_CGROUP_V1, ""),
			  "no mount has the destination '%.100s': no hierarchy of version 1 is "
			  "mounted",
			  force);
	for (size_t i = 0; i < N_ELEMENTS(not_done); i++) {
		const char *value = spec_map_get(&r->spec->annotations, not_done[i].key);

		if (value && *value)
			rule_warn(r, rule_key_path(r, "$.annotations", not_done[i].key, ""),
				  "'%.60s' is not supported: %s", value, not_done[i].instead);
	}
}

const struct rule rules_annotations[] = {
	{ "config.md, Annotations", "$.annotations", RULE_CONFIG, check_annotations },
	{ NULL },
};
