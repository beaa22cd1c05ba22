/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to numbers: the only place that calls strto*(). Every function takes the whole string or refuses it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 and *ret set, or -EINVAL (not a plain decimal number), -ERANGE (does not fit). */
int parse_u64(const char *s, uint64_t *ret);
int parse_i64(const char *s, int64_t *ret);
int parse_u32(const char *s, uint32_t *ret);
/* The same for numbers as in C: 0x1f and 017, too. */
int parse_c_u64(const char *s, uint64_t *ret);
int parse_c_i64(const char *s, int64_t *ret);
/* "true"/"false", "1"/"0", "yes"/"no", "t"/"f", in any case. */
int parse_bool(const char *s, bool *ret);
/* Bytes as Go's RAMInBytes() takes them: decimal, perhaps with a fraction, one blank and a unit b, k, m, g, t, p (powers of 1024, any case,
 * also "kb", "kib"); what is less than a byte is left out. "-1" gives -1. */
int parse_size(const char *s, int64_t *ret);
/* A signal by number, or by name with or without SIG in any case; RTMIN+n and RTMAX-n too. 0 is valid (probe). */
int parse_signal(const char *s, int *ret);
/* "TERM" for 15; NULL for a number without a name. */
const char *signal_name(int sig);
/*
 * A list such as "0-3,7". Each range is handed to FN (may be NULL to check only); a negative return ends.
 * -EINVAL for a malformed list, -ERANGE for a number over MAX or a range that runs backwards.
 * An empty string and trailing newlines are fine (cpuset files are read with it too), and blanks around a range, which
 * the kernel takes as well.
 */
int parse_ranges(const char *s, uint32_t max, int (*fn)(void *ctx, uint32_t first, uint32_t last),
		 void *ctx);
/* Takes the next word of *AT, a list with colons between, and gives its length; empty words are passed over. NULL at the end. */
const char *parse_list_word(const char **at, size_t *ret_len);
/* Go's duration ("5s", "1m30s", "250ms") or whole seconds, to milliseconds. -ERANGE above Go's limit, 292 years. */
int parse_duration_ms(const char *s, uint64_t *ret);
