#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What CRI-O, BuildKit, containerd's shim, conmon and Buildah pass to a runtime, word by word, and what they read from it: for the
# engines that aren't in Debian, and to see at once which side of a change broke an engine.

bats_require_minimum_version 1.5.0
load ../bats/helpers

process_file() { # process_file FILE ARGS…
  local file=$1
  shift
  jq '.process | .terminal = false | .args = $ARGS.positional' "$BUNDLE/config.json" --args -- "$@" > "$file"
}

# The container has to be a child of whoever started the runtime, so each of these runs the program directly.
crio() { "$KETCH" --root "$ROOT" "$@"; }

crio_create() {
  command_is sh -c "${1:-sleep 1000}"
  edit '.root.readonly = false'
  (cd / && exec "$KETCH" "--root=$ROOT" create --bundle "$BUNDLE" --pid-file "$BUNDLE/pidfile" "$CT") < /dev/null > "$TEST_DIR/out" 2> "$TEST_DIR/err"
}

both_streams() { "$@" 2>&1; }

is_running() { status_is "$CT" running; }
is_stopped() { status_is "$CT" stopped; }

@test "CRI-O: create by conmon: --root=DIR, a pid file without a line's end" {
  crio_create
  [ ! -s "$TEST_DIR/err" ]
  [[ $(od -An -c "$BUNDLE/pidfile") != *'\n'* ]]
  [ "$(cat "$BUNDLE/pidfile")" = "$(pid_of "$CT")" ]
}

