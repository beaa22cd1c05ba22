/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of state.json. */
#include "core/state.h"
#include "spec/field.h"

static const struct field state_fields[] = {
	F_INT("version", struct state, version, .flags = FIELD_REQUIRED),
	F_STR("id", struct state, id, .flags = FIELD_REQUIRED | FIELD_NON_EMPTY),
	F_STR("bundle", struct state, bundle, .flags = FIELD_REQUIRED),
	F_STR("rootfs", struct state, rootfs),
	F_STR("created", struct state, created, .flags = FIELD_REQUIRED),
	F_INT("pid", struct state, pid, .flags = FIELD_REQUIRED, .min = 0, .max = INT32_MAX),
	F_INT("startTime", struct state, start_time, .flags = FIELD_REQUIRED),
	F_INT("owner", struct state, owner),
	F_BOOL("ownPidNamespace", struct state, own_pid_ns),
	F_BOOL("poststopDone", struct state, poststop_done),
	F_BOOL("noNewKeyring", struct state, no_new_keyring),
	F_MAP("annotations", struct state, annotations),
	F_INT("cgroupManager", struct state, cgroup_manager, .min = 0,
	      .max = CGROUP_MANAGER_DISABLED),
	F_STRV("cgroupLeaves", struct state, cgroup_leaves),
	F_STRV("cgroupMade", struct state, cgroup_made),
	F_STR("cgroupScope", struct state, cgroup_scope),
	F_STR("seccompReceiver", struct state, seccomp_receiver),
	FIELD_END,
};

int state_parse(struct state *st, const char *json, size_t len, struct err *e)
{
	int r = field_parse(state_fields, st, &st->arena, json, len, e);

	if (r >= 0 && st->version != STATE_VERSION) {
		r = err_set(e, ERR_UNSUPPORTED, "version %lld of the state is not %d",
			    (long long)st->version, STATE_VERSION);
		err_hint(e, "the container was made by another ketch; use that one");
	}
	return r;
}
