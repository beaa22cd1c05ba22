#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The six kinds of hooks (config.md#posix-platform-hooks, runtime.md#lifecycle): order, place, input, environment, time-outs, failures.

load helpers

setup() {
  test_setup
  # Hooks find the test's directory in $T, also those of the container, which see it as /t.
  mkdir "$BUNDLE/rootfs/t"
  T=$TEST_DIR
  edit '.root.readonly = false | .mounts += [{destination: "/t", source: $t, options: ["bind"]}]' --arg t "$TEST_DIR"
}

# hook KIND SCRIPT [MEMBERS]: adds a hook of /bin/sh, with T set; MEMBERS is more JSON.
hook() {
  local t=$TEST_DIR more=${3:-}
  [ "$1" != startContainer ] || t=/t
  [ -n "$more" ] || more='{}'
  edit '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["T=\($t)", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]} + $more]' \
    --arg kind "$1" --arg script "$2" --arg t "$t" --argjson more "$more"
}

ALL="prestart createRuntime createContainer startContainer poststart poststop"

fails() {
  local words=$1
  shift
  run --separate-stderr ketch "$@" < /dev/null
  assert_status 1
  [ -z "$output" ]
  [[ $stderr == *"$words"* ]] || { echo "no '$words' in: $stderr" >&2; return 1; }
  [ "${#stderr_lines[@]}" = 1 ] || { echo "not one line: $stderr" >&2; return 1; }
}

lines_of() {
  paste -sd' ' "$TEST_DIR/$1"
}

# ---- order and place ----

@test "hooks: all kinds in the order of the life cycle, those of a kind in listed order" {
  local kind
  for kind in $ALL; do
    hook "$kind" "echo $kind.0 >> \$T/order"
    hook "$kind" "echo $kind.1 >> \$T/order"
  done
  command_is sh -c 'echo program >> /t/order; sleep 1000'
  create_one
  [ "$(lines_of order)" = "prestart.0 prestart.1 createRuntime.0 createRuntime.1 createContainer.0 createContainer.1" ]
  : > "$TEST_DIR/order"
  ketch start "$CT"
  wait_for 5 grep -q program "$TEST_DIR/order"
  [ "$(head -n 2 "$TEST_DIR/order" | paste -sd' ')" = "startContainer.0 startContainer.1" ]
  # The program runs by then: which of both writes first is open.
  [ "$(tail -n 3 "$TEST_DIR/order" | sort | paste -sd' ')" = "poststart.0 poststart.1 program" ]
  : > "$TEST_DIR/order"
  ketch exec "$CT" true
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  [ ! -s "$TEST_DIR/order" ]
  ketch delete "$CT"
  [ "$(lines_of order)" = "poststop.0 poststop.1" ]
}

@test "hooks: of a bundle in a directory whose name is no UTF-8, also those after create" {
  local kind odd=$TEST_DIR/$'caf\xe9'
  for kind in $ALL; do
    [ "$kind" = startContainer ] || hook "$kind" 'pwd > "$T/pwd.'"$kind"'"'
  done
  mv "$BUNDLE" "$odd"
  ketch create -b "$odd" "$CT" < /dev/null > /dev/null 2>&1
  ketch start "$CT"
  ketch delete --force "$CT"
  for kind in prestart createRuntime createContainer poststart poststop; do
    [ "$(cat "$TEST_DIR/pwd.$kind")" = "$odd" ]
  done
}

@test "hooks: run has all of them, too, and in the foreground poststop comes before it returns" {
  local kind
  for kind in $ALL; do
    hook "$kind" "echo $kind >> \$T/order"
  done
  command_is sleep 0.1
  run_bundle
  assert_status 0
  [ "$(lines_of order)" = "$ALL" ]
}

