/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/unit/tap.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/utf8.h"

static void set_maps_the_code(void)
{
	struct err e;

	CHECK_INT(err_set(&e, ERR_NOT_FOUND, "container %s", "c1"), -ENOENT);
	CHECK_STR(e.msg, "container c1");
	CHECK_INT(e.errnum, 0);
}

static void sys_keeps_errno_and_tells_denied(void)
{
	struct err e;

	CHECK_INT(err_sys(&e, -EACCES, "open '%s'", "/x"), -EACCES);
	CHECK_INT(e.code, ERR_DENIED);
	CHECK_STR(e.msg, "open '/x': Permission denied");
	CHECK_INT(err_sys(&e, -ENOSPC, "write"), -ENOSPC);
	CHECK_INT(e.code, ERR_KERNEL);
}

static void first_place_and_hint_win(void)
{
	struct err e;

	err_set(&e, ERR_SPEC, "bad");
	CHECK_INT(err_at(&e, "$.mounts[%d]", 3), -EINVAL);
	err_at(&e, "$.mounts");
	CHECK_STR(e.where, "$.mounts[3]");
	err_hint(&e, "do %s", "this");
	err_hint(&e, "no, that");
	CHECK_STR(e.hint, "do this");
	err_wrap(&e, "mount %d", 3);
	CHECK_STR(e.msg, "mount 3: bad");
}

static void control_characters_cannot_forge_a_line(void)
{
	struct err e;

	err_set(&e, ERR_SPEC, "id 'a\nlevel=error\x1b[2J'");
	CHECK(!strchr(e.msg, '\n') && !strchr(e.msg, '\x1b'));
}

static void one_line_has_all_of_it(void)
{
	auto_buf struct buf line = { 0 };
	struct err e;

	err_set(&e, ERR_SPEC, "bad");
	err_line(&e, "config.json", &line);
	CHECK_STR(buf_str(&line), "bad");
	buf_reset(&line);
	err_hint(&e, "do this");
	err_line(&e, "config.json", &line);
	CHECK_STR(buf_str(&line), "bad; hint: do this");
	buf_reset(&line);
	err_at(&e, "$.mounts[%d]", 3);
	err_line(&e, "config.json", &line);
	CHECK_STR(buf_str(&line), "bad ($.mounts[3]); hint: do this");
	buf_reset(&line);
	err_step(&e, "mounts.all");
	e.line = 12;
	e.col = 5;
	err_line(&e, "a.json", &line);
	CHECK_STR(buf_str(&line), "mounts.all: bad (a.json:12:5  $.mounts[3]); hint: do this");
}

static void a_packet_is_made_safe(void)
{
	struct err e;

	memset(&e, 'x', sizeof(e));
	err_sanitize(&e);
	CHECK_INT(e.code, ERR_INTERNAL);
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);
	CHECK_INT(e.errnum, 0);
}

static void long_text_is_cut_at_a_character(void)
{
	struct err e;
	char text[sizeof(e.msg) + 200];
	size_t last = sizeof(e.msg) - 2;

	memset(text, 'a', sizeof(text));
	memcpy(text + last, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_SPEC, "%s", text);
	CHECK_INT(strlen(e.msg), last);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void a_long_text_leaves_room_for_the_reason(void)
{
	struct err e;
	char text[4 * sizeof(e.msg)], plain[sizeof(e.msg)];

	for (size_t n = sizeof(e.msg) - 80; n < sizeof(e.msg) + 20;
	     n++) { /* each second cut would be within a character */
		for (size_t i = 0; i < n; i++)
			text[i] = (n - i) % 2 ? '\xa9' : '\xc3';
		memset(text, '/', 2 - n % 2);
		text[n] = '\0';
		err_sys(&e, -EACCES, "open '%s'", text);
		CHECK(ends_with(e.msg, ": Permission denied"));
		memcpy(plain, e.msg, sizeof(plain));
		text_make_plain(plain);
		CHECK_STR(plain, e.msg);
		CHECK(!strchr(e.msg, '?'));
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_sys(&e, -ENOENT, "open '%s'", text);
	CHECK(ends_with(e.msg, "a...: No such file or directory"));
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);
	text[sizeof(e.msg) - 60] = '\0';
	err_sys(&e, -ENOENT, "open '%s'", text);
	CHECK(ends_with(e.msg, "a': No such file or directory"));
}

static void a_wrapped_message_keeps_its_end(void)
{
	struct err e;
	char text[sizeof(e.msg) + 100];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_sys(&e, -EACCES, "open");
	err_wrap(&e, "hook '%s'", text);
	CHECK(ends_with(e.msg, "a...: open: Permission denied"));
	err_sys(&e, -EACCES, "open '%s'", text);
	err_wrap(&e, "hook 3");
	CHECK(strncmp(e.msg, "hook 3: ...a", 12) == 0);
	CHECK(ends_with(e.msg, "a...: Permission denied"));
	err_sys(&e, -EACCES, "open '%s'", text);
	err_wrap(&e, "hook '%s'", text);
	CHECK(strncmp(e.msg, "hook 'aaa", 9) == 0 && strstr(e.msg, "a...: ...a"));
	CHECK(ends_with(e.msg, "a...: Permission denied"));
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);
}

static const struct test tests[] = {
	{ "err_set maps the code to an errno", set_maps_the_code },
	{ "err_sys keeps errno and tells denied", sys_keeps_errno_and_tells_denied },
	{ "the first place and hint win", first_place_and_hint_win },
	{ "control characters cannot forge a line", control_characters_cannot_forge_a_line },
	{ "one line has step, message, place and hint", one_line_has_all_of_it },
	{ "an error out of a packet is made safe", a_packet_is_made_safe },
	{ "a long text is cut at a whole character", long_text_is_cut_at_a_character },
	{ "a long text leaves room for the reason", a_long_text_leaves_room_for_the_reason },
	{ "a wrapped message keeps its end", a_wrapped_message_keeps_its_end },
};
TAP_MAIN(tests)
