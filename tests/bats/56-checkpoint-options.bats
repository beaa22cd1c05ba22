#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each option of checkpoint and restore with its effect: without it, the error and the hint that names it; with it, what it is for. And what
# CRIU can fail of, with what is said then.

load helpers
load checkpoint

# refused WORDS: a checkpoint fails, the hint has WORDS, the container runs on.
refused() {
  failing checkpoint --image-path "$IMG" "${@:2}" "$CT"
  [[ $output != *"sockets: Can't get"* ]] || skip "this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
  assert_output "checkpoint failed: "
  assert_output "(log: $IMG/dump.log)"
  hint_is "$1"
  running
  [ ! -e "$IMG/ketch.json" ]
}

# A dump of TCP sockets; false where CRIU can't read theirs.
dump_tcp() {
  run dump "$@"
  OLD_CRIU="this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
  [[ $output != *"sockets: Can't get"* ]] || return 1
  assert_status 0
}

start_on_null() {
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 3>&-
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
}

from_null() {
  "$KETCH" --root "$ROOT" restore --detach -b "$BUNDLE" --image-path "$IMG" "$@" "$CT" < /dev/null > /dev/null 2>&1 3>&- || { show_log restore; false; }
}

COUNTING='i=0; while :; do i=$((i + 1)); echo $i > /tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.1; done'

@test "--file-locks: a lock is held after the restore too" {
  needs_criu
  cp "$PROGRAMS/held" "$BUNDLE/rootfs/bin/"
  command_is /bin/held lock /tmp/lock
  start_on_null
  refused --file-locks
  dump --file-locks
  restore_it --file-locks
  counts_on "$(count)"
  run ketch exec "$CT" /bin/held lock /tmp/lock
  assert_status 1
}

@test "a memfd: CRIU keeps it, and restore passes over what an older note has of it" {
  needs_criu
  cp "$PROGRAMS/held" "$BUNDLE/rootfs/bin/"
  command_is /bin/held memfd cache
  start_on_null
  dump
  refute grep -F memfd: "$IMG/ketch.json"
  local n=$(count)
  restore_it
  counts_on "$n"
  ketch delete --force "$CT"
  # an older ketch's note has them
  local note=$(cat "$IMG/ketch.json")
  jq -c '.files += [{key: "file[0:20a]", fd: -1, path: "/memfd:cache (deleted)", device: false}]' <<< "$note" > "$IMG/ketch.json"
  restore_it
  counts_on "$n"
  ketch delete --force "$CT"
  jq -c '.files += [{key: "file[0:20a]", fd: -1, path: "/memfd:cache", device: false}]' <<< "$note" > "$IMG/ketch.json"
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_output "the container had the file '/memfd:cache' of its host open"
}

@test "--no-new-keyring: exec keeps its caller's keyring after restore, and has one of the container's own without" {
  needs_criu
  edit 'del(.linux.maskedPaths)'
  start_mover
  dump
  restore_it --no-new-keyring
  run ketch exec "$CT" grep -c "_ses.$CT" /proc/keys
  [ "$output" = 0 ]
  ketch delete --force "$CT"
  restore_it
  run ketch exec "$CT" grep -c "_ses.$CT" /proc/keys
  [ "$output" = 1 ]
}

@test "--link-remap: an open file that was deleted under one name of two" {
  needs_criu
  command_is sh -c "echo first > /tmp/a; ln /tmp/a /tmp/b; exec 9>> /tmp/a; rm /tmp/a; i=0; while :; do echo \$((i = i + 1)) >&9; echo \$i > /tmp/n; sleep 0.1; done"
  start_on_null
  refused --link-remap
  dump --link-remap
  restore_it
  local n=$(tail -n 1 "$BUNDLE/rootfs/tmp/b")
  wait_for 60 eval '[ "$(tail -n 1 "$BUNDLE/rootfs/tmp/b")" -gt '"$n"' ]'
  [ "$(head -n 1 "$BUNDLE/rootfs/tmp/b")" = first ]
  run find "$BUNDLE/rootfs/tmp" -name 'link_remap*'
  refute_output link_remap
}

