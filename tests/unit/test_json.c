/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec/json.h: what is refused and where, events, positions, paths. */
#include <stdlib.h>
#include <time.h>

#include "spec/json.h"
#include "tap.h"

/* Writes the events as a short text: {k"a"n1[tnN]}. */
static int record(void *ctx, struct json *j, const struct json_event *ev)
{
	static const char letters[] = "NbnS{[K}]";
	struct buf *out = ctx;

	(void)j;
	if (ev->type == JSON_BOOL) {
		buf_addc(out, ev->boolean ? 't' : 'f');
		return 0;
	}
	buf_addc(out, letters[ev->type]);
	if (ev->type == JSON_STRING || ev->type == JSON_KEY || ev->type == JSON_NUMBER) {
		buf_add(out, ev->s, ev->len);
		buf_addc(out, ' ');
	}
	return 0;
}

static void check_events(const char *text, const char *want)
{
	auto_buf struct buf out = { 0 };
	struct err e;

	CHECK_INT(json_parse(text, strlen(text), record, &out, &e), 0);
	CHECK_STR(buf_str(&out), want);
}

static void test_events(void)
{
	check_events("{}", "{}");
	check_events(" {\"a\": 1, \"b\": [true, false, null, \"x\"]}\n", "{Ka n1 Kb [tfNSx ]}");
	check_events("{\"a\":{\"b\":{}},\"c\":[[],[{}]]}", "{Ka {Kb {}}Kc [[][{}]]}");
	check_events("{\"n\":[18446744073709551615,-1,1e400,0.10]}",
		     "{Kn [n18446744073709551615 n-1 n1e400 n0.10 ]}");
	check_events("{\"\\u0061\\n\":\"\\\"\\u00e9\\ud83d\\ude00\"}",
		     "{Ka\n S\"\xc3\xa9\xf0\x9f\x98\x80 }");
	check_events("{\"\":\"\"}", "{K S }");
	check_events("{\"a\":{\"x\":1},\"b\":{\"x\":1},\"x\":[{\"x\":1},{\"x\":1}]}",
		     "{Ka {Kx n1 }Kb {Kx n1 }Kx [{Kx n1 }{Kx n1 }]}");
}

