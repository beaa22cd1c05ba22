/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Security labels of a process. */
#pragma once

#include "engine/step.h"

/* Whether the kernel takes these labels (NULL: none) for a process of ours, asked by a child that ends. The error names the property of the
 * process that sets the label. */
int lsm_try(struct run *r, const char *apparmor, const char *selinux, struct err *e);
