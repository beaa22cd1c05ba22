/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs every config of oci-spec-fixtures: valid/ (and below) must load, invalid/X.json must fail as X.err says:
 *
 *	code: spec
 *	path: $.process.rlimits[1].type
 *	line: 12
 *	column: 17              (may be left out)
 *	words: twice, RLIMIT    (each in the message or the hint)
 *
 * Beside a valid X.json there may be X.warn: each line is part of a warning that loading gives, or its path. Without
 * one there must be no warning.
 *
 * usage: test_fixtures DIR    all of them, as TAP
 *        test_fixtures FILE…  what loading each file says, in the form of an .err file: for writing new ones
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spec/load.h"
#include "util/strv.h"

/* Whole file, ended by a NUL; NULL when it can't be read. */
static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	struct stat st;

	if (f && fstat(fileno(f), &st) == 0 && (text = malloc((size_t)st.st_size + 1))) {
		*len = fread(text, 1, (size_t)st.st_size, f);
		text[*len] = '\0';
	}
	if (f)
		fclose(f);
	return text;
}

static void collect(struct strv *files, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, name);
		struct stat st;
		if (name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				collect(files, path);
			else if (len > 5 && strcmp(name + len - 5, ".json") == 0)
				strv_add(files, path);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* X.json → X plus SUFFIX, read. */
static char *read_beside(const char *json_path, const char *suffix)
{
	char path[4096];
	size_t len;

	snprintf(path, sizeof(path), "%.*s%s", (int)strlen(json_path) - 5, json_path, suffix);
	return read_file(path, &len);
}

static bool expect_text(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return true;
	printf("# %s is '%s', not '%s'\n", what, got, want);
	return false;
}

static bool expect_number(const char *what, unsigned got, const char *want)
{
	if (got == strtoul(want, NULL, 10))
		return true;
	printf("# %s is %u, not %s\n", what, got, want);
	return false;
}

static bool expect_words(const struct err *e, char *words)
{
	bool ok = true;
	char *save = NULL;

	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		w += strspn(w, " ");
		if (!strstr(e->msg, w) && !strstr(e->hint, w)) {
			printf("# '%s' is neither in the message nor in the hint\n", w);
			ok = false;
		}
	}
	return ok;
}

static bool expect_line(const struct err *e, char *line)
{
	char *value = strchr(line, ':');

	if (!value) {
		printf("# malformed line in the .err file: %s\n", line);
		return false;
	}
	*value++ = '\0';
	value += strspn(value, " ");
	if (strcmp(line, "code") == 0)
		return expect_text("code", err_code_name(e->code), value);
	if (strcmp(line, "path") == 0)
		return expect_text("path", e->where, value);
	if (strcmp(line, "line") == 0)
		return expect_number("line", e->line, value);
	if (strcmp(line, "column") == 0)
		return expect_number("column", e->col, value);
	if (strcmp(line, "words") == 0)
		return expect_words(e, value);
	printf("# unknown word in the .err file: %s\n", line);
	return false;
}

static void print_err(const struct err *e)
{
	printf("# code: %s\n# path: %s\n# line: %u\n# column: %u\n# message: %s\n# hint: %s\n",
	       err_code_name(e->code), e->where, e->line, e->col, e->msg, e->hint);
}

