/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The D-Bus client: socket, authentication (D-Bus specification, "Authentication Protocol", EXTERNAL), calls. */
#include "sys/dbus.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/fdpass.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/util.h"

enum {
	MAX_AUTH_LINE = 512,
	MAX_SKIPPED = 100000, /* messages that are no answer to one call */
	RETRY_MS = 10,
};

#define NS_PER_MS UINT64_C(1000000)

void dbus_set_deadline(struct dbus *c, unsigned ms)
{
	c->end_ns = clock_ns() + ms * NS_PER_MS;
}

void dbus_close(struct dbus *c)
{
	close_fd(TAKE_FD(c->fd));
}

void dbus_message_free(struct dbus_message *m)
{
	buf_free(&m->raw);
	*m = (struct dbus_message){ .h = { .signature = "" } };
}

/* ---- bytes ---- */

static int wait_for(struct dbus *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	uint64_t now = clock_ns();

	if (now >= c->end_ns)
		return -ETIMEDOUT;
	int r = poll(&p, 1, (int)((c->end_ns - now) / NS_PER_MS) + 1);
	return r < 0 && errno != EINTR ? -errno : 0;
}

static int send_all(struct dbus *c, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = sendto(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);

		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
			continue;
		}
		int r = errno == EAGAIN || errno == EINTR ? wait_for(c, POLLOUT)
			: errno == ECONNRESET		  ? -EPIPE
							  : -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

static int recv_all(struct dbus *c, void *to, size_t n)
{
	char *p = to;

	while (n > 0) {
		struct iovec iov = { .iov_base = p, .iov_len = n };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		/* without room for them, descriptors that somebody sends are dropped by the kernel */
		ssize_t got = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got == 0)
			return -EPIPE;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
			continue;
		}
		int r = errno == EAGAIN || errno == EINTR ? wait_for(c, POLLIN)
			: errno == ECONNRESET		  ? -EPIPE
							  : -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- connecting ---- */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* A value of an address, up to ',' or ';', with its %XX. */
