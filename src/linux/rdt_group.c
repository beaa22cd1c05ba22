/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of resctrl: found or made, joined, removed. config-linux.md#IntelRdt has the rules; resctrl.rst the files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/faults.h"
#include "linux/rdt.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/path.h"
#include "util/util.h"

enum { MODE = 0755, MAX_SCHEMATA = 64 * 1024, RESCTRL_MAGIC = 0x7655821 };

#define AT   "$.linux.intelRdt"
#define ROOT "/sys/fs/resctrl"

int rdt_open(struct rdt_root *ret, struct err *e)
{
	const char *stand_in = fault_resctrl();
	struct statfs sfs;

	*ret = (struct rdt_root){ .imitation = stand_in != NULL };
	ret->fd = host_opendir(AT_FDCWD, stand_in ? stand_in : ROOT, false);
	if (ret->fd >= 0 &&
	    (stand_in || (fstatfs(ret->fd, &sfs) == 0 && (uint32_t)sfs.f_type == RESCTRL_MAGIC)))
		return 0;
	rdt_close(ret);
	err_set(e, ERR_UNSUPPORTED, "intelRdt needs resctrl, which is not mounted at " ROOT);
	err_hint(e, "mount -t resctrl resctrl " ROOT ", on a CPU that has RDT");
	return err_at(e, AT);
}

void rdt_close(struct rdt_root *r)
{
	close_fd(TAKE_FD(r->fd));
}

