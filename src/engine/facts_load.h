/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recorded hosts read back: `explain --facts FILE` plans for a host that is not this one. Pure. */
#pragma once

#include <stddef.h>

#include "sys/facts.h"
#include "util/err.h"

/* Fills *F from what facts_save() wrote, or from a hand-made file: members that are left out are 0, false and "", but the
 * kernel's version must be there; a member that is unknown or of the wrong type is an error with its JSON path. */
int facts_load(struct facts *f, const char *json, size_t len, struct err *e);
