/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures from cgroup files: single numbers by a table of rows, one for each figure, with its file on v1 and v2; lists by a function
 * each. cgroup-v1/{cpuacct,memory,blkio-controller,hugetlb}.rst, cgroup-v2.rst, accounting/psi.rst.
 */
#include "linux/cgroup_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "util/parse.h"
#include "util/util.h"

enum { V1, V2, MAX_FILE = 1024 * 1024 };

struct reader {
	struct cgroup *cg;
	struct arena *arena;
	struct cgroup_stats *out;
	struct buf text; /* of FILE */
	const struct cgroup_leaf *leaf;
	const char *file;
};

/* The leaf of v1 that has CONTROLLER. */
static struct cgroup_leaf *leaf_of(struct cgroup *cg, const char *controller)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (cgroup_leaf_has(&cg->leaves[i], controller))
			return &cg->leaves[i];
	}
	return NULL;
}

/* The text of FILE, kept for the next row; NULL: there is none. */
static const char *text_of(struct reader *r, struct cgroup_leaf *leaf, const char *file)
{
	if (!leaf)
		return NULL;
	if (r->leaf == leaf && r->file && strcmp(r->file, file) == 0)
		return buf_str(&r->text);
	buf_reset(&r->text);
	r->file = NULL;
	int dir = cgroup_leaf_fd(leaf);
	if (dir < 0 || host_read(dir, file, MAX_FILE, &r->text) < 0)
		return NULL;
	r->leaf = leaf;
	r->file = file;
	return buf_str(&r->text);
}

/* The word after KEY at the beginning of a line, or the first word without KEY; NULL. */
static const char *find_value(const char *text, const char *key)
{
	size_t len = key ? strlen(key) : 0;

	if (!key)
		return text;
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, key, len) == 0 && text[len] == ' ')
			return text + len + 1;
	}
	return NULL;
}

static bool number(const char *text, uint64_t *ret)
{
	char word[32];
	size_t n = strcspn(text, " \n");
	int64_t i;

	if (n == 0 || n >= sizeof(word))
		return false;
	snprintf(word, sizeof(word), "%.*s", (int)n, text);
	if (strcmp(word, "max") == 0) {
		*ret = CGROUP_NO_LIMIT;
		return true;
	}
	if (parse_u64(word, ret) >= 0)
		return true;
	if (parse_i64(word, &i) < 0)
		return false;
	*ret = (uint64_t)i;
	return true;
}

/* ---- single numbers ---- */

struct row {
	size_t at; /* of the struct cgroup_stat */
	const char *controller, *file, *key;
	const char *file2, *key2; /* on v2, where every controller is in one directory */
	unsigned scale2;	  /* microseconds of v2 to nanoseconds */
};

#define AT(member) offsetof(struct cgroup_stats, member)
#define MEM(member, prefix1, file2_usage, file2_limit, file2_max, file2_fail, key2_fail)           \
	{                                                                                          \
		AT(memory.member.usage),                                                           \
		"memory",                                                                          \
		prefix1 "usage_in_bytes",                                                          \
		NULL,                                                                              \
		file2_usage,                                                                       \
		NULL,                                                                              \
		1                                                                                  \
	},                                                                                         \
		{ AT(memory.member.limit),                                                         \
		  "memory",                                                                        \
		  prefix1 "limit_in_bytes",                                                        \
		  NULL,                                                                            \
		  file2_limit,                                                                     \
		  NULL,                                                                            \
		  1 },                                                                             \
		{ AT(memory.member.max),                                                           \
		  "memory",                                                                        \
		  prefix1 "max_usage_in_bytes",                                                    \
		  NULL,                                                                            \
		  file2_max,                                                                       \
		  NULL,                                                                            \
		  1 },                                                                             \
	{                                                                                          \
		AT(memory.member.failcnt), "memory", prefix1 "failcnt", NULL, file2_fail,          \
			key2_fail, 1                                                               \
	}
#define SET(member, file)                                                                          \
	{                                                                                          \
		AT(cpuset.member), "cpuset", file, NULL, NULL, NULL, 1                             \
	}

