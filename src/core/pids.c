/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's processes as a sorted list. Hierarchies of v1 and cgroups below tell a process more than once. */
#include "core/pids.h"

#include <errno.h>
#include <stdlib.h>

struct adding {
	struct pids *pids;
	size_t max;
};

static int add(void *ctx, pid_t pid)
{
	struct adding *a = ctx;
	struct pids *p = a->pids;

	if (p->n == a->max)
		return 0;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		pid_t *v = realloc(p->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n++] = pid;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a < *(const pid_t *)b ? -1 : *(const pid_t *)a > *(const pid_t *)b;
}

int pids_of(struct container *c, size_t max, struct pids *ret, struct err *e)
{
	struct adding a = { .pids = ret, .max = max };
	size_t n = 0;

	int r = container_pids(c, add, &a, e);
	if (r < 0 || !ret->n)
		return r;
	qsort(ret->v, ret->n, sizeof(*ret->v), by_number);
	for (size_t i = 0; i < ret->n; i++) {
		if (n == 0 || ret->v[n - 1] != ret->v[i])
			ret->v[n++] = ret->v[i];
	}
	ret->n = n;
	return r;
}

bool pids_have(const struct pids *p, pid_t pid)
{
	return p->n && bsearch(&pid, p->v, p->n, sizeof(pid), by_number);
}

void pids_free(struct pids *p)
{
	free(p->v);
	*p = (struct pids){ 0 };
}
