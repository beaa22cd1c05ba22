/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments as RFC 3339 text: "2024-02-29T23:59:59.000000001Z". Not gmtime_r(3), which reads the time zone's file first. */
#pragma once

#include <time.h>

enum { UTC_SIZE = 40 }; /* with the NUL, for any year of this calendar's next ten thousand */

void utc_text(const struct timespec *ts, char out[static UTC_SIZE]);
void utc_now(char out[static UTC_SIZE]);
