/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules between the properties of process: config.md, "Process", "POSIX process", "Linux Process". */
#include <inttypes.h>
#include <string.h>

#include "spec/names.h"
#include "spec/rules.h"

enum { MAX_GROUPS = 65536 }; /* NGROUPS_MAX */

/* The engines make their status 127 of the last words. */
static void check_args(struct rule_run *r)
{
	if (r->process && r->process->args.n > 0 && r->process->args.v[0][0] == '\0')
		rule_broken(
			r, rule_path(r, "%s.args[0]", r->process_at), NULL,
			"must name a program, not be empty: executable file not found in $PATH");
}

/* environ(7) has NAME=VALUE entries, but execve(2) takes any, and so do the engines. */
static void check_env(struct rule_run *r)
{
	const struct strv *env = r->process ? &r->process->env : NULL;

	for (size_t i = 0; env && r->warning && i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (!equals || equals == env->v[i])
			rule_warn(r, rule_path(r, "%s.env[%zu]", r->process_at, i),
				  "'%.60s' is not of the form NAME=VALUE", env->v[i]);
	}
}

/* struct winsize has 16 bits for each. Without a terminal the size is ignored. */
static void check_console(struct rule_run *r)
{
	const struct spec_process *p = r->process;

	if (!p || !p->terminal)
		return;
	if (p->console_height > UINT16_MAX)
		rule_broken(r, rule_path(r, "%s.consoleSize.height", r->process_at), NULL,
			    "must be at most %d, not %" PRIu64, UINT16_MAX, p->console_height);
	if (p->console_width > UINT16_MAX)
		rule_broken(r, rule_path(r, "%s.consoleSize.width", r->process_at), NULL,
			    "must be at most %d, not %" PRIu64, UINT16_MAX, p->console_width);
}

static void check_groups(struct rule_run *r)
{
	if (r->process && r->process->user.additional_gids.n > MAX_GROUPS)
		rule_broken(r, rule_path(r, "%s.user.additionalGids", r->process_at), NULL,
			    "has %zu groups: a process can have %d",
			    r->process->user.additional_gids.n, MAX_GROUPS);
}

static void check_rlimits(struct rule_run *r)
{
	size_t first[64];
	uint64_t seen = 0;

	for (size_t i = 0; r->process && i < r->process->rlimits.n; i++) {
		const struct spec_rlimit *l = &r->process->rlimits.v[i];
		uint64_t bit = 1ull << (l->resource & 63);

		if (r->refused &&
		    rule_refused(r, rule_path(r, "%s.rlimits[%zu]", r->process_at, i)))
			continue;
		if (seen & bit)
			rule_broken(r, rule_path(r, "%s.rlimits[%zu].type", r->process_at, i), NULL,
				    "is %s a second time: rlimits[%zu] has it already", l->type,
				    first[l->resource & 63]);
		else
			first[l->resource & 63] = i;
		seen |= bit;
		if (l->soft > l->hard)
			rule_broken(r, rule_path(r, "%s.rlimits[%zu].soft", r->process_at, i), NULL,
				    "(%" PRIu64 ") is above hard (%" PRIu64 ")", l->soft, l->hard);
	}
}

/* ---- scheduler: what sched_setattr(2) refuses, or takes without effect ---- */

enum { OTHER = 0, FIFO = 1, RR = 2, BATCH = 3, DEADLINE = 6 };
enum { FLAG_RECLAIM = 2, FLAG_DL_OVERRUN = 4, MIN_DL_RUNTIME = 1024 };

static const char *member(struct rule_run *r, const char *name)
{
	return rule_path(r, "%s.scheduler.%s", r->process_at, name);
}

static void check_deadline(struct rule_run *r, const struct spec_scheduler *s)
{
	uint64_t period = s->period ? s->period : s->deadline;

	if (s->runtime < MIN_DL_RUNTIME)
		rule_broken(r, member(r, "runtime"), NULL,
			    "must be at least %d ns for SCHED_DEADLINE, not %" PRIu64,
			    MIN_DL_RUNTIME, s->runtime);
	else if (s->runtime > s->deadline)
		rule_broken(r, member(r, "runtime"), NULL,
			    "(%" PRIu64 ") is above deadline (%" PRIu64 ")", s->runtime,
			    s->deadline);
	if (s->deadline > period)
		rule_broken(r, member(r, "deadline"), NULL,
			    "(%" PRIu64 ") is above period (%" PRIu64 ")", s->deadline, period);
	if (s->deadline > INT64_MAX || period > INT64_MAX)
		rule_broken(r, member(r, s->deadline > INT64_MAX ? "deadline" : "period"), NULL,
			    "must be less than 2^63 ns");
}

static void check_scheduler(struct rule_run *r)
{
	const struct spec_scheduler *s = r->process ? r->process->scheduler : NULL;

	if (!s)
		return;
	const char *policy = name_word(names_sched_policies, (uint64_t)s->policy);
	bool real_time = s->policy == FIFO || s->policy == RR;
	if (real_time && s->priority == 0)
		rule_broken(r, member(r, "priority"), NULL, "must be 1 to 99 for %s, not 0",
			    policy);
	if (!real_time && s->priority != 0)
		rule_broken(r, member(r, "priority"), NULL,
			    "is %d: only SCHED_FIFO and SCHED_RR have a priority, not %s",
			    s->priority, policy);
	if (s->nice != 0 && s->policy != OTHER && s->policy != BATCH)
		rule_broken(r, member(r, "nice"), NULL,
			    "is %d: only SCHED_OTHER and SCHED_BATCH have a nice value, not %s",
			    s->nice, policy);
	if (s->policy == DEADLINE) {
		check_deadline(r, s);
		return;
	}
	if (s->runtime || s->deadline || s->period)
		rule_broken(r,
			    member(r, s->runtime    ? "runtime"
				      : s->deadline ? "deadline"
						    : "period"),
			    NULL, "is for SCHED_DEADLINE, not %s", policy);
	if (s->flags & (FLAG_RECLAIM | FLAG_DL_OVERRUN))
		rule_broken(
			r, member(r, "flags"), NULL, "has %s, which is for SCHED_DEADLINE, not %s",
			s->flags & FLAG_RECLAIM ? "SCHED_FLAG_RECLAIM" : "SCHED_FLAG_DL_OVERRUN",
			policy);
}

const struct rule rules_process[] = {
	{ "config.md, POSIX process: args", "$.process.args", RULE_CONFIG | RULE_PROCESS,
	  check_args },
	{ "config.md, Process: consoleSize; ioctl_tty(2)",
	  "$.process.terminal $.process.consoleSize", RULE_CONFIG | RULE_PROCESS, check_console },
	{ "config.md, Process: env", "$.process.env", RULE_CONFIG | RULE_PROCESS, check_env },
	{ "config.md, POSIX-platform User: additionalGids", "$.process.user",
	  RULE_CONFIG | RULE_PROCESS, check_groups },
	{ "config.md, POSIX process: rlimits", "", RULE_CONFIG | RULE_PROCESS, check_rlimits },
	{ "config.md, Linux Process: scheduler; sched_setattr(2)", "$.process.scheduler",
	  RULE_CONFIG | RULE_PROCESS, check_scheduler },
	{ NULL },
};
