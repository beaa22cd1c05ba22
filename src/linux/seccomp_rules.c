/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the profile to a set of rules (config-linux.md#seccomp: syscalls).
 *
 * - Rules equal to the default action are left out (libseccomp refuses them), and so are duplicates: libseccomp searches
 *   a list for each rule.
 * - Two conditions of one rule on the same argument: libseccomp knows no such rule; each condition becomes a rule of
 *   its own (any of them is enough), as in the peers.
 * - How long the program will be is estimated before libseccomp sees the rules: it counts instructions with 16 bits, and
 *   takes time with the cube of their number for what the kernel refuses to load anyway.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "linux/seccomp_parts.h"

enum { MAX_UNKNOWN = 20 }; /* names in the warning */

void seccomp_rules_free(struct seccomp_rules *rs)
{
	free(rs->v);
	free(rs->slots);
	*rs = (struct seccomp_rules){ 0 };
}

uint32_t seccomp_action(uint32_t action, bool has_errno, uint32_t errno_ret)
{
	if (action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0))
		return action | (has_errno ? errno_ret & 0xffff : EPERM);
	return action;
}

/* ---- the set ---- */

size_t seccomp_rule_n_args(const struct seccomp_rule *r)
{
	if (r->named)
		return 0;
	return r->arg == SECCOMP_ALL_ARGS ? r->from->args.n : 1;
}

const struct spec_seccomp_arg *seccomp_rule_arg(const struct seccomp_rule *r, size_t i)
{
	return &r->from->args.v[r->arg == SECCOMP_ALL_ARGS ? i : r->arg];
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t rule_hash(const struct seccomp_rule *r)
{
	uint64_t h = mix(mix(r->named, (uint32_t)r->nr), r->named ? 0 : r->action);

	for (size_t i = 0; i < seccomp_rule_n_args(r); i++) {
		const struct spec_seccomp_arg *a = seccomp_rule_arg(r, i);

		h = mix(mix(mix(mix(h, a->index), a->op), a->value), a->value_two);
	}
	return h;
}

static bool rule_equal(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	size_t n = seccomp_rule_n_args(a);

	if (a->nr != b->nr || a->named != b->named || n != seccomp_rule_n_args(b))
		return false;
	if (!a->named && a->action != b->action)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct spec_seccomp_arg *x = seccomp_rule_arg(a, i);
		const struct spec_seccomp_arg *y = seccomp_rule_arg(b, i);

		if (x->index != y->index || x->op != y->op || x->value != y->value ||
		    x->value_two != y->value_two)
			return false;
	}
	return true;
}

/* The slot where R is, or the free one where it belongs. */
static uint32_t *rules_slot(const struct seccomp_rules *rs, const struct seccomp_rule *r)
{
	size_t at = rule_hash(r) & (rs->n_slots - 1);

	while (rs->slots[at] && !rule_equal(&rs->v[rs->slots[at] - 1], r))
		at = (at + 1) & (rs->n_slots - 1);
	return &rs->slots[at];
}

