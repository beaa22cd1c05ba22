/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every rule on config.json that is not a matter of one value's type: a fragment of a config, the path of the error it
 * must give (NULL: none) and words of the message. runtime-spec 1.3, config.md and config-linux.md.
 */
#include <stdlib.h>

#include "spec/load.h"
#include "tap.h"

struct rule_case {
	const char *text; /* members of the document, of process or of linux, as the table says */
	const char *path, *words;
};

static const char all_ns[] =
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"},"
	"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"}]";

enum where { TOP, PROCESS, LINUX, MOUNT, RESOURCES };

static void document(struct buf *b, enum where where, const char *text)
{
	buf_adds(b, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"}");
	switch (where) {
	case TOP:
		buf_addf(b, "%s%s}", *text ? "," : "", text);
		break;
	case PROCESS:
		buf_addf(b, ",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]%s%s}}", *text ? "," : "",
			 text);
		break;
	case LINUX:
		buf_addf(b, ",\"linux\":{%s}}", text);
		break;
	case MOUNT:
		buf_addf(b, ",\"linux\":{%s},\"mounts\":[{\"destination\":\"/x\",%s}]}", all_ns,
			 text);
		break;
	case RESOURCES:
		buf_addf(b, ",\"linux\":{\"resources\":{%s}}}", text);
		break;
	}
}

static void count(void *ctx, const struct err *e)
{
	(void)e;
	++*(int *)ctx;
}

static bool holds(const struct rule_case *c, const char *text, size_t len)
{
	struct spec *s = NULL, *checked = NULL;
	struct err e = { 0 };
	int findings = 0;
	int r = spec_load(&s, text, len, &e);
	int n = spec_check(&checked, text, len, count, NULL, &findings);

	spec_free(s);
	spec_free(checked);
	if (n != findings || (r < 0) != (n > 0)) {
		printf("# load says %d, check %d findings\n", r, n);
		return false;
	}
	if (!c->path && r == 0)
		return true;
	if (c->path && r == -EINVAL && e.code == ERR_SPEC && e.line == 1 &&
	    strcmp(e.where, c->path) == 0 && strstr(e.msg, c->words))
		return true;
	printf("# %d '%s' at %s %u:%u\n", r, e.msg, e.where, e.line, e.col);
	return false;
}

static void run(enum where where, const struct rule_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_buf struct buf b = { 0 };

		document(&b, where, cases[i].text);
		bool ok = holds(&cases[i], b.p, b.len);
		if (!ok)
			printf("# %s\n", cases[i].text);
		CHECK(ok);
	}
}

#define RUN(where, cases) run((where), (cases), N_ELEMENTS(cases))

static void test_version(void)
{
	static const struct {
		const char *version;
		int result; /* 1: a warning */
	} versions[] = {
		{ "1.0.0", 0 },	      { "1.0.2-dev", 0 },	 { "1.2.1", 0 },
		{ "1.3.0+dev", 0 },   { "1.3.0-rc.1", 0 },	 { "1.3.99", 0 },
		{ "1.4.0", 1 },	      { "1.99.0-rc1+x.y-z", 1 }, { "0.5.0", -1 },
		{ "2.0.0", -1 },      { "2.0.0-rc1", -1 },	 { "1", -1 },
		{ "1.0", -1 },	      { "1.banana", -1 },	 { "1.0.0.0", -1 },
		{ "v1.0.0", -1 },     { "01.0.0", -1 },		 { "1.00.0", -1 },
		{ "1.0.0-", -1 },     { "1.0.0+", -1 },		 { "1.0.0-01", -1 },
		{ "1.0.0-a..b", -1 }, { "1.0.0-0a", 0 },	 { "1.0.0+01", 0 },
		{ "", -1 },	      { " 1.0.0", -1 },		 { "1.0.0 ", -1 },
		{ "-1.0.0", -1 },     { "1.0.0-\xc3\xa9", -1 },	 { "1.4294967297000.0", -1 },
	};

	for (size_t i = 0; i < N_ELEMENTS(versions); i++) {
		auto_buf struct buf b = { 0 };
		auto_spec struct spec *s = NULL;
		struct err e = { 0 };

		buf_addf(&b, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}",
			 versions[i].version);
		int r = spec_load(&s, b.p, b.len, &e);
		int got = r < 0 ? -1 : (int)s->warnings.n;
		printf("# %s\n", versions[i].version);
		CHECK_INT(got, versions[i].result);
		if (r < 0)
			CHECK_STR(e.where, "$.ociVersion");
	}
}

