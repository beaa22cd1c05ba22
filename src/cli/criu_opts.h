/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that checkpoint and restore share, as rows. TYPE has a struct criu_common c. */
#pragma once

#include "cli/cli.h"
#include "criu/checkpoint.h"

extern const struct opt_word criu_cg_words[], criu_lock_words[];

#define CRIU_OPTIONS(type, image_help)                                                             \
	OPTION(0, "image-path", OPT_STR, type, c.image_path, "DIR", image_help),                   \
		OPTION(0, "work-path", OPT_STR, type, c.work_path, "DIR",                          \
		       "where CRIU works and logs (default: the image directory)"),                \
		OPTION(0, "tcp-established", OPT_FLAG, type, c.tcp_established, NULL,              \
		       "keep open TCP connections"),                                               \
		OPTION(0, "tcp-close", OPT_FLAG, type, c.tcp_close, NULL,                          \
		       "restore open TCP connections as closed ones"),                             \
		OPTION(0, "ext-unix-sk", OPT_FLAG, type, c.ext_unix_sk, NULL,                      \
		       "allow unix sockets connected to the outside"),                             \
		OPTION(0, "shell-job", OPT_FLAG, type, c.shell_job, NULL,                          \
		       "allow a terminal from outside"),                                           \
		OPTION(0, "file-locks", OPT_FLAG, type, c.file_locks, NULL, "keep file locks"),    \
		OPTION(0, "lazy-pages", OPT_FLAG, type, c.lazy_pages, NULL,                        \
		       "move memory when it is needed, by userfaultfd"),                           \
		OPTION(0, "auto-dedup", OPT_FLAG, type, c.auto_dedup, NULL,                        \
		       "free pages of parent images that later ones replace"),                     \
		OPTION(0, "empty-ns", OPT_STRV, type, c.empty_ns, "NAMESPACE",                     \
		       "leave the contents of a namespace: network"),                              \
		{                                                                                  \
			.name = "manage-cgroups-mode",                                             \
			.kind = OPT_WORD,                                                          \
			.offset = offsetof(type, c.cg_mode),                                       \
			.arg = "MODE",                                                             \
			.words = criu_cg_words,                                                    \
			.help = "what CRIU does about cgroups: ignore (default; soft where there " \
				"are "                                                             \
				"cgroups below), soft, full, strict, props or none",               \
		},                                                                                 \
	{                                                                                          \
		.name = "network-lock", .kind = OPT_WORD,                                          \
		.offset = offsetof(type, c.network_lock), .arg = "METHOD",                         \
		.words = criu_lock_words,                                                          \
		.help = "how the network is held meanwhile: iptables, nftables or skip",           \
	}
