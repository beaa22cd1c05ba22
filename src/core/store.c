/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/files.h"
#include "core/journal.h"
#include "core/store.h"
#include "engine/plan.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/log.h"
#include "util/path.h"

enum {
	ID_MAX = 1024,
	NAME_MAX_BYTES = 255,
	LOCK_POLL_MS = 5,
	PROC_MAX = 1024 * 1024,
	REMOVE_PASSES = 16,
};

/* The id outside of our user namespace's root: 0 in the initial one, whose whole range is mapped to itself. */
static bool initial_userns(unsigned *ret_outside)
{
	char map[128];
	unsigned inside, size;

	*ret_outside = 0;
	if (host_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0)
		return true;
	return sscanf(map, "%u %u %u", &inside, ret_outside, &size) == 3 && inside == 0 &&
	       *ret_outside == 0 && size == UINT32_MAX;
}

/* A container has a /run of its own; elsewhere it is the host's still. */
static bool run_is_roots(void)
{
	struct stat st;

	auto_fd int fd = host_opendir(AT_FDCWD, "/run", true);
	return fd < 0 || fstat(fd, &st) < 0 || st.st_uid == 0;
}

int store_default_path(char **ret, struct err *e)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	unsigned uid = geteuid(), outside = uid;
	bool initial = uid == 0 && initial_userns(&outside);
	int r;

	if (!initial && xdg && xdg[0] == '/')
		r = asprintf(ret, "%s/ketch", xdg);
	else if (initial || (uid == 0 && run_is_roots()))
		r = asprintf(ret, "/run/ketch");
	else
		r = asprintf(ret, "/run/user/%u/ketch", outside);
	return r < 0 ? err_sys(e, -ENOMEM, "state root") : 0;
}

int store_path(const char *given, char **ret, struct err *e)
{
	int r = host_abspath(given, ret);

	if (r >= 0)
		return 0;
	err_sys(e, r, "state directory '%s'", given);
	return r == -ENOENT
		       ? err_hint(e, "the working directory is gone: give --root an absolute path")
		       : r;
}

/* Who may rename in it can put a state, a configuration and a journal of their own in the place of ours. One owner may be trusted
 * (sudo, a user namespace that does not know root's id); everybody can't. */
static int check_owner(const struct store *s, struct err *e)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_sys(e, -errno, "look at the state directory '%s'", s->path);
	if ((st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH) {
		err_set(e, ERR_DENIED, "everybody can change the state directory '%s': mode %04o",
			s->path, st.st_mode & 07777);
		return err_hint(e, "close it (chmod 700), or choose another one with --root DIR");
	}
	if (st.st_uid != 0 && st.st_uid != geteuid())
		log_emit(LOG_WARNING, "the state directory '%s' is uid %u's, who can change it",
			 s->path, st.st_uid);
	return 0;
}

/* XDG Base Directory Specification: what is in a user's runtime directory may be cleaned away, unless it has the sticky bit. */
static mode_t root_mode(const char *path)
{
	const char *dirs[] = { getenv("XDG_RUNTIME_DIR"), "/run/user" };
	char below[PATH_MAX], dir[PATH_MAX];

	for (size_t i = 0; i < N_ELEMENTS(dirs); i++) {
		if (dirs[i] && dirs[i][0] == '/' && path_clean(dir, sizeof(dir), dirs[i]) >= 0 &&
		    dir[1] && path_clean(below, sizeof(below), path) >= 0 && path_below(below, dir))
			return 01700;
	}
	return 0700;
}

int store_open(struct store *s, const char *path, bool make, struct err *e)
{
	*s = (struct store){ .fd = -EBADF };
	int r = 0;
	if (!path)
		r = store_default_path(&s->path, e);
	else
		r = store_path(path, &s->path, e);
	if (r < 0)
		return r;
	if (strcmp(s->path, "/") == 0)
		return err_set(e, ERR_USAGE, "--root: '/' can't be the state directory");
	s->fd = host_opendir(AT_FDCWD, s->path, false);
	if (s->fd == -ENOENT && make) {
		r = host_mkdirs(s->path, root_mode(s->path));
		if (r < 0) {
			err_sys(e, r, "make the state directory '%s'", s->path);
			return err_hint(e, "choose another one with --root DIR");
		}
		s->fd = host_opendir(AT_FDCWD, s->path, false);
	}
	if (s->fd >= 0)
		return make ? check_owner(s, e) : 0;
	if (s->fd == -ENOENT && !make)
		return 0;
	err_sys(e, s->fd, "open the state directory '%s'", s->path);
	return err_hint(e, "choose another one with --root DIR");
}

void store_close(struct store *s)
{
	close_fd(TAKE_FD(s->fd));
	free(s->path);
	s->path = NULL;
}

static bool id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '+' || c == '.' || c == '-';
}

