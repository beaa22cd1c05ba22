#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# checkpoint and restore. What needs CRIU is skipped where no working one is, with the reason; boots criu… of tests/vm/boots have one.
# KETCH_ROUNDS, or ketch.rounds= of the kernel's command line, is the number of rounds of one test (default 5); with KETCH_SYSTEMD=1, or
# ketch.systemd=1, the systemd driver makes the cgroups. Options: 56-checkpoint-options.bats; what goes wrong: -failures.bats; Podman and containerd:
# -engines.bats; beside crun and runc: -peers.bats.

load helpers
load checkpoint

# ---- without CRIU ----

@test "what engines look for: --help is a success, --lsm-mount-context without a value the words that podman reads" {
  run "$KETCH" checkpoint --help
  assert_status 0
  assert_output --image-path
  run "$KETCH" restore --lsm-mount-context
  assert_status 1
  assert_output "flag needs an argument"
  assert_output "requires an argument"
}

@test "--version and features say whether checkpoints are built in" {
  run "$KETCH" --version
  assert_output +CRIU
  run "$KETCH" features
  assert_output '"ketch.checkpoint.enabled": "true"'
}

@test "no criu: UNSUPPORTED, and the container runs on" {
  start_counter
  run env PATH=/nowhere "$KETCH" --root "$ROOT" --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "--criu '$TEST_DIR/criu': No such file or directory"
  running
  counts_on "$(count)"
}

@test "a program that is no criu: told with what it printed" {
  start_counter
  printf '#!/bin/sh\necho "I am no criu" >&2\nexit 1\n' > "$TEST_DIR/criu"
  chmod 755 "$TEST_DIR/criu"
  run ketch --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "criu ended without an answer: I am no criu"
  running
}

@test "a criu that can't be executed: told why, by checkpoint and restore" {
  start_counter
  printf '#!/nowhere/sh\n' > "$TEST_DIR/criu"
  chmod 755 "$TEST_DIR/criu"
  run ketch --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "criu ended without an answer: $TEST_DIR/criu: can't be executed: No such file or directory (is its interpreter missing?)"
  running
  head -c 100 /dev/zero > "$TEST_DIR/criu"
  run ketch --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT"
  assert_output "$TEST_DIR/criu: can't be executed: Exec format error"
  ketch delete --force "$CT"
  mkdir -p "$IMG"
  touch "$IMG/inventory.img"
  run ketch --criu "$TEST_DIR/criu" restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "$TEST_DIR/criu: can't be executed: Exec format error"
  assert_clean
}

@test "what can't be checkpointed: a created container, a stopped one, one without a mount namespace" {
  counts
  create_one
  run ketch checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "it is created, not running"
  ketch delete --force "$CT"
  edit '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
  detached run --detach -b "$BUNDLE" "$CT"
  run ketch checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "without a mount namespace of its own can't be checkpointed"
  running
}

@test "mapped mounts: refused at checkpoint and at restore by their property, with the option word or without" {
  counts
  mkdir -p "$TEST_DIR/src" "$TEST_DIR/plain"
  touch "$TEST_DIR/plain/inventory.img"
  edit --arg s "$TEST_DIR/src" '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
    | .mounts += [{destination: "/mapped", source: $s, options: ["bind"], uidMappings: .linux.uidMappings, gidMappings: .linux.gidMappings}]'
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 755 "$TEST_DIR" "$BUNDLE"
  local n=$(jq '.mounts | length - 1' "$BUNDLE/config.json") id where options
  for options in '["bind"]' '["bind", "idmap"]' '["bind", "ridmap"]'; do
    edit --argjson o "$options" '.mounts[-1].options = $o'
    where="\$.mounts[$n].uidMappings"
    id=$((id + 1))
    detached run --detach -b "$BUNDLE" "$CT-$id"
    run ketch checkpoint --image-path "$IMG" "$CT-$id"
    assert_status 1
    assert_output "$where"
    assert_output "CRIU can't restore mounts with mapped ids"
    [ "$(container_status "$CT-$id")" = running ]
    run ketch restore --detach -b "$BUNDLE" --image-path "$TEST_DIR/plain" "$CT-new" < /dev/null
    assert_status 1
    assert_output "$where"
    assert_output "CRIU can't restore mounts with mapped ids"
    is_gone "$CT-new"
  done
}