@test "--ext-unix-sk: a datagram socket whose other end is outside" {
  needs_criu
  cp "$PROGRAMS/held" "$BUNDLE/rootfs/bin/"
  python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: open(sys.argv[2], "ab").write(s.recv(100))' "$TEST_DIR/log" "$TEST_DIR/heard" < /dev/null > /dev/null 2>&1 3>&- &
  local listener=$!
  wait_for 60 test -S "$TEST_DIR/log"
  # CRIU knows the sockets of the network namespaces that it dumps
  edit --arg s "$TEST_DIR/log" '.linux.namespaces |= map(select(.type != "network")) | .mounts += [{destination: $s, type: "bind", source: $s, options: ["bind"]}]'
  command_is /bin/held dgram "$TEST_DIR/log" # the name that CRIU knows is the one it was bound to
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 3>&-
  wait_for 60 test -s "$TEST_DIR/heard"
  refused --ext-unix-sk || { kill $listener; false; }
  dump --ext-unix-sk
  local n=$(wc -l < "$TEST_DIR/heard")
  restore_it --ext-unix-sk || { kill $listener; false; }
  wait_for 60 eval '[ "$(wc -l < "$TEST_DIR/heard")" -gt '"$((n + 3))"' ]' || { kill $listener; false; }
  kill $listener
  # it goes on where it was
  n=$(wc -l < "$TEST_DIR/heard")
  [ "$(head -n "$n" "$TEST_DIR/heard" | tr '\n' ' ')" = "$(seq "$n" | tr '\n' ' ')" ]
}

# A terminal of the host is told to CRIU as one from outside, so that --shell-job is not needed; it may be given.
@test "--shell-job or not: a terminal from outside, another one at restore" {
  needs_criu
  command_is sh -c 'while [ ! -e /tmp/end ]; do i=$((i + 1)); echo tick $i; echo $i > /tmp/n; sleep 0.1; done; exit 9'
  local how
  for how in "" --shell-job; do
    rm -rf "$BUNDLE"/rootfs/tmp/* "$IMG"
    python3 "$BATS_TEST_DIRNAME/pty.py" run expect:'tick 3' -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" \
      < /dev/null > "$TEST_DIR/first" 2>&1 3>&- &
    wait_for 60 grep -qs . "$BUNDLE/rootfs/tmp/n"
    wait_for 60 eval '[ "$(count)" -gt 5 ]'
    dump $how
    wait $! || true
    failing restore -b "$BUNDLE" --image-path "$IMG" "$CT"
    assert_output "the container had the terminal '/dev/pts/"
    hint_is "on a terminal"
    (
      status=0
      python3 "$BATS_TEST_DIRNAME/pty.py" run expect:tick -- "$KETCH" --root "$ROOT" restore $how -b "$BUNDLE" --image-path "$IMG" "$CT" \
        < /dev/null > "$TEST_DIR/second" 2>&1 3>&- || status=$?
      echo $status > "$TEST_DIR/status"
    ) 3>&- &
    counts_on "$(count)" || { cat "$TEST_DIR/second" >&2; show_log restore; false; }
    touch "$BUNDLE/rootfs/tmp/end"
    wait $! || true
    grep -q tick "$TEST_DIR/second"
    refute grep -q 'tick 1[^0-9]' "$TEST_DIR/second"
    [ "$(cat "$TEST_DIR/status")" = 9 ]
  done
}

@test "CRIU that dies while all is frozen: the container runs on" {
  needs_criu
  start_counter
  local dir file=cgroup.freeze word=1
  dir=$(find /sys/fs/cgroup -type d -path "*freezer*/$CT")
  [ -z "$dir" ] || file=freezer.state word=FROZEN
  [ -n "$dir" ] || dir=$(find /sys/fs/cgroup -type d -path "*/$CT")
  printf '#!/bin/sh\necho %s > %s/%s\n' $word "$dir" $file > "$TEST_DIR/criu"
  chmod 755 "$TEST_DIR/criu"
  run ketch --criu "$TEST_DIR/criu" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  running || { echo "$output; $(ketch state "$CT"); $(cat "$dir/$file")" >&2; false; }
  counts_on "$(count)"
}

