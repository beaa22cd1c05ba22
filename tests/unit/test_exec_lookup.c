/* SPDX-License-Identifier: GPL-2.0-or-later */
/* execvp's rules and the words that engines look for in the errors. */
#include <fcntl.h>
#include <sys/stat.h>

#include "linux/exec.h"
#include "tap.h"
#include "util/buf.h"
#include "util/cleanup.h"

static char dir[] = "/tmp/ketch-lookup.XXXXXX";

static void put(const char *name, mode_t mode)
{
	auto_buf struct buf path = { 0 };

	buf_addf(&path, "%s/%s", dir, name);
	auto_fd int fd = open(buf_str(&path), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && fchmod(fd, mode) == 0);
}

static void setup(void)
{
	UNUSED auto_buf struct buf path = { 0 };

	CHECK(mkdtemp(dir) != NULL);
	CHECK(chdir(dir) == 0);
	CHECK(mkdir("one", 0755) == 0 && mkdir("two", 0755) == 0 && mkdir("one/dir", 0755) == 0);
	CHECK(mkfifo("one/fifo", 0755) == 0);
	put("one/plain", 0644);
	put("one/both", 0644);
	put("two/both", 0755);
	put("two/only", 0755);
	put("here", 0755);
}

static void cleanup(void)
{
	static const char *const names[] = { "one/plain", "one/both", "two/both",
					     "two/only",  "one/fifo", "here" };

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		CHECK(unlink(names[i]) == 0);
	CHECK(rmdir("one/dir") == 0 && rmdir("one") == 0 && rmdir("two") == 0);
	CHECK(chdir("/") == 0 && rmdir(dir) == 0);
}

/* Looks NAME up with PATH (NULL: unset) and compares with WANT, or with the error's words WHAT. */
static void look(const char *name, const char *path, const char *want, int code, const char *what)
{
	auto_strv struct strv env = { 0 };
	auto_str char *found = NULL;
	struct err e = { 0 };

	if (path)
		CHECK(strv_addf(&env, "PATH=%s", path) == 0);
	int r = exec_lookup(name, &env, &found, &e);
	if (want) {
		CHECK_INT(r, 0);
		CHECK_STR(found, want);
		return;
	}
	CHECK(r < 0 && !found);
	CHECK_INT(e.code, code);
	CHECK_STR(e.msg, what);
	CHECK_STR(e.where, "$.process.args[0]");
	CHECK(e.errnum > 0);
}

static void test_path(void)
{
	look("only", "one:two", "two/only", 0, NULL);
	look("both", "one:two", "two/both", 0, NULL); /* the first one can't be run */
	look("only", "missing:/nonexistent:two", "two/only", 0, NULL);
	look("here", ":one", "here", 0, NULL); /* an empty element is the working directory */
	look("here", "one:", "here", 0, NULL);
	look("here", "one::two", "here", 0, NULL);
	look("here", "", "here", 0, NULL);
	look("sh", NULL, "/bin/sh", 0, NULL); /* the C library's default */
}

static void test_path_errors(void)
{
	look("nope", "one:two", NULL, ERR_NOT_FOUND,
	     "exec: \"nope\": executable file not found in $PATH");
	look("dir", "one:two", NULL, ERR_NOT_FOUND,
	     "exec: \"dir\": executable file not found in $PATH");
	look("fifo", "one", NULL, ERR_NOT_FOUND,
	     "exec: \"fifo\": executable file not found in $PATH");
	look("plain", "one:two", NULL, ERR_DENIED, "exec: \"plain\": permission denied");
	look("", "one:two", NULL, ERR_NOT_FOUND, "exec: \"\": executable file not found in $PATH");
	look("only", "TWO", NULL, ERR_NOT_FOUND,
	     "exec: \"only\": executable file not found in $PATH");
}

static void test_slash(void)
{
	look("two/only", "one", "two/only", 0, NULL);
	look("./here", NULL, "./here", 0, NULL);
	look("/nope", NULL, NULL, ERR_NOT_FOUND,
	     "exec: \"/nope\": stat /nope: no such file or directory");
	look("one/dir", NULL, NULL, ERR_DENIED,
	     "exec: \"one/dir\": is a directory: permission denied");
	look("/", NULL, NULL, ERR_DENIED, "exec: \"/\": is a directory: permission denied");
	look("one/plain", NULL, NULL, ERR_DENIED, "exec: \"one/plain\": permission denied");
	look("one/fifo", NULL, NULL, ERR_DENIED, "exec: \"one/fifo\": permission denied");
	look("one/plain/x", NULL, NULL, ERR_NOT_FOUND,
	     "exec: \"one/plain/x\": stat one/plain/x: not a directory");
}

/* However long the name: engines must see the end of the message. */
static void test_long(void)
{
	auto_buf struct buf name = { 0 };
	auto_buf struct buf path = { 0 };
	auto_strv struct strv env = { 0 };
	struct err e = { 0 };
	char *found = NULL;

	for (int i = 0; i < 5000; i++) {
		buf_addc(&name, 'x');
		buf_adds(&path, "/nonexistent:");
	}
	CHECK(exec_lookup(buf_str(&name), &env, &found, &e) < 0);
	CHECK(strstr(e.msg, "executable file not found in $PATH") != NULL);
	buf_addc(&name, '/');
	CHECK(exec_lookup(buf_str(&name), &env, &found, &e) < 0);
	CHECK_INT(e.code, ERR_NOT_FOUND);
	CHECK(strstr(e.msg, ": file name too long") != NULL);
	buf_adds(&path, "two");
	look("only", buf_str(&path), "two/only", 0, NULL);
}

static void test_size(void)
{
	auto_strv struct strv env = { 0 };
	auto_buf struct buf big = { 0 };
	char *args[] = { (char[]){ "sh" }, NULL };
	struct spec_rlimit stack = { 3, (char[]){ "RLIMIT_STACK" }, 1 << 20, 1 << 20 };
	struct spec_process process = { .args = { args, 1, 0 }, .rlimits = { &stack, 1 } };
	struct plan p = { .process = &process, .from.rlimits = &process };
	struct err e = { 0 };

	CHECK(strv_add(&env, "A=b") == 0);
	CHECK_INT(exec_check_size(&p, &env, &e), 0);
	for (int i = 0; i < 128 * 1024; i++)
		buf_addc(&big, 'x');
	CHECK(strv_add(&env, buf_str(&big)) == 0); /* one byte too long, with its NUL */
	CHECK(exec_check_size(&p, &env, &e) < 0);
	CHECK_STR(e.where, "$.process.env[1]");
	CHECK_INT(e.errnum, E2BIG);
	env.v[1][128 * 1024 - 1] = '\0';
	CHECK_INT(exec_check_size(&p, &env, &e), 0);
	CHECK(strv_add(&env, env.v[1]) == 0); /* a quarter of 1 MiB is 256 KiB */
	CHECK(exec_check_size(&p, &env, &e) < 0);
	CHECK_STR(e.where, "$.process.env");
}

static const struct test tests[] = {
	{ "set up", setup },
	{ "PATH", test_path },
	{ "errors of PATH", test_path_errors },
	{ "names with a slash", test_slash },
	{ "long names", test_long },
	{ "size of arguments and environment", test_size },
	{ "clean up", cleanup },
};

TAP_MAIN(tests)
