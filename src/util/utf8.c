/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, and text of others made safe to show. */
#include <string.h>

#include "util/buf.h"
#include "util/utf8.h"

size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80			  ? 1
		   : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
		   : (s[0] & 0xf0) == 0xe0	  ? 3
		   : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
						  : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

uint32_t utf8_value(const unsigned char *s, size_t n)
{
	uint32_t value = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	for (size_t i = 1; i < n; i++)
		value = value << 6 | (s[i] & 0x3fU);
	return value;
}

bool utf8_steers(const unsigned char *s, size_t n)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0, 0x1f },	    { 0x7f, 0x9f },	{ 0x61c, 0x61c },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
	};
	uint32_t value = utf8_value(s, n);

	for (size_t i = 0; i < N_ELEMENTS(ranges); i++) {
		if (value >= ranges[i].first && value <= ranges[i].last)
			return true;
	}
	return false;
}

void buf_addplain(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		const unsigned char *p = (const unsigned char *)s + i;
		size_t n = utf8_len(p, len - i);

		if (n && !utf8_steers(p, n))
			buf_add(b, p, n);
		else
			buf_addc(b, '?');
		i += n ? n : 1;
	}
}

void text_make_plain(char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len;) {
		unsigned char *p = (unsigned char *)s + i;
		size_t n = utf8_len(p, len - i);

		if (!n || utf8_steers(p, n))
			memset(p, '?', n ? n : 1);
		i += n ? n : 1;
	}
}