int id_check(const char *id, struct err *e)
{
	size_t n = strnlen(id, ID_MAX + 1);

	if (n == 0)
		return err_set(e, ERR_USAGE, "the container id is empty");
	if (n > NAME_MAX_BYTES) {
		err_set(e, ERR_USAGE, "the container id has %s%zu characters",
			n > ID_MAX ? "more than " : "", n > ID_MAX ? (size_t)ID_MAX : n);
		return err_hint(e, "at most %d: it names a directory", NAME_MAX_BYTES);
	}
	bool good = strcmp(id, ".") != 0 && strcmp(id, "..") != 0 && strcmp(id, CACHE_DIR) != 0;
	for (size_t i = 0; good && i < n; i++)
		good = id_char(id[i]);
	if (good)
		return 0;
	err_set(e, ERR_USAGE, "invalid container id '%s'", id);
	return err_hint(e, "use letters, digits, '_', '+', '.' and '-'; not '.', '..' or '%s'",
			CACHE_DIR);
}

static int is_notify_socket(UNUSED void *ctx, const char *name, UNUSED unsigned char d_type)
{
	return strcmp(name, NOTIFY_SOCKET) == 0 ? 0 : -ENOTEMPTY;
}

/* All that a container's directory (*CTX) can hold, with what a killed ketch leaves of a file that it replaces. */
static int is_ours(void *ctx, const char *name, unsigned char d_type)
{
	static const char *const files[] = { FILE_CONFIG,	FILE_RESOURCES,
					     FILE_CREATED_LOCK, FILE_START_SOCKET,
					     FILE_AGENT_SOCKET, FILE_MOUNTS,
					     JOURNAL_FILE,	"state.json" };

	if (strcmp(name, NOTIFY_DIR) == 0) {
		auto_fd int notify = host_opendir(*(const int *)ctx, NOTIFY_DIR, false);

		return notify == -ENOTDIR ? -ENOTEMPTY
		       : notify < 0	  ? notify
					  : host_list(notify, is_notify_socket, NULL);
	}
	if (d_type == DT_DIR)
		return -ENOTEMPTY;
	if (strncmp(name, ".ketch-", 7) == 0)
		return 0;
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		if (strcmp(name, files[i]) == 0)
			return 0;
	}
	return -ENOTEMPTY;
}

/* 1, 0 or -errno. A directory that somebody else put there (--root /home) must never be taken for a container and removed. An empty one
 * was made by a create that was killed right then; one without a journal is what a delete that was killed left. With a journal of ours
 * it is one whatever else came to be in it (NFS's .nfs*, a core): its processes must not be lost sight of for that. */
static int is_container(int dir)
{
	int r = host_list(dir, is_ours, &dir);

	if (r == -ENOTEMPTY)
		return journal_is_ours(dir);
	return r == -ENOENT ? 0 : r < 0 ? r : 1; /* deleted meanwhile */
}

/* What is in a container's directory is done: hooks are run, cgroups named by the journal cleared. Where others than the state root's owner
 * can make one (sticky as /tmp), they must not have it done by somebody else, above all not by root. */
static int check_maker(const struct store *s, const char *id, int dir, struct err *e)
{
	struct stat st, root;

	if (fstat(dir, &st) < 0)
		return err_sys(e, -errno, "look at '%s/%s'", s->path, id);
	if (st.st_mode & S_IWOTH) {
		err_set(e, ERR_DENIED, "everybody can change '%s/%s': mode %04o", s->path, id,
			st.st_mode & 07777);
		return err_hint(e, "ketch makes it 0700: look who changed that, and what is in it");
	}
	if (st.st_uid == 0 || st.st_uid == geteuid())
		return 0;
	if (fstat(s->fd, &root) < 0)
		return err_sys(e, -errno, "look at the state directory '%s'", s->path);
	if (root.st_uid == st.st_uid) /* root looks at a user's */
		return 0;
	err_set(e, ERR_DENIED,
		"'%s/%s' is uid %u's, neither ours nor the state directory's owner's", s->path, id,
		st.st_uid);
	return err_hint(e, "act as that user, or remove the directory");
}

static int none(const struct store *s, const char *id, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "container does not exist: '%s'", id);
	return err_hint(e, "`ketch --root '%s' list` shows those there are", s->path);
}

