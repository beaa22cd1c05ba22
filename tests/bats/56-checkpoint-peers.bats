#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The same table of cases with ketch, crun and runc: who takes a container to an image and back. Prints the table (it is kept in tests/vm/README.md)
# and fails only for ketch. With it time and size of a dump and a restore, in the same run.

load helpers
load checkpoint

RUNTIMES="ketch crun runc"

teardown() {
  local name
  for name in $RUNTIMES; do rt "$name" delete --force "$CT" > /dev/null 2>&1 || true; done
  [ -z "${PIDS:-}" ] || kill $PIDS 2> /dev/null || true
  test_teardown
}

# rt NAME WORDS…: a runtime with a state of its own; what it says is in the file said.
rt() {
  local name=$1 program=$1 said=$TEST_DIR/said
  shift
  [ "$name" != ketch ] || program=$KETCH
  # crun and runc can't dump a container whose output is a file of the host
  case $1 in run | restore) said=/dev/null ;; esac
  : > "$TEST_DIR/said"
  timeout 90 "$program" --root "$TEST_DIR/$name" --log "$TEST_DIR/said" "$@" < /dev/null > $said 2>&1 3>&-
}

COUNTS='i=0; while :; do i=$((i + 1)); echo $i > /tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.1; done'

# A case changes the bundle and sets these; `after`, if it is defined, has to be true after the restore.
fresh() { # CASE
  unset -f before after
  rm -rf "$BUNDLE" "$IMG"
  make_bundle "$BUNDLE"
  edit 'del(.process.rlimits) | .root.readonly = false'
  run_opts=() dump_opts=() restore_opts=()
  command_is sh -c "$COUNTS"
  "case_$1"
}

case_counter() { :; }

case_leave_running() {
  dump_opts=(--leave-running)
  before() { counts_on "$(count)" && rt "$1" delete --force "$CT"; }
}

case_tree_with_pipes() {
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done | while read n; do echo $n; done | (while read n; do echo $n > /tmp/n; done)'
}

case_tcp_established() {
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c 'while :; do echo $((i = i + 1)); sleep 0.1; done | nc -l -p 7000 > /tmp/back &
    until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; while :; do sleep 1000; done | nc 127.0.0.1 7000 | while read n; do echo $n > /tmp/n; done; wait'
  dump_opts=(--tcp-established) restore_opts=(--tcp-established)
}

