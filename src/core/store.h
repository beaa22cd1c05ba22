/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state root: one directory per container, named by its id, mode 0700. */
#pragma once

#include <stdbool.h>

#include "util/err.h"
#include "util/strv.h"

struct store {
	char *path; /* absolute */
	int fd;	    /* O_RDONLY | O_DIRECTORY */
};

/* "/run/ketch" for root; $XDG_RUNTIME_DIR/ketch (when absolute) else /run/user/UID/ketch for everybody else, and for root of a user
 * namespace with an XDG_RUNTIME_DIR or with a /run that is not its own (UID: its id outside, so that both have one directory). malloc'ed. */
int store_default_path(char **ret, struct err *e);
/* The absolute form of GIVEN (--root); malloc'ed. */
int store_path(const char *given, char **ret, struct err *e);

/* Opens the state root PATH (NULL: the default). MAKE creates it, 0700, when missing; without MAKE a missing root is
 * success with fd -EBADF: it holds no containers. */
int store_open(struct store *s, const char *path, bool make, struct err *e);
void store_close(struct store *s);

/* [A-Za-z0-9_+.-], 1 to 255 characters (a directory's name), not ".", ".." or the cache's name. Every command checks its id with this. */
int id_check(const char *id, struct err *e);

/* Opens the directory of ID, O_RDONLY|O_DIRECTORY. NOT_FOUND "container does not exist": there is none, or it is not a container's. DENIED:
 * everybody can change it, or it is another user's, neither root's nor that of the state root's owner. Any other error leaves open whether there is one. */
int store_open_dir(const struct store *s, const char *id, struct err *e);
/* Removes the directory of ID, which is DIR and locked, with all that is ketch's in it. -ENOTEMPTY: all of that is removed, but the
 * directory has something else. */
int store_remove_dir(const struct store *s, const char *id, int dir, struct err *e);
/* Exclusive lock on a container's directory DIR, which is ID's: waits up to TIMEOUT_MS, then STATE naming the holder. A directory that was
 * deleted while we waited is NOT_FOUND. The lock ends with the descriptor. */
int store_lock(const struct store *s, const char *id, int dir, int timeout_ms, struct err *e);
/* Is DIR, opened before, still the directory of ID? 1, 0 or -errno. */
int store_is(const struct store *s, const char *id, int dir);
/* Ids of all containers, sorted; of directories that could not be looked at, too, but not of those that we have no permission for.
 * Adds to *ret. */
int store_list(const struct store *s, struct strv *ret, struct err *e);

#define auto_store AUTO(store_close)
#define STORE_NONE                                                                                 \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}
