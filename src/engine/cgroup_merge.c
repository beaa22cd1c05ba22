/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An update of resources: the kept ones with the new ones laid over them, and what has to be written for it. By the rows of
 * the table of resources. Pure.
 */
#include <errno.h>
#include <string.h>

#include "engine/cgroup_table_impl.h"
#include "util/util.h"

/* ---- sections ---- */

static const size_t section_sizes[] = {
	[IN_MEMORY] = sizeof(struct spec_memory),
	[IN_CPU] = sizeof(struct spec_cpu),
	[IN_BLOCK_IO] = sizeof(struct spec_block_io),
	[IN_NETWORK] = sizeof(struct spec_network),
};

static void set_section(struct spec_resources *r, enum cgroup_section in, void *p)
{
	if (in == IN_MEMORY)
		r->memory = p;
	else if (in == IN_CPU)
		r->cpu = p;
	else if (in == IN_BLOCK_IO)
		r->block_io = p;
	else if (in == IN_NETWORK)
		r->network = p;
}

/* Sections of its own for TO, which is a copy of FROM, and for those that CHANGE has. */
static int own_sections(struct arena *a, struct spec_resources *to,
			const struct spec_resources *change)
{
	for (int in = IN_MEMORY; in <= IN_NETWORK; in++) {
		const void *old = cgroup_section_of(to, (enum cgroup_section)in);
		size_t size = section_sizes[in];

		if (!old && !cgroup_section_of(change, (enum cgroup_section)in))
			continue;
		void *own = arena_alloc(a, size);
		if (!own)
			return -ENOMEM;
		if (old)
			memcpy(own, old, size);
		set_section(to, (enum cgroup_section)in, own);
	}
	return 0;
}

/* ---- single values ---- */

static const size_t kind_sizes[] = {
	[KIND_BOOL] = sizeof(bool),    [KIND_I64] = sizeof(int64_t),  [KIND_U64] = sizeof(uint64_t),
	[KIND_U32] = sizeof(uint32_t), [KIND_U16] = sizeof(uint16_t),
};

/* 0 where it stands for "not given" keeps what there is. */
static void merge_value(struct spec_resources *to, const struct spec_resources *change,
			const struct cgroup_row *row)
{
	const char *from = cgroup_section_of(change, row->in);
	char *out = (char *)cgroup_section_of(to, row->in);

	if (!cgroup_row_given(row, change))
		return;
	if (row->emit == cgroup_emit_string) {
		memcpy(out + row->value, from + row->value, sizeof(const char **));
		return;
	}
	memcpy(out + row->value, from + row->value, kind_sizes[row->kind]);
	memcpy(out + row->has, from + row->has, sizeof(bool));
}

/* ---- lists ---- */

/* Every list of the model is {pointer, number}. */
struct list {
	char *v;
	size_t n;
};

struct list_kind {
	enum cgroup_section in;
	size_t at, size;
	bool (*same)(const void *a, const void *b); /* are they about the same thing? */
	void (*lay)(void *to,
		    const void *from); /* the new entry over the old; NULL: in its place */
};

