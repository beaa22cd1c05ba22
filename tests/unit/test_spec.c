/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec/load.h: the model that a config gives, defaults, warnings, all findings, parts of a config, memory running out. */
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "spec/load.h"
#include "spec/names.h"
#include "spec/rest.h"
#include "tap.h"

/* ---- memory that runs out: the linker sends every allocation through here ---- */

static long allocations_left = -1; /* negative: no limit */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool refuse(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

/* ---- loading ---- */

static struct spec *spec;
static struct err err;

static int load(const char *text)
{
	spec_free(spec);
	spec = NULL;
	memset(&err, 0, sizeof(err));
	return spec_load(&spec, text, strlen(text), &err);
}

static char *read_fixture(const char *name)
{
	char path[4096];
	FILE *f;
	char *text = calloc(1, 1 << 20);

	snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
	f = fopen(path, "re");
	if (!f || fread(text, 1, (1 << 20) - 1, f) == 0)
		printf("# can't read %s\n", path);
	if (f)
		fclose(f);
	return text;
}

static void test_minimal(void)
{
	CHECK_INT(load("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"}}"), 0);
	CHECK_STR(spec->oci_version, "1.0.0");
	CHECK_STR(spec->root_path, "rootfs");
	CHECK(!spec->root_readonly && !spec->process && !spec->hostname && !spec->has_vm);
	CHECK(spec->lnx && !spec->lnx->resources && !spec->lnx->seccomp &&
	      !spec->lnx->cgroups_path);
	CHECK_INT(spec->lnx->rootfs_propagation, PROPAGATION_UNSET);
	CHECK_INT(spec->warnings.n, 0);
}

static void check_process(const struct spec_process *p)
{
	CHECK(p->terminal && p->has_console_size && p->console_height == 24 &&
	      p->console_width == 80);
	CHECK(p->user.uid == 1 && p->user.gid == 2 && p->user.has_umask && p->user.umask == 022);
	CHECK(p->user.additional_gids.n == 2 && p->user.additional_gids.v[1] == 4);
	CHECK(p->args.n == 3 && !p->args.v[3]);
	CHECK_STR(p->args.v[2], "true");
	CHECK(p->has_env && p->env.n == 2);
	CHECK_STR(p->cwd, "/");
	CHECK(p->caps && p->caps->ambient == 1 << 5 && p->caps->bounding == 1 << 5);
	CHECK_INT(p->rlimits.n, 2);
	CHECK(p->rlimits.v[0].resource == RLIMIT_NOFILE && p->rlimits.v[0].hard == 1024 &&
	      p->rlimits.v[0].soft == 512);
	CHECK_STR(p->rlimits.v[1].type, "RLIMIT_CORE");
	CHECK(p->rlimits.v[1].hard == UINT64_MAX);
	CHECK(p->no_new_privileges && p->has_oom_score_adj && p->oom_score_adj == -5);
	CHECK_STR(p->apparmor_profile, "ketch-default");
	CHECK_STR(p->selinux_label, "system_u:system_r:container_t:s0");
	CHECK(p->scheduler && p->scheduler->policy == 6 && p->scheduler->flags == 3 &&
	      p->scheduler->period == 40000000);
	CHECK(p->io_priority && p->io_priority->class == 3 && p->io_priority->priority == 7);
	CHECK_STR(p->affinity_initial, "0");
	CHECK_STR(p->affinity_final, "0-3,7");
}

static void check_linux(const struct spec_linux *l)
{
	for (enum spec_ns ns = 0; ns < NS_N; ns++)
		CHECK(l->ns[ns].present && !l->ns[ns].path == (ns != NS_NETWORK));
	CHECK_STR(l->ns[NS_NETWORK].path, "/run/netns/x");
	CHECK(l->ns[NS_TIME].index == 7);
	CHECK(l->uid_mappings.n == 1 && l->uid_mappings.v[0].host_id == 100000 &&
	      l->gid_mappings.v[0].size == 65536);
	CHECK(l->monotonic.present && l->monotonic.secs == 172800 && l->monotonic.nanosecs == 1);
	CHECK(l->boottime.present && l->boottime.secs == -604800);
	CHECK(l->devices.n == 1 && l->devices.v[0].type == 'c' && l->devices.v[0].minor == 229);
	CHECK(l->devices.v[0].has_mode && l->devices.v[0].mode == 0666 && l->devices.v[0].has_uid);
	CHECK_STR(l->net_devices.v[0].host_name, "eth1");
	CHECK_STR(l->net_devices.v[0].name, "ceth1");
	CHECK_STR(l->cgroups_path, "/ketch/every");
	CHECK_INT(l->rootfs_propagation, PROPAGATION_SLAVE);
	CHECK(l->sysctl.n == 2);
	CHECK_STR(spec_map_get(&l->sysctl, "kernel.shmmax"), "1");
	CHECK_STR(l->masked_paths.v[0], "/proc/kcore");
	CHECK_STR(l->readonly_paths.v[0], "/proc/sys");
	CHECK_STR(l->intel_rdt->clos_id, "guaranteed");
	CHECK_STR(l->intel_rdt->schemata.v[0], "L3:0=ffff0");
	CHECK(l->intel_rdt->enable_monitoring);
	CHECK(l->memory_policy->mode == 2 && l->memory_policy->flags == 1 << 15);
	CHECK_STR(l->memory_policy->nodes, "0-1");
	CHECK(l->has_personality && l->personality_linux32);
}

static void check_resources(const struct spec_resources *r)
{
	CHECK_INT(r->devices.n, 2);
	CHECK(!r->devices.v[0].allow && r->devices.v[0].type == 'a' &&
	      r->devices.v[0].access == DEV_ALL);
	CHECK(r->devices.v[1].allow && r->devices.v[1].access == (DEV_READ | DEV_WRITE) &&
	      r->devices.v[1].major == 10);
	CHECK(r->memory->has_limit && r->memory->limit == 536870912 &&
	      r->memory->swap == 1073741824);
	CHECK(r->memory->has_disable_oom_killer && !r->memory->disable_oom_killer &&
	      r->memory->swappiness == 60);
	CHECK(r->cpu->has_quota && r->cpu->quota == 100000 && r->cpu->has_idle &&
	      r->cpu->idle == 0);
	CHECK_STR(r->cpu->mems, "0-7");
	CHECK(r->has_pids_limit && r->pids_limit == 32771);
	CHECK(r->block_io->has_leaf_weight && r->block_io->weight_devices.v[0].leaf_weight == 300);
	for (int i = 0; i < THROTTLE_N; i++)
		CHECK(r->block_io->throttle[i].n == 1 &&
		      r->block_io->throttle[i].v[0].rate == 1048576);
	CHECK_STR(r->hugepage_limits.v[0].page_size, "2MB");
	CHECK(r->network->has_class_id && r->network->class_id == 1048577 &&
	      r->network->priorities.v[0].priority == 500);
	CHECK_STR(r->rdma.v[0].device, "mlx5_1");
	CHECK(r->rdma.v[0].has_objects && r->rdma.v[0].objects == 10000);
	CHECK_STR(spec_map_get(&r->unified, "memory.high"), "1000000");
}

static void check_seccomp(const struct spec_seccomp *s)
{
	CHECK_STR(name_word(names_seccomp_actions, s->default_action), "SCMP_ACT_ERRNO");
	CHECK(s->has_default_errno_ret && s->default_errno_ret == 38 && s->has_flags &&
	      s->flags == 2);
	CHECK_INT(s->architectures.n, 2);
	CHECK_STR(name_word(names_seccomp_archs, s->architectures.v[1]), "SCMP_ARCH_X32");
	CHECK_STR(s->listener_path, "/run/agent.sock");
	CHECK(s->notifies && s->syscalls.n == 3 && s->syscalls.v[0].names.n == 2);
	CHECK(s->syscalls.v[1].has_errno_ret && s->syscalls.v[1].errno_ret == 7 &&
	      !s->syscalls.v[2].has_errno_ret);
	CHECK(s->syscalls.v[1].args.v[0].op == 7 && s->syscalls.v[1].args.v[0].value == 2114060288);
}

static void test_every_property(void)
{
	char *text = read_fixture("valid/every-property.json");

	CHECK_INT(load(text), 0);
	free(text); /* the model stands alone */
	if (!spec)
		return;
	CHECK_STR(spec->hostname, "h");
	CHECK_STR(spec->domainname, "d");
	CHECK(spec->root_readonly && spec->has_vm);
	CHECK_INT(spec->mounts.n, 2);
	CHECK_STR(spec->mounts.v[1].options.v[1], "rro");
	CHECK(spec->mounts.v[1].uid_mappings.n == 1 &&
	      spec->mounts.v[1].gid_mappings.v[0].host_id == 100000);
	for (int i = 0; i < HOOK_N_KINDS; i++) {
		CHECK(spec->hooks[i].n == 1 && spec->hooks[i].v[0].timeout == 5 &&
		      spec->hooks[i].v[0].has_env);
		CHECK_STR(spec->hooks[i].v[0].args.v[0], names_hooks[i].name);
	}
	CHECK_STR(spec_map_get(&spec->annotations, "com.example.key"), "value");
	CHECK(!spec_map_get(&spec->annotations, "com.example"));
	check_process(spec->process);
	check_linux(spec->lnx);
	check_resources(spec->lnx->resources);
	check_seccomp(spec->lnx->seccomp);
}

#define DOC(members) "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"}," members "}"

static void test_absent_and_empty(void)
{
	CHECK_INT(
		load(DOC("\"process\":{\"args\":[\"a\"],\"cwd\":\"/"
			 "\",\"consoleSize\":{\"height\":0,\"width\":0},"
			 "\"user\":null,\"capabilities\":{},\"env\":null,\"apparmorProfile\":\"\"},"
			 "\"hostname\":\"\",\"linux\":{\"cgroupsPath\":\"\",\"rootfsPropagation\":"
			 "\"\","
			 "\"resources\":{\"pids\":{\"limit\":0},\"cpu\":{\"cpus\":\"\",\"shares\":"
			 "0}},"
			 "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]},"
			 "\"netDevices\":null,\"personality\":null}")),
		0);
	CHECK(!spec->process->has_console_size && !spec->process->has_env &&
	      !spec->process->has_oom_score_adj);
	CHECK(spec->process->caps && spec->process->caps->bounding == 0);
	CHECK(spec->process->user.uid == 0 && !spec->process->user.has_umask);
	CHECK(!spec->hostname && !spec->lnx->cgroups_path && !spec->lnx->has_personality);
	CHECK(spec->lnx->resources->has_pids_limit && spec->lnx->resources->pids_limit == 0);
	CHECK(spec->lnx->resources->cpu->has_shares && !spec->lnx->resources->memory);
	CHECK_STR(spec->lnx->resources->cpu->cpus, "");
	CHECK(spec->lnx->seccomp->has_flags && spec->lnx->seccomp->flags == 0 &&
	      !spec->lnx->seccomp->notifies);
	CHECK_INT(load("{\"ociVersion\":\"1.2.1\",\"root\":{\"path\":\"r\"},"
		       "\"linux\":{\"resources\":{\"pids\":{\"limit\":0}}}}"),
		  0);
	CHECK(spec->lnx->resources->has_pids_limit && spec->lnx->resources->pids_limit == -1);
	CHECK_INT(load(DOC("\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"},"
			   "\"resources\":{\"devices\":[{\"allow\":true}]}}")),
		  0);
	CHECK(!spec->lnx->seccomp->has_flags);
	const struct spec_device_rule *rule = spec->lnx->resources->devices.v;
	CHECK(rule->allow && rule->type == 'a' && rule->major == -1 && rule->minor == -1 &&
	      rule->access == DEV_ALL);
}