static int unescape(const char *s, char *out, size_t size)
{
	size_t n = 0;

	for (; *s && *s != ',' && *s != ';'; s++) {
		int c = (unsigned char)*s;

		if (c == '%') {
			if (hex(s[1]) < 0 || hex(s[2]) < 0)
				return -EINVAL;
			c = hex(s[1]) << 4 | hex(s[2]);
			s += 2;
		}
		if (c == 0 || n + 1 >= size)
			return -EINVAL;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0 ? 0 : -EINVAL;
}

static int unix_address(const char *keys, char path[DBUS_MAX_PATH])
{
	for (;;) {
		if (strncmp(keys, "path=/", 6) == 0)
			return unescape(keys + 5, path, DBUS_MAX_PATH);
		if (strncmp(keys, "abstract=", 9) == 0) {
			path[0] = '@';
			return unescape(keys + 9, path + 1, DBUS_MAX_PATH - 1);
		}
		keys += strcspn(keys, ",;");
		if (*keys++ != ',')
			return -EINVAL;
	}
}

int dbus_address(const char *address, char path[DBUS_MAX_PATH])
{
	while (*address) {
		if (strncmp(address, "unix:", 5) == 0 && unix_address(address + 5, path) == 0)
			return 0;
		address += strcspn(address, ";");
		address += *address == ';';
	}
	return -EINVAL;
}

static int recv_line(struct dbus *c, char line[MAX_AUTH_LINE])
{
	for (size_t n = 0; n < MAX_AUTH_LINE; n++) {
		int r = recv_all(c, &line[n], 1);

		if (r < 0)
			return r;
		if (line[n] == '\n' && n > 0 && line[n - 1] == '\r') {
			line[n - 1] = '\0';
			return 0;
		}
	}
	return -EBADMSG;
}

/* All at once, as sd-bus does. Who we are is the kernel's word (SO_PEERCRED), so nothing is claimed: our uid may have another
 * number in a user namespace. */
static int authenticate(struct dbus *c)
{
	static const char words[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char line[MAX_AUTH_LINE];

	int r = send_all(c, words, sizeof(words) - 1);
	if (r >= 0)
		r = recv_line(c, line);
	if (r >= 0 && strncmp(line, "DATA", 4) == 0)
		r = recv_line(c, line);
	if (r < 0)
		return r;
	return strncmp(line, "OK ", 3) == 0	   ? 0
	       : strncmp(line, "REJECTED", 8) == 0 ? -EACCES
						   : -EBADMSG;
}

static int greet(struct dbus *c)
{
	static const struct dbus_header hello = {
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "Hello",
		.destination = "org.freedesktop.DBus",
	};
	struct dbus_message m;

	int r = dbus_call(c, &hello, NULL, NULL, NULL, &m);
	if (r < 0)
		return r;
	r = m.h.type == DBUS_RETURN ? 0 : -EACCES;
	dbus_message_free(&m);
	return r;
}

int dbus_begin(struct dbus *c, int sock, bool is_bus, unsigned ms)
{
	*c = (struct dbus){ .fd = sock };
	dbus_set_deadline(c, ms);
	int r = authenticate(c);
	if (r >= 0 && is_bus)
		r = greet(c);
	if (r < 0)
		dbus_close(c);
	return r;
}

int dbus_connect(struct dbus *c, const char *path, bool is_bus, unsigned ms)
{
	uint64_t end_ns = clock_ns() + ms * NS_PER_MS;
	int sock;

	*c = (struct dbus){ .fd = -EBADF };
	for (;;) {
		sock = path[0] == '@'
			       ? fdpass_connect_abstract(path + 1, SOCK_STREAM | SOCK_NONBLOCK)
			       : fdpass_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
		if (sock != -EAGAIN || clock_ns() >= end_ns)
			break;
		(void)poll(NULL, 0, RETRY_MS); /* its queue of callers is full */
	}
	return sock < 0 ? sock : dbus_begin(c, sock, is_bus, ms);
}

/* ---- messages ---- */

int dbus_next(struct dbus *c, struct dbus_message *ret)
{
	uint8_t head[DBUS_FIXED_HEADER];

	*ret = (struct dbus_message){ .h = { .signature = "" } };
	int r = recv_all(c, head, sizeof(head));
	if (r < 0)
		return r;
	int64_t len = dbus_message_len(head);
	if (len < 0)
		return (int)len;
	r = buf_reserve(&ret->raw, (size_t)len);
	if (r >= 0) {
		memcpy(ret->raw.p, head, sizeof(head));
		r = recv_all(c, ret->raw.p + sizeof(head), (size_t)len - sizeof(head));
	}
	if (r >= 0) {
		ret->raw.len = (size_t)len;
		r = dbus_parse((const uint8_t *)ret->raw.p, (size_t)len, &ret->h, &ret->body);
	}
	if (r < 0)
		dbus_message_free(ret);
	return r;
}

static int await_answer(struct dbus *c, void (*on_signal)(void *ctx, struct dbus_message *m),
			void *ctx, struct dbus_message *ret)
{
	for (int i = 0; i < MAX_SKIPPED; i++) {
		int r = dbus_next(c, ret);

		if (r < 0)
			return r;
		if ((ret->h.type == DBUS_RETURN || ret->h.type == DBUS_ERROR) &&
		    ret->h.reply_serial == c->serial)
			return 0;
		if (ret->h.type == DBUS_SIGNAL && on_signal)
			on_signal(ctx, ret);
		dbus_message_free(ret);
	}
	return -EBADMSG;
}

int dbus_call(struct dbus *c, const struct dbus_header *h, const struct buf *body,
	      void (*on_signal)(void *ctx, struct dbus_message *m), void *ctx,
	      struct dbus_message *ret)
{
	auto_buf struct buf out = { 0 };
	struct dbus_header call = *h;

	*ret = (struct dbus_message){ .h = { .signature = "" } };
	call.type = DBUS_CALL;
	call.serial = ++c->serial;
	dbus_put_message(&out, &call, body);
	int r = buf_error(&out);
	if (r >= 0)
		r = send_all(c, buf_str(&out), out.len);
	return r < 0 ? r : await_answer(c, on_signal, ctx, ret);
}
