/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At checkpoint: what the container has from outside. proc_pid_mountinfo(5), proc_pid_fdinfo(5). */
#include "criu/external.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "linux/mountinfo.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "sys/rootdir.h"
#include "util/parse.h"
#include "util/path.h"

enum { MOUNTINFO_MAX = 64 << 20, LINK_MAX = 4096 };

/* File systems that CRIU itself dumps and mounts again, when all of one is in the container. */
static const char *const own_types[] = {
	"proc",	      "sysfs",	     "tmpfs",	 "devpts",  "mqueue",
	"cgroup",     "cgroup2",     "devtmpfs", "pstore",  "fusectl",
	"securityfs", "binfmt_misc", "debugfs",	 "tracefs", "autofs",
};

static bool is_own_type(const char *type)
{
	size_t len = strcspn(type, " ");

	for (size_t i = 0; i < N_ELEMENTS(own_types); i++) {
		if (strlen(own_types[i]) == len && memcmp(own_types[i], type, len) == 0)
			return true;
	}
	return false;
}

static int read_mounts(struct external_dump *d, struct err *e)
{
	char path[64];
	size_t lines = 0;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", d->pid);
	auto_fd int fd = sys_open(path, O_RDONLY, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, MOUNTINFO_MAX, &d->mountinfo);
	if (r < 0)
		return err_sys(e, r, "read the container's mounts");
	for (const char *p = buf_str(&d->mountinfo); *p; p++)
		lines += *p == '\n';
	d->mounts = calloc(lines + 1, sizeof(*d->mounts));
	d->external = calloc(lines + 1, sizeof(*d->external));
	d->names = calloc(lines + 1, sizeof(*d->names));
	if (!d->mounts || !d->external || !d->names)
		return err_sys(e, -ENOMEM, "read the container's mounts");
	char *at = d->mountinfo.p;
	for (char *line; (line = strsep(&at, "\n"));)
		d->n_mounts += mountinfo_parse(line, &d->mounts[d->n_mounts]);
	return 0;
}

static size_t find_id(const struct external_dump *d, uint64_t id)
{
	size_t i = 0;

	while (i < d->n_mounts && d->mounts[i].id != id)
		i++;
	return i;
}

/* ---- mounts ---- */

