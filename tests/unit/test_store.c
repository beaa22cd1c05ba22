/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state root: ids, listing, and who holds the lock of a container. */
#include <sys/file.h>
#include <sys/wait.h>

#include "core/store.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "util/cleanup.h"

static void open_root(struct store *s)
{
	char root[96];
	struct err e = { 0 };

	scratch_make();
	snprintf(root, sizeof(root), "%s/root", scratch);
	CHECK(store_open(s, root, true, &e) == 0);
	CHECK(mkdirat(s->fd, "one", 0700) == 0);
}

static void ids_are_checked(void)
{
	static const struct {
		const char *id;
		bool good;
	} rows[] = {
		{ "a", true },	       { "A_b-c.d+0", true }, { "0", true },	{ "", false },
		{ ".", false },	       { "..", false },	      { ".a", true },	{ "-a", true },
		{ ".cache", false },   { "a/b", false },      { "a b", false }, { "a\nb", false },
		{ "\xc3\xa9", false },
	};
	char id[512];
	struct err e;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		CHECK((id_check(rows[i].id, &e) == 0) == rows[i].good);
	memset(id, 'x', sizeof(id));
	id[255] = '\0';
	CHECK(id_check(id, &e) == 0);
	id[255] = 'x';
	id[256] = '\0';
	CHECK(id_check(id, &e) < 0 && e.code == ERR_USAGE);
}

static void what_is_no_container_is_not_listed(void)
{
	auto_store struct store s = STORE_NONE;
	auto_strv struct strv ids = { 0 };
	struct err e = { 0 };

	open_root(&s);
	CHECK(mkdirat(s.fd, "a", 0700) == 0 && mkdirat(s.fd, ".cache", 0700) == 0);
	auto_fd int file = openat(s.fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(file >= 0 && symlinkat("a", s.fd, "link") == 0);
	CHECK(store_list(&s, &ids, &e) == 0);
	CHECK(ids.n == 2);
	CHECK_STR(ids.v[0], "a");
	CHECK_STR(ids.v[1], "one");
	CHECK(store_open_dir(&s, "link", &e) < 0 && e.code == ERR_NOT_FOUND);
	scratch_remove();
}

/* Takes the lock in a process of its own and keeps it until the descriptor *END is closed. */
static pid_t holder(const struct store *s, int *end)
{
	int ready[2];
	int stay[2];
	char c;

	CHECK(pipe2(ready, O_CLOEXEC) == 0 && pipe2(stay, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e;
		int dir = store_open_dir(s, "one", &e);

		close(stay[1]);
		if (dir < 0 || store_lock(s, "one", dir, 0, &e) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(stay[0], &c, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(stay[0]);
	*end = stay[1];
	return pid;
}

static void the_holder_of_a_lock_is_named(void)
{
	auto_store struct store s = STORE_NONE;
	struct err e = { 0 };
	char name[32];
	int end, status;

	open_root(&s);
	pid_t pid = holder(&s, &end);
	auto_fd int dir = store_open_dir(&s, "one", &e);
	CHECK(store_lock(&s, "one", dir, 50, &e) < 0);
	CHECK(e.code == ERR_STATE);
	snprintf(name, sizeof(name), "process %d (", pid);
	CHECK(strstr(e.msg, name) && strstr(e.msg, "test_store") && strstr(e.msg, "'one'"));
	close(end);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(store_lock(&s, "one", dir, 1000, &e) == 0);
	scratch_remove();
}

static void a_directory_that_was_deleted_meanwhile_is_no_container(void)
{
	auto_store struct store s = STORE_NONE;
	struct err e = { 0 };

	open_root(&s);
	auto_fd int dir = store_open_dir(&s, "one", &e);
	CHECK(store_is(&s, "one", dir));
	CHECK(unlinkat(s.fd, "one", AT_REMOVEDIR) == 0 && mkdirat(s.fd, "one", 0700) == 0);
	CHECK(!store_is(&s, "one", dir));
	CHECK(store_lock(&s, "one", dir, 0, &e) < 0 && e.code == ERR_NOT_FOUND);
	scratch_remove();
}

static const struct test tests[] = {
	{ "ids are checked", ids_are_checked },
	{ "what is no container is not listed", what_is_no_container_is_not_listed },
	{ "the holder of a lock is named", the_holder_of_a_lock_is_named },
	{ "a directory deleted meanwhile is no container",
	  a_directory_that_was_deleted_meanwhile_is_no_container },
};
TAP_MAIN(tests)
