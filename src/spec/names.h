/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Word ↔ kernel constant: the tables from which parsing, errors ("did you mean"), `ketch features`, help and
 * tests come. Every table ends with a row whose name is NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	const char *name;
	uint64_t value;
};

extern const struct name names_caps[];		  /* "CAP_CHOWN" → number */
extern const struct name names_rlimits[];	  /* "RLIMIT_CPU" → RLIMIT_CPU */
extern const struct name names_namespaces[];	  /* "pid" → enum spec_ns */
extern const struct name names_hooks[];		  /* "prestart" → enum spec_hook_kind */
extern const struct name names_seccomp_actions[]; /* "SCMP_ACT_ERRNO" → SECCOMP_RET_ERRNO */
extern const struct name names_seccomp_ops[];	  /* "SCMP_CMP_EQ" → scmp_compare */
extern const struct name names_seccomp_archs[];	  /* "SCMP_ARCH_X86_64" → AUDIT_ARCH word */
extern const struct name names_seccomp_flags[];	  /* "SECCOMP_FILTER_FLAG_LOG" → bit */
extern const struct name names_sched_policies[];
extern const struct name names_sched_flags[];
extern const struct name names_io_classes[];
extern const struct name names_mpol_modes[];
extern const struct name names_mpol_flags[];
extern const struct name names_propagations
	[]; /* "slave" and "rslave" of rootfsPropagation → enum spec_propagation */
extern const struct name names_clone_flags[]; /* enum spec_ns order: "pid" → CLONE_NEWPID … */
extern const struct name
	names_device_types[]; /* of linux.devices: "c" → 'c', "u" → 'c', "b", "p" */
extern const struct name
	names_rule_types[];		 /* of resources.devices: "a", "b", "c" → the character */
extern const struct name names_access[]; /* of resources.devices: "r" → DEV_READ … */
extern const struct name names_personalities[]; /* "LINUX" → 0, "LINUX32" → 1 */
extern const struct name names_image_formats[]; /* of vm.image */

/* 0 and *ret, or -ENOENT. */
int name_value(const struct name *table, const char *word, uint64_t *ret);
/* The word, or NULL. */
const char *name_word(const struct name *table, uint64_t value);
/* The known name nearest to WORD by edit distance, when it is near enough to suggest; else NULL. */
const char *name_nearest(const struct name *table, const char *word);

/* The same over names from elsewhere: begin, try each, end. */
struct name_search {
	const char *word, *best;
	unsigned distance;
};
struct name_search name_search_begin(const char *word);
void name_search_try(struct name_search *s, const char *name);
const char *name_search_end(const struct name_search *s);

/*
 * Mount options. SET and CLEAR are bits of one of the kernel's words, which one KIND tells:
 * MO_FLAG: MS_* of mount(2) for the file system's own super block or remount semantics (sync, dirsync, mand, silent, lazytime, iversion, acl),
 * and MOUNT_NOACL
 * MO_ATTR: MOUNT_ATTR_* of mount_setattr(2), this mount only; MO_ATTR_REC: the same, recursive (rro, rnosuid …)
 * MO_PROPAGATION: MS_PRIVATE …, with MS_REC for the r… words
 * MO_BIND: bind, rbind (value 1 = recursive);  MO_EXTRA: enum mount_extra
 */
enum mount_option_kind { MO_FLAG, MO_ATTR, MO_ATTR_REC, MO_PROPAGATION, MO_BIND, MO_EXTRA };

enum mount_extra {
	MX_DEFAULTS,
	MX_REMOUNT,
	MX_TMPCOPYUP,
	MX_IDMAP,
	MX_RIDMAP,
	MX_COPY_SYMLINK,
	MX_SRC_NOFOLLOW,
	MX_DEST_NOFOLLOW,
};

/* "noacl", for which mount(2) has no flag: a bit that the kernel does not look at. */
enum { MOUNT_NOACL = 1 << 9 };

struct mount_option {
	const char *name;
	enum mount_option_kind kind;
	uint64_t set, clear;
	bool in_spec; /* one of the spec's 52 words; else an extension of the peers */
};

extern const struct mount_option mount_options[];
const struct mount_option *mount_option_find(const char *word);
