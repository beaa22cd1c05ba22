/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch spec: writes a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "spec/load.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

struct spec_opts {
	const char *bundle, *file;
	bool rootless;
};

static const struct opt options[] = {
	OPTION('b', "bundle", OPT_STR, struct spec_opts, bundle, "DIR",
	       "where to write it (default: the current directory)"),
	OPTION('f', "file", OPT_STR, struct spec_opts, file, "FILE",
	       "another name than config.json"),
	OPTION(0, "rootless", OPT_FLAG, struct spec_opts, rootless, NULL,
	       "for an ordinary user: with a user namespace"),
};

static int run(UNUSED const struct cli_global *g, void *opts, UNUSED const struct args *a,
	       struct err *e)
{
	const struct spec_opts *o = opts;
	const char *name = o->file ? o->file : "config.json";
	auto_buf struct buf out = { 0 };

	const char *bundle = o->bundle ? o->bundle : ".";
	auto_fd int dir = host_opendir(AT_FDCWD, bundle, false);
	if (dir < 0) {
		err_sys(e, dir, "open the bundle '%s'", bundle);
		return err_hint(e, "make the directory first");
	}
	int r = spec_template(&out, o->rootless, geteuid(), getegid());
	if (r < 0)
		return err_sys(e, r, "template");
	auto_fd int fd = sys_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd == -EEXIST) {
		err_set(e, ERR_EXISTS, "'%s/%s' exists already", bundle, name);
		return err_hint(e, "remove it first, or choose another name with --file");
	}
	r = fd < 0 ? fd : host_write_fd(fd, out.p, out.len);
	if (r < 0 && fd >= 0) /* a part of it would be in the way of the next try */
		(void)host_unlink(dir, name, false);
	return r < 0 ? err_sys(e, r, "write '%s/%s'", bundle, name) : 0;
}

const struct command cmd_spec = {
	.name = "spec",
	.usage = "[OPTIONS]",
	.summary = "write a config.json to begin with",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct spec_opts),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
