#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# NOTIFY_SOCKET: a service manager learns that the container is ready, and nothing else from it.

load helpers

setup() {
  test_setup
  cp "$PROGRAMS/notify_send" "$BUNDLE/rootfs/bin/"
  ADDRESS=$TEST_DIR/manager
}

# A service manager at ADDRESS; what it hears is in $TEST_DIR/heard.
manager() {
  timeout 60 python3 "$BATS_TEST_DIRNAME/notify.py" "$ADDRESS" "$@" > "$TEST_DIR/heard" 3>&- &
  MANAGER=$!
  wait_for 10 grep -q listening "$TEST_DIR/heard"
}

teardown() {
  [ -z "$MANAGER" ] || { kill "$MANAGER"; wait "$MANAGER" || true; } 2>/dev/null
  test_teardown
}

# The container's program sends these.
sends() {
  command_is notify_send "$@"
}

notified() { # ketch with a service manager
  NOTIFY_SOCKET=$ADDRESS timeout 60 "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" "$@" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-
}

heard() { # exactly these datagrams
  [ "$(tail -n +2 "$TEST_DIR/heard")" = "$(printf '%s\n' "$@")" ] || { cat "$TEST_DIR/heard" >&2; return 1; }
}

@test "notify: start waits for READY=1, then tells READY, MAINPID and BARRIER" {
  manager
  sends STATUS=loading "wait:/go" "READY=1|STATUS=up" sleep:100
  notified create -b "$BUNDLE" "$CT"
  [ "$(stat -c '%a %F' "$ROOT/$CT/notify")" = "755 directory" ]
  notified start "$CT" &
  local start=$!
  wait_for 10 status_is "$CT" running
  sleep 0.3
  kill -0 $start
  heard ""
  # Meanwhile it holds no lock.
  ketch pause "$CT"
  ketch resume "$CT"
  touch "$BUNDLE/rootfs/go"
  wait $start
  heard "0 READY=1|" "0 MAINPID=$(pid_of "$CT")|" "1 BARRIER=1"
}

@test "notify: the socket in the container: path, mode, read-only mount" {
  manager
  command_is sh -c 'echo $NOTIFY_SOCKET; stat -c "%a %F" /run/notify/notify.sock; touch /run/notify/x; grep " /run/notify " /proc/self/mountinfo; notify_send READY=1'
  notified run -b "$BUNDLE" "$CT"
  grep -qx /run/notify/notify.sock "$TEST_DIR/out"
  grep -qx "777 socket" "$TEST_DIR/out"
  grep -q "Read-only file system" "$TEST_DIR/out"
  grep -Eq " /run/notify ro,nosuid,nodev,noexec" "$TEST_DIR/out"
  grep -q "READY=1" "$TEST_DIR/heard"
}

@test "notify: run in the foreground passes it on while it waits; the main process is ketch" {
  manager
  sends STATUS=x READY=1 sleep:3 STATUS=late
  NOTIFY_SOCKET=$ADDRESS "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&- &
  local run=$!
  wait_for 10 grep -q BARRIER "$TEST_DIR/heard"
  status_is "$CT" running
  wait $run
  heard "0 READY=1|" "0 MAINPID=$run|" "1 BARRIER=1"
  # After READY nobody listens: the program must not hang in its next message.
  grep -q "Connection refused" "$TEST_DIR/out"
}

@test "notify: run --detach ends when the container is ready" {
  manager
  sends sleep:1 READY=1 sleep:100
  notified run --detach -b "$BUNDLE" "$CT"
  heard "0 READY=1|" "0 MAINPID=$(pid_of "$CT")|" "1 BARRIER=1"
  status_is "$CT" running
}

@test "notify: an abstract socket; a user namespace; an ordinary user of the container" {
  ADDRESS=@ketch-test-$$-$BATS_TEST_NUMBER
  manager
  sends READY=1 sleep:100
  edit '.process.user.uid = 1000 | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'
  chmod 711 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  notified run --detach -b "$BUNDLE" "$CT" || { cat "$TEST_DIR/out" "$TEST_DIR/log"; return 1; }
  heard "0 READY=1|" "0 MAINPID=$(pid_of "$CT")|" "1 BARRIER=1"
}

@test "notify: an ordinary user's container" {
  manager
  chmod 777 "$ADDRESS" "$TEST_DIR"
  sends READY=1
  edit '.linux.namespaces |= map(select(.type != "network" and .type != "cgroup")) + [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] | .linux.gidMappings = .linux.uidMappings
    | del(.linux.resources, .linux.sysctl) | .mounts |= map(select(.type == "proc" or .type == "tmpfs")) | .root.readonly = false'
  cp "$KETCH" "$TEST_DIR/ketch"
  mkdir -p "$ROOT"
  chown -R 54321:54321 "$ROOT" "$BUNDLE"
  run env NOTIFY_SOCKET="$ADDRESS" timeout 60 setpriv --reuid 54321 --regid 54321 --clear-groups \
    "$TEST_DIR/ketch" --root "$ROOT" --rootless true run -b "$BUNDLE" "$CT" < /dev/null
  echo "$output"
  assert_status 0
  wait_for 10 grep -q "1 BARRIER=1" "$TEST_DIR/heard"
}

