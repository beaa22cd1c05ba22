/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files a bundle names, on the host and in the container: config.md#root, #mounts, #posix-platform-hooks,
 * config-linux.md#namespaces, #devices. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/check.h"
#include "linux/namespaces.h"
#include "spec/names.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/path.h"

enum { MAX_FILESYSTEMS = 65536 };

/* ---- what the container will see ---- */

/* The last mount that lies over PATH, which is clean; *REST: what of PATH is below it. */
static const struct plan_mount *cover(const struct check *c, const char *path, const char **rest)
{
	for (size_t i = c->plan->mounts.n; i-- > 0;) {
		const struct plan_mount *m = &c->plan->mounts.v[i];

		if (!m->dest || m->kind == PLAN_MOUNT_REMOUNT)
			continue;
		*rest = strcmp(m->dest, "/") == 0 ? path + 1 : path_below(path, m->dest);
		if (*rest)
			return m;
	}
	return NULL;
}

int check_open(const struct check *c, const char *path, bool *in_root)
{
	char clean[PATH_MAX];
	const char *rest = "";
	int r = path_clean(clean, sizeof(clean), path);

	if (r < 0)
		return r;
	const struct plan_mount *m = cover(c, clean, &rest);
	*in_root = !m;
	if (!m)
		return c->root.fd < 0 ? -EXDEV : rootdir_open_path(&c->root, clean, 0);
	if (m->kind != PLAN_MOUNT_BIND || !m->source)
		return -EXDEV;
	auto_fd int source = sys_open(m->source, O_PATH, 0);
	if (source < 0 || !*rest)
		return TAKE_FD(source);
	struct rootdir below = { .fd = source };
	return rootdir_open_path(&below, rest, 0);
}

bool check_mounts_programs(const struct check *c)
{
	static const char *const with[] = { "/usr",   "/bin",	 "/sbin", "/lib", "/lib32",
					    "/lib64", "/libx32", "/opt",  "/nix" };

	if (rest_lacks(&c->rest, "$.mounts") || rest_lacks(&c->rest, "$.process.env"))
		return true;
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *m = &c->plan->mounts.v[i];

		if (!m->dest || m->kind == PLAN_MOUNT_REMOUNT)
			continue;
		if (strcmp(m->dest, "/") == 0)
			return true;
		for (size_t k = 0; k < N_ELEMENTS(with); k++) {
			if (path_below(m->dest, with[k]))
				return true;
		}
	}
	return false;
}

/* ---- root ---- */

static void check_root(struct check *c)
{
	const char *path = c->plan->rootfs;
	struct err e;

	if (!path)
		return;
	c->root.fd = host_opendir(AT_FDCWD, path, true);
	if (c->root.fd >= 0)
		return;
	err_sys(&e, c->root.fd, "root file system '%s'", path);
	e.code = ERR_BUNDLE;
	if (c->root.fd == -ENOENT)
		err_hint(&e, "a relative root.path starts at the bundle");
	err_at(&e, "$.root.path");
	check_error(c, &e);
}

/* ---- mounts ---- */

/* What stands at the destination must be of the source's kind; what is missing is made. */
static void check_kinds(struct check *c, const struct plan_mount *m, mode_t source)
{
	struct stat st;
	const char *rest;
	struct err e;

	for (size_t i = 0; i < m->index; i++) {
		const struct plan_mount *earlier = &c->plan->mounts.v[i];

		rest = earlier->dest ? path_below(m->dest, earlier->dest) : NULL;
		if (rest)
			return; /* what is there then is not known */
	}
	if (c->root.fd < 0)
		return;
	auto_fd int dest =
		rootdir_open_path(&c->root, m->dest, m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
	if (dest < 0 || fstat(dest, &st) < 0 || S_ISDIR(st.st_mode) == S_ISDIR(source))
		return;
	err_set(&e, ERR_BUNDLE, "the source '%s' is %s and the destination '%s' %s", m->source,
		S_ISDIR(source) ? "a directory" : "no directory", m->dest,
		S_ISDIR(source) ? "is none" : "is one");
	err_hint(&e, "a file can be bound over a file only, a directory over a directory");
	err_at(&e, "$.mounts[%zu].source", m->index);
	check_error(c, &e);
}

static void check_source(struct check *c, const struct plan_mount *m)
{
	mode_t mode;
	struct err e;

	/* a link that is copied need not lead anywhere */
	if (m->kind != PLAN_MOUNT_BIND || m->copy_symlink || !m->source || !m->dest)
		return;
	int r = sys_stat_mode(m->source, &mode);
	if (r >= 0) {
		check_kinds(c, m, mode);
		return;
	}
	err_sys(&e, r, "the source '%s' of the bind mount on '%s'", m->source, m->dest);
	if (r == -ENOENT)
		err_hint(&e, "it must exist on the host; a relative one starts at the bundle");
	err_at(&e, "$.mounts[%zu].source", m->index);
	check_error(c, &e);
}

static bool is_known(const struct buf *filesystems, const char *type)
{
	char line[64];
	size_t base = strcspn(type, "."); /* "fuse.sshfs" */
	int n = snprintf(line, sizeof(line), "\t%.*s\n", (int)base, type);

	return n < 0 || (size_t)n >= sizeof(line) || strstr(buf_str(filesystems), line);
}

static void check_type(struct check *c, const struct buf *filesystems, const struct plan_mount *m)
{
	struct err e;

	if (m->kind != PLAN_MOUNT_FS || !m->fstype || is_known(filesystems, m->fstype))
		return;
	err_set(&e, ERR_UNSUPPORTED, "the kernel has no file system '%s' at present", m->fstype);
	err_hint(&e, "modprobe it, if there is such a module");
	err_at(&e, "$.mounts[%zu].type", m->index);
	check_warning(c, &e);
}

static void check_mounts(struct check *c)
{
	auto_buf struct buf filesystems = { 0 };
	bool known = host_read(AT_FDCWD, "/proc/filesystems", MAX_FILESYSTEMS, &filesystems) >= 0;

	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		check_source(c, &c->plan->mounts.v[i]);
		if (known)
			check_type(c, &filesystems, &c->plan->mounts.v[i]);
	}
}