static const struct {
	const char *text, *path, *words;
	unsigned line, col;
} bad[] = {
	{ "", "$", "empty", 1, 1 },
	{ " \n\t", "$", "empty", 1, 1 },
	{ "\xef\xbb\xbf{}", "$", "byte order mark", 1, 1 },
	{ "null", "$", "must be an object", 1, 1 },
	{ " [1]", "$", "must be an object", 1, 2 },
	{ "\"x\"", "$", "must be an object", 1, 1 },
	{ "12", "$", "must be an object", 1, 1 },
	{ "{", "$", "ends too early", 1, 2 },
	{ "{\"a\":[1,", "$.a[0]", "ends too early", 1, 9 },
	{ "{\"a\":\"x", "$.a", "ends too early", 1, 8 },
	{ "{} {}", "$", "after the end", 1, 4 },
	{ "{} x", "$", "after the end", 1, 4 },
	{ "{} 12", "$", "after the end", 1, 4 },
	{ "{\"a\":1 23}", "$", "not valid JSON", 1, 8 },
	{ "{\"a\":\"\" 23}", "$", "not valid JSON", 1, 9 },
	{ "{\"a\":[1 23]}", "$.a[0]", "not valid JSON", 1, 9 },
	{ "{\"a\":tru", "$.a", "ends too early", 1, 9 },
	{ "{\"a\":1,}", "$", "not valid JSON", 1, 8 },
	{ "{\"a\":[1,]}", "$.a[0]", "not valid JSON", 1, 9 },
	{ "{a:1}", "$", "not valid JSON", 1, 2 },
	{ "{'a':1}", "$", "not valid JSON", 1, 2 },
	{ "{\"a\" 1}", "$.a", "not valid JSON", 1, 6 },
	{ "{\"a\":1\n \"bc\":2}", "$", "not valid JSON", 2, 2 },
	{ "{\"a\":01}", "$", "not valid JSON", 1, 7 },
	{ "{\"a\":1.}", "$.a", "not valid JSON", 1, 6 },
	{ "{\"a\":+1}", "$.a", "not valid JSON", 1, 6 },
	{ "{\"a\":NaN}", "$.a", "not valid JSON", 1, 6 },
	{ "{\"a\":truf}", "$.a", "not valid JSON", 1, 6 },
	{ "{\"a\":\"x\ty\"}", "$.a", "inside string", 1, 8 },
	{ "{\"a\":\"\\q\"}", "$.a", "not valid JSON", 1, 8 },
	{ "{\"a\":\"\\u12g4\"}", "$.a", "not valid JSON", 1, 11 },
	{ "{\"a\":1} // x", "$", "after the end", 1, 9 },
	{ "{\"a\": /* x */ 1}", "$.a", "comment", 1, 7 },
	{ "{\"a\":\"b\\u0000c\"}", "$.a", "NUL", 1, 8 },
	{ "{\"a\":[\"b\",\"\\u0000\"]}", "$.a[1]", "NUL", 1, 12 },
	{ "{\"x\":1,\"a\\u0000\":1}", "$", "NUL", 1, 10 },
	{ "{\"a\":\"\xff\"}", "$.a", "UTF-8", 1, 7 },
	{ "{\"a\":\"\xc0\x80\"}", "$.a", "UTF-8", 1, 7 },
	{ "{\"a\":\"\xed\xa0\x80\"}", "$.a", "UTF-8", 1, 7 },
	{ "{\"a\":\"\xf4\x90\x80\x80\"}", "$.a", "UTF-8", 1, 7 },
	{ "{\"a\":\"\xe2\x82\"}", "$.a", "UTF-8", 1, 7 },
	{ "{\"\xc3\xa9\":\"\xc3\xa9\xc3\"}", "$[\"\xc3\xa9\"]", "UTF-8", 1, 8 },
	{ "{\"a\":\"\\ud800\"}", "$.a", "surrogate", 1, 7 },
	{ "{\"a\":\"\\ud800\\u0041\"}", "$.a", "surrogate", 1, 7 },
	{ "{\"a\":\"\\udc00\"}", "$.a", "surrogate", 1, 7 },
	{ "{\"a\":1,\"a\":2}", "$.a", "duplicate key 'a'", 1, 8 },
	{ "{\"a\":1,\n\"\\u0061\":2}", "$.a", "duplicate key 'a'", 2, 1 },
	{ "{\"x\":[1,{\"b\":[],\"c\":{},\"b\":2}]}", "$.x[1].b", "duplicate key 'b'", 1, 24 },
	{ "{\"\":1,\"\":2}", "$[\"\"]", "duplicate key ''", 1, 7 },
};

static int ignore(void *ctx, struct json *j, const struct json_event *ev)
{
	(void)ctx, (void)j, (void)ev;
	return 0;
}

static void test_refused(void)
{
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct err e = { 0 };
		/* an exact copy on the heap, so that a sanitizer sees a byte too far */
		size_t len = strlen(bad[i].text);
		char *text = memcpy(malloc(len + 1), bad[i].text, len);
		int r = json_parse(text, len, ignore, NULL, &e);

		if (r != -EINVAL || e.code != ERR_SPEC || !strstr(e.msg, bad[i].words) ||
		    strcmp(e.where, bad[i].path) != 0 || e.line != bad[i].line ||
		    e.col != bad[i].col)
			printf("# %s: %d %s at %s %u:%u\n", bad[i].text, r, e.msg, e.where, e.line,
			       e.col);
		CHECK_INT(r, -EINVAL);
		CHECK(strstr(e.msg, bad[i].words));
		CHECK_STR(e.where, bad[i].path);
		CHECK_INT(e.line, bad[i].line);
		CHECK_INT(e.col, bad[i].col);
		free(text);
	}
}