static void test_top(void)
{
	static const struct rule_case cases[] = {
		{ "", NULL, NULL },
		{ "\"hostname\":\"h\"", "$.hostname", "uts namespace" },
		{ "\"hostname\":\"\",\"domainname\":\"\"", NULL, NULL },
		{ "\"domainname\":\"h\"", "$.domainname", "uts namespace" },
		{ "\"hostname\":\"h\",\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]}", NULL,
		  NULL },
		{ "\"hostname\":\"h\",\"linux\":{\"namespaces\":[{\"type\":\"uts\",\"path\":\"/"
		  "proc/1/ns/uts\"}]}",
		  NULL, NULL },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]},\"hostname\":"
		  "\"a123456789b123456789c123456789d123456789e123456789f1234567891234\"",
		  NULL, NULL },
		{ "\"hostname\":"
		  "\"a123456789b123456789c123456789d123456789e123456789f12345678912345\"",
		  "$.hostname", "64 bytes" },
		{ "\"mounts\":[]", NULL, NULL },
		{ "\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\"}]", NULL, NULL },
		{ "\"annotations\":{\"\":\"x\"}", "$.annotations[\"\"]", "a key must be" },
		{ "\"annotations\":{\"a\":null}", "$.annotations.a", "a string" },
		{ "\"windows\":{\"x\":[]},\"solaris\":1,\"zos\":null,\"freebsd\":{}", NULL, NULL },
		{ "\"vm\":{\"kernel\":{\"path\":\"/k\"}}", NULL, NULL },
		{ "\"vm\":{}", "$.vm.kernel", "required" },
		{ "\"vm\":{\"kernel\":{\"path\":\"k\"}}", "$.vm.kernel.path", "absolute" },
		{ "\"vm\":{\"kernel\":{\"path\":\"/k\"},\"image\":{\"path\":\"/"
		  "i\",\"format\":\"zip\"}}",
		  "$.vm.image.format", "image format" },
		{ "\"vm\":{\"kernel\":{\"path\":\"/k\"},\"hwConfig\":{\"vcpus\":\"2\"}}",
		  "$.vm.hwConfig.vcpus", "integer" },
		{ "\"vm\":{\"kernel\":{\"path\":\"/"
		  "k\"},\"hwConfig\":{\"iomems\":[{\"firstGFN\":1}]}}",
		  "$.vm.hwConfig.iomems[0].firstMFN", "required" },
		{ "\"process\":{\"cwd\":\"/\"}", "$.process.args", "required" },
		{ "\"process\":{\"args\":[\"a\"]}", "$.process.cwd", "required" },
		{ "\"process\":{\"args\":[\"a\"],\"cwd\":\"\"}", "$.process.cwd", "absolute" },
		{ "\"process\":{\"args\":[],\"cwd\":\"/\"}", "$.process.args", "empty" },
		{ "\"process\":{\"args\":[\"\"],\"cwd\":\"/\"}", "$.process.args[0]", "program" },
		{ "\"process\":null,\"linux\":null,\"hooks\":null,\"mounts\":null", NULL, NULL },
		{ "\"hooks\":{\"prestart\":[{\"path\":\"/"
		  "h\",\"args\":[],\"env\":[],\"timeout\":1}]}",
		  NULL, NULL },
		{ "\"hooks\":{\"poststop\":[{\"path\":\"h\"}]}", "$.hooks.poststop[0].path",
		  "absolute" },
		{ "\"hooks\":{\"poststart\":[{}]}", "$.hooks.poststart[0].path", "required" },
		{ "\"hooks\":{\"createRuntime\":[{\"path\":\"/h\",\"timeout\":0}]}",
		  "$.hooks.createRuntime[0].timeout", "at least 1" },
		{ "\"hooks\":{\"createContainer\":[{\"path\":\"/h\",\"timeout\":-1}]}",
		  "$.hooks.createContainer[0].timeout", "-1" },
		{ "\"hooks\":{\"startContainer\":{\"path\":\"/h\"}}", "$.hooks.startContainer",
		  "array" },
	};

	RUN(TOP, cases);
}

static void test_root(void)
{
	static const struct rule_case cases[] = {
		{ "{\"ociVersion\":\"1.0.0\"}", "$.root", "required" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":null}", "$.root", "required" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{}}", "$.root.path", "required" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "$.root.path",
		  "not empty" },
		{ "{\"root\":{\"path\":\"r\"}}", "$.ociVersion", "required" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\",\"readonly\":true}}", NULL,
		  NULL },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\",\"readonly\":false}}", NULL,
		  NULL },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		CHECK(holds(&cases[i], cases[i].text, strlen(cases[i].text)));
}

static const struct rule_case process_cases[] = {
	{ "\"user\":{\"uid\":4294967294,\"gid\":0,\"umask\":511,\"additionalGids\":[0]}", NULL,
	  NULL },
	{ "\"user\":{\"uid\":4294967295}", "$.process.user.uid", "4294967294" },
	{ "\"user\":{\"umask\":512}", "$.process.user.umask", "511" },
	{ "\"user\":{\"additionalGids\":[1,-1]}", "$.process.user.additionalGids[1]", "-1" },
	{ "\"consoleSize\":{\"height\":65536,\"width\":1}", NULL, NULL },
	{ "\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}",
	  "$.process.consoleSize.height", "65535" },
	{ "\"consoleSize\":{\"height\":1}", "$.process.consoleSize.width", "required" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2},{\"type\":\"RLIMIT_"
	  "AS\",\"soft\":1,\"hard\":1}]",
	  NULL, NULL },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":3,\"hard\":2}]",
	  "$.process.rlimits[0].soft", "above hard" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2},{\"type\":\"RLIMIT_"
	  "CPU\",\"soft\":1,\"hard\":2}]",
	  "$.process.rlimits[1].type", "second time" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"soft\":1,\"hard\":2}]",
	  "$.process.rlimits[0].type", "RLIMIT_FOO" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":2}]", "$.process.rlimits[0].soft",
	  "required" },
	{ "\"apparmorProfile\":\"a\\nb\"", "$.process.apparmorProfile", "newline" },
	{ "\"selinuxLabel\":\"a\\nb\"", "$.process.selinuxLabel", "newline" },
	{ "\"oomScoreAdj\":-1001", "$.process.oomScoreAdj", "-1000 to 1000" },
	{ "\"oomScoreAdj\":1000", NULL, NULL },
	{ "\"capabilities\":{\"bounding\":[\"CAP_NOPE\",\"CAP_KILL\"]}", NULL, NULL },
	{ "\"capabilities\":{\"bounding\":\"CAP_KILL\"}", "$.process.capabilities.bounding",
	  "array" },
	{ "\"scheduler\":{}", "$.process.scheduler.policy", "required" },
	{ "\"scheduler\":{\"policy\":\"SCHED_BEST\"}", "$.process.scheduler.policy",
	  "scheduling policy" },
	{ "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":-20}", NULL, NULL },
	{ "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}", "$.process.scheduler.nice",
	  "19" },
	{ "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}",
	  "$.process.scheduler.priority", "SCHED_FIFO" },
	{ "\"scheduler\":{\"policy\":\"SCHED_FIFO\"}", "$.process.scheduler.priority", "1 to 99" },
	{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":99}", NULL, NULL },
	{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}",
	  "$.process.scheduler.priority", "99" },
	{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1,\"nice\":1}",
	  "$.process.scheduler.nice", "SCHED_OTHER" },
	{ "\"scheduler\":{\"policy\":\"SCHED_IDLE\",\"nice\":1}", "$.process.scheduler.nice",
	  "SCHED_OTHER" },
	{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"runtime\":1}", "$.process.scheduler.runtime",
	  "SCHED_DEADLINE" },
	{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"period\":1}", "$.process.scheduler.period",
	  "SCHED_DEADLINE" },
	{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"flags\":[\"SCHED_FLAG_RECLAIM\"]}",
	  "$.process.scheduler.flags", "SCHED_DEADLINE" },
	{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"flags\":[\"SCHED_FLAG_RESET_ON_"
	  "FORK\"]}",
	  NULL, NULL },
	{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"flags\":[\"SCHED_FLAG_X\"]}",
	  "$.process.scheduler.flags[0]", "flag" },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1024,\"deadline\":2048,"
	  "\"period\":4096,\"flags\":[\"SCHED_FLAG_RECLAIM\"]}",
	  NULL, NULL },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1024,\"deadline\":"
	  "2048}",
	  NULL, NULL },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}", "$.process.scheduler.runtime", "1024" },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":3000,\"deadline\":"
	  "2048}",
	  "$.process.scheduler.runtime", "above deadline" },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1024,\"deadline\":2048,"
	  "\"period\":2000}",
	  "$.process.scheduler.deadline", "above period" },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1024,\"deadline\":"
	  "9223372036854775808}",
	  "$.process.scheduler.deadline", "2^63" },
	{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1024,\"deadline\":2048,"
	  "\"priority\":1}",
	  "$.process.scheduler.priority", "SCHED_FIFO" },
	{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":7}", NULL, NULL },
	{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
	  "$.process.ioPriority.priority", "0 to 7" },
	{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NO\"}", "$.process.ioPriority.class", "class" },
	{ "\"ioPriority\":{\"priority\":1}", "$.process.ioPriority.class", "required" },
	{ "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"\"}", NULL, NULL },
	{ "\"execCPUAffinity\":{\"initial\":\"3-0\"}", "$.process.execCPUAffinity.initial",
	  "list of CPUs" },
	{ "\"execCPUAffinity\":{\"final\":\"0,\"}", "$.process.execCPUAffinity.final",
	  "list of CPUs" },
	{ "\"execCPUAffinity\":{\"final\":\"0\\n\"}", "$.process.execCPUAffinity.final",
	  "list of CPUs" },
	{ "\"execCPUAffinity\":{\"final\":\"99999999999\"}", "$.process.execCPUAffinity.final",
	  "list of CPUs" },
};