static bool check_invalid(const char *path, const struct err *e, int r)
{
	char *want = read_beside(path, ".err");
	bool ok = true;
	char *save = NULL;

	if (r >= 0) {
		printf("# loads without an error\n");
		ok = false;
	} else if (!want) {
		printf("# there is no .err file\n");
		ok = false;
	} else if (*want == '\0') {
		printf("# the .err file is empty\n");
		ok = false;
	}
	for (char *l = ok ? strtok_r(want, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		if (*l != '#')
			ok = expect_line(e, l) && ok;
	}
	if (!ok && r < 0)
		print_err(e);
	free(want);
	return ok;
}

static bool check_warnings(const char *path, const struct spec *s)
{
	char *want = read_beside(path, ".warn");
	bool ok = true;
	char *save = NULL;

	if (!want && s->warnings.n > 0) {
		printf("# warning: %s %s\n", s->warnings.v[0].where, s->warnings.v[0].text);
		ok = false;
	}
	for (char *l = want ? strtok_r(want, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		bool found = false;

		for (size_t i = 0; i < s->warnings.n; i++)
			found = found || strstr(s->warnings.v[i].text, l) ||
				strcmp(s->warnings.v[i].where, l) == 0;
		if (!found) {
			printf("# no warning says '%s'\n", l);
			ok = false;
		}
	}
	free(want);
	return ok;
}

static void no_finding(void *ctx, const struct err *e)
{
	unsigned *n = ctx;

	(*n)++;
	(void)e;
}

/* spec_check() must come to the same conclusion. */
static bool check_agrees(const char *text, size_t len, bool valid)
{
	struct spec *s = NULL;
	unsigned n = 0;
	int r = spec_check(&s, text, len, no_finding, NULL, &n);

	spec_free(s);
	if (r < 0 || (unsigned)r != n || (r == 0) != valid) {
		printf("# spec_check() gives %d, with %u findings\n", r, n);
		return false;
	}
	return true;
}

static bool run(const char *path, bool valid)
{
	struct spec *s = NULL;
	struct err e = { 0 };
	size_t len;
	char *text = read_file(path, &len);
	bool ok;

	if (!text) {
		printf("# can't be read: %s\n", strerror(errno));
		return false;
	}
	int r = spec_load(&s, text, len, &e);
	if (valid) {
		ok = r >= 0 && check_warnings(path, s);
		if (r < 0)
			print_err(&e);
	} else {
		ok = check_invalid(path, &e, r);
	}
	ok = check_agrees(text, len, valid) && ok;
	spec_free(s);
	free(text);
	return ok;
}

static int run_all(const char *dir)
{
	struct strv valid = { 0 }, invalid = { 0 };
	char path[4096];
	int bad = 0;

	snprintf(path, sizeof(path), "%s/valid", dir);
	collect(&valid, path);
	snprintf(path, sizeof(path), "%s/invalid", dir);
	collect(&invalid, path);
	printf("1..%zu\n", valid.n + invalid.n);
	for (size_t i = 0; i < valid.n + invalid.n; i++) {
		const char *file = i < valid.n ? valid.v[i] : invalid.v[i - valid.n];
		bool ok = run(file, i < valid.n);

		printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, file + strlen(dir) + 1);
		bad += !ok;
	}
	strv_free(&valid);
	strv_free(&invalid);
	return bad ? 1 : 0;
}

static void show(const char *path)
{
	struct spec *s = NULL;
	struct err e = { 0 };
	size_t len;
	char *text = read_file(path, &len);

	printf("# %s\n", path);
	if (!text) {
		printf("# can't be read\n");
		return;
	}
	if (spec_load(&s, text, len, &e) < 0) {
		printf("code: %s\npath: %s\nline: %u\ncolumn: %u\n# message: %s\n# hint: %s\n",
		       err_code_name(e.code), e.where, e.line, e.col, e.msg, e.hint);
	}
	for (size_t i = 0; s && i < s->warnings.n; i++)
		printf("# warning: %s %u:%u %s\n", s->warnings.v[i].where, s->warnings.v[i].line,
		       s->warnings.v[i].col, s->warnings.v[i].text);
	spec_free(s);
	free(text);
}

int main(int argc, char **argv)
{
	const char *dot = argc == 2 ? strrchr(argv[1], '.') : NULL;

	if (argc == 2 && (!dot || strcmp(dot, ".json") != 0))
		return run_all(argv[1]);
	for (int i = 1; i < argc; i++)
		show(argv[i]);
	return argc > 1 ? 0 : 2;
}
