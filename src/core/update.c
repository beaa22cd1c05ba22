/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The update of a container's resources (config-linux.md#control-groups, checkBeforeUpdate). The resources that hold are kept beside
 * the configuration, which stays as it was at create: each update is laid over what the last one left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/container.h"
#include "core/files.h"
#include "linux/cgroup_update.h"
#include "linux/rdt.h"
#include "spec/load.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/log.h"

/* A property of the document as one of the whole configuration: "$.memory" is "$.linux.resources.memory". */
static void at_config(struct err *e)
{
	char member[sizeof(e->where)];

	e->line = e->col = 0;
	if (e->where[0] != '$' || strncmp(e->where, "$.linux.", 8) == 0)
		return;
	snprintf(member, sizeof(member), "%s", e->where + 1);
	e->where[0] = '\0';
	err_at(e, "$.linux.resources%s", member);
}

static int from_config(const struct container *c, struct arena *arena, struct spec_resources **ret,
		       struct err *e)
{
	auto_spec struct spec *spec = NULL;
	auto_buf struct buf text = { 0 };

	int r = container_spec(c, &spec, e);
	if (r < 0 || !spec->lnx->resources)
		return r;
	/* through text, so that what the caller gets outlives the model it comes from */
	spec_write_resources(spec->lnx->resources, &text);
	r = buf_error(&text);
	return r < 0 ? err_sys(e, r, "read the resources")
		     : spec_load_resources(ret, arena, buf_str(&text), text.len, NULL, e);
}

int container_resources(const struct container *c, struct arena *arena, struct spec_resources **ret,
			struct err *e)
{
	auto_buf struct buf text = { 0 };

	*ret = NULL;
	int r = host_read(c->dir, FILE_RESOURCES, SPEC_MAX_SIZE, &text);
	if (r == -ENOENT)
		return from_config(c, arena, ret, e);
	if (r < 0)
		return err_sys(e, r, "read the resources kept for container '%s'", c->id);
	r = spec_load_resources(ret, arena, buf_str(&text), text.len, NULL, e);
	if (r >= 0)
		return r;
	e->line = e->col = 0; /* of that file, not of config.json */
	err_wrap(e, "%s is damaged", FILE_RESOURCES);
	return err_hint(e,
			"without '%s/%s/" FILE_RESOURCES
			"' the limits of create are the base of updates",
			c->store->path, c->id);
}

/* What is to hold, as TEXT, which is to be kept, and as a model that keeps the rules between properties. */
static int merge(struct cgroup_update *u, struct arena *arena, struct buf *text, struct err *e)
{
	struct spec_resources *now;

	int r = cgroup_table_merge(&now, arena, u->before, u->change);
	if (r >= 0) {
		spec_write_resources(now, text);
		r = buf_error(text);
	}
	if (r < 0)
		return err_sys(e, r, "update");
	r = spec_load_resources(&now, arena, buf_str(text), text->len, NULL, e);
	if (r < 0)
		at_config(e);
	u->now = now;
	return r;
}

static int keep(const struct container *c, const struct buf *text, struct err *e)
{
	int r = host_replace(c->dir, FILE_RESOURCES, text->p, text->len, 0600, false);

	return r < 0 ? err_sys(e, r, "keep the resources of container '%s'", c->id) : 0;
}

/* What was kept before: BEFORE, or nothing beside the configuration. */
static void keep_again(const struct container *c, const struct spec_resources *before, bool file)
{
	auto_buf struct buf text = { 0 };
	struct err ignored;

	if (!file) {
		(void)host_unlink(c->dir, FILE_RESOURCES, false);
		return;
	}
	spec_write_resources(before, &text);
	if (buf_error(&text) >= 0)
		(void)keep(c, &text, &ignored);
}

static int announce(struct cgroup *cg, const struct cgroup_change *change, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct cgroup_devices devices;

	if (!change->devices)
		return cgroup_announce(cg, change->writes, NULL, e);
	if (cgroup_devices_plan(&devices, &arena, change->now->devices.v, change->now->devices.n) <
	    0)
		return err_sys(e, -ENOMEM, "device rules");
	return cgroup_announce(cg, change->writes, &devices, e);
}

static int apply(struct container *c, struct cgroup *cg, const struct cgroup_change *change,
		 const struct buf *text, struct err *e)
{
	auto_fd int file = sys_openat(c->dir, FILE_RESOURCES, O_RDONLY, 0);
	struct cgroup_updated *updated;
	struct err later;

	int r = cgroup_update(&updated, cg, change, e);
	if (r >= 0)
		r = keep(c, text, e);
	if (r >= 0) {
		r = announce(cg, change, e);
		if (r < 0)
			keep_again(c, change->before, file >= 0);
	}
	if (r < 0 && cgroup_update_undo(updated, &later) < 0)
		log_emit(LOG_WARNING, "update: an old value could not be written back: %s",
			 later.msg);
	cgroup_updated_free(updated);
	return r;
}