static const struct row rows[] = {
	{ AT(cpu.total), "cpuacct", "cpuacct.usage", NULL, "cpu.stat", "usage_usec", 1000 },
	{ AT(cpu.user), "cpuacct", "cpuacct.usage_user", NULL, "cpu.stat", "user_usec", 1000 },
	{ AT(cpu.kernel), "cpuacct", "cpuacct.usage_sys", NULL, "cpu.stat", "system_usec", 1000 },
	{ AT(cpu.periods), "cpu", "cpu.stat", "nr_periods", "cpu.stat", "nr_periods", 1 },
	{ AT(cpu.throttled_periods), "cpu", "cpu.stat", "nr_throttled", "cpu.stat", "nr_throttled",
	  1 },
	{ AT(cpu.throttled_time), "cpu", "cpu.stat", "throttled_time", "cpu.stat", "throttled_usec",
	  1000 },
	MEM(memory, "memory.", "memory.current", "memory.max", "memory.peak", "memory.events",
	    "max"),
	MEM(swap, "memory.memsw.", "memory.swap.current", "memory.swap.max", "memory.swap.peak",
	    "memory.swap.events", "max"),
	MEM(kernel, "memory.kmem.", NULL, NULL, NULL, NULL, NULL),
	MEM(kernel_tcp, "memory.kmem.tcp.", NULL, NULL, NULL, NULL, NULL),
	{ AT(memory.cache), "memory", "memory.stat", "cache", "memory.stat", "file", 1 },
	{ AT(memory.kernel.usage), NULL, NULL, NULL, "memory.stat", "kernel", 1 },
	{ AT(memory.kernel_tcp.usage), NULL, NULL, NULL, "memory.stat", "sock", 1 },
	{ AT(memory.swap_alone), "memory", "memory.stat", "swap", "memory.swap.current", NULL, 1 },
	{ AT(memory.oom_kills), "memory", "memory.oom_control", "oom_kill", "memory.events",
	  "oom_kill", 1 },
	{ AT(pids.current), "pids", "pids.current", NULL, "pids.current", NULL, 1 },
	{ AT(pids.limit), "pids", "pids.max", NULL, "pids.max", NULL, 1 },
	SET(cpu_exclusive, "cpuset.cpu_exclusive"),
	SET(mem_hardwall, "cpuset.mem_hardwall"),
	SET(mem_exclusive, "cpuset.mem_exclusive"),
	SET(memory_migrate, "cpuset.memory_migrate"),
	SET(memory_spread_page, "cpuset.memory_spread_page"),
	SET(memory_spread_slab, "cpuset.memory_spread_slab"),
	SET(memory_pressure, "cpuset.memory_pressure"),
	SET(sched_load_balance, "cpuset.sched_load_balance"),
	SET(sched_relax_domain_level, "cpuset.sched_relax_domain_level"),
};

static void read_row(struct reader *r, const struct row *row)
{
	struct cgroup_stat *out = (struct cgroup_stat *)((char *)r->out + row->at);
	struct cgroup_leaf *leaf = row->file ? leaf_of(r->cg, row->controller) : NULL;
	const char *text, *value;
	uint64_t n;

	if (!leaf && !row->file2)
		return;
	text = leaf ? text_of(r, leaf, row->file) : text_of(r, cgroup_unified(r->cg), row->file2);
	value = text ? find_value(text, leaf ? row->key : row->key2) : NULL;
	if (!value || !number(value, &n))
		return;
	if (!leaf && n != CGROUP_NO_LIMIT)
		n *= row->scale2;
	*out = (struct cgroup_stat){ n, true };
}

/* v1 counts memory and swap together, v2 swap alone: both are told as together, as runc does. */
static void join_swap(struct cgroup_stats *s)
{
	struct cgroup_memory_stat *swap = &s->memory.swap, *memory = &s->memory.memory;

	if (swap->usage.has)
		swap->usage.v += memory->usage.v;
	if (swap->limit.has && swap->limit.v != CGROUP_NO_LIMIT)
		swap->limit.v = memory->limit.v == CGROUP_NO_LIMIT
					? CGROUP_NO_LIMIT
					: swap->limit.v + memory->limit.v;
	if (swap->max.has)
		swap->max = (struct cgroup_stat){ 0 }; /* two peaks make no sum */
}

/* ---- lists ---- */

