/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON writer. */
#include <inttypes.h>

#include "util/jsonw.h"

void jsonw_init(struct jsonw *w, struct buf *out, int indent)
{
	*w = (struct jsonw){ .out = out, .indent = indent };
}

static void newline(struct jsonw *w)
{
	if (w->indent)
		buf_addf(w->out, "\n%*s", w->indent * w->depth, "");
}

static void begin(struct jsonw *w, const char *key)
{
	if (w->any[w->depth])
		buf_addc(w->out, ',');
	if (w->depth)
		newline(w);
	w->any[w->depth] = true;
	if (key) {
		buf_addjson(w->out, key);
		buf_adds(w->out, w->indent ? ": " : ":");
	}
}

static void open_level(struct jsonw *w, const char *key, char bracket)
{
	begin(w, key);
	buf_addc(w->out, bracket);
	if (w->depth + 1 >= JSONW_MAX_DEPTH) {
		w->out->error = -ENOMEM;
		return;
	}
	w->any[++w->depth] = false;
}

static void close_level(struct jsonw *w, char bracket)
{
	if (w->depth == 0)
		return;
	bool any = w->any[w->depth--];
	if (any)
		newline(w);
	buf_addc(w->out, bracket);
}

void jsonw_object(struct jsonw *w, const char *key)
{
	open_level(w, key, '{');
}

void jsonw_end_object(struct jsonw *w)
{
	close_level(w, '}');
}

void jsonw_array(struct jsonw *w, const char *key)
{
	open_level(w, key, '[');
}

void jsonw_end_array(struct jsonw *w)
{
	close_level(w, ']');
}

void jsonw_str(struct jsonw *w, const char *key, const char *value)
{
	begin(w, key);
	if (value)
		buf_addjson(w->out, value);
	else
		buf_adds(w->out, "null");
}

void jsonw_strf(struct jsonw *w, const char *key, const char *fmt, ...)
{
	auto_buf struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (buf_error(&text) < 0)
		w->out->error = buf_error(&text);
	jsonw_str(w, key, buf_str(&text));
}

void jsonw_u64(struct jsonw *w, const char *key, uint64_t value)
{
	begin(w, key);
	buf_addf(w->out, "%" PRIu64, value);
}

void jsonw_i64(struct jsonw *w, const char *key, int64_t value)
{
	begin(w, key);
	buf_addf(w->out, "%" PRId64, value);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	jsonw_raw(w, key, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
	jsonw_raw(w, key, "null");
}

void jsonw_raw(struct jsonw *w, const char *key, const char *text)
{
	begin(w, key);
	buf_adds(w->out, text);
}
