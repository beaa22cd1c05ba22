/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cgroup files said before an update, so that a refused one leaves the old values. Most files hold one value; those
 * with a line for each device, interface or page size take one line at a time (cgroup-v2.rst, "nested keyed").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/hostfs.h"
#include "util/util.h"

enum { MAX_FILE = 256 * 1024, FIRST_ENTRIES = 16 };

struct cgroup_undo_entry {
	struct cgroup_leaf *leaf;
	char *file, *text;
};

/* "8:0 rbps=max wbps=max" for "8:0 rbps=1 wbps=2": no limit, for a device that had none. */
static void add_unset(const char *value, size_t key_len, const char *file, struct buf *out)
{
	const char *at = value + key_len;

	buf_add(out, value, key_len);
	if (!strchr(at, '=')) {
		buf_adds(out, strcmp(file, "io.weight") == 0 ? " default" : " 0");
		return;
	}
	while (*at) {
		size_t blank = strspn(at, " "), name = strcspn(at + blank, "= ");

		if (name)
			buf_addf(out, " %.*s=max", (int)name, at + blank);
		at += blank + name;
		at += strcspn(at, " ");
	}
}

/* The line of TEXT that begins with the same word as VALUE; NULL: none does. */
static const char *find_line(const char *text, const char *value, size_t key_len)
{
	while (*text) {
		if (strncmp(text, value, key_len) == 0 && text[key_len] == ' ')
			return text;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* "8:0 …", "mlx5_0 hca_handle=…": a value for one of many. "50000 100000" (cpu.max) is not. */
static bool is_keyed(const char *value, const char *file)
{
	const char *blank = strchr(value, ' ');
	static const char *const files[] = { "net_prio.ifpriomap", "rdma.max", "misc.max" };

	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		if (strcmp(file, files[i]) == 0)
			return true;
	}
	return blank && (strchr(blank, '=') || memchr(value, ':', (size_t)(blank - value)));
}

int cgroup_undo_words(const char *now, const char *value, const char *file, struct buf *out)
{
	size_t key_len = strcspn(value, " "), first = strcspn(now, "\n");

	if (is_keyed(value, file)) {
		const char *line = find_line(now, value, key_len);

		if (line)
			buf_add(out, line, strcspn(line, "\n"));
		else
			add_unset(value, key_len, file, out);
	} else if (strncmp(now, "default ", 8) == 0 || strncmp(now, "oom_kill_disable ", 17) == 0) {
		const char *word = strchr(now, ' ') + 1;

		buf_add(out, word, strcspn(word, "\n"));
	} else {
		buf_add(out, now, first);
	}
	if (out->len == 0)
		buf_addc(out, '\n'); /* an empty list */
	return buf_error(out);
}

static int append(struct cgroup_undo *u, struct cgroup_leaf *leaf, const char *file, char *text)
{
	if (u->n == u->cap) {
		size_t cap = u->cap ? 2 * u->cap : FIRST_ENTRIES;
		struct cgroup_undo_entry *v = realloc(u->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		u->v = v;
		u->cap = cap;
	}
	char *name = strdup(file);
	if (!name)
		return -ENOMEM;
	u->v[u->n++] = (struct cgroup_undo_entry){ leaf, name, text };
	return 0;
}

int cgroup_undo_note(struct cgroup_undo *u, struct cgroup_leaf *leaf, const char *file,
		     const char *value)
{
	auto_buf struct buf now = { 0 }, words = { 0 };
	int dir = cgroup_leaf_fd(leaf);

	if (dir < 0)
		return dir;
	int r = host_read(dir, file, MAX_FILE, &now);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = cgroup_undo_words(buf_str(&now), value, file, &words);
	auto_str char *text = r < 0 ? NULL : buf_take(&words);
	if (!text)
		return -ENOMEM;
	r = append(u, leaf, file, text);
	if (r >= 0)
		(void)TAKE_PTR(text);
	return r;
}

int cgroup_undo_run(struct cgroup_undo *u)
{
	int ret = 0;

	for (size_t i = u->n; i > 0; i--) {
		struct cgroup_undo_entry *x = &u->v[i - 1];
		int dir = cgroup_leaf_fd(x->leaf);
		int r = dir < 0 ? dir : host_write(dir, x->file, x->text);

		if (r < 0 && ret == 0)
			ret = r;
	}
	return ret;
}

void cgroup_undo_free(struct cgroup_undo *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->v[i].file);
		free(u->v[i].text);
	}
	free(u->v);
	*u = (struct cgroup_undo){ 0 };
}
