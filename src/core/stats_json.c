/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of runc's `events`: names and what is left out when it is 0 as in runc's types/events.go. */
#include <stdio.h>

#include "core/stats.h"
#include "util/jsonw.h"
#include "util/parse.h"

/* Go's omitempty */
static void some_u64(struct jsonw *w, const char *key, uint64_t v)
{
	if (v)
		jsonw_u64(w, key, v);
}

static void hundredths(struct jsonw *w, const char *key, uint32_t v)
{
	char text[16];

	snprintf(text, sizeof(text), v % 100 ? "%u.%02u" : "%u", v / 100, v % 100);
	jsonw_raw(w, key, text);
}

static void pressure(struct jsonw *w, const struct cgroup_pressure *p)
{
	const bool has[] = { p->has_some, p->has_full };
	static const char *const names[] = { "some", "full" };
	const __typeof__(p->some) *v[] = { &p->some, &p->full };

	if (!p->has_some && !p->has_full)
		return;
	jsonw_object(w, "psi");
	for (int i = 0; i < 2; i++) {
		if (!has[i])
			continue;
		jsonw_object(w, names[i]);
		hundredths(w, "avg10", v[i]->avg10);
		hundredths(w, "avg60", v[i]->avg60);
		hundredths(w, "avg300", v[i]->avg300);
		jsonw_u64(w, "total", v[i]->total);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void numbers(struct jsonw *w, const char *key, const uint64_t *v, size_t n)
{
	if (n == 0)
		return;
	jsonw_array(w, key);
	for (size_t i = 0; i < n; i++)
		jsonw_u64(w, NULL, v[i]);
	jsonw_end_array(w);
}

static void cpu(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "cpu");
	jsonw_object(w, "usage");
	some_u64(w, "total", s->cpu.total.v);
	numbers(w, "percpu", s->cpu.percpu.v, s->cpu.percpu.n);
	numbers(w, "percpu_kernel", s->cpu.percpu_kernel.v, s->cpu.percpu_kernel.n);
	numbers(w, "percpu_user", s->cpu.percpu_user.v, s->cpu.percpu_user.n);
	jsonw_u64(w, "kernel", s->cpu.kernel.v);
	jsonw_u64(w, "user", s->cpu.user.v);
	jsonw_end_object(w);
	jsonw_object(w, "throttling");
	some_u64(w, "periods", s->cpu.periods.v);
	some_u64(w, "throttledPeriods", s->cpu.throttled_periods.v);
	some_u64(w, "throttledTime", s->cpu.throttled_time.v);
	jsonw_end_object(w);
	pressure(w, &s->cpu.pressure);
	jsonw_end_object(w);
}

static int add_range(void *ctx, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		jsonw_u64(ctx, NULL, i);
	return 0;
}

static void set(struct jsonw *w, const char *key, const char *list)
{
	enum { MAX_CPUS = 65535 };

	if (!list || !*list)
		return;
	jsonw_array(w, key);
	(void)parse_ranges(list, MAX_CPUS, add_range, w);
	jsonw_end_array(w);
}

static void cpuset(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "cpuset");
	set(w, "cpus", s->cpuset.cpus);
	jsonw_u64(w, "cpu_exclusive", s->cpuset.cpu_exclusive.v);
	set(w, "mems", s->cpuset.mems);
	jsonw_u64(w, "mem_hardwall", s->cpuset.mem_hardwall.v);
	jsonw_u64(w, "mem_exclusive", s->cpuset.mem_exclusive.v);
	jsonw_u64(w, "memory_migrate", s->cpuset.memory_migrate.v);
	jsonw_u64(w, "memory_spread_page", s->cpuset.memory_spread_page.v);
	jsonw_u64(w, "memory_spread_slab", s->cpuset.memory_spread_slab.v);
	jsonw_u64(w, "memory_pressure", s->cpuset.memory_pressure.v);
	jsonw_u64(w, "sched_load_balance", s->cpuset.sched_load_balance.v);
	jsonw_i64(w, "sched_relax_domain_level", (int64_t)s->cpuset.sched_relax_domain_level.v);
	jsonw_end_object(w);
}

