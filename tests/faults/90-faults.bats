#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every step of the table × every way to fail: the error names the step, and nothing is left. Needs a build with -Dfaults=true.

load ../bats/helpers

KETCH=${KETCH:-$BATS_TEST_DIRNAME/../../build-faults/src/cli/ketch}

# Built with the tests, in the ordinary build.
PLUGIN=$BATS_TEST_DIRNAME/../../build/tests/seccomp_plugin_a.so

# A bundle in which as many rows as possible apply.
full_bundle() {
  export NOTIFY_SOCKET=$TEST_DIR/nobody
  edit '.hooks = {prestart: [{path: "/bin/true"}], createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}],
          startContainer: [{path: "/bin/true"}], poststart: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}
        | .linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.personality = {domain: "LINUX"}
        | .process.oomScoreAdj = 500 | .process.user.umask = 18 | .process.cwd = "/tmp"
        | .process.scheduler = {policy: "SCHED_BATCH"} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 5}
        | .linux.resources.memory = {limit: 100000000} | .linux.resources.pids = {limit: 100}
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getcwd"], action: "SCMP_ACT_ERRNO"},
            {names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}
        | .annotations["run.oci.seccomp.plugins"] = $p' --arg p "$PLUGIN"
}

# A bundle with a first child that joins a namespace, a new user namespace with mappings, and time offsets.
ns_bundle() {
  edit '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
        | .linux.namespaces |= (map(select(.type != "uts")) + [{type: "user"}, {type: "time"}, {type: "uts", path: $p}])
        | .linux.timeOffsets = {boottime: {secs: 100}} | del(.hostname)' --arg p "/proc/$1/ns/uts"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 755 "$TEST_DIR"
}

# Names of the rows that apply to the bundle.
rows() {
  ketch explain -b "$BUNDLE" --run --json | jq -r ".steps[].name"
}

# fail_one ROW FAULT COMMAND…: the command fails, names the row, and leaves nothing.
fail_one() {
  local row=$1 fault=$2 out status=0
  shift 2
  out=$(KETCH_FAULT="$row:$fault" timeout -k 1 20 "$KETCH" --root "$ROOT" "$@" "$CT" < /dev/null 2>&1) || status=$?
  [ $status != 0 ] || { echo "$row:$fault: $* succeeded"; return 1; }
  [ $status != 124 ] && [ $status != 137 ] || { echo "$row:$fault: $* hung"; ketch delete --force "$CT"; return 1; }
  case $out in *"${row%@end}"*) ;; *) echo "$row:$fault: $*: the error does not name the step: $out"; return 1 ;; esac
  assert_clean > "$TEST_DIR/left" 2>&1 || { echo "$row:$fault: $*: $(cat "$TEST_DIR/left")"; ketch delete --force "$CT"; return 1; }
}

loop() { # loop FAULT COMMAND…
  local row bad=0 n=0
  for row in $(rows); do
    # What comes after `start` can't fail a create; what the fault strikes after execve's preparation is told by start.
    [[ $1 == *@* ]] && [ "$row" = exec ] && continue
    fail_one "$row" "$@" || bad=$((bad + 1))
    n=$((n + 1))
  done
  echo "# $n rows, $bad bad"
  [ $n -gt 25 ] && [ $bad = 0 ]
}

is_start_row() {
  ketch explain -b "$BUNDLE" --json | jq -e --arg n "$1" '.steps[] | select(.name == $n and .stage == "start")' > /dev/null
}

@test "run: every row × ENOSPC is undone" {
  full_bundle
  command_is true
  loop ENOSPC run -b "$BUNDLE"
}

@test "run: every row with joined, user and time namespaces × EPERM is undone" {
  unshare --uts sleep 300 &
  local peer=$! status=0
  ns_bundle $peer
  command_is true
  loop EPERM run -b "$BUNDLE" || status=1
  kill $peer
  [ $status = 0 ]
}