case_tmpfs_and_bind() {
  mkdir -p "$TEST_DIR/data"
  echo data > "$TEST_DIR/data/name"
  edit --arg d "$TEST_DIR/data" '.mounts += [{destination: "/data", type: "bind", source: $d, options: ["rbind", "rw"]},
    {destination: "/mem", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=1m"]}]'
  command_is sh -c "echo kept > /mem/f; $COUNTS"
  after() { rt "$1" exec "$CT" sh -c 'cat /mem/f /data/name' && grep -q kept "$TEST_DIR/said" && grep -q data "$TEST_DIR/said"; }
}

case_terminal() {
  edit '.process.terminal = true'
  run_opts=(--console-socket "$TEST_DIR/one.sock") restore_opts=(--console-socket "$TEST_DIR/two.sock")
  local n
  for n in one two; do
    rm -f "$TEST_DIR/$n.sock"
    python3 "$BATS_TEST_DIRNAME/pty.py" receive "$TEST_DIR/$n.sock" "$TEST_DIR/$n" > /dev/null 2>&1 3>&- < /dev/null &
    PIDS+=" $!"
  done
  wait_for 20 test -S "$TEST_DIR/one.sock"
  wait_for 20 test -S "$TEST_DIR/two.sock"
}

case_user_namespace() {
  in_user_namespace
}

case_file_lock() {
  cp "$PROGRAMS/held" "$BUNDLE/rootfs/bin/"
  command_is /bin/held lock /tmp/lock
  dump_opts=(--file-locks) restore_opts=(--file-locks)
  after() { ! rt "$1" exec "$CT" /bin/held lock /tmp/lock; }
}

case_joined_netns() {
  unshare -n sleep 1000 < /dev/null > /dev/null 2>&1 3>&- &
  PIDS+=" $!"
  local pid=$!
  wait_for 5 eval '[ "$(readlink /proc/'$pid'/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
  edit --arg p "/proc/$pid/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
}

case_cgroup_below() {
  edit '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
  command_is sh -c "mkdir /sys/fs/cgroup/sub; echo 0 > /sys/fs/cgroup/sub/cgroup.procs; $COUNTS"
  after() { rt "$1" state "$CT" && grep -q "/sub\$" "/proc/$(jq .pid "$TEST_DIR/said")/cgroup"; }
}

case_pre_dump_chain() {
  before_dump() { rt "$1" checkpoint --pre-dump --image-path "$IMG/1" "$CT"; }
  dump_opts=(--parent-path ../1)
}

CASES="counter leave_running tree_with_pipes tcp_established tmpfs_and_bind terminal user_namespace file_lock joined_netns cgroup_below pre_dump_chain"

try() { # NAME CASE: sets word
  local name=$1 image=$IMG
  unset -f before_dump
  fresh "$2"
  [ "$2" != pre_dump_chain ] || image=$IMG/2
  mkdir -p "$IMG"
  rt "$name" run --detach -b "$BUNDLE" "${run_opts[@]}" "$CT" || { word="does not run"; return; }
  wait_for 30 grep -qs . "$BUNDLE/rootfs/tmp/n" || { word="does not start"; return; }
  if declare -F before_dump > /dev/null; then before_dump "$name" || { word="pre-dump fails"; return; }; fi
  local t0=$(date +%s%N) t1 t2
  rt "$name" checkpoint --image-path "$image" "${dump_opts[@]}" "$CT" || { word="checkpoint fails"; return; }
  t1=$(date +%s%N)
  if declare -F before > /dev/null; then before "$name" || { word="does not run on"; return; }; fi
  local n=$(count)
  t2=$(date +%s%N)
  rt "$name" restore --detach -b "$BUNDLE" --image-path "$image" "${restore_opts[@]}" "$CT" || { word="restore fails"; return; }
  echo "$name $2: checkpoint $(((t1 - t0) / 1000000)) ms, restore $((($(date +%s%N) - t2) / 1000000)) ms, image $(du -sk --exclude='*.log' "$IMG" | cut -f1) KiB" >> "$TEST_DIR/figures"
  (counts_on "$n" 2> /dev/null) || { word="does not go on"; return; }
  if declare -F after > /dev/null; then after "$name" || { word="something is lost"; return; }; fi
  word=ok
}

@test "the table of cases: ketch, crun and runc" {
  needs_criu
  local case name word line bad=0 all=$CASES base=$CT
  [ -e /sys/fs/cgroup/cgroup.controllers ] || all=${all/cgroup_below/}
  for case in $all; do
    line="| ${case//_/ } |"
    for name in $RUNTIMES; do
      command -v "$name" > /dev/null || [ $name = ketch ] || { line+=" not here |"; continue; }
      CT=$base-$name-$case # what a peer leaves of a failed restore is in nobody's way
      try $name "$case"
      line+=" $word |"
      [ "$name $word" = "ketch ok" ] || [ $name != ketch ] || {
        [[ $case$word == "pre_dump_chainpre-dump fails" || $(cat "$IMG/dump.log" 2> /dev/null) == *"sockets: Can't get"* ]] || bad=1
      }
      [ "$word" = ok ] || echo "# $name, $case: $(tail -n 1 "$TEST_DIR/said" | cut -c1-200); $(cat "$IMG"/dump.log "$IMG"/restore.log 2> /dev/null | grep -h 'Error (' | grep -vE 'rlimit|tun:|FAILED' | head -n 1)" >&3
      rt $name delete --force "$CT" || true
      [ -z "${PIDS:-}" ] || { kill $PIDS 2> /dev/null || true; PIDS=''; }
    done
    echo "# $line" >&3
  done
  CT=$base
  sed 's/^/# /' "$TEST_DIR/figures" >&3
  [ $bad = 0 ]
}
