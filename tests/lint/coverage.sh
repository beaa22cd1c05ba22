#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when a property of the specification's schema (tests/spec-paths.tsv) has no row in tests/coverage.tsv, a row has no
# property or no test, or a file of a row is missing or does not have the property: a valid fixture must hold it, an
# invalid one must give an error at it, any other file must name it.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."

list=tests/spec-paths.tsv table=tests/coverage.tsv
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cut -f1 "$list" | sed '/^#/d; s/\*$//' > "$tmp/paths"
grep -v '^#' "$table" > "$tmp/rows"
sed -n 's/{}$//p' "$tmp/paths" > "$tmp/maps"
tr '\t ' '\n' < "$tmp/rows" | grep / | sort -u > "$tmp/files"
bad=0
problem() {
  echo "coverage: $1"
  bad=1
}

while read -r path; do
  problem "$path has no row in $table"
done < <(cut -f1 "$tmp/rows" | sort -u | comm -13 - <(sort -u "$tmp/paths"))
while read -r path; do
  problem "the row of $path: there is no such property in $list"
done < <(cut -f1 "$tmp/rows" | sort -u | comm -23 - <(sort -u "$tmp/paths"))
while read -r path; do
  problem "$path has two rows in $table"
done < <(cut -f1 "$tmp/rows" | sort | uniq -d)
while read -r file; do
  [ -f "$file" ] || problem "$file, named in $table, does not exist"
done < "$tmp/files"
[ $bad = 0 ] || exit 1

# FILE<TAB>PATH of each property in the valid fixtures, and of each error of the invalid ones; keys of maps as {}.
grep '^oci-spec-fixtures/valid/' "$tmp/files" | xargs jq -r --rawfile maps "$tmp/maps" '
  ($maps | split("\n")) as $maps | input_filename as $file |
  [paths | reduce .[] as $step ("$"; . as $at |
      if ($step | type) == "number" then . + "[]" elif any($maps[]; . == $at) then . + "{}" else . + "." + $step end)] |
  unique[] | "\($file)\t\(.)"' > "$tmp/have"
grep '^oci-spec-fixtures/invalid/' "$tmp/files" | while read -r file; do
  sed -nE "s#^path: (.*)#${file}\t\1#p" "${file%.json}.err"
done | awk -F'\t' -v OFS='\t' -v maps="$tmp/maps" '
  BEGIN { while ((getline map < maps) > 0) is_map[map] = 1 }
  { # one step at a time: .word, [0] or ["any key"]
    path = "$"; rest = substr($2, 2)
    while (match(rest, /^(\.[A-Za-z0-9_-]+|\[[0-9]+\]|\["([^"\\]|\\.)*"\])/)) {
      step = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
      path = path ((path in is_map) ? "{}" : step ~ /^\[[0-9]/ ? "[]" : step)
    }
    print $1, path
  }' >> "$tmp/have"

awk -F'\t' -v OFS='\t' '{ n = split($2, files, " "); if (n == 0) print "", $1; for (i = 1; i <= n; i++) print files[i], $1 }' \
  "$tmp/rows" > "$tmp/want"
while IFS=$'\t' read -r file path; do
  problem "$file does not have $path"
done < <(grep '[.]json' "$tmp/want" | sort -u | comm -23 - <(sort -u "$tmp/have"))
while IFS=$'\t' read -r path; do
  problem "$path has no test"
done < <(sed -n 's/^\t//p' "$tmp/want")
while IFS=$'\t' read -r file path; do
  leaf=$(sed -E 's/(\[\]|\{\})+$//; s/.*[.]//' <<< "$path")
  grep -qw -- "$leaf" "$file" || problem "$file does not name $leaf ($path)"
done < <(grep -v '[.]json' "$tmp/want" | grep -v $'^\t')
[ $bad = 0 ] && echo "coverage: each of $(wc -l < "$tmp/paths") properties has a test"
exit $bad
