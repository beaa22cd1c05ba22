/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container has from outside, as CRIU's --external wants it told (criu.org/External_bind_mounts, External_files): bind mounts, masks,
 * mounts of hooks, joined namespaces, files opened on the host. At checkpoint they are found in the kernel's own lists; at restore they
 * come from the new bundle's config.json and from what the image's note says.
 */
#pragma once

#include "criu/image.h"
#include "criu/rpc.h"
#include "engine/plan.h"

/* Names that runc uses too, so that either restores the other's images. */
#define EXTERNAL_NET "extRootNetNS"
#define EXTERNAL_PID "extRootPidNS"

struct external_dump {
	pid_t pid; /* of the container's first process */
	const struct plan *plan;
	struct criu_opts *opts;
	struct image_note *note;
	struct buf mountinfo;
	struct mount_line *mounts;
	bool *external; /* one for each of mounts */
	const char **names;
	size_t n_mounts;
};

/* All of it for the container whose processes PIDS are. */
int external_dump(struct external_dump *d, const pid_t *pids, size_t n_pids, struct err *e);
void external_dump_clear(struct external_dump *d);

/*
 * The mounts for a restore by PLAN; STATE_DIR is the container's, for its NOTIFY_SOCKET. CGROUP2: its cgroup, where the plan does not know it
 * (systemd makes it), or NULL.
 */
int external_restore_mounts(const struct plan *plan, const struct image_note *note,
			    const char *state_dir, const char *cgroup2, struct criu_opts *opts,
			    struct err *e);
/* Directories and files in the root, and in bound directories, where CRIU will mount. */
int external_mount_points(const struct plan *plan, struct err *e);
