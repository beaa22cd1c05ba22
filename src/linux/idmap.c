/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Id maps of a new user namespace (config-linux.md#user-namespace-mappings; user_namespaces(7)). The child asks, the parent
 * writes: directly where it has the capabilities or maps only its own id, else by newuidmap(1) and newgidmap(1).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "linux/idmap.h"
#include "linux/namespaces.h"
#include "linux/steps.h"

void idmap_text(const spec_idmaps *map, struct buf *out)
{
	for (size_t i = 0; i < map->n; i++)
		buf_addf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map->v[i].container_id,
			 map->v[i].host_id, map->v[i].size);
}

static void add_range(struct buf *out, uint32_t first, uint32_t size)
{
	buf_addf(out, "%" PRIu32, first);
	if (size != 1)
		buf_addf(out, "..%" PRIu64, (uint64_t)first + size - 1);
}

void idmap_words(const spec_idmaps *map, struct buf *out)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct spec_idmap *m = &map->v[i];

		buf_adds(out, i ? ", " : "");
		add_range(out, m->container_id, m->size);
		buf_adds(out, " to ");
		add_range(out, m->host_id, m->size);
	}
}

int idmap_argv(const char *tool, pid_t pid, const spec_idmaps *map, struct strv *argv)
{
	int r = strv_add(argv, tool);

	if (r >= 0)
		r = strv_addf(argv, "%d", (int)pid);
	for (size_t i = 0; r >= 0 && i < map->n; i++) {
		r = strv_addf(argv, "%" PRIu32, map->v[i].container_id);
		if (r >= 0)
			r = strv_addf(argv, "%" PRIu32, map->v[i].host_id);
		if (r >= 0)
			r = strv_addf(argv, "%" PRIu32, map->v[i].size);
	}
	return r;
}

static int write_err(struct err *e, int r, const char *file, const spec_idmaps *map)
{
	auto_buf struct buf words = { 0 };

	idmap_words(map, &words);
	err_sys(e, r, "map %.3s %.200s", file, buf_str(&words)); /* "uid", "gid" */
	if (r == -EPERM)
		return err_hint(e, "each host id must be mapped in the user namespace ketch runs "
				   "in, with CAP_SETUID, CAP_SETGID, CAP_SETFCAP");
	return err_hint(e, "%s",
			r == -EINVAL ? "ranges may not overlap, be empty, or pass 4294967295" : "");
}

int idmap_write(const struct procfs *proc, pid_t pid, const char *file, const spec_idmaps *map,
		struct err *e)
{
	auto_buf struct buf text = { 0 };

	idmap_text(map, &text);
	int r = buf_error(&text);
	if (r < 0)
		return err_sys(e, r, "write %s", file);
	/* The kernel takes one write, of less than a page. */
	if (text.len >= (size_t)sysconf(_SC_PAGESIZE)) {
		err_set(e, ERR_UNSUPPORTED,
			"the %zu ranges of %s are longer than the page that the kernel reads",
			map->n, file);
		return err_hint(e, "join neighbouring ranges");
	}
	r = proc_write_pid(proc, pid, file, buf_str(&text));
	return r < 0 ? write_err(e, r, file, map) : 0;
}

/* ---- ids.ask ---- */

static bool asks_in_init(const struct plan *p)
{
	return p->fork.new_userns && !p->fork.ns_stage;
}

static int run_ask(struct run *r, struct err *e)
{
	int ret = ns_ask_parent(r, MSG_MAP_IDS, e);

	return ret < 0 ? ret : ns_become_root(e);
}

const struct step step_ids_ask = {
	.name = "ids.ask",
	.what = "have the id maps written, then be root of the new user namespace",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = asks_in_init,
	.run = run_ask,
};

/* ---- ids.map ---- */

static int map_uids(struct run *r, struct err *e)
{
	const spec_idmaps *map = &r->plan->spec->lnx->uid_mappings;
	pid_t pid = ns_asking_pid(r);

	int ret = r->plan->fork.uid_map_helper ? idmap_helper(pid, "newuidmap", map, e)
					       : idmap_write(&r->proc, pid, "uid_map", map, e);
	return ret < 0 ? err_at(e, "$.linux.uidMappings") : 0;
}

static int map_gids(struct run *r, struct err *e)
{
	const spec_idmaps *map = &r->plan->spec->lnx->gid_mappings;
	pid_t pid = ns_asking_pid(r);

	if (r->plan->fork.deny_setgroups) {
		/* Without it an unprivileged gid_map could be used to drop groups that deny access (CVE-2014-8989). */
		int ret = proc_write_pid(&r->proc, pid, "setgroups", "deny");
		if (ret < 0)
			return err_sys(e, ret, "deny setgroups");
	}
	int ret = r->plan->fork.gid_map_helper ? idmap_helper(pid, "newgidmap", map, e)
					       : idmap_write(&r->proc, pid, "gid_map", map, e);
	return ret < 0 ? err_at(e, "$.linux.gidMappings") : 0;
}

static int run_map(struct run *r, struct err *e)
{
	int ret = map_uids(r, e);

	return ret < 0 ? ret : map_gids(r, e);
}

static bool maps(const struct plan *p)
{
	return p->fork.new_userns;
}

static void explain_map(const struct plan *p, struct buf *out)
{
	const struct spec_linux *l = p->spec->lnx;

	buf_adds(out, p->fork.uid_map_helper ? "uid-by-newuidmap " : "uid ");
	idmap_words(&l->uid_mappings, out);
	if (p->fork.deny_setgroups)
		buf_adds(out, "\nsetgroups deny");
	buf_adds(out, p->fork.gid_map_helper ? "\ngid-by-newgidmap " : "\ngid ");
	idmap_words(&l->gid_mappings, out);
	buf_addc(out, '\n');
}

const struct step step_ids_map = {
	.name = "ids.map",
	.what = "write the id maps of the new user namespace",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_MAP_IDS),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = maps,
	.run = run_map,
	.explain = explain_map,
};
