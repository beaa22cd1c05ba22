/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The overlay through which ketch executes itself a second time (sys/selfexe.h), and the way to do so before the C
 * library has started: the library's start, ~0.5 ms of a run, is then paid once instead of twice.
 */
#pragma once

#include <stddef.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

enum {
	/* Together with a path of one component no ordinary root file system looks like this. */
	SELFCOPY_ATTRS = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			 MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME,
	SELFCOPY_FLAGS = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOATIME | ST_NODIRATIME,
	/* The copy is executed through this descriptor; the kernel tells the new program so. */
	SELFCOPY_FD = 999,
};

/* Opens PATH, which is where /proc/self/exe leads and EXE has open, through an overlay of two lower directories and no
 * upper one, attached nowhere. PATH is of SIZE bytes and is changed. Returns a descriptor; -ESTALE when PATH is another
 * file by now; -errno. Needs no C library. */
int selfcopy_overlay(int exe, char *path, size_t size);

/* Called with the stack as the kernel laid it out, before anything else of the program (sys/entry.S). Executes the
 * command that STACK holds again from such an overlay if it is one that enters containers; returns when it is another
 * one, runs from the copy already, or when that can't be done: selfexe_protect() looks again, and has other ways. */
void selfcopy_early(long *stack);