/* Room for as many elements of SIZE as TEXT has lines (or words). */
static void *room(struct reader *r, const char *text, const char *separators, size_t size)
{
	size_t n = 1;

	for (const char *at = text; *at; at++)
		n += strchr(separators, *at) != NULL;
	return arena_array(r->arena, n, size);
}

static int read_numbers(struct reader *r, const char *file, uint64_t **ret, size_t *ret_n)
{
	const char *text = text_of(r, leaf_of(r->cg, "cpuacct"), file);

	if (!text)
		return 0;
	*ret = room(r, text, " \n", sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	while (*text) {
		if (number(text, &(*ret)[*ret_n]))
			(*ret_n)++;
		text += strcspn(text, " \n");
		text += strspn(text, " \n");
	}
	return 0;
}

static int read_raw(struct reader *r)
{
	struct cgroup_leaf *leaf = leaf_of(r->cg, "memory");
	const char *text = text_of(r, leaf ? leaf : cgroup_unified(r->cg), "memory.stat");

	if (!text)
		return 0;
	r->out->memory.raw.v = room(r, text, "\n", sizeof(*r->out->memory.raw.v));
	if (!r->out->memory.raw.v)
		return -ENOMEM;
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		struct cgroup_named_stat *x = &r->out->memory.raw.v[r->out->memory.raw.n];
		size_t len = strcspn(text, " \n");

		if (text[len] != ' ' || !number(text + len + 1, &x->v))
			continue;
		x->name = arena_strn(r->arena, text, len);
		if (!x->name)
			return -ENOMEM;
		r->out->memory.raw.n++;
	}
	return 0;
}

static bool add_io(cgroup_io_stats *l, unsigned major, unsigned minor, const char *op,
		   size_t op_len, uint64_t v)
{
	struct cgroup_io_stat *x = &l->v[l->n++];

	*x = (struct cgroup_io_stat){ .major = major, .minor = minor, .v = v };
	snprintf(x->op, sizeof(x->op), "%.*s", (int)op_len, op);
	return true;
}

/* "8:0 Read 123", "8:0 123". The last line, "Total 123", has no device. */
static int read_io_v1(struct reader *r, struct cgroup_leaf *leaf, const char *file,
		      cgroup_io_stats *l)
{
	const char *text = text_of(r, leaf, file);

	if (!text || !*text)
		return -ENOENT;
	l->v = room(r, text, "\n", sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		unsigned major, minor;
		int used = 0;
		uint64_t v;

		if (sscanf(text, "%u:%u %n", &major, &minor, &used) != 2 || !used)
			continue;
		const char *op = text + used;
		size_t len = op[0] >= '0' && op[0] <= '9' ? 0 : strcspn(op, " \n");
		if (number(op + len + (len > 0 && op[len] == ' '), &v))
			add_io(l, major, minor, op, len, v);
	}
	return 0;
}

/* io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static const struct io_key {
	const char *key, *op;
	enum cgroup_io to;
} io_keys[] = {
	{ "rbytes=", "Read", CGROUP_IO_BYTES },	   { "wbytes=", "Write", CGROUP_IO_BYTES },
	{ "dbytes=", "Discard", CGROUP_IO_BYTES }, { "rios=", "Read", CGROUP_IO_SERVICED },
	{ "wios=", "Write", CGROUP_IO_SERVICED },  { "dios=", "Discard", CGROUP_IO_SERVICED },
};

static void read_io_line(struct reader *r, const char *line, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < N_ELEMENTS(io_keys); i++) {
		size_t len = strcspn(line, "\n");
		const char *at = memmem(line, len, io_keys[i].key, strlen(io_keys[i].key));
		uint64_t v;

		/* "bytes=" is also the end of "rbytes=": a key stands behind a blank */
		if (at && at[-1] == ' ' && number(at + strlen(io_keys[i].key), &v))
			add_io(&r->out->io[io_keys[i].to], major, minor, io_keys[i].op,
			       strlen(io_keys[i].op), v);
	}
}

