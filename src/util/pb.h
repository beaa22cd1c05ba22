/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire form of protocol buffers (protobuf.dev, "Encoding"): the two kinds of field that the messages of proto2 we speak are made of,
 * numbers (varint) and bytes (strings, messages). Pure.
 */
#pragma once

#include <stdint.h>

#include "util/buf.h"

enum { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };
enum { PB_MAX_FIELD = (1 << 29) - 1 };

/* A number: bool, enum, (u)int32, (u)int64. Negative ones are sign-extended to 64 bits, as proto2 wants it. */
void pb_add_number(struct buf *out, unsigned field, int64_t value);
void pb_add_bytes(struct buf *out, unsigned field, const void *data, size_t len);
void pb_add_str(struct buf *out, unsigned field, const char *value);

struct pb_field {
	unsigned number;  /* from 1 */
	unsigned wire;	  /* PB_* */
	uint64_t value;	  /* of a VARINT or FIXED* */
	const char *data; /* of BYTES, not ended by a NUL; borrowed from what is read */
	size_t len;
};

struct pb_reader {
	const char *at;
	size_t left;
};

/* 1 and the next field, 0 at the end, -EBADMSG for what is no message. Unknown fields are returned like known ones: the caller skips. */
int pb_next(struct pb_reader *r, struct pb_field *ret);
/* BYTES of a field into a C string of SIZE bytes, cut to fit; bytes below a blank become '?'. "" for another kind. */
void pb_copy_str(const struct pb_field *f, char *out, size_t size);
