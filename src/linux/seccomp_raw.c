/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Annotation run.oci.seccomp_bpf_data=BASE64: an array of struct sock_filter as seccomp(2) takes it, instead of
 * linux.seccomp.syscalls. Only the kernel can say whether it is a valid program, and only by loading it: a child that
 * lives for this alone tries. What it may do afterwards is up to the program, so its answer is in shared memory.
 */
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "linux/seccomp_parts.h"
#include "spec/annotations.h"
#include "sys/raw.h"

enum { UNTRIED = 1 }; /* no errno has a positive sign here */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int base64_decode(const char *text, struct buf *out)
{
	size_t n = strlen(text);
	uint32_t bits = 0;
	unsigned n_bits = 0;

	while (n > 0 && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			buf_addc(out, (char)(bits >> n_bits));
			bits &= (1u << n_bits) - 1;
		}
	}
	/* Left-over bits that are not 0, or a digit too many, are not base64. */
	return n_bits >= 6 || bits ? -EINVAL : buf_error(out);
}

static void try_in_child(const struct bpf *prog, unsigned flags, volatile int *result)
{
	struct sock_fprog fprog = { .len = (unsigned short)prog->n, .filter = prog->v };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		*result = -errno;
	} else {
		long r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &fprog);
		*result = r < 0 ? (int)r : 0;
	}
	sys_exit_group(0);
	__builtin_trap();
}

/* 0, or the -errno with which the kernel refused PROG. */
static int try_load(const struct bpf *prog, unsigned flags)
{
	int pidfd = -EBADF, status;
	volatile int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (result == MAP_FAILED)
		return -errno;
	*result = UNTRIED;
	pid_t pid = sys_clone3(0, SIGCHLD, -1, &pidfd);
	if (pid == 0)
		try_in_child(prog, flags, result);
	int r = pid < 0 ? pid : *result;
	if (pid > 0) {
		close_fd(pidfd);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		r = *result == UNTRIED ? -EIO : *result;
	}
	munmap((void *)result, sizeof(*result));
	return r;
}

static int decode(struct bpf *prog, const char *base64, struct err *e)
{
	auto_buf struct buf bytes = { 0 };
	int r = base64_decode(base64, &bytes);

	if (r == -ENOMEM)
		return err_sys(e, r, "decode a seccomp program");
	if (r < 0)
		return err_set(e, ERR_SPEC, "the seccomp program is not base64");
	size_t n = bytes.len / sizeof(struct sock_filter);
	if (n == 0 || bytes.len % sizeof(struct sock_filter) || n > BPF_MAXINSNS)
		return err_set(
			e, ERR_SPEC,
			"%zu bytes are no seccomp program of 1 to %u instructions of %zu bytes",
			bytes.len, BPF_MAXINSNS, sizeof(struct sock_filter));
	prog->v = malloc(bytes.len);
	if (!prog->v)
		return err_sys(e, -ENOMEM, "decode a seccomp program");
	memcpy(prog->v, bytes.p, bytes.len);
	prog->n = prog->cap = n;
	return 0;
}

int seccomp_raw(struct bpf *prog, const char *base64, unsigned flags, struct err *e)
{
	int r = decode(prog, base64, e);

	if (r == 0) {
		r = try_load(prog, flags & ~(unsigned)SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (r == -EINVAL)
			err_set(e, ERR_SPEC, "the kernel refuses the seccomp program");
		else if (r < 0)
			err_sys(e, r, "try the seccomp program");
	}
	return r < 0 ? err_at(e, ANNOTATION_AT(ANNOTATION_SECCOMP_BPF)) : 0;
}
