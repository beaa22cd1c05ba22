/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the mount steps share: how a detached mount gets its flags and its place. Everything goes by descriptors; no path
 * into the container's tree is ever resolved twice (CVE-2021-30465). All functions run in init (stage INIT) unless they
 * say otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/step.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* Linux 5.14 */
#endif

enum { MOUNTS_MAX_LATE = 64 };

enum mount_place { MOUNT_PLACE_PROC, MOUNT_PLACE_SYS, MOUNT_PLACE_DEV, MOUNT_PLACES };

/* run->mounts. Made by mount_work(), ended by mount_work_end() in rootfs.readonly or, where that has nothing to do, fds.shed. */
struct mount_work {
	int self_fds; /* verified /proc/self/fd, for mount(2) on a descriptor; -EBADF: not needed so far */
	int null_mask; /* rootfs.pivot: detached clone of the host's /dev/null, which mounts.masked attaches */
	/* what was mounted there: a procfs, a sysfs, on /dev a new file system; else -EBADF, or what mount_dev() has opened */
	int places[MOUNT_PLACES];
	int late[MOUNTS_MAX_LATE]; /* mounts that become read-only when everything is in its place */
	unsigned n_late;
};

/* run->mounts, made when it is missing; NULL and *e when memory is out. */
struct mount_work *mount_work(struct run *r, struct err *e);
/* The directory for sys_mount_on_fd(), or -errno. Owned by run->mounts. */
int mount_self_fds(struct run *r, struct err *e);
/* Where FD is, as our root has it: root.path may lead through symlinks. */
int mount_path(struct run *r, int fd, char *out, size_t size, struct err *e);
/* The container's /dev: made when missing; an error when it is a symlink (CVE-2026-41579). Owned by run->mounts. */
int mount_dev(struct run *r, struct err *e);
/* Makes the late mounts read-only, closes and frees everything. */
int mount_work_end(struct run *r, struct err *e);

struct mount_flags {
	uint64_t set, clear;	     /* MOUNT_ATTR_* of the mount itself */
	uint64_t rec_set, rec_clear; /* and of all below as well */
	unsigned long propagation;   /* MS_*, MS_REC; 0: private, recursive */
	bool tree;		     /* there may be mounts below */
};

/*
 * Gives the detached mount MNT its flags and attaches it at TARGET, in an order that never shows it with less than them.
 * Flags that are locked in our user namespace stay as they are, with a warning that names WHAT. Before Linux 5.12 flags
 * come right after attaching.
 */
int mount_place(struct run *r, int mnt, int target, const struct mount_flags *f, const char *what,
		struct err *e);
/* The flags alone, of a mount that is attached already; propagation 0: as it is. */
int mount_change(struct run *r, int mnt, const struct mount_flags *f, const char *what,
		 struct err *e);
/* The flags a plan asks for. FS: of a new file system, which starts without any. */
struct mount_flags mount_flags_of(const struct plan_mount *m);

/* MOUNT_ATTR_* as MS_* for mount(2). */
unsigned long mount_ms_flags(uint64_t attrs);

/* After something failed with RET in the container's tree: the hint for that. Returns RET. */
int hint_in_root(const struct run *r, int ret, struct err *e);

/* A new file system (mount_fs.c). */
struct fs_request {
	const char *type;
	const char *source;	/* NULL: none */
	const char *data;	/* options by commas */
	unsigned long sb_flags; /* MS_* */
	uint64_t attrs;		/* MOUNT_ATTR_* */
};

enum { FS_MESSAGE_SIZE = 256 };

/* Detached mount, or -errno with the kernel's own words in MESSAGE ("" when it has none). -E2BIG for what fsconfig(2) can't
 * carry, which mount(2) may. */
int fs_new(const struct fs_request *q, char message[FS_MESSAGE_SIZE]);
/* A planned mount of the kinds FS, PROC and SYSFS. */
int mount_fs(struct run *r, const struct plan_mount *m, struct err *e);

/* A planned mount of the kind CGROUP (mount_cgroup.c). */
int mount_cgroup(struct run *r, const struct plan_mount *m, struct err *e);

/* A recursive or single bind of the host's PATH in place of a file system the kernel refuses us. The mount, for the caller to
 * close, or -errno. */
int mount_host_bind(struct run *r, const char *path, bool recursive, int target,
		    const struct mount_flags *f, const char *what, struct err *e);