@test "restore: no image, no bundle, an unknown id's image; nothing is left" {
  run ketch restore -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "image directory '$IMG': No such file or directory"
  mkdir "$IMG"
  run ketch restore -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "'$IMG' holds no checkpoint"
  is_gone "$CT"
}

@test "words of options: unknown ones are refused with those that exist" {
  run ketch checkpoint --manage-cgroups-mode some "$CT"
  assert_status 1
  assert_output "--manage-cgroups-mode: unknown value 'some'"
  run ketch checkpoint --network-lock some "$CT"
  assert_output "--network-lock: unknown value 'some'"
  start_counter
  cd "$TEST_DIR" # for the default, ./checkpoint
  run ketch checkpoint --empty-ns pid "$CT"
  assert_status 1
  assert_output "--empty-ns: unknown value 'pid'"
  run ketch checkpoint --page-server here "$CT"
  assert_output "--page-server: 'here' is not ADDRESS:PORT"
  run ketch checkpoint --status-fd 77 "$CT"
  assert_output "--status-fd: '77' is not an open descriptor"
  run ketch checkpoint --image-path "$IMG" --work-path "$TEST_DIR/work" --empty-ns pid "$CT"
  assert_status 1
  [ ! -e checkpoint ] && [ ! -e "$IMG" ] && [ ! -e "$TEST_DIR/work" ]
}

@test "an ordinary user's container: the missing capability is named" {
  start_counter
  run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$KETCH" --root "$ROOT" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  run unshare -r "$KETCH" --root "$ROOT" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "checkpoint needs CAP_SYS_ADMIN of the initial user namespace"
}

# ---- with CRIU ----

@test "a counter: ended by checkpoint, goes on after restore, and all commands reach it" {
  needs_criu
  start_counter
  dump
  is_gone "$CT"
  local n=$(count)
  sleep 0.5
  [ "$(count)" = "$n" ]
  restore_it --pid-file "$TEST_DIR/pid"
  running
  [ "$(cat "$TEST_DIR/pid")" = "$(pid_of "$CT")" ]
  counts_on "$n"
  run ketch exec "$CT" sh -c 'echo in $(cat /proc/1/comm)'
  assert_output "in sh"
  ketch pause "$CT"
  [ "$(container_status "$CT")" = paused ]
  ketch resume "$CT"
  # in its own cgroups, in all hierarchies, with a root of its own view
  refute grep -v "/$CGROUP\$" "/proc/$(pid_of "$CT")/cgroup"
  run ketch exec "$CT" cat /proc/1/cgroup
  refute_output "$CT"
  ketch kill "$CT" KILL
  wait_for 10 eval '[ "$(container_status "$CT")" = stopped ]'
  ketch delete "$CT"
}

@test "--leave-running: the container goes on, and the image is good" {
  needs_criu
  start_counter
  dump --leave-running
  running
  counts_on "$(count)"
  ketch delete --force "$CT"
  restore_it
  counts_on "$(count)"
}

@test "a paused container: stays paused with --leave-running, and is restored running" {
  needs_criu
  start_counter
  ketch pause "$CT"
  dump --leave-running
  [ "$(container_status "$CT")" = paused ]
  ketch resume "$CT"
  counts_on "$(count)"
  ketch pause "$CT"
  rm -r "$IMG"
  dump
  is_gone "$CT"
  restore_it
  counts_on "$(count)"
}

@test "a tree of processes with pipes and a FIFO" {
  needs_criu
  command_is sh -c 'mkfifo /tmp/f; (while read x; do echo got $x > /tmp/got; done) < /tmp/f &
    i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done | while read n; do echo $n; done | (exec 5> /tmp/f; while read n; do echo $n >&5; echo $n > /tmp/n; done)'
  ln -s busybox "$BUNDLE/rootfs/bin/mkfifo"
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/got"
  local before=$(ketch ps -f json "$CT" | jq length)
  [ "$before" -ge 4 ]
  dump
  restore_it
  counts_on "$(count)"
  local got=$(cat "$BUNDLE/rootfs/tmp/got")
  wait_for 60 eval '[ "$(cat "$BUNDLE/rootfs/tmp/got")" != "'"$got"'" ]'
}

