/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking off the root of a container that had no mount namespace of its own (runtime.md#delete): found by its number in the
 * namespace where it was made, whatever its path is now and whatever was mounted on it since.
 */
#include "linux/root_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/mountinfo.h"
#include "linux/namespaces.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"
#include "util/util.h"

enum { MAX_STACK = 1000, NO_NAMESPACE = -ESRCH };

struct note {
	uint64_t id, unique; /* unique: 0 where the kernel has no such number */
	const char *path;
	uint64_t ns_dev, ns_ino;
	const char *ns_path; /* "-": none */
};

static bool parse_note(char *text, struct note *n)
{
	char *at = text, *word[6];

	for (size_t i = 0; i < 4; i++)
		word[i] = strsep(&at, " ");
	word[4] = at;
	if (!at || !(word[5] = strchr(word[3], ':')))
		return false;
	*word[5]++ = '\0';
	mountinfo_unescape(word[2]);
	mountinfo_unescape(word[4]);
	n->path = word[2];
	n->ns_path = word[4];
	return parse_u64(word[0], &n->id) >= 0 && parse_u64(word[1], &n->unique) >= 0 &&
	       parse_u64(word[3], &n->ns_dev) >= 0 && parse_u64(word[5], &n->ns_ino) >= 0;
}

/* ---- into the namespace ---- */

struct search {
	const struct procfs *proc;
	const struct note *note;
	int found; /* descriptor */
};

static bool is_the_ns(const struct note *n, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == n->ns_dev && st.st_ino == n->ns_ino;
}

static int try_process(void *ctx, const char *name, UNUSED unsigned char type)
{
	struct search *s = ctx;
	uint32_t pid;

	if (parse_u32(name, &pid) < 0)
		return 0;
	auto_fd int fd = proc_open_pid(s->proc, (pid_t)pid, "ns/mnt", O_RDONLY);
	if (fd < 0 || !is_the_ns(s->note, fd))
		return 0;
	s->found = TAKE_FD(fd);
	return -ECANCELED; /* enough */
}

/* By its path, else by any process that lives there; a namespace without both is gone, and its mounts with it. */
static int open_ns(const struct procfs *proc, const struct note *n)
{
	struct search s = { .proc = proc, .note = n, .found = NO_NAMESPACE };
	bool not_ns;

	auto_fd int fd = strcmp(n->ns_path, "-") != 0 ? ns_open(n->ns_path, &not_ns) : -ENOENT;
	if (fd >= 0 && is_the_ns(n, fd))
		return TAKE_FD(fd);
	int r = host_list(proc->fd, try_process, &s);
	return r < 0 && r != -ECANCELED ? r : s.found;
}

static int join(int fd)
{
	int r = sys_setns(fd, CLONE_NEWNS);

	if (r != -EPERM)
		return r;
	struct err ignored;

	auto_fd int owner = ioctl(fd, NS_GET_USERNS);
	/* whoever has CAP_SYS_PTRACE there could seize us */
	if (owner < 0 || ns_set_dumpable(false, &ignored) < 0 ||
	    sys_setns(owner, CLONE_NEWUSER) < 0)
		return r;
	return sys_setns(fd, CLONE_NEWNS);
}

static int enter_ns(const struct procfs *proc, const struct note *n)
{
	auto_fd int own = proc_open_pid(proc, getpid(), "ns/mnt", O_RDONLY);
	if (own < 0)
		return own;
	if (is_the_ns(n, own))
		return 0;
	auto_fd int fd = open_ns(proc, n);
	return fd < 0 ? fd : join(fd);
}

/* ---- taking off ---- */

struct mounts {
	struct mount_line *v;
	size_t n;
};

static int read_mounts(const struct procfs *proc, struct buf *text, struct mounts *m)
{
	size_t lines = 0;
	char *line;

	int r = mountinfo_read(proc, text);
	if (r < 0)
		return r;
	for (const char *c = buf_str(text); *c; c++)
		lines += *c == '\n';
	m->v = calloc(lines + 1, sizeof(*m->v));
	if (!m->v)
		return -ENOMEM;
	for (char *at = text->p; at && (line = strsep(&at, "\n")) && m->n < lines;)
		m->n += mountinfo_parse(line, &m->v[m->n]);
	return 0;
}

static const struct mount_line *find(const struct mounts *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].id == id)
			return &m->v[i];
	}
	return NULL;
}

/* Is the mount ID ours, or mounted on ours? */
static bool belongs(const struct mounts *m, uint64_t id, uint64_t ours)
{
	const struct mount_line *at = find(m, id);

	for (size_t i = 0; at && i <= m->n; i++) {
		if (at->id == ours)
			return true;
		at = at->parent == at->id ? NULL : find(m, at->parent);
	}
	return false;
}

/* What is on top at PATH goes, if it is of ours. 1: it was ours itself. 0: there is more below it. */
static int take_off_top(const struct mounts *m, const struct note *n, const char *path)
{
	uint64_t id, unique;

	auto_fd int fd = sys_open(path, O_PATH, 0);
	int r = fd < 0 ? fd : sys_mount_id(fd, &id);
	if (r < 0)
		return r;
	if (!belongs(m, id, n->id))
		return -EBUSY;
	if (id == n->id && n->unique) {
		r = sys_mount_unique_id(fd, &unique);
		if (r < 0 || unique != n->unique) /* the number was given anew: ours is gone */
			return r < 0 ? r : 1;
	}
	r = sys_fchdir(fd);
	if (r >= 0)
		r = sys_umount_detach(".");
	return r < 0 ? r : id == n->id;
}

static int take_off(const struct procfs *proc, const struct note *n)
{
	if (n->unique && sys_mount_exists(n->unique) == 0)
		return 0;
	for (int i = 0; i < MAX_STACK; i++) {
		auto_buf struct buf text = { 0 };
		struct mounts m = { 0 };

		int r = read_mounts(proc, &text, &m);
		const struct mount_line *ours = r < 0 ? NULL : find(&m, n->id);
		if (r >= 0)
			r = !ours || (!n->unique && strcmp(ours->path, n->path) != 0)
				    ? 1
				    : take_off_top(&m, n, ours->path);
		free(m.v);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return -EBUSY;
}

static NORETURN void work(const struct note *n)
{
	struct procfs proc;

	int r = proc_open(&proc);
	if (r >= 0)
		r = enter_ns(&proc, n);
	if (r >= 0)
		r = take_off(&proc, n);
	_exit(r == NO_NAMESPACE ? 0 : -r);
}

static int failed(const struct note *n, int r, struct err *e)
{
	err_sys(e, r, "take off the container's mounts at '%s'", n->path);
	if (r == -EBUSY)
		return err_hint(e, "something else is mounted over it: umount that first");
	return r == -EPERM ? err_hint(e, "it takes the rights of who made the container") : r;
}

int root_mount_remove(const char *text, struct err *e)
{
	auto_str char *copy = strdup(text);
	int status = 0;
	struct note n;

	if (!copy)
		return err_sys(e, -ENOMEM, "take off the container's mounts");
	if (!parse_note(copy, &n))
		return err_set(e, ERR_INTERNAL, "the journal's note of a mount makes no sense: %s",
			       text);
	pid_t pid = fork(); /* it allocates: see sys_clone3() */
	if (pid == 0)
		work(&n);
	if (pid < 0)
		return err_sys(e, -errno, "take off the container's mounts at '%s'", n.path);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status))
		return failed(&n, -EINTR, e);
	return WEXITSTATUS(status) ? failed(&n, -WEXITSTATUS(status), e) : 0;
}
