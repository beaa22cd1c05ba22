/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec/field.h: every kind of row with good and bad values, findings, warnings. */
#include <stdlib.h>

#include "spec/field.h"
#include "spec/model.h"
#include "tap.h"

struct inner {
	int32_t n;
	char *s;
	char *key;
};

struct doc {
	bool b, has_b, has_list;
	int8_t i8;
	uint8_t u8;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64, ranged;
	bool has_u32;
	char *s, *path, *line, *optional;
	bool has_optional;
	struct strv list;
	int color;
	char *color_word;
	uint32_t bits;
	uint64_t numbers;
	uint8_t letters;
	SPEC_LIST(uint16_t) ints;
	SPEC_LIST(uint32_t) colors;
	struct inner in, *ptr;
	SPEC_LIST(struct inner) objects, by_key;
	spec_map map;
	int each_sum;
};

static const struct name colors[] = { { "red", 1 }, { "green", 2 }, { "blue", 4 }, { NULL, 0 } };
static const struct name letters[] = { { "r", 1 }, { "w", 2 }, { NULL, 0 } };

static const struct field inner_fields[] = {
	F_INT("n", struct inner, n, .flags = FIELD_REQUIRED),
	F_STR("s", struct inner, s),
	FIELD_END,
};

static const char *check_word(const char *s)
{
	return strcmp(s, "bad") == 0 ? "better than that" : NULL;
}

static void init_inner(void *elem)
{
	((struct inner *)elem)->n = 77;
}

static int sum_up(struct field_ctx *c, void *parent, void *elem)
{
	struct doc *d = parent;
	struct inner *in = elem;

	if (in->n == 13)
		return field_bad(c, ".n", "is unlucky at %zu", field_index(c));
	if (in->n == 14)
		field_warn(c, ".n", "nearly unlucky");
	d->each_sum += in->n;
	return 0;
}

static const struct field doc_fields[] = {
	F_BOOL("b", struct doc, b, HAS(struct doc, has_b)),
	F_INT("i8", struct doc, i8),
	F_INT("u8", struct doc, u8),
	F_INT("i32", struct doc, i32),
	F_INT("u32", struct doc, u32, HAS(struct doc, has_u32)),
	F_INT("i64", struct doc, i64),
	F_INT("u64", struct doc, u64),
	F_INT("ranged", struct doc, ranged, .min = 5, .max = 9),
	F_STR("s", struct doc, s, .check = check_word),
	F_STR("path", struct doc, path, .flags = FIELD_ABSOLUTE),
	F_STR("line", struct doc, line, .flags = FIELD_ONE_LINE | FIELD_NON_EMPTY),
	F_STR("optional", struct doc, optional, HAS(struct doc, has_optional),
	      .flags = FIELD_EMPTY_UNSET),
	F_STRV("list", struct doc, list, HAS(struct doc, has_list), .flags = FIELD_NON_EMPTY),
	F_WORD("color", struct doc, color, colors, "a color",
	       .word = offsetof(struct doc, color_word) + 1),
	F_BITS("bits", struct doc, bits, colors, "a color"),
	{ FIELD_KEY("numbers"), .kind = FIELD_BIT_NUMBERS, .at = offsetof(struct doc, numbers),
	  .size = 8, .names = colors, .what = "a color" },
	F_LETTERS("letters", struct doc, letters, letters, "made of r and w"),
	F_INTS("ints", struct doc, ints, .max = 1000),
	F_WORDS("colors", struct doc, colors, colors, "a color"),
	F_OBJECT("in", struct doc, in, inner_fields),
	F_OBJECT_PTR("ptr", struct doc, ptr, struct inner, inner_fields),
	F_OBJECTS("objects", struct doc, objects, inner_fields, .flags = FIELD_SOME,
		  .init = init_inner),
	F_OBJECT_MAP("by_key", struct doc, by_key, key, inner_fields, .flags = FIELD_NON_EMPTY,
		     .what = "a key"),
	F_MAP("map", struct doc, map),
	F_EACH("each", struct inner, inner_fields, sum_up),
	F_SCRATCH("scratch", struct inner, inner_fields, .done = sum_up),
	F_SKIP("skipped"),
	FIELD_END,
};

static struct arena arena;
static struct doc doc;
static struct err err;