static void test_process(void)
{
	RUN(PROCESS, process_cases);
}

static void test_mounts(void)
{
	static const struct rule_case cases[] = {
		{ "\"type\":\"tmpfs\",\"options\":[\"mode=755\",\"nosuid\",\"tmpcopyup\"]", NULL,
		  NULL },
		{ "\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"hidepid=2\"]", NULL, NULL },
		{ "\"source\":\"/a\",\"options\":[\"bind\",\"ro\",\"rprivate\",\"rro\",\"\"]", NULL,
		  NULL },
		{ "\"type\":\"none\",\"source\":\"/a\",\"options\":[\"rbind\"]", NULL, NULL },
		{ "\"type\":\"bind\",\"source\":\"/a\"", NULL, NULL },
		{ "\"options\":[\"remount\",\"ro\"]", NULL, NULL },
		{ "\"source\":\"/a\"", "$.mounts[0].type", "required" },
		{ "\"type\":\"none\"", "$.mounts[0].type", "required" },
		{ "\"type\":\"\"", "$.mounts[0].type", "required" },
		{ "\"options\":[\"bind\"]", "$.mounts[0].source", "required for a bind mount" },
		{ "\"source\":\"/a\",\"options\":[\"bind\",\"mode=755\"]", NULL, "mode=755" },
		{ "\"type\":\"proc\",\"options\":[\"tmpcopyup\"]", "$.mounts[0].options[0]",
		  "tmpfs" },
		{ "\"source\":\"/a\",\"options\":[\"bind\",\"idmap\"]", "$.mounts[0].options[1]",
		  "mappings" },
		{ "\"source\":\"/"
		  "a\",\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,"
		  "\"size\":1}]",
		  "$.mounts[0].gidMappings", "not at all" },
		{ "\"source\":\"/"
		  "a\",\"options\":[\"bind\"],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,"
		  "\"size\":1}]",
		  "$.mounts[0].uidMappings", "not at all" },
		{ "\"source\":\"/"
		  "a\",\"options\":[\"bind\",\"ridmap\"],\"uidMappings\":[{\"containerID\":0,"
		  "\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,"
		  "\"size\":1}]",
		  NULL, NULL },
		{ "\"source\":\"/"
		  "a\",\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,"
		  "\"size\":0}]",
		  "$.mounts[0].uidMappings[0].size", "1 to" },
		{ "\"source\":\"/"
		  "a\",\"options\":[\"bind\"],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,"
		  "\"size\":2}],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2},{"
		  "\"containerID\":1,\"hostID\":9,\"size\":2}]",
		  "$.mounts[0].uidMappings[1].containerID", "overlaps" },
		{ "\"options\":\"bind\"", "$.mounts[0].options", "array" },
	};
	static const struct rule_case destinations[] = {
		{ "\"mounts\":[{\"type\":\"tmpfs\"}]", "$.mounts[0].destination", "required" },
		{ "\"mounts\":[{\"type\":\"tmpfs\",\"destination\":\"\"}]",
		  "$.mounts[0].destination", "not empty" },
		{ "\"mounts\":[null]", "$.mounts[0]", "an object, not null" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]},\"mounts\":[{\"type\":"
		  "\"tmpfs\",\"destination\":\"rel\"}]",
		  NULL, NULL },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\",\"path\":\"/"
		  "u\"}]},\"mounts\":[{\"source\":\"/a\",\"destination\":\"/"
		  "b\",\"options\":[\"bind\",\"idmap\"]}]",
		  NULL, NULL },
	};

	RUN(MOUNT, cases);
	RUN(TOP, destinations);
}

