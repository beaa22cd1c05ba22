/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries out the planned writes of linux.resources, and says which one the kernel refused and why. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "linux/cgroup_impl.h"
#include "sys/bpf.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"
#include "util/util.h"

enum { KERNEL_ENOTSUPP = 524 }; /* the kernel's own, which errno.h has not got */

/* The last file written to, open: device rules are a dozen writes to one. */
struct writer {
	struct run *run; /* of a new container; NULL: an update */
	struct cgroup *cg;
	const struct cgroup_writes *writes;
	struct cgroup_undo *undo; /* NULL: nobody will want the old values */
	struct cgroup_leaf *leaf;
	const char *file;
	int fd;
};

static struct cgroup_leaf *leaf_of(struct cgroup *cg, const struct cgroup_hierarchy *h)
{
	for (unsigned i = 0; i < cg->n; i++) {
		if (strcmp(cg->leaves[i].controllers, h->v2 ? "" : h->controllers) == 0)
			return &cg->leaves[i];
	}
	return NULL;
}

static int open_file(struct writer *w, const struct cgroup_write *x)
{
	struct cgroup_leaf *leaf = leaf_of(w->cg, x->h);

	if (!leaf)
		return -ENOENT;
	if (w->fd >= 0 && w->leaf == leaf && strcmp(w->file, x->file) == 0)
		return 0;
	close_fd(TAKE_FD(w->fd));
	int dir = cgroup_leaf_fd(leaf);
	if (dir < 0)
		return dir;
	w->leaf = leaf;
	w->file = x->file;
	w->fd = sys_openat(dir, x->file, O_WRONLY | O_NOFOLLOW, 0);
	return w->fd < 0 ? w->fd : 0;
}

static int write_once(struct writer *w, const struct cgroup_write *x)
{
	int r = open_file(w, x);

	if (r >= 0 && w->undo)
		r = cgroup_undo_note(w->undo, w->leaf, x->file, x->value);
	return r < 0 ? r : host_write_fd(w->fd, x->value, strlen(x->value));
}

static int read_number(struct cgroup *cg, const struct cgroup_write *x, const char *file,
		       uint64_t *ret)
{
	struct cgroup_leaf *leaf = leaf_of(cg, x->h);
	char text[64];
	int dir = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;
	int r = dir < 0 ? dir : host_read_small(dir, file, text, sizeof(text));

	return r < 0 ? r : parse_u64(text, ret);
}

/* memory.max below what is used would be a death sentence, not an error, on v2; v1 refuses by EBUSY. 0: it is not below. */
static int check_usage(struct writer *w, const struct cgroup_write *x, struct err *e)
{
	const char *file = x->h->v2			? "memory.current"
			   : strstr(x->file, ".memsw.") ? "memory.memsw.usage_in_bytes"
							: "memory.usage_in_bytes";
	uint64_t used, limit;

	if (parse_u64(x->value, &limit) < 0 || read_number(w->cg, x, file, &used) < 0 ||
	    used <= limit)
		return 0;
	err_set(e, ERR_STATE, "%s: %s is below current usage %llu", x->file, x->value,
		(unsigned long long)used);
	err_hint(e, "the processes use more than that already");
	return err_at(e, "%s", x->where);
}

/*
 * Since 5.16 (kmem) and later (kmem.tcp) these files are for show, and some kernels say so; the kernel rounds to pages where it still
 * listens. Engines still write the properties, which the specification does not recommend: no container fails for them. R: of the write.
 */
static int check_taken(struct writer *w, const struct cgroup_write *x, int r, struct err *e)
{
	enum { LARGEST_PAGE = 65536 };
	uint64_t asked, now;

	if (r >= 0 && (parse_u64(x->value, &asked) < 0 ||
		       read_number(w->cg, x, x->file, &now) < 0 || now <= asked + LARGEST_PAGE))
		return 0;
	err_set(e, ERR_UNSUPPORTED, "%s: this kernel ignores '%s'", x->file, x->value);
	err_hint(e, "limit memory as a whole: memory.limit counts the kernel's share too");
	if (!w->run)
		return err_at(e, "%s", x->where);
	run_warn(w->run, "%s (%s); %s", e->msg, x->where, e->hint);
	return 0;
}

static int missing(const struct cgroup_write *x, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED,
		"%s needs file %s of the cgroup controller '%s', which this kernel has not got",
		x->where + strlen("$.linux.resources."), x->file, x->controller);
	if (strstr(x->file, "memsw") || strstr(x->file, "swap"))
		err_hint(e, "boot with swapaccount=1 on the kernel's command line");
	if (strncmp(x->file, "hugetlb.", 8) == 0)
		err_hint(e, "is the page size one of /sys/kernel/mm/hugepages?");
	return err_at(e, "%s", x->where);
}

