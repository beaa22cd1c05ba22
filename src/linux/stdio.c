/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Standard input, output and error are given to the user, so that it can open /dev/stdout again, as the peers do. By
 * descriptor only (CVE-2026-88265). Left alone: /dev/null and other devices, which are shared with the host, and a terminal
 * that is the operator's and not the container's.
 *
 * In a user namespace nobody can give away what belongs to a user who is not mapped there, as the engine's pipes do: the parent gives
 * them to the user's id outside. Only pipes: what has a name on the host stays its owner's, which the namespace would have kept it.
 */
#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/steps.h"

static bool applies(const struct plan *p)
{
	return p->process != NULL;
}

static bool is_ours_to_give(const struct plan *p, int fd, const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return p->terminal && isatty(fd);
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) || S_ISREG(st->st_mode);
}

static bool is_nameless_pipe(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

/* The user can do without, where the id is not mapped, the file system is read-only or the file another's. */
static bool tolerated(int error)
{
	return error == EINVAL || error == EPERM || error == EROFS || error == EOVERFLOW;
}

static int give(const struct plan *p, uid_t uid, bool outside, struct err *e)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return err_sys(e, -errno, "inspect descriptor %d", fd);
		}
		if (st.st_uid == uid ||
		    !(outside ? is_nameless_pipe(fd, &st) : is_ours_to_give(p, fd, &st)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && !tolerated(errno))
			return err_sys(e, -errno, "give descriptor %d to user %u", fd, uid);
	}
	return 0;
}

/* ---- stdio.give ---- */

static bool applies_outside(const struct plan *p)
{
	uid_t uid;

	/* a terminal for the container is made inside */
	return p->process && !p->terminal && plan_host_uid(p, &uid);
}

static int run_outside(struct run *r, struct err *e)
{
	uid_t uid;

	return plan_host_uid(r->plan, &uid) ? give(r->plan, uid, true, e) : 0;
}

static void explain_outside(const struct plan *p, struct buf *out)
{
	uid_t uid;

	if (plan_host_uid(p, &uid))
		buf_addf(out, "owner %u outside\n", uid);
}

const struct step step_stdio_give = {
	.name = "stdio.give",
	.what = "give pipes of standard input, output and error to the user's id outside the user "
		"namespace",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies_outside,
	.run = run_outside,
	.explain = explain_outside,
};

/* ---- stdio.owner ---- */

static int run(struct run *r, struct err *e)
{
	return give(r->plan, r->plan->creds.uid, false, e);
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "owner %u\n", p->creds.uid);
}

const struct step step_stdio_owner = {
	.name = "stdio.owner",
	.what = "give standard input, output and error to the user",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