#define MAP(c, h, n) "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #n "}"
#define NEW(type)    "\"namespaces\":[{\"type\":\"" type "\"}]"

static void test_namespaces(void)
{
	static const struct rule_case cases[] = {
		{ "\"namespaces\":[]", NULL, NULL },
		{ "\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}]", NULL, NULL },
		{ "\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]",
		  "$.linux.namespaces[0].path", "absolute" },
		{ "\"namespaces\":[{\"type\":\"net\"}]", "$.linux.namespaces[0].type",
		  "namespace" },
		{ "\"namespaces\":[{\"path\":\"/x\"}]", "$.linux.namespaces[0].type", "required" },
		{ "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"pid\","
		  "\"path\":\"/p\"}]",
		  "$.linux.namespaces[2].type", "second time" },
		{ NEW("user"), "$.linux.uidMappings", "required" },
		{ "\"uidMappings\":[" MAP(0, 1, 1) "]," NEW("user"), "$.linux.gidMappings",
		  "required" },
		{ "\"uidMappings\":[" MAP(0, 1, 1) "],\"gidMappings\":[" MAP(0, 1,
									     1) "]," NEW("user"),
		  NULL, NULL },
		{ "\"namespaces\":[{\"type\":\"user\",\"path\":\"/u\"}]", NULL, NULL },
		{ "\"uidMappings\":[" MAP(0, 1, 1) "]", "$.linux.uidMappings", "user namespace" },
		{ "\"gidMappings\":[" MAP(0, 1, 1) "]", "$.linux.gidMappings", "user namespace" },
		{ "\"uidMappings\":[" MAP(0, 1, 10) "," MAP(10, 10, 1) "],\"gidMappings\":[" MAP(
			  0, 1, 1) "]," NEW("user"),
		  "$.linux.uidMappings[1].hostID", "overlaps" },
		{ "\"uidMappings\":[" MAP(0, 1, 10) "," MAP(10, 11, 1) "],\"gidMappings\":[" MAP(
			  0, 4294967295, 1) "]," NEW("user"),
		  "$.linux.gidMappings[0].size", "beyond" },
		{ "\"uidMappings\":[" MAP(0, 0, 4294967295) "],\"gidMappings\":[" MAP(
			  0, 0, 4294967295) "]," NEW("user"),
		  NULL, NULL },
		{ "\"uidMappings\":[{\"containerID\":0,\"size\":1}]",
		  "$.linux.uidMappings[0].hostID", "required" },
		{ "\"timeOffsets\":{\"monotonic\":{\"secs\":1}}", "$.linux.timeOffsets.monotonic",
		  "time namespace" },
		{ "\"timeOffsets\":{\"monotonic\":{},\"boottime\":{\"secs\":0,\"nanosecs\":0}}",
		  NULL, NULL },
		{ "\"timeOffsets\":{\"boottime\":{\"secs\":-1,\"nanosecs\":999999999}}," NEW(
			  "time"),
		  NULL, NULL },
		{ "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}," NEW("time"),
		  "$.linux.timeOffsets.boottime.nanosecs", "999999999" },
		{ "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1}},\"namespaces\":[{\"type\":"
		  "\"time\",\"path\":\"/t\"}]",
		  "$.linux.timeOffsets.boottime", "joined" },
		{ "\"maskedPaths\":[\"/a\"]", NULL, NULL },
		{ "\"maskedPaths\":[\"a\"]," NEW("mount"), "$.linux.maskedPaths[0]", "absolute" },
		{ "\"readonlyPaths\":[\"/a\"]", NULL, NULL },
		{ "\"readonlyPaths\":[\"/a\",\"\"]," NEW("mount"), "$.linux.readonlyPaths[1]",
		  "absolute" },
		{ "\"maskedPaths\":[],\"readonlyPaths\":[],\"rootfsPropagation\":\"\"", NULL,
		  NULL },
		{ "\"rootfsPropagation\":\"shared\"", "$.linux.rootfsPropagation",
		  "mount namespace" },
		{ "\"rootfsPropagation\":\"private\"", NULL, NULL },
		{ "\"rootfsPropagation\":\"rslave\"," NEW("mount"), NULL, NULL },
		{ "\"rootfsPropagation\":\"public\"," NEW("mount"), "$.linux.rootfsPropagation",
		  "propagation" },
		{ "\"netDevices\":{\"eth0\":{}}", "$.linux.netDevices", "network namespace" },
		{ "\"netDevices\":{\"eth0\":{\"name\":\"ceth%d\"},\"eth1\":{\"name\":\"ceth%d\"},"
		  "\"eth2\":{}}," NEW("network"),
		  NULL, NULL },
		{ "\"netDevices\":{\"eth0\":{\"name\":\"a\"},\"eth1\":{\"name\":\"a\"}}," NEW(
			  "network"),
		  "$.linux.netDevices.eth1.name", "eth0" },
		{ "\"netDevices\":{\"a\":{},\"eth1\":{\"name\":\"a\"}}," NEW("network"),
		  "$.linux.netDevices.eth1.name", "'a'" },
		{ "\"netDevices\":{\"a/b\":{}}," NEW("network"), "$.linux.netDevices[\"a/b\"]",
		  "interface name" },
		{ "\"netDevices\":{\"0123456789abcdef\":{}}," NEW("network"),
		  "$.linux.netDevices.0123456789abcdef", "interface name" },
		{ "\"netDevices\":{\"e\":{\"name\":\"%d%d\"}}," NEW("network"),
		  "$.linux.netDevices.e.name", "at most one" },
		{ "\"netDevices\":{\"e\":{\"name\":\"a%s\"}}," NEW("network"),
		  "$.linux.netDevices.e.name", "interface name" },
		{ "\"netDevices\":{\"e\":{\"name\":\"a:b\"}}," NEW("network"),
		  "$.linux.netDevices.e.name", "interface name" },
		{ "\"netDevices\":{\"e\":{\"name\":\"..\"}}," NEW("network"),
		  "$.linux.netDevices.e.name", "interface name" },
		{ "\"netDevices\":{\"e\":null}," NEW("network"), "$.linux.netDevices.e",
		  "an object" },
	};

	RUN(LINUX, cases);
}

