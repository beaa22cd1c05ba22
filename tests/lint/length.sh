#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails on a function over 100 lines or a source file over 1,000 (data tables excepted: src/spec/t_*.c, names.c, tests/lint/long-tables).
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."
bad=0
while read -r lines file; do
  case $file in src/spec/t_*.c | src/spec/names*.c | src/spec/mount_options.c | total) continue ;; esac
  [ "$lines" -le 1000 ] || { echo "$file: $lines lines"; bad=1; }
done < <(find src include -name '*.[ch]' -exec wc -l {} +)
while read -r n name file; do
  echo "$file: $name has $n lines"
  bad=1
done < <(find src -name '*.c' | ctags -L - -f - --fields=+ne --kinds-C=f 2>/dev/null |
  awk -F'\t' '{l = e = 0; for (i = 4; i <= NF; i++) {if ($i ~ /^line:/) l = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5)} if (e - l + 1 > 100) print e - l + 1, $1, $2}')
[ $bad = 0 ] && echo "length: no function over 100 lines, no file over 1,000"
exit $bad
