/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the container's cgroups are, by cgroupsPath, manager and host; which devices they allow. */
#include <errno.h>
#include <linux/capability.h>

#include "engine/plan.h"
#include "tap.h"

static struct facts facts;
static struct spec_linux lnx;
static struct spec_resources resources;
static struct spec spec;
static struct plan plan;
static struct err err;

static void add_hierarchy(const char *controllers, const char *mount, const char *own, bool v2)
{
	struct cgroup_hierarchy *h = &facts.hierarchies[facts.n_hierarchies++];

	snprintf(h->controllers, sizeof(h->controllers), "%s", controllers);
	snprintf(h->mount, sizeof(h->mount), "%s", mount);
	snprintf(h->own, sizeof(h->own), "%s", own);
	h->v2 = v2;
}

static void fresh(void)
{
	arena_free(&plan.arena);
	plan = (struct plan){ .spec = &spec,
			      .facts = &facts,
			      .opts = { .use = FOR_CREATE, .id = "abc" } };
	spec = (struct spec){ .lnx = &lnx };
	lnx = (struct spec_linux){ .resources = NULL };
	resources = (struct spec_resources){ .has_pids_limit = false };
	facts = (struct facts){ .cgroup_mode = CGROUP_MODE_NONE };
	memset(&err, 0, sizeof(err));
}

static void on_v1(void)
{
	fresh();
	facts.cgroup_mode = CGROUP_MODE_HYBRID;
	add_hierarchy("memory", "/sys/fs/cgroup/memory", "/our/place", false);
	add_hierarchy("net_cls", "", "/", false);
	add_hierarchy("devices", "/sys/fs/cgroup/devices", "/", false);
	add_hierarchy("name=systemd", "/sys/fs/cgroup/systemd", "/user.slice", false);
	add_hierarchy("hugetlb", "/sys/fs/cgroup/unified", "/user.slice/session.scope", true);
}

static void on_v2(const char *own)
{
	fresh();
	facts.cgroup_mode = CGROUP_MODE_V2;
	add_hierarchy("cpu,io,memory,pids", "/sys/fs/cgroup", own, true);
}

static int make(const char *path)
{
	static char copy[4096];

	if (path) {
		snprintf(copy, sizeof(copy), "%s", path);
		lnx.cgroups_path = copy;
	}
	return plan_cgroup(&plan, &err);
}

static const char *dir(size_t i)
{
	return i < plan.cgroup.leaves.n ? plan.cgroup.leaves.v[i].dir : "(none)";
}

static void default_path(void)
{
	on_v1();
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.cgroup.manager, CGROUP_MANAGER_CGROUPFS);
	CHECK(plan.cgroup.relative);
	CHECK_INT(plan.cgroup.leaves.n, 4); /* what is not mounted is left out */
	CHECK_STR(dir(0), "/sys/fs/cgroup/memory/our/place/abc");
	CHECK_STR(dir(1), "/sys/fs/cgroup/devices/abc");
	CHECK_STR(dir(2), "/sys/fs/cgroup/systemd/user.slice/abc");
	CHECK_STR(dir(3), "/sys/fs/cgroup/unified/user.slice/abc"); /* beside our own: see below */
	on_v1();
	CHECK_INT(make(""), 0);
	CHECK_STR(dir(1), "/sys/fs/cgroup/devices/abc");
}

static void absolute_path(void)
{
	on_v1();
	CHECK_INT(make("/pods/a"), 0);
	CHECK(!plan.cgroup.relative);
	CHECK_STR(dir(0), "/sys/fs/cgroup/memory/pods/a");
	CHECK_STR(dir(3), "/sys/fs/cgroup/unified/pods/a");
}

