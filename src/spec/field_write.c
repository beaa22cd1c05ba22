/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Field tables the other way round: a struct as the JSON document that reads back as the same struct. */
#include <string.h>

#include "spec/field.h"
#include "spec/field_value.h"

/* Every list is {pointer, number}. */
struct list {
	const char *v;
	size_t n;
};

static struct list list_at(const void *where)
{
	struct list l;

	memcpy(&l, where, sizeof(l));
	return l;
}

static const char *pointer_at(const void *where)
{
	const char *p;

	memcpy(&p, where, sizeof(p));
	return p;
}

static bool has_any(const struct field *table, const char *in);

/* Is there anything to say about ROW? What has no mark of its own always has a value. */
static bool is_there(const struct field *row, const char *in)
{
	if (row->has)
		return *(const bool *)(in + row->has - 1);
	switch (row->kind) {
	case FIELD_STRING:
	case FIELD_OBJECT_PTR:
		return pointer_at(in + row->at) != NULL;
	case FIELD_OBJECT:
		return has_any(row->table, in + row->at);
	case FIELD_STRINGS:
	case FIELD_OBJECTS:
	case FIELD_MAP:
	case FIELD_OBJECT_MAP:
		return list_at(in + row->at).n > 0;
	case FIELD_BOOL:
	case FIELD_INTEGER:
	case FIELD_WORD:
	case FIELD_LETTERS:
		return true;
	default:
		return false;
	}
}

static bool has_any(const struct field *table, const char *in)
{
	for (const struct field *row = table; row->kind != FIELD_KIND_END; row++) {
		if (is_there(row, in))
			return true;
	}
	return false;
}

static void write_integer(struct jsonw *w, const struct field *row, const char *where)
{
	uint64_t v = field_get_integer(where, row->size);
	unsigned shift = 64 - row->size * 8u;

	if (row->is_signed)
		jsonw_i64(w, row->key, (int64_t)(v << shift) >> shift);
	else
		jsonw_u64(w, row->key, v);
}

static void write_letters(struct jsonw *w, const struct field *row, const char *where)
{
	uint64_t v = field_get_integer(where, row->size);
	char letters[65];
	size_t n = 0;

	for (const struct name *x = row->names; x->name && n < sizeof(letters) - 1; x++) {
		if (v & x->value)
			letters[n++] = x->name[0];
	}
	letters[n] = '\0';
	jsonw_str(w, row->key, letters);
}

static void write_members(struct jsonw *w, const struct field *table, const char *in);

static void write_object(struct jsonw *w, const char *key, const struct field *table,
			 const char *in)
{
	jsonw_object(w, key);
	write_members(w, table, in);
	jsonw_end_object(w);
}

static void write_list(struct jsonw *w, const struct field *row, struct list l)
{
	bool map = row->kind == FIELD_OBJECT_MAP;

	if (map)
		jsonw_object(w, row->key);
	else
		jsonw_array(w, row->key);
	for (size_t i = 0; i < l.n; i++) {
		const char *elem = l.v + i * row->elem_size;

		write_object(w, map ? pointer_at(elem + row->key_at) : NULL, row->table, elem);
	}
	if (map)
		jsonw_end_object(w);
	else
		jsonw_end_array(w);
}

static void write_map(struct jsonw *w, const struct field *row, struct list l)
{
	jsonw_object(w, row->key);
	for (size_t i = 0; i < l.n; i++) {
		const char *entry = l.v + i * 2 * sizeof(char *);

		jsonw_str(w, pointer_at(entry), pointer_at(entry + sizeof(char *)));
	}
	jsonw_end_object(w);
}

static void write_strings(struct jsonw *w, const struct field *row, struct list l)
{
	jsonw_array(w, row->key);
	for (size_t i = 0; i < l.n; i++)
		jsonw_str(w, NULL, pointer_at(l.v + i * sizeof(char *)));
	jsonw_end_array(w);
}

static void write_member(struct jsonw *w, const struct field *row, const char *where)
{
	switch (row->kind) {
	case FIELD_BOOL:
		jsonw_bool(w, row->key, *(const bool *)where);
		break;
	case FIELD_INTEGER:
		write_integer(w, row, where);
		break;
	case FIELD_STRING:
		jsonw_str(w, row->key, pointer_at(where));
		break;
	case FIELD_STRINGS:
		write_strings(w, row, list_at(where));
		break;
	case FIELD_WORD:
		jsonw_str(w, row->key, name_word(row->names, field_get_integer(where, row->size)));
		break;
	case FIELD_LETTERS:
		write_letters(w, row, where);
		break;
	case FIELD_OBJECT:
		write_object(w, row->key, row->table, where);
		break;
	case FIELD_OBJECT_PTR:
		write_object(w, row->key, row->table, pointer_at(where));
		break;
	case FIELD_OBJECTS:
	case FIELD_OBJECT_MAP:
		write_list(w, row, list_at(where));
		break;
	case FIELD_MAP:
		write_map(w, row, list_at(where));
		break;
	default:
		break;
	}
}

static void write_members(struct jsonw *w, const struct field *table, const char *in)
{
	for (const struct field *row = table; row->kind != FIELD_KIND_END; row++) {
		if (is_there(row, in))
			write_member(w, row, in + row->at);
	}
}

void field_write(struct jsonw *w, const char *key, const struct field *table, const void *in)
{
	write_object(w, key, table, in);
}