static void test_too_many_mappings(void)
{
	for (int n = 340; n <= 341; n++) {
		auto_buf struct buf b = { 0 };
		struct rule_case c = { NULL, n > 340 ? "$.linux.uidMappings" : NULL, "340" };

		buf_adds(&b,
			 "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{" NEW(
				 "user") ",\"gidMappings\":[" MAP(0, 0, 1) "],\"uidMappings\":[");
		for (int i = 0; i < n; i++)
			buf_addf(&b, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}",
				 i ? "," : "", i, i);
		buf_adds(&b, "]}}");
		CHECK(holds(&c, b.p, b.len));
	}
}

static void test_sysctl(void)
{
	static const struct rule_case cases[] = {
		{ "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net/core/somaxconn\":\"1\"}," NEW(
			  "network"),
		  NULL, NULL },
		{ "\"sysctl\":{\"net.ipv4.conf.eth0/100.rp_filter\":\"1\"}," NEW("network"), NULL,
		  NULL },
		{ "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}",
		  "$.linux.sysctl[\"net.ipv4.ip_forward\"]", "network namespace" },
		{ "\"sysctl\":{\"kernel.shmmax\":\"1\",\"fs.mqueue.msg_max\":\"1\",\"kernel.sem\":"
		  "\"1 2 3 4\"}," NEW("ipc"),
		  NULL, NULL },
		{ "\"sysctl\":{\"kernel.shmmax\":\"1\"}", "$.linux.sysctl[\"kernel.shmmax\"]",
		  "ipc namespace" },
		{ "\"sysctl\":{\"kernel.shmmaxx\":\"1\"}," NEW("ipc"),
		  "$.linux.sysctl[\"kernel.shmmaxx\"]", "no namespace" },
		{ "\"sysctl\":{\"kernel.pid_max\":\"1\"}," NEW("pid"),
		  "$.linux.sysctl[\"kernel.pid_max\"]", "no namespace" },
		{ "\"sysctl\":{\"vm.swappiness\":\"1\"}," NEW("pid"),
		  "$.linux.sysctl[\"vm.swappiness\"]", "no namespace" },
		{ "\"sysctl\":{\"net\":\"1\"}," NEW("network"), "$.linux.sysctl.net",
		  "no namespace" },
		{ "\"sysctl\":{\"kernel.hostname\":\"x\"}," NEW("uts"),
		  "$.linux.sysctl[\"kernel.hostname\"]", "not set by sysctl" },
		{ "\"sysctl\":{\"kernel.domainname\":\"x\"}," NEW("uts"), NULL, NULL },
		{ "\"sysctl\":{\"user.max_user_namespaces\":\"1\"}," NEW("pid"),
		  "$.linux.sysctl[\"user.max_user_namespaces\"]", "user namespace" },
		{ "\"sysctl\":{\"user.max_user_namespaces\":\"1\"},\"namespaces\":[{\"type\":"
		  "\"user\",\"path\":\"/u\"}]",
		  NULL, NULL },
		{ "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/ip_forward\":\"0\"}," NEW(
			  "network"),
		  "$.linux.sysctl[\"net/ipv4/ip_forward\"]", "same parameter" },
		{ "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\\n2\"}," NEW("network"),
		  "$.linux.sysctl[\"net.ipv4.ip_forward\"]", "newline" },
		{ "\"sysctl\":{\"net..ipv4\":\"1\"}," NEW("network"),
		  "$.linux.sysctl[\"net..ipv4\"]", "kernel parameter" },
		{ "\"sysctl\":{\"net/../kernel/x\":\"1\"}," NEW("network"),
		  "$.linux.sysctl[\"net/../kernel/x\"]", "kernel parameter" },
		{ "\"sysctl\":{\"/net/x\":\"1\"}," NEW("network"), "$.linux.sysctl[\"/net/x\"]",
		  "kernel parameter" },
		{ "\"sysctl\":{\"net.x=y\":\"1\"}," NEW("network"), "$.linux.sysctl[\"net.x=y\"]",
		  "kernel parameter" },
		{ "\"sysctl\":{\"net.x+y\":\"1\"}," NEW("network"), "$.linux.sysctl[\"net.x+y\"]",
		  "kernel parameter" },
		{ "\"sysctl\":{\"\":\"1\"}," NEW("network"), "$.linux.sysctl[\"\"]",
		  "kernel parameter" },
		{ "\"sysctl\":{\"net.x\":1}," NEW("network"), "$.linux.sysctl[\"net.x\"]",
		  "a string" },
	};

	RUN(LINUX, cases);
}

