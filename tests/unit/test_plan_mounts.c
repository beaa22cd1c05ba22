/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding of mount options (config.md#mounts): kernel words, kinds, sources, and what must not go together. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "engine/plan.h"
#include "spec/names.h"
#include "tests/unit/tap.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* A plan with one mount, built by hand: the parser has tests of its own. */
struct fixture {
	struct plan plan;
	struct spec spec;
	struct spec_linux lnx;
	struct facts facts;
	struct spec_mount mount;
	struct spec_idmap uids[2], gids[2];
	struct err err;
	int r;
};

static void fixture_init(struct fixture *f, const char *type, const char *source)
{
	memset(f, 0, sizeof(*f));
	f->mount = (struct spec_mount){
		.destination = (char *)"/data",
		.type = (char *)type,
		.source = (char *)source,
	};
	f->spec.lnx = &f->lnx;
	f->spec.mounts.v = &f->mount;
	f->spec.mounts.n = 1;
	f->facts.kernel_major = 6;
	f->facts.kernel_minor = 18;
	f->facts.selinux = true;
	f->plan.spec = &f->spec;
	f->plan.facts = &f->facts;
	f->plan.mount_ns = true;
	f->plan.opts.bundle = "/bundle";
	f->plan.opts.use = FOR_CREATE;
}

static const struct plan_mount *decode(struct fixture *f, const char *options)
{
	char words[512], *at = words, *word;

	snprintf(words, sizeof(words), "%s", options);
	while ((word = strsep(&at, " "))) {
		if (*word)
			strv_add(&f->mount.options, word);
	}
	f->r = plan_mounts(&f->plan, &f->err);
	return f->r < 0 ? NULL : &f->plan.mounts.v[0];
}

static void fixture_end(struct fixture *f)
{
	strv_free(&f->mount.options);
	arena_free(&f->plan.arena);
}

#define FIXTURE(f, type, source)                                                                   \
	struct fixture f;                                                                          \
	fixture_init(&f, type, source)

/* ---- the table ---- */

struct row {
	const char *options;
	uint64_t set, clear, rec_set, rec_clear;
	unsigned long propagation;
};

#define AT MOUNT_ATTR__ATIME

static const struct row rows[] = {
	{ "", 0, 0, 0, 0, 0 },
	{ "defaults", 0, 0, 0, 0, 0 },
	{ "ro", MOUNT_ATTR_RDONLY, 0, 0, 0, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY, 0, 0, 0 },
	{ "ro rw", 0, MOUNT_ATTR_RDONLY, 0, 0, 0 },
	{ "rw ro", MOUNT_ATTR_RDONLY, 0, 0, 0, 0 },
	{ "rro", 0, 0, MOUNT_ATTR_RDONLY, 0, 0 },
	{ "rrw", 0, 0, 0, MOUNT_ATTR_RDONLY, 0 },
	{ "nosuid nodev noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, 0,
	  0 },
	{ "suid dev exec", 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, 0 },
	{ "rnosuid rnodev rnoexec", 0, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	  0, 0 },
	{ "rsuid rdev rexec", 0, 0, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	  0 },
	{ "nosymfollow nodiratime", MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0, 0, 0, 0 },
	{ "symfollow diratime", 0, MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0, 0, 0 },
	{ "rnosymfollow rnodiratime", 0, 0, MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0, 0 },
	{ "rsymfollow rdiratime", 0, 0, 0, MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0 },
	/* the access-time mode: the whole group is cleared, one value is set (relatime is 0) */
	{ "atime", 0, AT, 0, 0, 0 },
	{ "noatime", MOUNT_ATTR_NOATIME, AT, 0, 0, 0 },
	{ "relatime", 0, AT, 0, 0, 0 },
	{ "norelatime", 0, 0, 0, 0, 0 },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, AT, 0, 0, 0 },
	{ "nostrictatime", 0, AT, 0, 0, 0 },
	{ "noatime strictatime", MOUNT_ATTR_STRICTATIME, AT, 0, 0, 0 },
	{ "noatime relatime", 0, AT, 0, 0, 0 },
	{ "noatime atime", 0, AT, 0, 0, 0 },
	{ "strictatime nostrictatime", 0, AT, 0, 0, 0 },
	/* what takes another one back leaves it */
	{ "strictatime atime norelatime", MOUNT_ATTR_STRICTATIME, AT, 0, 0, 0 },
	{ "noatime nostrictatime norelatime", MOUNT_ATTR_NOATIME, AT, 0, 0, 0 },
	{ "rnoatime rnorelatime", 0, 0, MOUNT_ATTR_NOATIME, AT, 0 },
	{ "noatime nodiratime", MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME, AT, 0, 0, 0 },
	{ "ratime", 0, 0, 0, AT, 0 },
	{ "rnoatime", 0, 0, MOUNT_ATTR_NOATIME, AT, 0 },
	{ "rrelatime", 0, 0, 0, AT, 0 },
	{ "rnorelatime", 0, 0, 0, 0, 0 },
	{ "rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, AT, 0 },
	{ "rnostrictatime", 0, 0, 0, AT, 0 },
	{ "ro rnoatime", MOUNT_ATTR_RDONLY, 0, MOUNT_ATTR_NOATIME, AT, 0 },
	{ "private", 0, 0, 0, 0, MS_PRIVATE },
	{ "rprivate", 0, 0, 0, 0, MS_PRIVATE | MS_REC },
	{ "shared", 0, 0, 0, 0, MS_SHARED },
	{ "rshared", 0, 0, 0, 0, MS_SHARED | MS_REC },
	{ "slave", 0, 0, 0, 0, MS_SLAVE },
	{ "rslave", 0, 0, 0, 0, MS_SLAVE | MS_REC },
	{ "unbindable", 0, 0, 0, 0, MS_UNBINDABLE },
	{ "runbindable", 0, 0, 0, 0, MS_UNBINDABLE | MS_REC },
	{ "rshared rslave", 0, 0, 0, 0, MS_SLAVE | MS_REC },
};

static void check_row(const char *type, const char *prefix, const struct row *row)
{
	char options[128];

	FIXTURE(f, type, "/src");
	snprintf(options, sizeof(options), "%s %s", prefix, row->options);
	const struct plan_mount *m = decode(&f, options);
	CHECK(m);
	if (m &&
	    (m->attr_set != row->set || m->attr_clear != row->clear || m->rec_set != row->rec_set ||
	     m->rec_clear != row->rec_clear || m->propagation != row->propagation)) {
		tap_failed = 1;
		printf("# %s [%s]: set %llx clear %llx rec %llx %llx propagation %lx\n", type,
		       options, (unsigned long long)m->attr_set, (unsigned long long)m->attr_clear,
		       (unsigned long long)m->rec_set, (unsigned long long)m->rec_clear,
		       m->propagation);
	}
	if (m)
		CHECK_STR(m->data, "");
	fixture_end(&f);
}

static void flags_decode(void)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		check_row("none", "bind", &rows[i]);
		check_row("tmpfs", "", &rows[i]);
	}
}

