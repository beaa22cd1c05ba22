/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Round after round the text is copied without the values that were found at fault: the model is always of a whole, valid text. */
#include "spec/rest.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/json.h"
#include "spec/load.h"
#include "util/buf.h"
#include "util/parse.h"

/* A is B or encloses it. */
static bool encloses(const char *a, size_t na, const char *b)
{
	return strncmp(a, b, na) == 0 && (b[na] == '\0' || b[na] == '.' || b[na] == '[');
}

/* ---- the findings of a round ---- */

struct faults {
	char **v; /* JSON paths */
	size_t n, cap;
	bool no_memory;
};

static void on_finding(void *ctx, const struct err *e)
{
	struct faults *f = ctx;

	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		char **v = reallocarray(f->v, cap, sizeof(*v));

		if (!v) {
			f->no_memory = true;
			return;
		}
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n] = strdup(e->where);
	if (f->v[f->n])
		f->n++;
	else
		f->no_memory = true;
}

static void faults_free(struct faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
}
#define auto_faults AUTO(faults_free)

/* What is missing can't be taken out: the value that lacks it is. */
static int cut_to_text(struct faults *f, const char *json, size_t len)
{
	struct json_place *places = calloc(f->n, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < f->n; i++)
		places[i].path = f->v[i];
	int r = json_locate(json, len, places, f->n);
	for (size_t i = 0; r == 0 && i < f->n; i++)
		f->v[i][places[i].matched] = '\0';
	free(places);
	return r;
}

static bool is_whole_document(const struct faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i], "$") == 0 || f->v[i][0] == '\0')
			return true;
	}
	return false;
}

/* ---- the copy ---- */

struct copy {
	const struct faults *without;
	struct rest *rest;
	int round;
	struct buf out, path, word;
	int skip; /* levels of a value that is left out */
	int depth;
	bool any[JSON_MAX_DEPTH + 2]; /* something was written on this level */
	bool has_key;
	struct buf key;
	struct err e;
};

static void copy_free(struct copy *c)
{
	buf_free(&c->out);
	buf_free(&c->path);
	buf_free(&c->word);
	buf_free(&c->key);
}

