/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The D-Bus client: bytes as the specification has them, hostile answers, a server that is slow, wrong or gone. */
#include <errno.h>
#include <sys/socket.h>

#include "sys/dbus.h"
#include "sys/fdpass.h"
#include "tap.h"

#define BYTES(text) (text), sizeof(text) - 1

static bool has_bytes(const struct buf *b, const char *want, size_t n)
{
	return b->len == n && memcmp(b->p, want, n) == 0;
}

/* The specification's own example has a string "foo", "+" and "bar" in a row. */
static void strings(void)
{
	auto_buf struct buf b = { 0 };

	dbus_put_str(&b, "foo");
	dbus_put_str(&b, "+");
	dbus_put_str(&b, "bar");
	CHECK(has_bytes(&b, BYTES("\3\0\0\0foo\0\1\0\0\0+\0\0\0\3\0\0\0bar\0")));
}

/* And an array of one 64-bit number: the padding before it does not count. */
static void array_of_u64(void)
{
	auto_buf struct buf b = { 0 };
	size_t begin = dbus_begin_array(&b, 8);

	dbus_put_u64(&b, 5);
	dbus_end_array(&b, begin, 8);
	CHECK(has_bytes(&b, BYTES("\x08\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0")));
	buf_reset(&b);
	dbus_end_array(&b, dbus_begin_array(&b, 8), 8);
	CHECK(has_bytes(&b, BYTES("\0\0\0\0\0\0\0\0")));
}

static void variants_in_a_dictionary(void)
{
	auto_buf struct buf b = { 0 };
	size_t begin = dbus_begin_array(&b, 8);

	dbus_put_struct(&b);
	dbus_put_str(&b, "N");
	dbus_put_sig(&b, "t");
	dbus_put_u64(&b, 1);
	dbus_end_array(&b, begin, 8);
	CHECK(has_bytes(&b, BYTES("\x18\0\0\0\0\0\0\0"
				  "\1\0\0\0N\0"
				  "\1t\0"
				  "\0\0\0\0\0\0\0"
				  "\1\0\0\0\0\0\0\0")));
}

static const char call_bytes[] = "l\1\0\1\6\0\0\0\7\0\0\0\x37\0\0\0"
				 "\1\1o\0\2\0\0\0/a\0\0\0\0\0\0"
				 "\3\1s\0\4\0\0\0Ping\0\0\0\0"
				 "\6\1s\0\3\0\0\0b.c\0\0\0\0\0"
				 "\x08\1g\0\1s\0\0"
				 "\1\0\0\0x\0";

static void a_call(void)
{
	auto_buf struct buf b = { 0 }, body = { 0 };
	const struct dbus_header h = { .type = DBUS_CALL,
				       .serial = 7,
				       .path = "/a",
				       .member = "Ping",
				       .destination = "b.c",
				       .signature = "s" };

	dbus_put_str(&body, "x");
	dbus_put_message(&b, &h, &body);
	CHECK_INT(b.len, sizeof(call_bytes) - 1);
	for (size_t i = 0; i < b.len && i < sizeof(call_bytes) - 1; i++) {
		if (b.p[i] != call_bytes[i]) {
			CHECK_INT(i, -1);
			CHECK_INT(b.p[i], call_bytes[i]);
			break;
		}
	}
}

static void a_call_read_back(void)
{
	struct dbus_header h;
	struct dbus_in in;

	CHECK_INT(dbus_parse((const uint8_t *)call_bytes, sizeof(call_bytes) - 1, &h, &in), 0);
	CHECK_INT(h.type, DBUS_CALL);
	CHECK_INT(h.serial, 7);
	CHECK_STR(h.path, "/a");
	CHECK_STR(h.member, "Ping");
	CHECK_STR(h.destination, "b.c");
	CHECK_STR(h.signature, "s");
	CHECK(!h.interface && !h.error_name);
	CHECK_STR(dbus_get_str(&in), "x");
	CHECK_INT(in.error, 0);
	CHECK_STR(dbus_get_str(&in), "");
	CHECK_INT(in.error, -EBADMSG);
}

/* Cut anywhere, a message is an error. */
static void cut_messages(void)
{
	struct dbus_header h;
	struct dbus_in in;

	for (size_t n = 0; n < sizeof(call_bytes) - 1; n++)
		CHECK_INT(dbus_parse((const uint8_t *)call_bytes, n, &h, &in), -EBADMSG);
}