@test "notify: messages that are not READY=1 reach nobody, whatever is in them" {
  manager
  sends MAINPID=1 "READY=0" "XREADY=1" "READY=1x" "STATUS=READY=1" "ERRNO=1|BUSERROR=x" FDSTORE=1 "fds:FDSTORE=1" long:5000 "sleep:1" "|MAINPID=1|READY=1|STOPPING=1" \
    sleep:100
  notified run --detach -b "$BUNDLE" "$CT"
  heard "0 READY=1|" "0 MAINPID=$(pid_of "$CT")|" "1 BARRIER=1"
}

@test "notify: READY=1 counts when descriptors come with it; they reach nobody" {
  manager
  sends "fds:FDSTORE=1|READY=1" sleep:100
  notified run --detach -b "$BUNDLE" "$CT"
  heard "0 READY=1|" "0 MAINPID=$(pid_of "$CT")|" "1 BARRIER=1"
}

@test "notify: a flood of messages keeps nobody from ending it" {
  manager
  sends flood
  notified create -b "$BUNDLE" "$CT"
  notified start "$CT" &
  local start=$!
  wait_for 10 status_is "$CT" running
  ketch delete --force "$CT"
  wait $start
  heard ""
}

@test "notify: a container that ends without READY=1 ends the waiting" {
  manager
  sends STATUS=x
  notified create -b "$BUNDLE" "$CT"
  notified start "$CT"
  status_is "$CT" stopped
  notified run -b "$BUNDLE" "$CT-2"
  heard ""
}

@test "notify: READY=1 as a program's last words counts" {
  manager
  sends READY=1
  notified create -b "$BUNDLE" "$CT"
  local pid
  pid=$(pid_of "$CT")
  notified start "$CT"
  heard "0 READY=1|" "0 MAINPID=$pid|" "1 BARRIER=1"
}

sleeping() { # PID, in the kernel
  [[ $(sed 's/.*) //' "/proc/$1/stat") == S* ]]
}

@test "notify: who waits for a silent service manager after the program's end sleeps" {
  manager --keep
  sends READY=1
  notified create -b "$BUNDLE" "$CT"
  NOTIFY_SOCKET=$ADDRESS "$KETCH" --root "$ROOT" start "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&- &
  local start=$! slept=0
  wait_for 20 grep -q BARRIER "$TEST_DIR/heard"
  wait_for 20 status_is "$CT" stopped
  wait_for 10 sleeping $start || slept=$?
  kill $start
  wait $start || true
  [ $slept = 0 ]
}

@test "notify: run --detach that is interrupted while it waits leaves the container running" {
  manager
  sends sleep:100
  NOTIFY_SOCKET=$ADDRESS "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&- &
  local run=$! status=0
  wait_for 10 status_is "$CT" running
  sleep 1 # it is running a moment before ketch waits
  kill -TERM $run
  wait $run || status=$?
  [ $status = 1 ]
  grep -q "interrupted while waiting for READY=1" "$TEST_DIR/out"
  status_is "$CT" running
}

@test "notify: nobody listens: a warning, and the container runs; made or reached without it: likewise" {
  sends READY=1
  notified run -b "$BUNDLE" "$CT" || true
  grep -q "NOTIFY_SOCKET '$ADDRESS' is not used: No such file or directory" "$TEST_DIR/log"
  manager
  create_one
  [ ! -e "$ROOT/$CT/notify" ]
  notified start "$CT"
  grep -q "the container was created without it" "$TEST_DIR/log"
  heard ""
  ketch delete "$CT"
  command_is sh -c 'echo "[$NOTIFY_SOCKET]"; ls /run'
  notified create -b "$BUNDLE" "$CT"
  run ketch start "$CT"
  assert_status 0
  heard ""
}

@test "notify: without NOTIFY_SOCKET there is no trace of it" {
  command_is sh -c 'echo "[$NOTIFY_SOCKET]"; ls /run'
  run_bundle
  [ "$output" = "[]" ]
}

@test "notify: without a mount namespace it is a warning" {
  sends READY=1
  edit '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = false'
  notified run -b "$BUNDLE" "$CT" || [ $? = 2 ]
  grep -q "socket none" "$TEST_DIR/out"
  grep -q "without a mount namespace" "$TEST_DIR/log"
}

@test "notify: a rootfs where the mount point can't be made; nothing is left" {
  manager
  sends READY=1
  rm -rf "$BUNDLE/rootfs/run"
  touch "$BUNDLE/rootfs/run"
  run notified run -b "$BUNDLE" "$CT"
  assert_status 1
  grep -q "notify.mount: open the destination '/run/notify': Not a directory" "$TEST_DIR/out"
}

@test "notify: explain shows it" {
  run env NOTIFY_SOCKET=/run/systemd/notify "$KETCH" --root "$ROOT" explain -b "$BUNDLE"
  assert_output "notify.socket"
  assert_output "for /run/systemd/notify"
  assert_output "notify -> /run/notify ro,nosuid,nodev,noexec"
}
