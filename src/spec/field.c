/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter of field tables: JSON events in, structs filled. A stack of frames, one for each object, list or
 * map that is open and known; unknown subtrees are only counted.
 */
#include <stdio.h>
#include <string.h>

#include "spec/field_ctx.h"

struct arena *field_arena(struct field_ctx *c)
{
	return c->arena;
}

size_t field_index(const struct field_ctx *c)
{
	return c->frames[c->depth - 2].count - 1;
}

/* ---- opening and closing ---- */

static int push(struct field_ctx *c, const struct field *row, const struct field *table, char *out)
{
	if (c->depth == MAX_FRAMES)
		return err_set(c->e, ERR_INTERNAL, "field tables nested deeper than %d",
			       MAX_FRAMES);
	c->frames[c->depth++] = (struct frame){
		.row = row, .table = table, .out = out, .start = json_offset(c->j)
	};
	return 0;
}

static int open_element(struct field_ctx *c, struct frame *f)
{
	const struct field *row = f->row;
	char *elem;

	f->count++;
	if (row->kind == FIELD_EACH) {
		if (!f->scratch)
			f->scratch = arena_alloc(c->arena, row->elem_size);
		elem = f->scratch;
	} else {
		elem = field_append(c, row, f->out, row->elem_size);
	}
	if (!elem)
		return field_no_memory(c);
	memset(elem, 0, row->elem_size);
	if (row->init)
		row->init(elem);
	if (row->kind == FIELD_OBJECT_MAP)
		*(char **)(elem + row->key_at) = f->key;
	return push(c, row, row->table, elem);
}

static int open_object_member(struct field_ctx *c, const struct field *row, char *out)
{
	char *where = out + row->at;

	field_set_has(row, out);
	if (row->kind == FIELD_MAP || row->kind == FIELD_OBJECT_MAP)
		return push(c, row, NULL, out);
	if (row->kind == FIELD_OBJECT_PTR || row->kind == FIELD_OBJECT_SCRATCH) {
		char *scratch = NULL;
		char **p = row->kind == FIELD_OBJECT_PTR ? (char **)where : &scratch;

		if (!*p) {
			*p = arena_alloc(c->arena, row->elem_size);
			if (!*p)
				return field_no_memory(c);
			if (row->init)
				row->init(*p);
		}
		where = *p;
	}
	return push(c, row, row->table, where);
}

static bool takes_object(const struct field *row)
{
	return row->kind == FIELD_OBJECT || row->kind == FIELD_OBJECT_PTR ||
	       row->kind == FIELD_OBJECT_SCRATCH || row->kind == FIELD_MAP ||
	       row->kind == FIELD_OBJECT_MAP;
}

static bool takes_array(const struct field *row)
{
	return row->kind == FIELD_STRINGS || row->kind == FIELD_BITS ||
	       row->kind == FIELD_BIT_NUMBERS || row->kind == FIELD_INTEGERS ||
	       row->kind == FIELD_WORDS || row->kind == FIELD_OBJECTS || row->kind == FIELD_EACH;
}

static int opening(struct field_ctx *c, const struct json_event *ev)
{
	if (c->depth == 0)
		return push(c, NULL, c->table, c->out);

	struct frame *f = field_top(c);
	int r;
	if (f->table) {
		const struct field *row = f->cur;

		if (!row || row->kind == FIELD_SKIP) {
			c->skip = 1;
			return 0;
		}
		if (ev->type == JSON_OBJECT && takes_object(row))
			return open_object_member(c, row, f->out);
		if (ev->type == JSON_ARRAY && takes_array(row)) {
			field_set_has(row, f->out);
			return push(c, row, NULL, f->out);
		}
		r = field_wrong(c, ev, field_type_wanted(row, false), NULL);
	} else {
		enum field_kind k = f->row->kind;

		if (ev->type == JSON_OBJECT &&
		    (k == FIELD_OBJECTS || k == FIELD_EACH || k == FIELD_OBJECT_MAP))
			return open_element(c, f);
		f->count++;
		r = field_wrong(c, ev, field_type_wanted(f->row, true), NULL);
	}
	c->skip = 1; /* the finding ended nothing: past the value */
	return r;
}

