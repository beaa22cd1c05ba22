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
		{ "run.oci.seccomp.plugins", "use listenerPath and an agent" },
		{ "run.oci.systemd.force_cgroup_v1", "no hierarchy of version 1 is mounted" },
	};

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
