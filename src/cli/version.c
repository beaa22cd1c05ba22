/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version and what is built in. */
#include <linux/types.h>
#include <stdint.h>

#include <seccomp.h>

#include "cli/version.h"
#include "config.h"
#include "core/state.h"

void version_text(struct buf *out)
{
	const struct scmp_version *v = seccomp_version();

	buf_addf(out, "ketch version %s\ncommit: %s\nspec: %s\n", KETCH_VERSION, KETCH_COMMIT,
		 STATE_OCI_VERSION);
	if (v)
		buf_addf(out, "libseccomp: %u.%u.%u\n", v->major, v->minor, v->micro);
	buf_adds(out, "+CAP +SECCOMP +APPARMOR +SELINUX +YAJL -SYSTEMD -CRIU\n");
}
