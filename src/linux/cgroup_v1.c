/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is particular to a cgroup v1 hierarchy: cpuset to be filled, the freezer. cgroup-v1/cpusets.rst, freezer-subsystem.rst. */
#include <errno.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"

enum { MAX_LIST = 4096 }; /* of a cpuset: kernfs files are read by pages */

/* A new cpuset is empty and takes no process; its parent's value is what "not limited" means. */
static int fill(int parent, int dir, bool made, const char *file, const char *path, struct err *e)
{
	char text[MAX_LIST];

	text[0] = '\0';
	int r = made ? 0 : host_read_small(dir, file, text, sizeof(text));
	if (r > 0)
		return 0;
	if (r == 0)
		r = host_read_small(parent, file, text, sizeof(text));
	if (r >= 0)
		r = r == 0 ? -ENOSPC : host_write(dir, file, text);
	if (r < 0)
		return err_sys(e, r, "fill %s of cgroup '%s' with '%s' from the cgroup above it",
			       file, path, text);
	return 0;
}

int cgroup_v1_fill_cpuset(int parent, int dir, bool made, const char *path, struct err *e)
{
	int r = fill(parent, dir, made, "cpuset.cpus", path, e);

	return r < 0 ? r : fill(parent, dir, made, "cpuset.mems", path, e);
}

static int frozen(int leaf)
{
	char state[32];
	int r = host_read_small(leaf, "freezer.state", state, sizeof(state));

	return r < 0 ? r : strcmp(state, "FROZEN") == 0;
}

static int freeze(int leaf, bool on)
{
	return host_write(leaf, "freezer.state", on ? "FROZEN" : "THAWED");
}

const struct cgroup_version cgroup_v1 = {
	.number = 1,
	.frozen = frozen,
	.freeze = freeze,
};
