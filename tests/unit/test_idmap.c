/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of id maps, arguments of the helpers, and the reading of /etc/subuid and /etc/passwd. */
#include <stdint.h>

#include "linux/idmap.h"
#include "tap.h"

static struct spec_idmap entries[] = { { 0, 100000, 65536 },
				       { 65536, 1000, 1 },
				       { 4294967294u, 4294967294u, 1 } };
static const spec_idmaps map = { entries, 3 };

static void text(void)
{
	auto_buf struct buf b = { 0 };
	const spec_idmaps none = { 0 };

	idmap_text(&map, &b);
	CHECK_STR(buf_str(&b), "0 100000 65536\n65536 1000 1\n4294967294 4294967294 1\n");
	buf_reset(&b);
	idmap_words(&map, &b);
	CHECK_STR(buf_str(&b),
		  "0..65535 to 100000..165535, 65536 to 1000, 4294967294 to 4294967294");
	buf_reset(&b);
	idmap_text(&none, &b);
	CHECK_STR(buf_str(&b), "");
}

static void no_overflow_in_words(void)
{
	auto_buf struct buf b = { 0 };
	struct spec_idmap all = { 0, 1, UINT32_MAX };
	const spec_idmaps one = { &all, 1 };

	idmap_words(&one, &b);
	CHECK_STR(buf_str(&b), "0..4294967294 to 1..4294967295");
}

static void arguments(void)
{
	auto_strv struct strv a = { 0 };
	static const char *const want[] = { "newuidmap",  "77",		"0",	"100000",
					    "65536",	  "65536",	"1000", "1",
					    "4294967294", "4294967294", "1" };

	CHECK_INT(idmap_argv("newuidmap", 77, &map, &a), 0);
	CHECK_INT(a.n, N_ELEMENTS(want));
	for (size_t i = 0; i < N_ELEMENTS(want) && i < a.n; i++)
		CHECK_STR(a.v[i], want[i]);
	CHECK(!a.v[a.n]);
}

static void subids(void)
{
	static const char table[] =
		"# comment\n"
		"al:1:2\n"
		"alice:100000:65536\n"
		"alice:1x:65536\n"
		"alice:100000\n"
		"alice:1:2:3\n"
		"\n"
		"1001:300000:10\n"
		"averyveryveryveryveryveryveryveryveryveryveryveryveryveryverylongname:1:1\n"
		"alice:4294967295:1";
	struct subid_range r[4];

	CHECK_INT(subid_find(table, "alice", 1001, r, 4), 3);
	CHECK_INT(r[0].first, 100000);
	CHECK_INT(r[0].count, 65536);
	CHECK_INT(r[1].first, 300000);
	CHECK_INT(r[2].first, 4294967295u);
	CHECK_INT(subid_find(table, "alice", 1001, r, 1), 1);
	CHECK_INT(subid_find(table, NULL, 1001, r, 4), 1);
	CHECK_INT(subid_find(table, "bob", 1002, r, 4), 0);
	CHECK_INT(subid_find("", "bob", 1002, r, 4), 0);
}

static void passwd(void)
{
	static const char table[] =
		"root:x:0:0:root:/root:/bin/sh\n:x:1:1\nbroken\nalice:x:1001:1001::/:\nlast:x:7:";
	char name[8];

	CHECK(passwd_name(table, 0, name, sizeof(name)));
	CHECK_STR(name, "root");
	CHECK(passwd_name(table, 1001, name, sizeof(name)));
	CHECK_STR(name, "alice");
	CHECK(passwd_name(table, 7, name, sizeof(name)));
	CHECK(!passwd_name(table, 1, name, sizeof(name)));
	CHECK(!passwd_name(table, 5, name, sizeof(name)));
	CHECK(!passwd_name("", 5, name, sizeof(name)));
}

static const struct test tests[] = {
	{ "text", text },	    { "words of the largest range", no_overflow_in_words },
	{ "arguments", arguments }, { "subids", subids },
	{ "passwd", passwd },
};

TAP_MAIN(tests)
