/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch exec: a further process in a running container. */
#include "cli/cli.h"
#include "core/warnings.h"
#include "spec/load.h"
#include "util/log.h"

struct exec_opts {
	struct launch_opts launch;
	struct exec_overrides over;
	struct strv cgroups;
	const char *process;
};

#define L(member) launch.member

static const struct opt options[] = {
	OPTION(0, "console-socket", OPT_STR, struct exec_opts, L(console_socket), "PATH",
	       "socket that gets the terminal's master"),
	OPTION(0, "pidfd-socket", OPT_STR, struct exec_opts, L(pidfd_socket), "PATH",
	       "socket that gets the process's pidfd"),
	OPTION(0, "pid-file", OPT_STR, struct exec_opts, L(pid_file), "FILE",
	       "write the process's pid to FILE"),
	OPTION('d', "detach", OPT_FLAG, struct exec_opts, L(detach), NULL,
	       "return when the program runs"),
	OPTION('p', "process", OPT_STR, struct exec_opts, process, "FILE",
	       "a process document of the runtime-spec (- = stdin), which alone decides"),
	OPTION('t', "tty", OPT_FLAG, struct exec_opts, over.tty, NULL, "with a terminal"),
	OPTION(0, "cwd", OPT_STR, struct exec_opts, over.cwd, "DIR", "working directory"),
	OPTION('e', "env", OPT_STRV, struct exec_opts, over.env, "NAME=VALUE",
	       "set a variable (repeatable)"),
	OPTION('u', "user", OPT_STR, struct exec_opts, over.user, "UID[:GID]",
	       "user and group, as numbers"),
	OPTION('g', "additional-gids", OPT_STRV, struct exec_opts, over.additional_gids, "GID",
	       "a further group (repeatable)"),
	OPTION('c', "cap", OPT_STRV, struct exec_opts, over.caps, "CAP",
	       "add a capability (repeatable)"),
	OPTION(0, "apparmor", OPT_STR, struct exec_opts, over.apparmor, "PROFILE",
	       "AppArmor profile"),
	OPTION(0, "process-label", OPT_STR, struct exec_opts, over.process_label, "LABEL",
	       "SELinux label"),
	OPTION(0, "no-new-privs", OPT_BOOL, struct exec_opts, over.no_new_privs, NULL,
	       "set no_new_privs, or with =false leave it off"),
	OPTION(0, "cgroup", OPT_STRV, struct exec_opts, cgroups, "[CTRL[,CTRL]:]PATH",
	       "an existing sub-cgroup of the container (repeatable)"),
	OPTION(0, "preserve-fds", OPT_U32, struct exec_opts, L(preserve_fds), "N",
	       "pass N further descriptors on"),
	OPTION(0, "ignore-paused", OPT_FLAG, struct exec_opts, L(ignore_paused), NULL,
	       "also in a paused container"),
	OPTION(0, "trace", OPT_STR, struct exec_opts, L(trace), "FILE",
	       "append the time of each step, as JSON lines (- = stderr)"),
};

static int read_process(const char *file, struct arena *arena, struct spec_process **ret,
			struct err *e)
{
	auto_buf struct buf text = { 0 };
	spec_warnings warnings = { 0 };

	int r = cli_read_file("--process", file, SPEC_MAX_SIZE, &text, e);
	if (r >= 0)
		r = spec_load_process(ret, arena, buf_str(&text), text.len, &warnings, e);
	if (r >= 0)
		log_spec_warnings(file, &warnings);
	return r;
}

/* No error: an engine may give them as well, as conmon does --tty. */
static void warn_of_unused(const struct exec_overrides *o, const struct spec_process *document)
{
	const struct {
		const char *name;
		bool unused;
	} rows[] = {
		{ "--tty", o->tty && !document->terminal },
		{ "--cwd", o->cwd },
		{ "--env", o->env.n > 0 },
		{ "--user", o->user },
		{ "--additional-gids", o->additional_gids.n > 0 },
		{ "--cap", o->caps.n > 0 },
		{ "--apparmor", o->apparmor },
		{ "--process-label", o->process_label },
		{ "--no-new-privs", o->no_new_privs },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		if (rows[i].unused)
			log_emit(LOG_WARNING,
				 "exec: %s has no effect: the document of --process decides",
				 rows[i].name);
	}
}

static int with_process(const struct cli_global *g, struct exec_opts *o, const struct args *a,
			int *status, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_store struct store s = STORE_NONE;
	struct spec_process *process = NULL;

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = cli_launch(g, &o->launch, e);
	if (o->process)
		*g->document = o->process;
	if (r >= 0 && o->process)
		r = read_process(o->process, &arena, &process, e);
	if (r < 0)
		return r;
	if (process && a->n > 1)
		return err_set(e, ERR_USAGE, "exec: a command and --process exclude each other");
	if (process)
		warn_of_unused(&o->over, process);
	o->over.args = a->v + 1;
	o->over.n_args = (size_t)(a->n - 1);
	o->launch.process = process;
	o->launch.overrides = &o->over;
	o->launch.exec_cgroups = (const char *const *)o->cgroups.v;
	return container_exec(&s, a->v[0], &o->launch, status, e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct exec_opts *o = opts;
	int status = 0;

	int r = with_process(g, o, a, &status, e);
	strv_free(&o->over.env);
	strv_free(&o->over.caps);
	strv_free(&o->over.additional_gids);
	strv_free(&o->cgroups);
	return r < 0 ? r : status;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "[OPTIONS] ID COMMAND [ARG…]",
	.summary = "run a further process in a container",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct exec_opts),
	.min_args = 1,
	.max_args = -1,
	.stop_at_positional = true,
	.protect = true,
	.fail_status = 255,
	.run = run,
};
