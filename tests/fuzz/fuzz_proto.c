/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: whatever the other side of a socket may say: to the parent that serves, to the child that asks, to `start` that waits for
 * execve, to the init that waits for `start`, and to the NOTIFY_SOCKET.
 *
 * Input: a byte for the side, then packets: flags (1: DATA is the whole packet, header included; upper half: number of
 * descriptors), two bytes of length, DATA. Without flag 1 the first byte of DATA is the type and the header is right.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/launch.h"
#include "core/rows.h"
#include "core/start.h"
#include "engine/progress.h"
#include "fuzz/fuzz.h"
#include "util/log.h"

enum { MAX_PACKETS = 24 };

struct header {
	uint8_t version, type;
	uint16_t n_fds;
	uint32_t seq, len;
};

static int any_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	require(fd >= 0 && ftruncate(fd, 8) == 0);
	return fd;
}

static void send_one(int sock, struct fuzz_in *in, uint32_t seq)
{
	char packet[sizeof(struct header) + PROTO_MAX_DATA + 64];
	struct header h = { .version = PROTO_VERSION, .seq = seq };
	unsigned flags = fuzz_u8(in), n_fds = flags >> 4;
	size_t len = fuzz_u16(in), at = 0;
	int fds[FDPASS_MAX] = { 0 };

	n_fds = n_fds > FDPASS_MAX ? FDPASS_MAX : n_fds;
	if (!(flags & 1)) {
		h.type = fuzz_u8(in);
		h.n_fds = (uint16_t)n_fds;
		at = sizeof(h);
	}
	len = len > in->n ? in->n : len;
	len = len > sizeof(packet) - at ? sizeof(packet) - at : len;
	h.len = (uint32_t)len;
	memcpy(packet, &h, at);
	memcpy(packet + at, in->p, len);
	in->p += len;
	in->n -= len;
	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = any_file();
	(void)fdpass_send(sock, packet, at + len, fds, n_fds);
	for (unsigned i = 0; i < n_fds; i++)
		close_fd(fds[i]);
}

/* All packets of IN are in the socket, and then its end. */
static void send_all(int sock, struct fuzz_in *in)
{
	for (uint32_t seq = 1; in->n && seq <= MAX_PACKETS; seq++)
		send_one(sock, in, seq);
	require(shutdown(sock, SHUT_WR) == 0);
}

static void check_packet(const struct packet *p)
{
	require(p->type > 0 && p->type < MSG_N && p->len <= PROTO_MAX_DATA);
	require(p->n_fds <= FDPASS_MAX);
	for (size_t i = 0; i < p->n_fds; i++)
		require(fcntl(p->fds[i], F_GETFD) == FD_CLOEXEC);
}

static void receive(int sock)
{
	struct chan c = { .fd = sock };
	struct packet p;
	struct err e = { 0 };
	int r;

	while ((r = chan_recv(&c, &p, &e)) >= 0) {
		check_packet(&p);
		packet_close_fds(&p);
	}
	require_err(r, &e);
}

static void ask(int sock)
{
	struct chan c = { .fd = sock };
	struct packet p;
	struct err e = { 0 };

	int r = chan_ask(&c, MSG_MAP_IDS, "x", 1, NULL, 0, &p, &e);
	require_err(r, &e);
	if (r < 0)
		return;
	check_packet(&p);
	require(p.type == MSG_OK || p.type == MSG_COMMIT);
	packet_close_fds(&p);
}

/* Readable for ever: the end of the loop, once the socket has nothing more. */
static int interruption(void)
{
	struct signalfd_siginfo si = { .ssi_signo = SIGTERM };
	int fds[2];

	require(pipe2(fds, O_CLOEXEC) == 0);
	require(write(fds[1], &si, sizeof(si)) == sizeof(si));
	close_fd(fds[1]);
	return fds[0];
}

