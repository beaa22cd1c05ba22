/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups, ids and umask of the process (config.md#posix-platform-user, credentials(7)). */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "linux/steps.h"
#include "sys/creds.h"

static bool applies(const struct plan *p)
{
	return p->process != NULL;
}

/* An unprivileged owner of a user namespace must give setgroups(2) up before it may write gid_map, for all namespaces
 * below it too (user_namespaces(7)); the groups of the caller can't be dropped then, nor others be had. */
static bool setgroups_denied(const struct run *r)
{
	char word[16];

	return proc_read_self(&r->proc, "setgroups", word, sizeof(word)) > 0 &&
	       strncmp(word, "deny", 4) == 0;
}

static int set_groups(struct run *r, struct err *e)
{
	const struct spec_user *u = &r->plan->process->user;

	if (!r->plan->creds.set_groups)
		return 0;
	int ret = sys_setgroups(u->additional_gids.n, u->additional_gids.v);
	if (ret >= 0)
		return 0;
	if (ret == -EPERM && setgroups_denied(r)) {
		/* a container that gives it up itself is an error of the plan: this was done by who made the namespace around it */
		if (u->additional_gids.n > 0)
			run_warn(r, "the additional groups are left out "
				    "($.process.user.additionalGids): setgroups is denied in this "
				    "user namespace, which was made without privileges; map a gid "
				    "range with newgidmap there");
		return 0;
	}
	err_sys(e, ret, "set the additional groups");
	if (ret == -EINVAL)
		err_hint(e, "one of the groups is not mapped in the user namespace");
	return err_at(e, "$.process.user.additionalGids");
}

static int set_ids(const struct plan_creds *c, struct err *e)
{
	int ret = sys_setresgid(c->gid);

	if (ret < 0) {
		err_sys(e, ret, "become group %u", c->gid);
		if (ret == -EINVAL)
			err_hint(e, "the group is not mapped in the user namespace");
		return err_at(e, "$.process.user.gid");
	}
	ret = sys_setresuid(c->uid);
	if (ret < 0) {
		err_sys(e, ret, "become user %u", c->uid);
		if (ret == -EINVAL)
			err_hint(e, "the user is not mapped in the user namespace");
		if (ret == -EAGAIN)
			err_hint(e, "the user has reached its RLIMIT_NPROC");
		return err_at(e, "$.process.user.uid");
	}
	return 0;
}

static int run(struct run *r, struct err *e)
{
	const struct plan_creds *c = &r->plan->creds;
	const struct spec_user *u = &r->plan->process->user;
	int ret = set_groups(r, e);

	if (ret < 0)
		return ret;
	/* else setresuid would empty the permitted set that caps.sets chooses from */
	ret = sys_prctl(PR_SET_KEEPCAPS, c->uid != 0);
	if (ret < 0)
		return err_sys(e, ret, "keep the capabilities over the change of user");
	ret = set_ids(c, e);
	if (ret < 0)
		return ret;
	/* a change of ids sets it to fs.suid_dumpable, which need not be 0 (CVE-2016-9962) */
	ret = sys_prctl(PR_SET_DUMPABLE, 0);
	if (ret < 0)
		return err_sys(e, ret, "forbid tracing");
	if (u->has_umask)
		umask(u->umask);
	return 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_user *u = &p->process->user;

	buf_addf(out, "uid %u\ngid %u\n", p->creds.uid, p->creds.gid);
	if (!p->creds.set_groups)
		buf_adds(out, "groups kept\n");
	else if (u->additional_gids.n == 0)
		buf_adds(out, "groups none\n");
	for (size_t i = 0; p->creds.set_groups && i < u->additional_gids.n; i++)
		buf_addf(out, "group %u\n", u->additional_gids.v[i]);
	if (u->has_umask)
		buf_addf(out, "umask %04o\n", u->umask);
}

const struct step step_user = {
	.name = "user.ids",
	.what = "become the user: groups, gid, uid, umask",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