@test "CRI-O: state has the members that it decodes, and none with another meaning" {
  crio_create
  run both_streams crio state "$CT"
  assert_status 0
  jq -e '(.ociVersion | type) == "string" and .status == "created" and (.pid | type) == "number" and (.bundle | startswith("/")) and
    (.created | fromdateiso8601? // (sub("\\.[0-9]+"; "") | fromdateiso8601)) > 0 and (.rootfs | type) == "string"' <<< "$output"
  jq -e '[has("started", "finished", "exitCode", "oomKilled", "error", "initPid", "initStartTime", "checkpointedTime")] | any | not' <<< "$output"
}

@test "CRI-O: start, pause, resume, state in between" {
  crio_create
  crio start "$CT"
  is_running
  crio pause "$CT"
  status_is "$CT" paused
  crio resume "$CT"
  is_running
}

@test "CRI-O: kill with SIGNAME, NAME, number, and -a" {
  local sig n=0
  crio_create 'touch /tmp/got; trap "echo got >> /tmp/got" TERM; touch /tmp/ready; while :; do sleep 0.1; done'
  crio start "$CT"
  wait_for 5 test -e "$BUNDLE/rootfs/tmp/ready"
  for sig in SIGTERM TERM 15; do
    crio kill "$CT" $sig
    n=$((n + 1))
    wait_for 5 eval '[ "$(wc -l < "$BUNDLE/rootfs/tmp/got")" = '$n' ]'
  done
  crio kill -a "$CT" 9
  wait_for 5 is_stopped
}

@test "CRI-O: kill of a container that has ended" {
  crio_create true
  crio start "$CT"
  wait_for 5 is_stopped
  run crio kill "$CT" KILL
  assert_status 1
  assert_output "container not running"
}

@test "CRI-O: exec --process in the foreground gives the exit status" {
  crio_create
  crio start "$CT"
  process_file "$TEST_DIR/p.json" sh -c 'echo out; exit 41'
  run crio exec --process "$TEST_DIR/p.json" "$CT"
  assert_status 41
  assert_output out
}

@test "CRI-O: exec by conmon: --pid-file --process --detach" {
  crio_create
  crio start "$CT"
  process_file "$TEST_DIR/p.json" sleep 500
  "$KETCH" "--root=$ROOT" exec --pid-file "$TEST_DIR/exec.pid" --process "$TEST_DIR/p.json" --detach "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  [ "$(tr '\0' ' ' < "/proc/$(cat "$TEST_DIR/exec.pid")/cmdline")" = "sleep 500 " ]
}

@test "CRI-O: update --resources - from stdin" {
  crio_create
  crio start "$CT"
  run crio update --resources - "$CT" <<< '{"memory":{"limit":67108864}}'
  assert_status 0
}

@test "CRI-O: delete --force, also of what is not there; state says what is missing" {
  crio_create
  crio delete --force "$CT"
  run both_streams crio delete --force "$CT"
  assert_status 0
  [ -z "$output" ]
  run crio state "$CT"
  assert_status 1
  assert_output "does not exist"
}

@test "CRI-O and containerd: features and --version without global options, both outputs joined" {
  run both_streams "$KETCH" features
  assert_status 0
  jq -e '.ociVersionMin != "" and .ociVersionMax != "" and (.mountOptions | index("rro")) and .linux.mountExtensions.idmap.enabled == true and
    (.linux.namespaces | index("user"))' <<< "$output"
  run both_streams "$KETCH" --version
  assert_status 0
  [[ ${lines[0]} =~ ^ketch\ version\ [0-9] ]]
}

@test "BuildKit: run --keep in the foreground, state, delete" {
  command_is sh -c 'exit 17'
  run "$KETCH" --root "$ROOT" --log "$TEST_DIR/log.json" --log-format json run --bundle "$BUNDLE" --keep "$CT" < /dev/null
  assert_status 17
  is_stopped
  ketch delete "$CT"
}

@test "BuildKit: a signal to the runtime reaches the process" {
  edit '.root.readonly = false'
  command_is sh -c 'trap "exit 9" USR1; echo ready > /tmp/ready; while :; do sleep 0.1; done'
  bg --log "$TEST_DIR/log.json" --log-format json run --bundle "$BUNDLE" --keep "$CT" &
  local pid=$! got=0
  wait_for 5 test -s "$BUNDLE/rootfs/tmp/ready"
  kill -USR1 $pid
  wait $pid || got=$?
  [ $got = 9 ]
  ketch delete "$CT"
}

@test "BuildKit: exec --process --pid-file in the foreground, kill ID 9 ends both" {
  command_is sleep 1000
  bg run --bundle "$BUNDLE" --keep "$CT" &
  local pid=$! got=0
  wait_for 5 is_running
  process_file "$TEST_DIR/p.json" sleep 300
  bg exec --process "$TEST_DIR/p.json" --pid-file "$TEST_DIR/exec.pid" "$CT" &
  local exec_pid=$!
  wait_for 5 test -s "$TEST_DIR/exec.pid" # which is before its execve
  wait_for 5 grep -qx sleep "/proc/$(cat "$TEST_DIR/exec.pid")/comm"
  ketch kill "$CT" 9
  wait $pid || got=$?
  [ $got = 137 ]
  got=0
  wait $exec_pid || got=$?
  [ $got = 137 ]
  ketch delete "$CT"
}

@test "BuildKit: the runtime's death by SIGKILL leaves the container, which can be deleted" {
  command_is sleep 1000
  bg run --bundle "$BUNDLE" --keep "$CT" &
  local pid=$!
  wait_for 5 is_running
  kill -9 $pid
  wait $pid || true
  is_running
  ketch delete --force "$CT"
}

@test "BuildKit: kill before the container is there, and after its end, says so in the words that BuildKit looks for" {
  fails 1 "container does not exist" kill "$CT" 9
  command_is true
  run_bundle --keep
  fails 1 "container not running" kill "$CT" 9
  ketch delete "$CT"
  fails 1 "container does not exist" kill "$CT" 9
}

@test "BuildKit: a run that fails: status and message; nothing to delete" {
  command_is /no/such
  run "$KETCH" --root "$ROOT" --log "$TEST_DIR/log.json" --log-format json run --bundle "$BUNDLE" --keep "$CT" < /dev/null
  assert_status 1
  assert_output "no such file or directory"
  jq -es 'last.level == "error"' "$TEST_DIR/log.json"
  fails 1 "does not exist" delete "$CT"
}

# Whom SIGWINCH is sent to: older BuildKits make an empty file first and then look up the parent of the process that it names.
@test "BuildKit: the process that the pid file names is a child of run, and of exec" {
  local file=$TEST_DIR/x.pid run exec got=0
  command_is sleep 1000
  : > "$file"
  bg run --bundle "$BUNDLE" --pid-file "$file" --keep "$CT" &
  run=$!
  wait_for 5 test -s "$file"
  [ "$(awk '/^PPid:/ { print $2 }' "/proc/$(cat "$file")/status")" = "$run" ]
  process_file "$TEST_DIR/p.json" sleep 300
  : > "$file"
  wait_for 5 is_running
  bg exec --process "$TEST_DIR/p.json" --pid-file "$file" "$CT" &
  exec=$!
  wait_for 5 test -s "$file"
  [ "$(awk '/^PPid:/ { print $2 }' "/proc/$(cat "$file")/status")" = "$exec" ]
  # It ends an exec by the number in the file.
  wait_for 5 grep -q sleep "/proc/$(cat "$file")/cmdline"
  kill -9 "$(cat "$file")"
  wait $exec || got=$?
  [ $got = 137 ]
  ketch kill "$CT" 9
  wait $run || true
  ketch delete "$CT"
}

@test "BuildKit: a terminal that is not the runtime's controlling one, resized by SIGWINCH" {
  edit '.process.terminal = true'
  command_is sh -c 'echo ready; read x; echo "size $(stty size), $x"; exit 5'
  run python3 "$BATS_TEST_DIRNAME/../bats/pty.py" run not-controlling raw expect:ready size:33x101 signal:WINCH 'send:word\r' -- \
    "$KETCH" --root "$ROOT" run --bundle "$BUNDLE" --keep "$CT"
  assert_status 5
  assert_output "size 33 101, word"
  ketch delete "$CT"
}

@test "BuildKit: a terminal for the output alone gives the size, and lines end once" {
  edit '.process.terminal = true'
  command_is sh -c 'echo ready; until [ "$(stty size)" = "33 101" ]; do sleep 0.1; done; echo resized; exit 5'
  run python3 "$BATS_TEST_DIRNAME/../bats/pty.py" run not-controlling no-input expect:ready size:33x101 signal:WINCH expect:resized -- \
    "$KETCH" --root "$ROOT" run --bundle "$BUNDLE" --keep "$CT"
  assert_status 5
  refute_output $'\r'
  ketch delete "$CT"
}

@test "BuildKit: without a process sandbox: the host's pid namespace, and its /proc bound" {
  edit '.linux.namespaces |= map(select(.type != "pid")) | del(.linux.maskedPaths, .linux.readonlyPaths) |
    .mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)'
  command_is sh -c 'readlink /proc/self/ns/pid'
  run_bundle
  assert_status 0
  [ "$output" = "$(readlink /proc/self/ns/pid)" ]
}

