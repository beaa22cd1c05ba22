/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seccomp programs as data: lists of instructions, and what they decide for a system call's number. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "linux/seccomp_parts.h"

int bpf_add(struct bpf *b, struct sock_filter insn)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		struct sock_filter *v = reallocarray(b->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = insn;
	return 0;
}

int bpf_append(struct bpf *b, const struct bpf *more)
{
	for (size_t i = 0; i < more->n; i++) {
		int r = bpf_add(b, more->v[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

void bpf_free(struct bpf *b)
{
	free(b->v);
	*b = (struct bpf){ 0 };
}

bool bpf_returns(const struct bpf *prog, uint32_t action)
{
	for (size_t i = 0; i < prog->n; i++) {
		if (prog->v[i].code == (BPF_RET | BPF_K) &&
		    (prog->v[i].k & SECCOMP_RET_ACTION_FULL) == action)
			return true;
	}
	return false;
}

bool bpf_is_cond(unsigned code)
{
	return code == OP_JEQ || code == OP_JGE || code == OP_JGT || code == OP_JSET;
}

static bool known_insn(const struct bpf *in, size_t pc)
{
	const struct sock_filter *i = &in->v[pc];

	if (i->code == OP_RET)
		return true;
	if (i->code == OP_JA)
		return i->k < in->n - pc - 1;
	if (bpf_is_cond(i->code))
		return pc + 1 + MAX(i->jt, i->jf) < in->n;
	return (i->code == OP_LD || i->code == OP_AND) && pc + 1 < in->n;
}

bool bpf_is_known(const struct bpf *prog)
{
	for (size_t pc = 0; pc < prog->n; pc++) {
		if (!known_insn(prog, pc))
			return false;
	}
	return prog->n > 0;
}

int bpf_decide(const struct bpf *in, uint32_t arch, uint32_t nr, struct decision *d)
{
	uint32_t a = 0;

	for (size_t pc = 0;; pc++) {
		const struct sock_filter *i = &in->v[pc];
		bool yes;

		switch (i->code) {
		case OP_LD:
			if (i->k != BPF_NR && i->k != BPF_ARCH) {
				*d = (struct decision){ true, (uint32_t)pc };
				return 0;
			}
			a = i->k == BPF_NR ? nr : arch;
			continue;
		case OP_RET:
			*d = (struct decision){ false, i->k };
			return 0;
		case OP_JA:
			pc += i->k;
			continue;
		case OP_JEQ:
			yes = a == i->k;
			break;
		case OP_JGE:
			yes = a >= i->k;
			break;
		case OP_JGT:
			yes = a > i->k;
			break;
		default:
			return -EINVAL;
		}
		pc += yes ? i->jt : i->jf;
	}
}
