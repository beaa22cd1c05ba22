/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running the installed ketch: its error comes back as the JSON line of its log, through a memfd. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/context.h"
#include "config.h"
#include "core/hooks.h"
#include "spec/field.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

enum { LOG_MAX = 1024 * 1024, NOT_BEGUN = 0x00ff00ff };

/* In the log of a child that could not execute the program: no line begins like that. */
struct not_begun {
	int mark, r;
};

/* A line of the log, as util/log.c writes it. */
struct line {
	char *level, *msg, *code, *step, *path, *hint;
	int32_t errnum;
	uint32_t line, column;
};

static const struct field line_fields[] = {
	F_STR("level", struct line, level),
	F_STR("msg", struct line, msg),
	F_STR("code", struct line, code),
	F_STR("step", struct line, step),
	F_STR("path", struct line, path),
	F_STR("hint", struct line, hint),
	F_INT("errno", struct line, errnum),
	F_INT("line", struct line, line),
	F_INT("column", struct line, column),
	F_SKIP("time"),
	FIELD_END,
};

static enum err_code code_of(const char *name)
{
	for (int i = ERR_NONE + 1; name && i < ERR_N_CODES; i++) {
		if (strcmp(err_code_name(i), name) == 0)
			return (enum err_code)i;
	}
	return ERR_INTERNAL;
}

/* Cuts END off TEXT where that ends with it. */
static bool cut_end(char *text, const char *end)
{
	size_t n = strlen(text), len = strlen(end);

	if (len == 0 || n < len || strcmp(text + n - len, end) != 0)
		return false;
	text[n - len] = '\0';
	return true;
}

/* Step, place and hint stand in LINE too, for engines that show nothing else (err_line()): the message is what is left without them. */
static const char *bare_message(const struct err *e, char *line)
{
	auto_buf struct buf place = { 0 }, hint = { 0 };
	size_t n = strlen(e->step);
	char *begin;

	if (n && strncmp(line, e->step, n) == 0 && strncmp(line + n, ": ", 2) == 0)
		line += n + 2;
	buf_addf(&hint, "; hint: %s", e->hint);
	if (e->hint[0])
		(void)cut_end(line, buf_str(&hint));
	err_place(e, "", &place); /* the name of the document stands before it */
	if (place.len)
		buf_addc(&place, ')');
	if (cut_end(line, buf_str(&place)) && (begin = strrchr(line, '(')) && begin > line)
		begin[-1] = '\0';
	return line;
}

static bool take_line(const char *text, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct line l = { 0 };
	struct err ignored;

	if (field_parse(line_fields, &l, &arena, text, strlen(text), &ignored) < 0 || !l.level ||
	    !l.msg || strcmp(l.level, "error") != 0)
		return false;
	err_set(e, code_of(l.code), "%s", "");
	e->errnum = l.errnum > 0 ? l.errnum : 0;
	e->line = l.line;
	e->col = l.column;
	if (l.step)
		err_step(e, l.step);
	if (l.path)
		err_at(e, "%s", l.path);
	if (l.hint)
		err_hint(e, "%s", l.hint);
	snprintf(e->msg, sizeof(e->msg), "%s", bare_message(e, l.msg));
	return true;
}

/* The last error of the log; false when there is none. */
static bool read_error(int log, struct err *e)
{
	auto_buf struct buf text = { 0 };
	bool found = false;
	char *rest, *one;

	if (lseek(log, 0, SEEK_SET) < 0 || host_read_fd(log, LOG_MAX, &text) < 0 || !text.p)
		return false;
	rest = text.p;
	while ((one = strsep(&rest, "\n")))
		found |= *one && take_line(one, e);
	return found;
}

/* argv[0] is its path: beside that ketch looks for ketch-seccomp-agent. */
static int build_argv(const ketch_context *c, const char *program, const struct strv *args, int log,
		      struct strv *ret)
{
	int r = strv_add(ret, program);

