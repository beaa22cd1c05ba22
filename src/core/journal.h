/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of a container: one line for each thing that is about to be made outside its state directory, appended before it
 * is made, so that `delete --force` clears even after a ketch that was killed between any two system calls. One write(2) a line: after
 * a crash of the process a line is complete or absent.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

#define JOURNAL_FILE "journal"

#define JOURNAL_BUNDLE "bundle"	 /* its path, spelt as in mountinfo: it may hold a newline */
#define JOURNAL_CGROUP "cgroup"	 /* a directory, written by linux/cgroup */
#define JOURNAL_SCOPE  "scope"	 /* a systemd unit, written by linux/cgroup_systemd */
#define JOURNAL_MOUNT  "mount"	 /* the root's mount, written by linux/rootfs_shared */
#define JOURNAL_RDT    "resctrl" /* a group below resctrl's root, written by linux/rdt */
#define JOURNAL_PROCESS                                                                            \
	"process" /* PID START_TIME of a process on its way to being the container's */
#define JOURNAL_HOOK                                                                               \
	"hook" /* PID START_TIME of a hook that runs in the runtime's namespaces, leader of its group */
#define JOURNAL_AGENT "agent" /* PID START_TIME of the program with the seccomp plugins */
#define JOURNAL_CRIU  "criu"  /* PID START_TIME of the criu that a checkpoint waits for */
#define JOURNAL_HOOKS                                                                              \
	"hooks" /* the first hook is about to run: from here on an end runs poststop */

/* For many entries: DIR's journal, made if it is missing. */
int journal_open(int dir);
/* FD is such a journal. Neither WHAT nor VALUE may hold a newline. Nothing that adds an entry allocates memory: the child of a process
 * with threads, which some of them are for, must not (see sys_clone3()). */
int journal_put(int fd, const char *what, const char *value, struct err *e);
/* One entry. DIR is the container's directory. */
int journal_add(int dir, const char *what, const char *value, struct err *e);
/* Is there a journal of ketch's in DIR, which may be anybody's? Its first entry is the bundle. 1, 0 or -errno. */
int journal_is_ours(int dir);
/* Calls FN for each entry, the newest first. A missing journal has none. A negative return of FN ends. */
int journal_replay(int dir,
		   int (*fn)(void *ctx, const char *what, const char *value, struct err *e),
		   void *ctx, struct err *e);
/* The same for the text of a journal, which is cut up. An unfinished last line is no entry. */
int journal_each(char *text,
		 int (*fn)(void *ctx, const char *what, const char *value, struct err *e),
		 void *ctx, struct err *e);

/* An entry JOURNAL_PROCESS or JOURNAL_HOOK for the live or dead process PID, not reaped yet; the first one tells what it read. */
int journal_put_process(int fd, const char *what, pid_t pid, uint64_t *ret_start_time,
			struct err *e);
int journal_add_process(int dir, const char *what, pid_t pid, struct err *e);
/* SIGKILL to what such an entry names, if it is still that process; a hook's whole group. */
void journal_kill(const char *what, const char *value);
/* Waits for the end of what an entry JOURNAL_AGENT names, which comes with the container's; SIGKILL when it does not. */
void journal_end_agent(const char *value);
