#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The operations and statuses of runtime.md: create, start, state, kill, delete, pause and resume; ids; parallel commands; a ketch
# that is killed.

load helpers

hook_that_waits() {
  edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo $$ > $T/in; while [ ! -e $T/go ]; do sleep 0.02; done"],
    env: ["T=\($t)", "PATH=/bin:/usr/bin"]}]' --arg t "$TEST_DIR"
}

# What a process of the container wrote appears in the image.
writable() {
  edit '.root.readonly = false'
}

# ---- statuses ----

@test "lifecycle: created, running, stopped, gone" {
  command_is sh -c 'while [ ! -e /tmp/end ]; do sleep 0.02; done'
  writable
  create_one
  status_is "$CT" created
  local pid
  pid=$(pid_of "$CT")
  [ -d "/proc/$pid" ]
  ketch start "$CT"
  status_is "$CT" running
  [ "$(pid_of "$CT")" = "$pid" ]
  touch "$BUNDLE/rootfs/tmp/end"
  wait_for 5 status_is "$CT" stopped
  [ "$(pid_of "$CT")" = 0 ]
  run --separate-stderr ketch delete "$CT"
  assert_status 0
  [ -z "$output$stderr" ]
  fails 1 "does not exist" state "$CT"
}

@test "lifecycle: the state has the members of the spec and those of the peers" {
  edit '.annotations = {"a.b": "c", "empty": ""}'
  create_one
  run --separate-stderr ketch state "$CT"
  assert_status 0
  [ -z "$stderr" ]
  local state=$output
  echo "$state" | jq -e --arg id "$CT" --arg b "$BUNDLE" '.ociVersion == "1.3.0" and .id == $id and .status == "created" and .bundle == $b
    and .rootfs == $b + "/rootfs" and .annotations == {"a.b": "c", "empty": ""} and .owner == "" and (.pid | type) == "number"'
  [[ $(echo "$state" | jq -r .created) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$ ]]
}

@test "lifecycle: the bundle may be relative, or the current directory; the state tells an absolute one" {
  (cd "$TEST_DIR" && detached create -b bundle "$CT")
  [ "$(ketch state "$CT" | jq -r .bundle)" = "$BUNDLE" ]
  (cd "$BUNDLE" && detached create "$CT-b")
  [ "$(ketch state "$CT-b" | jq -r .bundle)" = "$BUNDLE" ]
}

@test "lifecycle: creating, while a hook runs; nobody starts, execs in, kills or deletes it then" {
  hook_that_waits
  bg create -b "$BUNDLE" "$CT" &
  local creator=$!
  wait_for 5 test -s "$TEST_DIR/in"
  status_is "$CT" creating
  ketch state "$CT" | jq -e --arg b "$BUNDLE" '.pid == 0 and .bundle == $b'
  [ "$(ketch list -q)" = "$CT" ]
  ketch list --format json | jq -e '.[0].status == "creating"'
  ketch list | grep -q creating
  fails 255 "cannot exec" exec "$CT" true
  fails 1 "container not running" kill "$CT"
  fails 1 "creating" delete "$CT"
  fails 1 "creating" pause "$CT"
  fails 1 "already exists" create -b "$BUNDLE" "$CT"
  touch "$TEST_DIR/go"
  wait "$creator"
  status_is "$CT" created
}

@test "lifecycle: a bundle in a directory with a newline and a backslash in its name" {
  hook_that_waits
  local odd=$TEST_DIR/$'a\nb\\n \\040c'
  mv "$BUNDLE" "$odd"
  bg create -b "$odd" "$CT" &
  local creator=$!
  wait_for 5 test -s "$TEST_DIR/in"
  ketch state "$CT" | jq -e --arg b "$odd" '.status == "creating" and .bundle == $b'
  touch "$TEST_DIR/go"
  wait "$creator"
  ketch state "$CT" | jq -e --arg b "$odd" '.status == "created" and .bundle == $b'
  ketch delete --force "$CT"
}

@test "lifecycle: list shows nothing of a bundle's name that a terminal would obey" {
  local odd=$TEST_DIR/$'a\n\t\xc2\x9b31m\xe2\x80\xae\xffü'
  mv "$BUNDLE" "$odd"
  detached create -b "$odd" "$CT"
  run ketch list
  assert_status 0
  [ "${#lines[@]}" = 2 ]
  assert_output " $TEST_DIR/a???31m??ü  "
}

@test "lifecycle: start waits for a create that is under way" {
  hook_that_waits
  bg create -b "$BUNDLE" "$CT" &
  local creator=$!
  wait_for 5 test -s "$TEST_DIR/in"
  OUT=$TEST_DIR/out2 bg start "$CT" &
  local starter=$!
  sleep 0.1
  touch "$TEST_DIR/go"
  wait "$creator"
  wait "$starter"
}

@test "lifecycle: paused and resumed" {
  start_one
  ketch pause "$CT"
  status_is "$CT" paused
  # v1's freezer shows in the process's state, v2's in its cgroup
  grep -q '^State:.*[DT]' "/proc/$PID/status" || grep -q '^frozen 1' "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")/cgroup.events"
  fails 1 "cannot pause" pause "$CT"
  fails 1 "cannot start" start "$CT"
  fails 1 "cannot delete" delete "$CT"
  fails 255 "cannot exec in a paused container (use --ignore-paused to override)" exec "$CT" true
  ketch resume "$CT"
  status_is "$CT" running
  fails 1 "cannot resume" resume "$CT"
  ketch exec "$CT" true
}

