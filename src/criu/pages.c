/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the memory of an image's processes is all there: CRIU 4.1 reads on without end from a pages-*.img that is shorter than its
 * pagemap-*.img says (criu.org/Memory_dumping_and_restoring, images/pagemap.proto, images/pstree.proto). Only the processes of pstree.img
 * count: a directory may also have files of an earlier dump that failed.
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
	PSTREE_MAX = 64 << 20,
	PARENTS_MAX = 256, /* of a chain of pre-dumps */
	IMAGE_MAGIC = 0x54564319,
	PAGEMAP_MAGIC = 0x56084025,
	PSTREE_MAGIC = 0x50273030,
};

/* pagemap_head: pages_id and pstree_entry: pid; pagemap_entry: the rest */
enum { FIRST = 1, ENTRY_FEW = 2, ENTRY_IN_PARENT = 3, ENTRY_FLAGS = 4, ENTRY_MANY = 5 };
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

static int read_first(struct pb_reader *r, uint32_t *ret)
{
	struct pb_field f;
	int k;

	while ((k = pb_next(r, &f)) > 0) {
		if (f.number == FIRST && f.wire == PB_VARINT)
			*ret = (uint32_t)f.value;
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

static int skip_magic(const char **at, size_t *left, uint32_t magic)
{
	if (*left < 8 || word(*at) != IMAGE_MAGIC || word(*at + 4) != magic)
		return -EBADMSG;
	*at += 8;
	*left -= 8;
	return 0;
}

int image_pagemap_parse(const char *text, size_t len, uint32_t *ret_id, uint64_t *ret_pages)
{
	struct pb_reader r;
	uint64_t pages;

	*ret_id = 0;
	*ret_pages = 0;
	int k = skip_magic(&text, &len, PAGEMAP_MAGIC);
	if (k >= 0)
		k = next_message(&text, &len, &r);
	if (k > 0)
		k = read_first(&r, ret_id);
	while (k >= 0 && (k = next_message(&text, &len, &r)) > 0) {
		k = read_entry(&r, &pages);
		if (k >= 0 && __builtin_add_overflow(*ret_pages, pages, ret_pages))
			k = -EBADMSG;
	}
	return k;
}

int image_pstree_parse(const char *text, size_t len, int (*fn)(void *ctx, uint32_t pid), void *ctx)
{
	struct pb_reader r;

	int k = skip_magic(&text, &len, PSTREE_MAGIC);
	while (k >= 0 && (k = next_message(&text, &len, &r)) > 0) {
		uint32_t pid = 0;

		k = read_first(&r, &pid);
		if (k >= 0)
			k = fn(ctx, pid);
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

/* What can't be read is left to CRIU, which says so. */
static int check_process(void *ctx, uint32_t pid)
{
	struct checking *c = ctx;
	auto_buf struct buf text = { 0 };
	uint64_t pages;
	char name[32];
	uint32_t id;

	snprintf(name, sizeof(name), "pagemap-%u.img", pid);
	if (host_read(c->dir, name, PAGEMAP_MAX, &text) < 0 ||
	    image_pagemap_parse(buf_str(&text), text.len, &id, &pages) < 0)
		return 0;
	return check_pages(c, id, pages);
}

int image_check_pages(int dir, struct err *e)
{
	struct checking c = { .dir = dir, .e = e };
	auto_buf struct buf pstree = { 0 };
	auto_fd int parent = -EBADF;

	if (host_read(dir, "pstree.img", PSTREE_MAX, &pstree) < 0)
		return 0;
	for (int i = 0; i < PARENTS_MAX; i++) {
		int r = image_pstree_parse(buf_str(&pstree), pstree.len, check_process, &c);

		if (c.failed)
			return r;
		int next = host_opendir(c.dir, "parent", false);
		close_fd(TAKE_FD(parent));
		if (next < 0)
			break;
		c.dir = parent = next;
	}
	return 0;
}
