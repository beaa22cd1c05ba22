/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bump allocator on malloc'ed chunks. */
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "util/arena.h"

enum { FIRST_CHUNK = 16 * 1024, MAX_CHUNK = 1024 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

static struct arena_chunk *grow(struct arena *a, size_t need)
{
	size_t size = a->chunk ? a->chunk->size * 2 : FIRST_CHUNK;

	if (size > MAX_CHUNK)
		size = MAX_CHUNK;
	if (size < need)
		size = need;
	struct arena_chunk *c = malloc(sizeof(*c) + size);
	if (!c)
		return NULL;
	c->next = a->chunk;
	c->size = size;
	c->used = 0;
	a->chunk = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + align - 1) & ~(align - 1);
	struct arena_chunk *c = a->chunk;
	if (!c || c->size - c->used < n)
		c = grow(a, n);
	if (!c)
		return NULL;
	void *p = c->data + c->used;
	c->used += n;
	a->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return arena_alloc(a, total);
}

char *arena_strn(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

char *arena_str(struct arena *a, const char *s)
{
	return arena_strn(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (s) {
		va_start(ap, fmt);
		vsnprintf(s, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	return s;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->chunk; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena){ 0 };
}
