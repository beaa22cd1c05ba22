/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: telling why execve refused a file. The file is the image's and hostile; the input is what is in it. Beside it
 * lie an interpreter that is a good program and one that is a script of itself.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "linux/exec.h"
#include "sys/hostfs.h"
#include "unit/scratch.h"

static void put(int root, const char *name, const char *data, size_t size)
{
	auto_fd int fd = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

static int make_root(void)
{
	/* an ELF header that is as short as it may be */
	static const char elf[64] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0\1\0\0\0";
	static const char loop[] = "#!/bin/loop\n";

	close_fd(scratch_make());
	atexit(scratch_remove);
	int root = host_opendir(AT_FDCWD, scratch, false);
	require(root >= 0 && host_mkdirat(root, "bin", 0755) == 0);
	put(root, "bin/sh", elf, sizeof(elf));
	put(root, "bin/loop", loop, sizeof(loop) - 1);
	return root;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int errors[] = {
		ENOEXEC, ENOENT, EACCES, ELOOP, EINVAL, ELIBBAD, E2BIG, ENOMEM
	};
	static int root = -1, file = -1;
	uint32_t bits = fuzz_hash(data, size);
	struct err e = { 0 };

	if (root < 0) {
		root = make_root();
		file = openat(root, "bin/x", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	}
	require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	require(fchmod(file, bits & 64 ? 0644 : 0755) == 0);
	int errnum = errors[bits & 7];
	int r = exec_diagnose(root, "/bin/x", errnum, &e);
	require(r == -errnum && e.errnum == errnum);
	require_err(r, &e);
	/* what engines look for comes first */
	require(strncmp(e.msg, "exec: \"/bin/x\": ", 16) == 0);

	e = (struct err){ 0 };
	r = exec_check(root, "/bin/x", &e);
	require(r <= 0);
	require_err(r, &e);
	return 0;
}
