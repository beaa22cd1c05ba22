/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.resources to files on v1, v2 and hybrid hosts: conversions, neutral values, what is refused and how it is named. */
#include <errno.h>
#include <stdint.h>

#include "engine/cgroup_table.h"
#include "tap.h"

static struct arena arena;
static struct cgroup_writes writes;
static struct err err;

/* ---- hosts ---- */

static const char *const v1_controllers[] = { "cpu,cpuacct", "cpuset",	"memory",	    "pids",
					      "blkio",	     "hugetlb", "net_cls,net_prio", "rdma",
					      "devices" };

static struct facts host(enum cgroup_mode mode, const char *v2_controllers)
{
	struct facts f = { .cgroup_mode = mode };

	for (size_t i = 0; mode != CGROUP_MODE_V2 && i < N_ELEMENTS(v1_controllers); i++) {
		struct cgroup_hierarchy *h = &f.hierarchies[f.n_hierarchies];

		if (mode == CGROUP_MODE_HYBRID && strcmp(v1_controllers[i], v2_controllers) == 0)
			continue;
		snprintf(h->controllers, sizeof(h->controllers), "%s", v1_controllers[i]);
		snprintf(h->mount, sizeof(h->mount), "/sys/fs/cgroup/%s", v1_controllers[i]);
		strcpy(h->own, "/");
		f.n_hierarchies++;
	}
	if (v2_controllers) {
		struct cgroup_hierarchy *h = &f.hierarchies[f.n_hierarchies++];

		snprintf(h->controllers, sizeof(h->controllers), "%s", v2_controllers);
		strcpy(h->mount,
		       mode == CGROUP_MODE_V2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified");
		strcpy(h->own, "/");
		h->v2 = true;
	}
	return f;
}

static struct facts on_v1(void)
{
	return host(CGROUP_MODE_V1, NULL);
}

static struct facts on_v2(void)
{
	return host(CGROUP_MODE_V2, "cpuset,cpu,io,memory,hugetlb,pids,rdma,misc");
}

static int make(const struct spec_resources *r, struct facts f)
{
	static struct facts kept;

	kept = f; /* the writes point into it */
	writes = (struct cgroup_writes){ 0 };
	memset(&err, 0, sizeof(err));
	return cgroup_table_writes(&writes, &arena, r, &kept, &err);
}

static const struct cgroup_write *find(const char *file)
{
	for (size_t i = 0; i < writes.n; i++) {
		if (strcmp(writes.v[i].file, file) == 0)
			return &writes.v[i];
	}
	return NULL;
}

static const char *value(const char *file)
{
	const struct cgroup_write *w = find(file);

	return w ? w->value : "(not written)";
}

/* ---- conversions ---- */

static void cpu_weights(void)
{
	static const struct {
		uint64_t shares;
		unsigned weight;
	} rows[] = {
		{ 0, 1 },
		{ 1, 1 },
		{ 2, 1 },
		{ 3, 2 },
		{ 4, 2 },
		{ 10, 4 },
		{ 102, 17 },
		{ 512, 59 },
		{ 1023, 100 },
		{ 1024, 100 },
		{ 1025, 101 },
		{ 2048, 174 },
		{ 4096, 303 },
		{ 10000, 627 },
		{ 65536, 3023 },
		{ 262143, 10000 },
		{ 262144, 10000 },
		{ 1000000, 10000 },
		{ UINT64_MAX, 10000 },
	};
	unsigned last = 0;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		CHECK_INT(cgroup_cpu_weight(rows[i].shares), rows[i].weight);
	for (uint64_t s = 2; s <= 262144; s += 61) {
		unsigned w = cgroup_cpu_weight(s);

		CHECK(w >= last && w >= 1 && w <= 10000);
		last = w;
	}
}

static void io_weights(void)
{
	CHECK_INT(cgroup_io_weight(10), 1);
	CHECK_INT(cgroup_io_weight(1000), 10000);
	CHECK_INT(cgroup_io_weight(100), 910);
	CHECK_INT(cgroup_io_weight(0), 1);
}

/* ---- memory ---- */

static void memory_on_v1(void)
{
	struct spec_memory m = { .has_limit = true,
				 .limit = 1 << 20,
				 .has_swap = true,
				 .swap = 3 << 20,
				 .has_reservation = true,
				 .reservation = 1 << 19,
				 .has_swappiness = true,
				 .swappiness = 0,
				 .has_disable_oom_killer = true,
				 .disable_oom_killer = true };
	struct spec_resources r = { .memory = &m };

	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("memory.limit_in_bytes"), "1048576");
	CHECK_STR(value("memory.memsw.limit_in_bytes"), "3145728");
	CHECK_STR(value("memory.soft_limit_in_bytes"), "524288");
	CHECK_STR(value("memory.swappiness"), "0");
	CHECK_STR(value("memory.oom_control"), "1");
	CHECK(find("memory.limit_in_bytes") < find("memory.memsw.limit_in_bytes"));
	CHECK(find("memory.limit_in_bytes")->flags & CGROUP_NEXT_FIRST);
	CHECK_INT(find("memory.limit_in_bytes")->when, CGROUP_LATE);
	CHECK_STR(find("memory.limit_in_bytes")->where, "$.linux.resources.memory.limit");
}

