/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch ps: the processes of a container. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/host_ps.h"
#include "core/pids.h"
#include "util/parse.h"

enum ps_format { PS_TABLE, PS_JSON };

struct ps_opts {
	int format;
};

static const struct opt_word formats[] = { { "table", PS_TABLE }, { "json", PS_JSON }, { 0 } };

static const struct opt options[] = {
	{ .short_name = 'f',
	  .name = "format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct ps_opts, format),
	  .arg = "table|json",
	  .words = formats,
	  .help = "form of the answer" },
};

static void json(const struct pids *p, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < p->n; i++)
		buf_addf(out, "%s%d", i ? "," : "", p->v[i]);
	buf_adds(out, "]\n");
}

/* The number in column COLUMN of LINE, 0 when there is none. */
static pid_t pid_in_column(const char *line, int column)
{
	auto_str char *copy = strdup(line);
	char *rest = copy, *word;
	uint32_t pid;

	while (copy && (word = strsep(&rest, " \t"))) {
		if (*word && column-- == 0)
			return parse_u32(word, &pid) == 0 ? (pid_t)pid : 0;
	}
	return 0;
}

static int pid_column(const char *header)
{
	auto_str char *copy = strdup(header);
	char *rest = copy, *word;
	int column = 0;

	while (copy && (word = strsep(&rest, " \t"))) {
		if (strcmp(word, "PID") == 0)
			return column;
		column += *word != '\0';
	}
	return -1;
}

/* The header, and the lines whose PID is one of ours. */
static int filter(char *text, const struct pids *p, struct buf *out, struct err *e)
{
	char *line = strsep(&text, "\n");
	int column = line ? pid_column(line) : -1;

	if (column < 0)
		return err_set(e, ERR_USAGE, "ps: the output has no PID column");
	buf_addf(out, "%s\n", line);
	while ((line = strsep(&text, "\n"))) {
		pid_t pid = pid_in_column(line, column);

		if (pid && pids_have(p, pid))
			buf_addf(out, "%s\n", line);
	}
	return 0;
}

static int table(const struct args *a, const struct pids *p, struct buf *out, struct err *e)
{
	auto_buf struct buf all = { 0 };
	char *default_args[] = { (char *)"-ef", NULL };

	int r = host_ps(a->n > 1 ? a->v + 1 : default_args, &all, e);
	if (r < 0)
		return r;
	if (p->n == 0 || !all.p) {
		const char *end = strchr(buf_str(&all), '\n');

		buf_add(out, buf_str(&all), end ? (size_t)(end - buf_str(&all)) + 1 : 0);
		return 0;
	}
	return filter(all.p, p, out, e);
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct ps_opts *o = opts;
	auto_pids struct pids pids = { 0 };
	auto_buf struct buf out = { 0 };
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	if (r >= 0)
		r = pids_of(c, SIZE_MAX, &pids, e);
	if (r >= 0 && o->format == PS_JSON)
		json(&pids, &out);
	else if (r >= 0)
		r = table(a, &pids, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[-f table|json] ID [PS OPTIONS]",
	.summary = "list the processes of a container",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct ps_opts),
	.min_args = 1,
	.max_args = -1,
	.stop_at_positional = true,
	.run = run,
};