static void big_endian(void)
{
	static const char bytes[] = "B\2\0\1\0\0\0\4\0\0\0\1\0\0\0\x0f"
				    "\5\1u\0\0\0\0\x09"
				    "\x08\1g\0\1u\0\0"
				    "\1\2\3\4";
	struct dbus_header h;
	struct dbus_in in;

	CHECK_INT(dbus_parse((const uint8_t *)bytes, sizeof(bytes) - 1, &h, &in), 0);
	CHECK_INT(h.type, DBUS_RETURN);
	CHECK_INT(h.reply_serial, 9);
	CHECK_INT(dbus_get_u32(&in), 0x01020304);
}

static void lengths(void)
{
	uint8_t head[DBUS_FIXED_HEADER] = "l\1\0\1";

	CHECK_INT(dbus_message_len(head), DBUS_FIXED_HEADER);
	head[7] = 1; /* 16 MiB of body */
	CHECK_INT(dbus_message_len(head), -EFBIG);
	memset(head + 4, 0xff, 12);
	CHECK_INT(dbus_message_len(head), -EFBIG);
	head[3] = 2;
	CHECK_INT(dbus_message_len(head), -EBADMSG);
	head[0] = 'x';
	CHECK_INT(dbus_message_len(head), -EBADMSG);
}

/* Skips one value of type SIG; what is left of the bytes, or -1. */
static int skip(const char *sig, const char *bytes, size_t n)
{
	struct dbus_in in = { .p = (const uint8_t *)bytes, .len = n };

	dbus_skip(&in, &sig);
	return in.error ? -1 : (int)(in.len - in.at);
}

static void skipping(void)
{
	CHECK_INT(skip("y", BYTES("\1")), 0);
	CHECK_INT(skip("u", BYTES("\1\0\0")), -1);
	CHECK_INT(skip("s", BYTES("\2\0\0\0ab\0z")), 1);
	CHECK_INT(skip("s", BYTES("\2\0\0\0ab1")), -1);
	CHECK_INT(skip("s", BYTES("\2\0\0\0a\0\0")), -1);
	CHECK_INT(skip("s", BYTES("\xff\xff\xff\xff"
				  "ab\0")),
		  -1);
	CHECK_INT(skip("as", BYTES("\6\0\0\0\1\0\0\0a\0")), 0);
	CHECK_INT(skip("as", BYTES("\5\0\0\0\1\0\0\0a\0")), -1);
	CHECK_INT(skip("as", BYTES("\7\0\0\0\1\0\0\0a\0")), -1);
	CHECK_INT(skip("a{sv}", BYTES("\0\0\0\0\0\0\0\0")), 0);
	CHECK_INT(skip("(yy)", BYTES("\1\2")), 0);
	CHECK_INT(skip("v", BYTES("\1u\0\0\1\0\0\0")), 0);
	CHECK_INT(skip("v", BYTES("\2uu\0\0\1\0\0\0")), -1);
	CHECK_INT(skip("v", BYTES("\0\0\0\0\1\0\0\0")), -1);
	CHECK_INT(skip("()", BYTES("\1\2")), -1);
	CHECK_INT(skip("(y", BYTES("\1\2")), -1);
	CHECK_INT(skip("a", BYTES("\0\0\0\0")), -1);
	CHECK_INT(skip("!", BYTES("\0\0\0\0")), -1);
	CHECK_INT(skip("aaaaaaaaaaaaaaaaaaaaay", BYTES("\0\0\0\0")), -1);
}

/* A variant in a variant in … must not eat the stack. */
static void deep_variants(void)
{
	char bytes[3000];

	for (size_t i = 0; i < sizeof(bytes); i += 3)
		memcpy(bytes + i, "\1v\0", 3);
	CHECK_INT(skip("v", bytes, sizeof(bytes)), -1);
}

static void addresses(void)
{
	char path[DBUS_MAX_PATH], longer[200];

	CHECK_INT(dbus_address("unix:path=/run/user/1000/bus", path), 0);
	CHECK_STR(path, "/run/user/1000/bus");
	CHECK_INT(dbus_address("tcp:host=a;unix:guid=12,path=/a%20b%2c,x=1;unix:path=/c", path), 0);
	CHECK_STR(path, "/a b,");
	CHECK_INT(dbus_address("unix:abstract=/tmp/x,guid=1", path), 0);
	CHECK_STR(path, "@/tmp/x");
	CHECK_INT(dbus_address("unix:tmpdir=/tmp", path), -EINVAL);
	CHECK_INT(dbus_address("unix:path=relative", path), -EINVAL);
	CHECK_INT(dbus_address("unix:path=/%00", path), -EINVAL);
	CHECK_INT(dbus_address("unix:path=/%4", path), -EINVAL);
	CHECK_INT(dbus_address("", path), -EINVAL);
	snprintf(longer, sizeof(longer), "unix:path=/%0150d", 1);
	CHECK_INT(dbus_address(longer, path), -EINVAL);
}

