/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mappings in the option of a mount, as crun has them: "idmap=uids=0-1-10#10-11-10;gids=0-100-10", each range the first id in the file
 * system, the first id that it becomes, and how many. With '@' before a range the second id is one of the container's user namespace.
 */
#include <inttypes.h>
#include <string.h>

#include "spec/mount_idmap.h"
#include "util/util.h"

enum { MAX_RANGES = 340 /* UID_GID_MAP_MAX_EXTENTS */ };

bool mount_idmap_has_text(const char *option)
{
	return strchr(option, '=') != NULL;
}

/* The number at *TEXT and the character END after it ('\0': any end of a range). */
static bool take_number(const char **text, char end, uint32_t *ret)
{
	uint64_t value = 0;
	const char *c = *text;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9' && value <= UINT32_MAX; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (value > UINT32_MAX || (end && *c != end))
		return false;
	*text = end ? c + 1 : c;
	*ret = (uint32_t)value;
	return true;
}

/* An id of the container's to one of the host's; the whole range has to be in one range of the user namespace. */
static bool to_host(const spec_idmaps *container, struct spec_idmap *m)
{
	for (size_t i = 0; i < container->n; i++) {
		const struct spec_idmap *c = &container->v[i];

		if (m->host_id >= c->container_id && m->host_id - c->container_id < c->size &&
		    m->size <= c->size - (m->host_id - c->container_id)) {
			m->host_id = c->host_id + (m->host_id - c->container_id);
			return true;
		}
	}
	return false;
}

static int wrong(const char *option, const char *at, const char *why, struct err *e)
{
	err_set(e, ERR_SPEC, "option '%.80s': '%.*s' %s", option,
		(int)MIN(strcspn(at, "#;"), (size_t)30), at, why);
	return err_hint(e, "idmap=uids=FILES-HOST-COUNT[#…];gids=FILES-HOST-COUNT[#…], with @ "
			   "before FILES where HOST is an id of the container's");
}

struct list {
	const char *option;
	const spec_idmaps *container;
	spec_idmaps *ret;
};

static int take_range(const struct list *l, const char **text, struct err *e)
{
	const char *begin = *text;
	struct spec_idmap m;
	bool relative = **text == '@';

	*text += relative;
	if (l->ret->n >= MAX_RANGES)
		return wrong(l->option, begin, "is one range more than the kernel takes", e);
	if (!take_number(text, '-', &m.container_id) || !take_number(text, '-', &m.host_id) ||
	    !take_number(text, 0, &m.size) || m.size == 0)
		return wrong(l->option, begin, "is no range of ids", e);
	if (relative && l->container->n == 0)
		return wrong(l->option, begin,
			     "is relative to the container's mappings, and it has none", e);
	if (relative && !to_host(l->container, &m))
		return wrong(l->option, begin, "is not in one range of the container's mappings",
			     e);
	l->ret->v[l->ret->n++] = m;
	return 0;
}

/* Ranges up to ';' or the end. */
static int take_list(const struct list *l, const char **text, struct err *e)
{
	for (;;) {
		int r = take_range(l, text, e);
		if (r < 0)
			return r;
		if (**text != '#')
			break;
		++*text;
	}
	if (**text && **text != ';')
		return wrong(l->option, *text, "follows a range", e);
	*text += **text == ';';
	return 0;
}

static int take_lists(const char *option, const struct spec_linux *lnx, spec_idmaps *uids,
		      spec_idmaps *gids, struct err *e)
{
	const struct list u = { option, &lnx->uid_mappings, uids };
	const struct list g = { option, &lnx->gid_mappings, gids };
	const char *text = strchr(option, '=') + 1;

	while (*text) {
		bool is_uids = strncmp(text, "uids=", 5) == 0;
		const struct list *l = is_uids ? &u : &g;

		if ((!is_uids && strncmp(text, "gids=", 5) != 0) || l->ret->n > 0)
			return wrong(option, text, "is not one uids= or gids=", e);
		text += 5;
		int r = take_list(l, &text, e);
		if (r < 0)
			return r;
	}
	if (uids->n == 0 || gids->n == 0)
		return wrong(option, uids->n ? "gids=" : "uids=", "is missing", e);
	return 0;
}

int mount_idmap_parse(const char *option, const struct spec_linux *lnx, struct arena *a,
		      spec_idmaps *uids, spec_idmaps *gids, struct err *e)
{
	size_t most = 1;

	for (const char *c = option; *c; c++)
		most += *c == '#';
	*uids = (spec_idmaps){ .v = arena_array(a, most, sizeof(*uids->v)) };
	*gids = (spec_idmaps){ .v = arena_array(a, most, sizeof(*gids->v)) };
	if (!uids->v || !gids->v)
		return err_sys(e, -ENOMEM, "read option idmap");
	return take_lists(option, lnx, uids, gids, e);
}