@test "lifecycle: KILL ends a paused container, and delete --force one, too" {
  start_one
  ketch pause "$CT"
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
  start_one
  ketch pause "$CT"
  ketch delete --force "$CT"
  is_dead "$PID"
}

@test "lifecycle: a created container can be paused; start refuses it then and takes it after resume" {
  create_one
  ketch pause "$CT"
  status_is "$CT" paused
  fails 1 paused start "$CT"
  ketch resume "$CT"
  status_is "$CT" created
  ketch start "$CT"
}

@test "lifecycle: a zombie init is stopped" {
  command_is true
  # A parent that adopts the container and never waits.
  python3 - "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" > "$TEST_DIR/parent" 2>&1 3>&- < /dev/null <<'P' &
import ctypes, os, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print("status", status, flush=True)
time.sleep(60)
P
  local parent=$!
  wait_for 5 grep -q status "$TEST_DIR/parent"
  grep -q 'status 0' "$TEST_DIR/parent"
  local pid
  pid=$(jq .pid "$ROOT/$CT/state.json")
  wait_for 5 grep -q '^State:.*Z' "/proc/$pid/status"
  status_is "$CT" stopped
  [ "$(pid_of "$CT")" = 0 ]
  fails 1 "container not running" kill "$CT"
  fails 1 "container not running" kill "$CT" 0
  ketch kill --all "$CT" 9
  fails 255 "cannot exec in a stopped container" exec "$CT" true
  fails 1 "cannot start a container that has stopped" start "$CT"
  ketch delete "$CT"
  kill "$parent"
  wait "$parent" || true
}

@test "lifecycle: a process that got the pid of a dead init is not taken for it" {
  start_one
  sleep 1000 3>&- &
  local bystander=$!
  jq -c ".pid = $bystander" "$ROOT/$CT/state.json" > "$TEST_DIR/state" && cp "$TEST_DIR/state" "$ROOT/$CT/state.json"
  status_is "$CT" stopped
  fails 1 "container not running" kill "$CT" KILL
  fails 255 "stopped container" exec "$CT" true
  ketch kill --all "$CT" 0
  ketch delete --force "$CT"
  [ "$(awk '/^State/ {print $2}' "/proc/$bystander/status")" = S ]
  is_dead "$PID"
  kill "$bystander"
}

@test "lifecycle: another start time of the recorded pid means that init has ended" {
  start_one
  jq -c '.startTime += 1' "$ROOT/$CT/state.json" > "$TEST_DIR/state" && cp "$TEST_DIR/state" "$ROOT/$CT/state.json"
  status_is "$CT" stopped
  # What is left in the cgroup is the container's all the same.
  ketch delete "$CT"
  is_dead "$PID"
}

@test "lifecycle: a damaged state is told, listed and cleared by delete --force" {
  start_one
  local damage
  for damage in '' '{' '[]' '{"version":1}' '{"version":7}' "$(printf '\0\1\2')"; do
    cp "$ROOT/$CT/state.json" "$TEST_DIR/state"
    printf '%s' "$damage" > "$ROOT/$CT/state.json"
    fails 1 "state.json is damaged" state "$CT"
    [ "$(ketch list -q)" = "$CT" ]
    fails 1 "state.json is damaged" delete "$CT"
    cp "$TEST_DIR/state" "$ROOT/$CT/state.json"
  done
  echo '{' > "$ROOT/$CT/state.json"
  ketch list | grep -q "^$CT  *0  *damaged "
  ketch list -f json | jq -e '.[0].status == "damaged"'
  ketch delete --force "$CT"
  [ -z "$(ketch list -q)" ]
  wait_for 5 is_dead "$PID"
}

@test "lifecycle: a damaged configuration is told, and cleared by delete --force" {
  start_one
  local damage
  for damage in '' '{' "$(printf '\0\1\2')"; do
    printf '%s' "$damage" > "$ROOT/$CT/config.json"
    fails 255 "the configuration kept for container '$CT' is damaged" exec "$CT" true
    fails 1 "the configuration kept for container '$CT' is damaged" update --pids-limit 9 "$CT"
  done
  rm "$ROOT/$CT/config.json"
  fails 255 "read it: No such file" exec "$CT" true
  ketch delete --force "$CT"
  wait_for 5 is_dead "$PID"
}

# ---- start ----

@test "lifecycle: start once" {
  command_is sleep 1000
  create_one
  ketch start "$CT"
  fails 1 "cannot start container '$CT': it is running, not created" start "$CT"
  status_is "$CT" running
}

@test "lifecycle: of two starts at once one wins" {
  command_is sleep 1000
  create_one
  local i pids=() won=0
  for i in 1 2 3 4 5; do
    OUT=$TEST_DIR/out.$i bg start "$CT" &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    if wait "$i"; then won=$((won + 1)); fi
  done
  [ "$won" = 1 ]
  status_is "$CT" running
}

@test "lifecycle: start of a container that was killed before it was started" {
  create_one
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  fails 1 "cannot start a container that has stopped" start "$CT"
}

@test "lifecycle: a created container that is killed is never seen running" {
  command_is sleep 1000
  local i
  for i in {1..40}; do
    create_one
    ketch kill "$CT" KILL
    ketch state "$CT" | jq -r .status >> "$TEST_DIR/seen"
    ketch start "$CT" 2>> "$TEST_DIR/said" && echo started >> "$TEST_DIR/said"
    ketch delete --force "$CT"
  done
  sort "$TEST_DIR/seen" "$TEST_DIR/said" | uniq -c
  refute grep -qve created -e stopped "$TEST_DIR/seen"
  refute grep -qe started -e running "$TEST_DIR/said"
}

