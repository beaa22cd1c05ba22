/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading plugins, and one request's way through them. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "agent/plugins.h"
#include "sys/raw.h"
#include "util/cleanup.h"
#include "util/parse.h"

enum { MAX_ERRNO = 4095 };

struct plugin {
	char *name; /* as the annotation has it */
	void *library;
	plugin_handle_fn *handle;
	plugin_stop_fn *stop; /* NULL: none */
	void *opaque;
	bool started;
};

struct plugins {
	struct plugin *v;
	size_t n;
	/* as large as the kernel has them, which may be larger than these headers */
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif *req;
	struct seccomp_notif_resp *resp;
};

/* ---- loading ---- */

/* What dlsym gives is data; ISO C has no cast from it to a function. */
#define FUNCTION(library, name, type)                                                              \
	((union {                                                                                  \
		 void *data;                                                                       \
		 type *function;                                                                   \
	 }){ dlsym(library, name) }                                                                \
		 .function)

static int check_version(const struct plugin *p, struct err *e)
{
	plugin_version_fn *version = FUNCTION(p->library, PLUGIN_VERSION, plugin_version_fn);
	int v = version ? version() : PLUGIN_ABI;

	if (v == PLUGIN_ABI)
		return 0;
	err_set(e, ERR_UNSUPPORTED, "plugin '%s' is of version %d of the plugins' interface",
		p->name, v);
	return err_hint(e, "only version %d is known", PLUGIN_ABI);
}

static int load_one(struct plugin *p, struct plugin_container *c, struct err *e)
{
	p->library = dlopen(p->name, RTLD_NOW);
	if (!p->library) {
		err_set(e, ERR_NOT_FOUND, "load plugin '%s': %s", p->name, dlerror());
		return err_hint(e, "a plugin is a shared library: an absolute path, or a name that "
				   "the dynamic linker finds (ld.so(8))");
	}
	int r = check_version(p, e);
	if (r < 0)
		return r;
	p->handle = FUNCTION(p->library, PLUGIN_HANDLE, plugin_handle_fn);
	if (!p->handle)
		return err_set(e, ERR_UNSUPPORTED, "plugin '%s' has no function %s", p->name,
			       PLUGIN_HANDLE);
	p->stop = FUNCTION(p->library, PLUGIN_STOP, plugin_stop_fn);

	plugin_start_fn *start = FUNCTION(p->library, PLUGIN_START, plugin_start_fn);
	r = start ? start(&p->opaque, c, sizeof(*c)) : 0;
	if (r != 0)
		return err_sys(e, r < 0 && r >= -MAX_ERRNO ? r : -EIO,
			       "plugin '%s' refuses to start", p->name);
	p->started = true;
	return 0;
}

/* Room for the kernel's structures and for those that plugins were built with. */
static int make_buffers(struct plugins *p, struct err *e)
{
	int r = (int)sys_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &p->sizes);

	if (r < 0)
		return err_sys(e, r, "ask for the sizes of seccomp notifications");
	p->req = calloc(1, MAX((size_t)p->sizes.seccomp_notif, sizeof(*p->req)));
	p->resp = calloc(1, MAX((size_t)p->sizes.seccomp_notif_resp, sizeof(*p->resp)));
	return p->req && p->resp ? 0 : err_sys(e, -ENOMEM, "load plugins");
}

static int load_all(struct plugins *p, const char *list, struct plugin_container *c, struct err *e)
{
	const char *word;
	size_t len;

	p->v = calloc(strlen(list) / 2 + 1, sizeof(*p->v));
	if (!p->v)
		return err_sys(e, -ENOMEM, "load plugins");
	while ((word = parse_list_word(&list, &len))) {
		struct plugin *one = &p->v[p->n++];

		one->name = strndup(word, len);
		int r = one->name ? load_one(one, c, e) : err_sys(e, -ENOMEM, "load plugins");
		if (r < 0)
			return r;
	}
	return 0;
}

int plugins_load(struct plugins **ret, const char *list, struct plugin_container *c, struct err *e)
{
	struct plugins *p = calloc(1, sizeof(*p));

	if (!p)
		return err_sys(e, -ENOMEM, "load plugins");
	int r = make_buffers(p, e);
	if (r >= 0)
		r = load_all(p, list, c, e);
	if (r < 0) {
		plugins_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void plugins_free(struct plugins *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct plugin *one = &p->v[i];

		if (one->started && one->stop)
			(void)one->stop(one->opaque);
		if (one->library)
			dlclose(one->library);
		free(one->name);
	}
	free(p->v);
	free(p->req);
	free(p->resp);
	free(p);
}

/* ---- answering ---- */

/* The call fails with ERRNUM. */
static void refuse(struct plugins *p, int errnum)
{
	p->resp->val = 0;
	p->resp->error = -errnum;
	p->resp->flags = 0;
}

/* 1: a plugin did wrong, which *e tells; the response holds an error then. */
static int ask(struct plugins *p, int notify_fd, int *verdict, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct plugin *one = &p->v[i];

		*verdict = PLUGIN_NOT_MINE;
		int r = one->handle(one->opaque, &p->sizes, p->req, p->resp, notify_fd, verdict);
		if (r != 0) {
			r = r < 0 && r >= -MAX_ERRNO ? -r : EIO;
			err_sys(e, -r, "plugin '%s' fails at system call %d", one->name,
				p->req->data.nr);
			refuse(p, r);
			return 1;
		}
		if (*verdict < PLUGIN_NOT_MINE || *verdict > PLUGIN_CONTINUE) {
			err_set(e, ERR_INTERNAL, "plugin '%s' gives %d for system call %d",
				one->name, *verdict, p->req->data.nr);
			refuse(p, EIO);
			return 1;
		}
		if (*verdict != PLUGIN_NOT_MINE)
			return 0;
	}
	refuse(p, EOPNOTSUPP);
	return 0;
}

static int send_response(struct plugins *p, int notify_fd)
{
	p->resp->id = p->req->id;
	if (ioctl(notify_fd, SECCOMP_IOCTL_NOTIF_SEND, p->resp) == 0)
		return 0;
	/* the caller is gone, or has its answer from the plugin */
	return errno == ENOENT || errno == EINPROGRESS ? 0 : -errno;
}

int plugins_answer(struct plugins *p, int notify_fd, struct err *e)
{
	int verdict = PLUGIN_NOT_MINE;

	memset(p->req, 0, p->sizes.seccomp_notif);
	memset(p->resp, 0, p->sizes.seccomp_notif_resp);
	if (ioctl(notify_fd, SECCOMP_IOCTL_NOTIF_RECV, p->req) < 0) /* ENOENT: has just died */
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	int wrong = ask(p, notify_fd, &verdict, e);
	if (!wrong && verdict == PLUGIN_LATER)
		return 0;
	if (!wrong && verdict == PLUGIN_CONTINUE) {
		refuse(p, 0); /* the kernel takes no value beside the flag */
		p->resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
	int r = send_response(p, notify_fd);
	if (r < 0) { /* nobody is to wait for ever */
		err_sys(e, r, "answer system call %d", p->req->data.nr);
		refuse(p, EIO);
		(void)send_response(p, notify_fd);
		wrong = 1;
	}
	return wrong;
}