static int open_cgroups(const struct container *c, struct cgroup **ret, struct err *e)
{
	struct cgroup_record rec;

	state_cgroup_record(&c->state, &rec);
	if (rec.leaves.n == 0) {
		err_set(e, ERR_STATE, "cannot update container '%s': it has no cgroup", c->id);
		return err_hint(e, "it was created with --cgroup-manager disabled");
	}
	return cgroup_open(ret, &rec, e);
}

/* A change has no version of its own: it means what its values would in the container's configuration. */
static int as_in_config(const struct container *c, struct spec_resources *change, struct err *e)
{
	auto_spec struct spec *spec = NULL;

	if (!change->has_pids_limit || change->pids_limit != 0)
		return 0;
	int r = container_spec(c, &spec, e);
	if (r >= 0 && spec_before(spec, 3))
		spec_old_resources(change);
	return r;
}

static int update(struct container *c, const struct spec_resources *change, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_buf struct buf text = { 0 };
	struct spec_resources asked = *change;
	struct cgroup_update u = { .change = &asked };
	struct cgroup_writes writes = { 0 };
	struct spec_resources *before;
	struct cgroup *cg = NULL;
	struct facts facts;

	int r = as_in_config(c, &asked, e);
	if (r >= 0)
		r = container_resources(c, &arena, &before, e);
	if (r >= 0)
		u.before = before;
	if (r >= 0)
		r = facts_probe(&facts, e);
	if (r >= 0)
		r = merge(&u, &arena, &text, e);
	if (r >= 0)
		r = cgroup_table_changes(&writes, &arena, &u, &facts, e);
	if (r >= 0)
		r = open_cgroups(c, &cg, e);
	if (r < 0)
		return r;
	struct cgroup_change set = {
		.facts = &facts,
		.before = u.before,
		.now = u.now,
		.writes = &writes,
		.devices = !cgroup_devices_same(u.before, u.now),
	};
	r = apply(c, cg, &set, &text, e);
	cgroup_free(cg);
	return r;
}

/* The kernel takes all lines or none. *RET_BEFORE (may be NULL): what they were. */
static int write_schemata(const struct container *c, const char *lines, struct buf *ret_before,
			  struct err *e)
{
	auto_spec struct spec *spec = NULL;
	struct rdt_root root;

	int r = container_spec(c, &spec, e);
	if (r < 0)
		return r;
	const struct spec_intel_rdt *rdt = spec->lnx->intel_rdt;
	if (!rdt)
		return err_set(e, ERR_STATE,
			       "container '%s' was created without intelRdt: it has no group",
			       c->id);
	r = rdt_open(&root, e);
	if (r < 0)
		return r;
	r = rdt_group_write(&root, plan_rdt_group(rdt, c->id), lines, ret_before,
			    "$.linux.intelRdt", e);
	rdt_close(&root);
	return r;
}

/* Only the schemata are there to be taken back: the rest has taken itself back. */
static void undo_schemata(const struct container *c, const struct buf *before)
{
	struct err later;

	if (before->len && write_schemata(c, buf_str(before), NULL, &later) < 0)
		log_emit(LOG_WARNING, "update: the old schemata could not be written back: %s",
			 later.msg);
}

static int update_all(struct container *c, const struct spec_resources *change,
		      const char *schemata, struct err *e)
{
	auto_buf struct buf before = { 0 };
	int r = 0;

	if (schemata)
		r = write_schemata(c, schemata, &before, e);
	if (r < 0 || !change)
		return r;
	r = update(c, change, e);
	if (r < 0)
		undo_schemata(c, &before);
	return r;
}

int container_update(struct container *c, const struct spec_resources *change, const char *schemata,
		     struct err *e)
{
	sigset_t all, mask;

	enum container_status status;

	int r = container_lock(c, e);
	if (r >= 0)
		r = container_look(c, &status, e);
	if (r < 0)
		return r;
	if (status != C_CREATED && status != C_RUNNING && status != C_PAUSED)
		return err_set(e, ERR_STATE,
			       "cannot update container '%s': container not running: it is %s",
			       c->id, container_status_name(status));
	/* all or nothing, whoever types ^C */
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &mask) < 0)
		return err_sys(e, -errno, "block signals");
	r = update_all(c, change, schemata, e);
	if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0 && r >= 0)
		r = err_sys(e, -errno, "unblock signals");
	return r;
}
