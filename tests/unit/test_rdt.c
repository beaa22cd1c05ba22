/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resctrl on a directory that imitates it with plain files: which groups are found, made, compared, joined and removed, and what is
 * written in which order. (No such hardware is needed; what the kernel answers is its own affair.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/rdt.h"
#include "linux/rdt_stats.h"
#include "sys/hostfs.h"
#include "tap.h"

static char base[] = "/tmp/ketch-rdt.XXXXXX";
static struct rdt_root root = { -1, true };
static struct err err;
static struct arena arena;
static struct strv notes;

static void put(const char *file, const char *text)
{
	auto_fd int fd = openat(root.fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static const char *get(const char *file)
{
	static char text[512];

	if (host_read_small(root.fd, file, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "(none)");
	return text;
}

static void make(const char *dir)
{
	CHECK(mkdirat(root.fd, dir, 0755) == 0);
}

static bool is_there(const char *path)
{
	return faccessat(root.fd, path, F_OK, 0) == 0;
}

static int note(UNUSED void *ctx, const char *path, UNUSED struct err *e)
{
	return strv_add(&notes, path);
}

static int run(const struct plan_rdt *p, struct rdt_made *made)
{
	memset(&err, 0, sizeof(err));
	return rdt_group_make(&root, p, made, note, NULL, &err);
}

static void schemata(void)
{
	const char *kernel = "    L3:0=0000fffff;1=000ff\n    MB:0= 100;1=  50\nL3CODE:0=f\n";

	CHECK(rdt_schemata_match(kernel, "L3:0=fffff;1=ff\n"));
	CHECK(rdt_schemata_match(kernel, "L3:1=0FF\nMB:0=100"));
	CHECK(rdt_schemata_match(kernel, "L3CODE:0=f"));
	CHECK(rdt_schemata_match(kernel, ""));
	CHECK(!rdt_schemata_match(kernel, "L3:0=ffff"));
	CHECK(!rdt_schemata_match(kernel, "L3:2=f"));
	CHECK(!rdt_schemata_match(kernel, "L2:0=f"));
	CHECK(!rdt_schemata_match(kernel, "nonsense"));
	CHECK(!rdt_schemata_match(kernel, "L3:0"));
	CHECK(!rdt_schemata_match("", "L3:0=f"));
}

static void new_group(void)
{
	struct plan_rdt p = { .on = true,
			      .given = true,
			      .group = "gold",
			      .schema = "L3:0=f\nMB:0=20\n",
			      .monitor = "ct" };
	struct rdt_made made;

	CHECK_INT(run(&p, &made), 0);
	CHECK(made.group && made.monitor);
	CHECK_STR(get("gold/schemata"), "L3:0=f\nMB:0=20");
	CHECK_STR(notes.v[0], "gold");
	CHECK_STR(notes.v[1], "gold/mon_groups/ct");
	CHECK_INT(rdt_group_join(&root, &p, 42, &err), 0);
	CHECK_STR(get("gold/tasks"), "42");
	CHECK_STR(get("gold/mon_groups/ct/tasks"), "42");
	rdt_group_unmake(&root, &p, &made);
	CHECK(!is_there("gold"));
	p.schemata = "MB:0=30\n"; /* written last */
	CHECK_INT(run(&p, &made), 0);
	CHECK_STR(get("gold/schemata"), "MB:0=30");
	rdt_group_unmake(&root, &p, &made);
}

static void found_group(void)
{
	struct plan_rdt p = {
		.on = true, .given = true, .group = "old", .schema = "L3:0=0f\n", .monitor = "ct"
	};
	struct rdt_made made;

	make("old");
	make("old/mon_groups");
	put("old/schemata", "    L3:0=f\n    MB:0=100\n");
	CHECK_INT(run(&p, &made), 0);
	CHECK(!made.group && made.monitor);
	rdt_group_unmake(&root, &p, &made);
	CHECK(is_there("old") && !is_there("old/mon_groups/ct"));
	p.schema = "L3:0=7\n";
	CHECK(run(&p, &made) < 0);
	CHECK_STR(err.where, "$.linux.intelRdt.closID");
	CHECK(!made.group && !made.monitor);
	CHECK_STR(get("old/schemata"), "    L3:0=f\n    MB:0=100");
	p.schema = NULL; /* taken as it is */
	CHECK_INT(run(&p, &made), 0);
	CHECK(run(&p, &made) < 0); /* its monitoring group is there */
	CHECK_STR(err.where, "$.linux.intelRdt.enableMonitoring");
	CHECK(!made.monitor);
}

static void missing_group(void)
{
	struct plan_rdt p = { .on = true, .given = true, .group = "none" };
	struct rdt_made made;

	CHECK(run(&p, &made) < 0);
	CHECK_INT(err.code, ERR_NOT_FOUND);
	CHECK_STR(err.where, "$.linux.intelRdt.closID");
	p.given = false; /* the container's id: made without a schema */
	CHECK_INT(run(&p, &made), 0);
	CHECK(!is_there("none/schemata"));
	CHECK(run(&p, &made) < 0);
	CHECK_INT(err.code, ERR_EXISTS);
	rdt_group_unmake(&root, &p, &(struct rdt_made){ .group = true });
}

static void default_group(void)
{
	struct plan_rdt p = { .on = true, .given = true, .group = "", .monitor = "ct" };
	struct rdt_made made;

	put("schemata", "L3:0=fffff\n");
	if (!is_there("mon_groups"))
		make("mon_groups");
	CHECK_INT(run(&p, &made), 0);
	CHECK(!made.group && made.monitor && is_there("mon_groups/ct"));
	CHECK_INT(rdt_group_join(&root, &p, 7, &err), 0);
	CHECK_STR(get("tasks"), "7");
	rdt_group_unmake(&root, &p, &made);
	CHECK(!is_there("mon_groups/ct"));
}

static void figures(void)
{
	struct rdt_stats s;

	make("info");
	make("info/L3");
	make("info/MB");
	put("info/L3/cbm_mask", "fffff\n");
	put("info/L3/min_cbm_bits", "1\n");
	put("info/L3/num_closids", "16\n");
	put("info/MB/min_bandwidth", "10\n");
	make("count");
	put("count/schemata", "    MB:0=20\n    L3:0=f\n");
	make("count/mon_data");
	make("count/mon_data/mon_L3_01");
	make("count/mon_data/mon_L3_00");
	put("count/mon_data/mon_L3_00/llc_occupancy", "512\n");
	put("count/mon_data/mon_L3_01/mbm_total_bytes", "1024\n");
	CHECK_INT(rdt_stats(&root, "count", NULL, &arena, &s), 0);
	CHECK(s.has && s.l3.has && s.mb.has);
	CHECK_STR(s.l3.cbm_mask, "fffff");
	CHECK_INT(s.l3.num_closids, 16);
	CHECK_STR(s.l3_root, "L3:0=fffff");
	CHECK_STR(s.l3_group, "L3:0=f");
	CHECK_STR(s.mb_group, "MB:0=20");
	CHECK_INT(s.schemata.n, 2);
	CHECK_INT(s.domains.n, 2);
	CHECK_INT(s.domains.v[0].occupancy, 512);
	CHECK_INT(s.domains.v[1].total, 1024);
	CHECK_INT(rdt_stats(&root, "nosuch", NULL, &arena, &s), 0);
	CHECK(!s.has);
}

static const struct test tests[] = {
	{ "schemata are compared by value", schemata },
	{ "a group is made, joined and removed", new_group },
	{ "a group that is there is compared and left", found_group },
	{ "a missing group", missing_group },
	{ "the default group", default_group },
	{ "figures", figures },
};

int main(void)
{
	if (!mkdtemp(base))
		return 1;
	root.fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = tap_run(tests, N_ELEMENTS(tests));
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)host_remove_tree(tmp, base + strlen("/tmp/"));
	close_fd(tmp);
	close_fd(root.fd);
	return r;
}
