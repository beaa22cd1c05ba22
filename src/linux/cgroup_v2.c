/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is particular to the cgroup2 hierarchy: controllers are handed down level by level, the freezer. cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/util.h"

enum { MAX_CONTROLLERS = 24, MAX_WORDS = 1024 };

/* What a container needs on this hierarchy. */
struct need {
	const char *name[MAX_CONTROLLERS];
	const char *where[MAX_CONTROLLERS]; /* the property that asks first */
	size_t n;
};

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words) {
		size_t n = strcspn(words, " \n");

		if (n == len && strncmp(words, word, len) == 0)
			return true;
		words += n + (words[n] != '\0');
	}
	return false;
}

static void add_need(struct need *need, const struct cgroup_write *w)
{
	for (size_t i = 0; i < need->n; i++) {
		if (strcmp(need->name[i], w->controller) == 0)
			return;
	}
	if (need->n < MAX_CONTROLLERS) {
		need->name[need->n] = w->controller;
		need->where[need->n++] = w->where;
	}
}

/* Only what WORDS, the controllers that are there, lack. */
static void drop_present(struct need *need, const char *words)
{
	size_t kept = 0;

	for (size_t i = 0; i < need->n; i++) {
		if (has_word(words, need->name[i]))
			continue;
		need->name[kept] = need->name[i];
		need->where[kept++] = need->where[i];
	}
	need->n = kept;
}

/* Whose it is decides who can change it; systemd delegates by unit. */
static void hint_owner(int dir, const char *controller, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return;
	err_hint(e,
		 "it is user %u's: have '%s' delegated (systemd: Delegate=%s in user@.service), or "
		 "go "
		 "without by --rootless=true",
		 (unsigned)st.st_uid, controller, controller);
}

static int refuse(int dir, const char *path, const char *controller, const char *where, int r,
		  struct err *e)
{
	char words[MAX_WORDS] = "";

	if (r == -ENOENT && host_read_small(dir, "cgroup.controllers", words, sizeof(words)) >= 0) {
		err_set(e, ERR_UNSUPPORTED, "cgroup '%s' has not got the controller '%s'", path,
			controller);
		err_hint(e, "it has %s; delegate the controller to it (systemd: Delegate=%s)",
			 *words ? words : "none", controller);
	} else if (r == -EBUSY || r == -EOPNOTSUPP) {
		err_set(e, ERR_UNSUPPORTED,
			"cgroup '%s' can't give the controller '%s' to the container's cgroup: it "
			"has processes of its own",
			path, controller);
		err_hint(e, "move them to a sub-cgroup, or set linux.cgroupsPath to an absolute "
			    "path elsewhere");
	} else {
		err_sys(e, r, "cgroup.subtree_control of '%s': write '+%s'", path, controller);
		if (r == -EACCES || r == -EPERM)
			hint_owner(dir, controller, e);
	}
	return err_at(e, "%s", where);
}

/* One level: what NEED names is turned on for the children of DIR. */
static int enable_at(int dir, const char *path, const struct need *need, const char **failed,
		     struct err *e)
{
	char words[MAX_WORDS];
	struct need missing = *need;

	int r = host_read_small(dir, "cgroup.subtree_control", words, sizeof(words));
	if (r < 0)
		return err_sys(e, r, "read cgroup.subtree_control of '%s'", path);
	drop_present(&missing, words);
	for (size_t i = 0; i < missing.n; i++) {
		/* one by one, so that the error can name it */
		char text[64] = "+";

		strncat(text, missing.name[i], sizeof(text) - 2);
		r = host_write(dir, "cgroup.subtree_control", text);
		if (r < 0) {
			*failed = missing.name[i];
			return refuse(dir, path, missing.name[i], missing.where[i], r, e);
		}
	}
	return 0;
}

/* All levels from the mount to the parent of PATH. */
static int enable_down(const struct cgroup_hierarchy *h, const char *path, const struct need *need,
		       const char **failed, struct err *e)
{
	char name[PATH_MAX];
	size_t len = strlen(h->mount); /* of the part of PATH that AT is */
	auto_fd int at = host_opendir(AT_FDCWD, h->mount, true);

	if (at < 0)
		return err_sys(e, at, "open '%s'", h->mount);
	for (;;) {
		const char *next = path + len + strspn(path + len, "/");
		size_t n = strcspn(next, "/");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		int r = enable_at(at, name, need, failed, e);
		if (r < 0 || !next[n])
			return r;
		snprintf(name, sizeof(name), "%.*s", (int)n, next);
		int child = sys_openat2(at, name, O_PATH | O_DIRECTORY, 0,
					RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		if (child < 0)
			return err_sys(e, child, "open cgroup '%s' on the way to '%s'", name, path);
		close_fd(at);
		at = child;
		len = (size_t)(next + n - path);
	}
}

/* All that WRITES need and that is not in LACKING. *FAILED: the controller that is not to be had. */
static int enable(const struct cgroup_hierarchy *h, int dir, const char *path,
		  const struct cgroup_writes *writes, const struct strv *lacking,
		  const char **failed, struct err *e)
{
	struct need need = { .n = 0 };
	char words[MAX_WORDS];

	for (size_t i = 0; i < writes->n; i++) {
		const struct cgroup_write *w = &writes->v[i];

		if (w->h == h && !(w->flags & CGROUP_NEUTRAL) &&
		    strcmp(w->controller, "cgroup") != 0 && !strv_has(lacking, w->controller))
			add_need(&need, w);
	}
	if (need.n == 0)
		return 0;
	int r = host_read_small(dir, "cgroup.controllers", words, sizeof(words));
	if (r < 0)
		return err_sys(e, r, "read cgroup.controllers of '%s'", path);
	drop_present(&need, words);
	return need.n == 0 ? 0 : enable_down(h, path, &need, failed, e);
}

int cgroup_v2_enable(const struct cgroup_hierarchy *h, int dir, const char *path,
		     const struct cgroup_writes *writes, struct err *e)
{
	static const struct strv none = { 0 };
	const char *failed = NULL;

	return enable(h, dir, path, writes, &none, &failed, e);
}

void cgroup_v2_enable_all(int dir)
{
	char words[MAX_WORDS], text[64], *rest = words, *name;

	if (host_read_small(dir, "cgroup.controllers", words, sizeof(words)) < 0)
		return;
	while ((name = strsep(&rest, " "))) {
		snprintf(text, sizeof(text), "+%s", name);
		if (*name)
			(void)host_write(dir, "cgroup.subtree_control", text);
	}
}

/* ---- ownership ---- */

static int chown_at(int dir, const char *name, uid_t owner)
{
	auto_fd int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd == -ENOENT || fd == -EACCES)
		fd = sys_openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return fchown(fd, owner, (gid_t)-1) < 0 ? -errno : 0;
}

