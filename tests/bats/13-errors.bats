#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How errors are told: the words that engines look for, the log, one line on stderr, place and hint on a terminal, exit statuses; why a
# program can't run.

load helpers

RFC3339='^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'

nothing_left() {
  [ -z "$(ketch list -q)" ]
  assert_clean
}

log() {
  "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --log-format json "$@" < /dev/null
}

# Member KEY of the last line of the log.
logged() {
  tail -n 1 "$TEST_DIR/log" | jq -r ".$1"
}

# Each line of the log is one object that an engine can read.
assert_log() {
  local n
  n=$(wc -l < "$TEST_DIR/log")
  [ "$n" = "$1" ] || { echo "$n lines, not $1" >&2; cat "$TEST_DIR/log" >&2; return 1; }
  python3 - "$TEST_DIR/log" "$RFC3339" << 'P'
import json, re, sys
for line in open(sys.argv[1], "rb"):
    o = json.loads(line.decode("utf-8"))
    assert o["level"] in ("error", "warning", "info", "debug"), o
    assert o["msg"] and isinstance(o["msg"], str), o
    assert re.match(sys.argv[2], o["time"]), o
P
}

# On a terminal of its own: what a person sees. `script` asks $SHELL, or sh where there is none:
# only bash reads all that %q writes.
on_terminal() {
  SHELL=$BASH run script -qec "$(printf '%q ' "$KETCH" --root "$ROOT" "$@")" /dev/null < /dev/null
  output=${output//$'\r'/}
  mapfile -t lines <<< "$output"
}

# ---- create: the words of the engines ----

@test "errors: create of a command that is missing" {
  command_is nope
  fails 1 'exec: "nope": executable file not found in $PATH' create -b "$BUNDLE" "$CT"
  nothing_left
  command_is /nope
  fails 1 'exec: "/nope": stat /nope: no such file or directory' create -b "$BUNDLE" "$CT"
  command_is ./nope
  fails 1 'exec: "./nope": stat ./nope: no such file or directory' run -b "$BUNDLE" "$CT"
  nothing_left
  edit '.process.env = ["PATH=/nowhere"]'
  command_is ls
  fails 1 'exec: "ls": executable file not found in $PATH' create -b "$BUNDLE" "$CT"
  edit '.process.env = []'
  run_bundle
  assert_status 0
}

@test "errors: a command line as one name, or words for a shell" {
  local name
  for name in "sh -c true" "/bin/sh -c true" ' sh' '$SHELL' '~/bin/sh'; do
    command_is "$name"
    run log create -b "$BUNDLE" "$CT"
    assert_status 1
    case $name in
      *' -c true') [[ $(logged hint) == *"each word of a command as a string of its own, here '${name%% *}'"* ]] ;;
      ' sh') [[ $(logged hint) == *"begins with a blank"* ]] ;;
      *) [[ $(logged hint) == *"no shell expands"* ]] ;;
    esac || { echo "$name: $(logged hint)" >&2; return 1; }
  done
  nothing_left
  # A name with blanks may well be one.
  printf '#!/bin/sh\necho blanks\n' > "$BUNDLE/rootfs/bin/sh -c true"
  chmod +x "$BUNDLE/rootfs/bin/sh -c true"
  command_is "sh -c true"
  run_bundle
  assert_status 0
  [ "$output" = blanks ]
}

@test "errors: create of a command that is no program" {
  echo text > "$BUNDLE/rootfs/bin/noexec"
  command_is /bin/noexec
  fails 1 'exec: "/bin/noexec": permission denied' create -b "$BUNDLE" "$CT"
  command_is noexec
  fails 1 'exec: "noexec": permission denied' create -b "$BUNDLE" "$CT"
  command_is /bin
  fails 1 'exec: "/bin": is a directory' create -b "$BUNDLE" "$CT"
  command_is /dev/null
  fails 1 'exec: "/dev/null": permission denied' create -b "$BUNDLE" "$CT"
  command_is /bin/sh/x
  fails 1 'not a directory' create -b "$BUNDLE" "$CT"
  command_is ''
  fails 1 'must name a program, not be empty: executable file not found in $PATH' create -b "$BUNDLE" "$CT"
  ln -s loop "$BUNDLE/rootfs/bin/loop"
  command_is /bin/loop
  fails 1 'too many levels of symbolic links' create -b "$BUNDLE" "$CT"
  nothing_left
}

