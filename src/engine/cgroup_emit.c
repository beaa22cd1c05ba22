/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a row of the table of resources and a config to writes: finds the hierarchy, asks for the text, names what lacks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/cgroup_table_impl.h"
#include "spec/json.h"
#include "util/buf.h"
#include "util/util.h"

enum { FIRST_WRITES = 32 };

#define ROOT "$.linux.resources."

int cgroup_writes_add(struct cgroup_writes *out, struct arena *a, const struct cgroup_write *w)
{
	if (out->n == out->cap) {
		size_t cap = out->cap ? 2 * out->cap : FIRST_WRITES;
		struct cgroup_write *v = arena_array(a, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		if (out->n)
			memcpy(v, out->v, out->n * sizeof(*v));
		out->v = v;
		out->cap = cap;
	}
	out->v[out->n++] = *w;
	return 0;
}

/* ---- where a row goes ---- */

struct place {
	const struct cgroup_hierarchy *h; /* NULL: none has the controller */
	enum cgroup_version version;
};

static struct place find_place(const struct cgroup_table *t, const struct cgroup_row *row)
{
	for (int v = V1; v <= V2; v++) {
		const struct cgroup_hierarchy *h =
			row->controller[v] ? facts_controller(t->f, row->controller[v]) : NULL;

		if (h && h->mount[0] && h->v2 == (v == V2))
			return (struct place){ h, (enum cgroup_version)v };
	}
	return (struct place){ NULL, t->f->cgroup_mode == CGROUP_MODE_V2 ? V2 : V1 };
}

static int no_memory(struct cgroup_table *t)
{
	return err_sys(t->e, -ENOMEM, "resources");
}

/* FILE as it would be called, or NULL: as the row has it. */
static int no_file(struct cgroup_table *t, const struct cgroup_row *row, struct place p,
		   const char *file, const char *where)
{
	const char *controller = row->controller[p.version];

	if (!row->file[p.version]) {
		err_set(t->e, ERR_UNSUPPORTED, "%s has no counterpart in cgroup v%d",
			where + strlen(ROOT), p.version == V2 ? 2 : 1);
	} else {
		err_set(t->e, ERR_UNSUPPORTED,
			"%s needs the cgroup controller '%s' (file %s), which this host does not "
			"offer",
			where + strlen(ROOT), controller, file ? file : row->file[p.version]);
		err_hint(t->e, "leave the property out, or enable the controller on the host");
	}
	return err_at(t->e, "%s", where);
}

/* One write of TEXT to FILE. NEUTRAL: it would change nothing in a new cgroup. */
static int put(struct cgroup_table *t, const struct cgroup_row *row, struct place p,
	       const char *file, const char *text, const char *where, bool neutral, unsigned flags)
{
	if (t->only_find) {
		if (!neutral && !t->found)
			t->found = where;
		return 0;
	}
	if (!p.h || !file) {
		if (neutral || (flags & CGROUP_EXTRA))
			return 0;
		return no_file(t, row, p, file, where);
	}
	struct cgroup_write w = {
		.h = p.h,
		.controller = row->controller[p.version],
		.file = file,
		.value = arena_str(t->arena, text),
		.where = where,
		.when = row->when,
		.flags = row->flags | flags | (neutral ? CGROUP_NEUTRAL : 0),
	};
	if (p.version == V1 || !t->r->memory || !t->r->memory->check_before_update)
		w.flags &= ~(unsigned)CGROUP_CHECK_USAGE; /* v1 refuses by itself */
	if (!w.value || cgroup_writes_add(t->out, t->arena, &w) < 0)
		return no_memory(t);
	return 0;
}

static struct place place_of(struct cgroup_table *t, const struct cgroup_row *row)
{
	return t->only_find ? (struct place){ NULL, V1 } : find_place(t, row);
}

/* ---- scalars ---- */

const void *cgroup_section_of(const struct spec_resources *r, enum cgroup_section in)
{
	switch (in) {
	case IN_MEMORY:
		return r->memory;
	case IN_CPU:
		return r->cpu;
	case IN_BLOCK_IO:
		return r->block_io;
	case IN_NETWORK:
		return r->network;
	case IN_ROOT:
		break;
	}
	return r;
}

static bool read_number(const struct spec_resources *r, const struct cgroup_row *row,
			struct cgroup_number *ret)
{
	const char *base = cgroup_section_of(r, row->in);

	if (!base || !*(const bool *)(base + row->has))
		return false;
	const char *p = base + row->value;
	struct cgroup_number v = { 0 };

	switch (row->kind) {
	case KIND_BOOL:
		v.u = *(const bool *)p;
		break;
	case KIND_I64:
		v.u = (uint64_t) * (const int64_t *)p;
		v.negative = *(const int64_t *)p < 0;
		break;
	case KIND_U64:
		v.u = *(const uint64_t *)p;
		break;
	case KIND_U32:
		v.u = *(const uint32_t *)p;
		break;
	case KIND_U16:
		v.u = *(const uint16_t *)p;
		break;
	}
	*ret = v;
	return !(row->zero && v.u == 0);
}

static const char *read_string(const struct spec_resources *r, const struct cgroup_row *row)
{
	const char *base = cgroup_section_of(r, row->in);
	const char *text = base ? *(char *const *)(base + row->value) : NULL;

	return text && *text ? text : NULL;
}

bool cgroup_row_given(const struct cgroup_row *row, const struct spec_resources *r)
{
	struct cgroup_number v;

	if (row->emit == cgroup_emit_scalar)
		return read_number(r, row, &v);
	return row->emit == cgroup_emit_string && read_string(r, row);
}

/* A write, or two of which the second is for hosts without the first one's file. */
static int put_number(struct cgroup_table *t, const struct cgroup_row *row, const char *prefix,
		      struct cgroup_number v, const char *where)
{
	struct place p = place_of(t, row);
	cgroup_text_fn *text = row->text[p.version] ? row->text[p.version] : cgroup_text_number;
	const char *neutral = row->neutral[p.version], *other = row->other[p.version];
	char number[CGROUP_TEXT_SIZE], line[2 * CGROUP_TEXT_SIZE];

	int r = text(t, v, number);
	if (r != 0)
		return r < 0 ? r : 0;
	snprintf(line, sizeof(line), "%s%s", prefix, number);
	r = put(t, row, p, row->file[p.version], line, where,
		neutral && strcmp(number, neutral) == 0, other ? CGROUP_OR_NEXT : 0);
	if (r < 0 || !other || !p.h)
		return r;
	text = row->other_text[p.version] ? row->other_text[p.version] : cgroup_text_number;
	r = text(t, v, number);
	if (r < 0)
		return r;
	snprintf(line, sizeof(line), "%s%s", prefix, number);
	return put(t, row, p, other, line, where, false, 0);
}

int cgroup_emit_scalar(struct cgroup_table *t, const struct cgroup_row *row)
{
	struct cgroup_number v;

	if (!read_number(t->r, row, &v))
		return 0;
	const char *where = arena_printf(t->arena, ROOT "%s", row->path);

	return where ? put_number(t, row, "", v, where) : no_memory(t);
}

int cgroup_emit_string(struct cgroup_table *t, const struct cgroup_row *row)
{
	const char *text = read_string(t->r, row);

	if (!text)
		return 0;
	const char *where = arena_printf(t->arena, ROOT "%s", row->path);
	struct place p = place_of(t, row);

	return where ? put(t, row, p, row->file[p.version], text, where, false, 0) : no_memory(t);
}

/* ---- lists ---- */

static const char *entry_path(struct cgroup_table *t, const struct cgroup_row *row, size_t i,
			      const char *member)
{
	return arena_printf(t->arena, ROOT "%s[%zu]%s", row->path, i, member);
}

static int emit_weights(struct cgroup_table *t, const struct cgroup_row *row, bool leaf)
{
	const struct spec_block_io *io = t->r->block_io;

	for (size_t i = 0; io && i < io->weight_devices.n; i++) {
		const struct spec_weight_device *d = &io->weight_devices.v[i];
		struct cgroup_number v = { .u = leaf ? d->leaf_weight : d->weight };
		char prefix[64];

		if (!(leaf ? d->has_leaf_weight : d->has_weight) || v.u == 0)
			continue;
		snprintf(prefix, sizeof(prefix), "%lld:%lld ", (long long)d->major,
			 (long long)d->minor);
		const char *where = entry_path(t, row, i, leaf ? ".leafWeight" : ".weight");
		int r = where ? put_number(t, row, prefix, v, where) : no_memory(t);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_emit_weight_devices(struct cgroup_table *t, const struct cgroup_row *row)
{
	return emit_weights(t, row, false);
}

int cgroup_emit_leaf_weight_devices(struct cgroup_table *t, const struct cgroup_row *row)
{
	return emit_weights(t, row, true);
}

int cgroup_emit_throttle(struct cgroup_table *t, const struct cgroup_row *row)
{
	const struct spec_block_io *io = t->r->block_io;
	struct place p = place_of(t, row);

	for (size_t i = 0; io && i < io->throttle[row->which].n; i++) {
		const struct spec_throttle_device *d = &io->throttle[row->which].v[i];
		char rate[24], line[CGROUP_TEXT_SIZE];

		snprintf(rate, sizeof(rate), "%llu", (unsigned long long)d->rate);
		if (p.version == V2)
			snprintf(line, sizeof(line), "%lld:%lld %s=%s", (long long)d->major,
				 (long long)d->minor, row->key, d->rate ? rate : "max");
		else
			snprintf(line, sizeof(line), "%lld:%lld %s", (long long)d->major,
				 (long long)d->minor, rate);
		const char *where = entry_path(t, row, i, "");
		int r = where ? put(t, row, p, row->file[p.version], line, where, d->rate == 0, 0)
			      : no_memory(t);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "hugetlb.%s.max" with the page size. */
static const char *size_file(struct cgroup_table *t, const char *pattern, const char *size)
{
	const char *gap = strstr(pattern, "%s");

	return arena_printf(t->arena, "%.*s%s%s", (int)(gap - pattern), pattern, size, gap + 2);
}

int cgroup_emit_hugepages(struct cgroup_table *t, const struct cgroup_row *row)
{
	struct place p = place_of(t, row);

	for (size_t i = 0; i < t->r->hugepage_limits.n; i++) {
		const struct spec_hugepage_limit *l = &t->r->hugepage_limits.v[i];
		const char *where = entry_path(t, row, i, "");
		const char *file = size_file(t, row->file[p.version], l->page_size);
		const char *reserved = size_file(t, row->other[p.version], l->page_size);
		char limit[24];

		if (!where || !file || !reserved)
			return no_memory(t);
		if (strchr(l->page_size, '/')) {
			err_set(t->e, ERR_SPEC, "'%s' is not a page size", l->page_size);
			return err_at(t->e, "%s.pageSize", where);
		}
		bool unlimited = l->limit > INT64_MAX;
		snprintf(limit, sizeof(limit), "%llu", (unsigned long long)l->limit);
		const char *text = !unlimited ? limit : p.version == V2 ? "max" : "-1";
		int r = put(t, row, p, file, text, where, unlimited, 0);
		if (r >= 0)
			r = put(t, row, p, reserved, text, where, unlimited, CGROUP_EXTRA);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_emit_priorities(struct cgroup_table *t, const struct cgroup_row *row)
{
	const struct spec_network *net = t->r->network;
	struct place p = place_of(t, row);

	for (size_t i = 0; net && i < net->priorities.n; i++) {
		const struct spec_net_priority *x = &net->priorities.v[i];
		const char *where = entry_path(t, row, i, "");
		const char *line = arena_printf(t->arena, "%s %u", x->name, x->priority);
		int r = where && line ? put(t, row, p, row->file[p.version], line, where,
					    x->priority == 0, 0)
				      : no_memory(t);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The JSON path of KEY in the map PATH; NULL when memory is out. */
static const char *map_where(struct cgroup_table *t, const char *path, const char *key)
{
	auto_buf struct buf where = { 0 };

	buf_addf(&where, ROOT "%s", path);
	json_path_key(&where, key, strlen(key));
	return buf_error(&where) < 0 ? NULL : arena_str(t->arena, buf_str(&where));
}

/* The kernel counts up to INT_MAX, which is its "max", and takes no greater number. */
static void rdma_limit(char out[32], const char *name, uint32_t limit)
{
	if (limit < INT32_MAX)
		snprintf(out, 32, " %s=%u", name, limit);
	else
		snprintf(out, 32, " %s=max", name);
}

int cgroup_emit_rdma(struct cgroup_table *t, const struct cgroup_row *row)
{
	struct place p = place_of(t, row);

	for (size_t i = 0; i < t->r->rdma.n; i++) {
		const struct spec_rdma *x = &t->r->rdma.v[i];
		char handles[32] = "", objects[32] = "";

		if (x->has_handles)
			rdma_limit(handles, "hca_handle", x->handles);
		if (x->has_objects)
			rdma_limit(objects, "hca_object", x->objects);
		const char *where = map_where(t, row->path, x->device);
		const char *line = arena_printf(t->arena, "%s%s%s", x->device, handles, objects);
		int r = where && line ? put(t, row, p, row->file[p.version], line, where, false, 0)
				      : no_memory(t);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- unified ---- */

/* Files that move, stop or end processes or change the tree: no resources, and some would hit others. */
static const char *const no_resource[] = {
	"cgroup.procs",	 "cgroup.threads",	   "cgroup.kill",
	"cgroup.freeze", "cgroup.subtree_control", "cgroup.type",
};

static int check_key(struct cgroup_table *t, const char *key, const char *where)
{
	const char *dot = strchr(key, '.');
	bool ok = dot && dot != key && dot[1] && !strchr(key, '/');

	for (size_t i = 0; i < N_ELEMENTS(no_resource); i++)
		ok = ok && strcmp(key, no_resource[i]) != 0;
	if (ok)
		return 0;
	err_set(t->e, ERR_SPEC, "'%s' is not the name of a resource file of cgroup v2", key);
	return err_at(t->e, "%s", where);
}

static int find_unified(struct cgroup_table *t, const char *controller, const char *key,
			const char *where, struct place *ret)
{
	const struct cgroup_hierarchy *unified = facts_unified(t->f);
	const struct cgroup_hierarchy *h = facts_controller(t->f, controller);

	if (unified && unified->mount[0] && (h == unified || strcmp(controller, "cgroup") == 0)) {
		*ret = (struct place){ unified, V2 };
		return 0;
	}
	if (h && !h->v2)
		err_set(t->e, ERR_UNSUPPORTED,
			"unified: file %s can't be written: the controller '%s' is on cgroup v1 "
			"here",
			key, controller);
	else if (!unified)
		err_set(t->e, ERR_UNSUPPORTED,
			"unified: file %s needs cgroup v2, which is not mounted", key);
	else
		err_set(t->e, ERR_UNSUPPORTED,
			"unified: file %s needs the cgroup controller '%s', which this host does "
			"not offer",
			key, controller);
	return err_at(t->e, "%s", where);
}

/* A write for each line: the kernel takes one at a time (io.max). */
static int put_lines(struct cgroup_table *t, const struct cgroup_row *row, struct place p,
		     const char *key, const char *text, const char *where)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = arena_strn(t->arena, text, n);
		int r = !line ? no_memory(t) : n ? put(t, row, p, key, line, where, false, 0) : 0;

		if (r < 0)
			return r;
		text += n + (text[n] == '\n');
	}
	return 0;
}

int cgroup_emit_unified(struct cgroup_table *t, const struct cgroup_row *row)
{
	for (size_t i = 0; i < t->r->unified.n; i++) {
		const char *key = t->r->unified.v[i].key, *value = t->r->unified.v[i].value;
		const char *where = map_where(t, row->path, key);
		struct place p = { NULL, V2 };

		if (!where)
			return no_memory(t);
		int r = check_key(t, key, where);
		if (r < 0)
			return r;
		struct cgroup_row own = *row;
		own.controller[V2] = arena_strn(t->arena, key, strcspn(key, "."));
		own.file[V2] = key;
		if (!own.controller[V2])
			return no_memory(t);
		if (!t->only_find && *value)
			r = find_unified(t, own.controller[V2], key, where, &p);
		if (r >= 0)
			r = put_lines(t, &own, p, key, value, where);
		if (r < 0)
			return r;
	}
	return 0;
}
