/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules between the properties of linux.seccomp: config-linux.md, "Seccomp". */
#include <linux/seccomp.h>
#include <string.h>

#include "spec/annotations.h"
#include "spec/names.h"
#include "spec/rules.h"
#include "util/parse.h"

/* The kernel cuts a larger errno off (MAX_ERRNO); SECCOMP_RET_DATA has 16 bits for the tracer. */
enum { MAX_ERRNO = 4095, MAX_DATA = 0xffff };

static void check_errno(struct rule_run *r, const char *path, uint32_t action, uint32_t value)
{
	uint32_t max = action == SECCOMP_RET_ERRNO ? MAX_ERRNO : MAX_DATA;

	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		rule_broken(
			r, path, NULL,
			"is %u, but %s returns no errno: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do",
			value, name_word(names_seccomp_actions, action));
	else if (value > max)
		rule_broken(r, path, NULL, "must be at most %u for %s, not %u", max,
			    name_word(names_seccomp_actions, action), value);
}

static void check_errnos(struct rule_run *r)
{
	const struct spec_seccomp *s = r->lnx->seccomp;

	if (!s)
		return;
	if (s->has_default_errno_ret)
		check_errno(r, "$.linux.seccomp.defaultErrnoRet", s->default_action,
			    s->default_errno_ret);
	for (size_t i = 0; i < s->syscalls.n && !r->ended; i++) {
		const struct spec_syscall *c = &s->syscalls.v[i];

		if (!c->has_errno_ret ||
		    rule_refused(r, rule_path(r, "$.linux.seccomp.syscalls[%zu]", i)))
			continue;
		check_errno(r, rule_path(r, "$.linux.seccomp.syscalls[%zu].errnoRet", i), c->action,
			    c->errno_ret);
	}
}

static const char *plugins_at(struct rule_run *r)
{
	return rule_key_path(r, "$.annotations", ANNOTATION_SECCOMP_PLUGINS, "");
}

/* As crun has it: one place answers, and no plugin is found by the working directory. */
static void check_plugins(struct rule_run *r)
{
	static const char forms[] = "plugins are absolute paths, or names that the dynamic linker "
				    "finds, with colons between";
	const char *given = spec_map_get(&r->spec->annotations, ANNOTATION_SECCOMP_PLUGINS);
	const char *list = r->spec->seccomp_plugins, *word;
	size_t len;

	if (!list) {
		if (given)
			rule_warn(r, plugins_at(r),
				  "no plugin is asked: linux.seccomp has no action "
				  "SCMP_ACT_NOTIFY");
		return;
	}
	if (r->lnx->seccomp->listener_path || r->spec->seccomp_receiver)
		rule_broken(r, plugins_at(r), "remove one of the two",
			    "must not be there beside %s: one of them answers",
			    r->lnx->seccomp->listener_path ? "listenerPath"
							   : ANNOTATION_SECCOMP_RECEIVER);
	if (!list[strspn(list, ":")])
		rule_broken(r, plugins_at(r), forms, "names no plugin");
	while ((word = parse_list_word(&list, &len))) {
		if (*word != '/' && memchr(word, '/', len))
			rule_broken(r, plugins_at(r), forms,
				    "has '%.*s', which is neither an absolute path nor a name",
				    (int)MIN(len, 80), word);
	}
}

static void check_listener(struct rule_run *r)
{
	const struct spec_seccomp *s = r->lnx->seccomp;

	if (!s || s->listener_path)
		return;
	if (s->listener_metadata)
		rule_broken(r, "$.linux.seccomp.listenerMetadata", NULL,
			    "must not be set without listenerPath");
	if (r->spec->seccomp_receiver && r->spec->seccomp_receiver[0] != '/')
		rule_broken(r, ANNOTATION_AT(ANNOTATION_SECCOMP_RECEIVER), NULL,
			    "is '%.80s', which is no absolute path", r->spec->seccomp_receiver);
	if (s->notifies && !r->spec->seccomp_receiver && !r->spec->seccomp_plugins)
		rule_broken(r, "$.linux.seccomp.listenerPath", NULL,
			    "is required: SCMP_ACT_NOTIFY has nobody to notify without it");
}

const struct rule rules_seccomp[] = {
	{ "config-linux.md, Seccomp: errnoRet, defaultErrnoRet", "$.linux.seccomp.defaultAction",
	  RULE_CONFIG, check_errnos },
	{ "config-linux.md, Seccomp: listenerPath, listenerMetadata", "$.linux.seccomp",
	  RULE_CONFIG, check_listener },
	{ "config.md, Annotations: " ANNOTATION_SECCOMP_PLUGINS, "$.linux.seccomp", RULE_CONFIG,
	  check_plugins },
	{ NULL },
};
