/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UTF-8 (RFC 3629), and text of others made safe to show: what an image, a configuration or another program wrote may
 * neither drive the reader's terminal nor forge a second line of a log.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Length of the well-formed sequence at S (no overlong forms, no surrogates), which has LEFT bytes: 1 to 4, or 0. */
size_t utf8_len(const unsigned char *s, size_t left);
/* The code point of the well-formed sequence of N bytes at S. */
uint32_t utf8_value(const unsigned char *s, size_t n);
/* Is the valid sequence of N bytes at S one that a terminal obeys or reorders text by? C0, DEL, C1 (CSI is one of
 * them), line separators, and the bidirectional controls (CVE-2021-42574). */
bool utf8_steers(const unsigned char *s, size_t n);
/* Appends LEN bytes of S; what steers, or is not UTF-8, becomes "?". */
void buf_addplain(struct buf *b, const char *s, size_t len);
/* The same in place: each byte becomes "?". */
void text_make_plain(char *s);
