/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one error value of ketch. Plain data without ownership: it is built on the stack when memory is
 * short, crosses the socket between parent and child as it is, and is never freed.
 *
 * Convention: leaf helpers in util and sys return -errno and take no struct err. Everything from spec
 * upwards takes `struct err *e` last, returns >= 0 or -errno, and fills e if and only if it returns < 0.
 * Only src/cli prints.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#include "util/util.h"

struct buf;

enum err_code {
	ERR_NONE,
	ERR_USAGE,	 /* the command line is wrong */
	ERR_BUNDLE,	 /* the bundle or a file of it can't be used */
	ERR_SPEC,	 /* config.json breaks a rule of the runtime-spec */
	ERR_STATE,	 /* the container's status forbids the operation */
	ERR_EXISTS,	 /* the id is taken */
	ERR_NOT_FOUND,	 /* no such container, command or file */
	ERR_KERNEL,	 /* a system call failed */
	ERR_UNSUPPORTED, /* asked for, but this build or this host can't */
	ERR_DENIED,	 /* EPERM, EACCES */
	ERR_HOOK,	 /* a hook failed */
	ERR_INTERNAL,	 /* a bug of ketch, or a peer that broke the protocol */
	ERR_N_CODES,
};

struct err {
	int32_t code;	/* enum err_code: what a program branches on */
	int32_t errnum; /* errno (positive), what the kernel said; 0 when there is none */
	uint32_t line;	/* in config.json, from 1; 0 = unknown */
	uint32_t col;
	char step[32];	 /* "mounts.all" */
	char where[160]; /* JSON path: "$.mounts[3].options[1]" */
	char msg[1024];	 /* what */
	char hint[192];	 /* what to do about it */
};

/* Starts an error that no system call reported. Clears e. Returns the -errno that stands for CODE. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap);

/* Starts an error from a failed call: R is its -errno. ": <strerror>" is appended to the message, of which a long one loses its
 * end for that. The code is DENIED for EPERM/EACCES, else KERNEL. Clears e. Returns R. */
int err_sys(struct err *e, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Adds the place in config.json as a JSON path ("$.mounts[3]"). Keeps one that is there already.
 * Returns the error's -errno, so that `return err_at(e, …)` ends a function. */
int err_at(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Adds what to do about it. Keeps one that is there already. Returns the error's -errno. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "<text>: " before the message; where both are too long "<te...: ...sage", with the message's end. Returns the error's -errno. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Names the step, unless one is named already. */
void err_step(struct err *e, const char *step);

/* -errno that stands for e. Never 0 for a filled e. */
int err_errno(const struct err *e);

/* Makes E, which came out of a packet, safe to read: all strings ended, code in range. */
void err_sanitize(struct err *e);

/* All of it that is for people, in one line without its end: "STEP: MESSAGE (DOCUMENT:LINE:COL  PATH); hint: HINT". DOCUMENT is
 * the name of the file that the place is in. For standard error and for logs: an engine shows its user nothing else. */
void err_line(const struct err *e, const char *document, struct buf *out);
/* "DOCUMENT:LINE:COL  PATH", as much of it as is known; the document's name is made plain (util/utf8.h). */
void err_place(const struct err *e, const char *document, struct buf *out);

/* "spec", "kernel", …: stable words for logs and for libketch. */
const char *err_code_name(int code);
