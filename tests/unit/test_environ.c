/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HOME out of a hostile /etc/passwd, and the LISTEN_ variables. */
#include <fcntl.h>
#include <sys/stat.h>

#include "linux/environ.h"
#include "sys/hostfs.h"
#include "tap.h"
#include "util/cleanup.h"

static char dir[] = "/tmp/ketch-environ.XXXXXX";
static int root;

static void setup(void)
{
	CHECK(mkdtemp(dir) != NULL);
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0 && mkdirat(root, "etc", 0755) == 0);
}

static void cleanup(void)
{
	unlinkat(root, "etc/passwd", 0);
	CHECK(unlinkat(root, "etc", AT_REMOVEDIR) == 0 && rmdir(dir) == 0);
	close_fd(root);
}

static void home(const char *passwd, uid_t uid, const char *want)
{
	auto_str char *got = NULL;

	unlinkat(root, "etc/passwd", 0);
	auto_fd int fd = openat(root, "etc/passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, passwd, strlen(passwd)) == (ssize_t)strlen(passwd));
	int r = environ_home(root, uid, &got);
	if (want) {
		CHECK_INT(r, 0);
		CHECK_STR(got, want);
	} else {
		CHECK_INT(r, -ENOENT);
	}
}

static void test_passwd(void)
{
	home("root:x:0:0:root:/root:/bin/sh\nbob:x:1000:100::/home/bob:/bin/sh\n", 1000,
	     "/home/bob");
	home("root:x:0:0:root:/root:/bin/sh", 0, "/root"); /* no newline at the end */
	home("root:x:0:0:root:/root\n", 0, "/root");	   /* no shell */
	home("a:x:0:0:one:/one:\nb:x:0:0:two:/two:\n", 0, "/one");
	home("a:x:0:0::/a:/bin/sh\n", 1, NULL);
}

static void test_passwd_bad(void)
{
	home("", 0, NULL);
	home("\n\n:\n::::\n", 0, NULL);
	home("root:x:0\nroot:x:0:0:r:/ok:\n", 0, "/ok");
	home("root:x:0:0:root::/bin/sh\n", 0, NULL); /* no home */
	home("root:x::0:root:/root:/bin/sh\n", 0, NULL);
	home("root:x:0x0:0:root:/root:/bin/sh\n", 0, NULL);
	home("root:x:-0:0:root:/root:/bin/sh\n", 0, NULL);
	home("root:x:4294967296:0:root:/root:/bin/sh\n", 0, NULL);
	home("root:x: 0:0:root:/root:/bin/sh\n", 0, NULL);
	home("+::::::\n", 0, NULL);
}

/* Neither waited for, nor followed out of the root, nor read without end. */
static void test_passwd_hostile(void)
{
	char *got = NULL;

	unlinkat(root, "etc/passwd", 0);
	CHECK_INT(environ_home(root, 0, &got), -ENOENT);
	CHECK(mkfifoat(root, "etc/passwd", 0644) == 0);
	CHECK_INT(environ_home(root, 0, &got), -EINVAL);
	unlinkat(root, "etc/passwd", 0);
	CHECK(symlinkat("/../../../../../../etc/passwd", root, "etc/passwd") == 0);
	CHECK(environ_home(root, 0, &got) < 0); /* itself, inside the root */
	unlinkat(root, "etc/passwd", 0);
	auto_fd int fd = openat(root, "etc/passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && ftruncate(fd, 1ll << 40) == 0);
	CHECK(environ_home(root, 0, &got) < 0);
	CHECK(!got);
}

static const char *build(const struct plan *p, struct strv *env, const char *name)
{
	struct err e;

	strv_free(env);
	CHECK_INT(environ_build(p, env, &e), 0);
	return strv_getenv(env, name);
}

static void test_build(void)
{
	char *with[] = { (char[]){ "PATH=/bin" }, (char[]){ "HOME=/h" }, (char[]){ "LISTEN_FDS=9" },
			 NULL };
	char *without[] = { (char[]){ "HOME=" }, (char[]){ "X=y" }, NULL };
	struct spec_process process = { .env = { with, 3, 0 } };
	struct plan p = { .process = &process, .creds.uid = 4000000000u };
	auto_strv struct strv env = { 0 };

	CHECK_STR(build(&p, &env, "HOME"), "/h");
	CHECK_STR(strv_getenv(&env, "LISTEN_FDS"), "9"); /* the config's own */
	CHECK_INT(env.n, 3);
	process.env = (struct strv){ without, 2, 0 };
	CHECK_STR(build(&p, &env, "HOME"), "/"); /* empty counts as missing; no such user here */
	CHECK_INT(env.n, 2);
	process.env = (struct strv){ 0 };
	CHECK_STR(build(&p, &env, "HOME"), "/");
	CHECK_INT(env.n, 1);
}

/* getenv(3) would find the first, a shell the last. */
static void test_twice(void)
{
	char *vars[] = {
		(char[]){ "A=1" },	 (char[]){ "HOME=/h" }, (char[]){ "AB=x" },
		(char[]){ "A=2" },	 (char[]){ "A" },	(char[]){ "LISTEN_FDS=7" },
		(char[]){ "HOME=/new" }, (char[]){ "A=" },	(char[]){ "LISTEN_FDS=9" }
	};
	struct spec_process process = { .env = { vars, N_ELEMENTS(vars), 0 } };
	struct plan p = { .process = &process, .opts.listen_fds = 2 };
	auto_strv struct strv env = { 0 };

	CHECK(unsetenv("LISTEN_FDNAMES") == 0);
	CHECK_STR(build(&p, &env, "LISTEN_FDS"), "2");
	CHECK_INT(env.n, 6);
	CHECK_STR(env.v[0], "A=");
	CHECK_STR(env.v[1], "HOME=/new");
	CHECK_STR(env.v[2], "AB=x");
	CHECK_STR(env.v[3], "A");
	CHECK_STR(env.v[4], "LISTEN_FDS=2");
	CHECK(env.v[6] == NULL);
}

static void test_many(void)
{
	static char text[100000][16];
	static char *vars[N_ELEMENTS(text)];
	struct spec_process process = { .env = { vars, N_ELEMENTS(vars), 0 } };
	struct plan p = { .process = &process };
	auto_strv struct strv env = { 0 };

	for (size_t i = 0; i < N_ELEMENTS(vars); i++) {
		snprintf(text[i], sizeof(text[i]), "V%zu=%zu", i % 60000, i);
		vars[i] = text[i];
	}
	CHECK_STR(build(&p, &env, "V39999"), "99999");
	CHECK_STR(strv_getenv(&env, "V40000"), "40000");
	CHECK_INT(env.n, 60001); /* and HOME */
}

static void test_listen(void)
{
	char *vars[] = { (char[]){ "HOME=/h" }, (char[]){ "LISTEN_FDS=9" }, NULL };
	struct spec_process process = { .env = { vars, 2, 0 } };
	struct plan p = { .process = &process, .opts.listen_fds = 2 };
	auto_strv struct strv env = { 0 };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	CHECK(setenv("LISTEN_FDNAMES", "a:b", 1) == 0);
	CHECK_STR(build(&p, &env, "LISTEN_FDS"), "2");
	environ_tell_pid(&p, &env);
	CHECK_STR(strv_getenv(&env, "LISTEN_PID"), pid);
	CHECK_STR(strv_getenv(&env, "LISTEN_FDNAMES"), "a:b");
	CHECK_INT(env.n, 4);
}

static const struct test tests[] = {
	{ "set up", setup },
	{ "passwd", test_passwd },
	{ "passwd with mistakes", test_passwd_bad },
	{ "hostile passwd", test_passwd_hostile },
	{ "env and HOME", test_build },
	{ "variables that are there twice", test_twice },
	{ "many variables", test_many },
	{ "LISTEN_FDS", test_listen },
	{ "clean up", cleanup },
};

TAP_MAIN(tests)
