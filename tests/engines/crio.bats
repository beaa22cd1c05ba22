#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# CRI-O itself is not in Debian, the conmon through which it calls a runtime is: conmon with CRI-O's words, and what CRI-O reads then: the
# answer on the synchronisation pipe, exit files, logs, the attach socket. What CRI-O calls without conmon is in replay.bats.

bats_require_minimum_version 1.5.0
load ../bats/helpers

crio_py() { timeout 60 python3 "$BATS_TEST_DIRNAME/crio.py" "$@"; }

# conmon holds what it is given for its life, so its outputs are files.
setup() {
  test_setup
  KETCH=$(realpath "$KETCH")
  CONMON=$(command -v conmon) || skip "no conmon: runs in tests/vm, boot crio"
  D=$TEST_DIR/crio
  LOG=$D/$CT.log
  mkdir -p "$D"/{exits,attach,persist}
  edit '.root.readonly = false'
}

teardown() {
  delete_containers
  [ ! -s "$BUNDLE/conmon-pidfile" ] || wait_for 10 conmon_is_gone
  test_teardown
}

conmon_is_gone() { [ ! -e "/proc/$(cat "$BUNDLE/conmon-pidfile")" ]; }

# What CreateContainer passes; ANSWER is what conmon says.
create() { # create FURTHER-OPTIONS…
  (cd "$BUNDLE" && crio_py monitor "$CONMON" -b "$BUNDLE" -c "$CT" --exit-dir "$D/exits" -l "$LOG" --log-level info -n "k8s_$CT" \
    -P "$BUNDLE/conmon-pidfile" -p "$BUNDLE/pidfile" --persist-dir "$D/persist" -r "$KETCH" --runtime-arg "--root=$ROOT" \
    --socket-dir-path "$D/attach" --syslog -u "$CT" --log-size-max -1 "$@" > "$TEST_DIR/answer" 2> "$TEST_DIR/conmon.err")
  ANSWER=$(cat "$TEST_DIR/answer")
}

# What ExecSyncContainer passes: SPEC OPTIONS…
exec_sync() {
  local spec=$1
  shift
  : > "$D/exec.log"
  : > "$TEST_DIR/exec.pid" # CRI-O makes both
  crio_py monitor "$CONMON" -c "$CT" -n "k8s_$CT" -r "$KETCH" -p "$TEST_DIR/exec.pid" -e -l "$D/exec.log" --socket-dir-path "$D/attach" --log-level info \
    --sync --log-global-size-max 16777216 "$@" --exec-process-spec "$spec" --runtime-arg "--root=$ROOT" > "$TEST_DIR/answer" 2> "$TEST_DIR/conmon.err"
  ANSWER=$(cat "$TEST_DIR/answer")
}

process_of() { # process_of FILE TERMINAL ARGS…: the container's process with other arguments, as CRI-O makes it
  local file=$1 terminal=$2
  shift 2
  jq --argjson t "$terminal" '.process | .terminal = $t | .args = $ARGS.positional' "$BUNDLE/config.json" --args -- "$@" > "$file"
}

start_container() { # start_container FURTHER-OPTIONS…: created and started
  create "$@"
  [ "$(jq .pid <<< "$ANSWER")" -gt 0 ]
  ketch start "$CT"
}

stream() { # stream NAME FILE: what conmon logged of a stream, as CRI-O puts it together
  awk -v s="$1" '$2 == s { line = $0; sub(/^[^ ]* [^ ]* [^ ]* /, "", line); printf "%s%s", line, $3 == "F" ? "\n" : "" }' "$2"
}

exit_code_is() { [ -e "$D/exits/$CT" ] && [ "$(cat "$D/exits/$CT")" = "$1" ]; }

@test "CRI-O: create, start, exit: conmon's answer, log and exit file" {
  command_is sh -c 'echo to-out; echo to-err >&2; printf unfinished; exit 41'
  create
  [ "$(jq .conmon <<< "$ANSWER")" = 0 ]
  [ "$(jq .pid <<< "$ANSWER")" = "$(cat "$BUNDLE/pidfile")" ]
  status_is "$CT" created
  [ "$(ketch state "$CT" | jq .pid)" = "$(cat "$BUNDLE/pidfile")" ]
  sleep 0.2
  [ ! -s "$LOG" ]
  ketch start "$CT"
  wait_for 10 exit_code_is 41
  [ "$(stream stdout "$LOG")" = $'to-out\nunfinished' ]
  [ "$(stream stderr "$LOG")" = to-err ]
  status_is "$CT" stopped
  ketch delete --force "$CT"
  [ ! -e "$ROOT/$CT" ]
}

