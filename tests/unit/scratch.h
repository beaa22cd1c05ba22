/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scratch directory and a count of open descriptors, for the tests of src/sys. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_remove(void)
{
	nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Makes the directory; its O_PATH descriptor. Ends the test when it can't. */
static inline int scratch_make(void)
{
	int fd;

	snprintf(scratch, sizeof(scratch), "/tmp/ketch-test-XXXXXX");
	fd = mkdtemp(scratch) ? open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		printf("Bail out! no scratch directory: %s\n", strerror(errno));
		exit(1);
	}
	return fd;
}

static inline int n_open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Number of entries of DIR/NAME but dots. */
static inline int n_entries(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static inline mode_t mode_at(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode;
}

static inline void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# can't write %s: %s\n", name, strerror(errno));
	close(fd);
}

/* The text of DIR/NAME, in a static buffer; NULL when it can't be read. */
static inline const char *get_file(int dir, const char *name)
{
	static char text[4096];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}