@test "foreground: restore takes the place of the first ketch: output by a pipe, exit status" {
  needs_criu
  command_is sh -c 'i=0; while [ ! -e /tmp/end ]; do i=$((i + 1)); echo line $i; echo $i > /tmp/n; sleep 0.1; done; exit 7'
  (bg_pipe run -b "$BUNDLE" "$CT") &
  wait_for 60 grep -qs 'line 3' "$TEST_DIR/piped"
  dump
  wait $! || true
  : > "$TEST_DIR/piped"
  (bg_pipe restore -b "$BUNDLE" --image-path "$IMG" "$CT") &
  local waiter=$!
  wait_for 60 grep -q line "$TEST_DIR/piped"
  touch "$BUNDLE/rootfs/tmp/end"
  wait $waiter || true
  [ "$(cat "$TEST_DIR/status")" = 7 ]
  refute grep -q 'line 1$' "$TEST_DIR/piped"
  is_gone "$CT"
}

# ketch with a pipe as its output, through which goes to the file piped; its status to the file status.
bg_pipe() {
  { "$KETCH" --root "$ROOT" "$@" < /dev/null 2>&1 3>&- || echo $? > "$TEST_DIR/status"; } | cat > "$TEST_DIR/piped" 3>&-
}

@test "output to a file of the host goes on in it, if it is the new ketch's output too" {
  needs_criu
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo line $i; echo $i > /tmp/n; sleep 0.1; done'
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/first" 2>&1 3>&-
  wait_for 60 grep -q 'line 3' "$TEST_DIR/first"
  dump
  "$KETCH" --root "$ROOT" restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null >> "$TEST_DIR/first" 2>&1 3>&- || { show_log restore; false; }
  local n=$(count)
  counts_on "$n"
  grep -q "line $((n + 1))\$" "$TEST_DIR/first"
}

@test "tmpfs contents are kept, bind mounts may come from elsewhere, mounts below a bind too" {
  needs_criu
  mkdir -p "$TEST_DIR"/{a,b}/sub
  echo one > "$TEST_DIR/a/name"
  echo two > "$TEST_DIR/b/name"
  for d in a b; do
    mount -t tmpfs ktsub "$TEST_DIR/$d/sub"
    echo "sub of $d" > "$TEST_DIR/$d/sub/name"
  done
  bind() {
    edit --arg d "$1" '.mounts |= map(select(.destination != "/data" and .destination != "/ro")) + [
      {destination: "/data", type: "bind", source: $d, options: ["rbind", "rw"]},
      {destination: "/ro", type: "bind", source: ($d + "/name"), options: ["bind", "ro"]}]'
  }
  bind "$TEST_DIR/a"
  edit '.mounts += [{destination: "/mem", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=1m"]}]'
  command_is sh -c 'echo kept > /mem/f; i=0; while :; do i=$((i + 1)); echo $i > /tmp/n; sleep 0.1; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  dump
  bind "$TEST_DIR/b"
  rmdir "$BUNDLE/rootfs/mem" "$BUNDLE/rootfs/data" # made again, as in a fresh root
  restore_it
  run ketch exec "$CT" sh -c 'cat /data/name /data/sub/name /ro /mem/f; echo x > /ro'
  ketch delete --force "$CT"
  umount "$TEST_DIR/a/sub" "$TEST_DIR/b/sub"
  assert_output "two"
  assert_output "sub of b"
  assert_output "kept"
  assert_output "Read-only file system"
}

@test "a terminal: its master comes to the new console socket" {
  needs_criu
  edit '.process.terminal = true'
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo tick $i; echo $i > /tmp/n; sleep 0.1; done'
  receive first
  ketch run --detach -b "$BUNDLE" --console-socket "$TEST_DIR/first.sock" "$CT" < /dev/null
  wait_for 60 grep -q 'tick 3' "$TEST_DIR/first"
  dump
  receive second
  ketch restore --detach -b "$BUNDLE" --image-path "$IMG" --console-socket "$TEST_DIR/second.sock" "$CT" < /dev/null || { show_log restore; false; }
  wait_for 60 grep -q tick "$TEST_DIR/second"
  refute grep -q 'tick 1[^0-9]' "$TEST_DIR/second"
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT-2"
  assert_status 1
  assert_output "--console-socket"
}

