/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire format of D-Bus. */
#include "sys/dbus_wire.h"

#include <errno.h>
#include <string.h>

#include "util/util.h"

/* ---- writing ---- */

static void align_to(struct buf *out, size_t n)
{
	while (!out->error && out->len % n)
		buf_addc(out, '\0');
}

void dbus_put_byte(struct buf *out, uint8_t n)
{
	buf_addc(out, (char)n);
}

static void put_le(struct buf *out, uint64_t n, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_addc(out, (char)(uint8_t)(n >> (8 * i)));
}

void dbus_put_u32(struct buf *out, uint32_t n)
{
	align_to(out, 4);
	put_le(out, n, 4);
}

void dbus_put_u64(struct buf *out, uint64_t n)
{
	align_to(out, 8);
	put_le(out, n, 8);
}

void dbus_put_str(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	dbus_put_u32(out, (uint32_t)len);
	buf_add(out, s, len + 1);
}

void dbus_put_sig(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	buf_addc(out, (char)(uint8_t)len);
	buf_add(out, s, len + 1);
}

void dbus_put_struct(struct buf *out)
{
	align_to(out, 8);
}

size_t dbus_begin_array(struct buf *out, size_t align)
{
	dbus_put_u32(out, 0);
	size_t begin = out->len;
	align_to(out, align);
	return begin;
}

void dbus_end_array(struct buf *out, size_t begin, size_t align)
{
	if (out->error)
		return;
	/* the padding before the first element does not count */
	size_t first = (begin + align - 1) / align * align;
	uint32_t len = (uint32_t)(out->len - first);

	for (size_t i = 0; i < 4; i++)
		out->p[begin - 4 + i] = (char)(uint8_t)(len >> (8 * i));
}

enum field {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
	FIELD_N,
};

static void put_field(struct buf *out, enum field field, const char *sig, const char *s)
{
	if (!s)
		return;
	dbus_put_struct(out);
	dbus_put_byte(out, (uint8_t)field);
	dbus_put_sig(out, sig);
	if (*sig == 'g')
		dbus_put_sig(out, s);
	else
		dbus_put_str(out, s);
}

void dbus_put_message(struct buf *out, const struct dbus_header *h, const struct buf *body)
{
	dbus_put_byte(out, 'l');
	dbus_put_byte(out, (uint8_t)h->type);
	dbus_put_byte(out, 0); /* flags */
	dbus_put_byte(out, 1); /* version */
	dbus_put_u32(out, body ? (uint32_t)body->len : 0);
	dbus_put_u32(out, h->serial);
	size_t fields = dbus_begin_array(out, 8);
	put_field(out, FIELD_PATH, "o", h->path);
	put_field(out, FIELD_INTERFACE, "s", h->interface);
	put_field(out, FIELD_MEMBER, "s", h->member);
	put_field(out, FIELD_ERROR_NAME, "s", h->error_name);
	put_field(out, FIELD_DESTINATION, "s", h->destination);
	put_field(out, FIELD_SIGNATURE, "g", h->signature);
	if (h->reply_serial) {
		dbus_put_struct(out);
		dbus_put_byte(out, FIELD_REPLY_SERIAL);
		dbus_put_sig(out, "u");
		dbus_put_u32(out, h->reply_serial);
	}
	dbus_end_array(out, fields, 8);
	align_to(out, 8);
	if (body && body->error)
		out->error = body->error;
	else if (body)
		buf_add(out, buf_str(body), body->len);
}

/* ---- reading ---- */

static void bad(struct dbus_in *in)
{
	in->error = -EBADMSG;
	in->at = in->len;
}

static void align_in(struct dbus_in *in, size_t n)
{
	size_t at = (in->at + n - 1) / n * n;

	if (in->error || at > in->len)
		bad(in);
	else
		in->at = at;
}

/* The next N bytes, or NULL. */
static const uint8_t *take(struct dbus_in *in, size_t n)
{
	if (in->error || n > in->len - in->at) {
		bad(in);
		return NULL;
	}
	in->at += n;
	return in->p + in->at - n;
}

static uint64_t number(const uint8_t *p, size_t size, bool big_endian)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n |= (uint64_t)p[big_endian ? size - 1 - i : i] << (8 * i);
	return n;
}

static uint64_t get(struct dbus_in *in, size_t size)
{
	align_in(in, size);
	const uint8_t *p = take(in, size);

	return p ? number(p, size, in->big_endian) : 0;
}

uint8_t dbus_get_byte(struct dbus_in *in)
{
	return (uint8_t)get(in, 1);
}

uint32_t dbus_get_u32(struct dbus_in *in)
{
	return (uint32_t)get(in, 4);
}

uint64_t dbus_get_u64(struct dbus_in *in)
{
	return get(in, 8);
}

/* LEN bytes without a NUL among them, and a NUL behind. */
static const char *get_text(struct dbus_in *in, size_t len)
{
	const uint8_t *p = take(in, len + 1);

	if (p && !memchr(p, '\0', len) && p[len] == '\0')
		return (const char *)p;
	bad(in);
	return "";
}

const char *dbus_get_str(struct dbus_in *in)
{
	return get_text(in, dbus_get_u32(in));
}

const char *dbus_get_sig(struct dbus_in *in)
{
	return get_text(in, dbus_get_byte(in));
}

static size_t alignment(char type)
{
	switch (type) {
	case 'y':
	case 'g':
	case 'v':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'x':
	case 't':
	case 'd':
	case '(':
	case '{':
		return 8;
	default:
		return 4;
	}
}