int store_open_dir(const struct store *s, const char *id, struct err *e)
{
	int r = id_check(id, e);
	if (r < 0)
		return r;
	auto_fd int dir =
		s->fd < 0 ? -ENOENT : sys_openat(s->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	r = dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP ? 0
	    : dir < 0					       ? dir
							       : is_container(dir);
	if (r < 0)
		return err_sys(e, r, "open the state of container '%s'", id);
	if (r > 0)
		r = check_maker(s, id, dir, e);
	else
		r = none(s, id, e);
	return r < 0 ? r : TAKE_FD(dir);
}

struct removal {
	int dir;
	char foreign[NAME_MAX_BYTES + 1]; /* an entry that is not ours */
};

static int remove_ours(void *ctx, const char *name, unsigned char d_type)
{
	struct removal *x = ctx;
	int r = is_ours(&x->dir, name, d_type);

	if (r == -ENOTEMPTY) {
		snprintf(x->foreign, sizeof(x->foreign), "%s", name);
		return 0;
	}
	if (r >= 0)
		r = strcmp(name, NOTIFY_DIR) == 0 ? host_remove_tree(x->dir, name)
						  : host_unlink(x->dir, name, false);
	return r == -ENOENT ? 0 : r;
}

int store_remove_dir(const struct store *s, const char *id, int dir, struct err *e)
{
	struct removal x = { .dir = dir };
	int r = -ENOTEMPTY;

	/* Removing while reading may skip entries. */
	for (int pass = 0; r == -ENOTEMPTY && !x.foreign[0] && pass < REMOVE_PASSES; pass++) {
		r = host_list(dir, remove_ours, &x);
		if (r >= 0)
			r = host_unlink(s->fd, id, true);
	}
	if (r >= 0 || r == -ENOENT)
		return 0;
	if (r != -ENOTEMPTY || !x.foreign[0])
		return err_sys(e, r, "remove the state of container '%s'", id);
	err_sys(e, r, "container '%s' is deleted, but '%s/%s' has '%s', which is not ketch's", id,
		s->path, id, x.foreign);
	return err_hint(e, "remove that directory yourself: until then the id is taken");
}

int store_is(const struct store *s, const char *id, int dir)
{
	struct stat ours, now;

	auto_fd int again = host_opendir(s->fd, id, true);
	if (again == -ENOENT)
		return 0;
	if (again < 0)
		return again;
	if (fstat(dir, &ours) < 0 || fstat(again, &now) < 0)
		return -errno;
	return ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

/* The process with an exclusive lock on the file INODE, by the text of /proc/locks; 0: none is told. */
static pid_t lock_holder(char *text, ino_t inode)
{
	unsigned long long n;
	char *line;
	int pid;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%*u: FLOCK %*s WRITE %d %*x:%*x:%llu", &pid, &n) == 2 &&
		    n == inode && pid > 0)
			return pid;
	}
	return 0;
}

/* Writes " 123 (ketch start x)", or nothing when /proc does not tell. */
static void name_holder(int dir, char *out, size_t size)
{
	auto_buf struct buf locks = { 0 }, command = { 0 };
	struct stat st;
	char path[32];

	out[0] = '\0';
	if (fstat(dir, &st) < 0 || host_read(AT_FDCWD, "/proc/locks", PROC_MAX, &locks) < 0)
		return;
	pid_t pid = lock_holder(locks.p, st.st_ino);
	if (!pid)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	(void)host_read(AT_FDCWD, path, PROC_MAX, &command);
	for (size_t i = 0; i + 1 < command.len; i++) {
		if (!command.p[i])
			command.p[i] = ' ';
	}
	snprintf(out, size, " %d (%.80s)", pid, buf_str(&command));
}

static int locked_by(int dir, const char *id, struct err *e)
{
	char holder[128];

	name_holder(dir, holder, sizeof(holder));
	return err_set(e, ERR_STATE, "container '%s' is locked by %s%s", id,
		       *holder ? "process" : "another command", holder);
}

int store_lock(const struct store *s, const char *id, int dir, int timeout_ms, struct err *e)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };

	for (int waited = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; waited += LOCK_POLL_MS) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, -errno, "lock container '%s'", id);
		if (waited >= timeout_ms)
			return locked_by(dir, id, e);
		nanosleep(&pause, NULL);
	}
	int r = store_is(s, id, dir);
	if (r < 0)
		return err_sys(e, r, "look at '%s/%s' again", s->path, id);
	if (r)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "container does not exist: '%s' was deleted meanwhile",
		       id);
}

struct listing {
	const struct store *store;
	struct strv *ids;
};

static int add_id(void *ctx, const char *name, unsigned char d_type)
{
	const struct listing *l = ctx;
	struct err e;

	if (d_type != DT_DIR && d_type != DT_UNKNOWN)
		return 0;
	auto_fd int dir = store_open_dir(l->store, name, &e);
	/* what others keep from us is not ours; of what could not be looked at whoever opens it is told why */
	bool none =
		dir < 0 && (e.code == ERR_NOT_FOUND || e.code == ERR_USAGE || e.code == ERR_DENIED);
	return none ? 0 : strv_add(l->ids, name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_list(const struct store *s, struct strv *ret, struct err *e)
{
	struct listing l = { .store = s, .ids = ret };
	int r = s->fd < 0 ? 0 : host_list(s->fd, add_id, &l);

	if (r < 0)
		return err_sys(e, r, "list '%s'", s->path);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}
