/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a plugin that answers seccomp notifications exports, and what it gets: the binary interface, version 1, that crun and conmon have. Only
 * PLUGIN_HANDLE is required. Layouts and values can't change: plugins are built elsewhere.
 */
#pragma once

#include <linux/seccomp.h>
#include <stddef.h>

#define PLUGIN_VERSION "run_oci_seccomp_notify_version"
#define PLUGIN_START   "run_oci_seccomp_notify_start"
#define PLUGIN_HANDLE  "run_oci_seccomp_notify_handle_request"
#define PLUGIN_STOP    "run_oci_seccomp_notify_stop"

enum { PLUGIN_ABI = 1 };

/* Whose calls are to be answered. */
struct plugin_container {
	const char *directory; /* where the runtime keeps what it knows of the container */
	const char *id;
	const char *bundle;
	const char *config; /* the copy of config.json that counts */
};

/* What became of a request. */
enum plugin_verdict {
	PLUGIN_NOT_MINE = 0, /* the next plugin's */
	PLUGIN_ANSWERED = 1, /* the response is to be sent */
	PLUGIN_LATER = 2,    /* the plugin sends it by itself */
	PLUGIN_CONTINUE = 3, /* the kernel is to carry the call out */
};

typedef int plugin_version_fn(void);
/* These return 0 or -errno. *OPAQUE is the plugin's own and is handed to the other two. */
typedef int plugin_start_fn(void **opaque, struct plugin_container *c, size_t size);
typedef int plugin_handle_fn(void *opaque, struct seccomp_notif_sizes *sizes,
			     struct seccomp_notif *req, struct seccomp_notif_resp *resp,
			     int notify_fd, int *verdict);
typedef int plugin_stop_fn(void *opaque);
