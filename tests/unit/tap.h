/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The unit tests' harness: each test program is a list of functions, its output is TAP. A failed CHECK prints file and
 * line and marks the running test as failed; the program goes on.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "util/util.h"

struct test {
	const char *name;
	void (*fn)(void);
};

static int tap_failed; /* of the running test */

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			tap_failed = 1;                                                            \
			printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #cond);                \
		}                                                                                  \
	} while (0)

#define CHECK_INT(got, want)                                                                       \
	do {                                                                                       \
		long long got_ = (long long)(got), want_ = (long long)(want);                      \
		if (got_ != want_) {                                                               \
			tap_failed = 1;                                                            \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, got_,  \
			       want_);                                                             \
		}                                                                                  \
	} while (0)

#define CHECK_STR(got, want)                                                                       \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (!got_ || strcmp(got_, want_) != 0) {                                           \
			tap_failed = 1;                                                            \
			printf("# %s:%d: %s is '%s', not '%s'\n", __FILE__, __LINE__, #got,        \
			       got_ ? got_ : "(null)", want_);                                     \
		}                                                                                  \
	} while (0)

static inline int tap_run(const struct test *tests, size_t n)
{
	int bad = 0;

	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		tap_failed = 0;
		tests[i].fn();
		bad += tap_failed;
		printf("%s %zu - %s\n", tap_failed ? "not ok" : "ok", i + 1, tests[i].name);
		fflush(stdout);
	}
	return bad ? 1 : 0;
}

#define TAP_MAIN(tests)                                                                            \
	int main(void)                                                                             \
	{                                                                                          \
		return tap_run((tests), N_ELEMENTS(tests));                                        \
	}
