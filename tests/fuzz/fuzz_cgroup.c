/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: cgroupsPath and device rules. The rules of the configuration, the program for v2 and the words for v1 must
 * agree about every device and every way to use it.
 *
 * Input: options, number of rules, rules, devices to try; the rest is the path.
 */
#include "engine/plan.h"
#include "fuzz/fuzz.h"

enum { MAX_RULES = 12, MAX_PROBES = 8 };

struct probe {
	char type;
	int64_t major, minor;
};

/* Small numbers, so that rules meet. */
static int64_t device_number(struct fuzz_in *in)
{
	uint8_t b = fuzz_u8(in);

	if (b < 128)
		return b % 9;
	return b < 192 ? 136 : b < 240 ? -1 : (int64_t)fuzz_u32(in);
}

static bool covers(const struct spec_device_rule *r, const struct probe *d)
{
	return (r->type == 'a' || r->type == d->type) && (r->major < 0 || r->major == d->major) &&
	       (r->minor < 0 || r->minor == d->minor);
}

/* What the spec says: the last rule decides; each container has its default devices unless a later rule takes them. */
static bool by_rules(const struct cgroup_devices *d, const struct probe *dev, unsigned bit)
{
	for (size_t i = d->rules.n; i > 0; i--) {
		const struct spec_device_rule *r = &d->rules.v[i - 1].rule;

		if ((r->access & bit) && covers(r, dev))
			return r->allow;
	}
	return d->allow_all;
}

/* The kernel's devices controller: the default, turned round by an exception. */
static bool by_v1(const struct cgroup_devices *d, const struct probe *dev, unsigned bit)
{
	for (size_t i = 0; i < d->rules.n; i++) {
		const struct spec_device_rule *r = &d->rules.v[i].rule;

		if ((r->access & bit) && covers(r, dev))
			return !d->allow_all;
	}
	return d->allow_all;
}

static uint32_t load(const struct bpf_cgroup_dev_ctx *ctx, int off)
{
	uint32_t v;

	require(off >= 0 && (size_t)off + sizeof(v) <= sizeof(*ctx));
	memcpy(&v, (const char *)ctx + off, sizeof(v));
	return v;
}

/* As much of a BPF machine as the program needs; anything else in it is a failure. */
static bool by_bpf(const struct buf *prog, const struct bpf_cgroup_dev_ctx *ctx)
{
	const struct bpf_insn *insns = (const void *)prog->p;
	size_t n = prog->len / sizeof(*insns);
	uint32_t r[11] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &insns[pc];
		uint32_t imm = (uint32_t)i->imm;
		bool jump = false;

		require(i->dst_reg < 10 && i->src_reg < 10);
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			r[i->dst_reg] = load(ctx, i->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			r[i->dst_reg] = r[i->src_reg];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			r[i->dst_reg] &= imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= imm;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			jump = r[i->dst_reg] != imm;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			jump = r[i->dst_reg] == imm;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0];
		default:
			require(!"an instruction that is not expected");
		}
		require(!jump || i->off >= 0);
		pc += jump ? (size_t)i->off : 0;
	}
	require(!"a program without an end");
	return false;
}

