/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ketch-seccomp-agent: answers a container's seccomp notifications with plugins (annotation run.oci.seccomp.plugins). ketch itself is static
 * and can load none. One process a container, a child of `ketch create` or `run`, which it outlives: it listens in the container's directory
 * as any agent does on its listenerPath, so start and exec hand it their notify descriptors (config-linux.md#containerprocessstate).
 *
 * To ketch it speaks the protocol of parent and child (engine/proto.h): READY when the plugins are loaded, whose answer brings the pidfd of
 * the container's process; LOG for what plugins do wrong, and OK as its last word. Until that answer the end of the socket is its end. From
 * then on it lives as long as the container: until its process is dead and nobody is left under a filter.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/plugins.h"
#include "engine/agent.h"
#include "engine/proto.h"
#include "spec/annotations.h"
#include "sys/creds.h"
#include "sys/raw.h"
#include "util/cleanup.h"

enum {
	COMPLAINTS_MAX = 50, /* a plugin that fails at each call does not fill the log */
	STATE_PART = 4096,
};

enum kind { K_INIT, K_LISTENER, K_CONNECTION, K_NOTIFY };

struct agent {
	struct plugins *plugins;
	struct chan ketch;
	/* What is polled, and what each is. The first two are always there. */
	struct pollfd *p;
	enum kind *kinds;
	size_t n, room;
	bool init_dead;
	bool alone; /* with the container's process all of it ends */
	unsigned complaints;
};

static int add(struct agent *a, int fd, enum kind kind)
{
	if (a->n == a->room) {
		size_t room = a->room ? 2 * a->room : 16;
		struct pollfd *p = reallocarray(a->p, room, sizeof(*p));

		if (p)
			a->p = p;
		enum kind *kinds = p ? reallocarray(a->kinds, room, sizeof(*kinds)) : NULL;
		if (!kinds)
			return -ENOMEM;
		a->kinds = kinds;
		a->room = room;
	}
	a->kinds[a->n] = kind;
	a->p[a->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

static void drop(struct agent *a, size_t i)
{
	close_fd(TAKE_FD(a->p[i].fd));
}

/* Takes out what was dropped. */
static void tidy(struct agent *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (a->p[i].fd < 0 && a->kinds[i] != K_INIT && a->kinds[i] != K_LISTENER)
			continue;
		a->p[kept] = a->p[i];
		a->kinds[kept++] = a->kinds[i];
	}
	a->n = kept;
}

static void tell(struct agent *a, enum msg type, const char *text)
{
	struct err ignored;

	if (chan_send(&a->ketch, type, text, strlen(text), NULL, 0, &ignored) < 0)
		a->ketch.seq--; /* nobody listens any more, or not fast enough */
}

static void complain(struct agent *a, const struct err *e)
{
	if (a->complaints < COMPLAINTS_MAX)
		tell(a, MSG_LOG, e->msg);
	if (a->complaints++ == COMPLAINTS_MAX)
		tell(a, MSG_LOG, "seccomp plugins do more wrong than is told");
}

/* ---- what can happen ---- */

static void on_listener(struct agent *a, size_t i)
{
	int fd = accept4(a->p[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && add(a, fd, K_CONNECTION) < 0)
		close_fd(fd);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) /* until one of ours is closed */
		a->p[i].events = 0;
}

/* The state is for agents that serve many containers; the descriptor comes with its first byte. */
static void on_connection(struct agent *a, size_t i)
{
	char part[STATE_PART];
	int fds[1];
	size_t n_fds = 1;
	ssize_t n = fdpass_recv(a->p[i].fd, part, sizeof(part), fds, &n_fds);

	if (n > 0 && n_fds == 1 && add(a, fds[0], K_NOTIFY) < 0)
		close_fd(fds[0]);
	if (n == 0 || (n < 0 && n != -EAGAIN))
		drop(a, i);
}

static void on_notify(struct agent *a, size_t i)
{
	struct err e;
	int r = a->p[i].revents & POLLIN ? plugins_answer(a->plugins, a->p[i].fd, &e) : -EPIPE;

	if (r == 1)
		complain(a, &e);
	if (r < 0) /* nobody is under the filter any more */
		drop(a, i);
}

static void handle(struct agent *a, size_t i)
{
	switch (a->kinds[i]) {
	case K_INIT:
		a->init_dead = true;
		drop(a, i);
		break;
	case K_LISTENER:
		on_listener(a, i);
		break;
	case K_CONNECTION:
		on_connection(a, i);
		break;
	case K_NOTIFY:
		on_notify(a, i);
		break;
	}
}

static int serve(struct agent *a)
{
	while (!a->init_dead || (!a->alone && a->n > 2)) {
		size_t n = a->n;

		if (poll(a->p, n, -1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < n; i++) {
			if (a->p[i].fd >= 0 && a->p[i].revents)
				handle(a, i);
		}
		tidy(a);
		if (a->n < n)
			a->p[1].events = POLLIN;
	}
	return 0;
}

/* ---- begin and end ---- */

/* Nothing of the caller's but what it gave us: not its descriptors, terminal, directory. */
static int settle(struct err *e)
{
	struct sys_rlimit files;
	int r = sys_close_range(AGENT_FD_N, ~0u, 0);

	signal(SIGPIPE, SIG_IGN); /* who reads what plugins print may be gone */

	for (int fd = AGENT_FD_KETCH; r >= 0 && fd < AGENT_FD_N; fd++)
		r = fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
	if (r >= 0 && setsid() < 0)
		r = -errno;
	if (r >= 0)
		r = sys_chdir("/");
	/* a descriptor for each process that was exec'ed */
	if (r >= 0 && sys_prlimit(0, RLIMIT_NOFILE, NULL, &files) >= 0) {
		files.soft = files.hard;
		(void)sys_prlimit(0, RLIMIT_NOFILE, &files, NULL);
	}
	return r < 0 ? err_sys(e, r, "begin as the seccomp agent") : 0;
}

static int load(struct agent *a, char **argv, struct err *e)
{
	auto_str char *config = NULL;
	struct plugin_container c = { .directory = argv[AGENT_ARG_DIRECTORY],
				      .id = argv[AGENT_ARG_ID],
				      .bundle = argv[AGENT_ARG_BUNDLE] };

	if (asprintf(&config, "%s/config.json", c.directory) < 0) {
		config = NULL;
		return err_sys(e, -ENOMEM, "load plugins");
	}
	c.config = config;
	return plugins_load(&a->plugins, argv[AGENT_ARG_PLUGINS], &c, e);
}

/* From here on it is known whose end is ours. */
static int adopt(struct agent *a, struct err *e)
{
	struct packet answer;
	int r = chan_ask(&a->ketch, MSG_READY, NULL, 0, NULL, 0, &answer, e);

	if (r < 0)
		return r;
	if (answer.n_fds != 1 || answer.len != sizeof(struct agent_commit)) {
		packet_close_fds(&answer);
		return err_set(e, ERR_INTERNAL, "COMMIT without a process");
	}
	struct agent_commit commit;
	memcpy(&commit, answer.data, sizeof(commit));
	a->alone = commit.own_pid_ns;
	(void)listen(AGENT_FD_LISTENER, SOMAXCONN);
	r = fcntl(AGENT_FD_KETCH, F_SETFL, O_RDWR | O_NONBLOCK) < 0 ||
			    fcntl(AGENT_FD_LISTENER, F_SETFL, O_RDWR | O_NONBLOCK) < 0
		    ? -errno
		    : 0;
	if (r >= 0)
		r = add(a, answer.fds[0], K_INIT);
	if (r >= 0)
		r = add(a, AGENT_FD_LISTENER, K_LISTENER);
	if (r >= 0 && prctl(PR_SET_PDEATHSIG, 0) < 0)
		r = -errno;
	return r < 0 ? err_sys(e, r, "begin to answer")
		     : chan_send(&a->ketch, MSG_READY, NULL, 0, NULL, 0, e);
}

int main(int argc, char **argv)
{
	struct agent a = { .ketch = { .fd = AGENT_FD_KETCH } };
	struct err e;

	if (argc != AGENT_ARG_N || fcntl(AGENT_FD_LISTENER, F_GETFD) < 0) {
		fprintf(stderr,
			"%s is started by ketch, for containers with the annotation "
			"%s\n",
			AGENT_NAME, ANNOTATION_SECCOMP_PLUGINS);
		return 2;
	}
	int r = settle(&e);
	if (r >= 0)
		r = load(&a, argv, &e);
	if (r >= 0)
		r = adopt(&a, &e);
	if (r < 0)
		chan_send_err(&a.ketch, &e);
	else
		r = serve(&a);
	plugins_free(a.plugins);
	if (r >= 0)
		tell(&a, MSG_OK, "");
	for (size_t i = 0; i < a.n; i++)
		drop(&a, i);
	free(a.p);
	free(a.kinds);
	return r < 0;
}
