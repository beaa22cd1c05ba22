/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all steps, in order. */
#pragma once

#include "engine/executor.h"

extern const struct step_table step_table;
