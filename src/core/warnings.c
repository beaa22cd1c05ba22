/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/warnings.h"
#include "util/log.h"

void log_spec_warnings(const char *file, const spec_warnings *warnings)
{
	for (size_t i = 0; i < warnings->n; i++) {
		const struct spec_warning *w = &warnings->v[i];

		log_emit(LOG_WARNING, "%s:%u:%u: %s: %s", file, w->line, w->col, w->where, w->text);
	}
}
