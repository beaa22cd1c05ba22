#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [-k] [-o DIR] [KETCH]: the OCI runtime-tools conformance suite with ketch, as root.
#
# Runs the validation programs (and those of fixed/) with KETCH (default build/src/cli/ketch) and,
# in the same run, with Debian's crun and runc: this machine's and trixie's. Prints one line for
# each program and view, and fails where ketch
#   - fails a program that one of the others passes, unless expected.tsv says "differ" or "either",
#   - gives another result than expected.tsv says, or
#   - leaves processes, mounts or cgroups behind without a container that they belong to.
# A program that fails as expected.tsv says, with its reason, counts as skipped.
# A runtime that fails the program `default` in a view can make no container there at all: what it
# "passes" in that view counts for nothing.
#
#   -k      ketch alone, for a quick look
#   -o DIR  where the results go (default build-conformance/results)
set -euo pipefail

unset CDPATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
suite=$top/build-conformance/suite out=$top/build-conformance/results alone=

# holds CONDITION: whether this host meets a condition of expected.tsv.
holds() {
  local controller bounding
  case $1 in
    v1:*)
      for controller in ${1//[:,]/ }; do
        [ "$controller" = v1 ] || grep -qE " - cgroup [^ ]+ ([^ ]*,)?$controller(,|\$)" /proc/self/mountinfo || return 1
      done
      ;;
    allcaps)
      bounding=$((16#$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))
      [ "$bounding" -eq $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)) ]
      ;;
    *) echo "check.sh: unknown condition $1" >&2; exit 2 ;;
  esac
}

# settled: expected.tsv for this host: program, view, pass|fail|either|differ, reason.
settled() {
  local program view expectation reason each
  grep -v '^#' "$here/expected.tsv" | while IFS=$'\t' read -r program view expectation reason; do
    case $expectation in
      need:*) if holds "${expectation#need:}"; then expectation=pass; else expectation=fail; fi ;;
      pass | fail | either | differ) ;;
      *) echo "check.sh: unknown expectation $expectation" >&2; exit 2 ;;
    esac
    for each in ${view/both/v1 host}; do
      printf '%s\t%s\t%s\t%s\n' "$program" "$each" "$expectation" "$reason"
    done
  done
}

main() {
  local option ketch peers=()
  while getopts ko: option; do
    case $option in
      k) alone=yes ;;
      o) out=$OPTARG ;;
      *) sed -n '4,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
    esac
  done
  shift $((OPTIND - 1))
  ketch=${1:-$top/build/src/cli/ketch}
  [ -x "$ketch" ] || { echo "check.sh: no $ketch" >&2; exit 2; }
  "$here/build.sh" "$suite"
  [ -n "$alone" ] || peers=(crun=/usr/bin/crun runc=/usr/sbin/runc
    "crun-trixie=$suite/peers/crun" "runc-trixie=$suite/peers/runc")
  "$here/run.sh" -f -s "$suite" -o "$out" "ketch=$ketch" "${peers[@]}"
  settled >"$out/expected.tsv"
  awk -F'\t' -v out="$out" -f "$here/compare.awk" "$out/expected.tsv" "$out/results.tsv"
}

main "$@"
