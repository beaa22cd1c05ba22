/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of mounts: proc_pid_mountinfo(5). Read only where a container has no fresh mount namespace of its own to work in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys/proc.h"
#include "util/buf.h"

struct mount_line {
	uint64_t id, parent;
	const char *path; /* unescaped; as our root has it */
	const char
		*root; /* the part of its file system that it shows, unescaped: "/" is all of it */
	const char *dev;  /* of the file system: "0:64" */
	const char *type; /* of the file system, ended by a blank */
	bool shared;
	bool kernels; /* proc or sysfs */
};

/* The caller's own mounts, through the verified PROC. */
int mountinfo_read(const struct procfs *proc, struct buf *out);
/* Takes LINE apart and changes it; false for one that is none. Pure. */
bool mountinfo_parse(char *line, struct mount_line *ret);
/* A path as mountinfo spells it: blanks and backslashes as octal numbers. Pure. */
void mountinfo_escape(struct buf *out, const char *path);
/* In place. Pure. */
void mountinfo_unescape(char *text);
