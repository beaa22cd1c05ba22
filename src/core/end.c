/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The delete operation (runtime.md#delete, lifecycle steps 11 to 13), and signals. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "core/end.h"
#include "core/files.h"
#include "core/hooks.h"
#include "core/journal.h"
#include "linux/rdt.h"
#include "linux/root_mount.h"
#include "spec/load.h"
#include "sys/raw.h"
#include "util/log.h"

static int open_cgroup(const struct container *c, struct cgroup **ret, struct err *e)
{
	struct cgroup_record rec;

	*ret = NULL;
	state_cgroup_record(&c->state, &rec);
	return rec.leaves.n || rec.scope ? cgroup_open(ret, &rec, e) : 0;
}

static int wait_for_death(int pidfd, pid_t pid, struct err *e)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do {
		r = poll(&p, 1, DEATH_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r == 0) {
		err_set(e, ERR_STATE, "process %d does not end after SIGKILL", pid);
		return err_hint(e,
				"it may hang in the kernel: see /proc/%d/wchan and /proc/%d/stack",
				pid, pid);
	}
	return r < 0 ? err_sys(e, -errno, "wait for process %d", pid) : 0;
}

/* The cgroup may be frozen meanwhile: whoever types ^C, it is thawed. */
static int kill_cgroup(struct cgroup *cg, int sig, struct err *e)
{
	sigset_t all, mask;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &mask) < 0)
		return err_sys(e, -errno, "block signals");
	int r = cgroup_kill(cg, sig, e);
	if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0 && r >= 0)
		r = err_sys(e, -errno, "unblock signals");
	return r;
}

int end_processes(struct container *c, struct err *e)
{
	struct cgroup *cg = NULL;

	auto_fd int pidfd = container_init_pidfd(c);
	if (pidfd < 0 && pidfd != -ESRCH)
		return err_sys(e, pidfd, "look at process %lld of container '%s'",
			       (long long)c->state.pid, c->id);
	if (pidfd == -ESRCH && c->state.own_pid_ns)
		return 0; /* the kernel ends a pid namespace before its init is dead */
	int r = open_cgroup(c, &cg, e);
	if (r < 0)
		return r;
	int k = pidfd >= 0 ? sys_pidfd_send_signal(pidfd, SIGKILL) : 0;
	if (k < 0 && k != -ESRCH)
		r = err_sys(e, k, "kill process %lld", (long long)c->state.pid);
	if (cg && cgroup_is_frozen(cg)) /* SIGKILL ends a frozen v1 task only when it is thawed */
		(void)cgroup_freeze(cg, false, e);
	if (r >= 0 && cg && !c->state.own_pid_ns)
		r = kill_cgroup(cg, SIGKILL, e);
	if (r >= 0 && pidfd >= 0)
		r = wait_for_death(pidfd, (pid_t)c->state.pid, e);
	cgroup_free(cg);
	return r;
}

int end_cgroups(struct container *c, struct err *e)
{
	struct cgroup *cg;

	int r = open_cgroup(c, &cg, e);
	if (r < 0 || !cg)
		return r;
	r = cgroup_destroy(cg, e);
	cgroup_free(cg);
	return r;
}

static int replay_mount(UNUSED void *ctx, const char *what, const char *value, struct err *e)
{
	return strcmp(what, JOURNAL_MOUNT) == 0 ? root_mount_remove(value, e) : 0;
}

int end_mounts(struct container *c, struct err *e)
{
	return journal_replay(c->dir, replay_mount, NULL, e);
}

/* ---- kill ---- */

static int is_init(void *ctx, pid_t pid)
{
	const struct container *c = ctx;

	return pid == (pid_t)c->state.pid ? -ECANCELED : 0; /* enough */
}

/* Init may have been moved out of the cgroups; in them it gets a signal to all with the others, and must not get it twice. */
static bool cgroup_has_init(struct cgroup *cg, struct container *c)
{
	struct err ignored;

	return cgroup_pids(cg, is_init, c, &ignored) == -ECANCELED;
}

/* MAY_BE_GONE: there are others to signal. */
static int signal_init(const struct container *c, int sig, bool may_be_gone, struct err *e)
{
	auto_fd int pidfd = container_init_pidfd(c);

	int r = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, sig);
	if (r >= 0 || (r == -ESRCH && may_be_gone))
		return 0;
	if (r == -ESRCH)
		return err_set(e, ERR_STATE, "container not running: '%s' has just ended", c->id);
	return err_sys(e, r, "signal container '%s'", c->id);
}

