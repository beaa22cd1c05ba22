/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel and the host would refuse of a config: capabilities, limits, devices, numbers that are not online. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/check.h"
#include "core/needs.h"
#include "linux/idmap.h"
#include "linux/seccomp.h"
#include "spec/annotations.h"
#include "spec/json.h"
#include "sys/creds.h"
#include "sys/hostfs.h"
#include "sys/netlink.h"
#include "sys/raw.h"
#include "util/parse.h"

static bool has_cap(const struct check *c, int cap)
{
	return (c->facts->caps >> cap & 1) && !c->facts->in_userns;
}

/* ---- properties that take something from the host ---- */

static void check_needs(struct check *c)
{
	for (const struct need *n = needs; n->property; n++) {
		auto_buf struct buf where = { 0 };
		auto_buf struct buf why = { 0 };
		struct err e;

		if (!n->asked || !n->asked(n, c->spec, &where))
			continue;
		enum need_state s = n->probe(n, c->facts, &why);
		if (s == NEED_YES)
			continue;
		err_set(&e, ERR_UNSUPPORTED, "%s takes %s%s%s", n->property, n->takes,
			why.len ? ": " : ", which this host has not got", buf_str(&why));
		err_hint(&e, "%s", n->advice);
		err_at(&e, "%s", buf_str(&where));
		if (s == NEED_NO)
			check_error(c, &e);
		else
			check_warning(c, &e);
	}
}

/* ---- limits ---- */

static void check_rlimit(struct check *c, const struct spec_rlimit *l, size_t i, uint64_t nr_open)
{
	struct sys_rlimit now;
	struct err e;

	if (l->resource == RLIMIT_NOFILE && nr_open && l->hard > nr_open) {
		err_set(&e, ERR_DENIED, "%s: no hard limit may pass %llu (/proc/sys/fs/nr_open)",
			l->type, (unsigned long long)nr_open);
		err_hint(&e, "raise the sysctl fs.nr_open, or ask for less");
	} else if (!has_cap(c, CAP_SYS_RESOURCE) && sys_prlimit(0, l->resource, NULL, &now) >= 0 &&
		   l->hard > now.hard) {
		err_set(&e, ERR_DENIED,
			"%s: a hard limit above the present one (%llu) needs CAP_SYS_RESOURCE",
			l->type, (unsigned long long)now.hard);
		err_hint(&e, "ask for no more, or raise the limit of whoever starts ketch");
	} else {
		return;
	}
	err_at(&e, "$.process.rlimits[%zu]", i);
	check_error(c, &e);
}

static uint64_t read_number(const char *path)
{
	char text[32];
	uint64_t v;

	if (host_read_small(AT_FDCWD, path, text, sizeof(text)) < 0 || parse_u64(text, &v) < 0)
		return 0;
	return v;
}

static void check_oom(struct check *c)
{
	const struct spec_process *p = c->spec->process;
	char text[16];
	int64_t now;
	struct err e;

	if (!p->has_oom_score_adj || has_cap(c, CAP_SYS_RESOURCE) ||
	    host_read_small(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) < 0 ||
	    parse_i64(text, &now) < 0 || p->oom_score_adj >= now)
		return;
	err_set(&e, ERR_DENIED,
		"oomScoreAdj %d is below ours (%lld): that may need CAP_SYS_RESOURCE",
		p->oom_score_adj, (long long)now);
	err_at(&e, "$.process.oomScoreAdj");
	check_warning(c, &e);
}

/* config.md: capabilities that can't be granted are warned of. A user namespace of its own grants all of them. */
static void check_caps(struct check *c)
{
	const struct spec_caps *caps = c->spec->process->caps;
	auto_buf struct buf words = { 0 };
	struct err e;

	if (!caps || c->plan->fork.new_userns || c->plan->fork.joined_userns)
		return;
	uint64_t lost = (caps->permitted | caps->effective | caps->bounding) & ~c->facts->caps;
	if (!lost)
		return;
	plan_caps_words(lost, &words);
	err_set(&e, ERR_DENIED, "not ours to grant, left out: %s", buf_str(&words));
	err_at(&e, "$.process.capabilities");
	check_warning(c, &e);
}

static void check_process(struct check *c)
{
	const struct spec_process *p = c->spec->process;
	uint64_t nr_open = read_number("/proc/sys/fs/nr_open");

	if (!p)
		return;
	for (size_t i = 0; i < p->rlimits.n; i++)
		check_rlimit(c, &p->rlimits.v[i], i, nr_open);
	check_oom(c);
	check_caps(c);
}

/* ---- CPUs and memory nodes ---- */

enum { MAX_NUMBERS = 8192 };

struct numbers {
	uint64_t bits[MAX_NUMBERS / 64];
};

