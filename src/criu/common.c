/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What checkpoint and restore share. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu/checkpoint.h"
#include "criu/swrk.h"
#include "spec/annotations.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

/* ---- directories ---- */

/* How many components of an absolute path are not there, from its end on. */
static int count_missing(const char *path, unsigned *ret)
{
	auto_str char *at = strdup(path);
	mode_t mode;

	if (!at)
		return -ENOMEM;
	for (*ret = 0; *at && sys_stat_mode(at, &mode) == -ENOENT; ++*ret)
		*strrchr(at, '/') = '\0';
	return 0;
}

static int open_dir(const char *path, char **ret_path, int *ret_fd, unsigned *ret_made)
{
	int r = host_abspath(path, ret_path);

	if (r >= 0 && ret_made)
		r = count_missing(*ret_path, ret_made);
	if (r >= 0 && ret_made && *ret_made > 0)
		r = host_mkdirs(*ret_path, 0700);
	if (r >= 0)
		r = host_opendir(AT_FDCWD, *ret_path, false);
	if (r >= 0)
		*ret_fd = r;
	return r;
}

int criu_dirs_open(struct criu_dirs *d, const struct criu_common *c, bool make, struct err *e)
{
	const char *image = c->image_path ? c->image_path : "checkpoint";
	const char *work = c->work_path ? c->work_path : image;

	int r = open_dir(image, &d->image, &d->image_fd, make ? &d->made_image : NULL);
	if (r < 0) {
		err_sys(e, r, "image directory '%s'", image);
		return err_hint(e, "--image-path names it; the default is ./checkpoint");
	}
	r = open_dir(work, &d->work, &d->work_fd, &d->made_work);
	if (r < 0) {
		err_sys(e, r, "work directory '%s'", work);
		return err_hint(e, "--work-path names it");
	}
	return 0;
}

static void remove_made(char *path, unsigned n)
{
	for (; n > 0; n--) {
		(void)host_unlink(AT_FDCWD, path, true);
		*strrchr(path, '/') = '\0';
	}
}

void criu_dirs_clear(struct criu_dirs *d)
{
	remove_made(d->work, d->made_work);
	remove_made(d->image, d->made_image);
	free(d->image);
	free(d->work);
	close_fd(d->image_fd);
	close_fd(d->work_fd);
}

/* S_ISUID, which means nothing for a directory, says that the other one is ours: of a restore that was killed, too. */
enum { SHOWN = S_IXOTH | S_ISUID };

int criu_image_show(const struct criu_dirs *d, struct err *e)
{
	struct stat st;

	/* The last of another's restores has it for a moment. A file system without locks is no reason not to go on. */
	for (int n = 0; flock(d->image_fd, LOCK_SH | LOCK_NB) < 0 && n < 100; n++) {
		if (errno != EWOULDBLOCK)
			break;
		(void)poll(NULL, 0, 20);
	}
	int r = fstat(d->image_fd, &st);
	if (r == 0 && !(st.st_mode & S_IXOTH))
		r = fchmod(d->image_fd, (st.st_mode & 07777) | SHOWN);
	return r < 0 ? err_sys(e, -errno, "let the user namespace search '%s'", d->image) : 0;
}

void criu_image_hide(const struct criu_dirs *d)
{
	struct stat st;
	bool last = flock(d->image_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;

	if (last && fstat(d->image_fd, &st) == 0 && (st.st_mode & SHOWN) == SHOWN)
		(void)fchmod(d->image_fd, st.st_mode & 07777 & ~SHOWN);
	(void)flock(d->image_fd, LOCK_UN);
}

/* ---- options ---- */

/* CRIU reads the file last, so that it wins over our options, as criu.org/Configuration_files says. */
static const char *config_file(const struct spec *s)
{
	static const char *const usual[] = { "/etc/criu/ketch.conf", "/etc/criu/crun.conf",
					     "/etc/criu/runc.conf" };
	const char *given = spec_map_get(&s->annotations, ANNOTATION_CRIU_CONFIG);
	mode_t mode;

	if (given)
		return *given ? given : NULL;
	for (size_t i = 0; i < N_ELEMENTS(usual); i++) {
		if (sys_stat_mode(usual[i], &mode) >= 0)
			return usual[i];
	}
	return NULL;
}

static int empty_ns(const struct strv *words, int *ret, struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		if (strcmp(words->v[i], "network") != 0) {
			err_set(e, ERR_USAGE, "--empty-ns: unknown value '%s'", words->v[i]);
			return err_hint(e, "CRIU can leave the contents of: network");
		}
		*ret = CLONE_NEWNET;
	}
	return 0;
}

