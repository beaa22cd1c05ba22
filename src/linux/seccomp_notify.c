/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handing the notify descriptor to the agent (config-linux.md#containerprocessstate), when the program may stop every
 * system call of init from the moment it is loaded: execve is to be the only one the agent ever sees.
 *
 * So a second thread of init, made just before and not under the program, does the talking. Init loads the program,
 * stores the descriptor's number in memory and spins until the thread has sent it and closed it here. Closed, because
 * a process that holds its own listener would hang for ever in execve if the agent died. Then execve, which ends the
 * thread. If execve fails, init says so in memory too; the thread reports it and ends the process.
 *
 * The thread shares init's thread-local storage (it is a bare clone). That is sound because the two never run library
 * code at the same time: while init does, the thread only sleeps; while the thread does, init spins.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "linux/exec.h"
#include "linux/seccomp.h"
#include "linux/steps.h"
#include "sys/raw.h"
#include "util/cleanup.h"
#include "util/jsonw.h"

enum {
	STACK_SIZE = 256 * 1024,
	SLEEP_FIRST_NS = 20 * 1000,
	SLEEP_MAX_NS = 2 * 1000 * 1000,
	SEND_TIMEOUT_MS = 10 * 1000, /* an agent that accepts and then does not read */
};

/* The spec's version that the message follows. */
#define STATE_VERSION "1.3.0"

enum turn { TURN_LOADING, TURN_GIVEN, TURN_TAKEN, TURN_FAILED };

struct seccomp_thread {
	_Atomic int turn; /* enum turn */
	int notify_fd;	  /* valid from TURN_GIVEN */
	int errnum;	  /* valid from TURN_FAILED */
	struct run *run;
	struct buf state; /* the message */
};

/* ---- init's side: no system calls ---- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

void seccomp_thread_give(struct seccomp_thread *t, int notify_fd)
{
	t->notify_fd = notify_fd;
	atomic_store(&t->turn, TURN_GIVEN);
	while (atomic_load(&t->turn) == TURN_GIVEN)
		relax();
}

void seccomp_thread_failed(struct seccomp_thread *t, int errnum)
{
	t->errnum = errnum;
	atomic_store(&t->turn, TURN_FAILED);
	for (;;)
		relax();
}

/* ---- the thread ---- */

static void wait_for(struct seccomp_thread *t, enum turn turn)
{
	struct timespec ts = { .tv_nsec = SLEEP_FIRST_NS };

	/* Init can't wake anyone. */
	while (atomic_load(&t->turn) != (int)turn) {
		nanosleep(&ts, NULL);
		ts.tv_nsec = MIN(ts.tv_nsec * 2, SLEEP_MAX_NS);
	}
}

static int wait_writable(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	int n = poll(&p, 1, SEND_TIMEOUT_MS);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* The descriptor goes with the first byte, as the spec wants it. */
static ssize_t send_part(int sock, const char *data, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	ssize_t n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static int send_all(int sock, const struct buf *state, int fd)
{
	for (size_t done = 0; done < state->len;) {
		ssize_t n = send_part(sock, state->p + done, state->len - done,
				      done == 0 ? fd : -EBADF);

		if (n == -EAGAIN)
			n = wait_writable(sock);
		if (n < 0 && n != -EINTR)
			return (int)n;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The end of the process. */
static void fail(struct seccomp_thread *t, const char *step, int status, struct err *e)
{
	err_step(e, step);
	chan_send_err(&t->run->chan, e);
	_exit(status);
}

static int thread_main(void *arg)
{
	struct seccomp_thread *t = arg;
	struct err e;

	wait_for(t, TURN_GIVEN);
	int r = send_all(t->run->listener_fd, &t->state, t->notify_fd);
	/* One state a connection, which ends then. */
	close_fd(TAKE_FD(t->run->listener_fd));
	close_fd(TAKE_FD(t->notify_fd));
	if (r < 0) {
		err_sys(&e, r, "send the notify descriptor to the seccomp agent");
		err_at(&e, "$.linux.seccomp.listenerPath");
		fail(t, "seccomp.listener", 1, &e);
	}
	atomic_store(&t->turn, TURN_TAKEN);
	wait_for(t, TURN_FAILED);
	exec_tell_failure(t->run->exec_path, t->errnum, &e);
	if (t->errnum == ENOSYS)
		err_hint(&e, "the seccomp agent is gone, or answered so");
	fail(t, "exec", exec_status(t->errnum), &e);
	return 0;
}

/* ---- the row ---- */

static int make_state(struct run *r, struct buf *out, struct err *e)
{
	const struct spec_seccomp *s = r->plan->spec->lnx->seccomp;
	auto_buf struct buf state = { 0 };
	struct jsonw w;
	/* created: the process has not executed the program of the user; in exec the container runs already. */
	int ret = r->state_json(r, r->plan->opts.use == FOR_EXEC ? "running" : "created", true,
				&state, e);

	if (ret < 0)
		return ret;
	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ociVersion", STATE_VERSION);
	jsonw_array(&w, "fds");
	jsonw_str(&w, NULL, "seccompFd");
	jsonw_end_array(&w);
	jsonw_i64(&w, "pid", r->host_pid);
	if (s && s->listener_metadata)
		jsonw_str(&w, "metadata", s->listener_metadata);
	jsonw_raw(&w, "state", buf_str(&state));
	jsonw_end_object(&w);
	if (buf_error(&state) < 0 || buf_error(out) < 0)
		return err_sys(e, -ENOMEM, "write the state for the seccomp agent");
	return 0;
}

/* Its stack with an unmapped page below. */
static char *make_stack(void)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

	if (stack == MAP_FAILED)
		return NULL;
	if (mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0) {
		munmap(stack, STACK_SIZE);
		return NULL;
	}
	return stack;
}

static int start_thread(struct seccomp_thread *t, struct err *e)
{
	char *stack = make_stack();

	if (!stack)
		return err_sys(e, -errno,
			       "make a stack for the thread that hands over the notify descriptor");
	int tid = clone(thread_main, stack + STACK_SIZE,
			CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				CLONE_SYSVSEM,
			t);
	if (tid >= 0)
		return 0;
	int r = -errno;
	munmap(stack, STACK_SIZE);
	err_sys(e, r, "make the thread that hands over the notify descriptor");
	if (r == -EAGAIN)
		err_hint(e, "SCMP_ACT_NOTIFY needs room for one thread more in RLIMIT_NPROC and "
			    "the pids limit");
	return r;
}

static bool applies(const struct plan *p)
{
	return p->process && p->spec->lnx && p->spec->lnx->seccomp &&
	       p->spec->lnx->seccomp->notifies;
}

static int run(struct run *r, struct err *e)
{
	if (!r->seccomp || !r->seccomp->notifies)
		return 0;
	if (r->listener_fd < 0) {
		err_set(e, ERR_SPEC, "nobody listens to the notifications of the seccomp profile");
		return err_at(e, "$.linux.seccomp.listenerPath");
	}
	struct seccomp_thread *t = calloc(1, sizeof(*t));
	if (!t)
		return err_sys(e, -ENOMEM, "hand over the notify descriptor");
	t->run = r;
	t->notify_fd = -EBADF;
	int ret = make_state(r, &t->state, e);
	if (ret == 0)
		ret = start_thread(t, e);
	if (ret < 0) {
		buf_free(&t->state);
		free(t);
		return ret;
	}
	r->seccomp->thread = t;
	return 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	const struct spec_seccomp *s = p->spec->lnx->seccomp;

	if (s->listener_path)
		buf_addf(out, "listener %s\n", s->listener_path);
	if (s->listener_metadata)
		buf_addf(out, "metadata %s\n", s->listener_metadata);
}

const struct step step_seccomp_listener = {
	.name = "seccomp.listener",
	.what = "make the thread that sends the notify descriptor to the agent",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.applies = applies,
	.run = run,
	.explain = explain,
};
