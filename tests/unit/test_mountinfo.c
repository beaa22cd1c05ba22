/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of mountinfo, and its spelling of paths. */
#include <string.h>

#include "linux/mountinfo.h"
#include "tap.h"

static void lines(void)
{
	char plain[] =
		"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
	char shared[] = "70 36 0:5 / /a\\040b\\134c\\011 rw shared:7 master:2 - proc proc rw";
	char dash[] = "71 36 0:5 / /x\\040-\\040y rw - tmpfs none rw";
	char bad[][40] = { "", "1 2", "x 2 3:4 / /p rw - a b c", "1 2 3:4 / - a b c" };
	struct mount_line m;

	CHECK(mountinfo_parse(plain, &m));
	CHECK(m.id == 36 && m.parent == 35 && !m.shared && !m.kernels);
	CHECK_STR(m.path, "/mnt2");
	CHECK(mountinfo_parse(shared, &m));
	CHECK(m.shared && m.kernels);
	CHECK_STR(m.path, "/a b\\c\t");
	CHECK(mountinfo_parse(dash, &m));
	CHECK_STR(m.path, "/x - y");
	for (size_t i = 0; i < 4; i++)
		CHECK(!mountinfo_parse(bad[i], &m));
}

static void escapes(void)
{
	static const char *const paths[] = { "/",   "/a b", "/a\\040b", "/\n\t\\",
					     "/\\", "/\\1", "/\\01" };

	for (size_t i = 0; i < 7; i++) {
		auto_buf struct buf b = { 0 };

		mountinfo_escape(&b, paths[i]);
		CHECK(!strpbrk(buf_str(&b), " \n\t"));
		mountinfo_unescape(b.p);
		CHECK_STR(b.p, paths[i]);
	}
}

static const struct test tests[] = {
	{ "lines are taken apart", lines },
	{ "paths go to and fro", escapes },
};

TAP_MAIN(tests)
