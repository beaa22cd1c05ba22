/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of the scope from the planned writes to cgroup files, so that both say the same. Only what every systemd since 244 knows
 * (of cgroup v1: since 227), as an unknown property makes it refuse the whole unit. What has no property here is kept by the files:
 * on v2 those of the cgroup below, which systemd leaves alone; on v1 systemd writes only to files that it has a property for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/systemd.h"
#include "sys/dbus_wire.h"
#include "util/parse.h"
#include "util/util.h"

enum {
	FIRST_PROPS = 16,
	MAX_CPUS = 8192,
	MASK_BYTES = MAX_CPUS / 8,
	DEFAULT_PERIOD = 100000,
	QUOTA_STEP = 10000, /* systemd counts in percent of a second */
};
#define UNLIMITED UINT64_MAX

/* ---- a list of properties ---- */

struct systemd_prop *systemd_add(struct systemd_props *p, const char *name, const char *sig,
				 size_t n)
{
	if (p->n == p->cap && !p->failed) {
		size_t cap = p->cap ? 2 * p->cap : FIRST_PROPS;
		struct systemd_prop *v = arena_array(p->arena, cap, sizeof(*v));

		if (v && p->n)
			memcpy(v, p->v, p->n * sizeof(*v));
		p->failed = !v;
		p->v = v ? v : p->v;
		p->cap = v ? cap : p->cap;
	}
	struct systemd_item *items = arena_array(p->arena, n + 1, sizeof(*items));
	p->failed = p->failed || !items;
	if (p->failed)
		return NULL;
	struct systemd_prop *prop = &p->v[p->n++];
	*prop = (struct systemd_prop){ .name = name, .when = CGROUP_EARLY, .items = items, .n = n };
	snprintf(prop->sig, sizeof(prop->sig), "%s", sig);
	return prop;
}

void systemd_add_text(struct systemd_props *p, const char *name, const char *text)
{
	struct systemd_prop *prop = systemd_add(p, name, "s", 1);

	if (prop)
		prop->items[0].s = text;
}

void systemd_add_number(struct systemd_props *p, const char *name, const char *sig, uint64_t n)
{
	struct systemd_prop *prop = systemd_add(p, name, sig, 1);

	if (prop)
		prop->items[0].n = n;
}

/* ---- from a write ---- */

struct row {
	const char *file, *property;
	/* Adds properties for the write; what systemd can't be told it leaves out. */
	void (*add)(struct systemd_props *p, const struct row *row, const char *value);
	uint64_t min, max; /* systemd refuses less and (0: nothing is too much) more */
};

/* "max", "-1" (v1), or a number, with a unit in linux.resources.unified. */
static int parse_limit(const char *value, uint64_t *ret)
{
	int64_t n;

	*ret = UNLIMITED;
	if (strcmp(value, "max") == 0 || strcmp(value, "-1") == 0)
		return 0;
	if (parse_size(value, &n) < 0 || n < 0)
		return -EINVAL;
	*ret = (uint64_t)n;
	return 0;
}

static void add_limit(struct systemd_props *p, const struct row *row, const char *value)
{
	uint64_t n;

	if (parse_limit(value, &n) >= 0)
		systemd_add_number(p, row->property, "t",
				   MAX(row->max ? MIN(n, row->max) : n, row->min));
}

/* Idle is the weight 0 (since 252), which comes after the weight in the table. */
static void add_idle(struct systemd_props *p, const struct row *row, const char *value)
{
	if (strcmp(value, "1") == 0)
		systemd_add_number(p, row->property, "t", 0);
}

