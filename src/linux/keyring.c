/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session keyring of the container's own, so that it does not share the caller's keys (keyrings(7)). It is joined by
 * name after the user namespace is entered, where names are looked up, so that exec finds the one of init.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <unistd.h>

#include "linux/selinux.h"
#include "linux/steps.h"
#include "sys/raw.h"

#define USER_SEARCH 0x00080000u /* KEY_USR_SEARCH: lets root of the container join by name */
#define NAME_SIZE   (1024 + 8)

static bool applies(const struct plan *p)
{
	return p->process && !p->opts.no_new_keyring;
}

static void ring_name(const struct plan *p, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "_ses.%s", p->opts.id);
}

struct ring {
	uid_t uid;
	unsigned perm;
};

/* "keyring;0;0;3f1b0000;_ses.c1": type, uid, gid, permissions, description. */
static int describe(long ring, struct ring *ret)
{
	char text[NAME_SIZE + 64];
	long n = sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)ring, (unsigned long)text,
			    sizeof(text) - 1, 0);

	if (n < 0)
		return (int)n;
	text[MIN((size_t)n, sizeof(text) - 1)] = '\0';
	return sscanf(text, "%*[^;];%u;%*d;%x;", &ret->uid, &ret->perm) == 2 ? 0 : -EPROTO;
}

/* Any user of the host may have made a keyring of that name and let us in: its keys are not the container's. */
static int leave_foreign(struct run *r, const char *name, uid_t owner, struct err *e)
{
	long ring = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);

	run_warn(r, "the keyring '%s' belongs to user %u: a nameless one is used", name, owner);
	return ring < 0 ? err_sys(e, (int)ring, "join a new session keyring") : 0;
}

static int join(struct run *r, struct err *e)
{
	char name[NAME_SIZE];
	struct ring desc;

	ring_name(r->plan, name);
	long ring = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0, 0, 0);
	if (ring == -ENOSYS)
		return 0; /* a kernel without keys: nothing is shared */
	if (ring < 0) {
		err_sys(e, (int)ring, "join the session keyring '%s'", name);
		if (ring == -EDQUOT)
			return err_hint(e, "the user has too many keys: raise "
					   "/proc/sys/kernel/keys/maxkeys and maxbytes "
					   "(root_maxkeys …), or use --no-new-keyring");
		return err_hint(e, "--no-new-keyring keeps the caller's keyring");
	}
	int ret = describe(ring, &desc);
	if (ret >= 0 && desc.uid != geteuid())
		return leave_foreign(r, name, desc.uid, e);
	if (ret >= 0 && !(desc.perm & USER_SEARCH))
		ret = (int)sys_keyctl(KEYCTL_SETPERM, (unsigned long)ring, desc.perm | USER_SEARCH,
				      0, 0);
	return ret < 0 ? err_sys(e, ret, "set the permissions of the session keyring '%s'", name)
		       : 0;
}

static int run(struct run *r, struct err *e)
{
	const char *label = r->plan->creds.selinux;
	int ret = label ? selinux_set_keycreate(&r->proc, label, e) : 0;

	if (ret >= 0)
		ret = join(r, e);
	if (ret >= 0 && label)
		ret = selinux_set_keycreate(&r->proc, "", e);
	return ret;
}

static void explain(const struct plan *p, struct buf *out)
{
	char name[NAME_SIZE];

	ring_name(p, name);
	buf_addf(out, "name %s\n", name);
	if (p->creds.selinux)
		buf_addf(out, "label %s\n", p->creds.selinux);
}

const struct step step_keyring = {
	.name = "keyring",
	.what = "join a session keyring of the container's own",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
