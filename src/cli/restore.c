/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch restore: a container from the images of a checkpoint and a bundle. */
#include "cli/criu_opts.h"

static const struct opt options[] = {
	OPTION('b', "bundle", OPT_STR, struct restore_opts, launch.bundle, "DIR",
	       "the bundle (default: the current directory)"),
	OPTION('f', "config", OPT_STR, struct restore_opts, launch.config, "FILE",
	       "another name than config.json"),
	CRIU_OPTIONS(struct restore_opts, "where the images are (default: checkpoint)"),
	OPTION('d', "detach", OPT_FLAG, struct restore_opts, launch.detach, NULL,
	       "return when the processes run"),
	OPTION(0, "keep", OPT_FLAG, struct restore_opts, launch.keep, NULL,
	       "do not delete the container when it ends"),
	OPTION(0, "pid-file", OPT_STR, struct restore_opts, launch.pid_file, "FILE",
	       "write the first process's pid to FILE"),
	OPTION(0, "pidfd-socket", OPT_STR, struct restore_opts, launch.pidfd_socket, "PATH",
	       "socket that gets the process's pidfd"),
	OPTION(0, "console-socket", OPT_STR, struct restore_opts, launch.console_socket, "PATH",
	       "socket that gets the terminal's master"),
	OPTION(0, "lsm-profile", OPT_STR, struct restore_opts, lsm_profile, "TYPE:NAME",
	       "apparmor:PROFILE or selinux:LABEL instead of the image's"),
	OPTION(0, "lsm-mount-context", OPT_STR, struct restore_opts, lsm_mount_context, "CONTEXT",
	       "SELinux context for mounts instead of the image's"),
	OPTION(0, "no-subreaper", OPT_FLAG, struct restore_opts, launch.no_subreaper, NULL,
	       "do not adopt orphans of the container"),
	OPTION(0, "no-pivot", OPT_FLAG, struct restore_opts, launch.no_pivot, NULL,
	       "accepted for engines: how the root is changed is CRIU's affair"),
	OPTION(0, "no-new-keyring", OPT_FLAG, struct restore_opts, launch.no_new_keyring, NULL,
	       "exec keeps its caller's session keyring; keyrings are not in images"),
	OPTION(0, "trace", OPT_STR, struct restore_opts, launch.trace, "FILE",
	       "append the time of each step, as JSON lines (- = stderr)"),
	{ .name = "parent-path",
	  .kind = OPT_IGNORED_STR,
	  .arg = "DIR",
	  .help = "go-runc may say so; the images know their parents",
	  .hidden = true },
};

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	struct restore_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	int status = 0;

	int r = cli_open_store(g, &s, true, e);
	o->c.criu = g->criu;
	if (r >= 0)
		r = cli_launch(g, &o->launch, e);
	if (r >= 0)
		r = container_restore(&s, a->v[0], o, &status, e);
	strv_free(&o->c.empty_ns);
	return r < 0 ? r : status;
}

const struct command cmd_restore = {
	.name = "restore",
	.usage = "[OPTIONS] ID",
	.summary = "bring a container back from the images of a checkpoint",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct restore_opts),
	.min_args = 1,
	.max_args = 1,
	.protect = true,
	.run = run,
};
