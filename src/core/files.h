/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in a container's directory, waits and words that several commands share. */
#pragma once

#define FILE_CONFIG	  "config.json"	   /* copy of the bundle's, taken at create */
#define FILE_RESOURCES	  "resources.json" /* linux.resources since the first `ketch update` */
#define FILE_MOUNTS	  "mounts"	  /* what `ketch mounts add` made (linux/mounts_record.h) */
#define FILE_CREATED_LOCK "created"	  /* OFD write lock held by init until its execve */
#define FILE_START_SOCKET "start"	  /* where the waiting init listens */
#define FILE_AGENT_SOCKET "seccomp-agent" /* where the program with the seccomp plugins listens */

/* For --console-socket and --pidfd-socket. */
#define HINT_RECEIVER "the receiver must listen on that socket before ketch is called"

enum {
	LOCK_TIMEOUT_MS = 10000,
	DEATH_TIMEOUT_MS = 10000,
};