@test "hooks: namespaces of the runtime or of the container" {
  local kind script='for n in mnt net uts ipc pid cgroup; do readlink /proc/self/ns/$n; done > $T/ns.'
  for kind in $ALL; do
    hook "$kind" "$script$kind"
  done
  command_is sh -c 'for n in mnt net uts ipc pid cgroup; do readlink /proc/self/ns/$n; done > /t/ns.program; sleep 1000'
  create_one
  ketch start "$CT"
  all_written() { [ "$(grep -c . "$TEST_DIR/ns.program")" = 6 ]; }
  wait_for 5 all_written
  ketch delete --force "$CT"
  local n
  for n in mnt net uts ipc pid cgroup; do readlink "/proc/self/ns/$n"; done > "$TEST_DIR/ns.host"
  for kind in prestart createRuntime poststart poststop; do
    diff "$TEST_DIR/ns.host" "$TEST_DIR/ns.$kind"
  done
  for kind in createContainer startContainer; do
    diff "$TEST_DIR/ns.program" "$TEST_DIR/ns.$kind"
  done
}

@test "hooks: createContainer has host paths before the root is changed, and its mounts are the container's" {
  [ -x /usr/bin/python3 ]
  hook createContainer 'test -x /usr/bin/python3 && ls bundle > /dev/null 2>&1; mount -t tmpfs tmpfs rootfs/tmp && echo made > rootfs/tmp/by-hook; pwd > $T/cwd'
  command_is cat /tmp/by-hook
  run_bundle
  assert_status 0
  [ "$output" = made ]
  [ ! -e "$BUNDLE/rootfs/tmp/by-hook" ]
  [ "$(cat "$TEST_DIR/cwd")" = "$BUNDLE" ]
}

@test "hooks: prestart and createRuntime see the container's mounts by its process, before pivot_root" {
  local script='pid=$(sed "s/.*\"pid\":\([0-9]*\).*/\1/"); nsenter -t $pid -m sh -c "cat '$BUNDLE'/rootfs/proc/1/comm" > $T/comm.'
  hook prestart "${script}prestart"
  hook createRuntime "${script}createRuntime"
  command_is true
  run_bundle
  assert_status 0
  [ "$(cat "$TEST_DIR/comm.prestart")" = ketch ]
  [ "$(cat "$TEST_DIR/comm.createRuntime")" = ketch ]
}

@test "hooks: createRuntime can set up the network" {
  hook createRuntime 'pid=$(sed "s/.*\"pid\":\([0-9]*\).*/\1/"); nsenter -t $pid -n ip link add kveth0 type veth peer name kveth1'
  command_is ls /sys/class/net
  run_bundle
  assert_status 0
  assert_output kveth0
}

@test "hooks: the working directory is the bundle, of startContainer it is the container's" {
  local kind
  for kind in $ALL; do
    hook "$kind" "pwd > \$T/cwd.$kind"
  done
  edit '.process.cwd = "/tmp"'
  command_is true
  run_bundle
  assert_status 0
  for kind in prestart createRuntime createContainer poststart poststop; do
    [ "$(cat "$TEST_DIR/cwd.$kind")" = "$BUNDLE" ]
  done
  [ "$(cat "$TEST_DIR/cwd.startContainer")" = /tmp ]
}

@test "hooks: startContainer runs as the process will" {
  chmod 777 "$TEST_DIR"
  hook startContainer 'id -u; id -g; grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status' # no output file of root's
  hook startContainer '(id -u; grep -E "CapEff|CapBnd" /proc/self/status) > $T/as'
  edit '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_CHOWN"]}'
  command_is true
  run_bundle
  assert_status 0
  [ "$(lines_of as | tr '\t' ' ')" = "1000 CapEff: 0000000000000000 CapBnd: 0000000000000001" ]
}

# ---- input ----

