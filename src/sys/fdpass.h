/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with descriptors over AF_UNIX sockets. Received descriptors are close-on-exec; more than expected, a cut
 * message or a cut control part is -EPROTO and leaks nothing. MSG_NOSIGNAL always. */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { FDPASS_MAX = 8 };

int fdpass_pair(int fds[2]); /* SOCK_SEQPACKET | SOCK_CLOEXEC */
/* One packet. 0 or -errno (-EPIPE when the peer is gone). */
int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds);
/* One packet of up to SIZE bytes. Length; 0 = end of file. *n_fds: room in FDS on entry, number on return. */
ssize_t fdpass_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds);
/* connect(2) to a pathname socket of any length through a directory descriptor; TYPE is SOCK_STREAM or SOCK_SEQPACKET.
 * -ETIMEDOUT after 10 s with one who accepts nobody; fdpass_send to one who reads nothing is -EAGAIN then. */
int fdpass_connect(const char *path, int type);
int fdpass_connect_at(int dirfd, const char *name, int type);
/* The same for an abstract one; NAME without what stands for its NUL. */
int fdpass_connect_abstract(const char *name, int type);
/* bind(2) in a directory, with exactly MODE. */
int fdpass_bind_at(int dirfd, const char *name, int type, mode_t mode);
/* bind(2) + listen(2) in a directory, mode 0600. */
int fdpass_listen_at(int dirfd, const char *name, int type);
