/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The annotations that ketch follows: `features`, `explain --annotations`, the manual page and the search for misspelt ones have them from here. */
#include <stddef.h>

#include "spec/annotations.h"

const struct annotation annotations[] = {
	{ ANNOTATION_CRIU_CONFIG, "FILE",
	  "more options for CRIU; an empty one: not even those of /etc/criu" },
	{ ANNOTATION_SYSTEMD_PROPERTY, "VALUE",
	  "a property of the scope that systemd makes, its name behind the last dot and the value "
	  "in GVariant's text form" },
	{ ANNOTATION_DELEGATE, "NAME",
	  "a further cgroup below the container's, with all controllers the payload's own (cgroup "
	  "v2)" },
	{ ANNOTATION_HOOKS_STDERR, "FILE",
	  "standard error of the hooks is added to it; a relative one is below the bundle" },
	{ ANNOTATION_HOOKS_STDOUT, "FILE",
	  "standard output of the hooks is added to it; a relative one is below the bundle" },
	{ ANNOTATION_KEEP_GROUPS, "1",
	  "the process keeps the further groups of the caller, and additionalGids are left out" },
	{ ANNOTATION_MOUNT_CONTEXT, "OPTION",
	  "the mount option that linux.mountLabel is: context (default), fscontext, defcontext or "
	  "rootcontext" },
	{ ANNOTATION_PIDFD_RECEIVER, "SOCKET",
	  "the pidfd of the container's process is sent to it; a relative one is below the "
	  "bundle" },
	{ ANNOTATION_SECCOMP_PLUGINS, "A[:B...]",
	  "shared libraries that answer the notifications of linux.seccomp" },
	{ ANNOTATION_SECCOMP_RECEIVER, "SOCKET",
	  "the descriptor for the notifications of linux.seccomp is sent to it, as to "
	  "listenerPath" },
	{ ANNOTATION_SECCOMP_BPF, "BASE64",
	  "a filter as instructions, in the place of linux.seccomp" },
	{ ANNOTATION_SECCOMP_FAIL_UNKNOWN, "1",
	  "an unknown name of a system call in linux.seccomp is an error" },
	{ ANNOTATION_SYSTEMD_FORCE_V1, "PATH",
	  "the mount with this destination is a tmpfs with the v1 hierarchy name=systemd, for an "
	  "old systemd" },
	{ ANNOTATION_SYSTEMD_SUBGROUP, "NAME",
	  "the cgroup below the scope that has limits and process (default: container); empty: "
	  "none" },
	{ NULL },
};
