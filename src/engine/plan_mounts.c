/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts of a plan: options decoded into kernel words, kinds chosen, bind sources made absolute (config.md#mounts,
 * "Linux mount options"; config-linux.md#mount-label). Pure.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>

#include "engine/plan.h"
#include "spec/annotations.h"
#include "spec/mount_idmap.h"
#include "spec/names.h"
#include "util/path.h"
#include "util/util.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* One mount while its options are read. */
struct decode {
	struct plan *p;
	struct plan_mount *m;
	bool bind, remount;
	size_t idmap_option; /* index, where one was given */
	struct buf data;     /* options that are no words of ours */
	struct buf sb_words; /* words for the super block, for a warning */
};

/* ---- flags ---- */

/*
 * The kernel takes the access-time mode as one group: whoever changes it clears MOUNT_ATTR__ATIME as a whole
 * (mount_setattr(2)). A word that only takes a mode back ("atime") leads to relatime, the kernel's default, unless
 * another mode was asked for before it.
 */
static void apply_atime(uint64_t *set, uint64_t *clear, const struct mount_option *o)
{
	uint64_t mode = o->set & MOUNT_ATTR__ATIME;
	uint64_t back = o->clear & MOUNT_ATTR__ATIME;

	if (mode == 0 && back != MOUNT_ATTR__ATIME && (*set & MOUNT_ATTR__ATIME & ~back))
		return;
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
	*clear |= MOUNT_ATTR__ATIME;
}

static void apply_attr(uint64_t *set, uint64_t *clear, const struct mount_option *o)
{
	uint64_t s = o->set & ~(uint64_t)MOUNT_ATTR__ATIME;
	uint64_t c = o->clear & ~(uint64_t)MOUNT_ATTR__ATIME;

	*set = (*set & ~c) | s;
	*clear = (*clear & ~s) | c;
	if ((o->set | o->clear) & MOUNT_ATTR__ATIME)
		apply_atime(set, clear, o);
}

static void apply_extra(struct decode *d, uint64_t extra, size_t option)
{
	struct plan_mount *m = d->m;

	switch (extra) {
	case MX_REMOUNT:
		d->remount = true;
		break;
	case MX_TMPCOPYUP:
		m->tmpcopyup = true;
		break;
	case MX_IDMAP:
	case MX_RIDMAP:
		m->idmap = true;
		m->ridmap |= extra == MX_RIDMAP;
		d->idmap_option = option;
		break;
	case MX_COPY_SYMLINK:
		m->copy_symlink = true;
		break;
	case MX_SRC_NOFOLLOW:
		m->src_nofollow = true;
		break;
	case MX_DEST_NOFOLLOW:
		m->dest_nofollow = true;
		break;
	default:
		break; /* MX_DEFAULTS: what a mount is without options */
	}
}

static void apply_option(struct decode *d, const struct mount_option *o, size_t option)
{
	struct plan_mount *m = d->m;

	switch (o->kind) {
	case MO_FLAG:
		m->sb_flags = (m->sb_flags & ~(unsigned long)o->clear) | (unsigned long)o->set;
		if (o->set)
			buf_addf(&d->sb_words, "%s%s", d->sb_words.len ? "," : "", o->name);
		break;
	case MO_ATTR:
		apply_attr(&m->attr_set, &m->attr_clear, o);
		break;
	case MO_ATTR_REC:
		apply_attr(&m->rec_set, &m->rec_clear, o);
		break;
	case MO_PROPAGATION:
		m->propagation = (unsigned long)o->set;
		break;
	case MO_BIND:
		d->bind = true;
		m->bind_recursive |= o->set != 0;
		break;
	case MO_EXTRA:
		apply_extra(d, o->set, option);
		break;
	}
}

static void read_options(struct decode *d)
{
	const struct strv *options = &d->m->spec->options;

	for (size_t i = 0; i < options->n; i++) {
		const struct mount_option *o = mount_option_find(options->v[i]);

		if (o) {
			apply_option(d, o, i);
		} else if (options->v[i][0]) {
			buf_addf(&d->data, "%s%s", d->data.len ? "," : "", options->v[i]);
		}
	}
	d->m->read_only =
		(d->m->rec_set & MOUNT_ATTR_RDONLY) ||
		((d->m->attr_set & MOUNT_ATTR_RDONLY) && !(d->m->rec_clear & MOUNT_ATTR_RDONLY));
}

/* ---- kind, type and source ---- */

static bool is_type(const struct plan_mount *m, const char *type)
{
	return m->spec->type && strcmp(m->spec->type, type) == 0;
}

static enum plan_mount_kind kind_of_type(const struct plan_mount *m)
{
	static const struct {
		const char *type;
		enum plan_mount_kind kind;
	} kinds[] = {
		{ "proc", PLAN_MOUNT_PROC },
		{ "sysfs", PLAN_MOUNT_SYSFS },
		{ "cgroup", PLAN_MOUNT_CGROUP },
		{ "cgroup2", PLAN_MOUNT_CGROUP },
	};

	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		if (is_type(m, kinds[i].type))
			return kinds[i].kind;
	}
	return PLAN_MOUNT_FS;
}