static void memory_on_v2(void)
{
	struct spec_memory m = { .has_limit = true,
				 .limit = 1 << 20,
				 .has_swap = true,
				 .swap = 3 << 20,
				 .has_reservation = true,
				 .reservation = 1 << 19,
				 .has_check_before_update = true,
				 .check_before_update = true };
	struct spec_resources r = { .memory = &m };

	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("memory.max"), "1048576");
	CHECK_STR(value("memory.swap.max"), "2097152"); /* swap alone */
	CHECK_STR(value("memory.low"), "524288");
	CHECK(find("memory.max")->flags & CGROUP_CHECK_USAGE);
	m.swap = m.limit;
	m.check_before_update = false;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("memory.swap.max"), "0");
	CHECK(!(find("memory.max")->flags & CGROUP_CHECK_USAGE));
	m.swap = m.limit = -1;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("memory.max"), "max");
	CHECK(find("memory.max")->flags & CGROUP_NEUTRAL);
	CHECK_STR(value("memory.swap.max"), "max");
}

static void swap_needs_limit(void)
{
	struct spec_memory m = { .has_swap = true, .swap = 1 << 20 };
	struct spec_resources r = { .memory = &m };

	CHECK(make(&r, on_v1()) < 0);
	CHECK_INT(err.code, ERR_SPEC);
	CHECK_STR(err.where, "$.linux.resources.memory.swap");
	CHECK(make(&r, on_v2()) < 0);
	m.has_limit = true;
	m.limit = 2 << 20;
	CHECK(make(&r, on_v2()) < 0); /* below the limit */
	m.swap = -1;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("memory.swap.max"), "max");
}

static void v1_only_memory(void)
{
	struct spec_memory m = { .has_disable_oom_killer = true,
				 .has_use_hierarchy = true,
				 .use_hierarchy = true,
				 .has_kernel = true,
				 .kernel = -1,
				 .has_kernel_tcp = true,
				 .kernel_tcp = 0 };
	struct spec_resources r = { .memory = &m };

	/* what dockerd sends along */
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_INT(writes.n, 0);
	m.disable_oom_killer = true;
	CHECK(make(&r, on_v2()) < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK_STR(err.where, "$.linux.resources.memory.disableOOMKiller");
	CHECK_STR(err.msg, "memory.disableOOMKiller has no counterpart in cgroup v2");
	m.disable_oom_killer = false;
	m.has_swappiness = true;
	m.swappiness = 60;
	CHECK(make(&r, on_v2()) < 0);
	CHECK_STR(err.where, "$.linux.resources.memory.swappiness");
	m.has_swappiness = false;
	m.kernel_tcp = 4096;
	CHECK(make(&r, on_v2()) < 0);
	CHECK_STR(err.where, "$.linux.resources.memory.kernelTCP");
	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("memory.kmem.tcp.limit_in_bytes"), "4096");
	CHECK(find("memory.kmem.tcp.limit_in_bytes")->flags & CGROUP_READ_BACK);
}

