/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Growing byte string, always ended by a NUL. Errors stick: after a failed allocation further calls do
 * nothing and buf_error() tells, so that a writer checks once, at the end.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "util/cleanup.h"
#include "util/util.h"

struct buf {
	char *p; /* NULL while empty */
	size_t len, cap;
	int error; /* 0 or -ENOMEM */
};

void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* Appends S as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void buf_addjson(struct buf *b, const char *s);
/* The same as the value of an OpenMetrics label, where only a quote, a backslash and a newline are escaped. */
void buf_addlabel(struct buf *b, const char *s);
/* Makes room for N more bytes. */
int buf_reserve(struct buf *b, size_t n);
void buf_reset(struct buf *b); /* keeps the memory */
void buf_free(struct buf *b);
/* 0, or -ENOMEM when something could not be appended. */
int buf_error(const struct buf *b);
/* The text, never NULL. Owned by B. */
const char *buf_str(const struct buf *b);
/* Hands the text over to the caller, who frees it; NULL after an error. B is empty then. */
char *buf_take(struct buf *b);

#define auto_buf AUTO(buf_free)
