/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New file systems: fsopen(2) → fsconfig(2) → fsmount(2), whose errors come with the kernel's own words; mount(2) on a
 * descriptor for what that interface can't carry: values of 256 bytes and more, file systems that refuse it
 * (config.md#mounts). Also tmpcopyup, and the fall-backs of proc and sysfs in user namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/mounts.h"
#include "spec/names.h"
#include "sys/raw.h"
#include "sys/treecopy.h"
#include "util/util.h"

enum {
	FSCONFIG_MAX = 256, /* fsconfig(2) refuses values of this length and more */
	MS_I_VERSION_ = 1 << 23,
};

/* ---- fsconfig ---- */

static bool is_overlay(const char *type)
{
	return strcmp(type, "overlay") == 0;
}

/* Length of the option that TEXT begins with. Quotes around a value protect commas (SELinux contexts), for overlay backslashes do. A
 * quotation mark elsewhere is part of a file's name. */
static size_t option_length(const char *text, bool escapes)
{
	const char *end, *value = text + strcspn(text, "=") + 1;
	size_t n = 0;

	for (; text[n] && text[n] != ','; n++) {
		if (text[n] == '"' && text + n == value && (end = strchr(value + 1, '"')))
			n = (size_t)(end - text);
		else if (escapes && text[n] == '\\' && text[n + 1])
			n++;
	}
	return n;
}

/* overlay's lowerdir one by one (Linux 6.8), for lists that are too long for one value. -E2BIG where that is no way. */
static int set_lower_dirs(int fs, const char *list, size_t len)
{
	char dir[FSCONFIG_MAX];

	if (memchr(list, '\\', len) || memmem(list, len, "::", 2))
		return -E2BIG;
	while (len > 0) {
		const char *colon = memchr(list, ':', len);
		size_t n = colon ? (size_t)(colon - list) : len;

		if (n >= sizeof(dir))
			return -E2BIG;
		memcpy(dir, list, n);
		dir[n] = '\0';
		int r = sys_fsconfig_string(fs, "lowerdir+", dir);
		if (r < 0)
			return r == -EINVAL ? -E2BIG : r;
		list += n + (colon != NULL);
		len -= n + (colon != NULL);
	}
	return 0;
}

static int set_option(int fs, const char *type, const char *option, size_t len)
{
	const char *eq = memchr(option, '=', len);
	size_t key_len = eq ? (size_t)(eq - option) : len;
	char key[64], value[FSCONFIG_MAX];

	if (key_len >= sizeof(key))
		return -E2BIG;
	memcpy(key, option, key_len);
	key[key_len] = '\0';
	if (!eq)
		return sys_fsconfig_flag(fs, key);
	const char *v = eq + 1;
	size_t n = len - key_len - 1;
	if (n >= 2 && v[0] == '"' && v[n - 1] == '"') {
		v++;
		n -= 2;
	}
	if (n >= sizeof(value))
		return is_overlay(type) && strcmp(key, "lowerdir") == 0 ? set_lower_dirs(fs, v, n)
									: -E2BIG;
	memcpy(value, v, n);
	value[n] = '\0';
	return sys_fsconfig_string(fs, key, value);
}

static int set_super_block_flags(int fs, unsigned long flags)
{
	static const struct {
		unsigned long flag;
		const char *word;
	} words[] = {
		{ MS_RDONLY, "ro" },	 { MS_SYNCHRONOUS, "sync" },  { MS_DIRSYNC, "dirsync" },
		{ MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" },
	};

	/* MS_SILENT needs nothing: fsopen(2) reports to us and not to the kernel's log. */
	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		int r = flags & words[i].flag ? sys_fsconfig_flag(fs, words[i].word) : 0;

		if (r < 0)
			return r;
	}
	return flags & MS_I_VERSION_ ? -E2BIG : 0;
}

/* runc gives these words to mount(2) as a flag, or its lack, which a file system without them does not mind. */
static int set_acl(int fs, unsigned long flags)
{
	const char *word = flags & MS_POSIXACL ? "acl" : flags & MOUNT_NOACL ? "noacl" : NULL;
	int r = word ? sys_fsconfig_flag(fs, word) : 0;
	char ignored[FS_MESSAGE_SIZE];

	if (r != -EINVAL)
		return r;
	/* else it would stand before the words of an error to come */
	sys_fs_message(fs, ignored, sizeof(ignored));
	return 0;
}

static int configure(int fs, const struct fs_request *q)
{
	int r = 0;

	if (q->source)
		r = strlen(q->source) < FSCONFIG_MAX ? sys_fsconfig_string(fs, "source", q->source)
						     : -E2BIG;
	if (r >= 0)
		r = set_super_block_flags(fs, q->sb_flags);
	if (r >= 0)
		r = set_acl(fs, q->sb_flags);
	for (const char *at = q->data ? q->data : ""; r >= 0 && *at;) {
		size_t n = option_length(at, is_overlay(q->type));

		if (n > 0)
			r = set_option(fs, q->type, at, n);
		at += n + (at[n] == ',');
	}
	return r;
}

int fs_new(const struct fs_request *q, char message[FS_MESSAGE_SIZE])
{
	message[0] = '\0';
	auto_fd int fs = sys_fsopen(q->type);
	if (fs < 0)
		return fs;
	int r = configure(fs, q);
	if (r >= 0)
		r = sys_fsconfig_create(fs);
	if (r >= 0)
		r = sys_fsmount(fs, q->attrs);
	if (r < 0)
		sys_fs_message(fs, message, FS_MESSAGE_SIZE);
	return r;
}

/* ---- one planned mount ---- */

struct fs_mount {
	struct run *r;
	const struct plan_mount *m;
	struct fs_request q;
	struct buf data;
	int target;
	bool late; /* read-only only when everything is in its place */
	char what[160];
	char message[FS_MESSAGE_SIZE];
};

static bool is_type(const struct plan_mount *m, const char *type)
{
	return strcmp(m->fstype, type) == 0;
}

bool mount_is_late(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_FS && m->read_only &&
	       (is_type(m, "tmpfs") || is_type(m, "ramfs") || strcmp(m->dest, "/dev") == 0);
}

static bool has_option(const struct fs_mount *f, const char *key)
{
	const char *at = buf_str(&f->data);
	size_t n = strlen(key);

	for (const char *hit = strstr(at, key); hit; hit = strstr(hit + 1, key)) {
		if ((hit == at || hit[-1] == ',') && hit[n] == '=')
			return true;
	}
	return false;
}

static void add_option(struct fs_mount *f, const char *key, const char *format, unsigned value)
{
	if (has_option(f, key))
		return;
	buf_adds(&f->data, f->data.len ? "," : "");
	buf_adds(&f->data, key);
	buf_addf(&f->data, strcmp(format, "o") == 0 ? "=%o" : "=%u", value);
}

/* A tmpfs looks like the directory it covers, unless the options say otherwise: /tmp stays 1777. */
static int imitate(struct fs_mount *f, struct err *e)
{
	struct stat st;

	if (fstat(f->target, &st) < 0)
		return err_sys(e, -errno, "%s: look at the destination", f->what);
	add_option(f, "mode", "o", st.st_mode & 07777);
	/* an owner that the user namespace does not map would be refused */
	if (f->m->tmpcopyup &&
	    !(f->r->plan->user_ns && (st.st_uid == OVERFLOW_ID || st.st_gid == OVERFLOW_ID))) {
		add_option(f, "uid", "u", st.st_uid);
		add_option(f, "gid", "u", st.st_gid);
	}
	return 0;
}

static int prepare(struct fs_mount *f, bool existed, struct err *e)
{
	const struct plan_mount *m = f->m;
	int r = 0;

	buf_adds(&f->data, m->data);
	if (m->kind == PLAN_MOUNT_FS && is_type(m, "tmpfs") && existed)
		r = imitate(f, e);
	if (r >= 0 && buf_error(&f->data) < 0)
		r = err_sys(e, -ENOMEM, "%s", f->what);
	if (r < 0)
		return r;
	f->late = mount_is_late(m);
	f->q = (struct fs_request){
		.type = m->fstype,
		.source = m->spec->source ? m->source : NULL,
		.data = buf_str(&f->data),
		.sb_flags = m->sb_flags,
		.attrs = ((m->attr_set & ~m->rec_clear) | m->rec_set) &
			 ~(uint64_t)(f->late ? MOUNT_ATTR_RDONLY : 0),
	};
	return 0;
}

/* What the kernel has in quotation marks, as in "tmpfs: Unknown parameter 'noexce'"; false when there is nothing. */
static bool quoted_word(const char *message, char *out, size_t size)
{
	const char *begin = strchr(message, '\''), *end = begin ? strchr(begin + 1, '\'') : NULL;

	return end && snprintf(out, size, "%.*s", (int)(end - begin - 1), begin + 1) < (int)size;
}

/* Does OPTION, as it stands in config.json, set KEY? One of several that were written with commas counts. */
static bool sets(const char *option, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = option; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		if (strncmp(at, key, n) == 0 && (!at[n] || at[n] == '=' || at[n] == ','))
			return true;
	}
	return false;
}