/* Annotation run.oci.systemd.force_cgroup_v1=PATH, as crun has it: what an old systemd needs to be in the place of the mount there. */
static bool is_systemd_v1(const struct decode *d)
{
	const char *path = spec_map_get(&d->p->spec->annotations, ANNOTATION_SYSTEMD_FORCE_V1);
	char clean[PATH_MAX];

	return path && path_clean(clean, sizeof(clean), path) >= 0 &&
	       strcmp(clean, d->m->dest) == 0;
}

static int choose_kind(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;

	m->systemd_v1 = is_systemd_v1(d);
	if (m->systemd_v1) {
		m->kind = PLAN_MOUNT_CGROUP;
		m->fstype = "cgroup";
		return 0;
	}
	/* The options decide; but a type that says "bind" can mean nothing else. */
	if (is_type(m, "bind") || is_type(m, "rbind"))
		d->bind = true;
	m->bind_recursive |= is_type(m, "rbind");
	if (d->remount) {
		m->kind = PLAN_MOUNT_REMOUNT;
		m->bind_only = d->bind;
	} else if (d->bind) {
		m->kind = PLAN_MOUNT_BIND;
	} else if (m->spec->type && *m->spec->type && strcmp(m->spec->type, "none") != 0) {
		m->kind = kind_of_type(m);
	} else {
		err_set(e, ERR_SPEC, "the mount on '%s' has neither a type nor the option bind",
			m->dest);
		err_hint(e, "add \"type\", or one of bind and rbind to the options");
		return err_at(e, "$.mounts[%zu]", m->index);
	}
	m->fstype = m->spec->type;
	return 0;
}

static int choose_source(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;
	const char *source = m->spec->source;

	if (m->kind != PLAN_MOUNT_BIND) {
		m->source = source && *source ? source : m->fstype ? m->fstype : "none";
		return 0;
	}
	if (!source || !*source) {
		err_set(e, ERR_SPEC, "the bind mount on '%s' has no source", m->dest);
		return err_at(e, "$.mounts[%zu].source", m->index);
	}
	m->source = source[0] == '/'
			    ? source
			    : arena_printf(&d->p->arena, "%s/%s", d->p->opts.bundle, source);
	return m->source ? 0 : err_sys(e, -ENOMEM, "plan");
}

/* ---- what goes with what ---- */

static int refuse(struct decode *d, enum err_code code, const char *option, struct err *e)
{
	static const char *const kinds[] = {
		[PLAN_MOUNT_BIND] = "a bind mount",	   [PLAN_MOUNT_FS] = "a mount of this type",
		[PLAN_MOUNT_PROC] = "a mount of proc",	   [PLAN_MOUNT_SYSFS] = "a mount of sysfs",
		[PLAN_MOUNT_CGROUP] = "a mount of cgroup", [PLAN_MOUNT_REMOUNT] = "a remount",
	};

	err_set(e, code, "option '%s' is not possible for %s ('%s')", option, kinds[d->m->kind],
		d->m->dest);
	return err_at(e, "$.mounts[%zu].options", d->m->index);
}

static int check_bind(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;
	char where[48];

	if (d->data.len) /* spec/rules_mounts.c warned */
		buf_reset(&d->data);
	if (m->tmpcopyup)
		return refuse(d, ERR_SPEC, "tmpcopyup", e);
	if (m->sb_flags) {
		snprintf(where, sizeof(where), "$.mounts[%zu].options", m->index);
		plan_warn(d->p, where,
			  "without effect on a bind mount, the file system's own flags stay: %s",
			  buf_str(&d->sb_words));
		m->sb_flags = 0;
	}
	return 0;
}

