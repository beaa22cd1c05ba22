#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A test that is skipped on this host runs in the test machine: its reason names the boot ("…: runs in tests/vm, boot NAME"; "boots NAME…": one of
# those that begin so). Fails for a reason that names none, and for a test that its boot's report does not have as passed; boots that
# are in the table for --all alone are told. usage: skips.sh BATS.tap VM.tap
set -uo pipefail
export LC_ALL=C.UTF-8

boots=$(dirname "$0")/../vm/boots

skips() { sed -n 's/^ok [0-9]* \(.*\) # skip *\(.*\)$/\1\t\2/p' "$1"; }

# is_boot NAME BOOT: BOOT may end with the dots.
is_boot() { [[ $1 == "$2" ]] || [[ $2 == *… && $1 == "${2%…}"* ]]; }

# ran NAME BOOT REPORT: its line has no "# skip".
ran() {
  local line
  while IFS= read -r line; do
    [[ $line == *": $1" ]] && is_boot "${line%": $1"}" "$2" && return
  done < <(sed -n 's/^ok [0-9]* //p' "$3" | grep -F -- ": $1")
  return 1
}

# in_all BOOT: a boot of that name runs with --all alone.
in_all() {
  local name when
  while IFS='|' read -r name when _; do
    name=$(xargs <<< "$name") when=$(xargs <<< "$when")
    [ "$when" = all ] && is_boot "$name" "$1" && return
  done < <(grep -v '^#' "$boots")
  return 1
}

bad=0 n=0 elsewhere=0
while IFS=$'\t' read -r name reason; do
  n=$((n + 1)) boot=
  ! [[ $reason =~ boots?' '([a-z0-9-]+…?) ]] || boot=${BASH_REMATCH[1]}
  if [ -z "$boot" ]; then
    echo "skipped, and its reason names no boot of tests/vm: $name ($reason)"
    bad=1
  elif ran "$name" "$boot" "$2"; then
    :
  elif in_all "$boot"; then
    elsewhere=$((elsewhere + 1))
    echo "skipped here, and runs only in boot $boot of tests/vm/run --all: $name"
  else
    echo "skipped here, and did not pass in boot $boot: $name ($reason)"
    bad=1
  fi
done < <(skips "$1")
echo "skips: $n tests were skipped here, $elsewhere of them run with tests/vm/run --all alone"
exit $bad
