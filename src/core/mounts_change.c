/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `ketch mounts add` and `remove`: the document, and what is asked of a container for it. The mounts: linux/mounts_live.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/container.h"
#include "core/files.h"
#include "core/warnings.h"
#include "linux/mounts_live.h"
#include "spec/field.h"
#include "spec/load.h"
#include "spec/tables.h"
#include "sys/hostfs.h"

/*
 * A configuration of which only the mounts count: TEXT is an array of mounts, or an object with the member mounts. HEAD, members that
 * it must have besides, gets a line of its own, the first, so that columns stay as they are.
 */
static int whole_text(const char *head, const char *text, struct buf *out, struct err *e)
{
	int blanks = (int)strspn(text, " \t\r\n");

	if (text[blanks] == '[')
		buf_addf(out, "{%s\"mounts\":\n%s}", head, text);
	else if (text[blanks] == '{')
		buf_addf(out, "{%s\n%.*s %s", head, blanks, text, text + blanks + 1);
	else
		return err_set(e, ERR_SPEC,
			       "the document is neither an array of mounts nor an object with "
			       "\"mounts\"");
	int r = buf_error(out);
	return r < 0 ? err_sys(e, r, "read the mounts") : 0;
}

static int in_document(struct err *e)
{
	if (e->line > 1)
		e->line--;
	else if (e->line == 1) /* the brace, which is ours where TEXT is an array */
		e->col = 1;
	return err_errno(e);
}

static int load_mounts(struct spec **ret, const char *text, struct err *e)
{
	static const char head[] = "\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"/\"}, ";
	auto_buf struct buf whole = { 0 };

	int r = whole_text(head, text, &whole, e);
	if (r < 0)
		return r;
	r = spec_load(ret, buf_str(&whole), whole.len, e);
	if (r < 0)
		return in_document(e);
	for (size_t i = 0; i < (*ret)->warnings.n; i++) {
		struct spec_warning *w = &(*ret)->warnings.v[i];

		if (w->line > 1)
			w->line--;
	}
	return 0;
}

struct taken {
	spec_mounts mounts;
};

static int parse_mounts(struct taken *ret, struct arena *arena, const char *text, struct err *e)
{
	static const struct field fields[] = {
		F_OBJECTS("mounts", struct taken, mounts, mount_fields, .done = mount_entry_done,
			  .flags = FIELD_REQUIRED),
		FIELD_END,
	};
	auto_buf struct buf whole = { 0 };

	int r = whole_text("", text, &whole, e);
	if (r < 0)
		return r;
	r = field_parse(fields, ret, arena, buf_str(&whole), whole.len, e);
	return r < 0 ? in_document(e) : 0;
}

/* Of what is to be taken off the destinations count alone. */
static void keep_destinations(spec_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++)
		mounts->v[i] = (struct spec_mount){
			.destination = mounts->v[i].destination,
			.type = (char *)"tmpfs",
		};
}

static int check_status(const struct container *c, struct err *e)
{
	enum container_status s;

	int r = container_look(c, &s, e);
	if (r < 0)
		return r;
	if (s == C_CREATED || s == C_RUNNING || s == C_PAUSED)
		return 0;
	return err_set(e, ERR_STATE, "cannot change the mounts of a container that is %s",
		       container_status_name(s));
}

/* The container's own plan, with MOUNTS in the place of its mounts. */
static int plan_change(const struct container *c, const spec_mounts *mounts, struct spec *own,
		       const struct facts *facts, struct plan **ret, struct err *e)
{
	const struct plan_opts opts = {
		.use = FOR_CREATE,
		.id = c->id,
		.bundle = c->state.bundle,
		.state_dir = c->store->path,
		.cgroup_manager = CGROUP_MANAGER_CGROUPFS,
	};

	own->mounts = *mounts;
	int r = plan_make(ret, own, facts, &opts, e);
	if (r >= 0 && !(*ret)->mount_ns)
		r = err_set(e, ERR_UNSUPPORTED, "the container has no mount namespace of its own");
	return r;
}

static int write_record(const struct container *c, const struct buf *record, struct err *e)
{
	int r = buf_error(record);

	if (r >= 0 && record->len > 0)
		r = host_replace(c->dir, FILE_MOUNTS, record->p, record->len, 0600, false);
	else if (r >= 0)
		r = host_unlink(c->dir, FILE_MOUNTS, false);
	return r < 0 && r != -ENOENT ? err_sys(e, r, "note the mounts of container '%s'", c->id)
				     : 0;
}

/* A mount that is not noted could not be taken off again: without a note there is none. */
static int change_noted(const struct container *c, const struct plan *plan, int pidfd, bool remove,
			struct err *e)
{
	auto_buf struct buf record = { 0 };
	struct err ignored;

	int r = host_read(c->dir, FILE_MOUNTS, SPEC_MAX_SIZE, &record);
	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "read which mounts container '%s' was given", c->id);
	r = mounts_live(plan, pidfd, remove, &record, e);
	int noted = write_record(c, &record, r < 0 ? &ignored : e);
	if (noted < 0 && !remove && r >= 0)
		(void)mounts_live(plan, pidfd, true, &record, &ignored);
	return r < 0 ? r : noted;
}

static int change_uninterrupted(const struct container *c, const struct plan *plan, bool remove,
				struct err *e)
{
	sigset_t all, mask;

	auto_fd int pidfd = container_init_pidfd(c);
	if (pidfd < 0)
		return err_sys(e, pidfd, "find the container's process");
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &mask) < 0)
		return err_sys(e, -errno, "block signals");
	int r = change_noted(c, plan, pidfd, remove, e);
	if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0 && r >= 0)
		r = err_sys(e, -errno, "unblock signals");
	return r;
}

static int change(struct container *c, const spec_mounts *mounts, bool remove, struct err *e)
{
	auto_spec struct spec *own = NULL;
	auto_plan struct plan *plan = NULL;
	struct facts facts;

	int r = container_lock(c, e);
	if (r >= 0)
		r = check_status(c, e);
	if (r >= 0)
		r = container_spec(c, &own, e);
	if (r >= 0)
		r = facts_probe(&facts, e);
	if (r >= 0)
		r = plan_change(c, mounts, own, &facts, &plan, e);
	if (r < 0)
		return r;
	return change_uninterrupted(c, plan, remove, e);
}

int container_mounts(struct container *c, const char *file, const char *text, bool remove,
		     struct err *e)
{
	auto_spec struct spec *document = NULL;
	auto_arena struct arena arena = { 0 };
	struct taken taken = { 0 };

	int r = parse_mounts(&taken, &arena, text, e);
	if (r >= 0 && !remove)
		r = load_mounts(&document, text, e);
	if (r < 0)
		return r;
	if (remove)
		keep_destinations(&taken.mounts);
	else
		log_spec_warnings(file, &document->warnings);
	return change(c, remove ? &taken.mounts : &document->mounts, remove, e);
}
