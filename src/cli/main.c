/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ketch program: global options, the command table, and the only place that prints errors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/version.h"
#include "spec/load.h"
#include "spec/names.h"
#include "sys/fdpass.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "sys/selfexe.h"

/* At a terminal place and hint stand on lines of their own. */
static void for_people(const struct err *e, const char *document, struct buf *out)
{
	auto_buf struct buf place = { 0 };

	if (e->step[0])
		buf_addf(out, "%s: ", e->step);
	buf_addf(out, "%s\n", e->msg);
	err_place(e, document, &place);
	if (place.len)
		buf_addf(out, "  at   %s\n", buf_str(&place));
	if (e->hint[0])
		buf_addf(out, "  hint %s\n", e->hint);
}

static void report(const struct err *e, const char *document, bool log_only)
{
	auto_buf struct buf out = { 0 };

	log_err(e, document); /* first: SIGPIPE may come of the other */
	if (log_only && log_fd() >= 0)
		return;
	buf_adds(&out, "ketch: ");
	if (isatty(STDERR_FILENO)) {
		for_people(e, document, &out);
	} else {
		err_line(e, document, &out);
		buf_addc(&out, '\n');
	}
	(void)host_write_fd(STDERR_FILENO, buf_str(&out), out.len);
}

static int help(struct err *e)
{
	auto_buf struct buf out = { 0 };

	buf_adds(&out, "usage: ketch [GLOBAL OPTIONS] COMMAND [OPTIONS] …\n\ncommands:\n");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(&out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	buf_adds(&out, "\nglobal options:\n");
	opt_help(global_options, n_global_options, &out);
	buf_adds(&out, "\n`ketch COMMAND --help` tells more.\n");
	return cli_print(&out, e);
}

static int help_command(const struct command *c, struct err *e)
{
	auto_buf struct buf out = { 0 };

	buf_addf(&out, "usage: ketch %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage,
		 c->summary);
	if (c->n_opts)
		buf_adds(&out, "\noptions:\n");
	opt_help(c->opts, c->n_opts, &out);
	return cli_print(&out, e);
}

/* crun's names for other places than a file: "journald:NAME". */
static const struct log_place {
	const char *prefix, *socket; /* NULL: a file */
	enum log_format format;
} log_places[] = {
	{ "file:", NULL, LOG_TEXT },
	{ "syslog:", "/dev/log", LOG_SYSLOG },
	{ "journald:", "/run/systemd/journal/socket", LOG_JOURNAL },
};

/* O_NONBLOCK: neither a FIFO without a reader nor a slow reader may hold a container up. */
static int open_log_file(const char *path, struct err *e)
{
	int fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0644);

	if (fd >= 0)
		return fd;
	err_sys(e, fd, "open the log '%s'", path);
	if (fd == -ENXIO)
		return err_hint(e, "it is a FIFO or a socket, and nobody reads it");
	return err_hint(e, "--log takes a file in a directory that exists and may be written to");
}

static int open_log_place(const char *log, struct log_config *lc, struct err *e)
{
	for (size_t i = 0; i < N_ELEMENTS(log_places); i++) {
		const struct log_place *p = &log_places[i];
		size_t len = strlen(p->prefix);

		if (strncmp(log, p->prefix, len) != 0)
			continue;
		if (!p->socket)
			return open_log_file(log + len, e);
		lc->format = p->format;
		lc->ident = log[len] ? log + len : "ketch";
		int fd = fdpass_connect(p->socket, SOCK_DGRAM);
		return fd < 0 ? err_sys(e, fd, "open the log '%s': connect to %s", log, p->socket)
			      : fd;
	}
	return open_log_file(log, e);
}

static int open_log(const struct cli_global *g, struct err *e)
{
	struct log_config lc = {
		.fd = -1,
		.format = (enum log_format)g->log_format,
		.level = g->debug ? LOG_DEBUG : (enum log_level)g->log_level,
		.terminal = !g->log_only && isatty(STDERR_FILENO),
	};

	int r = 0;

	if (g->log && *g->log)
		lc.fd = r = open_log_place(g->log, &lc, e);
	log_init(&lc);
	return r < 0 ? r : 0;
}

static int call(const struct cli_global *g, const struct command *c, int argc, char **argv,
		struct err *e)
{
	char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	void *opts = calloc(1, c->opt_size ? c->opt_size : 1);
	struct args a = { .v = rest };
	const struct opt_parse outer = { .opts = global_options, .n_opts = n_global_options };
	struct opt_parse p = { .opts = c->opts,
			       .n_opts = c->n_opts,
			       .out = opts,
			       .stop_at_positional = c->stop_at_positional,
			       .command = c->name,
			       .outer = &outer };

