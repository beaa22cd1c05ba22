/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that a runtime adds to CRIU's in an image directory: descriptors.json, what the first process's standard descriptors were (the
 * form of runc, which others read too), and ketch.json, what else a restore must know that CRIU does not tell.
 */
#pragma once

#include "spec/model.h"
#include "util/err.h"

#define IMAGE_DESCRIPTORS "descriptors.json"
#define IMAGE_NOTE	  "ketch.json"
#define IMAGE_INVENTORY	  "inventory.img" /* CRIU's: in every image */

#define IMAGE_TERMINAL "tty["

enum { IMAGE_NOTE_VERSION = 1, IMAGE_FILE_MAX = 16 << 20, IMAGE_LIST_MAX = 8192 };

/* A mount that came from outside and not from config.json: a masked file's, a hook's. */
struct image_mount {
	char *name;   /* as the image calls it: its place in the container */
	char *source; /* where it was found on the host; "" = nowhere */
};

/* A file from outside the container's mounts that was open in it. */
struct image_file {
	char *key;   /* "file[MOUNT:INODE]", "tty[RDEV:DEV]" */
	int64_t fd;  /* of the first process's standard descriptors; -1: none of them */
	char *path;  /* what it was, for messages */
	bool device; /* a character device: /dev/null nearly always; else a file or directory */
};

struct image_note {
	struct arena arena;
	bool found; /* there was a file */
	bool added; /* its string lists were made by strv_add() */
	int64_t version;
	bool nested_cgroups;	 /* processes were in cgroups below the container's */
	struct strv namespaces;	 /* external: "network", "pid" */
	struct strv binds;	 /* names of the mounts from outside that config.json has */
	struct strv descriptors; /* of descriptors.json */
	SPEC_LIST(struct image_mount) mounts;
	SPEC_LIST(struct image_file) files;
};

/* Both files of the image directory DIR. */
int image_note_write(const struct image_note *n, int dir, struct err *e);
/* Missing ones are success: the image is another runtime's. */
int image_note_read(struct image_note *n, int dir, struct err *e);
/* Their texts. Pure. */
int image_note_parse(struct image_note *n, const char *text, size_t len, struct err *e);
int image_descriptors_parse(struct image_note *n, const char *text, size_t len, struct err *e);
/* Are its lists longer than a restore takes (IMAGE_LIST_MAX)? The image's author may be anybody, and each element is looked for among others. */
int image_note_check(const struct image_note *n, struct err *e);
void image_note_clear(struct image_note *n);
/*
 * Whether the pages that an image in DIR and those of its parents say they have are there: CRIU hangs where they are not. Not for a restore
 * with lazy pages.
 */
int image_check_pages(int dir, struct err *e);
/* A pstree.img: FN for each process, until it returns < 0. 0, -EBADMSG, or what FN returned. Pure. */
int image_pstree_parse(const char *text, size_t len, int (*fn)(void *ctx, uint32_t pid), void *ctx);
/* A pagemap-*.img: the number of its pages-*.img, and how many it has. 0 or -EBADMSG. Pure. */
int image_pagemap_parse(const char *text, size_t len, uint32_t *ret_id, uint64_t *ret_pages);

/* -EILSEQ: a restore would not take such a name. */
int image_note_add_mount(struct image_note *n, const char *name, const char *source);
int image_note_add_file(struct image_note *n, const char *key, int fd, const char *path,
			bool device);
/* NULL: it has none of that name. */
const struct image_mount *image_note_mount(const struct image_note *n, const char *name);
