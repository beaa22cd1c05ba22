/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire format of D-Bus: values to bytes and back. D-Bus specification, "Marshaling (Wire Format)", "Message Format". Pure.
 *
 * Bytes of the other side are hostile: every length is checked against what is there and what the specification allows, and a
 * reader that met something wrong stays at an error and gives zeroes and "".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

enum {
	DBUS_FIXED_HEADER = 16,		   /* up to and with the length of the header's fields */
	DBUS_MAX_MESSAGE = 16 << 20,	   /* the specification allows 128 MiB */
	DBUS_MAX_ARRAY = DBUS_MAX_MESSAGE, /* and of an array 64 */
	DBUS_MAX_DEPTH = 16, /* of values in each other: arrays, structs and variants */
};

/* ---- writing: appends to a struct buf that began empty, where alignment counts from; errors stick to it ---- */

void dbus_put_byte(struct buf *out, uint8_t n);
void dbus_put_u32(struct buf *out, uint32_t n);	   /* also 'b' and 'i' */
void dbus_put_u64(struct buf *out, uint64_t n);	   /* also 'x' and 't' */
void dbus_put_str(struct buf *out, const char *s); /* also 'o' */
void dbus_put_sig(struct buf *out, const char *s); /* 'g'; at most 255 bytes */
void dbus_put_struct(struct buf *out);		   /* begins one: the fields follow */
/* The elements of an array stand between the two. ALIGN is that of an element: 1, 4 or 8. */
size_t dbus_begin_array(struct buf *out, size_t align);
void dbus_end_array(struct buf *out, size_t begin, size_t align);

/* A message without its body. NULL members are left out. */
struct dbus_header {
	enum dbus_type type;
	uint32_t serial, reply_serial; /* the latter 0: none */
	const char *path, *interface, *member, *error_name, *destination, *signature;
	uint32_t body_len;
};
/* Header and BODY appended to OUT, which is empty. */
void dbus_put_message(struct buf *out, const struct dbus_header *h, const struct buf *body);

/* ---- reading ---- */

struct dbus_in {
	const uint8_t *p;
	size_t len, at;
	bool big_endian;
	int error; /* 0 or -EBADMSG */
};

uint8_t dbus_get_byte(struct dbus_in *in);
uint32_t dbus_get_u32(struct dbus_in *in);
uint64_t dbus_get_u64(struct dbus_in *in);
const char *dbus_get_str(struct dbus_in *in); /* 's' and 'o': in the message's memory, never NULL */
const char *dbus_get_sig(struct dbus_in *in);
/* Goes over the value of type *SIG and puts *SIG behind it. */
void dbus_skip(struct dbus_in *in, const char **sig);

/* Length of the message whose first DBUS_FIXED_HEADER bytes these are; -EBADMSG, or -EFBIG above DBUS_MAX_MESSAGE. */
int64_t dbus_message_len(const uint8_t head[DBUS_FIXED_HEADER]);
/* Takes a whole message apart: *H, and BODY to read its arguments from. Strings are in P. 0 or -EBADMSG. */
int dbus_parse(const uint8_t *p, size_t len, struct dbus_header *h, struct dbus_in *body);
