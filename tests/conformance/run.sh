#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [OPTIONS] [LABEL=]RUNTIME...: runs the validation programs with each runtime (as root).
#
#   -s DIR     the suite as build.sh made it (default build-conformance/suite, built if missing)
#   -o DIR     where the results go (default build-conformance/results)
#   -w VIEWS   v1 (cgroup v1 hierarchies alone), host (the host as it is), or "v1 host", the default
#   -p GLOB    only the programs whose name matches (may be given several times)
#   -f         the programs of fixed/ too, whose own mistakes are mended by patches/
#   -j N       programs at a time (default 6: most of their time they sleep; those that use one
#              fixed cgroup run one after another all the same)
#
# DIR/results.tsv has one line for each program, view and runtime: program, view, runtime,
# result (pass, fail, skip, timeout), seconds, leftovers (what the program or the runtime left
# behind, by kind; one.sh has removed it) and the first thing that failed. What was printed and
# called is in DIR/LABEL/VIEW/PROGRAM/.
set -euo pipefail

unset CDPATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
suite=$top/build-conformance/suite out=$top/build-conformance/results
views='v1 host' folders=validation jobs=6 globs=()

usage() { sed -n '4,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

# wanted NAME: whether the program has been asked for.
wanted() {
  local glob
  [ ${#globs[@]} -gt 0 ] || return 0
  for glob in "${globs[@]}"; do
    # shellcheck disable=SC2053 # a pattern on purpose
    [[ $1 != $glob ]] || return 0
  done
  return 1
}

# tasks: one line for each run: the program's file, the view, the runtime, the result directory.
tasks() {
  local view runtime folder file name
  for view in $views; do
    for folder in $folders; do
      for file in "$suite/$folder"/*.t; do
        name=$(basename "$file" .t)
        wanted "$name" || continue
        name=${folder/validation/}/$name
        for runtime in "$@"; do
          echo "$folder/${file##*/} $view ${runtime#*=} $out/${runtime%%=*}/$view/${name#/}"
        done
      done
    done
  done
}

# go N FILE: runs the tasks of FILE, N at a time.
go() { nice -n 5 xargs -r -L 1 -P "$1" "$here/one.sh" "$suite" <"$2"; }

main() {
  local option runtime label path runtimes=() status=0
  while getopts s:o:w:p:fj: option; do
    case $option in
      s) suite=$OPTARG ;;
      o) out=$OPTARG ;;
      w) views=$OPTARG ;;
      p) globs+=("$OPTARG") ;;
      f) folders='validation fixed' ;;
      j) jobs=$OPTARG ;;
      *) usage ;;
    esac
  done
  shift $((OPTIND - 1))
  [ $# -gt 0 ] || usage
  [ "$(id -u)" = 0 ] || { echo "run.sh: must be run as root" >&2; exit 2; }
  for runtime in "$@"; do
    path=$(command -v "${runtime#*=}") || { echo "run.sh: no ${runtime#*=}" >&2; exit 2; }
    label=${runtime%%=*}
    runtimes+=("$(basename "$label")=$(realpath "$path")")
  done
  "$here/build.sh" "$suite"
  mkdir -p "$out"
  suite=$(realpath "$suite") out=$(realpath "$out")
  case "$suite$out${runtimes[*]//=/}" in
    *[!A-Za-z0-9_./,+\ -]*) echo "run.sh: a path has a character that cannot be used here" >&2; exit 2 ;;
  esac
  # The programs use cgroups of fixed names: one run at a time on a machine.
  exec 8>/run/lock/ketch-conformance
  flock 8
  tmp=$(mktemp -d) # not local: the trap needs it
  trap 'rm -rf "$tmp"' EXIT
  tasks "${runtimes[@]}" >"$tmp/all"
  grep -E '/(linux_cgroups_.*|delete_resources|delete_only_.*)\.t ' "$tmp/all" >"$tmp/serial" || :
  grep -vxFf "$tmp/serial" "$tmp/all" >"$tmp/parallel" || [ -s "$tmp/serial" ]
  cut -d' ' -f4 "$tmp/all" | sed 's,$,/result,' | xargs -r rm -f
  go 1 "$tmp/serial" &
  go $((jobs > 1 ? jobs - 1 : 1)) "$tmp/parallel" || status=$?
  wait $! || status=$?
  while read -r _ _ _ path; do
    runtime=${path#"$out"/}
    if [ -e "$path/result" ]; then
      awk -F'\t' -v OFS='\t' -v label="${runtime%%/*}" '{ $3 = label; print }' "$path/result"
    else
      echo "run.sh: no result in $path" >&2
      status=1
    fi
  done <"$tmp/all" >"$out/results.tsv"
  return "$status"
}

main "$@"
