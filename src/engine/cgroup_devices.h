/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device rules (config-linux.md#allowed-device-list) turned into what a kernel takes: the words of the v1 devices
 * controller, or a BPF program for cgroup v2. Pure.
 *
 * The rules apply in order, each access bit by the last rule that covers it. The devices that every container needs are
 * allowed after the last rule that denies everything (or first where no rule does) and the allow rules that follow it, so
 * that any later rule can take them away again. Without a rule about everything, everything else is denied.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "spec/model.h"
#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"

struct cgroup_device {
	struct spec_device_rule rule; /* type 'b' or 'c' */
	long index;		      /* in $.linux.resources.devices; -1: one of the defaults */
};

struct cgroup_devices {
	bool allow_all; /* what no rule below covers; with no rules nothing is restricted */
	SPEC_LIST(struct cgroup_device) rules; /* the last one that covers a bit decides it */
};

/* The rules in force: what an "everything" rule overrides is left out, the defaults are put in. -ENOMEM. */
int cgroup_devices_plan(struct cgroup_devices *ret, struct arena *a,
			const struct spec_device_rule *rules, size_t n);

/*
 * The v1 form: start from DEFAULT (the word "a" to devices.deny, or to devices.allow with allow_all), then one write of
 * each exception to the opposite file. UNSUPPORTED for a rule that takes a part out of a wider one, which v1 can't say;
 * creating nodes alone (m) is let through, as it gives no access.
 */
int cgroup_devices_v1(struct cgroup_devices *ret, struct arena *a,
		      const struct cgroup_devices *devices, struct err *e);
/* "c 1:3 rwm", "b *:* m". */
void cgroup_device_words(const struct spec_device_rule *rule, char out[48]);

/* The v2 form: a BPF_PROG_TYPE_CGROUP_DEVICE program, as struct bpf_insn in OUT. 0 or -ENOMEM. */
int cgroup_devices_bpf(struct buf *out, const struct cgroup_devices *devices);
