/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program inherits: 0 to 2, then the LISTEN_FDS and the --preserve-fds, nothing else (CVE-2016-9962,
 * CVE-2024-21626). config-linux.md#file-descriptors, sd_listen_fds(3).
 */
#include <limits.h>
#include <linux/close_range.h>

#include "linux/steps.h"
#include "sys/raw.h"

enum { FIRST = 3 };

static unsigned first_closed(const struct plan *p)
{
	return FIRST + p->opts.listen_fds + p->opts.preserve_fds;
}

/*
 * Descriptors that came to ketch through its own execve are not close-on-exec, all that it opens are. So the wanted
 * ones need nothing done, and where engines leave a hole in their range (podman --preserve-fd=5) a descriptor of ours
 * that has slipped in there is not handed to the program. A hole is not an error.
 */
static int run(struct run *r, struct err *e)
{
	int ret = sys_close_range(first_closed(r->plan), UINT_MAX, CLOSE_RANGE_CLOEXEC);

	return ret < 0 ? err_sys(e, ret, "mark descriptors close-on-exec") : 0;
}

static void explain(const struct plan *p, struct buf *out)
{
	unsigned listen = p->opts.listen_fds, preserve = p->opts.preserve_fds;

	buf_adds(out, "keep 0-2\n");
	if (listen)
		buf_addf(out, "listen %u-%u\n", FIRST, FIRST + listen - 1);
	if (preserve)
		buf_addf(out, "preserve %u-%u\n", FIRST + listen, first_closed(p) - 1);
}

const struct step step_fds_keep = {
	.name = "fds.keep",
	.what = "leave the program only the descriptors it is to have",
	.stage = STAGE_START,
	.use = FOR_CREATE | FOR_EXEC,
	.run = run,
	.explain = explain,
};
