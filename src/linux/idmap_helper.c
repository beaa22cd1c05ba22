/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * newuidmap(1) and newgidmap(1) of shadow: programs with privilege that write an ordinary user's id maps after a look at
 * /etc/subuid and /etc/subgid (subuid(5)). Looked for in fixed directories, run with nothing of ours but the arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/idmap.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/parse.h"

/* Long enough for subordinate ids that come over the network (nsswitch.conf, "subid: sss"). */
enum { HELPER_MS = 20000, SUBID_MAX = 4, TABLE_MAX = 4 << 20 };

/* Never PATH, which the caller chooses. The last is where NixOS keeps programs with privilege. */
static const char *const directories[] = { "/usr/bin", "/usr/sbin",	 "/bin",
					   "/sbin",    "/usr/local/bin", "/run/wrappers/bin" };

/* ---- what the user has been given ---- */

/* Cuts the next ':'-separated field off *LINE, which ends at END. */
static bool field(const char **line, const char *end, char *out, size_t size)
{
	const char *stop = memchr(*line, ':', (size_t)(end - *line));
	size_t len = (size_t)((stop ? stop : end) - *line);

	if (len >= size)
		return false;
	memcpy(out, *line, len);
	out[len] = '\0';
	*line = stop ? stop + 1 : end;
	return true;
}

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

size_t subid_find(const char *text, const char *user, uid_t uid, struct subid_range *out,
		  size_t max)
{
	size_t n = 0;

	for (const char *line = text; *line && n < max;) {
		const char *end = line_end(line);
		char owner[64], first[16], count[16];
		uint32_t number;

		if (field(&line, end, owner, sizeof(owner)) &&
		    field(&line, end, first, sizeof(first)) &&
		    field(&line, end, count, sizeof(count)) && line == end &&
		    ((user && strcmp(owner, user) == 0) ||
		     (parse_u32(owner, &number) >= 0 && number == uid)) &&
		    parse_u32(first, &out[n].first) >= 0 && parse_u32(count, &out[n].count) >= 0 &&
		    out[n].count > 0)
			n++;
		line = *end ? end + 1 : end;
	}
	return n;
}

bool passwd_name(const char *text, uid_t uid, char *name, size_t size)
{
	for (const char *line = text; *line;) {
		const char *end = line_end(line);
		char password[256], number[16];
		uint32_t u;

		if (field(&line, end, name, size) &&
		    field(&line, end, password, sizeof(password)) &&
		    field(&line, end, number, sizeof(number)) && *name &&
		    parse_u32(number, &u) >= 0 && u == uid)
			return true;
		line = *end ? end + 1 : end;
	}
	return false;
}

/* Says in the hint what the table FILE gives the caller. */
static void hint_ranges(struct err *e, const char *file)
{
	auto_buf struct buf passwd = { 0 };
	auto_buf struct buf table = { 0 };
	auto_buf struct buf has = { 0 };
	struct subid_range ranges[SUBID_MAX];
	char name[64], who[96];
	uid_t uid = getuid();

	bool named = host_read(AT_FDCWD, "/etc/passwd", TABLE_MAX, &passwd) >= 0 &&
		     passwd_name(buf_str(&passwd), uid, name, sizeof(name));
	if (named)
		snprintf(who, sizeof(who), "user '%s'", name);
	else
		snprintf(who, sizeof(who), "uid %u", (unsigned)uid);
	if (host_read(AT_FDCWD, file, TABLE_MAX, &table) < 0) {
		err_hint(e, "%s can't be read, and must give %s the host ids", file, who);
		return;
	}
	size_t n =
		subid_find(buf_str(&table), named ? name : NULL, uid, ranges, N_ELEMENTS(ranges));
	if (n == 0) {
		err_hint(e, "%s has no entry for %s", file, who);
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_addf(&has, "%s%u..%llu", i ? ", " : "", ranges[i].first,
			 (unsigned long long)ranges[i].first + ranges[i].count - 1);
	err_hint(e, "%s gives %s %s", file, who, buf_str(&has));
}

/* ---- the program ---- */

static int find(const char *tool, char *path, size_t size)
{
	for (size_t i = 0; i < N_ELEMENTS(directories); i++) {
		snprintf(path, size, "%s/%s", directories[i], tool);
		if (sys_access_exec(path) >= 0)
			return 0;
	}
	return -ENOENT;
}

bool idmap_has_helper(const char *tool)
{
	char path[64];

	return find(tool, path, sizeof(path)) >= 0;
}

static NORETURN void become(const char *path, const struct strv *argv, int null, int err)
{
	char *empty[] = { NULL };
	sigset_t none;

	sigemptyset(&none);
	if (dup3(null, 0, 0) >= 0 && dup3(null, 1, 0) >= 0 && dup3(err, 2, 0) >= 0 &&
	    sys_close_range(3, ~0u, 0) >= 0 && sigprocmask(SIG_SETMASK, &none, NULL) >= 0)
		(void)sys_execve(path, argv->v, empty);
	_exit(126);
}

/* What it says on stderr, until it ends. -ETIMEDOUT. */
static int listen_to(int pidfd, int err, char *said, size_t size)
{
	long long until = clock_ms() + HELPER_MS;
	size_t len = 0;

	for (;;) {
		struct pollfd p[] = { { .fd = err, .events = POLLIN },
				      { .fd = pidfd, .events = POLLIN } };
		long long left = until - clock_ms();
		char drain[256];

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(p, N_ELEMENTS(p), (int)left) < 0 && errno != EINTR)
			return -errno;
		bool full = len + 1 >= size;
		ssize_t n = p[0].revents ? read(err, full ? drain : said + len,
						full ? sizeof(drain) : size - 1 - len)
					 : 0;
		if (n > 0 && !full)
			len += (size_t)n;
		said[len] = '\0';
		if (n <= 0 && p[1].revents)
			return 0;
		if (n <= 0 && p[0].revents)
			err = -EBADF; /* closed while it runs on */
	}
}

