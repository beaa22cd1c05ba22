/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Would process.args[0] be found and run? By the rules and in the words of the step that looks for it (config.md#process). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/check.h"
#include "linux/exec.h"
#include "sys/hostfs.h"

struct look {
	const struct check *c;
	bool unknown; /* some place could not be looked at */
	bool in_root; /* the file found is in the root file system itself */
};

/* ID of the container on the host; false where only the kernel knows. */
static bool host_id(const struct check *c, const spec_idmaps *maps, uint32_t id, uint32_t *ret)
{
	const struct spec_namespace *user = &c->spec->lnx->ns[NS_USER];

	*ret = id;
	if (!user->present)
		return true;
	for (size_t i = 0; !user->path && i < maps->n; i++) {
		const struct spec_idmap *m = &maps->v[i];

		if (id >= m->container_id && id - m->container_id < m->size) {
			*ret = m->host_id + (id - m->container_id);
			return true;
		}
	}
	return false;
}

/* May the process's user execute a file like this? Group and others are taken together: access lists may say more. */
static bool may_execute(const struct check *c, const struct stat *st)
{
	uint32_t uid;

	if (!(st->st_mode & 0111))
		return false;
	if (c->spec->process->user.uid == 0 ||
	    !host_id(c, &c->spec->lnx->uid_mappings, c->spec->process->user.uid, &uid))
		return true;
	return st->st_mode & (st->st_uid == uid ? 0100 : 0011);
}

/* FILE as the process's working directory has it; malloc'ed. */
static char *absolute(const struct check *c, const char *file)
{
	char *path = NULL;

	if (file[0] == '/')
		return strdup(file);
	return asprintf(&path, "%s/%s", c->spec->process->cwd, file) < 0 ? NULL : path;
}

static int try_file(void *ctx, const char *file, mode_t *mode)
{
	struct look *l = ctx;
	struct stat st;

	*mode = 0;
	auto_str char *path = absolute(l->c, file);
	if (!path)
		return -ENOMEM;
	auto_fd int fd = check_open(l->c, path, &l->in_root);
	if (fd == -EXDEV) {
		l->unknown = true;
		return -ENOENT;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	*mode = st.st_mode;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) && may_execute(l->c, &st) ? 0 : -EACCES;
}

static int is_handler(void *ctx, const char *name, UNUSED unsigned char d_type)
{
	bool *found = ctx;

	*found |= strcmp(name, "register") != 0 && strcmp(name, "status") != 0;
	return 0;
}

/* Foreign formats may be run by a handler; which ones is not looked at. */
static bool has_binfmt_handlers(void)
{
	bool found = false;

	auto_fd int dir = host_opendir(AT_FDCWD, "/proc/sys/fs/binfmt_misc", false);
	if (dir >= 0)
		(void)host_list(dir, is_handler, &found);
	return found;
}

static void check_contents(struct check *c, const char *found)
{
	struct err e = { 0 };

	auto_str char *path = absolute(c, found);
	int r = path ? exec_check(c->root.fd, path, &e) : 0;
	if (r >= 0)
		return;
	if (check_mounts_programs(c) || (r == -ENOEXEC && has_binfmt_handlers()))
		check_warning(c, &e);
	else
		check_error(c, &e);
}

void check_program(struct check *c)
{
	const struct spec_process *p = c->spec->process;
	struct look look = { .c = c };
	const struct exec_view view = { .try_file = try_file, .ctx = &look };
	auto_str char *found = NULL;
	struct err e;

	if (!p || p->args.n == 0 || !p->cwd || c->root.fd < 0)
		return;
	if (exec_check_size(c->plan, &p->env, &e) < 0)
		check_error(c, &e);
	if (exec_lookup_in(&view, p->args.v[0], &p->env, &found, &e) >= 0) {
		if (look.in_root)
			check_contents(c, found);
		return;
	}
	if (look.unknown || check_mounts_programs(c))
		check_warning(c, &e);
	else
		check_error(c, &e);
}