static void relative_path(void)
{
	on_v1();
	CHECK_INT(make("pods/a"), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/memory/our/place/pods/a");
	CHECK_STR(dir(1), "/sys/fs/cgroup/devices/pods/a");
}

static void v2_relative_is_beside_us(void)
{
	on_v2("/system.slice/engine.service");
	CHECK_INT(make(NULL), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/system.slice/abc");
	on_v2("/x");
	CHECK_INT(make("a/b"), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/a/b");
	on_v2("/");
	CHECK_INT(make("a/b"), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/a/b");
	on_v2("/../outside"); /* of our cgroup namespace */
	CHECK_INT(make("a"), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/a");
}

static void odd_paths(void)
{
	on_v2("/");
	CHECK_INT(make("//a/./b//"), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/a/b");
	on_v2("/");
	CHECK_INT(make("/a/..b/c.."), 0);
	CHECK_STR(dir(0), "/sys/fs/cgroup/a/..b/c..");
	on_v2("/");
	CHECK_INT(make("system.slice:crio:abc"), 0); /* a name like any other without systemd */
	CHECK_STR(dir(0), "/sys/fs/cgroup/system.slice:crio:abc");
}

static void bad_paths(void)
{
	static const char *const bad[] = { "/",	  "//",	    "/.",    ".",    "..",
					   "/..", "a/../b", "/a/..", "a\nb", "/a\x7f" };
	char longest[400];

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		on_v1();
		CHECK(make(bad[i]) < 0);
		CHECK_INT(err.code, ERR_SPEC);
		CHECK_STR(err.where, "$.linux.cgroupsPath");
	}
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	on_v2("/");
	CHECK_INT(make(longest), 0);
	longest[255] = 'x';
	longest[256] = '\0';
	on_v2("/");
	CHECK(make(longest) < 0);
}

/* ---- managers ---- */

static void disabled(void)
{
	on_v1();
	plan.opts.cgroup_manager = CGROUP_MANAGER_DISABLED;
	CHECK_INT(make("/a"), 0);
	CHECK_INT(plan.cgroup.leaves.n, 0);
	CHECK_INT(plan.cgroup.writes.n, 0);
	CHECK_INT(plan.warnings.n, 0);

	/* what would do nothing is fine, what would is not */
	struct spec_memory memory = { .has_limit = true, .limit = -1 };
	on_v1();
	plan.opts.cgroup_manager = CGROUP_MANAGER_DISABLED;
	resources.memory = &memory;
	lnx.resources = &resources;
	CHECK_INT(make(NULL), 0);
	memory.limit = 4096;
	CHECK(make(NULL) < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK_STR(err.where, "$.linux.resources.memory.limit");
}

static void disabled_with_device_rules(void)
{
	struct spec_device_rule rules[] = { { false, 'a', -1, -1, DEV_ALL },
					    { false, 'c', 1, 3, DEV_ALL } };

	on_v1();
	plan.opts.cgroup_manager = CGROUP_MANAGER_DISABLED;
	lnx.resources = &resources;
	resources.devices.v = rules;
	resources.devices.n = 1; /* as Podman sends with --cgroups=disabled */
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.warnings.n, 0);
	resources.devices.n = 2;
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.warnings.n, 1);
}

static void systemd_is_refused(void)
{
	on_v2("/");
	plan.opts.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	CHECK(make("system.slice:a:b") < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK(err.hint[0] != '\0');
	/* exec finds the container's record */
	on_v2("/");
	plan.opts.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	plan.opts.use = FOR_EXEC;
	CHECK_INT(make(NULL), 0);
}

static bool has_property(const char *name)
{
	for (size_t i = 0; i < plan.cgroup.props.n; i++) {
		if (strcmp(plan.cgroup.props.v[i].name, name) == 0)
			return true;
	}
	return false;
}

/* In the scope itself where engines look for it on v1; devices apart, which are the cgroup's below alone. */
static void systemd_on_v1(void)
{
	on_v1();
	facts.systemd = true;
	plan.opts.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	CHECK_INT(make("system.slice:a:b"), 0);
	CHECK_STR(plan.cgroup.subgroup, "");
	CHECK_STR(plan.cgroup.device_subgroup, "container");
	CHECK(!plan.cgroup.device_program);
	CHECK(!has_property("DevicePolicy"));
	CHECK(!has_property("DeviceAllow"));
	CHECK(has_property("BlockIOAccounting"));
	CHECK(has_property("Delegate"));
	/* its own hierarchy is where it has its units */
	on_v1();
	facts.systemd = true;
	facts.hierarchies[3].mount[0] = '\0';
	plan.opts.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	CHECK(make("system.slice:a:b") < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK(strstr(err.msg, "name=systemd"));
	on_v2("/");
	facts.systemd = true;
	plan.opts.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	CHECK_INT(make("system.slice:a:b"), 0);
	CHECK_STR(plan.cgroup.subgroup, "container");
	CHECK(has_property("DevicePolicy"));
}

static void no_cgroups_at_all(void)
{
	fresh();
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.cgroup.leaves.n, 0);
	CHECK_INT(plan.warnings.n, 1); /* devices are not restricted */
	fresh();
	lnx.resources = &resources;
	resources.has_pids_limit = true;
	resources.pids_limit = 10;
	CHECK(make(NULL) < 0);
	CHECK_STR(err.where, "$.linux.resources.pids.limit");
}

/* ---- devices ---- */

static const char *device_write(size_t i)
{
	static char text[128];
	const struct cgroup_write *w = i < plan.cgroup.writes.n ? &plan.cgroup.writes.v[i] : NULL;

	snprintf(text, sizeof(text), "%s %s", w ? w->file : "(none)", w ? w->value : "");
	return text;
}

static void devices_v1(void)
{
	struct spec_device_rule rules[] = { { false, 'a', -1, -1, DEV_ALL },
					    { true, 'c', 10, 229, DEV_READ | DEV_WRITE } };

	on_v1();
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.cgroup.writes.n, 11);
	CHECK_STR(device_write(0), "devices.deny a");
	CHECK_STR(device_write(1), "devices.allow c *:* m");
	CHECK_INT(plan.cgroup.writes.v[1].flags, CGROUP_IF_GRANTED);
	CHECK_INT(plan.cgroup.writes.v[0].when, CGROUP_EARLY);
	CHECK_INT(plan.cgroup.writes.v[0].flags, 0);
	on_v1();
	lnx.resources = &resources;
	resources.devices.v = rules;
	resources.devices.n = 2;
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.cgroup.writes.n, 12);
	CHECK_STR(device_write(1), "devices.allow c 10:229 rw");
	CHECK_INT(plan.cgroup.writes.v[1].flags, 0); /* what the config asks for must be granted */
	CHECK_STR(plan.cgroup.writes.v[1].where, "$.linux.resources.devices[1]");
	CHECK_STR(device_write(11), "devices.allow c 136:* rwm");
	/* also where it is one of the defaults */
	rules[1].major = 1;
	rules[1].minor = 3;
	plan.cgroup.writes.n = 0;
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.cgroup.writes.n, 11);
	CHECK_STR(device_write(1), "devices.allow c 1:3 rwm");
	CHECK_INT(plan.cgroup.writes.v[1].flags, 0);
}

static void devices_v2(void)
{
	struct spec_device_rule all = { true, 'a', -1, -1, DEV_ALL };

	on_v2("/");
	CHECK_INT(make(NULL), 0);
	CHECK(plan.cgroup.device_program);
	CHECK_INT(plan.cgroup.writes.n, 0);
	on_v2("/");
	lnx.resources = &resources;
	resources.devices.v = &all;
	resources.devices.n = 1;
	CHECK_INT(make(NULL), 0);
	CHECK(!plan.cgroup.device_program); /* everything is allowed: nothing to attach */
}

/* On v2, with these rules, or none. */
static void plan_rootless(struct spec_device_rule *rules, size_t n, uid_t uid, uint64_t caps)
{
	on_v2("/user.slice/x");
	plan.rootless = true;
	plan.user_ns = uid != 0;
	facts.uid = uid;
	facts.caps = caps;
	resources.devices.v = rules;
	resources.devices.n = n;
	lnx.resources = &resources;
	CHECK_INT(make(NULL), 0);
}

static void devices_of_an_ordinary_user(void)
{
	struct spec_device_rule rules[] = { { false, 'a', -1, -1, DEV_ALL },
					    { true, 'c', 10, 229, DEV_ALL } };

	for (size_t n = 0; n < 2; n++) {
		plan_rootless(rules, n, 1000, 0);
		CHECK(!plan.cgroup.device_program);
		CHECK_INT(plan.warnings.n, 0);
	}
	plan_rootless(rules, 2, 1000, 0);
	CHECK(!plan.cgroup.device_program);
	CHECK_INT(plan.warnings.n, 1);
}

static void devices_of_a_rootless_root(void)
{
	struct spec_device_rule rules[] = { { false, 'a', -1, -1, DEV_ALL } };

	plan_rootless(rules, 1, 0, 1ull << CAP_SYS_ADMIN);
	CHECK(plan.cgroup.device_program);
	CHECK(!plan.cgroup.devices_quiet);
	CHECK_INT(plan.warnings.n, 0);
	plan_rootless(rules, 1, 0, 0);
	CHECK(!plan.cgroup.device_program);
	CHECK_INT(plan.warnings.n, 1);
	/* another user with the capability, too */
	plan_rootless(rules, 1, 1000, 1ull << CAP_SYS_ADMIN);
	CHECK(plan.cgroup.device_program);
	CHECK(plan.cgroup.devices_quiet);
}

static void devices_without_a_controller(void)
{
	struct spec_device_rule rules[] = { { false, 'a', -1, -1, DEV_ALL } };

	fresh();
	facts.cgroup_mode = CGROUP_MODE_V1;
	add_hierarchy("memory", "/sys/fs/cgroup/memory", "/", false);
	CHECK_INT(make(NULL), 0);
	CHECK_INT(plan.warnings.n, 1);
	lnx.resources = &resources;
	resources.devices.v = rules;
	resources.devices.n = 1;
	CHECK(make(NULL) < 0); /* asked for, and a container without it would be open */
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK_STR(err.where, "$.linux.resources.devices");
}

/* ---- ownership ---- */

static void ownership(void)
{
	char word[] = "ro", *ro[] = { word, NULL };
	struct spec_mount mount = { .destination = (char[]){ "/sys/fs/cgroup" } };

	on_v2("/");
	CHECK_INT(make(NULL), 0);
	CHECK(!plan.cgroup.delegate_chown);
	spec.mounts.v = &mount;
	spec.mounts.n = 1;
	lnx.ns[NS_CGROUP].present = true;
	CHECK_INT(make(NULL), 0);
	CHECK(plan.cgroup.delegate_chown);
	mount.options = (struct strv){ .v = ro, .n = 1 };
	CHECK_INT(make(NULL), 0);
	CHECK(!plan.cgroup.delegate_chown);
	mount.options.n = 0;
	lnx.ns[NS_CGROUP].path = (char[]){ "/proc/1/ns/cgroup" };
	CHECK_INT(make(NULL), 0);
	CHECK(!plan.cgroup.delegate_chown);
}

static const struct test tests[] = {
	{ "without cgroupsPath: the id in our own cgroup", default_path },
	{ "an absolute path", absolute_path },
	{ "a relative path", relative_path },
	{ "on v2 a relative path starts beside our own cgroup", v2_relative_is_beside_us },
	{ "slashes, dots and colons", odd_paths },
	{ "paths that are refused", bad_paths },
	{ "--cgroup-manager disabled", disabled },
	{ "--cgroup-manager disabled with device rules", disabled_with_device_rules },
	{ "--cgroup-manager systemd", systemd_is_refused },
	{ "--cgroup-manager systemd on v1", systemd_on_v1 },
	{ "a host without cgroups", no_cgroups_at_all },
	{ "devices on v1", devices_v1 },
	{ "devices on v2", devices_v2 },
	{ "devices of an ordinary user", devices_of_an_ordinary_user },
	{ "devices of root with --rootless=true", devices_of_a_rootless_root },
	{ "devices without a controller", devices_without_a_controller },
	{ "who is to own the cgroup", ownership },
};

TAP_MAIN(tests)
