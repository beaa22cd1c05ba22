/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first half of a launch, which changes nothing: bundle → config.json → spec → plan (runtime.md#lifecycle, 1 and 2).
 * `explain` and `check` stop here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files.h"
#include "core/launch.h"
#include "spec/json.h"
#include "sys/hostfs.h"
#include "util/parse.h"

static const char a_bundle[] =
	"a bundle is a directory with a config.json; `ketch spec -b DIR` writes one";

static int bad_bundle(struct err *e, int r, const char *what, const char *path)
{
	static const char a_file[] = "only a regular file can be a configuration";
	static const struct {
		int r;
		const char *hint;
	} hints[] = {
		{ -ENOTDIR, a_bundle },
		{ -EISDIR, a_file },
		{ -EINVAL, a_file },
		{ -EACCES, "it must be readable for the user who runs ketch, and each directory "
			   "above it searchable" },
	};

	err_sys(e, r, "%s '%s'", what, path);
	e->code = ERR_BUNDLE;
	for (size_t i = 0; i < N_ELEMENTS(hints); i++) {
		if (hints[i].r == r)
			err_hint(e, "%s", hints[i].hint);
	}
	return r;
}

static int read_config(struct launch *l, int dir, struct err *e)
{
	const char *name = l->opts->config ? l->opts->config : FILE_CONFIG;
	auto_str char *path = NULL;
	int r = host_read(dir, name, SPEC_MAX_SIZE, &l->config);

	if (r == -EFBIG)
		return err_set(e, ERR_SPEC, "%s is larger than %d MiB", name, SPEC_MAX_SIZE >> 20);
	if (r >= 0)
		return 0;
	if (name[0] != '/' && asprintf(&path, "%s/%s", l->bundle, name) < 0)
		path = NULL;
	(void)bad_bundle(e, r, "read", path ? path : name);
	if (r == -ENOENT)
		err_hint(e, "%s",
			 l->opts->config
				 ? "--config names a file of the bundle, or any by an absolute path"
				 : a_bundle);
	return r;
}

int launch_read_config(struct launch *l, struct err *e)
{
	const struct launch_opts *o = l->opts;
	const char *path = o->bundle ? o->bundle : ".";
	bool alone = o->plan_only && o->config && o->config[0] == '/';

	int r = host_realpath(path, &l->bundle);
	if (r == -ENOENT && alone)
		r = host_abspath(path, &l->bundle);
	if (r < 0) {
		(void)bad_bundle(e, r, "bundle", path);
		return r == -ENOENT ? err_hint(e, "%s", a_bundle) : r;
	}
	if (alone)
		return read_config(l, AT_FDCWD, e);
	auto_fd int dir = host_opendir(AT_FDCWD, l->bundle, true);
	return dir < 0 ? bad_bundle(e, dir, "open the bundle", l->bundle) : read_config(l, dir, e);
}

/* A seccomp agent for a config that names none: crun's. Kept in the state, as `start` may have another environment. */
static char *seccomp_receiver(void)
{
	char *path = getenv("RUN_OCI_SECCOMP_RECEIVER");

	return path && *path ? path : NULL;
}

int launch_read(struct launch *l, struct err *e)
{
	int r = launch_read_config(l, e);

	l->state.seccomp_receiver = seccomp_receiver();
	return r < 0 ? r
		     : spec_load_receiver(&l->spec, buf_str(&l->config), l->config.len,
					  l->state.seccomp_receiver, e);
}

unsigned launch_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint32_t n, p;

	if (!fds || parse_u32(fds, &n) < 0 || n > 1024)
		return 0;
	if (pid && (parse_u32(pid, &p) < 0 || (pid_t)p != getpid()))
		return 0;
	return n;
}

int launch_plan_opts(struct launch *l, enum plan_use use, bool start_at_once, struct plan_opts *ret,
		     struct err *e)
{
	const struct launch_opts *o = l->opts;
	const char *notify = getenv("NOTIFY_SOCKET");

	if (asprintf(&l->state_dir, "%s/%s", l->store->path, l->id) < 0)
		return err_sys(e, -ENOMEM, "plan");
	*ret = (struct plan_opts){
		.use = use,
		.id = l->id,
		.bundle = l->bundle,
		.state_dir = l->state_dir,
		.cgroup_manager = o->cgroup_manager,
		.rootless = o->rootless,
		.no_pivot = o->no_pivot,
		/* exec has no such option: l->state is the container's then, and empty for create and restore */
		.no_new_keyring = o->no_new_keyring || l->state.no_new_keyring,
		.start_at_once = start_at_once,
		.preserve_fds = o->preserve_fds,
		.listen_fds = launch_listen_fds(),
		.notify_socket_host = notify && *notify ? notify : NULL,
		.process = o->process,
		.exec_cgroups = o->exec_cgroups,
	};
	return 0;
}

int launch_plan(struct launch *l, enum plan_use use, bool start_at_once, struct err *e)
{
	struct plan_opts po;
	int r = launch_plan_opts(l, use, start_at_once, &po, e);

	return r < 0 ? r : plan_make(&l->plan, l->spec, &l->facts, &po, e);
}

void launch_place_err(const struct launch *l, struct err *e)
{
	if (l->config.len > 0)
		json_place_err(e, buf_str(&l->config), l->config.len);
}
