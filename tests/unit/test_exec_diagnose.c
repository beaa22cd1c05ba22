/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons for a refused execve, read from real files; and files that are out to break the reader. */
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "linux/exec.h"
#include "tap.h"
#include "util/cleanup.h"

static char dir[] = "/tmp/ketch-diagnose.XXXXXX";
static int root;

static void put(const char *name, const void *data, size_t n, mode_t mode)
{
	unlinkat(root, name, 0);
	auto_fd int fd = openat(root, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n && fchmod(fd, mode) == 0);
}

static void puts_file(const char *name, const char *text)
{
	put(name, text, strlen(text), 0755);
}

static void setup(void)
{
	CHECK(mkdtemp(dir) != NULL);
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0 && mkdirat(root, "bin", 0755) == 0);
}

static void cleanup(void)
{
	unlinkat(root, "f", 0);
	unlinkat(root, "bin/sh", 0);
	unlinkat(root, "bin/loop", 0);
	unlinkat(root, "ld.so", 0);
	CHECK(unlinkat(root, "bin", AT_REMOVEDIR) == 0 && rmdir(dir) == 0);
	close_fd(root);
}

static struct err diagnose(const char *path, int errnum)
{
	struct err e = { 0 };

	CHECK_INT(exec_diagnose(root, path, errnum, &e), -errnum);
	CHECK_INT(e.errnum, errnum);
	CHECK_STR(e.where, "$.process.args[0]");
	return e;
}

#define SAYS(e, text)  CHECK(strstr((e).msg, (text)) != NULL)
#define HINTS(e, text) CHECK(strstr((e).hint, (text)) != NULL)

static void test_scripts(void)
{
	puts_file("f", "#!/bin/sh\r\necho hello\r\n");
	struct err e = diagnose("/f", ENOENT);
	CHECK_STR(e.msg,
		  "exec: \"/f\": no such file or directory: the #! line of '/f' ends with CR LF");
	CHECK_INT(e.code, ERR_NOT_FOUND);

	puts_file("f", "#! /bin/bash -e\n");
	e = diagnose("/f", ENOENT);
	SAYS(e, "the interpreter '/bin/bash' of the script '/f' is missing");
	puts_file("f", "#!\n");
	e = diagnose("f", ENOEXEC);
	SAYS(e, "names no interpreter");

	puts_file("f", "#!/bin/sh\n");
	put("bin/sh", "x", 1, 0644);
	e = diagnose("/f", EACCES);
	SAYS(e, "permission denied: the script's interpreter '/bin/sh' has no execute permission");
	CHECK_INT(e.code, ERR_DENIED);
	puts_file("bin/sh", "#!/bin/zsh\n");
	e = diagnose("/f", ENOENT);
	SAYS(e, "the interpreter '/bin/zsh' of the script '/bin/sh' is missing");
	puts_file("bin/loop", "#!/bin/loop\n");
	e = diagnose("/bin/loop", ELOOP);
	SAYS(e, "too many scripts");
}

static void test_formats(void)
{
	puts_file("f", "");
	struct err e = diagnose("/f", ENOEXEC);
	CHECK_STR(e.msg, "exec: \"/f\": exec format error: the file is empty");
	puts_file("f", "echo hello\n");
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "text without a #! line");
	HINTS(e, "#!/bin/sh");
	puts_file("f", "\xef\xbb\xbf#!/bin/sh\n");
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "byte order mark");
	put("f", "MZ\x90\0\3", 5, 0755);
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "Windows");
	put("f", "\0\1\2\3", 4, 0755);
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "unknown");
}

static void test_forbidden(void)
{
	put("f", "x", 1, 0644);
	struct err e = diagnose("/f", EACCES);
	SAYS(e, "permission denied: '/f' has no execute permission");
	HINTS(e, "chmod +x");
	e = diagnose("/bin", EACCES);
	SAYS(e, "is a directory");
	e = diagnose("/gone", ENOENT);
	SAYS(e, "the file is not there");
	unlinkat(root, "f", 0);
	CHECK(mkfifoat(root, "f", 0755) == 0); /* does not wait for a writer */
	e = diagnose("/f", EACCES);
	SAYS(e, "not a regular file");
	/* nothing outside the root is looked at */
	unlinkat(root, "f", 0);
	CHECK(symlinkat("../../../../../../bin/sh", root, "f") == 0);
	unlinkat(root, "bin/sh", 0);
	e = diagnose("/f", ENOENT);
	SAYS(e, "the file is not there");
	puts_file("f", "#!/bin/sh\n");
	e = diagnose("/f", ETXTBSY);
	SAYS(e, "open for writing");
	e = diagnose("/f", E2BIG);
	HINTS(e, "128 KiB");
}

/* A minimal 64-bit ELF program whose one header is PT_INTERP. */
struct program {
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	char interp[32];
};

static unsigned own_machine(void)
{
	struct utsname u;

	uname(&u);
	return strcmp(u.machine, "aarch64") == 0 ? EM_AARCH64 : EM_X86_64;
}

