/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config-linux.md "Seccomp": tables only. */
#include "spec/tables.h"

static const struct field arg_fields[] = {
	F_INT("index", struct spec_seccomp_arg, index, .max = 5, .flags = FIELD_REQUIRED),
	F_INT("value", struct spec_seccomp_arg, value, .flags = FIELD_REQUIRED),
	F_INT("valueTwo", struct spec_seccomp_arg, value_two),
	F_WORD("op", struct spec_seccomp_arg, op, names_seccomp_ops, "an operator",
	       .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field syscall_fields[] = {
	F_STRV("names", struct spec_syscall, names,
	       .flags = FIELD_REQUIRED | FIELD_SOME | FIELD_NON_EMPTY),
	F_WORD("action", struct spec_syscall, action, names_seccomp_actions, "an action",
	       .flags = FIELD_REQUIRED),
	F_INT("errnoRet", struct spec_syscall, errno_ret, HAS(struct spec_syscall, has_errno_ret)),
	F_OBJECTS("args", struct spec_syscall, args, arg_fields),
	FIELD_END,
};

const struct field seccomp_fields[] = {
	F_WORD("defaultAction", struct spec_seccomp, default_action, names_seccomp_actions,
	       "an action", .flags = FIELD_REQUIRED),
	F_INT("defaultErrnoRet", struct spec_seccomp, default_errno_ret,
	      HAS(struct spec_seccomp, has_default_errno_ret)),
	F_WORDS("architectures", struct spec_seccomp, architectures, names_seccomp_archs,
		"an architecture"),
	F_BITS("flags", struct spec_seccomp, flags, names_seccomp_flags, "a seccomp flag",
	       HAS(struct spec_seccomp, has_flags)),
	F_STR("listenerPath", struct spec_seccomp, listener_path, .flags = FIELD_EMPTY_UNSET),
	F_STR("listenerMetadata", struct spec_seccomp, listener_metadata,
	      .flags = FIELD_EMPTY_UNSET),
	F_OBJECTS("syscalls", struct spec_seccomp, syscalls, syscall_fields),
	FIELD_END,
};