int container_kill(struct container *c, int sig, bool all, struct err *e)
{
	enum container_status status;
	struct cgroup *cg = NULL;

	/* a cgroup without processes would take any */
	if (sig < 0 || sig > SIGRTMAX)
		return err_sys(e, -EINVAL, "signal container '%s' with %d", c->id, sig);
	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	bool alive = status == C_CREATED || status == C_RUNNING || status == C_PAUSED;
	if (!alive && !all)
		return err_set(e, ERR_STATE, "container not running: '%s' is %s", c->id,
			       container_status_name(status));
	if (!c->has_state)
		return 0;
	r = open_cgroup(c, &cg, e);
	if (r < 0)
		return r;
	/* The kernel ends all others of an own pid namespace with init; where there is none, nothing may stay. */
	bool others = cg && sig != 0 && (all || (sig == SIGKILL && !c->state.own_pid_ns));
	if (alive && (!others || sig == SIGKILL || !cgroup_has_init(cg, c)))
		r = signal_init(c, sig, others, e);
	if (r >= 0 && others)
		r = kill_cgroup(cg, sig, e);
	if (r >= 0 && sig == SIGKILL && cg && cgroup_is_frozen(cg))
		r = cgroup_freeze(cg, false, e);
	cgroup_free(cg);
	return r;
}

static int check_pausable(const struct container *c, bool pause, struct err *e)
{
	enum container_status status;

	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	if (pause && status != C_RUNNING && status != C_CREATED)
		return err_set(e, ERR_STATE, "cannot pause container '%s': it is %s", c->id,
			       container_status_name(status));
	if (!pause && status != C_PAUSED)
		return err_set(e, ERR_STATE, "cannot resume container '%s': it is %s, not paused",
			       c->id, container_status_name(status));
	return 0;
}

int container_pause(struct container *c, bool pause, struct err *e)
{
	struct cgroup *cg;

	int r = check_pausable(c, pause, e);
	if (r >= 0)
		r = container_lock(c, e);
	if (r >= 0)
		r = check_pausable(c, pause, e);
	if (r >= 0)
		r = open_cgroup(c, &cg, e);
	if (r < 0)
		return r;
	if (!cg)
		return err_set(e, ERR_UNSUPPORTED, "container '%s' has no cgroup to freeze", c->id);
	r = cgroup_freeze(cg, pause, e);
	cgroup_free(cg);
	return r;
}

void container_thaw(struct container *c)
{
	struct cgroup *cg = NULL;
	struct err ignored = { 0 };

	if (open_cgroup(c, &cg, &ignored) >= 0 && cg)
		(void)cgroup_freeze(cg, false, &ignored);
	cgroup_free(cg);
}

int container_pids(struct container *c, int (*fn)(void *ctx, pid_t pid), void *ctx, struct err *e)
{
	enum container_status status;
	struct cgroup *cg;

	int r = container_look(c, &status, e);
	if (r < 0 || status == C_STOPPED || status == C_CREATING)
		return r;
	r = open_cgroup(c, &cg, e);
	if (r < 0)
		return r;
	if (!cg)
		return fn(ctx, (pid_t)c->state.pid);
	r = cgroup_pids(cg, fn, ctx, e);
	cgroup_free(cg);
	return r;
}

/* ---- delete ---- */

struct replaying {
	const struct container *c;
	struct strv mounts;
};

/* The newest first: the agent, which lives as long as the container, is one of the oldest. */
static int replay(void *ctx, const char *what, const char *value, struct err *e)
{
	struct replaying *p = ctx;
	const struct container *c = p->c;

	if (strcmp(what, JOURNAL_CGROUP) == 0) /* those that the state names are gone already */
		return c->has_state && strv_has(&c->state.cgroup_made, value)
			       ? 0
			       : cgroup_remove_dir(value, e);
	if (strcmp(what, JOURNAL_MOUNT) == 0 && strv_add(&p->mounts, value) < 0)
		return err_sys(e, -ENOMEM, "read the journal");
	/* that of a finished creation has been stopped with the cgroups */
	if (strcmp(what, JOURNAL_SCOPE) == 0 && !c->has_state)
		return cgroup_remove_scope(value, e);
	if (strcmp(what, JOURNAL_RDT) == 0)
		return rdt_remove(value, e);
	if (strcmp(what, JOURNAL_HOOK) == 0 ||
	    (strcmp(what, JOURNAL_PROCESS) == 0 && !c->has_state))
		journal_kill(what, value);
	if (strcmp(what, JOURNAL_AGENT) == 0)
		journal_end_agent(value);
	return 0;
}

static int kill_frozen(UNUSED void *ctx, const char *what, const char *value, UNUSED struct err *e)
{
	if (strcmp(what, JOURNAL_CGROUP) == 0)
		cgroup_kill_frozen(value);
	return 0;
}

/* Without a state nobody knows which cgroup is the freezer's: in the others the processes of a paused container would not die. */
static void end_frozen(const struct container *c)
{
	struct err ignored;

	if (!c->has_state)
		(void)journal_replay(c->dir, kill_frozen, NULL, &ignored);
}