/* A word of the table is never taken for an option of the file system. */
static void every_word_is_known(void)
{
	for (const struct mount_option *o = mount_options; o->name; o++) {
		FIXTURE(f, "tmpfs", "/src");
		f.plan.user_ns = true;
		const struct plan_mount *m = decode(&f, o->name);

		if (m && m->data[0]) {
			tap_failed = 1;
			printf("# '%s' became data '%s'\n", o->name, m->data);
		}
		/* refused is fine where the kind forbids it, but then by its name */
		if (!m)
			CHECK(strstr(f.err.msg, o->name) != NULL);
		fixture_end(&f);
	}
}

static void super_block_flags(void)
{
	FIXTURE(f, "ext4", "/dev/x");
	const struct plan_mount *m = decode(&f, "sync dirsync mand silent lazytime iversion ro");
	CHECK(m);
	if (m)
		CHECK_INT(m->sb_flags, MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_SILENT |
					       MS_LAZYTIME | MS_I_VERSION | MS_RDONLY);
	fixture_end(&f);

	FIXTURE(g, "ext4", "/dev/x");
	m = decode(&g,
		   "sync mand silent lazytime iversion async nomand loud nolazytime noiversion");
	CHECK(m && m->sb_flags == 0);
	fixture_end(&g);

	FIXTURE(h, "ext4", "/dev/x");
	m = decode(&h, "noacl acl");
	CHECK(m && m->sb_flags == MS_POSIXACL && !m->data[0]);
	fixture_end(&h);

	FIXTURE(i, "ext4", "/dev/x");
	m = decode(&i, "acl noacl");
	CHECK(m && m->sb_flags == MOUNT_NOACL && !m->data[0]);
	fixture_end(&i);
}