@test "CRI-O: create that fails: its words are in conmon's answer, nothing is left" {
  local what
  command_is /no/such
  create
  jq -e '.pid == -1 and (.message | test("no such file or directory"))' <<< "$ANSWER"
  command_is no-such
  create
  jq -e '.pid == -1 and (.message | test("executable file not found in"))' <<< "$ANSWER"
  echo '{' > "$BUNDLE/config.json"
  create
  jq -e '.pid == -1 and (.message | test("config.json"))' <<< "$ANSWER"
  [ ! -e "$ROOT/$CT" ]
  ketch delete --force "$CT"
}

@test "CRI-O: a container that is killed, and one that ends by a signal" {
  command_is sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
  start_container
  wait_for 10 grep -q ready "$LOG"
  ketch kill "$CT" SIGTERM
  sleep 0.3
  status_is "$CT" running
  ketch kill "$CT" KILL
  wait_for 10 exit_code_is 137
  fails 1 "container not running" kill "$CT" KILL
  ketch delete --force "$CT"
}

@test "CRI-O: seccomp plugins: their program holds no pipe of conmon's, who ends with the container as ever" {
  local agent
  echo "a:107 value 4242" > "$BUNDLE/plugins.conf" # geteuid
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["geteuid"], action: "SCMP_ACT_NOTIFY"}]} |
    .annotations["run.oci.seccomp.plugins"] = $p' --arg p "$PROGRAMS/seccomp_plugin_a.so"
  command_is sh -c 'id -u; sleep 1000'
  start_container
  agent=$(sed -n 's/^agent \([0-9]*\) .*/\1/p' "$ROOT/$CT/journal")
  [ "$(tr '\0' '\n' < "/proc/$agent/cmdline" | head -n 1)" = ketch-seccomp-agent ]
  ls -l "/proc/$agent/fd" | refute grep -q pipe:
  wait_for 10 grep -q 4242 "$LOG"
  process_of "$TEST_DIR/p" false id -u
  exec_sync "$TEST_DIR/p"
  jq -e '.exit_code == 0' <<< "$ANSWER"
  [ "$(stream stdout "$D/exec.log")" = 4242 ]
  ketch kill "$CT" KILL
  wait_for 10 exit_code_is 137
  wait_for 10 conmon_is_gone
  wait_for 10 test ! -e "/proc/$agent"
  ketch delete --force "$CT"
}

@test "CRI-O: ExecSync: both streams, exit code, a signal, time out, no program" {
  command_is sleep 1000
  start_container
  process_of "$TEST_DIR/p" false sh -c 'echo out; echo err >&2; exit 3'
  exec_sync "$TEST_DIR/p"
  jq -e '.exit_code == 3' <<< "$ANSWER"
  [ "$(stream stdout "$D/exec.log")" = out ]
  [ "$(stream stderr "$D/exec.log")" = err ]
  process_of "$TEST_DIR/p" false sh -c 'kill -9 $$'
  exec_sync "$TEST_DIR/p"
  jq -e '.exit_code == 137' <<< "$ANSWER"
  process_of "$TEST_DIR/p" false sleep 1000
  exec_sync "$TEST_DIR/p" -T 1
  jq -e '.exit_code == -1 and .message == "command timed out"' <<< "$ANSWER"
  process_of "$TEST_DIR/p" false no-such
  exec_sync "$TEST_DIR/p"
  jq -e '.exit_code == -1 and (.message | test("executable file not found in"))' <<< "$ANSWER"
  echo "no program" > "$BUNDLE/rootfs/bin/text"
  chmod 755 "$BUNDLE/rootfs/bin/text"
  process_of "$TEST_DIR/p" false /bin/text
  exec_sync "$TEST_DIR/p"
  jq -e '.exit_code == -1 and (.message | test("exec format error"))' <<< "$ANSWER"
  # What a probe left behind when its time was over is not the container's any more.
  [ "$(ketch ps --format json "$CT" | jq length)" = 1 ]
}

