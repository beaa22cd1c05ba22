/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the memory of an image is all there: CRIU 4.1 reads on without end from a pages-*.img that is shorter than its pagemap-*.img says
 * (criu.org/Memory_dumping_and_restoring, images/pagemap.proto).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu/image.h"
#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/pb.h"

enum {
	PAGEMAP_MAX = 256 << 20,
	PARENTS_MAX = 256, /* of a chain of pre-dumps */
	IMAGE_MAGIC = 0x54564319,
	PAGEMAP_MAGIC = 0x56084025,
};

/* pagemap_head: pages_id; pagemap_entry: the rest */
enum { HEAD_ID = 1, ENTRY_FEW = 2, ENTRY_IN_PARENT = 3, ENTRY_FLAGS = 4, ENTRY_MANY = 5 };
enum { FLAG_PRESENT = 1 << 2 };

static uint32_t word(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v)); /* CRIU writes those of the machine */
	return v;
}

/* The message at *AT, behind its length. 0 at the end, -EBADMSG for what is none. */
static int next_message(const char **at, size_t *left, struct pb_reader *ret)
{
	if (*left == 0)
		return 0;
	if (*left < sizeof(uint32_t))
		return -EBADMSG;
	uint32_t len = word(*at);

	if (len > *left - sizeof(len))
		return -EBADMSG;
	*ret = (struct pb_reader){ .at = *at + sizeof(len), .left = len };
	*at += sizeof(len) + len;
	*left -= sizeof(len) + len;
	return 1;
}

static int read_head(struct pb_reader *r, uint32_t *ret_id)
{
	struct pb_field f;
	int k;

	while ((k = pb_next(r, &f)) > 0) {
		if (f.number == HEAD_ID && f.wire == PB_VARINT)
			*ret_id = (uint32_t)f.value;
	}
	return k;
}

/* How many pages of an entry stand in this image: not those of its parent, nor those that lazy-pages has. */
static int read_entry(struct pb_reader *r, uint64_t *ret_pages)
{
	uint64_t few = 0, many = 0, flags = FLAG_PRESENT;
	struct pb_field f;
	int k;

	while ((k = pb_next(r, &f)) > 0) {
		if (f.number == ENTRY_FEW)
			few = f.value;
		else if (f.number == ENTRY_MANY)
			many = f.value;
		else if (f.number == ENTRY_FLAGS)
			flags = f.value;
		else if (f.number == ENTRY_IN_PARENT && f.value)
			flags = 0; /* of an old CRIU, which has no flags */
	}
	*ret_pages = !(flags & FLAG_PRESENT) ? 0 : many ? many : few;
	return k;
}

int image_pagemap_parse(const char *text, size_t len, uint32_t *ret_id, uint64_t *ret_pages)
{
	struct pb_reader r;
	uint64_t pages;

	*ret_id = 0;
	*ret_pages = 0;
	if (len < 8 || word(text) != IMAGE_MAGIC || word(text + 4) != PAGEMAP_MAGIC)
		return -EBADMSG;
	text += 8;
	len -= 8;
	int k = next_message(&text, &len, &r);
	if (k > 0)
		k = read_head(&r, ret_id);
	while (k >= 0 && (k = next_message(&text, &len, &r)) > 0) {
		k = read_entry(&r, &pages);
		if (k >= 0 && __builtin_add_overflow(*ret_pages, pages, ret_pages))
			k = -EBADMSG;
	}
	return k;
}

struct checking {
	int dir;
	bool failed; /* and *e says how */
	struct err *e;
};

static int check_pages(struct checking *c, uint32_t id, uint64_t pages)
{
	uint64_t want;
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "pages-%u.img", id);
	if (pages == 0 || __builtin_mul_overflow(pages, (uint64_t)sysconf(_SC_PAGESIZE), &want))
		return 0;
	auto_fd int fd = sys_openat(c->dir, name, O_PATH, 0);
	int r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (r >= 0 && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size >= want))
		return 0;
	c->failed = true;
	if (r < 0) {
		err_sys(c->e, r, "%s of the image", name);
		return err_hint(c->e,
				"copy the whole image directory again; with --page-server the "
				"memory is where that wrote it");
	}
	err_set(c->e, ERR_KERNEL, "%s of the image is cut off: it has %llu bytes, not %llu", name,
		(unsigned long long)st.st_size, (unsigned long long)want);
	return err_hint(c->e, "copy the whole image directory again");
}

/* One that can't be read is left to CRIU, which says so. */
static int check_file(void *ctx, const char *name, UNUSED unsigned char d_type)
{
	struct checking *c = ctx;
	auto_buf struct buf text = { 0 };
	uint64_t pages;
	uint32_t id;

	if (strncmp(name, "pagemap-", strlen("pagemap-")) != 0 ||
	    host_read(c->dir, name, PAGEMAP_MAX, &text) < 0 ||
	    image_pagemap_parse(buf_str(&text), text.len, &id, &pages) < 0)
		return 0;
	return check_pages(c, id, pages);
}

int image_check_pages(int dir, struct err *e)
{
	struct checking c = { .dir = dir, .e = e };
	auto_fd int parent = -EBADF;

	for (int i = 0; i < PARENTS_MAX; i++) {
		int r = host_list(c.dir, check_file, &c);

		if (r < 0)
			return c.failed ? r : err_sys(e, r, "read the image directory");
		int next = host_opendir(c.dir, "parent", false);
		close_fd(TAKE_FD(parent));
		if (next < 0)
			break;
		c.dir = parent = next;
	}
	return 0;
}