int cgroup_v2_delegate(int dir, const char *path, uid_t owner, struct err *e)
{
	char names[MAX_WORDS * 4];
	char *rest = names, *name;

	/* since 4.15; the three of before */
	if (host_read_small(AT_FDCWD, "/sys/kernel/cgroup/delegate", names, sizeof(names)) < 0)
		snprintf(names, sizeof(names),
			 "cgroup.procs\ncgroup.subtree_control\ncgroup.threads");
	int r = chown_at(dir, ".", owner);
	while (r >= 0 && (name = strsep(&rest, "\n"))) {
		if (*name && !strchr(name, '/'))
			r = chown_at(dir, name, owner);
	}
	return r < 0 ? err_sys(e, r, "give cgroup '%s' to user %u", path, (unsigned)owner) : 0;
}

uid_t cgroup_v2_owner(const struct plan *p)
{
	const struct spec_linux *l = p->spec->lnx;
	uint32_t uid = p->process ? p->process->user.uid : 0;

	if (!l->ns[NS_USER].present)
		return uid;
	for (size_t i = 0; !l->ns[NS_USER].path && i < l->uid_mappings.n; i++) {
		const struct spec_idmap *m = &l->uid_mappings.v[i];

		if (uid >= m->container_id && uid - m->container_id < m->size)
			return m->host_id + (uid - m->container_id);
	}
	return 0;
}

int cgroup_lacks(struct run *r, struct cgroup *cg, const char *controller, const struct err *why)
{
	const char *gap = why->hint[0] ? "; " : "";

	if (strcmp(controller, "devices") != 0)
		run_warn(r, "the container has no limits by '%s' (%s): %s%s%s", controller,
			 why->where, why->msg, gap, why->hint);
	else if (!r->plan->cgroup.devices_quiet)
		run_warn(r, "the device rules are not enforced (%s): %s%s%s", why->where, why->msg,
			 gap, why->hint);
	return strv_add(&cg->lacking, controller);
}

/* Asked for by --rootless=true: what an ordinary user is not given is told and left out, one controller at a time. */
static int enable_what_is_given(struct run *r, struct cgroup *cg, const struct cgroup_hierarchy *h,
				struct cgroup_leaf *leaf, struct err *e)
{
	for (;;) {
		const char *failed = NULL;
		int ret = enable(h, leaf->fd, leaf->dir, &r->plan->cgroup.writes, &cg->lacking,
				 &failed, e);

		if (ret >= 0 || !failed || !cgroup_may_lack(r->plan, failed))
			return ret;
		if (cgroup_lacks(r, cg, failed, e) < 0)
			return err_sys(e, -ENOMEM, "cgroup");
	}
}

int cgroup_v2_finish(struct run *r, struct cgroup *cg, const struct cgroup_hierarchy *h,
		     struct cgroup_leaf *leaf, struct err *e)
{
	const struct plan *p = r->plan;
	uid_t owner = p->cgroup.delegate_chown && leaf->made ? cgroup_v2_owner(p) : 0;

	int ret = enable_what_is_given(r, cg, h, leaf, e);
	if (ret < 0 || owner == 0 || owner == p->facts->uid)
		return ret;
	ret = cgroup_v2_delegate(leaf->fd, leaf->dir, owner, e);
	if (!p->rootless || (ret != -EPERM && ret != -EINVAL))
		return ret;
	/* an ordinary user has nobody's files but the own to give */
	run_warn(r, "%s: the container's user can't manage its cgroups", e->msg);
	return 0;
}

/* ---- the freezer ---- */

/* cgroup.events: "populated 1\nfrozen 0\n" */
static int frozen(int dir)
{
	char events[128];
	int r = host_read_small(dir, "cgroup.events", events, sizeof(events));

	return r < 0 ? r : strstr(events, "frozen 1") != NULL;
}

static int freeze(int dir, bool on)
{
	return host_write(dir, "cgroup.freeze", on ? "1" : "0");
}

const struct cgroup_version cgroup_v2 = {
	.number = 2,
	.frozen = frozen,
	.freeze = freeze,
};
