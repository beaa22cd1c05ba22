#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The annotation run.oci.seccomp.plugins: libraries that answer a container's seccomp notifications (tests/bats/programs/seccomp_plugin.c).
#
# System calls on x86-64: 83 mkdir, 107 geteuid, 108 getegid, 110 getppid.

load helpers

setup() {
  test_setup
  A=$PROGRAMS/seccomp_plugin_a.so B=$PROGRAMS/seccomp_plugin_b.so NONE=$PROGRAMS/seccomp_plugin_none.so
  TRACE=$TEST_DIR/trace
  export TEST_PLUGIN_CONF=$TEST_DIR/plugins.conf
  conf
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "geteuid", "getegid", "getppid"], action: "SCMP_ACT_NOTIFY"}]} |
    .root.readonly = false'
  plugins "$A"
  cp "$PROGRAMS/syscalls" "$PROGRAMS/callers" "$BUNDLE/rootfs/bin/"
}

plugins() {
  edit '.annotations["run.oci.seccomp.plugins"] = $p' --arg p "$1"
}

# conf LINE…: what the plugins do, beside a trace.
conf() {
  printf '%s\n' "a:trace $TRACE" "b:trace $TRACE" "$@" > "$TEST_PLUGIN_CONF"
}

in_time() {
  timeout 20 "$KETCH" --root "$ROOT" "$@" < /dev/null
}

# The agents of this test's containers.
agents() {
  grep -lsFf <(echo "$ROOT/") /proc/[0-9]*/cmdline | cut -d/ -f3 | while read -r pid; do
    [ "$(tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null | head -n 1)" != ketch-seccomp-agent ] || echo "$pid"
  done
}

no_agent() {
  [ -z "$(agents)" ]
}

traced() {
  grep -qxF "$1" "$TRACE" || { echo "not traced: $1" >&2; cat "$TRACE" >&2; return 1; }
}

# For $TEST_DIR/log: warnings are for the log.
logged() {
  grep -qF "$1" "$TEST_DIR/log" || { echo "not in the log: $1" >&2; cat "$TEST_DIR/log" >&2; return 1; }
}

# refused WORDS…: create and run fail at the annotation, and nothing was made.
refused() {
  local command word
  for command in create run; do
    run in_time "$command" -b "$BUNDLE" "$CT-$command"
    assert_status 1
    for word in "$@"; do assert_output "$word"; done
    [[ $output != *$'\n'* ]]
    run in_time --log "$TEST_DIR/log" --log-format json "$command" -b "$BUNDLE" "$CT-$command"
    assert_status 1
    tail -n 1 "$TEST_DIR/log" | jq -e '.path == "$.annotations[\"run.oci.seccomp.plugins\"]" and .hint != ""' ||
      { cat "$TEST_DIR/log" >&2; return 1; }
    assert_clean
  done
}

@test "plugins: values, errors, calls that go on, answers that come later; what nobody answers is ENOTSUP" {
  conf "a:107 value 4242" "a:108 later" "a:83 errno 28"
  command_is sh -c 'id -u; id -g; mkdir /x; syscalls 110'
  run in_time run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "$output" = $'4242\n77\nmkdir: can\'t create directory \'/x\': No space left on device\n110 95' ]
  conf "a:83 continue"
  command_is sh -c 'mkdir /x && ls -d /x'
  run in_time run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "$output" = /x ]
}

@test "plugins: asked in turn until one answers; told whose they are; stopped at the end" {
  plugins "$A::$B"
  conf "a:107 value 1" "b:107 value 2" "a:108 pass" "b:108 value 3"
  command_is sh -c 'id -u; id -g'
  run in_time run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "$output" = $'1\n3' ]
  no_agent
  traced "a:start $ROOT/$CT $CT $BUNDLE $ROOT/$CT/config.json"
  traced "b:start $ROOT/$CT $CT $BUNDLE $ROOT/$CT/config.json"
  traced "a:request 107 value"
  refute traced "b:request 107 value" 2> /dev/null
  [ "$(grep ':request 108' "$TRACE" | head -n 2 | tr '\n' ' ')" = "a:request 108 pass b:request 108 value " ]
  [ "$(tail -n 2 "$TRACE")" = $'a:stop '"$CT"$'\nb:stop '"$CT" ]
  # also when nothing comes of the container
  rm "$TRACE"
  command_is /no/such
  run in_time create -b "$BUNDLE" "$CT"
  assert_status 1
  no_agent
  [ "$(sed 's/ .*//' "$TRACE" | tr '\n' ' ')" = "a:start b:start a:stop b:stop " ]
}

