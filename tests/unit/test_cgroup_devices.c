/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device rules: order, defaults, the v1 form, and the v2 program run by a small interpreter against the plain reading. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/cgroup_devices.h"
#include "tap.h"

enum { A = -1, RWM = DEV_ALL, N_DEFAULTS = 10 };

static struct arena arena;

#define PLAN(d, rules) CHECK_INT(cgroup_devices_plan((d), &arena, (rules), N_ELEMENTS(rules)), 0)

/* ---- running the program ---- */

static int64_t fetch(const struct bpf_cgroup_dev_ctx *ctx, int off)
{
	return *(const uint32_t *)((const char *)ctx + off);
}

/* Result of the program, or -1 for an instruction or a jump it must not have. */
static int interpret(const struct buf *program, struct bpf_cgroup_dev_ctx ctx)
{
	const struct bpf_insn *insns = (const struct bpf_insn *)(const void *)program->p;
	size_t n = program->len / sizeof(*insns);
	uint64_t r[11] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &insns[pc];
		uint32_t d = (uint32_t)r[i->dst_reg], imm = (uint32_t)i->imm;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			r[i->dst_reg] = (uint64_t)fetch(&ctx, i->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			r[i->dst_reg] = (uint32_t)r[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = (uint64_t)(int64_t)i->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			r[i->dst_reg] = d & imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			r[i->dst_reg] = d >> imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			pc += d != imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			pc += d == imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)r[0];
		default:
			return -1;
		}
	}
	return -1;
}

static int ask(const struct cgroup_devices *d, char type, unsigned major, unsigned minor,
	       unsigned access)
{
	auto_buf struct buf program = { 0 };
	unsigned bits = (access & DEV_READ ? BPF_DEVCG_ACC_READ : 0) |
			(access & DEV_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
			(access & DEV_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);

	CHECK_INT(cgroup_devices_bpf(&program, d), 0);
	return interpret(&program,
			 (struct bpf_cgroup_dev_ctx){
				 .access_type = bits << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK
									  : BPF_DEVCG_DEV_CHAR),
				 .major = major,
				 .minor = minor,
			 });
}

/* ---- order and defaults ---- */

static void defaults_after_deny_all(void)
{
	/* what Podman sends */
	const struct spec_device_rule rules[] = { { false, 'a', A, A, RWM } };
	struct cgroup_devices d;

	PLAN(&d, rules);
	CHECK(!d.allow_all);
	CHECK_INT(d.rules.n, N_DEFAULTS);
	CHECK_INT(ask(&d, 'c', 1, 3, DEV_READ | DEV_WRITE), 1);
	CHECK_INT(ask(&d, 'c', 136, 7, RWM), 1);
	CHECK_INT(ask(&d, 'b', 8, 0, DEV_MKNOD), 1);
	CHECK_INT(ask(&d, 'b', 8, 0, DEV_READ), 0);
	CHECK_INT(ask(&d, 'c', 5, 1, DEV_WRITE), 0); /* the host's console */
	CHECK_INT(ask(&d, 'c', 10, 200, DEV_READ), 0);
}

static void no_rules_deny_too(void)
{
	struct cgroup_devices d;

	CHECK_INT(cgroup_devices_plan(&d, &arena, NULL, 0), 0);
	CHECK(!d.allow_all);
	CHECK_INT(ask(&d, 'b', 8, 0, DEV_READ), 0);
	CHECK_INT(ask(&d, 'c', 1, 5, DEV_READ), 1);
}

static void later_rules_win(void)
{
	const struct spec_device_rule rules[] = {
		{ true, 'c', 10, 229, RWM },
		{ false, 'a', A, A, RWM },
		{ false, 'c', 1, 3, RWM },
		{ true, 'c', 10, 200, DEV_READ | DEV_WRITE },
	};
	struct cgroup_devices d;

	PLAN(&d, rules);
	CHECK_INT(d.rules.n, N_DEFAULTS + 2);
	CHECK_INT(d.rules.v[N_DEFAULTS].index, 2);
	CHECK_INT(ask(&d, 'c', 10, 229, DEV_READ), 0); /* before the deny-all */
	CHECK_INT(ask(&d, 'c', 1, 3, DEV_READ), 0);
	CHECK_INT(ask(&d, 'c', 1, 3, DEV_MKNOD), 0);
	CHECK_INT(ask(&d, 'c', 10, 200, DEV_READ | DEV_WRITE), 1);
	CHECK_INT(ask(&d, 'c', 10, 200, RWM), 1); /* m by the default */
}

