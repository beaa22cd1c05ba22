/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding the program before `create` returns, so that engines get their exit codes 126 and 127 there (config.md#process,
 * args: the rules of execvp(3)). Run as the process's user, in its working directory. A shell is never put before a
 * file of unknown format: neither do the peers, and execve's error is told with its reason.
 *
 * PATH is that of process.env; where there is none the C library's default counts ("/bin:/usr/bin"), and an empty
 * element is the working directory, both as execvp says.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/environ.h"
#include "linux/exec.h"
#include "linux/steps.h"
#include "sys/creds.h"
#include "sys/raw.h"
#include "util/util.h"

#define DEFAULT_PATH "/bin:/usr/bin"

enum { SHOWN = 100 }; /* characters of a name in a message, whose end engines must see */

/* ---- errors in the engines' words ---- */

const char *exec_shorten(const char *name, char out[EXEC_NAME_SIZE])
{
	if (strlen(name) <= SHOWN)
		return name;
	snprintf(out, EXEC_NAME_SIZE, "%.*s...", SHOWN, name);
	return out;
}

void exec_reason(int errnum, char out[EXEC_REASON_SIZE])
{
	snprintf(out, EXEC_REASON_SIZE, "%s", strerror(errnum));
	if (!(isupper((unsigned char)out[0]) && isupper((unsigned char)out[1])))
		out[0] = (char)tolower((unsigned char)out[0]);
}

enum err_code exec_code(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EISDIR:
		return ERR_DENIED;
	default:
		return ERR_KERNEL;
	}
}

static int at_args(struct err *e, int errnum)
{
	e->errnum = errnum;
	return err_at(e, "$.process.args[0]");
}

/* What people write who think of a shell. */
static void hint_no_shell(const char *name, struct err *e)
{
	size_t n = strcspn(name, " \t\n");

	if (name[n] && n > 0)
		err_hint(e,
			 "there are blanks in the name: give each word of a command as a string of "
			 "its own, here '%.*s' and the rest",
			 (int)MIN(n, (size_t)40), name);
	else if (name[n])
		err_hint(e, "the name begins with a blank");
	else if (name[0] == '~' || strchr(name, '$'))
		err_hint(e, "no shell expands '~' and '$'");
}

static int fail_stat(const char *name, int r, struct err *e)
{
	char short_name[EXEC_NAME_SIZE], reason[EXEC_REASON_SIZE];

	name = exec_shorten(name, short_name);
	exec_reason(-r, reason);
	err_set(e, exec_code(-r), "exec: \"%s\": stat %s: %s", name, name, reason);
	if (r == -ENOENT)
		hint_no_shell(name, e);
	if (r == -ENOENT)
		err_hint(e, "the path is looked up in the container's root file system");
	if (r == -EACCES)
		err_hint(e, "a directory of the path is closed to the user");
	return at_args(e, -r);
}

static int fail_path(const char *name, const char *path, bool is_default, struct err *e)
{
	char short_name[EXEC_NAME_SIZE];

	err_set(e, ERR_NOT_FOUND, "exec: \"%s\": executable file not found in $PATH",
		exec_shorten(name, short_name));
	hint_no_shell(name, e);
	if (is_default)
		err_hint(e, "process.env has no PATH; the default was searched: %s", path);
	else
		err_hint(e, "PATH of process.env is '%.120s'", path);
	return at_args(e, ENOENT);
}

static int fail_denied(const char *name, const char *file, const char *why, struct err *e)
{
	char short_name[EXEC_NAME_SIZE], short_file[EXEC_NAME_SIZE];

	err_set(e, ERR_DENIED, "exec: \"%s\": permission denied", exec_shorten(name, short_name));
	err_hint(e, "'%s' %s", exec_shorten(file, short_file), why);
	return at_args(e, EACCES);
}

/* ---- looking ---- */

/* May FILE be executed: 0 or the -errno that execve would give, *MODE as far as it is known. */
static int try_file(UNUSED void *ctx, const char *file, mode_t *mode)
{
	*mode = 0;
	int r = sys_stat_mode(file, mode);

	if (r < 0)
		return r;
	if (S_ISDIR(*mode))
		return -EISDIR;
	return S_ISREG(*mode) ? sys_access_exec(file) : -EACCES;
}

static int found(const char *file, char **ret, struct err *e)
{
	*ret = strdup(file);
	return *ret ? 0 : err_sys(e, -ENOMEM, "keep the program's path");
}

static const char *why_denied(mode_t mode)
{
	if (!S_ISREG(mode))
		return "is not a regular file";
	if (!(mode & 0111))
		return "has no execute permission";
	return "may not be executed by this user, or is on a mount with noexec";
}

static int lookup_file(const struct exec_view *view, const char *name, char **ret, struct err *e)
{
	char short_name[EXEC_NAME_SIZE];
	mode_t mode;
	int r = view->try_file(view->ctx, name, &mode);

	if (r >= 0)
		return found(name, ret, e);
	if (r == -EISDIR) {
		/* Docker before 23 gives 126 for "permission denied" alone. */
		err_set(e, ERR_DENIED, "exec: \"%s\": is a directory: permission denied",
			exec_shorten(name, short_name));
		return at_args(e, EISDIR);
	}
	if (mode == 0 || r != -EACCES)
		return fail_stat(name, r, e);
	return fail_denied(name, name, why_denied(mode), e);
}