@test "lifecycle: a program that is over at once was started all the same" {
  command_is true
  local i
  for i in 1 2 3 4 5 6 7 8; do
    create_one "-$i"
    ketch start "$CT-$i"
  done
}

@test "lifecycle: a start that is killed leaves the truth about the status" {
  command_is sleep 1000
  local i s
  for i in 1 2 3 4 5 6; do
    create_one "-$i"
    bg start "$CT-$i" &
    local p=$!
    sleep "0.00$i"
    kill -9 "$p" 2> /dev/null || true
    wait "$p" || true
    sleep 0.5 # init may be between the word to start and its execve
    s=$(container_status "$CT-$i")
    if [ "$s" = created ]; then ketch start "$CT-$i"; fi
    status_is "$CT-$i" running
    grep -qz 'sleep' "/proc/$(pid_of "$CT-$i")/cmdline"
  done
}

@test "lifecycle: a start that is killed once it has reached the container does not take it along" {
  edit '.root.readonly = false | .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "touch /tmp/begun; sleep 1"]}]'
  command_is sleep 1000
  create_one
  bg start "$CT" &
  local p=$!
  wait_for 10 test -e "$BUNDLE/rootfs/tmp/begun"
  kill -9 "$p"
  wait "$p" || true
  wait_for 10 status_is "$CT" running
  grep -qz sleep "/proc/$(pid_of "$CT")/cmdline"
}

# A startContainer hook that says when it has begun and waits for "go".
hook_waits() {
  edit '.root.readonly = false | .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
    "touch /tmp/begun; until [ -e /tmp/go ]; do sleep 0.05; done"]}]'
}

# killed_in_hook COMMAND…: ketch COMMAND is killed while the hook runs.
killed_in_hook() {
  bg "$@" &
  local p=$!
  wait_for 10 test -e "$BUNDLE/rootfs/tmp/begun"
  kill -9 "$p"
  wait "$p" || true
}

@test "lifecycle: a second start leaves a container alone whose first start, or run, was killed" {
  local first
  hook_waits
  command_is sleep 1000
  for first in start run; do
    rm -f "$BUNDLE"/rootfs/tmp/{begun,go}
    if [ $first = start ]; then
      create_one
      killed_in_hook start "$CT"
    else
      killed_in_hook run --detach -b "$BUNDLE" "$CT"
    fi
    fails 1 "container '$CT' is being started by another command" start "$CT"
    status_is "$CT" created
    touch "$BUNDLE/rootfs/tmp/go"
    wait_for 10 status_is "$CT" running
    ketch delete --force "$CT"
  done
}

