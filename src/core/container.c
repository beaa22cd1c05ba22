/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An existing container: opening it and telling its status (runtime.md#state). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>

#include "core/container.h"
#include "core/files.h"
#include "core/journal.h"
#include "linux/mountinfo.h"
#include "spec/json.h"
#include "spec/load.h"
#include "sys/hostfs.h"
#include "sys/proc.h"
#include "sys/raw.h"
#include "util/log.h"

static const char *const status_names[] = {
	[C_CREATING] = "creating", [C_CREATED] = "created", [C_RUNNING] = "running",
	[C_PAUSED] = "paused",	   [C_STOPPED] = "stopped", [C_UNKNOWN] = "unknown",
};

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

/* What is known of a container whose creation did not get to its end. */
static int take_journal(void *ctx, const char *what, const char *value, struct err *e)
{
	struct state *st = ctx;

	if (strcmp(what, JOURNAL_BUNDLE) != 0)
		return 0;
	st->bundle = arena_str(&st->arena, value);
	if (!st->bundle)
		return err_sys(e, -ENOMEM, "read the journal");
	mountinfo_unescape(st->bundle);
	return 0;
}

/* JSON holds characters: what a path has of other bytes is U+FFFD in state.json. The journal holds bytes. */
static int restore_bytes(struct container *c, struct err *e)
{
	return strstr(c->state.bundle, "\ufffd")
		       ? journal_replay(c->dir, take_journal, &c->state, e)
		       : 0;
}

static int load_unfinished(struct container *c, struct err *e)
{
	static char none[] = "";

	c->state.id = c->id;
	c->state.bundle = none;
	return journal_replay(c->dir, take_journal, &c->state, e);
}

/* The creator holds the lock until it has written the state. Shared, so that those who look don't take each other for it. */
static bool is_being_created(const struct container *c)
{
	if (c->locked)
		return false;
	if (flock(c->dir, LOCK_SH | LOCK_NB) < 0)
		return true;
	(void)flock(c->dir, LOCK_UN);
	return false;
}

static int load(struct container *c, struct err *e)
{
	state_clear(&c->state);
	int r = state_load(&c->state, c->dir, e);
	c->creating = r == -ENOENT && is_being_created(c);
	if (r == -ENOENT && !c->creating) /* committed meanwhile? */
		r = state_load(&c->state, c->dir, e);
	c->has_state = r >= 0;
	if (r >= 0)
		r = restore_bytes(c, e);
	/* what we lack now says nothing of the state */
	bool lacking = r == -EMFILE || r == -ENFILE || r == -ENOMEM;
	return r == -ENOENT || (r < 0 && c->tolerant && !lacking) ? load_unfinished(c, e) : r;
}

static struct container *container_new(const struct store *s, const char *id, int dir)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->store = s;
	c->dir = -EBADF;
	c->id = strdup(id);
	if (!c->id) {
		free(c);
		return NULL;
	}
	c->dir = dir;
	return c;
}

static int open_it(struct container **ret, const struct store *s, const char *id, bool tolerant,
		   struct err *e)
{
	auto_fd int dir = store_open_dir(s, id, e);
	if (dir < 0)
		return dir;
	auto_container struct container *c = container_new(s, id, dir);
	if (!c)
		return err_sys(e, -ENOMEM, "open container '%s'", id);
	(void)TAKE_FD(dir);
	c->tolerant = tolerant;
	int r = load(c, e);
	if (r >= 0)
		*ret = TAKE_PTR(c);
	return r;
}

int container_open(struct container **ret, const struct store *s, const char *id, struct err *e)
{
	return open_it(ret, s, id, false, e);
}

int container_open_tolerant(struct container **ret, const struct store *s, const char *id,
			    struct err *e)
{
	return open_it(ret, s, id, true, e);
}

int container_of_dir(struct container **ret, const struct store *s, const char *id, int dir,
		     struct err *e)
{
	auto_fd int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	struct container *c = copy < 0 ? NULL : container_new(s, id, copy);

	if (!c)
		return err_sys(e, copy < 0 ? -errno : -ENOMEM, "open container '%s'", id);
	(void)TAKE_FD(copy);
	c->tolerant = true;
	*ret = c;
	return 0;
}

void container_free(struct container *c)
{
	if (!c)
		return;
	state_clear(&c->state);
	close_fd(c->dir);
	free(c->id);
	free(c);
}

int container_lock(struct container *c, struct err *e)
{
	int r = store_lock(c->store, c->id, c->dir, LOCK_TIMEOUT_MS, e);

	if (r < 0)
		return r;
	c->locked = true;
	return load(c, e);
}

