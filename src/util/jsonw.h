/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON writer on a struct buf. Keeps the commas and the indentation; the caller keeps the nesting right. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

enum { JSONW_MAX_DEPTH = 32 };

struct jsonw {
	struct buf *out;
	int indent; /* spaces a level; 0 = all on one line */
	int depth;
	bool any[JSONW_MAX_DEPTH]; /* something was written on this level */
};

void jsonw_init(struct jsonw *w, struct buf *out, int indent);
/* KEY is NULL inside an array and at the top. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_end_object(struct jsonw *w);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_end_array(struct jsonw *w);
void jsonw_str(struct jsonw *w, const char *key,
	       const char *value); /* a NULL value is written as null */
void jsonw_strf(struct jsonw *w, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
void jsonw_u64(struct jsonw *w, const char *key, uint64_t value);
void jsonw_i64(struct jsonw *w, const char *key, int64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);
/* TEXT is JSON already. */
void jsonw_raw(struct jsonw *w, const char *key, const char *text);