@test "errors: create of a command that the user may not run" {
  cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/mine"
  chmod 700 "$BUNDLE/rootfs/bin/mine"
  mkdir -m 700 "$BUNDLE/rootfs/closed"
  cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/closed/true"
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is /bin/mine
  fails 1 'exec: "/bin/mine": permission denied' create -b "$BUNDLE" "$CT"
  command_is mine
  fails 1 'exec: "mine": permission denied' create -b "$BUNDLE" "$CT"
  command_is /closed/true
  fails 1 'permission denied' create -b "$BUNDLE" "$CT"
  nothing_left
}

@test "errors: create of a command on a mount with noexec" {
  edit '.mounts += [{destination: "/opt", type: "tmpfs", source: "tmpfs", options: ["noexec", "tmpcopyup"]}]'
  mkdir "$BUNDLE/rootfs/opt"
  cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/opt/true"
  command_is /opt/true
  fails 1 'exec: "/opt/true": permission denied' create -b "$BUNDLE" "$CT"
  nothing_left
}

@test "errors: the command is looked up in the container, not on the host" {
  [ -x /usr/bin/python3 ]
  command_is /usr/bin/python3
  fails 1 'stat /usr/bin/python3: no such file or directory' create -b "$BUNDLE" "$CT"
  ln -s /usr/bin/python3 "$BUNDLE/rootfs/bin/link"
  command_is /bin/link
  fails 1 'stat /bin/link: no such file or directory' create -b "$BUNDLE" "$CT"
}

@test "errors: bundles that are none" {
  fails 1 "No such file or directory" create -b "$TEST_DIR/nope" "$CT"
  fails 1 "Not a directory" create -b /etc/passwd "$CT"
  mkdir "$TEST_DIR/empty"
  fails 1 "config.json" create -b "$TEST_DIR/empty" "$CT"
  mkdir "$TEST_DIR/empty/config.json"
  fails 1 "Is a directory" create -b "$TEST_DIR/empty" "$CT"
  rmdir "$TEST_DIR/empty/config.json"
  mkfifo "$TEST_DIR/empty/config.json"
  run timeout 5 "$KETCH" --root "$ROOT" create -b "$TEST_DIR/empty" "$CT"
  assert_status 1
  rm -r "$BUNDLE/rootfs"
  fails 1 "rootfs" create -b "$BUNDLE" "$CT"
  nothing_left
}

# hint WORDS COMMAND…: it fails, and its hint has the words.
hint() {
  local words=$1
  shift
  rm -f "$TEST_DIR/hint"
  run timeout 10 "$KETCH" --root "$ROOT" --log "$TEST_DIR/hint" --log-format json "$@" < /dev/null
  assert_status 1
  jq -er .hint "$TEST_DIR/hint" | tail -n 1 | grep -qF -- "$words" || { cat "$TEST_DIR/hint"; return 1; }
}

@test "errors: hints for bundles, files and sockets that can't be used" {
  local a_bundle='a bundle is a directory with a config.json'
  hint "$a_bundle" create -b "$TEST_DIR/nope" "$CT"
  hint "$a_bundle" create -b '' "$CT"
  hint "$a_bundle" create -b "$BUNDLE/config.json" "$CT"
  hint "$a_bundle" create -b "$BUNDLE/rootfs" "$CT"
  hint "--config names a file of the bundle" create -b "$BUNDLE" -f nope.json "$CT"
  hint "only a regular file" create -b "$BUNDLE" -f rootfs "$CT"
  hint "only a regular file" create -b "$BUNDLE" -f /dev/zero "$CT"
  hint "--pid-file takes a file in a directory" create -b "$BUNDLE" --pid-file "$TEST_DIR/no/pid" "$CT"
  hint "must listen on that socket" create -b "$BUNDLE" --pidfd-socket "$TEST_DIR/no" "$CT"
  edit '.process.terminal = true'
  hint "must listen on that socket" create -b "$BUNDLE" --console-socket "$TEST_DIR/no" "$CT"
  hint "ketch --root '$ROOT' list" state "$CT"
  nothing_left
}

@test "errors: hosts without /proc and without cgroups" {
  command_is true
  run unshare -m script -qec "mount -t tmpfs none /proc; '$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT'" /dev/null
  assert_output "read the link /proc/self/exe: No such file or directory"
  assert_output "hint /proc must be mounted"
  run unshare -m script -qec "umount -l /sys/fs/cgroup; '$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT'" /dev/null
  assert_output 'at   config.json:'
  assert_output 'hint mount one below /sys/fs/cgroup, or do without cgroups: --cgroup-manager disabled'
  assert_clean
}

