#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The smallest memory limit (linux.resources.memory.limit, swap the same) under which a container runs `true` three times of three, in
# bytes (steps of STEP KiB, 16): one line a runtime. usage: memory-floor.sh BUNDLE RUNTIME…      (as root; on a hybrid host it makes a plain v1 view for itself)
# Environment: OPTIONS, of each runtime, before the command (--systemd-cgroup).
set -euo pipefail

if [ -z "${MEMORY_FLOOR_INSIDE:-}" ] && [ -e /sys/fs/cgroup/unified ]; then
  MEMORY_FLOOR_INSIDE=1 exec unshare -m bash -c 'mount --make-rprivate /; umount /sys/fs/cgroup/unified; exec "$0" "$@"' "$0" "$@"
fi
bundle=$1
shift
work=$(mktemp -d /tmp/ketch-floor.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/bundle"

# Does RUNTIME run it under a limit of KIB?
runs() {
  local i
  # what old versions of the others refuse is left out
  jq --argjson limit $(($2 * 1024)) --arg root "$(readlink -f "$bundle/rootfs")" '.ociVersion = "1.0.2" | .root.path = $root | .process.args = ["true"] | .process.terminal = false | .linux.resources.memory = {limit: $limit, swap: $limit}
    | del(.linux.namespaces[] | select(.type == "time"))' "$bundle/config.json" > "$work/bundle/config.json"
  for i in 1 2 3; do
    # shellcheck disable=SC2086 # options are words
    timeout 20 "$1" --root "$work/root" ${OPTIONS:-} run -b "$work/bundle" "ktfloor$$" < /dev/null > /dev/null 2>&1 || {
      "$1" --root "$work/root" delete --force "ktfloor$$" > /dev/null 2>&1 || true
      return 1
    }
  done
}

for runtime in "$@"; do
  low=0 high=65536
  runs "$runtime" $high || { echo "$runtime: fails with 64 MiB too" >&2; exit 1; }
  while [ $((high - low)) -gt "${STEP:-16}" ]; do
    middle=$(((low + high) / 2))
    if runs "$runtime" $middle; then high=$middle; else low=$middle; fi
  done
  echo "$(basename "$runtime") $((high * 1024))"
done