static bool run_bpf(const struct buf *prog, const struct probe *d, unsigned access)
{
	struct bpf_cgroup_dev_ctx ctx = { .major = (uint32_t)d->major,
					  .minor = (uint32_t)d->minor };
	uint32_t bits = 0;

	bits |= access & DEV_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0;
	bits |= access & DEV_READ ? BPF_DEVCG_ACC_READ : 0;
	bits |= access & DEV_WRITE ? BPF_DEVCG_ACC_WRITE : 0;
	ctx.access_type =
		bits << 16 | (uint32_t)(d->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	return by_bpf(prog, &ctx);
}

static void check_devices(struct arena *a, const struct spec_device_rule *rules, size_t n,
			  const struct probe *probes, size_t n_probes)
{
	struct cgroup_devices d, v1;
	auto_buf struct buf prog = { 0 };
	struct err e = { 0 };

	require(cgroup_devices_plan(&d, a, rules, n) == 0);
	require(cgroup_devices_bpf(&prog, &d) == 0);
	int r = cgroup_devices_v1(&v1, a, &d, &e);
	require_err(r, &e);
	for (size_t i = 0; i < n_probes; i++) {
		for (unsigned access = 1; access <= DEV_ALL; access++) {
			bool allowed = true;

			for (unsigned bit = 1; bit <= DEV_MKNOD; bit <<= 1)
				allowed &= !(access & bit) || by_rules(&d, &probes[i], bit);
			require(run_bpf(&prog, &probes[i], access) == allowed);
		}
		for (unsigned bit = 1; r >= 0 && bit <= DEV_WRITE; bit <<= 1)
			require(by_v1(&v1, &probes[i], bit) == by_rules(&d, &probes[i], bit));
	}
	for (size_t i = 0; i < d.rules.n; i++) {
		char words[48];

		cgroup_device_words(&d.rules.v[i].rule, words);
		require_line(words, sizeof(words));
	}
}

static const struct facts *make_facts(unsigned bits)
{
	static struct facts f;
	static const char *const v1[] = { "cpu,cpuacct", "devices", "name=systemd" };

	memset(&f, 0, sizeof(f));
	f.kernel_major = 6;
	f.uid = bits & 1 ? 1000 : 0;
	f.systemd = bits >> 1 & 1;
	f.cgroup_mode = (enum cgroup_mode)(bits >> 2 & 3);
	for (unsigned i = 0; i < 3 && f.cgroup_mode != CGROUP_MODE_V2 && f.cgroup_mode; i++) {
		struct cgroup_hierarchy *h = &f.hierarchies[f.n_hierarchies++];

		snprintf(h->controllers, sizeof(h->controllers), "%s", v1[i]);
		snprintf(h->mount, sizeof(h->mount), "/sys/fs/cgroup/%u", i);
		snprintf(h->own, sizeof(h->own), "%s", bits >> 4 & 1 ? "/user.slice/a" : "/");
	}
	if (f.cgroup_mode >= CGROUP_MODE_HYBRID) {
		struct cgroup_hierarchy *h = &f.hierarchies[f.n_hierarchies++];

		h->v2 = true;
		snprintf(h->mount, sizeof(h->mount), "/sys/fs/cgroup/unified");
		snprintf(h->own, sizeof(h->own), "%s", bits >> 5 & 1 ? "/../x" : "/init.scope");
	}
	return &f;
}

static void check_path(const struct plan *p)
{
	const struct plan_cgroup *cg = &p->cgroup;

	if (cg->path) {
		require(cg->path[0] == '/' && cg->path[1]);
		require(!strstr(cg->path, "/../") && !strstr(cg->path, "//"));
	}
	for (size_t i = 0; i < cg->leaves.n; i++) {
		const struct plan_cgroup_leaf *l = &cg->leaves.v[i];

		require(strncmp(l->dir, l->h->mount, strlen(l->h->mount)) == 0);
		require(!strstr(l->dir, "/../") && !strpbrk(l->dir, "\n"));
		size_t n = strlen(l->dir);
		require(n < 3 || strcmp(l->dir + n - 3, "/..") != 0);
	}
}

static void plan_path(const struct spec_device_rule *rules, size_t n, struct fuzz_in *in,
		      unsigned bits)
{
	struct spec_resources res = { .devices = { .v = (void *)rules, .n = n } };
	struct spec_linux lnx = { .resources = &res };
	struct spec spec = { .lnx = &lnx };
	struct plan p = { .spec = &spec, .opts = { .use = FOR_CREATE, .id = "fuzz" } };
	struct err e = { 0 };

	p.facts = make_facts(bits);
	p.rootless = p.facts->uid != 0;
	p.opts.cgroup_manager = (enum cgroup_manager)(bits >> 6 & 3);
	char *path = fuzz_text(in->p, in->n);
	lnx.cgroups_path = in->n ? path : NULL;
	int r = plan_cgroup(&p, &e);
	require_err(r, &e);
	if (r >= 0)
		check_path(&p);
	arena_free(&p.arena);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_device_rule rules[MAX_RULES];
	struct probe probes[MAX_PROBES];
	struct fuzz_in in = { data, size };
	struct arena a = { 0 };

	unsigned bits = fuzz_u16(&in);
	size_t n = fuzz_u8(&in) % (MAX_RULES + 1);
	for (size_t i = 0; i < n; i++) {
		uint8_t b = fuzz_u8(&in);

		rules[i].allow = b & 1;
		rules[i].type = "abca"[b >> 1 & 3];
		rules[i].access = b >> 3 & DEV_ALL;
		if (!rules[i].access)
			rules[i].access = DEV_ALL;
		rules[i].major = device_number(&in);
		rules[i].minor = device_number(&in);
	}
	for (size_t i = 0; i < MAX_PROBES; i++) {
		uint8_t b = n ? fuzz_u8(&in) : 0;

		/* near a rule, or a default device */
		probes[i] = (struct probe){ b & 1 ? 'b' : 'c', 1, b >> 4 };
		if (n && b & 2) {
			const struct spec_device_rule *r = &rules[(b >> 2) % n];

			probes[i].major = r->major < 0 ? b >> 4 : r->major;
			probes[i].minor = r->minor < 0 ? b >> 5 : r->minor;
		}
	}
	check_devices(&a, rules, n, probes, MAX_PROBES);
	arena_free(&a);
	plan_path(rules, n, &in, bits);
	return 0;
}
