#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when clang-format would change a source file.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."
bad=$(find src include tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run 2>&1 | grep -E 'warning:' | cut -d: -f1 | sort | uniq -c || true)
[ -z "$bad" ] || { echo "clang-format would change:"; echo "$bad"; exit 1; }
echo "format: as .clang-format says"
