/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed dlopen of libraries that are used seldom (libsystemd, libcriu), declared to packagers by an ELF note. */
#pragma once

#include <stdint.h>

#include "util/err.h"

struct dl_symbol {
	const char *name;
	void **where;
};

/* Opens the first of SONAMES (NULL-ended) that loads and fills all SYMBOLS (ended by a NULL name). UNSUPPORTED error
 * naming the library when none loads or a symbol is missing; no symbol is filled then. */
int dl_load(void **handle, const char *const *sonames, const struct dl_symbol *symbols,
	    struct err *e);

/*
 * Tells packagers' tools that this program may dlopen SONAME (a quoted string), as the ELF note of systemd's
 * "dlopen metadata" specification. PRIORITY: "required", "recommended" or "suggested". Once a library, at file level.
 */
#define DL_NOTE(feature, description, priority, soname)                                            \
	DL_NOTE_JSON(dl_note_##feature,                                                            \
		     "[{\"feature\":\"" #feature "\",\"description\":\"" description               \
		     "\",\"priority\":\"" priority "\",\"soname\":[\"" soname "\"]}]")

#define DL_NOTE_JSON(variable, json)                                                               \
	__attribute__((used, section(".note.dlopen"))) _Alignas(4) static const struct {           \
		uint32_t name_size, json_size, type;                                               \
		char name[4];                                                                      \
		_Alignas(4) char text[sizeof(json)];                                               \
	} variable = { 4, sizeof(json), 0x407c0c0a, "FDO", json }
