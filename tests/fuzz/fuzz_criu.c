/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what comes with an image or from CRIU. First byte: 'a' an answer of its RPC, 'l' its log, 'n' ketch.json, 'd' descriptors.json,
 * 'p' a pagemap, 't' a pstree.img.
 */
#include "criu/image.h"
#include "criu/swrk.h"
#include "fuzz/fuzz.h"

static void answer(const uint8_t *data, size_t size)
{
	struct criu_answer a;
	char *copy = fuzz_text(data, size);

	if (criu_read_answer(copy, size, &a) >= 0) {
		require_line(a.script, sizeof(a.script));
		require_line(a.errmsg, sizeof(a.errmsg));
		require(a.pid >= 0 && a.version >= 0 && a.version < 1000000);
	}
	free(copy);
}

static void log_text(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	char *text = fuzz_text(data, size);

	err_set(&e, ERR_KERNEL, "criu said nothing");
	int r = criu_explain_text(text, "/w/dump.log", "checkpoint", &e);
	require(r < 0);
	require_err(r, &e);
	free(text);
}

static void note(const uint8_t *data, size_t size, bool descriptors)
{
	struct image_note n = { 0 };
	struct err e = { 0 };
	char *text = fuzz_text(data, size);

	int r = descriptors ? image_descriptors_parse(&n, text, size, &e)
			    : image_note_parse(&n, text, size, &e);
	require_err(r, &e);
	for (size_t i = 0; r >= 0 && i < n.mounts.n; i++)
		require(n.mounts.v[i].name && *n.mounts.v[i].name && n.mounts.v[i].source);
	for (size_t i = 0; r >= 0 && i < n.files.n; i++)
		require(n.files.v[i].key && n.files.v[i].fd >= -1 && n.files.v[i].fd <= 2);
	image_note_clear(&n);
	free(text);
}

static int count(void *ctx, UNUSED uint32_t pid)
{
	++*(unsigned *)ctx;
	return 0;
}

static void process_tree(const uint8_t *data, size_t size)
{
	unsigned n = 0;
	char *text = fuzz_text(data, size);

	(void)image_pstree_parse(text, size, count, &n);
	require(n <= size);
	free(text);
}

static void pagemap(const uint8_t *data, size_t size)
{
	uint64_t pages;
	uint32_t id;
	char *text = fuzz_text(data, size);

	(void)image_pagemap_parse(text, size, &id, &pages);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'a':
		answer(data + 1, size - 1);
		break;
	case 'p':
		pagemap(data + 1, size - 1);
		break;
	case 't':
		process_tree(data + 1, size - 1);
		break;
	case 'l':
		log_text(data + 1, size - 1);
		break;
	case 'n':
	case 'd':
		note(data + 1, size - 1, data[0] == 'd');
		break;
	}
	return 0;
}