/* In percent of a processor, rounded up: as such systemd keeps it over a daemon-reload. */
static void put_quota(struct systemd_props *p, uint64_t quota, uint64_t period, bool with_period)
{
	if (quota != UNLIMITED) {
		quota = quota * 1000000 / period;
		quota = (quota + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
	}
	systemd_add_number(p, "CPUQuotaPerSecUSec", "t", quota);
	if (with_period || period != DEFAULT_PERIOD)
		systemd_add_number(p, "CPUQuotaPeriodUSec", "t", period);
}

static bool fits_quota(uint64_t quota, uint64_t period)
{
	return period != 0 && (quota == UNLIMITED || quota <= UINT64_MAX / 1000000);
}

/* "QUOTA [PERIOD]" */
static void add_quota(struct systemd_props *p, UNUSED const struct row *row, const char *value)
{
	char quota[32];
	uint64_t period = DEFAULT_PERIOD, n;
	size_t len = strcspn(value, " ");

	if (len >= sizeof(quota))
		return;
	memcpy(quota, value, len);
	quota[len] = '\0';
	if (value[len] && parse_u64(value + len + 1, &period) < 0)
		return;
	if (parse_limit(quota, &n) >= 0 && fits_quota(n, period))
		put_quota(p, n, period, false);
}

struct mask {
	uint8_t bits[MASK_BYTES];
	size_t used;
};

static int set_bits(void *ctx, uint32_t first, uint32_t last)
{
	struct mask *m = ctx;

	for (uint32_t i = first; i <= last; i++)
		m->bits[i / 8] |= (uint8_t)(1u << i % 8);
	m->used = MAX(m->used, last / 8 + 1);
	return 0;
}

static void add_mask(struct systemd_props *p, const struct row *row, const char *value)
{
	struct mask m = { .used = 0 };

	if (parse_ranges(value, MAX_CPUS - 1, set_bits, &m) < 0 || m.used == 0)
		return;
	struct systemd_prop *prop = systemd_add(p, row->property, "ay", m.used);
	for (size_t i = 0; prop && i < m.used; i++)
		prop->items[i].n = m.bits[i];
}

/* "MAJ:MIN WORD": the node's name by number, and *REST = WORD. */
static const char *device_node(struct systemd_props *p, const char *value, const char **rest)
{
	size_t len = strcspn(value, " ");

	*rest = value + len + (value[len] == ' ');
	return arena_printf(p->arena, "/dev/block/%.*s", (int)len, value);
}

static void add_for_device(struct systemd_props *p, const char *property, const char *node,
			   uint64_t n)
{
	struct systemd_prop *prop = systemd_add(p, property, "a(st)", 1);

	if (prop)
		prop->items[0] = (struct systemd_item){ .s = node, .n = n };
	p->failed = p->failed || !node;
}

/* "[default ]WEIGHT" or "MAJ:MIN WEIGHT" */
static void add_io_weight(struct systemd_props *p, const struct row *row, const char *value)
{
	const char *rest;
	uint64_t n;

	if (strncmp(value, "default ", 8) == 0)
		value += 8;
	if (!strchr(value, ':')) {
		add_limit(p, row, value);
		return;
	}
	const char *node = device_node(p, value, &rest);
	if (parse_u64(rest, &n) >= 0)
		add_for_device(p, "IODeviceWeight", node, n);
}

/* "MAJ:MIN rbps=N …" */
static void add_io_max(struct systemd_props *p, UNUSED const struct row *row, const char *value)
{
	static const char *const keys[][2] = {
		{ "rbps=", "IOReadBandwidthMax" },
		{ "wbps=", "IOWriteBandwidthMax" },
		{ "riops=", "IOReadIOPSMax" },
		{ "wiops=", "IOWriteIOPSMax" },
	};
	const char *rest, *node = device_node(p, value, &rest);
	char number[32];
	uint64_t n;

	for (; *rest; rest += strspn(rest, " ")) {
		size_t len = strcspn(rest, " ");

		for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
			size_t key = strlen(keys[i][0]);

			if (len <= key || strncmp(rest, keys[i][0], key) != 0)
				continue;
			snprintf(number, sizeof(number), "%.*s", (int)(len - key), rest + key);
			if (parse_limit(number, &n) >= 0)
				add_for_device(p, keys[i][1], node, n);
		}
		rest += len;
	}
}

/* v1: "MAJ:MIN N", where 0 is no limit */
static void add_blkio(struct systemd_props *p, const struct row *row, const char *value)
{
	const char *rest, *node = device_node(p, value, &rest);
	uint64_t n;

	if (parse_u64(rest, &n) >= 0)
		add_for_device(p, row->property, node, n ? n : UNLIMITED);
}

