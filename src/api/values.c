/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The opaque values of libketch: errors and states. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"

int api_fail(int r, const struct err *e, ketch_error **ret)
{
	if (ret) {
		ketch_error *copy = malloc(sizeof(*copy));

		if (copy)
			copy->e = *e;
		*ret = copy; /* without memory the number has to do */
	}
	return r;
}

/* Without memory for an error, and after a callback's own negative return, there is none. */
static const struct err *known(const ketch_error *e)
{
	static const struct err none = { .code = ERR_INTERNAL };

	return e ? &e->e : &none;
}

enum ketch_error_code ketch_error_code(const ketch_error *e)
{
	return (enum ketch_error_code)known(e)->code;
}

const char *ketch_error_code_name(const ketch_error *e)
{
	return err_code_name(known(e)->code);
}

int ketch_error_errno(const ketch_error *e)
{
	return known(e)->errnum;
}

const char *ketch_error_message(const ketch_error *e)
{
	return known(e)->msg;
}

const char *ketch_error_step(const ketch_error *e)
{
	return known(e)->step;
}

const char *ketch_error_json_path(const ketch_error *e)
{
	return known(e)->where;
}

unsigned ketch_error_line(const ketch_error *e)
{
	return known(e)->line;
}

unsigned ketch_error_column(const ketch_error *e)
{
	return known(e)->col;
}

const char *ketch_error_hint(const ketch_error *e)
{
	return known(e)->hint;
}

void ketch_error_free(ketch_error *e)
{
	free(e);
}

/* ---- state ---- */

struct ketch_state {
	char *id, *bundle, *json;
	const char *status;
	pid_t pid;
};

void ketch_state_free(ketch_state *s)
{
	if (!s)
		return;
	free(s->id);
	free(s->bundle);
	free(s->json);
	free(s);
}

static int fill_state(ketch_state *s, const struct container *ct, struct err *e)
{
	auto_buf struct buf json = { 0 };
	enum container_status status;

	int r = container_look(ct, &status, e);
	if (r >= 0)
		r = container_state_json(ct, &json, e);
	if (r < 0)
		return r;
	s->id = strdup(ct->id);
	s->bundle = strdup(ct->has_state ? ct->state.bundle : "");
	s->json = buf_take(&json);
	s->status = container_status_name(status);
	s->pid = ct->has_state && status != C_STOPPED && status != C_CREATING ? (pid_t)ct->state.pid
									      : 0;
	return s->id && s->bundle && s->json ? 0 : err_sys(e, -ENOMEM, "state");
}

int ketch_state_get(ketch_context *c, const char *id, ketch_state **ret, ketch_error **err)
{
	auto_store struct store st = { .fd = -EBADF };
	auto_container struct container *ct = NULL;
	struct err e;
	ketch_state *s = NULL;

	int r = store_open(&st, c->root, false, &e);
	if (r >= 0)
		r = container_open(&ct, &st, id, &e);
	if (r >= 0 && !(s = calloc(1, sizeof(*s))))
		r = err_sys(&e, -ENOMEM, "state");
	if (r >= 0)
		r = fill_state(s, ct, &e);
	if (r < 0) {
		ketch_state_free(s);
		return api_fail(r, &e, err);
	}
	*ret = s;
	return 0;
}

const char *ketch_state_id(const ketch_state *s)
{
	return s->id;
}

const char *ketch_state_status(const ketch_state *s)
{
	return s->status;
}

pid_t ketch_state_pid(const ketch_state *s)
{
	return s->pid;
}

const char *ketch_state_bundle(const ketch_state *s)
{
	return s->bundle;
}

const char *ketch_state_json(const ketch_state *s)
{
	return s->json;
}
