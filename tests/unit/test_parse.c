/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "tests/unit/tap.h"
#include "util/parse.h"

static void numbers_take_the_whole_string(void)
{
	uint64_t u;
	int64_t i;
	uint32_t w;

	CHECK(parse_u64("18446744073709551615", &u) == 0 && u == UINT64_MAX);
	CHECK_INT(parse_u64("18446744073709551616", &u), -ERANGE);
	CHECK_INT(parse_u64("-1", &u), -EINVAL);
	CHECK_INT(parse_u64("1x", &u), -EINVAL);
	CHECK_INT(parse_u64("", &u), -EINVAL);
	CHECK_INT(parse_u64(" 1", &u), -EINVAL);
	CHECK(parse_i64("-9223372036854775808", &i) == 0 && i == INT64_MIN);
	CHECK_INT(parse_i64("9223372036854775808", &i), -ERANGE);
	CHECK_INT(parse_u32("4294967296", &w), -ERANGE);
}

static void sizes_have_units(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "10m", 10 << 20 },
		{ "1GiB", 1 << 30 },
		{ "-1", -1 },
		{ "0.5g", 1 << 29 },
		{ "1.5G", INT64_C(3) << 29 },
		{ "1p", INT64_C(1) << 50 },
		{ "1PiB", INT64_C(1) << 50 },
		{ "1 g", 1 << 30 },
		{ "2.25 kB", 2304 },
		{ ".5k", 512 },
		{ "1.k", 1024 },
		{ "7 b", 7 },
		{ "7B", 7 },
		{ "1048576.0", 1 << 20 },
		{ "1.9", 1 },
		{ "0.1g", 107374182 },
		{ "0.9999999999999999999999999999k", 1023 },
		{ "9223372036854775807", INT64_MAX },
		{ "8191.9999p", INT64_C(9223371924264785123) },
	};
	static const char *const bad[] = { "",	  ".",	   "g",	  ".g",	  " 1",	  "1  g", "1q",
					   "1g ", "1.2.3", "1e3", "0x1",  "+1",	  "-2",	  "-1k",
					   "1bb", "1bib",  "1gi", "1gbi", "1,5g", "1\tg" };
	static const char *const large[] = { "99999999999g", "8192p", "9223372036854775808",
					     "18446744073709551616", "18446744073709551617.5p" };
	int64_t v;

	for (size_t i = 0; i < N_ELEMENTS(good); i++) {
		v = -2;
		CHECK_INT(parse_size(good[i].text, &v), 0);
		CHECK_INT(v, good[i].bytes);
	}
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		CHECK_INT(parse_size(bad[i], &v), -EINVAL);
	for (size_t i = 0; i < N_ELEMENTS(large); i++)
		CHECK_INT(parse_size(large[i], &v), -ERANGE);
}

static void signals_by_name_and_number(void)
{
	int sig;

	CHECK(parse_signal("SIGKILL", &sig) == 0 && sig == SIGKILL);
	CHECK(parse_signal("term", &sig) == 0 && sig == SIGTERM);
	CHECK(parse_signal("0", &sig) == 0 && sig == 0);
	CHECK(parse_signal("RTMIN+3", &sig) == 0 && sig == SIGRTMIN + 3);
	CHECK(parse_signal("sigio", &sig) == 0 && sig == SIGIO);
	CHECK_INT(parse_signal("65", &sig), -EINVAL);
	CHECK_INT(parse_signal("NOPE", &sig), -EINVAL);
	CHECK_INT(parse_signal("-9", &sig), -EINVAL);
}

static void ranges_are_checked(void)
{
	CHECK_INT(parse_ranges("0-3,7\n", 64, NULL, NULL), 0);
	CHECK_INT(parse_ranges("3-1", 64, NULL, NULL), -ERANGE);
	CHECK_INT(parse_ranges("1,", 64, NULL, NULL), -EINVAL);
	CHECK_INT(parse_ranges("a", 64, NULL, NULL), -EINVAL);
	CHECK_INT(parse_ranges("65", 64, NULL, NULL), -ERANGE);
}

static void durations(void)
{
	uint64_t ms;

	CHECK(parse_duration_ms("5", &ms) == 0 && ms == 5000);
	CHECK(parse_duration_ms("1m30s", &ms) == 0 && ms == 90000);
	CHECK(parse_duration_ms("250ms", &ms) == 0 && ms == 250);
	CHECK_INT(parse_duration_ms("5x", &ms), -EINVAL);
	CHECK_INT(parse_duration_ms("0s5", &ms), -EINVAL);
	CHECK(parse_duration_ms("2562047h47m16s", &ms) == 0 && ms == 9223372036000);
	CHECK_INT(parse_duration_ms("2562048h", &ms), -ERANGE);
	CHECK_INT(parse_duration_ms("4294967295h", &ms), -ERANGE);
}

static void lists(void)
{
	static const char *const want[] = { "/a/b", "c", "d" };
	const char *at = "::/a/b:c::d:", *word;
	size_t len, n = 0;

	while ((word = parse_list_word(&at, &len))) {
		CHECK(n < 3 && len == strlen(want[n]) && memcmp(word, want[n], len) == 0);
		n++;
	}
	CHECK_INT((int)n, 3);
	CHECK_STR(at, "");
	at = "";
	CHECK(!parse_list_word(&at, &len));
	at = "::";
	CHECK(!parse_list_word(&at, &len));
}

static const struct test tests[] = {
	{ "numbers take the whole string or fail", numbers_take_the_whole_string },
	{ "sizes have units", sizes_have_units },
	{ "signals by name and by number", signals_by_name_and_number },
	{ "ranges are checked", ranges_are_checked },
	{ "durations as Go writes them", durations },
	{ "words between colons", lists },
};
TAP_MAIN(tests)
