/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `doctor` and `check` report about the host: kernel features found by trial calls that change nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/facts.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

enum {
	NOT_A_DESCRIPTOR = 0x7ffffff0,
	MAX_MOUNTINFO = 16 * 1024 * 1024,
	K_RDTGROUP_MAGIC = 0x7655821,
};

/* EBADF for the descriptor that is none says that all before it was understood. */
static void probe_mount_api(struct facts *f)
{
	int plain = sys_mount_setattr(-EBADF, false, 0x01, 0, 0, -1);
	int idmap = sys_mount_setattr(-EBADF, false, 0, 0, 0, NOT_A_DESCRIPTOR);

	/* EPERM: the call is there, but we may not mount at all */
	f->mount_setattr = plain == -EBADF || (plain == -EPERM && facts_kernel_at_least(f, 5, 12));
	f->idmap = f->mount_setattr && (idmap == -EBADF || idmap == -EPERM);
}

static void end_child(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static void probe_clone(struct facts *f)
{
	/* a kernel that does not know the member refuses the size (E2BIG): no child either way */
	pid_t pid = sys_clone3(0, SIGCHLD, NOT_A_DESCRIPTOR, NULL);

	end_child(pid);
	f->clone_into_cgroup = pid == -EBADF;
	pid = sys_clone3(CLONE_NEWUSER, SIGCHLD, -1, NULL);
	end_child(pid);
	f->user_ns_allowed = pid > 0;
	f->time_ns = access("/proc/self/ns/time", F_OK) == 0;
}

static void probe_seccomp(struct facts *f)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	struct seccomp_notif_sizes sizes;

	f->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 &&
		     sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	f->seccomp_notify = f->seccomp && sys_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}

struct search {
	int dir;
	const char *file;
};

static int has_file(void *ctx, const char *name, unsigned char d_type)
{
	const struct search *s = ctx;
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/%s", name, s->file);

	if (d_type != DT_DIR || n < 0 || (size_t)n >= sizeof(path))
		return 0;
	/* ends the listing */
	return faccessat(s->dir, path, F_OK, 0) == 0 ? -EEXIST : 0;
}

bool facts_cgroup_has(const struct cgroup_hierarchy *h, const char *file)
{
	char path[PATH_MAX];
	struct search s = { .file = file };

	if (!h)
		return false;
	snprintf(path, sizeof(path), "%s%s/%s", h->mount, h->own, file);
	if (access(path, F_OK) == 0)
		return true;
	auto_fd int dir = host_opendir(AT_FDCWD, h->mount, false);
	if (dir < 0)
		return false;
	s.dir = dir;
	return faccessat(dir, file, F_OK, 0) == 0 || host_list(dir, has_file, &s) == -EEXIST;
}

static void probe_cgroup_features(struct facts *f)
{
	const struct cgroup_hierarchy *memory = facts_controller(f, "memory"),
				      *v2 = facts_unified(f);
	auto_buf struct buf text = { 0 };
	const char *line;

	f->cgroup_kill =
		v2 && (facts_cgroup_has(v2, "cgroup.kill") || facts_kernel_at_least(f, 5, 14));
	f->swap_accounting = facts_cgroup_has(
		memory, memory && memory->v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
	if (!v2 || host_read(AT_FDCWD, "/proc/self/mountinfo", MAX_MOUNTINFO, &text) < 0)
		return;
	line = strstr(buf_str(&text), " - cgroup2 ");
	if (line) {
		size_t len = strcspn(line, "\n");
		const char *option = strstr(line, "nsdelegate");

		f->cgroup_nsdelegate = option && option < line + len;
	}
}

static void probe_filesystems(struct facts *f)
{
	auto_buf struct buf text = { 0 };
	struct statfs sfs;

	if (host_read(AT_FDCWD, "/proc/filesystems", 65536, &text) == 0)
		f->overlay = strstr(buf_str(&text), "\toverlay\n") != NULL;
	f->resctrl = statfs("/sys/fs/resctrl", &sfs) == 0 && sfs.f_type == K_RDTGROUP_MAGIC;
}

int facts_probe_all(struct facts *f, struct err *e)
{
	char text[16];
	int r = facts_probe(f, e);

	if (r < 0)
		return r;
	f->n_cpus = (unsigned)get_nprocs();
	probe_mount_api(f);
	probe_clone(f);
	probe_seccomp(f);
	probe_cgroup_features(f);
	probe_filesystems(f);
	if (host_read_small(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", text, sizeof(text)) > 0 &&
	    parse_u32(text, &f->last_cap) < 0)
		f->last_cap = 0;
	f->complete = true;
	return 0;
}
