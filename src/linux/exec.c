/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last row of the table: the seccomp program, then the program of the container (runtime.md#lifecycle step 8,
 * config.md#process). Whoever waits for the outcome was told "execve is next" by start.announce.
 *
 * Under the seccomp program execve is the only system call (profiles may stop, kill or notify on any other). So all is
 * made ready before, and a failure of execve is told without one: to the thread of seccomp_notify.c where there is one,
 * else in the shared page that the waiting side reads. Without noNewPrivileges loading takes CAP_SYS_ADMIN, which
 * caps.sets kept; execve computes the new capabilities without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>

#include "engine/progress.h"
#include "linux/environ.h"
#include "linux/exec.h"
#include "linux/seccomp.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/cleanup.h"

enum { STATUS_NOT_FOUND = 127, STATUS_CANT_EXEC = 126 }; /* as shells have it */

int exec_status(int errnum)
{
	return errnum == ENOENT ? STATUS_NOT_FOUND : STATUS_CANT_EXEC;
}

int exec_tell_failure(const char *path, int errnum, struct err *e)
{
	/* The container's root by now. */
	auto_fd int root = sys_open("/", O_PATH | O_DIRECTORY, 0);

	if (root < 0)
		return err_sys(e, -errnum, "exec %s", path);
	return exec_diagnose(root, path, errnum, e);
}

int seccomp_program_load(const struct seccomp_program *p, struct err *e)
{
	struct sock_fprog prog = { .len = p->n, .filter = p->insns };
	long r = sys_seccomp(SECCOMP_SET_MODE_FILTER, p->flags, &prog);

	if (r >= 0)
		return (int)r;
	err_sys(e, (int)r, "load the seccomp program");
	err_at(e, "$.linux.seccomp");
	if (r == -EBUSY)
		err_hint(
			e,
			"a process can have one seccomp listener, and ketch itself runs under one: "
			"SCMP_ACT_NOTIFY can't be used here");
	else if (r == -EACCES)
		err_hint(e, "it takes noNewPrivileges or CAP_SYS_ADMIN in the container's user "
			    "namespace");
	else if (r == -ENOMEM)
		err_hint(e, "the programs of all filters above this process count together");
	return (int)r;
}

/* No way to say more than a number, and maybe none to exit either. */
static void die_silently(struct exec_outcome *outcome, int errnum)
{
	if (outcome)
		__atomic_store_n(&outcome->errnum, (uint32_t)errnum, __ATOMIC_SEQ_CST);
	sys_exit_group(exec_status(errnum));
	for (;;)
		__builtin_trap();
}

/* Under the filter nobody could look into the file: what would be the matter with it is noted before. */
static void look_before(struct run *r)
{
	if (!r->outcome || r->seccomp->thread)
		return;
	auto_fd int root = sys_open("/", O_PATH | O_DIRECTORY, 0);
	if (root >= 0)
		(void)exec_check(root, r->exec_path, &r->outcome->seen);
}

static int exec_filtered(struct run *r, char *const argv[], char *const envp[], struct err *e)
{
	struct seccomp_thread *thread = r->seccomp->thread;

	look_before(r);
	int notify_fd = seccomp_program_load(r->seccomp, e);

	if (notify_fd < 0)
		return notify_fd;
	if (thread)
		seccomp_thread_give(thread, notify_fd);
	int ret = sys_execve(r->exec_path, argv, envp);
	if (thread)
		seccomp_thread_failed(thread, -ret);
	die_silently(r->outcome, -ret);
	return ret; /* neither of them comes back */
}

static int run(struct run *r, struct err *e)
{
	char *none[] = { NULL };
	char *const *argv = r->plan->process->args.v;
	char *const *envp = r->env.v ? r->env.v : none;

	environ_tell_pid(r->plan, &r->env);
	if (r->seccomp)
		return exec_filtered(r, argv, envp, e);
	int ret = sys_execve(r->exec_path, argv, envp);
	return exec_tell_failure(r->exec_path, -ret, e);
}

static bool has_process(const struct plan *p)
{
	return p->process != NULL;
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_adds(out, "args [");
	for (size_t i = 0; i < p->process->args.n; i++) {
		buf_adds(out, i ? "," : "");
		buf_addjson(out, p->process->args.v[i]);
	}
	buf_adds(out, "]\n");
}

const struct step step_exec = {
	.name = "exec",
	.what = "load the seccomp program and execute the program of the container",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = has_process,
	.run = run,
	.explain = explain,
};
