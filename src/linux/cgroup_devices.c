/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading device rules back. v1 tells them in devices.list (cgroup-v1/devices.rst). A BPF program can't be turned into rules again,
 * but the kernel hashes programs (bpf_prog_info.tag): the one made of the kept rules is loaded and its tag compared.
 */
#include "linux/cgroup_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/bpf.h"
#include "sys/hostfs.h"
#include "util/util.h"

enum { MAX_LIST = 1024 * 1024, MAX_PROGRAMS = 64 };

static bool parse_number(const char **at, int64_t *ret)
{
	char *end;

	if (**at == '*') {
		*ret = -1;
		(*at)++;
		return true;
	}
	unsigned n = 0;
	int used = 0;
	if (sscanf(*at, "%u%n", &n, &used) != 1)
		return false;
	end = (char *)*at + used;
	*ret = n;
	*at = end;
	return true;
}

/* "c 1:3 rwm" */
static bool parse_rule(const char *line, struct spec_device_rule *ret)
{
	const char *at = line;

	*ret = (struct spec_device_rule){ .allow = true, .type = *at };
	if (!strchr("abc", *at) || at[1] != ' ')
		return false;
	at += 2;
	if (!parse_number(&at, &ret->major) || *at++ != ':' || !parse_number(&at, &ret->minor) ||
	    *at++ != ' ')
		return false;
	for (; *at && *at != '\n'; at++)
		ret->access |= *at == 'r' ? DEV_READ : *at == 'w' ? DEV_WRITE : DEV_MKNOD;
	return true;
}

int cgroup_device_list_parse(const char *text, struct arena *arena, struct cgroup_devices *ret)
{
	size_t lines = 1;

	*ret = (struct cgroup_devices){ .allow_all = false };
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	ret->rules.v = arena_array(arena, lines, sizeof(*ret->rules.v));
	if (!ret->rules.v)
		return -ENOMEM;
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		struct spec_device_rule rule;

		if (!parse_rule(text, &rule))
			continue;
		if (rule.type == 'a')
			ret->allow_all = true;
		else
			ret->rules.v[ret->rules.n++] = (struct cgroup_device){ rule, -1 };
	}
	return 0;
}

/* Which entry of the kept rules an exception comes from. */
static void add_places(struct cgroup_devices *list, const struct cgroup_devices *kept)
{
	for (size_t i = 0; i < list->rules.n; i++) {
		struct cgroup_device *x = &list->rules.v[i];

		for (size_t k = 0; k < kept->rules.n; k++) {
			const struct spec_device_rule *y = &kept->rules.v[k].rule;

			if (y->allow && x->rule.type == y->type && x->rule.major == y->major &&
			    x->rule.minor == y->minor)
				x->index = MAX(x->index, kept->rules.v[k].index);
		}
	}
}

static int view_v1(struct cgroup_leaf *leaf, const struct cgroup_devices *kept, struct arena *arena,
		   struct cgroup_device_view *ret, struct err *e)
{
	auto_buf struct buf text = { 0 };
	int dir = cgroup_leaf_fd(leaf);
	int r = dir < 0 ? dir : host_read(dir, "devices.list", MAX_LIST, &text);

	if (r < 0)
		return err_sys(e, r, "read devices.list of cgroup '%s'", leaf->dir);
	ret->by = CGROUP_ENFORCED_V1;
	if (cgroup_device_list_parse(buf_str(&text), arena, &ret->devices) < 0)
		return err_sys(e, -ENOMEM, "device rules");
	if (!ret->devices.allow_all) {
		add_places(&ret->devices, kept);
		return 0;
	}
	ret->denied_kept = kept->allow_all;
	r = kept->allow_all ? cgroup_devices_v1(&ret->devices, arena, kept, e) : 0;
	return r;
}

static int note_others(const struct bpf_program *v, int n, uint32_t ours, const char *dir,
		       struct strv *out)
{
	int r = 0;

	for (int i = 0; i < n && r >= 0; i++) {
		if (v[i].id != ours)
			r = strv_addf(out, "%s at %s", v[i].name[0] ? v[i].name : "(no name)", dir);
	}
	return r;
}

/* Those of the cgroups above, up to the mount. */
static int look_above(const char *dir, struct strv *out)
{
	struct bpf_program v[MAX_PROGRAMS];
	auto_str char *path = strdup(dir);
	int r = path ? 0 : -ENOMEM;

	while (r >= 0) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path)
			break;
		*slash = '\0';
		auto_fd int fd = host_opendir(AT_FDCWD, path, false);
		int n = fd < 0 ? fd : bpf_device_programs(fd, v, MAX_PROGRAMS);
		if (n < 0)
			break;
		r = note_others(v, n, 0, path, out);
	}
	return r;
}

static int view_v2(struct cgroup_leaf *leaf, const struct cgroup_devices *kept,
		   struct cgroup_device_view *ret, struct err *e)
{
	struct bpf_program v[MAX_PROGRAMS];
	auto_buf struct buf program = { 0 };
	uint32_t ours = 0;
	uint8_t tag[BPF_PROGRAM_TAG];

	int dir = cgroup_leaf_fd(leaf);
	int n = dir < 0 ? dir : bpf_device_programs(dir, v, MAX_PROGRAMS);
	if (n < 0)
		return err_sys(e, n, "ask for the BPF programs of cgroup '%s'", leaf->dir);
	int r = cgroup_devices_bpf(&program, kept);
	if (r >= 0)
		r = bpf_device_tag(program.p, program.len, tag);
	if (r < 0)
		return err_sys(e, r, "load the device rules as a BPF program");
	for (int i = 0; i < n; i++) {
		if (memcmp(v[i].tag, tag, sizeof(tag)) == 0)
			ours = v[i].id;
	}
	ret->by = ours ? CGROUP_ENFORCED_BPF : n > 0 ? CGROUP_ENFORCED_OTHER : CGROUP_ENFORCED_NOT;
	ret->devices = *kept;
	r = note_others(v, n, ours, leaf->dir, &ret->others);
	if (r >= 0)
		r = look_above(leaf->dir, &ret->others);
	return r < 0 ? err_sys(e, r, "BPF programs") : 0;
}

int cgroup_device_view(struct cgroup *cg, const struct cgroup_devices *kept, struct arena *arena,
		       struct cgroup_device_view *ret, struct err *e)
{
	*ret = (struct cgroup_device_view){ .by = CGROUP_ENFORCED_NOT };
	ret->devices.allow_all = true;
	for (unsigned i = 0; i < cg->n; i++) {
		if (cgroup_leaf_has(&cg->leaves[i], "devices"))
			return view_v1(&cg->leaves[i], kept, arena, ret, e);
	}
	struct cgroup_leaf *unified = cgroup_unified(cg);
	return unified ? view_v2(unified, kept, ret, e) : 0;
}
