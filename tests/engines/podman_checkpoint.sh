# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Podman's checkpoint and restore. `pod`, "img" and the names in capitals are those of podman_tests.sh.
# shellcheck disable=SC2015,SC2016,SC2034,SC2153,SC2317

# More of it is in tests/bats/56-checkpoint-engines.bats.
podman_tests_checkpoint() {
  if [ -n "$ROOTLESS" ]; then check "checkpoint: Podman wants root" podman_checkpoint_user; return; fi
  command -v criu > /dev/null || { left_out "checkpoint" "no CRIU here: runs in tests/vm, boot podman"; return; }
  check "checkpoint, restore" podman_checkpoint
  check "checkpoint --leave-running" podman_checkpoint_running
  check "checkpoint --export, restore --import --name" podman_checkpoint_export
  check "checkpoint: limits after restore" podman_checkpoint_limits
}

podman_checkpoint_user() { limited pod create --name cu img true && says root pod container checkpoint cu && limited pod rm cu; }

# A container "ck" that counts in memory; further arguments are options.
podman_counts() {
  limited pod run -d --name ck "$@" img sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.1; done' && until_true "$LIMIT" sh -c '[ -n "$(pod exec ck cat /dev/shm/n)" ]'
}

podman_counts_on() { # NAME FROM: not from the beginning
  local now
  until_true "$LIMIT" sh -c "[ \"\$(pod exec $1 cat /dev/shm/n)\" -gt $2 ]" && now=$(pod exec "$1" cat /dev/shm/n) && echo "$2, then $now" >> "$OUT" && [ "$now" -gt "$2" ]
}

podman_checkpoint() {
  local n
  podman_counts && limited pod container checkpoint ck && prints "exited true" pod inspect --format '{{.State.Status}} {{.State.Checkpointed}}' ck && limited pod container restore --keep ck &&
    n=$(pod exec ck cat /dev/shm/n) && podman_counts_on ck "$n" && prints again pod exec ck echo again
}

podman_checkpoint_running() {
  local n
  n=$(pod exec ck cat /dev/shm/n) && limited pod container checkpoint --leave-running ck && podman_counts_on ck "$n" && prints running pod inspect --format '{{.State.Status}}' ck
}

podman_checkpoint_export() {
  local n
  n=$(pod exec ck cat /dev/shm/n) && limited pod container checkpoint --export "$D/ck.tar.gz" --compress gzip ck && limited pod rm ck && limited pod container restore --import "$D/ck.tar.gz" --name ck2 &&
    podman_counts_on ck2 "$n" && limited pod rm -f -t 0 ck2
}

podman_checkpoint_limits() {
  local got
  podman_counts --memory 64m --pids-limit 77 && limited pod container checkpoint ck && limited pod container restore ck &&
    got=$(cgroup_value "$(pod inspect --format '{{.State.Pid}}' ck)" memory memory.limit_in_bytes memory.max; cgroup_value "$(pod inspect --format '{{.State.Pid}}' ck)" pids pids.max pids.max)
  echo "$got" >> "$OUT"
  limited pod rm -f -t 0 ck && [ "$got" = $'67108864\n77' ]
}
