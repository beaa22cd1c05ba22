/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of libketch: what went wrong, in which step, where in config.json, and what to do about it. */
#ifndef KETCH_ERROR_H
#define KETCH_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* What a program branches on. New codes may be added; treat unknown ones as KETCH_ERROR_INTERNAL. */
enum ketch_error_code {
	KETCH_ERROR_USAGE = 1,
	KETCH_ERROR_BUNDLE,
	KETCH_ERROR_SPEC,
	KETCH_ERROR_STATE,
	KETCH_ERROR_EXISTS,
	KETCH_ERROR_NOT_FOUND,
	KETCH_ERROR_KERNEL,
	KETCH_ERROR_UNSUPPORTED,
	KETCH_ERROR_DENIED,
	KETCH_ERROR_HOOK,
	KETCH_ERROR_INTERNAL
};

typedef struct ketch_error ketch_error;

/* The accessors take an error that a function of libketch filled, or NULL (KETCH_ERROR_INTERNAL, of which nothing else is known);
 * strings live as long as the error and are never NULL ("" = unknown). */
enum ketch_error_code ketch_error_code(const ketch_error *e);
const char *ketch_error_code_name(const ketch_error *e); /* "spec", "not-found", … */
int ketch_error_errno(const ketch_error *e);		 /* what the kernel said; 0 = nothing */
const char *ketch_error_message(const ketch_error *e);
const char *ketch_error_step(const ketch_error *e);	 /* "mounts.all" */
const char *ketch_error_json_path(const ketch_error *e); /* "$.mounts[3]" */
/* Where in config.json, or in the document that the call was given (process_file, RESOURCES); 0 = unknown. */
unsigned ketch_error_line(const ketch_error *e);
unsigned ketch_error_column(const ketch_error *e);
const char *ketch_error_hint(const ketch_error *e);
/* NULL is allowed. */
void ketch_error_free(ketch_error *e);

#ifdef __cplusplus
}
#endif
#endif