@test "errors: in a state directory as /tmp nobody gets his hooks run by another user" {
  local root=$TEST_DIR/open evil=$TEST_DIR/open/$CT
  mkdir -m 1777 "$root"
  mkdir -m 700 "$evil"
  edit '.hooks.poststop = [{path: "/bin/touch", args: ["touch", $f]}]' --arg f "$TEST_DIR/ran"
  cp "$BUNDLE/config.json" "$evil"
  printf 'bundle /tmp\nhooks \n' > "$evil/journal"
  chown -R 65534 "$evil"
  local words
  for words in "state $CT" "kill $CT" "delete $CT" "delete --force $CT" "start $CT" "list"; do
    run --separate-stderr "$KETCH" --root "$root" $words
    [ "$words" = list ] || [ "$status" = 1 ]
    [ "$words" = list ] || [[ $stderr == *"'$evil' is uid 65534's, neither ours nor the state directory's owner's"* ]]
    refute_output "$CT"
  done
  "$KETCH" --root "$root" delete --force --regex .
  [ -d "$evil" ]
  chown -R 0 "$evil"
  chmod 777 "$evil"
  run "$KETCH" --root "$root" delete --force "$CT"
  assert_status 1
  assert_output "everybody can change '$evil': mode 0777"
  refute test -e "$TEST_DIR/ran"
  # It is the owner that was in the way.
  chmod 700 "$evil"
  "$KETCH" --root "$root" delete --force "$CT"
  [ -e "$TEST_DIR/ran" ]
  [ ! -d "$evil" ]
}

@test "errors: root may look at a user's state directory, and clear it" {
  start_one
  chown -R 65534 "$ROOT"
  [ "$(ketch list -q)" = "$CT" ]
  status_is "$CT" running
  ketch delete --force "$CT"
  is_dead "$PID"
  assert_clean
}

@test "errors: state directories that others can change, or without a way to them" {
  mkdir "$TEST_DIR/open" "$TEST_DIR/theirs" "$TEST_DIR/gone"
  chmod 777 "$TEST_DIR/open"
  fails 1 "everybody can change the state directory '$TEST_DIR/open'" --root "$TEST_DIR/open" create -b "$BUNDLE" "$CT"
  ketch --root "$TEST_DIR/open" list # to look is harmless
  chmod 1777 "$TEST_DIR/open" # as /tmp
  chown 65534 "$TEST_DIR/theirs"
  command_is true
  local d
  for d in open theirs; do
    run "$KETCH" --root "$TEST_DIR/$d" --log "$TEST_DIR/log.$d" run -b "$BUNDLE" "$CT" < /dev/null
    assert_status 0
    [ -z "$output" ]
  done
  grep -q "'$TEST_DIR/theirs' is uid 65534's" "$TEST_DIR/log.theirs"
  refute grep -q "directory" "$TEST_DIR/log.open"
  cd "$TEST_DIR/gone"
  rmdir "$TEST_DIR/gone"
  fails 1 "state directory 'rel': No such file or directory" --root rel list
  cd /
}

@test "errors: what is in the way of a container's directory is no container" {
  mkdir -p "$ROOT"
  ln -s /etc "$ROOT/$CT"
  hint "'$ROOT/$CT' is no container" create -b "$BUNDLE" "$CT"
  fails 1 "does not exist" state "$CT"
  fails 1 "does not exist" delete "$CT"
  rm "$ROOT/$CT"
}

@test "errors: a config that is no JSON has line and column" {
  printf '{\n  "ociVersion": "1.2.0",\n  "root": {,}\n}\n' > "$BUNDLE/config.json"
  fails 1 "config.json:3:" create -b "$BUNDLE" "$CT"
  local text
  for text in '' '{' '[]' 'null' '{}' '{"ociVersion":"1.0.0"}' '{"ociVersion":"1.0.0"} x' $'\xff' '"'; do
    printf '%s' "$text" > "$BUNDLE/config.json"
    fails 1 "" create -b "$BUNDLE" "$CT"
  done
  nothing_left
}

# ---- the log ----

