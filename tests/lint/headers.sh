#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when a header does not compile alone, and when a file lacks its SPDX line.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."
bad=0
for h in $(find src include -name '*.h' | sort); do
  printf '#include "%s"\n' "${h#src/}" | sed 's|"include/|"|' |
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -iquote src -I include -I "${1:-build}" -x c - || { echo "$h does not compile alone"; bad=1; }
done
while read -r f; do
  head -n 2 "$f" | grep -q SPDX-License-Identifier || { echo "$f: no SPDX line"; bad=1; }
done < <(find src include tests contrib .ci -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.bats' -o -name '*.bash' -o -name '*.py' \))
[ $bad = 0 ] && echo "headers: each compiles alone, each file has its licence"
exit $bad