/* tmpfs may have to be filled first, and the kernel shares one sysfs among all its mounts. */
static void read_only_super_block(void)
{
	static const struct {
		const char *type, *options;
		unsigned long sb;
		bool ro;
	} cases[] = {
		{ "ext4", "ro", MS_RDONLY, true }, { "overlay", "rro", MS_RDONLY, true },
		{ "tmpfs", "ro", 0, true },	   { "sysfs", "ro", 0, true },
		{ "proc", "ro", 0, true },	   { "cgroup", "ro", 0, true },
		{ "devpts", "ro", 0, true },	   { "ext4", "ro rrw", 0, false },
		{ "ext4", "ro rw", 0, false },	   { "mqueue", "ro", 0, true },
		{ "ext4", "", 0, false },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, cases[i].type, "x");
		const struct plan_mount *m = decode(&f, cases[i].options);
		CHECK(m && m->sb_flags == cases[i].sb && m->read_only == cases[i].ro);
		fixture_end(&f);
	}
}

/* ---- kinds and sources ---- */

static void kinds(void)
{
	static const struct {
		const char *type, *options;
		enum plan_mount_kind kind;
		bool recursive;
	} cases[] = {
		{ "bind", "bind", PLAN_MOUNT_BIND, false },
		{ "none", "rbind", PLAN_MOUNT_BIND, true },
		{ NULL, "rbind ro", PLAN_MOUNT_BIND, true },
		{ "bind", "ro", PLAN_MOUNT_BIND, false },
		{ "rbind", "", PLAN_MOUNT_BIND, true },
		{ "proc", "", PLAN_MOUNT_PROC, false },
		{ "proc", "bind", PLAN_MOUNT_BIND, false },
		{ "sysfs", "ro", PLAN_MOUNT_SYSFS, false },
		{ "cgroup", "", PLAN_MOUNT_CGROUP, false },
		{ "cgroup2", "", PLAN_MOUNT_CGROUP, false },
		{ "tmpfs", "", PLAN_MOUNT_FS, false },
		{ "tmpfs", "remount ro", PLAN_MOUNT_REMOUNT, false },
		{ NULL, "remount bind ro", PLAN_MOUNT_REMOUNT, false },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, cases[i].type, "/src");
		const struct plan_mount *m = decode(&f, cases[i].options);
		CHECK(m && m->kind == cases[i].kind && m->bind_recursive == cases[i].recursive);
		fixture_end(&f);
	}
}

static void sources(void)
{
	FIXTURE(f, "none", "sub/dir");
	const struct plan_mount *m = decode(&f, "bind");
	CHECK_STR(m ? m->source : NULL, "/bundle/sub/dir");
	fixture_end(&f);

	FIXTURE(g, "tmpfs", NULL);
	m = decode(&g, "");
	CHECK_STR(m ? m->source : NULL, "tmpfs");
	fixture_end(&g);
}

static void destinations_are_cleaned(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/", "/" },	      { "//a//b/", "/a/b" },	{ "/./a/./", "/a" },
		{ "/dev/.", "/dev" }, { "/a/../b", "/a/../b" }, { "relative", "/relative" },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, "tmpfs", "x");
		f.mount.destination = (char *)cases[i].in;
		const struct plan_mount *m = decode(&f, "");
		CHECK_STR(m ? m->dest : NULL, cases[i].out);
		fixture_end(&f);
	}
}

/* ---- data ---- */

static void data_is_what_is_left(void)
{
	FIXTURE(f, "tmpfs", "x");
	const struct plan_mount *m = decode(&f, "nosuid mode=755,size=64k strictatime nr_inodes=5");
	CHECK_STR(m ? m->data : NULL, "mode=755,size=64k,nr_inodes=5");
	fixture_end(&f);
}

static void labels(void)
{
	static const struct {
		const char *type, *options, *data;
	} cases[] = {
		{ "tmpfs", "mode=755", "mode=755,context=\"s:t:c1,c2\"" },
		{ "tmpfs", "context=\"other\"", "context=\"other\"" },
		{ "mqueue", "", "" },
		{ "proc", "", "" },
		{ "bind", "", "" },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, cases[i].type, "/x");
		f.lnx.mount_label = (char *)"s:t:c1,c2";
		const struct plan_mount *m = decode(&f, cases[i].options);
		CHECK_STR(m ? m->data : NULL, cases[i].data);
		fixture_end(&f);
	}
}