# GO is on its way: the page for the outcome is mapped and its descriptor closed.
go_is_sent() {
  grep -q ketch-outcome "/proc/$1/maps" && [[ $(readlink /proc/"$1"/fd/*) != *ketch-outcome* ]]
}

@test "lifecycle: a start whose GO comes behind that of a killed one leaves the container alone" {
  command_is sleep 1000
  create_one
  local first second status=0 pid
  pid=$(pid_of "$CT")
  kill -STOP "$pid"
  bg start "$CT" &
  first=$!
  wait_for 10 go_is_sent $first
  kill -9 $first
  wait $first || true
  bg start "$CT" &
  second=$!
  wait_for 10 go_is_sent $second
  kill -CONT "$pid"
  wait $second || status=$?
  [ "$status" = 1 ]
  grep -qF "container '$CT' is being started by another command" "$TEST_DIR/out"
  wait_for 10 status_is "$CT" running
}

@test "lifecycle: a start that runs out of descriptors can be tried again" {
  command_is sleep 1000
  create_one
  local n failed=0
  for n in {5..48}; do
    if prlimit --nofile="$n:" "$KETCH" --root "$ROOT" start "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-; then break; fi
    failed=$((failed + 1))
    status_is "$CT" created
  done
  [ "$failed" -gt 0 ]
  status_is "$CT" running
}

@test "lifecycle: without a process create works and start does not; run does not" {
  edit 'del(.process)'
  create_one
  status_is "$CT" created
  fails 1 "process is missing" start "$CT"
  ketch delete --force "$CT"
  fails 1 "process is missing" run -b "$BUNDLE" "$CT"
  [ -z "$(ketch list -q)" ]
}

@test "lifecycle: the program does not run before start" {
  writable
  command_is touch /tmp/ran
  create_one
  sleep 0.1
  [ ! -e "$BUNDLE/rootfs/tmp/ran" ]
  ketch start "$CT"
  wait_for 5 test -e "$BUNDLE/rootfs/tmp/ran"
}

# ---- what create has read ----

@test "lifecycle: edits of config.json after create change nothing, for start and for exec" {
  writable
  command_is sh -c 'echo "$V" > /tmp/value; exec sleep 1000'
  edit '.process.env += ["V=old"]'
  create_one
  edit '.process.env |= map(if . == "V=old" then "V=new" else . end) | .process.args = ["/nonexistent"] | .process.user.uid = 12345 | .process.cwd = "/nope"'
  ketch start "$CT"
  wait_for 5 test -s "$BUNDLE/rootfs/tmp/value"
  [ "$(cat "$BUNDLE/rootfs/tmp/value")" = old ]
  run ketch exec "$CT" sh -c 'echo "$V $(id -u) $(pwd)"'
  assert_status 0
  [ "$output" = "old 0 /" ]
  rm "$BUNDLE/config.json"
  run ketch exec "$CT" sh -c 'echo "$V"'
  [ "$output" = old ]
  ketch delete --force "$CT"
}

@test "lifecycle: no edit of hooks after create runs a new one" {
  command_is sleep 1000
  create_one
  edit '.hooks.poststart = [{path: "/bin/touch", args: ["touch", $f]}] | .hooks.poststop = .hooks.poststart' --arg f "$TEST_DIR/ran"
  ketch start "$CT"
  ketch delete --force "$CT"
  [ ! -e "$TEST_DIR/ran" ]
}

# ---- unknown ids ----

@test "lifecycle: every command says that an unknown container does not exist" {
  local id=$CT-no
  fails 1 "container does not exist" state "$id"
  fails 1 "container does not exist" start "$id"
  fails 1 "container does not exist" kill "$id"
  fails 1 "container does not exist" kill --all "$id" 9
  fails 1 "container does not exist" delete "$id"
  fails 1 "container does not exist" pause "$id"
  fails 1 "container does not exist" resume "$id"
  fails 1 "container does not exist" ps "$id"
  fails 255 "container does not exist" exec "$id" true
  [ ! -e "$ROOT" ]
  create_one
  fails 1 "container does not exist" state "$id"
  fails 1 "container does not exist" delete "$id"
}

@test "lifecycle: delete --force of an unknown id succeeds in silence" {
  run --separate-stderr ketch delete --force "$CT-no"
  assert_status 0
  [ -z "$output$stderr" ]
  create_one
  run --separate-stderr ketch delete -f "$CT-no"
  assert_status 0
  [ -z "$output$stderr" ]
}

# ---- kill ----

@test "lifecycle: kill takes signals by number and by name, with and without SIG, in any case" {
  writable
  command_is sh -c 'for s in HUP INT USR1 USR2 TERM CONT WINCH RTMIN RTMAX; do trap "echo $s >> /tmp/got" $s; done; touch /tmp/ready
    while :; do sleep 0.02; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 test -e "$BUNDLE/rootfs/tmp/ready"
  local got=$BUNDLE/rootfs/tmp/got spelled name n=0
  for spelled in HUP:HUP SIGINT:INT usr1:USR1 sigUsr2:USR2 15:TERM :TERM 18:CONT SIGWINCH:WINCH; do
    name=${spelled#*:}
    # shellcheck disable=SC2086
    ketch kill "$CT" ${spelled%:*}
    n=$((n + 1))
    wait_for 5 eval "[ \$(wc -l < $got) = $n ]"
    [ "$(tail -n 1 "$got")" = "$name" ]
  done
  ketch kill "$CT" 0
  status_is "$CT" running
  local bad
  for bad in FOO SIG 65 -1 999999999999 9x 0x9 SIGSIGTERM TERM1 ' 9' ''; do
    fails 1 "is not a signal" kill "$CT" -- "$bad"
  done
  [ "$(wc -l < "$got")" = "$n" ]
  ketch kill "$CT" SIGKILL
  wait_for 5 status_is "$CT" stopped
}

@test "lifecycle: real-time signals arrive" {
  writable
  command_is sh -c 'trap "echo got > /tmp/got" 40; touch /tmp/ready; while :; do sleep 0.02; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 test -e "$BUNDLE/rootfs/tmp/ready"
  ketch kill "$CT" SIGRTMIN+6
  wait_for 5 test -e "$BUNDLE/rootfs/tmp/got"
}

@test "lifecycle: a created container, which is pid 1, dies of the usual signals" {
  local sig
  for sig in TERM INT HUP QUIT USR1 ABRT ALRM RTMIN KILL; do
    create_one "-$sig"
    ketch kill "$CT-$sig" "$sig"
    wait_for 5 status_is "$CT-$sig" stopped
    ketch delete "$CT-$sig"
  done
}

@test "lifecycle: kill of a stopped container is refused, with --all it is not" {
  command_is true
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 status_is "$CT" stopped
  fails 1 "container not running" kill "$CT"
  fails 1 "container not running" kill "$CT" KILL
  fails 1 "container not running" kill "$CT" 0
  run --separate-stderr ketch kill --all "$CT" KILL
  assert_status 0
  [ -z "$output$stderr" ]
  run --separate-stderr ketch kill -a "$CT" 9
  assert_status 0
}

@test "lifecycle: kill --all reaches every process" {
  writable
  command_is sh -c 'trap : USR1; for i in 1 2 3; do sh -c "trap \"touch /tmp/got.$i; exit\" USR1; touch /tmp/ready.$i; while :; do sleep 0.02; done" & done; while :; do sleep 0.05; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 eval "[ -e $BUNDLE/rootfs/tmp/ready.1 -a -e $BUNDLE/rootfs/tmp/ready.2 -a -e $BUNDLE/rootfs/tmp/ready.3 ]"
  ketch kill "$CT" USR1
  sleep 0.1
  [ ! -e "$BUNDLE/rootfs/tmp/got.1" ]
  ketch kill --all "$CT" USR1
  wait_for 5 eval "[ -e $BUNDLE/rootfs/tmp/got.1 -a -e $BUNDLE/rootfs/tmp/got.2 -a -e $BUNDLE/rootfs/tmp/got.3 ]"
}

@test "lifecycle: without a pid namespace kill and delete reach all processes of the cgroup" {
  edit '.linux.namespaces |= map(select(.type != "pid"))'
  command_is sh -c 'setsid sleep 1001 & setsid sleep 1002 & exec sleep 1000'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 3 ]'
  local pids
  pids=$(ketch ps -f json "$CT" | jq '.[]')
  ketch kill "$CT" KILL
  local p
  for p in $pids; do wait_for 5 is_dead "$p"; done
  ketch delete "$CT"
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 5 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 3 ]'
  # Init ends; those that it leaves behind do not.
  pids=$(ketch ps -f json "$CT" | jq '.[]')
  kill -9 "$(pid_of "$CT")"
  wait_for 5 status_is "$CT" stopped
  ketch kill --all "$CT" KILL
  for p in $pids; do wait_for 5 is_dead "$p"; done
  ketch delete "$CT"
  detached run --detach -b "$BUNDLE" "$CT"
  pids=$(ketch ps -f json "$CT" | jq '.[]')
  ketch delete --force "$CT"
  for p in $pids; do wait_for 5 is_dead "$p"; done
}

@test "lifecycle: a container whose first thread has ended runs as long as the others" {
  cp "$PROGRAMS/leaderless" "$BUNDLE/rootfs/bin/"
  command_is leaderless
  detached run --detach --pid-file "$TEST_DIR/pid" -b "$BUNDLE" "$CT"
  local pid
  pid=$(cat "$TEST_DIR/pid")
  wait_for 30 grep -q '^State:.Z' "/proc/$pid/status"
  [ "$(ketch state "$CT" | jq -c '[.status, .pid]')" = "[\"running\",$pid]" ]
  fails 1 "it is running, not stopped" delete "$CT"
  ketch pause "$CT"
  status_is "$CT" paused
  ketch resume "$CT"
  fails 255 "first thread, has ended" exec "$CT" true
  ketch kill "$CT" KILL
  wait_for 30 status_is "$CT" stopped
  fails 1 "container not running" kill "$CT"
  ketch delete "$CT"
}

# ---- delete ----

@test "lifecycle: delete removes a created container, and refuses it with --strict" {
  create_one
  fails 1 "it is created, not stopped" delete --strict "$CT"
  status_is "$CT" created
  local pid
  pid=$(pid_of "$CT")
  ketch delete "$CT"
  is_dead "$pid"
  [ -z "$(ketch list -q)" ]
}

@test "lifecycle: delete refuses a running container without --force" {
  start_one
  fails 1 "it is running, not stopped" delete "$CT"
  fails 1 "it is running, not stopped" delete --strict "$CT"
  status_is "$CT" running
  ketch delete --force --strict "$CT"
  is_dead "$PID"
}

@test "lifecycle: the id is free after delete" {
  local i
  command_is sleep 1000
  for i in 1 2 3; do
    create_one
    ketch start "$CT"
    ketch kill "$CT" KILL
    wait_for 5 status_is "$CT" stopped
    ketch delete "$CT"
  done
}

@test "lifecycle: delete does not remove what create did not make" {
  create_one
  ketch delete "$CT"
  [ -e "$BUNDLE/config.json" ]
  [ -e "$BUNDLE/rootfs/bin/sh" ]
}

@test "lifecycle: delete works when bundle and root file system are gone" {
  start_one
  rm -rf "$BUNDLE"
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
}

# ---- ids ----

@test "lifecycle: every command refuses ids that are none" {
  local long bad
  long=$(printf 'a%.0s' $(seq 1024))
  mkdir -p "$ROOT"
  for bad in 'a b' 'a
b' 'ä' .cache 'a*' '$(x)' "a'b" 'a\b' 'a:b' 'a@b' a//b "a/../b" /etc ../x "${long}a"; do
    fails 1 "container id" state -- "$bad"
    fails 1 "container id" create -b "$BUNDLE" -- "$bad"
  done
  for bad in . .. / '' "$long" a/b; do
    fails 1 "container id" create -b "$BUNDLE" -- "$bad"
    fails 1 "container id" run -b "$BUNDLE" -- "$bad"
    fails 1 "container id" state -- "$bad"
    fails 1 "container id" start -- "$bad"
    fails 1 "container id" kill -- "$bad"
    fails 1 "container id" delete -- "$bad"
    fails 1 "container id" delete --force -- "$bad"
    fails 1 "container id" pause -- "$bad"
    fails 1 "container id" resume -- "$bad"
    fails 1 "container id" ps -- "$bad"
    fails 255 "container id" exec -- "$bad" true
  done
  fails 1 "unknown option" state -x
  [ -z "$(ls -A "$ROOT")" ]
}

@test "lifecycle: ids of all allowed characters and of the longest length" {
  command_is true
  local id
  for id in "$CT+_.-Az09" "$CT$(printf 'a%.0s' $(seq $((255 - ${#CT}))))" "${CT}_" ".$CT" "..$CT" "-$CT" "--$CT"; do
    run ketch run -b "$BUNDLE" -- "$id" < /dev/null
    assert_status 0
  done
}

@test "lifecycle: an id that is taken is refused, and its container unharmed" {
  start_one
  fails 1 "container with given ID already exists" create -b "$BUNDLE" "$CT"
  fails 1 "container with given ID already exists" run -b "$BUNDLE" "$CT"
  status_is "$CT" running
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  fails 1 "container with given ID already exists" create -b "$BUNDLE" "$CT"
  ketch delete "$CT"
}

@test "lifecycle: what is in the state directory and is no container is left alone" {
  mkdir -p "$ROOT/.cache"
  touch "$ROOT/file" "$ROOT/.cache/x"
  [ -z "$(ketch list -q)" ]
  fails 1 "does not exist" state file
  fails 1 "does not exist" delete file
  ketch delete --force file
  [ -e "$ROOT/file" ]
  rm "$ROOT/file"
}

@test "lifecycle: with a wrong --root delete does not take a directory for a container" {
  local tree=$TEST_DIR/tree
  mkdir -p "$tree/home/me" "$tree/log/journal" "$tree/files"
  echo precious | tee "$tree/home/me/file" "$tree/log/journal/x" "$tree/files/file" "$tree/files/journal" "$tree/files/state.json" > /dev/null
  local id
  for id in home log files; do
    run "$KETCH" --root "$tree" delete "$id"
    [ "$status" = 1 ]
    assert_output "does not exist"
    "$KETCH" --root "$tree" delete --force "$id"
  done
  [ -z "$("$KETCH" --root "$tree" list -q)" ]
  "$KETCH" --root "$tree" delete --force --regex .
  [ "$(find "$tree" -type f | wc -l)" = 5 ]
}

@test "lifecycle: state directories are 0700, files in them 0600" {
  (umask 0; create_one)
  [ "$(stat -c %a "$ROOT")" = 700 ]
  [ "$(stat -c %a "$ROOT/$CT")" = 700 ]
  local f
  for f in "$ROOT/$CT"/*; do
    [ "$(stat -c %a "$f")" = 600 ] || { stat -c '%a %n' "$f" >&2; return 1; }
  done
}

# few_fds N COMMAND…: with room for descriptors below N, and none open but the first three
few_fds() {
  local n=$1 fd
  shift
  (
    for fd in /proc/"$BASHPID"/fd/*; do
      fd=${fd##*/}
      [ "$fd" -le 2 ] || eval "exec $fd>&-"
    done
    ulimit -Sn "$n"
    exec "$@"
  )
}

@test "lifecycle: with too few descriptors a command fails, and takes no live container for one that is gone or has ended" {
  start_one
  local n
  for n in $(seq 4 40); do
    run few_fds "$n" "$KETCH" --root "$ROOT" list -q
    [ "$status" != 0 ] || [ "$output" = "$CT" ]
    run few_fds "$n" "$KETCH" --root "$ROOT" state "$CT"
    [ "$status" != 0 ] || assert_output '"status": "running"'
    refute_output "does not exist"
    run few_fds "$n" "$KETCH" --root "$ROOT" kill "$CT" 0
    refute_output "does not exist"
    refute_output "not running"
    [ "$status" = 0 ] || assert_output "Too many open files"
  done
  assert_status 0
  for n in $(seq 4 40); do
    run few_fds "$n" "$KETCH" --root "$ROOT" delete --force "$CT"
    [ "$status" != 0 ] || break
    assert_output "Too many open files"
  done
  assert_status 0
  [ "$n" -gt 4 ]
  is_dead "$PID"
  assert_clean
}

@test "lifecycle: a container with a file of somebody else's in its directory is one; delete leaves that file, and says so" {
  start_one
  touch "$ROOT/$CT/.nfs0000001"
  mkdir "$ROOT/$CT/dir"
  [ "$(ketch list -q)" = "$CT" ]
  status_is "$CT" running
  fails 1 "is running" delete "$CT"
  edit '.hooks.poststop = [{path: "/bin/touch", args: ["touch", $f]}]' --arg f "$TEST_DIR/poststop"
  cp "$BUNDLE/config.json" "$ROOT/$CT/config.json"
  rmdir "$ROOT/$CT/dir"
  fails 1 "container '$CT' is deleted, but '$ROOT/$CT' has '.nfs0000001', which is not ketch's" delete --force "$CT"
  [[ $stderr == *"remove that directory yourself"* ]]
  is_dead "$PID"
  [ -e "$TEST_DIR/poststop" ]
  [ "$(ls -A "$ROOT/$CT")" = .nfs0000001 ]
  [ -z "$(ketch list -q)" ]
  fails 1 "is no container" create -b "$BUNDLE" "$CT"
  rm -r "${ROOT:?}/$CT"
  create_one
  mkdir "$ROOT/$CT/dir"
  fails 1 "has 'dir', which is not ketch's" delete "$CT"
  rm -r "${ROOT:?}/$CT"
  assert_clean
}

@test "lifecycle: a view of the state directory without the right to write tells the same statuses" {
  command_is sleep 1000
  create_one
  local want
  for want in created running; do
    run unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" --root "$1" state "$3"' - "$ROOT" "$KETCH" "$CT"
    assert_status 0
    assert_output "\"status\": \"$want\""
    [ "$want" = running ] || ketch start "$CT"
  done
}

has_child() {
  [ -n "$(cat "/proc/$1/task/$1/children")" ]
}

@test "lifecycle: delete --force clears a paused container with a damaged state and without a pid namespace" {
  edit '.linux.namespaces |= map(select(.type != "pid"))'
  command_is sh -c 'sleep 1000 & exec sleep 1000'
  detached run --detach -b "$BUNDLE" "$CT"
  local pids file
  PID=$(pid_of "$CT")
  wait_for 5 has_child "$PID"
  pids="$PID $(cat "/proc/$PID/task/$PID/children")"
  ketch pause "$CT"
  cp "$ROOT/$CT/state.json" "$TEST_DIR/state"
  : > "$ROOT/$CT/state.json"
  run ketch delete --force "$CT"
  [ "$status" = 0 ] || cp "$TEST_DIR/state" "$ROOT/$CT/state.json" # for the teardown
  assert_status 0
  for PID in $pids; do is_dead "$PID"; done
  assert_clean
}

# Makes the annotation "long" N bytes that take six each in the state.
long_annotation() {
  python3 - "$BUNDLE/config.json" "$1" <<'P'
import re, sys
text = open(sys.argv[1]).read()
text = re.sub('"long": *"[^"]*"', lambda m: '"long": "' + '\x7f' * int(sys.argv[2]) + '"', text)
open(sys.argv[1], 'w').write(text)
P
}

@test "lifecycle: annotations too long for the state to be read again are refused" {
  command_is sleep 1000
  edit '.annotations.long = "x"'
  local words mib
  for words in create "run --detach"; do
    for mib in 3 6; do
      long_annotation $((mib << 20))
      fails 1 "more than the limit of 16 MiB" $words -b "$BUNDLE" "$CT"
      [[ $stderr == *"the annotations make a state of "* ]]
      [[ $stderr == *'$.annotations'* ]]
      assert_clean
    done
  done
  long_annotation $((2 << 20))
  create_one
  ketch state "$CT" | grep -q '"status": "created"'
}

# ---- at the same time ----

@test "lifecycle: of parallel creates with one id exactly one wins" {
  local i pids=() won=0
  for i in 1 2 3 4 5 6 7 8; do
    OUT=$TEST_DIR/out.$i bg create -b "$BUNDLE" "$CT" &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    if wait "$i"; then won=$((won + 1)); fi
  done
  [ "$won" = 1 ] || { cat "$TEST_DIR"/out.* >&2; return 1; }
  [ "$(cat "$TEST_DIR"/out.* | grep -c 'container with given ID already exists')" = 7 ]
  status_is "$CT" created
  ketch start "$CT"
}

@test "lifecycle: a storm of commands on one id leaves a container or none" {
  command_is sleep 1000
  local round i pids
  for round in 1 2 3 4 5; do
    pids=()
    for i in 1 2 3; do
      OUT=/dev/null bg create -b "$BUNDLE" "$CT" &
      pids+=($!)
      OUT=/dev/null bg start "$CT" &
      pids+=($!)
      OUT=/dev/null bg state "$CT" &
      pids+=($!)
      OUT=/dev/null bg kill "$CT" KILL &
      pids+=($!)
      OUT=/dev/null bg exec "$CT" true &
      pids+=($!)
      OUT=/dev/null bg delete "$CT" &
      pids+=($!)
      OUT=/dev/null bg delete --force "$CT" &
      pids+=($!)
      OUT=/dev/null bg list &
      pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || true; done
    if ketch state "$CT" > /dev/null 2>&1; then
      case $(container_status "$CT") in created | running | stopped) ;; *) return 1 ;; esac
    fi
    ketch delete --force "$CT"
    [ -z "$(ketch list -q)" ]
    assert_clean
  done
}

