/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device rules that the kernel holds a container to, as it tells them. */
#pragma once

#include "engine/cgroup_devices.h"
#include "linux/cgroup.h"
#include "util/strv.h"

enum cgroup_enforcer {
	CGROUP_ENFORCED_NOT,   /* no device cgroup, no program: every device */
	CGROUP_ENFORCED_V1,    /* devices.list of cgroup v1 */
	CGROUP_ENFORCED_BPF,   /* our program, the one that stands for the kept rules */
	CGROUP_ENFORCED_OTHER, /* a program is there, but not that one: the kept rules may not hold */
};

struct cgroup_device_view {
	enum cgroup_enforcer by;
	struct cgroup_devices devices;
	bool denied_kept; /* v1 that allows all does not tell its exceptions: those are the kept ones */
	struct strv
		others; /* "sd_devices at /sys/fs/cgroup/…": programs whose consent is needed too */
};

/* KEPT are the rules that ketch keeps for the container; lists go to ARENA, RET->others is the caller's. */
int cgroup_device_view(struct cgroup *cg, const struct cgroup_devices *kept, struct arena *arena,
		       struct cgroup_device_view *ret, struct err *e);
/* A devices.list taken apart (pure). -ENOMEM. */
int cgroup_device_list_parse(const char *text, struct arena *arena, struct cgroup_devices *ret);
