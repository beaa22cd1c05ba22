/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container as a systemd unit: names, slices, properties from writes and annotations, and their bytes. */
#include <errno.h>

#include "engine/systemd.h"
#include "sys/dbus_wire.h"
#include "tap.h"

static struct arena arena;
static struct err err;

/* "SLICE SCOPE" */
static const char *names(const char *path, const char *id, bool rootless)
{
	static char text[1024];
	const char *slice, *scope;

	memset(&err, 0, sizeof(err));
	if (systemd_names(&arena, path, id, rootless, &slice, &scope, &err) < 0)
		return err.code == ERR_SPEC ? "refused" : "?";
	snprintf(text, sizeof(text), "%s %s", slice, scope);
	return text;
}

static void default_names(void)
{
	CHECK_STR(names(NULL, "web", false), "system.slice ketch-web.scope");
	CHECK_STR(names("", "web", true), "user.slice ketch-web.scope");
	CHECK_STR(names(NULL, "a+b@c", false), "system.slice ketch-a\\x2bb\\x40c.scope");
}

static void given_names(void)
{
	CHECK_STR(names("kube.slice:cri:1a", "x", false), "kube.slice cri-1a.scope");
	CHECK_STR(names("a-b-c.slice::web", "x", false), "a-b-c.slice web.scope");
	CHECK_STR(names("::web", "x", true), "user.slice web.scope");
	CHECK_STR(names("-.slice:p:web.scope", "x", false), "-.slice p-web.scope");
	CHECK_STR(names("a\\x2db.slice::.web", "x", false), "a\\x2db.slice \\x2eweb.scope");
}

static void refused_names(void)
{
	char longer[400];

	CHECK_STR(names("/a/b", "x", false), "refused");
	CHECK_STR(err.where, "$.linux.cgroupsPath");
	CHECK(strstr(err.hint, "SLICE:PREFIX:NAME"));
	CHECK_STR(names("a:b", "x", false), "refused");
	CHECK_STR(names("a.slice:b:c:d", "x", false), "refused");
	CHECK_STR(names("a:b:c", "x", false), "refused");
	CHECK_STR(names(".slice:b:c", "x", false), "refused");
	CHECK_STR(names("a/b.slice:b:c", "x", false), "refused");
	CHECK_STR(names("-a.slice:b:c", "x", false), "refused");
	CHECK_STR(names("a--b.slice:b:c", "x", false), "refused");
	CHECK_STR(names("a-.slice:b:c", "x", false), "refused");
	CHECK_STR(names("../a.slice:b:c", "x", false), "refused");
	CHECK_STR(names("a.slice:b:", "x", false), "refused");
	CHECK_STR(names("a.slice:b:c/d", "x", false), "refused");
	CHECK_STR(names("a.slice:b/:d", "x", false), "refused");
	CHECK_STR(names("a.slice:b:c.slice", "x", false), "refused");
	snprintf(longer, sizeof(longer), "a.slice::%0300d", 1);
	CHECK_STR(names(longer, "x", false), "refused");
	snprintf(longer, sizeof(longer), "%0300d.slice::x", 1);
	CHECK_STR(names(longer, "x", false), "refused");
}

