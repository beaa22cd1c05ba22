/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recorded host facts: JSON events into struct facts by the tables that sys/facts writes them with. */
#include "engine/facts_load.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "spec/json.h"
#include "util/parse.h"

/* Where we are, as the number of open objects and arrays. */
enum { AT_TOP = 1, IN_LIST = 2, IN_HIERARCHY = 3 };

struct loader {
	struct facts *f;
	struct err *e;
	int depth;
	char key[64];
};

static int refuse(struct loader *l, struct json *j, const char *what)
{
	auto_buf struct buf path = { 0 };

	json_path(j, &path);
	err_set(l->e, ERR_USAGE, "host facts: %s", what);
	return err_at(l->e, "%s", buf_str(&path));
}

static int load_text(char *out, size_t size, const struct json_event *ev)
{
	if (ev->type != JSON_STRING)
		return -EINVAL;
	if (ev->len >= size)
		return -ERANGE;
	memcpy(out, ev->s, ev->len);
	out[ev->len] = '\0';
	return 0;
}

static int load_number(uint64_t max, uint64_t *out, const struct json_event *ev)
{
	char digits[24];
	int r;

	if (ev->type != JSON_NUMBER)
		return -EINVAL;
	if (ev->len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, ev->s, ev->len);
	digits[ev->len] = '\0';
	r = parse_u64(digits, out);
	if (r < 0)
		return r;
	return *out > max ? -ERANGE : 0;
}

static int load_value(void *to, const struct facts_field *field, const struct json_event *ev)
{
	char *p = (char *)to + field->offset;
	uint64_t n = 0;
	int r = 0;

	switch (field->type) {
	case FACTS_BOOL:
		if (ev->type != JSON_BOOL)
			return -EINVAL;
		*(bool *)p = ev->boolean;
		break;
	case FACTS_UINT:
		r = load_number(UINT_MAX, &n, ev);
		if (r >= 0)
			*(unsigned *)p = (unsigned)n;
		break;
	case FACTS_U64:
		r = load_number(UINT64_MAX, &n, ev);
		if (r >= 0)
			*(uint64_t *)p = n;
		break;
	case FACTS_TEXT:
		r = load_text(p, field->size, ev);
		break;
	}
	return r;
}

static int load_mode(struct facts *f, const struct json_event *ev)
{
	char word[16];
	int r = load_text(word, sizeof(word), ev);

	if (r < 0)
		return r;
	for (int i = 0; facts_cgroup_modes[i]; i++) {
		if (strcmp(word, facts_cgroup_modes[i]) == 0) {
			f->cgroup_mode = (enum cgroup_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int load_member(struct loader *l, struct json *j, const struct json_event *ev)
{
	const struct facts_field *field =
		l->depth == AT_TOP ? facts_fields : facts_hierarchy_fields;
	void *to = l->depth == AT_TOP ? (void *)l->f : &l->f->hierarchies[l->f->n_hierarchies];
	int r;

	while (field->name && strcmp(field->name, l->key) != 0)
		field++;
	if (l->depth == IN_LIST)
		return refuse(l, j, "a hierarchy must be an object");
	if (l->depth == AT_TOP && strcmp(l->key, "cgroup_mode") == 0)
		r = load_mode(l->f, ev);
	else if (!field->name)
		return refuse(l, j, "unknown member");
	else
		r = load_value(to, field, ev);
	if (r == -ERANGE)
		return refuse(l, j, "the value is too large");
	return r < 0 ? refuse(l, j, "the value is of the wrong kind") : 0;
}

/* Objects and arrays: the whole, "hierarchies" in it, and objects in that. */
static int open_level(struct loader *l, struct json *j, enum json_type type)
{
	if (l->depth == AT_TOP && (type != JSON_ARRAY || strcmp(l->key, "hierarchies") != 0))
		return refuse(l, j, "unknown member, or of the wrong kind");
	if ((l->depth == IN_LIST && type != JSON_OBJECT) || l->depth == IN_HIERARCHY)
		return refuse(l, j, "the value is of the wrong kind");
	if (l->depth == IN_LIST && l->f->n_hierarchies == FACTS_MAX_HIERARCHIES)
		return refuse(l, j, "too many hierarchies");
	l->depth++;
	return 0;
}

static int close_level(struct loader *l, struct json *j)
{
	if (l->depth == IN_HIERARCHY) {
		const struct cgroup_hierarchy *h = &l->f->hierarchies[l->f->n_hierarchies];

		if (h->own[0] != '/' || (h->mount[0] && h->mount[0] != '/'))
			return refuse(
				l, j,
				"\"own\", and \"mount\" unless empty, must be absolute paths");
		l->f->n_hierarchies++;
	}
	l->depth--;
	return 0;
}

static int on_event(void *ctx, struct json *j, const struct json_event *ev)
{
	struct loader *l = ctx;

	switch (ev->type) {
	case JSON_KEY:
		if (ev->len >= sizeof(l->key))
			return refuse(l, j, "unknown member");
		memcpy(l->key, ev->s, ev->len);
		l->key[ev->len] = '\0';
		return 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		return open_level(l, j, ev->type);
	case JSON_END_OBJECT:
	case JSON_END_ARRAY:
		return close_level(l, j);
	default:
		return load_member(l, j, ev);
	}
}

int facts_load(struct facts *f, const char *json, size_t len, struct err *e)
{
	struct loader l = { .f = f, .e = e };
	int r;

	memset(f, 0, sizeof(*f));
	r = json_parse(json, len, on_event, &l, e);
	if (r < 0) {
		json_place_err(e, json, len);
		return r;
	}
	if (f->kernel_major == 0) {
		err_set(e, ERR_USAGE, "host facts: the kernel's version is missing");
		return err_at(e, "$.kernel_major");
	}
	return 0;
}
