/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of CRIU's RPC (images/rpc.proto of CRIU; criu.org/RPC): written and read here, without a library, by a table of exactly the
 * fields that ketch uses. Pure. criu/swrk.h carries them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/strv.h"

/* enum criu_req_type */
enum criu_type {
	CRIU_EMPTY = 0,
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

/* enum criu_cg_mode */
enum criu_cg_mode {
	CRIU_CG_IGNORE = 0,
	CRIU_CG_NONE = 1,
	CRIU_CG_PROPS = 2,
	CRIU_CG_SOFT = 3,
	CRIU_CG_FULL = 4,
	CRIU_CG_STRICT = 5,
	CRIU_CG_UNSET = -1, /* ours */
};

/* enum criu_network_lock_method */
enum criu_network_lock {
	CRIU_LOCK_UNSET = -1, /* ours */
	CRIU_LOCK_IPTABLES = 1,
	CRIU_LOCK_NFTABLES = 2,
	CRIU_LOCK_SKIP = 3,
};

/* Two strings, or a string and a number: what the list-like options are made of. */
struct criu_pair {
	char *key, *value; /* malloc'ed; either may be NULL */
	int fd;
};

struct criu_pairs {
	struct criu_pair *v;
	size_t n, cap;
};

/* criu_opts. A number of -1, an empty list, a NULL and false are left out. Strings are the caller's, but those in lists. */
struct criu_opts {
	int images_dir_fd, work_dir_fd; /* of the process that made the socket */
	int pid, log_level, cg_mode, network_lock, empty_ns, timeout;
	bool leave_running, ext_unix_sk, tcp_established, shell_job, file_locks, notify_scripts,
		track_mem, auto_dedup, link_remap, evasive_devices, manage_cgroups, rst_sibling,
		ext_sharing, ext_masters, tcp_skip_in_flight, lazy_pages, orphan_pts_master,
		tcp_close, unprivileged; /* run by other than root */
	const char *log_file, *root, *parent_img, *freeze_cgroup, *config_file, *lsm_profile,
		*lsm_mount_context;
	const char *page_server; /* its address, with PAGE_SERVER_PORT; NULL: none */
	int page_server_port;
	struct strv external;	       /* "mnt[KEY]:VALUE", "net[INODE]:KEY", "file[MNT:INODE]" */
	struct criu_pairs cgroup_root; /* controller (NULL: all) and path */
	struct criu_pairs inherit_fd;  /* key and a descriptor of CRIU's own process */
	struct criu_pairs join_ns;     /* kind and file */
};
#define CRIU_OPTS_INIT                                                                             \
	{                                                                                          \
		.images_dir_fd = -1, .work_dir_fd = -1, .pid = -1, .log_level = -1, .cg_mode = -1, \
		.network_lock = -1, .empty_ns = -1, .timeout = -1,                                 \
	}

/* Copies of both strings. 0 or -ENOMEM. */
int criu_pairs_add(struct criu_pairs *l, const char *key, const char *value, int fd);
void criu_opts_clear(struct criu_opts *o); /* the lists */

/* criu_features, asked for and told. */
enum criu_feature {
	CRIU_FEATURE_MEM_TRACK = 1 << 1,
	CRIU_FEATURE_LAZY_PAGES = 1 << 2,
};

/* The bytes of a request. 0 or -ENOMEM. */
int criu_write_request(enum criu_type type, const struct criu_opts *o, struct buf *out);
int criu_write_version(struct buf *out);
int criu_write_features(unsigned features, struct buf *out);
/* The answer to a notification. */
int criu_write_notified(bool success, struct buf *out);

/* criu_resp. */
struct criu_answer {
	int type; /* enum criu_type */
	bool success;
	bool has_type, has_success;
	int pid;	  /* restore, notify; 0: none */
	char script[40];  /* notify */
	int cr_errno;	  /* 0: none */
	char errmsg[256]; /* the first error of CRIU's log */
	int version;	  /* 40101 for 4.1.1 */
	unsigned features;
};

/* -EBADMSG for what is no answer: pieces, wrong kinds, or without type and success. */
int criu_read_answer(const void *data, size_t len, struct criu_answer *ret);