int criu_common_opts(struct criu_opts *to, const struct criu_common *c, const struct spec *s,
		     struct err *e)
{
	to->images_dir_fd = CRIU_IMAGES_FD;
	to->work_dir_fd = CRIU_WORK_FD;
	to->log_level = 4;
	to->config_file = config_file(s);
	to->notify_scripts = true;
	to->unprivileged = geteuid() != 0;
	to->orphan_pts_master = true;
	to->tcp_established = c->tcp_established;
	to->tcp_close = c->tcp_close;
	to->tcp_skip_in_flight = c->tcp_skip_in_flight;
	to->ext_unix_sk = c->ext_unix_sk;
	to->shell_job = c->shell_job;
	to->file_locks = c->file_locks;
	to->auto_dedup = c->auto_dedup;
	to->lazy_pages = c->lazy_pages;
	if (c->cg_mode)
		to->cg_mode = c->cg_mode - 1;
	if (c->network_lock)
		to->network_lock = c->network_lock;
	return empty_ns(&c->empty_ns, &to->empty_ns, e);
}

int criu_parse_address(const char *text, char **ret_address, int *ret_port, struct err *e)
{
	const char *colon = strrchr(text, ':'), *at = text;
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint32_t port = 0;

	if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
		at++;
		len -= 2;
	}
	if (len == 0 || parse_u32(colon + 1, &port) < 0 || port == 0 || port > 65535)
		return err_set(e, ERR_USAGE, "--page-server: '%s' is not ADDRESS:PORT", text);
	*ret_port = (int)port;
	*ret_address = strndup(at, len);
	return *ret_address ? 0 : err_sys(e, -ENOMEM, "--page-server");
}

/* ---- preflight ---- */

/*
 * Of an ordinary user CRIU 4.1 takes `unprivileged`, but goes into the container's namespaces from the initial user namespace, not from the
 * container's own: setns(2) wants CAP_SYS_ADMIN and CAP_SYS_CHROOT there, dropping the groups CAP_SETGID. CAP_CHECKPOINT_RESTORE is not enough.
 */
int criu_check_rights(const struct facts *f, const char *verb, struct err *e)
{
	enum { ROOT = 1, USER = 2 };
	static const struct {
		unsigned cap, who;
		const char *name;
	} needed[] = {
		{ CAP_SYS_ADMIN, ROOT | USER, "CAP_SYS_ADMIN" },
		{ CAP_SYS_CHROOT, USER, "CAP_SYS_CHROOT" },
		{ CAP_SETGID, USER, "CAP_SETGID" },
		{ CAP_SYS_PTRACE, ROOT, "CAP_SYS_PTRACE" },
		{ CAP_NET_ADMIN, ROOT, "CAP_NET_ADMIN" },
	};
	char lacking[80] = "";

	if (f->in_userns) {
		err_set(e, ERR_DENIED, "%s needs CAP_SYS_ADMIN of the initial user namespace",
			verb);
		return err_hint(e, "run it outside of any user namespace, as root or with "
				   "CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SETGID");
	}
	for (size_t i = 0; i < N_ELEMENTS(needed); i++) {
		size_t n = strlen(lacking);

		if ((f->caps >> needed[i].cap & 1) || !(needed[i].who & (f->uid ? USER : ROOT)))
			continue;
		snprintf(lacking + n, sizeof(lacking) - n, "%s%s", n ? ", " : "", needed[i].name);
	}
	if (!lacking[0])
		return 0;
	err_set(e, ERR_DENIED, "%s needs %s", verb, lacking);
	return err_hint(e, "run it as root; for ordinary users CAP_CHECKPOINT_RESTORE is not "
			   "enough: CRIU enters the container's namespaces with CAP_SYS_ADMIN, "
			   "CAP_SYS_CHROOT and CAP_SETGID");
}

int criu_check_plan(const struct plan *p, struct err *e)
{
	if (!p->mount_ns) {
		err_set(e, ERR_UNSUPPORTED,
			"a container without a mount namespace of its own can't be checkpointed or "
			"restored");
		return err_at(e, "$.linux.namespaces");
	}
	if (p->spec->lnx->seccomp && p->spec->lnx->seccomp->notifies) {
		err_set(e, ERR_UNSUPPORTED, "CRIU can't dump or restore a seccomp listener");
		return err_at(e, "$.linux.seccomp");
	}
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		if (!m->uid_map)
			continue;
		err_set(e, ERR_UNSUPPORTED, "CRIU can't restore mounts with mapped ids");
		return err_at(e, "$.mounts[%zu]%s", m->index,
			      m->spec->uid_mappings.n > 0 ? ".uidMappings" : ".options");
	}
	return 0;
}

bool criu_built_in(void)
{
	return true;
}
