/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device rules for cgroup v1 and v2. config-linux.md#allowed-device-list, #default-devices; the kernel's
 * Documentation/admin-guide/cgroup-v1/devices.rst; bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE.
 */
#include "engine/cgroup_devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/util.h"

#define ANY (-1)

/* Nodes of any kind may be made (that alone opens nothing), and these be used. */
static const struct spec_device_rule defaults[] = {
	{ true, 'c', ANY, ANY, DEV_MKNOD }, { true, 'b', ANY, ANY, DEV_MKNOD },
	{ true, 'c', 1, 3, DEV_ALL },	  /* null */
	{ true, 'c', 1, 5, DEV_ALL },	  /* zero */
	{ true, 'c', 1, 7, DEV_ALL },	  /* full */
	{ true, 'c', 1, 8, DEV_ALL },	  /* random */
	{ true, 'c', 1, 9, DEV_ALL },	  /* urandom */
	{ true, 'c', 5, 0, DEV_ALL },	  /* tty */
	{ true, 'c', 5, 2, DEV_ALL },	  /* ptmx */
	{ true, 'c', 136, ANY, DEV_ALL }, /* pts; the kernel uses 136 alone, whatever their number */
};

/* A rule about everything. Type "a" is both kinds; the numbers and letters may still narrow it. */
static bool is_catch_all(const struct spec_device_rule *r)
{
	return r->type == 'a' && r->major == ANY && r->minor == ANY && r->access == DEV_ALL;
}

static void add_rule(struct cgroup_devices *d, const struct spec_device_rule *r, long index)
{
	static const char kinds[] = { 'c', 'b' };

	for (size_t i = 0; i < sizeof(kinds); i++) {
		if (!r->access || (r->type != 'a' && r->type != kinds[i]))
			continue;
		struct cgroup_device *slot = &d->rules.v[d->rules.n++];
		*slot = (struct cgroup_device){ *r, index };
		slot->rule.type = kinds[i];
	}
}

int cgroup_devices_plan(struct cgroup_devices *ret, struct arena *a,
			const struct spec_device_rule *rules, size_t n)
{
	size_t first = 0;

	*ret = (struct cgroup_devices){ .allow_all = false };
	for (size_t i = 0; i < n; i++) {
		if (is_catch_all(&rules[i])) {
			ret->allow_all = rules[i].allow;
			first = i + 1;
		}
	}
	size_t room = 2 * (n - first) + N_ELEMENTS(defaults);
	ret->rules.v = arena_array(a, room, sizeof(*ret->rules.v));
	if (!ret->rules.v)
		return -ENOMEM;
	/* The defaults allow, so before which of the rules that allow they stand makes no difference: they come behind
	 * those, where readers of devices.list look for the config's own order, and before the first that denies. */
	size_t at = first;
	while (at < n && rules[at].allow)
		at++;
	for (size_t i = first; i <= n; i++) {
		for (size_t k = 0; i == at && !ret->allow_all && k < N_ELEMENTS(defaults); k++)
			add_rule(ret, &defaults[k], -1);
		if (i < n)
			add_rule(ret, &rules[i], (long)i);
	}
	return 0;
}

/* ---- v1: a default and exceptions from it ---- */

/* Every device that B means, A means too. */
static bool covers(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	return a->type == b->type && (a->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || a->minor == b->minor);
}

static bool overlaps(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	return a->type == b->type && (a->major == ANY || b->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || b->minor == ANY || a->minor == b->minor);
}

static void add_exception(struct cgroup_devices *d, const struct cgroup_device *new)
{
	for (size_t i = 0; i < d->rules.n; i++) {
		struct spec_device_rule *x = &d->rules.v[i].rule;

		if (covers(x, &new->rule) && (new->rule.access & ~x->access) == 0)
			return;
		if (covers(x, &new->rule) && covers(&new->rule, x)) {
			x->access |= new->rule.access;
			/* a rule of the config is not weakened by a default that says the same */
			d->rules.v[i].index = MAX(d->rules.v[i].index, new->index);
			return;
		}
	}
	d->rules.v[d->rules.n++] = *new;
}

/* Takes RULE's devices out of the exceptions. */
static int remove_exception(struct cgroup_devices *d, const struct cgroup_device *rule,
			    struct err *e)
{
	char words[48], wider[48];
	size_t kept = 0;

	for (size_t i = 0; i < d->rules.n; i++) {
		struct cgroup_device x = d->rules.v[i];
		unsigned common = x.rule.access & rule->rule.access;

		if (covers(&rule->rule, &x.rule)) {
			x.rule.access &= ~common;
		} else if ((common & ~DEV_MKNOD) && overlaps(&rule->rule, &x.rule)) {
			cgroup_device_words(&rule->rule, words);
			cgroup_device_words(&x.rule, wider);
			err_set(e, ERR_UNSUPPORTED,
				"devices: cgroup v1 can't take '%s' out of the wider '%s'", words,
				wider);
			err_hint(e, "name the devices of the wider rule one by one");
			return err_at(e, "$.linux.resources.devices[%ld]", rule->index);
		}
		if (x.rule.access)
			d->rules.v[kept++] = x;
	}
	d->rules.n = kept;
	return 0;
}