static const struct row rows_v1[] = {
	{ "memory.limit_in_bytes", "MemoryLimit", add_limit, 1 },
	{ "pids.max", "TasksMax", add_limit, 1 },
	{ "cpu.shares", "CPUShares", add_limit, 2, 262144 },
	{ "blkio.weight", "BlockIOWeight", add_limit, 10, 1000 },
	{ "blkio.weight_device", "BlockIODeviceWeight", add_blkio },
	{ "blkio.throttle.read_bps_device", "BlockIOReadBandwidth", add_blkio },
	{ "blkio.throttle.write_bps_device", "BlockIOWriteBandwidth", add_blkio },
	{ NULL },
};

static const struct row rows_v2[] = {
	{ "memory.max", "MemoryMax", add_limit, 1 },
	{ "memory.high", "MemoryHigh", add_limit, 1 },
	{ "memory.low", "MemoryLow", add_limit },
	{ "memory.min", "MemoryMin", add_limit },
	{ "memory.swap.max", "MemorySwapMax", add_limit },
	/* one task is there before the limit is: 0 and 1 let no other be made */
	{ "pids.max", "TasksMax", add_limit, 1 },
	{ "cpu.weight", "CPUWeight", add_limit, 1 },
	{ "cpu.idle", "CPUWeight", add_idle },
	{ "cpu.max", "CPUQuotaPerSecUSec", add_quota },
	{ "cpuset.cpus", "AllowedCPUs", add_mask },
	{ "cpuset.mems", "AllowedMemoryNodes", add_mask },
	/* from which systemd makes io.bfq.weight too */
	{ "io.weight", "IOWeight", add_io_weight, 1 },
	{ "io.max", NULL, add_io_max },
	{ NULL },
};

/* The properties from FIRST on are those of X. */
static void tell_origin(struct systemd_props *p, size_t first, const struct cgroup_write *x)
{
	for (; first < p->n; first++) {
		p->v[first].where = x->where;
		p->v[first].when = x->when;
	}
}

/* v1 has two files for what is one property. LAST is NULL when neither is written. */
struct quota_v1 {
	const char *quota, *period;
	const struct cgroup_write *last;
};

static bool take_quota_v1(struct quota_v1 *q, const struct cgroup_write *x, bool counts)
{
	bool quota = strcmp(x->file, CGROUP_QUOTA_V1) == 0;

	if (x->h->v2 || (!quota && strcmp(x->file, CGROUP_PERIOD_V1) != 0))
		return false;
	*(quota ? &q->quota : &q->period) = x->value;
	if (counts)
		q->last = x;
	return true;
}

static void add_quota_v1(struct systemd_props *p, const struct quota_v1 *q, bool with_period)
{
	uint64_t quota = UNLIMITED, period = DEFAULT_PERIOD;
	size_t first = p->n;

	if (!q->last || (q->quota && parse_limit(q->quota, &quota) < 0) ||
	    (q->period && parse_u64(q->period, &period) < 0) || !fits_quota(quota, period))
		return;
	put_quota(p, quota, period, with_period);
	tell_origin(p, first, q->last);
}

void systemd_add_writes(struct systemd_props *p, const struct cgroup_writes *w, bool neutral)
{
	struct quota_v1 quota = { .last = NULL };

	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write *x = &w->v[i];
		bool counts = neutral || !(x->flags & CGROUP_NEUTRAL);

		if (take_quota_v1(&quota, x, counts) || !counts)
			continue;
		for (const struct row *row = x->h->v2 ? rows_v2 : rows_v1; row->file; row++) {
			size_t first = p->n;

			if (strcmp(row->file, x->file) != 0)
				continue;
			row->add(p, row, x->value);
			tell_origin(p, first, x);
		}
	}
	add_quota_v1(p, &quota, neutral);
}

/* ---- devices ---- */

