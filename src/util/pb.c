/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Protocol buffers on the wire. */
#include "util/pb.h"

#include <errno.h>
#include <string.h>

enum { CONTINUES = 0x80, MAX_VARINT = 10 };

static void add_varint(struct buf *out, uint64_t v)
{
	for (; v >= CONTINUES; v >>= 7)
		buf_addc(out, (char)(v | CONTINUES));
	buf_addc(out, (char)v);
}

static void add_tag(struct buf *out, unsigned field, unsigned wire)
{
	add_varint(out, (uint64_t)field << 3 | wire);
}

void pb_add_number(struct buf *out, unsigned field, int64_t value)
{
	add_tag(out, field, PB_VARINT);
	add_varint(out, (uint64_t)value);
}

void pb_add_bytes(struct buf *out, unsigned field, const void *data, size_t len)
{
	add_tag(out, field, PB_BYTES);
	add_varint(out, len);
	buf_add(out, data, len);
}

void pb_add_str(struct buf *out, unsigned field, const char *value)
{
	pb_add_bytes(out, field, value, strlen(value));
}

static int take_varint(struct pb_reader *r, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < MAX_VARINT && i < r->left; i++) {
		uint8_t byte = (uint8_t)r->at[i];

		if (i == MAX_VARINT - 1 && byte > 1)
			return -EBADMSG;
		v |= (uint64_t)(byte & ~CONTINUES) << (7 * i);
		if (byte & CONTINUES)
			continue;
		r->at += i + 1;
		r->left -= i + 1;
		*ret = v;
		return 0;
	}
	return -EBADMSG;
}

static int take_fixed(struct pb_reader *r, size_t size, uint64_t *ret)
{
	if (r->left < size)
		return -EBADMSG;
	*ret = 0;
	for (size_t i = 0; i < size; i++)
		*ret |= (uint64_t)(uint8_t)r->at[i] << (8 * i);
	r->at += size;
	r->left -= size;
	return 0;
}

static int take_bytes(struct pb_reader *r, struct pb_field *f)
{
	uint64_t len;

	if (take_varint(r, &len) < 0 || len > r->left)
		return -EBADMSG;
	f->data = r->at;
	f->len = (size_t)len;
	r->at += len;
	r->left -= (size_t)len;
	return 0;
}

int pb_next(struct pb_reader *r, struct pb_field *ret)
{
	uint64_t tag;
	int k;

	*ret = (struct pb_field){ 0 };
	if (r->left == 0)
		return 0;
	if (take_varint(r, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > PB_MAX_FIELD)
		return -EBADMSG;
	ret->number = (unsigned)(tag >> 3);
	ret->wire = tag & 7;
	switch (ret->wire) {
	case PB_VARINT:
		k = take_varint(r, &ret->value);
		break;
	case PB_FIXED64:
		k = take_fixed(r, 8, &ret->value);
		break;
	case PB_FIXED32:
		k = take_fixed(r, 4, &ret->value);
		break;
	case PB_BYTES:
		k = take_bytes(r, ret);
		break;
	default: /* groups, which nobody writes any more */
		k = -EBADMSG;
		break;
	}
	return k < 0 ? k : 1;
}

void pb_copy_str(const struct pb_field *f, char *out, size_t size)
{
	size_t n = f->wire == PB_BYTES ? MIN(f->len, size - 1) : 0;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)f->data[i] < ' ' || f->data[i] == 0x7f ? '?' : f->data[i];
	out[n] = '\0';
}
