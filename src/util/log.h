/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log: text or JSON lines in the form that engines read ({"level","msg","time"} with an RFC 3339 time).
 * The sink is a global, the only one besides a switch for tests in sys/raw.c.
 *
 * Called by src/cli, by the parent side of core, and for the children by the parent that relays their
 * MSG_LOG packets. Library code that is below core reports through struct err or `warn` callbacks instead.
 */
#pragma once

#include <stdbool.h>

#include "util/err.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
/* Of the file; SYSLOG and JOURNAL are datagrams to the sockets of a system logger. */
enum log_format { LOG_TEXT, LOG_JSON, LOG_SYSLOG, LOG_JOURNAL };

struct log_config {
	int fd; /* of --log, opened O_APPEND by the caller (owned by the log from here on); -1 = none */
	enum log_format format; /* of the file */
	enum log_level level;	/* nothing above it is written */
	const char *ident;	/* of SYSLOG and JOURNAL: the name that messages bear */
	bool terminal; /* warnings, info and debug also go to stderr (it is a terminal), made plain */
};

void log_init(const struct log_config *config);
bool log_enabled(enum log_level level);
void log_emit(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* An error as err_line() has it, and in JSON with all its members; to the file only: the command line prints it for people. */
void log_err(const struct err *e, const char *document);
/* The descriptor of the file, or -1. */
int log_fd(void);
void log_close(void);