@test "a configuration with a terminal and an image without: told, nothing is left" {
  needs_criu
  start_mover
  dump
  edit '.process.terminal = true'
  receive first
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" --console-socket "$TEST_DIR/first.sock" "$CT"
  assert_output '$.process.terminal'
  assert_output "the image has no terminal"
  hint_is "set process.terminal to false"
  is_gone "$CT"
  edit '.process.terminal = false'
  restore_it
  counts_on "$(count)"
  kill "$RECEIVER"
}

@test "an image with a terminal and a configuration without: told, nothing is left" {
  needs_criu
  counts
  edit '.process.terminal = true'
  receive first
  ketch run --detach -b "$BUNDLE" --console-socket "$TEST_DIR/first.sock" "$CT" < /dev/null
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  dump
  edit '.process.terminal = false'
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_output '$.process.terminal'
  assert_output "the image has a terminal"
  hint_is "set process.terminal to true"
  is_gone "$CT"
  wait_for 10 eval assert_clean 2> /dev/null || assert_clean
}

@test "a terminal that an exec has left behind is no terminal of the container's" {
  needs_criu
  start_mover
  printf 'echo > /tmp/up\nwhile :; do sleep 1; done\n' > "$BUNDLE/rootfs/tmp/left"
  run script -qec "$KETCH --root $ROOT exec -t $CT sh -c 'setsid sh /tmp/left & until test -s /tmp/up; do sleep 0.1; done'" /dev/null < /dev/null 3>&-
  assert_status 0
  run ketch ps "$CT"
  assert_output "sh /tmp/left"
  dump
  restore_it
  counts_on "$(count)"
  run ketch ps "$CT"
  assert_output "sh /tmp/left"
}

receive() {
  python3 "$BATS_TEST_DIRNAME/pty.py" receive "$TEST_DIR/$1.sock" "$TEST_DIR/$1" > "$TEST_DIR/receiver" 2>&1 3>&- < /dev/null &
  RECEIVER=$!
  wait_for 10 test -e "$TEST_DIR/$1.ready"
}

@test "a user namespace" {
  needs_criu
  in_user_namespace
  start_counter
  dump
  restore_it
  counts_on "$(count)"
  [ "$(stat -c %u "/proc/$(pid_of "$CT")")" = 100000 ]
}

@test "a TCP server and its client: named without --tcp-established, kept with it" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c 'while [ ! -e /tmp/end ]; do echo $((i = i + 1)); sleep 0.1; done | nc -l -p 7000 > /tmp/back &
    until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; while :; do sleep 1000; done | nc 127.0.0.1 7000 | while read n; do echo $n > /tmp/n; done; wait'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  run ketch checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "checkpoint failed: "
  assert_output "--tcp-established"
  assert_output "(log: $IMG/dump.log)"
  [ -s "$IMG/dump.log" ]
  [ ! -e "$IMG/ketch.json" ]
  running
  counts_on "$(count)"
  run dump --tcp-established
  [[ $output != *"sockets: Can't get"* ]] || skip "this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
  assert_status 0
  restore_it --tcp-established
  counts_on "$(count)" || { ketch ps "$CT" >&2; ketch exec "$CT" sh -c 'cat /proc/net/tcp' >&2; false; }
}

@test "an image with a TCP connection: restore asks for --tcp-established, and leaves nothing" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c 'while :; do sleep 1000; done | nc -l -p 7000 > /tmp/back & until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; echo up > /tmp/n; while :; do sleep 1000; done | nc 127.0.0.1 7000; while :; do sleep 1000; done'
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 3>&-
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  sleep 1
  run dump --tcp-established
  [[ $output != *"sockets: Can't get"* ]] || skip "this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
  assert_status 0
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  assert_status 1
  assert_output "restore failed: "
  is_gone "$CT"
  restore_it --tcp-close
  running
}

