/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The global options, which stand before the command. */
#include <stddef.h>

#include "cli/cli.h"

static const struct opt_word log_formats[] = { { "text", LOG_TEXT }, { "json", LOG_JSON }, { 0 } };
static const struct opt_word log_levels[] = {
	{ "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "warn", LOG_WARNING },
	{ "info", LOG_INFO },	{ "debug", LOG_DEBUG },	    { 0 },
};
static const struct opt_word managers[] = {
	{ "cgroupfs", CGROUP_MANAGER_CGROUPFS },
	{ "systemd", CGROUP_MANAGER_SYSTEMD },
	{ "disabled", CGROUP_MANAGER_DISABLED },
	{ 0 },
};
static const struct opt_word tristates[] = {
	{ "auto", TRI_AUTO }, { "true", TRI_YES },
	{ "false", TRI_NO },  { "1", TRI_YES },
	{ "0", TRI_NO },      { "yes", TRI_YES },
	{ "no", TRI_NO },     { "t", TRI_YES },
	{ "f", TRI_NO },      { 0 },
};

const struct opt global_options[] = {
	OPTION(0, "root", OPT_STR, struct cli_global, root, "DIR",
	       "directory for the containers' state"),
	OPTION(0, "log", OPT_STR, struct cli_global, log, "FILE",
	       "also append errors and warnings to FILE (or file:FILE, journald:NAME, "
	       "syslog:NAME)"),
	{ .name = "log-format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct cli_global, log_format),
	  .arg = "text|json",
	  .words = log_formats,
	  .help = "form of the log's lines" },
	{ .name = "log-level",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct cli_global, log_level),
	  .arg = "LEVEL",
	  .words = log_levels,
	  .help = "error, warning (default), info or debug" },
	OPTION(0, "debug", OPT_FLAG, struct cli_global, debug, NULL,
	       "the same as --log-level debug"),
	OPTION(0, "systemd-cgroup", OPT_FLAG, struct cli_global, systemd_cgroup, NULL,
	       "the same as --cgroup-manager systemd"),
	{ .name = "cgroup-manager",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct cli_global, cgroup_manager),
	  .arg = "MANAGER",
	  .words = managers,
	  .help = "cgroupfs, systemd or disabled" },
	{ .name = "rootless",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct cli_global, rootless),
	  .arg = "auto|true|false",
	  .words = tristates,
	  .help = "treat missing cgroup permissions as warnings" },
	{ .name = "log-only",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct cli_global, log_only),
	  .help = "errors and warnings go to the log alone (for libketch)",
	  .hidden = true },
	OPTION(0, "criu", OPT_STR, struct cli_global, criu, "PATH",
	       "the program criu (default: that of PATH)"),
	OPTION('v', "version", OPT_FLAG, struct cli_global, version, NULL, "print the version"),
	{ .short_name = 'V',
	  .name = "version",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct cli_global, version),
	  .help = "the same",
	  .hidden = true },
};
const size_t n_global_options = N_ELEMENTS(global_options);