static void label_annotation(void)
{
	struct spec_map_entry entry = { (char *)"run.oci.mount_context_type",
					(char *)"rootcontext" };

	FIXTURE(f, "tmpfs", "/x");
	f.lnx.mount_label = (char *)"l";
	f.spec.annotations.v = &entry;
	f.spec.annotations.n = 1;
	const struct plan_mount *m = decode(&f, "");
	CHECK_STR(m ? m->data : NULL, "rootcontext=\"l\"");
	fixture_end(&f);

	FIXTURE(h, "tmpfs", "/x");
	h.lnx.mount_label = (char *)"l";
	h.facts.selinux = false;
	m = decode(&h, "");
	CHECK_STR(m ? m->data : NULL, "");
	fixture_end(&h);

	FIXTURE(g, "tmpfs", "/x");
	entry.value = (char *)"nonsense";
	g.lnx.mount_label = (char *)"l";
	g.spec.annotations = f.spec.annotations;
	decode(&g, "");
	CHECK(g.r < 0 && g.err.code == ERR_SPEC);
	fixture_end(&g);
}

static void devpts_group(void)
{
	static const struct {
		const char *in, *out;
		size_t warnings;
	} cases[] = {
		{ "gid=5 mode=0620", "mode=0620", 1 },
		{ "mode=0620 gid=5", "mode=0620", 1 },
		{ "a gid=5 b", "a,b", 1 },
		{ "gid=5", "", 1 },
		{ "gid=3 mode=0620", "gid=3,mode=0620", 0 },
		{ "ptmxgid=5", "ptmxgid=5", 0 },
		{ "newinstance", "newinstance", 0 },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, "devpts", "x");
		f.plan.user_ns = f.plan.fork.new_userns = true;
		f.gids[0] = (struct spec_idmap){ .container_id = 0, .host_id = 1000, .size = 5 };
		f.lnx.gid_mappings.v = f.gids;
		f.lnx.gid_mappings.n = 1;
		const struct plan_mount *m = decode(&f, cases[i].in);
		CHECK_STR(m ? m->data : NULL, cases[i].out);
		CHECK_INT(f.plan.warnings.n, cases[i].warnings);
		fixture_end(&f);
	}
}

/* ---- id mappings ---- */

static void own_mappings(struct fixture *f)
{
	f->uids[0] = f->gids[0] =
		(struct spec_idmap){ .container_id = 0, .host_id = 1000, .size = 10 };
	f->mount.uid_mappings.v = f->uids;
	f->mount.gid_mappings.v = f->gids;
	f->mount.uid_mappings.n = f->mount.gid_mappings.n = 1;
}

static void idmaps(void)
{
	FIXTURE(f, "none", "/src");
	own_mappings(&f);
	const struct plan_mount *m = decode(&f, "bind ridmap");
	CHECK(m && m->uid_map == &f.mount.uid_mappings && m->gid_map == &f.mount.gid_mappings &&
	      m->ridmap);
	fixture_end(&f);

	FIXTURE(g, "none", "/src");
	g.plan.user_ns = true;
	m = decode(&g, "bind idmap");
	CHECK(m && m->uid_map == &g.lnx.uid_mappings && m->gid_map == &g.lnx.gid_mappings &&
	      !m->ridmap);
	fixture_end(&g);

	/* SHOULD come with the option, so without it they count as well */
	FIXTURE(h, "none", "/src");
	own_mappings(&h);
	m = decode(&h, "bind");
	CHECK(m && m->uid_map == &h.mount.uid_mappings);
	fixture_end(&h);
}

static void one_sided_mapping_is_refused(void)
{
	FIXTURE(f, "none", "/src");
	own_mappings(&f);
	f.mount.gid_mappings.n = 0;
	decode(&f, "bind idmap");
	CHECK(f.r < 0 && f.err.code == ERR_SPEC);
	CHECK_STR(f.err.where, "$.mounts[0].gidMappings");
	fixture_end(&f);
}

/* ---- refused ---- */

