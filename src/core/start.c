/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start operation: runtime.md#start and lifecycle steps 6 to 9. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/end.h"
#include "core/files.h"
#include "core/hooks.h"
#include "core/notify.h"
#include "core/start.h"
#include "spec/annotations.h"
#include "spec/load.h"
#include "sys/exec_watch.h"
#include "sys/fdpass.h"
#include "sys/raw.h"
#include "util/log.h"

int run_poststart(const struct spec *s, const struct state *st, int dir, int watch_fd,
		  struct err *e)
{
	auto_buf struct buf json = { 0 };
	struct hook_env env;

	if (s->hooks[HOOK_POSTSTART].n == 0)
		return 0;
	if (state_oci_json(st, "running", (pid_t)st->pid, true, &json) < 0)
		return err_sys(e, -ENOMEM, "state");
	hooks_fill_env(&env, st->bundle, buf_str(&json));
	env.journal_dir = dir;
	env.watch_fd = watch_fd;
	hooks_try_outputs(&env, s);
	int r = 0;
	/* Up to 1.2 a failed poststart hook was a warning and the rest ran; from 1.3 on it stops the container. */
	if (spec_before(s, 3))
		hooks_run_all(s, HOOK_POSTSTART, &env);
	else
		r = hooks_run(s, HOOK_POSTSTART, &env, e);
	hooks_close_outputs(env.outputs);
	return r;
}

void stop_after_failure(const struct spec *s, struct container *c)
{
	struct err e;

	if (end_processes(c, &e) < 0 || end_cgroups(c, &e) < 0 || end_mounts(c, &e) < 0)
		log_emit(LOG_WARNING, "stop after a failed start: %s", e.msg);
	c->state.pid = 0;
	if (!c->state.poststop_done)
		hooks_run_poststop(s, &c->state, c->state.bundle);
	c->state.poststop_done = true;
	if (state_save(&c->state, c->dir, &e) < 0)
		log_emit(LOG_WARNING, "%s", e.msg);
}

