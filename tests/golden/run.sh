#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Plans as golden files: `ketch explain --json` of every valid config for every recorded host, compared with what is stored here. A
# change of a plan is seen, and reviewed, as a diff. Needs no root; nothing of this host or of the place of this tree is in a plan.
#
#   v2-systemd/NAME.json   the plan on that host, a step a line; exec/NAME.json: that of `ketch exec` there
#   HOST/NAME.diff         what differs on HOST from v2-systemd, in diff's words: the steps that go by name, those that come in full
#   config/NAME.diff       of the configs that are about one property: what differs on v2-systemd from the plan of $least
#
# The configs that are stored for every host are $least, those of the engines and those without a subject.
# A plan that is refused is the error's line.
#
# usage: run.sh KETCH [--update]      --update writes what is missing or differs, and removes what has no config any more
set -uo pipefail
ketch=$(realpath "$1")
update=${2:-}
unset CDPATH
cd "$(dirname "$0")" || exit 1
fixtures=$(realpath ../../oci-spec-fixtures)
base=v2-systemd
least=toplevel/schema-minimal-for-start
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES XDG_RUNTIME_DIR

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

# plan HOST CONFIG [OPTION…]: the plan, or the error's line
plan() {
  local host=$1 config=$2
  shift 2
  "$ketch" --root /run/ketch explain --json --bundle /bundle --config "$config" --facts "$fixtures/facts/$host.json" "$@" golden 2>&1 < /dev/null |
    sed "s|($config:|(config.json:|"
}

# difference BASE PLAN: what of it is not as in the other plan
difference() {
  case $(head -c 1 "$2") in
    '{') diff "$1" "$2" | sed -E '/^([0-9,]+[acd][0-9,]+|---)$/d; s/^(< \{"name":"[^"]*").*/\1/' ;;
    *) cat "$2" ;;
  esac
}

# same FILE: compares $tmp/now with FILE, which --update writes
same() {
  local file=$1 what
  n=$((n + 1))
  echo "$file" >> "$tmp/seen"
  if [ -n "$update" ]; then
    mkdir -p "${file%/*}"
    cmp -s "$tmp/now" "$file" || { cp "$tmp/now" "$file" && echo "# written: $file"; }
  fi
  if [ ! -f "$file" ]; then
    what="there is no tests/golden/$file"
  elif ! what=$(diff -u --label stored --label now "$file" "$tmp/now"); then
    what="$what
differs from tests/golden/$file"
  else
    echo "ok $n - ${file%.*}"
    return
  fi
  failed=$((failed + 1))
  echo "not ok $n - ${file%.*}"
  printf '%s\n' "$what" 'if that is meant: tests/golden/run.sh KETCH --update' | cut -c1-400 | head -n 60 | sed 's/^/# /'
}

: > "$tmp/seen"
plan "$base" "$fixtures/valid/$least.json" > "$tmp/least"
while read -r config; do
  name=${config#"$fixtures"/valid/}
  name=${name%.json}
  plan "$base" "$config" > "$tmp/base"
  case $name in
    "$least" | engines/*) ;;
    */*)
      difference "$tmp/least" "$tmp/base" > "$tmp/now"
      same "config/$name.diff"
      continue
      ;;
  esac
  cp "$tmp/base" "$tmp/now"
  same "$base/$name.json"
  plan "$base" "$config" --exec > "$tmp/now"
  same "exec/$name.json"
  for facts in "$fixtures"/facts/*.json; do
    host=$(basename "$facts" .json)
    [ "$host" != "$base" ] || continue
    plan "$host" "$config" > "$tmp/other"
    difference "$tmp/base" "$tmp/other" > "$tmp/now"
    same "$host/$name.diff"
  done
done < <(find "$fixtures/valid" -name '*.json' | sort)

# What is stored for a config or a host that is gone.
while read -r file; do
  grep -qxF "$file" "$tmp/seen" && continue
  if [ -n "$update" ]; then
    rm "$file" && echo "# removed: $file"
    continue
  fi
  n=$((n + 1)) failed=$((failed + 1))
  echo "not ok $n - $file: there is no such config or host"
done < <(find . -mindepth 2 -name '*.json' -o -name '*.diff' | sed 's|^\./||' | sort)
[ "$n" -gt 0 ] || { echo "not ok 1 - no configs in oci-spec-fixtures/valid"; n=1 failed=1; }
echo "1..$n"
[ $failed = 0 ]
