#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Starts each engine that is installed with ketch below it; TAP.
#
# usage: tests/engines/run.sh [--compare] [ENGINE…]      ENGINE: podman podman-rootless containerd cri docker buildah crio replay   (default: all of these)
#        podman-units: Podman below systemd, in machines to throw away only
# ENGINE:systemd: with cgroups that systemd makes. ONLY=REGEX: the operations whose name matches. LIMIT=S: seconds for each command.
# JOBS=1: one engine after the other, each result at once.
# --compare: then with runc and crun too: what they fail in, and a table of all results. Success is ketch's.
# KETCH names the program. What is not installed is skipped, and said.
set -uo pipefail
unset CDPATH
cd "$(dirname "$0")" || exit 1
KETCH=$(realpath "${KETCH:-../../build/src/cli/ketch}")
export KETCH

compare=
if [ "${1:-}" = --compare ]; then compare=1; shift; fi
engines=("$@")
[ $# -gt 0 ] || engines=(replay crio podman podman-rootless containerd cri docker buildah)
# The program that each needs, and the boot of tests/vm that has it.
declare -A needs=([podman]="podman podman" [podman-rootless]="podman user-podman" [podman-units]="podman units-podman" [containerd]="containerd containerd"
  [cri]="containerd containerd" [docker]="dockerd docker" [buildah]="buildah docker" [crio]="conmon crio" [replay]="bats crio")

number=0 failed=0
# The scripts count by themselves; here all are one list.
renumber() {
  while IFS= read -r line; do
    case $line in
    '1..0 '*) number=$((number + 1)); echo "ok $number - ${line#1..0 }" ;;
    1..*) ;;
    'Bail out!'*) # what an engine could not begin with is no success
      number=$((number + 1)) failed=$((failed + 1))
      echo "not ok $number - ${line#Bail out! }"
      ;;
    'ok '* | 'not ok '*)
      number=$((number + 1))
      case $line in not*) failed=$((failed + 1)); echo "not ok $number ${line#not ok * }" ;; *) echo "ok $number ${line#ok * }" ;; esac
      ;;
    *) echo "$line" ;;
    esac
  done
}

one() { # one ENGINE RUNTIME
  local engine=${1%:*} cgroups=cgroupfs program boot
  read -r program boot <<< "${needs[$engine]}"
  if ! command -v "$program" > /dev/null; then echo "ok 1 - $1 # skip $program is not installed: runs in tests/vm, boot $boot"; return; fi
  if [[ $1 == *:* ]]; then cgroups=${1#*:}; fi
  if [ -e "$engine.bats" ]; then
    bats --tap ${ONLY:+--filter "$ONLY"} "$engine.bats"
  else
    CGROUPS=$cgroups RUNTIME=$2 bash "$engine.sh"
  fi
  local status=$?
  # A script that breaks off has counted nothing.
  [ $status -le 1 ] || echo "not ok 1 - $1 ended with status $status"
}

# Two at a time: an engine waits more than it works. JOBS=1: one, and each result at once.
dir=$(mktemp -d)
all() { # all RUNTIME: the output of the engines, in their order
  local e
  if [ "${JOBS:-2}" = 1 ]; then
    for e in "${engines[@]}"; do one "$e" "$1" 2>&1; done
    return
  fi
  for e in "${engines[@]}"; do
    while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n; done
    one "$e" "$1" > "$dir/$e" 2>&1 &
  done
  wait
  for e in "${engines[@]}"; do cat "$dir/$e"; done
}

# table FILE…: what RESULTS has of each runtime, side by side.
table() {
  local file
  for file in "$@"; do sort -s -t: -k1,1 -o "$file" "$file"; done
  awk -F '\t' '
    FNR == 1 { n++; title[n] = FILENAME; sub(/.*results[.]/, "", title[n]) }
    { if (!($1 in seen)) { seen[$1] = 1; order[++rows] = $1 } result[$1, n] = $2; good[n] += $2 == "ok" }
    END {
      printf "# %-62s", "operation"
      for (i = 1; i <= n; i++) printf " %-8s", title[i]
      print ""
      for (r = 1; r <= rows; r++) {
        printf "# %-62s", order[r]
        for (i = 1; i <= n; i++) printf " %-8s", ((order[r], i) in result) ? result[order[r], i] : "-"
        print ""
      }
      printf "# %-62s", rows " operations, passed"
      for (i = 1; i <= n; i++) printf " %-8d", good[i]
      print ""
    }' "$@"
}

if [ -n "$compare" ]; then export RESULTS=$dir/results.ketch; fi
renumber < <(all "$KETCH")
if [ -n "$compare" ]; then
  mapfile -t engines < <(printf '%s\n' "${engines[@]}" | grep -vxE 'replay|crio')
  tables=("$RESULTS")
  for r in runc crun; do
    command -v "$r" > /dev/null || { echo "# $r is not installed"; continue; }
    RESULTS=$dir/results.$r
    tables+=("$RESULTS")
    # What it fails with, as comments: they are no results of ours.
    all "$r" | sed -n "/^ok \|^1[.][.]/!s/^/# $r: /p"
  done
  table "${tables[@]}"
fi
# The plan comes last: a machine that is lost meanwhile is a failure.
echo "1..$number"
rm -rf "$dir"
[ $failed = 0 ]