static void memory_entry(struct jsonw *w, const char *key, const struct cgroup_memory_stat *m)
{
	jsonw_object(w, key);
	jsonw_u64(w, "limit", m->limit.v);
	some_u64(w, "usage", m->usage.v);
	some_u64(w, "max", m->max.v);
	jsonw_u64(w, "failcnt", m->failcnt.v);
	jsonw_end_object(w);
}

static void memory(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "memory");
	some_u64(w, "cache", s->memory.cache.v);
	memory_entry(w, "usage", &s->memory.memory);
	memory_entry(w, "swap", &s->memory.swap);
	memory_entry(w, "kernel", &s->memory.kernel);
	memory_entry(w, "kernelTCP", &s->memory.kernel_tcp);
	if (s->memory.raw.n) {
		jsonw_object(w, "raw");
		for (size_t i = 0; i < s->memory.raw.n; i++)
			jsonw_u64(w, s->memory.raw.v[i].name, s->memory.raw.v[i].v);
		jsonw_end_object(w);
	}
	pressure(w, &s->memory.pressure);
	jsonw_end_object(w);
}

static void pids(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "pids");
	some_u64(w, "current", s->pids.current.v);
	some_u64(w, "limit", s->pids.limit.v == CGROUP_NO_LIMIT ? 0 : s->pids.limit.v);
	jsonw_end_object(w);
}

static const char *const io_names[CGROUP_IO_N] = {
	[CGROUP_IO_BYTES] = "ioServiceBytesRecursive",
	[CGROUP_IO_SERVICED] = "ioServicedRecursive",
	[CGROUP_IO_QUEUED] = "ioQueueRecursive",
	[CGROUP_IO_SERVICE_TIME] = "ioServiceTimeRecursive",
	[CGROUP_IO_WAIT_TIME] = "ioWaitTimeRecursive",
	[CGROUP_IO_MERGED] = "ioMergedRecursive",
	[CGROUP_IO_TIME] = "ioTimeRecursive",
	[CGROUP_IO_SECTORS] = "sectorsRecursive",
};

static void blkio(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "blkio");
	for (int i = 0; i < CGROUP_IO_N; i++) {
		if (s->io[i].n == 0)
			continue;
		jsonw_array(w, io_names[i]);
		for (size_t k = 0; k < s->io[i].n; k++) {
			const struct cgroup_io_stat *x = &s->io[i].v[k];

			jsonw_object(w, NULL);
			some_u64(w, "major", x->major);
			some_u64(w, "minor", x->minor);
			if (x->op[0])
				jsonw_str(w, "op", x->op);
			some_u64(w, "value", x->v);
			jsonw_end_object(w);
		}
		jsonw_end_array(w);
	}
	pressure(w, &s->io_pressure);
	jsonw_end_object(w);
}

