/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NOTIFY_SOCKET proxy, and the row that makes it. */
#include "core/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/launch.h"
#include "core/rows.h"
#include "core/start.h"
#include "sys/fdpass.h"
#include "sys/hostfs.h"
#include "util/clock.h"
#include "util/log.h"

enum { DATAGRAM_MAX = 4096, DATAGRAMS_AT_ONCE = 512, N_MESSAGES = 3, MANAGER_TIMEOUT_S = 30 };

/* ---- making it ---- */

int notify_make_dir(int state_dir, struct err *e)
{
	/* entered by any user of the container; what is above it stays closed */
	int r = host_mkdirat(state_dir, NOTIFY_DIR, 0755);

	return r < 0 ? err_sys(e, r, "make the directory of the NOTIFY_SOCKET") : 0;
}

/* -errno when there is nobody. */
static int connect_host(const char *host)
{
	auto_fd int fd = host[0] == '@' ? fdpass_connect_abstract(host + 1, SOCK_DGRAM)
					: fdpass_connect(host, SOCK_DGRAM);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int bind_ours(int dir)
{
	int r = host_unlink(dir, NOTIFY_SOCKET, false); /* of a start that failed */
	if (r < 0 && r != -ENOENT)
		return r;
	auto_fd int sock = fdpass_bind_at(dir, NOTIFY_SOCKET, SOCK_DGRAM, 0777);
	if (sock >= 0 && fcntl(sock, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return TAKE_FD(sock);
}

/* A service manager that does not listen does not wait either: NOTIFY_SOCKET is often a leftover of one above us. */
static int go_without(const char *host, const char *why)
{
	log_emit(LOG_WARNING, "NOTIFY_SOCKET '%s' is not used: %s", host, why);
	return 0;
}

int notify_open(struct notify *n, int state_dir, const char *host, struct err *e)
{
	if (host[0] != '/' && host[0] != '@')
		return go_without(host, "it is neither a path nor an abstract socket");
	auto_fd int dir = host_opendir(state_dir, NOTIFY_DIR, false);
	if (dir == -ENOENT)
		return go_without(host, "the container was created without it");
	if (dir < 0)
		return err_sys(e, dir, "open the directory of the NOTIFY_SOCKET");
	auto_fd int fd = connect_host(host);
	if (fd < 0)
		return go_without(host, strerror(-fd));
	n->sock = bind_ours(dir);
	if (n->sock < 0)
		return err_sys(e, n->sock, "make the container's NOTIFY_SOCKET");
	n->host = TAKE_FD(fd);
	return 0;
}

void notify_close(struct notify *n)
{
	close_fd(TAKE_FD(n->sock));
	close_fd(TAKE_FD(n->host));
	close_fd(TAKE_FD(n->barrier));
}

/* ---- passing on ---- */

bool notify_says_ready(const char *data, size_t len)
{
	static const char ready[] = "READY=1";
	const size_t n = sizeof(ready) - 1;

	for (const char *line = data, *end = data + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);

		if (length == n && memcmp(line, ready, n) == 0)
			return true;
		line += length + 1;
	}
	return false;
}

/* Takes what has come, in bounds: a container may send for ever. Without room for them the kernel closes descriptors (those of FDSTORE=1
 * may come with READY=1). What is too long is dropped, as systemd does; an empty datagram is 0. */
static bool receive_ready(int sock)
{
	char data[DATAGRAM_MAX + 1];

	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		ssize_t len = read(sock, data, sizeof(data));

		if (len < 0 && errno == EAGAIN)
			break;
		if (len > 0 && len <= DATAGRAM_MAX && notify_says_ready(data, (size_t)len))
			return true;
	}
	return false;
}

static void receive(struct notify *n)
{
	if (!receive_ready(n->sock))
		return;
	n->ready = true;
	n->deadline_ns = clock_ns() + MANAGER_TIMEOUT_S * 1000000000ull;
	/* A further message must not wait for a reader for ever: it fails. */
	close_fd(TAKE_FD(n->sock));
}

static int send_barrier(struct notify *n)
{
	static const char text[] = "BARRIER=1";
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	int r = fdpass_send(n->host, text, sizeof(text) - 1, &fds[1], 1);
	close_fd(fds[1]);
	if (r < 0)
		close_fd(fds[0]);
	else
		n->barrier = fds[0];
	return r;
}

static int send_next(struct notify *n, pid_t main_pid)
{
	char text[32] = "READY=1\n";

	if (n->sent == 2)
		return send_barrier(n);
	if (n->sent == 1)
		snprintf(text, sizeof(text), "MAINPID=%d\n", main_pid);
	return fdpass_send(n->host, text, strlen(text), NULL, 0);
}

static void send_all(struct notify *n, pid_t main_pid)
{
	int r = 0;

	while (r == 0 && n->sent < N_MESSAGES) {
		r = send_next(n, main_pid);
		if (r == 0)
			n->sent++;
	}
	if (r == -EAGAIN)
		return;
	if (r < 0)
		log_emit(LOG_WARNING, "tell the service manager that the container is ready: %s",
			 strerror(-r));
	close_fd(TAKE_FD(n->host));
}

bool notify_active(const struct notify *n)
{
	return n->sock >= 0 || n->host >= 0 || n->barrier >= 0;
}

struct pollfd notify_pollfd(const struct notify *n)
{
	if (n->sock >= 0)
		return (struct pollfd){ .fd = n->sock, .events = POLLIN };
	if (n->host >= 0)
		return (struct pollfd){ .fd = n->host, .events = POLLOUT };
	return (struct pollfd){ .fd = n->barrier, .events = POLLIN };
}

int notify_timeout(const struct notify *n)
{
	uint64_t now = clock_ns();

	if (!n->ready || !notify_active(n))
		return -1;
	return n->deadline_ns <= now ? 0 : (int)((n->deadline_ns - now) / 1000000u) + 1;
}

void notify_step(struct notify *n, pid_t main_pid)
{
	struct pollfd p = notify_pollfd(n);

	if (!notify_active(n))
		return;
	if (poll(&p, 1, 0) > 0) {
		if (!n->ready)
			receive(n);
		else if (n->host < 0)
			close_fd(TAKE_FD(n->barrier)); /* the other end was closed */
		if (n->ready && n->host >= 0)
			send_all(n, main_pid);
	} else if (notify_timeout(n) == 0) {
		log_emit(LOG_WARNING,
			 "the service manager has not confirmed within %d s that it read that the "
			 "container is ready",
			 MANAGER_TIMEOUT_S);
		notify_close(n);
	}
}

int notify_wait(struct notify *n, pid_t main_pid, int pidfd, int signal_fd, struct err *e)
{
	while (notify_active(n)) {
		struct pollfd p[] = { notify_pollfd(n),
				      { .fd = n->ready ? -1 : pidfd, .events = POLLIN },
				      { .fd = signal_fd, .events = POLLIN } };

		if (poll(p, N_ELEMENTS(p), notify_timeout(n)) < 0 && errno != EINTR)
			return err_sys(e, -errno, "poll");
		notify_step(n, main_pid); /* what was said before the end counts */
		if (p[1].revents && !n->ready)
			break;
		if (p[2].revents && interrupted(signal_fd, e) < 0)
			return err_set(e, ERR_STATE,
				       "interrupted while waiting for READY=1 from the container, "
				       "which runs on");
	}
	notify_close(n);
	return 0;
}

/* ---- the row ---- */

static bool applies(const struct plan *p)
{
	return p->notify;
}

static int run(struct run *r, struct err *e)
{
	struct launch *l = r->core;

	int ret = notify_make_dir(r->state_dir, e);
	if (ret >= 0 && r->plan->opts.start_at_once)
		ret = notify_open(&l->notify, r->state_dir, r->plan->opts.notify_socket_host, e);
	return ret;
}

/* The directory goes with the container's own. */
static void undo(struct run *r)
{
	struct launch *l = r->core;

	notify_close(&l->notify);
}

static void explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "directory %s\n", p->notify->source);
	buf_addf(out, "for %s\n", p->opts.notify_socket_host);
}

const struct step step_notify_socket = {
	.name = "notify.socket",
	.what = "make the NOTIFY_SOCKET that the container sees",
	.stage = STAGE_HOST,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.undo = undo,
	.explain = explain,
};
