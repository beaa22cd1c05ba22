#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every libFuzzer target of BUILD (meson setup -Dfuzz=true) for SECONDS, two at a time.
#
# usage: tests/fuzz/run.sh BUILD SECONDS [TARGET…]
# The seed is fixed, so that a commit that passed passes again: FUZZ_SEED=N (0: by chance) looks elsewhere.
# New inputs go to BUILD/corpus/TARGET, what crashes, hangs or eats memory to BUILD/crashes/TARGET-… and stays there.
# Ends with "N passed, N failed"; the exit status says whether all passed.
set -uo pipefail
[ $# -ge 2 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(realpath -- "$1") || exit 2
seconds=$2
shift 2
unset CDPATH
cd "$(dirname "$0")" || exit 2
fixtures=$(realpath ../../oci-spec-fixtures)
crashes=$build/crashes
mkdir -p "$crashes"

all=(fuzz_*.c)
all=("${all[@]#fuzz_}")
targets=("$@")
[ $# -gt 0 ] || targets=("${all[@]%.c}")

# Real configurations are seeds too.
more_seeds() {
  case $1 in
    spec | explain) echo "$fixtures/valid" "$fixtures/invalid" ;;
    facts) echo "$fixtures/facts" ;;
  esac
}

# Runs one target; its output goes to BUILD/crashes/TARGET.log.
fuzz() {
  local t=$1 program=$build/tests/fuzz/fuzz_$1 seeds=() dir max=4096
  [ -x "$program" ] || { echo "not built: $program" > "$crashes/$t.log"; return 1; }
  mkdir -p "$build/corpus/$t"
  for dir in "$PWD/corpus/$t" $(more_seeds "$t"); do
    [ -d "$dir" ] && seeds+=("$dir")
  done
  [ "$t" != proto ] || max=40000
  # Without leak detection in between (it stops the world at each new input): the end looks once.
  UBSAN_OPTIONS=print_stacktrace=1 timeout -k 10 $((seconds + 120)) \
    "$program" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=$max -print_final_stats=1 \
    -artifact_prefix="$crashes/$t-" "$build/corpus/$t" "${seeds[@]}" > "$crashes/$t.log" 2>&1
}

report() { # report TARGET STATUS
  local log=$crashes/$1.log runs
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ "$2" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
    passed=$((passed + 1))
    echo "ok $1 ($runs inputs, $(sed -n 's/^.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) edges)"
  else
    failed=$((failed + 1))
    echo "not ok $1 (status $2): see $log"
    grep -hE '^SUMMARY|ERROR: |runtime error:|not true:|Test unit written to|not built' "$log" | head -n 12
    tail -n 40 "$log" | sed 's/^/  /'
  fi
}

passed=0 failed=0
declare -A target_of
running=0
reap() {
  local pid status=0
  wait -n -p pid || status=$?
  report "${target_of[$pid]}" $status
  running=$((running - 1))
}
for t in "${targets[@]}"; do
  [ $running -lt 2 ] || reap
  fuzz "$t" &
  target_of[$!]=$t
  running=$((running + 1))
done
while [ $running -gt 0 ]; do reap; done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
