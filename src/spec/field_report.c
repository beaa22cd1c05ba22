/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Field tables: how what is wrong with a value is told. */
#include <stdio.h>
#include <string.h>

#include "spec/field_ctx.h"

enum { MAX_WARNINGS = 64 };

static void set_position(struct field_ctx *c, struct err *e, size_t offset)
{
	uint32_t line;

	if (offset < c->line_start) {
		c->line_start = 0;
		c->line = 1;
	}
	json_position(c->text + c->line_start, offset - c->line_start, &line, &e->col);
	e->line = c->line += line - 1;
	const char *nl = memrchr(c->text + c->line_start, '\n', offset - c->line_start);
	if (nl)
		c->line_start = (size_t)(nl + 1 - c->text);
}

/* Path of the present value and MEMBER below it, in words: "process.args[2]". */
static const char *path_of(struct field_ctx *c, struct buf *path, const char *member)
{
	json_path(c->j, path);
	buf_adds(path, member);
	return path->len > 2 ? path->p + 2 : "the document";
}

/* Ends a finding that is in c->e. 0: reading goes on. */
static int raise(struct field_ctx *c)
{
	if (!c->sink || !c->sink->finding || !c->sink->finding(c->sink->ctx, c->e))
		return err_errno(c->e);
	field_top(c)->bad = true;
	return 0;
}

int field_bad_at(struct field_ctx *c, const char *member, size_t offset, const char *text,
		 const char *hint)
{
	auto_buf struct buf path = { 0 };
	const char *words = path_of(c, &path, member);

	err_set(c->e, ERR_SPEC, "%s %s", words, text);
	err_at(c->e, "%s", buf_str(&path));
	if (hint && *hint)
		err_hint(c->e, "%s", hint);
	if (offset != SIZE_MAX)
		set_position(c, c->e, offset);
	return raise(c);
}

int field_no_memory(struct field_ctx *c)
{
	return err_sys(c->e, -ENOMEM, "reading JSON");
}

int field_bad(struct field_ctx *c, const char *member, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return field_bad_at(c, member, SIZE_MAX, text, NULL);
}

bool field_may_warn(struct field_ctx *c)
{
	return c->sink && c->sink->warning && c->n_warnings < MAX_WARNINGS;
}

void field_warn_at(struct field_ctx *c, const char *member, size_t offset, const char *text)
{
	auto_buf struct buf path = { 0 };
	struct err w;

	if (!field_may_warn(c))
		return;
	c->n_warnings++;
	path_of(c, &path, member);
	err_set(&w, ERR_SPEC, "%s", text);
	err_at(&w, "%s", buf_str(&path));
	if (offset != SIZE_MAX)
		set_position(c, &w, offset);
	c->sink->warning(c->sink->ctx, &w);
}

void field_warn(struct field_ctx *c, const char *member, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	field_warn_at(c, member, SIZE_MAX, text);
}

/* The value of the present event is not what it should be. */
int field_wrong(struct field_ctx *c, const struct json_event *ev, const char *should,
		const char *hint)
{
	char text[300];
	int n = snprintf(text, sizeof(text), "must be %s, not ", should);

	if (n >= 0 && (size_t)n < sizeof(text))
		field_describe(text + n, sizeof(text) - (size_t)n, ev);
	return field_bad_at(c, "", json_offset(c->j), text, hint);
}
