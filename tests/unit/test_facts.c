/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host facts: /proc/self/cgroup taken apart, hierarchies found by controller, saved as JSON; a probe of this host. */
#include <stdio.h>
#include <stdlib.h>

#include "sys/facts.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

static void parses_cgroup_files(void)
{
	struct cgroup_hierarchy h[4];
	char text[1200];

	CHECK_INT(facts_parse_cgroup("", h, 4), 0);
	CHECK_INT(facts_parse_cgroup("0::/user.slice/a:b\n", h, 4), 1);
	CHECK(h[0].v2);
	CHECK_STR(h[0].controllers, "");
	CHECK_STR(h[0].own, "/user.slice/a:b");
	CHECK_STR(h[0].mount, "");
	CHECK_INT(facts_parse_cgroup(
			  "9:name=systemd:/\n5:cpu,cpuacct:/../x\n3:pids:/..\n1:memory:/..hidden",
			  h, 4),
		  4);
	CHECK(!h[0].v2);
	CHECK_STR(h[0].controllers, "name=systemd");
	CHECK_STR(h[1].controllers, "cpu,cpuacct");
	CHECK_STR(h[1].own, "/");
	CHECK_STR(h[2].own, "/");
	CHECK_STR(h[3].own, "/..hidden");
	CHECK_INT(facts_parse_cgroup("1:a:/\n2:b:/\n3:c:/\n4:d:/\n5:e:/\n", h, 4), -E2BIG);
	CHECK_INT(facts_parse_cgroup("1\n", h, 4), -EINVAL);
	CHECK_INT(facts_parse_cgroup("1:x\n", h, 4), -EINVAL);
	CHECK_INT(facts_parse_cgroup("1:x:\n", h, 4), -EINVAL);
	CHECK_INT(facts_parse_cgroup("1:x:y\n", h, 4), -EINVAL);
	CHECK_INT(facts_parse_cgroup("\n", h, 4), -EINVAL);
	snprintf(text, sizeof(text), "0::/%01023d\n", 0);
	CHECK_INT(facts_parse_cgroup(text, h, 4), -ENAMETOOLONG);
	snprintf(text, sizeof(text), "0::/%01022d\n", 0);
	CHECK_INT(facts_parse_cgroup(text, h, 4), 1);
	CHECK_INT(strlen(h[0].own), 1023);
	snprintf(text, sizeof(text), "1:%0128d:/\n", 0);
	CHECK_INT(facts_parse_cgroup(text, h, 4), -ENAMETOOLONG);
}

static void knows_the_initial_map(void)
{
	CHECK(facts_is_initial_map("         0          0 4294967295"));
	CHECK(facts_is_initial_map("         0          0 4294967295\n"));
	CHECK(!facts_is_initial_map(""));
	CHECK(!facts_is_initial_map("         0       1000          1"));
	CHECK(!facts_is_initial_map("         0          0 4294967294"));
	CHECK(!facts_is_initial_map(
		"         0          0       1000\n      1000       1000 4294966295"));
	CHECK(!facts_is_initial_map("0 0 4294967295 7"));
}

static const struct facts hybrid = {
	.kernel_major = 5,
	.kernel_minor = 10,
	.kernel_release = "5.10.0",
	.caps = 0x1ffffffffffULL,
	.cgroup_mode = CGROUP_MODE_HYBRID,
	.n_hierarchies = 4,
	.hierarchies = {
		{ "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/", false },
		{ "name=systemd", "/sys/fs/cgroup/systemd", "/a\"b", false },
		{ "net_cls", "", "/", false },
		{ "cpu,hugetlb", "/sys/fs/cgroup/unified", "/", true },
	},
};

static void finds_controllers(void)
{
	CHECK(facts_controller(&hybrid, "cpu") == &hybrid.hierarchies[0]);
	CHECK(facts_controller(&hybrid, "cpuacct") == &hybrid.hierarchies[0]);
	CHECK(facts_controller(&hybrid, "name=systemd") == &hybrid.hierarchies[1]);
	CHECK(facts_controller(&hybrid, "hugetlb") == &hybrid.hierarchies[3]);
	CHECK(facts_controller(&hybrid, "net_cls") == NULL);
	CHECK(facts_controller(&hybrid, "cpua") == NULL);
	CHECK(facts_controller(&hybrid, "") == NULL);
	CHECK(facts_unified(&hybrid) == &hybrid.hierarchies[3]);
	CHECK(facts_kernel_at_least(&hybrid, 5, 10));
	CHECK(facts_kernel_at_least(&hybrid, 4, 19));
	CHECK(!facts_kernel_at_least(&hybrid, 5, 11));
	CHECK(!facts_kernel_at_least(&hybrid, 6, 0));
}

static void saves_as_json(void)
{
	auto_buf struct buf b = { 0 };

	CHECK_INT(facts_save(&hybrid, &b), 0);
	CHECK(strstr(buf_str(&b), "\"cgroup_mode\": \"hybrid\""));
	CHECK(strstr(buf_str(&b), "\"own\": \"/a\\\"b\""));
	CHECK(strstr(buf_str(&b), "\"caps\": 2199023255551"));
	CHECK(strstr(buf_str(&b), "\"kernel_minor\": 10"));
}

static void has_a_field_for_every_type(void)
{
	for (const struct facts_field *f = facts_fields; f->name; f++) {
		CHECK(f->type != FACTS_BOOL || f->size == sizeof(bool));
		CHECK(f->type != FACTS_UINT || f->size == sizeof(unsigned));
		CHECK(f->type != FACTS_U64 || f->size == sizeof(uint64_t));
		CHECK(f->offset + f->size <= sizeof(struct facts));
	}
}

static void probes_this_host(void)
{
	struct facts *f = malloc(sizeof(*f));
	int before = n_open_fds();
	struct err e = { 0 };

	CHECK_INT(facts_probe(f, &e), 0);
	CHECK(f->kernel_major >= 4);
	CHECK_INT(f->uid, geteuid());
	CHECK(!f->complete);
	for (unsigned i = 0; i < f->n_hierarchies; i++)
		CHECK(f->hierarchies[i].own[0] == '/');
	CHECK((f->cgroup_mode == CGROUP_MODE_V2 || f->cgroup_mode == CGROUP_MODE_HYBRID) ==
	      !!facts_unified(f));
	CHECK_INT(facts_probe_all(f, &e), 0);
	CHECK(f->complete && f->last_cap >= 37 && f->n_cpus >= 1);
	CHECK_INT(n_open_fds(), before);
	free(f);
}

static const struct test tests[] = {
	{ "parses /proc/self/cgroup", parses_cgroup_files },
	{ "knows the initial id map", knows_the_initial_map },
	{ "finds controllers", finds_controllers },
	{ "saves as JSON", saves_as_json },
	{ "has a field for every type", has_a_field_for_every_type },
	{ "probes this host", probes_this_host },
};
TAP_MAIN(tests)
