/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the progress page. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/trace.h"
#include "sys/raw.h"
#include "util/jsonw.h"
#include "util/log.h"
#include "util/util.h"

enum { READER_MS = 1000 };

static const char *const stages[STAGE_N] = {
	[STAGE_HOST] = "host",	 [STAGE_NS] = "ns",	  [STAGE_INIT] = "init",
	[STAGE_SERVE] = "serve", [STAGE_START] = "start",
};

/* Index of the step that began next after AFTER ns, or -1. */
static int next_begun(const struct step_table *t, const struct progress *p, uint64_t after)
{
	int best = -1;

	for (unsigned i = 0; i < t->n && i < PROGRESS_MAX_STEPS; i++) {
		uint64_t begin = p->t[i].begin_ns;

		if (begin > after && (best < 0 || begin < p->t[best].begin_ns))
			best = (int)i;
	}
	return best;
}

static void add_line(struct buf *out, const struct step *s, const struct progress_time *t,
		     uint64_t zero)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "step", s->name);
	jsonw_str(&w, "stage", stages[s->stage]);
	jsonw_u64(&w, "start_us", (t->begin_ns - zero) / 1000);
	if (t->end_ns)
		jsonw_u64(&w, "us", (t->end_ns - t->begin_ns) / 1000);
	else
		jsonw_null(&w, "us");
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

static void log_step(const struct step *s, const struct progress_time *t)
{
	if (t->end_ns)
		log_emit(LOG_DEBUG, "step %s (%s): %" PRIu64 " us", s->name, stages[s->stage],
			 (t->end_ns - t->begin_ns) / 1000);
	else
		log_emit(LOG_DEBUG, "step %s (%s): begun", s->name, stages[s->stage]);
}

/* Signals are blocked and the container is locked: a reader who does not read holds nobody up. In one piece where a write does not
 * wait, so that the lines of those who append to the same file do not mix. */
static int write_all(int fd, const struct buf *out, size_t most)
{
	const char *data = buf_str(out);

	for (size_t left = out->len; left > 0;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		int ready = poll(&p, 1, READER_MS);

		if (ready == 0)
			return -ETIMEDOUT;
		ssize_t n = ready < 0 ? -1 : write(fd, data, MIN(left, most));
		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

void trace_write(const char *file, const struct step_table *t, const struct progress *p)
{
	auto_buf struct buf out = { 0 };
	uint64_t last = 0, zero = 0;
	int i;

	if (!p || (!file && !log_enabled(LOG_DEBUG)))
		return;
	while ((i = next_begun(t, p, last)) >= 0) {
		last = p->t[i].begin_ns;
		zero = zero ? zero : last;
		add_line(&out, t->rows[i], &p->t[i], zero);
		log_step(t->rows[i], &p->t[i]);
	}
	if (!file)
		return;
	auto_fd int opened = -EBADF;
	int fd = STDERR_FILENO;
	size_t most = PIPE_BUF; /* of it poll() says whether a write waits */
	if (strcmp(file, "-") != 0) {
		fd = opened =
			sys_open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0644);
		most = out.len;
	}
	int r = fd < 0 ? fd : buf_error(&out) < 0 ? buf_error(&out) : write_all(fd, &out, most);
	if (r < 0)
		log_emit(LOG_WARNING, "write the trace to '%s': %s", file, strerror(-r));
}