static int parse(const char *text)
{
	size_t len = strlen(text);
	char *copy = memcpy(malloc(len + 1), text, len); /* no NUL at its end */

	arena_free(&arena);
	memset(&doc, 0, sizeof(doc));
	memset(&err, 0, sizeof(err));
	int r = field_parse(doc_fields, &doc, &arena, copy, len, &err);
	memset(copy, 'x', len); /* what was read doesn't point there */
	free(copy);
	return r;
}

static void test_scalars(void)
{
	CHECK_INT(parse("{\"b\":true,\"i8\":-128,\"u8\":255,\"i32\":-2147483648,\"u32\":4294967295,"
			"\"i64\":-9223372036854775808,\"u64\":18446744073709551615,\"ranged\":9}"),
		  0);
	CHECK(doc.b && doc.has_b && doc.has_u32);
	CHECK_INT(doc.i8, -128);
	CHECK_INT(doc.u8, 255);
	CHECK_INT(doc.i32, INT32_MIN);
	CHECK_INT(doc.u32, UINT32_MAX);
	CHECK(doc.i64 == INT64_MIN);
	CHECK(doc.u64 == UINT64_MAX);
	CHECK_INT(doc.ranged, 9);
	CHECK_INT(parse("{\"i64\":9223372036854775807,\"i32\":-0,\"u32\":-0}"), 0);
	CHECK(doc.i64 == INT64_MAX);
	CHECK_INT(doc.i32, 0);
	CHECK(doc.has_u32);
}

static void test_strings(void)
{
	CHECK_INT(parse("{\"s\":\"a\\u00e9\\n\",\"path\":\"/"
			"x\",\"line\":\"l\",\"optional\":\"\",\"list\":[\"1\",\"2\",\"\\\"\"],"
			"\"map\":{\"k\":\"v\",\"\":\"\",\"k\\u0032\":\"w\\\\\"}}"),
		  0);
	CHECK_STR(doc.s, "a\xc3\xa9\n");
	CHECK_STR(doc.path, "/x");
	CHECK(!doc.optional && !doc.has_optional);
	CHECK_INT(doc.list.n, 3);
	CHECK(doc.list.v && !doc.list.v[3] && doc.has_list);
	CHECK_STR(doc.list.v[2], "\"");
	CHECK_INT(doc.map.n, 3);
	CHECK_STR(doc.map.v[0].key, "k");
	CHECK_STR(doc.map.v[1].key, "");
	CHECK_STR(doc.map.v[2].key, "k2");
	CHECK_STR(doc.map.v[2].value, "w\\");
	CHECK_INT(parse("{\"list\":[]}"), 0);
	CHECK(doc.has_list && doc.list.n == 0);
}

static void test_words(void)
{
	CHECK_INT(parse("{\"color\":\"blue\",\"bits\":[\"red\",\"blue\",\"red\"],\"numbers\":["
			"\"green\",\"nope\",\"blue\"],"
			"\"letters\":\"wr\",\"ints\":[1,1000,0],\"colors\":[\"green\",\"green\"]}"),
		  0);
	CHECK_INT(doc.color, 4);
	CHECK_STR(doc.color_word, "blue");
	CHECK_INT(doc.bits, 5);
	CHECK_INT(doc.numbers, (1 << 2) | (1 << 4));
	CHECK_INT(doc.letters, 3);
	CHECK_INT(doc.ints.n, 3);
	CHECK_INT(doc.ints.v[1], 1000);
	CHECK_INT(doc.colors.n, 2);
	CHECK_INT(doc.colors.v[1], 2);
}

static void test_objects(void)
{
	CHECK_INT(parse("{\"in\":{\"n\":1,\"s\":\"x\"},\"ptr\":{\"n\":2},\"objects\":[{\"n\":3},{"
			"\"s\":\"y\",\"n\":4}],"
			"\"by_key\":{\"k1\":{\"n\":5},\"k2\":{\"n\":6}},\"each\":[{\"n\":10},{"
			"\"n\":20}],\"scratch\":{\"n\":100}}"),
		  0);
	CHECK_INT(doc.in.n, 1);
	CHECK(doc.ptr && doc.ptr->n == 2);
	CHECK_INT(doc.objects.n, 2);
	CHECK_STR(doc.objects.v[1].s, "y");
	CHECK_INT(doc.by_key.n, 2);
	CHECK_STR(doc.by_key.v[1].key, "k2");
	CHECK_INT(doc.by_key.v[1].n, 6);
	CHECK_INT(doc.each_sum, 130);
}

