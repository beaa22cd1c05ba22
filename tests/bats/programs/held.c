/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CRIU has options for and a shell can't make. Both say a number ten times a second:
 * held dgram PATH: to a datagram socket bound to PATH (--ext-unix-sk)
 * held lock PATH:  to /tmp/n, while it has PATH locked (--file-locks); ends with 1 if the lock is taken
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connected(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	return s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : s;
}

static int locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	int dgram = argc == 3 && strcmp(argv[1], "dgram") == 0;
	int fd = argc != 3 ? -1 : dgram ? connected(argv[2]) : locked(argv[2]);

	if (fd < 0) {
		perror("held");
		return 1;
	}
	for (unsigned i = 1;; i++) {
		char line[16];
		size_t n = (size_t)snprintf(line, sizeof(line), "%u\n", i);
		int to = dgram ? fd : open("/tmp/n", O_WRONLY | O_CREAT, 0600);

		(void)!write(to, line, n);
		if (!dgram)
			close(to);
		usleep(100000);
	}
}
