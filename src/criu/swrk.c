/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting `criu swrk`, and the conversation with it. */
#include "criu/swrk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/start.h"
#include "sys/creds.h"
#include "sys/fdpass.h"
#include "sys/raw.h"
#include "util/log.h"
#include "util/parse.h"

enum {
	SWRK_FD = 3,
	ANSWER_MAX = 64 * 1024,
	END_TIMEOUT_MS = 30000, /* it may be putting back what it stopped */
};

/* ---- finding it ---- */

static bool try_program(struct criu *c, const char *dir, size_t len, const char *name)
{
	char *path;

	if (asprintf(&path, "%.*s/%s", (int)len, dir, name) < 0)
		return false;
	if (sys_access_exec(path) < 0) {
		free(path);
		return false;
	}
	c->path = path;
	return true;
}

/* Engines call us with a short PATH, or none. */
static int find_program(struct criu *c, const char *given, struct err *e)
{
	static const char usual[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *path = getenv("PATH");
	const char *lists[] = { path && *path ? path : usual, usual };

	if (given) {
		c->path = strdup(given);
		if (!c->path)
			return err_sys(e, -ENOMEM, "criu");
		int r = sys_access_exec(given);
		if (r >= 0)
			return 0;
		err_sys(e, r, "--criu '%s'", given);
		return err_errno(e);
	}
	for (size_t i = 0; i < N_ELEMENTS(lists); i++) {
		const char *at = lists[i], *dir;
		size_t len;

		while ((dir = parse_list_word(&at, &len))) {
			if (dir[0] == '/' && try_program(c, dir, len, "criu"))
				return 0;
		}
	}
	err_set(e, ERR_UNSUPPORTED,
		"checkpoint and restore need the program `criu`, which is not "
		"in PATH");
	return err_hint(e, "install CRIU 3.16 or newer, or name it with --criu PATH");
}

/* ---- starting it ---- */

/* Above all numbers that are given out, so that dup3() never closes what is still to be passed on. */
static int lift(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, CRIU_FIRST_FD + CRIU_MAX_FDS);

	return r < 0 ? -errno : r;
}

static int place_one(int fd, int there)
{
	return fd < 0 ? fd : dup2(fd, there) < 0 ? -errno : 0;
}

