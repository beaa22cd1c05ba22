/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recompiles a seccomp program into one binary search an architecture over ranges of system calls that share a
 * decision. The kernel runs a new program for every number to find those it always allows (seccomp_cache_prepare,
 * 5.11), so the program's length is time at every start: libseccomp's tree for an engine's default profile has 1237
 * instructions and takes 454 µs to load.
 *
 * How: a program without arithmetic on the number can change its mind only at the constants it compares with. Between
 * two of them the old program, run on any number, shows the decision for all: a constant, or the place where it begins
 * to look at arguments. The checks of arguments keep their order, equal ones become one; what leads to them is built
 * anew. The new program is
 * compared with the old one at every constant and every architecture before it is used; a program with anything
 * unexpected in it stays as it was.
 *
 * It is put together from its end, so that the target of each jump (they only go forward) is known when it is written.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "linux/seccomp_parts.h"

enum { MAX_AUDIT = 8, MAX_SINGLE = 3, MAX_JUMP = 255, MAX_INSNS = 65535 };

struct range {
	uint32_t first; /* up to the next range's first */
	struct decision d;
};

/* A leaf of the search: ranges with the same decision and up to MAX_SINGLE single numbers between them that have their
 * own: ranges[at + 1], ranges[at + 3] … */
struct leaf {
	size_t at;
	unsigned n_single;
};

/* A step of the checks of arguments. Equal ones are one, whichever system calls and architectures they are for. */
struct node {
	uint16_t code;
	uint32_t k;
	uint32_t yes, no; /* nodes that follow; YES alone where there is no choice */
	size_t pos;	  /* in OUT; a RET is written where it is needed */
};

struct known_ret {
	uint32_t value;
	size_t pos;
};

struct tree {
	const struct bpf *in;
	uint32_t audit[MAX_AUDIT];
	size_t n_audit;
	uint32_t other; /* an architecture that IN does not mention */
	uint32_t *cuts; /* sorted: numbers where a decision may begin */
	size_t n_cuts;
	struct range *ranges;
	struct leaf *leaves;
	struct bpf out; /* backwards */
	struct node *nodes;
	size_t n_nodes;
	uint32_t *node_of; /* by place in IN */
	uint32_t *slots;   /* open addressing over NODES: index + 1, 0 = free */
	size_t n_slots;	   /* power of two */
	struct known_ret *rets;
	size_t n_rets;
};

static void tree_free(struct tree *t)
{
	free(t->cuts);
	free(t->ranges);
	free(t->leaves);
	free(t->nodes);
	free(t->node_of);
	free(t->slots);
	free(t->rets);
	bpf_free(&t->out);
}

static bool same(struct decision a, struct decision b)
{
	return a.by_args == b.by_args && a.value == b.value;
}

/* Architectures that IN compares with, found by following every path. IS_ARCH: what the accumulator holds on some path
 * to that place (bit 0: not the architecture, bit 1: the architecture). */
static int find_audit(struct tree *t, uint8_t *is_arch)
{
	const struct bpf *in = t->in;

	is_arch[0] = 1;
	for (size_t pc = 0; pc < in->n; pc++) {
		const struct sock_filter *i = &in->v[pc];
		uint8_t now = is_arch[pc];

		if (!now || i->code == OP_RET)
			continue;
		if (i->code == OP_LD)
			now = i->k == BPF_ARCH ? 2 : 1;
		if (bpf_is_cond(i->code)) {
			if (now & 2) {
				if (i->code != OP_JEQ || t->n_audit == MAX_AUDIT)
					return -EINVAL;
				bool known = false;
				for (size_t k = 0; k < t->n_audit; k++)
					known |= t->audit[k] == i->k;
				if (!known)
					t->audit[t->n_audit++] = i->k;
			}
			is_arch[pc + 1 + i->jt] |= now;
			is_arch[pc + 1 + i->jf] |= now;
		} else {
			is_arch[pc + 1 + (i->code == OP_JA ? i->k : 0)] |= now;
		}
	}
	for (size_t k = 0; k < t->n_audit;)
		k = t->audit[k] == t->other ? (t->other++, 0) : k + 1;
	return 0;
}

/* ---- the checks of arguments ---- */

static uint32_t node_get(struct tree *t, uint16_t code, uint32_t k, uint32_t yes, uint32_t no)
{
	uint64_t h = (((uint64_t)code << 32 | k) * 31 + yes) * 31 + no;
	size_t at = (h * 0x9e3779b97f4a7c15ull >> 20) & (t->n_slots - 1);

	for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
		const struct node *n = &t->nodes[t->slots[at] - 1];

		if (n->code == code && n->k == k && n->yes == yes && n->no == no)
			return t->slots[at] - 1;
	}
	t->nodes[t->n_nodes] = (struct node){ .code = code, .k = k, .yes = yes, .no = no };
	t->slots[at] = (uint32_t)++t->n_nodes;
	return t->slots[at] - 1;
}

