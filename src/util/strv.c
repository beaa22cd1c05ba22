/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List of strings. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/strv.h"

static int add_owned(struct strv *l, char *s)
{
	if (!s)
		return -ENOMEM;
	if (l->n + 2 > l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		char **v = realloc(l->v, cap * sizeof(*v));

		if (!v) {
			free(s);
			return -ENOMEM;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
	return 0;
}

int strv_add(struct strv *l, const char *s)
{
	return add_owned(l, strdup(s));
}

int strv_addf(struct strv *l, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return add_owned(l, s);
}

static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=' ? entry + n + 1 : NULL;
}

int strv_setenv(struct strv *l, const char *name, const char *value)
{
	for (size_t i = 0; i < l->n; i++) {
		if (value_of(l->v[i], name)) {
			char *s = NULL;

			if (asprintf(&s, "%s=%s", name, value) < 0)
				return -ENOMEM;
			free(l->v[i]);
			l->v[i] = s;
			return 0;
		}
	}
	return strv_addf(l, "%s=%s", name, value);
}

const char *strv_getenv(const struct strv *l, const char *name)
{
	for (size_t i = l->n; i > 0; i--) {
		const char *value = value_of(l->v[i - 1], name);

		if (value)
			return value;
	}
	return NULL;
}

struct env_entry {
	char *text;
	size_t at;
};

/* With its '=', if it has one: "A" is not a value of A. */
static size_t name_length(const char *entry)
{
	size_t n = strcspn(entry, "=");

	return n + (entry[n] == '=');
}

static int by_name(const char *a, const char *b)
{
	size_t n = name_length(a), m = name_length(b);
	int r = memcmp(a, b, n < m ? n : m);

	return r ? r : (n > m) - (n < m);
}

static int by_name_and_place(const void *a, const void *b)
{
	const struct env_entry *x = a, *y = b;
	int r = by_name(x->text, y->text);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

int strv_unique_env(struct strv *l)
{
	struct env_entry *sorted = calloc(l->n ? l->n : 1, sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		sorted[i] = (struct env_entry){ l->v[i], i };
	qsort(sorted, l->n, sizeof(*sorted), by_name_and_place);
	for (size_t i = 0, first = 0; i < l->n; i++) {
		if (i == 0 || by_name(sorted[i].text, sorted[i - 1].text) != 0) {
			first = sorted[i].at;
			continue;
		}
		free(l->v[first]);
		l->v[first] = sorted[i].text;
		l->v[sorted[i].at] = NULL;
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i])
			l->v[kept++] = l->v[i];
	l->n = kept;
	if (l->v)
		l->v[kept] = NULL;
	free(sorted);
	return 0;
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i], s) == 0)
			return true;
	}
	return false;
}

void strv_free(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}