static int read_io_v2(struct reader *r)
{
	const char *text = text_of(r, cgroup_unified(r->cg), "io.stat");
	enum { OPS = 3 };

	if (!text)
		return 0;
	for (int i = CGROUP_IO_BYTES; i <= CGROUP_IO_SERVICED; i++) {
		r->out->io[i].v = room(r, text, "\n", OPS * sizeof(*r->out->io[i].v));
		if (!r->out->io[i].v)
			return -ENOMEM;
	}
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		unsigned major, minor;
		int used = 0;

		if (sscanf(text, "%u:%u%n", &major, &minor, &used) == 2)
			read_io_line(r, text + used, major, minor);
	}
	return 0;
}

/* The first of these that has lines: bfq counts what goes through it, throttling counts all. */
static const struct io_file {
	enum cgroup_io to;
	const char *files[3];
} io_files[] = {
	{ CGROUP_IO_BYTES,
	  { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive",
	    "blkio.throttle.io_service_bytes" } },
	{ CGROUP_IO_SERVICED,
	  { "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
	    "blkio.throttle.io_serviced" } },
	{ CGROUP_IO_QUEUED, { "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive" } },
	{ CGROUP_IO_SERVICE_TIME,
	  { "blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive" } },
	{ CGROUP_IO_WAIT_TIME,
	  { "blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive" } },
	{ CGROUP_IO_MERGED, { "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive" } },
	{ CGROUP_IO_TIME, { "blkio.bfq.time_recursive", "blkio.time_recursive" } },
	{ CGROUP_IO_SECTORS, { "blkio.bfq.sectors_recursive", "blkio.sectors_recursive" } },
};

static int read_io(struct reader *r)
{
	struct cgroup_leaf *leaf = leaf_of(r->cg, "blkio");

	if (!leaf)
		return read_io_v2(r);
	for (size_t i = 0; i < N_ELEMENTS(io_files); i++) {
		cgroup_io_stats *l = &r->out->io[io_files[i].to];
		int ret = -ENOENT;

		for (size_t k = 0; k < 3 && ret == -ENOENT && io_files[i].files[k]; k++) {
			ret = read_io_v1(r, leaf, io_files[i].files[k], l);
			if (ret >= 0 && l->n == 0)
				ret = -ENOENT;
		}
		if (ret == -ENOMEM)
			return ret;
	}
	return 0;
}

/* ---- huge pages ---- */

enum { MAX_PAGE_SIZES = 16 };

static uint64_t file_number(int dir, const char *file, const char *key)
{
	char text[256];
	uint64_t v;

	if (host_read_small(dir, file, text, sizeof(text)) < 0)
		return 0;
	const char *value = find_value(text, key);
	return value && number(value, &v) ? v : 0;
}

/* "hugetlb.2MB.current" and not "hugetlb.2MB.rsvd.current" */
static int read_page_size(void *ctx, const char *name, UNUSED unsigned char d_type)
{
	struct reader *r = ctx;
	struct cgroup_stats *s = r->out;
	int v = r->leaf->version->number == 2 ? V2 : V1;
	static const char *const usage[] = { "usage_in_bytes", "current" };
	static const char *const max[] = { "max_usage_in_bytes", NULL };
	static const char *const fail[] = { "failcnt", "events" };
	char file[96];

	if (strncmp(name, "hugetlb.", 8) != 0 || s->hugetlb.n == MAX_PAGE_SIZES)
		return 0;
	const char *size = name + 8, *dot = strchr(size, '.');
	if (!dot || strcmp(dot + 1, usage[v]) != 0)
		return 0;
	struct cgroup_hugetlb_stat *x = &s->hugetlb.v[s->hugetlb.n];
	x->size = arena_strn(r->arena, size, (size_t)(dot - size));
	if (!x->size)
		return -ENOMEM;
	int dir = r->leaf->fd;
	x->usage = file_number(dir, name, NULL);
	if (max[v]) {
		snprintf(file, sizeof(file), "hugetlb.%s.%s", x->size, max[v]);
		x->max = file_number(dir, file, NULL);
	}
	snprintf(file, sizeof(file), "hugetlb.%s.%s", x->size, fail[v]);
	x->failcnt = file_number(dir, file, v == V2 ? "max" : NULL);
	s->hugetlb.n++;
	return 0;
}