@test "a process that a signal stopped is stopped after the restore, and can go on" {
  needs_criu
  command_is sh -c "(i=0; while :; do i=\$((i + 1)); echo \$i > /tmp/m; sleep 0.1; done) & echo \$! > /tmp/pid; $COUNTING"
  start_on_null
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/m"
  ketch exec "$CT" sh -c 'kill -STOP $(cat /tmp/pid)'
  sleep 0.3
  local m=$(cat "$BUNDLE/rootfs/tmp/m")
  # now and then CRIU meets the very signal ("task interruption"), gives up, and all is as before
  dump || { grep -q "task interruption" "$IMG/dump.log" && running && dump; } || dump
  restore_it
  counts_on "$(count)"
  [ "$(cat "$BUNDLE/rootfs/tmp/m")" = "$m" ]
  ketch exec "$CT" sh -c 'kill -CONT $(cat /tmp/pid)'
  wait_for 60 eval '[ "$(cat "$BUNDLE/rootfs/tmp/m")" -gt '"$((m + 2))"' ]'
}

@test "--tcp-skip-in-flight: a connection that nobody has taken yet" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c "nc -l -p 7000 > /tmp/heard & echo \$! > /tmp/nc; $COUNTING"
  start_on_null
  local pid=$(pid_of "$CT") client
  wait_for 60 eval 'ketch exec "$CT" grep -q :1B58 /proc/net/tcp /proc/net/tcp6'
  ketch exec "$CT" sh -c 'kill -STOP $(cat /tmp/nc)'
  mkfifo "$TEST_DIR/stay"
  nsenter -t "$pid" -n busybox nc 127.0.0.1 7000 <> "$TEST_DIR/stay" > /dev/null 2>&1 3>&- &
  client=$!
  wait_for 60 eval 'ketch exec "$CT" grep -q ":1B58 01 " /proc/net/tcp'
  refused --tcp-skip-in-flight || { kill $client; false; }
  dump_tcp --tcp-skip-in-flight || { kill $client; skip "$OLD_CRIU"; }
  kill $client || true
  restore_it
  counts_on "$(count)"
  ketch exec "$CT" sh -c 'kill -CONT $(cat /tmp/nc); echo again | busybox nc 127.0.0.1 7000'
  wait_for 60 grep -q again "$BUNDLE/rootfs/tmp/heard"
}

@test "--empty-ns network: what is in the network namespace is left to hooks" {
  needs_criu
  local ns
  start_counter
  nsenter -t "$(pid_of "$CT")" -n ip link add kt0 type bridge || skip "no bridges here"
  nsenter -t "$(pid_of "$CT")" -n ip addr add 10.9.8.7/24 dev kt0
  dump --leave-running
  rm -r "$IMG.full" 2> /dev/null || true
  mv "$IMG" "$IMG.full"
  dump --empty-ns network
  edit --arg f "$TEST_DIR/hook" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "nsenter -t $(jq .pid) -n ip -o link > \($f)"], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
  restore_it --empty-ns network
  counts_on "$(count)"
  refute grep -q kt0 "$TEST_DIR/hook"
  grep -q lo: "$TEST_DIR/hook"
  ketch delete --force "$CT"
  edit 'del(.hooks)'
  IMG=$IMG.full restore_it
  nsenter -t "$(pid_of "$CT")" -n ip -o addr show kt0 | grep -q 10.9.8.7/24
}

@test "--network-lock: iptables, nftables, skip" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c 'while :; do sleep 1000; done | nc -l -p 7000 > /tmp/back & until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; echo up > /tmp/n; while :; do sleep 1000; done | nc 127.0.0.1 7000; while :; do sleep 1000; done'
  start_on_null
  local how
  wait_for 60 eval 'ketch exec "$CT" grep -q ":1B58 01 " /proc/net/tcp'
  for how in iptables nftables skip; do
    dump_tcp --tcp-established --leave-running --network-lock $how || skip "$OLD_CRIU"
    case $how in
    iptables) grep -q 'iptables-restore' "$IMG/dump.log" && refute grep -q 'nftables.*[Ll]ock' "$IMG/dump.log" ;;
    nftables) grep -qi 'nft' "$IMG/dump.log" && refute grep -q 'iptables-restore' "$IMG/dump.log" ;;
    skip) refute grep -qE 'iptables-restore' "$IMG/dump.log" ;;
    esac
    rm -r "$IMG"
  done
}