	if (r >= 0 && c->root && (r = strv_add(ret, "--root")) >= 0)
		r = strv_add(ret, c->root);
	if (r >= 0)
		r = strv_addf(ret, "--log=/proc/self/fd/%d", log);
	if (r >= 0)
		r = strv_add(ret, "--log-format=json");
	if (r >= 0)
		r = strv_add(ret, "--log-only"); /* standard error is the container's */
	if (r >= 0 && c->cgroup_manager)
		r = strv_addf(ret, "--cgroup-manager=%s", c->cgroup_manager);
	for (size_t i = 0; r >= 0 && i < args->n; i++)
		r = strv_add(ret, args->v[i]);
	return r;
}

/* In the child. Only here the log stays open over execve, for the program to open it by its number: other threads may start programs, too. */
static NORETURN void become(const char *program, char **argv, char **envp, int log)
{
	int r = fcntl(log, F_SETFD, 0) < 0 ? -errno : sys_execve(program, argv, envp);
	const struct not_begun word = { .mark = NOT_BEGUN, .r = r };

	(void)!write(log, &word, sizeof(word));
	_exit(127);
}

/* -errno of a child that did not become the program; a status of 127 may be that of what runs in the container. */
static int not_begun(int log)
{
	struct not_begun word;

	if (pread(log, &word, sizeof(word), 0) != sizeof(word) || word.mark != NOT_BEGUN)
		return 0;
	return word.r;
}

/* The log above the descriptors that are passed on: in a hole among them the container would have it. -errno */
static int open_log(unsigned preserve_fds)
{
	auto_fd int log = memfd_create("libketch-log", MFD_CLOEXEC);
	if (log < 0)
		return -errno;
	int above = fcntl(log, F_DUPFD_CLOEXEC, (int)(3 + preserve_fds));
	if (above >= 0)
		return above;
	/* above RLIMIT_NOFILE: ketch refuses that, and says why */
	return errno == EINVAL ? TAKE_FD(log) : -errno;
}

/* The child's pid or -errno. The caller's service manager is no matter of the container's. */
static pid_t start(const char *program, char **argv, int log)
{
	char **envp;
	int r = environ_for_others(environ, &envp);

	if (r < 0)
		return r;
	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, NULL);
	if (pid == 0)
		become(program, argv, envp, log);
	free(envp);
	return pid;
}

/* The exit status, or the error by which ketch ended. That a signal ended the program of an exec it tells by its exit status: of a ketch that
 * was killed itself nobody knows what its container does. */
static int take_end(int wstatus, int log, int *status, struct err *e)
{
	if (wstatus != 0 && read_error(log, e))
		return err_errno(e);
	if (WIFSIGNALED(wstatus)) {
		const char *name = sigabbrev_np(WTERMSIG(wstatus));

		return err_set(e, ERR_INTERNAL, "ketch was killed by signal %d (%s)",
			       WTERMSIG(wstatus), name ? name : "?");
	}
	*status = WEXITSTATUS(wstatus);
	return 0;
}

int api_spawn(const ketch_context *c, const struct strv *args, unsigned preserve_fds, int *status,
	      struct err *e)
{
	auto_strv struct strv argv = { 0 };
	const char *program = c->program ? c->program : KETCH_PROGRAM;
	int wstatus = 0;

	auto_fd int log = open_log(preserve_fds);
	if (log < 0)
		return err_sys(e, log, "make a file for ketch's log");
	int r = build_argv(c, program, args, log, &argv);
	if (r < 0)
		return err_sys(e, r, "arguments");
	pid_t pid = start(program, argv.v, log);
	if (pid < 0)
		return err_sys(e, pid, "start '%s'", program);
	while (waitpid(pid, &wstatus, 0) < 0) {
		if (errno != EINTR)
			return err_sys(e, -errno, "wait for '%s'", program);
	}
	r = not_begun(log);
	if (r < 0) {
		err_sys(e, r, "execute '%s'", program);
		if (r == -ENOENT)
			e->code = ERR_NOT_FOUND;
		return err_hint(e, "ketch_context_set_program() says where ketch is");
	}
	return take_end(wstatus, log, status, e);
}