/* The place of the option that the kernel names, and the mount option that may have been meant. */
static void blame_option(const struct fs_mount *f, struct err *e)
{
	const struct strv *options = &f->m->spec->options;
	struct name_search s;
	char word[64];

	if (!quoted_word(f->message, word, sizeof(word)))
		return;
	for (size_t i = 0; i < options->n; i++) {
		if (!sets(options->v[i], word))
			continue;
		err_at(e, "$.mounts[%zu].options[%zu]", f->m->index, i);
		if (strchr(options->v[i], ',') && mount_option_find(word))
			err_hint(e, "each option is a string of its own");
	}
	if (!strstr(f->message, "nknown parameter"))
		return;
	s = name_search_begin(word);
	for (const struct mount_option *o = mount_options; o->name; o++)
		name_search_try(&s, o->name);
	if (name_search_end(&s))
		err_hint(e, "did you mean '%s'?", name_search_end(&s));
	else
		err_hint(e, "neither the runtime specification nor %s has such an option",
			 f->m->fstype);
}

static int failed(const struct fs_mount *f, int r, struct err *e)
{
	const char *colon = f->message[0] ? ": " : "";

	err_sys(e, r, "%s%s%s", f->what, colon, f->message);
	if (r == -EINVAL)
		blame_option(f, e);
	if (r == -ENODEV)
		return err_hint(e, "the kernel knows no file system '%s'", f->m->fstype);
	if (r == -ENOENT && is_overlay(f->m->fstype))
		return err_hint(e, "lowerdir, upperdir and workdir must exist on the host; the "
				   "kernel's log names the one that does not");
	if (f->r->plan->mount_label && (r == -EACCES || (r == -EINVAL && !f->message[0]))) {
		err_sys(e, r, "%s with the label %s", f->what, f->r->plan->mount_label);
		return err_hint(e, "the SELinux policy may not allow it, or this file system can't "
				   "have it: see the kernel's log for SELinux and avc");
	}
	if (r == -EPERM && f->r->plan->user_ns)
		return err_hint(e,
				"in a user namespace %s may need a new namespace of its own kind, "
				"or is not allowed at all",
				f->m->fstype);
	return r;
}

