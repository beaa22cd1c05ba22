/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed clean-up at the end of a scope. A variable of an auto_* kind owns its value; TAKE_FD and TAKE_PTR
 * hand the value over. errno survives the clean-up.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO(fn) __attribute__((cleanup(fn)))

/* Closes FD if it is one; close(2) is not retried, on Linux the descriptor is gone after EINTR too. */
static inline void close_fd(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
}

static inline void cleanup_fd(int *fd)
{
	close_fd(*fd);
}

static inline void cleanup_str(char **s)
{
	free(*s);
}

#define auto_fd	 AUTO(cleanup_fd)
#define auto_str AUTO(cleanup_str)

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
