/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checkpoint and restore: a container handed to CRIU, and brought back (criu.org; the commands of runc and crun). */
#pragma once

#include "core/container.h"
#include "criu/rpc.h"

/* What both take from the command line. Paths are the caller's. */
struct criu_common {
	const char *criu;	/* program; NULL: of PATH */
	const char *image_path; /* NULL: "checkpoint" */
	const char *work_path;	/* NULL: the image path */
	bool tcp_established, tcp_close, tcp_skip_in_flight, ext_unix_sk, shell_job, file_locks,
		auto_dedup, lazy_pages;
	int cg_mode;	      /* enum criu_cg_mode + 1; 0: not given */
	int network_lock;     /* enum criu_network_lock; 0: not given */
	struct strv empty_ns; /* "network" */
};

struct checkpoint_opts {
	struct criu_common c;
	const char *parent_path; /* relative to the image path */
	const char *page_server; /* "ADDRESS:PORT" */
	const char *status_fd;	 /* number of a descriptor that gets a NUL when lazy pages wait */
	bool leave_running, pre_dump, link_remap;
};

struct restore_opts {
	struct criu_common c;
	struct launch_opts launch;
	const char *lsm_profile, *lsm_mount_context;
};

/* The container runs on after an error, with --leave-running and with --pre-dump; else it is deleted, poststop hooks included. */
int container_checkpoint(const struct store *s, const char *id, const struct checkpoint_opts *o,
			 struct err *e);
/* A new container ID from an image and a bundle. After an error nothing is left. *ret_status as for run. */
int container_restore(const struct store *s, const char *id, const struct restore_opts *o,
		      int *ret_status, struct err *e);

/* Whether this build has them (-Dcriu); what the commands say when it has not. */
bool criu_built_in(void);

/* ---- common.c ---- */

/* An image directory and a work directory, opened. */
struct criu_dirs {
	char *image, *work; /* absolute */
	int image_fd, work_fd;
	unsigned made_image, made_work; /* so many of their last components were missing */
};
#define CRIU_DIRS_NONE                                                                             \
	{                                                                                          \
		.image_fd = -EBADF, .work_fd = -EBADF                                              \
	}
/* MAKE: the image directory, too; the work directory is always made. */
int criu_dirs_open(struct criu_dirs *d, const struct criu_common *c, bool make, struct err *e);
/* What was made and is still empty is removed again. */
void criu_dirs_clear(struct criu_dirs *d);

/*
 * In a user namespace CRIU looks for images as its root, who is an ordinary user here: the directory must let others search it. The images
 * themselves are opened before, and stay as they are. Restores of one image at the same time share it: the last one hides it again.
 */
int criu_image_show(const struct criu_dirs *d, struct err *e);
void criu_image_hide(const struct criu_dirs *d);

/* Options that go over as they are. S: the container's annotations name CRIU's configuration file. */
int criu_common_opts(struct criu_opts *to, const struct criu_common *c, const struct spec *s,
		     struct err *e);
/* Root, or who has the capabilities that CRIU needs. */
int criu_check_rights(const struct facts *f, const char *verb, struct err *e);
/* What no CRIU can do, by property. */
int criu_check_plan(const struct plan *p, struct err *e);
/* "ADDRESS:PORT", the address may be in brackets. ADDRESS is malloc'ed. */
int criu_parse_address(const char *text, char **ret_address, int *ret_port, struct err *e);