@test "hooks: the state is on standard input" {
  edit '.annotations = {"a": "b\"\n"}'
  local kind
  for kind in $ALL; do
    hook "$kind" "cat > \$T/state.$kind"
  done
  command_is sleep 1000
  create_one
  PID=$(pid_of "$CT")
  ketch start "$CT"
  ketch delete --force "$CT"
  for kind in $ALL; do
    jq -e --arg id "$CT" --arg b "$BUNDLE" '.ociVersion == "1.3.0" and .id == $id and .bundle == $b and .annotations == {"a": "b\"\n"}' \
      "$TEST_DIR/state.$kind"
    [ "$(wc -l < "$TEST_DIR/state.$kind")" -le 1 ]
  done
  for kind in prestart createRuntime poststart; do
    [ "$(jq .pid "$TEST_DIR/state.$kind")" = "$PID" ]
  done
  for kind in createContainer startContainer; do
    [ "$(jq .pid "$TEST_DIR/state.$kind")" = 1 ]
  done
  [ "$(jq -r .status "$TEST_DIR/state.createRuntime")" = created ]
  [ "$(jq -r .status "$TEST_DIR/state.poststart")" = running ]
  [ "$(jq -r .status "$TEST_DIR/state.poststop")" = stopped ]
}

@test "hooks: one that does not read its input, however long that is" {
  edit '.annotations = ([range(6000)] | map({key: "a\(.)", value: "x\(. * 1000000)"}) | from_entries)'
  local kind
  for kind in $ALL; do
    hook "$kind" 'exit 0'
    hook "$kind" 'exec 0<&-'
    hook "$kind" 'wc -c > $T/n'
  done
  command_is true
  KETCH_START=$SECONDS
  run_bundle
  assert_status 0
  [ $((SECONDS - KETCH_START)) -lt 10 ]
  [ "$(cat "$TEST_DIR/n")" -gt 65536 ]
}

@test "hooks: standard descriptors and no other, default signals" {
  local kind t
  for kind in createRuntime createContainer startContainer poststop; do
    t=$TEST_DIR
    [ "$kind" != startContainer ] || t=/t
    hook "$kind" "ls /proc/self/fd > \$T/fds.$kind"
    # Not by a shell, which has its own ideas of signals.
    edit '.hooks[$k] += [{path: "/bin/dd", args: ["dd", "if=/proc/self/status", "of=\($t)/status.\($k)"]}]' --arg k "$kind" --arg t "$t"
  done
  command_is true
  trap '' PIPE
  run ketch run -b "$BUNDLE" "$CT" < /dev/null 7< /dev/null
  trap - PIPE
  assert_status 0
  for kind in createRuntime createContainer startContainer poststop; do
    # 3 is the directory that ls reads.
    [ "$(echo $(cat "$TEST_DIR/fds.$kind"))" = "0 1 2 3" ]
    grep -q 'SigIgn:.0000000000000000' "$TEST_DIR/status.$kind"
    grep -q 'SigBlk:.0000000000000000' "$TEST_DIR/status.$kind"
  done
}

# ---- environment and arguments ----

@test "hooks: env absent is the runtime's environment, startContainer has the process's" {
  local kind
  for kind in createRuntime createContainer poststart poststop; do
    edit '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", "env > \($t)/env.\($k)"]}]' --arg k "$kind" --arg t "$TEST_DIR"
  done
  edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "env > /t/env.startContainer"]}] | .process.env += ["OF_PROCESS=1"]'
  command_is true
  run env OURS=1 NOTIFY_SOCKET=/nope LISTEN_FDS=0 LISTEN_PID=1 LISTEN_FDNAMES=x "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  for kind in createRuntime createContainer poststart poststop; do
    grep -qx OURS=1 "$TEST_DIR/env.$kind"
    refute grep -E 'OF_PROCESS|LISTEN_|NOTIFY_SOCKET' "$TEST_DIR/env.$kind"
  done
  grep -qx OF_PROCESS=1 "$TEST_DIR/env.startContainer"
  grep -qx HOME=/root "$TEST_DIR/env.startContainer" # as the process has it, also where the config does not
  refute grep -E 'OURS|LISTEN_|NOTIFY_SOCKET' "$TEST_DIR/env.startContainer"
}

