/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/exec_watch.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int exec_watch_open(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		/* the first instruction of a program is one; the time is for those that the kernel stops to watch (setuid) */
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
		.disabled = 1,
		.enable_on_exec = 1,
		.exclude_kernel = 1, /* what an ordinary user may watch */
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int exec_watch_seen(int fd)
{
	struct {
		uint64_t faults, time_enabled;
	} now;
	ssize_t n = read(fd, &now, sizeof(now));

	if (n != sizeof(now))
		return n < 0 ? -errno : -EIO;
	return now.faults > 0 || now.time_enabled > 0;
}