static void test_growth(void)
{
	auto_buf struct buf b = { 0 };

	buf_adds(&b, "{\"objects\":[");
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%s{\"n\":%d,\"s\":\"s%d\"}", i ? "," : "", i, i);
	buf_adds(&b, "],\"list\":[");
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%s\"%d\"", i ? "," : "", i);
	buf_adds(&b, "]}");
	CHECK_INT(parse(b.p), 0);
	CHECK_INT(doc.objects.n, 1000);
	CHECK_INT(doc.list.n, 1000);
	for (int i = 0; i < 1000 && doc.objects.n == 1000 && doc.list.n == 1000; i++) {
		char want[16];

		snprintf(want, sizeof(want), "s%d", i);
		CHECK(doc.objects.v[i].n == i && strcmp(doc.objects.v[i].s, want) == 0);
		CHECK_STR(doc.list.v[i], want + 1);
	}
	CHECK(!doc.list.v[1000]);
}

static void test_null(void)
{
	CHECK_INT(parse("{\"b\":null,\"u32\":null,\"s\":null,\"list\":null,\"color\":null,\"bits\":"
			"null,\"letters\":null,"
			"\"ints\":null,\"in\":null,\"ptr\":null,\"objects\":null,\"by_key\":null,"
			"\"map\":null,\"each\":null,"
			"\"scratch\":null,\"skipped\":null,\"unknown\":null}"),
		  0);
	CHECK(!doc.has_b && !doc.has_u32 && !doc.s && !doc.has_list && !doc.ptr);
}

static void test_unknown(void)
{
	CHECK_INT(parse("{\"unknown\":{\"a\":[{\"b\":1}]},\"b\":true,\"skipped\":[{\"n\":[]}],"
			"\"u8\":3,\"in\":{\"x\":[[]],\"n\":2}}"),
		  0);
	CHECK(doc.b);
	CHECK_INT(doc.u8, 3);
	CHECK_INT(doc.in.n, 2);
}

