/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/mounts_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sys/raw.h"

int mounts_record_id(int fd, uint64_t *ret)
{
	int r = sys_mount_unique_id(fd, ret);

	return r == -ENOSYS ? sys_mount_id(fd, ret) : r;
}

void mounts_record_add(struct buf *record, uint64_t id, const char *dest)
{
	buf_addf(record, "%" PRIu64 " %s", id, dest);
	buf_addc(record, '\0');
}

/* The entry at *AT, which moves on; false at the end. One that was cut off is none. */
static bool next(const struct buf *record, size_t *at, uint64_t *id, const char **dest)
{
	const char *begin = buf_str(record) + *at;
	const char *end = memchr(begin, '\0', record->len - *at);
	char *space;

	if (!end)
		return false;
	*id = strtoull(begin, &space, 10);
	*dest = *space ? space + 1 : space;
	*at += (size_t)(end - begin) + 1;
	return true;
}

bool mounts_record_has(const struct buf *record, uint64_t id, const char *dest)
{
	bool known = false, asked = false;
	const char *d;
	size_t at = 0;
	uint64_t i;

	while (next(record, &at, &i, &d)) {
		bool same = strcmp(d, dest) == 0;

		if (same && i == id)
			return true;
		asked |= same;
		known |= i == id;
	}
	return known && !asked;
}

void mounts_record_drop(struct buf *record, uint64_t id)
{
	const char *dest;
	size_t at = 0, begin;
	uint64_t i;

	for (begin = 0; next(record, &at, &i, &dest); begin = at) {
		if (i != id)
			continue;
		memmove(record->p + begin, record->p + at, record->len - at);
		record->len -= at - begin;
		at = begin;
	}
}