static bool warned(const char *where, const char *text, uint32_t line, uint32_t col)
{
	for (size_t i = 0; spec && i < spec->warnings.n; i++) {
		const struct spec_warning *w = &spec->warnings.v[i];

		if (strcmp(w->where, where) == 0 && strstr(w->text, text) && w->line == line &&
		    w->col == col)
			return true;
	}
	for (size_t i = 0; spec && i < spec->warnings.n; i++)
		printf("# %s %u:%u %s\n", spec->warnings.v[i].where, spec->warnings.v[i].line,
		       spec->warnings.v[i].col, spec->warnings.v[i].text);
	return false;
}

static void test_warnings(void)
{
	CHECK_INT(
		load("{\"ociVersion\": \"1.7.0\",\n"
		     " \"root\": {\"path\": \"r\"},\n"
		     " \"process\": {\"args\": [\"a\"], \"cwd\": \"/\", \"env\": [\"A=1\", \"B\", "
		     "\"=c\"],\n"
		     "  \"capabilities\": {\"bounding\": [\"CAP_CHOWN\", \"CAP_SYS_ADMN\"]}},\n"
		     " \"mounts\": [{\"destination\": \"data\", \"type\": \"tmpfs\"}],\n"
		     " \"linux\": {\"namespaces\": [{\"type\": \"mount\"}], \"readonlyPath\": [],\n"
		     "  \"resources\": {\"devices\": [{\"allow\": true, \"major\": 5}]}}}"),
		0);
	CHECK_INT(spec->warnings.n, 7);
	CHECK(warned("$.ociVersion", "newer than 1.3", 1, 16));
	CHECK(warned("$.process.env[1]", "NAME=VALUE", 3, 56));
	CHECK(warned("$.process.env[2]", "NAME=VALUE", 3, 61));
	CHECK(warned("$.process.capabilities.bounding[1]", "did you mean 'CAP_SYS_ADMIN'", 4, 46));
	CHECK(warned("$.mounts[0].destination", "deprecated", 5, 29));
	CHECK(warned("$.linux.readonlyPath", "did you mean 'readonlyPaths'", 6, 47));
	CHECK(warned("$.linux.resources.devices[0]", "all devices", 7, 29));
	CHECK_STR(spec->mounts.v[0].destination, "/data");
	CHECK(spec->mounts.v[0].destination_was_relative);
	CHECK_INT(spec->process->caps->bounding, 1);
}