@test "hooks: those of the host run again at restore, poststop at the end of a checkpoint" {
  needs_criu
  local k
  for k in prestart createRuntime createContainer startContainer poststart poststop; do
    edit --arg k $k --arg f "$TEST_DIR/hooks" '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", "echo \($k) $(grep -o \"status[^,]*\") >> \($f)"]}]'
  done
  edit 'del(.hooks.startContainer)' # its path would be one of the container
  start_counter
  : > "$TEST_DIR/hooks"
  dump
  [ "$(cut -d' ' -f1 "$TEST_DIR/hooks")" = poststop ]
  : > "$TEST_DIR/hooks"
  restore_it
  [ "$(cut -d' ' -f1 "$TEST_DIR/hooks" | tr '\n' ' ')" = "prestart createRuntime poststart " ]
  counts_on "$(count)"
}

@test "a failed hook at restore leaves nothing" {
  needs_criu
  start_mover
  dump
  edit '.hooks.createRuntime = [{path: "/bin/false"}]'
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  assert_status 1
  assert_output "hooks.runtime: createRuntime hook 0: hook '/bin/false' exited with status 1"
  assert_clean
}

@test "resources come from the new configuration" {
  needs_criu
  edit '.linux.resources.pids.limit = 20'
  start_counter
  dump
  edit '.linux.resources.pids.limit = 33'
  restore_it
  local file
  file=$(find /sys/fs/cgroup -path "*${CGROUP%/container}/pids.max" | head -1)
  [ "$(cat "$file")" = 33 ]
  counts_on "$(count)"
}