@test "hooks: env given is all there is, also when it is empty" {
  local kind t
  for kind in $ALL; do
    t=$TEST_DIR
    [ "$kind" != startContainer ] || t=/t
    edit '.hooks[$k] = [
      {path: "/bin/dd", args: ["dd", "if=/proc/self/environ", "of=\($t)/env.\($k)"], env: ["A=1", "PATH=/bin:/usr/bin", "A=2"]},
      {path: "/bin/dd", args: ["dd", "if=/proc/self/environ", "of=\($t)/empty.\($k)"], env: []}]' \
      --arg k "$kind" --arg t "$t"
  done
  command_is true
  OURS=1 run_bundle
  assert_status 0
  for kind in $ALL; do
    [ "$(tr '\0' ' ' < "$TEST_DIR/env.$kind")" = "A=1 PATH=/bin:/usr/bin A=2 " ]
    [ ! -s "$TEST_DIR/empty.$kind" ]
  done
}

@test "hooks: args are the whole argv; without them it is the path" {
  cp /bin/busybox "$TEST_DIR/echo"
  edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["other name", "-c", "echo \"$0 $1\" > \($t)/argv; tr \"\\0\" \"|\" < /proc/$$/cmdline > \($t)/cmdline", "zero", "one"]}]
    | .hooks.createContainer = [{path: "\($t)/touch-it"}]' --arg t "$TEST_DIR"
  printf '#!/bin/sh\necho "$0 $#" > %s/self\n' "$TEST_DIR" > "$TEST_DIR/touch-it"
  chmod +x "$TEST_DIR/touch-it"
  command_is true
  run_bundle
  assert_status 0
  [ "$(cat "$TEST_DIR/argv")" = "zero one" ]
  [[ $(cat "$TEST_DIR/cmdline") == "other name|-c|"* ]]
  [ "$(cat "$TEST_DIR/self")" = "$TEST_DIR/touch-it 0" ]
}

# ---- failures ----

@test "hooks: a failure during create undoes it and runs poststop" {
  local kind
  for kind in prestart createRuntime createContainer; do
    edit 'del(.hooks)'
    hook "$kind" 'exit 0'
    hook "$kind" 'echo some words >&2; exit 42'
    hook "$kind" 'echo not me > $T/third'
    hook startContainer 'echo not me > $T/third'
    hook poststop 'cat >> $T/poststop; echo >> $T/poststop'
    rm -f "$TEST_DIR/poststop"
    fails "$kind hook 1: hook '/bin/sh' exited with status 42: some words" create -b "$BUNDLE" "$CT"
    [[ $stderr == *"\$.hooks.$kind[1]"* ]]
    [ ! -e "$TEST_DIR/third" ]
    [ -z "$(ketch list -q)" ]
    [ "$(jq -rs 'map(.status) | join(" ")' "$TEST_DIR/poststop")" = stopped ] || { cat "$TEST_DIR/poststop" >&2; return 1; }
    assert_clean
  done
}

@test "hooks: a create that fails before its hooks runs no poststop" {
  hook createRuntime 'echo ran > $T/ran'
  hook poststop 'echo ran > $T/ran'
  edit '.mounts += [{destination: "/x", source: "/nope/nope", options: ["bind"]}]'
  fails "" create -b "$BUNDLE" "$CT"
  [ ! -e "$TEST_DIR/ran" ]
}

@test "hooks: a failed startContainer stops the container; the program does not run; poststop runs once" {
  hook startContainer 'echo some words; exit 3'
  hook poststart 'echo not me > $T/ran'
  hook poststop 'echo poststop >> $T/poststop'
  command_is sh -c 'echo not me > /t/ran'
  create_one
  fails "startContainer hook 0: hook '/bin/sh' exited with status 3: some words" start "$CT"
  status_is "$CT" stopped
  [ "$(lines_of poststop)" = poststop ]
  [ -z "$(find /sys/fs/cgroup -maxdepth 6 -type d -name "*$CT*")" ]
  ketch delete "$CT"
  [ "$(lines_of poststop)" = poststop ]
  [ ! -e "$TEST_DIR/ran" ]
}

