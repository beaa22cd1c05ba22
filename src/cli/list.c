/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch list. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "sys/hostfs.h"
#include "util/utf8.h"

enum { PASSWD_MAX = 16 * 1024 * 1024, N_COLUMNS = 6, MIN_WIDTH = 12, GAP = 3 };

enum list_format { LIST_TABLE, LIST_JSON };

struct list_opts {
	int format;
	bool quiet;
};

static const struct opt_word formats[] = { { "table", LIST_TABLE }, { "json", LIST_JSON }, { 0 } };

static const struct opt options[] = {
	{ .short_name = 'f',
	  .name = "format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct list_opts, format),
	  .arg = "table|json",
	  .words = formats,
	  .help = "form of the answer" },
	OPTION('q', "quiet", OPT_FLAG, struct list_opts, quiet, NULL, "ids only"),
};

struct listing {
	const struct store *store;
	const struct list_opts *opts;
	struct buf out;
	struct buf passwd; /* /etc/passwd, read when the first owner is named */
	bool first;
};

/* The text of a field of passwd(5), which ends at a colon or with the line. */
static size_t field(const char *s)
{
	return strcspn(s, ":\n");
}

static const char *next_field(const char *s)
{
	s += field(s);
	return s + (*s == ':');
}

/*
 * The name in /etc/passwd, else "#UID". Not getpwuid(3): it loads the modules of nsswitch.conf, which a static program can do
 * only on a host that has the very glibc it was linked with.
 */
static void owner_name(struct listing *l, const struct container *c, char *out, size_t size)
{
	char id[24];

	if (!c->has_state) {
		snprintf(out, size, "-");
		return;
	}
	size_t len = (size_t)snprintf(id, sizeof(id), "%lld", (long long)c->state.owner);
	if (!l->passwd.p && host_read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &l->passwd) < 0)
		buf_adds(&l->passwd, "\n");
	for (const char *line = buf_str(&l->passwd); *line; line += *line == '\n') {
		const char *third = next_field(next_field(line));

		if (field(third) == len && memcmp(third, id, len) == 0) {
			snprintf(out, size, "%.*s", (int)field(line), line);
			return;
		}
		line += strcspn(line, "\n");
	}
	snprintf(out, size, "#%s", id);
}

static void table_row(const struct container *c, const char *owner, struct buf *out)
{
	enum container_status status = container_status(c);
	const char *bundle = c->state.bundle ? c->state.bundle : "";

	buf_addf(out, "%s\t%lld\t%s\t", c->id,
		 status == C_STOPPED || status == C_CREATING ? 0LL : (long long)c->state.pid,
		 container_status_name(status));
	/* a path may contain anything */
	buf_addplain(out, bundle, strlen(bundle));
	buf_addf(out, "\t%s\t%s\n", c->has_state ? c->state.created : "-", owner);
}

/* The width of a cell in columns of a terminal, nearly: continuation bytes of UTF-8 take none. */
static size_t width(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* Lines of cells that tabs end become columns, each as wide as its widest cell (runc's measures: 12 at least, 3 between). */
static void align(const char *rows, struct buf *out)
{
	size_t widths[N_COLUMNS];
	size_t col = 0;

	for (size_t i = 0; i < N_COLUMNS; i++)
		widths[i] = MIN_WIDTH - GAP;
	for (const char *s = rows; *s; s++) {
		size_t len = strcspn(s, "\t\n");

		widths[col] = MAX(widths[col], width(s, len));
		s += len;
		col = *s == '\n' ? 0 : col + 1;
	}
	for (const char *s = rows; *s; s++) {
		size_t len = strcspn(s, "\t\n");

		buf_add(out, s, len);
		if (s[len] == '\t')
			buf_addf(out, "%*s", (int)(widths[col] - width(s, len) + GAP), "");
		else
			buf_addc(out, '\n');
		col = s[len] == '\n' ? 0 : col + 1;
		s += len;
	}
}

static void separate(struct listing *l)
{
	if (!l->first)
		buf_addc(&l->out, ',');
	l->first = false;
}

/* One whose state can't be read takes an id, and maybe more, all the same. */
static void add_damaged(struct listing *l, const char *id, const struct err *e)
{
	log_emit(LOG_WARNING, "container '%s': %s", id, e->msg);
	if (l->opts->format == LIST_TABLE) {
		buf_addf(&l->out, "%s\t0\tdamaged\t-\t-\t-\n", id);
		return;
	}
	separate(l);
	buf_addf(&l->out, "{\"id\":\"%s\",\"pid\":0,\"status\":\"damaged\"}", id);
}

static void add(struct listing *l, const char *id)
{
	auto_container struct container *c = NULL;
	auto_buf struct buf one = { 0 };
	char owner[64];
	struct err e;

	if (l->opts->quiet) {
		buf_addf(&l->out, "%s\n", id);
		return;
	}
	if (container_open(&c, l->store, id, &e) < 0) {
		if (e.code != ERR_NOT_FOUND) /* deleted meanwhile is no news */
			add_damaged(l, id, &e);
		return;
	}
	owner_name(l, c, owner, sizeof(owner));
	if (l->opts->format == LIST_TABLE) {
		table_row(c, owner, &l->out);
		return;
	}
	c->state.owner_name = owner;
	if (container_state_json(c, &one, &e) < 0) {
		add_damaged(l, id, &e);
		return;
	}
	separate(l);
	buf_adds(&l->out, buf_str(&one));
}

static void add_all(struct listing *l, const struct strv *ids)
{
	bool json = l->opts->format == LIST_JSON && !l->opts->quiet;

	if (json)
		buf_adds(&l->out, "[");
	else if (!l->opts->quiet)
		buf_adds(&l->out, "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
	for (size_t i = 0; i < ids->n; i++)
		add(l, ids->v[i]);
	if (json)
		buf_adds(&l->out, "]\n");
}

static int run(const struct cli_global *g, void *opts, UNUSED const struct args *a, struct err *e)
{
	auto_strv struct strv ids = { 0 };
	auto_store struct store s = STORE_NONE;
	auto_buf struct buf aligned = { 0 };
	struct listing l = { .store = &s, .opts = opts, .first = true };

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = store_list(&s, &ids, e);
	if (r >= 0) {
		bool table = l.opts->format == LIST_TABLE && !l.opts->quiet;

		add_all(&l, &ids);
		if (table)
			align(buf_str(&l.out), &aligned);
		r = buf_error(&l.out) ? buf_error(&l.out) : cli_print(table ? &aligned : &l.out, e);
	}
	buf_free(&l.out);
	buf_free(&l.passwd);
	return r;
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[OPTIONS]",
	.summary = "list the containers",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct list_opts),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