@test "--manage-cgroups-mode: what each does with a cgroup below the container's" {
  needs_criu
  [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "cgroups are v1 here; boots criu… of tests/vm/boots have v2"
  edit '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end) | .linux.resources.pids.limit = 20'
  command_is sh -c "mkdir /sys/fs/cgroup/sub; echo 0 > /sys/fs/cgroup/sub/cgroup.procs; echo +pids > /sys/fs/cgroup/cgroup.subtree_control; echo 77 > /sys/fs/cgroup/sub/pids.max; $COUNTING"
  start_on_null
  local mode leaf
  dump --manage-cgroups-mode soft
  edit '.linux.resources.pids.limit = 33'
  for mode in ignore soft full strict; do
    restore_it --manage-cgroups-mode $mode
    counts_on "$(count)"
    leaf=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$(pid_of "$CT")/cgroup")
    # ignored, the processes are in the container's own cgroup; else below it again. Its limits are the new ones.
    [ $mode = ignore ] && [ "${leaf##*/}" = "$CT" ] || [ "${leaf##*/}" = sub ]
    [ "$(cat "${leaf%/sub}/pids.max")" = 33 ]
    ketch delete --force "$CT"
  done
  for mode in props none; do
    failing restore --detach -b "$BUNDLE" --image-path "$IMG" --manage-cgroups-mode $mode "$CT"
    assert_output "/$CT/sub doesn't exist"
    hint_is "--manage-cgroups-mode soft"
    is_gone "$CT"
  done
}

@test "org.criu.config: the file's options count, and it may be named in the image's new configuration" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/dd"
  command_is sh -c "dd if=/dev/zero of=/tmp/big bs=1M count=3; exec 9< /tmp/big; rm /tmp/big; $COUNTING"
  start_on_null
  refused "ghost-limit"
  printf 'ghost-limit 4M\n' > "$TEST_DIR/criu.conf"
  ketch delete --force "$CT"
  rm "$BUNDLE/rootfs/tmp/n"
  edit --arg f "$TEST_DIR/criu.conf" '.annotations["org.criu.config"] = $f'
  start_on_null
  dump
  restore_it
  counts_on "$(count)"
  [ "$(ketch exec "$CT" sh -c 'wc -c < /proc/1/fd/9')" = $((3 << 20)) ]
}

