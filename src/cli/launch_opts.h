/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that create and run share, as rows. */
#pragma once

#include "cli/cli.h"

#define LAUNCH_OPTIONS                                                                             \
	OPTION('b', "bundle", OPT_STR, struct launch_opts, bundle, "DIR",                          \
	       "the bundle (default: the current directory)"),                                     \
		OPTION('f', "config", OPT_STR, struct launch_opts, config, "FILE",                 \
		       "another name than config.json"),                                           \
		OPTION(0, "console-socket", OPT_STR, struct launch_opts, console_socket, "PATH",   \
		       "socket that gets the terminal's master"),                                  \
		OPTION(0, "pidfd-socket", OPT_STR, struct launch_opts, pidfd_socket, "PATH",       \
		       "socket that gets the process's pidfd"),                                    \
		OPTION(0, "pid-file", OPT_STR, struct launch_opts, pid_file, "FILE",               \
		       "write the process's pid to FILE"),                                         \
		OPTION(0, "no-pivot", OPT_FLAG, struct launch_opts, no_pivot, NULL,                \
		       "chroot instead of pivot_root (root on a ramdisk)"),                        \
		OPTION(0, "no-new-keyring", OPT_FLAG, struct launch_opts, no_new_keyring, NULL,    \
		       "keep the caller's session keyring"),                                       \
		OPTION(0, "preserve-fds", OPT_U32, struct launch_opts, preserve_fds, "N",          \
		       "pass N further descriptors on"),                                           \
		OPTION(0, "no-subreaper", OPT_FLAG, struct launch_opts, no_subreaper, NULL,        \
		       "do not adopt orphans of the container"),                                   \
		OPTION(0, "trace", OPT_STR, struct launch_opts, trace, "FILE",                     \
		       "append the time of each step, as JSON lines (- = stderr)")
