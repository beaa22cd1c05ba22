/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options as rows: parsing, --help, the man page's synopsis and shell completion come from the same table. Accepted forms: --name, --name=value,
 * --name value, -n, -n value, -nvalue, -n=value, -nm (flags), and Go's single dash (-name). A flag takes =true or =false.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/strv.h"

enum opt_kind {
	OPT_FLAG, /* bool */
	OPT_BOOL, /* int: a flag of which =false says more than nothing; 1, -1, or 0 = not given */
	OPT_STR,  /* const char * */
	OPT_U32,  /* uint32_t */
	OPT_STRV, /* struct strv, repeatable; values are copied */
	OPT_WORD, /* int, one of WORDS */
	OPT_IGNORED, /* a flag that is accepted and does nothing */
	OPT_IGNORED_STR,
};

struct opt_word {
	const char *word;
	int value;
};

struct opt {
	char short_name; /* 0: none */
	const char *name;
	enum opt_kind kind;
	size_t offset;	 /* of the member in the command's option struct */
	const char *arg; /* name of the value in --help; NULL for flags */
	const char *help;
	const struct opt_word *words; /* OPT_WORD, ended by a NULL word */
	bool hidden;		      /* accepted for drop-in use, not shown */
};

#define OPTION(short_, name_, kind_, type_, member_, arg_, help_)                                  \
	{                                                                                          \
		.short_name = (short_), .name = (name_), .kind = (kind_),                          \
		.offset = offsetof(type_, member_), .arg = (arg_), .help = (help_)                 \
	}

struct opt_parse {
	const struct opt *opts;
	size_t n_opts;
	void *out;
	bool stop_at_positional; /* what follows the first positional argument is not ours */
	const char *command;	 /* whose options they are, for hints; NULL: of all commands */
	const struct opt_parse *outer; /* the options before the command; NULL: these are they */
};

/* Parses ARGV[0..argc). Positional arguments are moved to REST (room for ARGC), *n_rest of them. 1: --help was asked for. 0, or -errno. */
int opt_parse(const struct opt_parse *p, int argc, char **argv, char **rest, int *n_rest,
	      struct err *e);
/* Lines of --help for the options. */
void opt_help(const struct opt *opts, size_t n, struct buf *out);