static int add_range(void *ctx, uint32_t first, uint32_t last)
{
	struct numbers *n = ctx;

	for (uint32_t i = first; i <= last && i < MAX_NUMBERS; i++)
		n->bits[i / 64] |= 1ull << (i % 64);
	return 0;
}

/* A number of LIST that is not in FILE, or -1. */
static int first_missing(const char *list, const char *file)
{
	struct numbers asked = { 0 }, there = { 0 };
	char text[1024];

	if (!list || !*list || host_read_small(AT_FDCWD, file, text, sizeof(text)) < 0 ||
	    parse_ranges(text, UINT32_MAX - 1, add_range, &there) < 0 ||
	    parse_ranges(list, UINT32_MAX - 1, add_range, &asked) < 0)
		return -1;
	for (int i = 0; i < MAX_NUMBERS; i++) {
		if (asked.bits[i / 64] & ~there.bits[i / 64] & 1ull << (i % 64))
			return i;
	}
	return -1;
}

static void check_online(struct check *c, const char *list, const char *what, const char *where)
{
	bool cpu = strcmp(what, "CPU") == 0;
	struct err e;
	int missing = first_missing(list, cpu ? "/sys/devices/system/cpu/online"
					      : "/sys/devices/system/node/online");

	if (missing < 0)
		return;
	err_set(&e, ERR_KERNEL, "%s %d of '%.100s' is not online", what, missing, list);
	err_hint(&e, "see %s",
		 cpu ? "/sys/devices/system/cpu/online" : "/sys/devices/system/node/online");
	err_at(&e, "%s", where);
	check_error(c, &e);
}

static void check_numbers(struct check *c)
{
	const struct spec_linux *l = c->spec->lnx;
	const struct spec_cpu *cpu = l->resources ? l->resources->cpu : NULL;

	if (cpu) {
		check_online(c, cpu->cpus, "CPU", "$.linux.resources.cpu.cpus");
		check_online(c, cpu->mems, "memory node", "$.linux.resources.cpu.mems");
	}
	if (l->memory_policy)
		check_online(c, l->memory_policy->nodes, "memory node",
			     "$.linux.memoryPolicy.nodes");
}

/* ---- cgroup files ---- */

/* v1 files are there in every cgroup or in none; those of v2 depend on what is delegated when the cgroup is made. */
static void check_cgroup_files(struct check *c)
{
	const struct cgroup_writes *w = &c->plan->cgroup.writes;
	bool replaced = false;

	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write *x = &w->v[i];
		bool there = x->h && (x->h->v2 || facts_cgroup_has(x->h, x->file));
		bool optional =
			(x->flags & (CGROUP_NEUTRAL | CGROUP_EXTRA | CGROUP_OR_NEXT)) || replaced;
		struct err e;

		replaced = (x->flags & CGROUP_OR_NEXT) && there;
		if (there || optional)
			continue;
		err_set(&e, ERR_UNSUPPORTED,
			"the cgroup controller '%s' of this kernel has no file %s", x->controller,
			x->file);
		err_hint(&e, "leave the property out, or use a kernel that has it");
		err_at(&e, "%s", x->where);
		check_error(c, &e);
	}
}

static void check_page_sizes(struct check *c)
{
	const struct spec_resources *r = c->spec->lnx->resources;

	for (size_t i = 0; r && i < r->hugepage_limits.n; i++) {
		const char *size = r->hugepage_limits.v[i].page_size;
		char path[64];
		int64_t bytes;
		mode_t mode;
		struct err e;

		if (!size || parse_size(size, &bytes) < 0)
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lldkB",
			 (long long)bytes / 1024);
		if (sys_stat_mode(path, &mode) >= 0)
			continue;
		err_set(&e, ERR_UNSUPPORTED, "this host has no huge pages of %s", size);
		err_hint(&e, "see /sys/kernel/mm/hugepages");
		err_at(&e, "$.linux.resources.hugepageLimits[%zu].pageSize", i);
		check_error(c, &e);
	}
}

/* The nearest cgroup above DIR that is there, into PATH. */
static bool existing_parent(const char *dir, char *path, size_t size)
{
	mode_t mode;

	snprintf(path, size, "%s", dir);
	for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (sys_stat_mode(path, &mode) >= 0)
			return true;
	}
	return false;
}

/* Device rules are left out where an ordinary user can't set them. */
static bool is_asked(const struct plan_cgroup *p, const struct cgroup_hierarchy *h)
{
	for (size_t i = 0; i < p->writes.n; i++) {
		if (p->writes.v[i].h == h && !(p->writes.v[i].flags & CGROUP_NEUTRAL) &&
		    strcmp(p->writes.v[i].controller, "devices") != 0)
			return true;
	}
	return false;
}

