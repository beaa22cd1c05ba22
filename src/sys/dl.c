/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dlopen(3) of libraries that few containers need: a start that does not need them does not pay for loading them. */
#include "sys/dl.h"

#include <dlfcn.h>
#include <stddef.h>

static int find_symbols(void *lib, const char *soname, const struct dl_symbol *symbols,
			struct err *e)
{
	for (const struct dl_symbol *s = symbols; s->name; s++) {
		*s->where = dlsym(lib, s->name);
		if (*s->where)
			continue;
		for (const struct dl_symbol *filled = symbols; filled != s; filled++)
			*filled->where = NULL;
		return err_set(e, ERR_UNSUPPORTED, "%s has no symbol '%s'", soname, s->name);
	}
	return 0;
}

int dl_load(void **handle, const char *const *sonames, const struct dl_symbol *symbols,
	    struct err *e)
{
	int r = err_set(e, ERR_UNSUPPORTED, "can't load %s", sonames[0]);

	for (; *sonames; sonames++) {
		void *lib = dlopen(*sonames, RTLD_NOW | RTLD_LOCAL);

		if (!lib) {
			const char *why = dlerror();

			r = err_set(e, ERR_UNSUPPORTED, "can't load %s: %s", *sonames,
				    why ? why : "?");
			continue;
		}
		r = find_symbols(lib, *sonames, symbols, e);
		if (r >= 0) {
			*handle = lib;
			return 0;
		}
		dlclose(lib);
	}
	return r;
}
