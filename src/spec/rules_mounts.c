/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules between the properties of mounts: config.md, "Mounts"; id mappings. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/mount_idmap.h"
#include "spec/names.h"
#include "spec/rules.h"
#include "util/util.h"

/* UID_GID_MAP_MAX_EXTENTS */
enum { MAX_EXTENTS = 340, NONE = -1 };

/* ---- id mappings ---- */

static bool overlap(uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
	return (uint64_t)a < (uint64_t)b + nb && (uint64_t)b < (uint64_t)a + na;
}

static void check_extent(struct rule_run *r, const char *at, const spec_idmaps *maps, size_t i)
{
	const struct spec_idmap *m = &maps->v[i];
	const uint64_t end = (uint64_t)UINT32_MAX; /* (uid_t) -1 is no id */

	if ((uint64_t)m->container_id + m->size > end || (uint64_t)m->host_id + m->size > end)
		rule_broken(r, rule_path(r, "%s[%zu].size", at, i), NULL,
			    "is %" PRIu32 ", which leads beyond the last id", m->size);
	for (size_t k = 0; k < i; k++) {
		const struct spec_idmap *o = &maps->v[k];
		bool inside = overlap(m->container_id, m->size, o->container_id, o->size);

		if (inside || overlap(m->host_id, m->size, o->host_id, o->size)) {
			rule_broken(r,
				    rule_path(r, "%s[%zu].%s", at, i,
					      inside ? "containerID" : "hostID"),
				    NULL, "overlaps with the range of mapping %zu", k);
			return;
		}
	}
}

void rule_idmaps(struct rule_run *r, const char *at, const spec_idmaps *maps)
{
	if (maps->n > MAX_EXTENTS) {
		rule_broken(r, at, NULL, "has %zu mappings: the kernel takes %d", maps->n,
			    MAX_EXTENTS);
		return;
	}
	for (size_t i = 0; i < maps->n && !r->ended; i++)
		check_extent(r, at, maps, i);
}

/* ---- options ---- */

/* What the options of a mount say, by index of the option; NONE when it is not there. */
struct meaning {
	bool bind, remount;
	ptrdiff_t idmap, tmpcopyup, data;
};

static struct meaning read_options(const struct spec_mount *m)
{
	struct meaning w = { .idmap = NONE, .tmpcopyup = NONE, .data = NONE };

	for (size_t i = 0; i < m->options.n; i++) {
		const struct mount_option *o = mount_option_find(m->options.v[i]);

		if (!o) {
			if (w.data == NONE && m->options.v[i][0])
				w.data = (ptrdiff_t)i;
		} else if (o->kind == MO_BIND) {
			w.bind = true;
		} else if (o->kind == MO_EXTRA) {
			w.remount |= o->set == MX_REMOUNT;
			if (o->set == MX_IDMAP || o->set == MX_RIDMAP)
				w.idmap = (ptrdiff_t)i;
			if (o->set == MX_TMPCOPYUP)
				w.tmpcopyup = (ptrdiff_t)i;
		}
	}
	return w;
}

static bool is_type(const struct spec_mount *m, const char *type)
{
	return m->type && strcmp(m->type, type) == 0;
}

static void check_bind(struct rule_run *r, size_t i, const struct spec_mount *m,
		       const struct meaning *w)
{
	if (!m->source && !w->remount)
		rule_broken(r, rule_path(r, "$.mounts[%zu].source", i), NULL,
			    "is required for a bind mount");
	if (w->data != NONE) /* engines and the suite of runtime-tools send "mode=755" with binds */
		rule_warn(r, rule_path(r, "$.mounts[%zu].options[%td]", i, w->data),
			  "'%.60s' is an option of a file system: it does nothing to a bind mount",
			  m->options.v[w->data]);
	if (!w->bind && !w->remount)
		rule_warn(r, rule_path(r, "$.mounts[%zu].type", i),
			  "'%s' without the option bind or rbind is taken for a bind mount",
			  m->type);
}

static void check_idmap_text(struct rule_run *r, size_t i, const struct spec_mount *m,
			     size_t option)
{
	const char *at = rule_path(r, "$.mounts[%zu].options[%zu]", i, option);
	auto_arena struct arena a = { 0 };
	spec_idmaps uids, gids;
	struct err e;

	if (mount_idmap_parse(m->options.v[option], r->lnx, &a, &uids, &gids, &e) < 0)
		rule_broken(r, at, e.hint, "is wrong: %s", e.msg);
	else if (m->uid_mappings.n > 0 || m->gid_mappings.n > 0)
		rule_broken(r, at, NULL, "has mappings, and so has the mount: one of both");
}

static void check_mount(struct rule_run *r, size_t i)
{
	const struct spec_mount *m = &r->spec->mounts.v[i];
	const struct meaning w = read_options(m);

	if (w.bind || is_type(m, "bind") || is_type(m, "rbind"))
		check_bind(r, i, m, &w);
	else if (!w.remount && (!m->type || is_type(m, "none")))
		rule_broken(r, rule_path(r, "$.mounts[%zu].type", i),
			    "or one of bind and rbind in the options",
			    "is required for a mount that is no bind mount");
	if (w.tmpcopyup != NONE && !is_type(m, "tmpfs"))
		rule_broken(r, rule_path(r, "$.mounts[%zu].options[%td]", i, w.tmpcopyup), NULL,
			    "is tmpcopyup, which is for type tmpfs");
	if (w.idmap != NONE && mount_idmap_has_text(m->options.v[w.idmap]))
		check_idmap_text(r, i, m, (size_t)w.idmap);
	else if (w.idmap != NONE && m->uid_mappings.n == 0 && m->gid_mappings.n == 0 &&
		 !rule_has_ns(r, NS_USER))
		rule_broken(r, rule_path(r, "$.mounts[%zu].options[%td]", i, w.idmap),
			    "give the mount uidMappings and gidMappings, or the container a user "
			    "namespace",
			    "is '%s', but neither the mount nor the container has mappings",
			    m->options.v[w.idmap]);
}

static void check_mounts(struct rule_run *r)
{
	for (size_t i = 0; i < r->spec->mounts.n && !r->ended; i++) {
		if (!r->refused || !rule_refused(r, rule_path(r, "$.mounts[%zu]", i)))
			check_mount(r, i);
	}
}

static void check_mount_mappings(struct rule_run *r)
{
	for (size_t i = 0; i < r->spec->mounts.n && !r->ended; i++) {
		const struct spec_mount *m = &r->spec->mounts.v[i];
		char at[64];

		if (r->refused && rule_refused(r, rule_path(r, "$.mounts[%zu]", i)))
			continue;
		if ((m->uid_mappings.n > 0) != (m->gid_mappings.n > 0))
			rule_broken(r,
				    rule_path(r, "$.mounts[%zu].%s", i,
					      m->uid_mappings.n ? "gidMappings" : "uidMappings"),
				    NULL,
				    "is required: mappings of users and groups come together or "
				    "not at all");
		snprintf(at, sizeof(at), "$.mounts[%zu].uidMappings", i);
		rule_idmaps(r, at, &m->uid_mappings);
		snprintf(at, sizeof(at), "$.mounts[%zu].gidMappings", i);
		rule_idmaps(r, at, &m->gid_mappings);
	}
}

const struct rule rules_mounts[] = {
	{ "config.md, Mounts; Linux mount options", "$.linux.namespaces", RULE_CONFIG,
	  check_mounts },
	{ "config.md, POSIX-platform Mounts: uidMappings, gidMappings", "", RULE_CONFIG,
	  check_mount_mappings },
	{ NULL },
};