/* As the driver has it: an ordinary user does without the hierarchies that nothing is asked of. */
static void check_cgroup_places(struct check *c)
{
	const struct plan_cgroup *p = &c->plan->cgroup;
	char path[PATH_MAX];
	struct err e;

	for (size_t i = 0; i < p->leaves.n; i++) {
		const struct plan_cgroup_leaf *leaf = &p->leaves.v[i];

		if (!leaf->dir || !existing_parent(leaf->dir, path, sizeof(path)))
			continue;
		int r = sys_access_write(path);
		if (r >= 0 || (c->plan->rootless && !is_asked(p, leaf->h)))
			continue;
		err_sys(&e, r, "make a cgroup in '%s'", path);
		err_hint(&e, "as an ordinary user have a cgroup delegated (systemd: Delegate=yes), "
			     "leave the limits out, or give --cgroup-manager disabled");
		err_at(&e, "$.linux.cgroupsPath");
		check_error(c, &e);
	}
}

/* ---- devices, ids, seccomp ---- */

static void check_net_devices(struct check *c)
{
	const struct spec_linux *l = c->spec->lnx;
	auto_buf struct buf where = { 0 };
	struct err e;

	auto_fd int nl = l->net_devices.n ? nl_open() : -EBADF;
	for (size_t i = 0; nl >= 0 && i < l->net_devices.n; i++) {
		const char *name = l->net_devices.v[i].host_name;

		int r = nl_link_index(nl, name);
		if (r != -ENODEV)
			continue;
		err_set(&e, ERR_NOT_FOUND, "there is no network device '%s'", name);
		err_hint(&e, "it must exist in the network namespace that ketch runs in");
		buf_reset(&where);
		buf_adds(&where, "$.linux.netDevices");
		json_path_key(&where, name, strlen(name));
		err_at(&e, "%s", buf_str(&where));
		check_error(c, &e);
	}
}

static void check_helper(struct check *c, bool needed, const char *tool, const char *property)
{
	struct err e;

	if (!needed || idmap_has_helper(tool))
		return;
	err_set(&e, ERR_UNSUPPORTED,
		"%s is needed to map more than one's own id, and is not installed", tool);
	err_hint(&e, "it comes with the package uidmap (Debian) or shadow-utils");
	err_at(&e, "$.linux.%s", property);
	check_error(c, &e);
}

static void on_seccomp_warning(void *ctx, const char *text)
{
	struct err e;

	err_set(&e, ERR_UNSUPPORTED, "%s", text);
	err_at(&e, "$.linux.seccomp.syscalls");
	check_warning(ctx, &e);
}

static void check_profile(struct check *c, const struct spec_seccomp *s)
{
	struct seccomp_program *p = NULL;
	struct err e;

	if (seccomp_compile(&p, s, -EBADF, on_seccomp_warning, c, &e) < 0) {
		err_at(&e, "$.linux.seccomp");
		check_error(c, &e);
	}
	seccomp_free(p);
}

/* Names without a slash are the dynamic linker's matter. */
static void check_plugins(struct check *c)
{
	const char *list = c->spec->seccomp_plugins, *word;
	struct err e;
	size_t len;
	mode_t mode;

	while (list && (word = parse_list_word(&list, &len))) {
		auto_str char *path = *word == '/' ? strndup(word, len) : NULL;
		int r = path ? sys_stat_mode(path, &mode) : 0;

		if (r >= 0)
			continue;
		err_sys(&e, r, "seccomp plugin '%s'", path);
		err_at(&e, ANNOTATION_AT(ANNOTATION_SECCOMP_PLUGINS));
		check_error(c, &e);
	}
}

static void check_seccomp(struct check *c)
{
	const struct spec_seccomp *s = c->spec->lnx->seccomp;
	mode_t mode;
	struct err e;

	if (!s)
		return;
	check_profile(c, s);
	check_plugins(c);
	if (!s->notifies || !s->listener_path || sys_stat_mode(s->listener_path, &mode) >= 0)
		return;
	err_set(&e, ERR_NOT_FOUND, "nobody listens at '%s' yet", s->listener_path);
	err_hint(&e, "the agent must listen there before the container is started");
	err_at(&e, "$.linux.seccomp.listenerPath");
	check_warning(c, &e);
}

void check_host(struct check *c)
{
	check_needs(c);
	check_process(c);
	check_numbers(c);
	check_cgroup_files(c);
	check_page_sizes(c);
	check_cgroup_places(c);
	check_net_devices(c);
	check_helper(c, c->plan->fork.uid_map_helper, "newuidmap", "uidMappings");
	check_helper(c, c->plan->fork.gid_map_helper, "newgidmap", "gidMappings");
	check_seccomp(c);
}
