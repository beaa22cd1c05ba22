/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of mounts: proc_pid_mountinfo(5). */
#include "linux/mountinfo.h"

#include <fcntl.h>
#include <string.h>

#include "sys/hostfs.h"
#include "util/cleanup.h"
#include "util/parse.h"

enum { MAX_SIZE = 64 << 20 };

int mountinfo_read(const struct procfs *proc, struct buf *out)
{
	auto_fd int fd = proc_open_self(proc, "mountinfo", O_RDONLY);

	return fd < 0 ? fd : host_read_fd(fd, MAX_SIZE, out);
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

void mountinfo_unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && is_octal(at + 1)) {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

void mountinfo_escape(struct buf *out, const char *path)
{
	for (; *path; path++) {
		if (strchr(" \t\n\\", *path))
			buf_addf(out, "\\%03o", (unsigned char)*path);
		else
			buf_addc(out, *path);
	}
}

/* id parent major:minor root path options [shared:N ...] - type source options */
bool mountinfo_parse(char *line, struct mount_line *m)
{
	char *at = line, *dash = strstr(line, " - "), *path, *root;

	if (!dash)
		return false;
	*dash = '\0';
	m->kernels = strncmp(dash + 3, "proc ", 5) == 0 || strncmp(dash + 3, "sysfs ", 6) == 0;
	const char *id = strsep(&at, " "), *parent = at ? strsep(&at, " ") : "";
	m->dev = at ? strsep(&at, " ") : NULL;
	root = at ? strsep(&at, " ") : NULL;
	path = at ? strsep(&at, " ") : NULL;
	m->shared = at && strstr(at, " shared:");
	if (!path || parse_u64(id, &m->id) < 0 || parse_u64(parent, &m->parent) < 0)
		return false;
	mountinfo_unescape(path);
	mountinfo_unescape(root);
	m->path = path;
	m->root = root;
	m->type = dash + 3;
	return true;
}