static void test_nul_byte(void)
{
	struct err e;

	CHECK_INT(json_parse("{\"a\":\"b\0c\"}", 11, ignore, NULL, &e), -EINVAL);
	CHECK(strstr(e.msg, "NUL"));
	CHECK_STR(e.where, "$.a");
	CHECK_INT(json_parse("{}\0", 3, ignore, NULL, &e), -EINVAL);
	CHECK_INT(json_parse("\0\0", 2, ignore, NULL, &e), -EINVAL);
}

/* DEPTH levels, the document's object included. */
static char *nested(size_t depth, const char *open, bool closed)
{
	size_t n = strlen(open);
	char *text = malloc(depth * (n + 1) + 16), *p = text;

	p += sprintf(p, "{\"a\":");
	for (size_t i = 1; i < depth; i++)
		p = mempcpy(p, open, n);
	p += sprintf(p, "1");
	for (size_t i = 1; closed && i < depth; i++)
		*p++ = *open == '[' ? ']' : '}';
	strcpy(p, closed ? "}" : "");
	return text;
}

static void test_depth(void)
{
	struct err e;
	char *fits = nested(JSON_MAX_DEPTH, "[", true),
	     *too_deep = nested(JSON_MAX_DEPTH + 1, "[", true);
	char *objects = nested(JSON_MAX_DEPTH + 1, "{\"b\":", true),
	     *million = nested(1000000, "[", false);

	CHECK_INT(json_parse(fits, strlen(fits), ignore, NULL, &e), 0);
	CHECK_INT(json_parse(too_deep, strlen(too_deep), ignore, NULL, &e), -EINVAL);
	CHECK(strstr(e.msg, "nested deeper than 128"));
	CHECK_INT(e.col, 5 + 128);
	CHECK_INT(json_parse(objects, strlen(objects), ignore, NULL, &e), -EINVAL);
	CHECK_INT(json_parse(million, strlen(million), ignore, NULL, &e), -EINVAL);
	CHECK_INT(e.col, 5 + 128);
	free(fits);
	free(too_deep);
	free(objects);
	free(million);
}

static void test_size(void)
{
	size_t n = JSON_MAX_SIZE;
	char *text = malloc(n + 2);
	struct err e;

	memset(text, ' ', n + 2);
	memcpy(text, "{}", 2);
	CHECK_INT(json_parse(text, n, ignore, NULL, &e), 0);
	CHECK_INT(json_parse(text, n + 1, ignore, NULL, &e), -EINVAL);
	CHECK(strstr(e.msg, "16 MiB"));
	free(text);
}

/* Keys of open objects outgrow the first table, several times and at several depths. */
static void test_many_keys(void)
{
	auto_buf struct buf b = { 0 };
	struct err e;

	buf_addc(&b, '{');
	for (int i = 0; i < 300; i++) {
		buf_addf(&b, "\"k%d\":{", i);
		for (int k = 0; k < 100 + i; k++)
			buf_addf(&b, "%s\"k%d\":%d", k ? "," : "", k, k);
		buf_adds(&b, "},");
	}
	size_t len = b.len;
	buf_adds(&b, "\"last\":1}");
	CHECK_INT(json_parse(b.p, b.len, ignore, NULL, &e), 0);
	b.len = len;
	buf_adds(&b, "\"k299\":1}");
	CHECK_INT(json_parse(b.p, b.len, ignore, NULL, &e), -EINVAL);
	CHECK_STR(e.where, "$.k299");
	b.len = len;
	buf_adds(&b, "\"k0\":1}");
	CHECK_INT(json_parse(b.p, b.len, ignore, NULL, &e), -EINVAL);
	CHECK_STR(e.where, "$.k0");
}