static int check_options(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;

	if (m->kind == PLAN_MOUNT_BIND || (m->kind == PLAN_MOUNT_REMOUNT && m->bind_only))
		return check_bind(d, e);
	if (m->tmpcopyup && (m->kind != PLAN_MOUNT_FS || !is_type(m, "tmpfs")))
		return refuse(d, ERR_SPEC, "tmpcopyup", e);
	if (m->copy_symlink || m->src_nofollow)
		return refuse(d, ERR_SPEC, m->copy_symlink ? "copy-symlink" : "src-nofollow", e);
	if (m->kind == PLAN_MOUNT_CGROUP && d->data.len)
		return refuse(d, ERR_SPEC, buf_str(&d->data), e);
	return 0;
}

/* On file systems that the kernel shares among mounts, or that are to be filled first, only the mount is read-only. */
static bool super_block_can_be_read_only(const struct plan_mount *m)
{
	static const char *const no[] = { "tmpfs",  "ramfs",	 "devtmpfs", "devpts",
					  "mqueue", "hugetlbfs", "bpf" };

	for (size_t i = 0; i < N_ELEMENTS(no); i++) {
		if (is_type(m, no[i]))
			return false;
	}
	return m->kind == PLAN_MOUNT_FS || (m->kind == PLAN_MOUNT_REMOUNT && !m->bind_only);
}

/* ---- kernel versions ---- */

static bool kernel_lacks(const struct plan *p, unsigned major, unsigned minor)
{
	return p->facts->kernel_major > 0 && !facts_kernel_at_least(p->facts, major, minor);
}

static int check_kernel(const struct decode *d, struct err *e)
{
	const struct plan_mount *m = d->m;
	bool rec = m->rec_set || m->rec_clear;

	if ((!rec && !m->uid_map) || !kernel_lacks(d->p, 5, 12))
		return 0;
	err_set(e, ERR_UNSUPPORTED, "%s of '%s' need Linux 5.12, this is %s",
		rec ? "recursive flags" : "id mappings", m->dest, d->p->facts->kernel_release);
	return err_at(e, "$.mounts[%zu].%s", m->index, rec ? "options" : "uidMappings");
}

/* ---- id mappings ---- */

/* "idmap=uids=…;gids=…"; whether it is well-formed is for the rules of the spec. */
static int plan_idmap_text(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;
	spec_idmaps *maps = arena_array(&d->p->arena, 2, sizeof(*maps));
	if (!maps)
		return err_sys(e, -ENOMEM, "plan");
	int r = mount_idmap_parse(m->spec->options.v[d->idmap_option], d->p->spec->lnx,
				  &d->p->arena, &maps[0], &maps[1], e);
	m->uid_map = &maps[0];
	m->gid_map = &maps[1];
	return r < 0 ? err_at(e, "$.mounts[%zu].options[%zu]", m->index, d->idmap_option) : 0;
}

static int plan_idmap(struct decode *d, struct err *e)
{
	struct plan_mount *m = d->m;
	const struct spec_mount *s = m->spec;
	bool own = s->uid_mappings.n > 0 || s->gid_mappings.n > 0;

	if (!own && !m->idmap)
		return 0;
	if (m->kind != PLAN_MOUNT_BIND && m->kind != PLAN_MOUNT_FS)
		return refuse(d, ERR_UNSUPPORTED, "idmap", e);
	if (m->idmap && mount_idmap_has_text(s->options.v[d->idmap_option]))
		return plan_idmap_text(d, e);
	if (own && (s->uid_mappings.n == 0 || s->gid_mappings.n == 0)) {
		err_set(e, ERR_SPEC,
			"uidMappings and gidMappings of the mount on '%s' come together or not at "
			"all",
			m->dest);
		return err_at(e, "$.mounts[%zu].%s", m->index,
			      s->uid_mappings.n ? "gidMappings" : "uidMappings");
	}
	if (!own && !d->p->user_ns) {
		err_set(e, ERR_SPEC,
			"option '%s' has no mappings: neither the mount nor the container has any",
			s->options.v[d->idmap_option]);
		err_hint(e, "give the mount uidMappings and gidMappings, or the container a user "
			    "namespace");
		return err_at(e, "$.mounts[%zu].options[%zu]", m->index, d->idmap_option);
	}
	m->uid_map = own ? &s->uid_mappings : &d->p->spec->lnx->uid_mappings;
	m->gid_map = own ? &s->gid_mappings : &d->p->spec->lnx->gid_mappings;
	return 0;
}

