/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan for NOTIFY_SOCKET (sd_notify(3)): a service manager that started us waits for READY=1 from the container's
 * process. It gets a socket of ours, in a directory that is mounted read-only; what comes there is passed on by `start`
 * and `run`.
 */
#include <errno.h>
#include <sys/mount.h>

#include "engine/plan.h"

static bool is_address(const char *s)
{
	return (s[0] == '/' || s[0] == '@') && s[1];
}

static int make_mount(struct plan *p, struct err *e)
{
	struct plan_mount *m = ARENA_NEW(&p->arena, struct plan_mount);
	struct spec_mount *spec = ARENA_NEW(&p->arena, struct spec_mount);
	char *source = arena_printf(&p->arena, "%s/" NOTIFY_DIR, p->opts.state_dir);

	if (!m || !spec || !source)
		return err_sys(e, -ENOMEM, "plan");
	*m = (struct plan_mount){
		.spec = spec,
		.index = NOTIFY_MOUNT_INDEX,
		.dest = NOTIFY_DEST,
		.kind = PLAN_MOUNT_BIND,
		.source = source,
		.data = "",
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.read_only = true,
	};
	p->notify = m;
	return 0;
}

int plan_notify(struct plan *p, struct err *e)
{
	const char *host = p->opts.notify_socket_host;

	if (!host || p->opts.use != FOR_CREATE)
		return 0;
	if (!is_address(host))
		plan_warn(p, "NOTIFY_SOCKET",
			  "'%s' is neither a path nor an abstract socket: it is not passed on",
			  host);
	else if (!p->mount_ns)
		plan_warn(p, "NOTIFY_SOCKET",
			  "it is not passed on to a container without a mount namespace");
	else
		return make_mount(p, e);
	return 0;
}