static void final_allow_all_stands_alone(void)
{
	const struct spec_device_rule rules[] = { { false, 'a', A, A, RWM },
						  { false, 'c', 1, 3, RWM },
						  { true, 'a', A, A, RWM } };
	struct cgroup_devices d;

	PLAN(&d, rules);
	CHECK(d.allow_all);
	CHECK_INT(d.rules.n, 0);
	CHECK_INT(ask(&d, 'b', 8, 0, RWM), 1);
}

static void narrowed_all_is_no_catch_all(void)
{
	const struct spec_device_rule rules[] = { { true, 'a', A, A, DEV_READ },
						  { false, 'a', 8, A, DEV_READ } };
	struct cgroup_devices d;

	PLAN(&d, rules);
	CHECK(!d.allow_all);
	CHECK_INT(d.rules.n, N_DEFAULTS + 4);
	CHECK_INT(ask(&d, 'b', 7, 0, DEV_READ), 1);
	CHECK_INT(ask(&d, 'b', 7, 0, DEV_READ | DEV_WRITE), 0);
	CHECK_INT(ask(&d, 'b', 8, 1, DEV_READ), 0);
	CHECK_INT(ask(&d, 'c', 8, 1, DEV_READ), 0);
}

/* ---- v1 ---- */

static bool has_words(const struct cgroup_devices *d, const char *words)
{
	char text[48];

	for (size_t i = 0; i < d->rules.n; i++) {
		cgroup_device_words(&d->rules.v[i].rule, text);
		if (strcmp(text, words) == 0)
			return true;
	}
	return false;
}

static void v1_exceptions(void)
{
	const struct spec_device_rule rules[] = {
		{ false, 'a', A, A, RWM },	   { true, 'c', 10, 229, DEV_READ },
		{ true, 'c', 10, 229, DEV_WRITE }, { false, 'c', 1, 3, RWM },
		{ true, 'b', 8, A, DEV_READ },	   { true, 'c', 1, 5, RWM },
		{ true, 'b', 8, 3, DEV_WRITE },
	};
	struct cgroup_devices d, v1;
	struct err e;

	PLAN(&d, rules);
	CHECK_INT(cgroup_devices_v1(&v1, &arena, &d, &e), 0);
	CHECK(!v1.allow_all);
	CHECK_INT(v1.rules.n, N_DEFAULTS - 1 + 3);
	CHECK(has_words(&v1,
			"c 10:229 rw")); /* m comes from c *:* and is never asked with r or w */
	CHECK(!has_words(&v1, "c 1:3 rwm"));
	CHECK(has_words(&v1, "c *:* m"));
	CHECK(has_words(&v1, "b 8:* r"));
	CHECK(has_words(&v1, "b 8:3 rw"));
}

static void v1_deny_list(void)
{
	const struct spec_device_rule rules[] = { { true, 'a', A, A, RWM },
						  { false, 'b', 8, 0, RWM },
						  { false, 'b', 8, 1, RWM },
						  { true, 'b', 8, 0, DEV_READ } };
	struct cgroup_devices d, v1;
	struct err e;

	PLAN(&d, rules);
	CHECK_INT(cgroup_devices_v1(&v1, &arena, &d, &e), 0);
	CHECK(v1.allow_all);
	CHECK_INT(v1.rules.n, 2);
	CHECK(has_words(&v1, "b 8:0 wm"));
	CHECK(has_words(&v1, "b 8:1 rwm"));
}

static void v1_refuses_holes(void)
{
	const struct spec_device_rule rules[] = { { false, 'a', A, A, RWM },
						  { true, 'c', 10, A, RWM },
						  { false, 'c', 10, 200, DEV_WRITE } };
	struct cgroup_devices d, v1;
	struct err e;

	PLAN(&d, rules);
	CHECK(cgroup_devices_v1(&v1, &arena, &d, &e) < 0);
	CHECK_INT(e.code, ERR_UNSUPPORTED);
	CHECK_STR(e.where, "$.linux.resources.devices[2]");
	CHECK_STR(e.msg,
		  "devices: cgroup v1 can't take 'c 10:200 w' out of the wider 'c 10:* rwm'");
	/* v2 can */
	CHECK_INT(ask(&d, 'c', 10, 200, DEV_WRITE), 0);
	CHECK_INT(ask(&d, 'c', 10, 200, DEV_READ), 1);
}