static int copy_up(struct fs_mount *f, int mnt, struct err *e)
{
	unsigned skipped = 0;

	int self_fds = mount_self_fds(f->r, e);
	if (self_fds < 0)
		return self_fds;
	auto_fd int from = sys_openat(f->target, ".", O_RDONLY | O_DIRECTORY, 0);
	if (from < 0)
		return err_sys(e, from, "%s: tmpcopyup: open the directory", f->what);
	int r = tree_copy(from, mnt, self_fds, &skipped);
	if (r < 0) {
		err_sys(e, r, "%s: tmpcopyup", f->what);
		return err_hint(e, r == -ENOSPC
					   ? "the tmpfs is too small for what the directory holds"
					   : "");
	}
	if (skipped)
		run_warn(f->r, "%s: tmpcopyup: %u special files could not be made in the tmpfs",
			 f->what, skipped);
	return 0;
}

static int apply_idmap(struct fs_mount *f, int mnt, struct err *e)
{
	auto_fd int userns = mount_ask_parent(f->r, f->m, e);
	if (userns < 0)
		return userns;
	int r = sys_mount_setattr(mnt, false, 0, 0, 0, userns);
	if (r >= 0)
		return 0;
	if (r == -ENOSYS)
		return err_set(e, ERR_UNSUPPORTED, "%s: mapped ids need Linux 5.12", f->what);
	err_sys(e, r, "%s: map ids", f->what);
	return r == -EINVAL
		       ? err_hint(e, "this kernel can't mount %s with mapped ids", f->m->fstype)
		       : r;
}