@test "lifecycle: parallel containers do not disturb each other" {
  command_is sleep 1000
  local i pids=()
  for i in $(seq 12); do
    (ketch create -b "$BUNDLE" "$CT-$i" < /dev/null && ketch start "$CT-$i" && ketch kill "$CT-$i" KILL && wait_for 5 status_is "$CT-$i" stopped \
      && ketch delete "$CT-$i") > "$TEST_DIR/out.$i" 2>&1 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || { cat "$TEST_DIR"/out.* >&2; return 1; }; done
  [ -z "$(ketch list -q)" ]
}

@test "lifecycle: delete --force is through while another command holds the lock for the container" {
  # A start that hangs in a hook of the container.
  edit '.hooks.startContainer = [{path: "/bin/sleep", args: ["sleep", "1000"]}]'
  create_one
  bg start "$CT" &
  local starter=$!
  wait_for 5 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 2 ]'
  ketch delete --force "$CT"
  refute wait "$starter"
  [ -z "$(ketch list -q)" ]
}

# ---- a ketch that is killed ----

# chaos N COMMAND…: SIGKILL after a random time. What is left is listed, and delete --force clears it.
chaos() {
  local n=$1 i p
  shift
  for i in $(seq "$n"); do
    bg "$@" &
    p=$!
    sleep "0.0$(printf '%03d' $((RANDOM % 400)))"
    kill -9 "$p" 2> /dev/null || true
    wait "$p" 2> /dev/null || true
    local id
    for id in $(ketch list -q); do
      [ "$id" = "$CT" ]
      ketch state "$id" > /dev/null
    done
    ketch delete --force "$CT"
    # An init that was not recorded yet sees the end of the socket.
    wait_for 5 assert_clean 2> /dev/null || assert_clean
  done
}

