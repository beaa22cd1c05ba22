/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ENOSYS for system calls newer than the profile. A profile that answers EPERM to what it does not list breaks programs
 * whose libc tries a new call first and falls back only on ENOSYS (clone3, statx, faccessat2 …).
 *
 * The rule, decided for each architecture of the filter by itself: a system call whose number is greater than the
 * largest one the profile names (in any rule, whatever its action) returns ENOSYS. It holds when the default action is
 * ERRNO with another errno, TRAP, KILL_THREAD or KILL_PROCESS; not for ALLOW and LOG (the call may run), TRACE and
 * NOTIFY (somebody decides about calls it may know better than the profile). Rules of the profile are never changed:
 * none names a number that is greater. An architecture of which nothing is named is left to the filter.
 *
 * x32 has the number of x86_64's architecture and a bit of its own in the system call's number: numbers with the bit
 * are compared with x32's largest where the profile has x32, and are left to the filter (which kills) where not.
 * s390 calls a system call through number 0 when its own is over 255; one the kernel does not know stays 0: ENOSYS too.
 *
 * Limit: a call the kernel got later under a smaller number (holes) still gets the default action.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "linux/seccomp_parts.h"

static bool wanted(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return (action & SECCOMP_RET_DATA) != ENOSYS;
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_KILL_PROCESS:
		return true;
	default:
		return false;
	}
}

/* Appends to B; the first failure stays in *error. */
static void put(struct bpf *b, int *error, struct sock_filter insn)
{
	if (*error == 0)
		*error = bpf_add(b, insn);
}

#define STMT(code, k)	      ((struct sock_filter)BPF_STMT(code, k))
#define JUMP(code, k, jt, jf) ((struct sock_filter)BPF_JUMP(code, k, jt, jf))
#define RET_ENOSYS	      STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

static bool is_s390(uint32_t token)
{
	return token == SCMP_ARCH_S390 || token == SCMP_ARCH_S390X;
}

/* The checks of one architecture; the accumulator holds the number. Falls through where they find nothing. */
static void checks(struct bpf *b, int *error, const struct seccomp_arch *a)
{
	if (is_s390(a->token)) {
		put(b, error, JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
		put(b, error, RET_ENOSYS);
	}
	if (!a->any)
		return;
	if (a->token == SCMP_ARCH_X86_64) {
		/* x32's numbers are greater than all of x86_64's, and none of its business. */
		put(b, error, JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0));
	} else if (a->token == SCMP_ARCH_X32) {
		put(b, error, JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 2));
	}
	put(b, error, JUMP(BPF_JMP | BPF_JGT | BPF_K, a->last, 0, 1));
	put(b, error, RET_ENOSYS);
}

/* All architectures of FIRST's kind that the kernel shows alike, behind one comparison. */
static void section(struct bpf *b, int *error, const struct seccomp_archs *archs, size_t first)
{
	auto_bpf struct bpf body = { 0 };

	put(&body, error, STMT(BPF_LD | BPF_W | BPF_ABS, BPF_NR));
	for (size_t i = first; i < archs->n; i++) {
		if (archs->v[i].audit == archs->v[first].audit)
			checks(&body, error, &archs->v[i]);
	}
	/* The next section compares the architecture again. */
	put(&body, error, STMT(BPF_LD | BPF_W | BPF_ABS, BPF_ARCH));
	if (*error)
		return;
	put(b, error, JUMP(BPF_JMP | BPF_JEQ | BPF_K, archs->v[first].audit, 0, (uint8_t)body.n));
	for (size_t i = 0; i < body.n; i++)
		put(b, error, body.v[i]);
}

static bool seen_before(const struct seccomp_archs *archs, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (archs->v[k].audit == archs->v[i].audit)
			return true;
	}
	return false;
}

/* Numbers that A may have. */
static bool in_domain(const struct seccomp_arch *a, uint32_t nr)
{
	if (a->token == SCMP_ARCH_X32)
		return nr >= X32_BIT && nr != UINT32_MAX;
	return a->token != SCMP_ARCH_X86_64 || nr < X32_BIT;
}

/* One name may stand for several calls (socket on i386: socketcall, and a number of its own): libseccomp's program
 * knows them all. */
static void raise_last(struct seccomp_arch *a, const struct bpf *prog, uint32_t default_action)
{
	for (size_t i = 0; i < prog->n; i++) {
		const struct sock_filter *insn = &prog->v[i];
		struct decision d;

		if (insn->code != (BPF_JMP | BPF_JEQ | BPF_K) || !in_domain(a, insn->k) ||
		    (a->any && insn->k <= a->last) || bpf_decide(prog, a->audit, insn->k, &d) < 0)
			continue;
		if (d.by_args || d.value != default_action) {
			a->any = true;
			a->last = insn->k;
		}
	}
}

static void find_last(struct seccomp_archs *archs, const struct bpf *prog, uint32_t default_action)
{
	if (!bpf_is_known(prog))
		return;
	for (size_t i = 0; i < archs->n; i++)
		raise_last(&archs->v[i], prog, default_action);
}

int seccomp_enosys(struct bpf *prog, struct seccomp_archs *archs, uint32_t default_action)
{
	struct bpf all = { 0 };
	int error = 0;

	if (!wanted(default_action))
		return 0;
	find_last(archs, prog, default_action);
	put(&all, &error, STMT(BPF_LD | BPF_W | BPF_ABS, BPF_ARCH));
	for (size_t i = 0; i < archs->n; i++) {
		if (!seen_before(archs, i))
			section(&all, &error, archs, i);
	}
	for (size_t i = 0; i < prog->n; i++)
		put(&all, &error, prog->v[i]);
	if (error) {
		bpf_free(&all);
		return error;
	}
	bpf_free(prog);
	*prog = all;
	return 0;
}
