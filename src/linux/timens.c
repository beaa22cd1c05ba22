/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time namespaces and their offsets (config-linux.md#namespaces, "timeOffsets"; time_namespaces(7)). The offsets can be
 * written until the first process is in the namespace, which is: until execve, or a clone by the one that unshared.
 */
#include <errno.h>

#include "linux/namespaces.h"
#include "linux/steps.h"
#include "sys/raw.h"

static bool is_set(const struct spec_time_offset *o)
{
	return o->present && (o->secs != 0 || o->nanosecs != 0);
}

static bool has_offsets(const struct plan *p)
{
	return is_set(&p->spec->lnx->monotonic) || is_set(&p->spec->lnx->boottime);
}

/* Lines of /proc/PID/timens_offsets. */
static void offsets_text(const struct plan *p, struct buf *out)
{
	const struct spec_time_offset *mono = &p->spec->lnx->monotonic,
				      *boot = &p->spec->lnx->boottime;

	if (is_set(mono))
		buf_addf(out, "monotonic %lld %u\n", (long long)mono->secs, mono->nanosecs);
	if (is_set(boot))
		buf_addf(out, "boottime %lld %u\n", (long long)boot->secs, boot->nanosecs);
}

int time_offsets_ask(struct run *r, struct err *e)
{
	return has_offsets(r->plan) ? ns_ask_parent(r, MSG_TIME_OFFSETS, e) : 0;
}

static bool is_late(const struct plan *p)
{
	return p->fork.time_ns_late;
}

static int run_ns(struct run *r, struct err *e)
{
	int flag = ns_clone_flag(NS_TIME);

	int ret = sys_unshare(flag);
	return ret < 0 ? ns_make_err(e, ret, (uint64_t)flag) : time_offsets_ask(r, e);
}

static void explain_ns(const struct plan *p, struct buf *out)
{
	(void)p;
	buf_adds(out, "new time\n");
}

const struct step step_time_ns = {
	.name = "time.ns",
	.what = "make the time namespace, which execve switches to",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = is_late,
	.run = run_ns,
	.explain = explain_ns,
};

static bool makes_offsets(const struct plan *p)
{
	return (p->fork.time_ns_late || p->fork.unshare_flags & ns_clone_flag(NS_TIME)) &&
	       has_offsets(p);
}

static int run_offsets(struct run *r, struct err *e)
{
	auto_buf struct buf text = { 0 };

	offsets_text(r->plan, &text);
	int ret = buf_error(&text);
	if (ret >= 0)
		ret = proc_write_pid(&r->proc, ns_asking_pid(r), "timens_offsets", buf_str(&text));
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "set the time offsets");
	err_at(e, "$.linux.timeOffsets");
	return err_hint(e, "%s",
			ret == -ERANGE ? "no clock may become negative or pass 146 years" : "");
}

const struct step step_time_offsets = {
	.name = "time.offsets",
	.what = "write the offsets of the new time namespace",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_TIME_OFFSETS),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = makes_offsets,
	.run = run_offsets,
	.explain = offsets_text,
};