static const char *device_name(struct arena *a, const struct spec_device_rule *r)
{
	const char *kind = r->type == 'b' ? "block" : "char";

	if (r->major < 0)
		return arena_printf(a, "%s-*", kind);
	if (r->minor < 0)
		return arena_printf(a, "%s-%lld", kind, (long long)r->major);
	return arena_printf(a, "/dev/%s/%lld:%lld", kind, (long long)r->major, (long long)r->minor);
}

static const char *device_access(struct arena *a, unsigned access)
{
	return arena_printf(a, "%s%s%s", access & DEV_READ ? "r" : "",
			    access & DEV_WRITE ? "w" : "", access & DEV_MKNOD ? "m" : "");
}

void systemd_add_devices(struct systemd_props *p, const struct cgroup_devices *d)
{
	size_t n = 0;

	if (d->allow_all)
		return;
	systemd_add_text(p, "DevicePolicy", "strict");
	struct systemd_prop *prop = systemd_add(p, "DeviceAllow", "a(ss)", d->rules.n);
	for (size_t i = 0; prop && i < d->rules.n; i++) {
		const struct spec_device_rule *r = &d->rules.v[i].rule;

		if (!r->allow)
			continue;
		prop->items[n] = (struct systemd_item){ .s = device_name(p->arena, r),
							.s2 = device_access(p->arena, r->access) };
		p->failed = p->failed || !prop->items[n].s || !prop->items[n].s2;
		n++;
	}
	if (prop)
		prop->n = n;
}

/* ---- out ---- */

static void item_words(char type, const struct systemd_item *item, bool second, struct buf *out)
{
	if (type == 's')
		buf_adds(out, second ? item->s2 : item->s);
	else if (type == 'b')
		buf_adds(out, item->n ? "true" : "false");
	else if (type == 'i' || type == 'x')
		buf_addf(out, "%lld", (long long)item->n);
	else if (item->n == UNLIMITED)
		buf_adds(out, "infinity");
	else
		buf_addf(out, "%llu", (unsigned long long)item->n);
}

void systemd_prop_words(const struct systemd_prop *p, struct buf *out)
{
	const char *sig = p->sig + (p->sig[0] == 'a');

	buf_addf(out, "%s", p->name);
	for (size_t i = 0; i < p->n; i++) {
		buf_addc(out, ' ');
		item_words(*sig == '(' ? sig[1] : *sig, &p->items[i], false, out);
		if (*sig == '(') {
			buf_addc(out, ':');
			item_words(sig[2], &p->items[i], true, out);
		}
	}
}

static void put_value(char type, const struct systemd_item *item, bool second, struct buf *out)
{
	switch (type) {
	case 's':
		dbus_put_str(out, second ? item->s2 : item->s);
		break;
	case 'y':
		dbus_put_byte(out, (uint8_t)item->n);
		break;
	case 'x':
	case 't':
		dbus_put_u64(out, item->n);
		break;
	default:
		dbus_put_u32(out, (uint32_t)item->n);
	}
}

static void put_items(const struct systemd_prop *p, struct buf *out)
{
	const char *element = p->sig + 1;
	size_t align = *element == 'y'					       ? 1
		       : *element == '(' || *element == 't' || *element == 'x' ? 8
									       : 4;
	size_t begin = dbus_begin_array(out, align);

	for (size_t i = 0; i < p->n; i++) {
		if (*element == '(') {
			dbus_put_struct(out);
			put_value(element[1], &p->items[i], false, out);
			put_value(element[2], &p->items[i], true, out);
		} else {
			put_value(*element, &p->items[i], false, out);
		}
	}
	dbus_end_array(out, begin, align);
}

void systemd_put_props(const struct systemd_props *p, unsigned when_mask, struct buf *out)
{
	size_t begin = dbus_begin_array(out, 8);

	for (size_t i = 0; i < p->n; i++) {
		const struct systemd_prop *prop = &p->v[i];

		if (!(when_mask & 1u << prop->when))
			continue;
		dbus_put_struct(out);
		dbus_put_str(out, prop->name);
		dbus_put_sig(out, prop->sig);
		if (prop->sig[0] == 'a')
			put_items(prop, out);
		else
			put_value(prop->sig[0], &prop->items[0], false, out);
	}
	dbus_end_array(out, begin, 8);
}
