/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as text. */
#include "util/path.h"

#include <errno.h>
#include <string.h>

int path_clean(char *out, size_t size, const char *path)
{
	size_t used = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (used + n + 2 > size)
				return -ENAMETOOLONG;
			out[used++] = '/';
			memcpy(out + used, path, n);
			used += n;
		}
		path += n + (path[n] == '/');
	}
	if (used == 0) {
		if (size < 2)
			return -ENAMETOOLONG;
		out[used++] = '/';
	}
	out[used] = '\0';
	return 0;
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

bool path_leads_up(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}
