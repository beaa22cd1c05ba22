/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_fork() over every combination: each of the eight namespaces absent, new or joined, three cgroup layouts, three
 * managers, old and new kernel, create and exec. What must hold is checked, not what one table says.
 */
#include <linux/capability.h>
#include <sched.h>

#include "engine/plan.h"
#include "tap.h"

enum what { ABSENT, NEW, JOIN };

static char join_path[] = "/run/netns/x";
static struct spec_idmap full[] = { { 0, 100000, 65536 } };

struct fixture {
	struct facts facts;
	struct spec_linux lnx;
	struct spec spec;
	struct spec_process process;
	struct plan plan;
	struct err err;
};

static void setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->facts.caps = ~0ull;
	f->facts.kernel_major = 6;
	f->facts.kernel_minor = 18;
	f->facts.cgroup_mode = CGROUP_MODE_V2;
	f->lnx.uid_mappings.v = f->lnx.gid_mappings.v = full;
	f->lnx.uid_mappings.n = f->lnx.gid_mappings.n = 1;
	f->spec.lnx = &f->lnx;
	f->plan.spec = &f->spec;
	f->plan.facts = &f->facts;
	f->plan.process = &f->process;
	f->plan.opts.use = FOR_CREATE;
}

static int plan(struct fixture *f)
{
	memset(&f->err, 0, sizeof(f->err));
	return plan_fork(&f->plan, &f->err);
}

static void set_ns(struct fixture *f, const enum what *w)
{
	for (int i = 0; i < NS_N; i++) {
		f->lnx.ns[i].present = w[i] != ABSENT;
		f->lnx.ns[i].path = w[i] == JOIN ? join_path : NULL;
	}
}

/* In how many ways the plan makes or joins the kind. */
static int ways(const struct plan_fork *f, enum spec_ns ns)
{
	uint64_t flag = (uint64_t)ns_clone_flag(ns);
	int n = !!(f->clone_flags & flag) + !!(f->init_flags & flag) +
		!!((uint64_t)f->unshare_flags & flag) + !!((uint64_t)f->join_flags & flag);

	if (ns == NS_USER)
		n += f->new_userns && f->ns_stage;
	if (ns == NS_CGROUP)
		n += f->cgroup_ns_late;
	if (ns == NS_TIME)
		n += f->time_ns_late;
	return n;
}

static bool create_holds(const struct fixture *x, const enum what *w)
{
	const struct plan_fork *f = &x->plan.fork;
	bool one_hierarchy =
		x->facts.cgroup_mode == CGROUP_MODE_V2 || x->facts.cgroup_mode == CGROUP_MODE_NONE;
	bool joins = false, ok = true;

	for (int i = 0; i < NS_N; i++) {
		joins |= w[i] == JOIN;
		ok &= ways(f, i) == (w[i] != ABSENT);
		ok &= !!(f->join_flags & ns_clone_flag(i)) == (w[i] == JOIN);
	}
	/* Joining takes the first child; without it only an old kernel's time namespace does. */
	ok &= !joins || f->ns_stage;
	ok &= joins || w[NS_TIME] == NEW || !f->ns_stage;
	ok &= f->ns_stage ? f->clone_flags == 0
			  : f->init_flags == 0 && f->unshare_flags == 0 && f->join_flags == 0;
	/* Frozen offsets; children only; asked for by ns.user. */
	ok &= !((f->clone_flags | f->init_flags) & (uint64_t)ns_clone_flag(NS_TIME));
	ok &= !(f->unshare_flags & (CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWCGROUP));
	ok &= !(f->init_flags & CLONE_NEWUSER);
	ok &= f->new_userns == (w[NS_USER] == NEW) && f->joined_userns == (w[NS_USER] == JOIN);
	ok &= f->pid_ns == (w[NS_PID] == NEW);
	/* The root of a new cgroup namespace must be the container's cgroup in every hierarchy. */
	if (w[NS_CGROUP] == NEW && x->plan.opts.cgroup_manager == CGROUP_MANAGER_CGROUPFS)
		ok &= f->cgroup_ns_late == !one_hierarchy;
	if (w[NS_CGROUP] == NEW && x->plan.opts.cgroup_manager == CGROUP_MANAGER_SYSTEMD)
		ok &= f->cgroup_ns_late;
	ok &= !f->into_cgroup || x->facts.cgroup_mode == CGROUP_MODE_V2 ||
	      x->facts.cgroup_mode == CGROUP_MODE_HYBRID;
	return ok;
}

