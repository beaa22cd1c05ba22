/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Annotation run.oci.delegate-cgroup=NAME, as crun has it: the container's process goes to the cgroup NAME below the one with the limits, and
 * that is the payload's, with all controllers. The root of a cgroup namespace stays the one above. cgroup v2 alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "linux/cgroup_impl.h"
#include "linux/namespaces.h"
#include "linux/steps.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/util.h"

enum { MODE = 0755 };

static bool applies(const struct plan *p)
{
	return p->cgroup.delegated != NULL;
}

static int make(struct run *r, int above, const char *path, struct err *e)
{
	const char *name = r->plan->cgroup.delegated;
	uid_t owner = cgroup_v2_owner(r->plan);

	int ret = host_mkdirat(above, name, MODE);
	if (ret < 0 && ret != -EEXIST)
		return err_sys(e, ret, "make cgroup '%s/%s'", path, name);
	int dir = sys_openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dir < 0)
		return err_sys(e, dir, "open cgroup '%s/%s'", path, name);
	ret = owner && owner != r->plan->facts->uid ? cgroup_v2_delegate(dir, path, owner, e) : 0;
	if (ret < 0)
		close_fd(dir);
	return ret < 0 ? ret : dir;
}

static int run(struct run *r, struct err *e)
{
	struct cgroup_leaf *leaf = r->cgroup ? cgroup_unified(r->cgroup) : NULL;
	int above = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;
	char number[16];

	if (above < 0)
		return err_sys(e, above, "open the container's cgroup");
	auto_fd int dir = make(r, above, leaf->dir, e);
	if (dir < 0)
		return dir;
	snprintf(number, sizeof(number), "%d", (int)ns_asking_pid(r));
	int ret = host_write(dir, "cgroup.procs", number);
	if (ret < 0)
		return err_sys(e, ret, "move process %s to cgroup '%s/%s'", number, leaf->dir,
			       r->plan->cgroup.delegated);
	/* possible only now that nobody is in the cgroup above */
	cgroup_v2_enable_all(above);
	return 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "cgroup %s\n", p->cgroup.delegated);
}

const struct step step_cgroup_delegate = {
	.name = "cgroup.delegate",
	.what = "move the container's process to a cgroup below, which is its own",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_HOOKS) | MSG_BIT(MSG_READY),
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.explain = explain,
};