@test "a joined network namespace is CRIU's external one; another may be joined at restore" {
  needs_criu
  local n
  for n in 1 2; do
    unshare -n sleep 1000 < /dev/null > /dev/null 2>&1 3>&- &
    eval "P$n=$!"
  done
  for n in $P1 $P2; do
    wait_for 5 eval '[ "$(readlink /proc/'$n'/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
  done
  join() { edit --arg p "/proc/$1/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'; }
  join $P1
  start_counter
  dump
  join $P2
  restore_it
  local net other
  net=$(readlink "/proc/$(pid_of "$CT")/ns/net")
  other=$(readlink "/proc/$P2/ns/net")
  ketch delete --force "$CT"
  kill "$P1" "$P2"
  [ "$net" = "$other" ]
}

@test "a process of exec: refused with its pid, nothing is stopped" {
  needs_criu
  start_counter
  detached exec --detach "$CT" sleep 1000
  run ketch checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "was started by exec: CRIU can't dump it"
  running
  counts_on "$(count)"
}

@test "an image that needs a bind mount that the new configuration lacks: named, nothing is left" {
  needs_criu
  mkdir "$TEST_DIR/a"
  edit --arg d "$TEST_DIR/a" '.mounts += [{destination: "/data", type: "bind", source: $d, options: ["rbind", "rw"]}]'
  start_mover
  dump
  edit '.mounts |= map(select(.destination != "/data"))'
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  assert_status 1
  assert_output "the image has a bind mount on '/data', which config.json lacks"
  assert_clean
}

@test "an annotation names CRIU's configuration, which wins" {
  needs_criu
  printf 'leave-running\n' > "$TEST_DIR/criu.conf"
  edit --arg f "$TEST_DIR/criu.conf" '.annotations["org.criu.config"] = $f'
  start_counter
  dump
  grep -q 'leave-running' "$TEST_DIR/criu.conf"
  # CRIU left the processes; that the container is deleted all the same ends them
  is_gone "$CT"
  restore_it
  counts_on "$(count)"
}

@test "processes in cgroups below the container's are put back there" {
  needs_criu
  [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "cgroups are v1 here; boots criu… of tests/vm/boots have v2"
  edit '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
  command_is sh -c 'mkdir /sys/fs/cgroup/sub; echo 0 > /sys/fs/cgroup/sub/cgroup.procs; i=0; while :; do i=$((i + 1)); echo $i > /tmp/n; sleep 0.1; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  dump
  grep -q '"nestedCgroups":true' "$IMG/ketch.json"
  restore_it
  counts_on "$(count)"
  grep -q "/$CGROUP/sub\$" "/proc/$(pid_of "$CT")/cgroup"
  ! on_systemd || [ "$(systemctl is-active "ketch-$CT.scope")" = active ]
}

@test "the systemd driver: a new scope, with CRIU and so the processes in it" {
  needs_criu
  [ -d /run/systemd/system ] || skip "no systemd here; boot criu-systemd of tests/vm/boots has it"
  edit --arg id "$CT" '.linux.cgroupsPath = "system.slice:ketch:\($id)"'
  counts
  detached --systemd-cgroup run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  grep -q "ketch-$CT.scope" "/proc/$(pid_of "$CT")/cgroup"
  ketch --systemd-cgroup checkpoint --image-path "$IMG" "$CT" || { show_log dump; false; }
  detached --systemd-cgroup restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" || { show_log restore; false; }
  grep -q "ketch-$CT.scope" "/proc/$(pid_of "$CT")/cgroup"
  counts_on "$(count)"
  [ "$(systemctl is-active "ketch-$CT.scope")" = active ]
  ketch delete --force "$CT"
}

@test "an image can't name what of the host it gets" {
  needs_criu
  start_mover
  dump
  local note=$(cat "$IMG/ketch.json")
  jq -c '.mounts += [{name: "/x", source: "/etc"}]' <<< "$note" > "$IMG/ketch.json"
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  assert_status 1
  assert_output "the image has a mount on '/x' from outside, which config.json lacks"
  # CRIU would take what begins with the name of a bind mount of config.json for that
  jq -c '.mounts += [{name: "/data]:/etc", source: "/dev/null"}]' <<< "$note" > "$IMG/ketch.json"
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  assert_status 1
  assert_output "ketch.json of the image is damaged: $.mounts["
  jq -c '.files += [{key: "file[1:2]", fd: -1, path: "/etc/passwd", device: false}]' <<< "$note" > "$IMG/ketch.json"
  run ketch restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null > "$TEST_DIR/out"
  assert_status 1
  assert_clean
}

@test "--work-path gets the logs" {
  needs_criu
  start_counter
  dump --work-path "$TEST_DIR/work"
  [ -s "$TEST_DIR/work/dump.log" ]
  [ ! -e "$IMG/dump.log" ]
  restore_it --work-path "$TEST_DIR/work2"
  [ -s "$TEST_DIR/work2/restore.log" ]
}

@test "a chain: pre-dump, pre-dump on it, the rest on that; where the kernel can't, the error says so" {
  needs_criu
  start_counter
  run ketch checkpoint --pre-dump --image-path "$IMG/1" "$CT"
  if [ "$status" != 0 ]; then
    assert_output "--pre-dump and --parent-path can't work on this host"
    running
    counts_on "$(count)"
    skip "this kernel has no memory tracking: the error was as expected; boots criu… of tests/vm/boots have it"
  fi
  running
  ketch checkpoint --pre-dump --parent-path ../1 --image-path "$IMG/2" "$CT"
  ketch checkpoint --parent-path ../2 --image-path "$IMG/3" "$CT"
  is_gone "$CT"
  IMG=$IMG/3 restore_it
  counts_on "$(count)"
}

@test "ketch killed or interrupted in a checkpoint: the container runs on" {
  needs_criu
  start_counter
  # CRIU that takes its time: the second request waits for the file go
  cat > "$TEST_DIR/criu" <<-END
	#!/bin/sh
	touch $TEST_DIR/began
	while [ ! -e $TEST_DIR/go ]; do sleep 0.1; done
	exec $(command -v criu) "\$@"
	END
  chmod 755 "$TEST_DIR/criu"
  bg --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT" &
  local pid=$!
  wait_for 10 test -e "$TEST_DIR/began"
  kill -9 $pid
  touch "$TEST_DIR/go"
  wait $pid || true
  sleep 1
  running
  counts_on "$(count)"
}

# What a round may leave: cgroups of that name or copies of them elsewhere, mounts, images' sockets and links in the root.
traces() {
  find /sys/fs/cgroup -type d -path "*$CT*" 2> /dev/null | wc -l
  grep -c . /proc/self/mountinfo
  find "$BUNDLE/rootfs" ! -path '*/tmp/n*' | sort # but those that change while they are listed
}

@test "rounds of one container: nothing lost, nothing left" {
  needs_criu
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo $i >> /tmp/all; echo $i > /tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.1; done'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  local i n rounds before
  rounds=${KETCH_ROUNDS:-$(sed -n 's/.*ketch\.rounds=\([0-9]*\).*/\1/p' /proc/cmdline)}
  before=$(traces)
  for ((i = 1; i <= ${rounds:-5}; i++)); do
    n=$(tail -n 1 "$BUNDLE/rootfs/tmp/all")
    rm -rf "$IMG"
    dump
    restore_it
    wait_for 60 eval '[ "$(tail -n 1 "$BUNDLE/rootfs/tmp/all")" -gt '"$n"' ]' || { echo "round $i" >&2; false; }
  done
  [ "$(traces)" = "$before" ]
  run ketch exec "$CT" sh -c 'set -- /proc/[0-9]*; echo $#' # by names alone: ls looks at each, and one may have ended by then
  [ "$output" -le 5 ]
  # each number once, in order, however often the program was moved
  ketch delete --force "$CT"
  n=$(tail -n 1 "$BUNDLE/rootfs/tmp/all")
  cmp "$BUNDLE/rootfs/tmp/all" <(seq "$n")
  echo "# $((i - 1)) rounds, $n numbers" >&3
}

# ---- beside the others ----

# The same container under another runtime, whose state is in $TEST_DIR/NAME.
other() {
  local name=$1
  shift
  "$name" --root "$TEST_DIR/$name" "$@"
}

other_checks() { # NAME: can it run a container here at all?
  command -v "$1" > /dev/null || return 1
  start_other "$1" || return 1
  other "$1" delete --force "$CT-$1"
}

# On /dev/null: they can't dump files of the host.
start_other() {
  other "$1" run --detach -b "$BUNDLE" "$CT-$1" < /dev/null > /dev/null 2>&1 3>&-
}

@test "images of runc are restored by ketch, and the other way round" {
  needs_criu
  counts
  other_checks runc || skip "no runc that runs containers here; boots criu… of tests/vm/boots have one"
  start_other runc
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  other runc checkpoint --image-path "$IMG" "$CT-runc" || { show_log dump; false; }
  restore_it
  counts_on "$(count)"
  rm -r "$IMG"
}

# ---- migration ----

migrate() {
  KETCH=${1:-$KETCH} REMOTE_KETCH=${2:-$KETCH} timeout 300 "$BATS_TEST_DIRNAME/../../contrib/migrate" --root "$ROOT" \
    --remote-root "$TEST_DIR/root2" "${@:3}" "$CT" > "$TEST_DIR/migrated" 2>&1 3>&- || { cat "$TEST_DIR/migrated" >&2; return 1; }
}

ends_there() { # ID
  "$KETCH" --root "$TEST_DIR/root2" delete --force "$1"
}

@test "contrib/migrate: pre-dumps, the rest, restored under another root" {
  needs_criu
  start_mover
  migrate "" ""
  is_gone "$CT"
  local n=$(count)
  counts_on "$n"
  [ "$("$KETCH" --root "$TEST_DIR/root2" state "$CT" | jq -r .status)" = running ]
  sed 's/^/# /' "$TEST_DIR/migrated" >&3
  grep -q '^downtime: [0-9]* ms' "$TEST_DIR/migrated"
  ends_there "$CT"
}

@test "contrib/migrate --lazy: the memory follows by userfaultfd" {
  needs_criu
  criu check --feature uffd-noncoop > /dev/null 2>&1 || skip "no userfaultfd with events here; boots criu… of tests/vm/boots have it"
  # on Linux 6.18 CRIU 4.1 serves no pages ("page-pipe: splice: -1"), whichever runtime asks for it
  [[ $(uname -r) != 6.1[5-9].* ]] || skip "CRIU's page server fails on this kernel; boots criu… of tests/vm/boots have another"
  start_mover
  migrate "" "" --rounds 0 --lazy 7654 --new-id "$CT-2"
  is_gone "$CT"
  counts_on "$(count)"
  sed 's/^/# /' "$TEST_DIR/migrated" >&3
  ends_there "$CT-2"
}

# What ssh, ketch and criu are for contrib/migrate, without a host, a container or CRIU.
migrate_stubs() {
  mkdir "$TEST_DIR/stubs"
  cat > "$TEST_DIR/stubs/ssh" << 'EOF'
#!/bin/sh
shift
exec sh -c "$*"
EOF
  cat > "$TEST_DIR/stubs/ketch" << 'EOF'
#!/bin/bash
words="$*"
echo "$words" >> "$TEST_DIR/called"
images=${words#*--image-path }
[[ $words != *--status-fd* ]] || { mkdir "${images%% *}"; printf '\0' >&9; }
EOF
  cat > "$TEST_DIR/stubs/criu" << 'EOF'
#!/bin/sh
while [ "$1" != -D ]; do shift; done
exec python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$2/lazy-pages.socket"
EOF
  chmod 755 "$TEST_DIR"/stubs/*
  export TEST_DIR
}

@test "contrib/migrate --lazy by ssh, which hands a shell all words" {
  migrate_stubs
  PATH=$TEST_DIR/stubs:$PATH TMPDIR=$TEST_DIR KETCH=ketch run timeout 60 "$BATS_TEST_DIRNAME/../../contrib/migrate" --rounds 0 --lazy 7654 \
    --bundle /b web -- ssh root@b
  assert_status 0
  assert_output "downtime: "
  grep -q 'restore --detach --bundle /b .*--lazy-pages web' "$TEST_DIR/called"
  [ -z "$(ls -d "$TEST_DIR"/ketch-migrate.* 2> /dev/null)" ]
}

# Hosts A and B and a client C, on one bridge. A and B have one MAC address, so that the client's neighbour table stays right.
hosts_up() {
  local h
  ip link add "$BR" type bridge
  ip link set "$BR" up
  for h in A B C; do
    ip netns add "$BR$h"
    ip link add "$BR$h" type veth peer name eth0 netns "$BR$h"
    ip link set "$BR$h" master "$BR" up
    [ $h = C ] || nsenter --net="/run/netns/$BR$h" ip link set eth0 address 02:00:00:00:00:42
    nsenter --net="/run/netns/$BR$h" ip link set lo up
    nsenter --net="/run/netns/$BR$h" ip link set eth0 up
    printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s "%s" "$@"\n' "$BR$h" "$KETCH" > "$TEST_DIR/ketch$h"
    chmod 755 "$TEST_DIR/ketch$h"
  done
  nsenter --net="/run/netns/${BR}A" ip addr add 10.99.7.2/24 dev eth0
  nsenter --net="/run/netns/${BR}C" ip addr add 10.99.7.1/24 dev eth0
}

hosts_down() {
  local h
  for h in A B C; do ip netns del "$BR$h" || true; done
  ip link del "$BR" || true
}

@test "a TCP server moves from host to host under load, and its client notices nothing" {
  needs_criu
  BR=kt$((BASHPID % 100000))
  ip link add "$BR" type bridge 2> /dev/null && ip link del "$BR" || skip "no bridges here"
  hosts_up
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  edit '.linux.namespaces |= map(select(.type != "network"))'
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo $i; echo $i > /tmp/n; sleep 0.05; done | nc -l -p 7000'
  "$TEST_DIR/ketchA" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 3>&-
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  wait_for 60 nsenter --net="/run/netns/${BR}A" grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6
  mkfifo "$TEST_DIR/stay" # open for both, it never ends
  nsenter --net="/run/netns/${BR}C" busybox nc 10.99.7.2 7000 <> "$TEST_DIR/stay" > "$TEST_DIR/heard" 2>&1 3>&- &
  local client=$!
  wait_for 60 test -s "$TEST_DIR/heard"
  migrate "$TEST_DIR/ketchA" "$TEST_DIR/ketchB" --opt --tcp-established --between "nsenter --net=/run/netns/${BR}A ip addr del 10.99.7.2/24 dev eth0;
    nsenter --net=/run/netns/${BR}B ip addr add 10.99.7.2/24 dev eth0" || {
      if grep -q "sockets: Can't get" "$TEST_DIR/migrated"; then
        hosts_down
        skip "this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
      fi
      hosts_down
      false
    }
  local n=$(wc -l < "$TEST_DIR/heard")
  wait_for 60 eval '[ "$(wc -l < "$TEST_DIR/heard")" -gt '"$((n + 5))"' ]' || { hosts_down; false; }
  kill "$client" || true
  ends_there "$CT"
  hosts_down
  sed 's/^/# /' "$TEST_DIR/migrated" >&3
  # every line, each once
  [ "$(head -n "$n" "$TEST_DIR/heard" | tr '\n' ' ')" = "$(seq "$n" | tr '\n' ' ')" ]
}
