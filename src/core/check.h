/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that is wrong with a bundle on this host, found without making anything: the rules of the spec, the plan's
 * errors, and what can be seen beforehand of what the steps will meet. Nothing is certain about a host that goes on
 * living, so no findings are no promise; but an error here is an error of create or start.
 */
#pragma once

#include "core/container.h"
#include "spec/model.h"
#include "spec/rest.h"
#include "sys/facts.h"
#include "sys/rootdir.h"

struct finding {
	bool warning;
	struct err e;
};

struct check {
	struct finding *v; /* in the order of config.json; those without a place first */
	size_t n, cap, n_errors;
	bool no_memory;
	/* For the parts: what they look at. */
	const struct spec *spec; /* without the values that are refused */
	const struct facts *facts;
	const struct plan *plan;
	struct rest rest;    /* what SPEC lacks */
	struct rootdir root; /* -EBADF: there is none */
};

/* Fills C. Fails only when the check itself can't be done. */
int check_bundle(struct check *c, const struct store *s, const char *id,
		 const struct launch_opts *o, struct err *e);
void check_clear(struct check *c);
#define auto_check AUTO(check_clear)

/* For the parts. A finding at the place of an earlier error is left out: one cause, one finding. */
void check_error(struct check *c, const struct err *e);
void check_warning(struct check *c, const struct err *e);

/* The parts, in order. */
void check_files(struct check *c); /* check_files.c: root, bind sources, hooks, joined namespaces */
void check_program(struct check *c); /* check_program.c: process.args[0] */
void check_host(
	struct check *c); /* check_host.c: kernel, limits, devices, ids, cgroup files, seccomp */

/* check_files.c: O_PATH descriptor of PATH as the container will see it, and whether it is in the root file system itself.
 * -EXDEV: in a file system that only create makes. */
int check_open(const struct check *c, const char *path, bool *in_root);
/* Mounts may bring programs and what they need: what the root file system lacks is not sure to be missing. */
bool check_mounts_programs(const struct check *c);