static int note_lack(struct copy *c)
{
	struct rest *rest = c->rest;

	if (rest->n == rest->cap) {
		size_t cap = rest->cap ? 2 * rest->cap : 8;
		struct rest_lack *v = reallocarray(rest->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		rest->v = v;
		rest->cap = cap;
	}
	struct rest_lack lack = { .path = strdup(buf_str(&c->path)),
				  .index = SIZE_MAX,
				  .round = c->round };
	if (!lack.path)
		return -ENOMEM;
	char *bracket = c->has_key ? NULL : strrchr(lack.path, '[');
	if (bracket) {
		lack.index = strtoul(bracket + 1, NULL, 10);
		*bracket = '\0';
	}
	rest->v[rest->n++] = lack;
	return 0;
}

static bool left_out(const struct copy *c)
{
	for (size_t i = 0; i < c->without->n; i++) {
		if (strcmp(c->without->v[i], buf_str(&c->path)) == 0)
			return true;
	}
	return false;
}

static void put_string(struct copy *c, const char *s, size_t len)
{
	buf_reset(&c->word);
	buf_add(&c->word, s, len);
	buf_addjson(&c->out, buf_str(&c->word));
}

static void put_value(struct copy *c, const struct json_event *ev)
{
	if (c->any[c->depth])
		buf_addc(&c->out, ',');
	c->any[c->depth] = true;
	if (c->has_key) {
		put_string(c, buf_str(&c->key), c->key.len);
		buf_addc(&c->out, ':');
	}
	switch (ev->type) {
	case JSON_NULL:
		buf_adds(&c->out, "null");
		break;
	case JSON_BOOL:
		buf_adds(&c->out, ev->boolean ? "true" : "false");
		break;
	case JSON_NUMBER:
		buf_add(&c->out, ev->s, ev->len);
		break;
	case JSON_STRING:
		put_string(c, ev->s, ev->len);
		break;
	default:
		buf_addc(&c->out, ev->type == JSON_OBJECT ? '{' : '[');
		c->any[++c->depth] = false;
	}
}

static int on_event(void *ctx, struct json *j, const struct json_event *ev)
{
	struct copy *c = ctx;
	bool begins = ev->type == JSON_OBJECT || ev->type == JSON_ARRAY;
	bool ends = ev->type == JSON_END_OBJECT || ev->type == JSON_END_ARRAY;
	int r = 0;

	if (c->skip) {
		c->skip += begins - ends;
		return 0;
	}
	if (ends) {
		c->depth--;
		buf_addc(&c->out, ev->type == JSON_END_OBJECT ? '}' : ']');
		return buf_error(&c->out);
	}
	if (ev->type == JSON_KEY) {
		buf_reset(&c->key);
		buf_add(&c->key, ev->s, ev->len);
		c->has_key = true;
		return buf_error(&c->key);
	}
	buf_reset(&c->path);
	json_path(j, &c->path);
	if (buf_error(&c->path))
		return -ENOMEM;
	if (left_out(c)) {
		c->skip = begins;
		r = note_lack(c);
	} else {
		put_value(c, ev);
		r = buf_error(&c->out);
	}
	c->has_key = false;
	return r;
}

/* ---- rounds ---- */

/* One round: *ret is the model when nothing is found; else *TEXT is replaced. 1: there is a next round. */
static int one_round(struct spec **ret, struct rest *rest, int round, struct buf *text)
{
	auto_faults struct faults f = { 0 };
	AUTO(copy_free) struct copy c = { .without = &f, .rest = rest, .round = round };

	int r = spec_check(ret, buf_str(text), text->len, on_finding, NULL, &f);
	if (r <= 0 || f.no_memory)
		return f.no_memory ? -ENOMEM : r;
	spec_free(*ret);
	*ret = NULL;
	r = cut_to_text(&f, buf_str(text), text->len);
	if (r < 0 || is_whole_document(&f))
		return r;
	r = json_parse(buf_str(text), text->len, on_event, &c, &c.e);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	buf_free(text);
	*text = c.out;
	c.out = (struct buf){ 0 };
	return 1;
}

int rest_load(struct spec **ret, struct rest *rest, const char *json, size_t len)
{
	auto_buf struct buf text = { 0 };
	int r = 1;

	*ret = NULL;
	buf_add(&text, json, len);
	if (buf_error(&text))
		return -ENOMEM;
	for (int round = 0; r > 0 && round < REST_MAX_ROUNDS; round++)
		r = one_round(ret, rest, round, &text);
	return r < 0 ? r : 0;
}

/* ---- places ---- */

/* Element WHERE is of the list of LACK, at or behind the one that was taken out: one further. */
static void shift(const struct rest_lack *lack, char *where, size_t size)
{
	size_t n = strlen(lack->path);
	char tail[sizeof(((struct err *)0)->where)];
	char *end;

	if (strncmp(where, lack->path, n) != 0 || where[n] != '[')
		return;
	unsigned long index = strtoul(where + n + 1, &end, 10);
	if (end == where + n + 1 || *end != ']' || index < lack->index)
		return;
	snprintf(tail, sizeof(tail), "%s", end);
	snprintf(where + n, size - n, "[%lu%s", index + 1, tail);
}

void rest_place(const struct rest *rest, char *where, size_t size)
{
	size_t end = rest->n;

	/* Back through the rounds; within one in the order of the text, an outer list before the inner one. */
	while (end > 0) {
		size_t begin = end;

		while (begin > 0 && rest->v[begin - 1].round == rest->v[end - 1].round)
			begin--;
		for (size_t i = begin; i < end; i++) {
			if (rest->v[i].index != SIZE_MAX)
				shift(&rest->v[i], where, size);
		}
		end = begin;
	}
}

bool rest_lacks(const struct rest *rest, const char *path)
{
	for (size_t i = 0; i < rest->n; i++) {
		const char *lack = rest->v[i].path;

		if (encloses(path, strlen(path), lack) || encloses(lack, strlen(lack), path))
			return true;
	}
	return false;
}

void rest_free(struct rest *rest)
{
	for (size_t i = 0; i < rest->n; i++)
		free(rest->v[i].path);
	free(rest->v);
	*rest = (struct rest){ 0 };
}
