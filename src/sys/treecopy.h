/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies what is in a directory of a hostile tree: by descriptors, no symlink followed, nothing opened before it is known to
 * be a file or a directory, no more of a file than it had at first, at most TREE_MAX_DEPTH levels.
 */
#pragma once

enum {
	TREE_MAX_DEPTH = 128,
	OVERFLOW_ID =
		65534, /* what an id looks like that the user namespace does not map (user_namespaces(7)) */
};

/*
 * Copies files, directories, symlinks, device nodes, FIFOs and sockets from the directory FROM (open for reading) into the
 * directory TO (O_PATH will do), with mode, owner, times and extended attributes as far as they can be set here: a set-user-id
 * or set-group-id bit not without its owner. SELF_FDS is the verified /proc/self/fd (proc_open_self_fds). *SKIPPED counts
 * device nodes that may not be made here. 0 or -errno; -ELOOP when the tree is too deep. What was copied until then stays.
 */
int tree_copy(int from, int to, int self_fds, unsigned *skipped);
