/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as text: nothing here looks at a file system. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* PATH without doubled and trailing slashes and "." components, always with a leading slash ("/" for an empty one). ".." stays:
 * only the file system knows what it means. 0, or -ENAMETOOLONG. */
int path_clean(char *out, size_t size, const char *path);
/* Both cleaned: the part of PATH below DIR, without a leading slash ("" when they are equal), or NULL. DIR is not "/". */
const char *path_below(const char *path, const char *dir);
/* Is one of PATH's components ".."? Two dots in the middle of a name lead nowhere. */
bool path_leads_up(const char *path);