int cgroup_devices_v1(struct cgroup_devices *ret, struct arena *a,
		      const struct cgroup_devices *devices, struct err *e)
{
	*ret = (struct cgroup_devices){ .allow_all = devices->allow_all };
	ret->rules.v = arena_array(a, devices->rules.n + 1, sizeof(*ret->rules.v));
	if (!ret->rules.v)
		return err_sys(e, -ENOMEM, "device rules");
	for (size_t i = 0; i < devices->rules.n; i++) {
		const struct cgroup_device *x = &devices->rules.v[i];

		if (x->rule.allow != devices->allow_all) {
			add_exception(ret, x);
			continue;
		}
		int r = remove_exception(ret, x, e);
		if (r < 0)
			return r;
	}
	if (ret->allow_all)
		return 0;

	/* the kernel grants a request by one exception alone: "r" of a wider one and "w" of a narrower make no "rw".
	 * mknod(2) is never asked together with the others. */
	for (size_t i = 0; i < ret->rules.n; i++) {
		struct spec_device_rule *x = &ret->rules.v[i].rule;

		for (size_t k = 0; k < ret->rules.n; k++) {
			if (covers(&ret->rules.v[k].rule, x))
				x->access |= ret->rules.v[k].rule.access & ~DEV_MKNOD;
		}
	}
	return 0;
}

static void number(int64_t n, char out[24])
{
	if (n == ANY)
		snprintf(out, 24, "*");
	else
		snprintf(out, 24, "%lld", (long long)n);
}

void cgroup_device_words(const struct spec_device_rule *rule, char out[48])
{
	char major[24], minor[24];

	number(rule->major, major);
	number(rule->minor, minor);
	snprintf(out, 48, "%c %.17s:%.17s %s%s%s", rule->type, major, minor,
		 rule->access & DEV_READ ? "r" : "", rule->access & DEV_WRITE ? "w" : "",
		 rule->access & DEV_MKNOD ? "m" : "");
}

/* ---- v2: a program ---- */

enum { R_RESULT = 0, R_CTX = 1, R_LEFT = 2, R_TYPE = 3, R_MAJOR = 4, R_MINOR = 5, R_HIT = 6 };

static void emit(struct buf *out, unsigned code, int dst, int src, int off, int64_t imm)
{
	struct bpf_insn insn = { .code = (uint8_t)code,
				 .dst_reg = (uint8_t)dst & 15,
				 .src_reg = (uint8_t)src & 15,
				 .off = (int16_t)off,
				 .imm = (int32_t)(uint32_t)imm };

	buf_add(out, &insn, sizeof(insn));
}

static unsigned bpf_access(unsigned access)
{
	return (access & DEV_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (access & DEV_READ ? BPF_DEVCG_ACC_READ : 0) |
	       (access & DEV_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
}

static void emit_return(struct buf *out, bool allowed)
{
	emit(out, BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, 0, allowed);
	emit(out, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* r2 = bits asked for, r3 = kind, r4 = major, r5 = minor */
static void emit_prologue(struct buf *out)
{
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R_LEFT, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(out, BPF_ALU | BPF_MOV | BPF_X, R_TYPE, R_LEFT, 0, 0);
	emit(out, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	emit(out, BPF_ALU | BPF_RSH | BPF_K, R_LEFT, 0, 0, 16);
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

/*
 * One rule; the program goes through them from the last to the first. r2 keeps the bits that no later rule decided: a
 * rule that denies one of them ends with "no", one that allows takes its bits away, and "yes" is when none is left.
 */
static void emit_rule(struct buf *out, const struct spec_device_rule *r)
{
	unsigned access = bpf_access(r->access);
	bool all = r->access == DEV_ALL;
	int body = 2 + (all ? 0 : r->allow ? 2 : 3);
	int left = 1 + (r->major != ANY) + (r->minor != ANY) + body;

	emit(out, BPF_JMP32 | BPF_JNE | BPF_K, R_TYPE, 0, --left,
	     r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (r->major != ANY)
		emit(out, BPF_JMP32 | BPF_JNE | BPF_K, R_MAJOR, 0, --left, r->major);
	if (r->minor != ANY)
		emit(out, BPF_JMP32 | BPF_JNE | BPF_K, R_MINOR, 0, --left, r->minor);
	if (!all && r->allow) {
		emit(out, BPF_ALU | BPF_AND | BPF_K, R_LEFT, 0, 0, ~access & 0xffff);
		emit(out, BPF_JMP32 | BPF_JNE | BPF_K, R_LEFT, 0, 2, 0);
	} else if (!all) {
		emit(out, BPF_ALU | BPF_MOV | BPF_X, R_HIT, R_LEFT, 0, 0);
		emit(out, BPF_ALU | BPF_AND | BPF_K, R_HIT, 0, 0, access);
		emit(out, BPF_JMP32 | BPF_JEQ | BPF_K, R_HIT, 0, 2, 0);
	}
	emit_return(out, r->allow);
}

int cgroup_devices_bpf(struct buf *out, const struct cgroup_devices *devices)
{
	emit_prologue(out);
	for (size_t i = devices->rules.n; i > 0; i--)
		emit_rule(out, &devices->rules.v[i - 1].rule);
	emit_return(out, devices->allow_all);
	return buf_error(out);
}
