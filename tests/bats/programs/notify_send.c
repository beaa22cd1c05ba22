/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service in a container does with its NOTIFY_SOCKET. Each argument is a datagram; but "sleep:N" waits N seconds,
 * "fds:TEXT" sends TEXT with descriptors, "long:N" sends N bytes and READY=1 behind them, "wait:FILE" waits for FILE, and
 * "flood" sends for ever. "\n" in a datagram is written as "|". Prints the path first, then each errno that is not 0. Static.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int sock;

static void report(ssize_t r)
{
	if (r < 0)
		printf("%s\n", strerror(errno));
}

static void send_text(const char *text, int with_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	char data[4096];
	int fds[2] = { 0, 0 };

	snprintf(data, sizeof(data), "%s", text);
	for (char *p = data; (p = strchr(p, '|'));)
		*p = '\n';
	struct iovec iov = { .iov_base = data, .iov_len = strlen(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (with_fds) {
		control.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fds)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	report(sendmsg(sock, &msg, 0));
}

static void send_long(size_t n)
{
	char *data = malloc(n + 8);

	memset(data, 'x', n);
	memcpy(data + n, "\nREADY=1", 8);
	report(send(sock, data, n + 8, 0));
	free(data);
}

static void act(const char *arg)
{
	if (strncmp(arg, "sleep:", 6) == 0)
		sleep((unsigned)atoi(arg + 6));
	else if (strncmp(arg, "fds:", 4) == 0)
		send_text(arg + 4, 1);
	else if (strncmp(arg, "long:", 5) == 0)
		send_long((size_t)atol(arg + 5));
	else if (strncmp(arg, "wait:", 5) == 0)
		while (access(arg + 5, F_OK) < 0)
			usleep(20000);
	else if (strcmp(arg, "flood") == 0)
		for (;;)
			(void)!send(sock, "STATUS=flood", 12, 0);
	else
		send_text(arg, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");

	printf("socket %s\n", path ? path : "none");
	fflush(stdout);
	if (!path)
		return 2;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	report(connect(sock, (struct sockaddr *)&addr, sizeof(addr)));
	for (int i = 1; i < argc; i++) {
		act(argv[i]);
		fflush(stdout);
	}
	return 0;
}
