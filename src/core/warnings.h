/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reading a document (config.json, or a file of exec, update or mounts) found odd, as lines of the log. */
#pragma once

#include "spec/model.h"

/* FILE is the name that each line begins with: "FILE:LINE:COLUMN: PATH: TEXT". */
void log_spec_warnings(const char *file, const spec_warnings *warnings);