@test "errors: each failure is one JSON object in the log, and one line on stderr all the same" {
  run --separate-stderr log state "$CT"
  assert_status 1
  [ "${#stderr_lines[@]}" = 1 ]
  assert_log 1
  [ "$(logged level)" = error ]
  [[ $(logged msg) == "container does not exist: '$CT'; hint: "* ]]
  [ "ketch: $(logged msg)" = "$stderr" ]
  [ "$(logged code)" = not-found ]
  run --separate-stderr log exec "$CT" true
  assert_status 255
  run --separate-stderr log create -b "$TEST_DIR/nope" "$CT"
  run --separate-stderr log delete "$CT"
  assert_log 4
  # Nothing is told of what succeeds.
  run --separate-stderr log delete --force "$CT"
  assert_status 0
  [ -z "$stderr" ]
  assert_log 4
  [ "$(stat -c %a "$TEST_DIR/log")" = 644 ]
}

@test "errors: the log is appended to, never cut" {
  local i
  echo '{"level":"info","msg":"first","time":"2020-01-01T00:00:00Z"}' > "$TEST_DIR/log"
  for i in 1 2 3; do
    run log state "$CT"
  done
  assert_log 4
  [ "$(head -n 1 "$TEST_DIR/log" | jq -r .msg)" = first ]
}

@test "errors: lines of ketches that log at the same time do not mix" {
  local i pids=()
  command_is "$(printf 'x%.0s' $(seq 300))"
  for i in $(seq 20); do
    "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --log-format json create -b "$BUNDLE" "$CT-$i" < /dev/null > /dev/null 2>&1 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do refute wait "$i"; done
  assert_log 20
}

@test "errors: usage errors are in the log, too" {
  local n=0 args
  while read -r -a args; do
    run --separate-stderr log "${args[@]}"
    [ "$status" != 0 ]
    [ "${#stderr_lines[@]}" = 1 ]
    n=$((n + 1))
    assert_log $n
    [ "$(logged level)" = error ]
    [ "$(logged code)" = usage ]
  done << 'A'
nope
state
state a b
state ../x
state --nope x
create --preserve-fds x y
kill x NOPE
list --format yaml
exec
--nope list
--rootless=maybe list
A
  # Before the log is named, as with Podman's --runtime-flag.
  run --separate-stderr "$KETCH" --nope --rootless=maybe --log-format=json --log "$TEST_DIR/log" create x
  assert_status 1
  assert_log $((n + 1))
  [ "$(logged code)" = usage ]
  # What follows the command may be a program's own.
  run "$KETCH" --nope exec x prog --log "$TEST_DIR/log" --log-format json
  assert_status 1
  assert_log $((n + 1))
}

@test "errors: an error inside the container is in the log with step, place and hint" {
  command_is nope
  run log create -b "$BUNDLE" "$CT"
  assert_log 1
  [ "$(logged step)" = exec.lookup ]
  [ "$(logged path)" = '$.process.args[0]' ]
  [ "$(logged hint)" != null ]
  [ "$(logged line)" -gt 1 ]
  [ "$(logged column)" -gt 0 ]
  [ "$(logged errno)" = 2 ]
}

@test "errors: what can't be said in UTF-8 or has control characters does not spoil the log" {
  local id
  for id in $'\xff\xfe' $'a\nb' $'a\e[31mb' 'a"b\c' $'\xc3' $'\x7f'; do
    run --separate-stderr log state "$id"
    assert_status 1
    [ "${#stderr_lines[@]}" = 1 ]
  done
  assert_log 6
  command_is $'a"\\b\nc'
  run --separate-stderr log create -b "$BUNDLE" "$CT"
  [ "${#stderr_lines[@]}" = 1 ]
  assert_log 7
}

@test "errors: the name of a configuration neither breaks the line nor steers the terminal" {
  local name=$'x\ny\e[31m\xc2\x9b.json' plain='x?y?[31m?.json'
  echo '{"ociVersion": }' > "$BUNDLE/$name"
  fails 1 "($plain:1:" run -b "$BUNDLE" --config "$name" "$CT"
  run ketch check -b "$BUNDLE" --config "$name"
  assert_status 1
  [[ ${lines[0]} == "$plain:1:"* ]]
  jq '.hostnam = "x" | .process.args = ["true"]' "$BUNDLE/config.json" > "$BUNDLE/$name"
  on_terminal run -b "$BUNDLE" --config "$name" "$CT"
  assert_status 0
  [ "${#lines[@]}" = 1 ]
  assert_output "ketch: warning: $plain:"
}

