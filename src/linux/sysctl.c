/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.sysctl (config-linux.md#sysctl): kernel parameters of the container's namespaces, written through the verified
 * procfs (CVE-2025-52881), after the hooks: those may bring the interfaces. Which keys are allowed: spec/rules.c.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "linux/steps.h"
#include "util/path.h"

/*
 * "net.ipv4.ip_forward" and "net/ipv4/ip_forward" are the same. As sysctl(8) has it the first separator decides: after a
 * dot, a slash stands for a dot that is part of a name ("net.ipv4.conf.eth0/100.rp_filter").
 */
static int to_path(const char *key, char *path, size_t size)
{
	size_t first = strcspn(key, "./"), len = strlen(key);
	bool dots = key[first] == '.';

	if (len >= size)
		return -ENAMETOOLONG;
	for (size_t i = 0; i <= len; i++) {
		char c = key[i];

		path[i] = !dots ? c : c == '.' ? '/' : c == '/' ? '.' : c;
	}
	/* nothing that would lead out of the family of keys that was checked */
	bool odd = path[0] == '/' || path[0] == '\0' || path[len - 1] == '/' || strstr(path, "//");

	return odd || path_leads_up(path) ? -EINVAL : 0;
}

static int failed(const struct spec_map_entry *s, int r, struct err *e)
{
	err_sys(e, r, "set sysctl '%s' to '%s'", s->key, s->value);
	if (r == -ENOENT)
		err_hint(e, "this kernel, or this kind of namespace, has no such key");
	else if (r == -EACCES || r == -EPERM)
		err_hint(e, "the key does not belong to a namespace of the container, or its user "
			    "namespace may not set it");
	else if (r == -EINVAL)
		err_hint(e, "the kernel does not take this value");
	else if (r == -EIO)
		err_hint(e, "the kernel takes a part of this value only");
	return err_at(e, "$.linux.sysctl[\"%s\"]", s->key);
}

static int run(struct run *r, struct err *e)
{
	const spec_map *map = &r->plan->spec->lnx->sysctl;
	char path[PATH_MAX];

	for (size_t i = 0; i < map->n; i++) {
		if (to_path(map->v[i].key, path, sizeof(path)) < 0) {
			err_set(e, ERR_SPEC, "'%s' is not the name of a sysctl", map->v[i].key);
			return err_at(e, "$.linux.sysctl");
		}
		int ret = proc_write_sysctl(&r->proc, path, map->v[i].value);
		if (ret < 0)
			return failed(&map->v[i], ret, e);
	}
	return 0;
}

static bool applies(const struct plan *p)
{
	return p->spec->lnx->sysctl.n > 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	const spec_map *map = &p->spec->lnx->sysctl;

	for (size_t i = 0; i < map->n; i++)
		buf_addf(out, "%s %s\n", map->v[i].key, map->v[i].value);
}

const struct step step_sysctl = {
	.name = "sysctl",
	.what = "set kernel parameters of the container's namespaces",
	.stage = STAGE_INIT,
	.use = FOR_CREATE,
	.applies = applies,
	.run = run,
	.explain = explain,
};
