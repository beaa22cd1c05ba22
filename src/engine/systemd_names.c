/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of units. systemd.unit(5), "Description", "String Escaping for Inclusion in Unit Names"; systemd.slice(5). */
#include <errno.h>
#include <string.h>

#include "engine/systemd.h"

#define PATH_AT	 "$.linux.cgroupsPath"
#define ALNUM	 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define IN_NAMES ALNUM ":-_."
#define SLICE	 ".slice"
#define SCOPE	 ".scope"

static int no_memory(struct err *e)
{
	return err_sys(e, -ENOMEM, "plan");
}

static int bad_path(struct err *e, const char *path, const char *why)
{
	err_set(e, ERR_SPEC, "cgroupsPath '%s' %s", path, why);
	err_hint(e, "with the systemd cgroup manager it is SLICE:PREFIX:NAME, as in "
		    "\"system.slice:ketch:web\" (unit ketch-web.scope)");
	return err_at(e, PATH_AT);
}

static bool has_end(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len > n && strcmp(s + len - n, end) == 0;
}

/* Parts are joined by single dashes: "a-b.slice" is below "a.slice". */
static bool is_slice(const char *s)
{
	size_t len = strlen(s) - strlen(SLICE);

	if (strcmp(s, "-.slice") == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		bool dash = s[i] == '-';

		if ((!strchr(IN_NAMES "\\", s[i])) ||
		    (dash && (i == 0 || i + 1 == len || s[i + 1] == '-')))
			return false;
	}
	return len + strlen(SLICE) <= SYSTEMD_MAX_NAME;
}

static char *escape(struct arena *a, const char *s)
{
	static const char digits[] = "0123456789abcdef";
	char *out = arena_alloc(a, 4 * strlen(s) + 1), *end = out;

	for (size_t i = 0; out && s[i]; i++) {
		/* a leading dot would hide the cgroup's directory */
		if (strchr(IN_NAMES, s[i]) && !(i == 0 && s[i] == '.')) {
			*end++ = s[i];
			continue;
		}
		*end++ = '\\';
		*end++ = 'x';
		*end++ = digits[(unsigned char)s[i] >> 4];
		*end++ = digits[(unsigned char)s[i] & 15];
	}
	return out;
}

static int make_scope(struct arena *a, const char *path, const char *prefix, const char *name,
		      const char **scope, struct err *e)
{
	const char *whole = *prefix ? arena_printf(a, "%s-%s", prefix, name) : name;
	const char *escaped = whole ? escape(a, whole) : NULL;

	if (!escaped)
		return no_memory(e);
	*scope = arena_printf(a, "%s%s", escaped, has_end(escaped, SCOPE) ? "" : SCOPE);
	if (!*scope)
		return no_memory(e);
	return strlen(*scope) > SYSTEMD_MAX_NAME
		       ? bad_path(e, path, "makes a unit's name of more than 255 bytes")
		       : 0;
}

int systemd_names(struct arena *a, const char *cgroups_path, const char *id, bool rootless,
		  const char **slice, const char **scope, struct err *e)
{
	const char *default_slice = rootless ? "user.slice" : "system.slice";

	if (!cgroups_path || !*cgroups_path) {
		*slice = default_slice;
		return make_scope(a, id, "ketch", id, scope, e);
	}
	const char *one = strchr(cgroups_path, ':'), *two = one ? strchr(one + 1, ':') : NULL;
	if (!two || strchr(two + 1, ':'))
		return bad_path(e, cgroups_path, "is not of the form SLICE:PREFIX:NAME");
	const char *prefix = arena_strn(a, one + 1, (size_t)(two - one - 1));
	const char *given = arena_strn(a, cgroups_path, (size_t)(one - cgroups_path));

	if (!prefix || !given)
		return no_memory(e);
	*slice = *given ? given : default_slice;
	if (!has_end(*slice, SLICE) || !is_slice(*slice))
		return bad_path(e, cgroups_path, "does not begin with the name of a slice");
	if (!two[1])
		return bad_path(e, cgroups_path, "has an empty NAME");
	if (strchr(one, '/'))
		return bad_path(e, cgroups_path, "has a '/' in its PREFIX or NAME");
	if (has_end(two + 1, SLICE))
		return bad_path(e, cgroups_path, "names a slice, which can't hold processes");
	return make_scope(a, cgroups_path, prefix, two + 1, scope, e);
}

const char *systemd_slice_path(struct arena *a, const char *slice)
{
	size_t len = strlen(slice) - strlen(SLICE);
	const char *path = "";

	if (strcmp(slice, "-.slice") == 0)
		return path;
	for (size_t i = 1; i <= len && path; i++) {
		if (slice[i] == '-' || i == len)
			path = arena_printf(a, "%s/%.*s" SLICE, path, (int)i, slice);
	}
	return path;
}

/* bus_label_escape() of systemd: everything but letters and digits (not first) as _XX. */
const char *systemd_object_path(struct arena *a, const char *unit)
{
	static const char root[] = "/org/freedesktop/systemd1/unit/", digits[] = "0123456789abcdef";
	char *out = arena_alloc(a, sizeof(root) + 3 * strlen(unit)), *end = out;

	if (!out)
		return NULL;
	memcpy(out, root, sizeof(root));
	end += strlen(root);
	for (size_t i = 0; unit[i]; i++) {
		bool digit = unit[i] >= '0' && unit[i] <= '9';

		if (strchr(ALNUM, unit[i]) && !(i == 0 && digit)) {
			*end++ = unit[i];
			continue;
		}
		*end++ = '_';
		*end++ = digits[(unsigned char)unit[i] >> 4];
		*end++ = digits[(unsigned char)unit[i] & 15];
	}
	*end = '\0';
	return out;
}
