/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths as text: what is cleaned away, what is below, and which ".." is one. */
#include <errno.h>

#include "tap.h"
#include "util/path.h"

static void clean(void)
{
	static const char *const rows[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ ".", "/" },
		{ "a", "/a" },
		{ "//a//./b/", "/a/b" },
		{ "/a/../b", "/a/../b" },
		{ "/.a/..b/...", "/.a/..b/..." },
	};
	char out[16];

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		CHECK_INT(path_clean(out, sizeof(out), rows[i][0]), 0);
		CHECK_STR(out, rows[i][1]);
	}
	CHECK_INT(path_clean(out, 4, "/ab"), 0);
	CHECK_INT(path_clean(out, 4, "/abc"), -ENAMETOOLONG);
	CHECK_INT(path_clean(out, 1, "/"), -ENAMETOOLONG);
}

static void below(void)
{
	CHECK_STR(path_below("/a/b/c", "/a"), "b/c");
	CHECK_STR(path_below("/a", "/a"), "");
	CHECK(!path_below("/ab", "/a"));
	CHECK(!path_below("/", "/a"));
}

static void leads_up(void)
{
	static const char *const up[] = { "..", "../a", "/..", "a/..", "a/../b", "a//../b", "../" };
	static const char *const not_up[] = { "",    "/",    ".",   "a",     "a..",
					      "..a", "a..b", "...", "a/...", "./.a./" };

	for (size_t i = 0; i < N_ELEMENTS(up); i++)
		CHECK(path_leads_up(up[i]));
	for (size_t i = 0; i < N_ELEMENTS(not_up); i++)
		CHECK(!path_leads_up(not_up[i]));
}

static const struct test tests[] = {
	{ "path_clean", clean },
	{ "path_below", below },
	{ "path_leads_up", leads_up },
};
TAP_MAIN(tests)