static void refusals(void)
{
	static const struct {
		const char *type, *source, *options;
		int code;
		const char *where, *words;
	} cases[] = {
		{ NULL, "/s", "ro", ERR_SPEC, "$.mounts[0]", "neither a type nor the option bind" },
		{ "none", "/s", "ro", ERR_SPEC, "$.mounts[0]", "neither a type" },
		{ "bind", NULL, "bind", ERR_SPEC, "$.mounts[0].source", "no source" },
		{ "bind", "/s", "bind tmpcopyup", ERR_SPEC, "$.mounts[0].options", "tmpcopyup" },
		{ "proc", "p", "tmpcopyup", ERR_SPEC, "$.mounts[0].options", "tmpcopyup" },
		{ "ext4", "p", "tmpcopyup", ERR_SPEC, "$.mounts[0].options", "tmpcopyup" },
		{ "tmpfs", "t", "copy-symlink", ERR_SPEC, "$.mounts[0].options", "copy-symlink" },
		{ "cgroup", "c", "foo=1", ERR_SPEC, "$.mounts[0].options", "foo=1" },
		{ "bind", "/s", "bind idmap", ERR_SPEC, "$.mounts[0].options[1]", "no mappings" },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		FIXTURE(f, cases[i].type, cases[i].source);
		CHECK(!decode(&f, cases[i].options));
		CHECK_INT(f.err.code, cases[i].code);
		CHECK_STR(f.err.where, cases[i].where);
		CHECK(strstr(f.err.msg, cases[i].words) != NULL);
		fixture_end(&f);
	}
}

static void old_kernels(void)
{
	static const char *const options[] = { "rbind rro", "bind idmap" };

	for (size_t i = 0; i < N_ELEMENTS(options); i++) {
		FIXTURE(f, "none", "/src");
		f.facts.kernel_major = 5;
		f.facts.kernel_minor = 11;
		own_mappings(&f);
		f.mount.uid_mappings.n = f.mount.gid_mappings.n = i;
		CHECK(!decode(&f, options[i]));
		CHECK_INT(f.err.code, ERR_UNSUPPORTED);
		fixture_end(&f);
	}
}

static void super_block_words_on_a_bind_warn(void)
{
	FIXTURE(f, "none", "/src");
	const struct plan_mount *m = decode(&f, "bind sync lazytime");
	CHECK(m && m->sb_flags == 0);
	CHECK_INT(f.plan.warnings.n, 1);
	CHECK(f.plan.warnings.n == 1 && strstr(f.plan.warnings.v[0].text, "sync,lazytime") != NULL);
	fixture_end(&f);
}

/* The runtime's mount namespace, or one by path: the mounts go below the root, which a new user namespace may not do. */
static void no_mount_namespace(void)
{
	FIXTURE(f, "tmpfs", "t");
	f.plan.mount_ns = false;
	CHECK(decode(&f, ""));
	CHECK(f.plan.root_mount);
	CHECK_INT(f.plan.warnings.n, 1);
	f.plan.fork.new_userns = true;
	CHECK(!decode(&f, ""));
	CHECK_STR(f.err.where, "$.mounts");
	CHECK_INT(f.err.code, ERR_UNSUPPORTED);
	f.spec.mounts.n = 0;
	CHECK_INT(plan_mounts(&f.plan, &f.err), 0);
	CHECK(!f.plan.root_mount);
	f.spec.root_readonly = true;
	CHECK(plan_mounts(&f.plan, &f.err) < 0);
	CHECK_STR(f.err.where, "$.root.readonly");
	f.plan.fork.new_userns = false;
	CHECK_INT(plan_mounts(&f.plan, &f.err), 0);
	CHECK(f.plan.root_mount);
	f.lnx.rootfs_propagation = PROPAGATION_PRIVATE;
	CHECK_INT(plan_mounts(&f.plan, &f.err), 0);
	f.lnx.rootfs_propagation = PROPAGATION_SLAVE;
	CHECK(plan_mounts(&f.plan, &f.err) < 0);
	CHECK_STR(f.err.where, "$.linux.rootfsPropagation");
	fixture_end(&f);
}

static const struct test tests[] = {
	{ "each option becomes the right kernel word", flags_decode },
	{ "each word of the table is known", every_word_is_known },
	{ "flags of the super block", super_block_flags },
	{ "read-only super blocks", read_only_super_block },
	{ "kinds", kinds },
	{ "sources", sources },
	{ "destinations are cleaned", destinations_are_cleaned },
	{ "data is what is left", data_is_what_is_left },
	{ "mount labels", labels },
	{ "the annotation for the kind of label", label_annotation },
	{ "devpts without a group that is not mapped", devpts_group },
	{ "id mappings", idmaps },
	{ "a mapping of one kind alone is refused", one_sided_mapping_is_refused },
	{ "what is refused, and where", refusals },
	{ "what old kernels can't", old_kernels },
	{ "super-block words on a bind mount warn", super_block_words_on_a_bind_warn },
	{ "without an own mount namespace the root is bound and a warning given",
	  no_mount_namespace },
};

TAP_MAIN(tests)
