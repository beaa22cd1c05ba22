/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.json: written and read. */
#include <errno.h>
#include <string.h>

#include "core/state.h"
#include "spec/json.h"
#include "sys/hostfs.h"
#include "util/jsonw.h"

static const char file[] = "state.json";

_Static_assert((int)STATE_MAX == (int)JSON_MAX_SIZE, "what is written can be parsed");

static void write_strv(struct jsonw *w, const char *key, const struct strv *l)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < l->n; i++)
		jsonw_str(w, NULL, l->v[i]);
	jsonw_end_array(w);
}

static void write_map(struct jsonw *w, const char *key, const spec_map *map)
{
	jsonw_object(w, key);
	for (size_t i = 0; i < map->n; i++)
		jsonw_str(w, map->v[i].key, map->v[i].value);
	jsonw_end_object(w);
}

/* Of all that is in it the annotations alone have no limit, and a byte of theirs may take six here (\u007f). */
static int too_long(size_t len, struct err *e)
{
	err_set(e, ERR_SPEC,
		"the annotations make a state of %zu bytes, more than the limit of %d MiB", len,
		STATE_MAX >> 20);
	err_hint(e, "shorten them, above all control characters, which are written as \\u00XX");
	return err_at(e, "$.annotations");
}

int state_save(const struct state *st, int dir, struct err *e)
{
	auto_buf struct buf text = { 0 };
	struct jsonw w;

	jsonw_init(&w, &text, 0);
	jsonw_object(&w, NULL);
	jsonw_i64(&w, "version", STATE_VERSION);
	jsonw_str(&w, "id", st->id);
	jsonw_str(&w, "bundle", st->bundle);
	jsonw_str(&w, "rootfs", st->rootfs);
	jsonw_str(&w, "created", st->created);
	jsonw_i64(&w, "pid", st->pid);
	jsonw_u64(&w, "startTime", st->start_time);
	jsonw_i64(&w, "owner", st->owner);
	jsonw_bool(&w, "ownPidNamespace", st->own_pid_ns);
	jsonw_bool(&w, "poststopDone", st->poststop_done);
	jsonw_bool(&w, "noNewKeyring", st->no_new_keyring);
	write_map(&w, "annotations", &st->annotations);
	jsonw_i64(&w, "cgroupManager", st->cgroup_manager);
	write_strv(&w, "cgroupLeaves", &st->cgroup_leaves);
	write_strv(&w, "cgroupMade", &st->cgroup_made);
	if (st->cgroup_scope)
		jsonw_str(&w, "cgroupScope", st->cgroup_scope);
	if (st->seccomp_receiver)
		jsonw_str(&w, "seccompReceiver", st->seccomp_receiver);
	jsonw_end_object(&w);
	buf_addc(&text, '\n');
	int r = buf_error(&text);
	if (r >= 0 && text.len > STATE_MAX)
		return too_long(text.len, e);
	if (r >= 0)
		r = host_replace(dir, file, text.p, text.len, 0600, false);
	return r < 0 ? err_sys(e, r, "write the state of container '%s'", st->id) : 0;
}

int state_load(struct state *st, int dir, struct err *e)
{
	auto_buf struct buf text = { 0 };

	*st = (struct state){ 0 };
	int r = host_read(dir, file, STATE_MAX, &text);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_sys(e, r, "read the state");
	r = state_parse(st, buf_str(&text), text.len, e);
	if (r < 0) {
		state_clear(st);
		e->line = e->col = 0; /* places are of config.json */
		e->where[0] = '\0';
		err_wrap(e, "state.json is damaged");
		return err_hint(e, "clear the container with `ketch delete --force`");
	}
	return 0;
}

void state_clear(struct state *st)
{
	arena_free(&st->arena);
	*st = (struct state){ 0 };
}

int state_oci_json(const struct state *st, const char *status, pid_t pid, bool one_line,
		   struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, one_line ? 0 : 2);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ociVersion", STATE_OCI_VERSION);
	jsonw_str(&w, "id", st->id);
	jsonw_str(&w, "status", status);
	jsonw_i64(&w, "pid", pid);
	jsonw_str(&w, "bundle", st->bundle);
	if (st->rootfs)
		jsonw_str(&w, "rootfs", st->rootfs);
	if (st->created)
		jsonw_str(&w, "created", st->created);
	if (st->annotations.n)
		write_map(&w, "annotations", &st->annotations);
	jsonw_str(&w, "owner", st->owner_name ? st->owner_name : "");
	jsonw_end_object(&w);
	if (!one_line)
		buf_addc(out, '\n');
	return buf_error(out);
}

void state_cgroup_record(const struct state *st, struct cgroup_record *ret)
{
	*ret = (struct cgroup_record){
		.manager = (enum cgroup_manager)st->cgroup_manager,
		.leaves = st->cgroup_leaves,
		.made = st->cgroup_made,
		.scope = st->cgroup_scope,
	};
}
