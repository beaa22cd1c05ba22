#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails on what shellcheck finds in the scripts.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts=(.ci/run tests/run contrib/install-deps contrib/quickstart tests/vm/run tests/vm/guest/vm-run)
mapfile -t more < <(find tests contrib -name '*.sh' -o -name '*.bash' | sort)
shellcheck -x -e SC1090,SC1091,SC2034,SC2016,SC2154,SC2030,SC2031 -s bash "${scripts[@]}" "${more[@]}"
echo "shell: clean"
