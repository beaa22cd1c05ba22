/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: id maps, and the files that tell about users: /etc/subuid and passwd of the host, and a container's own
 * /etc/passwd, which is hostile. An input that begins with 'm' is a binary map, anything else such a file.
 */
#include <fcntl.h>

#include "fuzz/fuzz.h"
#include "linux/environ.h"
#include "linux/idmap.h"
#include "sys/hostfs.h"
#include "unit/scratch.h"

enum { MAX_MAPS = 340 };

static void check_map(struct fuzz_in *in)
{
	struct spec_idmap maps[MAX_MAPS];
	spec_idmaps list = { .v = maps };
	auto_buf struct buf text = { 0 };
	auto_buf struct buf words = { 0 };
	auto_strv struct strv argv = { 0 };

	for (; in->n && list.n < MAX_MAPS; list.n++) {
		maps[list.n].container_id = fuzz_u32(in);
		maps[list.n].host_id = fuzz_u32(in);
		maps[list.n].size = fuzz_u32(in);
	}
	idmap_text(&list, &text);
	idmap_words(&list, &words);
	require(buf_error(&text) == 0 && buf_error(&words) == 0);
	char *line = text.p;
	for (size_t i = 0; i < list.n; i++) {
		unsigned inside, outside, size;
		int used = 0;

		require(sscanf(line, "%u %u %u%n", &inside, &outside, &size, &used) == 3);
		require(line[used] == '\n');
		require(inside == maps[i].container_id && outside == maps[i].host_id &&
			size == maps[i].size);
		line += used + 1;
	}
	require(!line || !*line);
	require(idmap_argv("newuidmap", 1, &list, &argv) == 0 && argv.n == 2 + 3 * list.n);
}

/* A root file system with DATA as its passwd. */
static int root_with(const char *data, size_t size)
{
	static int root = -1, file = -1;

	if (root < 0) {
		close_fd(scratch_make());
		atexit(scratch_remove);
		root = host_opendir(AT_FDCWD, scratch, false);
		require(root >= 0 && host_mkdirat(root, "etc", 0755) == 0);
		file = openat(root, "etc/passwd", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	}
	require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	return root;
}

static void check_files(const char *text, size_t size)
{
	struct subid_range ranges[4];
	char name[33], *home = NULL;

	for (uid_t uid = 0; uid < 3; uid++) {
		size_t n = subid_find(text, uid ? "user" : NULL, uid, ranges, 4);

		require(n <= 4);
		for (size_t i = 0; i < n; i++)
			require(ranges[i].count > 0);
		if (passwd_name(text, uid, name, sizeof(name))) {
			require(strlen(name) < sizeof(name));
			require(!strpbrk(name, ":\n"));
		}
	}
	int r = environ_home(root_with(text, size), 1, &home);
	require(r == 0 || r == -ENOENT);
	if (r == 0)
		require(home[0] && !strpbrk(home, ":\n") && strlen(home) < 4096);
	free(home);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	if (size && data[0] == 'm') {
		fuzz_u8(&in);
		check_map(&in);
		return 0;
	}
	char *text = fuzz_text(data, size);
	check_files(text, size);
	free(text);
	return 0;
}
