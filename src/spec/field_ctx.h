/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to field*.c: the state of a parse by a field table. */
#pragma once

#include "spec/field.h"
#include "spec/field_value.h"

enum { MAX_FRAMES = 16 };

struct frame {
	const struct field *row;   /* what opened it; NULL for the document */
	const struct field *table; /* of an object; NULL for lists and maps */
	char *out; /* struct that is being filled; for lists and maps the one around it */
	const struct field *cur; /* object: row of the present key; NULL: unknown */
	char *key;		 /* map: the present key */
	char *scratch;		 /* FIELD_EACH: the element */
	uint64_t seen;		 /* object: rows by index */
	size_t start;		 /* offset of the opening bracket */
	size_t count;		 /* elements so far */
	bool bad;		 /* a finding was made in here */
};

struct field_ctx {
	struct json *j;
	const char *text;
	char *copy; /* of the text: strings without escapes are ended by a NUL in there, and stay */
	size_t len;
	struct arena *arena;
	struct err *e;
	const struct field_sink *sink;
	const struct field *table;
	void *out;
	int depth, skip;
	unsigned n_warnings;
	size_t line_start; /* positions are asked for in rising order: counted on from the last one */
	uint32_t line;
	struct frame frames[MAX_FRAMES];
};

static inline struct frame *field_top(struct field_ctx *c)
{
	return &c->frames[c->depth - 1];
}

/* field_report.c */

/* The value or key at OFFSET (SIZE_MAX: found later, by its path) and its MEMBER: "<property> <text>". 0: a finding that
 * ended nothing, reading goes on. */
int field_bad_at(struct field_ctx *c, const char *member, size_t offset, const char *text,
		 const char *hint);
/* The value of the present event is not what it SHOULD be. */
int field_wrong(struct field_ctx *c, const struct json_event *ev, const char *should,
		const char *hint);
bool field_may_warn(struct field_ctx *c);
void field_warn_at(struct field_ctx *c, const char *member, size_t offset, const char *text);

/* field_store.c */

/* The string of EV, with its NUL, for as long as the arena lives. */
char *field_keep(struct field_ctx *c, const struct json_event *ev);
/* Room for one more element of SIZE bytes in the list at ROW of OUT. */
void *field_append(struct field_ctx *c, const struct field *row, char *out, size_t size);
void field_set_has(const struct field *row, char *out);
/* "an array of strings": what ROW takes, or what its ELEMENTs are. */
const char *field_type_wanted(const struct field *row, bool element);
/* A scalar that is a member of the object F, or an element of the list or map F. */
int field_member(struct field_ctx *c, struct frame *f, const struct json_event *ev);
int field_element(struct field_ctx *c, struct frame *f, const struct json_event *ev);
