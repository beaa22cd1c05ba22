/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CRIU must see, or have an option for, and a shell can't make. All say a number ten times a second:
 * held dgram PATH: to a datagram socket bound to PATH (--ext-unix-sk)
 * held lock PATH:  to /tmp/n, while it has PATH locked (--file-locks); ends with 1 if the lock is taken
 * held memfd NAME: to /tmp/n; it is kept in a memfd of that name
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
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

static int opened(const char *how, const char *what)
{
	if (strcmp(how, "dgram") == 0)
		return connected(what);
	return strcmp(how, "memfd") == 0 ? memfd_create(what, 0) : locked(what);
}

/* The next number: of the memfd, as far as it has one. */
static unsigned next(int memfd, unsigned last)
{
	if (memfd >= 0 && pread(memfd, &last, sizeof(last), 0) < 0)
		return 0;
	last++;
	return memfd >= 0 && pwrite(memfd, &last, sizeof(last), 0) < 0 ? 0 : last;
}

int main(int argc, char **argv)
{
	int fd = argc != 3 ? -1 : opened(argv[1], argv[2]);

	if (fd < 0) {
		perror("held");
		return 1;
	}
	bool dgram = strcmp(argv[1], "dgram") == 0, memfd = strcmp(argv[1], "memfd") == 0;
	for (unsigned i = next(memfd ? fd : -1, 0);; i = next(memfd ? fd : -1, i)) {
		char line[16];
		size_t n = (size_t)snprintf(line, sizeof(line), "%u\n", i);
		int to = dgram ? fd : open("/tmp/n", O_WRONLY | O_CREAT, 0600);

		(void)!write(to, line, n);
		if (!dgram)
			close(to);
		usleep(100000);
	}
}