/* ---- a server whose words are all said beforehand ---- */

static int begin(struct dbus *c, const char *words, size_t n, int *server)
{
	int socks[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) < 0)
		return -errno;
	if (send(socks[1], words, n, MSG_NOSIGNAL) != (ssize_t)n)
		return -EIO;
	*server = socks[1];
	return dbus_begin(c, socks[0], false, 200);
}

static void authentication(void)
{
	char said[128] = "";
	struct dbus c;
	int server;

	CHECK_INT(begin(&c, BYTES("DATA\r\nOK 1234\r\n"), &server), 0);
	CHECK_INT(recv(server, said, sizeof(said), MSG_DONTWAIT), 29);
	CHECK(memcmp(said, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29) == 0);
	dbus_close(&c);
	close(server);
	CHECK_INT(begin(&c, BYTES("OK 1234\r\n"), &server), 0);
	dbus_close(&c);
	close(server);
	CHECK_INT(begin(&c, BYTES("DATA\r\nREJECTED EXTERNAL\r\n"), &server), -EACCES);
	CHECK_INT(c.fd, -EBADF);
	close(server);
	CHECK_INT(begin(&c, BYTES("ERROR\r\n"), &server), -EBADMSG);
	close(server);
	CHECK_INT(begin(&c, BYTES("DATA\r\nOK"), &server), -ETIMEDOUT);
	close(server);
	char endless[1000];
	memset(endless, 'x', sizeof(endless));
	CHECK_INT(begin(&c, endless, sizeof(endless), &server), -EBADMSG);
	close(server);
}

static int signals;

static void count_signal(void *ctx, struct dbus_message *m)
{
	signals += strcmp(m->h.member, "JobRemoved") == 0 && ctx == &signals;
}

static void put_answer(struct buf *out, enum dbus_type type, uint32_t serial)
{
	auto_buf struct buf one = { 0 };
	struct dbus_header h = { .type = type, .serial = 99, .reply_serial = serial };

	h.member = type == DBUS_SIGNAL ? "JobRemoved" : NULL;
	dbus_put_message(&one, &h, NULL);
	buf_add(out, one.p, one.len);
}

static void calls(void)
{
	static const struct dbus_header ping = { .path = "/", .member = "Ping" };
	auto_buf struct buf words = { 0 };
	struct dbus_message m;
	struct dbus c;
	int server;

	buf_adds(&words, "DATA\r\nOK 1\r\n");
	put_answer(&words, DBUS_SIGNAL, 0);
	put_answer(&words, DBUS_RETURN, 77); /* to somebody else's call */
	put_answer(&words, DBUS_RETURN, 1);
	put_answer(&words, DBUS_SIGNAL, 0);
	put_answer(&words, DBUS_ERROR, 2);
	CHECK_INT(begin(&c, words.p, words.len, &server), 0);
	signals = 0;
	CHECK_INT(dbus_call(&c, &ping, NULL, count_signal, &signals, &m), 0);
	CHECK_INT(m.h.type, DBUS_RETURN);
	CHECK_INT(signals, 1);
	dbus_message_free(&m);
	CHECK_INT(dbus_call(&c, &ping, NULL, count_signal, &signals, &m), 0);
	CHECK_INT(m.h.type, DBUS_ERROR);
	CHECK_INT(signals, 2);
	dbus_message_free(&m);
	CHECK_INT(dbus_next(&c, &m), -ETIMEDOUT);
	close(server);
	dbus_set_deadline(&c, 200);
	CHECK_INT(dbus_next(&c, &m), -EPIPE);
	CHECK_INT(dbus_call(&c, &ping, NULL, NULL, NULL, &m), -EPIPE);
	dbus_close(&c);
}

static void nobody_there(void)
{
	struct dbus c;

	CHECK_INT(dbus_connect(&c, "/nonexistent/socket", false, 100), -ENOENT);
	CHECK_INT(c.fd, -EBADF);
}

static const struct test tests[] = {
	{ "strings", strings },
	{ "arrays", array_of_u64 },
	{ "variants in a dictionary", variants_in_a_dictionary },
	{ "a call, byte by byte", a_call },
	{ "the same read back", a_call_read_back },
	{ "a cut message is an error", cut_messages },
	{ "big-endian messages", big_endian },
	{ "lengths", lengths },
	{ "skipping values", skipping },
	{ "variants in variants end", deep_variants },
	{ "addresses", addresses },
	{ "authentication", authentication },
	{ "calls, answers and signals", calls },
	{ "nobody there", nobody_there },
};
TAP_MAIN(tests)
