/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/tap.h"
#include "util/jsonw.h"
#include "util/utf8.h"

static void json_strings_are_escaped(void)
{
	auto_buf struct buf b = { 0 };

	buf_addjson(&b, "a\"b\\c\n\t\x01\xc3\xa9\xff");
	CHECK_STR(buf_str(&b), "\"a\\\"b\\\\c\\n\\t\\u0001\xc3\xa9\\ufffd\"");
}

static void what_steers_a_terminal_is_escaped(void)
{
	auto_buf struct buf b = { 0 };

	buf_addjson(&b, "\x7f \xc2\x9b \xe2\x80\xae \xe2\x81\xa6 \xe2\x82\xac");
	CHECK_STR(buf_str(&b), "\"\\u007f \\u009b \\u202e \\u2066 \xe2\x82\xac\"");
}

static void plain_text_does_not_steer(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7",
		  "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7" },
		{ "a\nb\tc\x1b[1m\x7f", "a?b?c?[1m?" },
		{ "csi \xc2\x9b"
		  "1m",
		  "csi ?1m" },			   /* U+009B */
		{ "a0 \xc2\xa0", "a0 \xc2\xa0" },  /* the first behind C1 */
		{ "bidi \xe2\x80\xae", "bidi ?" }, /* U+202E */
		{ "line \xe2\x80\xa8", "line ?" }, /* U+2028 */
		{ "cut \xe2\x80", "cut ??" },
		{ "surrogate \xed\xa0\x80", "surrogate ???" },
		{ "long \xc0\xaf", "long ??" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		auto_buf struct buf b = { 0 };
		char copy[64];

		buf_addplain(&b, rows[i].in, strlen(rows[i].in));
		CHECK_STR(buf_str(&b), rows[i].out);
		snprintf(copy, sizeof(copy), "%s", rows[i].in);
		text_make_plain(copy);
		CHECK(!strpbrk(copy, "\n\t\x1b\x7f"));
		buf_reset(&b);
		buf_addplain(&b, copy, strlen(copy));
		CHECK_STR(buf_str(&b), copy);
	}
}

static void writer_keeps_commas(void)
{
	auto_buf struct buf b = { 0 };
	struct jsonw w;

	jsonw_init(&w, &b, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "a", "x");
	jsonw_array(&w, "b");
	jsonw_u64(&w, NULL, 1);
	jsonw_i64(&w, NULL, -2);
	jsonw_end_array(&w);
	jsonw_object(&w, "c");
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	CHECK_STR(buf_str(&b), "{\"a\":\"x\",\"b\":[1,-2],\"c\":{}}");
}

static void take_hands_over(void)
{
	struct buf b = { 0 };

	buf_addf(&b, "%d-%s", 5, "x");
	auto_str char *s = buf_take(&b);
	CHECK_STR(s, "5-x");
	CHECK(!b.p);
	auto_str char *empty = buf_take(&b);
	CHECK_STR(empty, "");
}

static const struct test tests[] = {
	{ "strings are escaped, bad UTF-8 replaced", json_strings_are_escaped },
	{ "what steers a terminal is escaped", what_steers_a_terminal_is_escaped },
	{ "plain text does not steer", plain_text_does_not_steer },
	{ "the writer keeps commas and nesting", writer_keeps_commas },
	{ "buf_take hands the text over", take_hands_over },
};
TAP_MAIN(tests)
