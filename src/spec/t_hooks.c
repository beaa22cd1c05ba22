/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.md "POSIX-platform Hooks": tables only. */
#include "spec/tables.h"

static const struct field hook_fields[] = {
	F_STR("path", struct spec_hook, path, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_STRV("args", struct spec_hook, args),
	F_STRV("env", struct spec_hook, env, HAS(struct spec_hook, has_env)),
	F_INT("timeout", struct spec_hook, timeout, HAS(struct spec_hook, has_timeout), .min = 1,
	      .max = INT64_MAX),
	FIELD_END,
};

const struct field hooks_fields[] = {
	F_OBJECTS("prestart", struct spec, hooks[HOOK_PRESTART], hook_fields),
	F_OBJECTS("createRuntime", struct spec, hooks[HOOK_CREATE_RUNTIME], hook_fields),
	F_OBJECTS("createContainer", struct spec, hooks[HOOK_CREATE_CONTAINER], hook_fields),
	F_OBJECTS("startContainer", struct spec, hooks[HOOK_START_CONTAINER], hook_fields),
	F_OBJECTS("poststart", struct spec, hooks[HOOK_POSTSTART], hook_fields),
	F_OBJECTS("poststop", struct spec, hooks[HOOK_POSTSTOP], hook_fields),
	FIELD_END,
};
