/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `ketch --version`, in the form that engines parse: "ketch version X" first, then commit and spec. */
#pragma once

#include "util/buf.h"

void version_text(struct buf *out);
