/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * process.env and what is added to it: HOME by environ(7) and passwd(5), the LISTEN_ variables by sd_listen_fds(3). The
 * container's /etc/passwd is hostile input: opened inside the root, a regular file, read with a bound.
 */
#include "linux/environ.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/hostfs.h"
#include "sys/raw.h"
#include "sys/rootdir.h"
#include "util/cleanup.h"
#include "util/parse.h"

#define LISTEN_PID "LISTEN_PID"
#define PID_ROOM   "2147483647"

enum { PASSWD_MAX = 4 << 20, HOME_MAX = 4096 };

/* Cuts the next field out of *S at a colon. NULL when there is none left. */
static char *next_field(char **s)
{
	char *field = *s;

	if (!field)
		return NULL;
	char *colon = strchr(field, ':');
	if (colon)
		*colon++ = '\0';
	*s = colon;
	return field;
}

/* name:password:uid:gid:comment:home:shell. The home of LINE if it is UID's, else NULL. */
static const char *home_in(char *line, uid_t uid)
{
	uint32_t id;
	char *f[6];

	for (size_t i = 0; i < N_ELEMENTS(f); i++) {
		f[i] = next_field(&line);
		if (!f[i])
			return NULL;
	}
	return parse_u32(f[2], &id) == 0 && id == uid ? f[5] : NULL;
}

int environ_home(int root_fd, uid_t uid, char **ret)
{
	const struct rootdir root = { root_fd };
	auto_buf struct buf text = { 0 };
	struct stat st;

	/* O_NONBLOCK: a FIFO there must not hold us up */
	auto_fd int fd = rootdir_open(&root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	int r = host_read_fd(fd, PASSWD_MAX, &text);
	if (r < 0)
		return r;
	for (char *next, *line = text.p; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		const char *home = home_in(line, uid);

		if (home && *home && strlen(home) < HOME_MAX) {
			*ret = strdup(home);
			return *ret ? 0 : -ENOMEM;
		}
	}
	return -ENOENT;
}

static int add_home(const struct plan *p, struct strv *env)
{
	const char *have = strv_getenv(env, "HOME");
	auto_str char *home = NULL;

	if (have && *have)
		return 0;
	auto_fd int root = sys_open("/", O_PATH | O_DIRECTORY, 0);
	if (root >= 0 && environ_home(root, p->creds.uid, &home) == -ENOMEM)
		return -ENOMEM;
	return strv_setenv(env, "HOME", home ? home : "/");
}

/* The descriptors are the first ones from 3 on, so the variables are true whatever the config said of them. */
static int add_listen(const struct plan *p, struct strv *env)
{
	const char *names = getenv("LISTEN_FDNAMES"); /* ours: it came with the descriptors */
	auto_buf struct buf n = { 0 };

	if (p->opts.listen_fds == 0)
		return 0;
	buf_addf(&n, "%u", p->opts.listen_fds);
	int r = buf_error(&n);
	if (r >= 0)
		r = strv_setenv(env, "LISTEN_FDS", buf_str(&n));
	if (r >= 0)
		r = strv_setenv(env, LISTEN_PID, PID_ROOM);
	if (r >= 0 && names)
		r = strv_setenv(env, "LISTEN_FDNAMES", names);
	return r;
}

void environ_tell_pid(const struct plan *p, struct strv *env)
{
	static const char entry[] = LISTEN_PID "=" PID_ROOM;
	const size_t value = sizeof(LISTEN_PID);

	for (size_t i = 0; p->opts.listen_fds && i < env->n; i++)
		if (strncmp(env->v[i], entry, value) == 0)
			snprintf(env->v[i] + value, sizeof(entry) - value, "%d", getpid());
}

int environ_build(const struct plan *p, struct strv *ret, struct err *e)
{
	auto_strv struct strv env = { 0 };
	int r = 0;

	for (size_t i = 0; p->process && i < p->process->env.n && r >= 0; i++)
		r = strv_add(&env, p->process->env.v[i]);
	/* Of two values a program takes the first (getenv) or the last (a shell); those who write the list mean the last. */
	if (r >= 0)
		r = strv_unique_env(&env);
	if (r >= 0)
		r = add_home(p, &env);
	if (r >= 0)
		r = add_listen(p, &env);
	if (r >= 0 && p->notify)
		r = strv_setenv(&env, "NOTIFY_SOCKET", NOTIFY_DEST "/" NOTIFY_SOCKET);
	if (r < 0)
		return err_sys(e, r, "build the environment");
	*ret = env;
	env = (struct strv){ 0 };
	return 0;
}