/* Attaches; fsmount(2) gave the flags already. */
static int attach(struct fs_mount *f, int mnt, struct err *e)
{
	const struct mount_flags propagation = { .propagation = f->m->propagation };
	struct mount_work *w = mount_work(f->r, e);

	if (!w)
		return -ENOMEM;
	int r = f->m->propagation ? mount_place(f->r, mnt, f->target, &propagation, f->what, e)
				  : sys_move_mount(mnt, f->target);
	if (r < 0 && !f->m->propagation)
		return err_sys(e, r, "%s", f->what);
	if (r >= 0)
		r = mount_done(f->r, f->m, mnt, e);
	if (r < 0 || !f->late)
		return r;
	if (w->n_late == MOUNTS_MAX_LATE) {
		const struct mount_flags now = { .set = MOUNT_ATTR_RDONLY };

		return mount_change(f->r, mnt, &now, f->what, e);
	}
	int keep = fcntl(mnt, F_DUPFD_CLOEXEC, 3);
	if (keep < 0)
		return err_sys(e, -errno, "%s", f->what);
	w->late[w->n_late++] = keep;
	return 0;
}

/* ---- mount(2) ---- */

static bool worth_another_try(int r)
{
	return r == -E2BIG || r == -EINVAL || r == -EOPNOTSUPP || r == -ENOSYS;
}

/* What mount(2) attached on top of TARGET, known by its other device number; -EXDEV when it is not there. */
static int reopen(struct fs_mount *f)
{
	struct stat below, top;

	auto_fd int fd = rootdir_open_path(&f->r->root, f->m->dest, 0);
	if (fd < 0)
		return fd;
	if (fstat(f->target, &below) < 0 || fstat(fd, &top) < 0)
		return -errno;
	return below.st_dev == top.st_dev ? -EXDEV : TAKE_FD(fd);
}

/* R is the error of the other way. */
static int mount_old_way(struct fs_mount *f, int r, struct err *e)
{
	const struct mount_flags propagation = { .propagation = f->m->propagation };

	if (f->m->tmpcopyup || f->m->uid_map || strcmp(f->m->dest, "/") == 0)
		return failed(f, r, e);
	/* the kernel would cut the options after one page without a word */
	if (strlen(f->q.data) >= 4095) {
		err_set(e, ERR_UNSUPPORTED, "%s: the options are longer than mount(2) takes",
			f->what);
		return err_hint(e, "Linux 6.8 takes longer lists of overlay layers, if no layer's "
				   "path is longer than 255 bytes");
	}
	int self_fds = mount_self_fds(f->r, e);
	if (self_fds < 0)
		return self_fds;
	int old = sys_mount_on_fd(self_fds, f->target, f->m->source, f->m->fstype,
				  (f->q.sb_flags & ~(unsigned long)MOUNT_NOACL) |
					  mount_ms_flags(f->q.attrs),
				  f->q.data);
	if (old < 0) /* the newer interface has better words, unless it only was too narrow */
		return failed(f, r == -E2BIG || r == -ENOSYS ? old : r, e);
	if (!f->m->propagation && !f->late)
		return 0;
	auto_fd int mnt = reopen(f);
	if (mnt < 0)
		return err_sys(e, mnt, "%s: find the new mount", f->what);
	r = f->m->propagation ? mount_change(f->r, mnt, &propagation, f->what, e) : 0;
	if (r >= 0 && f->late) {
		const struct mount_flags now = { .set = MOUNT_ATTR_RDONLY };

		r = mount_change(f->r, mnt, &now, f->what, e);
	}
	return r;
}

