/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spec + host facts + options → the plan. See plan.h; the parts have a file each. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/plan.h"

enum { PLAN_MAX_WARNINGS = 64 };

void plan_warn(struct plan *p, const char *where, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!p->warnings.v)
		p->warnings.v = arena_array(&p->arena, PLAN_MAX_WARNINGS, sizeof(*p->warnings.v));
	if (!p->warnings.v || p->warnings.n == PLAN_MAX_WARNINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct spec_warning w = { .where = arena_str(&p->arena, where),
				  .text = arena_str(&p->arena, text) };
	if (w.where && w.text)
		p->warnings.v[p->warnings.n++] = w;
}

int plan_error(const struct plan *p, int r, const struct err *e)
{
	if (r >= 0 || !p->opts.finding || r == -ENOMEM)
		return r;
	p->opts.finding(p->opts.finding_ctx, e);
	return 0;
}

static int plan_root(struct plan *p, struct err *e)
{
	const char *path = p->spec->root_path;

	if (p->opts.use == FOR_EXEC)
		return 0;
	if (!path || !*path) {
		err_set(e, ERR_SPEC, "root is missing: a Linux container needs a root file system");
		err_hint(e, "add \"root\": {\"path\": \"rootfs\"}");
		return err_at(e, "$.root");
	}
	p->rootfs = path[0] == '/' ? arena_str(&p->arena, path)
				   : arena_printf(&p->arena, "%s/%s", p->opts.bundle, path);
	return p->rootfs ? 0 : err_sys(e, -ENOMEM, "plan");
}

static void plan_namespaces(struct plan *p)
{
	const struct spec_namespace *ns = p->spec->lnx->ns;

	p->mount_ns = ns[NS_MOUNT].present && !ns[NS_MOUNT].path;
	p->uts_ns = ns[NS_UTS].present;
	p->ipc_ns = ns[NS_IPC].present;
	p->user_ns = ns[NS_USER].present;
	p->network_ns_new = ns[NS_NETWORK].present && !ns[NS_NETWORK].path;
	p->pivot = p->mount_ns && !p->opts.no_pivot;
}

/* What the spec allows and this version can't do yet. Nothing is ignored in silence. */
static int refuse_unsupported(const struct plan *p, struct err *e)
{
	int r = 0;

	if (p->spec->has_vm) {
		err_set(e, ERR_UNSUPPORTED, "vm is for runtimes that start virtual machines");
		r = plan_error(p, err_at(e, "$.vm"), e);
	}
	return r;
}

static int plan_fill(struct plan *p, struct err *e)
{
	for (int i = 0; i < HOOK_N_KINDS; i++)
		p->has_hooks[i] = p->spec->hooks[i].n > 0;
	p->process =
		p->opts.use == FOR_EXEC && p->opts.process ? p->opts.process : p->spec->process;
	p->rootless = p->opts.rootless == TRI_AUTO ? p->facts->uid != 0 || p->facts->in_userns
						   : p->opts.rootless == TRI_YES;
	plan_namespaces(p);
	int r = refuse_unsupported(p, e);
	if (r >= 0)
		r = plan_error(p, plan_root(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_fork(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_cgroup(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_rdt(p, e), e);
	if (r >= 0 && p->opts.use != FOR_EXEC)
		r = plan_error(p, plan_mounts(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_notify(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_process(p, e), e);
	return r;
}

int plan_make(struct plan **ret, const struct spec *spec, const struct facts *facts,
	      const struct plan_opts *opts, struct err *e)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p)
		return err_sys(e, -ENOMEM, "plan");
	p->spec = spec;
	p->facts = facts;
	p->opts = *opts;
	int r = plan_fill(p, e);
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	arena_free(&p->arena);
	free(p);
}
