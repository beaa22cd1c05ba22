/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch update: other resources for a container that exists. The options are the properties of linux.resources by other names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/warnings.h"
#include "spec/load.h"
#include "util/jsonw.h"
#include "util/parse.h"

enum kind { NUMBER, SIZE, TEXT };

/* clang-format off */
/* Each option that is a property: member of the options, name, section and member of linux.resources (those of a section stand
 * together), kind, argument, help (NULL: hidden, as runtime-spec says "not recommended"). */
#define PROPERTIES(X) \
	X(blkio_weight, "blkio-weight", "blockIO", "weight", NUMBER, "N", "weight of block I/O, 10 to 1000") \
	X(cpu_share, "cpu-share", "cpu", "shares", NUMBER, "N", "relative weight of CPU time (1024 = normal)") \
	X(cpu_period, "cpu-period", "cpu", "period", NUMBER, "US", "CFS period in microseconds") \
	X(cpu_quota, "cpu-quota", "cpu", "quota", NUMBER, "US", "CPU time in each period, -1 = no limit") \
	X(cpu_burst, "cpu-burst", "cpu", "burst", NUMBER, "US", "unused quota that may be saved up") \
	X(cpu_rt_period, "cpu-rt-period", "cpu", "realtimePeriod", NUMBER, "US", "realtime period in microseconds (cgroup v1)") \
	X(cpu_rt_runtime, "cpu-rt-runtime", "cpu", "realtimeRuntime", NUMBER, "US", "realtime CPU time in each (cgroup v1)") \
	X(cpu_idle, "cpu-idle", "cpu", "idle", NUMBER, "0|1", "run only when nobody else wants to") \
	X(cpuset_cpus, "cpuset-cpus", "cpu", "cpus", TEXT, "LIST", "CPUs to run on, as 0-3,7") \
	X(cpuset_mems, "cpuset-mems", "cpu", "mems", TEXT, "LIST", "memory nodes to use") \
	X(memory, "memory", "memory", "limit", SIZE, "BYTES", "limit of memory (k, m, g; -1 = none)") \
	X(memory_reservation, "memory-reservation", "memory", "reservation", SIZE, "BYTES", "soft limit of memory") \
	X(memory_swap, "memory-swap", "memory", "swap", SIZE, "BYTES", "limit of memory and swap together, -1 = none") \
	X(kernel_memory, "kernel-memory", "memory", "kernel", SIZE, "BYTES", NULL) \
	X(kernel_memory_tcp, "kernel-memory-tcp", "memory", "kernelTCP", SIZE, "BYTES", NULL) \
	X(pids_limit, "pids-limit", "pids", "limit", NUMBER, "N", "processes and threads, -1 = no limit")
/* clang-format on */

struct update_opts {
	const char *resources;
#define MEMBER(member_, ...) const char *member_;
	PROPERTIES(MEMBER)
#undef MEMBER
	const char *l3_cache_schema, *mem_bw_schema;
};

static const struct opt options[] = {
	OPTION('r', "resources", OPT_STR, struct update_opts, resources, "FILE",
	       "a linux.resources document (- = stdin); options are laid over it"),
	OPTION(0, "l3-cache-schema", OPT_STR, struct update_opts, l3_cache_schema, "L3:...",
	       "shares of the L3 cache (Intel RDT)"),
	OPTION(0, "mem-bw-schema", OPT_STR, struct update_opts, mem_bw_schema, "MB:...",
	       "memory bandwidth (Intel RDT)"),
#define ROW(member_, name_, section_, property_, kind_, arg_, help_)                               \
	{ .name = name_,                                                                           \
	  .kind = OPT_STR,                                                                         \
	  .offset = offsetof(struct update_opts, member_),                                         \
	  .arg = arg_,                                                                             \
	  .help = help_,                                                                           \
	  .hidden = !(help_) },
	PROPERTIES(ROW)
#undef ROW
};

static const struct property {
	size_t option; /* offset in struct update_opts */
	const char *name, *section, *member;
	enum kind kind;
} properties[] = {
#define ROW(member_, name_, section_, property_, kind_, arg_, help_)                               \
	{ offsetof(struct update_opts, member_), name_, section_, property_, kind_ },
	PROPERTIES(ROW)
#undef ROW
};

static const char *value_of(const struct update_opts *o, const struct property *p)
{
	return *(const char *const *)((const char *)o + p->option);
}

static int put_value(struct jsonw *w, const struct property *p, const char *value, struct err *e)
{
	int64_t n;
	uint64_t u;

	if (p->kind == TEXT) {
		jsonw_str(w, p->member, value);
		return 0;
	}
	if (p->kind == SIZE) {
		if (parse_size(value, &n) < 0)
			return err_set(e, ERR_USAGE, "--%s: '%s' is not a size", p->name, value);
		jsonw_i64(w, p->member, n);
		return 0;
	}
	if (parse_i64(value, &n) >= 0)
		jsonw_i64(w, p->member, n);
	else if (parse_u64(value, &u) >= 0)
		jsonw_u64(w, p->member, u);
	else
		return err_set(e, ERR_USAGE, "--%s: '%s' is not a number", p->name, value);
	return 0;
}

