/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages with descriptors over AF_UNIX sockets (unix(7), cmsg(3)): the parent/child protocol, --console-socket,
 * the start socket, seccomp's listenerPath.
 */
#include "sys/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "util/cleanup.h"

enum { BACKLOG = 8, CONNECT_SECONDS = 10 };

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

int fdpass_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;
}

int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	/* An empty packet can't be told from the end of file. */
	if (len == 0 || n_fds > FDPASS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		struct cmsghdr *c = &control.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}

	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0) /* ECONNRESET: the peer went without having read all */
		return errno == ECONNRESET ? -EPIPE : -errno;
	return (size_t)n == len ? 0 : -EPROTO;
}

/* Moves the descriptors of MSG to GOT; the number, or -EPROTO for anything else in the control part. */
static int take_fds(struct msghdr *msg, int got[FDPASS_MAX])
{
	size_t n = 0;
	int r = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			r = -EPROTO;
			continue;
		}
		/* The buffer has no room for more; checked all the same, for memcpy. */
		here = here > FDPASS_MAX - n ? FDPASS_MAX - n : here;
		memcpy(got + n, CMSG_DATA(c), here * sizeof(int));
		n += here;
	}
	if (r < 0)
		for (size_t i = 0; i < n; i++)
			close_fd(got[i]);
	return r < 0 ? r : (int)n;
}

ssize_t fdpass_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds)
{
	size_t room = n_fds ? *n_fds : 0;
	union control control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int got[FDPASS_MAX], n_got;
	ssize_t n;

	if (n_fds)
		*n_fds = 0;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;

	n_got = take_fds(&msg, got);
	if (n_got < 0)
		return n_got;
	/* A control part cut because our descriptor table is full lands here too: the kernel gives no errno for it. */
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || (size_t)n_got > room ||
	    (n == 0 && n_got > 0)) {
		for (int i = 0; i < n_got; i++)
			close_fd(got[i]);
		return -EPROTO;
	}
	if (n_got > 0) {
		memcpy(fds, got, (size_t)n_got * sizeof(int));
		*n_fds = (size_t)n_got;
	}
	return n;
}

/* connect(2) waits without end for one who listens and does not accept, sendmsg(2) for one who does not read. */
static int connect_to(const struct sockaddr_un *addr, socklen_t len, int type)
{
	struct timeval limit = { .tv_sec = CONNECT_SECONDS };
	auto_fd int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int r;

	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	do {
		r = connect(sock, (const struct sockaddr *)addr, len);
	} while (r < 0 && errno == EINTR);
	/* EISCONN: an interrupted connect that was completed meanwhile */
	if (r < 0 && errno != EISCONN)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return TAKE_FD(sock);
}

int fdpass_connect(const char *path, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(addr.sun_path))
		return fdpass_connect_at(AT_FDCWD, path, type);
	memcpy(addr.sun_path, path, len + 1);
	return connect_to(&addr, sizeof(addr), type);
}

int fdpass_connect_at(int dirfd, const char *name, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int file = openat(dirfd, name, O_PATH | O_CLOEXEC);

	if (file < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", file);
	return connect_to(&addr, sizeof(addr), type);
}

int fdpass_connect_abstract(const char *name, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if (len == 0 || len >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path + 1, name, len);
	return connect_to(&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len),
			  type);
}

int fdpass_bind_at(int dirfd, const char *name, int type, mode_t mode)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -errno;
	if (strchr(name, '/') || !*name)
		return -EINVAL;
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	/* The node that bind makes takes the socket's own mode, less the umask: never wider, not for an instant. */
	if (fchmod(sock, mode) < 0)
		return -errno;
	mode_t saved = umask(0);
	int r = bind(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(saved);
	return r < 0 ? r : TAKE_FD(sock);
}

int fdpass_listen_at(int dirfd, const char *name, int type)
{
	auto_fd int sock = fdpass_bind_at(dirfd, name, type, 0600);

	if (sock < 0)
		return sock;
	if (listen(sock, BACKLOG) < 0) {
		int r = -errno;

		unlinkat(dirfd, name, 0);
		return r;
	}
	return TAKE_FD(sock);
}
