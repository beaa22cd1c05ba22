/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List of strings. Where it belongs to an arena, the arena frees it; else strv_free. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"

struct strv {
	char **v; /* v[n] is NULL once anything was added, so v can be an argv; NULL while empty */
	size_t n, cap;
};

/* Appends a malloc'ed copy. 0 or -ENOMEM. */
int strv_add(struct strv *l, const char *s);
int strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets NAME=VALUE in a list of environment entries, replacing one that is there. 0 or -ENOMEM. */
int strv_setenv(struct strv *l, const char *name, const char *value);
/* Value of NAME in a list of NAME=VALUE entries (the last one wins), or NULL. */
const char *strv_getenv(const struct strv *l, const char *name);
/* Of entries with one name the last one stays, at the first one's place. 0 or -ENOMEM. */
int strv_unique_env(struct strv *l);
bool strv_has(const struct strv *l, const char *s);
/* Frees a list made with strv_add. */
void strv_free(struct strv *l);

#define auto_strv AUTO(strv_free)