/* ---- hooks ---- */

static int try_hook(const struct check *c, enum spec_hook_kind kind, const char *path)
{
	bool in_root;
	struct stat st;
	mode_t mode;

	if (kind != HOOK_START_CONTAINER) {
		int r = sys_stat_mode(path, &mode);

		if (r < 0)
			return r;
		return S_ISREG(mode) ? sys_access_exec(path) : -EACCES;
	}
	auto_fd int fd = check_open(c, path, &in_root);
	if (fd == -EXDEV)
		return 0; /* not to be known */
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : -EACCES;
}

static void check_hooks(struct check *c)
{
	for (int kind = 0; kind < HOOK_N_KINDS; kind++) {
		const char *name = name_word(names_hooks, (uint64_t)kind);

		for (size_t i = 0; i < c->spec->hooks[kind].n; i++) {
			const char *path = c->spec->hooks[kind].v[i].path;
			struct err e;

			int r = path ? try_hook(c, (enum spec_hook_kind)kind, path) : 0;
			if (r >= 0)
				continue;
			err_sys(&e, r, "the %s hook '%s'", name, path);
			e.code = ERR_HOOK;
			err_hint(&e, "%s",
				 kind == HOOK_START_CONTAINER
					 ? "startContainer hooks are programs of the container"
					 : "it must be a program of the host");
			err_at(&e, "$.hooks.%s[%zu].path", name, i);
			if (kind == HOOK_START_CONTAINER && check_mounts_programs(c))
				check_warning(c, &e);
			else
				check_error(c, &e);
		}
	}
}

/* ---- the rest ---- */

static void check_namespaces(struct check *c)
{
	for (int i = 0; i < NS_N; i++) {
		const struct spec_namespace *ns = &c->spec->lnx->ns[i];
		struct err e;

		if (ns->present && ns->path && ns_check_path(c->spec, (enum spec_ns)i, &e) < 0)
			check_error(c, &e);
	}
}

static void check_cwd(struct check *c)
{
	const char *cwd = c->spec->process ? c->spec->process->cwd : NULL;
	bool in_root;
	struct stat st;
	struct err e;

	if (!cwd)
		return;
	auto_fd int fd = check_open(c, cwd, &in_root);
	if (fd < 0 || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
		return; /* a missing one is made */
	err_set(&e, ERR_BUNDLE, "the working directory '%s' is no directory", cwd);
	err_at(&e, "$.process.cwd");
	check_error(c, &e);
}

static mode_t device_type(char type)
{
	return type == 'c' ? S_IFCHR : type == 'b' ? S_IFBLK : S_IFIFO;
}

/* config-linux.md#devices: another file at the path is an error. */
static void check_device(struct check *c, const struct spec_device *d, size_t i)
{
	mode_t type = device_type(d->type);
	bool in_root;
	struct stat st;
	struct err e;

	auto_fd int fd = d->path ? check_open(c, d->path, &in_root) : -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	bool same = (st.st_mode & S_IFMT) == type;
	if (same && type != S_IFIFO)
		same = major(st.st_rdev) == (unsigned)d->major &&
		       minor(st.st_rdev) == (unsigned)d->minor;
	if (same)
		return;
	err_set(&e, ERR_BUNDLE, "'%s' exists already and is not this device", d->path);
	err_at(&e, "$.linux.devices[%zu].path", i);
	check_error(c, &e);
}

void check_files(struct check *c)
{
	check_root(c);
	check_mounts(c);
	check_hooks(c);
	check_namespaces(c);
	check_cwd(c);
	for (size_t i = 0; i < c->spec->lnx->devices.n; i++)
		check_device(c, &c->spec->lnx->devices.v[i], i);
}
