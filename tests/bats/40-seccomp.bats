#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.seccomp: filters, ENOSYS for what is newer than the profile, the cache, agents.

load helpers

profile() { # profile JSON…: jq's object for linux.seccomp
  edit ".linux.seccomp = $1"
}

engine_profile() {
  jq '.linux.seccomp' "$BATS_TEST_DIRNAME/../../oci-spec-fixtures/valid/seccomp-default.json" > "$TEST_DIR/profile"
  edit --slurpfile p "$TEST_DIR/profile" '.linux.seccomp = $p[0]'
}

# Starts the agent; its output goes to $TEST_DIR/agent.
agent() {
  SOCKET=$TEST_DIR/agent.sock
  rm -f "$SOCKET" "$TEST_DIR/agent" # or the last agent's "ready" would do
  timeout 30 "$PROGRAMS/seccomp_agent" "$SOCKET" "$@" > "$TEST_DIR/agent" 2>&1 3>&- &
  AGENT=$!
  wait_for 5 grep -q ready "$TEST_DIR/agent"
}

agent_said() {
  grep -qE "$1" "$TEST_DIR/agent" || { echo "the agent did not say '$1':" >&2; cat "$TEST_DIR/agent" >&2; return 1; }
}

agent_state() {
  sed -n 's/^state //p' "$TEST_DIR/agent" | jq -r "$1"
}

in_time() {
  timeout 10 "$KETCH" --root "$ROOT" "$@" < /dev/null
}

@test "seccomp: allowed, denied with their errno, and newer than the profile" {
  cp "$PROGRAMS/syscalls" "$BUNDLE/rootfs/bin/"
  engine_profile
  # getppid is allowed; swapon denied; clone3 refused by the profile; 9999 unknown to it
  command_is syscalls 110 167 435 9999
  run_bundle
  assert_status 0
  [ "$output" = $'110 0\n167 1\n435 38\n9999 38' ]
}

@test "seccomp: the filter is there with and without noNewPrivileges, for root and others, in exec too" {
  local nnp uid
  engine_profile
  for nnp in true false; do
    for uid in 0 1000; do
      edit ".process.noNewPrivileges = $nnp | .process.user = {uid: $uid, gid: $uid}"
      command_is grep -E '^(Seccomp|NoNewPrivs|CapEff):' /proc/self/status
      run in_time run -b "$BUNDLE" "$CT-$nnp-$uid"
      assert_status 0
      assert_output $'Seccomp:\t2'
      assert_output "NoNewPrivs:"$'\t'"$([ $nnp = true ] && echo 1 || echo 0)"
      [[ $output == *$'CapEff:\t0000000000000000'* ]] || [ $uid = 0 ]
    done
  done
  edit '.process.user = {uid: 0, gid: 0}'
  command_is sleep 100
  in_time run -d -b "$BUNDLE" "$CT"
  run in_time exec "$CT" grep Seccomp: /proc/self/status
  assert_status 0
  [ "$output" = $'Seccomp:\t2' ]
}