@test "errors: warnings go to the log and not to stderr" {
  edit '.hostnam = "x"'
  command_is true
  run --separate-stderr log run -b "$BUNDLE" "$CT"
  assert_status 0
  [ -z "$stderr$output" ]
  assert_log 1
  [ "$(logged level)" = warning ]
  [[ $(logged msg) == *"did you mean"*hostname* ]]
  run --separate-stderr ketch run -b "$BUNDLE" "$CT" < /dev/null
  [ -z "$stderr$output" ]
  run --separate-stderr ketch --log "$TEST_DIR/log2" --log-level error run -b "$BUNDLE" "$CT" < /dev/null
  [ ! -s "$TEST_DIR/log2" ]
}

@test "errors: the text form of the log" {
  run "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" state "$CT"
  run "$KETCH" --root "$ROOT" --log="$TEST_DIR/log" --log-format=text state 'a b'
  [ "$(wc -l < "$TEST_DIR/log")" = 2 ]
  grep -qE '^time="20[^"]+Z" level=error msg="container does not exist: .*"$' "$TEST_DIR/log"
}

@test "errors: a log that can't be written" {
  fails 1 "open the log" --log "$TEST_DIR/no/log" list
  fails 1 "open the log" --log "$TEST_DIR" list
  ketch --log /dev/null list
  run --separate-stderr ketch --log /dev/full state "$CT"
  assert_status 1
  [ "${#stderr_lines[@]}" = 1 ]
  run ketch --log '' list
  assert_status 0
}

@test "errors: a log that is a FIFO holds nobody up" {
  mkfifo "$TEST_DIR/fifo"
  run timeout 5 "$KETCH" --root "$ROOT" --log "$TEST_DIR/fifo" list
  assert_status 1
  assert_output "open the log"
  # with a reader that does not read, until the pipe is full
  exec 7<> "$TEST_DIR/fifo"
  head -c 65536 /dev/zero >&7
  run timeout 5 "$KETCH" --root "$ROOT" --log "$TEST_DIR/fifo" state "$CT"
  exec 7>&-
  assert_status 1
  assert_output "does not exist"
}

# traced FILE COMMAND ARGUMENTS…: which can't be written, and that is all.
traced() {
  local file=$1 command=$2
  shift 2
  rm -f "$TEST_DIR/log"
  timeout -k 1 20 "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" "$command" --trace "$file" "$@" < /dev/null || return
  grep -qF "write the trace to '$file'" "$TEST_DIR/log"
}

@test "errors: a trace that nobody reads holds nobody up" {
  mkfifo "$TEST_DIR/fifo"
  command_is true
  traced "$TEST_DIR/fifo" create -b "$BUNDLE" "$CT" > "$TEST_DIR/out" 2>&1
  # with a reader that does not read, until the pipe is full
  exec 7<> "$TEST_DIR/fifo"
  head -c 65536 /dev/zero >&7
  traced "$TEST_DIR/fifo" exec "$CT" true
  traced - exec "$CT" true 2>&7
  exec 7>&-
}

@test "errors: the log has what a closed stderr can't take" {
  python3 - "$KETCH" "$ROOT" "$TEST_DIR/log" "$CT" << 'EOF'
import os, subprocess, sys
ketch, root, log, ct = sys.argv[1:]
r, w = os.pipe()
os.close(r)
subprocess.run([ketch, "--root", root, "--log", log, "state", ct], stderr=w)
EOF
  grep -q "does not exist" "$TEST_DIR/log"
}

refute_fd() {
  local fd
  for fd in "/proc/$(pid_of "$CT")/fd/"*; do
    [ "$(readlink "$fd")" != "$1" ]
  done
}

@test "errors: the container does not hold the log" {
  command_is sleep 1000
  log create -b "$BUNDLE" "$CT" > "$TEST_DIR/out" 2>&1
  refute_fd "$TEST_DIR/log"
  ketch start "$CT"
  refute_fd "$TEST_DIR/log"
}

# ---- a terminal ----

@test "errors: on a terminal place and hint have lines of their own" {
  command_is nope
  on_terminal create -b "$BUNDLE" "$CT"
  assert_status 1
  [ "${#lines[@]}" = 3 ]
  [[ ${lines[0]} == 'ketch: exec.lookup: exec: "nope": executable file not found in $PATH' ]]
  [[ ${lines[1]} =~ ^"  at   config.json:"[0-9]+:[0-9]+"  $.process.args[0]"$ ]]
  [[ ${lines[2]} == "  hint PATH of process.env is "* ]]
}

