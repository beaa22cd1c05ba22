/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the rules to BPF by libseccomp 2.5 or later (config-linux.md#seccomp: architectures).
 *
 * - Architectures that this machine can't execute are left out: they can never matter. The native one is always there.
 * - Each architecture is compiled by itself, and the programs are put behind one dispatch: libseccomp takes 28 ms for
 *   three architectures of an engine's profile together and 7 ms one by one, and seconds for profiles with some hundred
 *   conditions on arguments. A system call of no architecture of the profile kills, as with libseccomp.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "linux/seccomp_parts.h"
#include "spec/names.h"

enum {
	FEW_RULES = 32,	   /* libseccomp 2.5's tree is wrong for no rules, and no gain for a few */
	WIDE = 0x80000000, /* in an architecture's word: 64 bits */
};

/* ---- architectures ---- */

/* Architectures that one kernel may execute have the same number. A machine that is not here has its native one alone. */
static const struct family {
	uint32_t token;
	unsigned family;
} families[] = {
	{ SCMP_ARCH_X86, 1 },	   { SCMP_ARCH_X86_64, 1 },	 { SCMP_ARCH_X32, 1 },
	{ SCMP_ARCH_ARM, 2 },	   { SCMP_ARCH_AARCH64, 2 },	 { SCMP_ARCH_MIPS, 3 },
	{ SCMP_ARCH_MIPS64, 3 },   { SCMP_ARCH_MIPS64N32, 3 },	 { SCMP_ARCH_MIPSEL, 4 },
	{ SCMP_ARCH_MIPSEL64, 4 }, { SCMP_ARCH_MIPSEL64N32, 4 }, { SCMP_ARCH_PPC, 5 },
	{ SCMP_ARCH_PPC64, 5 },	   { SCMP_ARCH_PPC64LE, 6 },	 { SCMP_ARCH_S390, 7 },
	{ SCMP_ARCH_S390X, 7 },	   { SCMP_ARCH_PARISC, 8 },	 { SCMP_ARCH_PARISC64, 8 },
	{ SCMP_ARCH_RISCV64, 9 },
};

static unsigned family(uint32_t token)
{
	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		if (families[i].token == token)
			return families[i].family;
	}
	return 0;
}

static void archs_add(struct seccomp_archs *archs, uint32_t token)
{
	for (size_t i = 0; i < archs->n; i++) {
		if (archs->v[i].token == token)
			return;
	}
	if (archs->n < SECCOMP_MAX_ARCHS)
		archs->v[archs->n++] = (struct seccomp_arch){
			.token = token, .audit = token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token
		};
}

/* The native one, and those of the profile that this machine's kernel may execute. */
static void pick_archs(const struct spec_seccomp *s, struct seccomp_archs *archs)
{
	uint32_t native = seccomp_arch_native();

	archs->n = 0;
	archs_add(archs, native);
	for (size_t i = 0; i < s->architectures.n; i++) {
		uint32_t token = s->architectures.v[i];

		if (token != SCMP_ARCH_NATIVE && family(token) == family(native) && family(token))
			archs_add(archs, token);
	}
}

/* The largest number that each architecture has for a name of the profile. */
static void find_last(struct seccomp_archs *archs, const struct seccomp_rules *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		if (!rs->v[i].named)
			continue;
		for (size_t k = 0; k < archs->n; k++) {
			struct seccomp_arch *a = &archs->v[k];
			int nr =
				k == 0 ? rs->v[i].nr
				       : seccomp_syscall_resolve_name_arch(a->token, rs->v[i].name);

			if (nr >= 0 && (!a->any || (uint32_t)nr > a->last)) {
				a->any = true;
				a->last = (uint32_t)nr;
			}
		}
	}
}

/* ---- libseccomp ---- */

static void filter_release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

/* Leaves TOKEN as the only architecture of CTX. */
static int set_arch(scmp_filter_ctx ctx, uint32_t token, struct err *e)
{
	if (token == seccomp_arch_native())
		return 0;
	int r = seccomp_arch_add(ctx, token);
	if (r == 0)
		r = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	if (r == 0)
		return 0;
	const char *word = name_word(names_seccomp_archs, token);

	err_set(e, ERR_UNSUPPORTED, "libseccomp can't compile for %s: %s",
		word ? word : "an architecture", strerror(-r));
	return err_at(e, "$.linux.seccomp.architectures");
}

static int add_rule(scmp_filter_ctx ctx, const struct seccomp_rule *r, struct err *e)
{
	struct scmp_arg_cmp cmp[SECCOMP_MAX_ARGS];
	size_t n = seccomp_rule_n_args(r);

	for (size_t i = 0; i < n; i++) {
		const struct spec_seccomp_arg *a = seccomp_rule_arg(r, i);

		cmp[i] = (struct scmp_arg_cmp){ .arg = a->index,
						.op = (enum scmp_compare)a->op,
						.datum_a = a->value,
						.datum_b = a->value_two };
	}
	int ret = seccomp_rule_add_array(ctx, r->action, r->nr, (unsigned)n, cmp);
	if (ret == 0)
		return 0;
	if (ret == -EEXIST)
		err_set(e, ERR_SPEC,
			"the rule for %s contradicts an earlier one with the same conditions",
			r->name);
	else if (ret == -EINVAL)
		err_set(e, ERR_SPEC, "libseccomp refuses the rule for %s", r->name);
	else
		err_sys(e, ret, "add the seccomp rule for %s", r->name);
	return err_at(e, "$.linux.seccomp.syscalls[%zu]", r->index);
}