@test "lifecycle: create that is killed at any moment leaves nothing that delete --force does not clear" {
  chaos 30 create -b "$BUNDLE" "$CT"
}

@test "lifecycle: create with hooks that is killed at any moment" {
  edit '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "0.02"]}], createContainer: [{path: "/bin/sleep", args: ["sleep", "0.02"]}]}'
  chaos 15 create -b "$BUNDLE" "$CT"
}

@test "lifecycle: run that is killed at any moment" {
  command_is sleep 1000
  chaos 20 run -b "$BUNDLE" "$CT"
}

@test "lifecycle: run with joined namespaces that is killed at any moment" {
  command_is sleep 1000
  edit '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end) | .mounts |= map(select(.type != "sysfs"))'
  chaos 20 run -b "$BUNDLE" "$CT"
}

@test "lifecycle: delete that is killed at any moment can be repeated" {
  command_is sleep 1000
  local i p
  for i in $(seq 12); do
    detached run --detach -b "$BUNDLE" "$CT"
    bg delete --force "$CT" &
    p=$!
    sleep "0.00$((RANDOM % 10))"
    kill -9 "$p" 2> /dev/null || true
    wait "$p" 2> /dev/null || true
    ketch list > /dev/null
    ketch delete --force "$CT"
    wait_for 5 assert_clean 2> /dev/null || assert_clean
  done
}

