/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running hooks. The state goes in through a memfd, so that a hook that does not read it neither blocks us nor breaks a pipe; its output goes
 * to a memfd too: a hook can't be stopped by a full pipe or by SIGPIPE, and its words stand in the error.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/hooks.h"
#include "core/journal.h"
#include "engine/step.h"
#include "spec/annotations.h"
#include "spec/names.h"
#include "sys/creds.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/utf8.h"

/* Bytes of a hook's output: with a path of usual length the first two fit into the message of an error, the last into a packet. */
enum { WORDS_FIRST = 256, WORDS_LAST = 512, WORDS_LOGGED = PROTO_MAX_DATA - 256 };

struct hook_run {
	const struct spec_hook *hook;
	const struct hook_env *env;
	int in, out, err; /* what becomes 0, 1, 2 */
	char **argv, **envp;
};

static int memfd_with(const char *name, const char *text)
{
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (text) {
		int r = host_write_fd(fd, text, strlen(text));
		if (r < 0)
			return r;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
	}
	return TAKE_FD(fd);
}

static bool is_ours_alone(const char *entry)
{
	return strncmp(entry, "LISTEN_FDS=", 11) == 0 || strncmp(entry, "LISTEN_PID=", 11) == 0 ||
	       strncmp(entry, "LISTEN_FDNAMES=", 15) == 0 ||
	       strncmp(entry, "NOTIFY_SOCKET=", 14) == 0;
}

int environ_for_others(char *const *from, char ***ret)
{
	size_t n = 0, k = 0;

	while (from && from[n])
		n++;
	char **v = calloc(n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!is_ours_alone(from[i]))
			v[k++] = from[i];
	}
	*ret = v;
	return 0;
}

static int to_fd(int fd, int want)
{
	return dup3(fd, want, 0) < 0 ? -errno : 0;
}

/* By the hook itself, before it runs: there is no moment at which it runs and nobody knows of it. */
static int note(const struct hook_run *h)
{
	struct err ignored;

	return h->env->journal_dir < 0
		       ? 0
		       : journal_add_process(h->env->journal_dir, JOURNAL_HOOK, getpid(), &ignored);
}

/* In the child. The exit status 127 with a word on stderr tells of a failed execve. Nothing here allocates (see sys_clone3()) or
 * takes another lock of the C library: not strerror(3) either, which may load a translation. */
static NORETURN void become(const struct hook_run *h)
{
	int r = sys_signals_reset();

	if (r >= 0 && setpgid(0, 0) < 0)
		r = -errno;
	if (r >= 0)
		r = note(h);
	if (r >= 0)
		r = to_fd(h->in, 0);
	if (r >= 0)
		r = to_fd(h->out, 1);
	if (r >= 0)
		r = to_fd(h->err, 2);
	if (r >= 0)
		r = sys_close_range(3, ~0u, 0);
	if (r >= 0 && h->env->cwd)
		r = sys_chdir(h->env->cwd);
	if (r >= 0)
		r = sys_execve(h->hook->path, h->argv, h->envp);
	dprintf(2, "%s: %s", h->hook->path, strerrordesc_np(-r));
	_exit(127);
}

enum hook_end { HOOK_ENDED, HOOK_TIMED_OUT, HOOK_GIVEN_UP, HOOK_LOST };

static enum hook_end await(const struct spec_hook *h, int pidfd, int watch_fd)
{
	const int64_t longest = INT32_MAX; /* seconds: 68 years, which no multiplication passes */
	int64_t end = h->has_timeout ? clock_ms() + MIN(h->timeout, longest) * 1000 : 0;

	for (;;) {
		struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
				      { .fd = watch_fd, .events = POLLIN } };
		int64_t left = h->has_timeout ? end - clock_ms() : -1;

		if (h->has_timeout && left <= 0)
			return HOOK_TIMED_OUT;
		if (left > INT32_MAX)
			left = INT32_MAX;
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return HOOK_GIVEN_UP;
		if (p[0].revents)
			return HOOK_ENDED;
		if (p[1].revents)
			return HOOK_GIVEN_UP;
	}
}

