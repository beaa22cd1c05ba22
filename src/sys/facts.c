/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this host offers: kernel, ids, capabilities, cgroup hierarchies (cgroups(7)), security modules; with
 * facts_probe_all() also which newer kernel features answer. Mounts are found at their usual places and verified by their
 * magic numbers: on a host with thousands of mounts, mountinfo costs more than a start.
 */
#include "sys/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/hostfs.h"
#include "util/jsonw.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { MAX_CGROUP_FILE = 256 * 1024 };

const char *const facts_cgroup_modes[] = { "none", "v1", "hybrid", "v2", NULL };

#define FIELD_OF(struct_type, t, member)                                                           \
	{                                                                                          \
#member, t, offsetof(struct_type, member), sizeof(((struct_type *)0)->member)      \
	}
#define FIELD(t, member) FIELD_OF(struct facts, t, member)

const struct facts_field facts_fields[] = {
	FIELD(FACTS_UINT, kernel_major),
	FIELD(FACTS_UINT, kernel_minor),
	FIELD(FACTS_TEXT, kernel_release),
	FIELD(FACTS_TEXT, machine),
	FIELD(FACTS_UINT, uid),
	FIELD(FACTS_UINT, gid),
	FIELD(FACTS_BOOL, in_userns),
	FIELD(FACTS_U64, caps),
	FIELD(FACTS_UINT, n_cpus),
	FIELD(FACTS_BOOL, systemd),
	FIELD(FACTS_BOOL, apparmor),
	FIELD(FACTS_BOOL, selinux),
	FIELD(FACTS_BOOL, complete),
	FIELD(FACTS_BOOL, cgroup_nsdelegate),
	FIELD(FACTS_BOOL, mount_setattr),
	FIELD(FACTS_BOOL, idmap),
	FIELD(FACTS_BOOL, clone_into_cgroup),
	FIELD(FACTS_BOOL, cgroup_kill),
	FIELD(FACTS_BOOL, time_ns),
	FIELD(FACTS_BOOL, seccomp),
	FIELD(FACTS_BOOL, seccomp_notify),
	FIELD(FACTS_BOOL, overlay),
	FIELD(FACTS_BOOL, swap_accounting),
	FIELD(FACTS_BOOL, resctrl),
	FIELD(FACTS_BOOL, user_ns_allowed),
	FIELD(FACTS_UINT, last_cap),
	{ .name = NULL },
};

const struct facts_field facts_hierarchy_fields[] = {
	FIELD_OF(struct cgroup_hierarchy, FACTS_TEXT, controllers),
	FIELD_OF(struct cgroup_hierarchy, FACTS_TEXT, mount),
	FIELD_OF(struct cgroup_hierarchy, FACTS_TEXT, own),
	FIELD_OF(struct cgroup_hierarchy, FACTS_BOOL, v2),
	{ .name = NULL },
};

/* Copies N bytes as a string; -ENAMETOOLONG when they don't fit. */
static int set_text(char *out, size_t size, const char *s, size_t n)
{
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(out, s, n);
	out[n] = '\0';
	return 0;
}

/* "5:cpu,cpuacct:/path"; the path may hold colons. */
static int parse_line(const char *line, size_t len, struct cgroup_hierarchy *h)
{
	const char *end = line + len;
	const char *controllers = memchr(line, ':', len), *path;
	int r;

	if (!controllers)
		return -EINVAL;
	controllers++;
	path = memchr(controllers, ':', (size_t)(end - controllers));
	if (!path || path + 1 == end || path[1] != '/')
		return -EINVAL;
	memset(h, 0, sizeof(*h));
	r = set_text(h->controllers, sizeof(h->controllers), controllers,
		     (size_t)(path - controllers));
	if (r < 0)
		return r;
	h->v2 = h->controllers[0] == '\0';
	path++;
	/* above the root of our cgroup namespace, which is as far as we can reach */
	if (end - path >= 3 && memcmp(path, "/..", 3) == 0 && (end - path == 3 || path[3] == '/'))
		return set_text(h->own, sizeof(h->own), "/", 1);
	return set_text(h->own, sizeof(h->own), path, (size_t)(end - path));
}