static void test_many_warnings(void)
{
	auto_buf struct buf b = { 0 };

	buf_adds(&b, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
		     "\",\"args\":[\"a\"],\"env\":[\"x\"");
	for (int i = 0; i < 100000; i++)
		buf_addf(&b, ",\"v%d\"", i);
	buf_adds(&b, "]}}");
	CHECK_INT(load(b.p), 0);
	CHECK_INT(spec->warnings.n, 64);
	CHECK_INT(spec->process->env.n, 100001);
}

/* The runtime-spec's rule: 0:0 in errors is no place. */
static void test_places(void)
{
	CHECK_INT(load("{\"ociVersion\":\"1.0.0\",\n\t\"root\": {},\n}"), -EINVAL);
	CHECK_INT(err.line, 2);
	CHECK_INT(err.col, 10);
	CHECK_INT(load(DOC("\"hostname\":\n\n \"x\"")), -EINVAL);
	CHECK_INT(err.line, 3);
	CHECK_INT(err.col, 2);
	CHECK_STR(err.where, "$.hostname");
	CHECK_STR(err.msg,
		  "hostname needs a uts namespace of the container, linux.namespaces has none");
	CHECK(strstr(err.hint, "\"uts\""));
	/* what is missing is placed at what it should be in */
	CHECK_INT(load(DOC("\"linux\": {\"namespaces\":\n [{\"type\":\"user\"}]}")), -EINVAL);
	CHECK_STR(err.where, "$.linux.uidMappings");
	CHECK_INT(err.line, 1);
}

