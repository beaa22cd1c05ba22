/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter of field tables: JSON events in, structs filled. A stack of frames, one for each object, list or
 * map that is open and known; unknown subtrees are only counted.
 */
#include <stdio.h>
#include <string.h>

#include "spec/field.h"
#include "spec/field_value.h"

enum { MAX_FRAMES = 16, MAX_WARNINGS = 64, MAX_ROWS = 64 };

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

struct arena *field_arena(struct field_ctx *c)
{
	return c->arena;
}

size_t field_index(const struct field_ctx *c)
{
	return c->frames[c->depth - 2].count - 1;
}

static struct frame *top(struct field_ctx *c)
{
	return &c->frames[c->depth - 1];
}

/* ---- findings and warnings ---- */

static void set_position(struct field_ctx *c, struct err *e, size_t offset)
{
	uint32_t line;

	if (offset < c->line_start) {
		c->line_start = 0;
		c->line = 1;
	}
	json_position(c->text + c->line_start, offset - c->line_start, &line, &e->col);
	e->line = c->line += line - 1;
	const char *nl = memrchr(c->text + c->line_start, '\n', offset - c->line_start);
	if (nl)
		c->line_start = (size_t)(nl + 1 - c->text);
}

/* Path of the present value and MEMBER below it, in words: "process.args[2]". */
static const char *path_of(struct field_ctx *c, struct buf *path, const char *member)
{
	json_path(c->j, path);
	buf_adds(path, member);
	return path->len > 2 ? path->p + 2 : "the document";
}

/* Ends a finding that is in c->e. 0: reading goes on. */
static int raise(struct field_ctx *c)
{
	if (!c->sink || !c->sink->finding || !c->sink->finding(c->sink->ctx, c->e))
		return err_errno(c->e);
	top(c)->bad = true;
	return 0;
}

static int bad_at(struct field_ctx *c, const char *member, size_t offset, const char *text,
		  const char *hint)
{
	auto_buf struct buf path = { 0 };
	const char *words = path_of(c, &path, member);

	err_set(c->e, ERR_SPEC, "%s %s", words, text);
	err_at(c->e, "%s", buf_str(&path));
	if (hint && *hint)
		err_hint(c->e, "%s", hint);
	if (offset != SIZE_MAX)
		set_position(c, c->e, offset);
	return raise(c);
}

static int no_memory(struct field_ctx *c)
{
	return err_sys(c->e, -ENOMEM, "reading JSON");
}

int field_bad(struct field_ctx *c, const char *member, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return bad_at(c, member, SIZE_MAX, text, NULL);
}

static bool may_warn(struct field_ctx *c)
{
	return c->sink && c->sink->warning && c->n_warnings < MAX_WARNINGS;
}

static void warn_at(struct field_ctx *c, const char *member, size_t offset, const char *text)
{
	auto_buf struct buf path = { 0 };
	struct err w;

	if (!may_warn(c))
		return;
	c->n_warnings++;
	path_of(c, &path, member);
	err_set(&w, ERR_SPEC, "%s", text);
	err_at(&w, "%s", buf_str(&path));
	if (offset != SIZE_MAX)
		set_position(c, &w, offset);
	c->sink->warning(c->sink->ctx, &w);
}

void field_warn(struct field_ctx *c, const char *member, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn_at(c, member, SIZE_MAX, text);
}

/* The value of the present event is not what it should be. */
static int wrong(struct field_ctx *c, const struct json_event *ev, const char *should,
		 const char *hint)
{
	char text[300];
	int n = snprintf(text, sizeof(text), "must be %s, not ", should);

	if (n >= 0 && (size_t)n < sizeof(text))
		field_describe(text + n, sizeof(text) - (size_t)n, ev);
	return bad_at(c, "", json_offset(c->j), text, hint);
}

/* ---- storing ---- */

/* The string of EV, with its NUL, for as long as the arena lives. */
static char *keep(struct field_ctx *c, const struct json_event *ev)
{
	if (ev->s < c->text || ev->s >= c->text + c->len)
		return arena_strn(c->arena, ev->s, ev->len);
	char *s = c->copy + (ev->s - c->text);
	s[ev->len] = '\0'; /* over the closing quote */
	return s;
}

/* Room for one more element; lists grow when their length is a power of two. */
static void *append(struct field_ctx *c, const struct field *row, char *out, size_t size)
{
	struct any_list {
		char *v;
		size_t n;
	} *l = (void *)(out + row->at);

	if (l->n == 0 || (l->n >= 4 && (l->n & (l->n - 1)) == 0)) {
		char *v = arena_array(c->arena, l->n ? l->n * 2 : 4, size);

		if (!v)
			return NULL;
		if (l->n)
			memcpy(v, l->v, l->n * size);
		l->v = v;
	}
	return l->v + size * l->n++;
}

