/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec/names.h: the tables against the kernel's and libseccomp's headers, look-up, "did you mean". */
#include <errno.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "spec/model.h"
#include "spec/names.h"
#include "tap.h"

static size_t count(const struct name *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

static uint64_t value(const struct name *table, const char *word)
{
	uint64_t v = UINT64_MAX;

	CHECK_INT(name_value(table, word, &v), 0);
	return v;
}

static void check_distinct(const struct name *table)
{
	for (size_t i = 0; table[i].name; i++) {
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(table[i].name, table[k].name) != 0);
	}
}

static void test_counts(void)
{
	CHECK_INT(count(names_caps), 41);
	CHECK_INT(count(names_rlimits), 16);
	CHECK_INT(count(names_namespaces), NS_N);
	CHECK_INT(count(names_clone_flags), NS_N);
	CHECK_INT(count(names_hooks), HOOK_N_KINDS);
	CHECK_INT(count(names_seccomp_actions), 9);
	CHECK_INT(count(names_seccomp_ops), 7);
	CHECK_INT(count(names_seccomp_archs), 23);
	CHECK_INT(count(names_seccomp_flags), 4);
	CHECK_INT(count(names_sched_policies), 7);
	CHECK_INT(count(names_sched_flags), 7);
	CHECK_INT(count(names_io_classes), 3);
	CHECK_INT(count(names_mpol_modes), 7);
	CHECK_INT(count(names_mpol_flags), 3);
	check_distinct(names_caps);
	check_distinct(names_rlimits);
	check_distinct(names_seccomp_archs);
}

static void test_values(void)
{
	for (size_t i = 0; names_caps[i].name; i++)
		CHECK_INT(names_caps[i].value, i); /* numbered without a gap */
	CHECK_INT(value(names_caps, "CAP_SYS_ADMIN"), 21);
	CHECK_INT(value(names_caps, "CAP_CHECKPOINT_RESTORE"), 40);
	CHECK_INT(value(names_rlimits, "RLIMIT_NOFILE"), RLIMIT_NOFILE);
	CHECK_INT(value(names_rlimits, "RLIMIT_RTTIME"), RLIMIT_RTTIME);
	CHECK_INT(value(names_mpol_modes, "MPOL_LOCAL"), MPOL_LOCAL);
	CHECK_INT(value(names_mpol_modes, "MPOL_PREFERRED_MANY"), 5);
	CHECK_INT(value(names_mpol_flags, "MPOL_F_STATIC_NODES"), MPOL_F_STATIC_NODES);
	CHECK_INT(value(names_mpol_flags, "MPOL_F_RELATIVE_NODES"), MPOL_F_RELATIVE_NODES);
	for (enum spec_ns ns = 0; ns < NS_N; ns++)
		CHECK_STR(names_clone_flags[ns].name, name_word(names_namespaces, ns));
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_KILL"), SCMP_ACT_KILL);
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_KILL_PROCESS"), SCMP_ACT_KILL_PROCESS);
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_NOTIFY"), SCMP_ACT_NOTIFY);
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_ERRNO"), SCMP_ACT_ERRNO(0));
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_TRACE"), SCMP_ACT_TRACE(0));
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_ALLOW"), SCMP_ACT_ALLOW);
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_LOG"), SCMP_ACT_LOG);
	CHECK_INT(value(names_seccomp_actions, "SCMP_ACT_TRAP"), SCMP_ACT_TRAP);
}