static void collect(void *ctx, const struct err *e)
{
	buf_addf(ctx, "%u:%u %s\n", e->line, e->col, e->where);
}

static void test_check(void)
{
	static const char text[] =
		"{\"ociVersion\": \"2.0\",\n"
		"\"process\": {\"cwd\": 1, \"args\": [], \"rlimits\": [\n"
		" {\"type\": \"RLIMIT_CPU\", \"soft\": 2, \"hard\": 1},\n"
		" {\"type\": \"RLIMIT_CPX\", \"soft\": 2, \"hard\": 1}]},\n"
		"\"hostname\": \"h\", \"mounts\": [{\"destination\": \"/a\"}, {\"type\": 3}],\n"
		"\"linux\": {\"sysctl\": {\"vm.x\": \"1\", \"/\": \"\"}, \"maskedPaths\": "
		"[\"/a\"]}}";
	auto_buf struct buf b = { 0 };
	struct spec *s = NULL;

	CHECK_INT(spec_check(&s, text, strlen(text), collect, NULL, &b), 11);
	CHECK(!s);
	CHECK_STR(buf_str(&b), "1:1 $.root\n"
			       "1:16 $.ociVersion\n"
			       "2:20 $.process.cwd\n"
			       "2:31 $.process.args\n"
			       "3:33 $.process.rlimits[0].soft\n"
			       "4:11 $.process.rlimits[1].type\n"
			       "5:13 $.hostname\n"
			       "5:29 $.mounts[0].type\n"
			       "5:52 $.mounts[1].destination\n"
			       "5:61 $.mounts[1].type\n"
			       "6:35 $.linux.sysctl[\"/\"]\n");
}