/* Puts DIR (N bytes) before NAME; false when that is longer than a path can be. */
static bool join(char out[PATH_MAX], const char *dir, size_t n, const char *name)
{
	int len = snprintf(out, PATH_MAX, "%.*s%s%s", (int)n, dir, n > 0 ? "/" : "", name);

	return n < PATH_MAX && len > 0 && len < PATH_MAX;
}

static int lookup_path(const struct exec_view *view, const char *name, const char *path,
		       bool is_default, char **ret, struct err *e)
{
	char file[PATH_MAX], denied[PATH_MAX] = "";
	mode_t denied_mode = 0, mode;

	for (const char *dir = path; dir;) {
		const char *end = strchrnul(dir, ':');
		bool fits = join(file, dir, (size_t)(end - dir), name);
		int r = fits ? view->try_file(view->ctx, file, &mode) : -ENAMETOOLONG;

		if (r >= 0)
			return found(file, ret, e);
		/* like execvp: a file that can't be run is only the answer when no other can */
		if (r == -EACCES && S_ISREG(mode) && !denied[0]) {
			memcpy(denied, file, strlen(file) + 1);
			denied_mode = mode;
		}
		dir = *end ? end + 1 : NULL;
	}
	if (denied[0])
		return fail_denied(name, denied, why_denied(denied_mode), e);
	return fail_path(name, path, is_default, e);
}

int exec_lookup_in(const struct exec_view *view, const char *name, const struct strv *env,
		   char **ret, struct err *e)
{
	const char *path = strv_getenv(env, "PATH");

	if (strchr(name, '/'))
		return lookup_file(view, name, ret, e);
	if (!*name)
		return fail_path(name, path ? path : DEFAULT_PATH, !path, e);
	return lookup_path(view, name, path ? path : DEFAULT_PATH, !path, ret, e);
}

int exec_lookup(const char *name, const struct strv *env, char **ret, struct err *e)
{
	static const struct exec_view here = { .try_file = try_file };

	return exec_lookup_in(&here, name, env, ret, e);
}

/* ---- the size of arguments and environment ---- */

/* execve(2), "Limits on size of arguments and environment": a quarter of the stack limit, within these two. */
static uint64_t total_limit(const struct plan *p)
{
	const uint64_t least = 128 << 10, most = 6 << 20;
	struct sys_rlimit stack = { .soft = UINT64_MAX };

	(void)sys_prlimit(0, RLIMIT_STACK, NULL, &stack);
	for (size_t i = 0; p->from.rlimits && i < p->from.rlimits->rlimits.n; i++) {
		const struct spec_rlimit *l = &p->from.rlimits->rlimits.v[i];

		if (l->resource == RLIMIT_STACK)
			stack.soft = l->soft;
	}
	return MAX(MIN(stack.soft / 4, most), least);
}

static int add_sizes(const struct strv *l, const char *where, uint64_t *total, struct err *e)
{
	const size_t one_limit = 32 * (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->v[i]) + 1;

		if (n > one_limit) {
			err_set(e, ERR_KERNEL,
				"argument list too long: an entry of %zu bytes, the kernel takes "
				"%zu at most",
				n, one_limit);
			e->errnum = E2BIG;
			return err_at(e, "$.process.%s[%zu]", where, i);
		}
		*total += n + sizeof(char *);
	}
	return 0;
}

int exec_check_size(const struct plan *p, const struct strv *env, struct err *e)
{
	uint64_t total = 0, limit = total_limit(p);
	int r = add_sizes(&p->process->args, "args", &total, e);

	if (r >= 0)
		r = add_sizes(env, "env", &total, e);
	if (r < 0 || total <= limit)
		return r;
	err_set(e, ERR_KERNEL,
		"argument list too long: args and env take %llu bytes, the kernel takes %llu",
		(unsigned long long)total, (unsigned long long)limit);
	err_hint(e, "a larger RLIMIT_STACK in process.rlimits raises that to 6 MiB at most");
	e->errnum = E2BIG;
	return err_at(e, "$.process.env");
}

/* ---- the row ---- */

static bool applies(const struct plan *p)
{
	return p->process != NULL;
}

/* The environment is built here, not right before execve, where small limits may be in force already. */
static int run(struct run *r, struct err *e)
{
	const struct spec_process *p = r->plan->process;
	int ret = environ_build(r->plan, &r->env, e);

	if (ret >= 0)
		ret = exec_check_size(r->plan, &r->env, e);
	return ret < 0 ? ret : exec_lookup(p->args.v[0], &r->env, &r->exec_path, e);
}

static void explain(const struct plan *p, struct buf *out)
{
	const char *path = strv_getenv(&p->process->env, "PATH");

	buf_adds(out, "program ");
	buf_addjson(out, p->process->args.v[0]);
	if (!strchr(p->process->args.v[0], '/')) {
		buf_adds(out, "\nsearch ");
		buf_addjson(out, path ? path : DEFAULT_PATH);
	}
	buf_addc(out, '\n');
}

const struct step step_exec_lookup = {
	.name = "exec.lookup",
	.what = "build the environment and find the program",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
