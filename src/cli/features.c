/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch features: runtime-spec features.md. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/version.h"
#include "config.h"
#include "core/features_doc.h"
#include "criu/checkpoint.h"

static int run(UNUSED const struct cli_global *g, UNUSED void *opts, UNUSED const struct args *a,
	       struct err *e)
{
	auto_buf struct buf out = { 0 };
	char libseccomp[32];
	struct features_build b = {
		.version = KETCH_VERSION,
		.commit = KETCH_COMMIT,
		.libseccomp = version_libseccomp(libseccomp, sizeof(libseccomp)),
		.checkpoint = criu_built_in(),
		.seccomp_flags = features_seccomp_flags(),
	};

	int r = features_json(&b, &out);
	return r < 0 ? err_sys(e, r, "features") : cli_print(&out, e);
}

const struct command cmd_features = {
	.name = "features",
	.usage = "",
	.summary = "print what this build supports, as the runtime-spec's JSON",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