static int check_required(struct field_ctx *c, struct frame *f)
{
	for (size_t i = 0; f->table[i].kind != FIELD_KIND_END; i++) {
		const struct field *row = &f->table[i];
		auto_buf struct buf name = { 0 };

		if (!(row->flags & FIELD_REQUIRED) || (f->seen & (1ull << i)))
			continue;
		json_path_key(&name, row->key, row->key_len);
		int r = field_bad_at(c, buf_str(&name), f->start, "is required", NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int closing(struct field_ctx *c)
{
	struct frame *f = field_top(c);
	int r = 0;

	if (f->table) {
		r = check_required(c, f);
		if (r == 0 && !f->bad && f->row && f->row->done)
			r = f->row->done(c, c->frames[c->depth - 2].out, f->out);
	} else if ((f->row->flags & FIELD_SOME) && f->count == 0) {
		r = field_bad_at(c, "", f->start, "must not be empty", NULL);
	}
	c->depth--;
	if (c->depth > 0)
		field_top(c)->bad |= f->bad;
	return r;
}

/* ---- keys ---- */

static void warn_unknown(struct field_ctx *c, const struct field *table, const char *key)
{
	char text[300];

	if (!field_may_warn(c))
		return;
	const char *near = field_nearest(table, key);
	int n = snprintf(text, sizeof(text), "unknown property '%.100s' is ignored", key);
	if (near && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "; did you mean '%s'?", near);
	field_warn_at(c, "", json_offset(c->j), text);
}

static const struct field *find_row(const struct field *table, const struct field *last,
				    const struct json_event *ev)
{
	/* Documents tend to keep the order of the table: begin after the row found last. */
	const struct field *first = last ? last + 1 : table;

	for (const struct field *row = first; row->kind != FIELD_KIND_END; row++) {
		if (row->key_len == ev->len && memcmp(row->key, ev->s, ev->len) == 0)
			return row;
	}
	for (const struct field *row = table; row < first; row++) {
		if (row->key_len == ev->len && memcmp(row->key, ev->s, ev->len) == 0)
			return row;
	}
	return NULL;
}

static int map_key(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	f->key = field_keep(c, ev);
	if (!f->key)
		return field_no_memory(c);
	const char *should = field_string_flaw(f->row, f->key);
	if (!should)
		return 0;

	char text[200];
	snprintf(text, sizeof(text), "%s must be %s", f->row->what ? f->row->what : "its key",
		 should);
	return field_bad_at(c, "", json_offset(c->j), text, NULL);
}

static int on_key(struct field_ctx *c, const struct json_event *ev)
{
	struct frame *f = field_top(c);

	if (!f->table)
		return map_key(c, f, ev);
	f->cur = find_row(f->table, f->cur, ev);
	if (f->cur) {
		f->seen |= 1ull << (f->cur - f->table);
		return 0;
	}
	const char *key = field_keep(c, ev);
	if (!key)
		return field_no_memory(c);
	warn_unknown(c, f->table, key);
	return 0;
}

static int on_event(void *ctx, struct json *j, const struct json_event *ev)
{
	struct field_ctx *c = ctx;
	bool ends = ev->type == JSON_END_OBJECT || ev->type == JSON_END_ARRAY;
	bool begins = ev->type == JSON_OBJECT || ev->type == JSON_ARRAY;

	c->j = j;
	if (c->skip) {
		c->skip += ends ? -1 : begins;
		return 0;
	}
	if (begins)
		return opening(c, ev);
	if (ends)
		return closing(c);
	if (ev->type == JSON_KEY)
		return on_key(c, ev);
	struct frame *f = field_top(c);
	if (!f->table)
		return field_element(c, f, ev);
	return f->cur && f->cur->kind != FIELD_SKIP ? field_member(c, f, ev) : 0;
}

int field_parse_all(const struct field *table, void *out, struct arena *a, const char *text,
		    size_t len, const struct field_sink *sink, struct err *e)
{
	struct err mine;
	struct field_ctx c = {
		.text = text,
		.len = len,
		.arena = a,
		.e = &mine,
		.sink = sink,
		.table = table,
		.out = out,
		.line = 1,
	};

	if (len <= JSON_MAX_SIZE && !(c.copy = arena_strn(a, text, len)))
		return err_sys(e, -ENOMEM, "reading JSON");
	int r = json_parse(text, len, on_event, &c, &mine);
	if (r < 0) {
		*e = mine;
		json_place_err(e, text, len);
	}
	return r;
}

int field_parse(const struct field *table, void *out, struct arena *a, const char *text, size_t len,
		struct err *e)
{
	return field_parse_all(table, out, a, text, len, NULL, e);
}
