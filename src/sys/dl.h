/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed dlopen of libraries that are used seldom (libsystemd, libcriu), declared to packagers by an ELF note. */
#pragma once

#include "util/err.h"

struct dl_symbol {
	const char *name;
	void **where;
};

/* Opens the first of SONAMES (NULL-ended) that loads and fills all SYMBOLS (ended by a NULL name). UNSUPPORTED error
 * naming the library when none loads or a symbol is missing. */
int dl_load(void **handle, const char *const *sonames, const struct dl_symbol *symbols, struct err *e);