/* ---- cpu, pids ---- */

static void cpu_on_both(void)
{
	struct spec_cpu c = { .has_shares = true,
			      .shares = 512,
			      .has_quota = true,
			      .quota = 50000,
			      .has_period = true,
			      .period = 200000,
			      .has_burst = true,
			      .burst = 1000,
			      .has_idle = true,
			      .idle = 1,
			      .cpus = (char[]){ "0-1" } };
	struct spec_resources r = { .cpu = &c };

	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("cpu.shares"), "512");
	CHECK_STR(value("cpu.cfs_quota_us"), "50000");
	CHECK_STR(value("cpu.cfs_period_us"), "200000");
	CHECK_STR(value("cpu.cfs_burst_us"), "1000");
	CHECK_STR(value("cpu.idle"), "1");
	CHECK_STR(value("cpuset.cpus"), "0-1");
	CHECK_INT(find("cpuset.cpus")->when, CGROUP_EARLY);
	CHECK_STR(find("cpu.shares")->h->controllers, "cpu,cpuacct");
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("cpu.weight"), "59");
	CHECK_STR(value("cpu.max"), "50000 200000");
	CHECK_STR(value("cpu.max.burst"), "1000");
	CHECK_STR(value("cpu.idle"), "1");
}

static void cpu_max_forms(void)
{
	struct spec_cpu c = { .has_quota = true, .quota = 50000 };
	struct spec_resources r = { .cpu = &c };

	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("cpu.max"), "50000");
	c.quota = -1;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("cpu.max"), "max");
	CHECK(find("cpu.max")->flags & CGROUP_NEUTRAL);
	c.has_period = true;
	c.period = 50000;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_INT(writes.n, 1);
	CHECK_STR(value("cpu.max"), "max 50000");
	c.quota = 0; /* not given */
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_INT(writes.n, 1);
	CHECK_STR(value("cpu.max"), "max 50000");
	CHECK_STR(find("cpu.max")->where, "$.linux.resources.cpu.period");
}

static void realtime(void)
{
	struct spec_cpu c = { .has_rt_runtime = true,
			      .rt_runtime = 950000,
			      .has_rt_period = true,
			      .rt_period = 1000000 };
	struct spec_resources r = { .cpu = &c };

	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("cpu.rt_runtime_us"), "950000");
	CHECK_INT(find("cpu.rt_runtime_us")->when, CGROUP_EARLY);
	CHECK(make(&r, on_v2()) < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	c.rt_runtime = 0;
	c.rt_period = 0;
	CHECK_INT(make(&r, on_v2()), 0);
}

static void pids(void)
{
	struct spec_resources r = { .has_pids_limit = true, .pids_limit = 0 };

	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("pids.max"), "0");
	CHECK(!(find("pids.max")->flags & CGROUP_NEUTRAL));
	r.pids_limit = -1;
	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("pids.max"), "max");
	/* no controller, and none needed */
	CHECK_INT(make(&r, host(CGROUP_MODE_V2, "cpu")), 0);
	CHECK_INT(writes.n, 0);
	r.pids_limit = 5;
	CHECK(make(&r, host(CGROUP_MODE_V2, "cpu")) < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK_STR(err.msg, "pids.limit needs the cgroup controller 'pids' (file pids.max), which "
			   "this host does not offer");
	CHECK_STR(err.where, "$.linux.resources.pids.limit");
	CHECK(make(&r, (struct facts){ .cgroup_mode = CGROUP_MODE_NONE }) < 0);
}

/* ---- block devices ---- */