@test "lifecycle: exec that is killed at any moment leaves nothing behind delete --force" {
  start_one
  local i p
  for i in $(seq 12); do
    bg exec "$CT" sleep 1000 &
    p=$!
    sleep "0.00$((RANDOM % 10))"
    kill -9 "$p" 2> /dev/null || true
    wait "$p" 2> /dev/null || true
  done
  status_is "$CT" running
  ketch exec "$CT" true
}

@test "lifecycle: hooks that had begun get their poststop when delete clears a create that was killed" {
  hook_that_waits
  edit '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat > $F"], env: ["F=\($f)", "PATH=/bin"]}]' --arg f "$TEST_DIR/poststop"
  bg create -b "$BUNDLE" "$CT" &
  local p=$!
  wait_for 5 test -s "$TEST_DIR/in"
  kill -9 "$p"
  wait "$p" 2> /dev/null || true
  status_is "$CT" stopped
  ketch delete --force "$CT"
  jq -e --arg id "$CT" --arg b "$BUNDLE" '.status == "stopped" and .id == $id and .bundle == $b' "$TEST_DIR/poststop"
  # The hook of the killed create is gone as well.
  is_dead "$(cat "$TEST_DIR/in")"
}

@test "lifecycle: TERM during create undoes everything" {
  hook_that_waits
  bg create -b "$BUNDLE" "$CT" &
  local p=$!
  wait_for 5 test -s "$TEST_DIR/in"
  kill -TERM "$p"
  local status=0
  wait "$p" || status=$?
  [ "$status" = 1 ]
  grep -q interrupted "$TEST_DIR/out"
  [ -z "$(ketch list -q)" ]
  assert_clean
}