@test "--page-server: the memory goes to a criu page-server, the rest to the image directory" {
  needs_criu
  start_counter
  failing checkpoint --page-server 127.0.0.1:7655 --image-path "$IMG" "$CT"
  assert_output "Can't connect to server 127.0.0.1:7655"
  hint_is "criu page-server"
  running
  mkdir "$TEST_DIR/there"
  criu page-server --images-dir "$TEST_DIR/there" --address 127.0.0.1 --port 7655 -o "$TEST_DIR/there/log" -v4 --pidfile "$TEST_DIR/there/pid" --daemon 3>&-
  dump --page-server 127.0.0.1:7655
  run ls "$IMG"
  refute_output pages-
  ls "$TEST_DIR/there"/pages-*.img
  cp -n "$IMG"/* "$TEST_DIR/there/"
  IMG=$TEST_DIR/there restore_it
  counts_on "$(count)"
}

@test "--auto-dedup: what a pre-dump has that is not needed any more is punched out of it" {
  needs_criu
  start_counter
  ketch checkpoint --pre-dump --image-path "$IMG/1" "$CT" || skip "no memory tracking in this kernel; boots criu… of tests/vm/boots have it"
  counts_on "$(count)"
  local before=$(du -k -c "$IMG"/1/pages-*.img | tail -n 1 | cut -f1) after
  ketch checkpoint --parent-path ../1 --auto-dedup --image-path "$IMG/2" "$CT"
  after=$(du -k -c "$IMG"/1/pages-*.img | tail -n 1 | cut -f1)
  [ "$after" -lt "$before" ]
  IMG=$IMG/2 restore_it --auto-dedup
  counts_on "$(count)"
  # and what was restored too
  [ "$(du -k -c "$IMG"/[12]/pages-*.img | tail -n 1 | cut -f1)" -lt "$after" ]
}

@test "--lsm-profile: another AppArmor profile; without it the image's" {
  needs_criu
  [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ] || skip "AppArmor is off here; boots criu… of tests/vm/boots have it"
  local p
  for p in one two; do
    echo "profile $CT-$p flags=(attach_disconnected,mediate_deleted) { file, capability, network, signal, ptrace, unix, umount, mount, }" |
      apparmor_parser -r -K -W
  done
  counts
  edit --arg p "$CT-one" '.process.apparmorProfile = $p'
  start_on_null
  dump
  from_null
  grep -q "^$CT-one (enforce)" "/proc/$(pid_of "$CT")/attr/current"
  ketch delete --force "$CT"
  from_null --lsm-profile "apparmor:$CT-two"
  grep -q "^$CT-two (enforce)" "/proc/$(pid_of "$CT")/attr/current"
  counts_on "$(count)"
  ketch delete --force "$CT"
  for p in one two; do echo -n "$CT-$p" > /sys/kernel/security/apparmor/.remove; done
  # a profile that is not loaded is told, with what to do
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  hint_is "--lsm-profile"
  assert_clean
}

@test "selinux: --lsm-mount-context; --lsm-profile, where CRIU is built with SELinux" {
  needs_criu
  [ -e /sys/fs/selinux/enforce ] || skip "SELinux is off here; boot criu-selinux of tests/vm/boots has it"
  local profile=selinux:system_u:system_r:unconfined_t:s0:c1
  edit '.linux.mountLabel = "system_u:object_r:tmp_t:s0" | .process.selinuxLabel = "system_u:system_r:unconfined_t:s0"'
  start_counter
  dump
  if ! ldd "$(command -v criu)" | grep -q libselinux; then # Debian's
    refute restore_it --lsm-profile "$profile"
    grep -q "selinux not supported" "$IMG/restore.log"
    profile=
  fi
  restore_it --lsm-mount-context system_u:object_r:var_t:s0 ${profile:+--lsm-profile "$profile"}
  counts_on "$(count)"
  grep -q 'context=.*var_t' "/proc/$(pid_of "$CT")/mountinfo"
  [ -z "$profile" ] || grep -q 'unconfined_t:s0:c1' "/proc/$(pid_of "$CT")/attr/current"
}

@test "go-runc's words at restore; seccomp, devices and no new privileges are as before; update and another checkpoint work" {
  needs_criu
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [{names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}
    | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]
    | .linux.resources.pids.limit = 30 | .process.capabilities[] += ["CAP_MKNOD", "CAP_SYS_ADMIN"]'
  command_is sh -c "i=0; while :; do i=\$((i + 1)); hostname x 2> /tmp/e; [ -e /tmp/kmsg ] || mknod /tmp/kmsg c 1 11; head -c 1 /tmp/kmsg > /dev/null 2> /tmp/d; echo \$i > /dev/null && echo \$i > /tmp/n; sleep 0.1; done"
  start_on_null
  dump
  touch "$TEST_DIR/dumped"
  "$KETCH" --root "$ROOT" restore --image-path "$IMG" --work-path "$TEST_DIR/work" --detach --pid-file "$TEST_DIR/pid" --no-pivot -no-subreaper \
    --bundle "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&- || { cat "$TEST_DIR/out"; grep -E 'Error|Warn' "$TEST_DIR/work/restore.log"; false; } >&2
  counts_on "$(count)"
  wait_for 60 test "$BUNDLE/rootfs/tmp/e" -nt "$TEST_DIR/dumped"
  wait_for 60 test "$BUNDLE/rootfs/tmp/d" -nt "$TEST_DIR/dumped"
  wait_for 60 grep -q "not supported" "$BUNDLE/rootfs/tmp/e" # it may be between its opening and the words
  wait_for 60 grep -q "not permitted" "$BUNDLE/rootfs/tmp/d"
  grep -q "Seccomp:.2" "/proc/$(cat "$TEST_DIR/pid")/status"
  grep -q "NoNewPrivs:.1" "/proc/$(cat "$TEST_DIR/pid")/status"
  ketch update --pids-limit 40 "$CT"
  [ "$(cat "$(find /sys/fs/cgroup -path "*$CT/pids.max" | head -1)")" = 40 ]
  rm -r "$IMG"
  dump
  restore_it
  counts_on "$(count)"
}

# ---- causes of failures ----

@test "no iptables: the lock of the network is named with the other ways" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  command_is sh -c 'while :; do sleep 1000; done | nc -l -p 7000 > /tmp/back & until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; echo up > /tmp/n; while :; do sleep 1000; done | nc 127.0.0.1 7000; while :; do sleep 1000; done'
  start_on_null
  wait_for 60 eval 'ketch exec "$CT" grep -q ":1B58 01 " /proc/net/tcp'
  mkdir "$TEST_DIR/bin"
  cp "$(command -v criu)" "$TEST_DIR/bin/"
  PATH=$TEST_DIR/bin run "$KETCH" --root "$ROOT" --log "$TEST_DIR/log.json" --log-format json checkpoint --tcp-established --network-lock iptables \
    --image-path "$IMG" "$CT"
  assert_status 1
  [[ $output != *"sockets: Can't get"* ]] || skip "this CRIU can't dump sockets on this kernel; boots criu… of tests/vm/boots have one that can"
  assert_output iptables-restore
  hint=$(jq -r .hint "$TEST_DIR/log.json")
  hint_is "--network-lock nftables"
  running
}

@test "a full disk: told, the container runs on" {
  needs_criu
  start_counter
  mkdir "$IMG"
  mount -t tmpfs -o size=100k kt "$IMG"
  failing checkpoint --image-path "$IMG" --work-path "$TEST_DIR/work" "$CT"
  umount "$IMG"
  hint_is "the disk is full"
  running
  counts_on "$(count)"
}

@test "a program file that is another one, a root without a file: told, nothing is left" {
  needs_criu
  start_mover
  dump
  mv "$BUNDLE/rootfs/bin/busybox" "$TEST_DIR/busybox"
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_output "No such file or directory"
  assert_output "(log: $IMG/restore.log)"
  assert_clean
  cp "$TEST_DIR/busybox" "$BUNDLE/rootfs/bin/busybox"
  echo more >> "$BUNDLE/rootfs/bin/busybox"
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  hint_is "root file system"
  assert_clean
}

@test "a port that is taken on the new host" {
  needs_criu
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  edit '.linux.namespaces |= map(select(.type != "network"))'
  command_is sh -c "nc -l -p 17923 & $COUNTING"
  start_on_null
  wait_for 60 grep -q :4603 /proc/net/tcp /proc/net/tcp6
  dump_tcp || skip "$OLD_CRIU"
  busybox nc -l -p 17923 < /dev/null > /dev/null 2>&1 3>&- &
  local other=$!
  wait_for 60 grep -q :4603 /proc/net/tcp /proc/net/tcp6
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" || { kill $other; false; }
  kill $other
  assert_output "Address already in use (port 17923 of address "
  hint_is "an address or port of the container is taken on this host"
  assert_clean
}

@test "a pid that is taken: a container without a pid namespace" {
  needs_criu
  edit '.linux.namespaces |= map(select(.type != "pid"))'
  start_mover
  local pid=$(pid_of "$CT")
  dump --leave-running
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT-2"
  hint_is "a process id is taken"
  running
}

@test "a wrong --parent-path, and lazy pages that nobody serves" {
  needs_criu
  start_mover
  failing checkpoint --parent-path ../nowhere --image-path "$IMG" "$CT"
  assert_output "--parent-path '../nowhere': No such file or directory"
  hint_is "relative to --image-path"
  failing checkpoint --parent-path .. --image-path "$IMG" "$CT"
  assert_output "--parent-path '..' holds no pre-dump"
  running
  dump
  failing restore --lazy-pages --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  hint_is "criu lazy-pages"
  assert_clean
}