static int replay_all(const struct container *c, struct err *e)
{
	struct replaying p = { .c = c };

	end_frozen(c);
	int r = journal_replay(c->dir, replay, &p, e);
	/* now that nobody is left who would mount anything */
	for (size_t i = 0; i < p.mounts.n && r >= 0; i++)
		r = root_mount_remove(p.mounts.v[i], e);
	strv_free(&p.mounts);
	return r;
}

static int find_hooks(void *ctx, const char *what, UNUSED const char *value, UNUSED struct err *e)
{
	if (strcmp(what, JOURNAL_HOOKS) == 0)
		*(bool *)ctx = true;
	return 0;
}

struct holders {
	const struct container *c;
	bool alive; /* the container's process, when it was looked at */
};

/* A criu that has killed the container is about to end by itself, with a good image. */
static int kill_holders(void *ctx, const char *what, const char *value, UNUSED struct err *e)
{
	const struct holders *h = ctx;

	if (strcmp(what, JOURNAL_HOOK) == 0 || strcmp(what, JOURNAL_PROCESS) == 0 ||
	    (strcmp(what, JOURNAL_AGENT) == 0 && !h->c->has_state) ||
	    (strcmp(what, JOURNAL_CRIU) == 0 && h->alive))
		journal_kill(what, value);
	return 0;
}

/* A command that holds the lock may be waiting for the container's process, for a hook, for plugins that do not get ready or for CRIU. */
static void free_lock(struct container *c)
{
	struct err ignored;

	auto_fd int pidfd = container_init_pidfd(c);
	struct holders h = { .c = c, .alive = pidfd >= 0 };
	if (pidfd >= 0)
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	end_frozen(c);
	(void)journal_replay(c->dir, kill_holders, &h, &ignored);
}

static int check_deletable(const struct container *c, unsigned flags, struct err *e)
{
	enum container_status status;

	if (flags & DELETE_FORCE)
		return 0;
	int r = container_look(c, &status, e);
	if (r < 0)
		return r;
	if (status == C_STOPPED || (status == C_CREATED && !(flags & DELETE_STRICT)))
		return 0;
	err_set(e, ERR_STATE, "cannot delete container '%s': it is %s, not stopped", c->id,
		container_status_name(status));
	return err_hint(e, "`ketch kill %s KILL` first, or `ketch delete --force %s`", c->id,
			c->id);
}

/* What `create` had not finished: the journal knows all it made. */
static int clear(struct container *c, struct err *e)
{
	int r = 0;

	if (c->has_state) {
		r = end_processes(c, e);
		if (r >= 0)
			r = end_cgroups(c, e);
	}
	return r < 0 ? r : replay_all(c, e);
}

/* Does the end of this container call for the poststop hooks? A creation that was cut off before its first hook needs none. */
static bool wants_poststop(const struct container *c)
{
	struct err ignored;
	bool begun = false;

	if (c->has_state)
		return !c->state.poststop_done;
	return journal_replay(c->dir, find_hooks, &begun, &ignored) >= 0 && begun;
}

/* SPEC: the model of the container's configuration; NULL: to be read. */
static int delete_locked(struct container *c, const struct spec *spec, struct err *e)
{
	auto_spec struct spec *mine = NULL;
	struct err ignored;
	bool hooks = wants_poststop(c);

	if (hooks && !spec && container_spec(c, &mine, &ignored) >= 0)
		spec = mine;
	int r = clear(c, e);
	if (r < 0)
		return r;
	r = store_remove_dir(c->store, c->id, c->dir, e);
	if ((r >= 0 || r == -ENOTEMPTY) && hooks && spec)
		hooks_run_poststop(spec, &c->state, c->state.bundle);
	return r;
}

int container_delete(const struct store *s, const char *id, unsigned flags, struct err *e)
{
	auto_container struct container *c = NULL;
	bool force = flags & DELETE_FORCE;

	int r = force ? container_open_tolerant(&c, s, id, e) : container_open(&c, s, id, e);
	if (r >= 0)
		r = check_deletable(c, flags, e);
	if (r >= 0) {
		if (force)
			free_lock(c);
		r = container_lock(c, e);
	}
	if (r >= 0)
		r = check_deletable(c, flags, e);
	if (r < 0)
		return force && e->code == ERR_NOT_FOUND ? 0 : r;
	return delete_locked(c, NULL, e);
}

int end_delete(const struct store *s, const char *id, int dir, const struct spec *spec,
	       struct err *e)
{
	auto_container struct container *c = NULL;

	/* who has the lock may be waiting for a hook: the long way knows what to do */
	if (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		int still = store_is(s, id, dir);

		return still < 0 ? err_sys(e, still, "look at '%s/%s' again", s->path, id)
		       : still	 ? container_delete(s, id, DELETE_FORCE, e)
				 : 0;
	}
	int r = container_of_dir(&c, s, id, dir, e);
	if (r >= 0)
		r = container_lock(c, e);
	if (r < 0)
		return e->code == ERR_NOT_FOUND ? 0 : r;
	return delete_locked(c, spec, e);
}