static void paths(void)
{
	CHECK_STR(systemd_slice_path(&arena, "-.slice"), "");
	CHECK_STR(systemd_slice_path(&arena, "a.slice"), "/a.slice");
	CHECK_STR(systemd_slice_path(&arena, "a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
	CHECK_STR(systemd_object_path(&arena, "1a-b.scope"),
		  "/org/freedesktop/systemd1/unit/_31a_2db_2escope");
}

/* ---- properties ---- */

static const struct cgroup_hierarchy v2 = { .v2 = true }, v1 = { .v2 = false };

/* The properties of one write, by ';'. */
static const char *of_write(const struct cgroup_hierarchy *h, const char *file, const char *value)
{
	static char text[1024];
	struct cgroup_write w = {
		.h = h, .file = file, .value = value, .where = "$.x", .when = CGROUP_LATE
	};
	const struct cgroup_writes writes = { .v = &w, .n = 1 };
	struct systemd_props p = { .arena = &arena };
	auto_buf struct buf out = { 0 };

	systemd_add_writes(&p, &writes, true);
	for (size_t i = 0; i < p.n; i++) {
		buf_adds(&out, i ? ";" : "");
		systemd_prop_words(&p.v[i], &out);
		CHECK_STR(p.v[i].where, "$.x");
		CHECK_INT(p.v[i].when, CGROUP_LATE);
	}
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	return text;
}

static void writes(void)
{
	static const char *const table[][3] = {
		{ "memory.max", "1048576", "MemoryMax 1048576" },
		{ "memory.max", "max", "MemoryMax infinity" },
		{ "memory.max", "0", "MemoryMax 1" },
		{ "memory.high", "1G", "MemoryHigh 1073741824" },
		{ "memory.low", "0", "MemoryLow 0" },
		{ "memory.min", "4096", "MemoryMin 4096" },
		{ "memory.swap.max", "0", "MemorySwapMax 0" },
		{ "memory.max", "nonsense", "" },
		{ "memory.max", "-5", "" },
		{ "pids.max", "0", "TasksMax 1" },
		{ "pids.max", "max", "TasksMax infinity" },
		{ "cpu.weight", "59", "CPUWeight 59" },
		{ "cpu.idle", "1", "CPUWeight 0" },
		{ "cpu.idle", "0", "" },
		{ "cpu.max", "50000 100000", "CPUQuotaPerSecUSec 500000" },
		{ "cpu.max", "50000", "CPUQuotaPerSecUSec 500000" },
		{ "cpu.max", "1000 3000", "CPUQuotaPerSecUSec 340000;CPUQuotaPeriodUSec 3000" },
		{ "cpu.max", "max 50000", "CPUQuotaPerSecUSec infinity;CPUQuotaPeriodUSec 50000" },
		{ "cpu.max", "max", "CPUQuotaPerSecUSec infinity" },
		{ "cpu.max", "5 0", "" },
		{ "cpu.max", "18446744073709551614 1", "" },
		{ "cpuset.cpus", "0-1", "AllowedCPUs 3" },
		{ "cpuset.cpus", "1,9-10", "AllowedCPUs 2 6" },
		{ "cpuset.cpus", "", "" },
		{ "cpuset.cpus", "99999999", "" },
		{ "cpuset.mems", "0", "AllowedMemoryNodes 1" },
		{ "io.weight", "default 200", "IOWeight 200" },
		{ "io.weight", "200", "IOWeight 200" },
		{ "io.weight", "8:16 300", "IODeviceWeight /dev/block/8:16:300" },
		{ "io.max", "8:0 rbps=1000", "IOReadBandwidthMax /dev/block/8:0:1000" },
		{ "io.max", "8:0 wbps=max riops=5 wiops=6",
		  "IOWriteBandwidthMax /dev/block/8:0:infinity;IOReadIOPSMax "
		  "/dev/block/8:0:5;IOWriteIOPSMax /dev/block/8:0:6" },
		{ "io.max", "8:0 xbps=3", "" },
		{ "io.max", "8:0", "" },
		{ "hugetlb.2MB.max", "0", "" },
		{ "memory.oom.group", "1", "" },
	};

	for (size_t i = 0; i < N_ELEMENTS(table); i++)
		CHECK_STR(of_write(&v2, table[i][0], table[i][1]), table[i][2]);
}

static void writes_v1(void)
{
	static const char *const table[][3] = {
		{ "memory.limit_in_bytes", "1048576", "MemoryLimit 1048576" },
		{ "memory.limit_in_bytes", "-1", "MemoryLimit infinity" },
		{ "memory.memsw.limit_in_bytes", "1048576", "" },
		{ "pids.max", "0", "TasksMax 1" },
		{ "pids.max", "max", "TasksMax infinity" },
		{ "cpu.shares", "512", "CPUShares 512" },
		{ "cpu.shares", "1", "CPUShares 2" },
		{ "cpu.shares", "1000000", "CPUShares 262144" },
		{ "cpu.weight", "512", "" },
		{ "cpuset.cpus", "0", "" },
		/* an update tells the period, too: it may have been another one before */
		{ "cpu.cfs_quota_us", "12345",
		  "CPUQuotaPerSecUSec 130000;CPUQuotaPeriodUSec 100000" },
		{ "cpu.cfs_quota_us", "-1",
		  "CPUQuotaPerSecUSec infinity;CPUQuotaPeriodUSec 100000" },
		{ "cpu.cfs_period_us", "50000",
		  "CPUQuotaPerSecUSec infinity;CPUQuotaPeriodUSec 50000" },
		{ "cpu.cfs_period_us", "0", "" },
		{ "cpu.cfs_quota_us", "many", "" },
		{ "blkio.weight", "5", "BlockIOWeight 10" },
		{ "blkio.weight", "500", "BlockIOWeight 500" },
		{ "blkio.bfq.weight", "500", "" },
		{ "blkio.weight_device", "8:16 300", "BlockIODeviceWeight /dev/block/8:16:300" },
		{ "blkio.throttle.read_bps_device", "8:0 1000",
		  "BlockIOReadBandwidth /dev/block/8:0:1000" },
		{ "blkio.throttle.write_bps_device", "8:0 0",
		  "BlockIOWriteBandwidth /dev/block/8:0:infinity" },
		{ "blkio.throttle.write_iops_device", "8:0 5", "" },
	};

	for (size_t i = 0; i < N_ELEMENTS(table); i++)
		CHECK_STR(of_write(&v1, table[i][0], table[i][1]), table[i][2]);
}

/* "FILE VALUE" twice, the first is FLAGS: properties of a new unit, by ';'. */
static const char *of_pair(const char *const pair[2][2], unsigned flags)
{
	static char text[256];
	struct cgroup_write w[] = {
		{ .h = &v1, .file = pair[0][0], .value = pair[0][1], .flags = flags },
		{ .h = &v1, .file = pair[1][0], .value = pair[1][1] },
	};
	const struct cgroup_writes list = { .v = w, .n = 2 };
	struct systemd_props p = { .arena = &arena };
	auto_buf struct buf out = { 0 };

	systemd_add_writes(&p, &list, false);
	for (size_t i = 0; i < p.n; i++) {
		buf_adds(&out, i ? ";" : "");
		systemd_prop_words(&p.v[i], &out);
	}
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	return text;
}

static void quota_of_two_files(void)
{
	static const char *const both[2][2] = { { "cpu.cfs_period_us", "50000" },
						{ "cpu.cfs_quota_us", "150000" } };
	static const char *const usual[2][2] = { { "cpu.cfs_period_us", "100000" },
						 { "cpu.cfs_quota_us", "50000" } };
	static const char *const none[2][2] = { { "cpu.cfs_quota_us", "-1" }, { "pids.max", "5" } };

	CHECK_STR(of_pair(both, 0), "CPUQuotaPerSecUSec 3000000;CPUQuotaPeriodUSec 50000");
	CHECK_STR(of_pair(usual, CGROUP_NEUTRAL), "CPUQuotaPerSecUSec 500000");
	CHECK_STR(of_pair(none, CGROUP_NEUTRAL), "TasksMax 5");
}

static void neutral_writes(void)
{
	struct cgroup_write w = {
		.h = &v2, .file = "memory.max", .value = "max", .flags = CGROUP_NEUTRAL
	};
	const struct cgroup_writes list = { .v = &w, .n = 1 };
	struct systemd_props p = { .arena = &arena };

	systemd_add_writes(&p, &list, false);
	CHECK_INT(p.n, 0);
	systemd_add_writes(&p, &list, true);
	CHECK_INT(p.n, 1);
}

static void devices(void)
{
	struct cgroup_device rules[] = {
		{ .rule = { true, 'c', -1, -1, DEV_MKNOD } },
		{ .rule = { true, 'b', 8, -1, DEV_READ } },
		{ .rule = { true, 'c', 195, 0, DEV_ALL } },
		{ .rule = { false, 'c', 195, 255, DEV_ALL } },
	};
	struct cgroup_devices d = { .rules = { rules, 4 } };
	struct systemd_props p = { .arena = &arena };
	auto_buf struct buf out = { 0 };

	systemd_add_devices(&p, &d);
	CHECK_INT(p.n, 2);
	systemd_prop_words(&p.v[0], &out);
	buf_addc(&out, ';');
	systemd_prop_words(&p.v[1], &out);
	CHECK_STR(buf_str(&out),
		  "DevicePolicy strict;DeviceAllow char-*:m block-8:r /dev/char/195:0:rwm");
	d.allow_all = true;
	p = (struct systemd_props){ .arena = &arena };
	systemd_add_devices(&p, &d);
	CHECK_INT(p.n, 0);
}

/* "SIG WORDS", or how it was refused. */
static const char *annotation(const char *name, const char *value)
{
	static char text[1024];
	char key[128], copy[8192];
	struct spec_map_entry x = { key, copy };
	const spec_map map = { &x, 1 };
	struct systemd_props p = { .arena = &arena };
	auto_buf struct buf out = { 0 };

	snprintf(key, sizeof(key), "org.systemd.property.%s", name);
	snprintf(copy, sizeof(copy), "%s", value);
	memset(&err, 0, sizeof(err));
	int r = systemd_add_annotations(&p, &map, &err);
	if (r < 0) {
		CHECK_INT(err.code, ERR_SPEC);
		CHECK(strstr(err.where, name));
		return "refused";
	}
	CHECK_INT(p.n, 1);
	systemd_prop_words(&p.v[0], &out);
	snprintf(text, sizeof(text), "%s %s", p.v[0].sig, buf_str(&out));
	return text;
}

static void annotations(void)
{
	static const char *const table[][3] = {
		{ "SendSIGHUP", "true", "b SendSIGHUP true" },
		{ "SendSIGHUP", " false ", "b SendSIGHUP false" },
		{ "KillSignal", "37", "i KillSignal 37" },
		{ "KillSignal", "0x25", "i KillSignal 37" },
		{ "UMask", "uint32 0022", "u UMask 18" },
		{ "Nice", "-0x5", "i Nice -5" },
		{ "Nice", "-5", "i Nice -5" },
		{ "Nice", "int32 7", "i Nice 7" },
		{ "TimeoutStopUSec", "uint64 10000000", "t TimeoutStopUSec 10000000" },
		{ "Big", "uint64 18446744073709551615", "t Big infinity" },
		{ "Low", "int64 -9223372036854775808", "x Low -9223372036854775808" },
		{ "Byte", "byte 255", "y Byte 255" },
		{ "CPUWeight", "uint32 5", "u CPUWeight 5" },
		{ "Description", "'it is'", "s Description it is" },
		{ "Description", "\"a 'b' \\\" \\\\\"", "s Description a 'b' \" \\" },
		{ "After", "['a.service', \"b.service\"]", "as After a.service b.service" },
		{ "After", "[]", "as After" },
		{ "List", "[1, 2]", "ai List 1 2" },
		{ "List", "[uint64 1, 2]", "at List 1 2" },
		{ "CPUWeight", "@t 5", "t CPUWeight 5" },
		{ "Low", " @x  -7 ", "x Low -7" },
		{ "Description", "@s 'it is'", "s Description it is" },
		{ "SendSIGHUP", "@b true", "b SendSIGHUP true" },
		{ "After", "@as []", "as After" },
		{ "After", "@as ['a.service']", "as After a.service" },
		{ "List", "@at []", "at List" },
		{ "List", "@au [1, 2]", "au List 1 2" },
		{ "TimeoutStopSec", "@t 5", "t TimeoutStopUSec 5000000" },
		{ "TimeoutStopSec", "90", "t TimeoutStopUSec 90000000" },
		{ "TimeoutStopSec", "uint64 3", "t TimeoutStopUSec 3000000" },
		{ "TimeoutStopSec", "1.25", "t TimeoutStopUSec 1250000" },
		{ "OtherSec", "'text'", "s OtherSec text" },
		{ "RuntimeMaxUSec", "uint64 5", "t RuntimeMaxUSec 5" },
	};

	for (size_t i = 0; i < N_ELEMENTS(table); i++)
		CHECK_STR(annotation(table[i][0], table[i][1]), table[i][2]);
}

static void refused_annotations(void)
{
	static const char *const table[][2] = {
		{ "", "1" },
		{ "AB", "1" },
		{ "A.B", "1" },
		{ "PIDs", "[1]" },
		{ "Slice", "'x'" },
		{ "Delegate", "false" },
		{ "PIDFDs", "[1]" },
		{ "Abc", "" },
		{ "Abc", "text" },
		{ "Abc", "'open" },
		{ "Abc", "'a' 'b'" },
		{ "Abc", "[1" },
		{ "Abc", "[1 2]" },
		{ "Abc", "['a', 1]" },
		{ "Abc", "2147483648" },
		{ "Abc", "0x80000000" },
		{ "Abc", "08" },
		{ "Abc", "0x" },
		{ "Abc", "byte -1" },
		{ "Abc", "byte 256" },
		{ "Abc", "uint64 -1" },
		{ "Abc", "handle 1" },
		{ "Abc", "'\\n'" },
		{ "Abc", "truely" },
		{ "Abc", "@" },
		{ "Abc", "@t" },
		{ "Abc", "@t " },
		{ "Abc", "@t5" },
		{ "Abc", "@a 5" },
		{ "Abc", "@as" },
		{ "Abc", "@as 'a'" },
		{ "Abc", "@s ['a']" },
		{ "Abc", "@s 5" },
		{ "Abc", "@u -1" },
		{ "Abc", "@u uint64 5" },
		{ "Abc", "@as [5]" },
		{ "Abc", "@(ss) 5" },
		{ "Abc", "@v 5" },
		{ "ASec", "1.0000001" },
		{ "ASec", "1." },
		{ "ASec", "18446744073709551615" },
		{ "ASec", "" },
		{ "Abc", "uint64" },
		{ "Abc", "[true, [1]]" },
	};

	for (size_t i = 0; i < N_ELEMENTS(table); i++)
		CHECK_STR(annotation(table[i][0], table[i][1]), "refused");
}

/* The bytes are read back by the wire format's own reader. */
static void marshalled(void)
{
	struct systemd_props p = { .arena = &arena };
	auto_buf struct buf out = { 0 };
	const char *sig = "a(sv)";

	systemd_add_text(&p, "Slice", "a.slice");
	systemd_add_number(&p, "Delegate", "b", 1);
	systemd_add_number(&p, "PIDs", "au", 4711);
	systemd_add_number(&p, "MemoryMax", "t", UINT64_MAX);
	struct systemd_prop *d = systemd_add(&p, "DeviceAllow", "a(ss)", 2);
	d->items[0] = (struct systemd_item){ .s = "/dev/char/1:3", .s2 = "rw" };
	d->items[1] = (struct systemd_item){ .s = "char-*", .s2 = "m" };
	d = systemd_add(&p, "IOReadBandwidthMax", "a(st)", 1);
	d->items[0] = (struct systemd_item){ .s = "/dev/block/8:0", .n = 5 };
	d = systemd_add(&p, "AllowedCPUs", "ay", 3);
	systemd_add(&p, "Late", "b", 1)->when = CGROUP_LATE;
	systemd_put_props(&p, 1u << CGROUP_EARLY, &out);
	struct dbus_in in = { .p = (const uint8_t *)out.p, .len = out.len };
	dbus_skip(&in, &sig);
	CHECK_INT(in.error, 0);
	CHECK_INT(in.at, out.len);
	CHECK(!memmem(out.p, out.len, "Late", 4));
	CHECK(memmem(out.p, out.len, "\2au\0\0\0\0\4\0\0\0\x67\x12\0\0", 14) ||
	      memmem(out.p, out.len, "\x67\x12\0\0", 4));
	buf_reset(&out);
	systemd_put_props(&p, 1u << CGROUP_LATE, &out);
	CHECK(memmem(out.p, out.len, "Late", 4));
	CHECK(!memmem(out.p, out.len, "Slice", 5));
}

static const struct test tests[] = {
	{ "names without cgroupsPath", default_names },
	{ "names with cgroupsPath", given_names },
	{ "bad cgroupsPaths", refused_names },
	{ "paths of slices and objects", paths },
	{ "a property for each file", writes },
	{ "and for each of cgroup v1", writes_v1 },
	{ "quota and period of v1 are one property", quota_of_two_files },
	{ "what a new cgroup has is told only when asked", neutral_writes },
	{ "devices by number", devices },
	{ "annotations", annotations },
	{ "bad annotations", refused_annotations },
	{ "as D-Bus bytes", marshalled },
};
TAP_MAIN(tests)