@test "seccomp: compiled once, kept for its owner alone; what is damaged is compiled again" {
  cp "$PROGRAMS/syscalls" "$BUNDLE/rootfs/bin/"
  engine_profile
  command_is syscalls 110 167
  local i entry
  for i in 1 2 3; do
    run in_time run -b "$BUNDLE" "$CT-$i"
    assert_status 0
    [ "$output" = $'110 0\n167 1' ]
    entry=$(echo "$ROOT"/.cache/seccomp/*)
    [ -f "$entry" ]
    [ "$(stat -c '%a %u' "$entry" "$ROOT/.cache" "$ROOT/.cache/seccomp" | tr '\n' ' ')" = "600 0 700 0 700 0 " ]
    # An allow-all program in the place of the instructions, then nothing at all.
    [ $i = 2 ] && : > "$entry"
    [ $i = 1 ] && printf '\006\0\0\0\0\0\377\177' | dd of="$entry" bs=1 seek=88 conv=notrunc status=none
  done
  # A directory that others may write to is not used, nor trusted.
  chmod 777 "$ROOT/.cache/seccomp"
  : > "$entry"
  run in_time run -b "$BUNDLE" "$CT-4"
  assert_status 0
  [ "$output" = $'110 0\n167 1' ]
  [ ! -s "$entry" ]
}

@test "seccomp: names that are not known are one warning, or an error by annotation" {
  profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call", "mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}'
  command_is mkdir /tmp/x
  run in_time --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT"
  assert_output "Input/output error"
  [ "$(grep -c no_such_call "$TEST_DIR/log")" = 1 ]
  edit '.annotations["run.oci.seccomp_fail_unknown_syscall"] = "1"'
  run in_time create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output no_such_call
}

@test "seccomp: a profile that lets nothing run is an error of start, not a hang" {
  local action
  for action in SCMP_ACT_ERRNO SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP SCMP_ACT_TRACE; do
    profile "{defaultAction: \"$action\"}"
    in_time create -b "$BUNDLE" "$CT-$action"
    run in_time start "$CT-$action"
    assert_status 1
    assert_output "exec: "
    status_is "$CT-$action" stopped
    run in_time run -b "$BUNDLE" "$CT-run-$action"
    assert_status 1
    assert_output "exec: "
  done
}

@test "seccomp: start knows that nothing ran, however soon the process was reaped" {
  profile '{defaultAction: "SCMP_ACT_KILL_PROCESS"}'
  # as an engine does it: the parent of all that has lost its own, waiting for them
  timeout 60 python3 -c '
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
ketch, bundle, name = sys.argv[1:4]
null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)]
def run(*words):
    pid = os.posix_spawn(ketch, [ketch] + sys.argv[4:] + list(words), os.environ, file_actions=null)
    while True:
        p, status = os.waitpid(-1, 0)
        if p == pid:
            return os.waitstatus_to_exitcode(status)
for i in range(30):
    assert run("create", "-b", bundle, name) == 0
    status = run("start", name)
    assert run("delete", "--force", name) == 0
    assert status == 1, "round %d: start says %d" % (i, status)
' "$KETCH" "$BUNDLE" "$CT" --root "$ROOT"
}

@test "seccomp: conditions on arguments" {
  profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO", errnoRet: 7,
    args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]}'
  command_is sh -c 'sleep 9 & kill -10 $!; kill -0 $! && echo there; kill -9 $!'
  run_bundle
  assert_status 0
  assert_output "Argument list too long"
  assert_output there
}

@test "seccomp: a program as an annotation, tried before the container is made" {
  # allow everything but mkdir (nr 83), which is EIO
  edit '.annotations["run.oci.seccomp_bpf_data"] = $p' --arg p \
    "$(printf '\40\0\0\0\0\0\0\0\25\0\0\1\123\0\0\0\6\0\0\0\5\0\5\0\6\0\0\0\0\0\377\177' | base64 -w0)"
  command_is sh -c 'mkdir /tmp/x; grep Seccomp: /proc/self/status'
  run_bundle
  assert_status 0
  assert_output "Input/output error"
  assert_output $'Seccomp:\t2'
  edit '.annotations["run.oci.seccomp_bpf_data"] = "AAAAAAAAAAA="'
  run in_time create -b "$BUNDLE" "$CT-bad"
  assert_status 1
  assert_output "the kernel refuses the seccomp program"
}

@test "seccomp: a program as an annotation is loaded without noNewPrivileges and without a profile, by create, start and exec" {
  local uid
  edit '.process.noNewPrivileges = false | del(.linux.seccomp) | .annotations["run.oci.seccomp_bpf_data"] = $p' --arg p \
    "$(printf '\6\0\0\0\0\0\377\177' | base64 -w0)" # allow everything
  command_is grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
  for uid in 0 1000; do
    edit --argjson u $uid '.process.user = {uid: $u, gid: $u}'
    run_bundle
    assert_status 0
    assert_output $'NoNewPrivs:\t0'
    assert_output $'Seccomp:\t2'
  done
  command_is sleep 100
  create_one
  ketch start "$CT"
  run ketch exec "$CT" grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
  assert_status 0
  assert_output $'NoNewPrivs:\t0'
  assert_output $'Seccomp:\t2'
}

@test "seccomp: too many rules are told at once" {
  profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(50000) | {names: ["ioctl"], action: "SCMP_ACT_ERRNO",
    args: [{index: 1, value: ., op: "SCMP_CMP_EQ"}]}]}'
  run timeout 5 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output "the kernel takes 4096"
}

# ---- agents ----

notify_all() {
  profile "{defaultAction: \"SCMP_ACT_NOTIFY\", listenerPath: \"$TEST_DIR/agent.sock\", listenerMetadata: \"a \\\"b\\\"\"}"
}

@test "seccomp: execve is the first and only call of ketch that an agent sees" {
  local nnp uid
  notify_all
  edit '.annotations.hello = "world"'
  for nnp in true false; do
    for uid in 0 1000; do
      edit ".process.noNewPrivileges = $nnp | .process.user = {uid: $uid, gid: $uid}"
      command_is sh -c 'echo hi'
      agent
      run in_time run -b "$BUNDLE" "$CT-$nnp-$uid"
      assert_status 0
      [ "$output" = hi ]
      wait "$AGENT"
      agent_said "^first 59$"
      agent_said "^descriptors 1$"
      [ "$(agent_state .metadata)" = 'a "b"' ]
      [ "$(agent_state '.fds | join(",")')" = seccompFd ]
      [ "$(agent_state .state.id)" = "$CT-$nnp-$uid" ]
      [ "$(agent_state .state.annotations.hello)" = world ]
      [ "$(agent_state .state.bundle)" = "$BUNDLE" ]
      [ "$(agent_state .pid)" = "$(agent_state .state.pid)" ]
      agent_state .ociVersion | grep -qE '^1\.[0-9]+\.[0-9]+$'
    done
  done
}

@test "seccomp: RUN_OCI_SECCOMP_RECEIVER and its annotation name the agent; start and exec need neither" {
  profile '{defaultAction: "SCMP_ACT_NOTIFY"}'
  command_is sleep 100
  run in_time create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output "listenerPath"
  RUN_OCI_SECCOMP_RECEIVER=relative run in_time create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output "no absolute path"
  RUN_OCI_SECCOMP_RECEIVER=$TEST_DIR/agent.sock in_time create -b "$BUNDLE" "$CT"
  agent
  in_time start "$CT"
  [ "$(agent_state .state.id)" = "$CT" ]
  ketch state "$CT" | jq -e '.annotations == null or (.annotations | has("run.oci.seccomp.receiver") | not)'
  ketch delete --force "$CT"
  edit '.annotations["run.oci.seccomp.receiver"] = $p' --arg p "$TEST_DIR/agent.sock"
  in_time create -b "$BUNDLE" "$CT"
  agent
  RUN_OCI_SECCOMP_RECEIVER=/nowhere in_time start "$CT"
  [ "$(agent_state .state.id)" = "$CT" ]
}

@test "seccomp: create, start and exec with an agent: pids as the host sees them" {
  notify_all
  command_is sleep 100
  in_time create -b "$BUNDLE" "$CT"
  agent
  in_time start "$CT"
  status_is "$CT" running
  local pid
  pid=$(ketch state "$CT" | jq .pid)
  [ "$(agent_state .pid)" = "$pid" ]
  [ "$(agent_state .state.pid)" = "$pid" ]
  [ "$(agent_state .state.status)" = created ]
  local first=$AGENT
  agent
  run in_time exec "$CT" sh -c 'echo in'
  assert_status 0
  [ "$output" = in ]
  wait "$AGENT"
  agent_said "^first 59$"
  [ "$(agent_state .state.pid)" = "$pid" ]
  [ "$(agent_state .state.status)" = running ]
  [ "$(agent_state .state.id)" = "$CT" ]
  [ "$(agent_state .state.bundle)" = "$BUNDLE" ]
  [ "$(agent_state .pid)" != "$pid" ]
  ketch delete --force "$CT"
  wait "$first"
}

@test "seccomp: an agent that is not there, dies, or refuses execve" {
  notify_all
  command_is sh -c 'echo never'
  in_time create -b "$BUNDLE" "$CT-1"
  run in_time start "$CT-1"
  assert_status 1
  assert_output "connect to the seccomp agent"
  run in_time run -b "$BUNDLE" "$CT-2"
  assert_status 1
  assert_output "connect to the seccomp agent"

  # its socket is there, it is not: start must not take that for the end of the container's process
  in_time create -b "$BUNDLE" "$CT-5"
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TEST_DIR/agent.sock"
  run in_time start "$CT-5"
  assert_status 1
  assert_output "connect to the seccomp agent"
  assert_output "Connection refused"

  # nothing has reached the container: it can be started when its agent is there
  status_is "$CT-5" created
  agent
  in_time start "$CT-5" > /dev/null
  wait "$AGENT"
  agent_said "^first 59$"

  agent die
  run in_time run -b "$BUNDLE" "$CT-3"
  assert_status 1
  assert_output "function not implemented"
  wait "$AGENT"

  agent refuse 59
  in_time create -b "$BUNDLE" "$CT-4"
  run in_time start "$CT-4"
  assert_status 1
  assert_output "permission denied"
  wait "$AGENT"
  agent_said "^calls 1$"
}

@test "seccomp: the receiver annotation instead of a listenerPath; neither is an error" {
  profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
  command_is mkdir /tmp/x
  run in_time create -b "$BUNDLE" "$CT-1"
  assert_status 1
  assert_output listenerPath
  edit '.annotations["run.oci.seccomp.receiver"] = $p' --arg p "$TEST_DIR/agent.sock"
  agent refuse 83
  run in_time run -b "$BUNDLE" "$CT-2"
  assert_output "Permission denied"
  wait "$AGENT"
  agent_said "^calls 1$"
}

@test "seccomp: an agent in a user namespace, and without room for a thread" {
  notify_all
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
    .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 711 "$TEST_DIR"
  command_is sh -c 'echo hi'
  agent
  run in_time run -b "$BUNDLE" "$CT-1"
  assert_status 0
  [ "$output" = hi ]
  wait "$AGENT"
  agent_said "^first 59$"

  edit '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings) | .linux.resources.pids.limit = 1'
  agent
  run in_time run -b "$BUNDLE" "$CT-2"
  assert_status 1
  assert_output "seccomp.listener"
  wait "$AGENT" || true
}