static void block_io(void)
{
	struct spec_weight_device wd[] = { { 8, 0, true, false, 300, 0 } };
	struct spec_throttle_device td[] = { { 8, 0, 1000 }, { 8, 16, 0 } };
	struct spec_block_io io = { .has_weight = true,
				    .weight = 500,
				    .weight_devices = { wd, 1 } };
	struct spec_resources r = { .block_io = &io };

	io.throttle[THROTTLE_WRITE_IOPS].v = td;
	io.throttle[THROTTLE_WRITE_IOPS].n = 2;
	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("blkio.bfq.weight"), "500");
	CHECK(find("blkio.bfq.weight")->flags & CGROUP_OR_NEXT);
	CHECK_STR(find("blkio.bfq.weight")[1].file, "blkio.weight");
	CHECK_STR(value("blkio.bfq.weight_device"), "8:0 300");
	CHECK_STR(value("blkio.throttle.write_iops_device"), "8:0 1000");
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("io.bfq.weight"), "500");
	CHECK_STR(value("io.weight"), "4950");
	CHECK_STR(value("io.max"), "8:0 wiops=1000");
	CHECK_STR(find("io.max")[1].value, "8:16 wiops=max");
	CHECK_STR(find("io.max")->where, "$.linux.resources.blockIO.throttleWriteIOPSDevice[0]");
	wd[0].has_leaf_weight = true;
	wd[0].leaf_weight = 10;
	CHECK(make(&r, on_v2()) < 0);
	CHECK_STR(err.where, "$.linux.resources.blockIO.weightDevice[0].leafWeight");
}

/* ---- the others ---- */

static void hugepages(void)
{
	struct spec_hugepage_limit l[] = { { (char[]){ "2MB" }, 4 << 20 },
					   { (char[]){ "1GB" }, UINT64_MAX } };
	struct spec_resources r = { .hugepage_limits = { l, 2 } };

	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("hugetlb.2MB.max"), "4194304");
	CHECK_STR(value("hugetlb.2MB.rsvd.max"), "4194304");
	CHECK(find("hugetlb.2MB.rsvd.max")->flags & CGROUP_EXTRA);
	CHECK_STR(value("hugetlb.1GB.max"), "max");
	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("hugetlb.2MB.limit_in_bytes"), "4194304");
	CHECK_STR(value("hugetlb.2MB.rsvd.limit_in_bytes"), "4194304");
	l[0].page_size = (char[]){ "../x" };
	CHECK(make(&r, on_v2()) < 0);
}

static void hybrid_uses_both(void)
{
	struct spec_hugepage_limit l[] = { { (char[]){ "2MB" }, 4 << 20 } };
	struct spec_memory m = { .has_limit = true, .limit = 1 << 20 };
	struct spec_resources r = { .hugepage_limits = { l, 1 }, .memory = &m };

	CHECK_INT(make(&r, host(CGROUP_MODE_HYBRID, "hugetlb")), 0);
	CHECK_STR(value("memory.limit_in_bytes"), "1048576");
	CHECK(!find("memory.limit_in_bytes")->h->v2);
	CHECK_STR(value("hugetlb.2MB.max"), "4194304");
	CHECK(find("hugetlb.2MB.max")->h->v2);
}

static void network_and_rdma(void)
{
	struct spec_net_priority prio[] = { { (char[]){ "eth0" }, 5 } };
	struct spec_network n = { .has_class_id = true,
				  .class_id = 1048577,
				  .priorities = { prio, 1 } };
	struct spec_rdma rdma[] = { { (char[]){ "mlx5_1" }, true, true, 3, 10000 } };
	struct spec_resources r = { .network = &n, .rdma = { rdma, 1 } };

	CHECK_INT(make(&r, on_v1()), 0);
	CHECK_STR(value("net_cls.classid"), "1048577");
	CHECK_STR(value("net_prio.ifpriomap"), "eth0 5");
	CHECK_STR(value("rdma.max"), "mlx5_1 hca_handle=3 hca_object=10000");
	CHECK(make(&r, on_v2()) < 0);
	CHECK_STR(err.where, "$.linux.resources.network.classID");
	n.class_id = 0;
	prio[0].priority = 0;
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("rdma.max"), "mlx5_1 hca_handle=3 hca_object=10000");
	rdma[0].handles = 0;
	rdma[0].objects = UINT32_MAX; /* more than the kernel counts to, and takes */
	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_STR(value("rdma.max"), "mlx5_1 hca_handle=0 hca_object=max");
}

