/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroups as one object: made by a driver, recorded, found again. */
#include "linux/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "linux/systemd.h"
#include "sys/hostfs.h"
#include "util/util.h"

static const struct cgroup_driver *const drivers[] = {
	[CGROUP_MANAGER_CGROUPFS] = &cgroup_fs_driver,
	[CGROUP_MANAGER_SYSTEMD] = &cgroup_systemd_driver,
};

struct cgroup *cgroup_new(enum cgroup_manager manager)
{
	struct cgroup *cg = calloc(1, sizeof(*cg));

	if (!cg)
		return NULL;
	cg->manager = manager;
	if (manager < N_ELEMENTS(drivers))
		cg->driver = drivers[manager];
	return cg;
}

struct cgroup_leaf *cgroup_add_leaf(struct cgroup *cg, const char *controllers, const char *dir,
				    bool v2)
{
	if (cg->n == N_ELEMENTS(cg->leaves))
		return NULL;
	struct cgroup_leaf *leaf = &cg->leaves[cg->n];
	*leaf = (struct cgroup_leaf){
		.controllers = strdup(controllers),
		.dir = strdup(dir),
		.version = v2 ? &cgroup_v2 : &cgroup_v1,
		.fd = -EBADF,
		.join_fd = -EBADF,
		.enter_fd = -EBADF,
	};
	cg->n++;
	if (leaf->controllers && leaf->dir)
		return leaf;
	cgroup_drop_leaf(cg);
	return NULL;
}

static void close_leaf(struct cgroup_leaf *leaf)
{
	close_fd(TAKE_FD(leaf->fd));
	close_fd(TAKE_FD(leaf->join_fd));
	close_fd(TAKE_FD(leaf->enter_fd));
}

void cgroup_drop_leaf(struct cgroup *cg)
{
	struct cgroup_leaf *leaf = &cg->leaves[--cg->n];

	close_leaf(leaf);
	free(leaf->sub);
	free(leaf->controllers);
	free(leaf->dir);
}

void cgroup_close_fds(struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++)
		close_leaf(&cg->leaves[i]);
	systemd_free(TAKE_PTR(cg->systemd));
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	while (cg->n > 0)
		cgroup_drop_leaf(cg);
	strv_free(&cg->made);
	strv_free(&cg->lacking);
	free(cg->scope);
	systemd_free(cg->systemd);
	free(cg);
}

int cgroup_leaf_fd(struct cgroup_leaf *leaf)
{
	if (leaf->fd < 0)
		leaf->fd = host_opendir(AT_FDCWD, leaf->dir, false);
	return leaf->fd;
}

bool cgroup_leaf_has(const struct cgroup_leaf *leaf, const char *controller)
{
	size_t len = strlen(controller);

	for (const char *at = leaf->controllers; *at;) {
		size_t n = strcspn(at, ",");

		if (n == len && strncmp(at, controller, len) == 0)
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

struct cgroup_leaf *cgroup_unified(struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (cg->leaves[i].version->number == 2)
			return &cg->leaves[i];
	}
	return NULL;
}

struct cgroup_leaf *cgroup_freezer(struct cgroup *cg)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (cgroup_leaf_has(&cg->leaves[i], "freezer"))
			return &cg->leaves[i];
	}
	return cgroup_unified(cg);
}

/* ---- the record ---- */

void cgroup_record_free(struct cgroup_record *rec)
{
	strv_free(&rec->leaves);
	strv_free(&rec->made);
	free(rec->scope);
	*rec = (struct cgroup_record){ 0 };
}

static int copy_list(struct strv *to, const struct strv *from)
{
	int r = 0;

	for (size_t i = 0; i < from->n && r >= 0; i++)
		r = strv_add(to, from->v[i]);
	return r;
}

int cgroup_record(const struct cgroup *cg, struct cgroup_record *ret)
{
	struct cgroup_record rec = { .manager = cg->manager };
	int r = copy_list(&rec.made, &cg->made);

	for (unsigned i = 0; i < cg->n && r >= 0; i++)
		r = strv_addf(&rec.leaves, "%s:%s", cg->leaves[i].controllers, cg->leaves[i].dir);
	if (r >= 0 && cg->scope) {
		rec.scope = strdup(cg->scope);
		r = rec.scope ? 0 : -ENOMEM;
	}
	if (r < 0)
		cgroup_record_free(&rec);
	else
		*ret = rec;
	return r;
}

/* "CONTROLLERS:DIR"; DIR may hold colons, controllers don't. */
static int open_leaf(struct cgroup *cg, const char *entry)
{
	const char *colon = strchr(entry, ':');

	if (!colon || colon[1] != '/')
		return -EINVAL;
	auto_str char *controllers = strndup(entry, (size_t)(colon - entry));
	if (!controllers)
		return -ENOMEM;
	struct cgroup_leaf *leaf = cgroup_add_leaf(cg, controllers, colon + 1, !*controllers);
	if (!leaf)
		return -ENOMEM;
	leaf->made = strv_has(&cg->made, leaf->dir);
	return 0;
}

int cgroup_open(struct cgroup **ret, const struct cgroup_record *rec, struct err *e)
{
	struct cgroup *cg = cgroup_new(rec->manager);
	int r = cg ? copy_list(&cg->made, &rec->made) : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < rec->leaves.n; i++)
		r = open_leaf(cg, rec->leaves.v[i]);
	if (r >= 0 && rec->scope) {
		cg->scope = strdup(rec->scope);
		r = cg->scope ? 0 : -ENOMEM;
	}
	if (r < 0) {
		cgroup_free(cg);
		return err_sys(e, r, "open the container's cgroups");
	}
	*ret = cg;
	return 0;
}

int cgroup_destroy(struct cgroup *cg, struct err *e)
{
	return cg->driver ? cg->driver->destroy(cg, e) : 0;
}

int cgroup_announce(struct cgroup *cg, const struct cgroup_writes *w,
		    const struct cgroup_devices *devices, struct err *e)
{
	return cg->driver && cg->driver->announce ? cg->driver->announce(cg, w, devices, e) : 0;
}
