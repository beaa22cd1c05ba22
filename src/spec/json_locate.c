/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON path → offset. The model keeps no positions: errors are rare, so whoever has one with a path reads the text a
 * second time. Subtrees that hold none of the paths are skipped.
 */
#include <string.h>

#include "spec/json.h"

struct locate {
	struct json_place *places;
	size_t n;
	struct buf path; /* of the present value */
	int skip;	 /* levels of a subtree without any of the places */
	struct err e;
	int depth;
	size_t ends[JSON_MAX_DEPTH + 1]; /* length of the path of each open object or array */
	size_t counts[JSON_MAX_DEPTH + 1];
	bool arrays[JSON_MAX_DEPTH + 1];
};

/* The present path names PATH or something that encloses it. */
static bool encloses(const struct locate *l, const char *path)
{
	size_t n = l->path.len;

	return strncmp(l->path.p, path, n) == 0 &&
	       (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

static bool note(struct locate *l, const struct json *j)
{
	bool any = false;

	for (size_t i = 0; i < l->n; i++) {
		struct json_place *p = &l->places[i];

		if (!encloses(l, p->path))
			continue;
		any = true;
		if (l->path.len > p->matched) {
			p->matched = l->path.len;
			p->offset = json_offset(j);
		}
	}
	return any;
}

static void cut(struct locate *l)
{
	l->path.len = l->ends[l->depth];
	l->path.p[l->path.len] = '\0';
}

static int on_value(struct locate *l, const struct json *j, const struct json_event *ev)
{
	if (l->depth > 0 && l->arrays[l->depth]) {
		cut(l);
		buf_addf(&l->path, "[%zu]", l->counts[l->depth]++);
		if (buf_error(&l->path))
			return -ENOMEM;
	}
	bool any = note(l, j);
	if (ev->type != JSON_OBJECT && ev->type != JSON_ARRAY)
		return 0;
	if (!any) {
		l->skip = 1;
		return 0;
	}
	l->depth++;
	l->ends[l->depth] = l->path.len;
	l->counts[l->depth] = 0;
	l->arrays[l->depth] = ev->type == JSON_ARRAY;
	return 0;
}

static int on_event(void *ctx, struct json *j, const struct json_event *ev)
{
	struct locate *l = ctx;
	bool ends = ev->type == JSON_END_OBJECT || ev->type == JSON_END_ARRAY;

	if (l->skip) {
		l->skip += ends ? -1 : ev->type == JSON_OBJECT || ev->type == JSON_ARRAY;
		return 0;
	}
	if (ends) {
		l->depth--;
		return 0;
	}
	if (ev->type == JSON_KEY) {
		cut(l);
		json_path_key(&l->path, ev->s, ev->len);
		return buf_error(&l->path);
	}
	return on_value(l, j, ev);
}

int json_locate(const char *text, size_t len, struct json_place *places, size_t n)
{
	auto_buf struct buf path = { 0 };
	struct locate l = { .places = places, .n = n };

	for (size_t i = 0; i < n; i++)
		places[i].matched = places[i].offset = 0;
	buf_addc(&l.path, '$');
	int r = buf_error(&l.path);
	if (r == 0)
		r = json_parse(text, len, on_event, &l, &l.e);
	path = l.path;
	return r == -ENOMEM ? r : 0;
}

void json_place_err(struct err *e, const char *text, size_t len)
{
	struct json_place place = { .path = e->where };

	if (e->line || e->where[0] != '$' || json_locate(text, len, &place, 1) < 0 ||
	    place.matched == 0)
		return;
	json_position(text, place.offset, &e->line, &e->col);
}