/* ---- data ---- */

static bool gid_is_mapped(const struct plan *p, const char *gid)
{
	const spec_idmaps *map = &p->spec->lnx->gid_mappings;
	uint64_t id = 0;

	for (const char *c = gid; *c >= '0' && *c <= '9' && id <= UINT32_MAX; c++)
		id = id * 10 + (uint64_t)(*c - '0');
	for (size_t i = 0; i < map->n; i++) {
		if (id >= map->v[i].container_id && id - map->v[i].container_id < map->v[i].size)
			return true;
	}
	return false;
}

/*
 * devpts with gid=5 as all engines write it is EINVAL where the new user namespace does not map that group; without it
 * the terminals belong to the group of their opener, which is all that such a namespace can have.
 */
static void drop_unmapped_tty_group(struct decode *d)
{
	char *gid = d->data.p ? strstr(d->data.p, "gid=") : NULL;
	char where[48];

	if (!is_type(d->m, "devpts") || !d->p->fork.new_userns || !gid ||
	    (gid != d->data.p && gid[-1] != ','))
		return;
	if (gid_is_mapped(d->p, gid + 4))
		return;
	snprintf(where, sizeof(where), "$.mounts[%zu].options", d->m->index);
	size_t n = strcspn(gid, ",");
	plan_warn(d->p, where, "left out, because the user namespace does not map this group: %.*s",
		  (int)n, gid);
	if (gid[n] == ',')
		memmove(gid, gid + n + 1, strlen(gid + n + 1) + 1);
	else
		gid[gid == d->data.p ? 0 : -1] = '\0';
	d->data.len = strlen(d->data.p);
}

/* mqueue is labelled by the policy, proc and sysfs have labels for each file. */
static bool takes_label(const struct decode *d)
{
	return d->p->mount_label && d->m->kind == PLAN_MOUNT_FS && !is_type(d->m, "mqueue") &&
	       !strstr(buf_str(&d->data), "context=");
}

static int finish_data(struct decode *d, struct err *e)
{
	drop_unmapped_tty_group(d);
	if (takes_label(d))
		buf_addf(&d->data, "%s%s", d->data.len ? "," : "", d->p->mount_label);
	d->m->data = arena_str(&d->p->arena, buf_str(&d->data));
	return buf_error(&d->data) < 0 || buf_error(&d->sb_words) < 0 || !d->m->data
		       ? err_sys(e, -ENOMEM, "plan")
		       : 0;
}

static int plan_label(struct plan *p, struct err *e)
{
	static const char *const words[] = { "context", "fscontext", "defcontext", "rootcontext" };
	const char *word = spec_map_get(&p->spec->annotations, ANNOTATION_MOUNT_CONTEXT);
	const char *label = p->spec->lnx->mount_label;
	bool known = !word;

	/* plan_process.c warns of a label that no file can have */
	if (!label || !*label || !p->facts->selinux)
		return 0;
	for (size_t i = 0; word && i < N_ELEMENTS(words); i++)
		known |= strcmp(word, words[i]) == 0;
	if (!known) {
		err_set(e, ERR_SPEC,
			"'%s' is none of context, fscontext, defcontext and rootcontext", word);
		return err_at(e, ANNOTATION_AT(ANNOTATION_MOUNT_CONTEXT));
	}
	if (strchr(label, '"')) {
		err_set(e, ERR_SPEC, "the mount label has a quotation mark in it");
		return err_at(e, "$.linux.mountLabel");
	}
	p->mount_label = arena_printf(&p->arena, "%s=\"%s\"", word ? word : "context", label);
	return p->mount_label ? 0 : err_sys(e, -ENOMEM, "plan");
}

/* ---- one, and all ---- */

static int plan_dest(struct decode *d, struct err *e)
{
	char clean[PATH_MAX];

	if (path_clean(clean, sizeof(clean), d->m->spec->destination) < 0) {
		err_set(e, ERR_SPEC, "the destination is longer than a path may be");
		return err_at(e, "$.mounts[%zu].destination", d->m->index);
	}
	d->m->dest = arena_str(&d->p->arena, clean);
	return d->m->dest ? 0 : err_sys(e, -ENOMEM, "plan");
}