static void test_archs(void)
{
	static const struct {
		const char *word;
		uint32_t arch;
	} known[] = {
		{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
		{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
		{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
		{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
		{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
		{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
		{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
		{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
		{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
		{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
		{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
		{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
		{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
		{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
		{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
		{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
		{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
		{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
		{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
#ifdef SCMP_ARCH_LOONGARCH64
		{ "SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64 },
#endif
#ifdef SCMP_ARCH_M68K
		{ "SCMP_ARCH_M68K", SCMP_ARCH_M68K },
		{ "SCMP_ARCH_SH", SCMP_ARCH_SH },
		{ "SCMP_ARCH_SHEB", SCMP_ARCH_SHEB },
#endif
	};

	for (size_t i = 0; i < N_ELEMENTS(known); i++) {
		printf("# %s\n", known[i].word);
		CHECK_INT(value(names_seccomp_archs, known[i].word), known[i].arch);
	}
	CHECK_INT(value(names_seccomp_archs, "SCMP_ARCH_LOONGARCH64"), 0xc0000102u);
	CHECK_INT(value(names_seccomp_archs, "SCMP_ARCH_M68K"), 4);
	CHECK_INT(value(names_seccomp_archs, "SCMP_ARCH_SH"), 0x4000002au);
	CHECK_INT(value(names_seccomp_archs, "SCMP_ARCH_SHEB"), 0x2a);
}

static void test_lookup(void)
{
	uint64_t v = 7;

	CHECK_INT(name_value(names_caps, "CAP_NOPE", &v), -ENOENT);
	CHECK_INT(name_value(names_caps, "", &v), -ENOENT);
	CHECK_INT(v, 7);
	CHECK_STR(name_word(names_caps, 0), "CAP_CHOWN");
	CHECK(!name_word(names_caps, 63));
}

static void test_nearest(void)
{
	CHECK_STR(name_nearest(names_caps, "CAP_SYS_ADMN"), "CAP_SYS_ADMIN");
	CHECK_STR(name_nearest(names_caps, "cap_sys_admin"), "CAP_SYS_ADMIN");
	CHECK_STR(name_nearest(names_caps, "SYS_ADMIN"), "CAP_SYS_ADMIN");
	CHECK_STR(name_nearest(names_rlimits, "RLIMIT_NOFILES"), "RLIMIT_NOFILE");
	CHECK_STR(name_nearest(names_namespaces, "net"), "network");
	CHECK_STR(name_nearest(names_rlimits, "nofile"), "RLIMIT_NOFILE");
	CHECK_STR(name_nearest(names_namespaces, "networks"), "network");
	/* two letters in the wrong order are one slip; the longer name is not hidden by a shorter one */
	CHECK_STR(name_nearest(names_rlimits, "RLIMIT_CROE"), "RLIMIT_CORE");
	CHECK_STR(name_nearest(names_seccomp_archs, "SCMP_ARCH_X86_46"), "SCMP_ARCH_X86_64");
	/* what all names begin with makes none of them near */
	CHECK(!name_nearest(names_caps, "CAP_FOO"));
	CHECK(!name_nearest(names_device_types, "z"));
	CHECK_STR(name_nearest(names_device_types, "C"), "c");
	CHECK(!name_nearest(names_namespaces, "something else"));
	CHECK(!name_nearest(names_namespaces, ""));
	char word[300];
	memset(word, 'a', sizeof(word));
	word[299] = '\0';
	CHECK(!name_nearest(names_caps, word));
}

/* runtime-spec 1.3 config.md, table of Linux mount options. */
static const char *const spec_options[] = {
	"async",
	"atime",
	"bind",
	"defaults",
	"dev",
	"diratime",
	"dirsync",
	"exec",
	"iversion",
	"lazytime",
	"loud",
	"mand",
	"noatime",
	"nodev",
	"nodiratime",
	"noexec",
	"noiversion",
	"nolazytime",
	"nomand",
	"norelatime",
	"nostrictatime",
	"nosuid",
	"nosymfollow",
	"private",
	"ratime",
	"rbind",
	"rdev",
	"rdiratime",
	"relatime",
	"remount",
	"rexec",
	"rnoatime",
	"rnodev",
	"rnodiratime",
	"rnoexec",
	"rnorelatime",
	"rnostrictatime",
	"rnosuid",
	"rnosymfollow",
	"ro",
	"rprivate",
	"rrelatime",
	"rro",
	"rrw",
	"rshared",
	"rslave",
	"rstrictatime",
	"rsuid",
	"rsymfollow",
	"runbindable",
	"rw",
	"shared",
	"silent",
	"slave",
	"strictatime",
	"suid",
	"symfollow",
	"sync",
	"tmpcopyup",
	"unbindable",
	"idmap",
	"ridmap",
};

static void test_mount_options(void)
{
	size_t in_spec = 0;

	for (size_t i = 0; i < N_ELEMENTS(spec_options); i++) {
		const struct mount_option *o = mount_option_find(spec_options[i]);

		if (!o)
			printf("# %s is missing\n", spec_options[i]);
		CHECK(o && o->in_spec);
	}
	for (const struct mount_option *o = mount_options; o->name; o++) {
		in_spec += o->in_spec;
		CHECK(mount_option_find(o->name) == o); /* no word twice */
	}
	CHECK_INT(in_spec, N_ELEMENTS(spec_options));
	CHECK(!mount_option_find("mode=755"));
	CHECK(!mount_option_find(""));
	CHECK(mount_option_find("copy-symlink") && !mount_option_find("copy-symlink")->in_spec);
}

static void test_mount_bits(void)
{
	const struct mount_option *o;

	o = mount_option_find("rnoatime");
	CHECK(o->kind == MO_ATTR_REC && o->set == MOUNT_ATTR_NOATIME &&
	      o->clear == MOUNT_ATTR__ATIME);
	o = mount_option_find("norelatime");
	CHECK(o->kind == MO_ATTR && o->set == 0 && o->clear == 0);
	o = mount_option_find("rw");
	CHECK(o->kind == MO_ATTR && o->set == 0 && o->clear == MOUNT_ATTR_RDONLY);
	o = mount_option_find("rrw");
	CHECK(o->kind == MO_ATTR_REC && o->clear == MOUNT_ATTR_RDONLY);
	o = mount_option_find("rslave");
	CHECK(o->kind == MO_PROPAGATION && o->set == ((1u << 19) | 16384));
	o = mount_option_find("rbind");
	CHECK(o->kind == MO_BIND && o->set == 1);
	o = mount_option_find("async");
	CHECK(o->kind == MO_FLAG && o->set == 0 && o->clear == 16);
}

static const struct test tests[] = {
	{ "tables have every word of the spec once", test_counts },
	{ "values are the kernel's", test_values },
	{ "architectures are libseccomp's", test_archs },
	{ "look-up", test_lookup },
	{ "did you mean", test_nearest },
	{ "mount options have every word of the spec once", test_mount_options },
	{ "bits of mount options", test_mount_bits },
};
TAP_MAIN(tests)