@test "hooks: a failed startContainer or poststart makes run fail and leaves nothing" {
  hook startContainer 'exit 3'
  hook poststop 'echo poststop >> $T/poststop'
  command_is sleep 1000
  fails "startContainer hook 0" run -b "$BUNDLE" "$CT"
  [ "$(lines_of poststop)" = poststop ]
  edit 'del(.hooks.startContainer)'
  hook poststart 'exit 4'
  fails "poststart hook 0: hook '/bin/sh' exited with status 4" run -b "$BUNDLE" "$CT"
  [ "$(lines_of poststop)" = "poststop poststop" ]
  fails "poststart hook 0" run --detach -b "$BUNDLE" "$CT"
  [ -z "$(ketch list -q)" ]
}

@test "hooks: from 1.3 on a failed poststart stops the container" {
  edit '.ociVersion = "1.3.0"'
  hook poststart 'exit 4'
  hook poststart 'echo not me > $T/ran'
  hook poststop 'echo poststop >> $T/poststop'
  command_is sleep 1000
  create_one
  PID=$(pid_of "$CT")
  fails "poststart hook 0: hook '/bin/sh' exited with status 4" start "$CT"
  status_is "$CT" stopped
  is_dead "$PID"
  [ "$(lines_of poststop)" = poststop ]
  [ ! -e "$TEST_DIR/ran" ]
  ketch delete "$CT"
  [ "$(lines_of poststop)" = poststop ]
}

@test "hooks: before 1.3 a failed poststart is a warning, and the rest run" {
  edit '.ociVersion = "1.2.1"'
  hook poststart 'exit 4'
  hook poststart 'echo me, too > $T/ran'
  command_is sleep 1000
  create_one
  ketch --log "$TEST_DIR/log" start "$CT"
  grep -q "level=warning.*poststart hook 0.*exited with status 4" "$TEST_DIR/log"
  [ -e "$TEST_DIR/ran" ]
  status_is "$CT" running
}

@test "hooks: a failed poststop is a warning, and the rest run" {
  hook poststop 'exit 5'
  hook poststop 'echo me, too > $T/ran'
  create_one
  run --separate-stderr ketch --log "$TEST_DIR/log" delete "$CT"
  assert_status 0
  [ -z "$stderr$output" ]
  [ -e "$TEST_DIR/ran" ]
  grep -q "level=warning.*poststop hook 0.*exited with status 5" "$TEST_DIR/log"
  fails "does not exist" state "$CT"
}

@test "hooks: one that is missing, that is no program, that is killed" {
  edit '.hooks.createRuntime = [{path: "/nope/hook"}]'
  fails "createRuntime hook 0: hook '/nope/hook'" create -b "$BUNDLE" "$CT"
  [[ $stderr == *"No such file or directory"* ]]
  edit '.hooks.createRuntime = [{path: "/etc"}]'
  fails "Permission denied" create -b "$BUNDLE" "$CT"
  edit '.hooks.createRuntime = []'
  hook createRuntime 'kill -9 $$'
  fails "hook '/bin/sh' was killed by signal 9" create -b "$BUNDLE" "$CT"
  edit 'del(.hooks) | .hooks.startContainer = [{path: "/nope/hook"}]'
  create_one
  fails "startContainer hook 0: hook '/nope/hook'" start "$CT"
}

@test "hooks: startContainer is looked up in the container" {
  [ -x /usr/bin/python3 ]
  edit '.hooks.startContainer = [{path: "/usr/bin/python3", args: ["python3", "-c", "pass"]}]'
  create_one
  fails "startContainer hook 0" start "$CT"
  [[ $stderr == *"No such file or directory"* ]]
}