@test "no --root, as BuildKit, Podman and Buildah call: one place for all commands, whatever XDG_RUNTIME_DIR is empty" {
  command_is sleep 1000
  cat > "$TEST_DIR/script" << SCRIPT
mount -t tmpfs tmpfs /run
set -e
env -i XDG_RUNTIME_DIR= "$KETCH" create --bundle "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
env -i "$KETCH" start "$CT"
[ -d "/run/ketch/$CT" ]
env -i HOME=/nowhere LD_LIBRARY_PATH=/nowhere LD_PRELOAD= PATH= "$KETCH" state "$CT" > /dev/null
env -i XDG_RUNTIME_DIR= "$KETCH" delete --force "$CT"
[ ! -e "/run/ketch/$CT" ]
SCRIPT
  unshare --mount bash "$TEST_DIR/script"
}

@test "containerd: the shim's calls, from create to delete" {
  local shim=("$KETCH" --root "$ROOT" --log "$BUNDLE/log.json" --log-format json)
  command_is sleep 1000
  "${shim[@]}" create --bundle "$BUNDLE" --pid-file "$BUNDLE/init.pid" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  "${shim[@]}" start "$CT"
  process_file "$TEST_DIR/runc-process1" sh -c 'sleep 300'
  "${shim[@]}" exec --process "$TEST_DIR/runc-process1" --detach --pid-file "$BUNDLE/e1.pid" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  run both_streams "${shim[@]}" ps --format json "$CT"
  jq -e 'length >= 2' <<< "$output"
  "${shim[@]}" kill "$CT" 9
  wait_for 5 is_stopped
  "${shim[@]}" kill --all "$CT" 9
  "${shim[@]}" delete "$CT"
  [ ! -s "$BUNDLE/log.json" ]
}

