#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Control groups by the cgroupfs driver: place, limits, devices, freeze, kill, delete. Of v1 what this host mounts.

load helpers

teardown() {
  [ -z "${FROZEN:-}" ] || { fsfreeze -u "$FROZEN"; umount -l "$FROZEN"; } 2> /dev/null || true
  test_teardown
}

# The cgroup of PID for CONTROLLER as a directory: v1 where it is mounted, else cgroup2.
cgroup_of() {
  local pid=$1 controller=$2 path
  path=$(sed -n "s/^[0-9]*:\([^:]*,\)\{0,1\}$controller\(,[^:]*\)\{0,1\}://p" "/proc/$pid/cgroup")
  if [ -n "$path" ] && [ -d "/sys/fs/cgroup/$controller" ]; then
    echo "/sys/fs/cgroup/$controller$path"
    return
  fi
  path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "/sys/fs/cgroup$path"; else echo "/sys/fs/cgroup/unified$path"; fi
}

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# Where relative paths start: our own cgroup, on v2 its parent, because ours has processes.
base_of() {
  local own
  own=$(cgroup_of $$ "$1" | sed 's#/$##')
  if on_v2 && [ "$own" != /sys/fs/cgroup ]; then dirname "$own"; else echo "$own"; fi
}

start() { # detached
  ketch run -d -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2> "$TEST_DIR/err" || { cat "$TEST_DIR/err" >&2; false; }
  PID=$(ketch state "$CT" | jq .pid)
}

