/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process of `exec`, from the container's own process and the command line. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/tenant.h"
#include "spec/names.h"
#include "util/parse.h"

static int no_memory(struct err *e)
{
	return err_sys(e, -ENOMEM, "exec");
}

/* Whole numbers only: "1x" must not become user 1, and a name must not be taken for one (CVE-2026-30892). */
static int set_user(struct spec_user *u, const char *text, struct err *e)
{
	char uid[16];
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	if (n < sizeof(uid)) {
		memcpy(uid, text, n);
		uid[n] = '\0';
		if (parse_u32(uid, &u->uid) == 0 && (!colon || parse_u32(colon + 1, &u->gid) == 0))
			return 0;
	}
	err_set(e, ERR_USAGE, "--user: '%s' is not UID[:GID]", text);
	return err_hint(
		e, "numbers only: names belong to the engine, which knows the image's /etc/passwd");
}

static int set_gids(struct spec_user *u, const struct strv *gids, struct arena *arena,
		    struct err *e)
{
	uint32_t *v = arena_array(arena, u->additional_gids.n + gids->n, sizeof(*v));

	if (!v)
		return no_memory(e);
	if (u->additional_gids.n)
		memcpy(v, u->additional_gids.v, u->additional_gids.n * sizeof(*v));
	for (size_t i = 0; i < gids->n; i++) {
		if (parse_u32(gids->v[i], &v[u->additional_gids.n + i]) < 0)
			return err_set(e, ERR_USAGE,
				       "--additional-gids: '%s' is not a group number", gids->v[i]);
	}
	u->additional_gids.v = v;
	u->additional_gids.n += gids->n;
	return 0;
}

static int add_caps(struct spec_process *p, const struct strv *names, struct arena *arena,
		    struct err *e)
{
	struct spec_caps *c = ARENA_NEW(arena, struct spec_caps);

	if (!c)
		return no_memory(e);
	if (p->caps)
		*c = *p->caps;
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];
		char full[64];
		uint64_t number;

		snprintf(full, sizeof(full), "%s%s",
			 strncasecmp(name, "CAP_", 4) == 0 ? "" : "CAP_", name);
		for (char *q = full; *q; q++)
			*q = (char)(*q >= 'a' && *q <= 'z' ? *q - 'a' + 'A' : *q);
		if (name_value(names_caps, full, &number) < 0) {
			const char *near = name_nearest(names_caps, full);

			err_set(e, ERR_USAGE, "--cap: unknown capability '%s'", name);
			return near ? err_hint(e, "did you mean '%s'?", near) : err_errno(e);
		}
		uint64_t bit = 1ull << number;
		c->bounding |= bit;
		c->effective |= bit;
		c->permitted |= bit;
		if (c->inheritable) { /* never out of nothing: CVE-2022-29162 */
			c->inheritable |= bit;
			c->ambient |= bit;
		}
	}
	p->caps = c;
	return 0;
}

/* The container's environment with the entries of ENV over it: of one name the last counts (environ_build). */
static int merge_env(struct spec_process *p, const struct strv *env, struct arena *arena,
		     struct err *e)
{
	char **v = arena_array(arena, p->env.n + env->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return no_memory(e);
	for (size_t i = 0; i < p->env.n; i++)
		v[n++] = p->env.v[i];
	for (size_t i = 0; i < env->n; i++) {
		const char *eq = strchr(env->v[i], '=');

		if (!eq || eq == env->v[i])
			return err_set(e, ERR_USAGE, "--env: '%s' is not NAME=VALUE", env->v[i]);
		v[n++] = env->v[i];
	}
	p->env = (struct strv){ .v = v, .n = n };
	return 0;
}

static int set_args(struct spec_process *p, const struct exec_overrides *o, struct arena *arena,
		    struct err *e)
{
	char **v = arena_array(arena, o->n_args + 1, sizeof(*v));

	if (!v)
		return no_memory(e);
	for (size_t i = 0; i < o->n_args; i++)
		v[i] = o->args[i];
	p->args = (struct strv){ .v = v, .n = o->n_args };
	return 0;
}

int exec_process(const struct spec *s, const struct exec_overrides *o, struct arena *arena,
		 struct spec_process **ret, struct err *e)
{
	struct spec_process *p = ARENA_NEW(arena, struct spec_process);

	if (!p)
		return no_memory(e);
	if (s->process)
		*p = *s->process;
	else
		p->cwd = (char *)"/";
	if (o->n_args == 0)
		return err_set(e, ERR_USAGE, "exec: the command is missing");
	p->terminal = o->tty;
	p->has_console_size = false;
	int r = set_args(p, o, arena, e);
	if (r >= 0 && o->env.n)
		r = merge_env(p, &o->env, arena, e);
	if (r >= 0 && o->caps.n)
		r = add_caps(p, &o->caps, arena, e);
	if (r >= 0 && o->user)
		r = set_user(&p->user, o->user, e);
	if (r >= 0 && o->additional_gids.n)
		r = set_gids(&p->user, &o->additional_gids, arena, e);
	if (r >= 0 && o->cwd && o->cwd[0] != '/')
		r = err_set(e, ERR_USAGE, "--cwd: '%s' is not absolute", o->cwd);
	if (r < 0)
		return r;
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->process_label)
		p->selinux_label = (char *)o->process_label;
	if (o->no_new_privs)
		p->no_new_privileges = o->no_new_privs > 0;
	*ret = p;
	return 0;
}
