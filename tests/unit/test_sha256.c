/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 against the vectors of FIPS 180-2 and lengths around the block borders. */
#include <stdlib.h>

#include "tap.h"
#include "util/sha256.h"

static void hex(const uint8_t in[SHA256_SIZE], char out[2 * SHA256_SIZE + 1])
{
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		sprintf(out + 2 * i, "%02x", in[i]);
}

static void check(const char *data, size_t n, const char *want)
{
	struct sha256 s;
	uint8_t sum[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];

	sha256_init(&s);
	sha256_add(&s, data, n);
	sha256_end(&s, sum);
	hex(sum, text);
	CHECK_STR(text, want);
}

static void vectors(void)
{
	check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void million(void)
{
	char *a = malloc(1000000);

	memset(a, 'a', 1000000);
	check(a, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

/* However the bytes are cut into pieces, the sum is the same. */
static void pieces(void)
{
	uint8_t data[300], whole[SHA256_SIZE], cut[SHA256_SIZE];
	struct sha256 s;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(data); n++) {
		sha256_init(&s);
		sha256_add(&s, data, n);
		sha256_end(&s, whole);
		for (size_t step = 1; step < 130; step += 9) {
			sha256_init(&s);
			for (size_t at = 0; at < n; at += step)
				sha256_add(&s, data + at, MIN(step, n - at));
			sha256_end(&s, cut);
			CHECK(memcmp(whole, cut, sizeof(cut)) == 0);
		}
	}
}

static const struct test tests[] = {
	{ "vectors of the standard", vectors },
	{ "a million bytes", million },
	{ "in pieces", pieces },
};
TAP_MAIN(tests)
