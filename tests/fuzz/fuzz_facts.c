/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: recorded hosts. What loads is written again, and reads back as the same. */
#include "engine/facts_load.h"
#include "fuzz/fuzz.h"

static void check(const struct facts *f)
{
	auto_buf struct buf first = { 0 };
	auto_buf struct buf second = { 0 };
	static struct facts again;
	struct err e = { 0 };

	require(f->n_hierarchies <= FACTS_MAX_HIERARCHIES && f->kernel_major > 0);
	for (unsigned i = 0; i < f->n_hierarchies; i++)
		require(f->hierarchies[i].own[0] == '/');
	require(facts_save(f, &first) == 0);
	require(facts_load(&again, buf_str(&first), first.len, &e) == 0);
	require(facts_save(&again, &second) == 0);
	require(first.len == second.len && memcmp(first.p, second.p, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts f;
	struct err e = { 0 };

	int r = facts_load(&f, (const char *)data, size, &e);
	require_err(r, &e);
	if (r >= 0)
		check(&f);
	return 0;
}
