/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small D-Bus client: one connection, calls one at a time, signals told while a call or a signal is waited for. Enough to have
 * systemd make a scope (linux/systemd.h). Every wait ends at the connection's deadline.
 */
#pragma once

#include "sys/dbus_wire.h"

enum { DBUS_MAX_PATH = 108 };

struct dbus {
	int fd; /* -EBADF: closed */
	uint32_t serial;
	uint64_t end_ns; /* CLOCK_MONOTONIC: no wait goes on after that */
};

/* A received message; strings of H and BODY are in RAW. */
struct dbus_message {
	struct buf raw;
	struct dbus_header h;
	struct dbus_in body;
};
void dbus_message_free(struct dbus_message *m);

/* Path of the first usable unix socket of a D-Bus ADDRESS ("unix:path=/run/user/0/bus;..."), "@NAME" for an abstract one. Pure.
 * -EINVAL: there is none. */
int dbus_address(const char *address, char path[DBUS_MAX_PATH]);

/* Connects to PATH (see dbus_address()) and authenticates as who we are. IS_BUS: a message bus, which wants to be greeted. -EACCES
 * when it refuses us. MS: for this and all that follows, until dbus_set_deadline(). */
int dbus_connect(struct dbus *c, const char *path, bool is_bus, unsigned ms);
/* The same on a connected socket, which C takes over. */
int dbus_begin(struct dbus *c, int sock, bool is_bus, unsigned ms);
void dbus_set_deadline(struct dbus *c, unsigned ms);
void dbus_close(struct dbus *c);

/*
 * Calls and waits for the answer, *RET, which is a DBUS_RETURN or a DBUS_ERROR. H: all but type, serial and body_len. Signals that
 * come before go to ON_SIGNAL (may be NULL). -ETIMEDOUT, -EPIPE (the other side has gone), -EBADMSG, -EFBIG.
 */
int dbus_call(struct dbus *c, const struct dbus_header *h, const struct buf *body,
	      void (*on_signal)(void *ctx, struct dbus_message *m), void *ctx,
	      struct dbus_message *ret);
/* Waits for the next message of any kind. */
int dbus_next(struct dbus *c, struct dbus_message *ret);
