/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a row of the table of resources is made of; for cgroup_table.c and cgroup_emit.c alone. */
#pragma once

#include "engine/cgroup_table.h"

enum cgroup_version { V1, V2 };

enum cgroup_section { IN_ROOT, IN_MEMORY, IN_CPU, IN_BLOCK_IO, IN_NETWORK };

enum cgroup_kind { KIND_BOOL, KIND_I64, KIND_U64, KIND_U32, KIND_U16 };
#define KIND_OF(type, member)                                                                      \
	_Generic(((type *)0)->member, bool                                                         \
		 : KIND_BOOL, int64_t                                                              \
		 : KIND_I64, uint64_t                                                              \
		 : KIND_U64, uint32_t                                                              \
		 : KIND_U32, uint16_t                                                              \
		 : KIND_U16)

struct cgroup_number {
	uint64_t u; /* two's complement when negative */
	bool negative;
};

/* Reading a table: the resources and where their files go. */
struct cgroup_table {
	const struct spec_resources *r;
	const struct facts *f;
	struct arena *arena;
	struct cgroup_writes *out;
	struct err *e;
	bool only_find; /* stop at the first property that is more than neutral */
	const char *found;
};

enum { CGROUP_TEXT_SIZE = 96 };

/* A number as the words of a file. 0; 1: another row's write says it already; or -errno with t->e. */
typedef int cgroup_text_fn(struct cgroup_table *t, struct cgroup_number v,
			   char out[CGROUP_TEXT_SIZE]);

struct cgroup_row {
	const char *path; /* below $.linux.resources */
	int (*emit)(struct cgroup_table *t, const struct cgroup_row *row);
	const char *controller[2]; /* by enum cgroup_version */
	const char *file[2];
	const char *other[2]; /* a second file, by the row's emit function */
	const char *neutral[2];
	cgroup_text_fn *text[2], *other_text[2]; /* NULL: the plain number */
	enum cgroup_section in;
	enum cgroup_kind kind;
	size_t has, value; /* offsets in the section */
	const char *key;   /* io.max */
	int which;	   /* enum spec_throttle */
	bool zero;
	enum cgroup_when when;
	unsigned flags;
};

extern const struct cgroup_row cgroup_rows[]; /* cgroup_table.c; cgroup_table_rows() of them */

/* cgroup_emit.c */
/* The struct of R that IN names; NULL: it is not there. */
const void *cgroup_section_of(const struct spec_resources *r, enum cgroup_section in);
/* Does R say something about the row? 0 where it stands for "not given" is nothing. */
bool cgroup_row_given(const struct cgroup_row *row, const struct spec_resources *r);

/* cgroup_emit.c: one member, or a list with a write for each entry */
int cgroup_emit_scalar(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_string(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_weight_devices(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_leaf_weight_devices(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_throttle(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_hugepages(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_priorities(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_rdma(struct cgroup_table *t, const struct cgroup_row *row);
int cgroup_emit_unified(struct cgroup_table *t, const struct cgroup_row *row);

/* cgroup_text.c */
cgroup_text_fn cgroup_text_number, cgroup_text_max, cgroup_text_swap_v1, cgroup_text_swap_v2,
	cgroup_text_cpu_weight, cgroup_text_io_weight, cgroup_text_quota_v2, cgroup_text_period_v2;