static int export_program(scmp_filter_ctx ctx, struct bpf *prog)
{
	struct stat st;
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	size_t size = (size_t)st.st_size;
	if (size == 0 || size % sizeof(struct sock_filter))
		return -EBADMSG;
	prog->v = malloc(size);
	if (!prog->v)
		return -ENOMEM;
	prog->n = prog->cap = size / sizeof(struct sock_filter);
	ssize_t got = pread(fd, prog->v, size, 0);
	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EIO;
}

static int compile_arch(const struct seccomp_rules *rs, uint32_t token, struct bpf *prog,
			struct err *e)
{
	AUTO(filter_release) scmp_filter_ctx ctx = seccomp_init(rs->default_action);
	size_t n = 0;

	if (!ctx)
		return err_set(e, ERR_UNSUPPORTED,
			       "libseccomp can't make a filter with the default action %#x",
			       rs->default_action);
	int r = set_arch(ctx, token, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rs->n; i++)
		n += !rs->v[i].named;
	if (n > FEW_RULES) {
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (r < 0)
			return err_sys(e, r, "ask libseccomp for a binary tree");
	}
	for (size_t i = 0; i < rs->n; i++) {
		r = rs->v[i].named ? 0 : add_rule(ctx, &rs->v[i], e);
		if (r < 0)
			return r;
	}
	r = export_program(ctx, prog);
	return r < 0 ? err_sys(e, r, "export the seccomp program") : 0;
}

/* ---- all of it ---- */

static const struct seccomp_arch *find_arch(const struct seccomp_archs *archs, uint32_t token)
{
	for (size_t i = 0; i < archs->n; i++) {
		if (archs->v[i].token == token)
			return &archs->v[i];
	}
	return NULL;
}

/* PROG behind what leads to it, and nothing else, from an accumulator that holds the architecture to one that does. */
static int put_behind_dispatch(struct bpf *all, const struct seccomp_archs *archs,
			       const struct seccomp_arch *a, const struct bpf *prog)
{
	const struct seccomp_arch *x32 = find_arch(archs, SCMP_ARCH_X32);
	bool shares = a->audit == AUDIT_ARCH_X86_64 && x32 && find_arch(archs, SCMP_ARCH_X86_64);
	uint32_t skip = (uint32_t)prog->n;
	int r = 0;

	if (shares) {
		/* The bit in the number tells x32 from x86_64. */
		const struct sock_filter by_bit[] = {
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, a->audit, 0, 2),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_NR),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, a == x32 ? 1 : 0,
				 a == x32 ? 0 : 1),
			BPF_STMT(BPF_JMP | BPF_JA, skip),
		};
		const struct bpf part = { .v = (struct sock_filter *)by_bit,
					  .n = N_ELEMENTS(by_bit) };
		r = bpf_append(all, &part);
	} else {
		r = bpf_add(all, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, a->audit,
							      1, 0));
		if (r == 0)
			r = bpf_add(all, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, skip));
	}
	if (r == 0)
		r = bpf_append(all, prog);
	return r < 0 ? r
		     : bpf_add(all,
			       (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_ARCH));
}

static int compile_all(const struct seccomp_rules *rs, const struct seccomp_archs *archs,
		       struct bpf *all, struct err *e)
{
	int r = bpf_add(all, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_ARCH));

	for (size_t i = 0; r == 0 && i < archs->n; i++) {
		auto_bpf struct bpf prog = { 0 };

		r = compile_arch(rs, archs->v[i].token, &prog, e);
		if (r < 0)
			return r;
		r = put_behind_dispatch(all, archs, &archs->v[i], &prog);
	}
	if (r == 0)
		r = bpf_add(all, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SCMP_ACT_KILL));
	return r < 0 ? err_sys(e, r, "put the seccomp program together") : 0;
}

static int check_size(const struct seccomp_rules *rs, const struct seccomp_archs *archs,
		      struct err *e)
{
	bool wide = false, narrow = false;
	size_t total;

	for (size_t i = 0; i < archs->n; i++) {
		wide |= (archs->v[i].token & WIDE) != 0;
		narrow |= (archs->v[i].token & WIDE) == 0;
	}
	if (seccomp_rules_size(rs, wide, narrow, &total) < 0)
		return err_sys(e, -ENOMEM, "measure the seccomp rules");
	if (total <= BPF_MAXINSNS)
		return 0;
	err_set(e, ERR_SPEC,
		"the seccomp rules on arguments make some %zu BPF instructions, the kernel takes "
		"%u",
		total, BPF_MAXINSNS);
	err_at(e, "$.linux.seccomp.syscalls");
	return err_hint(e, "merge rules by ranges and masks, or list fewer architectures");
}

int seccomp_lib_compile(const struct spec_seccomp *s, struct bpf *prog, struct seccomp_archs *archs,
			struct buf *unknown, struct err *e)
{
	AUTO(seccomp_rules_free) struct seccomp_rules rs = { 0 };
	int r = seccomp_rules_collect(&rs, s, unknown, e);

	if (r < 0)
		return r;
	pick_archs(s, archs);
	find_last(archs, &rs);
	r = check_size(&rs, archs, e);
	return r < 0 ? r : compile_all(&rs, archs, prog, e);
}
