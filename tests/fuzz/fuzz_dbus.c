/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what a service manager, or whoever sits on its socket, may answer; and annotations that become properties. Input: a
 * byte (even: the answers, raw bytes; odd: an annotation's value).
 */
#include <sys/socket.h>

#include "engine/systemd.h"
#include "fuzz/fuzz.h"
#include "sys/dbus.h"

enum { MAX_BYTES = 60000 };

static void check_message(struct dbus_message *m)
{
	const char *sig = m->h.signature;

	for (int i = 0; *sig && !m->body.error && i < 300; i++)
		dbus_skip(&m->body, &sig);
	require(m->body.at <= m->body.len);
	require(m->h.body_len <= m->raw.len);
	if (m->h.member)
		require(strlen(m->h.member) < m->raw.len);
}

static void take_signal(void *ctx, struct dbus_message *m)
{
	(void)ctx;
	check_message(m);
}

static void answers(const uint8_t *data, size_t size)
{
	static const struct dbus_header ping = { .path = "/", .member = "Ping" };
	struct dbus_message m;
	struct dbus c;
	int socks[2];

	if (size > MAX_BYTES)
		return;
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) == 0);
	require(size == 0 || send(socks[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	require(shutdown(socks[1], SHUT_WR) == 0);
	if (dbus_begin(&c, socks[0], false, 1000) >= 0) {
		if (dbus_call(&c, &ping, NULL, take_signal, NULL, &m) >= 0) {
			check_message(&m);
			dbus_message_free(&m);
		}
		while (dbus_next(&c, &m) >= 0) {
			check_message(&m);
			dbus_message_free(&m);
		}
		dbus_close(&c);
	}
	close_fd(socks[1]);
}

static void annotation(const uint8_t *data, size_t size)
{
	auto_arena struct arena a = { 0 };
	auto_buf struct buf bytes = { 0 };
	auto_str char *value = fuzz_text(data, size);
	char key[] = "org.systemd.property.TimeoutSec";
	struct spec_map_entry x = { key, value };
	const spec_map map = { &x, 1 };
	struct systemd_props p = { .arena = &a };
	struct err e = { 0 };

	if (size % 2)
		key[strlen(key) - 1] = 'x';
	int r = systemd_add_annotations(&p, &map, &e);
	require_err(r, &e);
	if (r < 0)
		return;
	systemd_put_props(&p, ~0u, &bytes);
	struct dbus_in in = { .p = (const uint8_t *)bytes.p, .len = bytes.len };
	const char *sig = "a(sv)";
	dbus_skip(&in, &sig);
	require(!in.error && in.at == in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	if (fuzz_u8(&in) % 2)
		annotation(in.p, in.n);
	else
		answers(in.p, in.n);
	return 0;
}