/*
 * Place for M: resolved below the root at this moment, made when missing (a directory if DIR, else an empty file).
 * *EXISTED (may be NULL) tells which. O_PATH descriptor or -errno; an error where the path leads to the root, or to what is mounted
 * on /proc, /sys or /dev, by another name (CVE-2019-19921).
 */
int mount_target(struct run *r, const struct plan_mount *m, bool dir, bool *existed, struct err *e);
/* The same for a file system, WHAT for the error: -ENOTDIR where something else than a directory has the name, of which the kernel
 * would say "Invalid argument". EXISTED is not NULL. */
int mount_target_dir(struct run *r, const struct plan_mount *m, const char *what, bool *existed,
		     struct err *e);
/* After M was attached as MNT: the root itself was mounted over when the destination is "/"; proc, sysfs and a new /dev on their
 * well-known places are remembered for mount_find() and mount_dev(). */
int mount_done(struct run *r, const struct plan_mount *m, int mnt, struct err *e);
/* Before something is mounted on DEST: what was there will be covered. */
void mount_forget(struct mount_work *w, const char *dest);
/* Are A and B the same directory or file, and on the same mount? Before Linux 5.8: the same, on whichever. */
bool mount_is_same(int a, int b);
/* Why M's destination could not be opened or made (DOING), with -errno R. Returns R. */
int mount_dest_failed(const struct run *run, const struct plan_mount *m, int r, const char *doing,
		      struct err *e);

/*
 * O_PATH of a path of the container for maskedPaths and readonlyPaths; -ENOENT when there is none. Below /proc and /sys it is
 * looked for in the very mounts that were made there: were the directory exchanged meanwhile for an empty one, the real proc
 * would stay unmasked under another name.
 */
int mount_find(struct run *r, const char *path);

/* mount_idmap.c. Asks the parent for what only it can open; what the descriptor is depends on M: the idmapped detached
 * mount (bind), the user namespace of the mapping (new file systems), or the source as O_PATH (not idmapped). */
int mount_ask_parent(struct run *r, const struct plan_mount *m, struct err *e);

/*
 * The root where the mount namespace is not the container's alone (rootfs_shared.c): a clone of DIR, attached on DIR and private,
 * which the parent has noted in the journal. The mount, to be r->root.fd, or -errno.
 */
int rootfs_share(struct run *r, int dir, struct err *e);
/* Propagation (MS_SHARED …) of one mount, or of a tree; also before Linux 5.12. E tells of nothing but a missing /proc. */
int mount_propagate(struct run *r, int mnt, unsigned long type, bool recursive, struct err *e);

/* --no-pivot: the container's root becomes the mount on top of "/" (rootfs_move.c). */
int rootfs_move(struct run *r, struct err *e);

/* A bind mount in two halves, for a container that runs (mounts.c): a detached mount of the source, in the namespace that has it, and its
 * place, in the container's. */
int mount_source_clone(struct run *r, const struct plan_mount *m, struct err *e);
int mount_source_attach(struct run *r, const struct plan_mount *m, int mnt, struct err *e);

/* A new file system in the same two halves (mount_fs.c): not of type tmpfs, and MNT as made so, or -EBADF: it is made where it is attached,
 * and stored in *MNT, for the caller to close also after an error. Never by mount(2): what that attached could be found by its path alone. */
int mount_fs_detached(struct run *r, const struct plan_mount *m, struct err *e);
int mount_fs_attach(struct run *r, const struct plan_mount *m, int *mnt, struct err *e);

/* Any planned mount (mounts.c). */
int mount_planned(struct run *r, const struct plan_mount *m, struct err *e);

/* Must M be written to before it may be read-only? tmpfs, and whatever is on /dev: rootfs.readonly does it then. */
bool mount_is_late(const struct plan_mount *m);

/* Words of a plan's flags for `explain`: "ro,nosuid,rprivate". */
void mount_words(const struct plan_mount *m, struct buf *out);

/* Descriptor of a device of the host, O_PATH in our mount namespace, checked to be TYPE (S_IFCHR, S_IFBLK) MAJOR:MINOR
 * (CVE-2025-31133). Before rootfs.pivot only. -ENODEV when it is something else. */
int host_device(struct run *r, const char *path, unsigned type, unsigned major, unsigned minor);
