/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows: the hooks of create and start (runtime.md#lifecycle, steps 3, 4, 5 and 7). They come after step 2, so the status that
 * they read is "created".
 */
#include <string.h>

#include "core/hooks.h"
#include "core/journal.h"
#include "core/launch.h"
#include "core/rows.h"
#include "spec/annotations.h"
#include "spec/names.h"

int launch_state_json(struct run *r, const char *status, bool host_pid, struct buf *out,
		      struct err *e)
{
	const struct launch *l = r->core;
	pid_t pid = !r->is_child ? r->init.pid : host_pid ? r->host_pid : getpid();

	const struct state *st = &l->state;
	/* exec: the container is there already, and the pid is its init's, whoever else runs in it. */
	if (r->plan->opts.use == FOR_EXEC) {
		st = &l->container->state;
		pid = (pid_t)st->pid;
	}
	int ret = state_oci_json(st, status, pid, true, out);
	return ret < 0 ? err_sys(e, ret, "write the container's state") : 0;
}

static int run_kind(struct run *r, enum spec_hook_kind kind, int watch_fd, const struct strv *env,
		    struct err *e)
{
	struct launch *l = r->core;
	auto_buf struct buf json = { 0 };
	struct hook_env he;

	if (l->spec->hooks[kind].n == 0)
		return 0;
	int ret = launch_state_json(r, "created", false, &json, e);
	if (ret < 0)
		return ret;
	hooks_fill_env(&he, kind == HOOK_START_CONTAINER ? NULL : l->bundle, buf_str(&json));
	he.journal_dir = r->is_child ? -EBADF : r->state_dir; /* a child's hooks end with it */
	he.watch_fd = watch_fd;
	he.env = env;
	he.run = r;
	memcpy(he.outputs, r->hook_outputs, sizeof(he.outputs));
	return hooks_run(l->spec, kind, &he, e);
}

static void explain_kind(const struct plan *p, enum spec_hook_kind kind, struct buf *out)
{
	const spec_hooks *hooks = &p->spec->hooks[kind];

	for (size_t i = 0; i < hooks->n; i++)
		buf_addf(out, "%s %s\n", name_word(names_hooks, kind), hooks->v[i].path);
}

/* ---- the files of what they print: opened before the namespaces are others, where the user is the caller and paths are the host's ---- */

static bool has_output(const struct plan *p, const char *key)
{
	return spec_map_get(&p->spec->annotations, key) != NULL;
}

/* For poststart and poststop, too: a path that is wrong is told now. They open the files themselves. */
static bool has_outputs(const struct plan *p)
{
	bool hooks = false;

	for (int kind = 0; kind < HOOK_N_KINDS; kind++)
		hooks |= p->has_hooks[kind];
	return hooks &&
	       (has_output(p, ANNOTATION_HOOKS_STDOUT) || has_output(p, ANNOTATION_HOOKS_STDERR));
}

static int open_outputs(struct run *r, struct err *e)
{
	const struct launch *l = r->core;

	return hooks_open_outputs(l->spec, l->bundle, r->hook_outputs, e);
}

static void explain_output(const struct plan *p, const char *word, const char *key, struct buf *out)
{
	if (has_output(p, key))
		buf_addf(out, "%s %s\n", word, spec_map_get(&p->spec->annotations, key));
}

static void explain_outputs(const struct plan *p, struct buf *out)
{
	explain_output(p, "stdout", ANNOTATION_HOOKS_STDOUT, out);
	explain_output(p, "stderr", ANNOTATION_HOOKS_STDERR, out);
}

const struct step step_hooks_open = {
	.name = "hooks.open-outputs",
	.what = "open the files that take what hooks print",
	.stage = STAGE_HOST,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_outputs,
	.run = open_outputs,
	.explain = explain_outputs,
};

/* ---- prestart and createRuntime: by the parent, in the runtime's namespaces ---- */

static bool has_runtime_hooks(const struct plan *p)
{
	return p->has_hooks[HOOK_PRESTART] || p->has_hooks[HOOK_CREATE_RUNTIME];
}

static int ask_run(struct run *r, struct err *e)
{
	return chan_ask(&r->chan, MSG_HOOKS, NULL, 0, NULL, 0, NULL, e);
}

const struct step step_hooks_ask = {
	.name = "hooks.ask-runtime",
	.what = "wait for the hooks of the runtime's namespaces",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = has_runtime_hooks,
	.run = ask_run,
};

static int runtime_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	int ret = 0;

	/* of a creation the journal knows since before the clone: createContainer hooks are the child's */
	if (r->plan->opts.use == FOR_RESTORE)
		ret = journal_put(l->journal, JOURNAL_HOOKS, "", e);
	if (ret < 0)
		return ret;
	l->hooks_began = true;
	ret = run_kind(r, HOOK_PRESTART, l->signal_fd, NULL, e);
	return ret < 0 ? ret : run_kind(r, HOOK_CREATE_RUNTIME, l->signal_fd, NULL, e);
}

static void runtime_explain(const struct plan *p, struct buf *out)
{
	explain_kind(p, HOOK_PRESTART, out);
	explain_kind(p, HOOK_CREATE_RUNTIME, out);
}

const struct step step_hooks_runtime = {
	.name = "hooks.runtime",
	.what = "run the prestart and createRuntime hooks",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_HOOKS),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_runtime_hooks,
	.run = runtime_run,
	.explain = runtime_explain,
};

/* ---- createContainer: by init before pivot_root: path of the host, namespaces of the container ---- */

static bool has_create_hooks(const struct plan *p)
{
	return p->has_hooks[HOOK_CREATE_CONTAINER];
}

static int create_run(struct run *r, struct err *e)
{
	return run_kind(r, HOOK_CREATE_CONTAINER, r->chan.fd, NULL, e);
}

static void create_explain(const struct plan *p, struct buf *out)
{
	explain_kind(p, HOOK_CREATE_CONTAINER, out);
}

const struct step step_hooks_create = {
	.name = "hooks.create-container",
	.what = "run the createContainer hooks",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = has_create_hooks,
	.run = create_run,
	.explain = create_explain,
};

/* ---- startContainer: by init after `start`, all in the container ---- */

static bool has_start_hooks(const struct plan *p)
{
	return p->has_hooks[HOOK_START_CONTAINER];
}

static int start_run(struct run *r, struct err *e)
{
	return run_kind(r, HOOK_START_CONTAINER, -EBADF, &r->env, e);
}

static void start_explain(const struct plan *p, struct buf *out)
{
	explain_kind(p, HOOK_START_CONTAINER, out);
}

const struct step step_hooks_start = {
	.name = "hooks.start-container",
	.what = "run the startContainer hooks",
	.stage = STAGE_START,
	.use = FOR_CREATE,
	.applies = has_start_hooks,
	.run = start_run,
	.explain = start_explain,
};
