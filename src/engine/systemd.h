/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container as a systemd unit: its name and slice from linux.cgroupsPath, its properties from linux.resources and annotations.
 * systemd.unit(5), systemd.slice(5), systemd.resource-control(5), org.freedesktop.systemd1(5). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/cgroup_devices.h"
#include "engine/cgroup_table.h"
#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"

enum {
	SYSTEMD_MAX_NAME = 255,
	SYSTEMD_MAX_SIG = 8,
};

struct systemd_item {
	const char *s, *s2;
	uint64_t n;
};

/* A property of a unit. SIG is its D-Bus type: b, y, i, u, x, t, s, or an array of these, of (ss) or of (st). */
struct systemd_prop {
	const char *name;
	char sig[SYSTEMD_MAX_SIG];
	const char *where; /* JSON path, or NULL */
	enum cgroup_when when;
	struct systemd_item *items;
	size_t n;
};

struct systemd_props {
	struct systemd_prop *v;
	size_t n, cap;
	struct arena *arena;
	bool failed; /* out of memory: sticks */
};

/* One item: of text (s), or a number (b, y, i, u, x, t, or an array of one). */
void systemd_add_text(struct systemd_props *p, const char *name, const char *text);
void systemd_add_number(struct systemd_props *p, const char *name, const char *sig, uint64_t n);
/* A property of N items with room for them; NULL when memory is out. */
struct systemd_prop *systemd_add(struct systemd_props *p, const char *name, const char *sig,
				 size_t n);

/* Files of v1 that make one property: where one of them is among the writes, the other is to be, too, or has its first value. */
#define CGROUP_QUOTA_V1	 "cpu.cfs_quota_us"
#define CGROUP_PERIOD_V1 "cpu.cfs_period_us"
/* What systemd has a property for of the writes. NEUTRAL: those that say what a new cgroup has as well. */
void systemd_add_writes(struct systemd_props *p, const struct cgroup_writes *w, bool neutral);
/* DevicePolicy and DeviceAllow by number. They open whatever some rule opens: what rules take out of it again is up to our own
 * program in the cgroup below. */
void systemd_add_devices(struct systemd_props *p, const struct cgroup_devices *d);
/* org.systemd.property.NAME = VALUE in GVariant's text form: true, 'text', 5, uint64 5, ['a', 'b'], [1, 2]. A NAME that ends in Sec
 * with a number of seconds is the property …USec. A SPEC error names the annotation. */
int systemd_add_annotations(struct systemd_props *p, const spec_map *map, struct err *e);
/* "MemoryMax 1048576", for explain and errors. */
void systemd_prop_words(const struct systemd_prop *p, struct buf *out);
/* The same as a(sv), of which those with WHEN: D-Bus bytes appended to OUT. */
void systemd_put_props(const struct systemd_props *p, unsigned when_mask, struct buf *out);

/*
 * linux.cgroupsPath "SLICE:PREFIX:NAME" as the scope PREFIX-NAME.scope (NAME.scope without a prefix) in SLICE; without a path
 * ketch-ID.scope. The slice of nobody's choice is system.slice, or user.slice for an ordinary user. Bytes that a unit's name can't
 * have are escaped as systemd-escape(1) does.
 */
int systemd_names(struct arena *a, const char *cgroups_path, const char *id, bool rootless,
		  const char **slice, const char **scope, struct err *e);
/* "a-b.slice" as its cgroup below the root, "/a.slice/a-b.slice"; "" for "-.slice". */
const char *systemd_slice_path(struct arena *a, const char *slice);
/* Object path of a unit: "/org/freedesktop/systemd1/unit/a_2eslice". */
const char *systemd_object_path(struct arena *a, const char *unit);