@test "errors: without a terminal the place is in the line" {
  command_is nope
  fails 1 '$.process.args[0]' create -b "$BUNDLE" "$CT"
  [[ $stderr == *" (config.json:"* ]]
}

@test "errors: warnings are shown on a terminal" {
  edit '.hostnam = "x"'
  command_is true
  on_terminal run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output "did you mean"
}

# ---- the answer ----

@test "errors: an answer that can't be written is an error" {
  create_one
  local c
  for c in --help "create --help" "help start" "state $CT" list "list -q" "list -f json" "ps -f json $CT" "ps $CT" features --version; do
    run bash -c "'$KETCH' --root '$ROOT' $c > /dev/full"
    assert_status 1
    assert_output "No space left on device"
  done
}

@test "errors: state and ps write nothing to stderr" {
  edit '.hostnam = "x"'
  command_is sleep 1000
  create_one
  run --separate-stderr ketch state "$CT"
  [ -z "$stderr" ]
  run --separate-stderr ketch ps -f json "$CT"
  [ -z "$stderr" ]
  run --separate-stderr ketch ps "$CT"
  [ -z "$stderr" ]
}

# under LIMIT COMMAND…: with that `ulimit`
under() {
  local limit=$1
  shift
  bash -c "ulimit $limit; exec \"\$@\"" limit "$@"
}

@test "errors: without /dev and with a tiny limit of descriptors there are words" {
  run unshare -m sh -c "mount -t tmpfs none /dev && exec '$KETCH' --root '$ROOT' list"
  assert_status 0
  run unshare -m sh -c "mount -t tmpfs none /dev && exec '$KETCH' --root '$ROOT' list <&-"
  assert_status 1
  assert_output "ketch: open /dev/null as descriptor 0, which is closed: No such file or directory"
  command_is true
  edit 'del(.process.rlimits)'
  local n
  for n in 4 5 6 7 8 9 10 12 20 32 50; do
    run under "-n $n" "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT"
    assert_status 1
    assert_output "ketch: "
    assert_output "Too many open files"
    assert_clean
  done
  run under "-n 51" "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT"
  assert_status 0
}

@test "errors: a limit on the size of files is an error, and everything is undone" {
  run under "-f 0" "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output "state.reserve: write the journal: File too large"
  assert_clean
}

@test "errors: closed standard descriptors do not become the container's files" {
  command_is sh -c 'readlink /proc/self/fd/0; readlink /proc/self/fd/2; echo ok'
  run bash -c "'$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' <&- 2>&-"
  assert_status 0
  [ "$output" = $'/dev/null\n/dev/null\nok' ]
  run bash -c "'$KETCH' --root '$ROOT' state '$CT' <&- >&- 2>&-"
  assert_status 1
}

# ---- why a program can't run: told by start and run ----

# cannot_run PROGRAM WORDS HINT: create succeeds; start and run fail with the reason.
cannot_run() {
  chmod +x "$BUNDLE/rootfs$1"
  command_is "$1"
  create_one
  fails 1 "$2" start "$CT"
  [[ $stderr == *"exec: \"$1\""* ]] || { echo "no program in: $stderr" >&2; return 1; }
  status_is "$CT" stopped
  ketch delete "$CT"
  run --separate-stderr log run -b "$BUNDLE" "$CT"
  assert_status 1
  [[ $stderr == *"$2"* ]] || { echo "no '$2' in: $stderr" >&2; return 1; }
  [[ $(logged hint) == *"$3"* ]] || { echo "no '$3' in the hint: $(logged hint)" >&2; return 1; }
  [ "$(logged path)" = '$.process.args[0]' ]
  [ "$(logged line)" -gt 1 ]
  nothing_left
}

@test "errors: a script's interpreter is missing" {
  printf '#!/bin/bash\necho\n' > "$BUNDLE/rootfs/bin/script"
  cannot_run /bin/script "the interpreter '/bin/bash' of the script '/bin/script' is missing" "install it in the image"
  cannot_run /bin/script "no such file or directory" ""
}

@test "errors: a script with CR LF" {
  printf '#!/bin/sh\r\necho\r\n' > "$BUNDLE/rootfs/bin/script"
  cannot_run /bin/script "CR LF" "dos2unix"
}

