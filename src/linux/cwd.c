/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The working directory (config.md#process, cwd): a missing one is made, as the peers do, while we are still root; it is
 * entered after every descriptor of the host's tree is out of reach (CVE-2024-21626). Twice: images have directories that only root
 * can enter (WORKDIR /root, and another user), others only the user can (FUSE, NFS). The user's way counts where there is one.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "linux/steps.h"
#include "sys/creds.h"
#include "sys/raw.h"

static bool applies(const struct plan *p)
{
	return p->process != NULL;
}

static int run_make(struct run *r, struct err *e)
{
	const char *cwd = r->plan->process->cwd;
	auto_fd int there = rootdir_open_path(&r->root, cwd, 0);

	/* whatever else is wrong with it proc.cwd tells, as the user sees it */
	if (there != -ENOENT)
		return 0;
	auto_fd int made = rootdir_mkdirs(&r->root, cwd, 0755);
	if (made < 0) {
		err_sys(e, made, "make the working directory '%s'", cwd);
		return err_at(e, "$.process.cwd");
	}
	return 0;
}

static void explain_cwd(const struct plan *p, struct buf *out)
{
	buf_addf(out, "cwd %s\n", p->process->cwd);
}

const struct step step_cwd_make = {
	.name = "proc.cwd-make",
	.what = "make a missing working directory",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run_make,
	.explain = explain_cwd,
};

static bool applies_early(const struct plan *p)
{
	return applies(p) && strcmp(p->process->cwd, "/") != 0;
}

/* Nothing is an error here: proc.cwd goes the same way and tells. Through no magic link, which root could follow where the user can't. */
static int run_early(struct run *r, UNUSED struct err *e)
{
	auto_fd int fd = rootdir_open_path(&r->root, r->plan->process->cwd, 0);

	r->cwd_entered = fd >= 0 && sys_fchdir(fd) >= 0;
	return 0;
}

const struct step step_cwd_early = {
	.name = "proc.cwd-early",
	.what = "enter the working directory with the rights from before the change of user",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies_early,
	.run = run_early,
};

static const char *hint_for(int ret)
{
	switch (ret) {
	case -EACCES:
		return "each directory of the path must be open to the user, or to the container's "
		       "root";
	case -ENOENT:
		return "make the directory in the container's root file system";
	case -ENOTDIR:
		return "the path leads through something that is not a directory";
	default:
		return NULL;
	}
}

static int run(struct run *r, struct err *e)
{
	const char *cwd = r->plan->process->cwd;
	char now[PATH_MAX];
	int ret = sys_chdir(cwd);

	if (ret == -EACCES && r->cwd_entered)
		ret = 0; /* we are there */
	if (ret < 0) {
		const char *hint = hint_for(ret);

		err_sys(e, ret, "chdir to '%s'", cwd);
		if (hint)
			err_hint(e, "%s", hint);
		return err_at(e, "$.process.cwd");
	}
	/* "(unreachable)/…": the path led out through a descriptor of ours or a hostile mount */
	ret = sys_getcwd(now, sizeof(now));
	if (ret >= 0 && now[0] == '/')
		return 0;
	if (ret < 0) {
		err_sys(e, ret, "find the working directory '%s' again", cwd);
	} else {
		err_set(e, ERR_DENIED, "the working directory '%s' is outside the container", cwd);
		err_hint(e, "the path leads through a descriptor that ketch's caller left open");
	}
	return err_at(e, "$.process.cwd");
}

const struct step step_cwd = {
	.name = "proc.cwd",
	.what = "enter the working directory",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain_cwd,
};
