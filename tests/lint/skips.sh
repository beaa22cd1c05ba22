#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A test that is skipped on this host runs in the test machine: its reason names the boot ("…: runs in tests/vm, boot NAME"), and that boot's
# report has it as passed. usage: skips.sh BATS.tap VM.tap
set -uo pipefail

skips() { sed -n 's/^ok [0-9]* \(.*\) # skip *\(.*\)$/\1\t\2/p' "$1"; }

# ran NAME BOOT REPORT: its line has no "# skip".
ran() { sed -n 's/^ok [0-9]* //p' "$3" | grep -qFx -- "$2: $1"; }

bad=0
while IFS=$'\t' read -r name reason; do
  if ! [[ $reason =~ 'tests/vm, boot '([a-z0-9]+) ]]; then
    echo "skipped, and its reason names no boot of tests/vm: $name ($reason)"
    bad=1
  elif ! ran "$name" "${BASH_REMATCH[1]}" "$2"; then
    echo "skipped here, and did not pass in boot ${BASH_REMATCH[1]}: $name ($reason)"
    bad=1
  fi
done < <(skips "$1")
exit $bad
