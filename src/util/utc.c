/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seconds to a date of the Gregorian calendar. Years begin in March here, so that the leap day is the last of its year. */
#include <stdio.h>

#include "util/utc.h"

enum {
	DAYS_4_YEARS = 1461,
	DAYS_CENTURY = 36524,
	DAYS_400_YEARS = 146097,
	DAYS_TO_1970 = 719468, /* from 0000-03-01 to 1970-01-01 */
	DAYS_5_MONTHS = 153,   /* 31 30 31 30 31, from March and from August */
	SECONDS_DAY = 86400,
};

void utc_text(const struct timespec *ts, char out[static UTC_SIZE])
{
	unsigned long long t = ts->tv_sec > 0 ? (unsigned long long)ts->tv_sec : 0;
	unsigned second = (unsigned)(t % SECONDS_DAY);
	unsigned long long day = t / SECONDS_DAY + DAYS_TO_1970;
	unsigned long long year = day / DAYS_400_YEARS * 400;
	unsigned d = (unsigned)(day % DAYS_400_YEARS);
	/* The last day of four centuries, and of four years, is one more than the division expects. */
	unsigned century = d / DAYS_CENTURY - d / (DAYS_400_YEARS - 1);

	d -= century * DAYS_CENTURY;
	unsigned four = d / DAYS_4_YEARS;
	d -= four * DAYS_4_YEARS;
	unsigned one = d / 365 - d / (DAYS_4_YEARS - 1);
	d -= one * 365;
	year += century * 100 + four * 4 + one;
	unsigned month = (5 * d + 2) / DAYS_5_MONTHS;
	d -= (DAYS_5_MONTHS * month + 2) / 5;
	snprintf(out, UTC_SIZE, "%04llu-%02u-%02uT%02u:%02u:%02u.%09ldZ", year + (month >= 10),
		 month < 10 ? month + 3 : month - 9, d + 1, second / 3600, second / 60 % 60,
		 second % 60, ts->tv_nsec);
}

void utc_now(char out[static UTC_SIZE])
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	utc_text(&ts, out);
}
