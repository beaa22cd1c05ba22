/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with descriptors: what a hostile or dying peer may send, and that nothing leaks of it. */
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/fdpass.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "util/cleanup.h"

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void passes_descriptors(void)
{
	int s[2], fds[FDPASS_MAX], got[FDPASS_MAX], before = n_open_fds();
	char text[16];
	size_t n = FDPASS_MAX;

	CHECK_INT(fdpass_pair(s), 0);
	CHECK(is_cloexec(s[0]) && is_cloexec(s[1]));
	for (int i = 0; i < FDPASS_MAX; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fdpass_send(s[0], "hello", 6, fds, FDPASS_MAX), 0);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), 6);
	CHECK_STR(text, "hello");
	CHECK_INT(n, FDPASS_MAX);
	for (size_t i = 0; i < n; i++) {
		CHECK(is_cloexec(got[i]));
		close(got[i]);
	}
	CHECK_INT(fdpass_send(s[0], "x", 1, fds, FDPASS_MAX + 1), -EINVAL);
	CHECK_INT(fdpass_send(s[0], "", 0, fds, 1), -EINVAL);
	CHECK_INT(fdpass_send(s[0], "x", 1, NULL, 0), 0);
	n = FDPASS_MAX;
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), 1);
	CHECK_INT(n, 0);
	for (int i = 0; i < FDPASS_MAX; i++)
		close(fds[i]);
	close(s[0]);
	close(s[1]);
	CHECK_INT(n_open_fds(), before);
}

static void refuses_too_much(void)
{
	int s[2], fds[3], got[FDPASS_MAX], before;
	char text[16];
	size_t n;

	CHECK_INT(fdpass_pair(s), 0);
	for (int i = 0; i < 3; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	before = n_open_fds();

	CHECK_INT(fdpass_send(s[0], "x", 1, fds, 3), 0);
	n = 2;
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n, 0);
	CHECK_INT(fdpass_send(s[0], "x", 1, fds, 1), 0);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), NULL, NULL), -EPROTO);
	CHECK_INT(fdpass_send(s[0], "0123456789abcdef!", 17, fds, 3), 0);
	n = 3;
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n, 0);
	CHECK_INT(fdpass_send(s[0], "0123456789abcdef", 16, fds, 3), 0);
	n = 3;
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), 16);
	CHECK_INT(n, 3);
	for (size_t i = 0; i < n; i++)
		close(got[i]);
	CHECK_INT(n_open_fds(), before);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(s[0]);
	close(s[1]);
}

/* What fdpass_send() would not send: more descriptors than anybody may, none of the bytes, credentials. */
static void send_raw(int sock, size_t len, int type, size_t n_fds)
{
	char control[CMSG_SPACE(64 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = control, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int fds[64] = { 0 };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	CHECK_INT(sendmsg(sock, &msg, 0), len);
}

static void survives_a_hostile_peer(void)
{
	int s[2], got[FDPASS_MAX], before, one = 1;
	char text[16];
	size_t n = FDPASS_MAX;

	CHECK_INT(fdpass_pair(s), 0);
	before = n_open_fds();
	send_raw(s[0], 4, SCM_RIGHTS, 60);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n_open_fds(), before);
	n = FDPASS_MAX;
	send_raw(s[0], 4, SCM_RIGHTS, 9);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n_open_fds(), before);
	/* an empty packet that carries descriptors is no end of file */
	n = FDPASS_MAX;
	send_raw(s[0], 0, SCM_RIGHTS, 2);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n_open_fds(), before);
	/* control messages of another kind */
	CHECK_INT(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
	n = FDPASS_MAX;
	send_raw(s[0], 4, SCM_RIGHTS, 2);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), got, &n), -EPROTO);
	CHECK_INT(n_open_fds(), before);
	close(s[0]);
	close(s[1]);
}

static void tells_the_end(void)
{
	int s[2];
	char text[16];

	CHECK_INT(fdpass_pair(s), 0);
	CHECK_INT(fdpass_send(s[0], "last", 5, NULL, 0), 0);
	close(s[0]);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), NULL, NULL), 5);
	CHECK_INT(fdpass_recv(s[1], text, sizeof(text), NULL, NULL), 0);
	/* no SIGPIPE */
	CHECK_INT(fdpass_send(s[1], "x", 1, NULL, 0), -EPIPE);
	close(s[1]);
	/* the peer went without having read all */
	CHECK_INT(fdpass_pair(s), 0);
	CHECK_INT(fdpass_send(s[0], "x", 1, NULL, 0), 0);
	close(s[1]);
	CHECK_INT(fdpass_send(s[0], "x", 1, NULL, 0), -EPIPE);
	close(s[0]);
	CHECK_INT(fdpass_send(-1, "x", 1, NULL, 0), -EBADF);
}

static void listens_and_connects(void)
{
	auto_fd int dir = scratch_make();
	char deep[256] = "", path[512];
	mode_t old = umask(0);

	for (int i = 0; i < 4; i++) {
		snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%s%050d", i ? "/" : "",
			 i);
		CHECK_INT(mkdirat(dir, deep, 0700), 0);
	}
	auto_fd int state = openat(dir, deep, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int listener = fdpass_listen_at(state, "start", SOCK_SEQPACKET);
	CHECK(listener >= 0 && is_cloexec(listener));
	CHECK_INT(mode_at(state, "start"), S_IFSOCK | 0600);
	CHECK_INT(fdpass_listen_at(state, "start", SOCK_SEQPACKET), -EADDRINUSE);
	CHECK_INT(fdpass_listen_at(state, "a/b", SOCK_SEQPACKET), -EINVAL);

	/* a path longer than sun_path */
	snprintf(path, sizeof(path), "%s/%s/start", scratch, deep);
	CHECK(strlen(path) > sizeof(((struct sockaddr_un *)0)->sun_path));
	auto_fd int a = fdpass_connect_at(state, "start", SOCK_SEQPACKET);
	auto_fd int b = fdpass_connect(path, SOCK_SEQPACKET);
	CHECK(a >= 0 && is_cloexec(a));
	CHECK(b >= 0 && is_cloexec(b));
	CHECK_INT(fdpass_connect(path, SOCK_STREAM), -EPROTOTYPE);
	CHECK_INT(fdpass_connect("/nonexistent", SOCK_STREAM), -ENOENT);
	CHECK_INT(fdpass_connect("", SOCK_STREAM), -ENOENT);
	CHECK_INT(fdpass_connect_at(state, "none", SOCK_STREAM), -ENOENT);
	put_file(dir, "file", "");
	CHECK_INT(fdpass_connect_at(dir, "file", SOCK_STREAM), -ECONNREFUSED);
	CHECK_INT(fdpass_listen_at(dir, "file", SOCK_STREAM), -EADDRINUSE);
	umask(old);
	scratch_remove();
}

static int fds_at_start;

static void leaks_no_descriptors(void)
{
	CHECK_INT(n_open_fds(), fds_at_start);
}

static const struct test tests[] = {
	{ "passes descriptors", passes_descriptors },
	{ "refuses too much", refuses_too_much },
	{ "survives a hostile peer", survives_a_hostile_peer },
	{ "tells the end", tells_the_end },
	{ "listens and connects", listens_and_connects },
	{ "leaks no descriptors", leaks_no_descriptors },
};

int main(void)
{
	fds_at_start = n_open_fds();
	return tap_run(tests, N_ELEMENTS(tests));
}