int facts_parse_cgroup(const char *text, struct cgroup_hierarchy *out, unsigned max)
{
	unsigned n = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		int r;

		if (n == max)
			return -E2BIG;
		r = parse_line(text, len, &out[n]);
		if (r < 0)
			return r;
		n++;
		text += len + (text[len] == '\n');
	}
	return (int)n;
}

bool facts_is_initial_map(const char *uid_map)
{
	unsigned inside, outside, count;
	int used = 0;

	return sscanf(uid_map, "%u %u %u %n", &inside, &outside, &count, &used) == 3 &&
	       inside == 0 && outside == 0 && count == 4294967295U && uid_map[used] == '\0';
}

static bool is_fs(const char *path, long magic)
{
	struct statfs sfs;

	return statfs(path, &sfs) == 0 && (long)sfs.f_type == magic;
}

static bool try_mount(struct cgroup_hierarchy *h, const char *name, size_t n)
{
	char path[sizeof(h->mount)];
	int len = snprintf(path, sizeof(path), CGROUP_ROOT "/%.*s", (int)n, name);

	if (len < 0 || (size_t)len >= sizeof(path) || !is_fs(path, CGROUP_SUPER_MAGIC))
		return false;
	memcpy(h->mount, path, (size_t)len + 1);
	return true;
}

/* v1: mounted under the name of all its controllers, or reachable by that of one of them. */
static void find_v1_mount(struct cgroup_hierarchy *h)
{
	const char *at = h->controllers;

	if (strncmp(at, "name=", 5) == 0)
		at += 5;
	if (try_mount(h, at, strlen(at)))
		return;
	for (;;) {
		size_t n = strcspn(at, ",");

		if (n > 0 && try_mount(h, at, n))
			return;
		if (at[n] == '\0')
			return;
		at += n + 1;
	}
}

static int find_v2_mount(struct cgroup_hierarchy *h, const char *mount)
{
	char path[160], text[256] = "";
	int r;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	r = host_read_small(AT_FDCWD, path, text, sizeof(text));
	if (r < 0 && r != -ENOENT)
		return r;
	for (char *p = text; *p; p++)
		if (*p == ' ')
			*p = ',';
	r = set_text(h->controllers, sizeof(h->controllers), text, strlen(text));
	return r < 0 ? r : set_text(h->mount, sizeof(h->mount), mount, strlen(mount));
}

/* Where the hierarchies of /proc/self/cgroup are mounted, and so the kind of host. */
static int find_mounts(struct facts *f)
{
	bool v2_only = is_fs(CGROUP_ROOT, CGROUP2_SUPER_MAGIC);
	const char *unified = v2_only ? CGROUP_ROOT : CGROUP_ROOT "/unified";
	bool v1 = false, v2 = false;

	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (h->v2 && is_fs(unified, CGROUP2_SUPER_MAGIC)) {
			int r = find_v2_mount(h, unified);

			if (r < 0)
				return r;
			v2 = true;
		} else if (!h->v2 && !v2_only) {
			find_v1_mount(h);
			v1 = v1 || h->mount[0];
		}
	}
	if (v1)
		f->cgroup_mode = v2 ? CGROUP_MODE_HYBRID : CGROUP_MODE_V1;
	else
		f->cgroup_mode = v2 ? CGROUP_MODE_V2 : CGROUP_MODE_NONE;
	return 0;
}

static int probe_cgroups(struct facts *f, struct err *e)
{
	auto_buf struct buf text = { 0 };
	int r = host_read(AT_FDCWD, "/proc/self/cgroup", MAX_CGROUP_FILE, &text);

	if (r == -ENOENT)
		return 0; /* a kernel without cgroups */
	if (r < 0)
		return err_sys(e, r, "read /proc/self/cgroup");
	r = facts_parse_cgroup(buf_str(&text), f->hierarchies, FACTS_MAX_HIERARCHIES);
	if (r < 0)
		return err_sys(e, r, "parse /proc/self/cgroup");
	f->n_hierarchies = (unsigned)r;
	r = find_mounts(f);
	return r < 0 ? err_sys(e, r, "look for the cgroup mounts below " CGROUP_ROOT) : 0;
}