static void hugetlb(struct jsonw *w, const struct cgroup_stats *s)
{
	jsonw_object(w, "hugetlb");
	for (size_t i = 0; i < s->hugetlb.n; i++) {
		const struct cgroup_hugetlb_stat *x = &s->hugetlb.v[i];

		jsonw_object(w, x->size);
		some_u64(w, "usage", x->usage);
		some_u64(w, "max", x->max);
		jsonw_u64(w, "failcnt", x->failcnt);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void some_str(struct jsonw *w, const char *key, const char *v)
{
	if (v && *v)
		jsonw_str(w, key, v);
}

static void rdt_info(struct jsonw *w, const struct rdt_stats *s)
{
	if (s->l3.has) {
		jsonw_object(w, "l3_cache_info");
		some_str(w, "cbm_mask", s->l3.cbm_mask);
		some_u64(w, "min_cbm_bits", s->l3.min_cbm_bits);
		some_u64(w, "num_closids", s->l3.num_closids);
		jsonw_end_object(w);
	}
	if (s->mb.has) {
		jsonw_object(w, "mem_bw_info");
		some_u64(w, "bandwidth_gran", s->mb.bandwidth_gran);
		some_u64(w, "delay_linear", s->mb.delay_linear);
		some_u64(w, "min_bandwidth", s->mb.min_bandwidth);
		some_u64(w, "num_closids", s->mb.num_closids);
		jsonw_end_object(w);
	}
}

/* Bandwidth and occupancy are two lists of domains. */
static void rdt_counts(struct jsonw *w, const struct rdt_stats *s)
{
	bool mbm = false, cmt = false;

	for (size_t i = 0; i < s->domains.n; i++) {
		mbm |= s->domains.v[i].has_total || s->domains.v[i].has_local;
		cmt |= s->domains.v[i].has_occupancy;
	}
	if (mbm) {
		jsonw_array(w, "mbm_stats");
		for (size_t i = 0; i < s->domains.n; i++) {
			jsonw_object(w, NULL);
			some_u64(w, "mbm_total_bytes", s->domains.v[i].total);
			some_u64(w, "mbm_local_bytes", s->domains.v[i].local);
			jsonw_end_object(w);
		}
		jsonw_end_array(w);
	}
	if (cmt) {
		jsonw_array(w, "cmt_stats");
		for (size_t i = 0; i < s->domains.n; i++) {
			jsonw_object(w, NULL);
			some_u64(w, "llc_occupancy", s->domains.v[i].occupancy);
			jsonw_end_object(w);
		}
		jsonw_end_array(w);
	}
}

static void rdt(struct jsonw *w, const struct rdt_stats *s)
{
	jsonw_object(w, "intel_rdt");
	if (s->has) {
		rdt_info(w, s);
		some_str(w, "l3_cache_schema_root", s->l3_root);
		some_str(w, "l3_cache_schema", s->l3_group);
		some_str(w, "mem_bw_schema_root", s->mb_root);
		some_str(w, "mem_bw_schema", s->mb_group);
		if (s->schemata.n) {
			jsonw_array(w, "schemata");
			for (size_t i = 0; i < s->schemata.n; i++)
				jsonw_str(w, NULL, s->schemata.v[i]);
			jsonw_end_array(w);
		}
		rdt_counts(w, s);
	}
	jsonw_end_object(w);
}

/* runc's struct has no tags here: the names of Go. */
static void network(struct jsonw *w, const struct stats *s)
{
	if (s->net.n == 0) {
		jsonw_null(w, "network_interfaces");
		return;
	}
	jsonw_array(w, "network_interfaces");
	for (size_t i = 0; i < s->net.n; i++) {
		const struct net_stat *x = &s->net.v[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "Name", x->name);
		jsonw_u64(w, "RxBytes", x->rx_bytes);
		jsonw_u64(w, "RxPackets", x->rx_packets);
		jsonw_u64(w, "RxErrors", x->rx_errors);
		jsonw_u64(w, "RxDropped", x->rx_dropped);
		jsonw_u64(w, "TxBytes", x->tx_bytes);
		jsonw_u64(w, "TxPackets", x->tx_packets);
		jsonw_u64(w, "TxErrors", x->tx_errors);
		jsonw_u64(w, "TxDropped", x->tx_dropped);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

void stats_event_json(const struct stats *s, const char *id, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "type", "stats");
	jsonw_str(&w, "id", id);
	jsonw_object(&w, "data");
	cpu(&w, &s->cg);
	cpuset(&w, &s->cg);
	memory(&w, &s->cg);
	pids(&w, &s->cg);
	blkio(&w, &s->cg);
	hugetlb(&w, &s->cg);
	rdt(&w, &s->rdt);
	network(&w, s);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

void stats_oom_json(const char *id, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "type", "oom");
	jsonw_str(&w, "id", id);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}