/* No row of the table is for this plan: what is tried is the loop itself. */
static void serve_side(int sock, bool ns_stage)
{
	struct launch l = LAUNCH_INIT(NULL, "fuzz", NULL);
	struct plan plan = { .opts = { .id = "fuzz" }, .fork = { .ns_stage = ns_stage } };
	struct err e = { 0 };

	l.plan = &plan;
	l.run = (struct run){ .plan = &plan,
			      .chan = { .fd = sock },
			      .init = { .pidfd = -EBADF },
			      .first = { .pidfd = -EBADF },
			      .state_dir = -EBADF };
	require(progress_new(&l.run.progress, &e) == 0);
	l.signal_fd = interruption();
	int r = serve(&l, &e);
	require_err(r, &e);
	require(l.committed == (r >= 0));
	require(ns_stage || l.run.init.pid == 0);
	close_fd(l.run.init.pidfd);
	close_fd(l.signal_fd);
	progress_free(l.run.progress);
}

static void start_side(int sock, uint32_t exec_errno)
{
	struct chan c = { .fd = sock };
	struct exec_outcome outcome = { .errnum = exec_errno };
	struct err e = { 0 };

	memset(&outcome.seen, (int)(exec_errno & 0xff), sizeof(outcome.seen));
	int r = await_exec(&c, getpid(), -EBADF, -EBADF, &outcome, "program", &e);
	require_err(r == 1 ? process_died(NULL, &e) : r, &e);
}

static void init_side(struct fuzz_in *in)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr);
	struct spec_process process = { 0 };
	struct plan plan = { .process = &process };
	struct run r = { .plan = &plan, .start_fd = -EBADF, .listener_fd = -EBADF };
	struct err e = { 0 };

	r.listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	require(bind(r.listen_fd, (struct sockaddr *)&addr, sizeof(sa_family_t)) == 0);
	require(listen(r.listen_fd, MAX_PACKETS) == 0);
	require(getsockname(r.listen_fd, (struct sockaddr *)&addr, &len) == 0);
	for (int i = 0; in->n && i < MAX_PACKETS; i++) { /* one caller a packet */
		auto_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		require(connect(sock, (struct sockaddr *)&addr, len) == 0);
		send_one(sock, in, 1);
	}
	int ret = step_start_wait.run(&r, &e);
	require_err(ret, &e);
	require(ret < 0 || (r.start_fd >= 0 && r.listen_fd < 0 && r.outcome));
	if (r.outcome)
		munmap(r.outcome, sizeof(*r.outcome));
	close_fd(r.listen_fd);
	close_fd(r.start_fd);
	close_fd(r.listener_fd);
}

/* Messages of the other side go to the log: formatted, too. */
static void log_to_null(void)
{
	static bool done;
	struct log_config lc = { .format = LOG_JSON, .level = LOG_DEBUG };

	if (done)
		return;
	done = true;
	lc.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_init(&lc);
}

/* A program's message to its service manager: ready if and only if a whole line says so. */
static void container_side(struct fuzz_in *in)
{
	char *text = malloc(in->n + 3);

	require(text);
	text[0] = '\n';
	for (size_t i = 0; i < in->n; i++)
		text[1 + i] = (char)(in->p[i] ? in->p[i] : '?');
	memcpy(text + 1 + in->n, "\n", 2);
	bool ready = notify_says_ready((const char *)in->p, in->n);
	require(ready == (strstr(text, "\nREADY=1\n") != NULL));
	free(text);
}

static int next_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close_fd(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	unsigned side = fuzz_u8(&in);
	int socks[2];

	log_to_null();
	int before = next_fd();
	if (side % 8 == 4) {
		init_side(&in);
		require(next_fd() == before); /* nothing that was received stays open */
		return 0;
	}
	if (side % 8 == 5) {
		container_side(&in);
		return 0;
	}
	require(fdpass_pair(socks) == 0);
	send_all(socks[1], &in);
	if (side % 8 == 0)
		receive(socks[0]);
	else if (side % 8 == 1)
		ask(socks[0]);
	else if (side % 8 == 2)
		start_side(socks[0], side >> 3);
	else
		serve_side(socks[0], side & 8);
	close_fd(socks[0]);
	close_fd(socks[1]);
	require(next_fd() == before);
	return 0;
}
