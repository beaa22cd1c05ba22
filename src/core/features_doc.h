/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The features document (runtime-spec features.md, features-linux.md): what this build understands, whatever the host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

/* What the tables don't say. */
struct features_build {
	const char *version, *commit; /* of ketch; COMMIT may be empty */
	const char *libseccomp;	      /* "2.5.4"; NULL: unknown */
	bool checkpoint;	      /* checkpoint and restore are built in */
	uint64_t seccomp_flags;	      /* those of names_seccomp_flags that the kernel takes */
};

/* The one member that the spec wants from the kernel: seccomp.supportedFlags. */
uint64_t features_seccomp_flags(void);

/* Pure. 0 or -ENOMEM. */
int features_json(const struct features_build *b, struct buf *out);