@test "errors: a program for another machine" {
  python3 -c 'import sys, struct
sys.stdout.buffer.write(b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0x400000, 64, 0, 0, 64, 56, 0, 64, 0, 0))' \
    > "$BUNDLE/rootfs/bin/arm"
  cannot_run /bin/arm "the program is for arm64, this machine is $(uname -m)" "qemu-user-static"
  cannot_run /bin/arm "exec format error" ""
}

@test "errors: text without an interpreter line, an empty file" {
  echo 'echo hello' > "$BUNDLE/rootfs/bin/script"
  cannot_run /bin/script "it is text without a #! line" "#!/bin/sh"
  : > "$BUNDLE/rootfs/bin/empty"
  cannot_run /bin/empty "the file is empty" ""
}

@test "errors: a program's dynamic loader is missing" {
  cp /usr/bin/env "$BUNDLE/rootfs/bin/dynamic"
  cannot_run /bin/dynamic "the dynamic loader '/lib64/ld-linux-x86-64.so.2' that it asks for is missing" "glibc"
}

# Under a seccomp filter ketch can look at nothing any more: engines always set one.
@test "errors: what a program lacks is told with a seccomp profile, too, by run, start and exec" {
  local profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}'
  edit "$profile"
  printf '#!/bin/sh\r\necho\r\n' > "$BUNDLE/rootfs/bin/script"
  cannot_run /bin/script "no such file or directory: the #! line of '/bin/script' ends with CR LF" "dos2unix"
  cp /usr/bin/env "$BUNDLE/rootfs/bin/dynamic"
  cannot_run /bin/dynamic "no such file or directory: the dynamic loader '/lib64/ld-linux-x86-64.so.2'" "glibc"
  echo 'echo hello' > "$BUNDLE/rootfs/bin/text"
  cannot_run /bin/text "exec format error: it is text without a #! line" "#!/bin/sh"
  start_one
  fails 255 "exec format error: it is text without a #! line" exec "$CT" /bin/text
  fails 255 "ends with CR LF" exec --detach "$CT" /bin/script
}

@test "errors: a seccomp profile that refuses execve is told as that" {
  local profile='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["execve"], action: "SCMP_ACT_ERRNO", errnoRet: $n}]}' n
  cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/program"
  for n in 1 2 5 38; do
    edit ".linux.seccomp = $profile" --argjson n "$n"
    cannot_run /bin/program "exec: " "the seccomp profile"
  done
}

@test "errors: after a failed start poststop has run once, and the container is stopped" {
  echo text > "$BUNDLE/rootfs/bin/text"
  chmod +x "$BUNDLE/rootfs/bin/text"
  command_is /bin/text
  edit '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo ran >> $F"], env: ["F=\($f)"]}]' --arg f "$TEST_DIR/ran"
  create_one
  fails 1 "exec format error" start "$CT"
  status_is "$CT" stopped
  [ "$(pid_of "$CT")" = 0 ]
  [ "$(cat "$TEST_DIR/ran")" = ran ]
  # Its cgroups are gone already.
  [ -z "$(find /sys/fs/cgroup -maxdepth 6 -type d -name "*$CT*")" ]
  fails 1 "cannot start a container that has stopped" start "$CT"
  fails 1 "container not running" kill "$CT"
  fails 255 "cannot exec in a stopped container" exec "$CT" true
  ketch delete "$CT"
  [ "$(cat "$TEST_DIR/ran")" = ran ]
}

@test "log: --debug has each step that was taken, the failed one as begun" {
  rm -f "$TEST_DIR/log"
  log --debug create -b "$BUNDLE" "$CT"
  grep -qE '"level":"debug","msg":"step state.reserve \(host\): [0-9]+ us"' "$TEST_DIR/log"
  grep -qE '"msg":"step rootfs.pivot \(init\): [0-9]+ us"' "$TEST_DIR/log"
  assert_log "$(grep -c '"msg":"step ' "$TEST_DIR/log")"
  ketch delete --force "$CT"
  command_is /nope
  rm "$TEST_DIR/log"
  run ! log --log-level debug create -b "$BUNDLE" "$CT"
  tail -n 2 "$TEST_DIR/log" | head -n 1 | grep -qF '"msg":"step exec.lookup (init): begun"'
  [ "$(logged level)" = error ]
  rm "$TEST_DIR/log"
  run ! log --log-level info create -b "$BUNDLE" "$CT"
  assert_log 1
}
