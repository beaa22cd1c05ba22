/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what is in a container's directory. An input that begins with '{' is a state.json: what loads is saved and
 * loads as the same, and its cgroups come back as they were. Anything else is a journal.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "core/journal.h"
#include "core/state.h"
#include "fuzz/fuzz.h"
#include "spec/json.h"
#include "sys/hostfs.h"
#include "unit/scratch.h"

static int temp_dir(void)
{
	static int fd = -1;

	if (fd < 0) {
		close_fd(scratch_make());
		atexit(scratch_remove);
		fd = host_opendir(AT_FDCWD, scratch, false);
		require(fd >= 0);
	}
	return fd;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(const struct strv *a, const struct strv *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_text(a->v[i], b->v[i]);
	return same;
}

static void check_same(const struct state *a, const struct state *b)
{
	require(same_text(a->id, b->id) && same_text(a->bundle, b->bundle));
	require(same_text(a->rootfs ? a->rootfs : "", b->rootfs ? b->rootfs : ""));
	require(same_text(a->created, b->created) && same_text(a->cgroup_scope, b->cgroup_scope));
	require(a->pid == b->pid && a->start_time == b->start_time && a->owner == b->owner);
	require(a->own_pid_ns == b->own_pid_ns && a->poststop_done == b->poststop_done);
	require(a->no_new_keyring == b->no_new_keyring);
	require(a->cgroup_manager == b->cgroup_manager);
	require(same_list(&a->cgroup_leaves, &b->cgroup_leaves));
	require(same_list(&a->cgroup_made, &b->cgroup_made));
	require(a->annotations.n == b->annotations.n);
	for (size_t i = 0; i < a->annotations.n; i++)
		require(same_text(a->annotations.v[i].key, b->annotations.v[i].key) &&
			same_text(a->annotations.v[i].value, b->annotations.v[i].value));
}

static void check_cgroups(const struct state *st)
{
	struct cgroup_record rec, back = { 0 };
	struct cgroup *cg = NULL;
	struct err e = { 0 };

	state_cgroup_record(st, &rec);
	int r = cgroup_open(&cg, &rec, &e);
	require_err(r, &e);
	if (r < 0)
		return;
	require(cgroup_record(cg, &back) == 0);
	require(same_list(&back.leaves, &rec.leaves) && same_list(&back.made, &rec.made));
	cgroup_record_free(&back);
	cgroup_free(cg);
}

static int any_event(void *ctx, struct json *j, const struct json_event *ev)
{
	(void)ctx;
	(void)j;
	(void)ev;
	return 0;
}

static void check_state(struct state *st)
{
	auto_buf struct buf json = { 0 };
	struct state again;
	struct err e = { 0 };
	int dir = temp_dir();

	require(st->id[0] && st->version == STATE_VERSION && st->pid >= 0 && st->pid <= INT32_MAX);
	if (!st->rootfs)
		st->rootfs = (char *)"";
	require(state_save(st, dir, &e) == 0);
	require(state_load(&again, dir, &e) == 0);
	check_same(st, &again);
	check_cgroups(st);
	require(state_oci_json(st, "running", (pid_t)st->pid, st->pid & 1, &json) == 0);
	int r = json_parse(buf_str(&json), json.len, any_event, NULL, &e);
	/* the one thing that our own reader may refuse: two annotations of one name, which state_parse would have */
	require(r >= 0);
	state_clear(&again);
}

static int entry(void *ctx, const char *what, const char *value, struct err *e)
{
	(void)e;
	require(!strpbrk(what, " \n") && !strchr(value, '\n'));
	++*(size_t *)ctx;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };

	if (size && data[0] == '{') {
		struct state st = { 0 };
		int r = state_parse(&st, (const char *)data, size, &e);

		require_err(r, &e);
		if (r >= 0)
			check_state(&st);
		state_clear(&st);
		return 0;
	}
	char *text = fuzz_text(data, size);
	size_t n = 0, lines = 0;

	for (size_t i = 0; i < strlen(text); i++)
		lines += text[i] == '\n';
	require(journal_each(text, entry, &n, &e) == 0 && n <= lines);
	free(text);
	return 0;
}