@test "hooks: relative paths and time-outs that are none are refused" {
  edit '.hooks.createRuntime = [{path: "bin/sh"}]'
  fails '$.hooks.createRuntime[0].path' create -b "$BUNDLE" "$CT"
  local t
  for t in 0 -1 1.5 '"1"'; do
    edit '.hooks.createRuntime = [{path: "/bin/sh", timeout: $t}]' --argjson t "$t"
    fails '$.hooks.createRuntime[0].timeout' create -b "$BUNDLE" "$CT"
  done
}

# ---- time ----

@test "hooks: a time-out kills the whole group of the hook" {
  hook createRuntime 'echo $$ > $T/hook; sleep 1000 & echo $! > $T/child; echo before the end >&2; wait' '{"timeout": 1}'
  hook poststop 'echo poststop > $T/poststop'
  local begin=$SECONDS
  fails "createRuntime hook 0: hook '/bin/sh' was killed after its timeout of 1 s: before the end" create -b "$BUNDLE" "$CT"
  [ $((SECONDS - begin)) -le 5 ]
  wait_for 5 is_dead "$(cat "$TEST_DIR/hook")"
  wait_for 5 is_dead "$(cat "$TEST_DIR/child")"
  [ -e "$TEST_DIR/poststop" ]
}

@test "hooks: time-outs of the others" {
  hook createContainer 'sleep 1000' '{"timeout": 1}'
  fails "createContainer hook 0: hook '/bin/sh' was killed after its timeout of 1 s" create -b "$BUNDLE" "$CT"
  edit 'del(.hooks)'
  hook startContainer 'sleep 1000' '{"timeout": 1}'
  create_one
  fails "startContainer hook 0: hook '/bin/sh' was killed after its timeout of 1 s" start "$CT"
  ketch delete "$CT"
  edit 'del(.hooks)'
  hook poststop 'sleep 1000' '{"timeout": 1}'
  hook poststop 'echo ran > $T/ran'
  create_one
  ketch --log "$TEST_DIR/log" delete "$CT"
  grep -q "poststop hook 0.*timeout of 1 s" "$TEST_DIR/log"
  [ -e "$TEST_DIR/ran" ]
}

@test "hooks: no time-out is too long: that of an engine that means none" {
  local t
  for t in 9223372036854774784 9223372036854776; do # the largest that jq keeps, and one whose milliseconds were negative
    hook createRuntime 'echo ran >> $T/ran' "{\"timeout\": $t}"
  done
  run_bundle
  assert_status 0
  [ "$(wc -l < "$TEST_DIR/ran")" = 2 ]
}

@test "hooks: one that is done in time is no failure" {
  hook createRuntime 'exit 0' '{"timeout": 100}'
  hook startContainer 'exit 0' '{"timeout": 4000000000}'
  command_is true
  run_bundle
  assert_status 0
}

# ---- output ----

@test "hooks: a child that keeps the output open holds nobody up" {
  hook createRuntime 'sleep 1000 & echo $! > $T/child'
  hook startContainer 'sleep 1000 & exit 0'
  hook poststop 'sleep 1000 & echo $! > $T/child2'
  command_is true
  local begin=$SECONDS
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ $((SECONDS - begin)) -le 5 ]
  kill "$(cat "$TEST_DIR/child")" "$(cat "$TEST_DIR/child2")"
}

@test "hooks: much output stops nobody; the end of it is in the error, on one line" {
  hook createRuntime 'yes some line | head -c 1000000; yes other | head -c 1000000 >&2; exit 0'
  hook createRuntime 'yes some line | head -c 100000; printf "the\nvery\033[31m end\n" >&2; exit 1'
  fails "the very?[31m end" create -b "$BUNDLE" "$CT"
}

@test "hooks: the first lines are in the error, too, and all of them as far as they fit" {
  hook prestart 'echo "error: no driver, the cause"; seq -f "a line of what else there was: %03g" 1 15; echo "exit status 1"; exit 1'
  fails "/bin/sh' exited with status 1: error: no driver, the cause a line of what else there was: 001 a " create -b "$BUNDLE" "$CT"
  [[ $stderr == *": 014 a line of what else there was: 015 exit status 1 "* ]]
  refute grep -q 'wrote:' <<< "$stderr"
}