static int add_string(struct field_ctx *c, const struct field *row, char *out, char *s)
{
	struct strv *l = (void *)(out + row->at);

	if (l->n + 1 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		char **v = arena_array(c->arena, cap, sizeof(*v));

		if (!v)
			return no_memory(c);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	return 0;
}

static void set_has(const struct field *row, char *out)
{
	if (row->has)
		*(bool *)(out + row->has - 1) = true;
}

static bool string_ok(struct field_ctx *c, const struct field *row, const struct json_event *ev,
		      const char *s, int *r)
{
	const char *should = field_string_flaw(row, s);

	*r = should ? wrong(c, ev, should, NULL) : 0;
	return !should;
}

static int store_integer(struct field_ctx *c, const struct field *row, char *where,
			 const struct json_event *ev)
{
	char should[80];

	if (!field_integer(row, where, ev, should, sizeof(should)))
		return wrong(c, ev, should, NULL);
	return 0;
}

static int store_string(struct field_ctx *c, const struct field *row, char *out,
			const struct json_event *ev)
{
	int r;
	char *s = keep(c, ev);

	if (!s)
		return no_memory(c);
	if (*s == '\0' && (row->flags & FIELD_EMPTY_UNSET))
		return 0;
	if (!string_ok(c, row, ev, s, &r))
		return r;
	*(char **)(out + row->at) = s;
	set_has(row, out);
	return 0;
}

/* A word of the row's names. *known is false after a finding or warning. */
static int look_up(struct field_ctx *c, const struct field *row, const struct json_event *ev,
		   uint64_t *ret, bool *known)
{
	char hint[160];
	const char *word = keep(c, ev);

	if (!word)
		return no_memory(c);
	*known = name_value(row->names, word, ret) == 0;
	if (*known)
		return 0;
	if (row->kind == FIELD_BIT_NUMBERS) {
		if (may_warn(c)) {
			char text[300];

			field_hint(hint, sizeof(hint), row->names, word);
			snprintf(text, sizeof(text), "unknown name '%.80s' is ignored%s%s", word,
				 *hint ? ": " : "", hint);
			warn_at(c, "", json_offset(c->j), text);
		}
		return 0;
	}
	field_hint(hint, sizeof(hint), row->names, word);
	return wrong(c, ev, row->what, hint);
}

static int store_word(struct field_ctx *c, const struct field *row, char *out,
		      const struct json_event *ev)
{
	uint64_t value;
	bool known;

	if (ev->len == 0 && (row->flags & FIELD_EMPTY_UNSET))
		return 0;
	int r = look_up(c, row, ev, &value, &known);
	if (r < 0 || !known)
		return r;
	field_set_integer(out + row->at, row->size, value);
	if (row->word)
		*(char **)(out + row->word - 1) = keep(c, ev);
	set_has(row, out);
	return 0;
}

static int store_letters(struct field_ctx *c, const struct field *row, char *out,
			 const struct json_event *ev)
{
	uint64_t bits = 0, bit;

	for (size_t i = 0; i < ev->len; i++) {
		const char letter[2] = { ev->s[i], '\0' };

		if (name_value(row->names, letter, &bit) < 0 || (bits & bit))
			return wrong(c, ev, row->what, NULL);
		bits |= bit;
	}
	if (!bits)
		return wrong(c, ev, row->what, NULL);
	field_set_integer(out + row->at, row->size, bits);
	set_has(row, out);
	return 0;
}

/* ---- elements of lists, members of maps ---- */

static const char *type_wanted(const struct field *row, bool element)
{
	switch (row->kind) {
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INTEGER:
		return "an integer";
	case FIELD_STRING:
	case FIELD_WORD:
	case FIELD_LETTERS:
		return "a string";
	case FIELD_STRINGS:
	case FIELD_BITS:
	case FIELD_BIT_NUMBERS:
	case FIELD_WORDS:
		return element ? "a string" : "an array of strings";
	case FIELD_INTEGERS:
		return element ? "an integer" : "an array of integers";
	case FIELD_OBJECTS:
	case FIELD_EACH:
		return element ? "an object" : "an array of objects";
	case FIELD_MAP:
		return element ? "a string" : "an object";
	default:
		return "an object";
	}
}

static int element_word(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	const struct field *row = f->row;
	uint64_t value;
	bool known;

	int r = look_up(c, row, ev, &value, &known);
	if (r < 0 || !known)
		return r;
	if (row->kind == FIELD_WORDS) {
		void *elem = append(c, row, f->out, row->size);

		if (!elem)
			return no_memory(c);
		field_set_integer(elem, row->size, value);
		return 0;
	}
	if (row->kind == FIELD_BIT_NUMBERS)
		value = 1ull << value;
	char *where = f->out + row->at;
	field_set_integer(where, row->size, field_get_integer(where, row->size) | value);
	return 0;
}

static int element_integer(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	char *elem = append(c, f->row, f->out, f->row->size);

	return elem ? store_integer(c, f->row, elem, ev) : no_memory(c);
}

static int element_string(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	int r;
	char *s = keep(c, ev);

	if (!s)
		return no_memory(c);
	if (f->row->kind == FIELD_STRINGS)
		return string_ok(c, f->row, ev, s, &r) ? add_string(c, f->row, f->out, s) : r;
	struct spec_pair {
		char *key, *value;
	} *pair = append(c, f->row, f->out, sizeof(*pair));
	if (!pair)
		return no_memory(c);
	pair->key = f->key;
	pair->value = s;
	return 0;
}

/* A scalar inside a list or map. */
static int element(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	f->count++;
	switch (f->row->kind) {
	case FIELD_STRINGS:
	case FIELD_MAP:
		if (ev->type == JSON_STRING)
			return element_string(c, f, ev);
		break;
	case FIELD_WORDS:
	case FIELD_BITS:
	case FIELD_BIT_NUMBERS:
		if (ev->type == JSON_STRING)
			return element_word(c, f, ev);
		break;
	case FIELD_INTEGERS:
		if (ev->type == JSON_NUMBER)
			return element_integer(c, f, ev);
		break;
	default:
		break;
	}
	return wrong(c, ev, type_wanted(f->row, true), NULL);
}

/* A scalar that is a member of an object. */
static int member(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	const struct field *row = f->cur;

	if (ev->type == JSON_NULL) {
		if (row->flags & FIELD_REQUIRED)
			return bad_at(c, "", json_offset(c->j), "is required, not null", NULL);
		return 0;
	}
	if (row->kind == FIELD_BOOL && ev->type == JSON_BOOL) {
		*(bool *)(f->out + row->at) = ev->boolean;
		set_has(row, f->out);
		return 0;
	}
	if (row->kind == FIELD_INTEGER && ev->type == JSON_NUMBER) {
		set_has(row, f->out);
		return store_integer(c, row, f->out + row->at, ev);
	}
	if (row->kind == FIELD_STRING && ev->type == JSON_STRING)
		return store_string(c, row, f->out, ev);
	if (row->kind == FIELD_WORD && ev->type == JSON_STRING)
		return store_word(c, row, f->out, ev);
	if (row->kind == FIELD_LETTERS && ev->type == JSON_STRING)
		return store_letters(c, row, f->out, ev);
	return wrong(c, ev, type_wanted(row, false), NULL);
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
		elem = append(c, row, f->out, row->elem_size);
	}
	if (!elem)
		return no_memory(c);
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

	set_has(row, out);
	if (row->kind == FIELD_MAP || row->kind == FIELD_OBJECT_MAP)
		return push(c, row, NULL, out);
	if (row->kind == FIELD_OBJECT_PTR || row->kind == FIELD_OBJECT_SCRATCH) {
		char *scratch = NULL;
		char **p = row->kind == FIELD_OBJECT_PTR ? (char **)where : &scratch;

		if (!*p) {
			*p = arena_alloc(c->arena, row->elem_size);
			if (!*p)
				return no_memory(c);
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

	struct frame *f = top(c);
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
			set_has(row, f->out);
			return push(c, row, NULL, f->out);
		}
		r = wrong(c, ev, type_wanted(row, false), NULL);
	} else {
		enum field_kind k = f->row->kind;

		if (ev->type == JSON_OBJECT &&
		    (k == FIELD_OBJECTS || k == FIELD_EACH || k == FIELD_OBJECT_MAP))
			return open_element(c, f);
		f->count++;
		r = wrong(c, ev, type_wanted(f->row, true), NULL);
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
		int r = bad_at(c, buf_str(&name), f->start, "is required", NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int closing(struct field_ctx *c)
{
	struct frame *f = top(c);
	int r = 0;

	if (f->table) {
		r = check_required(c, f);
		if (r == 0 && !f->bad && f->row && f->row->done)
			r = f->row->done(c, c->frames[c->depth - 2].out, f->out);
	} else if ((f->row->flags & FIELD_SOME) && f->count == 0) {
		r = bad_at(c, "", f->start, "must not be empty", NULL);
	}
	c->depth--;
	if (c->depth > 0)
		top(c)->bad |= f->bad;
	return r;
}

/* ---- keys ---- */

static void warn_unknown(struct field_ctx *c, const struct field *table, const char *key)
{
	char text[300];

	if (!may_warn(c))
		return;
	const char *near = field_nearest(table, key);
	int n = snprintf(text, sizeof(text), "unknown property '%.100s' is ignored", key);
	if (near && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "; did you mean '%s'?", near);
	warn_at(c, "", json_offset(c->j), text);
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
	f->key = keep(c, ev);
	if (!f->key)
		return no_memory(c);
	const char *should = field_string_flaw(f->row, f->key);
	if (!should)
		return 0;

	char text[200];
	snprintf(text, sizeof(text), "%s must be %s", f->row->what ? f->row->what : "its key",
		 should);
	return bad_at(c, "", json_offset(c->j), text, NULL);
}

static int on_key(struct field_ctx *c, const struct json_event *ev)
{
	struct frame *f = top(c);

	if (!f->table)
		return map_key(c, f, ev);
	f->cur = find_row(f->table, f->cur, ev);
	if (f->cur) {
		f->seen |= 1ull << (f->cur - f->table);
		return 0;
	}
	const char *key = keep(c, ev);
	if (!key)
		return no_memory(c);
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
	struct frame *f = top(c);
	if (!f->table)
		return element(c, f, ev);
	return f->cur && f->cur->kind != FIELD_SKIP ? member(c, f, ev) : 0;
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
