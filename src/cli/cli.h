/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A subcommand: one row, one file. Help, man synopsis and completion follow from it. */
#pragma once

#include "cli/opt.h"
#include "core/container.h"
#include "util/log.h"

struct cli_global {
	const char *root, *log, *criu;
	int log_format, log_level;
	bool debug, systemd_cgroup, log_only;
	int cgroup_manager; /* enum cgroup_manager */
	int rootless;	    /* enum tristate */
	bool version;
	const char *
		*document; /* set by commands: the file that lines and columns of errors are of */
	char **argv;	   /* the whole command line, for the re-execution of self-protection */
};

struct args {
	char **v;
	int n;
};

struct command {
	const char *name, *usage, *summary;
	const struct opt *opts;
	size_t n_opts, opt_size;
	int min_args, max_args; /* positional; -1: any number */
	bool stop_at_positional;
	bool protect;	 /* enters a container: runs from a copy of the binary nobody can write */
	int fail_status; /* exit status of a failure; 0 stands for 1 */
	/* >= 0: the exit status */
	int (*run)(const struct cli_global *g, void *opts, const struct args *a, struct err *e);
};

extern const struct command *const commands[]; /* ended by NULL */
extern const struct opt global_options[];
extern const size_t n_global_options;

/* What create, run and exec share. */
int cli_launch(const struct cli_global *g, struct launch_opts *o, struct err *e);
int cli_open_store(const struct cli_global *g, struct store *s, bool make, struct err *e);
/* Only the path: the state root need not exist, nor be ours. */
int cli_name_store(const struct cli_global *g, struct store *s, struct err *e);
enum cgroup_manager cli_cgroup_manager(const struct cli_global *g);
/* Calls ACT for each container whose id matches the extended regular expression PATTERN. All are tried; the first error is returned. One
 * that is deleted meanwhile is no error, nor is none at all. */
int cli_each_match(const struct store *s, const char *pattern,
		   int (*act)(const struct store *s, const char *id, const void *ctx,
			      struct err *e),
		   const void *ctx, struct err *e);
/* Writes an answer to standard output in full. */
int cli_print(const struct buf *out, struct err *e);
/* The file of OPTION ("--process"), or standard input for "-". */
int cli_read_file(const char *option, const char *path, size_t max, struct buf *out, struct err *e);