@test "plugins: a whole profile that notifies, execve too, for root and others, with and without noNewPrivileges" {
  local nnp uid
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"}'
  conf "a:* continue"
  for nnp in true false; do
    for uid in 0 1000; do
      edit ".process.noNewPrivileges = $nnp | .process.user = {uid: $uid, gid: $uid}"
      command_is sh -c 'echo hi; id -u'
      run in_time run -b "$BUNDLE" "$CT-$nnp-$uid"
      assert_status 0
      [ "$output" = $'hi\n'$uid ]
      [ "$(grep -m1 request "$TRACE")" = "a:request 59 continue" ]
      rm "$TRACE"
    done
  done
}

@test "plugins: create, start, exec and delete share one agent, which has nothing of the caller's open" {
  local agent
  conf "a:107 value 4242" "a:fds $TEST_DIR/fds"
  command_is sleep 100
  # junk of the caller's, and pipes that an engine would read to their end
  in_time create -b "$BUNDLE" "$CT" 7< /etc/passwd > "$TEST_DIR/out" 2>&1
  agent=$(agents)
  [ "$(wc -w <<< "$agent")" = 1 ]
  [ "$(grep -c -- '-> /dev/null' "$TEST_DIR/fds")" = 3 ]
  [ "$(grep -c -- '-> socket:' "$TEST_DIR/fds")" = 2 ]
  [ "$(grep -c -- '->' "$TEST_DIR/fds")" = 5 ]
  [ "$(readlink "/proc/$agent/cwd")" = / ]
  [ "$(ps -o sid= -p "$agent" | tr -d ' ')" = "$agent" ]
  status_is "$CT" created
  in_time start "$CT"
  run in_time exec "$CT" id -u
  assert_status 0
  [ "$output" = 4242 ]
  run in_time exec "$CT" callers 4 5 107 4242
  [ "$output" = "20 of 20" ]
  [ "$(agents)" = "$agent" ]
  [ "$(grep -c start "$TRACE")" = 1 ]
  ketch kill "$CT" KILL
  wait_for 10 status_is "$CT" stopped
  wait_for 10 no_agent
  traced "a:stop $CT"
  ketch delete "$CT"
  ketch list -q | refute grep -q .
}

@test "plugins: run --detach, run --keep; one that was never started" {
  conf "a:107 value 4242"
  command_is sh -c 'id -u; sleep 100'
  detached run --detach -b "$BUNDLE" "$CT-1"
  wait_for 10 grep -qx 4242 "$TEST_DIR/out"
  [ "$(agents | wc -l)" = 1 ]
  ketch delete --force "$CT-1"
  no_agent
  command_is id -u
  run in_time run --keep -b "$BUNDLE" "$CT-2"
  assert_status 0
  [ "$output" = 4242 ]
  no_agent
  status_is "$CT-2" stopped
  ketch delete "$CT-2"
  detached create -b "$BUNDLE" "$CT-3"
  [ "$(agents | wc -l)" = 1 ]
  ketch delete "$CT-3"
  no_agent
  traced "a:stop $CT-3"
}

@test "plugins: many threads and many execs at once" {
  conf "a:110 value 4242"
  command_is callers 200 50 110 4242
  run in_time run -b "$BUNDLE" "$CT-1"
  assert_status 0
  [ "$output" = "10000 of 10000" ]
  command_is sleep 100
  detached run --detach -b "$BUNDLE" "$CT-2"
  local i pids=()
  for i in $(seq 60); do
    in_time exec "$CT-2" callers 2 5 110 4242 > "$TEST_DIR/exec.$i" 2>&1 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  [ "$(cat "$TEST_DIR"/exec.* | sort | uniq -c | tr -s ' ')" = " 60 10 of 10" ]
  # what those had is closed again
  wait_for 10 sh -c "[ \"\$(ls /proc/$(agents)/fd | wc -l)\" -le 7 ]"
}