static bool exec_holds(const struct plan_fork *f, const enum what *w)
{
	bool ok = f->ns_stage && !f->clone_flags && !f->init_flags && !f->unshare_flags &&
		  !f->new_userns && !f->cgroup_ns_late && !f->time_ns_late && !f->pid_ns;

	for (int i = 0; i < NS_N; i++)
		ok &= ways(f, i) == (w[i] != ABSENT);
	return ok && f->joined_userns == (w[NS_USER] != ABSENT);
}

static void combination(struct fixture *x, const enum what *w, unsigned *bad)
{
	static const enum cgroup_mode modes[] = { CGROUP_MODE_NONE, CGROUP_MODE_V1,
						  CGROUP_MODE_HYBRID, CGROUP_MODE_V2 };
	static const enum cgroup_manager managers[] = { CGROUP_MANAGER_CGROUPFS,
							CGROUP_MANAGER_SYSTEMD,
							CGROUP_MANAGER_DISABLED };

	set_ns(x, w);
	for (size_t m = 0; m < N_ELEMENTS(modes) * N_ELEMENTS(managers) * 4; m++) {
		x->facts.cgroup_mode = modes[m % 4];
		x->plan.opts.cgroup_manager = managers[m / 4 % 3];
		x->facts.kernel_major = m / 12 % 2 ? 6 : 5;
		x->facts.kernel_minor = m / 12 % 2 ? 12 : 10;
		x->plan.opts.use = m / 24 ? FOR_EXEC : FOR_CREATE;
		if (plan(x) < 0 || !(m / 24 ? exec_holds(&x->plan.fork, w) : create_holds(x, w)))
			++*bad;
	}
}

static void all_combinations(void)
{
	struct fixture x;
	unsigned bad = 0, n = 0;

	setup(&x);
	for (unsigned i = 0; i < 6561; i++) { /* 3^8 */
		enum what w[NS_N];
		unsigned rest = i;

		for (int k = 0; k < NS_N; k++, rest /= 3)
			w[k] = rest % 3;
		combination(&x, w, &bad);
		n++;
	}
	CHECK_INT(n, 6561);
	CHECK_INT(bad, 0);
}

static void plain(void)
{
	struct fixture x;

	setup(&x);
	const enum what w[NS_N] = {
		[NS_PID] = NEW, [NS_MOUNT] = NEW, [NS_CGROUP] = NEW, [NS_NETWORK] = NEW
	};

	set_ns(&x, w);
	CHECK_INT(plan(&x), 0);
	CHECK_INT(x.plan.fork.clone_flags,
		  CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWNET);
	CHECK(x.plan.fork.into_cgroup && !x.plan.fork.ns_stage);
	x.facts.cgroup_mode = CGROUP_MODE_HYBRID;
	CHECK_INT(plan(&x), 0);
	CHECK_INT(x.plan.fork.clone_flags, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET);
	CHECK(x.plan.fork.into_cgroup && x.plan.fork.cgroup_ns_late);
}