@test "containerd: an error is one line on stderr and one JSON object in the log, with a time that Go reads" {
  local shim=("$KETCH" --root "$ROOT" --log "$BUNDLE/log.json" --log-format json)
  echo '{"level":"info","msg":"old","time":"2026-01-01T00:00:00Z"}' > "$BUNDLE/log.json"
  command_is /no/such
  run "${shim[@]}" create --bundle "$BUNDLE" --pid-file "$BUNDLE/init.pid" "$CT" < /dev/null
  assert_status 1
  [ ${#lines[@]} = 1 ]
  [ ! -e "$BUNDLE/init.pid" ]
  [ "$(head -n 1 "$BUNDLE/log.json" | jq -r .msg)" = old ]
  jq -es 'last | .level == "error" and (.msg | test("no such file or directory")) and
    (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"))' "$BUNDLE/log.json"
  "${shim[@]}" delete --force "$CT"
}

@test "containerd: a usage error is JSON in the log too" {
  run "$KETCH" --root "$ROOT" --log "$BUNDLE/log.json" --log-format json create --no-such-option "$CT"
  [ "$status" != 0 ]
  jq -es 'last.level == "error"' "$BUNDLE/log.json"
}

@test "conmon: SIGPIPE ignored, further descriptors and a mask of signals: the container sees none of it" {
  command_is sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/self/fd | tr "\n" " "; umask'
  cat > "$TEST_DIR/conmon.py" << 'PY'
import os, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
for n in (3, 7, 251):
    os.dup2(os.open("/etc/hostname", os.O_RDONLY), n, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])
PY
  run python3 "$TEST_DIR/conmon.py" "$KETCH" --root "$ROOT" run --bundle "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output "SigBlk:	0000000000000000"
  assert_output "SigIgn:	0000000000000000"
  # 3 is the directory that ls reads.
  assert_output "0 1 2 3 "
}

@test "conmon: --cgroup-manager disabled as two words" {
  command_is cat /proc/self/cgroup
  run "$KETCH" --root "$ROOT" --log-format=json --log "$TEST_DIR/oci-log" --cgroup-manager disabled run --bundle "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  refute_output "$CT"
}

@test "conmon: exec with --tty beside --process, and a console socket" {
  crio_create
  crio start "$CT"
  jq '.process | .terminal = true | .args = ["tty"]' "$BUNDLE/config.json" > "$TEST_DIR/p.json"
  cat > "$TEST_DIR/receive.py" << 'PY'
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
print("ready", flush=True)
c, _ = s.accept()
name, control, flags, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
assert len(control) == 1 and name and not flags & socket.MSG_CTRUNC
fd = array.array("i", control[0][2])[0]
text = b""
try:
    while b"\n" not in text:
        text += os.read(fd, 100)
except OSError:
    pass
print("name", name.decode(), "text", text.decode(), flush=True)
PY
  python3 "$TEST_DIR/receive.py" "$TEST_DIR/console" > "$TEST_DIR/received" 2>&1 3>&- &
  wait_for 5 grep -q ready "$TEST_DIR/received"
  "$KETCH" --root "$ROOT" exec --pid-file "$TEST_DIR/e.pid" --process "$TEST_DIR/p.json" --detach --tty --console-socket "$TEST_DIR/console" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 5 grep -q "text /dev/pts/" "$TEST_DIR/received"
}

@test "conmon-rs: exec -d --tty --console-socket=S --pid-file=P, the command as words" {
  crio_create
  crio start "$CT"
  python3 "$BATS_TEST_DIRNAME/../bats/pty.py" receive "$TEST_DIR/console" "$TEST_DIR/received" < /dev/null > "$TEST_DIR/receive.out" 2>&1 3>&- &
  wait_for 5 test -e "$TEST_DIR/received.ready"
  "$KETCH" "--root=$ROOT" exec -d "--console-socket=$TEST_DIR/console" --tty "--pid-file=$TEST_DIR/e.pid" "$CT" sh -c 'tty; sleep 300' < /dev/null > "$TEST_DIR/out" 2>&1
  [[ $(cat "$TEST_DIR/e.pid") =~ ^[0-9]+$ ]]
  [ ! -s "$TEST_DIR/out" ]
  wait_for 5 grep -q /dev/pts/ "$TEST_DIR/received"
  "$KETCH" "--root=$ROOT" exec -d "--pid-file=$TEST_DIR/e.pid" "$CT" sh -c 'sleep 301; true' --root -d < /dev/null > "$TEST_DIR/out" 2>&1
  [ "$(tr '\0' ' ' < "/proc/$(cat "$TEST_DIR/e.pid")/cmdline")" = "sh -c sleep 301; true --root -d " ]
}

@test "Podman: restore --lsm-mount-context without a value says that it needs one" {
  "$KETCH" --help | grep -q '^  restore' || skip "built without restore (-Dcriu=disabled): runs with the default, and in tests/vm, boot crio"
  run both_streams "$KETCH" restore --lsm-mount-context
  [ "$status" != 0 ]
  [[ $output == *"requires an argument"* || $output == *"flag needs an argument"* ]]
}

@test "Podman: checkpoint --help succeeds" {
  "$KETCH" --help | grep -q '^  checkpoint' || skip "built without checkpoint (-Dcriu=disabled): runs with the default, and in tests/vm, boot crio"
  run "$KETCH" checkpoint --help
  assert_status 0
}

@test "Buildah: create, start, state, kill, delete with the bundle's directory as cwd" {
  command_is sleep 1000
  cd "$BUNDLE"
  "$KETCH" --root "$ROOT" create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  "$KETCH" --root "$ROOT" start "$CT"
  "$KETCH" --root "$ROOT" state "$CT" | jq -e '.status == "running"'
  "$KETCH" --root "$ROOT" kill "$CT" SIGKILL
  wait_for 5 is_stopped
  "$KETCH" --root "$ROOT" delete "$CT"
}

# What belongs to another host goes out: paths, profiles, CPUs, limits above ours, controllers of cgroup v2, namespaces by path.
adapted() {
  jq --arg cgroup "/$CT" --arg source "$TEST_DIR/source" '.root.path = "rootfs" | .process.cwd = "/" | .process.terminal = false |
    .process.args = ["/bin/sh", "-c", "echo \"$(id -u) $(id -g) $PATH\""] | .linux.cgroupsPath = $cgroup |
    del(.hooks, .process.apparmorProfile, .process.selinuxLabel, .process.rlimits, .process.oomScoreAdj, .linux.mountLabel, .linux.intelRdt, .linux.seccomp,
      .linux.uidMappings, .linux.gidMappings, .linux.resources.unified, .linux.resources.cpu.cpus) |
    .linux.namespaces |= map(select(.type != "user") | {type}) |
    .mounts |= map(if ((.options // []) | any(. == "bind" or . == "rbind")) and (.source | test("^/(proc|sys|dev)(/|$)") | not) then .source = $source else . end)' \
    "$BATS_TEST_DIRNAME/../../oci-spec-fixtures/valid/engines/$1.json" > "$BUNDLE/config.json"
}

@test "CRI-O, BuildKit, containerd 2: the configurations that they write run" {
  local config
  mkdir "$TEST_DIR/source"
  for config in crio-sandbox crio-container crio-cache-allocation buildkit buildkit-rootless-no-sandbox containerd-cri-sandbox containerd-cri-container \
    containerd-cri-user-namespace containerd-ctr; do
    adapted $config
    run_bundle
    [ "$status" = 0 ] || { echo "$config: $output" >&2; return 1; }
    [ "$output" = "$(jq -r '.process | "\(.user.uid) \(.user.gid) \(.env[] | select(startswith("PATH=")) | .[5:])"' "$BUNDLE/config.json")" ]
  done
}
