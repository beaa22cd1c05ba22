/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Optional libraries: the first that loads, all symbols or none. */
#include <unistd.h>

#include "sys/dl.h"
#include "tests/unit/tap.h"

DL_NOTE(nothing, "for the test of the note itself", "suggested", "libc.so.6");

static void loads(void)
{
	static const char *const sonames[] = { "libketch-nowhere.so.1", "libc.so.6", NULL };
	static const char *const missing[] = { "libketch-nowhere.so.1", NULL };
	void *handle = NULL, *fn = NULL, *other = NULL;
	pid_t (*get_pid)(void);
	struct dl_symbol all[] = { { "getpid", &fn }, { NULL } };
	struct dl_symbol some[] = { { "getpid", &other }, { "no_such_symbol", &fn }, { NULL } };
	struct err e = { 0 };

	CHECK_INT(dl_load(&handle, sonames, all, &e), 0);
	CHECK(handle && fn);
	memcpy(&get_pid, &fn, sizeof(fn));
	CHECK_INT(get_pid(), getpid());
	CHECK(dl_load(&handle, sonames, some, &e) < 0);
	CHECK(other == NULL);
	CHECK_INT(e.code, ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, "libc.so.6") && strstr(e.msg, "no_such_symbol"));
	CHECK(dl_load(&handle, missing, all, &e) < 0);
	CHECK(strstr(e.msg, "libketch-nowhere.so.1") != NULL);
}

static const struct test tests[] = {
	{ "loads the first that is there", loads },
};
TAP_MAIN(tests)
