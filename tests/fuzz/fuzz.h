/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share: the entry point, a check that ends the run, and a reader of binary inputs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* One line for people and engines: a byte of an image or a config must not steer the reader's terminal. */
static inline void require_line(const char *s, size_t size)
{
	require(memchr(s, '\0', size) != NULL);
	for (; *s; s++)
		require((unsigned char)*s >= 0x20 && *s != 0x7f);
}

/* R < 0 if and only if E was filled, and what is in it can be printed. E was zeroed before. */
static inline void require_err(int r, const struct err *e)
{
	if (r >= 0)
		return;
	require(e->code > ERR_NONE && e->code < ERR_N_CODES && e->msg[0]);
	require_line(e->msg, sizeof(e->msg));
	require_line(e->where, sizeof(e->where));
	require_line(e->hint, sizeof(e->hint));
	require_line(e->step, sizeof(e->step));
}

/* A copy of the bytes with a NUL behind them, freed by the caller; as long as needed, so that a sanitizer sees an overrun. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	require(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

/* FNV-1a: options that go with an input that has no room for them. */
static inline uint32_t fuzz_hash(const uint8_t *data, size_t size)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 16777619u;
	return h;
}

/* Binary inputs: little-endian numbers; zeros behind the end. */
struct fuzz_in {
	const uint8_t *p;
	size_t n;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static inline uint32_t fuzz_u16(struct fuzz_in *in)
{
	uint32_t low = fuzz_u8(in);

	return low | (uint32_t)fuzz_u8(in) << 8;
}

static inline uint32_t fuzz_u32(struct fuzz_in *in)
{
	uint32_t low = fuzz_u16(in);

	return low | fuzz_u16(in) << 16;
}
