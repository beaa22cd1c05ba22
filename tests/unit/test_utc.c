/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utc_text() against the C library's calendar. */
#include "tap.h"
#include "util/utc.h"

static void check(time_t t)
{
	struct timespec ts = { .tv_sec = t, .tv_nsec = 7 };
	char got[UTC_SIZE], want[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000007Z", &tm);
	utc_text(&ts, got);
	CHECK_STR(got, want);
}

static void days(void)
{
	/* 800 years hold every case of the calendar twice. */
	for (time_t day = 0; day < 800 * 366; day++) {
		check(day * 86400);
		check(day * 86400 + 86399);
	}
}

static void odd(void)
{
	struct timespec before = { .tv_sec = -1 };
	char got[UTC_SIZE];

	check(951782399); /* the second before 2000-02-29 */
	check(253402300799);
	utc_text(&before, got);
	CHECK_STR(got, "1970-01-01T00:00:00.000000000Z");
}

static const struct test tests[] = {
	{ "every day of 800 years", days },
	{ "ends", odd },
};
TAP_MAIN(tests)