@test "plugins: what can't be loaded is an error at create, with its place, and nothing is left" {
  local place='annotations["run.oci.seccomp.plugins"]'
  plugins "$TEST_DIR/none.so"
  refused "load plugin '$TEST_DIR/none.so'" "No such file"
  plugins libketch-no-such-plugin.so
  refused "libketch-no-such-plugin.so"
  plugins "$NONE"
  refused "has no function run_oci_seccomp_notify_handle_request"
  plugins "$BUNDLE/config.json"
  refused "load plugin"
  plugins "$A:$B"
  conf "b:version 2"
  refused "is of version 2"
  [ "$(grep -c '^a:stop' "$TRACE")" = 4 ]
  conf "b:start 13"
  refused "refuses to start: Permission denied"
  conf "b:start crash"
  refused "killed by signal 6"
  plugins "lib/x.so"
  refused "$place" "neither an absolute path nor a name"
  plugins ":"
  refused "$place" "names no plugin"
  run ketch check -b "$BUNDLE"
  assert_status 1
  plugins "$A:/nowhere.so"
  run ketch check -b "$BUNDLE"
  assert_status 1
  assert_output "/nowhere.so"
  assert_output "$place"
}

@test "plugins: one place answers: not beside listenerPath or a receiver" {
  local place='annotations["run.oci.seccomp.plugins"]'
  edit '.linux.seccomp.listenerPath = "/run/x"'
  refused "$place" listenerPath
  edit 'del(.linux.seccomp.listenerPath) | .annotations["run.oci.seccomp.receiver"] = "/run/x"'
  refused "$place" run.oci.seccomp.receiver
  edit 'del(.annotations["run.oci.seccomp.receiver"])'
  RUN_OCI_SECCOMP_RECEIVER=/run/x refused "$place" run.oci.seccomp.receiver
  # nothing notifies: nothing is loaded
  plugins "$TEST_DIR/none.so"
  edit 'del(.linux.seccomp.syscalls)'
  command_is true
  run in_time --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT"
  assert_status 0
  logged "no plugin is asked"
}

@test "plugins: without the program that loads them the error says what is missing" {
  cp "$KETCH" "$TEST_DIR/ketch"
  run "$TEST_DIR/ketch" --root "$ROOT" create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output ketch-seccomp-agent
  assert_output seccomp.agent
  assert_clean
  run "${KETCH%/*}/ketch-seccomp-agent"
  assert_status 2
  assert_output "is started by ketch"
}

@test "plugins: one that fails, or says what can't be, is told and the call fails; the next is answered" {
  conf "a:107 fail 12" "a:108 odd" "a:110 value 7"
  command_is sh -c 'syscalls 107 108; callers 1 1 110 7'
  run in_time --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output $'107 12\n108 5\n1 of 1'
  logged "plugin '$A' fails at system call 107: Cannot allocate memory"
  logged "plugin '$A' gives 9 for system call 108"
  no_agent
}

@test "plugins: one that crashes at a request leaves ENOSYS, and run says so" {
  conf "a:107 crash"
  command_is sh -c 'syscalls 107; syscalls 107 110; echo done'
  run in_time --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output $'107 38\n107 38\n110 38\ndone'
  logged "killed by signal 6: system calls that it should answer fail with ENOSYS"
  no_agent
  # and in a container that nobody waits for: later execs are refused, not run unanswered
  command_is sh -c 'syscalls 107; sleep 100'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 10 grep -qx '107 38' "$TEST_DIR/out"
  run in_time exec "$CT" true
  assert_status 255
  assert_output "connect to the program with the container's seccomp plugins"
  detached create -b "$BUNDLE" "$CT-2"
  kill -9 "$(agents)"
  wait_for 10 no_agent
  run in_time start "$CT-2"
  assert_status 1
  assert_output "connect to the program with the container's seccomp plugins"
  ketch delete --force "$CT-2"
}

@test "plugins: a ketch that is killed: the container goes on, delete --force clears it" {
  conf "a:107 value 4242"
  command_is sh -c 'id -u; sleep 1; id -u; sleep 100'
  bg run -b "$BUNDLE" "$CT" &
  local ketch=$!
  wait_for 10 grep -qx 4242 "$TEST_DIR/out"
  kill -9 $ketch
  wait $ketch || true
  wait_for 10 sh -c "[ \$(grep -cx 4242 '$TEST_DIR/out') = 2 ]"
  [ "$(agents | wc -l)" = 1 ]
  ketch delete --force "$CT"
  no_agent
  traced "a:stop $CT"
}

