/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host and domain name of the UTS namespace (config.md#hostname, config.md#domainname). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "linux/steps.h"

static bool applies(const struct plan *p)
{
	return p->spec->hostname || p->spec->domainname;
}

static int set(int (*call)(const char *, size_t), const char *what, const char *name, struct err *e)
{
	if (!name || call(name, strlen(name)) == 0)
		return 0;
	int ret = -errno;

	err_sys(e, ret, "set the %s to '%s'", what, name);
	if (ret == -EINVAL)
		err_hint(e, "the kernel takes at most 64 bytes");
	if (ret == -EPERM)
		err_hint(e, "the UTS namespace belongs to another user namespace");
	return err_at(e, "$.%s", what);
}

static int run(struct run *r, struct err *e)
{
	const struct spec *s = r->plan->spec;
	int ret = set(sethostname, "hostname", s->hostname, e);

	return ret < 0 ? ret : set(setdomainname, "domainname", s->domainname, e);
}

static void explain(const struct plan *p, struct buf *out)
{
	if (p->spec->hostname)
		buf_addf(out, "hostname %s\n", p->spec->hostname);
	if (p->spec->domainname)
		buf_addf(out, "domainname %s\n", p->spec->domainname);
}

const struct step step_host_name = {
	.name = "host.name",
	.what = "set the host and domain name",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.explain = explain,
};
