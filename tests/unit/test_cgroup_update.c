/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Updates of resources without a kernel: merging, what is to be written, the words that bring an old value back, keeping. */
#include <errno.h>
#include <stdint.h>

#include "engine/cgroup_table.h"
#include "linux/cgroup_impl.h"
#include "spec/load.h"
#include "tap.h"

static struct arena arena;
static struct cgroup_writes writes;
static struct err err;
static struct facts facts;

static struct spec_resources *load(const char *json)
{
	struct spec_resources *r = NULL;

	memset(&err, 0, sizeof(err));
	if (spec_load_resources(&r, &arena, json, strlen(json), NULL, &err) < 0)
		printf("# %s: %s\n", err.where, err.msg);
	return r;
}

static const char *text_of(const struct spec_resources *r)
{
	auto_buf struct buf out = { 0 };

	spec_write_resources(r, &out);
	return arena_str(&arena, buf_str(&out));
}

static const char *merged(const char *before, const char *change)
{
	struct spec_resources *now;

	CHECK_INT(cgroup_table_merge(&now, &arena, before ? load(before) : NULL, load(change)), 0);
	return text_of(now);
}

/* ---- keeping ---- */

static void same(const char *json)
{
	CHECK_STR(text_of(load(json)), json);
}

static void written_as_read(void)
{
	same("{}");
	same("{\"memory\":{\"limit\":-1,\"swappiness\":0,\"disableOOMKiller\":false}}");
	same("{\"cpu\":{\"shares\":18446744073709551615,\"quota\":-1,\"idle\":1,\"cpus\":\"0-3\"},"
	     "\"pids\":{\"limit\":0}}");
	same("{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-1,\"access\":"
	     "\"rw\"}]}");
	same("{\"blockIO\":{\"weight\":10,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":20}"
	     "],"
	     "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}]}}");
	same("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}],\"network\":{\"classID\":1,"
	     "\"priorities\":[{\"name\":\"lo\",\"priority\":2}]},\"rdma\":{\"mlx5_1\":{"
	     "\"hcaHandles\":"
	     "3}},\"unified\":{\"memory.high\":\"1 \\\"2\"}}");
}

/* ---- merging ---- */

static void values_are_laid_over(void)
{
	CHECK_STR(merged(NULL, "{\"pids\":{\"limit\":5}}"), "{\"pids\":{\"limit\":5}}");
	CHECK_STR(merged("{\"memory\":{\"limit\":8,\"swap\":9},\"cpu\":{\"cpus\":\"0\"}}",
			 "{\"memory\":{\"limit\":7},\"cpu\":{\"shares\":0,\"mems\":\"0\"}}"),
		  "{\"memory\":{\"limit\":7,\"swap\":9},\"cpu\":{\"cpus\":\"0\",\"mems\":\"0\"}}");
	/* 0 is "not given" */
	CHECK_STR(merged("{\"memory\":{\"limit\":8}}", "{\"memory\":{\"limit\":0}}"),
		  "{\"memory\":{\"limit\":8}}");
	/* no limit of memory, none of memory and swap either */
	CHECK_STR(merged("{\"memory\":{\"limit\":8,\"swap\":9}}", "{\"memory\":{\"limit\":-1}}"),
		  "{\"memory\":{\"limit\":-1,\"swap\":-1}}");
	CHECK_STR(merged("{\"memory\":{\"limit\":8}}", "{\"memory\":{\"checkBeforeUpdate\":true}}"),
		  "{\"memory\":{\"limit\":8,\"checkBeforeUpdate\":true}}");
}

static void lists_are_laid_over(void)
{
	CHECK_STR(merged("{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":20,"
			 "\"leafWeight\":30},{\"major\":8,\"minor\":1,\"weight\":40}]}}",
			 "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":21},"
			 "{\"major\":9,\"minor\":0,\"weight\":50}]}}"),
		  "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":21,"
		  "\"leafWeight\":30},{\"major\":8,\"minor\":1,\"weight\":40},"
		  "{\"major\":9,\"minor\":0,\"weight\":50}]}}");
	CHECK_STR(merged("{\"unified\":{\"memory.high\":\"1\",\"pids.max\":\"2\"}}",
			 "{\"unified\":{\"pids.max\":\"3\"}}"),
		  "{\"unified\":{\"memory.high\":\"1\",\"pids.max\":\"3\"}}");
	CHECK_STR(merged("{\"devices\":[{\"allow\":false}]}", "{\"pids\":{\"limit\":1}}"),
		  "{\"devices\":[{\"allow\":false,\"type\":\"a\",\"major\":-1,\"minor\":-1,"
		  "\"access\":\"rwm\"}],\"pids\":{\"limit\":1}}");
	CHECK_STR(
		merged("{\"rdma\":{\"a\":{\"hcaHandles\":1}}}",
		       "{\"rdma\":{\"a\":{\"hcaObjects\":2},\"b\":{\"hcaHandles\":3}}}"),
		"{\"rdma\":{\"a\":{\"hcaHandles\":1,\"hcaObjects\":2},\"b\":{\"hcaHandles\":3}}}");
}

/* ---- what is written ---- */