@test "CRI-O: ExecSync in a container with a terminal" {
  command_is sleep 1000
  edit '.process.terminal = true'
  start_container -t
  process_of "$TEST_DIR/p" true sh -c 'tty; exit 4'
  exec_sync "$TEST_DIR/p" -t
  jq -e '.exit_code == 4' <<< "$ANSWER"
  [[ $(stream stdout "$D/exec.log") == /dev/pts/* ]]
}

@test "CRI-O: exec on a terminal of its own, in the foreground" {
  command_is sleep 1000
  start_container
  process_of "$TEST_DIR/p" true sh -c 'echo ready; read x; echo "size $(stty size), $x"; exit 5'
  run timeout 60 env -i XDG_RUNTIME_DIR= "$(command -v python3)" "$BATS_TEST_DIRNAME/../bats/pty.py" run raw expect:ready size:33x101 'send:word\r' -- \
    "$KETCH" --root "$ROOT" exec --process "$TEST_DIR/p" "$CT"
  assert_status 5
  assert_output "size 33 101, word"
}

@test "CRI-O: attach to a terminal, which is resized through conmon" {
  edit '.process.terminal = true'
  command_is sh -c 'read a; read b; echo "size $(stty size), $a, $b"; exit 6'
  start_container -t
  echo "1 33 101" > "$BUNDLE/ctl"
  run crio_py attach "$D/attach/$CT/attach" 'send:first\r' 'expect:first' 'send:second\r' 'expect:size 33 101, first, second'
  assert_status 0
  wait_for 10 exit_code_is 6
}

@test "CRI-O: attach with input and both outputs, the input ends with the client's" {
  command_is sh -c 'cat; echo the-end >&2; exit 7'
  start_container -i
  run crio_py attach "$D/attach/$CT/attach" 'send:some words\n' 'expect:some words' close
  assert_status 0
  assert_output "stdout some words"
  assert_output "stderr the-end"
  wait_for 10 exit_code_is 7
}

@test "CRI-O: input that is left open for the next client" {
  command_is sh -c 'read a; read b; echo "$a $b"; exit 8'
  start_container --leave-stdin-open -i
  run crio_py attach "$D/attach/$CT/attach" 'send:one\n' leave
  assert_status 0
  status_is "$CT" running
  run crio_py attach "$D/attach/$CT/attach" 'send:two\n'
  assert_status 0
  wait_for 10 exit_code_is 8
  [ "$(stream stdout "$LOG")" = "one two" ]
}

@test "CRI-O: out of memory: conmon finds the container's cgroup when create has returned, and says so" {
  # Memory is taken in steps, so that the kernel has somebody to kill.
  command_is sh -c 'a=x; while :; do a=$a$a; done'
  edit '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
  start_container
  wait_for 30 exit_code_is 137
  wait_for 5 test -e "$BUNDLE/oom"
}

@test "CRI-O: a pod: namespaces of the sandbox by path, its annotations, pause and resume" {
  local sandbox
  command_is sleep 1000
  edit '.annotations = {"io.kubernetes.cri-o.ContainerType": "sandbox", "io.kubernetes.cri-o.SandboxID": "x", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'"} |
    .process.oomScoreAdj = 0'
  start_container
  sandbox=$(pid_of "$CT")
  edit --arg p "/proc/$sandbox/ns" '.linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "cgroup"}, {type: "network", path: ($p + "/net")},
    {type: "ipc", path: ($p + "/ipc")}, {type: "uts", path: ($p + "/uts")}] | .annotations["io.kubernetes.cri-o.ContainerType"] = "container" |
    del(.hostname) | .process.args = ["sh", "-c", "for n in net ipc uts pid; do readlink /proc/self/ns/$n; done; exec sleep 1000"]'
  detached create -b "$BUNDLE" --pid-file "$TEST_DIR/second" "$CT-c"
  ketch start "$CT-c"
  wait_for 5 grep -q pid: "$TEST_DIR/out"
  local n
  for n in net ipc uts; do grep -qxF "$(readlink "/proc/$sandbox/ns/$n")" "$TEST_DIR/out"; done
  refute grep -qxF "$(readlink "/proc/$sandbox/ns/pid")" "$TEST_DIR/out"
  ketch pause "$CT-c"
  status_is "$CT-c" paused
  ketch resume "$CT-c"
  [ "$(ketch state "$CT-c" | jq -r '.annotations["io.kubernetes.cri-o.ContainerType"]')" = container ]
  ketch kill "$CT-c" KILL
  ketch delete --force "$CT-c"
}

@test "CRI-O: of ten probes at once each has its own answer" {
  command_is sleep 1000
  start_container
  local i pids=()
  for i in $(seq 10); do
    process_of "$TEST_DIR/p$i" false sh -c "echo answer-$i; exit $i"
    crio_py monitor "$CONMON" -c "$CT" -n "k8s_$CT" -r "$KETCH" -p "$TEST_DIR/pid$i" -e -l "$TEST_DIR/elog$i" --socket-dir-path "$D/attach" --log-level info \
      --sync --exec-process-spec "$TEST_DIR/p$i" --runtime-arg "--root=$ROOT" > "$TEST_DIR/answer$i" 2> /dev/null 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  for i in $(seq 10); do
    [ "$(jq .exit_code "$TEST_DIR/answer$i")" = "$i" ]
    [ "$(stream stdout "$TEST_DIR/elog$i")" = "answer-$i" ]
  done
}

@test "CRI-O: contrib's configuration: each name is one that CRI-O knows, the default runtime is one of its tables" {
  run python3 - "$BATS_TEST_DIRNAME/../../contrib/engines/crio.conf" << 'PY'
import sys, tomllib
runtime = tomllib.load(open(sys.argv[1], "rb"))["crio"]["runtime"]
assert set(runtime) == {"default_runtime", "runtimes"}
ours = runtime["runtimes"][runtime["default_runtime"]]
assert ours["runtime_type"] == "oci"
assert set(ours) <= {"runtime_path", "runtime_root", "runtime_type", "monitor_path"}
assert all(ours[k].startswith("/") for k in ("runtime_path", "runtime_root", "monitor_path"))
PY
  assert_status 0
}