# By the parent, by init and by a later command: engines keep the log.
@test "hooks: what is too long for the error is in the log" {
  local kind
  command_is true
  for kind in prestart createContainer startContainer poststart poststop; do
    edit 'del(.hooks) | .ociVersion = "1.3.0"'
    rm -f "$TEST_DIR/log"
    hook $kind 'echo first cause; printf "%04d\t" $(seq 1 300); printf "\033\0 \303\251nd\n\n"; exit 1'
    run --separate-stderr ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
    [ $kind = poststop ] || assert_status 1
    jq -r .msg "$TEST_DIR/log" | grep -Eq "$kind hook 0: .*: first cause 0001 .* 0048 .* \.\.\. .* 0299 0300 \?  énd( |$)"
    jq -r 'select(.level == "warning").msg' "$TEST_DIR/log" | grep -Eq "^hook '/bin/sh' wrote: first cause 0001 .* 0150 .* 0300 \?  énd$"
    refute grep -q 'wrote:' <<< "$stderr"
  done
  # of more than 4 KiB the end
  edit 'del(.hooks)'
  rm "$TEST_DIR/log"
  hook createRuntime 'echo first cause; printf "%05d " $(seq 1 2000); exit 1'
  fails "first cause 00001 " --log "$TEST_DIR/log" create -b "$BUNDLE" "$CT"
  [[ $stderr == *" ... "*" 01999 02000 "* ]]
  grep -Eq "wrote: [0-9 ]* 01400 .* 02000\"" "$TEST_DIR/log"
}

@test "hooks: their output is not the caller's" {
  local kind
  for kind in $ALL; do
    hook "$kind" 'echo out; echo err >&2'
  done
  command_is true
  run --separate-stderr ketch run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ -z "$output$stderr" ]
}

@test "hooks: output goes to the files of the annotations" {
  edit '.annotations = {"run.oci.hooks.stdout": "\($t)/out", "run.oci.hooks.stderr": "\($t)/err"}' --arg t "$TEST_DIR"
  echo before > "$TEST_DIR/out"
  hook createRuntime 'echo out1; echo err1 >&2'
  hook poststop 'echo out2; echo err2 >&2'
  command_is true
  run_bundle
  assert_status 0
  [ "$(lines_of out)" = "before out1 out2" ]
  [ "$(lines_of err)" = "err1 err2" ]
}

@test "hooks: output of each kind goes to the annotation's file, which is the host's and below the bundle where relative" {
  local kind
  for kind in $ALL; do
    hook "$kind" "echo $kind"
  done
  edit '.annotations = {"run.oci.hooks.stdout": "hooks.log"}'
  command_is true
  cd "$TEST_DIR" || return
  run_bundle
  assert_status 0
  [ "$(sort "$BUNDLE/hooks.log")" = "$(printf '%s\n' $ALL | sort)" ]
  [ ! -e "$TEST_DIR/hooks.log" ]
  [ ! -e "$BUNDLE/rootfs/hooks.log" ]
}

@test "hooks: the files of the annotations are the caller's, not the mapped root's" {
  chmod 755 "$TEST_DIR"
  mkdir -m 700 "$TEST_DIR/private"
  edit '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
  edit '.annotations = {"run.oci.hooks.stdout": "\($t)/private/out"}' --arg t "$TEST_DIR"
  hook createContainer 'echo created'
  command_is true
  run_bundle
  assert_status 0
  [ "$(cat "$TEST_DIR/private/out")" = created ]
}

@test "hooks: a fifo of the annotations: an error without a reader, its words with one" {
  mkfifo "$TEST_DIR/fifo"
  edit '.annotations = {"run.oci.hooks.stderr": "\($t)/fifo"}' --arg t "$TEST_DIR"
  hook createRuntime 'echo words >&2'
  command_is sleep 0.3
  run timeout -k 1 10 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "for the output of hooks: No such device or address"
  exec 9<> "$TEST_DIR/fifo"
  run_bundle 9>&-
  assert_status 0
  read -r -t 5 words <&9
  exec 9>&-
  [ "$words" = words ]
}