static int open_dir(const char *path)
{
	int fd = sys_open(path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : lift(fd);
}

static int place_fds(struct criu *c, const struct criu_start *how, int sock)
{
	int high[CRIU_MAX_FDS], null = sys_open("/dev/null", O_RDWR, 0);
	int images = open_dir(how->images), work = open_dir(how->work);
	int out = lift(c->output), s = lift(sock);

	for (unsigned i = 0; i < how->n_fds; i++)
		high[i] = lift(how->fds[i]);
	const struct {
		int from, to;
	} all[] = {
		{ how->own_stdin ? lift(STDIN_FILENO)
		  : null < 0	 ? null
				 : lift(null),
		  0 },
		{ s, SWRK_FD },
		{ images, CRIU_IMAGES_FD },
		{ work, CRIU_WORK_FD },
	};
	/* first, and from here on the one that is surely open: what fails later is still to be told */
	int r = place_one(out, STDOUT_FILENO);
	if (r >= 0) {
		c->output = STDOUT_FILENO;
		r = place_one(out, STDERR_FILENO);
	}
	if (r >= 0)
		r = sys_close_range(SWRK_FD + 1, CRIU_FIRST_FD - 1, 0);
	for (unsigned i = 0; r >= 0 && i < N_ELEMENTS(all); i++)
		r = place_one(all[i].from, all[i].to);
	for (unsigned i = 0; r >= 0 && i < how->n_fds; i++)
		r = place_one(high[i], CRIU_FIRST_FD + (int)i);
	return r < 0 ? r : sys_close_range(CRIU_FIRST_FD + how->n_fds, ~0u, 0);
}

/*
 * CRIU opens descriptors that a request names in the process that made the socket. That is its own: so its directories are those of its
 * mount namespace, where it may mount. The other end goes to the parent.
 */
static int make_socket(int parent, int *ret)
{
	int socks[2], r = fdpass_pair(socks);

	if (r < 0)
		return r;
	r = fdpass_send(parent, "s", 1, &socks[0], 1);
	close_fd(socks[0]);
	*ret = socks[1];
	return r;
}

static NORETURN void become(struct criu *c, const struct criu_start *how, int parent)
{
	char swrk[] = "swrk", fd[] = "3";
	char *argv[] = { c->path, swrk, fd, NULL };
	struct err e = { 0 };
	int sock = -EBADF;
	char go;

	int r = fdpass_recv(parent, &go, 1, NULL, NULL) == 1 ? 0 : -EPIPE;
	if (r >= 0 && how->prepare)
		r = how->prepare(how->ctx, &e);
	if (r >= 0)
		r = make_socket(parent, &sock);
	if (r >= 0)
		r = place_fds(c, how, sock);
	if (r >= 0)
		r = sys_signals_reset();
	if (r >= 0) {
		r = sys_execve(c->path, argv, environ);
		err_set(&e, ERR_KERNEL, "can't be executed: %s%s", strerror(-r),
			r == -ENOENT ? " (is its interpreter missing?)" : "");
	}
	dprintf(c->output, "%s: %s", c->path, e.msg[0] ? e.msg : strerror(-r));
	_exit(127);
}

static int ended(const struct criu *c, struct err *e);

/* Lets the child go on, and takes its socket. */
static int connect_child(struct criu *c, int child, struct err *e)
{
	char word;
	size_t n = 1;
	int r = fdpass_send(child, "", 1, NULL, 0);

	if (r >= 0)
		r = (int)fdpass_recv(child, &word, 1, &c->sock, &n);
	if (r == 0 || r == -EPIPE || r == -ECONNRESET)
		return ended(c, e);
	if (r < 0 || n != 1)
		return err_sys(e, r < 0 ? r : -EPROTO, "start criu");
	return 0;
}

static int spawn(struct criu *c, const struct criu_start *how, struct err *e)
{
	int socks[2];

	c->output = memfd_create("criu-output", MFD_CLOEXEC);
	if (c->output < 0)
		return err_sys(e, -errno, "memfd");
	int r = fdpass_pair(socks);
	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	pid_t pid = sys_clone3(0, SIGCHLD, how->cgroup_fd, &c->pidfd);
	if (pid == 0) {
		close_fd(socks[0]);
		become(c, how, socks[1]);
	}
	close_fd(socks[1]);
	c->pid = pid > 0 ? pid : 0;
	r = pid < 0 ? err_sys(e, pid, "start criu") : 0;
	if (r >= 0 && how->placed)
		r = how->placed(how->ctx, pid, c->pidfd, e);
	if (r >= 0)
		r = connect_child(c, socks[0], e);
	close_fd(socks[0]);
	return r;
}

/* ---- the conversation ---- */

/* What it printed, on one line. */
static void printed(const struct criu *c, char *words, size_t size)
{
	ssize_t n = pread(c->output, words, size - 1, 0);

	words[n > 0 ? n : 0] = '\0';
	for (char *p = words; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = p[1] ? ' ' : '\0';
	}
}

/* Its end without an answer: what it printed is all there is. */
static int ended(const struct criu *c, struct err *e)
{
	char words[256];

	printed(c, words, sizeof(words));
	err_set(e, ERR_INTERNAL, "criu ended without an answer%s%s", words[0] ? ": " : "", words);
	return -EIO;
}

static int send_request(struct criu *c, const struct buf *request, struct err *e)
{
	int r = fdpass_send(c->sock, buf_str(request), request->len, NULL, 0);

	if (r == -EPIPE || r == -ECONNRESET)
		return ended(c, e);
	return r < 0 ? err_sys(e, r, "send a request to criu") : 0;
}

static int receive(struct criu *c, struct criu_answer *ret, int *ret_fd, struct err *e)
{
	char *data = malloc(ANSWER_MAX);
	int fds[FDPASS_MAX];
	size_t n_fds = FDPASS_MAX;

	*ret_fd = -EBADF;
	if (!data)
		return err_sys(e, -ENOMEM, "criu");
	ssize_t n = fdpass_recv(c->sock, data, ANSWER_MAX, fds, &n_fds);
	int r = n > 0 ? criu_read_answer(data, (size_t)n, ret) : (int)n;
	free(data);
	if (n == 0 || r == -ECONNRESET)
		return ended(c, e);
	for (size_t i = n < 0 ? n_fds : 1; i < n_fds; i++)
		close_fd(fds[i]);
	if (n > 0 && n_fds > 0)
		*ret_fd = fds[0];
	if (r < 0) {
		close_fd(TAKE_FD(*ret_fd));
		return err_sys(e, r, "read what criu said");
	}
	return 0;
}

/* A criu that was killed may leave processes that it was making, and they its end of the socket: its own end is looked for, too. */
static int await_packet(struct criu *c, int signal_fd, struct err *e)
{
	for (;;) {
		struct pollfd p[] = { { .fd = c->sock, .events = POLLIN },
				      { .fd = c->pidfd, .events = POLLIN },
				      { .fd = signal_fd, .events = POLLIN } };

		if (poll(p, N_ELEMENTS(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, -errno, "poll");
		}
		if (p[0].revents)
			return 0;
		if (p[1].revents)
			return ended(c, e);
		int r = p[2].revents ? interrupted(signal_fd, e) : 0;
		if (r < 0)
			return r;
	}
}

/* Errors of ours stay what they are: CRIU is only told that there was one, and says so in turn. */
static int serve_notification(struct criu *c, const struct criu_answer *a, int fd,
			      criu_notify_fn fn, void *ctx, struct err *e)
{
	auto_buf struct buf reply = { 0 };
	struct err ignored;

	log_emit(LOG_DEBUG, "criu: %s", a->script);
	int r = fn ? fn(ctx, a, fd, e) : 0;
	if (criu_write_notified(r >= 0, &reply) < 0)
		return r < 0 ? r : err_sys(e, -ENOMEM, "criu");
	int s = send_request(c, &reply, r < 0 ? &ignored : e);
	return r < 0 ? r : s;
}

int criu_request(struct criu *c, const struct buf *request, int signal_fd, criu_notify_fn fn,
		 void *ctx, struct criu_answer *ret, struct err *e)
{
	int failed = 0, r = send_request(c, request, e);

	while (r >= 0) {
		auto_fd int fd = -EBADF;
		struct err later;
		struct err *to = failed < 0 ? &later : e;

		r = await_packet(c, failed < 0 ? -EBADF : signal_fd, to);
		if (r >= 0)
			r = receive(c, ret, &fd, to);
		if (r < 0 || ret->type != CRIU_NOTIFY)
			break;
		if (failed == 0)
			failed = serve_notification(c, ret, fd, fn, ctx, e);
	}
	if (failed < 0)
		return failed;
	if (r >= 0 && !ret->success) {
		if (!ret->errmsg[0])
			printed(c, ret->errmsg, sizeof(ret->errmsg));
		err_set(e, ERR_KERNEL, "%s", ret->errmsg[0] ? ret->errmsg : "criu said nothing");
		e->errnum = ret->cr_errno > 0 && ret->cr_errno < 4096 ? ret->cr_errno : 0;
		return -EIO;
	}
	return r;
}

static int ask_version(struct criu *c, struct err *e)
{
	auto_buf struct buf request = { 0 };
	struct criu_answer a;

	if (criu_write_version(&request) < 0)
		return err_sys(e, -ENOMEM, "criu");
	int r = criu_request(c, &request, -EBADF, NULL, NULL, &a, e);
	if (r < 0)
		return err_wrap(e, "'%s'", c->path);
	c->version = a.version;
	if (a.version >= CRIU_MIN_VERSION)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "'%s' is version %d.%d; 3.16 or newer is needed",
		       c->path, a.version / 10000, a.version / 100 % 100);
}

int criu_start(struct criu *c, const struct criu_start *how, struct err *e)
{
	int r = find_program(c, how->program, e);

	if (r >= 0)
		r = spawn(c, how, e);
	return r < 0 ? r : ask_version(c, e);
}

int criu_features(struct criu *c, unsigned features, unsigned *ret, struct err *e)
{
	auto_buf struct buf request = { 0 };
	struct criu_answer a;

	if (criu_write_features(features, &request) < 0)
		return err_sys(e, -ENOMEM, "criu");
	int r = criu_request(c, &request, -EBADF, NULL, NULL, &a, e);
	*ret = r < 0 ? 0 : a.features;
	return r < 0 ? err_wrap(e, "ask criu for its features") : 0;
}

/* At the end of the socket it gives up by itself and puts back what it had stopped; one that hangs is killed. */
void criu_end(struct criu *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	close_fd(TAKE_FD(c->sock));
	if (c->pid > 0) {
		int r;

		do {
			r = poll(&p, 1, END_TIMEOUT_MS);
		} while (r < 0 && errno == EINTR);
		if (r == 0)
			(void)sys_pidfd_send_signal(c->pidfd, SIGKILL);
		while (waitpid(c->pid, NULL, __WALL) < 0 && errno == EINTR)
			continue;
		c->pid = 0;
	}
	close_fd(TAKE_FD(c->pidfd));
	close_fd(TAKE_FD(c->output));
	free(c->path);
	c->path = NULL;
}
