/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `ketch --version`, in the form that engines parse: "ketch version X" first, then commit and spec. */
#pragma once

#include "util/buf.h"

void version_text(struct buf *out);
/* "2.5.4", written to OUT; NULL when the library does not tell. */
const char *version_libseccomp(char *out, size_t size);
