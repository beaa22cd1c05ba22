/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity, capability sets, labels: what plan_process() decides, and what it refuses. */
#include "engine/plan.h"
#include "tap.h"

enum { CHOWN = 1 << 0, KILL = 1 << 5, SETUID = 1 << 7, NET_BIND = 1 << 10 };

struct fixture {
	struct facts facts;
	struct spec_linux lnx;
	struct spec spec;
	struct spec_process process;
	struct spec_caps caps;
	struct plan plan;
	struct err e;
};

static struct fixture *make(enum plan_use use)
{
	static struct fixture f;

	arena_free(&f.plan.arena);
	memset(&f, 0, sizeof(f));
	f.spec.lnx = &f.lnx;
	f.spec.process = &f.process;
	f.plan.spec = &f.spec;
	f.plan.facts = &f.facts;
	f.plan.opts.use = use;
	f.plan.process = &f.process;
	static char sh[] = "sh", *args[] = { sh, NULL };
	static char slash[] = "/";
	f.process.cwd = slash;
	f.process.args = (struct strv){ args, 1, 0 };
	return &f;
}

static void check_error(struct fixture *f, enum err_code code, const char *where)
{
	CHECK(plan_process(&f->plan, &f->e) < 0);
	CHECK_INT(f->e.code, code);
	CHECK_STR(f->e.where, where);
}

static void test_plain(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->process.user.uid = 1000;
	f->process.user.gid = 100;
	f->process.terminal = true;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.uid, 1000);
	CHECK_INT(f->plan.creds.gid, 100);
	CHECK(f->plan.creds.set_groups);
	CHECK(f->plan.terminal);
	/* no capabilities in the config: none */
	CHECK_INT(f->plan.creds.bounding | f->plan.creds.permitted | f->plan.creds.inheritable, 0);
	CHECK(!f->plan.from.rlimits && !f->plan.from.oom && !f->plan.from.affinity);
}

static void test_no_process(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->spec.process = NULL;
	f->plan.process = NULL;
	f->lnx.mount_label = (char[]){ "system_u:object_r:container_file_t:s0" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.warnings.n, 1); /* engines set it whether or not SELinux is on */
	CHECK_STR(f->plan.warnings.v[0].where, "$.linux.mountLabel");
}

static void test_caps_exact(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->caps = (struct spec_caps){ .effective = CHOWN,
				      .bounding = CHOWN | KILL,
				      .inheritable = KILL,
				      .permitted = CHOWN | KILL,
				      .ambient = KILL };
	f->process.caps = &f->caps;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.effective, CHOWN);
	CHECK_INT(f->plan.creds.bounding, CHOWN | KILL);
	CHECK_INT(f->plan.creds.inheritable, KILL);
	CHECK_INT(f->plan.creds.permitted, CHOWN | KILL);
	CHECK_INT(f->plan.creds.ambient, KILL);
	CHECK_INT(f->plan.warnings.n, 0);
}

/* CVE-2022-29162: the bounding or permitted set never leaks into the inheritable one. */
static void test_caps_inheritable_empty(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->caps = (struct spec_caps){ .effective = KILL, .bounding = KILL, .permitted = KILL };
	f->process.caps = &f->caps;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.inheritable, 0);
	CHECK_INT(f->plan.creds.ambient, 0);
}

static void test_caps_ungrantable(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->caps = (struct spec_caps){ .effective = CHOWN | KILL,
				      .bounding = KILL,
				      .inheritable = SETUID | KILL,
				      .permitted = KILL | NET_BIND,
				      .ambient = SETUID | KILL };
	f->process.caps = &f->caps;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.effective, KILL);
	CHECK_INT(f->plan.creds.inheritable, KILL);
	CHECK_INT(f->plan.creds.permitted, KILL | NET_BIND);
	CHECK_INT(f->plan.creds.ambient, KILL);
	CHECK_INT(f->plan.warnings.n, 3);
	CHECK_STR(f->plan.warnings.v[0].where, "$.process.capabilities.effective");
	CHECK_STR(f->plan.warnings.v[0].text,
		  "left out, because not in the permitted set: CAP_CHOWN");
	CHECK_STR(f->plan.warnings.v[2].where, "$.process.capabilities.ambient");
}

static void test_ids_refused(void)
{
	struct fixture *f = make(FOR_CREATE);
	uint32_t gids[] = { 5, UINT32_MAX };

	f->process.user.uid = UINT32_MAX; /* setresuid(-1) changes nothing */
	check_error(f, ERR_SPEC, "$.process.user.uid");
	f->process.user.uid = 0;
	f->process.user.gid = UINT32_MAX;
	check_error(f, ERR_SPEC, "$.process.user.gid");
	f->process.user.gid = 0;
	f->process.user.additional_gids.v = gids;
	f->process.user.additional_gids.n = 2;
	check_error(f, ERR_SPEC, "$.process.user.additionalGids[1]");
}