static int read_hugetlb(struct reader *r)
{
	struct cgroup_leaf *leaf = leaf_of(r->cg, "hugetlb");

	if (!leaf)
		leaf = cgroup_unified(r->cg);
	if (!leaf || cgroup_leaf_fd(leaf) < 0)
		return 0;
	r->out->hugetlb.v = arena_array(r->arena, MAX_PAGE_SIZES, sizeof(*r->out->hugetlb.v));
	if (!r->out->hugetlb.v)
		return -ENOMEM;
	r->leaf = leaf;
	r->file = NULL;
	int ret = host_list(cgroup_leaf_fd(leaf), read_page_size, r);
	return ret == -ENOMEM ? ret : 0;
}

/* ---- pressure ---- */

/* "0.12" in hundredths */
static uint32_t hundredths(const char *text)
{
	unsigned whole = 0, part = 0;

	if (sscanf(text, "%u.%2u", &whole, &part) < 1)
		return 0;
	return whole * 100 + part;
}

void cgroup_pressure_parse(const char *text, struct cgroup_pressure *ret)
{
	*ret = (struct cgroup_pressure){ 0 };
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		char a10[16], a60[16], a300[16];
		unsigned long long total;
		bool full = strncmp(text, "full ", 5) == 0;

		if (!full && strncmp(text, "some ", 5) != 0)
			continue;
		if (sscanf(text + 5, "avg10=%15s avg60=%15s avg300=%15s total=%llu", a10, a60, a300,
			   &total) != 4)
			continue;
		__typeof__(&ret->some) p = full ? &ret->full : &ret->some;
		p->avg10 = hundredths(a10);
		p->avg60 = hundredths(a60);
		p->avg300 = hundredths(a300);
		p->total = total;
		if (full)
			ret->has_full = true;
		else
			ret->has_some = true;
	}
}

static void read_pressure(struct reader *r, const char *file, struct cgroup_pressure *ret)
{
	const char *text = text_of(r, cgroup_unified(r->cg), file);

	if (text)
		cgroup_pressure_parse(text, ret);
}

/* ---- the whole ---- */

static int read_set(struct reader *r, const char *file, const char *file2, char **ret)
{
	struct cgroup_leaf *leaf = leaf_of(r->cg, "cpuset");
	const char *text = leaf ? text_of(r, leaf, file) : text_of(r, cgroup_unified(r->cg), file2);

	if (!text)
		return 0;
	*ret = arena_strn(r->arena, text, strcspn(text, "\n"));
	return *ret ? 0 : -ENOMEM;
}

static int read_lists(struct reader *r)
{
	struct cgroup_stats *s = r->out;

	int ret = read_numbers(r, "cpuacct.usage_percpu", &s->cpu.percpu.v, &s->cpu.percpu.n);
	if (ret >= 0)
		ret = read_numbers(r, "cpuacct.usage_percpu_sys", &s->cpu.percpu_kernel.v,
				   &s->cpu.percpu_kernel.n);
	if (ret >= 0)
		ret = read_numbers(r, "cpuacct.usage_percpu_user", &s->cpu.percpu_user.v,
				   &s->cpu.percpu_user.n);
	if (ret >= 0)
		ret = read_set(r, "cpuset.cpus", "cpuset.cpus.effective", &s->cpuset.cpus);
	if (ret >= 0)
		ret = read_set(r, "cpuset.mems", "cpuset.mems.effective", &s->cpuset.mems);
	if (ret >= 0)
		ret = read_raw(r);
	if (ret >= 0)
		ret = read_io(r);
	return ret < 0 ? ret : read_hugetlb(r);
}

int cgroup_stats(struct cgroup *cg, struct arena *arena, struct cgroup_stats *ret, struct err *e)
{
	struct reader r = { .cg = cg, .arena = arena, .out = ret };

	*ret = (struct cgroup_stats){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		read_row(&r, &rows[i]);
	if (!leaf_of(cg, "memory"))
		join_swap(ret);
	read_pressure(&r, "cpu.pressure", &ret->cpu.pressure);
	read_pressure(&r, "memory.pressure", &ret->memory.pressure);
	read_pressure(&r, "io.pressure", &ret->io_pressure);
	int r2 = read_lists(&r);
	buf_free(&r.text);
	return r2 < 0 ? err_sys(e, r2, "read the figures of the cgroups") : 0;
}
