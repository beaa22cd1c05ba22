/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The label that the program gets at execve: AppArmor profile or SELinux context, written through the verified procfs
 * and nothing the container could have mounted (CVE-2019-16884, CVE-2025-52881). config.md#linux-process.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "linux/apparmor.h"
#include "linux/lsm.h"
#include "linux/selinux.h"
#include "linux/steps.h"
#include "sys/raw.h"

static bool applies(const struct plan *p)
{
	return p->process && (p->creds.apparmor || p->creds.selinux);
}

static int set_labels(struct run *r, const char *apparmor, const char *selinux, struct err *e)
{
	int ret = apparmor ? apparmor_set_exec(&r->proc, apparmor, e) : 0;

	return ret >= 0 && selinux ? selinux_set_exec(&r->proc, selinux, e) : ret;
}

static int set_label(struct run *r, struct err *e)
{
	return set_labels(r, r->plan->creds.apparmor, r->plan->creds.selinux, e);
}

static void explain(const struct plan *p, struct buf *out)
{
	if (p->creds.apparmor)
		buf_addf(out, "apparmor %s\n", p->creds.apparmor);
	if (p->creds.selinux)
		buf_addf(out, "selinux %s\n", p->creds.selinux);
}

/* ---- lsm.check ---- */

/* What the child that tries tells us. */
struct trial {
	int result;
	struct err e;
};

enum { UNTRIED = 1 };

/* The kernel looks a label up when it is written, which is at start. A child that lives for this alone writes it before, so that a
 * wrong one is an error of create; a label for execve can't be taken back from a process that goes on. */
int lsm_try(struct run *r, const char *apparmor, const char *selinux, struct err *e)
{
	int pidfd = -EBADF, status;
	struct trial *t =
		mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return err_sys(e, -errno, "try the security label");
	t->result = UNTRIED;
	pid_t pid = sys_clone3(0, SIGCHLD, -1, &pidfd);
	if (pid == 0) {
		t->result = set_labels(r, apparmor, selinux, &t->e);
		sys_exit_group(0);
		__builtin_trap();
	}
	int ret = pid < 0 ? err_sys(e, pid, "try the security label") : 0;
	if (pid > 0) {
		close_fd(pidfd);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		ret = t->result == UNTRIED ? err_sys(e, -EIO, "try the security label") : t->result;
		if (t->result < 0)
			*e = t->e;
	}
	munmap(t, sizeof(*t));
	return ret;
}

static bool check_applies(const struct plan *p)
{
	return applies(p) || p->mount_label;
}

static int check_run(struct run *r, struct err *e)
{
	const struct plan *p = r->plan;
	int ret = p->mount_label ? selinux_check_mount_label(p->spec->lnx->mount_label, e) : 0;

	if (ret < 0 || !applies(p))
		return ret;
	return lsm_try(r, p->creds.apparmor, p->creds.selinux, e);
}

const struct step step_lsm_check = {
	.name = "lsm.check",
	.what = "ask the kernel whether it knows the security labels",
	.stage = STAGE_HOST,
	.use = FOR_CREATE,
	.applies = check_applies,
	.run = check_run,
};

/* ---- lsm.label ---- */

const struct step step_lsm_label = {
	.name = "lsm.label",
	.what = "set the security label of the program",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = set_label,
	.explain = explain,
};