/* The page in which an init that can make no more calls leaves what became of execve. */
static int make_page(int *ret_fd, struct exec_outcome **ret_page, struct err *e)
{
	auto_fd int fd = memfd_create("ketch-outcome", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* sealed: what gets hold of init's descriptors could cut the page off, and end us by SIGBUS */
	if (fd < 0 || ftruncate(fd, sizeof(struct exec_outcome)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(e, -errno, "make the page for the outcome");
	void *page =
		mmap(NULL, sizeof(struct exec_outcome), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return err_sys(e, -errno, "map the page for the outcome");
	*ret_page = page;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int connect_plugins(int dir, struct err *e)
{
	int fd = fdpass_connect_at(dir, FILE_AGENT_SOCKET, SOCK_STREAM);

	if (fd >= 0)
		return fd;
	err_sys(e, fd, "connect to the program with the container's seccomp plugins");
	err_at(e, ANNOTATION_AT(ANNOTATION_SECCOMP_PLUGINS));
	return err_hint(e, "it has ended, or a plugin ended it: delete the container and create it "
			   "again");
}

int connect_listener(const struct spec *s, int dir, struct err *e)
{
	const struct spec_seccomp *sc = s->lnx->seccomp;
	const char *path = s->seccomp_receiver;

	if (!sc || !sc->notifies)
		return -EBADF;
	if (s->seccomp_plugins)
		return connect_plugins(dir, e);
	if (sc->listener_path)
		path = sc->listener_path;
	if (!path)
		return -EBADF;
	int fd = fdpass_connect(path, SOCK_STREAM);
	if (fd >= 0)
		return fd;
	err_sys(e, fd, "connect to the seccomp agent '%s'", path);
	err_at(e, sc->listener_path ? "$.linux.seccomp.listenerPath"
				    : ANNOTATION_AT(ANNOTATION_SECCOMP_RECEIVER));
	return err_hint(e, "the agent must listen there before the container is started");
}

static int send_go(struct container *c, int listener, struct chan *chan, struct exec_outcome **page,
		   struct err *e)
{
	auto_fd int page_fd = -EBADF;
	int fds[2];

	int r = make_page(&page_fd, page, e);
	if (r < 0)
		return r;
	chan->fd = fdpass_connect_at(c->dir, FILE_START_SOCKET, SOCK_SEQPACKET);
	if (chan->fd < 0) {
		err_sys(e, chan->fd, "reach the waiting process of container '%s'", c->id);
		return chan->fd;
	}
	struct go go = { .has_listener = listener >= 0 };
	fds[0] = page_fd;
	fds[1] = listener;
	return chan_send(chan, MSG_GO, &go, sizeof(go), fds, 1u + go.has_listener, e);
}

static int died(const struct container *c, struct err *e)
{
	struct cgroup_record rec;
	struct cgroup *cg = NULL;
	struct err ignored;

	state_cgroup_record(&c->state, &rec);
	(void)cgroup_open(&cg, &rec, &ignored); /* without it the error says less */
	int r = process_died(cg, e);
	cgroup_free(cg);
	return r;
}

static bool sends_sigsys(uint32_t action)
{
	return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
	       action == SECCOMP_RET_TRAP;
}

/* Init lives on and takes no GO of ours: it has had one, or was made by `run`. */
static int started_by_another(const struct container *c, struct err *e)
{
	err_set(e, ERR_STATE, "container '%s' is being started by another command", c->id);
	return err_hint(e, "it starts even if that command was killed: `ketch state` tells when it "
			   "runs, `ketch delete --force` ends it");
}

/* Nobody listens, or whom we reached went away. */
static bool turned_away(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE || r == -ECONNRESET;
}

/* Nothing but a filter ends a process at execve. Only then is it watched: perf_event_open(2) waits for all processors, 2 to 15 ms. */
static bool may_die_at_exec(const struct spec *s)
{
	const struct spec_seccomp *sc = s->lnx->seccomp;
	bool by_default = sc && sends_sigsys(sc->default_action);

	if (spec_map_get(&s->annotations, ANNOTATION_SECCOMP_BPF))
		return true;
	for (size_t i = 0; sc && i < sc->syscalls.n; i++) {
		const struct spec_syscall *rule = &sc->syscalls.v[i];

		if (!strv_has(&rule->names, "execve"))
			continue;
		if (sends_sigsys(rule->action))
			return true;
		by_default = by_default && rule->args.n > 0;
	}
	return by_default;
}

/* *LEFT_ALONE: after an error init waits for GO as before, or goes on with another command's. */
static int start_locked(struct container *c, const struct spec *s, int pidfd, bool *left_alone,
			struct err *e)
{
	struct chan chan = { .fd = -EBADF };
	struct exec_outcome *page = NULL;
	const char *program = s->process && s->process->args.n ? s->process->args.v[0] : "";
	*left_alone = true;
	auto_fd int listener = connect_listener(s, c->dir, e);
	if (listener < 0 && listener != -EBADF)
		return listener;
	auto_fd int watch = may_die_at_exec(s) ? exec_watch_open((pid_t)c->state.pid) : -EBADF;

	int r = send_go(c, listener, &chan, &page, e);
	close_fd(TAKE_FD(listener)); /* the agent may read to the end of the connection */
	*left_alone = r < 0;
	if (r >= 0)
		r = await_exec(&chan, (pid_t)c->state.pid, pidfd, -EBADF, page, program, e);
	else if (turned_away(r))
		r = 1;
	/* a process that dies shows it before its sockets end: no need to wait for its pidfd */
	if (r == 1 && !container_ends(c)) {
		*left_alone = true;
		r = started_by_another(c, e);
	} else if (r == 1 ||
		   /* an engine may have reaped it before we could look */
		   (r == 0 && watch >= 0 && sys_pidfd_send_signal(pidfd, 0) == -ESRCH &&
		    exec_watch_seen(watch) == 0)) {
		*left_alone = false;
		r = died(c, e);
	} else if (r == 0) {
		container_await_started(c->dir);
	}
	close_fd(chan.fd);
	if (page)
		munmap(page, sizeof(*page));
	return r;
}

static int start_and_notify(struct container *c, const struct spec *s, const char *host,
			    struct notify *n, struct err *e)
{
	bool left_alone = false;

	auto_fd int pidfd = container_init_pidfd(c);
	if (pidfd < 0)
		return err_set(e, ERR_STATE, "cannot start a container that has stopped: '%s'",
			       c->id);
	int r = host && *host ? notify_open(n, c->dir, host, e) : 0;
	if (r < 0)
		return r;
	r = start_locked(c, s, pidfd, &left_alone, e);
	if (r >= 0)
		r = run_poststart(s, &c->state, c->dir, -EBADF, e);
	if (r < 0) {
		container_place_err(c, e);
		if (!left_alone)
			stop_after_failure(s, c);
		return r;
	}
	if (!notify_active(n))
		return 0;
	/* Other commands must reach a container that takes its time to be ready. */
	if (flock(c->dir, LOCK_UN) < 0)
		return err_sys(e, -errno, "unlock container '%s'", c->id);
	return notify_wait(n, (pid_t)c->state.pid, pidfd, -EBADF, e);
}

int container_start(const struct store *st, const char *id, const char *notify_socket,
		    struct err *e)
{
	auto_container struct container *c = NULL;
	auto_spec struct spec *s = NULL;
	struct notify notify = NOTIFY_INIT;

	int r = container_open(&c, st, id, e);
	if (r >= 0)
		r = container_lock(c, e);
	if (r < 0)
		return r;
	enum container_status status = container_status(c);
	if (status == C_STOPPED)
		return err_set(e, ERR_STATE, "cannot start a container that has stopped: '%s'", id);
	if (status != C_CREATED)
		return err_set(e, ERR_STATE, "cannot start container '%s': it is %s, not created",
			       id, container_status_name(status));
	r = container_spec(c, &s, e);
	if (r < 0)
		return r;
	if (!s->process) {
		err_set(e, ERR_SPEC, "process is missing: there is nothing to start");
		return err_at(e, "$.process");
	}
	r = start_and_notify(c, s, notify_socket, &notify, e);
	notify_close(&notify);
	return r;
}