@test "run: every row × a crash of its process is undone or cleared by delete --force" {
  full_bundle
  command_is true
  local row bad=0 n=0 status
  for row in $(rows); do
    n=$((n + 1))
    status=0
    KETCH_FAULT="$row:crash" timeout -k 1 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || status=$?
    [ $status != 0 ] && [ $status != 124 ] || { echo "$row: status $status"; bad=$((bad + 1)); }
    ketch delete --force "$CT" || { echo "$row: delete --force failed"; bad=$((bad + 1)); }
    wait_for 3 assert_clean 2> "$TEST_DIR/left" || { echo "$row: $(tail -n 3 "$TEST_DIR/left")"; bad=$((bad + 1)); }
  done
  [ $n -gt 25 ] && [ $bad = 0 ]
}

@test "create: a ketch that is killed in or after any row of its own is cleared by delete --force" {
  full_bundle
  command_is true
  local row at bad=0 n=0
  for row in $(ketch explain -b "$BUNDLE" --json | jq -r '.steps[] | select(.stage == "host" or .stage == "serve").name'); do
    for at in "" @end; do
      n=$((n + 1))
      KETCH_FAULT="$row$at:kill" timeout -k 1 20 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 && {
        echo "$row$at: create succeeded"; bad=$((bad + 1)); }
      ketch delete --force "$CT" || { echo "$row$at: delete --force failed"; bad=$((bad + 1)); }
      wait_for 3 assert_clean 2> "$TEST_DIR/left" || { echo "$row$at: $(tail -n 3 "$TEST_DIR/left")"; bad=$((bad + 1)); }
    done
  done
  [ $n -gt 10 ] && [ $bad = 0 ]
}

@test "create: an interrupted create (SIGTERM in each hanging row) is undone" {
  full_bundle
  command_is true
  local row bad=0 n=0 pid
  for row in $(ketch explain -b "$BUNDLE" --json | jq -r '.steps[] | select(.stage == "init").name'); do
    n=$((n + 1))
    KETCH_FAULT="$row:hang" timeout -k 10 20 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 &
    pid=$!
    wait_for 5 test -e "$ROOT/$CT/created" || { echo "$row: create did not begin"; bad=$((bad + 1)); }
    sleep 0.03
    kill -TERM $pid
    wait $pid && { echo "$row: create succeeded"; bad=$((bad + 1)); }
    grep -q 'interrupted by signal 15' "$TEST_DIR/out" || { echo "$row: $(cat "$TEST_DIR/out")"; bad=$((bad + 1)); }
    assert_clean 2> "$TEST_DIR/left" || { echo "$row: $(cat "$TEST_DIR/left")"; bad=$((bad + 1)); ketch delete --force "$CT"; }
  done
  [ $n -gt 20 ] && [ $bad = 0 ]
}

@test "exec: every row × EIO fails with 255 and leaves nothing of its own" {
  command_is sleep 100
  ketch run -d -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1
  local row bad=0 n=0 out status before after
  before=$(ketch ps -f json "$CT")
  for row in $(ketch explain -b "$BUNDLE" --exec --json | jq -r '.steps[].name'); do
    n=$((n + 1))
    status=0
    # the row for a container that has all the processes it may have
    [ "$row" != cgroup.room ] || ketch update --pids-limit 1 "$CT"
    out=$(KETCH_FAULT="$row:EIO" timeout -k 1 20 "$KETCH" --root "$ROOT" exec "$CT" true < /dev/null 2>&1) || status=$?
    [ $status = 255 ] || { echo "$row: status $status: $out"; bad=$((bad + 1)); }
    case $out in *"$row"*) ;; *) echo "$row: not named: $out"; bad=$((bad + 1)) ;; esac
    [ "$row" != cgroup.room ] || ketch update --pids-limit -1 "$CT"
    after=$(ketch ps -f json "$CT")
    [ "$before" = "$after" ] || { echo "$row: processes $after, were $before"; bad=$((bad + 1)); }
  done
  ketch delete --force "$CT"
  [ $n -gt 12 ] && [ $bad = 0 ]
}
