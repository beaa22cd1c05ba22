/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error value: constructors. See err.h for the convention. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/utf8.h"

struct code_info {
	const char *name;
	int errnum;
};

static const struct code_info codes[ERR_N_CODES] = {
	[ERR_NONE] = { "none", EINVAL },
	[ERR_USAGE] = { "usage", EINVAL },
	[ERR_BUNDLE] = { "bundle", EINVAL },
	[ERR_SPEC] = { "spec", EINVAL },
	[ERR_STATE] = { "state", EBUSY },
	[ERR_EXISTS] = { "exists", EEXIST },
	[ERR_NOT_FOUND] = { "not-found", ENOENT },
	[ERR_KERNEL] = { "kernel", EIO },
	[ERR_UNSUPPORTED] = { "unsupported", EOPNOTSUPP },
	[ERR_DENIED] = { "denied", EPERM },
	[ERR_HOOK] = { "hook", ECANCELED },
	[ERR_INTERNAL] = { "internal", EPROTO },
};

#define CUT "..."

enum { HEAD_MIN = 96 }; /* what stays of the text before a long message */

/* The end of the first N bytes of S, which is longer, at a whole character. */
static size_t cut_at(const char *s, size_t n)
{
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* HEAD, which is in E's message, gets ": TAIL" behind it. Where that is too long the end of HEAD goes, then the start of TAIL:
 * engines look for the words at the end, which say why. */
static void append(struct err *e, const char *tail)
{
	size_t room = sizeof(e->msg) - sizeof(": "), head = strlen(e->msg), n = strlen(tail);
	const char *cut_head = "", *cut_tail = "";

	if (head + n > room && head > HEAD_MIN) {
		cut_head = CUT;
		size_t keep = room - MIN(n + strlen(CUT), room);
		head = cut_at(e->msg, MAX(keep, HEAD_MIN));
	}
	room -= head + strlen(cut_head);
	if (n > room) {
		cut_tail = CUT;
		tail += n - (room - strlen(CUT));
		while ((*tail & 0xc0) == 0x80)
			tail++;
	}
	snprintf(e->msg + head, sizeof(e->msg) - head, "%s: %s%s", cut_head, cut_tail, tail);
}

/* Cuts at the last whole UTF-8 character when vsnprintf had to cut. */
static void format(char *out, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(out, size, fmt, ap);

	if (n >= (int)size) {
		size_t end = size - 1;
		size_t start = end;

		while (start > 0 && (out[start - 1] & 0xc0) == 0x80)
			start--;
		if (start > 0 && (out[start - 1] & 0x80))
			out[start - 1] = '\0';
	}
	/* names out of a config or an image end up in messages */
	text_make_plain(out);
}

int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	memset(e, 0, sizeof(*e));
	e->code = code;
	format(e->msg, sizeof(e->msg), fmt, ap);
	return err_errno(e);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = err_vset(e, code, fmt, ap);
	va_end(ap);
	return r;
}

int err_sys(struct err *e, int r, const char *fmt, ...)
{
	int errnum = r < 0 ? -r : EIO;
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, errnum == EPERM || errnum == EACCES ? ERR_DENIED : ERR_KERNEL, fmt, ap);
	va_end(ap);
	e->errnum = errnum;
	append(e, strerror(errnum));
	return -errnum;
}

int err_at(struct err *e, const char *fmt, ...)
{
	if (!e->where[0]) {
		va_list ap;

		va_start(ap, fmt);
		format(e->where, sizeof(e->where), fmt, ap);
		va_end(ap);
	}
	return err_errno(e);
}

int err_hint(struct err *e, const char *fmt, ...)
{
	if (!e->hint[0]) {
		va_list ap;

		va_start(ap, fmt);
		format(e->hint, sizeof(e->hint), fmt, ap);
		va_end(ap);
	}
	return err_errno(e);
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	format(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	append(e, old);
	return err_errno(e);
}

void err_step(struct err *e, const char *step)
{
	if (!e->step[0])
		snprintf(e->step, sizeof(e->step), "%s", step);
}

int err_errno(const struct err *e)
{
	if (e->errnum > 0)
		return -e->errnum;
	return e->code > 0 && e->code < ERR_N_CODES ? -codes[e->code].errnum : -EINVAL;
}

static void end_string(char *s, size_t size)
{
	s[size - 1] = '\0';
	text_make_plain(s);
}

void err_sanitize(struct err *e)
{
	end_string(e->step, sizeof(e->step));
	end_string(e->where, sizeof(e->where));
	end_string(e->msg, sizeof(e->msg));
	end_string(e->hint, sizeof(e->hint));
	if (!e->msg[0])
		snprintf(e->msg, sizeof(e->msg), "an error without words");
	if (e->code <= ERR_NONE || e->code >= ERR_N_CODES)
		e->code = ERR_INTERNAL;
	if (e->errnum < 0 || e->errnum > 4095)
		e->errnum = 0;
}

void err_place(const struct err *e, const char *document, struct buf *out)
{
	if (e->line) {
		buf_addplain(out, document, strlen(document));
		buf_addf(out, ":%u:%u", e->line, e->col);
	}
	if (e->where[0])
		buf_addf(out, "%s%s", e->line ? "  " : "", e->where);
}

void err_line(const struct err *e, const char *document, struct buf *out)
{
	auto_buf struct buf place = { 0 };

	if (e->step[0])
		buf_addf(out, "%s: ", e->step);
	buf_adds(out, e->msg);
	err_place(e, document, &place);
	if (place.len)
		buf_addf(out, " (%s)", buf_str(&place));
	if (e->hint[0])
		buf_addf(out, "; hint: %s", e->hint);
}

const char *err_code_name(int code)
{
	return code >= 0 && code < ERR_N_CODES ? codes[code].name : "unknown";
}