static const struct {
	const char *text, *path, *words;
	unsigned col;
} bad[] = {
	{ "{\"b\":1}", "$.b", "b must be true or false, not 1", 6 },
	{ "{\"b\":\"true\"}", "$.b", "not 'true'", 6 },
	{ "{\"i8\":128}", "$.i8", "i8 must be an integer from -128 to 127, not 128", 7 },
	{ "{\"i8\":-129}", "$.i8", "-129", 7 },
	{ "{\"u8\":256}", "$.u8", "from 0 to 255, not 256", 7 },
	{ "{\"u8\":-1}", "$.u8", "not -1", 7 },
	{ "{\"u8\":1.0}", "$.u8", "not 1.0", 7 },
	{ "{\"u8\":1e1}", "$.u8", "not 1e1", 7 },
	{ "{\"u8\":\"1\"}", "$.u8", "an integer, not '1'", 7 },
	{ "{\"u8\":[1]}", "$.u8", "an integer, not an array", 7 },
	{ "{\"i64\":9223372036854775808}", "$.i64", "64 bits", 8 },
	{ "{\"i64\":-9223372036854775809}", "$.i64", "64 bits", 8 },
	{ "{\"u64\":18446744073709551616}", "$.u64", "at least 0", 8 },
	{ "{\"u64\":99999999999999999999999}", "$.u64", "at least 0", 8 },
	{ "{\"ranged\":4}", "$.ranged", "from 5 to 9, not 4", 11 },
	{ "{\"ranged\":10}", "$.ranged", "from 5 to 9, not 10", 11 },
	{ "{\"s\":1}", "$.s", "s must be a string, not 1", 6 },
	{ "{\"s\":\"bad\"}", "$.s", "better than that, not 'bad'", 6 },
	{ "{\"path\":\"x\"}", "$.path", "an absolute path, not 'x'", 9 },
	{ "{\"path\":\"\"}", "$.path", "an absolute path, not ''", 9 },
	{ "{\"line\":\"\"}", "$.line", "not empty", 9 },
	{ "{\"line\":\"a\\nb\"}", "$.line", "without newlines", 9 },
	{ "{\"list\":\"x\"}", "$.list", "an array of strings, not 'x'", 9 },
	{ "{\"list\":[\"x\",null]}", "$.list[1]", "list[1] must be a string, not null", 14 },
	{ "{\"list\":[\"x\",\"\"]}", "$.list[1]", "not empty", 14 },
	{ "{\"list\":[[\"x\"]]}", "$.list[0]", "a string, not an array", 10 },
	{ "{\"color\":\"pink\"}", "$.color", "color must be a color, not 'pink'", 10 },
	{ "{\"bits\":[\"red\",\"rde\"]}", "$.bits[1]", "must be a color", 16 },
	{ "{\"bits\":[1]}", "$.bits[0]", "a string, not 1", 10 },
	{ "{\"numbers\":{}}", "$.numbers", "an array of strings, not an object", 12 },
	{ "{\"letters\":\"rr\"}", "$.letters", "made of r and w, not 'rr'", 12 },
	{ "{\"letters\":\"\"}", "$.letters", "made of r and w", 12 },
	{ "{\"letters\":\"rx\"}", "$.letters", "made of r and w", 12 },
	{ "{\"ints\":[1,1001]}", "$.ints[1]", "from 0 to 1000", 12 },
	{ "{\"colors\":[\"red\",{}]}", "$.colors[1]", "a string, not an object", 18 },
	{ "{\"in\":[]}", "$.in", "an object, not an array", 7 },
	{ "{\"in\":{}}", "$.in.n", "in.n is required", 7 },
	{ "{\"in\":{\"n\":null}}", "$.in.n", "required, not null", 12 },
	{ "{\"ptr\":1}", "$.ptr", "an object, not 1", 8 },
	{ "{\"objects\":[]}", "$.objects", "must not be empty", 12 },
	{ "{\"objects\":[1]}", "$.objects[0]", "an object, not 1", 13 },
	{ "{\"objects\":[{\"n\":1},{}]}", "$.objects[1].n", "objects[1].n is required", 21 },
	{ "{\"by_key\":{\"a b\":{}}}", "$.by_key[\"a b\"].n", "is required", 18 },
	{ "{\"by_key\":{\"\":{\"n\":1}}}", "$.by_key[\"\"]",
	  "a key must be a string that is not empty", 12 },
	{ "{\"by_key\":{\"a\":null}}", "$.by_key.a", "an object, not null", 16 },
	{ "{\"map\":{\"a\":1}}", "$.map.a", "a string, not 1", 13 },
	{ "{\"map\":{\"a\":[]}}", "$.map.a", "a string, not an array", 13 },
	{ "{\"map\":[]}", "$.map", "an object, not an array", 8 },
	{ "{\"each\":[{\"n\":1},{\"n\":13}]}", "$.each[1].n", "each[1].n is unlucky at 1", 23 },
	{ "{\"scratch\":[]}", "$.scratch", "an object", 12 },
	{ "{\"b\":true,\"b\":true}", "$.b", "duplicate", 11 },
};

static void test_bad(void)
{
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		int r = parse(bad[i].text);

		if (r != -EINVAL || !strstr(err.msg, bad[i].words) ||
		    strcmp(err.where, bad[i].path) != 0 || err.col != bad[i].col) {
			printf("# %s: %d '%s' at %s col %u\n", bad[i].text, r, err.msg, err.where,
			       err.col);
			CHECK(false);
		}
		CHECK_INT(err.code, ERR_SPEC);
		CHECK_INT(err.line, 1);
	}
}

static void test_hints(void)
{
	parse("{\"color\":\"gren\"}");
	CHECK_STR(err.hint, "did you mean 'green'?");
	parse("{\"color\":\"something\"}");
	CHECK_STR(err.hint, "known: red, green, blue");
}

/* Long values are cut in messages, at the end of a character. */
static void test_long_value(void)
{
	char text[400] = "{\"path\":\"x";

	for (int i = 0; i < 100; i++)
		strcat(text, "\xc3\xa9");
	strcat(text, "\"}");
	CHECK_INT(parse(text), -EINVAL);
	CHECK(strstr(err.msg, "\xc3\xa9...'"));
}

