/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ketch keeps about a container between commands: state.json, replaced atomically, and a copy of the bundle's config.json,
 * so that later edits of the bundle have no effect (runtime.md, "create"). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "linux/cgroup.h"
#include "spec/model.h"
#include "util/buf.h"
#include "util/err.h"

enum { STATE_VERSION = 1, STATE_MAX = 16 * 1024 * 1024 };
#define STATE_OCI_VERSION "1.3.0"

struct state {
	struct arena arena; /* of a loaded state: all strings */
	int64_t version;
	char *id, *bundle, *rootfs;
	char *created;		/* RFC 3339 with nanoseconds */
	int64_t pid;		/* init, 0: it is known to have ended */
	uint64_t start_time;	/* of pid, clock ticks after boot */
	int64_t owner;		/* uid that created it */
	const char *owner_name; /* not kept: what state_oci_json() tells as owner; NULL: "" */
	bool own_pid_ns;	/* init's end ends all others */
	bool poststop_done;
	bool no_new_keyring; /* of create and restore, for exec: the caller's keyring is kept */
	spec_map annotations;
	int64_t cgroup_manager; /* enum cgroup_manager */
	struct strv cgroup_leaves, cgroup_made;
	char *cgroup_scope;
	char *seccomp_receiver; /* not from the config: RUN_OCI_SECCOMP_RECEIVER of create */
};

/* state_json.c: the tables of state.json. Strings go to st->arena. */
int state_parse(struct state *st, const char *json, size_t len, struct err *e);

/* -ENOENT without an error text when there is no state.json (creation under way, or killed). */
int state_load(struct state *st, int dir, struct err *e);
/* SPEC at $.annotations: longer than STATE_MAX, so that state_load() would refuse it. */
int state_save(const struct state *st, int dir, struct err *e);
void state_clear(struct state *st);

/* The OCI state of runtime.md#state with the peers' additions (rootfs, created, owner). STATUS is its word. ONE_LINE: for hooks. */
int state_oci_json(const struct state *st, const char *status, pid_t pid, bool one_line,
		   struct buf *out);
void state_cgroup_record(const struct state *st, struct cgroup_record *ret); /* borrows from st */
