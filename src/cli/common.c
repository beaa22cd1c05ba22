/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands share. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

enum cgroup_manager cli_cgroup_manager(const struct cli_global *g)
{
	if (g->cgroup_manager != CGROUP_MANAGER_AUTO)
		return (enum cgroup_manager)g->cgroup_manager;
	return g->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS;
}

int cli_launch(const struct cli_global *g, struct launch_opts *o, struct err *e)
{
	if (o->preserve_fds > 1024 * 1024)
		return err_set(e, ERR_USAGE, "--preserve-fds: %u is too many", o->preserve_fds);
	if (o->config)
		*g->document = o->config;
	o->cgroup_manager = cli_cgroup_manager(g);
	o->rootless = (enum tristate)g->rootless;
	o->program = g->argv[0];
	return 0;
}

int cli_open_store(const struct cli_global *g, struct store *s, bool make, struct err *e)
{
	if (g->root && !*g->root)
		return err_set(e, ERR_USAGE, "--root: the directory is empty");
	return store_open(s, g->root, make, e);
}

int cli_name_store(const struct cli_global *g, struct store *s, struct err *e)
{
	*s = (struct store){ .fd = -EBADF };
	if (!g->root)
		return store_default_path(&s->path, e);
	if (!*g->root)
		return err_set(e, ERR_USAGE, "--root: the directory is empty");
	return store_path(g->root, &s->path, e);
}

int cli_each_match(const struct store *s, const char *pattern,
		   int (*act)(const struct store *s, const char *id, const void *ctx,
			      struct err *e),
		   const void *ctx, struct err *e)
{
	auto_strv struct strv ids = { 0 };
	struct err later = { 0 };
	regex_t re;
	int ret = 0;

	int r = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		char why[128];

		regerror(r, &re, why, sizeof(why));
		return err_set(e, ERR_USAGE, "--regex: '%s': %s", pattern, why);
	}
	r = store_list(s, &ids, e);
	if (r < 0)
		ret = r;
	for (size_t i = 0; i < ids.n; i++) {
		if (regexec(&re, ids.v[i], 0, NULL, 0) != 0)
			continue;
		r = act(s, ids.v[i], ctx, ret < 0 ? &later : e);
		if (r < 0 && ret == 0 && e->code != ERR_NOT_FOUND)
			ret = r;
	}
	regfree(&re);
	return ret;
}

int cli_print(const struct buf *out, struct err *e)
{
	int r = buf_error(out);

	if (r >= 0)
		r = host_write_fd(STDOUT_FILENO, buf_str(out), out->len);
	return r < 0 ? err_sys(e, r, "write the answer") : 0;
}

int cli_read_file(const char *option, const char *path, size_t max, struct buf *out, struct err *e)
{
	auto_fd int opened = -EBADF;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		fd = opened = sys_open(path, O_RDONLY | O_NOCTTY, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, max, out);
	if (r == -EFBIG)
		return err_set(e, ERR_SPEC, "%s: '%s' is larger than %zu MiB", option, path,
			       max >> 20);
	return r < 0 ? err_sys(e, r, "%s: read '%s'", option, path) : 0;
}
