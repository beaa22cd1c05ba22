/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libketch: a facade over core for what stays outside of containers, and over the ketch program for what enters them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "config.h"
#include "core/stats.h"
#include "spec/load.h"

const char *ketch_version(void)
{
	return KETCH_VERSION;
}

ketch_context *ketch_context_new(void)
{
	return calloc(1, sizeof(ketch_context));
}

void ketch_context_free(ketch_context *c)
{
	if (!c)
		return;
	free(c->root);
	free(c->program);
	free(c->cgroup_manager);
	free(c);
}

static int set(char **where, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*where);
	*where = copy;
	return 0;
}

int ketch_context_set_root(ketch_context *c, const char *path)
{
	return set(&c->root, path);
}

int ketch_context_set_program(ketch_context *c, const char *path)
{
	return set(&c->program, path);
}

int ketch_context_set_cgroup_manager(ketch_context *c, const char *manager)
{
	return set(&c->cgroup_manager, manager);
}

/* ---- through the program ---- */

static int add_pair(struct strv *args, const char *option, const char *value)
{
	int r = value ? strv_add(args, option) : 0;

	return r >= 0 && value ? strv_add(args, value) : r;
}

static int add_flag(struct strv *args, const char *option, int on)
{
	return on ? strv_add(args, option) : 0;
}

static int create_args(struct strv *args, const char *id, const char *bundle,
		       const struct ketch_create_options *o)
{
	int r = strv_add(args, "create");

	if (r >= 0)
		r = add_pair(args, "--bundle", bundle);
	if (r >= 0 && o) {
		r = add_pair(args, "--console-socket", o->console_socket);
		if (r >= 0)
			r = add_pair(args, "--pid-file", o->pid_file);
		if (r >= 0 && o->preserve_fds)
			r = strv_addf(args, "--preserve-fds=%u", o->preserve_fds);
		if (r >= 0)
			r = add_flag(args, "--no-pivot", o->no_pivot);
		if (r >= 0)
			r = add_flag(args, "--no-new-keyring", o->no_new_keyring);
	}
	if (r >= 0)
		r = strv_add(args, "--");
	return r < 0 ? r : strv_add(args, id);
}

/* What failed without a word. */
static int silent_failure(int status, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "ketch ended with status %d and without a word", status);
}

int ketch_create(ketch_context *c, const char *id, const char *bundle,
		 const struct ketch_create_options *options, ketch_error **err)
{
	auto_strv struct strv args = { 0 };
	struct err e;
	int status = 0;

	int r = create_args(&args, id, bundle, options);
	r = r < 0 ? err_sys(&e, r, "arguments")
		  : api_spawn(c, &args, options ? options->preserve_fds : 0, &status, &e);
	if (r >= 0 && status != 0)
		r = silent_failure(status, &e);
	return r < 0 ? api_fail(r, &e, err) : 0;
}

static int exec_args(struct strv *args, const char *id, const char *const *argv,
		     const struct ketch_exec_options *o)
{
	int r = strv_add(args, "exec");

	if (r >= 0 && o) {
		r = add_pair(args, "--process", o->process_file);
		if (r >= 0)
			r = add_pair(args, "--cwd", o->cwd);
		if (r >= 0)
			r = add_pair(args, "--user", o->user);
		for (size_t i = 0; r >= 0 && o->env && o->env[i]; i++)
			r = add_pair(args, "--env", o->env[i]);
		if (r >= 0)
			r = add_pair(args, "--pid-file", o->pid_file);
		if (r >= 0)
			r = add_pair(args, "--console-socket", o->console_socket);
		if (r >= 0)
			r = add_flag(args, "--detach", o->detach);
		if (r >= 0)
			r = add_flag(args, "--tty", o->tty);
	}
	if (r >= 0)
		r = strv_add(args, "--"); /* an id may begin with a dash */
	if (r >= 0)
		r = strv_add(args, id);
	for (size_t i = 0; r >= 0 && argv && argv[i]; i++)
		r = strv_add(args, argv[i]);
	return r;
}