/* End of the one complete type at SIG; NULL: it is none. */
static const char *type_end(const char *sig, unsigned depth)
{
	if (!*sig || depth > DBUS_MAX_DEPTH)
		return NULL;
	if (*sig == 'a')
		return type_end(sig + 1, depth + 1);
	if (*sig != '(' && *sig != '{')
		return strchr("ybnqiuxtdsogvh", *sig) ? sig + 1 : NULL;
	char close = *sig == '(' ? ')' : '}';
	sig++;
	do {
		sig = type_end(sig, depth + 1);
	} while (sig && *sig != close);
	return sig ? sig + 1 : NULL;
}

static void skip_value(struct dbus_in *in, const char *sig, unsigned depth);

static void skip_array(struct dbus_in *in, const char *element, unsigned depth)
{
	uint32_t len = dbus_get_u32(in);

	align_in(in, alignment(*element));
	if (in->error || len > DBUS_MAX_ARRAY || len > in->len - in->at) {
		bad(in);
		return;
	}
	size_t end = in->at + len;
	while (!in->error && in->at < end)
		skip_value(in, element, depth);
	if (in->at != end)
		bad(in);
}

static void skip_struct(struct dbus_in *in, const char *sig, unsigned depth)
{
	const char *field = sig + 1;

	align_in(in, 8);
	while (!in->error && *field != ')' && *field != '}') {
		skip_value(in, field, depth);
		field = type_end(field, depth);
		if (!field) {
			bad(in);
			return;
		}
	}
}

/* SIG begins with a complete type. */
static void skip_value(struct dbus_in *in, const char *sig, unsigned depth)
{
	if (depth > DBUS_MAX_DEPTH) {
		bad(in);
		return;
	}
	switch (*sig) {
	case 's':
	case 'o':
		(void)dbus_get_str(in);
		break;
	case 'g':
		(void)dbus_get_sig(in);
		break;
	case 'v':
		sig = dbus_get_sig(in);
		if (!type_end(sig, depth) || *type_end(sig, depth))
			bad(in);
		else
			skip_value(in, sig, depth + 1);
		break;
	case 'a':
		skip_array(in, sig + 1, depth + 1);
		break;
	case '(':
	case '{':
		skip_struct(in, sig, depth + 1);
		break;
	default:
		(void)get(in, alignment(*sig));
	}
}

void dbus_skip(struct dbus_in *in, const char **sig)
{
	const char *end = type_end(*sig, 0);

	if (!end) {
		bad(in);
		return;
	}
	skip_value(in, *sig, 0);
	*sig = end;
}

int64_t dbus_message_len(const uint8_t head[DBUS_FIXED_HEADER])
{
	bool big = head[0] == 'B';

	if ((!big && head[0] != 'l') || head[3] != 1)
		return -EBADMSG;
	uint64_t body = number(head + 4, 4, big), fields = number(head + 12, 4, big);
	uint64_t len = DBUS_FIXED_HEADER + (fields + 7) / 8 * 8 + body;
	return len > DBUS_MAX_MESSAGE ? -EFBIG : (int64_t)len;
}

/* Where a field of the header with a text goes; NULL: it is not ours to know. */
static const char **text_of(struct dbus_header *h, uint8_t field, const char *sig)
{
	const struct {
		const char **text, *sig;
	} fields[FIELD_N] = {
		[FIELD_PATH] = { &h->path, "o" },
		[FIELD_INTERFACE] = { &h->interface, "s" },
		[FIELD_MEMBER] = { &h->member, "s" },
		[FIELD_ERROR_NAME] = { &h->error_name, "s" },
		[FIELD_DESTINATION] = { &h->destination, "s" },
		[FIELD_SIGNATURE] = { &h->signature, "g" },
	};

	if (field >= FIELD_N || !fields[field].text || strcmp(fields[field].sig, sig) != 0)
		return NULL;
	return fields[field].text;
}

static void parse_field(struct dbus_in *in, struct dbus_header *h)
{
	align_in(in, 8);
	uint8_t field = dbus_get_byte(in);
	const char *sig = dbus_get_sig(in), **text = text_of(h, field, sig);

	if (text)
		*text = *sig == 'g' ? dbus_get_sig(in) : dbus_get_str(in);
	else if (field == FIELD_REPLY_SERIAL && strcmp(sig, "u") == 0)
		h->reply_serial = dbus_get_u32(in);
	else
		dbus_skip(in, &sig);
}

int dbus_parse(const uint8_t *p, size_t len, struct dbus_header *h, struct dbus_in *body)
{
	struct dbus_in in = { .p = p, .len = len };

	*h = (struct dbus_header){ .signature = "" };
	if (len < DBUS_FIXED_HEADER || dbus_message_len(p) != (int64_t)len)
		return -EBADMSG;
	in.big_endian = p[0] == 'B';
	in.at = 4;
	h->type = (enum dbus_type)p[1];
	h->body_len = dbus_get_u32(&in);
	h->serial = dbus_get_u32(&in);
	in.len = DBUS_FIXED_HEADER + (size_t)number(p + 12, 4, in.big_endian);
	in.at = DBUS_FIXED_HEADER;
	while (!in.error && in.at < in.len)
		parse_field(&in, h);
	if (in.error)
		return in.error;
	*body = (struct dbus_in){ .p = p + (len - h->body_len),
				  .len = h->body_len,
				  .big_endian = in.big_endian };
	return 0;
}
