/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seccomp agent for the tests: takes one connection, prints the container process state, answers notifications.
 *
 * usage: seccomp_agent SOCKET [go|die|refuse NR]
 *   go       every call may go on (default)
 *   die      ends as soon as it has the state
 *   refuse   system call NR fails with EACCES
 * Output: "ready", "state JSON", "descriptors N", "first NR", "calls N".
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int take_connection(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		die("path");
	strcpy(addr.sun_path, path);
	if (s < 0 || bind(s, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(s, 1) < 0)
		die("listen");
	printf("ready\n");
	fflush(stdout);
	int c = accept(s, NULL, NULL);
	if (c < 0)
		die("accept");
	close(s);
	return c;
}

/* Reads to the end of the connection. The first descriptor that came with the first message. */
static int take_state(int c)
{
	static char state[1 << 16];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { state, sizeof(state) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(c, &msg, MSG_CMSG_CLOEXEC);
	size_t len = 0, n_fds = 0;
	int fd = -1;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
		n_fds += (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	}
	for (; n > 0; n = read(c, state + len, sizeof(state) - 1 - len))
		len += (size_t)n;
	if (n < 0)
		die("read");
	close(c);
	printf("state %s\ndescriptors %zu\n", state, n_fds);
	fflush(stdout);
	if (fd < 0)
		exit(1);
	return fd;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "go";
	int refuse = argc > 3 ? atoi(argv[3]) : -1;
	unsigned n = 0;
	int fd = take_state(take_connection(argv[1]));

	if (strcmp(mode, "die") == 0)
		return 0;
	for (;;) {
		struct seccomp_notif req = { 0 };

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno == EINTR)
				continue;
			break; /* ENOENT: nobody is under the filter any more */
		}
		struct seccomp_notif_resp resp = { .id = req.id,
						   .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		if (req.data.nr == refuse) {
			resp.flags = 0;
			resp.error = -EACCES;
		}
		if (n++ == 0)
			printf("first %d\n", req.data.nr);
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
	printf("calls %u\n", n);
	return 0;
}
