/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `ketch update`: other resources for a container that exists. */
#pragma once

#include <stdbool.h>

#include "linux/cgroup.h"

struct cgroup_change {
	const struct facts *facts;
	const struct spec_resources *before, *now; /* BEFORE may be NULL */
	const struct cgroup_writes *writes;	   /* from the one to the other */
	bool devices;				   /* the device rules differ */
};

/* What was changed; CG and the change must outlive it. */
struct cgroup_updated;

/* Changes all. What was done is in *RET after an error, too (NULL: nothing was), to be taken back. */
int cgroup_update(struct cgroup_updated **ret, struct cgroup *cg,
		  const struct cgroup_change *change, struct err *e);
/* Takes it back, as far as the kernel lets us. U may be NULL. */
int cgroup_update_undo(struct cgroup_updated *u, struct err *e);
void cgroup_updated_free(struct cgroup_updated *u);