/* copy-symlink of a link: that is in the root, and nothing is mounted there. */
static bool is_copied_link(const struct rootdir *root, const struct plan_mount *m)
{
	struct stat st;

	if (!m->copy_symlink)
		return false;
	auto_fd int at = rootdir_open_path(root, m->dest, ROOTDIR_NOFOLLOW);
	return at >= 0 && fstat(at, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Which mount of the kernel's list each planned one is; n_mounts for one that can't be told. */
static int find_planned(struct external_dump *d, size_t *ret, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", d->pid);
	auto_fd int fd = sys_open(path, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return err_sys(e, fd, "open the container's root");
	struct rootdir root = { .fd = fd };
	for (size_t i = 0; i < d->plan->mounts.n; i++) {
		const struct plan_mount *m = &d->plan->mounts.v[i];
		uint64_t id;

		ret[i] = d->n_mounts;
		auto_fd int at =
			rootdir_open_path(&root, m->dest, m->dest_nofollow ? ROOTDIR_NOFOLLOW : 0);
		if (at >= 0 && sys_mount_id(at, &id) >= 0 && !is_copied_link(&root, m))
			ret[i] = find_id(d, id);
	}
	return 0;
}

static int mark(struct external_dump *d, size_t i, const char *name)
{
	const struct mount_line *m = &d->mounts[i];

	if (i >= d->n_mounts || d->external[i])
		return 0;
	d->external[i] = true;
	d->names[i] = arena_str(&d->note->arena, name);
	return d->names[i] ? strv_addf(&d->opts->external, "mnt[%s]:%s", m->path, name) : -ENOMEM;
}

static int mark_bind(struct external_dump *d, size_t i, const char *name)
{
	bool is_new = i < d->n_mounts && !d->external[i];
	int r = mark(d, i, name);

	return r >= 0 && is_new ? strv_add(&d->note->binds, name) : r;
}

static bool is_planned(const struct external_dump *d, const size_t *planned, size_t i)
{
	for (size_t k = 0; k < d->plan->mounts.n; k++) {
		if (planned[k] == i)
			return true;
	}
	return false;
}

/* rbind brings what is mounted below its source. */
static int mark_below(struct external_dump *d, const size_t *planned)
{
	for (size_t i = 0; i < d->n_mounts; i++) {
		size_t up = find_id(d, d->mounts[i].parent);
		char name[LINK_MAX];

		if (up >= d->n_mounts || !d->external[up] || is_planned(d, planned, i))
			continue;
		const char *rest = path_below(d->mounts[i].path, d->mounts[up].path);
		if (!rest || !*rest)
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", d->names[up], rest) >= (int)sizeof(name))
			return -ENAMETOOLONG;
		int r = mark_bind(d, i, name);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool shows(const char *root, const char *part)
{
	return strcmp(root, "/") == 0 || path_below(part, root) != NULL;
}

/* Is all that mount I shows part of another mount here, so that CRIU can make it from that? */
static bool has_whole(const struct external_dump *d, size_t i)
{
	const struct mount_line *m = &d->mounts[i];

	for (size_t k = 0; k < d->n_mounts; k++) {
		const struct mount_line *o = &d->mounts[k];

		if (k != i && !d->external[k] && strcmp(o->dev, m->dev) == 0 &&
		    strlen(o->root) < strlen(m->root) && shows(o->root, m->root))
			return true;
	}
	return false;
}

static bool is_cgroup(const struct mount_line *m)
{
	return strncmp(m->type, "cgroup", 6) == 0;
}

/* Where on the host the file system of M shows the same, or "". */
static int find_source(const struct mount_line *m, struct buf *out)
{
	auto_buf struct buf text = { 0 };
	struct mount_line o;

	auto_fd int fd = sys_open("/proc/self/mountinfo", O_RDONLY, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, MOUNTINFO_MAX, &text);
	char *at = text.p;
	for (char *line; r >= 0 && (line = strsep(&at, "\n"));) {
		if (!mountinfo_parse(line, &o) || strcmp(o.dev, m->dev) != 0 ||
		    !shows(o.root, m->root))
			continue;
		const char *rest = m->root + (o.root[1] ? strlen(o.root) : 0);

		buf_addf(out, "%s%s", o.path[1] ? o.path : "",
			 rest[0] == '/' && rest[1] ? rest : "");
		break;
	}
	return r < 0 ? r : buf_error(out);
}

static int mark_foreign(struct external_dump *d, struct err *e)
{
	/* CRIU mounts cgroups where it may: not in a user namespace, whose cgroup namespace is not made there */
	bool cgroup_ns = d->plan->spec->lnx->ns[NS_CGROUP].present && !d->plan->user_ns;

	for (size_t i = 0; i < d->n_mounts; i++) {
		const struct mount_line *m = &d->mounts[i];
		auto_buf struct buf source = { 0 };
		bool whole = strcmp(m->root, "/") == 0 && is_own_type(m->type);

		if (is_cgroup(m))
			whole = cgroup_ns;
		if (strcmp(m->path, "/") == 0 || d->external[i] || whole || has_whole(d, i))
			continue;
		int r = mark(d, i, m->path);
		if (r >= 0)
			r = find_source(m, &source);
		if (r >= 0)
			r = image_note_add_mount(d->note, m->path, buf_str(&source));
		if (r == -EILSEQ)
			return err_set(e, ERR_UNSUPPORTED,
				       "the mount from outside on '%s': CRIU can't be told a path "
				       "with ']' or a newline",
				       m->path);
		if (r < 0)
			return err_sys(e, r, "the mount from outside on '%s'", m->path);
	}
	return 0;
}

static int add_mounts(struct external_dump *d, struct err *e)
{
	auto_arena struct arena a = { 0 };
	size_t *planned = arena_array(&a, d->plan->mounts.n + 1, sizeof(*planned));

	if (!planned)
		return err_sys(e, -ENOMEM, "mounts");
	int r = find_planned(d, planned, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < d->plan->mounts.n; i++) {
		if (d->plan->mounts.v[i].kind == PLAN_MOUNT_BIND)
			r = mark_bind(d, planned[i], d->plan->mounts.v[i].dest);
	}
	if (r >= 0)
		r = mark_below(d, planned);
	if (r < 0)
		return err_sys(e, r, "list the mounts from outside");
	return mark_foreign(d, e);
}

/* ---- namespaces ---- */

static int ns_inode(pid_t pid, const char *file, dev_t *dev, ino_t *ino)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, file);
	return sys_stat_ids(AT_FDCWD, path, dev, ino);
}

static int add_namespace(struct external_dump *d, enum spec_ns kind, const char *file,
			 const char *word, const char *key, struct err *e)
{
	dev_t dev, own_dev;
	ino_t ino, own_ino;

	if (!d->plan->spec->lnx->ns[kind].path)
		return 0;
	int r = ns_inode(d->pid, file, &dev, &ino);
	if (r >= 0)
		r = ns_inode(getpid(), file, &own_dev, &own_ino);
	if (r >= 0 && dev == own_dev && ino == own_ino)
		return 0; /* the host's, which CRIU leaves alone */
	if (r >= 0)
		r = strv_addf(&d->opts->external, "%s[%llu]:%s", file, (unsigned long long)ino,
			      key);
	if (r >= 0)
		r = strv_add(&d->note->namespaces, word);
	return r < 0 ? err_sys(e, r, "external %s namespace", word) : 0;
}

/* ---- files ---- */

static int fd_mount(pid_t pid, const char *name, uint64_t *ret)
{
	char path[96], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.20s", pid, name);
	int r = host_read_small(AT_FDCWD, path, text, sizeof(text));
	char *at = r < 0 ? NULL : strstr(text, "mnt_id:");
	if (!at)
		return r < 0 ? r : -ENOENT;
	at += strlen("mnt_id:");
	at += strspn(at, " \t");
	at[strspn(at, "0123456789")] = '\0';
	return parse_u64(at, ret);
}

struct fd_walk {
	struct external_dump *d;
	pid_t pid;
};

static bool has_file(const struct image_note *n, const char *key)
{
	for (size_t i = 0; i < n->files.n; i++) {
		if (strcmp(n->files.v[i].key, key) == 0)
			return true;
	}
	return false;
}

/* Documentation/admin-guide/devices.txt: consoles, /dev/tty and its like, serial lines of USB, both ends of ptys. */
static bool is_terminal(dev_t dev)
{
	unsigned n = major(dev);

	return n == 4 || n == 5 || n == 188 || (n >= 128 && n <= 143);
}

/*
 * A memfd, or shared memory: of the file system for them that the kernel alone has mounted, or the one for each size of huge pages. CRIU keeps
 * what is in it. The name would not tell surely: a file of the host may have one that begins with "/memfd:".
 */
static bool is_memory(const struct stat *st)
{
	unsigned log2 = (unsigned)__builtin_ctzll((unsigned long long)st->st_blksize | 1ull << 63);
	const unsigned kinds[] = { 0, MFD_HUGETLB | log2 << MFD_HUGE_SHIFT };
	struct stat own;

	for (size_t i = 0; S_ISREG(st->st_mode) && i < N_ELEMENTS(kinds); i++) {
		auto_fd int fd = memfd_create("ketch", MFD_CLOEXEC | kinds[i]);

		if (fd >= 0 && fstat(fd, &own) == 0 && own.st_dev == st->st_dev)
			return true;
	}
	return false;
}

/* A file or device whose mount the container does not have: its output on the host, /dev/null of an engine. */
static int look_at_fd(void *ctx, const char *name, UNUSED unsigned char type)
{
	const struct fd_walk *w = ctx;
	struct external_dump *d = w->d;
	char path[96], key[64], target[LINK_MAX] = "";
	struct stat st;
	uint64_t mount;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", w->pid, name);
	auto_fd int link = sys_open(path, O_PATH | O_NOFOLLOW, 0);
	auto_fd int file = sys_open(path, O_PATH, 0);
	if (link < 0 || file < 0 || fstat(file, &st) < 0)
		return 0; /* closed meanwhile */
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	if (rootdir_readlink(link, target, sizeof(target)) < 0 || target[0] != '/' ||
	    fd_mount(w->pid, name, &mount) < 0 || find_id(d, mount) < d->n_mounts || is_memory(&st))
		return 0;
	if (S_ISCHR(st.st_mode) && is_terminal(st.st_rdev))
		snprintf(key, sizeof(key), IMAGE_TERMINAL "%llx:%llx]",
			 (unsigned long long)st.st_rdev, (unsigned long long)st.st_dev);
	else
		snprintf(key, sizeof(key), "file[%llx:%llx]", (unsigned long long)mount,
			 (unsigned long long)st.st_ino);
	if (has_file(d->note, key))
		return 0;
	int fd = w->pid == d->pid && name[0] >= '0' && name[0] <= '2' && !name[1] ? name[0] - '0'
										  : -1;
	int r = strv_add(&d->opts->external, key);
	return r < 0 ? r : image_note_add_file(d->note, key, fd, target, S_ISCHR(st.st_mode));
}

static int add_files(struct external_dump *d, pid_t pid, struct err *e)
{
	struct fd_walk w = { .d = d, .pid = pid };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	auto_fd int dir = sys_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0) /* it has ended */
		return 0;
	int r = host_list(dir, look_at_fd, &w);
	return r < 0 && r != -ENOENT && r != -ESRCH ? err_sys(e, r, "list open files") : 0;
}

static int add_descriptors(struct external_dump *d, struct err *e)
{
	for (int i = 0; i <= 2; i++) {
		char path[64], target[LINK_MAX] = "";

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", d->pid, i);
		auto_fd int link = sys_open(path, O_PATH | O_NOFOLLOW, 0);
		if (link >= 0 && rootdir_readlink(link, target, sizeof(target)) < 0)
			target[0] = '\0';
		if (strv_add(&d->note->descriptors, target) < 0)
			return err_sys(e, -ENOMEM, "descriptors");
	}
	return 0;
}

int external_dump(struct external_dump *d, const pid_t *pids, size_t n_pids, struct err *e)
{
	d->note->added = true;
	int r = read_mounts(d, e);
	if (r >= 0)
		r = add_mounts(d, e);
	if (r >= 0)
		r = add_namespace(d, NS_NETWORK, "net", "network", EXTERNAL_NET, e);
	if (r >= 0)
		r = add_namespace(d, NS_PID, "pid", "pid", EXTERNAL_PID, e);
	if (r >= 0)
		r = add_descriptors(d, e);
	if (r >= 0)
		r = add_files(d, d->pid,
			      e); /* first: its standard descriptors give files their place */
	for (size_t i = 0; r >= 0 && i < n_pids; i++)
		r = add_files(d, pids[i], e);
	return r < 0 ? r : image_note_check(d->note, e);
}

void external_dump_clear(struct external_dump *d)
{
	buf_free(&d->mountinfo);
	free(d->mounts);
	free(d->external);
	free(d->names);
}