/* ---- random rules: the program, the plain reading, and v1 where it can say it ---- */

static uint32_t seed = 12345;

static unsigned pick(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static int read_plainly(const struct cgroup_devices *d, char type, int64_t major, int64_t minor,
			unsigned access)
{
	for (unsigned bit = 1; bit <= DEV_ALL; bit <<= 1) {
		bool allowed = d->allow_all;

		for (size_t i = 0; i < d->rules.n; i++) {
			const struct spec_device_rule *r = &d->rules.v[i].rule;

			if (r->type == type && (r->major == A || r->major == major) &&
			    (r->minor == A || r->minor == minor) && (r->access & bit))
				allowed = r->allow;
		}
		if ((access & bit) && !allowed)
			return 0;
	}
	return 1;
}

/* How the v1 kernel decides (security/device_cgroup.c). */
static int read_v1(const struct cgroup_devices *d, char type, int64_t major, int64_t minor,
		   unsigned access)
{
	for (size_t i = 0; i < d->rules.n; i++) {
		const struct spec_device_rule *r = &d->rules.v[i].rule;

		if (r->type != type || (r->major != A && r->major != major) ||
		    (r->minor != A && r->minor != minor))
			continue;
		if (d->allow_all ? (r->access & access) != 0 : (access & ~r->access) == 0)
			return !d->allow_all;
	}
	return d->allow_all;
}

static void random_rules(void)
{
	int v1_ok = 0;

	for (int round = 0; round < 3000 && !tap_failed; round++) {
		struct spec_device_rule rules[8];
		struct cgroup_devices d, v1;
		struct err e;
		size_t n = pick(8) + 1;

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct spec_device_rule){
				pick(2), "abc"[pick(9) ? 1 + pick(2) : 0], (int64_t)pick(4) - 1,
				(int64_t)pick(4) - 1, (uint8_t)(pick(3) ? RWM : pick(8))
			};
		CHECK_INT(cgroup_devices_plan(&d, &arena, rules, n), 0);
		bool has_v1 = cgroup_devices_v1(&v1, &arena, &d, &e) >= 0;
		v1_ok += has_v1;
		for (unsigned i = 0; i < 40; i++) {
			char type = "bc"[pick(2)];
			unsigned major = pick(4), minor = pick(4), access = 1 + pick(7);
			int want = read_plainly(&d, type, major, minor, access);

			CHECK_INT(ask(&d, type, major, minor, access), want);
			/* Nodes alone are given away by v1 where a rule takes them out of "c *:* m". Reading by one rule and
			 * writing by another that overlaps it is refused by v1 when both are asked for at once. */
			if (!has_v1 || (access & DEV_MKNOD))
				continue;
			if (access == DEV_READ || access == DEV_WRITE)
				CHECK_INT(read_v1(&v1, type, major, minor, access), want);
			else
				CHECK(read_v1(&v1, type, major, minor, access) <= want);
		}
		arena_free(&arena);
	}
	CHECK(v1_ok > 300);
}

static void wide_numbers(void)
{
	const struct spec_device_rule rules[] = { { true, 'c', 4294967295LL, 1048575, RWM } };
	struct cgroup_devices d;
	char words[48];

	PLAN(&d, rules);
	CHECK_INT(ask(&d, 'c', 4294967295U, 1048575, DEV_READ), 1);
	CHECK_INT(ask(&d, 'c', 4294967294U, 1048575, DEV_READ), 0);
	cgroup_device_words(&rules[0], words);
	CHECK_STR(words, "c 4294967295:1048575 rwm");
}

static const struct test tests[] = {
	{ "the defaults follow a deny-all", defaults_after_deny_all },
	{ "without rules the same", no_rules_deny_too },
	{ "rules after the deny-all win over the defaults", later_rules_win },
	{ "a final allow-all stands alone", final_allow_all_stands_alone },
	{ "type a with numbers or letters is an ordinary rule", narrowed_all_is_no_catch_all },
	{ "v1: exceptions are merged", v1_exceptions },
	{ "v1: a list of denied devices", v1_deny_list },
	{ "v1: a part of a wider rule is refused, v2 takes it", v1_refuses_holes },
	{ "random rules: the program decides as the rules read", random_rules },
	{ "large numbers", wide_numbers },
};

TAP_MAIN(tests)
