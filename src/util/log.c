/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log sink. Each line is one write(2), so that lines of several ketch processes never mix. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/jsonw.h"
#include "util/log.h"
#include "util/utc.h"
#include "util/utf8.h"

static struct log_config sink = { .fd = -1, .level = LOG_WARNING };

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* Severities of RFC 5424. */
static const int severities[] = {
	[LOG_ERROR] = 3,
	[LOG_WARNING] = 4,
	[LOG_INFO] = 6,
	[LOG_DEBUG] = 7,
};

enum { FACILITY_USER = 1 << 3 };

void log_init(const struct log_config *config)
{
	sink = *config;
}

int log_fd(void)
{
	return sink.fd;
}

void log_close(void)
{
	close_fd(TAKE_FD(sink.fd));
}

bool log_enabled(enum log_level level)
{
	return level <= sink.level && (sink.fd >= 0 || sink.terminal);
}

/* A log that can't be written must not fail the container. */
static void write_line(int fd, const struct buf *line)
{
	if (buf_error(line) == 0 && write(fd, line->p, line->len) < 0)
		return;
}

static void add_err_members(struct jsonw *w, const struct err *e)
{
	jsonw_str(w, "code", err_code_name(e->code));
	if (e->errnum)
		jsonw_i64(w, "errno", e->errnum);
	if (e->step[0])
		jsonw_str(w, "step", e->step);
	if (e->where[0])
		jsonw_str(w, "path", e->where);
	if (e->line) {
		jsonw_u64(w, "line", e->line);
		jsonw_u64(w, "column", e->col);
	}
	if (e->hint[0])
		jsonw_str(w, "hint", e->hint);
}

static void text_line(enum log_level level, const char *msg, UNUSED const struct err *e,
		      struct buf *out)
{
	char now[UTC_SIZE];

	utc_now(now);
	buf_addf(out, "time=\"%s\" level=%s msg=", now, level_names[level]);
	buf_addjson(out, msg);
	buf_addc(out, '\n');
}

static void json_line(enum log_level level, const char *msg, const struct err *e, struct buf *out)
{
	char now[UTC_SIZE];
	struct jsonw w;

	utc_now(now);
	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "level", level_names[level]);
	jsonw_str(&w, "msg", msg);
	jsonw_str(&w, "time", now);
	if (e)
		add_err_members(&w, e);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

/* A line end would begin another field of the journal's protocol, and another message of syslog's. */
static void add_one_line(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addc(out, *text == '\n' ? ' ' : *text);
}

/* RFC 3164, as syslog(3) sends it. */
static void syslog_packet(enum log_level level, const char *msg, UNUSED const struct err *e,
			  struct buf *out)
{
	time_t now = time(NULL);
	char date[32] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(date, sizeof(date), "%b %e %H:%M:%S", &tm);
	buf_addf(out, "<%d>%s ", FACILITY_USER | severities[level], date);
	add_one_line(out, sink.ident);
	buf_addf(out, "[%d]: ", (int)getpid());
	add_one_line(out, msg);
}

/* systemd's "Native Journal Protocol": one field a line. */
static void journal_packet(enum log_level level, const char *msg, UNUSED const struct err *e,
			   struct buf *out)
{
	buf_addf(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=", severities[level]);
	add_one_line(out, sink.ident);
	buf_adds(out, "\nMESSAGE=");
	add_one_line(out, msg);
	buf_addc(out, '\n');
}

static void write_file(enum log_level level, const char *msg, const struct err *e)
{
	static void (*const forms[])(enum log_level, const char *, const struct err *,
				     struct buf *) = {
		[LOG_TEXT] = text_line,
		[LOG_JSON] = json_line,
		[LOG_SYSLOG] = syslog_packet,
		[LOG_JOURNAL] = journal_packet,
	};
	auto_buf struct buf line = { 0 };

	forms[sink.format](level, msg, e, &line);
	write_line(sink.fd, &line);
}

void log_emit(enum log_level level, const char *fmt, ...)
{
	auto_buf struct buf msg = { 0 };
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	buf_vaddf(&msg, fmt, ap);
	va_end(ap);
	if (sink.fd >= 0)
		write_file(level, buf_str(&msg), NULL);
	if (sink.terminal && level != LOG_ERROR) {
		auto_buf struct buf line = { 0 };

		buf_addf(&line, "ketch: %s: ", level_names[level]);
		buf_addplain(&line, buf_str(&msg), msg.len);
		buf_addc(&line, '\n');
		write_line(STDERR_FILENO, &line);
	}
}

void log_err(const struct err *e, const char *document)
{
	auto_buf struct buf msg = { 0 };

	if (sink.fd < 0)
		return;
	err_line(e, document, &msg);
	write_file(LOG_ERROR, buf_str(&msg), e);
}