@test "hooks: poststop hooks run without the annotation's file, too" {
  mkdir "$TEST_DIR/logs"
  edit '.annotations = {"run.oci.hooks.stdout": "\($t)/logs/out"}' --arg t "$TEST_DIR"
  hook poststop "echo ended > $TEST_DIR/ended"
  start_one
  rm -r "$TEST_DIR/logs"
  ketch delete --force "$CT"
  [ "$(cat "$TEST_DIR/ended")" = ended ]
}

@test "hooks: an annotation's file that can't be opened is named, not the hook" {
  local k v
  hook createRuntime 'true'
  for k in stdout stderr; do
    for v in '' /nonexistent/out "$TEST_DIR"; do
      edit '.annotations = {"run.oci.hooks.\($k)": $v}' --arg k $k --arg v "$v"
      fails "hooks.open-outputs: open '$v' for the output of hooks" create -b "$BUNDLE" "$CT"
      [[ $stderr == *"\$.annotations[\"run.oci.hooks.$k\"]"* ]]
    done
  done
}

# ---- interruption ----

@test "hooks: TERM ends a run whose startContainer hook hangs" {
  hook startContainer 'echo in > $T/in; sleep 1000'
  hook poststop 'echo poststop > $T/poststop'
  bg run -b "$BUNDLE" "$CT" &
  local p=$! status=0
  wait_for 5 test -s "$TEST_DIR/in"
  kill -TERM "$p"
  wait "$p" || status=$?
  [ "$status" = 1 ]
  grep -q interrupted "$TEST_DIR/out"
  [ -e "$TEST_DIR/poststop" ]
  [ -z "$(ketch list -q)" ]
}

@test "hooks: TERM ends a run whose poststart hook hangs" {
  hook poststart 'echo $$ > $T/in; sleep 1000'
  command_is sleep 1000
  bg run -b "$BUNDLE" "$CT" &
  local p=$! status=0
  wait_for 5 test -s "$TEST_DIR/in"
  kill -TERM "$p"
  wait "$p" || status=$?
  [ "$status" = 1 ]
  [ -z "$(ketch list -q)" ]
  is_dead "$(cat "$TEST_DIR/in")"
}

@test "hooks: signals while poststop runs do not take the place of the program's exit status" {
  hook poststop 'echo $$ > $T/in; until [ -e $T/go ]; do sleep 0.05; done'
  command_is sh -c 'exit 7'
  bg run -b "$BUNDLE" "$CT" &
  local p=$! status=0 sig
  wait_for 10 test -s "$TEST_DIR/in"
  for sig in TERM INT HUP USR1 RTMIN; do
    kill "-$sig" "$p"
  done
  touch "$TEST_DIR/go"
  wait "$p" || status=$?
  [ "$status" = 7 ]
  [ -z "$(ketch list -q)" ]
}

@test "hooks: delete --force ends a start whose poststart hook hangs" {
  hook poststart 'echo $$ > $T/in; sleep 1000'
  command_is sleep 1000
  create_one
  bg start "$CT" &
  local p=$! status=0
  wait_for 5 test -s "$TEST_DIR/in"
  local begin=$SECONDS
  ketch delete --force "$CT"
  [ $((SECONDS - begin)) -le 5 ]
  wait "$p" || status=$?
  [ "$status" = 1 ]
  is_dead "$(cat "$TEST_DIR/in")"
}

@test "hooks: a container that ends while its createContainer hook runs" {
  hook createContainer 'echo in > $T/in; sleep 1000'
  bg create -b "$BUNDLE" "$CT" &
  local p=$! status=0
  wait_for 5 test -s "$TEST_DIR/in"
  ketch delete --force "$CT"
  wait "$p" || status=$?
  [ "$status" = 1 ]
  [ -z "$(ketch list -q)" ]
}
