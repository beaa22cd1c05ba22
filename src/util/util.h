/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small macros that every layer uses. */
#pragma once

#include <stddef.h>

#define N_ELEMENTS(a)	       (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED		       __attribute__((unused))
#define NORETURN	       __attribute__((noreturn))
#define MIN(a, b)	       ((a) < (b) ? (a) : (b))
#define MAX(a, b)	       ((a) > (b) ? (a) : (b))
