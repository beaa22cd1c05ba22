/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/rules.h"

const struct rule rules_linux[] = { { NULL } };