static bool same_weight(const void *a, const void *b)
{
	const struct spec_weight_device *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static void lay_weight(void *to, const void *from)
{
	struct spec_weight_device *t = to;
	const struct spec_weight_device *f = from;

	if (f->has_weight) {
		t->has_weight = true;
		t->weight = f->weight;
	}
	if (f->has_leaf_weight) {
		t->has_leaf_weight = true;
		t->leaf_weight = f->leaf_weight;
	}
}

static bool same_throttle(const void *a, const void *b)
{
	const struct spec_throttle_device *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static bool same_page_size(const void *a, const void *b)
{
	return strcmp(((const struct spec_hugepage_limit *)a)->page_size,
		      ((const struct spec_hugepage_limit *)b)->page_size) == 0;
}

static bool same_interface(const void *a, const void *b)
{
	return strcmp(((const struct spec_net_priority *)a)->name,
		      ((const struct spec_net_priority *)b)->name) == 0;
}

static bool same_rdma(const void *a, const void *b)
{
	return strcmp(((const struct spec_rdma *)a)->device,
		      ((const struct spec_rdma *)b)->device) == 0;
}

static void lay_rdma(void *to, const void *from)
{
	struct spec_rdma *t = to;
	const struct spec_rdma *f = from;

	if (f->has_handles) {
		t->has_handles = true;
		t->handles = f->handles;
	}
	if (f->has_objects) {
		t->has_objects = true;
		t->objects = f->objects;
	}
}

static bool same_key(const void *a, const void *b)
{
	return strcmp(((const struct spec_map_entry *)a)->key,
		      ((const struct spec_map_entry *)b)->key) == 0;
}

#define LIST_OF(section, type, member, elem, ...)                                                  \
	{                                                                                          \
		.in = section, .at = offsetof(struct type, member), .size = sizeof(struct elem),   \
		__VA_ARGS__                                                                        \
	}
#define THROTTLE(which)                                                                            \
	LIST_OF(IN_BLOCK_IO, spec_block_io, throttle[which], spec_throttle_device,                 \
		.same = same_throttle)

static const struct list_kind lists[] = {
	LIST_OF(IN_BLOCK_IO, spec_block_io, weight_devices, spec_weight_device, .same = same_weight,
		.lay = lay_weight),
	THROTTLE(THROTTLE_READ_BPS),
	THROTTLE(THROTTLE_WRITE_BPS),
	THROTTLE(THROTTLE_READ_IOPS),
	THROTTLE(THROTTLE_WRITE_IOPS),
	LIST_OF(IN_ROOT, spec_resources, hugepage_limits, spec_hugepage_limit,
		.same = same_page_size),
	LIST_OF(IN_NETWORK, spec_network, priorities, spec_net_priority, .same = same_interface),
	LIST_OF(IN_ROOT, spec_resources, rdma, spec_rdma, .same = same_rdma, .lay = lay_rdma),
	LIST_OF(IN_ROOT, spec_resources, unified, spec_map_entry, .same = same_key),
};

static char *find_same(const struct list *l, const struct list_kind *k, const char *elem)
{
	for (size_t i = 0; i < l->n; i++) {
		if (k->same(l->v + i * k->size, elem))
			return l->v + i * k->size;
	}
	return NULL;
}

static int merge_list(struct arena *a, struct spec_resources *to,
		      const struct spec_resources *change, const struct list_kind *k)
{
	const char *from_section = cgroup_section_of(change, k->in);
	char *to_section = (char *)cgroup_section_of(to, k->in);
	struct list old, new, out = { NULL, 0 };

	if (!from_section)
		return 0;
	memcpy(&new, from_section + k->at, sizeof(new));
	memcpy(&old, to_section + k->at, sizeof(old));
	if (new.n == 0)
		return 0;
	out.v = arena_array(a, old.n + new.n, k->size);
	if (!out.v)
		return -ENOMEM;
	if (old.n)
		memcpy(out.v, old.v, old.n * k->size);
	out.n = old.n;
	for (size_t i = 0; i < new.n; i++) {
		const char *elem = new.v + i * k->size;
		char *there = find_same(&out, k, elem);

		if (there && k->lay)
			k->lay(there, elem);
		else
			memcpy(there ? there : out.v + out.n++ * k->size, elem, k->size);
	}
	memcpy(to_section + k->at, &out, sizeof(out));
	return 0;
}

/* ---- the whole ---- */

/* Without a limit of memory one of memory and swap together says nothing, and v1 would refuse to lift the first alone. */
static void lift_swap(struct spec_resources *to, const struct spec_resources *change)
{
	const struct spec_memory *c = change->memory;

	if (c && c->has_limit && c->limit < 0 && (!c->has_swap || c->swap == 0) &&
	    to->memory->has_swap && to->memory->swap > 0)
		to->memory->swap = -1;
}

int cgroup_table_merge(struct spec_resources **ret, struct arena *a,
		       const struct spec_resources *before, const struct spec_resources *change)
{
	struct spec_resources *to = ARENA_NEW(a, struct spec_resources);

	if (!to)
		return -ENOMEM;
	if (before)
		*to = *before;
	int r = own_sections(a, to, change);
	for (size_t i = 0; i < cgroup_table_rows() && r >= 0; i++) {
		if (cgroup_rows[i].emit == cgroup_emit_scalar ||
		    cgroup_rows[i].emit == cgroup_emit_string)
			merge_value(to, change, &cgroup_rows[i]);
	}
	for (size_t i = 0; i < N_ELEMENTS(lists) && r >= 0; i++)
		r = merge_list(a, to, change, &lists[i]);
	if (r < 0)
		return r;
	if (change->memory && change->memory->has_check_before_update) {
		to->memory->has_check_before_update = true;
		to->memory->check_before_update = change->memory->check_before_update;
	}
	if (change->devices.n)
		to->devices = change->devices;
	lift_swap(to, change);
	*ret = to;
	return 0;
}

/* ---- what to write ---- */

static bool has_write(const struct cgroup_writes *l, const struct cgroup_write *w)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cgroup_write *x = &l->v[i];

		if (x->h == w->h && strcmp(x->file, w->file) == 0 &&
		    strcmp(x->value, w->value) == 0)
			return true;
	}
	return false;
}

