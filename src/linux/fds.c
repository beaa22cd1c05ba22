/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program inherits: 0 to 2, then the LISTEN_FDS and the --preserve-fds, nothing else (CVE-2016-9962,
 * CVE-2024-21626). config-linux.md#file-descriptors, sd_listen_fds(3).
 */
#include <limits.h>
#include <linux/close_range.h>

#include "linux/mounts.h"
#include "linux/steps.h"
#include "sys/raw.h"

enum { FIRST = 3 };

/* ---- fds.shed ---- */

static bool is_seen(const struct plan *p)
{
	return !p->opts.start_at_once || p->opts.use == FOR_EXEC;
}

/*
 * A process that waits for `start` in the container's pid namespace, maybe for days, should hold nothing of the host but what
 * it waits with: socket and lock. One that is born among the container's processes, by exec, may be seized by them at once. procfs is kept
 * only where a label is to be written through it.
 */
static int shed(struct run *r, struct err *e)
{
	close_fd(TAKE_FD(r->dev_null));
	close_fd(TAKE_FD(r->root.fd));
	close_fd(TAKE_FD(r->init_pidfd));
	for (int i = 0; i < 2 && !r->plan->has_hooks[HOOK_START_CONTAINER]; i++)
		close_fd(TAKE_FD(r->hook_outputs[i]));
	if (!r->plan->creds.apparmor && !r->plan->creds.selinux)
		proc_close(&r->proc);
	return mount_work_end(r, e); /* where rootfs.readonly had nothing to do */
}

static void explain_shed(const struct plan *p, struct buf *out)
{
	if (p->creds.apparmor || p->creds.selinux)
		buf_adds(out, "keep procfs\n");
}

const struct step step_fds_shed = {
	.name = "fds.shed",
	.what = "close what is not needed until execve",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = is_seen,
	.run = shed,
	.explain = explain_shed,
};

/* ---- fds.keep ---- */

static unsigned first_closed(const struct plan *p)
{
	return FIRST + p->opts.listen_fds + p->opts.preserve_fds;
}

/*
 * Descriptors that came to ketch through its own execve are not close-on-exec, all that it opens are. So the wanted
 * ones need nothing done, and where engines leave a hole in their range (podman --preserve-fd=5) a descriptor of ours
 * that has slipped in there is not handed to the program. A hole is not an error.
 */
static int run(struct run *r, struct err *e)
{
	int ret = sys_close_range(first_closed(r->plan), UINT_MAX, CLOSE_RANGE_CLOEXEC);

	return ret < 0 ? err_sys(e, ret, "mark descriptors close-on-exec") : 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	unsigned listen = p->opts.listen_fds, preserve = p->opts.preserve_fds;

	buf_adds(out, "keep 0-2\n");
	if (listen)
		buf_addf(out, "listen %u-%u\n", FIRST, FIRST + listen - 1);
	if (preserve)
		buf_addf(out, "preserve %u-%u\n", FIRST + listen, first_closed(p) - 1);
}

const struct step step_fds_keep = {
	.name = "fds.keep",
	.what = "leave the program only the descriptors it is to have",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.run = run,
	.explain = explain,
};