/* A million keys and nearly as many objects take well under two seconds; more with sanitizers. */
static void test_speed(void)
{
	auto_buf struct buf b = { 0 };
	struct timespec begin, end;
	struct err e;

	buf_addc(&b, '{');
	for (int i = 0; i < 900000; i++)
		buf_addf(&b, "\"k%d\":{},", i);
	buf_adds(&b, "\"z\":1}");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	CHECK_INT(json_parse(b.p, b.len, ignore, NULL, &e), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	CHECK(end.tv_sec - begin.tv_sec < 6);
}

static int stop_at_two(void *ctx, struct json *j, const struct json_event *ev)
{
	auto_buf struct buf path = { 0 };

	if (ev->type != JSON_NUMBER || ev->s[0] != '2')
		return 0;
	json_path(j, &path);
	snprintf(ctx, 64, "%s@%zu", buf_str(&path), json_offset(j));
	return -ECANCELED;
}

static void test_handler(void)
{
	const char *text = "{\"a\":[0,{\"b c\":[1,2]}]}";
	char seen[64];
	struct err e;

	CHECK_INT(json_parse(text, strlen(text), stop_at_two, seen, &e), -ECANCELED);
	CHECK_STR(seen, "$.a[1][\"b c\"][1]@18");
}

static void test_locate(void)
{
	static const char text[] =
		"{\n\t\"a\": [1, {\"b.c\": true}],\n\t\"aa\": {\"x\": \"\\\"y\"}, \"l\":[]\n}";
	struct json_place places[] = {
		{ .path = "$" },
		{ .path = "$.a[1][\"b.c\"]" },
		{ .path = "$.a[1].missing" },
		{ .path = "$.aa.x" },
		{ .path = "$.a[0]" },
		{ .path = "$.nothing.at.all" },
		{ .path = "$.aa.x.deeper" },
		{ .path = "elsewhere" },
		{ .path = "$.l[0]" },
	};
	static const unsigned want[][3] = { { 1, 1, 1 },  { 2, 19, 13 }, { 2, 11, 6 },
					    { 3, 14, 6 }, { 2, 8, 6 },	 { 1, 1, 1 },
					    { 3, 14, 6 }, { 1, 1, 0 },	 { 3, 26, 3 } };

	CHECK_INT(json_locate(text, strlen(text), places, N_ELEMENTS(places)), 0);
	for (size_t i = 0; i < N_ELEMENTS(places); i++) {
		uint32_t line, col;

		json_position(text, places[i].offset, &line, &col);
		printf("# %s\n", places[i].path);
		CHECK_INT(line, want[i][0]);
		CHECK_INT(col, want[i][1]);
		CHECK_INT(places[i].matched, want[i][2]);
	}
	/* half a document: what comes before its end is found */
	struct json_place place = { .path = "$.a[0]" };
	CHECK_INT(json_locate(text, 14, &place, 1), 0);
	CHECK_INT(place.offset, 9);
}

static void test_position(void)
{
	static const char text[] = "a\n\xc3\xa9\xc3\xa9x\n";
	uint32_t line, col;

	json_position(text, 0, &line, &col);
	CHECK(line == 1 && col == 1);
	json_position(text, 1, &line, &col);
	CHECK(line == 1 && col == 2);
	json_position(text, 6, &line, &col);
	CHECK(line == 2 && col == 3);
	json_position(text, 8, &line, &col);
	CHECK(line == 3 && col == 1);
}

static const struct test tests[] = {
	{ "events come in order and decoded", test_events },
	{ "what is refused, and where", test_refused },
	{ "NUL bytes", test_nul_byte },
	{ "nesting is limited", test_depth },
	{ "size is limited", test_size },
	{ "duplicates among many keys", test_many_keys },
	{ "a million keys", test_speed },
	{ "a handler ends the parse and knows path and offset", test_handler },
	{ "paths are found again", test_locate },
	{ "lines and columns count characters", test_position },
};
TAP_MAIN(tests)
