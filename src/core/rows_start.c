/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows: how a created container waits and how `ketch start` reaches it. Init listens on a socket in the container's directory; a connection
 * that brings GO starts it, one that leaves before GO sends it back to accept. An OFD lock that init holds through a close-on-exec
 * descriptor says "created" to everybody until the very execve.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/files.h"
#include "core/foreground.h"
#include "core/launch.h"
#include "core/rows.h"
#include "core/start.h"
#include "sys/fdpass.h"
#include "sys/raw.h"

static int listen_run(struct run *r, struct err *e)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	r->created_fd =
		sys_openat(r->state_dir, FILE_CREATED_LOCK, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (r->created_fd < 0)
		return err_sys(e, r->created_fd, "make '%s'", FILE_CREATED_LOCK);
	if (fcntl(r->created_fd, F_OFD_SETLK, &lock) < 0)
		return err_sys(e, -errno, "lock '%s'", FILE_CREATED_LOCK);
	if (r->plan->opts.start_at_once)
		return 0;
	r->listen_fd = fdpass_listen_at(r->state_dir, FILE_START_SOCKET, SOCK_SEQPACKET);
	return r->listen_fd < 0 ? err_sys(e, r->listen_fd, "make the start socket") : 0;
}

const struct step step_start_listen = {
	.name = "start.listen",
	.what = "make the lock that means \"created\", and the socket for `start`",
	.stage = STAGE_HOST,
	.use = FOR_CREATE,
	.run = listen_run,
};

/* Takes over what GO brought. */
static int take_go(struct run *r, struct packet *p, struct err *e)
{
	struct go go;

	if (p->type != MSG_GO || p->len != sizeof(go))
		return err_set(e, ERR_INTERNAL, "start sent %s", msg_name(p->type));
	memcpy(&go, p->data, sizeof(go));
	if (p->n_fds != 1u + (go.has_listener != 0))
		return err_set(e, ERR_INTERNAL, "start sent %zu descriptors", p->n_fds);
	void *page = mmap(NULL, sizeof(struct exec_outcome), PROT_READ | PROT_WRITE, MAP_SHARED,
			  p->fds[0], 0);
	if (page == MAP_FAILED)
		return err_sys(e, -errno, "map the page for the outcome");
	r->outcome = page;
	if (go.has_listener)
		r->listener_fd = TAKE_FD(p->fds[1]);
	packet_close_fds(p);
	return 0;
}

/* 1: started. 0: this caller went away, or said nothing sensible; the next one may come. */
static int serve_one_start(struct run *r, struct err *e)
{
	struct packet p;

	auto_fd int conn = accept4(r->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return errno == EINTR || errno == ECONNABORTED ? 0 : err_sys(e, -errno, "accept");
	r->chan = (struct chan){ .fd = conn };
	int ret = chan_recv(&r->chan, &p, e);
	if (ret >= 0)
		ret = take_go(r, &p, e);
	r->chan.fd = -EBADF;
	if (ret < 0) { /* init lives on: what a caller brought does not pile up in it */
		packet_close_fds(&p);
		return 0;
	}
	r->chan.fd = r->start_fd = TAKE_FD(conn);
	return 1;
}

static bool waits(const struct plan *p)
{
	return !p->opts.start_at_once;
}

static int wait_run(struct run *r, struct err *e)
{
	int ret;

	do {
		ret = serve_one_start(r, e);
	} while (ret == 0);
	if (ret < 0)
		return ret;
	close_fd(TAKE_FD(r->listen_fd)); /* a second start is refused */
	if (!r->plan->process) {
		err_set(e, ERR_SPEC, "process is missing: there is nothing to start");
		return err_at(e, "$.process");
	}
	return 0;
}

static void wait_explain(const struct plan *p, struct buf *out)
{
	buf_addf(out, "socket %s/%s\n", p->opts.state_dir, FILE_START_SOCKET);
}

const struct step step_start_wait = {
	.name = "start.wait",
	.what = "wait for `ketch start`",
	.stage = STAGE_START,
	.use = FOR_CREATE,
	.applies = waits,
	.run = wait_run,
	.explain = wait_explain,
};

static int announce_run(struct run *r, struct err *e)
{
	struct err failed;
	int ret = chan_send(&r->chan, MSG_EXEC, NULL, 0, NULL, 0, &failed);

	/* From COMMIT and GO on the process does not depend on who gave them: that one may have been killed since. */
	if (ret >= 0 || ret == -EPIPE || ret == -ECONNRESET)
		return 0;
	*e = failed;
	return ret;
}

const struct step step_start_announce = {
	.name = "start.announce",
	.what = "say that execve is next: from here only its failure is told",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.run = announce_run,
};

/* ---- the terminal's master ---- */

static bool has_terminal(const struct plan *p)
{
	return p->terminal;
}

/* One message with the name of the pty and one descriptor: what every engine's receiver insists on. */
static int pass_run(struct run *r, struct err *e)
{
	struct launch *l = r->core;
	struct packet *in = (struct packet *)r->request;

	if (in->n_fds != 1 || in->len == 0)
		return err_set(e, ERR_INTERNAL, "CONSOLE without a terminal");
	if (!l->opts->console_socket) {
		r->console_master = in->fds[0];
		in->n_fds = 0;
		foreground_resize(r->console_master); /* before the program can ask */
		return 0;
	}
	l->console_sock = fdpass_connect(l->opts->console_socket, SOCK_STREAM);
	int ret = l->console_sock;
	if (ret >= 0)
		ret = fdpass_send(l->console_sock, in->data, in->len, in->fds, 1);
	if (ret >= 0)
		return 0;
	err_sys(e, ret, "send the terminal to the console socket '%s'", l->opts->console_socket);
	return err_hint(e, HINT_RECEIVER);
}

const struct step step_console_pass = {
	.name = "console.pass",
	.what = "hand the terminal's master to --console-socket, or keep it for the foreground",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_CONSOLE),
	.use = FOR_CREATE | FOR_EXEC | FOR_RESTORE,
	.applies = has_terminal,
	.run = pass_run,
};
