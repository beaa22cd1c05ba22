/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text → events, one pass, nothing is kept (no tree). On top of what RFC 8259 and yajl refuse, this refuses what
 * two readers could understand differently: duplicate keys (at any depth), NUL in strings, text that is not UTF-8,
 * halves of surrogate pairs, nesting over JSON_MAX_DEPTH, documents over JSON_MAX_SIZE, a top level that is no object.
 *
 * It keeps the JSON path of the present value, and finds line and column only when asked to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"

enum {
	JSON_MAX_SIZE = 16 * 1024 * 1024,
	JSON_MAX_DEPTH = 128,
};

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_KEY,	 /* of the value that comes next */
	JSON_END_OBJECT, /* for the two ends the path is that of the object or array itself */
	JSON_END_ARRAY,
};

struct json_event {
	enum json_type type;
	bool boolean;
	/* STRING and KEY: the decoded bytes; NUMBER: the digits as written. Not ended by a NUL; valid only during
	 * the call, except that a string without escapes lies in the text handed to json_parse(). */
	const char *s;
	size_t len;
};

struct json; /* a parse that is under way */

/* Gets each event. A negative return ends the parse and is returned by json_parse(); the handler has filled its
 * error then. */
typedef int (*json_handler)(void *ctx, struct json *j, const struct json_event *ev);

/* Parses TEXT (no NUL needed at its end). What breaks the format is an ERR_SPEC with path, line and column in *e. */
int json_parse(const char *text, size_t len, json_handler fn, void *ctx, struct err *e);

/* For handlers: first byte of the present event's token. */
size_t json_offset(const struct json *j);
/* For handlers: appends the JSON path of the present value ("$.mounts[3].options[1]"). */
void json_path(const struct json *j, struct buf *out);
/* Appends ".key", or ["key"] where the key is no plain word. Control characters become '?'. */
void json_path_key(struct buf *out, const char *key, size_t len);

/* Line and column (from 1, in characters) of an offset. */
void json_position(const char *text, size_t offset, uint32_t *line, uint32_t *col);

/* A JSON path and where it was found. */
struct json_place {
	const char *path; /* "$.process.args[2]" */
	size_t matched; /* bytes of the path that were found; less than its length: the nearest enclosing value */
	size_t offset;
};

/* Finds N paths in TEXT in one pass. Whatever can't be found (or a text that does not parse) ends at the enclosing
 * value that can. 0 or -ENOMEM. */
int json_locate(const char *text, size_t len, struct json_place *places, size_t n);
/* Gives E its line and column by its path; nothing when it has them, or has no path. */
void json_place_err(struct err *e, const char *text, size_t len);
/* "a string", "null", …: for messages. */
const char *json_type_name(enum json_type type);
