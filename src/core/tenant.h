/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process of `exec`: a document of its own, or the container's process with changes from the command line. */
#pragma once

#include "spec/model.h"
#include "util/err.h"

struct exec_overrides {
	char *const *args; /* the command */
	size_t n_args;
	struct strv env; /* NAME=VALUE, over the container's */
	struct strv
		caps; /* names; added to bounding, effective and permitted, and to inheritable and ambient where the former has any */
	struct strv additional_gids;
	const char *cwd, *user; /* UID[:GID], numbers */
	const char *apparmor, *process_label;
	bool tty;
	int no_new_privs; /* 1 or -1: on or off; 0: as the container's */
};

/* The container's process of S with O applied, in ARENA. */
int exec_process(const struct spec *s, const struct exec_overrides *o, struct arena *arena,
		 struct spec_process **ret, struct err *e);
