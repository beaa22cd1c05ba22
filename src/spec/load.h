/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a config.json in, model or error out. Pure: no system calls. Errors carry line, column and JSON
 * path. Limits: 16 MiB, nesting 128 (ARCHITECTURE.md, "Limits").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "spec/model.h"
#include "util/buf.h"
#include "util/err.h"

enum {
	SPEC_MAX_SIZE = 16 * 1024 * 1024,
	SPEC_MAX_DEPTH = 128,
};

/* Parses and validates a whole config.json. On success *ret is to be freed with spec_free(). */
int spec_load(struct spec **ret, const char *json, size_t len, struct err *e);
/* The same; RECEIVER (may be NULL) is the socket of a seccomp agent for a config that names none. It is copied. */
int spec_load_receiver(struct spec **ret, const char *json, size_t len, const char *receiver,
		       struct err *e);

/* The document says that it is of a version 1.x of the runtime-spec below 1.MINOR. */
bool spec_before(const struct spec *s, unsigned minor);

/* The same for all rules: every finding, not only the first, is handed to FINDING in the order of the text (for
 * `ketch check`), then every warning to WARNING (may be NULL). Rules conclude nothing from a value that was refused.
 * After 200 findings it ends. *ret is set to the model when there is no finding, else to NULL. Returns the number of
 * findings, or -ENOMEM. */
int spec_check(struct spec **ret, const char *json, size_t len,
	       void (*finding)(void *ctx, const struct err *finding),
	       void (*warning)(void *ctx, const struct spec_warning *warning), void *ctx);

/* A process document (`exec --process FILE`) into ARENA, and its warnings into *WARNINGS (may be NULL); paths
 * begin at the document ("$.args"). */
int spec_load_process(struct spec_process **ret, struct arena *arena, const char *json, size_t len,
		      spec_warnings *warnings, struct err *e);

/* A linux.resources document (`update --resources`) in the same way. */
int spec_load_resources(struct spec_resources **ret, struct arena *arena, const char *json,
			size_t len, spec_warnings *warnings, struct err *e);

/* What values meant before 1.3: pids.limit 0 was no limit (Podman up to 5.4 has it so for --pids-limit -1). spec_load() has done it. */
void spec_old_resources(struct spec_resources *res);

/* Writes such a document; it reads back as the same. */
void spec_write_resources(const struct spec_resources *res, struct buf *out);

void spec_free(struct spec *s);

static inline void cleanup_spec(struct spec **s)
{
	spec_free(*s);
}
#define auto_spec AUTO(cleanup_spec)

/* Writes the config.json of `ketch spec`: a busybox-like default bundle that runs `sh` on a terminal.
 * ROOTLESS adds a user namespace that maps UID/GID to 0 and leaves out what an ordinary user can't do. */
int spec_template(struct buf *out, bool rootless, unsigned uid, unsigned gid);