/* "FILE VALUE; …" */
static const char *changes(bool v2, const char *before, const char *change)
{
	struct cgroup_update u = { .before = before ? load(before) : NULL, .change = load(change) };
	auto_buf struct buf out = { 0 };
	struct spec_resources *now;

	facts = (struct facts){ .cgroup_mode = v2 ? CGROUP_MODE_V2 : CGROUP_MODE_V1,
				.n_hierarchies = 1 };
	strcpy(facts.hierarchies[0].controllers, "cpu,io,blkio,memory,pids");
	strcpy(facts.hierarchies[0].mount, "/sys/fs/cgroup");
	facts.hierarchies[0].v2 = v2;
	writes = (struct cgroup_writes){ 0 };
	CHECK_INT(cgroup_table_merge(&now, &arena, u.before, u.change), 0);
	u.now = now;
	if (cgroup_table_changes(&writes, &arena, &u, &facts, &err) < 0)
		return err.where;
	for (size_t i = 0; i < writes.n; i++)
		buf_addf(&out, "%s%s %s", i ? "; " : "", writes.v[i].file, writes.v[i].value);
	return arena_str(&arena, buf_str(&out));
}

static void only_what_changes(void)
{
	const char *before = "{\"memory\":{\"limit\":100,\"swap\":150},\"pids\":{\"limit\":3},"
			     "\"cpu\":{\"quota\":5000,\"period\":10000}}";

	CHECK_STR(changes(true, before, "{\"pids\":{\"limit\":4}}"), "pids.max 4");
	CHECK_STR(changes(true, before, "{\"pids\":{\"limit\":3}}"), "pids.max 3"); /* said again */
	CHECK_STR(changes(true, before, "{\"pids\":{\"limit\":-1}}"), "pids.max max");
	CHECK_INT(writes.v[0].flags & CGROUP_NEUTRAL, 0);
	/* v2 counts swap alone, so it goes with the limit */
	CHECK_STR(changes(true, before, "{\"memory\":{\"limit\":120}}"),
		  "memory.max 120; memory.swap.max 30");
	CHECK_STR(changes(false, before, "{\"memory\":{\"limit\":120}}"),
		  "memory.limit_in_bytes 120");
	CHECK_STR(changes(true, before, "{\"memory\":{\"limit\":160}}"),
		  "$.linux.resources.memory.swap");
	CHECK_STR(changes(true, before, "{\"cpu\":{\"quota\":6000}}"), "cpu.max 6000 10000");
	CHECK_STR(changes(true, before, "{\"cpu\":{\"period\":20000}}"), "cpu.max 5000 20000");
	CHECK_STR(changes(false, before, "{\"memory\":{\"limit\":-1}}"),
		  "memory.limit_in_bytes -1; memory.memsw.limit_in_bytes -1");
}

static void both_of_two_files(void)
{
	CHECK_STR(changes(true, "{\"blockIO\":{\"weight\":500}}", "{\"blockIO\":{\"weight\":501}}"),
		  "io.bfq.weight 501; io.weight 4960");
	CHECK_STR(changes(true,
			  "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,"
			  "\"rate\":1},{\"major\":9,\"minor\":0,\"rate\":2}]}}",
			  "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":9,\"minor\":0,"
			  "\"rate\":3}]}}"),
		  "io.max 9:0 rbps=3");
}

/* ---- taking back ---- */

static const char *back(const char *file, const char *now, const char *value)
{
	auto_buf struct buf out = { 0 };

	CHECK_INT(cgroup_undo_words(now, value, file, &out), 0);
	return arena_str(&arena, buf_str(&out));
}

static void old_values(void)
{
	CHECK_STR(back("pids.max", "max\n", "5"), "max");
	CHECK_STR(back("cpu.max", "max 100000\n", "50000 100000"), "max 100000");
	CHECK_STR(back("cpu.max", "20000 50000\n", "max"), "20000 50000");
	CHECK_STR(back("cpuset.cpus", "\n", "0-1"), "\n");
	CHECK_STR(back("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "1"),
		  "0");
	CHECK_STR(back("io.weight", "default 100\n8:0 200\n", "300"), "100");
	CHECK_STR(back("io.weight", "default 100\n8:0 200\n", "8:0 300"), "8:0 200");
	CHECK_STR(back("io.weight", "default 100\n", "8:0 300"), "8:0 default");
	CHECK_STR(back("io.max", "8:0 rbps=max wbps=5 riops=max wiops=max\n", "8:0 rbps=3"),
		  "8:0 rbps=max wbps=5 riops=max wiops=max");
	CHECK_STR(back("io.max", "8:16 rbps=7\n", "8:1 rbps=3 wbps=4"), "8:1 rbps=max wbps=max");
	CHECK_STR(back("blkio.throttle.read_bps_device", "8:0 500\n", "8:0 3"), "8:0 500");
	CHECK_STR(back("blkio.throttle.read_bps_device", "", "8:0 3"), "8:0 0");
	CHECK_STR(back("net_prio.ifpriomap", "lo 5\neth0 0\n", "lo 7"), "lo 5");
	CHECK_STR(back("rdma.max", "mlx5_0 hca_handle=max hca_object=3\n", "mlx5_0 hca_handle=1"),
		  "mlx5_0 hca_handle=max hca_object=3");
}

static const struct test tests[] = {
	{ "resources are written as they were read", written_as_read },
	{ "an update is laid over the values", values_are_laid_over },
	{ "an update is laid over the lists", lists_are_laid_over },
	{ "only what changes is written", only_what_changes },
	{ "a property with two files", both_of_two_files },
	{ "the words that bring an old value back", old_values },
};

TAP_MAIN(tests)