	int r = rest && opts ? 0 : err_sys(e, -ENOMEM, "options");
	if (r >= 0)
		r = opt_parse(&p, argc, argv, rest, &a.n, e);
	if (r == 1) {
		r = help_command(c, e);
	} else if (r >= 0 && (a.n < c->min_args || (c->max_args >= 0 && a.n > c->max_args))) {
		r = err_set(e, ERR_USAGE, "%s: %s argument (usage: ketch %s%s%s)", c->name,
			    a.n < c->min_args ? "missing" : "unexpected", c->name,
			    *c->usage ? " " : "", c->usage);
	} else if (r >= 0) {
		r = c->protect ? selfexe_protect(g->argv, e) : 0;
		if (r >= 0)
			r = c->run(g, opts, &a, e);
	}
	free(rest);
	free(opts);
	return r;
}

static const struct command *find_command(const char *name, struct err *e)
{
	struct name_search s = name_search_begin(name);

	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		name_search_try(&s, commands[i]->name);
	}
	const char *near = name_search_end(&s);
	err_set(e, ERR_USAGE, "unknown command '%s'", name);
	if (near)
		err_hint(e, "did you mean '%s'?", near);
	err_hint(e, "`ketch --help` lists the commands");
	return NULL;
}

static int dispatch(const struct cli_global *g, int argc, char **argv, int *fail_status,
		    struct err *e)
{
	int r = open_log(g, e);

	if (r < 0)
		return r;
	if (g->version) {
		auto_buf struct buf out = { 0 };

		version_text(&out);
		return cli_print(&out, e);
	}
	bool only_help = argc > 0 && strcmp(argv[0], "help") == 0;
	if (only_help && argc == 1)
		return help(e);
	if (argc == 0) {
		err_set(e, ERR_USAGE, "no command is given");
		return err_hint(e, "`ketch --help` lists them");
	}
	const struct command *c = find_command(argv[only_help], e);
	if (!c)
		return err_errno(e);
	if (only_help)
		return help_command(c, e);
	*fail_status = c->fail_status ? c->fail_status : 1;
	return call(g, c, argc - 1, argv + 1, e);
}

/* Descriptors 0 to 2 must exist, or the next file we open would become the container's output. */
static int fill_stdio(struct err *e)
{
	for (int i = 0; i <= 2; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		int fd = sys_open("/dev/null", O_RDWR, 0); /* the lowest that is free: this one */
		if (fd < 0 || fcntl(fd, F_SETFD, 0) < 0)
			return err_sys(e, fd < 0 ? fd : -errno,
				       "open /dev/null as descriptor %d, which is closed", i);
	}
	return 0;
}

/*
 * A usage error belongs in the log too, in its form: options after the one at fault may say where that is (Podman puts --runtime-flag before
 * --log-format and --log). What follows a command may be words for a container's program.
 */
static void find_log(struct opt_parse *p, int argc, char **argv, char **rest)
{
	struct err ignored;
	int n;

	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0 && !find_command(argv[i], &ignored);
	     i++) {
		const char *name = argv[i] + strspn(argv[i], "-");
		size_t len = strcspn(name, "=");

		if (name > argv[i] && (len == strlen("log") || len == strlen("log-format")) &&
		    strncmp(name, "log-format", len) == 0)
			(void)opt_parse(p, MIN(name[len] ? 1 : 2, argc - i), argv + i, rest, &n,
					&ignored);
	}
	(void)open_log(p->out, &ignored);
}

int main(int argc, char **argv)
{
	const char *document = "config.json";
	struct cli_global g = {
		.log_level = LOG_WARNING, .rootless = TRI_AUTO, .document = &document, .argv = argv
	};
	struct opt_parse p = { .opts = global_options,
			       .n_opts = n_global_options,
			       .out = &g,
			       .stop_at_positional = true };
	char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	struct err e = { 0 };
	int n_rest = 0, fail_status = 1;

	/* inherited as ignored, it would take our children's exit statuses */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE is an error to undo everything for, not our end */
	int r = fill_stdio(&e);
	if (r >= 0)
		r = rest ? opt_parse(&p, MAX(argc - 1, 0), argv + 1, rest, &n_rest, &e)
			 : err_sys(&e, -ENOMEM, "options");
	if (r == 1) {
		r = help(&e);
	} else if (r < 0) {
		if (rest)
			find_log(&p, argc - 1, argv + 1, rest);
	} else {
		r = dispatch(&g, n_rest, rest, &fail_status, &e);
	}
	if (r < 0)
		report(&e, document, g.log_only);
	free(rest);
	log_close();
	return r < 0 ? fail_status : r;
}