# What FILE1 on v1, or FILE2 on v2, of the running container says.
value() { # value CONTROLLER V1FILE V2FILE
  local dir
  dir=$(cgroup_of "$PID" "$1")
  if [[ $dir == /sys/fs/cgroup/$1/* ]]; then cat "$dir/$2"; else cat "$dir/$3"; fi
}

hierarchies() {
  local line
  while IFS=: read -r _ line _; do
    [ -z "$line" ] || [ -d "/sys/fs/cgroup/${line#name=}" ] || continue
    echo "$line"
  done < /proc/self/cgroup
}

# Linux 6.14 and later kill who is born in a cgroup whose cgroup.kill was ever written.
@test "a cgroup that was there before takes a container again after one was killed in it; exec too" {
  local unified=/sys/fs/cgroup dir
  on_v2 || unified=/sys/fs/cgroup/unified
  [ -e "$unified/cgroup.procs" ] || skip "no cgroup2 here: runs in tests/vm, boot v2"
  dir=$unified/$CT
  mkdir "$dir"
  chmod 755 "$TEST_DIR" "$BUNDLE"
  edit --arg p "/$CT" '.linux.cgroupsPath = $p'
  command_is sleep 100
  local i
  for i in 1 2 3; do
    [ $i != 3 ] || edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    start || break
    grep "^0::" "/proc/$PID/cgroup" > "$TEST_DIR/own" && grep -q "^0::/$CT$" "$TEST_DIR/own" || { echo "$i: $(cat "$TEST_DIR/own")" >&2; break; }
    run ketch exec "$CT" echo here
    [ "$output" = here ] || { echo "$i: exec: $status: $output" >&2; break; }
    ketch delete --force "$CT"
    [ -d "$dir" ] || { echo "$i: the cgroup is gone" >&2; break; }
    [ ! -e "$dir/cgroup.kill" ] || echo 1 > "$dir/cgroup.kill"
    i=done
  done
  ketch delete --force "$CT" 2> /dev/null || true
  rmdir "$dir"
  [ "$i" = done ]
}

@test "cgroupsPath: absolute, in every mounted hierarchy" {
  edit --arg p "/$CT/a" '.linux.cgroupsPath = $p'
  command_is sleep 100
  start
  local line
  while read -r line; do
    grep -q ":$line:/$CT/a$" "/proc/$PID/cgroup" || { echo "$line: $(cat "/proc/$PID/cgroup")"; return 1; }
  done < <(hierarchies)
}

@test "cgroupsPath: relative paths and the default start at ketch's own cgroup" {
  command_is sleep 100
  start
  [ "$(cgroup_of "$PID" memory)" = "$(base_of memory)/$CT" ]
  ketch delete --force "$CT"
  edit --arg p "$CT/x" '.linux.cgroupsPath = $p'
  start
  [ "$(cgroup_of "$PID" memory)" = "$(base_of memory)/$CT/x" ]
}

@test "cgroupsPath: ketch's own cgroup may be deep, as in a cluster in a container" {
  local dir=/sys/fs/cgroup/pids long
  ! on_v2 || dir=/sys/fs/cgroup
  printf -v long '%s-%0200d' "$CT" 0
  mkdir -p "$dir/$long/$long/$long"
  command_is true
  run sh -c 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"' sh "$dir/$long/$long/$long" \
    "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  rmdir "$dir/$long/$long/$long" "$dir/$long/$long" "$dir/$long"
  assert_status 0
}

@test "cgroupsPath: bad ones are refused with their place" {
  local p
  for p in / /.. a/../../b $'a\nb' $'/a\tb' /cgroup.procs "/$CT/cgroup.procs"; do
    edit --arg p "$p" '.linux.cgroupsPath = $p'
    run_bundle
    assert_status 1
    assert_output '$.linux.cgroupsPath'
    assert_clean
  done
}

@test "cgroupsPath: odd ones are names like any other" {
  local p
  command_is true
  for p in "/$CT a b" "/$CT%n" "/$CT:x:y" "/$CT\\x" "/$CT*?[]" "/$CT (deleted)" "/-$CT" "/$CT/./x//y/" "/ $CT" "/$CT-äöü€" "/0::/$CT"; do
    edit --arg p "$p" '.linux.cgroupsPath = $p'
    run_bundle
    assert_status 0
    assert_clean
  done
  [ ! -d "/sys/fs/cgroup/0::" ] && [ ! -d "/sys/fs/cgroup/pids/0::" ]
}

@test "a cgroup namespace shows the container's cgroups as roots" {
  edit --arg p "/$CT" '.linux.cgroupsPath = $p'
  command_is cat /proc/self/cgroup
  run_bundle
  assert_status 0
  local line
  for line in "${lines[@]}"; do [[ $line == *:/ ]]; done
}

@test "limits: written where the kernel reads them" {
  edit '.linux.resources.memory = {limit: 67108864, reservation: 33554432} | .linux.resources.pids = {limit: 20}
    | .linux.resources.cpu = {shares: 512, quota: 50000, period: 100000, cpus: "0"}'
  command_is sleep 100
  start
  [ "$(value memory memory.limit_in_bytes memory.max)" = 67108864 ]
  [ "$(value memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
  [ "$(value pids pids.max pids.max)" = 20 ]
  [ "$(value cpu cpu.shares cpu.weight)" = "$(on_v2 && echo 59 || echo 512)" ]
  [ "$(value cpuset cpuset.cpus cpuset.cpus)" = 0 ]
  [[ $(value cpu cpu.cfs_quota_us cpu.max) == 50000* ]]
}

@test "limits: memory and swap in the right order, also when both are small" {
  on_v2 || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting on v1 here: runs in tests/vm, boot v2"
  edit '.linux.resources.memory = {limit: 8388608, swap: 8388608}'
  command_is sleep 100
  start
  [ "$(value memory memory.memsw.limit_in_bytes memory.swap.max)" = "$(on_v2 && echo 0 || echo 8388608)" ]
}

@test "limits: pids.limit 0 lets the program run and fork nothing" {
  edit '.linux.resources.pids = {limit: 0}'
  command_is echo alone
  run_bundle
  assert_status 0
  [ "$output" = alone ]
  command_is sh -c 'echo one; (echo two); true'
  run_bundle
  assert_output one
  refute_output two
}

@test "limits: exec where pids.limit is reached" {
  local limit i
  command_is sleep 100
  for limit in 1 2 3; do
    edit '.linux.resources.pids = {limit: $l}' --argjson l "$limit"
    start
    for i in 1 2 3; do # more than there is room for
      detached exec -d --pid-file "$TEST_DIR/pid" "$CT" sleep 100
      [ "$(cgroup_of "$(cat "$TEST_DIR/pid")" pids)" = "$(cgroup_of "$PID" pids)" ]
    done
    run ketch exec "$CT" sh -c 'echo in; (echo two); true'
    assert_output in
    refute_output two
    run ketch exec "$CT" false
    assert_status 1
    [ "$(ketch ps -f json "$CT" | jq length)" = 4 ]
    ketch delete --force "$CT"
  done
}

@test "limits: before 1.3 pids.limit 0 is no limit" {
  local version
  for version in 1.0.2-dev 1.2.1; do
    edit '.ociVersion = $v | .linux.resources.pids = {limit: 0}' --arg v "$version"
    command_is sh -c 'echo one; (echo two); true'
    run_bundle
    assert_status 0
    assert_output two
  done
  command_is sleep 100
  start
  [ "$(value pids pids.max pids.max)" = max ]
}

@test "limits: a memory limit stops the program" {
  edit '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
  command_is sh -c 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'
  run_bundle
  assert_status 137
}

@test "limits: the kernel's refusal names file, value and property, and leaves nothing" {
  edit '.linux.resources.memory = {limit: 4096}'
  run_bundle
  assert_status 1
  on_v2 || assert_output "memory.limit_in_bytes: 4096 is below current usage"
  assert_output '$.linux.resources.memory.limit'
  assert_clean
  edit '.linux.resources.memory = {} | .linux.resources.cpu = {cpus: "0-9999"}'
  run_bundle
  assert_status 1
  assert_output "cpuset.cpus: write '0-9999'"
  assert_output '$.linux.resources.cpu.cpus'
  assert_clean
}

@test "limits: what the host can't do is refused by name, neutral values are not" {
  local controller
  for controller in net_cls rdma; do
    grep -q "^$controller" /proc/cgroups && continue
    case $controller in
    net_cls) edit '.linux.resources.network = {classID: 5}' ;;
    rdma) edit '.linux.resources.network = {} | .linux.resources.rdma = {mlx5_1: {hcaHandles: 3}}' ;;
    esac
    run_bundle
    assert_status 1
    assert_output "the cgroup controller '$controller'"
  done
  edit '.linux.resources = {memory: {disableOOMKiller: false, kernel: -1}, network: {classID: 0}, pids: {limit: -1}, cpu: {quota: -1, realtimeRuntime: 0}}'
  command_is echo fine
  run_bundle
  assert_status 0
}

# is_checked LEVEL: the finding of `ketch check` on memory.kernel
is_checked() {
  run ketch check --json -b "$BUNDLE"
  [ "$(jq -r '.findings[] | select(.path == "$.linux.resources.memory.kernel").level' <<< "$output")" = "$1" ]
}

# Not recommended, and Docker 20.10 has --kernel-memory all the same.
@test "limits: memory.kernel, which the kernel ignores, is a warning; of update an error" {
  edit '.linux.resources.memory = {kernel: 67108864}'
  command_is sleep 100
  if on_v2; then
    fails 1 'memory.kernel has no counterpart in cgroup v2 (' run -b "$BUNDLE" "$CT"
    [[ $stderr == *'$.linux.resources.memory.kernel)'* ]]
    is_checked error
    return
  fi
  ketch --log "$TEST_DIR/log" --log-format json run -d -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1
  [ "$(ketch state "$CT" | jq -r .status)" = running ]
  PID=$(ketch state "$CT" | jq .pid)
  if [ "$(value memory memory.kmem.limit_in_bytes)" = 67108864 ]; then # Linux before 5.16
    refute grep -s 'this kernel ignores' "$TEST_DIR/log"
    [ "$(ketch check -b "$BUNDLE")" = "nothing is wrong" ]
    ketch update --kernel-memory 32m "$CT"
    [ "$(value memory memory.kmem.limit_in_bytes)" = 33554432 ]
    return
  fi
  jq -e 'select(.level == "warning") | .msg | contains("memory.kmem.limit_in_bytes: this kernel ignores")' "$TEST_DIR/log"
  is_checked warning
  run ketch update --kernel-memory 32m "$CT"
  assert_status 1
  assert_output "this kernel ignores '33554432'"
}

@test "unified: a key of a controller that is on v1 is refused" {
  on_v2 && edit '.linux.resources.unified = {"nosuch.max": "1"}' || edit '.linux.resources.unified = {"memory.high": "1000000"}'
  run_bundle
  assert_status 1
  assert_output 'unified'
  edit '.linux.resources.unified = {"cgroup.procs": "1"}'
  run_bundle
  assert_status 1
  assert_output 'is not the name of a resource file'
}

@test "devices: deny-all keeps what every container has" {
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}] | .process.capabilities.bounding += ["CAP_MKNOD"]
    | .process.capabilities.effective += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"]'
  command_is sh -c 'for d in null zero random; do head -c1 /dev/$d > /dev/null && echo $d; done
    mknod /dev/mem1 c 1 1 && echo made; head -c1 /dev/mem1 2>&1; mknod /dev/kmsg1 c 1 11; head -c1 /dev/kmsg1 2>&1'
  run_bundle
  assert_output null
  assert_output zero
  assert_output random
  assert_output made
  assert_output "/dev/mem1: Operation not permitted"
  assert_output "/dev/kmsg1: Operation not permitted"
}

@test "devices: --rootless=true of root keeps the rules; where the kernel refuses them that is told" {
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}] | .process.capabilities[] += ["CAP_MKNOD"]'
  command_is sh -c 'mknod /dev/fuse1 c 10 229 && : < /dev/fuse1 && echo opened'
  run ketch --log "$TEST_DIR/log" --rootless=true run -b "$BUNDLE" "$CT" < /dev/null
  assert_output "/dev/fuse1: Operation not permitted"
  [ ! -s "$TEST_DIR/log" ] || { cat "$TEST_DIR/log" >&2; return 1; }
  command_is true
  run unshare --mount sh -c 'for d in /sys/fs/cgroup/*/ /sys/fs/cgroup; do ! mountpoint -q "$d" || mount -o remount,bind,ro "$d" || exit 99; done; exec "$@"' sh \
    "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --rootless=true run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$(grep -c "the device rules are not enforced" "$TEST_DIR/log")" = 1 ] || { cat "$TEST_DIR/log" >&2; return 1; }
}

@test "devices: --rootless=true goes without a device that the cgroup above does not have" {
  ! on_v2 || return 0 # there the rules of both hold, and none is refused
  edit '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'
  command_is sh -c ': > /dev/null && echo works'
  local dir=/sys/fs/cgroup/devices/$CT-above
  mkdir "$dir"
  echo 'c 10:229 rwm' > "$dir/devices.deny"
  run sh -c 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"' sh "$dir" "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  local strict=$status
  run sh -c 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"' sh "$dir" "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --rootless=true run -b "$BUNDLE" "$CT" < /dev/null
  rmdir "$dir"
  [ "$strict" = 1 ]
  assert_status 0
  [ "$output" = works ]
  [ "$(grep -cF 'a device is not allowed ($.linux.resources.devices[1])' "$TEST_DIR/log")" = 1 ] || { cat "$TEST_DIR/log" >&2; return 1; }
}

@test "devices: later rules win, and a final allow-all stands alone" {
  edit '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}, {allow: false, type: "c", major: 1, minor: 8}]
    | .linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
  command_is sh -c '(exec 3<> /dev/fuse) && echo fuse; head -c1 /dev/random 2>&1'
  run_bundle
  assert_output fuse
  assert_output "/dev/random: Operation not permitted"
  edit '.linux.resources.devices += [{allow: true, access: "rwm"}]'
  run_bundle
  assert_output fuse
  refute_output "not permitted"
}

@test "pause freezes, resume thaws, kill and delete work while paused" {
  command_is sleep 100
  start
  ketch pause "$CT"
  status_is "$CT" paused
  ketch resume "$CT"
  status_is "$CT" running
  ketch pause "$CT"
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
  start
  ketch pause "$CT"
  ketch delete --force "$CT"
  assert_clean
}

@test "kill --all: a signal while the container is frozen comes when it is thawed" {
  command -v strace > /dev/null || skip "no strace here: runs in tests/vm, boot units"
  command_is sleep 100
  start
  # TERM, as who runs this in the background may ignore INT; the first write freezes
  run strace -qq -o /dev/null -e trace=write -e inject=write:signal=TERM:when=1 "$KETCH" --root "$ROOT" kill --all "$CT" CONT
  assert_status 143
  status_is "$CT" running
}

@test "without a pid namespace the whole cgroup is killed" {
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  command_is sh -c 'sleep 100 & (sleep 100 & sleep 100 & wait) & wait'
  start
  wait_for 5 eval '[ "$(wc -l < "$(cgroup_of "$PID" pids)/cgroup.procs")" -ge 4 ]'
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
  assert_clean
}

@test "without a pid namespace kill reaches init alone, --all the others too" {
  edit '.root.readonly = false | del(.linux.namespaces[] | select(.type == "pid"))'
  # shellcheck disable=SC2016 # the container's shell
  command_is sh -c 'trap "echo init >> /tmp/got" USR1
    sh -c "trap \"echo child >> /tmp/got\" USR1; trap \"echo later >> /tmp/got\" USR2; echo \$\$ > /tmp/pid; touch /tmp/ready; while :; do sleep 0.05; done" &
    while :; do sleep 0.05; done'
  start
  local tmp=$BUNDLE/rootfs/tmp
  wait_for 30 test -e "$tmp/ready"
  ketch kill "$CT" USR1
  wait_for 30 grep -q init "$tmp/got"
  # By a later signal it is known what came before it.
  kill -USR2 "$(cat "$tmp/pid")"
  wait_for 30 grep -q later "$tmp/got"
  [ "$(cat "$tmp/got")" = $'init\nlater' ]
  ketch kill --all "$CT" USR1
  wait_for 30 eval "[ \$(wc -l < $tmp/got) = 4 ]"
  [ "$(sort "$tmp/got" | xargs)" = "child init init later" ]
}

@test "kill reaches init where it was moved out of the container's cgroups" {
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  local sig name path dir
  for sig in TERM KILL "--all TERM" "--all KILL"; do
    command_is sh -c 'trap exit TERM; while :; do sleep 0.05; done'
    start
    wait_for 30 grep -q 'SigCgt:.*[4-7c-f]...$' "/proc/$PID/status" # SIGTERM is caught
    while IFS=: read -r _ name path; do
      dir=/sys/fs/cgroup/${name#name=}
      [ -n "$name" ] || on_v2 || dir=/sys/fs/cgroup/unified
      [ ! -e "$dir$path/cgroup.procs" ] || echo "$PID" > "$dir$path/cgroup.procs"
    done < /proc/self/cgroup
    refute grep -q "$CT" "/proc/$PID/cgroup"
    # shellcheck disable=SC2086
    if [ "${sig% *}" != "$sig" ]; then ketch kill --all "$CT" "${sig#* }"; else ketch kill "$CT" "$sig"; fi
    wait_for 30 status_is "$CT" stopped
    ketch delete "$CT"
  done
}

# A container that may write to its cgroups, as a privileged one.
privileged() {
  edit '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]
    | (.process.capabilities | .bounding, .effective, .permitted) += ["CAP_SYS_ADMIN"]'
}

@test "delete removes cgroups that the container made, with the processes in them, frozen ones too" {
  privileged
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  command_is sh -c 'd=/sys/fs/cgroup; [ -e $d/cgroup.controllers ] || d=$d/freezer
    for i in 1 2 3 4 5 6 7 8 9 10; do d=$d/n; mkdir $d || exit 1; sleep 100 & echo $! > $d/cgroup.procs; done
    [ ! -e $d/freezer.state ] || echo FROZEN > $d/freezer.state; mkdir $d/done; sleep 100'
  start
  wait_for 5 [ -d "$(cgroup_of "$PID" freezer)/n/n/n/n/n/n/n/n/n/n/done" ]
  ketch delete --force "$CT"
  assert_clean
}

@test "delete: a process that SIGKILL does not end is named after a bounded wait; when it has ended, delete does" {
  local fs=$TEST_DIR/frozen PATH=$PATH:/sbin:/usr/sbin
  command -v mkfs.ext4 > /dev/null || skip "no mkfs.ext4 (e2fsprogs) here"
  mkdir "$fs"
  truncate -s 8M "$TEST_DIR/disk"
  mkfs.ext4 -q "$TEST_DIR/disk"
  [ -e /dev/loop-control ] || modprobe loop
  mount -o loop "$TEST_DIR/disk" "$fs"
  edit --arg f "$fs" '.mounts += [{destination: "/mnt", type: "bind", source: $f, options: ["bind", "rw"]}] | del(.linux.namespaces[] | select(.type == "pid"))
    | .root.readonly = false'
  mkdir "$BUNDLE/rootfs/mnt"
  command_is sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; (echo x > /mnt/x) & sleep 100'
  start
  FROZEN=$fs
  fsfreeze -f "$fs" # who writes there now can't be killed
  touch "$BUNDLE/rootfs/tmp/go"
  wait_for 20 bash -c "cat '$(cgroup_of "$PID" pids)/cgroup.procs' | while read -r p; do grep '^State:.D' /proc/\$p/status; done | grep -q D"
  run ketch delete --force "$CT"
  fsfreeze -u "$fs"
  assert_status 1
  assert_output "(state D)"
  wait_for 20 ketch delete --force "$CT"
  wait_for 20 umount "$fs"
  FROZEN=
}

@test "exec enters init's cgroup, and --cgroup a sub-cgroup" {
  privileged
  edit 'del(.linux.namespaces[] | select(.type == "cgroup"))'
  command_is sleep 100
  start
  run ketch exec "$CT" cat /proc/self/cgroup
  assert_status 0
  [ "$(sed -n 's/.*\(pids\|0:\)*://p' <<< "$output" | sort -u | grep -c "$CT")" -ge 1 ]
  local dir
  dir=$(cgroup_of "$PID" pids)
  mkdir "$dir/sub"
  if on_v2; then run ketch exec --cgroup sub "$CT" cat /proc/self/cgroup; else run ketch exec --cgroup pids:sub "$CT" cat /proc/self/cgroup; fi
  assert_status 0
  assert_output "$CT/sub"
  run ketch exec --cgroup nosuch "$CT" true
  assert_status 255
  assert_output "no such cgroup"
  run ketch exec --cgroup ../x "$CT" true
  assert_status 255
  assert_output "must not contain '..'"
}

@test "exec --cgroup: a sub-cgroup for each controller" {
  command_is sleep 100
  edit 'del(.linux.namespaces[] | select(.type == "cgroup"))'
  start
  if on_v2; then
    run ketch exec --cgroup pids:sub "$CT" true
    assert_status 255
    assert_output "give the path alone"
    return
  fi
  mkdir "$(cgroup_of "$PID" pids)/sub" "$(cgroup_of "$PID" memory)/other" "$(cgroup_of "$PID" freezer)/other"
  run ketch exec --cgroup pids:sub --cgroup memory,freezer:other "$CT" cat /proc/self/cgroup
  assert_status 0
  assert_output "pids:$(sed -n 's/.*:pids://p' "/proc/$PID/cgroup")/sub"
  assert_output "memory:$(sed -n 's/.*:memory://p' "/proc/$PID/cgroup")/other"
  assert_output "freezer:$(sed -n 's/.*:freezer://p' "/proc/$PID/cgroup")/other"
  [[ $(grep ':devices:' <<< "$output") == "$(grep ':devices:' "/proc/$PID/cgroup")" ]]
  run ketch exec --cgroup pids,nosuch:sub "$CT" true
  assert_status 255
  assert_output "no cgroup with the controller 'nosuch'"
  run ketch exec --cgroup memory:sub "$CT" true
  assert_status 255
  assert_output "no such cgroup"
}

freeze() {
  if [ -e "$1/freezer.state" ]; then echo FROZEN > "$1/freezer.state"; else echo 1 > "$1/cgroup.freeze"; fi
}

thaw() {
  if [ -e "$1/freezer.state" ]; then echo THAWED > "$1/freezer.state"; else echo 0 > "$1/cgroup.freeze"; fi
}

@test "a cgroup that is in use or frozen is refused and left alone" {
  local dir
  dir=$(cgroup_of $$ freezer)
  dir=/sys/fs/cgroup/$([[ $dir != /sys/fs/cgroup/freezer/* ]] || echo freezer/)$CT-used
  edit --arg p "/$CT-used" '.linux.cgroupsPath = $p'
  mkdir "$dir"
  sleep 100 &
  local sleeper=$!
  echo $sleeper > "$dir/cgroup.procs"
  run_bundle
  assert_status 1
  assert_output "is in use: it has processes"
  kill -0 $sleeper
  kill $sleeper
  wait $sleeper || true
  freeze "$dir"
  run_bundle
  assert_status 1
  assert_output "is frozen"
  edit --arg p "/$CT-used/below" '.linux.cgroupsPath = $p'
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "is frozen, because one above it is"
  thaw "$dir"
  edit --arg p "/$CT-used" '.linux.cgroupsPath = $p'
  run_bundle # empty: taken, and not removed
  [ -d "$dir" ]
  rmdir "$dir"
}

@test "shared parents: the last container removes them, whoever made them" {
  local i
  command_is sleep 100
  for i in 1 2 3; do
    edit --arg p "/$CT-pod/x/$i" '.linux.cgroupsPath = $p'
    ketch run -d -b "$BUNDLE" "$CT-$i" < /dev/null > /dev/null 2>&1
  done
  for i in 1 3 2; do ketch delete --force "$CT-$i"; done
  assert_clean
}

@test "parents that were there stay" {
  local dir
  dir=$(cgroup_of $$ pids)
  dir=/sys/fs/cgroup/$([[ $dir != /sys/fs/cgroup/pids/* ]] || echo pids/)$CT-mine
  mkdir "$dir"
  edit --arg p "/$CT-mine/c" '.linux.cgroupsPath = $p'
  command_is true
  run_bundle
  assert_status 0
  [ -d "$dir" ]
  rmdir "$dir"
}

@test "--cgroup-manager disabled: no cgroup, and no limits" {
  edit 'del(.linux.resources)'
  command_is cat /proc/self/cgroup
  edit 'del(.linux.namespaces[] | select(.type == "cgroup"))'
  run ketch --cgroup-manager disabled run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  refute_output "$CT"
  edit '.linux.resources.pids = {limit: 5}'
  run ketch --cgroup-manager disabled run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output '$.linux.resources.pids.limit'
}

@test "run.oci.systemd.force_cgroup_v1: an old systemd finds its hierarchy, and nothing else, in the place of the mount" {
  local mounted=''
  edit '.annotations["run.oci.systemd.force_cgroup_v1"] = "/sys/fs/cgroup"'
  command_is sh -c 'cd /sys/fs/cgroup; ls; grep " /sys/fs/cgroup" /proc/self/mounts; test -e systemd/cgroup.procs && echo there'
  if ! grep -q name=systemd /proc/self/cgroup; then
    run ketch run -b "$BUNDLE" "$CT" < /dev/null
    assert_status 1
    assert_output "no cgroup v1 hierarchy 'name=systemd'"
    mounted=$TEST_DIR/v1
    mkdir "$mounted"
    mount -t cgroup -o none,name=systemd,xattr cgroup "$mounted"
  fi
  run ketch run -b "$BUNDLE" "$CT" < /dev/null
  [ -z "$mounted" ] || umount "$mounted"
  assert_status 0
  [ "${lines[0]}" = systemd ] || { echo "$output" >&2; return 1; }
  assert_output "cgroup /sys/fs/cgroup/systemd cgroup "
  assert_output "name=systemd"
  [ "${lines[3]}" = there ]
  edit '.annotations["run.oci.systemd.force_cgroup_v1"] = "/no/mount"'
  run ketch check -b "$BUNDLE"
  assert_output "no mount has the destination '/no/mount'"
}

@test "run.oci.delegate-cgroup: refused on version 1, and a name that is none" {
  edit '.annotations["run.oci.delegate-cgroup"] = "a/b"'
  run ketch run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "'a/b' is not a cgroup's name"
  on_v2 && return
  edit '.annotations["run.oci.delegate-cgroup"] = "payload"'
  run ketch run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "needs a host with cgroup v2 alone"
}

@test "--systemd-cgroup without systemd is refused with a way out" {
  [ ! -d /run/systemd/system ] || skip "systemd runs here: runs in tests/vm, boot v2"
  run ketch --systemd-cgroup run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "needs systemd, which does not run here"
}

@test "20 containers in one new pod at once leave nothing" {
  local i
  command_is true
  for i in $(seq 20); do
    mkdir "$TEST_DIR/b$i"
    ln -s "$BUNDLE/rootfs" "$TEST_DIR/b$i/rootfs"
    jq --arg p "/$CT-pod/$i" '.linux.cgroupsPath = $p' "$BUNDLE/config.json" > "$TEST_DIR/b$i/config.json"
  done
  for i in $(seq 20); do
    (for _ in 1 2 3; do ketch run -b "$TEST_DIR/b$i" "$CT-$i" < /dev/null || echo "$i" >> "$TEST_DIR/failed"; done) &
  done
  wait
  [ ! -e "$TEST_DIR/failed" ]
  assert_clean
}

@test "N containers at once: created, started, killed, deleted; nothing is left" {
  at_once
}

@test "N containers at once without cgroups: nothing is left" {
  edit 'del(.linux.resources)'
  at_once --cgroup-manager disabled
}