static int probe_kernel(struct facts *f, struct err *e)
{
	struct utsname u;

	if (uname(&u) < 0)
		return err_sys(e, -errno, "uname");
	if (sscanf(u.release, "%u.%u", &f->kernel_major, &f->kernel_minor) != 2)
		return err_set(e, ERR_UNSUPPORTED, "kernel release '%s' has no version", u.release);
	snprintf(f->kernel_release, sizeof(f->kernel_release), "%.63s", u.release);
	snprintf(f->machine, sizeof(f->machine), "%.31s", u.machine);
	return 0;
}

static int probe_ids(struct facts *f, struct err *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	char map[256];
	int r;

	f->uid = geteuid();
	f->gid = getegid();
	if (syscall(SYS_capget, &header, data) < 0)
		return err_sys(e, -errno, "capget");
	f->caps = data[0].effective | (uint64_t)data[1].effective << 32;

	/* A map longer than this is not that of the initial namespace; a kernel without the file has one namespace. */
	r = host_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map));
	if (r < 0 && r != -EFBIG && r != -ENOENT)
		return err_sys(e, r, "read /proc/self/uid_map");
	f->in_userns = r == -EFBIG || (r >= 0 && !facts_is_initial_map(map));
	return 0;
}

static void probe_services(struct facts *f)
{
	char enabled[8];

	f->systemd = access("/run/systemd/system", F_OK) == 0;
	f->apparmor = host_read_small(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
				      sizeof(enabled)) > 0 &&
		      enabled[0] == 'Y';
	f->selinux = is_fs("/sys/fs/selinux", SELINUX_MAGIC);
}

int facts_probe(struct facts *f, struct err *e)
{
	int r;

	memset(f, 0, sizeof(*f));
	r = probe_kernel(f, e);
	if (r < 0)
		return r;
	r = probe_ids(f, e);
	if (r < 0)
		return r;
	probe_services(f);
	return probe_cgroups(f, e);
}

static void save_field(struct jsonw *w, const void *from, const struct facts_field *field)
{
	const void *p = (const char *)from + field->offset;

	switch (field->type) {
	case FACTS_BOOL:
		jsonw_bool(w, field->name, *(const bool *)p);
		break;
	case FACTS_UINT:
		jsonw_u64(w, field->name, *(const unsigned *)p);
		break;
	case FACTS_U64:
		jsonw_u64(w, field->name, *(const uint64_t *)p);
		break;
	case FACTS_TEXT:
		jsonw_str(w, field->name, p);
		break;
	}
}

int facts_save(const struct facts *f, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 2);
	jsonw_object(&w, NULL);
	for (const struct facts_field *field = facts_fields; field->name; field++)
		save_field(&w, f, field);
	jsonw_str(&w, "cgroup_mode", facts_cgroup_modes[f->cgroup_mode]);
	jsonw_array(&w, "hierarchies");
	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		const struct facts_field *field = facts_hierarchy_fields;

		jsonw_object(&w, NULL);
		for (; field->name; field++)
			save_field(&w, &f->hierarchies[i], field);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
	return buf_error(out);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, word, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

const struct cgroup_hierarchy *facts_controller(const struct facts *f, const char *controller)
{
	const struct cgroup_hierarchy *found = NULL;

	for (unsigned i = 0; i < f->n_hierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (!h->mount[0] || !has_word(h->controllers, controller))
			continue;
		if (!h->v2)
			return h;
		found = h;
	}
	return found;
}

const struct cgroup_hierarchy *facts_unified(const struct facts *f)
{
	for (unsigned i = 0; i < f->n_hierarchies; i++)
		if (f->hierarchies[i].v2 && f->hierarchies[i].mount[0])
			return &f->hierarchies[i];
	return NULL;
}

const struct cgroup_hierarchy *facts_systemd(const struct facts *f)
{
	return f->cgroup_mode == CGROUP_MODE_V2 ? facts_unified(f)
						: facts_controller(f, "name=systemd");
}

bool facts_kernel_at_least(const struct facts *f, unsigned major, unsigned minor)
{
	return f->kernel_major > major || (f->kernel_major == major && f->kernel_minor >= minor);
}
