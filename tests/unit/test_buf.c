/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/tap.h"
#include "util/jsonw.h"

static void json_strings_are_escaped(void)
{
	auto_buf struct buf b = { 0 };

	buf_addjson(&b, "a\"b\\c\n\t\x01\xc3\xa9\xff");
	CHECK_STR(buf_str(&b), "\"a\\\"b\\\\c\\n\\t\\u0001\xc3\xa9\\ufffd\"");
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
	{ "the writer keeps commas and nesting", writer_keeps_commas },
	{ "buf_take hands the text over", take_hands_over },
};
TAP_MAIN(tests)
