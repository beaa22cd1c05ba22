/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.seccomp (config-linux.md#seccomp): from the profile to a program and its flags, and the row that does it before
 * anything else of the container exists. The row also asks the kernel for the flags and actions, so that what this
 * host can't do is an error of create, not of start.
 *
 * Flags: the profile's; without "flags" SPEC_ALLOW, as the peers have it (an empty list is none). TSYNC is dropped:
 * execve leaves one thread, and it can't go with a listener. WAIT_KILLABLE_RECV means nothing without a listener, and
 * the kernel refuses it then: dropped.
 */
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <string.h>

#include "linux/seccomp_parts.h"
#include "linux/steps.h"
#include "spec/annotations.h"
#include "spec/names.h"
#include "sys/raw.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

static unsigned filter_flags(const struct spec_seccomp *s, bool notifies)
{
	unsigned flags = s && s->has_flags ? s->flags : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	flags &= ~(unsigned)(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	if (notifies)
		return flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return flags & ~(unsigned)(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static int compile(struct bpf *prog, const struct spec_seccomp *s,
		   void (*warn)(void *ctx, const char *text), void *ctx, struct err *e)
{
	uint32_t action =
		seccomp_action(s->default_action, s->has_default_errno_ret, s->default_errno_ret);
	auto_buf struct buf unknown = { 0 };
	struct seccomp_archs archs;
	int r = seccomp_lib_compile(s, prog, &archs, &unknown, e);

	if (r < 0)
		return r;
	r = seccomp_enosys(prog, &archs, action);
	if (r == 0)
		r = seccomp_tree(prog);
	if (r < 0)
		return err_sys(e, r, "compile the seccomp profile");
	if (prog->n > BPF_MAXINSNS) {
		err_set(e, ERR_SPEC,
			"the seccomp profile makes %zu BPF instructions, the kernel takes %u",
			prog->n, BPF_MAXINSNS);
		err_at(e, "$.linux.seccomp.syscalls");
		return err_hint(e, "merge rules by ranges and masks, or list fewer architectures");
	}
	if (unknown.len > 0 && warn)
		warn(ctx, buf_str(&unknown));
	return 0;
}

/* Makes *RET out of PROG, which is empty then. */
static int program_new(struct seccomp_program **ret, struct bpf *prog, unsigned flags,
		       bool notifies, struct err *e)
{
	struct seccomp_program *p = calloc(1, sizeof(*p));

	if (!p)
		return err_sys(e, -ENOMEM, "keep a seccomp program");
	p->insns = prog->v;
	p->n = (unsigned short)prog->n;
	p->flags = flags;
	p->notifies = notifies;
	*prog = (struct bpf){ 0 };
	*ret = p;
	return 0;
}

int seccomp_compile(struct seccomp_program **ret, const struct spec_seccomp *s, int cache_dir,
		    void (*warn)(void *ctx, const char *text), void *ctx, struct err *e)
{
	auto_bpf struct bpf prog = { 0 };
	struct seccomp_key key;
	int r = -ENOENT;

	if (cache_dir >= 0) {
		seccomp_key(&key, s);
		r = seccomp_cache_load(cache_dir, &key, &prog);
	}
	if (r < 0) {
		r = compile(&prog, s, warn, ctx, e);
		if (r < 0)
			return r;
		/* The cache saves time, nothing else: a full disk is no reason not to start a container. */
		if (cache_dir >= 0)
			(void)seccomp_cache_store(cache_dir, &key, &prog);
	}
	return program_new(ret, &prog, filter_flags(s, s->notifies), s->notifies, e);
}

void seccomp_free(struct seccomp_program *p)
{
	if (p) {
		free(p->insns);
		free(p);
	}
}

/* ---- what the kernel can do ---- */

static bool flags_known(unsigned flags)
{
	/* The flags are looked at before the program, which is not there. */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, NULL) == -EFAULT;
}

static int check_flags(unsigned flags, struct err *e)
{
	if (flags_known(flags))
		return 0;
	if (!flags_known(0))
		return err_set(e, ERR_UNSUPPORTED, "the kernel has no seccomp filters");
	for (unsigned bit = 1; bit && bit <= flags; bit <<= 1) {
		/* One of them is known only together with a listener. */
		unsigned with = bit == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
					? bit | SECCOMP_FILTER_FLAG_NEW_LISTENER
					: bit;

		if (!(flags & bit) || flags_known(with))
			continue;
		const char *word = name_word(names_seccomp_flags, bit);

		err_set(e, ERR_UNSUPPORTED, "the kernel does not know %s",
			word ? word : "seccomp's notify descriptors (SCMP_ACT_NOTIFY)");
		return err_at(e, "$.linux.seccomp.flags");
	}
	err_set(e, ERR_UNSUPPORTED, "the kernel refuses the seccomp flags %#x", flags);
	return err_at(e, "$.linux.seccomp.flags");
}

static int check_actions(const struct seccomp_program *p, struct err *e)
{
	const struct bpf prog = { .v = p->insns, .n = p->n };

	for (const struct name *a = names_seccomp_actions; a->name; a++) {
		uint32_t action = (uint32_t)a->value;

		if (bpf_returns(&prog, action) &&
		    sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == -EOPNOTSUPP) {
			err_set(e, ERR_UNSUPPORTED,
				"the kernel does not know the seccomp action %s", a->name);
			return err_at(e, "$.linux.seccomp");
		}
	}
	return 0;
}

/* ---- the row ---- */

static const struct spec_seccomp *profile(const struct plan *p)
{
	return p->spec->lnx ? p->spec->lnx->seccomp : NULL;
}

static const char *raw_program(const struct plan *p)
{
	return spec_map_get(&p->spec->annotations, ANNOTATION_SECCOMP_BPF);
}

bool seccomp_wanted(const struct plan *p)
{
	return profile(p) || raw_program(p);
}

static bool applies(const struct plan *p)
{
	return p->process && seccomp_wanted(p);
}

static bool fails_on_unknown(const struct plan *p)
{
	const char *value = spec_map_get(&p->spec->annotations, ANNOTATION_SECCOMP_FAIL_UNKNOWN);

	return value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

struct warning {
	struct run *run;
	char text[384]; /* of an error instead of a warning */
	bool fail;
};

static void warn(void *ctx, const char *text)
{
	struct warning *w = ctx;

	if (w->fail)
		snprintf(w->text, sizeof(w->text), "%s", text);
	else
		run_warn(w->run, "%s", text);
}

/* Beside the containers' directories. */
static int open_cache(const struct plan *p)
{
	const char *dir = p->opts.state_dir;
	const char *slash = dir ? strrchr(dir, '/') : NULL;
	char root[PATH_MAX];

	if (!slash || slash == dir || (size_t)(slash - dir) >= sizeof(root))
		return -EBADF;
	memcpy(root, dir, (size_t)(slash - dir));
	root[slash - dir] = '\0';
	return seccomp_cache_open(root);
}

static int compile_profile(struct run *r, struct seccomp_program **p, struct err *e)
{
	struct warning w = { .run = r, .fail = fails_on_unknown(r->plan) };
	/* A program out of the cache comes without its warnings. */
	auto_fd int cache = w.fail ? -EBADF : open_cache(r->plan);
	int ret = seccomp_compile(p, profile(r->plan), cache, warn, &w, e);

	if (ret < 0 || !w.text[0])
		return ret;
	seccomp_free(TAKE_PTR(*p));
	err_set(e, ERR_UNSUPPORTED, "%s", w.text);
	err_at(e, "$.linux.seccomp.syscalls");
	return err_hint(e, "annotation " ANNOTATION_SECCOMP_FAIL_UNKNOWN " makes this an error");
}

static int take_raw(const struct plan *p, struct seccomp_program **ret, struct err *e)
{
	auto_bpf struct bpf prog = { 0 };
	unsigned flags = filter_flags(profile(p), false);
	int r = seccomp_raw(&prog, raw_program(p), flags, e);

	if (r < 0)
		return r;
	bool notifies = bpf_returns(&prog, SECCOMP_RET_USER_NOTIF);
	/* Who listens is decided by the profile, before anybody looks at a program. */
	if (notifies && !(profile(p) && profile(p)->notifies)) {
		err_set(e, ERR_UNSUPPORTED,
			"a program that notifies needs a profile that does: linux.seccomp");
		return err_at(e, ANNOTATION_AT(ANNOTATION_SECCOMP_BPF));
	}
	return program_new(ret, &prog, filter_flags(profile(p), notifies), notifies, e);
}

/* Without anyone to answer, the first notification would be the end. */
static int check_listener(const struct plan *p, struct err *e)
{
	const struct spec_seccomp *s = profile(p);

	if ((s && s->listener_path) || p->spec->seccomp_receiver || p->spec->seccomp_plugins)
		return 0;
	err_set(e, ERR_SPEC, "SCMP_ACT_NOTIFY needs a listenerPath");
	return err_at(e, "$.linux.seccomp.listenerPath");
}

static int run(struct run *r, struct err *e)
{
	struct seccomp_program *p = NULL;
	int ret = raw_program(r->plan) ? take_raw(r->plan, &p, e) : compile_profile(r, &p, e);

	if (ret == 0)
		ret = check_flags(p->flags, e);
	if (ret == 0)
		ret = check_actions(p, e);
	if (ret == 0 && p->notifies)
		ret = check_listener(r->plan, e);
	if (ret < 0) {
		seccomp_free(p);
		return ret;
	}
	r->seccomp = p;
	return 0;
}

static void undo(struct run *r)
{
	seccomp_free(TAKE_PTR(r->seccomp));
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_seccomp *s = profile(p);

	if (raw_program(p)) {
		buf_addf(out, "program annotation %s\n", ANNOTATION_SECCOMP_BPF);
		return;
	}
	const char *action = name_word(names_seccomp_actions, s->default_action);
	size_t names = 0;
	for (size_t i = 0; i < s->syscalls.n; i++)
		names += s->syscalls.v[i].names.n;
	buf_addf(out, "default %s\n", action ? action : "?");
	buf_addf(out, "rules %zu\n", s->syscalls.n);
	buf_addf(out, "names %zu\n", names);
	buf_addf(out, "flags %#x\n", filter_flags(s, s->notifies));
	buf_addf(out, "notifies %s\n", s->notifies ? "true" : "false");
}

const struct step step_seccomp_compile = {
	.name = "seccomp.compile",
	.what = "compile the seccomp profile",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.undo = undo,
	.explain = explain,
};
