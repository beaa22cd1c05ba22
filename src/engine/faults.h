/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault points, in builds with -Dfaults=true only: KETCH_FAULT=STEP:ERRNO|crash|kill|hang makes a step fail, end its process
 * by abort(3), end the parent (the ketch that makes the container) by SIGKILL, or never return. STEP@end strikes when the step has run. */
#pragma once

#include "util/err.h"

/* WHEN: "" before the step, "@end" after it. 0, or the injected error. */
int fault_point(const char *step, const char *when, struct err *e);
/* The directory that stands for /sys/fs/resctrl (KETCH_RESCTRL), whose files are plain ones; NULL: none does. */
const char *fault_resctrl(void);