static void test_devices(void)
{
	static const struct rule_case cases[] = {
		{ "\"devices\":[{\"type\":\"c\",\"path\":\"/dev/"
		  "a\",\"major\":10,\"minor\":229,\"fileMode\":438,\"uid\":0,\"gid\":0},{\"type\":"
		  "\"p\",\"path\":\"/f\"}]",
		  NULL, NULL },
		{ "\"devices\":[{\"type\":\"u\",\"path\":\"/dev/"
		  "a\",\"major\":4095,\"minor\":1048575,\"fileMode\":4095}]",
		  NULL, NULL },
		{ "\"devices\":[{\"type\":\"x\",\"path\":\"/dev/a\"}]", "$.linux.devices[0].type",
		  "type of device" },
		{ "\"devices\":[{\"type\":\"c\",\"path\":\"a\",\"major\":1,\"minor\":1}]",
		  "$.linux.devices[0].path", "absolute" },
		{ "\"devices\":[{\"type\":\"c\",\"path\":\"/a\",\"minor\":1}]",
		  "$.linux.devices[0].major", "required" },
		{ "\"devices\":[{\"type\":\"b\",\"path\":\"/a\",\"major\":1}]",
		  "$.linux.devices[0].minor", "required" },
		{ "\"devices\":[{\"type\":\"b\",\"path\":\"/a\",\"major\":-1,\"minor\":0}]",
		  "$.linux.devices[0].major", "-1" },
		{ "\"devices\":[{\"type\":\"b\",\"path\":\"/a\",\"major\":4096,\"minor\":0}]",
		  "$.linux.devices[0].major", "4095" },
		{ "\"devices\":[{\"type\":\"b\",\"path\":\"/"
		  "a\",\"major\":1,\"minor\":0,\"fileMode\":4096}]",
		  "$.linux.devices[0].fileMode", "4095" },
		{ "\"devices\":[{\"type\":\"b\",\"path\":\"/"
		  "a\",\"major\":1,\"minor\":0,\"fileMode\":25008}]",
		  NULL, NULL },
		{ "\"devices\":[{\"type\":\"c\",\"path\":\"/"
		  "a\",\"major\":1,\"minor\":0,\"fileMode\":25008}]",
		  "$.linux.devices[0].fileMode", "permission bits" },
		{ "\"devices\":[{\"type\":\"p\",\"path\":\"/a\"},{\"type\":\"p\",\"path\":\"/"
		  "b\"},{\"type\":\"c\",\"path\":\"/a\",\"major\":1,\"minor\":3}]",
		  "$.linux.devices[2].path", "second time" },
		{ "\"devices\":[{\"type\":\"p\",\"path\":\"/a\"},{\"type\":\"p\",\"path\":\"/a\"}]",
		  NULL, NULL },
		{ "\"devices\":[{\"path\":\"/a\"}]", "$.linux.devices[0].type", "required" },
	};

	RUN(LINUX, cases);
}

static void test_policy(void)
{
	static const struct rule_case cases[] = {
		{ "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}", NULL, NULL },
		{ "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]}",
		  "$.linux.personality.flags[0]", "no flags" },
		{ "\"personality\":{\"domain\":\"BSD\"}", "$.linux.personality.domain", "LINUX32" },
		{ "\"personality\":{}", "$.linux.personality.domain", "required" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\",\"flags\":[\"MPOL_F_"
		  "STATIC_NODES\",\"MPOL_F_NUMA_BALANCING\"]}",
		  NULL, NULL },
		{ "\"memoryPolicy\":{}", "$.linux.memoryPolicy.mode", "required" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}", "$.linux.memoryPolicy.nodes",
		  "required" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"x\"}",
		  "$.linux.memoryPolicy.nodes", "list of memory nodes" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"0\"}",
		  "$.linux.memoryPolicy.nodes", "must be empty" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}",
		  "$.linux.memoryPolicy.flags", "must be empty" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}", NULL, NULL },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"flags\":[\"MPOL_F_STATIC_"
		  "NODES\"]}",
		  "$.linux.memoryPolicy.nodes", "with flags" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_"
		  "STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}",
		  "$.linux.memoryPolicy.flags", "both" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0\",\"flags\":["
		  "\"MPOL_F_NUMA_BALANCING\"]}",
		  "$.linux.memoryPolicy.flags", "MPOL_BIND" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_WEIGHTED_INTERLEAVE\",\"nodes\":\"0\"}", NULL,
		  NULL },
		{ "\"intelRdt\":{\"closID\":\"/"
		  "\",\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=70\",\"schemata\":[\"L3:"
		  "0=f\"],\"enableMonitoring\":true}",
		  NULL, NULL },
		{ "\"intelRdt\":{\"closID\":\"a/b\"}", "$.linux.intelRdt.closID", "resctrl group" },
		{ "\"intelRdt\":{\"closID\":\"..\"}", "$.linux.intelRdt.closID", "resctrl group" },
		{ "\"intelRdt\":{\"closID\":\"info\"}", "$.linux.intelRdt.closID",
		  "resctrl group" },
		{ "\"intelRdt\":{\"closID\":\"a\\nb\"}", "$.linux.intelRdt.closID",
		  "resctrl group" },
		{ "\"intelRdt\":{\"l3CacheSchema\":\"L3CODE:0=f\\nMB:0=1\"}", NULL, NULL },
		{ "\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}", "$.linux.intelRdt.memBwSchema",
		  "MB:" },
		{ "\"intelRdt\":{\"memBwSchema\":\"MB:0=70\\n\"}", "$.linux.intelRdt.memBwSchema",
		  "one line" },
		{ "\"intelRdt\":{\"schemata\":[\"a\\nb\"]}", "$.linux.intelRdt.schemata[0]",
		  "newline" },
		{ "\"mountLabel\":\"a\\nb\"", "$.linux.mountLabel", "newline" },
		{ "\"cgroupsPath\":\"/a/b\"", NULL, NULL },
		{ "\"cgroupsPath\":\"system.slice:ketch:1\"", NULL, NULL },
		{ "\"cgroupsPath\":\"a/..b/c..\"", NULL, NULL },
		{ "\"cgroupsPath\":\"/a/../b\"", "$.linux.cgroupsPath", "'..'" },
		{ "\"cgroupsPath\":\"..\"", "$.linux.cgroupsPath", "'..'" },
		{ "\"cgroupsPath\":\"a\\nb\"", "$.linux.cgroupsPath", "newline" },
	};

	RUN(LINUX, cases);
}