static int decode(struct decode *d, struct err *e)
{
	int r = plan_dest(d, e);

	if (r < 0)
		return r;
	read_options(d);
	r = choose_kind(d, e);
	if (r >= 0)
		r = choose_source(d, e);
	if (r >= 0)
		r = check_options(d, e);
	if (r >= 0)
		r = plan_idmap(d, e);
	if (r >= 0)
		r = check_kernel(d, e);
	if (r < 0)
		return r;
	if (d->m->read_only && super_block_can_be_read_only(d->m))
		d->m->sb_flags |= MS_RDONLY;
	return finish_data(d, e);
}

static int plan_mount(struct plan *p, size_t i, struct err *e)
{
	struct plan_mount *m = &p->mounts.v[i];
	struct decode d = { .p = p, .m = m };

	m->spec = &p->spec->mounts.v[i];
	m->index = i;
	int r = decode(&d, e);
	buf_free(&d.data);
	buf_free(&d.sb_words);
	return r;
}

/* ---- a mount namespace that is not the container's alone ---- */

/* The property that needs a mount, or NULL. */
static const char *wants_mounts(const struct plan *p)
{
	const struct spec_linux *l = p->spec->lnx;

	return p->spec->mounts.n		    ? "mounts"
	       : l->masked_paths.n		    ? "linux.maskedPaths"
	       : l->readonly_paths.n		    ? "linux.readonlyPaths"
	       : p->spec->root_readonly		    ? "root.readonly"
	       : p->process && p->process->terminal ? "process.terminal"
						    : NULL;
}

/* What the root would give to, or take from, everybody who lives there. */
static int check_propagation(const struct plan *p, struct err *e)
{
	enum spec_propagation type = p->spec->lnx->rootfs_propagation;

	if (type != PROPAGATION_SHARED && type != PROPAGATION_SLAVE)
		return 0;
	err_set(e, ERR_UNSUPPORTED,
		"rootfsPropagation can only be private or unbindable in a mount namespace that is "
		"not the container's own");
	err_hint(e, "add {\"type\": \"mount\"}, without a path, to linux.namespaces");
	return err_at(e, "$.linux.rootfsPropagation");
}

/*
 * The runtime's namespace is inherited, or one is joined: the specification asks for both, and engines' callers use them. The
 * mounts go below the root then (linux/rootfs_shared.c). A new user namespace has no rights over it.
 */
static int plan_shared(struct plan *p, struct err *e)
{
	const struct spec_namespace *ns = &p->spec->lnx->ns[NS_MOUNT];
	const char *what = wants_mounts(p);

	int r = plan_error(p, check_propagation(p, e), e);
	if (r < 0 || !what)
		return r;
	if (p->fork.new_userns && strcmp(what, "process.terminal") == 0)
		return 0; /* it only lacks /dev/console */
	if (p->fork.new_userns) {
		err_set(e, ERR_UNSUPPORTED,
			"%s needs a mount namespace beside the new user namespace, which has no "
			"right to mount in %s one",
			what, ns->path ? "an older" : "the host's");
		err_hint(e, "add {\"type\": \"mount\"}, without a path, to linux.namespaces");
		return err_at(e, "$.%s", what);
	}
	p->root_mount = true;
	plan_warn(p, "$.linux.namespaces",
		  "%s: the container's mounts are made at '%s' and can be seen there until it is "
		  "deleted, and chroot does not hold a process that has CAP_SYS_CHROOT",
		  ns->path ? "the mount namespace is others' too" : "no mount namespace",
		  p->rootfs);
	return 0;
}

int plan_mounts(struct plan *p, struct err *e)
{
	size_t n = p->spec->mounts.n;

	p->root_mount = p->mount_ns;
	int r = p->mount_ns ? 0 : plan_error(p, plan_shared(p, e), e);
	if (r >= 0)
		r = plan_error(p, plan_label(p, e), e);
	if (r < 0)
		return r;
	if (n > 0) {
		p->mounts.v = arena_array(&p->arena, n, sizeof(*p->mounts.v));
		if (!p->mounts.v)
			return err_sys(e, -ENOMEM, "plan");
	}
	for (p->mounts.n = 0; p->mounts.n < n; p->mounts.n++) {
		r = plan_error(p, plan_mount(p, p->mounts.n, e), e);
		if (r < 0)
			return r;
	}
	return 0;
}