static void time_by_kernel(void)
{
	struct fixture x;
	const enum what w[NS_N] = { [NS_PID] = NEW, [NS_TIME] = NEW, [NS_USER] = NEW };

	setup(&x);
	set_ns(&x, w);
	CHECK_INT(plan(&x), 0);
	CHECK(x.plan.fork.time_ns_late && !x.plan.fork.ns_stage);
	x.facts.kernel_major = 5;
	CHECK_INT(plan(&x), 0);
	CHECK(!x.plan.fork.time_ns_late && x.plan.fork.ns_stage);
	CHECK_INT(x.plan.fork.unshare_flags, ns_clone_flag(NS_TIME));
	CHECK_INT(x.plan.fork.init_flags, CLONE_NEWPID);
}

static void mappings(void)
{
	struct fixture x;
	const enum what w[NS_N] = { [NS_USER] = NEW };
	struct spec_idmap not_zero = { 1, 100000, 10 }, own = { 0, 1000, 1 };
	uint32_t gid = 3;

	setup(&x);
	set_ns(&x, w);
	CHECK_INT(plan(&x), 0);
	CHECK(!x.plan.fork.uid_map_helper && !x.plan.fork.gid_map_helper &&
	      !x.plan.fork.deny_setgroups);
	x.lnx.gid_mappings.n = 0;
	CHECK(plan(&x) < 0);
	CHECK_STR(x.err.where, "$.linux.gidMappings");
	x.lnx.gid_mappings.n = 1;
	x.lnx.uid_mappings.v = &not_zero;
	CHECK(plan(&x) < 0);
	CHECK_STR(x.err.where, "$.linux.uidMappings");
	/* An ordinary user: one's own id directly, ranges by the helpers. */
	x.facts.caps = 0;
	x.facts.uid = x.facts.gid = 1000;
	x.lnx.uid_mappings.v = x.lnx.gid_mappings.v = &own;
	CHECK_INT(plan(&x), 0);
	CHECK(!x.plan.fork.uid_map_helper && !x.plan.fork.gid_map_helper &&
	      x.plan.fork.deny_setgroups);
	x.lnx.uid_mappings.v = x.lnx.gid_mappings.v = full;
	CHECK_INT(plan(&x), 0);
	CHECK(x.plan.fork.uid_map_helper && x.plan.fork.gid_map_helper &&
	      !x.plan.fork.deny_setgroups);
	x.process.user.additional_gids.v = &gid;
	x.process.user.additional_gids.n = 1;
	CHECK_INT(plan(&x), 0);
	x.lnx.gid_mappings.v = &own;
	CHECK(plan(&x) < 0);
	CHECK_STR(x.err.where, "$.process.user.additionalGids");
	CHECK_INT(x.err.code, ERR_UNSUPPORTED);
}

static void privilege(void)
{
	struct fixture x;
	const enum what without[NS_N] = { [NS_PID] = NEW, [NS_MOUNT] = NEW },
			joined[NS_N] = { [NS_PID] = NEW, [NS_USER] = JOIN };

	setup(&x);
	x.facts.caps = 0;
	x.facts.uid = 1000;
	set_ns(&x, without);
	CHECK(plan(&x) < 0);
	CHECK_STR(x.err.where, "$.linux.namespaces");
	CHECK(strstr(x.err.hint, "--rootless"));
	set_ns(&x, joined);
	CHECK_INT(plan(&x), 0);
	/* Root of an outer user namespace (Podman's) needs none of its own. */
	x.facts.in_userns = true;
	x.facts.caps = 1ull << CAP_SYS_ADMIN;
	set_ns(&x, without);
	CHECK_INT(plan(&x), 0);
}

static void flags_text(void)
{
	auto_buf struct buf b = { 0 };

	ns_flags_text(CLONE_NEWNS | CLONE_NEWPID | (uint64_t)ns_clone_flag(NS_TIME), &b);
	CHECK_STR(buf_str(&b), "pid,mount,time");
}

static const struct test tests[] = {
	{ "every combination", all_combinations },
	{ "a plain container", plain },
	{ "time namespaces by kernel", time_by_kernel },
	{ "id mappings", mappings },
	{ "privilege", privilege },
	{ "words of flags", flags_text },
};

TAP_MAIN(tests)
