/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded hosts: what was saved is loaded back; wrong files are refused with their place. */
#include <errno.h>
#include <stdlib.h>

#include "engine/facts_load.h"
#include "tests/unit/tap.h"

static struct facts f;

static int load(const char *json, struct err *e)
{
	*e = (struct err){ 0 };
	return facts_load(&f, json, strlen(json), e);
}

static void loads_what_was_saved(void)
{
	static struct facts here;
	auto_buf struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };

	CHECK_INT(facts_probe_all(&here, &e), 0);
	CHECK_INT(facts_save(&here, &first), 0);
	CHECK_INT(facts_load(&f, first.p, first.len, &e), 0);
	CHECK_STR(e.msg, "");
	CHECK_INT(facts_save(&f, &second), 0);
	CHECK_STR(buf_str(&second), buf_str(&first));
	CHECK_INT(f.caps, here.caps);
}

static void loads_hand_made_files(void)
{
	struct err e;

	CHECK_INT(load("{\"kernel_major\": 5, \"cgroup_mode\": \"v2\", \"hierarchies\": ["
		       "{\"v2\": true, \"own\": \"/\", \"mount\": \"/sys/fs/cgroup\", "
		       "\"controllers\": \"cpu,pids\"},"
		       "{\"own\": \"/x\"}]}",
		       &e),
		  0);
	CHECK_INT(f.kernel_major, 5);
	CHECK_INT(f.cgroup_mode, CGROUP_MODE_V2);
	CHECK_INT(f.n_hierarchies, 2);
	CHECK(facts_controller(&f, "pids") == &f.hierarchies[0]);
	CHECK_STR(f.hierarchies[1].own, "/x");
}

static void refuses(const char *json, const char *where)
{
	struct err e;

	CHECK(load(json, &e) < 0);
	CHECK(e.code != ERR_NONE && e.msg[0]);
	CHECK_STR(e.where, where);
}

static void refuses_wrong_files(void)
{
	struct err e;

	CHECK(load("", &e) < 0);
	CHECK(load("{", &e) < 0);
	CHECK(load("[]", &e) < 0);
	refuses("{}", "$.kernel_major");
	refuses("{\"kernel_major\": \"5\"}", "$.kernel_major");
	refuses("{\"kernel_major\": 5.1}", "$.kernel_major");
	refuses("{\"kernel_major\": -5}", "$.kernel_major");
	refuses("{\"kernel_major\": 4294967296}", "$.kernel_major");
	refuses("{\"kernel_major\": 99999999999999999999999999}", "$.kernel_major");
	refuses("{\"caps\": 18446744073709551616}", "$.caps");
	refuses("{\"systemd\": 1}", "$.systemd");
	refuses("{\"systemd\": null}", "$.systemd");
	refuses("{\"sytemd\": true}", "$.sytemd");
	refuses("{\"uid\": {}}", "$.uid");
	refuses("{\"cgroup_mode\": \"v3\"}", "$.cgroup_mode");
	refuses("{\"hierarchies\": {}}", "$.hierarchies");
	refuses("{\"hierarchies\": true}", "$.hierarchies");
	refuses("{\"hierarchies\": [1]}", "$.hierarchies[0]");
	refuses("{\"hierarchies\": [[]]}", "$.hierarchies[0]");
	refuses("{\"hierarchies\": [{}]}", "$.hierarchies[0]");
	refuses("{\"hierarchies\": [{\"own\": \"/\", \"mount\": \"x\"}]}", "$.hierarchies[0]");
	refuses("{\"hierarchies\": [{\"own\": []}]}", "$.hierarchies[0].own");
	refuses("{\"hierarchies\": [{\"cgroup_mode\": \"v2\"}]}", "$.hierarchies[0].cgroup_mode");
	refuses("{\"machine\": \"0123456789012345678901234567890123456789\"}", "$.machine");
}

static void refuses_too_many_hierarchies(void)
{
	auto_buf struct buf b = { 0 };
	struct err e;

	buf_adds(&b, "{\"kernel_major\": 5, \"hierarchies\": [");
	for (int i = 0; i < FACTS_MAX_HIERARCHIES; i++)
		buf_addf(&b, "%s{\"own\": \"/\"}", i ? "," : "");
	size_t fits = b.len;
	buf_adds(&b, "]}");
	CHECK_INT(load(buf_str(&b), &e), 0);
	b.len = fits;
	buf_adds(&b, ",{\"own\": \"/\"}]}");
	CHECK(load(buf_str(&b), &e) < 0);
	CHECK_STR(e.where, "$.hierarchies[24]");
}

static const struct test tests[] = {
	{ "loads what was saved", loads_what_was_saved },
	{ "loads hand-made files", loads_hand_made_files },
	{ "refuses wrong files", refuses_wrong_files },
	{ "refuses too many hierarchies", refuses_too_many_hierarchies },
};
TAP_MAIN(tests)