static int no_leaf(const struct cgroup_write *x, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED,
		"%s needs file %s, but the container has no cgroup of its own of the controller "
		"'%s'",
		x->where + strlen("$.linux.resources."), x->file, x->controller);
	return err_at(e, "%s", x->where);
}

/* What to do, by errno (0: any) and part of the file's name: the first row that fits. */
static const struct {
	int r;
	const char *file, *hint;
} hints[] = {
	{ 0, "cpuset.", "all must be online and in the cgroup above it" },
	{ -EBUSY, "memory.", "the processes use more than that already" },
	{ -EINVAL, "memory.limit_in_bytes",
	  "it can't be above the limit of memory and swap together" },
	{ -EINVAL, "cpu.shares", "an idle cgroup (cpu.idle) has no weight" },
	{ -EINVAL, "cpu.weight", "an idle cgroup (cpu.idle) has no weight" },
	{ -EINVAL, "cpu.", "the kernel takes what fits the limits of the cgroup above it only" },
	{ -EINVAL, "pids.max", "the largest limit is 4194304; -1 is none" },
	{ -ENODEV, "io.", "is there such a block device?" }, /* blkio., too */
	{ -EOPNOTSUPP, "weight",
	  "the device needs the I/O scheduler bfq (/sys/block/*/queue/scheduler) or, on cgroup v2, "
	  "io.cost.qos" },
	{ -ENODEV, "rdma.max", "is there such a device? /sys/class/infiniband has them" },
	{ -EINVAL, "misc.max", "misc.capacity of the root cgroup has what this host offers" },
};

static const char *hint_for(const struct cgroup_write *x, int r)
{
	for (size_t i = 0; i < N_ELEMENTS(hints); i++) {
		if ((hints[i].r == 0 || hints[i].r == r) && strstr(x->file, hints[i].file))
			return hints[i].hint;
	}
	return NULL;
}

static int refused(const struct cgroup_write *x, int r, struct err *e)
{
	const char *hint = hint_for(x, r);

	err_sys(e, r, "%s: write '%s'", x->file, x->value);
	if (r == -EOPNOTSUPP)
		e->code = ERR_UNSUPPORTED;
	if (hint)
		err_hint(e, "%s", hint);
	return err_at(e, "%s", x->where);
}

static bool is_fine(const struct cgroup_write *x, int r)
{
	if (r == -ENOENT)
		return x->flags & (CGROUP_NEUTRAL | CGROUP_EXTRA);
	return r == -EPERM && (x->flags & CGROUP_IF_GRANTED);
}

static bool may_be_refused(const struct writer *w, const char *controller, int r)
{
	return w->run && (r == -EPERM || r == -EACCES) && strcmp(controller, "devices") == 0 &&
	       cgroup_may_lack(w->run->plan, controller);
}

/* A device that can't be allowed is one less; where nothing can be denied, no rule holds. */
static int go_without(struct writer *w, const struct cgroup_write *x, int r, struct err *e)
{
	struct err why;

	(void)refused(x, r, &why);
	if (strcmp(x->file, "devices.deny") == 0) {
		r = cgroup_lacks(w->run, w->cg, x->controller, &why);
		return r < 0 ? err_sys(e, r, "cgroup") : 0;
	}
	run_warn(w->run, "a device is not allowed (%s): %s", why.where, why.msg);
	return 0;
}

/* Nothing to do for X: it says what a new cgroup has, or was told to be left out. */
static bool is_idle(struct writer *w, const struct cgroup_write *x)
{
	struct cgroup_leaf *leaf = leaf_of(w->cg, x->h);

	return ((x->flags & CGROUP_NEUTRAL) && (!leaf || leaf->made)) ||
	       strv_has(&w->cg->lacking, x->controller);
}

/* v1 says EBUSY where more is in use than the limit would be. */
static int check_busy(struct writer *w, const struct cgroup_write *x, struct err *e)
{
	return strcmp(x->controller, "memory") == 0 ? check_usage(w, x, e) : 0;
}

