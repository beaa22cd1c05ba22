/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version and what is built in. */
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>

#include <seccomp.h>

#include "cli/version.h"
#include "config.h"
#include "core/state.h"
#include "criu/checkpoint.h"

const char *version_libseccomp(char *out, size_t size)
{
	const struct scmp_version *v = seccomp_version();

	if (!v)
		return NULL;
	snprintf(out, size, "%u.%u.%u", v->major, v->minor, v->micro);
	return out;
}

void version_text(struct buf *out)
{
	char libseccomp[32];

	buf_addf(out, "ketch version %s\ncommit: %s\nspec: %s\n", KETCH_VERSION, KETCH_COMMIT,
		 STATE_OCI_VERSION);
	if (version_libseccomp(libseccomp, sizeof(libseccomp)))
		buf_addf(out, "libseccomp: %s\n", libseccomp);
	buf_adds(out, "+CAP +SECCOMP +APPARMOR +SELINUX +YAJL +SYSTEMD ");
	buf_adds(out, criu_built_in() ? "+CRIU\n" : "-CRIU\n");
}