static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* pidfd of init and its *PS; -ESRCH: it has ended. */
static int open_init(const struct state *st, struct proc_stat *ps)
{
	if (st->pid <= 0)
		return -ESRCH;
	auto_fd int pidfd = sys_pidfd_open((pid_t)st->pid);
	if (pidfd == -EINVAL || pidfd == -ENOENT) /* the number is a thread's by now */
		return -ESRCH;
	if (pidfd < 0)
		return pidfd;
	/* Opened first, compared afterwards: a pid that was reused before the open has another start time, one that is reused
	 * later does not change what the pidfd refers to. */
	int r = proc_stat_host((pid_t)st->pid, ps);
	if (r < 0)
		return r;
	if (ps->start_time != st->start_time || ps->state == 'X')
		return -ESRCH;
	if (ps->state != 'Z')
		return TAKE_FD(pidfd);
	/* it is the first thread's alone, and that may end before the others (pthread_exit) */
	ps->flags &= ~(unsigned)PF_EXITING;
	return has_ended(pidfd) ? -ESRCH : TAKE_FD(pidfd);
}

/* 1 and *PS of init, while it is alive; 0: it has ended; or -errno. */
static int init_alive(const struct state *st, struct proc_stat *ps)
{
	int r = st->pid > 0 ? proc_stat_host((pid_t)st->pid, ps) : -ESRCH;

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	if (ps->start_time != st->start_time || ps->state == 'X')
		return 0;
	if (ps->state != 'Z')
		return 1;
	auto_fd int pidfd = open_init(st, ps);
	return pidfd >= 0 ? 1 : pidfd == -ESRCH ? 0 : pidfd;
}

int container_init_pidfd(const struct container *c)
{
	struct proc_stat ps;

	return c->has_state ? open_init(&c->state, &ps) : -ESRCH;
}

/* Whether init still holds the lock that execve drops: "created" as a fact of the kernel. Asked as a reader, who needs no right to write:
 * the view of the state root may be read-only. 1, 0 or -errno. */
static int created_lock_held(int dir)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	auto_fd int fd = sys_openat(dir, FILE_CREATED_LOCK, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type == F_WRLCK;
}

void container_await_started(int dir)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	auto_fd int fd = sys_openat(dir, FILE_CREATED_LOCK, O_RDONLY, 0);
	if (fd >= 0)
		(void)fcntl(fd, F_OFD_SETLKW, &lock);
}

static bool is_paused(const struct container *c)
{
	struct cgroup_record rec;
	struct cgroup *cg = NULL;
	struct err ignored;

	state_cgroup_record(&c->state, &rec);
	if (rec.leaves.n == 0 || cgroup_open(&cg, &rec, &ignored) < 0)
		return false;
	bool frozen = cgroup_is_frozen(cg);
	cgroup_free(cg);
	return frozen;
}

int container_look(const struct container *c, enum container_status *ret, struct err *e)
{
	struct proc_stat ps;

	*ret = c->creating ? C_CREATING : C_STOPPED;
	if (!c->has_state)
		return 0;
	/* Asked first: a process that dies lets go of its descriptors, the lock among them, before it is a zombie. (CRIU's have never called
	 * execve either, but they live.) */
	int waits = created_lock_held(c->dir);
	int alive = init_alive(&c->state, &ps);
	if (alive < 0)
		return err_sys(e, alive, "look at process %lld of container '%s'",
			       (long long)c->state.pid, c->id);
	if (!alive || (ps.flags & PF_FORKNOEXEC && ps.flags & PF_EXITING))
		*ret = C_STOPPED;
	else if (is_paused(c))
		*ret = C_PAUSED;
	else if (waits < 0)
		return err_sys(e, waits, "ask for the lock '%s' of container '%s'",
			       FILE_CREATED_LOCK, c->id);
	else
		*ret = waits ? C_CREATED : C_RUNNING;
	return 0;
}

enum container_status container_status(const struct container *c)
{
	enum container_status status;
	struct err e;

	if (container_look(c, &status, &e) >= 0)
		return status;
	log_emit(LOG_WARNING, "container '%s': %s", c->id, e.msg);
	return C_UNKNOWN;
}

bool container_ends(const struct container *c)
{
	struct proc_stat ps;
	int alive = init_alive(&c->state, &ps);

	return alive == 0 || (alive > 0 && ps.flags & PF_EXITING);
}

int container_spec(const struct container *c, struct spec **ret, struct err *e)
{
	auto_buf struct buf text = { 0 };

	int r = host_read(c->dir, FILE_CONFIG, SPEC_MAX_SIZE, &text);
	if (r < 0)
		err_sys(e, r, "read it");
	else
		r = spec_load_receiver(ret, buf_str(&text), text.len,
				       c->has_state ? c->state.seccomp_receiver : NULL, e);
	if (r >= 0)
		return r;
	err_wrap(e, "the configuration kept for container '%s' is damaged", c->id);
	return err_hint(e, "clear the container with `ketch delete --force`");
}

void container_place_err(const struct container *c, struct err *e)
{
	auto_buf struct buf text = { 0 };

	if (e->where[0] && !e->line && host_read(c->dir, FILE_CONFIG, SPEC_MAX_SIZE, &text) >= 0)
		json_place_err(e, buf_str(&text), text.len);
}

int container_state_json(const struct container *c, struct buf *out, struct err *e)
{
	enum container_status status;

	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	pid_t pid = status == C_STOPPED || status == C_CREATING ? 0 : (pid_t)c->state.pid;

	r = state_oci_json(&c->state, container_status_name(status), pid, false, out);
	return r < 0 ? err_sys(e, r, "state of container '%s'", c->id) : 0;
}
