#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails on what shellcheck finds in the scripts, and on a negation that bats ignores: `! command` must be the last of its test or
# function, or followed by `||`; helpers.bash has refute for the others.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."
scripts=(.ci/run tests/run contrib/install-deps contrib/quickstart contrib/build-deb contrib/migrate tests/vm/run tests/vm/guest/vm-run)
mapfile -t more < <(find tests contrib -name '*.sh' -o -name '*.bash' | sort)
shellcheck -x -e SC1090,SC1091,SC2034,SC2016,SC2154,SC2030,SC2031 -s bash "${scripts[@]}" "${more[@]}"
ignored=$(awk 'FNR == 1 { held = "" }
  held != "" { if ($0 !~ /^[ \t]*}/) print held; held = "" }
  /^[ \t]+! / && !/\|\|/ { held = FILENAME ":" FNR ": " $0 }' tests/bats/*.bats tests/bats/*.bash)
[ -z "$ignored" ] || { echo "shell: fails no test:" >&2; echo "$ignored" >&2; exit 1; }
echo "shell: clean"
