/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying a tree that may be hostile (mount option tmpcopyup). No root needed: what only root can keep is not looked at. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/hostfs.h"
#include "sys/proc.h"
#include "sys/treecopy.h"
#include "tests/unit/tap.h"

struct dirs {
	char path[64];
	int top, from, to, self_fds;
	unsigned skipped;
};

static void begin(struct dirs *d)
{
	struct procfs proc;

	snprintf(d->path, sizeof(d->path), "/tmp/ketch-treecopy.XXXXXX");
	CHECK(mkdtemp(d->path) != NULL);
	d->top = open(d->path, O_RDONLY | O_DIRECTORY);
	mkdirat(d->top, "from", 0755);
	mkdirat(d->top, "to", 0755);
	d->from = openat(d->top, "from", O_RDONLY | O_DIRECTORY);
	d->to = openat(d->top, "to", O_PATH | O_DIRECTORY);
	CHECK_INT(proc_open(&proc), 0);
	d->self_fds = proc_open_self_fds(&proc);
	CHECK(d->self_fds >= 0);
	proc_close(&proc);
}

static int remove_one(const char *path, UNUSED const struct stat *st, UNUSED int type,
		      UNUSED struct FTW *at)
{
	return remove(path);
}

static void end(struct dirs *d)
{
	close(d->from);
	close(d->to);
	close(d->self_fds);
	close(d->top);
	CHECK_INT(nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void put(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, mode);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void everything_is_copied(void)
{
	struct dirs d;
	struct stat st;
	char text[64];

	begin(&d);
	put(d.from, "file", "content", 0640);
	put(d.from, "suid", "x", 04755);
	mkdirat(d.from, "dir", 0750);
	int dir = openat(d.from, "dir", O_RDONLY | O_DIRECTORY);
	put(dir, "below", "deep", 0600);
	CHECK_INT(symlinkat("/etc/passwd", d.from, "link"), 0);
	CHECK_INT(mkfifoat(d.from, "fifo", 0644), 0);
	CHECK_INT(tree_copy(d.from, d.to, d.self_fds, &d.skipped), 0);
	CHECK(host_read_small(d.to, "file", text, sizeof(text)) == 7 &&
	      strcmp(text, "content") == 0);
	CHECK(fstatat(d.to, "file", &st, 0) == 0 && (st.st_mode & 07777) == 0640);
	CHECK(fstatat(d.to, "suid", &st, 0) == 0 && (st.st_mode & 07777) == 04755);
	CHECK(fstatat(d.to, "dir", &st, 0) == 0 && (st.st_mode & 07777) == 0750);
	CHECK_INT(host_read_small(d.to, "dir/below", text, sizeof(text)), 4);
	CHECK_INT(readlinkat(d.to, "link", text, sizeof(text)), 11);
	CHECK(fstatat(d.to, "fifo", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISFIFO(st.st_mode));
	close(dir);
	end(&d);
}

/* A FIFO must not block us, a link to a FIFO neither. */
static void links_are_not_followed(void)
{
	struct dirs d;
	struct stat st;

	begin(&d);
	CHECK_INT(mkfifoat(d.top, "outside", 0644), 0);
	CHECK_INT(symlinkat("../outside", d.from, "link"), 0);
	CHECK_INT(symlinkat("..", d.from, "up"), 0);
	CHECK_INT(tree_copy(d.from, d.to, d.self_fds, &d.skipped), 0);
	CHECK(fstatat(d.to, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	CHECK(fstatat(d.to, "up", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	end(&d);
}

static void depth_is_bounded(void)
{
	struct dirs d;

	begin(&d);
	int at = dup(d.from);
	for (int i = 0; i < TREE_MAX_DEPTH + 2; i++) {
		mkdirat(at, "d", 0755);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	CHECK_INT(tree_copy(d.from, d.to, d.self_fds, &d.skipped), -ELOOP);
	end(&d);
}

static const struct test tests[] = {
	{ "files, directories, links and FIFOs are copied with their modes", everything_is_copied },
	{ "no link is followed", links_are_not_followed },
	{ "the depth is bounded", depth_is_bounded },
};

TAP_MAIN(tests)
