/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: seccomp profiles and programs. An input that begins with '{' is linux.seccomp of a configuration: it is
 * compiled, and the program must end for every system call with an action the kernel knows. Anything else is a program:
 * what the rewriting makes of it must decide as it did.
 */
#include <linux/seccomp.h>

#include "fuzz/fuzz.h"
#include "linux/seccomp_parts.h"
#include "spec/load.h"

enum { MAX_PROFILE = 3000, MAX_INSNS = 300 };

static uint32_t load(const struct seccomp_data *d, uint32_t off)
{
	uint32_t v;

	require(off % 4 == 0 && off + sizeof(v) <= sizeof(*d));
	memcpy(&v, (const char *)d + off, sizeof(v));
	return v;
}

static bool jumps(const struct sock_filter *i, uint32_t a)
{
	switch (i->code) {
	case OP_JEQ:
		return a == i->k;
	case OP_JGE:
		return a >= i->k;
	case OP_JGT:
		return a > i->k;
	case OP_JSET:
		return a & i->k;
	default:
		require(!"an instruction that is not expected");
		return false;
	}
}

static uint32_t decide(const struct bpf *p, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *i = &p->v[pc];

		if (i->code == OP_RET)
			return i->k;
		if (i->code == OP_LD)
			a = load(d, i->k);
		else if (i->code == OP_AND)
			a &= i->k;
		else if (i->code == OP_JA)
			pc += i->k;
		else
			pc += jumps(i, a) ? i->jt : i->jf;
	}
	require(!"a program without an end");
	return 0;
}

/* Numbers that programs are about: those they compare with, and their neighbours. */
static uint32_t number_near(const struct bpf *p, struct fuzz_in *in)
{
	uint32_t b = fuzz_u16(in);

	if (!p->n || b & 0x8000)
		return fuzz_u32(in);
	return p->v[b % p->n].k + (uint32_t)(b >> 13) - 1;
}

static struct seccomp_data make_call(const struct bpf *p, struct fuzz_in *in)
{
	static const uint32_t archs[] = { 0xc000003e, 0x40000003, 0xc00000b7, 0 };
	struct seccomp_data d = { .nr = (int)number_near(p, in) };

	unsigned kind = fuzz_u8(in);
	d.arch = kind & 8 ? number_near(p, in) : archs[kind & 3];
	for (int i = 0; i < 6; i++)
		d.args[i] = number_near(p, in) | (uint64_t)(kind & 16 ? number_near(p, in) : 0)
							 << 32;
	return d;
}

static bool known_action(uint32_t ret)
{
	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_USER_NOTIF:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return true;
	default:
		return false;
	}
}

/* More calls than the input has bytes for: pseudo-random ones that follow from it. */
enum { N_CALLS = 64 };

static void fill_random(uint8_t *out, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		out[i] = (uint8_t)(seed >> 24);
	}
}

static void check_same(const struct bpf *old, const struct bpf *new, uint32_t seed)
{
	uint8_t bytes[64 * N_CALLS];
	struct fuzz_in in = { bytes, sizeof(bytes) };

	fill_random(bytes, sizeof(bytes), seed);
	for (int i = 0; i < N_CALLS; i++) {
		struct seccomp_data d = make_call(old, &in);

		require(decide(old, &d) == decide(new, &d));
	}
}

static void check_profile(const char *text, size_t size, uint32_t seed)
{
	auto_buf struct buf json = { 0 };
	auto_buf struct buf unknown = { 0 };
	auto_bpf struct bpf prog = { 0 };
	struct seccomp_program *whole = NULL;
	struct seccomp_archs archs;
	struct spec *s = NULL;
	struct err e = { 0 };

	buf_adds(&json,
		 "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"seccomp\":");
	buf_add(&json, text, size);
	buf_adds(&json, "}}");
	if (spec_load(&s, buf_str(&json), json.len, &e) < 0)
		return;
	const struct spec_seccomp *sc = s->lnx->seccomp;
	int r = sc ? seccomp_compile(&whole, sc, -EBADF, NULL, NULL, &e) : -1;
	if (sc)
		require_err(r, &e);
	if (r >= 0) {
		uint32_t action = seccomp_action(sc->default_action, sc->has_default_errno_ret,
						 sc->default_errno_ret);
		const struct bpf final = { .v = whole->insns, .n = whole->n };

		require(whole->n > 0 && whole->n <= BPF_MAXINSNS);
		for (size_t i = 0; i < final.n; i++)
			require(final.v[i].code != OP_RET || known_action(final.v[i].k));
		require(seccomp_lib_compile(sc, &prog, &archs, &unknown, &e) == 0);
		require(seccomp_enosys(&prog, &archs, action) == 0);
		check_same(&prog, &final, seed);
		seccomp_free(whole);
	}
	spec_free(s);
}

static void check_program(struct fuzz_in *in)
{
	static const uint16_t codes[] = { OP_LD,  OP_AND, OP_JA,   OP_JEQ,
					  OP_JGE, OP_JGT, OP_JSET, OP_RET };
	auto_bpf struct bpf prog = { 0 };
	auto_bpf struct bpf old = { 0 };
	uint32_t seed = fuzz_hash(in->p, in->n);

	while (in->n && prog.n < MAX_INSNS) {
		uint8_t b = fuzz_u8(in);
		struct sock_filter i = { .code = codes[b & 7] };

		if (bpf_is_cond(i.code)) {
			i.jt = fuzz_u8(in);
			i.jf = fuzz_u8(in);
		}
		i.k = b & 8 ? fuzz_u32(in) : fuzz_u8(in);
		if (i.code == OP_LD) /* the kernel takes no other */
			i.k = i.k % (sizeof(struct seccomp_data) / 4) * 4;
		if (i.code == OP_RET && !(b & 16))
			i.k = i.k & 1 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (i.k >> 1 & 15);
		require(bpf_add(&prog, i) == 0);
	}
	if (!bpf_is_known(&prog))
		return;
	require(bpf_append(&old, &prog) == 0);
	require(seccomp_tree(&prog) == 0);
	check_same(&old, &prog, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	if (size && data[0] == '{') {
		if (size <= MAX_PROFILE)
			check_profile((const char *)data, size, fuzz_hash(data, size));
		return 0;
	}
	check_program(&in);
	return 0;
}