static void unified(void)
{
	struct spec_map_entry u[] = { { (char[]){ "memory.high" }, (char[]){ "1000" } },
				      { (char[]){ "io.max" },
					(char[]){ "8:0 rbps=1\n8:16 wbps=2\n" } },
				      { (char[]){ "cgroup.max.depth" }, (char[]){ "3" } } };
	struct spec_resources r = { .unified = { u, 3 } };

	CHECK_INT(make(&r, on_v2()), 0);
	CHECK_INT(writes.n, 4);
	CHECK_STR(value("memory.high"), "1000");
	CHECK_STR(find("memory.high")->controller, "memory");
	CHECK_STR(find("io.max")->value, "8:0 rbps=1");
	CHECK_STR(find("io.max")[1].value, "8:16 wbps=2");
	CHECK_STR(find("io.max")->where, "$.linux.resources.unified[\"io.max\"]");
	CHECK(make(&r, on_v1()) < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK(make(&r, host(CGROUP_MODE_HYBRID, "hugetlb")) < 0);
	CHECK_STR(err.msg, "unified: file memory.high can't be written: the controller 'memory' is "
			   "on cgroup v1 here");
	CHECK(make(&r, host(CGROUP_MODE_V2, "cpu")) < 0);
	CHECK_STR(err.msg, "unified: file memory.high needs the cgroup controller 'memory', which "
			   "this host does not offer");
}

static void unified_keys(void)
{
	static const char *const bad[] = { "memory",	    "../memory.max", "memory/x.max",
					   ".max",	    "cgroup.procs",  "cgroup.kill",
					   "cgroup.freeze", "memory." };

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		char key[32];
		struct spec_map_entry u[] = { { key, (char[]){ "1" } } };
		struct spec_resources r = { .unified = { u, 1 } };

		snprintf(key, sizeof(key), "%s", bad[i]);
		CHECK(make(&r, on_v2()) < 0);
		CHECK_INT(err.code, ERR_SPEC);
	}
}

static void first_property(void)
{
	struct spec_memory m = { .has_limit = true, .limit = -1, .has_disable_oom_killer = true };
	struct spec_cpu c = { .has_quota = true, .quota = 5000 };
	struct spec_resources r = { .memory = &m };

	CHECK(cgroup_table_first(&r, &arena) == NULL);
	r.cpu = &c;
	CHECK_STR(cgroup_table_first(&r, &arena), "$.linux.resources.cpu.quota");
}

static const struct test tests[] = {
	{ "cpu.shares to cpu.weight", cpu_weights },
	{ "blkio weight to io.weight", io_weights },
	{ "memory on v1", memory_on_v1 },
	{ "memory on v2", memory_on_v2 },
	{ "memory.swap needs memory.limit", swap_needs_limit },
	{ "what only v1 has", v1_only_memory },
	{ "cpu on v1 and v2", cpu_on_both },
	{ "cpu.max: quota and period", cpu_max_forms },
	{ "realtime", realtime },
	{ "pids: 0, -1, no controller", pids },
	{ "blockIO", block_io },
	{ "hugepages", hugepages },
	{ "hybrid: each controller where it is", hybrid_uses_both },
	{ "network, rdma", network_and_rdma },
	{ "unified", unified },
	{ "unified: keys that are no resources", unified_keys },
	{ "the first property that asks for something", first_property },
};

TAP_MAIN(tests)
