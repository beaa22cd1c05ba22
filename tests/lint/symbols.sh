#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when an archive of a layer imports a symbol that is not on the layer's list: tests/lint/symbols/LAYER, one symbol or shell pattern
# a line. Symbols that a layer below defines need no line. So only src/sys can name a path-taking system call, src/spec none at all.
# usage: symbols.sh BUILD_DIR [--print]     --print shows what each layer imports from outside, to help keeping the lists
set -euo pipefail
build=$(realpath "$1")
print=${2:-}
unset CDPATH
cd "$(dirname "$0")/../.."

bad=0
defined=$(mktemp)
trap 'rm -f "$defined"' EXIT
for layer in util sys spec engine agent linux core criu cli; do
  if [ "$layer" = cli ]; then
    objects=("$build"/src/cli/ketch.p/*.o)
  elif [ "$layer" = agent ]; then # whose objects meson names with a dot in front
    mapfile -t objects < <(find "$build/src/cli/ketch-seccomp-agent.p" -name '*.o')
  else
    objects=("$build/src/$layer/"libketch-*.a)
  fi
  nm --defined-only -A "${objects[@]}" 2>/dev/null | awk 'NF > 2 && $(NF-1) ~ /^[A-Z]$/ {print $NF}' >> "$defined"
  imports=$(nm -u "${objects[@]}" 2>/dev/null | awk '$1 == "U" || $1 == "w" {print $2}' | sort -u | grep -vxFf "$defined" || true)
  if [ -n "$print" ]; then
    # shellcheck disable=SC2086
    printf '== %s\n%s\n' "$layer" "$imports"
    continue
  fi
  while read -r symbol; do
    [ -n "$symbol" ] || continue
    ok=0
    while read -r pattern _; do
      case $pattern in '' | '#'*) continue ;; esac
      # shellcheck disable=SC2254
      case $symbol in $pattern) ok=1; break ;; esac
    done < <(cat tests/lint/symbols/all "tests/lint/symbols/$layer" 2>/dev/null)
    [ $ok = 1 ] || { echo "src/$layer: '$symbol' is not on tests/lint/symbols/$layer"; bad=1; }
  done <<< "$imports"
done
# It runs before the program has relocated itself (sys/selfcopy.h): any import would be a jump to nowhere.
while read -r _ symbol; do
  [ "$(uname -m)" = x86_64 ] || continue
  echo "src/sys/selfcopy.c: imports '$symbol'"
  bad=1
done < <(nm -u "$build/src/sys/libketch-selfcopy.a" | grep ' U ')
[ $bad = 0 ] && [ -z "$print" ] && echo "symbols: every import is on its layer's list"
exit $bad
