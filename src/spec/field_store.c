/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Field tables: one scalar into its place, as its row says. */
#include <stdio.h>
#include <string.h>

#include "spec/field_ctx.h"

/* ---- members ---- */

char *field_keep(struct field_ctx *c, const struct json_event *ev)
{
	if (ev->s < c->text || ev->s >= c->text + c->len)
		return arena_strn(c->arena, ev->s, ev->len);
	char *s = c->copy + (ev->s - c->text);
	s[ev->len] = '\0'; /* over the closing quote */
	return s;
}

/* Room for one more element; lists grow when their length is a power of two. */
void *field_append(struct field_ctx *c, const struct field *row, char *out, size_t size)
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
			return field_no_memory(c);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	return 0;
}

void field_set_has(const struct field *row, char *out)
{
	if (row->has)
		*(bool *)(out + row->has - 1) = true;
}

static bool string_ok(struct field_ctx *c, const struct field *row, const struct json_event *ev,
		      const char *s, int *r)
{
	const char *should = field_string_flaw(row, s);

	*r = should ? field_wrong(c, ev, should, NULL) : 0;
	return !should;
}

static int store_integer(struct field_ctx *c, const struct field *row, char *where,
			 const struct json_event *ev)
{
	char should[80];

	if (!field_integer(row, where, ev, should, sizeof(should)))
		return field_wrong(c, ev, should, NULL);
	return 0;
}

static int store_string(struct field_ctx *c, const struct field *row, char *out,
			const struct json_event *ev)
{
	int r;
	char *s = field_keep(c, ev);

	if (!s)
		return field_no_memory(c);
	if (*s == '\0' && (row->flags & FIELD_EMPTY_UNSET))
		return 0;
	if (!string_ok(c, row, ev, s, &r))
		return r;
	*(char **)(out + row->at) = s;
	field_set_has(row, out);
	return 0;
}

/* A word of the row's names. *known is false after a finding or warning. */
static int look_up(struct field_ctx *c, const struct field *row, const struct json_event *ev,
		   uint64_t *ret, bool *known)
{
	char hint[160];
	const char *word = field_keep(c, ev);

	if (!word)
		return field_no_memory(c);
	*known = name_value(row->names, word, ret) == 0;
	if (*known)
		return 0;
	if (row->kind == FIELD_BIT_NUMBERS) {
		if (field_may_warn(c)) {
			char text[300];

			field_hint(hint, sizeof(hint), row->names, word);
			snprintf(text, sizeof(text), "unknown name '%.80s' is ignored%s%s", word,
				 *hint ? ": " : "", hint);
			field_warn_at(c, "", json_offset(c->j), text);
		}
		return 0;
	}
	field_hint(hint, sizeof(hint), row->names, word);
	return field_wrong(c, ev, row->what, hint);
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
		*(char **)(out + row->word - 1) = field_keep(c, ev);
	field_set_has(row, out);
	return 0;
}

static int store_letters(struct field_ctx *c, const struct field *row, char *out,
			 const struct json_event *ev)
{
	uint64_t bits = 0, bit;

	for (size_t i = 0; i < ev->len; i++) {
		const char letter[2] = { ev->s[i], '\0' };

		if (name_value(row->names, letter, &bit) < 0 || (bits & bit))
			return field_wrong(c, ev, row->what, NULL);
		bits |= bit;
	}
	if (!bits)
		return field_wrong(c, ev, row->what, NULL);
	field_set_integer(out + row->at, row->size, bits);
	field_set_has(row, out);
	return 0;
}

/* ---- elements of lists, members of maps ---- */

const char *field_type_wanted(const struct field *row, bool element)
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
		void *elem = field_append(c, row, f->out, row->size);

		if (!elem)
			return field_no_memory(c);
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
	char *elem = field_append(c, f->row, f->out, f->row->size);

	return elem ? store_integer(c, f->row, elem, ev) : field_no_memory(c);
}

static int element_string(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	int r;
	char *s = field_keep(c, ev);

	if (!s)
		return field_no_memory(c);
	if (f->row->kind == FIELD_STRINGS)
		return string_ok(c, f->row, ev, s, &r) ? add_string(c, f->row, f->out, s) : r;
	struct spec_pair {
		char *key, *value;
	} *pair = field_append(c, f->row, f->out, sizeof(*pair));
	if (!pair)
		return field_no_memory(c);
	pair->key = f->key;
	pair->value = s;
	return 0;
}

/* A scalar inside a list or map. */
int field_element(struct field_ctx *c, struct frame *f, const struct json_event *ev)
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
	return field_wrong(c, ev, field_type_wanted(f->row, true), NULL);
}

/* A scalar that is a member of an object. */
int field_member(struct field_ctx *c, struct frame *f, const struct json_event *ev)
{
	const struct field *row = f->cur;

	if (ev->type == JSON_NULL) {
		if (row->flags & FIELD_REQUIRED)
			return field_bad_at(c, "", json_offset(c->j), "is required, not null",
					    NULL);
		return 0;
	}
	if (row->kind == FIELD_BOOL && ev->type == JSON_BOOL) {
		*(bool *)(f->out + row->at) = ev->boolean;
		field_set_has(row, f->out);
		return 0;
	}
	if (row->kind == FIELD_INTEGER && ev->type == JSON_NUMBER) {
		field_set_has(row, f->out);
		return store_integer(c, row, f->out + row->at, ev);
	}
	if (row->kind == FIELD_STRING && ev->type == JSON_STRING)
		return store_string(c, row, f->out, ev);
	if (row->kind == FIELD_WORD && ev->type == JSON_STRING)
		return store_word(c, row, f->out, ev);
	if (row->kind == FIELD_LETTERS && ev->type == JSON_STRING)
		return store_letters(c, row, f->out, ev);
	return field_wrong(c, ev, field_type_wanted(row, false), NULL);
}