/* Whether a decision of IN begins at the place, or something that follows one. */
static int mark_arg_checks(struct tree *t, uint8_t *reached)
{
	const struct bpf *in = t->in;

	for (size_t a = 0; a <= t->n_audit; a++) {
		for (size_t i = 0; i < t->n_cuts; i++) {
			struct decision d;
			int r = bpf_decide(in, a < t->n_audit ? t->audit[a] : t->other, t->cuts[i],
					   &d);

			if (r < 0)
				return r;
			if (d.by_args)
				reached[d.value] = 1;
		}
	}
	for (size_t pc = 0; pc < in->n; pc++) {
		const struct sock_filter *i = &in->v[pc];

		if (!reached[pc] || i->code == OP_RET)
			continue;
		reached[pc + 1 + (bpf_is_cond(i->code) ? i->jt : i->code == OP_JA ? i->k : 0)] = 1;
		if (bpf_is_cond(i->code))
			reached[pc + 1 + i->jf] = 1;
	}
	return 0;
}

static void find_nodes(struct tree *t, const uint8_t *reached)
{
	for (size_t pc = t->in->n; pc-- > 0;) {
		const struct sock_filter *i = &t->in->v[pc];
		const uint32_t *next = &t->node_of[pc + 1];

		if (!reached[pc])
			continue;
		if (i->code == OP_RET)
			t->node_of[pc] = node_get(t, i->code, i->k, 0, 0);
		else if (i->code == OP_JA)
			t->node_of[pc] = next[i->k];
		else if (bpf_is_cond(i->code))
			t->node_of[pc] = node_get(t, i->code, i->k, next[i->jt], next[i->jf]);
		else
			t->node_of[pc] = node_get(t, i->code, i->k, next[0], 0);
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void find_cuts(struct tree *t)
{
	size_t n = 0;

	t->cuts[n++] = 0;
	for (size_t pc = 0; pc < t->in->n; pc++) {
		const struct sock_filter *i = &t->in->v[pc];

		if (i->code == OP_JEQ || i->code == OP_JGE)
			t->cuts[n++] = i->k;
		if ((i->code == OP_JEQ || i->code == OP_JGT) && i->k != UINT32_MAX)
			t->cuts[n++] = i->k + 1;
	}
	qsort(t->cuts, n, sizeof(t->cuts[0]), by_value);
	for (size_t i = 0; i < n; i++) {
		if (t->n_cuts == 0 || t->cuts[t->n_cuts - 1] != t->cuts[i])
			t->cuts[t->n_cuts++] = t->cuts[i];
	}
}

static int find_ranges(struct tree *t, uint32_t arch, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_cuts; i++) {
		struct range r = { .first = t->cuts[i] };
		int ret = bpf_decide(t->in, arch, r.first, &r.d);

		if (ret < 0)
			return ret;
		if (r.d.by_args)
			r.d.value = t->node_of[r.d.value];
		if (n == 0 || !same(t->ranges[n - 1].d, r.d))
			t->ranges[n++] = r;
	}
	*ret_n = n;
	return 0;
}

/* ---- the new program, backwards ---- */

/* Whether an instruction that is written after EXTRA others can jump to POS. */
static bool reaches(const struct tree *t, size_t pos, size_t extra)
{
	return t->out.n + extra - pos - 1 <= MAX_JUMP;
}

static uint8_t distance(const struct tree *t, size_t pos)
{
	return (uint8_t)(t->out.n - pos - 1);
}

static int put(struct tree *t, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	return bpf_add(&t->out, (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k });
}

static int put_jump(struct tree *t, size_t pos)
{
	return put(t, OP_JA, (uint32_t)(t->out.n - pos - 1), 0, 0);
}

/* Makes *POS reachable from an instruction that is written after EXTRA others. */
static int bring_near(struct tree *t, size_t *pos, size_t extra)
{
	if (reaches(t, *pos, extra))
		return 0;
	int r = put_jump(t, *pos);
	*pos = t->out.n - 1;
	return r;
}

static int put_ret(struct tree *t, uint32_t value, size_t extra, size_t *pos)
{
	size_t i = 0;

	while (i < t->n_rets && t->rets[i].value != value)
		i++;
	if (i < t->n_rets && reaches(t, t->rets[i].pos, extra)) {
		*pos = t->rets[i].pos;
		return 0;
	}
	*pos = t->out.n;
	/* There are no more different values than instructions in IN. */
	t->rets[i] = (struct known_ret){ value, *pos };
	t->n_rets = MAX(t->n_rets, i + 1);
	return put(t, OP_RET, value, 0, 0);
}

static int put_decision(struct tree *t, struct decision d, size_t extra, size_t *pos)
{
	if (!d.by_args)
		return put_ret(t, d.value, extra, pos);
	*pos = t->nodes[d.value].pos;
	return bring_near(t, pos, extra);
}

static int put_target(struct tree *t, uint32_t node, size_t extra, size_t *pos)
{
	const struct node *n = &t->nodes[node];

	return put_decision(t,
			    (struct decision){ n->code != OP_RET, n->code == OP_RET ? n->k : node },
			    extra, pos);
}

static int put_node(struct tree *t, struct node *n)
{
	size_t yes = 0, no = 0;
	int r = put_target(t, n->yes, bpf_is_cond(n->code), &yes);

	if (r < 0)
		return r;
	if (bpf_is_cond(n->code))
		r = put_target(t, n->no, 0, &no);
	else if (yes != t->out.n - 1)
		r = put_jump(t, yes); /* falls through to what follows it */
	if (r < 0)
		return r;
	n->pos = t->out.n;
	return bpf_is_cond(n->code) ? put(t, n->code, n->k, distance(t, yes), distance(t, no))
				    : put(t, n->code, n->k, 0, 0);
}

/* What follows a node was found before it. */
static int put_nodes(struct tree *t)
{
	for (size_t i = 0; i < t->n_nodes; i++) {
		int r = t->nodes[i].code == OP_RET ? 0 : put_node(t, &t->nodes[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_plain(const struct tree *t, size_t leaf)
{
	return t->leaves[leaf].n_single == 0;
}

static int put_plain(struct tree *t, size_t leaf, size_t extra, size_t *pos)
{
	return put_decision(t, t->ranges[t->leaves[leaf].at].d, extra, pos);
}

/* The comparisons with single numbers, the last one first. */
static int put_singles(struct tree *t, size_t leaf, size_t *pos)
{
	const struct leaf *l = &t->leaves[leaf];
	size_t single;
	int r = put_plain(t, leaf, 1, pos);

	for (unsigned i = l->n_single; r == 0 && i-- > 0;) {
		const struct range *range = &t->ranges[l->at + 1 + 2 * i];

		r = put_decision(t, range->d, 0, &single);
		if (r < 0)
			break;
		size_t no = *pos;
		*pos = t->out.n;
		r = put(t, OP_JEQ, range->first, distance(t, single), distance(t, no));
	}
	return r;
}

static int put_search(struct tree *t, size_t lo, size_t hi, size_t *pos);

/* Leaves LO to HI - 1, unless it is one without instructions of its own. */
static int put_subtree(struct tree *t, size_t lo, size_t hi, size_t *pos)
{
	if (hi - lo > 1)
		return put_search(t, lo, hi, pos);
	return is_plain(t, lo) ? 0 : put_singles(t, lo, pos);
}

static int put_near(struct tree *t, size_t lo, size_t hi, size_t extra, size_t *pos)
{
	return hi - lo == 1 && is_plain(t, lo) ? put_plain(t, lo, extra, pos)
					       : bring_near(t, pos, extra);
}

/* The search over leaves LO to HI - 1, two at least. *POS: its first instruction. */
static int put_search(struct tree *t, size_t lo, size_t hi, size_t *pos)
{
	size_t mid = lo + (hi - lo) / 2, left = 0, right = 0;
	int r = put_subtree(t, mid, hi, &right);

	if (r == 0)
		r = put_subtree(t, lo, mid, &left);
	/* Plain leaves last: the nearer a RET is, the more it is shared. Each of the two may add one instruction. */
	if (r == 0)
		r = put_near(t, mid, hi, 1, &right);
	if (r == 0)
		r = put_near(t, lo, mid, 0, &left);
	if (r < 0)
		return r;
	*pos = t->out.n;
	return put(t, OP_JGE, t->ranges[t->leaves[mid].at].first, distance(t, right),
		   distance(t, left));
}

static size_t find_leaves(struct tree *t, size_t n_ranges)
{
	const struct range *r = t->ranges;
	size_t n = 0, i = 0;

	while (i < n_ranges) {
		struct leaf l = { .at = i };

		while (l.n_single < MAX_SINGLE && i + 2 < n_ranges &&
		       r[i + 2].first == r[i + 1].first + 1 && same(r[i + 2].d, r[i].d)) {
			l.n_single++;
			i += 2;
		}
		t->leaves[n++] = l;
		i++;
	}
	return n;
}

static int put_arch(struct tree *t, uint32_t arch, size_t *pos)
{
	size_t n;
	int r = find_ranges(t, arch, &n);

	if (r < 0)
		return r;
	n = find_leaves(t, n);
	if (n == 1 && is_plain(t, 0))
		return put_plain(t, 0, 0, pos);
	r = put_subtree(t, 0, n, pos);
	if (r < 0)
		return r;
	/* What was written last is the root of the search: the load falls through to it. */
	*pos = t->out.n;
	return put(t, OP_LD, BPF_NR, 0, 0);
}

static int put_all(struct tree *t)
{
	size_t root[MAX_AUDIT], other = 0;
	int r = put_arch(t, t->other, &other);

	/* The first architecture is the native one: last here, nearest to the beginning. */
	for (size_t i = t->n_audit; r == 0 && i-- > 0;)
		r = put_arch(t, t->audit[i], &root[i]);
	if (r == 0)
		r = put_jump(t, other);
	for (size_t i = t->n_audit; r == 0 && i-- > 0;) {
		bool near = reaches(t, root[i], 0);

		if (!near)
			r = put_jump(t, root[i]);
		if (r == 0)
			r = put(t, OP_JEQ, t->audit[i], near ? distance(t, root[i]) : 0,
				near ? 0 : 1);
	}
	return r < 0 ? r : put(t, OP_LD, BPF_ARCH, 0, 0);
}

static void turn_round(struct bpf *b)
{
	for (size_t i = 0; i < b->n / 2; i++) {
		struct sock_filter x = b->v[i];

		b->v[i] = b->v[b->n - 1 - i];
		b->v[b->n - 1 - i] = x;
	}
}

/* ---- the proof ---- */

static bool equivalent(const struct tree *t)
{
	for (size_t a = 0; a <= t->n_audit; a++) {
		uint32_t arch = a < t->n_audit ? t->audit[a] : t->other;

		for (size_t i = 0; i < t->n_cuts; i++) {
			struct decision was, is;

			if (bpf_decide(t->in, arch, t->cuts[i], &was) < 0 ||
			    bpf_decide(&t->out, arch, t->cuts[i], &is) < 0)
				return false;
			if (was.by_args)
				was.value = (uint32_t)(t->out.n - 1 -
						       t->nodes[t->node_of[was.value]].pos);
			if (!same(was, is))
				return false;
		}
	}
	return true;
}

static int tree_alloc(struct tree *t)
{
	size_t n = t->in->n;

	for (t->n_slots = 64; t->n_slots < 2 * n;)
		t->n_slots *= 2;
	t->cuts = calloc(2 * n + 1, sizeof(t->cuts[0]));
	t->ranges = calloc(2 * n + 1, sizeof(t->ranges[0]));
	t->leaves = calloc(2 * n + 1, sizeof(t->leaves[0]));
	t->nodes = calloc(n, sizeof(t->nodes[0]));
	t->node_of = calloc(n, sizeof(t->node_of[0]));
	t->slots = calloc(t->n_slots, sizeof(t->slots[0]));
	t->rets = calloc(n + 1, sizeof(t->rets[0]));
	return t->cuts && t->ranges && t->leaves && t->nodes && t->node_of && t->slots && t->rets
		       ? 0
		       : -ENOMEM;
}

static void marks_free(uint8_t **marks)
{
	free(*marks);
}

static int tree_make(struct tree *t)
{
	AUTO(marks_free) uint8_t *marks = calloc(t->in->n, 1);
	int r = tree_alloc(t);

	if (!marks || r < 0)
		return -ENOMEM;
	r = find_audit(t, marks);
	if (r < 0)
		return r;
	find_cuts(t);
	memset(marks, 0, t->in->n);
	r = mark_arg_checks(t, marks);
	if (r < 0)
		return r;
	find_nodes(t, marks);
	r = put_nodes(t);
	if (r == 0)
		r = put_all(t);
	if (r < 0)
		return r;
	turn_round(&t->out);
	return equivalent(t) ? 0 : -EINVAL;
}

int seccomp_tree(struct bpf *prog)
{
	AUTO(tree_free) struct tree t = { .in = prog };

	if (prog->n > MAX_INSNS || !bpf_is_known(prog))
		return 0;
	int r = tree_make(&t);
	if (r == -ENOMEM)
		return r;
	/* Few steps are worth some length: the kernel takes the steps some thousand times when it loads the program. */
	if (r < 0 || t.out.n > prog->n + prog->n / 2 ||
	    (t.out.n > BPF_MAXINSNS && t.out.n > prog->n))
		return 0;
	struct bpf was = *prog;
	*prog = t.out;
	t.out = was;
	return 0;
}