@test "lifecycle: delete --force ends a create that is under way" {
  hook_that_waits
  bg create -b "$BUNDLE" "$CT" &
  local p=$!
  wait_for 5 test -s "$TEST_DIR/in"
  ketch delete --force "$CT"
  local status=0
  wait "$p" || status=$?
  [ "$status" = 1 ]
  [ -z "$(ketch list -q)" ]
  is_dead "$(cat "$TEST_DIR/in")"
}

@test "lifecycle: kill and delete --regex act on every container that matches" {
  command_is sleep 1000
  local id
  for id in "$CT-a1" "$CT-a2" "$CT-b1"; do detached run --detach -b "$BUNDLE" "$id"; done
  ketch kill --regex "^$CT-a[0-9]+\$" KILL
  wait_for 10 status_is "$CT-a1" stopped
  wait_for 10 status_is "$CT-a2" stopped
  status_is "$CT-b1" running
  ketch delete --regex "$CT-a"
  [ "$(ketch list -q)" = "$CT-b1" ]

  # One that can't be deleted is told; the others are deleted all the same.
  detached create -b "$BUNDLE" "$CT-c1"
  run ketch delete -r "$CT-[bc]1"
  [ "$status" = 1 ]
  [[ $output == *"$CT-b1"*"not stopped"* ]]
  [ "$(ketch list -q)" = "$CT-b1" ]
  run ketch delete -f -r 'no-such-.*'
  [ "$status" = 0 ] && [ -z "$output" ]
  run ketch delete -f -r '('
  [ "$status" = 1 ] && [[ $output == *"--regex: '('"* ]]
  ketch delete -f -r "$CT"
  [ -z "$(ketch list -q)" ]
}

# What a datagram socket at $1 gets while ketch runs with --log $2, in a mount namespace of our own.
logged() {
  unshare -m --propagation private python3 - "$1" "$KETCH" --root "$ROOT" --log "$2" state "$CT" << 'END'
import os, socket, subprocess, sys
null = os.open("/dev/null", os.O_RDWR)
for d in ("/dev", "/run"):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", d], check=True)
os.mknod("/dev/null", 0o20666, os.makedev(1, 3))
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(sys.argv[1])
subprocess.run(sys.argv[2:], stdin=null, stderr=null)
sys.stdout.write(s.recv(4096).decode())
END
}

@test "lifecycle: --log takes crun's file:, journald: and syslog:" {
  run ketch --log "file:$TEST_DIR/log" --log-format json state "$CT"
  [ "$status" = 1 ]
  [[ $(jq -r .msg "$TEST_DIR/log") == "container does not exist: '$CT'; hint: "* ]]
  [ ! -e "file:$TEST_DIR/log" ]
  [[ $(logged /run/systemd/journal/socket journald:box) == "PRIORITY=3
SYSLOG_IDENTIFIER=box
MESSAGE=container does not exist: '$CT'; hint: "* ]]
  [[ $(logged /dev/log syslog:box) =~ ^\<11\>[A-Z][a-z]{2}\ [0-9\ ]{2}\ [0-9:]{8}\ box\[[0-9]+\]:\ container\ does\ not\ exist:\ \'$CT\'\;\ hint:\  ]]
}

@test "lifecycle: -v, -V and --version; -h, --help and --usage" {
  local word
  for word in -v -V --version; do
    run "$KETCH" $word
    [ "$status" = 0 ] && [[ ${lines[0]} == "ketch version "* ]]
  done
  for word in -h --help --usage; do
    run "$KETCH" run $word
    [ "$status" = 0 ] && [[ ${lines[0]} == "usage: ketch run "* ]]
  done
}

@test "state: an annotation named bundle, which runc has for itself, is one like any other" {
  edit '.annotations.bundle = "/elsewhere"'
  ketch create -b "$BUNDLE" "$CT"
  run ketch state "$CT"
  [ "$(jq -r .bundle <<< "$output")" = "$BUNDLE" ]
  [ "$(jq -r .annotations.bundle <<< "$output")" = /elsewhere ]
  ketch delete --force "$CT"
}
