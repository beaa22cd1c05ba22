/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rows of namespaces.c, idmap.c and timens.c share: credentials and visibility in a user namespace that was just
 * entered, and errors of calls that make namespaces. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/step.h"

/* Name of the file in /proc/PID/ns. */
const char *ns_file(enum spec_ns kind);
/* PR_SET_DUMPABLE: while it is off, others in the container can't ptrace us or open our descriptors (CVE-2016-9962). */
int ns_set_dumpable(bool on, struct err *e);
/*
 * Asks the parent something for which it writes to our /proc/PID files. Those of an undumpable process belong to root, so
 * for an ordinary user's parent we are dumpable meanwhile: only where nobody of the container can see us yet.
 */
int ns_ask_parent(struct run *r, enum msg type, struct err *e);
/* Uid and gid 0 of the user namespace we are in, undumpable again. */
int ns_become_root(struct err *e);
/* Into those namespaces of the container's init (R's init_pidfd) that are of KINDS (CLONE_NEW*; -1: all) and not ours, all at once, and to
 * its root; undumpable, and as root of its user namespace. R's proc is open. */
int ns_enter(struct run *r, int kinds, struct err *e);
/* Fills E from a failed clone3 or unshare of FLAGS: R is its -errno. Names likely causes. Returns R. */
int ns_make_err(struct err *e, int r, uint64_t flags);
/* Is there a namespace at the path that S gives for KIND, that we may open, and set in what S sets there? Nothing is joined. */
int ns_check_path(const struct spec *s, enum spec_ns kind, struct err *e);
/* A descriptor of the namespace at PATH, without opening what is there before it is known to be one: a FIFO would block, a
 * device might do anything. -EINVAL with NOT_NS set: something else. */
int ns_open(const char *path, bool *not_ns);
/* SERVE: pid of the child that asks. */
pid_t ns_asking_pid(const struct run *r);

/* timens.c: asks for the offsets of the time namespace just made, if the configuration has any. */
int time_offsets_ask(struct run *r, struct err *e);