static void test_check_rules_only(void)
{
	auto_buf struct buf b = { 0 };
	struct spec *s = NULL;
	const char *text = DOC("\"hostname\":\"h\",\"domainname\":\"d\"");

	CHECK_INT(spec_check(&s, text, strlen(text), collect, NULL, &b), 2);
	CHECK(!s);
	buf_reset(&b);
	CHECK_INT(spec_check(&s, "{", 1, collect, NULL, &b), 1);
	CHECK(!s);
	CHECK_STR(buf_str(&b), "1:2 $\n");
}

static void test_rest(void)
{
	static const char text[] = DOC("\"process\":{\"cwd\":\"/\",\"args\":[]},\"hostname\":3,"
				       "\"mounts\":[{\"destination\":\"/"
				       "a\",\"type\":\"tmpfs\",\"options\":[1,\"ro\",2,\"rw\"]},"
				       "{\"type\":3},{\"destination\":\"/"
				       "b\",\"type\":\"tmpfs\"},{},{\"destination\":\"/c\"}],"
				       "\"x-unknown\":[[{\"\\u00e9\":null}],-1.5e3,true]");
	char first[64] = "$.mounts[0].options[1]", second[64] = "$.mounts[1].type",
	     other[64] = "$.mounts";
	struct rest rest = { 0 };
	struct spec *s = NULL;

	CHECK_INT(rest_load(&s, &rest, text, strlen(text)), 0);
	CHECK(s && !s->process && !s->hostname && s->mounts.n == 2);
	CHECK_STR(s->mounts.v[1].destination, "/b");
	CHECK_INT((long)s->warnings.n, 1);
	rest_place(&rest, first, sizeof(first));
	rest_place(&rest, second, sizeof(second));
	rest_place(&rest, other, sizeof(other));
	CHECK_STR(first, "$.mounts[0].options[3]");
	CHECK_STR(second, "$.mounts[2].type");
	CHECK_STR(other, "$.mounts");
	CHECK(rest_lacks(&rest, "$.mounts") && rest_lacks(&rest, "$.process.env") &&
	      !rest_lacks(&rest, "$.linux"));
	rest_free(&rest);
	spec_free(s);

	s = NULL;
	CHECK_INT(rest_load(&s, &rest, "{\"ociVersion\":\"1.3.0\"}", 22), 0);
	CHECK(!s);
	rest_free(&rest);
}

static void test_check_ends(void)
{
	auto_buf struct buf text = { 0 }, b = { 0 };
	struct spec *s = NULL;

	buf_adds(&text, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"mounts\":[0");
	for (int i = 0; i < 200000; i++)
		buf_adds(&text, ",{}");
	buf_adds(&text, "]}");
	CHECK_INT(spec_check(&s, text.p, text.len, collect, NULL, &b), 200);
	CHECK(!s);
}

static void test_process_document(void)
{
	struct arena arena = { 0 };
	struct spec_process *p = NULL;
	struct err e;
	const char *good = "{\"args\":[\"ls\",\"-l\"],\"cwd\":\"/tmp\",\"user\":{\"uid\":5}}";
	const char *bad = "{\"args\":[\"ls\"],\"cwd\":\"/"
			  "tmp\",\n\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]}";
	const char *worse = "{\"args\":[\"ls\"],\"cwd\":\"tmp\"}";

	CHECK_INT(spec_load_process(&p, &arena, good, strlen(good), NULL, &e), 0);
	CHECK(p && p->args.n == 2 && p->user.uid == 5);
	CHECK_INT(spec_load_process(&p, &arena, bad, strlen(bad), NULL, &e), -EINVAL);
	CHECK_STR(e.where, "$.rlimits[0].soft");
	CHECK_INT(e.line, 2);
	CHECK_INT(spec_load_process(&p, &arena, worse, strlen(worse), NULL, &e), -EINVAL);
	CHECK_STR(e.where, "$.cwd");
	CHECK_STR(e.msg, "cwd must be an absolute path, not 'tmp'");
	arena_free(&arena);
}

