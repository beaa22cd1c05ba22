/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing byte string. */
#include <stdint.h>
#include <string.h>

#include "util/buf.h"
#include "util/utf8.h"

int buf_reserve(struct buf *b, size_t n)
{
	if (b->error)
		return b->error;
	if (n > SIZE_MAX / 4 - b->len)
		return b->error = -ENOMEM;
	size_t need = b->len + n + 1;
	if (need <= b->cap)
		return 0;
	size_t cap = b->cap ? b->cap * 2 : 256;
	if (cap < need)
		cap = need;
	char *p = realloc(b->p, cap);
	if (!p)
		return b->error = -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	if (buf_reserve(b, n) < 0)
		return;
	memcpy(b->p + b->len, data, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && buf_reserve(b, (size_t)n) == 0) {
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

/* Appends the sequence of N bytes at P, escaped where JSON or a terminal needs it. */
static void add_json_char(struct buf *b, const unsigned char *p, size_t n)
{
	if (n == 0)
		buf_adds(b, "\\ufffd");
	else if (*p == '"' || *p == '\\')
		buf_addf(b, "\\%c", *p);
	else if (*p == '\n')
		buf_adds(b, "\\n");
	else if (*p == '\t')
		buf_adds(b, "\\t");
	else if (utf8_steers(p, n))
		buf_addf(b, "\\u%04x", utf8_value(p, n));
	else
		buf_add(b, p, n);
}

static void add_label_char(struct buf *b, const unsigned char *p, size_t n)
{
	if (n == 0)
		buf_adds(b, "\ufffd");
	else if (*p == '"' || *p == '\\')
		buf_addf(b, "\\%c", *p);
	else if (*p == '\n')
		buf_adds(b, "\\n");
	else
		buf_add(b, p, n);
}

/* ADD gets each sequence of S and its length, which is 0 for a byte that is not UTF-8. */
static void add_quoted(struct buf *b, const char *s,
		       void (*add)(struct buf *b, const unsigned char *p, size_t n))
{
	size_t len = strlen(s);

	buf_addc(b, '"');
	for (size_t i = 0; i < len;) {
		const unsigned char *p = (const unsigned char *)s + i;
		size_t n = utf8_len(p, len - i);

		add(b, p, n);
		i += n ? n : 1;
	}
	buf_addc(b, '"');
}

void buf_addjson(struct buf *b, const char *s)
{
	add_quoted(b, s, add_json_char);
}

void buf_addlabel(struct buf *b, const char *s)
{
	add_quoted(b, s, add_label_char);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->p)
		b->p[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

int buf_error(const struct buf *b)
{
	return b->error;
}

const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *buf_take(struct buf *b)
{
	char *s = NULL;

	if (!b->error && (b->p || buf_reserve(b, 0) == 0)) {
		b->p[b->len] = '\0';
		s = b->p;
		b->p = NULL;
	}
	buf_free(b);
	return s;
}