/* One line of it, without the line's end. */
static void tidy(char *said)
{
	said[strcspn(said, "\n")] = '\0';
	for (char *c = said; *c; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
}

static int reap(pid_t pid, int pidfd, bool kill_it)
{
	int status = 0;

	if (kill_it)
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status;
}

/* Runs it to its end: wait status, or -errno. SAID gets a line of its stderr. */
static int run_helper(const char *path, const struct strv *argv, char *said, size_t size)
{
	int pipes[2], pidfd_raw = -EBADF;

	auto_fd int null = sys_open("/dev/null", O_RDWR, 0);
	if (null < 0)
		return null;
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	auto_fd int err = pipes[0];
	auto_fd int err_child = pipes[1];

	pid_t pid = sys_clone3(0, SIGCHLD, -EBADF, &pidfd_raw);
	if (pid < 0)
		return pid;
	if (pid == 0)
		become(path, argv, null, err_child);
	auto_fd int pidfd = pidfd_raw;
	close_fd(TAKE_FD(err_child));
	int r = listen_to(pidfd, err, said, size);
	int status = reap(pid, pidfd, r < 0);
	tidy(said);
	return r < 0 ? r : status;
}

static int missing(struct err *e, const char *tool)
{
	err_set(e, ERR_UNSUPPORTED,
		"%s is needed to map more than one's own id, and is not installed", tool);
	return err_hint(
		e,
		"it comes with the package uidmap (Debian) or shadow-utils; or run ketch as root");
}

int idmap_helper(pid_t pid, const char *tool, const spec_idmaps *map, struct err *e)
{
	auto_buf struct buf words = { 0 };
	auto_strv struct strv argv = { 0 };
	const char *kind = strcmp(tool, "newuidmap") == 0 ? "uid" : "gid";
	char path[64], said[256] = "";

	if (find(tool, path, sizeof(path)) < 0)
		return missing(e, tool);
	int r = idmap_argv(tool, pid, map, &argv);
	if (r >= 0)
		r = run_helper(path, &argv, said, sizeof(said));
	if (r == 0)
		return 0;
	idmap_words(map, &words);
	if (r < 0)
		return err_sys(e, r, "map %s %.120s: %s", kind, buf_str(&words), path);
	if (WIFSIGNALED(r))
		err_set(e, ERR_KERNEL, "map %s %.120s: %s was killed by signal %d", kind,
			buf_str(&words), path, WTERMSIG(r));
	else
		err_set(e, ERR_DENIED, "map %s %.120s: %s%s%s", kind, buf_str(&words),
			*said ? "" : tool, *said ? said : " failed",
			WEXITSTATUS(r) == 126 ? " (it could not be run)" : "");
	hint_ranges(e, *kind == 'u' ? "/etc/subuid" : "/etc/subgid");
	return err_errno(e);
}