static void test_ids_mapped(void)
{
	struct fixture *f = make(FOR_CREATE);
	struct spec_idmap uids[] = { { 0, 100000, 1000 }, { 5000, 0, 1 } };
	struct spec_idmap gids[] = { { 0, 100000, 10 } };
	uint32_t more[] = { 9, 10 };

	f->lnx.ns[NS_USER].present = true;
	f->lnx.uid_mappings.v = uids;
	f->lnx.uid_mappings.n = 2;
	f->lnx.gid_mappings.v = gids;
	f->lnx.gid_mappings.n = 1;
	f->process.user.uid = 999;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	f->process.user.uid = 5000;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	f->process.user.uid = 1000;
	check_error(f, ERR_SPEC, "$.process.user.uid");
	f->process.user.uid = 0;
	f->process.user.additional_gids.v = more;
	f->process.user.additional_gids.n = 2;
	check_error(f, ERR_SPEC, "$.process.user.additionalGids[1]");
	/* a joined one has mappings that only the kernel knows */
	f->lnx.ns[NS_USER].path = (char[]){ "/proc/1/ns/user" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
}

static void test_keep_groups(void)
{
	struct spec_map_entry entry = { (char[]){ "run.oci.keep_original_groups" },
					(char[]){ "1" } };
	struct fixture *f = make(FOR_CREATE);

	f->spec.annotations.v = &entry;
	f->spec.annotations.n = 1;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK(f->plan.creds.keep_groups && !f->plan.creds.set_groups);
	entry.value = (char[]){ "0" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK(!f->plan.creds.keep_groups && f->plan.creds.set_groups);
}

static void test_host_names(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->spec.domainname = (char[]){ "example.org" };
	check_error(f, ERR_SPEC, "$.domainname");
	f->spec.hostname = (char[]){ "box" };
	check_error(f, ERR_SPEC, "$.hostname");
	f->plan.uts_ns = true;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
}

static void test_labels_off(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->process.apparmor_profile = (char[]){ "unconfined" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK(!f->plan.creds.apparmor);
	f->process.apparmor_profile = (char[]){ "docker-default" };
	check_error(f, ERR_UNSUPPORTED, "$.process.apparmorProfile");
	f->process.apparmor_profile = (char[]){ "" };
	f->process.selinux_label = (char[]){ "system_u:system_r:container_t:s0" };
	check_error(f, ERR_UNSUPPORTED, "$.process.selinuxLabel");
	f->process.selinux_label = NULL;
	f->lnx.mount_label = (char[]){ "" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
}

static void test_labels_on(void)
{
	struct fixture *f = make(FOR_CREATE);

	f->facts.apparmor = f->facts.selinux = true;
	f->process.apparmor_profile = (char[]){ "unconfined" };
	f->process.selinux_label = (char[]){ "a:b:c:s0" };
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_STR(f->plan.creds.apparmor, "unconfined");
	CHECK_STR(f->plan.creds.selinux, "a:b:c:s0");
}

static void test_deadline(void)
{
	struct fixture *f = make(FOR_CREATE);
	struct spec_scheduler deadline = { .policy = 6 };
	struct spec_seccomp filter = { .notifies = true };

	f->process.scheduler = &deadline;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	f->spec.hooks[HOOK_START_CONTAINER].n = 1;
	check_error(f, ERR_UNSUPPORTED, "$.process.scheduler");
	f->spec.hooks[HOOK_START_CONTAINER].n = 0;
	f->lnx.seccomp = &filter;
	check_error(f, ERR_UNSUPPORTED, "$.process.scheduler");
	deadline.flags = 1; /* SCHED_FLAG_RESET_ON_FORK */
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
}

/* An exec that is silent is confined like the container. */
static void test_exec_inherits(void)
{
	struct spec_rlimit limit = { 7, (char[]){ "RLIMIT_NOFILE" }, 10, 10 };
	struct fixture *f = make(FOR_EXEC);
	struct spec_process own = { .args = f->process.args, .cwd = f->process.cwd };

	f->facts.apparmor = true;
	f->caps = (struct spec_caps){ .bounding = KILL, .permitted = KILL };
	f->process.caps = &f->caps;
	f->process.apparmor_profile = (char[]){ "docker-default" };
	f->process.has_oom_score_adj = true;
	f->process.oom_score_adj = 500;
	f->process.affinity_final = (char[]){ "0-3" };
	f->process.rlimits.v = &limit;
	f->process.rlimits.n = 1;
	f->plan.process = &own;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.bounding, KILL);
	CHECK_STR(f->plan.creds.apparmor, "docker-default");
	CHECK(f->plan.from.oom == &f->process && f->plan.from.rlimits == &f->process);
	CHECK(f->plan.from.affinity == &f->process);

	struct spec_caps none = { 0 };
	own.caps = &none;
	own.apparmor_profile = (char[]){ "other" };
	own.has_oom_score_adj = true;
	CHECK_INT(plan_process(&f->plan, &f->e), 0);
	CHECK_INT(f->plan.creds.bounding, 0);
	CHECK_STR(f->plan.creds.apparmor, "other");
	CHECK(f->plan.from.oom == &own);
}

static const struct test tests[] = {
	{ "a plain process", test_plain },
	{ "no process", test_no_process },
	{ "capability sets are exact", test_caps_exact },
	{ "inheritable stays empty", test_caps_inheritable_empty },
	{ "inconsistent capability sets: warned of and cut", test_caps_ungrantable },
	{ "ids that are none", test_ids_refused },
	{ "ids must be mapped", test_ids_mapped },
	{ "run.oci.keep_original_groups", test_keep_groups },
	{ "host names need a UTS namespace", test_host_names },
	{ "labels where the module is off", test_labels_off },
	{ "labels where the module is on", test_labels_on },
	{ "SCHED_DEADLINE can't fork", test_deadline },
	{ "exec takes what it does not say from the container", test_exec_inherits },
};

TAP_MAIN(tests)
