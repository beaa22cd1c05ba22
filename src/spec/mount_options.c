/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mount options of runtime-spec config.md, "Linux mount options", and those of peers (crun, runc). A word that is
 * not in here is an option of the file system.
 *
 * Access times: one of the values in MOUNT_ATTR__ATIME, which the kernel wants cleared as a whole before one of them
 * is set (mount_setattr(2)). A word that takes one back clears that one alone, and it is relatime then, the kernel's
 * default since 2.6.30. norelatime has nothing to clear: relatime is what a mount has without one of the others.
 */
#include <linux/mount.h>
#include <string.h>

#include "spec/names.h"

/* sys/mount.h can't be included beside linux/mount.h with older C libraries; the words are kernel ABI. */
#ifndef MS_SYNCHRONOUS
#define MS_SYNCHRONOUS 16
#define MS_MANDLOCK    64
#define MS_DIRSYNC     128
#define MS_REC	       16384
#define MS_SILENT      32768
#define MS_POSIXACL    (1 << 16)
#define MS_UNBINDABLE  (1 << 17)
#define MS_PRIVATE     (1 << 18)
#define MS_SLAVE       (1 << 19)
#define MS_SHARED      (1 << 20)
#define MS_I_VERSION   (1 << 23)
#define MS_LAZYTIME    (1 << 25)
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define SPEC(word, kind, set, clear)                                                               \
	{                                                                                          \
		word, kind, set, clear, true                                                       \
	}
#define EXTRA(word, kind, set, clear)                                                              \
	{                                                                                          \
		word, kind, set, clear, false                                                      \
	}

/* An attribute and its opposite, for the mount and (r…) for all below it. */
#define ATTR(on, off, attr)                                                                        \
	SPEC(on, MO_ATTR, attr, 0), SPEC(off, MO_ATTR, 0, attr),                                   \
		SPEC("r" on, MO_ATTR_REC, attr, 0), SPEC("r" off, MO_ATTR_REC, 0, attr)
#define ATIME(word, attr)                                                                          \
	SPEC(word, MO_ATTR, attr, MOUNT_ATTR__ATIME),                                              \
		SPEC("r" word, MO_ATTR_REC, attr, MOUNT_ATTR__ATIME)
#define ATIME_BACK(word, attr) SPEC(word, MO_ATTR, 0, attr), SPEC("r" word, MO_ATTR_REC, 0, attr)
#define FLAG(on, off, flag)    SPEC(on, MO_FLAG, flag, 0), SPEC(off, MO_FLAG, 0, flag)
#define PROPAGATION(word, flag)                                                                    \
	SPEC(word, MO_PROPAGATION, flag, 0), SPEC("r" word, MO_PROPAGATION, (flag) | MS_REC, 0)

const struct mount_option mount_options[] = {
	ATTR("ro", "rw", MOUNT_ATTR_RDONLY),
	ATTR("nosuid", "suid", MOUNT_ATTR_NOSUID),
	ATTR("nodev", "dev", MOUNT_ATTR_NODEV),
	ATTR("noexec", "exec", MOUNT_ATTR_NOEXEC),
	ATTR("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
	ATTR("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW),

	ATIME("noatime", MOUNT_ATTR_NOATIME),
	ATIME_BACK("atime", MOUNT_ATTR_NOATIME),
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	ATIME_BACK("norelatime", MOUNT_ATTR_RELATIME),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	ATIME_BACK("nostrictatime", MOUNT_ATTR_STRICTATIME),

	FLAG("sync", "async", MS_SYNCHRONOUS),
	FLAG("mand", "nomand", MS_MANDLOCK),
	FLAG("iversion", "noiversion", MS_I_VERSION),
	FLAG("lazytime", "nolazytime", MS_LAZYTIME),
	FLAG("silent", "loud", MS_SILENT),
	SPEC("dirsync", MO_FLAG, MS_DIRSYNC, 0),

	PROPAGATION("private", MS_PRIVATE),
	PROPAGATION("shared", MS_SHARED),
	PROPAGATION("slave", MS_SLAVE),
	PROPAGATION("unbindable", MS_UNBINDABLE),

	SPEC("bind", MO_BIND, 0, 0),
	SPEC("rbind", MO_BIND, 1, 0),

	SPEC("defaults", MO_EXTRA, MX_DEFAULTS, 0),
	SPEC("remount", MO_EXTRA, MX_REMOUNT, 0),
	SPEC("tmpcopyup", MO_EXTRA, MX_TMPCOPYUP, 0),
	SPEC("idmap", MO_EXTRA, MX_IDMAP, 0),
	SPEC("ridmap", MO_EXTRA, MX_RIDMAP, 0),

	EXTRA("acl", MO_FLAG, MS_POSIXACL, MOUNT_NOACL),
	EXTRA("noacl", MO_FLAG, MOUNT_NOACL, MS_POSIXACL),
	EXTRA("copy-symlink", MO_EXTRA, MX_COPY_SYMLINK, 0),
	EXTRA("src-nofollow", MO_EXTRA, MX_SRC_NOFOLLOW, 0),
	EXTRA("dest-nofollow", MO_EXTRA, MX_DEST_NOFOLLOW, 0),
	{ NULL },
};

/* "idmap=…" and "ridmap=…" are the options with mappings of their own: mount_idmap.c. */
static bool is_idmap_with_text(const struct mount_option *o, const char *word)
{
	size_t n = strlen(o->name);

	return o->kind == MO_EXTRA && (o->set == MX_IDMAP || o->set == MX_RIDMAP) &&
	       strncmp(o->name, word, n) == 0 && word[n] == '=';
}

const struct mount_option *mount_option_find(const char *word)
{
	for (const struct mount_option *o = mount_options; o->name; o++) {
		if (strcmp(o->name, word) == 0 || is_idmap_with_text(o, word))
			return o;
	}
	return NULL;
}