/* ---- proc and sysfs that the kernel refuses ---- */

/*
 * EPERM: a new proc would show more than a masked one that we live with, or sysfs belongs to a network namespace that is
 * not ours. The host's is what a user namespace may see anyway.
 */
static int bind_instead(struct fs_mount *f, struct err *e)
{
	bool proc = f->m->kind == PLAN_MOUNT_PROC;
	const char *path = proc ? "/proc" : "/sys";
	struct mount_flags flags = mount_flags_of(f->m);

	/* before Linux 5.12 there is no way to tell what is below */
	if (!proc && facts_kernel_at_least(f->r->plan->facts, 5, 12))
		flags.rec_set |= MOUNT_ATTR_RDONLY;
	else if (!proc)
		flags.set |= MOUNT_ATTR_RDONLY;
	if (flags.propagation == 0)
		flags.propagation = MS_PRIVATE | MS_REC;
	run_warn(f->r, "%s: the kernel refuses a new one: the host's %s is bound there%s", f->what,
		 path, proc ? "" : ", read-only");
	auto_fd int mnt = mount_host_bind(f->r, path, true, f->target, &flags, f->what, e);
	return mnt < 0 ? mnt : mount_done(f->r, f->m, mnt, e);
}

/* ---- */

static int mount_prepared(struct fs_mount *f, struct err *e)
{
	bool kernels = f->m->kind == PLAN_MOUNT_PROC || f->m->kind == PLAN_MOUNT_SYSFS;

	auto_fd int mnt = fs_new(&f->q, f->message);
	if (mnt == -EPERM && kernels)
		return bind_instead(f, e);
	if (mnt < 0 && worth_another_try(mnt))
		return mount_old_way(f, mnt, e);
	if (mnt < 0)
		return failed(f, mnt, e);
	int r = f->m->tmpcopyup ? copy_up(f, mnt, e) : 0;
	if (r >= 0 && f->m->uid_map)
		r = apply_idmap(f, mnt, e);
	return r < 0 ? r : attach(f, mnt, e);
}

static void name_it(struct fs_mount *f)
{
	snprintf(f->what, sizeof(f->what), "mount %s on '%s'", f->m->fstype, f->m->dest);
}

int mount_fs(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct fs_mount f = { .r = r, .m = m };
	bool existed;

	name_it(&f);
	f.target = mount_target_dir(r, m, f.what, &existed, e);
	if (f.target < 0)
		return f.target;
	int ret = prepare(&f, existed, e);
	if (ret >= 0)
		ret = mount_prepared(&f, e);
	buf_free(&f.data);
	close_fd(f.target);
	return ret;
}

/* ---- of a container that runs: by descriptors alone ---- */

static int make_detached(struct fs_mount *f, struct err *e)
{
	int mnt = fs_new(&f->q, f->message);

	if (mnt >= 0)
		return mnt;
	failed(f, mnt, e);
	return mnt == -E2BIG
		       ? err_hint(e, "options of 256 bytes and more are for config.json alone")
		       : mnt;
}

int mount_fs_detached(struct run *r, const struct plan_mount *m, struct err *e)
{
	struct fs_mount f = { .r = r, .m = m, .target = -EBADF };

	name_it(&f);
	int ret = prepare(&f, false, e);
	if (ret >= 0)
		ret = make_detached(&f, e);
	buf_free(&f.data);
	return ret;
}

int mount_fs_attach(struct run *r, const struct plan_mount *m, int *mnt, struct err *e)
{
	struct fs_mount f = { .r = r, .m = m };
	bool existed;

	name_it(&f);
	f.target = mount_target_dir(r, m, f.what, &existed, e);
	if (f.target < 0)
		return f.target;
	int ret = prepare(&f, existed, e);
	if (ret >= 0 && *mnt < 0)
		ret = *mnt = make_detached(&f, e);
	if (ret >= 0 && m->tmpcopyup)
		ret = copy_up(&f, *mnt, e);
	if (ret >= 0)
		ret = attach(&f, *mnt, e);
	buf_free(&f.data);
	close_fd(f.target);
	return ret;
}