struct log {
	struct buf findings, warnings;
	int max;
};

static bool on_finding(void *ctx, const struct err *e)
{
	struct log *l = ctx;

	buf_addf(&l->findings, "%s@%u ", e->where, e->col);
	return --l->max > 0;
}

static void on_warning(void *ctx, const struct err *e)
{
	struct log *l = ctx;

	buf_addf(&l->warnings, "%s@%u:%u %s\n", e->where, e->line, e->col, e->msg);
}

static int parse_all(const char *text, struct log *l)
{
	struct field_sink sink = { .ctx = l, .finding = on_finding, .warning = on_warning };

	arena_free(&arena);
	memset(&doc, 0, sizeof(doc));
	return field_parse_all(doc_fields, &doc, &arena, text, strlen(text), &sink, &err);
}

static void test_all_findings(void)
{
	struct log l = { .max = 100 };

	CHECK_INT(parse_all("{\"b\":1,\"u8\":2,\"in\":{},\"objects\":[{\"n\":\"x\"},{\"n\":5},7],"
			    "\"list\":[1,\"a\",{\"x\":[]},\"b\"],"
			    "\"map\":{\"a\":[[1]],\"b\":\"c\"},\"each\":[{\"n\":13},{\"n\":\"y\"},{"
			    "\"n\":2}],\"color\":[\"red\"]}",
			    &l),
		  0);
	CHECK_STR(buf_str(&l.findings),
		  "$.b@6 $.in.n@20 $.objects[0].n@39 $.objects[2]@52 $.list[0]@63 $.list[2]@69 "
		  "$.map.a@94 $.each[0].n@0 $.each[1].n@131 $.color@153 ");
	CHECK_INT(doc.u8, 2);
	CHECK_INT(doc.objects.n, 2);
	CHECK_INT(doc.objects.v[1].n, 5);
	CHECK_INT(doc.list.n, 2);
	CHECK_INT(doc.map.n, 1);
	CHECK_INT(doc.each_sum, 2);
	buf_free(&l.findings);

	l.max = 2; /* the sink has had enough */
	CHECK_INT(parse_all("{\"b\":1,\"u8\":-2,\"i8\":\"x\"}", &l), -EINVAL);
	CHECK_STR(buf_str(&l.findings), "$.b@6 $.u8@13 ");
	CHECK_STR(err.where, "$.u8");
	buf_free(&l.findings);
}

static void test_warnings(void)
{
	struct log l = { .max = 100 };

	CHECK_INT(parse_all("{\"B\":1,\n \"in\":{\"n\":1, "
			    "\"zzzzzz\":{}},\n\"numbers\":[\"grene\"],\"each\":[{\"n\":14}]}",
			    &l),
		  0);
	CHECK_STR(buf_str(&l.warnings),
		  "$.B@1:2 unknown property 'B' is ignored; did you mean 'b'?\n"
		  "$.in.zzzzzz@2:15 unknown property 'zzzzzz' is ignored\n"
		  "$.numbers[0]@3:12 unknown name 'grene' is ignored: did you mean 'green'?\n"
		  "$.each[0].n@0:0 nearly unlucky\n");
	buf_free(&l.warnings);

	auto_buf struct buf b = { 0 };
	buf_addc(&b, '{');
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "\"unknown%d\":%d,", i, i);
	buf_adds(&b, "\"b\":true}");
	CHECK_INT(parse_all(b.p, &l), 0);
	size_t lines = 0;
	for (const char *p = buf_str(&l.warnings); *p; p++)
		lines += *p == '\n';
	CHECK_INT(lines, 64);
	CHECK(doc.b);
	buf_free(&l.warnings);
	arena_free(&arena);
}

static const struct test tests[] = {
	{ "booleans and integers", test_scalars },
	{ "strings, lists and maps of strings", test_strings },
	{ "words, bits, letters, lists of numbers", test_words },
	{ "objects in all ways", test_objects },
	{ "lists grow", test_growth },
	{ "null is absent", test_null },
	{ "unknown keys are read past", test_unknown },
	{ "bad values", test_bad },
	{ "hints", test_hints },
	{ "long values are cut", test_long_value },
	{ "all findings", test_all_findings },
	{ "warnings", test_warnings },
};
TAP_MAIN(tests)
