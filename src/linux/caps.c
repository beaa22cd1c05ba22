/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities: the bounding set before the ids change, the other four after it (config.md#linux-process,
 * capabilities(7)). What this host can't grant is left out with a warning, as the spec asks.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "linux/seccomp.h"
#include "linux/steps.h"
#include "spec/names.h"
#include "sys/creds.h"
#include "util/buf.h"

#define CAP_BIT(n)  (1ull << (n))
#define CAP_NUMBERS 64u

static bool applies(const struct plan *p)
{
	return p->process != NULL;
}

static void warn_lost(struct run *r, const char *sets, uint64_t lost)
{
	auto_buf struct buf words = { 0 };

	if (!lost)
		return;
	plan_caps_words(lost, &words);
	run_warn(r, "capabilities that can't be granted are left out of %s: %s", sets,
		 buf_str(&words));
}

/* Those of SET that the bounding set has now. */
static uint64_t bounding_now(uint64_t set)
{
	for (unsigned cap = 0; cap < CAP_NUMBERS; cap++) {
		if (set & CAP_BIT(cap) && sys_cap_bounding_has(cap) != 1)
			set &= ~CAP_BIT(cap);
	}
	return set;
}

/* SECBIT_NOROOT and its like, inherited from whoever started us, change what execve and the set*id calls do. */
static void reset_securebits(struct run *r)
{
	int bits = sys_prctl(PR_GET_SECUREBITS, 0);

	if (bits > 0 && sys_prctl(PR_SET_SECUREBITS, 0) < 0)
		run_warn(r, "inherited securebits 0x%x can't be cleared", (unsigned)bits);
}

static int run_bounding(struct run *r, struct err *e)
{
	uint64_t want = r->plan->creds.bounding;

	reset_securebits(r);
	warn_lost(r, "the bounding set", want & ~bounding_now(want));
	for (unsigned cap = 0; cap < CAP_NUMBERS; cap++) {
		int ret = want & CAP_BIT(cap) ? 0 : sys_cap_bounding_drop(cap);

		if (ret == -EINVAL)
			break; /* past the last one the kernel knows */
		if (ret < 0 && sys_cap_bounding_has(cap) != 0) {
			err_sys(e, ret, "drop %s from the bounding set",
				name_word(names_caps, cap) ?: "a capability");
			err_hint(e, "this needs CAP_SETPCAP");
			return err_at(e, "$.process.capabilities.bounding");
		}
	}
	return 0;
}

static void explain_bounding(const struct plan *p, struct buf *out)
{
	buf_adds(out, "bounding ");
	plan_caps_words(p->creds.bounding, out);
	buf_addc(out, '\n');
}

const struct step step_caps_bounding = {
	.name = "caps.bounding",
	.what = "drop capabilities from the bounding set",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run_bounding,
	.explain = explain_bounding,
};

/*
 * Without no_new_privs seccomp(2) needs CAP_SYS_ADMIN, and the filter is loaded right before execve. So that one stays
 * permitted and effective till then; execve works out the new sets without looking at it, so it falls away there.
 */
static uint64_t kept_for_seccomp(const struct plan *p)
{
	return seccomp_wanted(p) && !p->process->no_new_privileges ? CAP_BIT(CAP_SYS_ADMIN) : 0;
}

static int raise_ambient(uint64_t set, struct err *e)
{
	int ret = sys_cap_ambient_clear();

	if (ret < 0)
		return err_sys(e, ret, "clear the ambient capabilities");
	for (unsigned cap = 0; cap < CAP_NUMBERS; cap++) {
		if (!(set & CAP_BIT(cap)))
			continue;
		ret = sys_cap_ambient_raise(cap);
		if (ret < 0) {
			err_sys(e, ret, "raise %s in the ambient set",
				name_word(names_caps, cap) ?: "a capability");
			return err_at(e, "$.process.capabilities.ambient");
		}
	}
	return 0;
}

static int run_sets(struct run *r, struct err *e)
{
	const struct plan_creds *c = &r->plan->creds;
	struct sys_caps now, want;
	int ret = sys_capget(&now);

	if (ret < 0)
		return err_sys(e, ret, "read our capabilities");

	uint64_t bounding = bounding_now(c->bounding | c->inheritable | c->ambient);
	uint64_t ambient = c->ambient & now.permitted & bounding;
	want.permitted = c->permitted & now.permitted;
	want.effective = c->effective & now.permitted;
	want.inheritable = c->inheritable & (now.permitted | now.inheritable) & bounding;
	/* what caps.bounding has told of already is not told twice */
	uint64_t lost = (c->permitted & ~want.permitted) | (c->inheritable & ~want.inheritable);
	warn_lost(r, "the other sets", lost & ~(c->bounding & ~bounding));

	uint64_t extra = kept_for_seccomp(r->plan) & now.permitted;
	want.permitted |= extra;
	want.effective |= extra;
	ret = sys_capset(&want);
	if (ret < 0) {
		err_sys(e, ret, "set the capabilities");
		return err_at(e, "$.process.capabilities");
	}
	ret = raise_ambient(ambient, e);
	if (ret < 0)
		return ret;
	ret = sys_prctl(PR_SET_KEEPCAPS, 0);
	return ret < 0 ? err_sys(e, ret, "clear keepcaps") : 0;
}

static void explain_set(struct buf *out, const char *name, uint64_t set)
{
	buf_addf(out, "%s ", name);
	plan_caps_words(set, out);
	buf_addc(out, '\n');
}

static void explain_sets(const struct plan *p, struct buf *out)
{
	explain_set(out, "effective", p->creds.effective);
	explain_set(out, "permitted", p->creds.permitted);
	explain_set(out, "inheritable", p->creds.inheritable);
	explain_set(out, "ambient", p->creds.ambient);
	if (kept_for_seccomp(p) & ~p->creds.permitted)
		buf_adds(out, "until-execve CAP_SYS_ADMIN\n");
}

const struct step step_caps = {
	.name = "caps.sets",
	.what = "set the effective, permitted, inheritable and ambient capabilities",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run_sets,
	.explain = explain_sets,
};
