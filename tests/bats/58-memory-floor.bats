#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How little memory a container needs: no more than under crun; and what is said when it is too little.

load helpers

# no_higher BOOT: a limit under which crun starts the bundle is enough for ketch, but for one step of the search. OPTIONS: of both.
no_higher() {
  command -v crun > /dev/null || skip "no crun to compare with: runs in tests/vm, boot $1"
  local i floors ours theirs
  for i in 1 2 3; do # the kernel charges by batches: one round may differ by some pages
    floors=$(STEP=64 "$BATS_TEST_DIRNAME/../bench/memory-floor.sh" "$BUNDLE" "$KETCH" "$(command -v crun)") || skip "crun can't run this bundle here ($floors): runs in tests/vm, boot $1"
    echo "$floors"
    ours=$(sed -n 's/^ketch //p' <<< "$floors") theirs=$(sed -n 's/^crun //p' <<< "$floors")
    [ "$ours" -gt $((theirs + 64 * 1024)) ] || return 0
  done
  return 1
}

@test "memory: the smallest limit a container starts under is not above crun's" {
  no_higher limits
}

@test "memory: the smallest limit is not above crun's in a scope of systemd, either" {
  [ -d /run/systemd/system ] || skip "systemd does not run here: runs in tests/vm, boot units"
  OPTIONS=--systemd-cgroup no_higher units
}

# Every way to be told: the limit is refused (by the kernel when what it counts is less again by the time it is read), init is killed by
# it, or the program is.
told() {
  grep -Eq "is below current usage [0-9]+|memory.limit_in_bytes: write '[0-9]+': Device or resource busy|killed for want of memory: memory\.[a-z_]+ is [0-9]+, and it needs more than [0-9]+" "$1"
}

@test "memory: a limit that is too small is told with what is needed" {
  command_is true
  local limit
  for limit in 65536 131072 163840; do
    edit --argjson l $limit '.linux.resources.memory = {limit: $l, swap: $l}'
    rm -f "$TEST_DIR/log"
    run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
    [ "$status" != 0 ] || continue
    told "$TEST_DIR/log" || { echo "$limit: $output; $(cat "$TEST_DIR/log")" >&2; return 1; }
    grep -q '\$.linux.resources.memory.limit' "$TEST_DIR/log" <(echo "$output")
    assert_clean
  done
}

@test "memory: a program that is killed for it is told apart from one that was killed by hand" {
  edit '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
  command_is sh -c 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'
  run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 137
  grep -q "the container's program ended by SIGKILL: it or another process of the container was killed for want of memory: memory" "$TEST_DIR/log"
  command_is sh -c 'kill -KILL $$; sleep 100'
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  rm "$TEST_DIR/log"
  run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 137
  refute grep -q "want of memory" "$TEST_DIR/log"
}

@test "memory: what a process was killed for before is said of no other one" {
  local p status=0
  edit '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
  command_is sh -c '(x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done); echo lived; exec sleep 1000'
  bg --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" &
  p=$!
  wait_for 20 grep -q lived "$TEST_DIR/out"
  # a program that kills execve (nr 59), for what is started from now on
  jq '.annotations["run.oci.seccomp_bpf_data"] = $p' --arg p \
    "$(printf '\40\0\0\0\0\0\0\0\25\0\0\1\73\0\0\0\6\0\0\0\0\0\0\200\6\0\0\0\0\0\377\177' | base64 -w0)" \
    < "$ROOT/$CT/config.json" > "$TEST_DIR/config"
  cat "$TEST_DIR/config" > "$ROOT/$CT/config.json"
  run ketch exec "$CT" true < /dev/null
  assert_status 255
  assert_output "the container's process died before its program began"
  refute_output "want of memory"
  ketch kill "$CT" KILL
  wait "$p" || status=$?
  [ "$status" = 137 ]
  refute grep -q "program was killed for want of memory" "$TEST_DIR/log"
}

@test "memory: what the container before was killed for in a cgroup that stays is not said of the next" {
  local dir=/sys/fs/cgroup/memory i
  [ -d "$dir" ] || dir=/sys/fs/cgroup
  mkdir "$dir/$CT"
  edit --arg p "/$CT" '.linux.cgroupsPath = $p | .linux.resources.memory = {limit: 16777216, swap: 16777216}
    | del(.linux.namespaces[] | select(.type == "pid"))'
  for i in 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done' 'kill -KILL $$; sleep 100'; do
    command_is sh -c "$i"
    run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
    echo "status $status" >> "$TEST_DIR/log"
  done
  rmdir "$dir/$CT"
  cat "$TEST_DIR/log"
  [ "$(grep -c "status 137" "$TEST_DIR/log")" = 2 ]
  [ "$(grep -c "want of memory" "$TEST_DIR/log")" = 1 ]
}
