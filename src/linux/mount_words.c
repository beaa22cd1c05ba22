/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A planned mount in words, for `explain`: the decoded flags, not the options as written (config.md#mounts). */
#include <sys/mount.h>

#include "linux/mounts.h"
#include "spec/names.h"
#include "util/util.h"

static void word(struct buf *out, const char *prefix, const char *w)
{
	buf_addf(out, ",%s%s", prefix, w);
}

static void attr_words(uint64_t set, uint64_t clear, const char *prefix, struct buf *out)
{
	static const struct {
		uint64_t attr;
		const char *on, *off;
	} words[] = {
		{ MOUNT_ATTR_RDONLY, "ro", "rw" },
		{ MOUNT_ATTR_NOSUID, "nosuid", "suid" },
		{ MOUNT_ATTR_NODEV, "nodev", "dev" },
		{ MOUNT_ATTR_NOEXEC, "noexec", "exec" },
		{ MOUNT_ATTR_NODIRATIME, "nodiratime", "diratime" },
		{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow", "symfollow" },
	};

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (set & words[i].attr)
			word(out, prefix, words[i].on);
		else if (clear & words[i].attr)
			word(out, prefix, words[i].off);
	}
	if ((clear | set) & MOUNT_ATTR__ATIME)
		word(out, prefix,
		     set & MOUNT_ATTR_NOATIME	    ? "noatime"
		     : set & MOUNT_ATTR_STRICTATIME ? "strictatime"
						    : "relatime");
}

static void super_block_words(unsigned long flags, struct buf *out)
{
	static const struct {
		unsigned long flag;
		const char *on;
	} words[] = {
		{ MS_RDONLY, "super-block:ro" }, { MS_SYNCHRONOUS, "sync" },
		{ MS_DIRSYNC, "dirsync" },	 { MS_MANDLOCK, "mand" },
		{ MS_SILENT, "silent" },	 { MS_LAZYTIME, "lazytime" },
		{ MS_I_VERSION, "iversion" },	 { MS_POSIXACL, "acl" },
		{ MOUNT_NOACL, "noacl" },
	};

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (flags & words[i].flag)
			word(out, "", words[i].on);
	}
}

static const char *propagation_word(unsigned long propagation)
{
	switch (propagation & ~(unsigned long)MS_REC) {
	case MS_SHARED:
		return "shared";
	case MS_SLAVE:
		return "slave";
	case MS_UNBINDABLE:
		return "unbindable";
	default:
		return "private";
	}
}

void mount_words(const struct plan_mount *m, struct buf *out)
{
	bool keeps = m->kind == PLAN_MOUNT_REMOUNT && !m->propagation;
	struct buf words = { 0 };

	attr_words(m->attr_set, m->attr_clear, "", &words);
	attr_words(m->rec_set, m->rec_clear, "r", &words);
	super_block_words(m->sb_flags, &words);
	if (!keeps)
		word(&words, !m->propagation || m->propagation & MS_REC ? "r" : "",
		     propagation_word(m->propagation));
	if (m->tmpcopyup)
		word(&words, "", "tmpcopyup");
	if (m->uid_map)
		word(&words, "", m->ridmap ? "ridmap" : "idmap");
	if (m->copy_symlink)
		word(&words, "", "copy-symlink");
	if (m->src_nofollow)
		word(&words, "", "src-nofollow");
	if (m->dest_nofollow)
		word(&words, "", "dest-nofollow");
	if (words.len)
		buf_adds(out, words.p + 1);
	if (buf_error(&words) < 0)
		buf_adds(out, "?");
	buf_free(&words);
}
