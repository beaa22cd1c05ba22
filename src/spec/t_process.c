/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.md "Process", "POSIX process", "Linux process", "User": tables only. */
#include "spec/tables.h"

/* (uid_t) -1 means "no change" to setresuid(2), so it is nobody's id. */
#define ID_RANGE .max = UINT32_MAX - 1

static const struct field user_fields[] = {
	F_INT("uid", struct spec_user, uid, ID_RANGE),
	F_INT("gid", struct spec_user, gid, ID_RANGE),
	F_INT("umask", struct spec_user, umask, HAS(struct spec_user, has_umask), .max = 0777),
	F_INTS("additionalGids", struct spec_user, additional_gids, ID_RANGE),
	F_SKIP("username"), /* Windows */
	FIELD_END,
};

#define CAP_SET(key, member)                                                                       \
	{                                                                                          \
		FIELD_KEY(key), .kind = FIELD_BIT_NUMBERS,                                         \
				.at = offsetof(struct spec_caps, member), .size = 8,               \
				.names = names_caps, .what = "a capability"                        \
	}

static const struct field caps_fields[] = {
	CAP_SET("bounding", bounding),	     CAP_SET("effective", effective),
	CAP_SET("inheritable", inheritable), CAP_SET("permitted", permitted),
	CAP_SET("ambient", ambient),	     FIELD_END,
};

static const struct field rlimit_fields[] = {
	F_WORD("type", struct spec_rlimit, resource, names_rlimits,
	       "a resource limit (getrlimit(2))",
	       .word = FIELD_TYPED(struct spec_rlimit, type, char *) + 1, .flags = FIELD_REQUIRED),
	F_INT("hard", struct spec_rlimit, hard, .flags = FIELD_REQUIRED),
	F_INT("soft", struct spec_rlimit, soft, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field console_fields[] = {
	F_INT("height", struct spec_process, console_height, .flags = FIELD_REQUIRED),
	F_INT("width", struct spec_process, console_width, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static int console_done(struct field_ctx *c UNUSED, void *parent, void *elem UNUSED)
{
	struct spec_process *p = parent;

	/* Docker writes 0×0 for "not known". */
	p->has_console_size = p->console_height || p->console_width;
	return 0;
}

static const struct field scheduler_fields[] = {
	F_WORD("policy", struct spec_scheduler, policy, names_sched_policies, "a scheduling policy",
	       .flags = FIELD_REQUIRED),
	F_INT("nice", struct spec_scheduler, nice, .min = -20, .max = 19),
	F_INT("priority", struct spec_scheduler, priority, .min = 0, .max = 99),
	F_BITS("flags", struct spec_scheduler, flags, names_sched_flags, "a scheduling flag"),
	F_INT("runtime", struct spec_scheduler, runtime),
	F_INT("deadline", struct spec_scheduler, deadline),
	F_INT("period", struct spec_scheduler, period),
	FIELD_END,
};

static const struct field io_priority_fields[] = {
	F_WORD("class", struct spec_io_priority, class, names_io_classes, "an I/O scheduling class",
	       .flags = FIELD_REQUIRED),
	F_INT("priority", struct spec_io_priority, priority, .min = 0, .max = 7),
	FIELD_END,
};

static const struct field affinity_fields[] = {
	F_STR("initial", struct spec_process, affinity_initial, .flags = FIELD_EMPTY_UNSET,
	      .check = form_cpu_list),
	F_STR("final", struct spec_process, affinity_final, .flags = FIELD_EMPTY_UNSET,
	      .check = form_cpu_list),
	FIELD_END,
};

const struct field process_fields[] = {
	F_BOOL("terminal", struct spec_process, terminal),
	F_GROUP("consoleSize", console_fields, .done = console_done),
	F_OBJECT("user", struct spec_process, user, user_fields),
	F_STRV("args", struct spec_process, args, .flags = FIELD_REQUIRED | FIELD_SOME),
	F_STRV("env", struct spec_process, env, HAS(struct spec_process, has_env)),
	F_STR("cwd", struct spec_process, cwd, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE),
	F_OBJECT_PTR("capabilities", struct spec_process, caps, struct spec_caps, caps_fields),
	F_OBJECTS("rlimits", struct spec_process, rlimits, rlimit_fields),
	F_BOOL("noNewPrivileges", struct spec_process, no_new_privileges),
	F_STR("apparmorProfile", struct spec_process, apparmor_profile, .flags = FIELD_ONE_LINE),
	F_INT("oomScoreAdj", struct spec_process, oom_score_adj,
	      HAS(struct spec_process, has_oom_score_adj), .min = -1000, .max = 1000),
	F_OBJECT_PTR("scheduler", struct spec_process, scheduler, struct spec_scheduler,
		     scheduler_fields),
	F_STR("selinuxLabel", struct spec_process, selinux_label, .flags = FIELD_ONE_LINE),
	F_OBJECT_PTR("ioPriority", struct spec_process, io_priority, struct spec_io_priority,
		     io_priority_fields),
	F_GROUP("execCPUAffinity", affinity_fields),
	F_SKIP("commandLine"), /* Windows */
	FIELD_END,
};
