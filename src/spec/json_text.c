/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text: flaws that a parser would pass on, and positions. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "spec/json.h"
#include "spec/json_text.h"
#include "util/utf8.h"

/* Value of "\uXXXX" at S, or -1 when it is something else (which yajl refuses). */
static int unicode_escape(const char *s, size_t left)
{
	int value = 0;

	if (left < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* Length of the escape at S; 0 and *flaw when it stands for nothing we take. */
static size_t escape(const char *s, size_t left, enum json_flaw *flaw)
{
	int u = unicode_escape(s, left);

	if (u < 0)
		return MIN(left, 2);
	if (u == 0) {
		*flaw = JSON_FLAW_NUL_ESCAPE;
		return 0;
	}
	if (u < 0xd800 || u > 0xdfff)
		return 6;
	int low = u < 0xdc00 ? unicode_escape(s + 6, left - 6) : -1;
	if (low >= 0xdc00 && low <= 0xdfff)
		return 12;
	*flaw = JSON_FLAW_SURROGATE;
	return 0;
}

/* True when none of the eight bytes at S needs a closer look (NUL, backslash, not ASCII). */
static bool plain_bytes(const char *s)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t word, x;

	memcpy(&word, s, 8);
	x = word ^ ones * '\\';
	return ((word | ((word - ones) & ~word) | ((x - ones) & ~x)) & tops) == 0;
}

size_t json_find_flaw(const char *text, size_t len, enum json_flaw *ret)
{
	size_t i = 0;

	*ret = JSON_FLAWLESS;
	while (i < len) {
		if (len - i >= 8 && plain_bytes(text + i)) {
			i += 8;
			continue;
		}
		size_t n = 1;
		if (text[i] == '\0') {
			*ret = JSON_FLAW_NUL_BYTE;
			return i;
		}
		if (text[i] == '\\') {
			n = escape(text + i, len - i, ret);
		} else {
			n = utf8_len((const unsigned char *)text + i, len - i);
			if (n == 0)
				*ret = JSON_FLAW_UTF8;
		}
		if (n == 0)
			return i;
		i += n;
	}
	return len;
}

const char *json_flaw_text(enum json_flaw flaw)
{
	static const char *const texts[] = {
		[JSON_FLAWLESS] = "",
		[JSON_FLAW_NUL_BYTE] = "not valid JSON: a NUL byte",
		[JSON_FLAW_UTF8] = "not valid JSON: invalid UTF-8",
		[JSON_FLAW_NUL_ESCAPE] = "a string holds a NUL character (\\u0000)",
		[JSON_FLAW_SURROGATE] = "not valid JSON: half of a surrogate pair",
	};

	return texts[flaw];
}

static bool escaped(const char *text, size_t at)
{
	size_t n = 0;

	while (n < at && text[at - 1 - n] == '\\')
		n++;
	return n % 2;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '-' || c == '.';
}

size_t json_token_start(const char *text, size_t end)
{
	if (end == 0)
		return 0;
	size_t i = end - 1;
	if (text[i] == '"') {
		while (i > 0) {
			i--;
			if (text[i] == '"' && !escaped(text, i))
				return i;
		}
		return end - 1;
	}
	while (i > 0 && word_char(text[i]) && word_char(text[i - 1]))
		i--;
	return i;
}

void json_position(const char *text, size_t offset, uint32_t *line, uint32_t *col)
{
	const char *begin = text, *at = text + offset, *nl;

	*line = *col = 1;
	while (begin < at && (nl = memchr(begin, '\n', (size_t)(at - begin)))) {
		(*line)++;
		begin = nl + 1;
	}
	for (; begin < at; begin++)
		*col += (*begin & 0xc0) != 0x80;
}