/* AGAIN: a second try, after the kernel said that more is in use than could be read a moment later (it charges by batches). */
static int write_checked(struct writer *w, const struct cgroup_write *x, bool again, struct err *e)
{
	int r = x->flags & CGROUP_CHECK_USAGE ? check_usage(w, x, e) : 0;

	if (r < 0)
		return r;
	r = write_once(w, x);
	if (x->flags & CGROUP_READ_BACK && (r >= 0 || r == -KERNEL_ENOTSUPP))
		return check_taken(w, x, r, e);
	if (r >= 0 || is_fine(x, r))
		return 0;
	if (r == -ENOENT)
		return leaf_of(w->cg, x->h) ? missing(x, e) : no_leaf(x, e);
	if (r == -EBUSY && check_busy(w, x, e) < 0)
		return err_errno(e);
	if (r == -EBUSY && !again)
		return write_checked(w, x, true, e);
	return may_be_refused(w, x->controller, r) ? go_without(w, x, r, e) : refused(x, r, e);
}

/* The write at I, and with it the next where the two belong together. Number of writes done, or -errno. */
static int write_at(struct writer *w, size_t i, struct err *e)
{
	const struct cgroup_write *x = &w->writes->v[i];
	bool has_next = i + 1 < w->writes->n && x[1].h == x->h && x[1].when == x->when;
	int r = 0;

	if (is_idle(w, x))
		return 1;
	if (has_next && (x->flags & CGROUP_OR_NEXT)) {
		r = write_once(w, x);
		if (r >= 0)
			return 2;
		return r == -ENOENT ? 1 : refused(x, r, e);
	}
	if (has_next && (x->flags & CGROUP_NEXT_FIRST) && !is_idle(w, x + 1)) {
		r = write_once(w, x);
		if (r >= 0)
			return 1;
		/* the next one would be refused for the same reason, in words that hide it */
		if (r == -EBUSY && check_busy(w, x, e) < 0)
			return err_errno(e);
		if (r == -EINVAL) {
			r = write_checked(w, x + 1, false, e);
			r = r < 0 ? r : write_checked(w, x, false, e);
			return r < 0 ? r : 2;
		}
	}
	r = write_checked(w, x, false, e);
	return r < 0 ? r : 1;
}

int cgroup_apply(struct run *r, struct cgroup *cg, enum cgroup_when when, struct err *e)
{
	const struct cgroup_writes *writes = &r->plan->cgroup.writes;
	struct writer w = { .run = r, .cg = cg, .writes = writes, .fd = -EBADF };
	int ret = 0;

	for (size_t i = 0; i < writes->n && ret >= 0;) {
		ret = writes->v[i].when == when ? write_at(&w, i, e) : 1;
		i += ret > 0 ? (size_t)ret : 0;
	}
	close_fd(w.fd);
	return ret < 0 ? ret : 0;
}

int cgroup_write_all(struct cgroup *cg, const struct cgroup_writes *writes,
		     struct cgroup_undo *undo, struct err *e)
{
	struct writer w = { .cg = cg, .writes = writes, .undo = undo, .fd = -EBADF };
	int r = 0;

	for (size_t i = 0; i < writes->n && r >= 0;) {
		r = write_at(&w, i, e);
		i += r > 0 ? (size_t)r : 0;
	}
	close_fd(w.fd);
	return r < 0 ? r : 0;
}

int cgroup_attach_devices(struct cgroup *cg, const struct cgroup_devices *devices, struct err *e)
{
	struct cgroup_leaf *leaf = cgroup_unified(cg);
	auto_buf struct buf program = { 0 };

	int r = leaf ? cgroup_leaf_fd(leaf) : -ENOENT;
	if (r >= 0)
		r = cgroup_devices_bpf(&program, devices);
	if (r >= 0)
		r = bpf_device_attach(cgroup_leaf_fd(leaf), program.p, program.len);
	if (r >= 0)
		return 0;
	err_sys(e, r, "attach the device rules to cgroup '%s' as a BPF program",
		leaf ? leaf->dir : "");
	if (r == -ENOSYS || r == -EINVAL || r == -ENOENT)
		err_hint(e, "does the kernel have CONFIG_CGROUP_BPF?");
	return err_at(e, DEVICES_AT);
}

int cgroup_apply_devices(struct run *r, struct cgroup *cg, struct err *e)
{
	const struct plan_cgroup *p = &r->plan->cgroup;
	struct err why;

	if (!p->device_program || strv_has(&cg->lacking, "devices"))
		return 0;
	int ret = cgroup_attach_devices(cg, &p->devices, &why);
	if ((ret == -EPERM || ret == -EACCES) && cgroup_may_lack(r->plan, "devices")) {
		ret = cgroup_lacks(r, cg, "devices", &why);
		return ret < 0 ? err_sys(e, ret, "cgroup") : 0;
	}
	if (ret < 0)
		*e = why;
	return ret;
}