/* The options as a document; *ret_any: there are some. */
static int options_text(const struct update_opts *o, struct buf *out, bool *ret_any, struct err *e)
{
	const char *section = NULL;
	struct jsonw w;
	int r = 0;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	for (size_t i = 0; i < N_ELEMENTS(properties) && r >= 0; i++) {
		const struct property *p = &properties[i];
		const char *value = value_of(o, p);

		if (!value || !*value)
			continue;
		if (!section || strcmp(section, p->section) != 0) {
			if (section)
				jsonw_end_object(&w);
			section = p->section;
			jsonw_object(&w, section);
		}
		r = put_value(&w, p, value, e);
	}
	if (section)
		jsonw_end_object(&w);
	jsonw_end_object(&w);
	*ret_any = section != NULL;
	if (r >= 0 && buf_error(out) < 0)
		r = err_sys(e, buf_error(out), "options");
	return r;
}

/* "--memory" rather than "$.memory.limit". */
static void name_option(struct err *e)
{
	for (size_t i = 0; i < N_ELEMENTS(properties); i++) {
		char where[64];

		snprintf(where, sizeof(where), "$.%s.%s", properties[i].section,
			 properties[i].member);
		if (strcmp(e->where, where) == 0)
			err_wrap(e, "--%s", properties[i].name);
	}
	e->line = e->col = 0;
}

static int read_file(const char *file, struct arena *arena, struct spec_resources **ret,
		     struct err *e)
{
	auto_buf struct buf text = { 0 };
	spec_warnings warnings = { 0 };

	int r = cli_read_file("--resources", file, SPEC_MAX_SIZE, &text, e);
	if (r < 0)
		return r;
	r = spec_load_resources(ret, arena, buf_str(&text), text.len, &warnings, e);
	if (r < 0) {
		uint32_t line = e->line, col = e->col;

		e->line = e->col = 0; /* of that file, not of config.json */
		if (line)
			return err_wrap(e, "--resources '%s':%u:%u", file, line, col);
		return err_wrap(e, "--resources '%s'", file);
	}
	log_spec_warnings(file, &warnings);
	return 0;
}

/* What is asked for: the file, and the options over it. */
static int read_change(const struct update_opts *o, struct arena *arena,
		       struct spec_resources **ret, struct err *e)
{
	auto_buf struct buf text = { 0 };
	struct spec_resources *from_options;
	bool any;
	int r = 0;

	*ret = NULL;
	if (o->resources)
		r = read_file(o->resources, arena, ret, e);
	if (r >= 0)
		r = options_text(o, &text, &any, e);
	if (r < 0)
		return r;
	bool schemata = o->l3_cache_schema || o->mem_bw_schema;
	if (!any && !o->resources && !schemata) {
		err_set(e, ERR_USAGE, "update: nothing to change");
		return err_hint(e, "give --resources FILE or an option such as --memory");
	}
	if (!any)
		return 0;
	r = spec_load_resources(&from_options, arena, buf_str(&text), text.len, NULL, e);
	if (r < 0) {
		name_option(e);
		return r;
	}
	r = cgroup_table_merge(ret, arena, *ret, from_options);
	return r < 0 ? err_sys(e, r, "options") : 0;
}

/* The lines for resctrl, each with its newline. */
static int read_schemata(const struct update_opts *o, struct buf *out, struct err *e)
{
	const struct {
		const char *name, *prefix, *value;
	} given[] = { { "l3-cache-schema", "L3", o->l3_cache_schema },
		      { "mem-bw-schema", "MB:", o->mem_bw_schema } };

	for (size_t i = 0; i < N_ELEMENTS(given); i++) {
		if (!given[i].value)
			continue;
		if (strncmp(given[i].value, given[i].prefix, strlen(given[i].prefix)) != 0)
			return err_set(e, ERR_USAGE, "--%s: '%s' does not begin with '%s'",
				       given[i].name, given[i].value, given[i].prefix);
		buf_addf(out, "%s\n", given[i].value);
	}
	return buf_error(out) < 0 ? err_sys(e, -ENOMEM, "options") : 0;
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	auto_buf struct buf schemata = { 0 };
	struct spec_resources *change;

	int r = read_change(opts, &arena, &change, e);
	if (r >= 0)
		r = read_schemata(opts, &schemata, e);
	if (r >= 0)
		r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	return r < 0 ? r : container_update(c, change, schemata.len ? buf_str(&schemata) : NULL, e);
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[OPTIONS] ID",
	.summary = "change the resource limits of a container",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct update_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
