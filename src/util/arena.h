/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bump allocator: many small objects that are freed in one call. The spec model and the plan live in one. */
#pragma once

#include <stddef.h>

#include "util/cleanup.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;
	size_t used; /* bytes handed out, for limits */
};

/* N zeroed bytes aligned for any type, or NULL when memory is out. */
void *arena_alloc(struct arena *a, size_t n);
/* Zeroed array of N times SIZE bytes; NULL on overflow too. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Copies of a string (LEN bytes, plus a NUL). NULL when memory is out. */
char *arena_strn(struct arena *a, const char *s, size_t len);
char *arena_str(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

#define auto_arena	   AUTO(arena_free)
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
