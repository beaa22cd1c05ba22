/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount through which the container's process reaches our NOTIFY_SOCKET (sd_notify(3)); core/notify.c listens there. */
#include "linux/mounts.h"
#include "linux/steps.h"

static bool applies(const struct plan *p)
{
	return p->notify;
}

static int run(struct run *r, struct err *e)
{
	int ret = mount_planned(r, r->plan->notify, e);

	if (ret < 0) /* it is no entry of the configuration */
		e->where[0] = '\0';
	return ret;
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "bind %s -> %s ", p->notify->source, p->notify->dest);
	mount_words(p->notify, out);
	buf_addc(out, '\n');
}

const struct step step_notify_mount = {
	.name = "notify.mount",
	.what = "mount the directory with the NOTIFY_SOCKET",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.explain = explain,
};
