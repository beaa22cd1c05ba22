/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List of strings. */
#include <stdarg.h>
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