static struct program program(unsigned machine, const char *interp)
{
	struct program p = {
		.eh = { .e_type = ET_DYN,
			.e_machine = (Elf64_Half)machine,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1 },
		.ph = { .p_type = PT_INTERP, .p_offset = offsetof(struct program, interp) },
	};

	memcpy(p.eh.e_ident, ELFMAG, SELFMAG);
	p.eh.e_ident[EI_CLASS] = ELFCLASS64;
	p.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	snprintf(p.interp, sizeof(p.interp), "%s", interp);
	p.ph.p_filesz = strlen(interp) + 1;
	return p;
}

static void test_elf(void)
{
	struct program p = program(own_machine(), "/lib/ld-musl-x86_64.so.1");

	put("f", &p, sizeof(p), 0755);
	struct err e = diagnose("/f", ENOENT);
	CHECK_STR(e.msg, "exec: \"/f\": no such file or directory: the dynamic loader "
			 "'/lib/ld-musl-x86_64.so.1' that it asks for is missing");
	HINTS(e, "musl");
	p = program(own_machine(), "/lib64/ld-linux-x86-64.so.2");
	put("f", &p, sizeof(p), 0755);
	e = diagnose("/f", ENOENT);
	HINTS(e, "glibc");

	p = program(EM_RISCV, "/lib/ld.so");
	put("f", &p, sizeof(p), 0755);
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "exec format error: the program is for riscv, this machine is ");
	HINTS(e, "binfmt_misc");

	p = program(own_machine(), "/ld.so");
	put("f", &p, sizeof(p), 0755);
	puts_file("ld.so", "text");
	e = diagnose("/f", ELIBBAD);
	SAYS(e, "is not a program for this machine");
	p.eh.e_type = ET_REL;
	put("f", &p, sizeof(p), 0755);
	e = diagnose("/f", ENOEXEC);
	SAYS(e, "not a program");
	for (size_t n = SELFMAG; n <= 20; n += 4) {
		put("f", &p, n, 0755);
		e = diagnose("/f", ENOEXEC);
		SAYS(e, "cut off");
	}
}

/* Every byte of the headers in turn set to values that hurt, and random ones: no crash (run it with ASan). */
static void test_elf_hostile(void)
{
	const struct program good = program(own_machine(), "/ld.so");
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint32_t seed = 1;

	for (size_t at = EI_CLASS; at < sizeof(good.eh) + sizeof(good.ph); at++) {
		for (size_t v = 0; v < N_ELEMENTS(values); v++) {
			struct program bad = good;

			((unsigned char *)&bad)[at] = values[v];
			put("f", &bad, sizeof(bad), 0755);
			(void)diagnose("/f", ENOEXEC);
		}
	}
	for (int i = 0; i < 1000; i++) {
		struct program bad = good;

		for (int n = 0; n < 8; n++) {
			seed = seed * 1664525 + 1013904223;
			((unsigned char *)&bad)[EI_CLASS + (seed >> 8) % (sizeof(bad) - EI_CLASS)] =
				(unsigned char)(seed >> 24);
		}
		put("f", &bad, sizeof(bad) - (seed >> 16) % 60, 0755);
		(void)diagnose("/f", i % 2 ? ENOENT : ENOEXEC);
	}
}

/* Without an attempt: the same words where something is wrong, silence where nothing is. */
static void test_check(void)
{
	struct program p = program(own_machine(), "/ld.so");
	struct err e = { 0 };

	put("ld.so", &p, sizeof(p), 0755);
	put("f", &p, sizeof(p), 0755);
	CHECK_INT(exec_check(root, "/f", &e), 0);
	CHECK_INT(e.code, ERR_NONE);
	unlinkat(root, "ld.so", 0);
	CHECK_INT(exec_check(root, "/f", &e), -ENOENT);
	SAYS(e,
	     "no such file or directory: the dynamic loader '/ld.so' that it asks for is missing");
	p = program(EM_RISCV, "/ld.so");
	put("f", &p, sizeof(p), 0755);
	CHECK_INT(exec_check(root, "/f", &e), -ENOEXEC);
	SAYS(e, "exec format error: the program is for riscv");
	put("f", &p, sizeof(p), 0644);
	CHECK_INT(exec_check(root, "/f", &e), -EACCES);
	puts_file("f", "#!/bin/nothing\n");
	CHECK_INT(exec_check(root, "/f", &e), -ENOENT);
	puts_file("f", "#!/f2\r\n");
	CHECK_INT(exec_check(root, "/f", &e), -ENOENT);
	SAYS(e, "CR LF");
	CHECK_INT(exec_check(root, "/gone", &e), -ENOENT);
	CHECK_INT(exec_check(root, "/bin", &e), -EACCES);
}

static const struct test tests[] = {
	{ "set up", setup },
	{ "scripts", test_scripts },
	{ "formats", test_formats },
	{ "files that may not be run", test_forbidden },
	{ "ELF", test_elf },
	{ "hostile ELF", test_elf_hostile },
	{ "without an attempt", test_check },
	{ "clean up", cleanup },
};

TAP_MAIN(tests)
