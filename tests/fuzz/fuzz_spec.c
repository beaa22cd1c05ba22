/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: config.json, process and resources documents. What loads must hold what the model promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/json.h"
#include "spec/load.h"
#include "spec/rest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_error(const struct err *e)
{
	require(e->code == ERR_SPEC && e->msg[0]);
	require(e->where[0] == '$' && e->line > 0 && e->col > 0);
}

static void on_finding(void *ctx, const struct err *e)
{
	check_error(e);
	++*(int *)ctx;
}

static void check_model(const struct spec *s)
{
	require(s->lnx && s->root_path && s->oci_version);
	require(!s->process || (s->process->args.n > 0 && s->process->cwd[0] == '/'));
	for (size_t i = 0; i < s->mounts.n; i++)
		require(s->mounts.v[i].destination[0] == '/');
	for (size_t i = 0; i < s->warnings.n; i++)
		require(s->warnings.v[i].line > 0 && s->warnings.v[i].text &&
			s->warnings.v[i].where);
	for (size_t i = 0; s->lnx->seccomp && i < s->lnx->seccomp->syscalls.n; i++)
		require(s->lnx->seccomp->syscalls.v[i].names.n > 0);
}

/* What is left of a refused config is one that is not refused. */
static void check_rest(const char *text, size_t size, bool refused)
{
	char where[] = "$.mounts[1].options[0]";
	struct rest rest = { 0 };
	struct spec *s = NULL;

	require(rest_load(&s, &rest, text, size) == 0);
	require(refused || (s && rest.n == 0));
	if (s)
		check_model(s);
	rest_place(&rest, where, sizeof(where));
	require(!memcmp(where, "$.mounts[", 9) && strlen(where) < sizeof(where));
	rest_free(&rest);
	spec_free(s);
}

static void check_warnings(const spec_warnings *all)
{
	for (size_t i = 0; i < all->n; i++)
		require(all->v[i].line > 0 && all->v[i].where[0] == '$' && all->v[i].text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct spec *loaded = NULL, *checked = NULL;
	struct spec_process *process;
	struct spec_resources *resources;
	spec_warnings of_process = { 0 }, of_resources = { 0 };
	struct arena arena = { 0 };
	struct err e = { 0 };
	int findings = 0;

	int r = spec_load(&loaded, text, size, &e);
	if (r < 0)
		check_error(&e);
	else
		check_model(loaded);
	int n = spec_check(&checked, text, size, on_finding, NULL, &findings);
	require(n == findings && (n > 0) == (r < 0));
	require((n == 0) == (checked != NULL));
	spec_free(loaded);
	spec_free(checked);
	check_rest(text, size, n > 0);

	if (spec_load_process(&process, &arena, text, size, &of_process, &e) < 0)
		check_error(&e);
	else
		check_warnings(&of_process);
	if (spec_load_resources(&resources, &arena, text, size, &of_resources, &e) < 0)
		check_error(&e);
	else
		check_warnings(&of_resources);
	arena_free(&arena);
	return 0;
}
