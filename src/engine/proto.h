/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one protocol between parent and child, and between `start` and the waiting init.
 *
 *   child (stage NS, then INIT)        parent
 *   MAP_IDS           ───────────────▶ write uid_map, gid_map (or newuidmap)   ◀── OK | ERROR
 *   TIME_OFFSETS      ───────────────▶ write timens_offsets                    ◀── OK | ERROR
 *   ADOPT + pidfd     ───────────────▶ init's pid and pidfd; reap the first    ◀── OK | ERROR
 *   PLACE             ───────────────▶ cgroup driver moves init (systemd)      ◀── OK | ERROR
 *   ROOM              ───────────────▶ pids.max: the first out of the cgroup   ◀── OK | ERROR
 *   MOUNT_FD(i)       ───────────────▶ open and idmap source i                 ◀── OK + fd | ERROR
 *   NOTE text         ───────────────▶ journal: the root's mount is next       ◀── OK | ERROR
 *   NETDEV            ───────────────▶ move devices into the network namespace ◀── OK | ERROR
 *   HOOKS             ───────────────▶ prestart, createRuntime                 ◀── OK | ERROR
 *   CONSOLE + fd      ───────────────▶ pass the pty master on                  ◀── OK | ERROR
 *   LOG text          ───────────────▶ a warning (no answer)
 *   ERROR struct err  ───────────────▶ end: undo, report
 *   READY             ───────────────▶ limits, state "created", pid file       ◀── COMMIT + pid | ERROR
 *
 *   ketch start                        init
 *   GO [+ listener]   ───────────────▶
 *                     ◀─────────────── EXEC ("execve is next"), then end of file = started
 *                     ◀─────────────── ERROR struct err                = failed
 *
 *   seccomp agent                      create, run (see engine/agent.h)
 *   READY             ───────────────▶ the plugins are loaded                  ◀── COMMIT + pidfd
 *   READY             ───────────────▶ it lives on without its parent
 *   ERROR struct err  ───────────────▶ they can't be
 *   LOG text          ───────────────▶ (no answer)
 *   OK                ───────────────▶ the end, as it should be
 *
 * Only the child starts an exchange and waits for its answer, so the two never both wait. One packet is one message;
 * version, length, sequence and number of descriptors are checked on receipt. End of file is never success by itself.
 */
#pragma once

#include <stdint.h>

#include "sys/fdpass.h"
#include "util/err.h"

enum msg {
	MSG_MAP_IDS = 1,
	MSG_TIME_OFFSETS,
	MSG_ADOPT,
	MSG_PLACE,
	MSG_ROOM,
	MSG_MOUNT_FD,
	MSG_NOTE,
	MSG_NETDEV,
	MSG_HOOKS,
	MSG_CONSOLE,
	MSG_LOG,
	MSG_ERROR,
	MSG_READY,
	MSG_OK,
	MSG_COMMIT,
	MSG_GO,
	MSG_EXEC,
	MSG_N,
};
#define MSG_BIT(m) (1u << (m))

enum { PROTO_VERSION = 1, PROTO_MAX_DATA = 4096 };

struct packet {
	uint8_t type; /* enum msg */
	uint32_t len; /* bytes of data */
	size_t n_fds;
	int fds[FDPASS_MAX];
	char data[PROTO_MAX_DATA + 1]; /* of a received one: a NUL behind the last byte */
};

struct chan {
	int fd;	      /* SEQPACKET socket; -EBADF: none */
	uint32_t seq; /* of the last exchange */
};

const char *msg_name(int type);

/* Sends one packet. PEER-gone is -EPIPE. */
int chan_send(struct chan *c, enum msg type, const void *data, size_t len, const int *fds,
	      size_t n_fds, struct err *e);
/* Receives one packet; end of file is -EPIPE with an error that says so. The caller closes p->fds. */
int chan_recv(struct chan *c, struct packet *p, struct err *e);
/* Child: asks and waits. An ERROR answer becomes *e. ANSWER may be NULL when no data comes back. */
int chan_ask(struct chan *c, enum msg type, const void *data, size_t len, const int *fds,
	     size_t n_fds, struct packet *answer, struct err *e);
/* Child: last word. Never fails visibly: there is nobody left to tell. */
void chan_send_err(struct chan *c, const struct err *e);
void packet_close_fds(struct packet *p);