static void test_seccomp(void)
{
#define SC(text)   "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," text "}"
#define CALL(text) SC("\"syscalls\":[{\"names\":[\"read\"]," text "}]")
	static const struct rule_case cases[] = {
		{ "\"seccomp\":{}", "$.linux.seccomp.defaultAction", "required" },
		{ "\"seccomp\":{\"defaultAction\":\"\"}", "$.linux.seccomp.defaultAction",
		  "an action" },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALOW\"}",
		  "$.linux.seccomp.defaultAction", "SCMP_ACT_ALOW" },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", NULL,
		  NULL },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
		  "$.linux.seccomp.defaultErrnoRet", "4095" },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":65535}",
		  NULL, NULL },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":65536}",
		  "$.linux.seccomp.defaultErrnoRet", "65535" },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":1}",
		  "$.linux.seccomp.defaultErrnoRet", "no errno" },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/"
		  "s\",\"listenerMetadata\":\"m\"}",
		  NULL, NULL },
		{ "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
		  "$.linux.seccomp.listenerPath", "required" },
		{ SC("\"listenerMetadata\":\"m\""), "$.linux.seccomp.listenerMetadata",
		  "without listenerPath" },
		{ SC("\"listenerPath\":\"/s\""), NULL, NULL },
		{ SC("\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_SHEB\"],\"flags\":[]"),
		  NULL, NULL },
		{ SC("\"architectures\":[\"SCMP_ARCH_VAX\"]"), "$.linux.seccomp.architectures[0]",
		  "architecture" },
		{ SC("\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]"),
		  "$.linux.seccomp.flags[0]", "flag" },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0"), NULL, NULL },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":null,\"args\":null"), NULL,
		  NULL },
		{ CALL("\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1"),
		  "$.linux.seccomp.syscalls[0].errnoRet", "no errno" },
		{ CALL("\"action\":\"SCMP_ACT_NOTIFY\",\"errnoRet\":1"),
		  "$.linux.seccomp.syscalls[0].errnoRet", "no errno" },
		{ CALL("\"action\":\"SCMP_ACT_NOTIFY\""), "$.linux.seccomp.listenerPath",
		  "required" },
		{ CALL("\"args\":[]"), "$.linux.seccomp.syscalls[0].action", "required" },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":5,\"value\":"
		       "18446744073709551615,\"op\":\"SCMP_CMP_EQ\"},{\"index\":5,\"value\":1,"
		       "\"valueTwo\":2,\"op\":\"SCMP_CMP_MASKED_EQ\"}]"),
		  NULL, NULL },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,\"op\":"
		       "\"SCMP_CMP_EQ\"}]"),
		  "$.linux.seccomp.syscalls[0].args[0].index", "0 to 5" },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"="
		       "=\"}]"),
		  "$.linux.seccomp.syscalls[0].args[0].op", "operator" },
		{ CALL("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_"
		       "EQ\"}]"),
		  "$.linux.seccomp.syscalls[0].args[0].value", "required" },
		{ SC("\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ERRNO\"}]"),
		  "$.linux.seccomp.syscalls[0].names", "must not be empty" },
		{ SC("\"syscalls\":[{\"action\":\"SCMP_ACT_ERRNO\"}]"),
		  "$.linux.seccomp.syscalls[0].names", "required" },
		{ SC("\"syscalls\":[{\"names\":[\"\"],\"action\":\"SCMP_ACT_ERRNO\"}]"),
		  "$.linux.seccomp.syscalls[0].names[0]", "not empty" },
	};

	RUN(LINUX, cases);
}