static int rules_grow(struct seccomp_rules *rs)
{
	size_t cap = rs->cap ? rs->cap * 2 : 1024;
	struct seccomp_rule *v = reallocarray(rs->v, cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	rs->v = v;
	uint32_t *slots = calloc(cap * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(rs->slots);
	rs->slots = slots;
	rs->n_slots = cap * 2;
	rs->cap = cap;
	for (size_t i = 0; i < rs->n; i++)
		*rules_slot(rs, &rs->v[i]) = (uint32_t)i + 1;
	return 0;
}

static int rules_add(struct seccomp_rules *rs, const struct seccomp_rule *r)
{
	if (rs->n == rs->cap) {
		int ret = rules_grow(rs);
		if (ret < 0)
			return ret;
	}
	uint32_t *slot = rules_slot(rs, r);
	if (*slot)
		return 0;
	rs->v[rs->n++] = *r;
	*slot = (uint32_t)rs->n;
	return 0;
}

/* ---- names that libseccomp does not know ---- */

struct unknown {
	struct strv names;
	size_t n;
};

static void unknown_free(struct unknown *u)
{
	strv_free(&u->names);
}

static int unknown_add(struct unknown *u, const char *name)
{
	if (strv_has(&u->names, name))
		return 0;
	u->n++;
	return u->names.n < MAX_UNKNOWN ? strv_add(&u->names, name) : 0;
}

static void unknown_say(const struct unknown *u, struct buf *out)
{
	if (u->n == 0)
		return;
	const struct scmp_version *v = seccomp_version();

	buf_addf(out, "seccomp: libseccomp %u.%u.%u does not know:", v->major, v->minor, v->micro);
	for (size_t i = 0; i < u->names.n; i++)
		buf_addf(out, " %s", u->names.v[i]);
	if (u->n > u->names.n)
		buf_addf(out, " and %zu more", u->n - u->names.n);
}

/* ---- from the profile ---- */

static bool repeats_argument(const struct spec_syscall *sc)
{
	unsigned seen = 0;

	for (size_t i = 0; i < sc->args.n; i++) {
		unsigned bit = 1u << sc->args.v[i].index;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static int add_rules(struct seccomp_rules *rs, struct seccomp_rule *r)
{
	if (!repeats_argument(r->from))
		return rules_add(rs, r);
	for (r->arg = 0; r->arg < r->from->args.n; r->arg++) {
		int ret = rules_add(rs, r);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int check_args(const struct spec_syscall *sc, size_t index, struct err *e)
{
	for (size_t i = 0; i < sc->args.n; i++) {
		if (sc->args.v[i].index >= SECCOMP_MAX_ARGS) {
			err_set(e, ERR_SPEC, "a system call has no argument %u",
				sc->args.v[i].index);
			return err_at(e, "$.linux.seccomp.syscalls[%zu].args[%zu].index", index, i);
		}
	}
	return 0;
}

static int collect(struct seccomp_rules *rs, const struct spec_syscall *sc, size_t index,
		   struct unknown *unknown, struct err *e)
{
	uint32_t action = seccomp_action(sc->action, sc->has_errno_ret, sc->errno_ret);
	int ret = check_args(sc, index, e);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sc->names.n; i++) {
		struct seccomp_rule r = { .action = action,
					  .from = sc,
					  .arg = SECCOMP_ALL_ARGS,
					  .index = index,
					  .name = sc->names.v[i],
					  .named = true };

		r.nr = seccomp_syscall_resolve_name(r.name);
		if (r.nr == __NR_SCMP_ERROR) {
			ret = unknown_add(unknown, r.name);
		} else {
			ret = rules_add(rs, &r);
			r.named = false;
			if (ret == 0 && action != rs->default_action)
				ret = add_rules(rs, &r);
		}
		if (ret < 0)
			return err_sys(e, ret, "collect the seccomp rules");
	}
	return 0;
}

int seccomp_rules_collect(struct seccomp_rules *rs, const struct spec_seccomp *s,
			  struct buf *unknown_text, struct err *e)
{
	AUTO(unknown_free) struct unknown unknown = { 0 };

	rs->default_action =
		seccomp_action(s->default_action, s->has_default_errno_ret, s->default_errno_ret);
	for (size_t i = 0; i < s->syscalls.n; i++) {
		int ret = collect(rs, &s->syscalls.v[i], i, &unknown, e);
		if (ret < 0)
			return ret;
	}
	unknown_say(&unknown, unknown_text);
	return 0;
}

/* ---- how long the program will be ---- */

/* Set of hashes. */
struct seen {
	uint64_t *v; /* 0 = free */
	size_t size; /* power of two */
};

static void seen_free(struct seen *s)
{
	free(s->v);
}

/* 1 when H is new. */
static size_t seen_add(struct seen *s, uint64_t h)
{
	size_t at = h & (s->size - 1);

	h |= h == 0;
	while (s->v[at] && s->v[at] != h)
		at = (at + 1) & (s->size - 1);
	if (s->v[at])
		return 0;
	s->v[at] = h;
	return 1;
}

/* One 32-bit word of a condition, behind the words in *H: its load is shared with all that look at the same word there,
 * its comparison with those that are equal. */
static size_t word_size(struct seen *seen, uint64_t *h, unsigned word,
			const struct spec_seccomp_arg *a, uint32_t value, uint32_t two)
{
	bool masked = a->op == SCMP_CMP_MASKED_EQ;
	/* A word that the mask leaves out is not looked at; high words of ranges are compared twice. */
	if (masked && value == 0)
		return 0;
	bool range = a->op != SCMP_CMP_EQ && a->op != SCMP_CMP_NE && !masked;
	size_t n = seen_add(seen, mix(*h, 64 + word));

	*h = mix(mix(mix(*h, word), a->op), (uint64_t)value << 32 | two);
	return n + seen_add(seen, *h) * (masked || (range && word % 2) ? 2 : 1);
}

static size_t rule_size(struct seen *seen, const struct seccomp_rule *r, bool wide)
{
	size_t n_args = seccomp_rule_n_args(r);
	uint64_t h = mix(wide, (uint32_t)r->nr);
	/* The jumps over several comparisons get too long for one instruction. */
	size_t n = n_args > 1 ? 2 : 0;

	for (uint32_t index = 0; index < SECCOMP_MAX_ARGS; index++) {
		for (size_t i = 0; i < n_args; i++) {
			const struct spec_seccomp_arg *a = seccomp_rule_arg(r, i);

			if (a->index != index)
				continue;
			if (wide)
				n += word_size(seen, &h, 2 * index + 1, a,
					       (uint32_t)(a->value >> 32),
					       (uint32_t)(a->value_two >> 32));
			n += word_size(seen, &h, 2 * index, a, (uint32_t)a->value,
				       (uint32_t)a->value_two);
		}
	}
	return n;
}

int seccomp_rules_size(const struct seccomp_rules *rs, bool wide, bool narrow, size_t *ret)
{
	AUTO(seen_free) struct seen seen = { .size = 64 };
	size_t words = 0;

	for (size_t i = 0; i < rs->n; i++)
		words += 6 * seccomp_rule_n_args(&rs->v[i]);
	while (seen.size < 2 * words)
		seen.size *= 2;
	seen.v = calloc(seen.size, sizeof(*seen.v));
	if (!seen.v)
		return -ENOMEM;
	*ret = 0;
	for (size_t i = 0; i < rs->n; i++) {
		const struct seccomp_rule *r = &rs->v[i];

		if (wide)
			*ret += rule_size(&seen, r, true);
		/* The low word of a lone condition is the same check for both widths. */
		if (narrow && (!wide || seccomp_rule_n_args(r) > 1))
			*ret += rule_size(&seen, r, false);
	}
	return 0;
}