int ketch_exec(ketch_context *c, const char *id, const char *const *argv,
	       const struct ketch_exec_options *options, int *exit_status, ketch_error **err)
{
	auto_strv struct strv args = { 0 };
	struct err e;
	int status = 0;

	int r = exec_args(&args, id, argv, options);
	r = r < 0 ? err_sys(&e, r, "arguments") : api_spawn(c, &args, 0, &status, &e);
	if (r < 0)
		return api_fail(r, &e, err);
	if (exit_status)
		*exit_status = status;
	return 0;
}

/* ---- in this process ---- */

/* Opens state root and container, does ACT, closes. */
static int with_container(const ketch_context *c, const char *id,
			  int (*act)(struct container *ct, void *data, struct err *e), void *data,
			  ketch_error **err)
{
	auto_store struct store s = { .fd = -EBADF };
	auto_container struct container *ct = NULL;
	struct err e;

	int r = store_open(&s, c->root, false, &e);
	if (r >= 0)
		r = container_open(&ct, &s, id, &e);
	if (r >= 0)
		r = act(ct, data, &e);
	return r < 0 ? api_fail(r, &e, err) : 0;
}

int ketch_start(ketch_context *c, const char *id, ketch_error **err)
{
	auto_store struct store s = { .fd = -EBADF };
	struct err e;

	int r = store_open(&s, c->root, false, &e);
	if (r >= 0)
		r = container_start(&s, id, NULL, &e);
	return r < 0 ? api_fail(r, &e, err) : 0;
}

struct signal_all {
	int signal, all;
};

static int do_kill(struct container *ct, void *data, struct err *e)
{
	const struct signal_all *s = data;

	return container_kill(ct, s->signal, s->all != 0, e);
}

int ketch_kill(ketch_context *c, const char *id, int signal, int all, ketch_error **err)
{
	struct signal_all s = { signal, all };

	return with_container(c, id, do_kill, &s, err);
}

static int do_pause(struct container *ct, void *data, struct err *e)
{
	return container_pause(ct, *(const bool *)data, e);
}

int ketch_pause(ketch_context *c, const char *id, ketch_error **err)
{
	bool pause = true;

	return with_container(c, id, do_pause, &pause, err);
}

int ketch_resume(ketch_context *c, const char *id, ketch_error **err)
{
	bool pause = false;

	return with_container(c, id, do_pause, &pause, err);
}

static int do_update(struct container *ct, void *data, struct err *e)
{
	return container_update(ct, data, NULL, e);
}

int ketch_update(ketch_context *c, const char *id, const char *resources, ketch_error **err)
{
	auto_arena struct arena arena = { 0 };
	struct spec_resources *change;
	struct err e;

	int r = spec_load_resources(&change, &arena, resources, strlen(resources), NULL, &e);
	return r < 0 ? api_fail(r, &e, err) : with_container(c, id, do_update, change, err);
}

static int do_stats(struct container *ct, void *data, struct err *e)
{
	auto_stats struct stats s = { 0 };
	struct buf *line = data;

	int r = container_stats(ct, &s, e);
	if (r < 0)
		return r;
	stats_event_json(&s, ct->id, line);
	return buf_error(line) < 0 ? err_sys(e, -ENOMEM, "stats") : 0;
}

int ketch_stats(ketch_context *c, const char *id, char **ret_json, ketch_error **err)
{
	auto_buf struct buf line = { 0 };
	int r = with_container(c, id, do_stats, &line, err);

	if (r < 0)
		return r;
	*ret_json = buf_take(&line);
	return 0;
}

int ketch_delete(ketch_context *c, const char *id, int force, ketch_error **err)
{
	auto_store struct store s = { .fd = -EBADF };
	struct err e;

	int r = store_open(&s, c->root, false, &e);
	if (r >= 0)
		r = container_delete(&s, id, force ? DELETE_FORCE : 0, &e);
	return r < 0 ? api_fail(r, &e, err) : 0;
}

int ketch_list(ketch_context *c, int (*fn)(void *data, const char *id), void *data,
	       ketch_error **err)
{
	auto_store struct store s = { .fd = -EBADF };
	auto_strv struct strv ids = { 0 };
	struct err e;

	int r = store_open(&s, c->root, false, &e);
	if (r >= 0)
		r = store_list(&s, &ids, &e);
	if (r < 0)
		return api_fail(r, &e, err);
	for (size_t i = 0; r >= 0 && i < ids.n; i++)
		r = fn(data, ids.v[i]);
	return r;
}
