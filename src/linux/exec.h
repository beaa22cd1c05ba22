/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the program (execvp rules) and telling why execve refused it. */
#pragma once

#include "engine/plan.h"
#include "util/err.h"
#include "util/strv.h"

/*
 * The file that `execvp` would run for NAME with ENV's PATH, as the calling thread's effective ids see it, in the words
 * engines look for: `exec: "X": executable file not found in $PATH`, `exec: "/X": stat /X: no such file or directory`,
 * `exec: "X": permission denied`, `exec: "X": is a directory`. *ret is malloc'ed.
 */
int exec_lookup(const char *name, const struct strv *env, char **ret, struct err *e);

/* The same for somebody who looks from outside: TRY_FILE is asked about each file instead of the kernel: 0 when it may be executed, or
 * the -errno of execve; *MODE as far as it is known, else 0. */
struct exec_view {
	int (*try_file)(void *ctx, const char *file, mode_t *mode);
	void *ctx;
};
int exec_lookup_in(const struct exec_view *view, const char *name, const struct strv *env,
		   char **ret, struct err *e);

/* After a failed execve of PATH with ERRNUM: looks into the file (interpreter of a script or an ELF file missing, CRLF
 * in the #! line, other architecture, not executable format, empty) and writes message and hint. ROOT_FD is the
 * container's root (O_PATH), so that `start` can do it from the host. Returns -errnum. */
int exec_diagnose(int root_fd, const char *path, int errnum, struct err *e);

/* The same without an attempt: 0 when there is nothing to be seen that would make execve fail, else -errno, as execve would have it;
 * -ENOEXEC may be wrong where binfmt_misc knows the format. */
int exec_check(int root_fd, const char *path, struct err *e);

/* exec_diagnose() within the container, whose root is "/" for the caller. */
int exec_tell_failure(const char *path, int errnum, struct err *e);
/* What the number alone says, of an execve under a seccomp filter and a file in which nothing was seen to fit it. Returns -errnum. */
int exec_tell_number(const char *path, int errnum, struct err *e);
/* What a shell would exit with: 127 when the program is not there, else 126. */
int exec_status(int errnum);

/* E2BIG told beforehand, with the sizes: one entry or all of args and ENV are more than execve will take. */
int exec_check_size(const struct plan *p, const struct strv *env, struct err *e);

/* Parts of the messages. NAME, cut when it is long, since engines look for what comes behind it: itself or OUT. */
enum { EXEC_NAME_SIZE = 128, EXEC_REASON_SIZE = 64 };
const char *exec_shorten(const char *name, char out[EXEC_NAME_SIZE]);
/* "no such file or directory": the first letter small, as engines expect. */
void exec_reason(int errnum, char out[EXEC_REASON_SIZE]);
enum err_code exec_code(int errnum);