static const struct rule_case resource_cases[] = {
	{ "\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":"
	  "\"c\",\"major\":1,\"minor\":-1,\"access\":\"mr\"},{\"allow\":true,\"major\":"
	  "null}]",
	  NULL, NULL },
	{ "\"devices\":[{}]", "$.linux.resources.devices[0].allow", "required" },
	{ "\"devices\":[{\"allow\":true,\"type\":\"p\"}]", "$.linux.resources.devices[0].type",
	  "device rule" },
	{ "\"devices\":[{\"allow\":true,\"major\":-2}]", "$.linux.resources.devices[0].major",
	  "-1" },
	{ "\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]",
	  "$.linux.resources.devices[0].access", "'r', 'w' and 'm'" },
	{ "\"devices\":[{\"allow\":true,\"access\":\"rr\"}]", "$.linux.resources.devices[0].access",
	  "at most once" },
	{ "\"devices\":[{\"allow\":true,\"access\":\"\"}]", "$.linux.resources.devices[0].access",
	  "made of" },
	{ "\"memory\":{\"limit\":-1,\"reservation\":-1,\"swap\":-1,\"kernel\":-1,"
	  "\"kernelTCP\":0,\"swappiness\":100,\"disableOOMKiller\":false,\"useHierarchy\":"
	  "true,\"checkBeforeUpdate\":true}",
	  NULL, NULL },
	{ "\"memory\":{\"limit\":-2}", "$.linux.resources.memory.limit", "-1" },
	{ "\"memory\":{\"swappiness\":101}", "$.linux.resources.memory.swappiness", "100" },
	{ "\"memory\":{\"limit\":100,\"swap\":99}", "$.linux.resources.memory.swap",
	  "below memory.limit" },
	{ "\"memory\":{\"limit\":100,\"swap\":100}", NULL, NULL },
	{ "\"memory\":{\"swap\":100}", "$.linux.resources.memory.swap", "needs a memory.limit" },
	{ "\"memory\":{\"limit\":1.5}", "$.linux.resources.memory.limit", "1.5" },
	{ "\"cpu\":{\"shares\":0,\"quota\":-1,\"period\":0,\"burst\":0,\"idle\":0,\"cpus\":"
	  "\"\",\"mems\":\"\"}",
	  NULL, NULL },
	{ "\"cpu\":{\"quota\":50000,\"period\":100000,\"burst\":50000,\"idle\":1,\"cpus\":"
	  "\"0-2,4\",\"mems\":\"0\",\"realtimeRuntime\":950000,\"realtimePeriod\":1000000}",
	  NULL, NULL },
	{ "\"cpu\":{\"quota\":50000,\"burst\":50001}", "$.linux.resources.cpu.burst",
	  "above quota" },
	{ "\"cpu\":{\"quota\":999}", "$.linux.resources.cpu.quota", "1000" },
	{ "\"cpu\":{\"quota\":-2}", "$.linux.resources.cpu.quota", "-1" },
	{ "\"cpu\":{\"period\":999}", "$.linux.resources.cpu.period", "1000 to 1000000" },
	{ "\"cpu\":{\"period\":1000001}", "$.linux.resources.cpu.period", "1000 to 1000000" },
	{ "\"cpu\":{\"idle\":2}", "$.linux.resources.cpu.idle", "0 to 1" },
	{ "\"cpu\":{\"cpus\":\"0-\"}", "$.linux.resources.cpu.cpus", "list of CPUs" },
	{ "\"cpu\":{\"mems\":\"a\"}", "$.linux.resources.cpu.mems", "list of memory nodes" },
	{ "\"cpu\":{\"realtimeRuntime\":2,\"realtimePeriod\":1}",
	  "$.linux.resources.cpu.realtimeRuntime", "above realtimePeriod" },
	{ "\"pids\":{\"limit\":0}", NULL, NULL },
	{ "\"pids\":{\"limit\":-1}", NULL, NULL },
	{ "\"pids\":{\"limit\":-2}", "$.linux.resources.pids.limit", "-1" },
	{ "\"pids\":{}", "$.linux.resources.pids.limit", "required" },
	{ "\"blockIO\":{\"weight\":0,\"leafWeight\":10,\"weightDevice\":[{\"major\":8,"
	  "\"minor\":0,\"weight\":1000}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":"
	  "0,\"rate\":0}]}",
	  NULL, NULL },
	{ "\"blockIO\":{\"weight\":9}", "$.linux.resources.blockIO.weight", "10 to 1000" },
	{ "\"blockIO\":{\"leafWeight\":1001}", "$.linux.resources.blockIO.leafWeight", "1000" },
	{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}",
	  "$.linux.resources.blockIO.weightDevice[0]", "weight or leafWeight" },
	{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"leafWeight\":5}]}",
	  "$.linux.resources.blockIO.weightDevice[0].leafWeight", "10 to 1000" },
	{ "\"blockIO\":{\"weightDevice\":[{\"minor\":0,\"leafWeight\":5}]}",
	  "$.linux.resources.blockIO.weightDevice[0].major", "required" },
	{ "\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0}]}",
	  "$.linux.resources.blockIO.throttleWriteIOPSDevice[0].rate", "required" },
	{ "\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":-1}]"
	  "}",
	  "$.linux.resources.blockIO.throttleReadIOPSDevice[0].rate", "-1" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},{\"pageSize\":\"1GB\","
	  "\"limit\":1}]",
	  NULL, NULL },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},{\"pageSize\":\"2MB\","
	  "\"limit\":1}]",
	  "$.linux.resources.hugepageLimits[1].pageSize", "second time" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":0}]",
	  "$.linux.resources.hugepageLimits[0].pageSize", "page size" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":0}]",
	  "$.linux.resources.hugepageLimits[0].pageSize", "page size" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2TB\",\"limit\":0}]",
	  "$.linux.resources.hugepageLimits[0].pageSize", "page size" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":0}]",
	  "$.linux.resources.hugepageLimits[0].pageSize", "page size" },
	{ "\"network\":{\"classID\":4294967295,\"priorities\":[{\"name\":\"eth0\","
	  "\"priority\":1}]}",
	  NULL, NULL },
	{ "\"network\":{\"priorities\":[{\"name\":\"e\",\"priority\":1},{\"name\":\"e\","
	  "\"priority\":2}]}",
	  "$.linux.resources.network.priorities[1].name", "second time" },
	{ "\"network\":{\"priorities\":[{\"name\":\"\",\"priority\":1}]}",
	  "$.linux.resources.network.priorities[0].name", "interface name" },
	{ "\"network\":{\"classID\":4294967296}", "$.linux.resources.network.classID",
	  "4294967295" },
	{ "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":0},\"b\":{\"hcaObjects\":1}}", NULL, NULL },
	{ "\"rdma\":{\"mlx5_1\":{}}", "$.linux.resources.rdma.mlx5_1", "hcaHandles or hcaObjects" },
	{ "\"rdma\":{\"\":{\"hcaHandles\":1}}", "$.linux.resources.rdma[\"\"]", "RDMA device" },
	{ "\"rdma\":{\"a b\":{\"hcaHandles\":1}}", "$.linux.resources.rdma[\"a b\"]",
	  "without '/' and blanks" },
	{ "\"unified\":{\"memory.high\":\"1\",\"io.max\":\"8:0 rbps=1\\n8:1 rbps=1\"}", NULL,
	  NULL },
	{ "\"unified\":{\"../memory.high\":\"1\"}", "$.linux.resources.unified[\"../memory.high\"]",
	  "without '/'" },
	{ "\"unified\":{\"\":\"1\"}", "$.linux.resources.unified[\"\"]", "a key" },
	{ "\"unified\":{\"..\":\"1\"}", "$.linux.resources.unified[\"..\"]", "a key" },
	{ "\"unified\":{\"memory.high\":1}", "$.linux.resources.unified[\"memory.high\"]",
	  "a string" },
};

static void test_resources(void)
{
	RUN(RESOURCES, resource_cases);
}

static const struct test tests[] = {
	{ "ociVersion", test_version },
	{ "top level, hooks, vm", test_top },
	{ "root", test_root },
	{ "process", test_process },
	{ "mounts", test_mounts },
	{ "namespaces, mappings, network devices", test_namespaces },
	{ "at most 340 mappings", test_too_many_mappings },
	{ "sysctl", test_sysctl },
	{ "devices", test_devices },
	{ "personality, memory policy, RDT, paths", test_policy },
	{ "seccomp", test_seccomp },
	{ "resources", test_resources },
};
TAP_MAIN(tests)
