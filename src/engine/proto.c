/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The protocol between parent and child: framing and checks. The vocabulary is drawn in proto.h. */
#include <string.h>

#include "engine/proto.h"
#include "util/cleanup.h"

struct header {
	uint8_t version, type;
	uint16_t n_fds;
	uint32_t seq, len;
};

struct wire {
	struct header h;
	char data[PROTO_MAX_DATA];
};

static const char *const names[MSG_N] = {
	[MSG_MAP_IDS] = "MAP_IDS", [MSG_TIME_OFFSETS] = "TIME_OFFSETS",
	[MSG_ADOPT] = "ADOPT",	   [MSG_PLACE] = "PLACE",
	[MSG_ROOM] = "ROOM",	   [MSG_MOUNT_FD] = "MOUNT_FD",
	[MSG_NOTE] = "NOTE",	   [MSG_NETDEV] = "NETDEV",
	[MSG_HOOKS] = "HOOKS",	   [MSG_CONSOLE] = "CONSOLE",
	[MSG_LOG] = "LOG",	   [MSG_ERROR] = "ERROR",
	[MSG_READY] = "READY",	   [MSG_OK] = "OK",
	[MSG_COMMIT] = "COMMIT",   [MSG_GO] = "GO",
	[MSG_EXEC] = "EXEC",
};

_Static_assert(sizeof(struct err) <= PROTO_MAX_DATA, "an error fits one packet");

const char *msg_name(int type)
{
	return type > 0 && type < MSG_N && names[type] ? names[type] : "?";
}

void packet_close_fds(struct packet *p)
{
	for (size_t i = 0; i < p->n_fds; i++)
		close_fd(TAKE_FD(p->fds[i]));
	p->n_fds = 0;
}

int chan_send(struct chan *c, enum msg type, const void *data, size_t len, const int *fds,
	      size_t n_fds, struct err *e)
{
	struct wire w;

	if (len > sizeof(w.data) || n_fds > FDPASS_MAX)
		return err_set(e, ERR_INTERNAL, "message %s is too long", msg_name(type));
	w.h = (struct header){ .version = PROTO_VERSION,
			       .type = (uint8_t)type,
			       .n_fds = (uint16_t)n_fds,
			       .seq = ++c->seq,
			       .len = (uint32_t)len };
	if (len)
		memcpy(w.data, data, len);
	int r = fdpass_send(c->fd, &w, sizeof(w.h) + len, fds, n_fds);
	if (r < 0)
		return err_sys(e, r, "send %s", msg_name(type));
	return 0;
}

static int check(const struct wire *w, ssize_t n, size_t n_fds, uint32_t seq, struct err *e)
{
	if ((size_t)n < sizeof(w->h) || w->h.version != PROTO_VERSION ||
	    w->h.len != (size_t)n - sizeof(w->h) || w->h.n_fds != n_fds || w->h.type == 0 ||
	    w->h.type >= MSG_N || w->h.seq != seq)
		return err_set(e, ERR_INTERNAL,
			       "the other side sent a message that breaks the protocol");
	if (w->h.type == MSG_ERROR && w->h.len != sizeof(struct err))
		return err_set(e, ERR_INTERNAL, "the other side sent an error of the wrong size");
	return 0;
}

int chan_recv(struct chan *c, struct packet *p, struct err *e)
{
	struct wire w;

	p->n_fds = FDPASS_MAX;
	ssize_t n = fdpass_recv(c->fd, &w, sizeof(w), p->fds, &p->n_fds);
	if (n <= 0)
		p->n_fds = 0;
	if (n < 0)
		return err_sys(e, (int)n, "receive");
	if (n == 0)
		return err_sys(e, -EPIPE, "the other side is gone");
	int r = check(&w, n, p->n_fds, ++c->seq, e);
	if (r < 0) {
		packet_close_fds(p);
		return r;
	}
	p->type = w.h.type;
	p->len = w.h.len;
	memcpy(p->data, w.data, w.h.len);
	p->data[p->len] = '\0';
	return 0;
}

int chan_ask(struct chan *c, enum msg type, const void *data, size_t len, const int *fds,
	     size_t n_fds, struct packet *answer, struct err *e)
{
	struct packet own;
	struct packet *p = answer ? answer : &own;

	int r = chan_send(c, type, data, len, fds, n_fds, e);
	if (r < 0)
		return r;
	r = chan_recv(c, p, e);
	if (r < 0)
		return r;
	if (p->type == MSG_ERROR) {
		packet_close_fds(p);
		memcpy(e, p->data, sizeof(*e));
		err_sanitize(e);
		return err_errno(e);
	}
	if (p->type != MSG_OK && p->type != MSG_COMMIT) {
		packet_close_fds(p);
		return err_set(e, ERR_INTERNAL, "%s was answered with %s", msg_name(type),
			       msg_name(p->type));
	}
	if (!answer)
		packet_close_fds(p);
	return 0;
}

void chan_send_err(struct chan *c, const struct err *e)
{
	struct err ignored;

	if (c->fd >= 0)
		(void)chan_send(c, MSG_ERROR, e, sizeof(*e), NULL, 0, &ignored);
}
