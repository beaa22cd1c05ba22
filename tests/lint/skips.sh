#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A test that is skipped on this host runs in the test machine: its reason names the boot ("…: runs in tests/vm, boot NAME"; "boots NAME…": one of
# those that begin so), and that boot's report has it as passed. usage: skips.sh BATS.tap VM.tap
set -uo pipefail
export LC_ALL=C.UTF-8

skips() { sed -n 's/^ok [0-9]* \(.*\) # skip *\(.*\)$/\1\t\2/p' "$1"; }

# ran NAME BOOT REPORT: its line has no "# skip". BOOT may end with the dots.
ran() {
  sed -n 's/^ok [0-9]* //p' "$3" | grep -F -- ": $1" | while IFS= read -r line; do
    [[ $line == "$2: $1" ]] || [[ $2 == *… && $line == "${2%…}"*": $1" && ${line%%: *} != *' '* ]] || continue
    echo "$line"
  done | grep -q .
}

bad=0 n=0
while IFS=$'\t' read -r name reason; do
  n=$((n + 1))
  if ! [[ $reason =~ boots?' '([a-z0-9-]+…?) ]]; then
    echo "skipped, and its reason names no boot of tests/vm: $name ($reason)"
    bad=1
  elif ! ran "$name" "${BASH_REMATCH[1]}" "$2"; then
    echo "skipped here, and did not pass in boot ${BASH_REMATCH[1]}: $name ($reason)"
    bad=1
  fi
done < <(skips "$1")
[ $bad = 1 ] || echo "skips: $n tests were skipped here, and passed in the test machine"
exit $bad