@test "plugins: one that does not get ready, or does not end" {
  local ketch signal
  conf "a:start hang"
  command_is true
  for signal in TERM KILL; do
    bg create -b "$BUNDLE" "$CT-$signal" &
    ketch=$!
    wait_for 10 grep -qs ^agent "$ROOT/$CT-$signal/journal"
    kill -$signal $ketch
    refute wait $ketch
    wait_for 10 no_agent
    ketch delete --force "$CT-$signal"
    assert_clean
  done
  # the lock is not waited for
  bg create -b "$BUNDLE" "$CT" &
  ketch=$!
  wait_for 10 grep -qs ^agent "$ROOT/$CT/journal"
  timeout 5 "$KETCH" --root "$ROOT" delete --force "$CT"
  refute wait $ketch
  wait_for 10 no_agent
  conf "a:stop hang"
  run in_time --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT"
  assert_status 0
  logged "the program with the seccomp plugins does not end"
  no_agent
  conf "a:107 hang"
  command_is sh -c 'id -u'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 10 traced "a:request 107 hang" 2> /dev/null
  timeout 10 "$KETCH" --root "$ROOT" delete --force "$CT"
  no_agent
}

@test "plugins: without a pid namespace of its own the last process counts, not the first" {
  edit '.linux.namespaces |= map(select(.type != "pid"))'
  conf "a:107 value 4242"
  command_is sh -c '(sleep 2; id -u; sleep 100) & exit 0'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 10 status_is "$CT" stopped
  [ "$(agents | wc -l)" = 1 ]
  wait_for 10 grep -qx 4242 "$TEST_DIR/out"
  ketch delete --force "$CT"
  no_agent
}

@test "plugins: in a user namespace; by a name that the dynamic linker finds" {
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
    .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 711 "$TEST_DIR"
  conf "a:107 value 4242"
  command_is id -u
  plugins "${A##*/}"
  LD_LIBRARY_PATH=$PROGRAMS run in_time run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "$output" = 4242 ]
}

@test "plugins: of an ordinary user, with the user's rights" {
  local agent
  conf "a:107 value 4242"
  cp "$KETCH" "${KETCH%/*}/ketch-seccomp-agent" "$A" "$TEST_DIR" # the tree may be root's alone
  plugins "$TEST_DIR/${A##*/}"
  edit '.linux.namespaces |= (map(select(.type != "network")) + [{type: "user"}]) | .linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] |
    .linux.gidMappings = .linux.uidMappings | del(.linux.resources) |
    .mounts |= (map(select(.type != "sysfs") | if .options then .options |= map(select(test("^gid=") | not)) else . end))'
  mkdir "$ROOT"
  chmod 755 "$TEST_DIR"
  chown -R 54321:54321 "$ROOT" "$BUNDLE"
  command_is sh -c 'id -u; sleep 100'
  chown 54321 "$BUNDLE/config.json"
  setpriv --reuid 54321 --regid 54321 --clear-groups env -u XDG_RUNTIME_DIR timeout 20 "$TEST_DIR/ketch" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" \
    < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  wait_for 10 grep -qx 4242 "$TEST_DIR/out"
  agent=$(agents)
  [ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$agent/status")" = "54321 54321 54321 54321" ]
  grep -qE '^CapEff:[[:space:]]*0+$' "/proc/$agent/status"
  ketch delete --force "$CT"
  no_agent
}

@test "plugins: explain lists them" {
  plugins "$A:x.so"
  run ketch explain -b "$BUNDLE" --json
  [ "$(jq -rc '.steps[] | select(.name == "seccomp.agent").details // .' <<< "$output")" ]
  assert_output "plugin $A"
  assert_output "plugin x.so"
  edit 'del(.annotations)'
  edit '.linux.seccomp.listenerPath = "/run/x"'
  run ketch explain -b "$BUNDLE"
  refute_output seccomp.agent
  refute_output seccomp.adopt
}