int rdt_open_group(const struct rdt_root *root, const char *group)
{
	return sys_openat2(root->fd, *group ? group : ".", O_RDONLY | O_DIRECTORY, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int write_file(const struct rdt_root *root, int dir, const char *file, const char *text)
{
	int make = root->imitation ? O_CREAT | O_TRUNC : 0;
	auto_fd int fd = sys_openat(dir, file, O_WRONLY | O_NOFOLLOW | make, 0644);

	return fd < 0 ? fd : host_write_once(fd, text);
}

/* ---- schemata ---- */

/* The value of DOMAIN in the line of RESOURCE. */
static bool find_domain(const char *schemata, const char *resource, size_t resource_len,
			const char *domain, size_t domain_len, const char **ret, size_t *ret_len)
{
	for (; *schemata; schemata += strcspn(schemata, "\n"), schemata += *schemata == '\n') {
		const char *line = schemata + strspn(schemata, " \t");
		size_t n = strcspn(line, ":\n");

		if (n != resource_len || strncmp(line, resource, n) != 0 || line[n] != ':')
			continue;
		for (const char *at = line + n + 1; *at && *at != '\n';) {
			at += strspn(at, " \t;");
			size_t key = strcspn(at, "=;\n"), blank = 0, value = 0;

			if (at[key] == '=') /* the kernel aligns its figures */
				blank = strspn(at + key + 1, " ") + 1;
			if (blank)
				value = strcspn(at + key + blank, "; \t\n");
			if (key == domain_len && strncmp(at, domain, key) == 0 && value) {
				*ret = at + key + blank;
				*ret_len = value;
				return true;
			}
			at += key + blank + value;
		}
	}
	return false;
}

static bool same_value(const char *a, size_t a_len, const char *b, size_t b_len)
{
	while (a_len > 1 && *a == '0') {
		a++;
		a_len--;
	}
	while (b_len > 1 && *b == '0') {
		b++;
		b_len--;
	}
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static bool line_matches(const char *schemata, const char *line, size_t len)
{
	size_t resource = strcspn(line, ":\n");
	const char *end = line + len;

	if (resource >= len)
		return false;
	for (const char *at = line + resource + 1; at < end;) {
		at += strspn(at, " \t;");
		size_t key = strcspn(at, "=;\n"), value = 0;
		const char *have;
		size_t have_len;

		if (at >= end || key == 0)
			break;
		if (at[key] != '=')
			return false;
		value = strcspn(at + key + 1, "; \t\n");
		if (!find_domain(schemata, line, resource, at, key, &have, &have_len) ||
		    !same_value(have, have_len, at + key + 1, value))
			return false;
		at += key + 1 + value;
	}
	return true;
}

bool rdt_schemata_match(const char *schemata, const char *wanted)
{
	while (*wanted) {
		size_t blank = strspn(wanted, " \t"), len = strcspn(wanted, "\n");

		if (len > blank && !line_matches(schemata, wanted + blank, len - blank))
			return false;
		wanted += len + (wanted[len] == '\n');
	}
	return true;
}

/* One write: the kernel takes lines, and says in info/last_cmd_status what was wrong with them. */
static int write_schemata(const struct rdt_root *root, int dir, const char *lines,
			  const char *where, struct err *e)
{
	char why[160] = "";
	int r = write_file(root, dir, "schemata", lines);

	if (r >= 0)
		return 0;
	err_sys(e, r, "resctrl schemata: write '%.*s'", (int)strcspn(lines, "\n"), lines);
	if (host_read_small(root->fd, "info/last_cmd_status", why, sizeof(why)) > 0)
		err_hint(e, "resctrl says: %s", why);
	return err_at(e, "%s", where);
}

static int set_schemata(const struct rdt_root *root, int dir, const struct plan_rdt *p,
			struct err *e)
{
	int r = 0;

	if (p->schema)
		r = write_schemata(root, dir, p->schema, AT, e);
	if (r >= 0 && p->schemata)
		r = write_schemata(root, dir, p->schemata, AT ".schemata", e);
	return r;
}

/* A group that is there belongs to others too: it is taken as it is, or not at all. */
static int compare(int dir, const struct plan_rdt *p, struct err *e)
{
	auto_buf struct buf now = { 0 };

	if (!p->schema && !p->schemata)
		return 0;
	int r = host_read(dir, "schemata", MAX_SCHEMATA, &now);
	if (r < 0)
		return err_sys(e, r, "read the schemata of resctrl group '%s'", p->group);
	bool ok = (!p->schema || rdt_schemata_match(buf_str(&now), p->schema)) &&
		  (!p->schemata || rdt_schemata_match(buf_str(&now), p->schemata));
	if (ok)
		return 0;
	err_set(e, ERR_EXISTS,
		"resctrl group '%s' exists and its schemata differ from the configuration's",
		*p->group ? p->group : "/");
	err_hint(e, "name another closID, or leave the schemas out to take the group as it is");
	return err_at(e, AT ".closID");
}

/* ---- making ---- */

static int make_dir(int parent, const char *path, const char *name,
		    int (*note)(void *ctx, const char *path, struct err *e), void *ctx,
		    const char *scarce, struct err *e)
{
	int r = note ? note(ctx, path, e) : 0;

	if (r < 0)
		return r;
	r = sys_mkdirat(parent, name, MODE);
	if (r == -ENOSPC)
		return err_set(e, ERR_UNSUPPORTED, "resctrl group '%s': all %s are in use", path,
			       scarce);
	return r < 0 ? err_sys(e, r, "make resctrl group '%s'", path) : 0;
}

static int make_monitor(int group, const struct plan_rdt *p,
			int (*note)(void *ctx, const char *path, struct err *e), void *ctx,
			struct err *e)
{
	auto_buf struct buf path = { 0 }, name = { 0 };

	buf_addf(&name, "mon_groups/%s", p->monitor);
	buf_addf(&path, "%s%s%s", p->group, *p->group ? "/" : "", buf_str(&name));
	if (buf_error(&path) < 0 || buf_error(&name) < 0)
		return err_sys(e, -ENOMEM, "resctrl");
	int r = make_dir(group, buf_str(&path), buf_str(&name), note, ctx, "monitoring ids", e);
	return r < 0 ? err_at(e, AT ".enableMonitoring") : 0;
}

static int make_group(const struct rdt_root *root, const struct plan_rdt *p, struct rdt_made *made,
		      int (*note)(void *ctx, const char *path, struct err *e), void *ctx,
		      struct err *e)
{
	if (p->given && !p->schema && !p->schemata) {
		err_set(e, ERR_NOT_FOUND,
			"there is no resctrl group '%s', and no schema to make it with", p->group);
		return err_at(e, AT ".closID");
	}
	int r = make_dir(root->fd, p->group, p->group, note, ctx, "classes of service", e);
	if (r < 0)
		return err_at(e, AT "%s", p->given ? ".closID" : "");
	made->group = true;
	auto_fd int dir = rdt_open_group(root, p->group);
	if (dir < 0)
		return err_sys(e, dir, "open resctrl group '%s'", p->group);
	if (root->imitation)
		(void)sys_mkdirat(dir, "mon_groups", MODE);
	return set_schemata(root, dir, p, e);
}

int rdt_group_make(const struct rdt_root *root, const struct plan_rdt *p, struct rdt_made *made,
		   int (*note)(void *ctx, const char *path, struct err *e), void *ctx,
		   struct err *e)
{
	auto_fd int dir = rdt_open_group(root, p->group);
	int r;

	*made = (struct rdt_made){ 0 };
	if (dir == -ENOENT) {
		r = make_group(root, p, made, note, ctx, e);
		if (r < 0)
			return r;
		dir = rdt_open_group(root, p->group);
	} else if (dir >= 0 && !p->given) {
		err_set(e, ERR_EXISTS, "resctrl group '%s' exists already", p->group);
		err_hint(e, "set closID to share it, or remove it");
		return err_at(e, AT);
	} else if (dir >= 0) {
		r = compare(dir, p, e);
		if (r < 0)
			return r;
	}
	if (dir < 0)
		return err_sys(e, dir, "open resctrl group '%s'", p->group);
	if (!p->monitor)
		return 0;
	r = make_monitor(dir, p, note, ctx, e);
	made->monitor = r >= 0;
	return r;
}

int rdt_group_write(const struct rdt_root *root, const char *group, const char *lines,
		    struct buf *before, const char *where, struct err *e)
{
	auto_fd int dir = rdt_open_group(root, group);

	if (dir < 0)
		return err_sys(e, dir, "open resctrl group '%s'", group);
	int r = before ? host_read(dir, "schemata", MAX_SCHEMATA, before) : 0;
	if (r < 0 && !(r == -ENOENT && root->imitation))
		return err_sys(e, r, "read the schemata of resctrl group '%s'", group);
	return write_schemata(root, dir, lines, where, e);
}

/* ---- joining ---- */

int rdt_group_join(const struct rdt_root *root, const struct plan_rdt *p, pid_t pid, struct err *e)
{
	auto_fd int dir = rdt_open_group(root, p->group);
	char text[16];

	if (dir < 0)
		return err_sys(e, dir, "open resctrl group '%s'", p->group);
	snprintf(text, sizeof(text), "%d", (int)pid);
	int r = write_file(root, dir, "tasks", text);
	if (r >= 0 && p->monitor) {
		auto_buf struct buf file = { 0 };

		/* after the group: a monitoring group takes only what is in its parent */
		buf_addf(&file, "mon_groups/%s/tasks", p->monitor);
		r = buf_error(&file);
		if (r >= 0)
			r = write_file(root, dir, buf_str(&file), text);
	}
	if (r < 0) {
		err_sys(e, r, "put process %d into resctrl group '%s'", (int)pid, p->group);
		return err_at(e, AT);
	}
	return 0;
}

/* ---- removing ---- */

static int remove_dir(const struct rdt_root *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int r;

	if (root->imitation) { /* plain files are in the way of rmdir(2), which takes a group off with all its files */
		snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
		auto_fd int dir = rdt_open_group(root, parent);
		r = dir < 0 ? dir : host_remove_tree(dir, slash ? slash + 1 : path);
	} else {
		r = host_unlink(root->fd, path, true);
	}
	return r == -ENOENT ? 0 : r;
}

void rdt_group_unmake(const struct rdt_root *root, const struct plan_rdt *p,
		      const struct rdt_made *made)
{
	auto_buf struct buf path = { 0 };

	buf_addf(&path, "%s%smon_groups/%s", p->group, *p->group ? "/" : "",
		 p->monitor ? p->monitor : "");
	if (made->monitor && buf_error(&path) >= 0)
		(void)remove_dir(root, buf_str(&path));
	if (made->group)
		(void)remove_dir(root, p->group);
}

int rdt_remove(const char *path, struct err *e)
{
	struct rdt_root root;
	struct err ignored;

	if (!*path || path[0] == '/' || path_leads_up(path))
		return 0;
	if (rdt_open(&root, &ignored) < 0)
		return 0; /* unmounted meanwhile, with all groups */
	int r = remove_dir(&root, path);
	rdt_close(&root);
	return r < 0 ? err_sys(e, r, "remove resctrl group '%s'", path) : 0;
}