/* Adds N bytes of what the hook wrote, on one line. */
static void add_words(int captured, off_t start, size_t n, struct buf *out)
{
	char text[WORDS_LOGGED];
	ssize_t got = pread(captured, text, MIN(n, sizeof(text)), start);

	for (ssize_t i = 0; i < got; i++) {
		if (strchr("\n\r\t", text[i])) /* or a NUL */
			text[i] = ' ';
	}
	while (got > 0 && text[got - 1] == ' ')
		got--;
	if (got > 0)
		buf_addplain(out, text, (size_t)got);
}

/*
 * The cause may be in the first line or in the last. What lies between is in the log alone, which no engine shows.
 */
static void find_words(const struct hook_run *h, int captured, struct buf *out)
{
	off_t end = lseek(captured, 0, SEEK_END);

	if (end <= WORDS_FIRST + WORDS_LAST) {
		add_words(captured, 0, WORDS_FIRST + WORDS_LAST, out);
		return;
	}
	add_words(captured, 0, WORDS_FIRST, out);
	buf_adds(out, " ... ");
	add_words(captured, end - WORDS_LAST, WORDS_LAST, out);

	auto_buf struct buf all = { 0 };
	add_words(captured, end > WORDS_LOGGED ? end - WORDS_LOGGED : 0, WORDS_LOGGED, &all);
	if (h->env->run)
		run_warn(h->env->run, "hook '%.128s' wrote: %s", h->hook->path, buf_str(&all));
	else
		log_emit(LOG_WARNING, "hook '%.128s' wrote: %s", h->hook->path, buf_str(&all));
}

static int say_failed(const struct hook_run *run, enum hook_end end, int status, int captured,
		      struct err *e)
{
	const struct spec_hook *h = run->hook;
	auto_buf struct buf text = { 0 };

	find_words(run, captured, &text);
	const char *words = buf_str(&text);
	const char *sep = words[0] ? ": " : "";
	if (end == HOOK_TIMED_OUT)
		return err_set(e, ERR_HOOK, "hook '%s' was killed after its timeout of %lld s%s%s",
			       h->path, (long long)h->timeout, sep, words);
	if (end == HOOK_GIVEN_UP)
		return err_set(e, ERR_HOOK,
			       "hook '%s' was killed: the container's creation was interrupted",
			       h->path);
	if (end == HOOK_LOST) {
		err_set(e, ERR_HOOK,
			"hook '%s' has ended, but its exit status was taken by somebody else%s%s",
			h->path, sep, words);
		return err_hint(e, "the program that uses libketch must not ignore SIGCHLD, nor "
				   "wait for children that are not its own");
	}
	if (WIFSIGNALED(status))
		return err_set(e, ERR_HOOK, "hook '%s' was killed by signal %d%s%s", h->path,
			       WTERMSIG(status), sep, words);
	return err_set(e, ERR_HOOK, "hook '%s' exited with status %d%s%s", h->path,
		       WEXITSTATUS(status), sep, words);
}

static int spawn_and_wait(struct hook_run *h, int captured, struct err *e)
{
	auto_fd int pidfd = -EBADF;
	int status = 0;

	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, &pidfd);
	if (pid == 0)
		become(h);
	if (pid < 0)
		return err_sys(e, pid, "start hook '%s'", h->hook->path);
	(void)setpgid(pid, pid); /* whoever comes first: a timeout must find the group */
	enum hook_end end = await(h->hook, pidfd, h->env->watch_fd);
	if (end != HOOK_ENDED) {
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
		(void)kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno == EINTR)
			continue;
		if (end == HOOK_ENDED)
			end = HOOK_LOST;
		break;
	}
	if (end == HOOK_ENDED && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return say_failed(h, end, status, captured, e);
}

/* Without waiting for a fifo's reader: it may never come, and no signal ends open(2) here. */
static int open_output(int bundle_fd, const char *file)
{
	if (*file != '/' && bundle_fd < 0)
		return bundle_fd;
	auto_fd int fd = sys_openat(bundle_fd, file,
				    O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0)
		return fd;
	return fcntl(fd, F_SETFL, O_APPEND) < 0 ? -errno : TAKE_FD(fd);
}