static bool any_new(const struct cgroup_writes *now, const struct cgroup_writes *before)
{
	for (size_t i = 0; i < now->n; i++) {
		if (!has_write(before, &now->v[i]))
			return true;
	}
	return false;
}

static int changes_of(size_t i, struct cgroup_writes *out, struct arena *a,
		      const struct cgroup_update *u, const struct facts *f, struct err *e)
{
	struct cgroup_writes now = { 0 }, before = { 0 };
	const struct cgroup_row *row = &cgroup_rows[i];
	struct err ignored;

	int r = cgroup_table_row(i, &now, a, u->now, f, e);
	if (r < 0)
		return r;
	if (u->before && cgroup_table_row(i, &before, a, u->before, f, &ignored) < 0)
		before.n = 0;
	/* of two files that stand for one property neither goes without the other */
	bool whole = cgroup_row_given(row, u->change) || (row->other[0] && any_new(&now, &before));
	for (size_t k = 0; k < now.n && r >= 0; k++) {
		struct cgroup_write w = now.v[k];

		if (!whole && has_write(&before, &w))
			continue;
		if (w.flags & CGROUP_NEUTRAL)
			w.flags = (w.flags & ~(unsigned)CGROUP_NEUTRAL) | CGROUP_EXTRA;
		r = cgroup_writes_add(out, a, &w);
	}
	return r < 0 ? err_sys(e, r, "resources") : 0;
}

/* An idle cgroup takes no weight: where it is to be idle no longer, that comes first. */
static void wake_first(struct cgroup_writes *out)
{
	for (size_t i = 1; i < out->n; i++) {
		struct cgroup_write w = out->v[i];

		if (strcmp(w.file, "cpu.idle") != 0 || strcmp(w.value, "0") != 0)
			continue;
		memmove(&out->v[1], &out->v[0], i * sizeof(w));
		out->v[0] = w;
	}
}

int cgroup_table_changes(struct cgroup_writes *out, struct arena *a, const struct cgroup_update *u,
			 const struct facts *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < cgroup_table_rows() && r >= 0; i++)
		r = changes_of(i, out, a, u, f, e);
	wake_first(out);
	return r;
}

bool cgroup_devices_same(const struct spec_resources *x, const struct spec_resources *y)
{
	size_t n = x ? x->devices.n : 0;

	if (n != (y ? y->devices.n : 0))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct spec_device_rule *a = &x->devices.v[i], *b = &y->devices.v[i];

		if (a->allow != b->allow || a->type != b->type || a->major != b->major ||
		    a->minor != b->minor || a->access != b->access)
			return false;
	}
	return true;
}
