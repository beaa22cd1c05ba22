/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single values of a field table: integers in range, forms of strings, words for messages. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/field_value.h"

enum { MAX_SHOWN = 60, FEW_WORDS = 8 };

void field_describe(char *out, size_t size, const struct json_event *ev)
{
	int n = (int)MIN(ev->len, (size_t)MAX_SHOWN);

	if (ev->type == JSON_STRING) {
		/* Not in the middle of a character. */
		while (n > 0 && (size_t)n < ev->len && (ev->s[n] & 0xc0) == 0x80)
			n--;
		snprintf(out, size, "'%.*s%s'", n, ev->s, (size_t)n < ev->len ? "..." : "");
	} else if (ev->type == JSON_NUMBER) {
		snprintf(out, size, "%.*s%s", n, ev->s, (size_t)n < ev->len ? "..." : "");
	} else if (ev->type == JSON_BOOL) {
		snprintf(out, size, "%s", ev->boolean ? "true" : "false");
	} else {
		snprintf(out, size, "%s", json_type_name(ev->type));
	}
}

void field_set_integer(void *where, size_t size, uint64_t value)
{
	uint8_t v8 = (uint8_t)value;
	uint16_t v16 = (uint16_t)value;
	uint32_t v32 = (uint32_t)value;
	const void *from = size == 1   ? (void *)&v8
			   : size == 2 ? (void *)&v16
			   : size == 4 ? (void *)&v32
				       : &value;

	memcpy(where, from, size);
}

uint64_t field_get_integer(const void *where, size_t size)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1:
		memcpy(&v8, where, 1);
		return v8;
	case 2:
		memcpy(&v16, where, 2);
		return v16;
	case 4:
		memcpy(&v32, where, 4);
		return v32;
	default:
		memcpy(&v64, where, 8);
		return v64;
	}
}

/* Decimal digits and a sign, nothing else. */
static bool read_integer(const struct json_event *ev, bool *negative, uint64_t *ret)
{
	size_t i = *negative = ev->len > 0 && ev->s[0] == '-';

	*ret = 0;
	if (i == ev->len)
		return false;
	for (; i < ev->len; i++) {
		unsigned digit = (unsigned char)ev->s[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(*ret, 10u, ret) ||
		    __builtin_add_overflow(*ret, digit, ret))
			return false;
	}
	return true;
}

bool field_integer(const struct field *row, void *where, const struct json_event *ev, char *should,
		   size_t size)
{
	unsigned bits = row->size * 8u;
	uint64_t top = row->is_signed ? UINT64_MAX >> (65 - bits) : UINT64_MAX >> (64 - bits);
	bool ranged = row->min || row->max;
	int64_t min = ranged || !row->is_signed ? row->min : -(int64_t)top - 1;
	uint64_t max = row->max ? row->max : top;
	uint64_t value;
	bool negative;

	bool ok = read_integer(ev, &negative, &value);
	if (ok && negative)
		ok = min < 0 ? value <= 0 - (uint64_t)min : value == 0;
	else if (ok)
		ok = value <= max && (min <= 0 || value >= (uint64_t)min);
	if (ok)
		field_set_integer(where, row->size, negative ? 0 - value : value);
	else if (max == INT64_MAX && min == INT64_MIN)
		snprintf(should, size, "an integer of 64 bits");
	else if (max == UINT64_MAX || max == INT64_MAX)
		snprintf(should, size, "an integer of at least %" PRId64, min);
	else
		snprintf(should, size, "an integer from %" PRId64 " to %" PRIu64, min, max);
	return ok;
}

const char *field_string_flaw(const struct field *row, const char *s)
{
	if ((row->flags & (FIELD_NON_EMPTY | FIELD_ABSOLUTE)) && *s == '\0')
		return (row->flags & FIELD_ABSOLUTE) ? "an absolute path"
						     : "a string that is not empty";
	if ((row->flags & FIELD_ABSOLUTE) && *s != '/')
		return "an absolute path";
	if ((row->flags & FIELD_ONE_LINE) && strchr(s, '\n'))
		return "a text without newlines";
	return row->check ? row->check(s) : NULL;
}

void field_hint(char *out, size_t size, const struct name *names, const char *word)
{
	const char *near = name_nearest(names, word);
	size_t n = 0, used;

	*out = '\0';
	if (near) {
		snprintf(out, size, "did you mean '%s'?", near);
		return;
	}
	while (names[n].name)
		n++;
	if (n > FEW_WORDS)
		return;
	snprintf(out, size, "known:");
	for (size_t i = 0; i < n; i++) {
		used = strlen(out);
		snprintf(out + used, size - used, "%s %s", i ? "," : "", names[i].name);
	}
}

const char *field_nearest(const struct field *table, const char *key)
{
	struct name_search s = name_search_begin(key);

	for (const struct field *row = table; row->kind != FIELD_KIND_END; row++)
		name_search_try(&s, row->key);
	return name_search_end(&s);
}