int hooks_open_outputs(const struct spec *s, const char *bundle, int fds[2], struct err *e)
{
	static const char *const keys[] = { ANNOTATION_HOOKS_STDOUT, ANNOTATION_HOOKS_STDERR };

	for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
		const char *file = spec_map_get(&s->annotations, keys[i]);
		auto_fd int dir = file && *file != '/' ? sys_open(bundle, O_PATH, 0) : -EBADF;

		if (!file)
			continue;
		fds[i] = open_output(dir, file);
		if (fds[i] >= 0)
			continue;
		err_sys(e, fds[i], "open '%s' for the output of hooks", file);
		if (fds[i] == -ENXIO)
			err_hint(e, "a fifo needs somebody who has it open for reading");
		return err_at(e, "$.annotations[\"%s\"]", keys[i]);
	}
	return 0;
}

void hooks_close_outputs(int fds[2])
{
	close_fd(TAKE_FD(fds[0]));
	close_fd(TAKE_FD(fds[1]));
}

static int run_one(const struct spec_hook *hook, const struct hook_env *env, struct err *e)
{
	char *default_argv[] = { hook->path, NULL };
	struct hook_run h = { .hook = hook, .env = env };
	char *no_env[] = { NULL }, **made = NULL;

	auto_fd int captured = memfd_with("hook-output", NULL);
	auto_fd int in = memfd_with("hook-state", env->state_json);
	if (captured < 0 || in < 0)
		return err_sys(e, captured < 0 ? captured : in, "prepare hook '%s'", hook->path);
	h.in = in;
	h.out = env->outputs[0] < 0 ? captured : env->outputs[0];
	h.err = env->outputs[1] < 0 ? captured : env->outputs[1];
	h.argv = hook->args.n ? hook->args.v : default_argv;
	/* decisions on `env`: absent → our own environment (or ENV), empty → empty */
	if (!hook->has_env && environ_for_others(env->env ? env->env->v : environ, &made) < 0)
		return err_sys(e, -ENOMEM, "prepare hook '%s'", hook->path);
	h.envp = made ? made : hook->env.n ? hook->env.v : no_env;
	int r = spawn_and_wait(&h, captured, e);
	free(made);
	return r;
}

int hooks_run(const struct spec *s, enum spec_hook_kind kind, const struct hook_env *env,
	      struct err *e)
{
	for (size_t i = 0; i < s->hooks[kind].n; i++) {
		int r = run_one(&s->hooks[kind].v[i], env, e);

		if (r < 0) {
			const char *word = name_word(names_hooks, kind);

			err_wrap(e, "%s hook %zu", word, i);
			return err_at(e, "$.hooks.%s[%zu]", word, i);
		}
	}
	return 0;
}

void hooks_try_outputs(struct hook_env *env, const struct spec *s)
{
	struct err e;

	if (hooks_open_outputs(s, env->cwd, env->outputs, &e) < 0)
		log_emit(LOG_WARNING, "%s", e.msg);
}

void hooks_fill_env(struct hook_env *env, const char *bundle, const char *state_json)
{
	*env = (struct hook_env){
		.cwd = bundle,
		.state_json = state_json,
		.journal_dir = -EBADF,
		.watch_fd = -EBADF,
		.outputs = { -EBADF, -EBADF },
	};
}

void hooks_run_all(const struct spec *s, enum spec_hook_kind kind, const struct hook_env *env)
{
	struct err e;

	for (size_t i = 0; i < s->hooks[kind].n; i++) {
		if (run_one(&s->hooks[kind].v[i], env, &e) < 0)
			log_emit(LOG_WARNING, "%s hook %zu: %s", name_word(names_hooks, kind), i,
				 e.msg);
	}
}

void hooks_run_poststop(const struct spec *s, const struct state *st, const char *bundle)
{
	auto_buf struct buf json = { 0 };
	struct hook_env env;

	if (s->hooks[HOOK_POSTSTOP].n == 0 || state_oci_json(st, "stopped", 0, true, &json) < 0)
		return;
	hooks_fill_env(&env, bundle, buf_str(&json));
	hooks_try_outputs(&env, s);
	hooks_run_all(s, HOOK_POSTSTOP, &env);
	hooks_close_outputs(env.outputs);
}