static void test_resources_document(void)
{
	struct arena arena = { 0 };
	struct spec_resources *r = NULL;
	struct err e;
	/* an update may count on the limit that is there */
	const char *good = "{\"memory\":{\"swap\":5},\"cpu\":{\"shares\":5}}";
	const char *bad = "{\"memory\":{\"swap\":5,\"limit\":6}}";

	CHECK_INT(spec_load_resources(&r, &arena, good, strlen(good), NULL, &e), 0);
	CHECK(r && r->memory->swap == 5);
	CHECK_INT(spec_load_resources(&r, &arena, bad, strlen(bad), NULL, &e), -EINVAL);
	CHECK_STR(e.where, "$.memory.swap");
	arena_free(&arena);
}

static void test_template(void)
{
	for (int rootless = 0; rootless < 2; rootless++) {
		auto_buf struct buf b = { 0 };

		CHECK_INT(spec_template(&b, rootless, 1000, 1001), 0);
		CHECK_INT(load(buf_str(&b)), 0);
		CHECK_INT(spec->warnings.n, 0);
		CHECK_INT(spec->mounts.n, 7);
		CHECK_INT(spec->lnx->ns[NS_USER].present, rootless);
		CHECK_INT(spec->lnx->ns[NS_NETWORK].present, !rootless);
		CHECK_INT(!spec->lnx->resources, rootless);
		CHECK(spec->root_readonly && spec->process->terminal &&
		      spec->process->no_new_privileges);
		if (rootless)
			CHECK(spec->lnx->gid_mappings.v[0].host_id == 1001);
	}
}

/* Whatever allocation fails: an error, no crash, nothing leaked (under a sanitizer). */
static void test_no_memory(void)
{
	char *text = read_fixture("valid/every-property.json");
	auto_buf struct buf bad = { 0 };
	size_t len = strlen(text);
	int failures = 0;

	/* with a finding, and keys and strings with escapes */
	buf_adds(&bad, "{\"a\\u0062\":\"\\n\\t\",\"hooks\":1,\"sysctl\":");
	for (int i = 0; i < 40; i++)
		buf_addf(&bad, "{\"k%d\":1,\"l%d\":", i, i);
	for (int i = 0; i < 40; i++)
		buf_adds(&bad, i ? "}" : "0}");
	buf_adds(&bad, "}");
	for (long n = 0; n < 300; n++) {
		struct spec *s = NULL;
		struct err e = { 0 };

		allocations_left = n;
		int r = spec_load(&s, text, len, &e);
		allocations_left = -1;
		CHECK(r == 0 || (r == -ENOMEM && e.errnum == ENOMEM));
		failures += r < 0;
		spec_free(s);

		allocations_left = n;
		r = spec_load(&s, bad.p, bad.len, &e);
		allocations_left = -1;
		CHECK(r == -ENOMEM || r == -EINVAL);

		allocations_left = n;
		r = spec_check(&s, bad.p, bad.len, (void (*)(void *, const struct err *))collect,
			       NULL, &(struct buf){ .error = -1 });
		allocations_left = -1;
		CHECK(r == -ENOMEM || r > 0);
	}
	CHECK(failures > 5 && failures < 250);
	free(text);
}

static void test_speed(void)
{
	char *text = read_fixture("valid/every-property.json");
	size_t len = strlen(text);
	struct timespec begin, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (int i = 0; i < 200; i++) {
		struct spec *s = NULL;

		CHECK_INT(spec_load(&s, text, len, &err), 0);
		spec_free(s);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	double us = ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / 1e3 / 200;
	printf("# %zu bytes in %.1f us\n", len, us);
	CHECK(us < 2000); /* far off, for sanitizers and busy machines */
	free(text);
}

static const struct test tests[] = {
	{ "minimal config", test_minimal },
	{ "every property", test_every_property },
	{ "absent, null and empty", test_absent_and_empty },
	{ "warnings", test_warnings },
	{ "many warnings", test_many_warnings },
	{ "places of errors", test_places },
	{ "all findings", test_check },
	{ "findings of rules leave a model", test_check_rules_only },
	{ "what is left of a refused config", test_rest },
	{ "findings end", test_check_ends },
	{ "process document", test_process_document },
	{ "resources document", test_resources_document },
	{ "template", test_template },
	{ "no memory", test_no_memory },
	{ "speed", test_speed },
};

int main(void)
{
	int r = tap_run(tests, N_ELEMENTS(tests));

	spec_free(spec);
	return r;
}
