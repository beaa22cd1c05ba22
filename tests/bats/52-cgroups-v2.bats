#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# cgroup v2 with its controllers, by the cgroupfs driver: every property in its file, the rules of the tree (no processes in
# inner nodes, threads, delegation), kill with and without cgroup.kill, device programs, death by memory.

load helpers

TOP=/sys/fs/cgroup

setup() {
  [ -e $TOP/cgroup.controllers ] || skip "cgroup v2 has no controllers here: runs in tests/vm, boot v2"
  test_setup
  DIR=$TOP/$CT
  edit --arg p "/$CT" '.linux.cgroupsPath = $p'
}

teardown() {
  [ -n "$TEST_DIR" ] || return 0
  [ -z "$SLEEPER" ] || { kill -KILL "$SLEEPER"; wait "$SLEEPER" || true; } 2> /dev/null
  delete_containers
  [ ! -d "$TOP/$CT-mine" ] || find "$TOP/$CT-mine" -depth -type d -exec rmdir {} +
  test_teardown
}

start() { # start [ID], with the config's command
  detached run --detach -b "$BUNDLE" "${1:-$CT}"
  PID=$(pid_of "${1:-$CT}")
}

file_is() { # file_is FILE VALUE
  [ "$(cat "$DIR/$1")" = "$2" ] || { echo "$1 is '$(cat "$DIR/$1")', not '$2'" >&2; return 1; }
}

sleeper_in() { # a process of the host in cgroup DIRECTORY
  sleep 1000 3>&- &
  SLEEPER=$!
  echo $SLEEPER > "$1/cgroup.procs"
}

# A container that may write to its cgroup, and to /tmp.
privileged() {
  edit '.root.readonly = false | (.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
}

@test "v2: memory, cpu, cpuset, pids: each property in its file" {
  edit '.linux.resources = {memory: {limit: 67108864, swap: 100663296, reservation: 16777216},
    cpu: {shares: 512, quota: 50000, period: 200000, burst: 10000, cpus: "0", mems: "0"}, pids: {limit: 30}}'
  command_is sleep 1000
  start
  file_is memory.max 67108864
  file_is memory.swap.max 33554432
  file_is memory.low 16777216
  file_is cpu.weight 59
  file_is cpu.max "50000 200000"
  file_is cpu.max.burst 10000
  file_is cpuset.cpus 0
  file_is cpuset.mems 0
  file_is pids.max 30
  [ "$(sed -n 's/^0:://p' "/proc/$PID/cgroup")" = "/$CT" ]
}

@test "v2: shares become weights at both ends of their range; idle" {
  command_is sleep 1000
  edit '.linux.resources.cpu = {shares: 2}'
  start
  file_is cpu.weight 1
  ketch delete --force "$CT"
  edit '.linux.resources.cpu = {shares: 262144}'
  start
  file_is cpu.weight 10000
  ketch delete --force "$CT"
  edit '.linux.resources.cpu = {shares: 1024, idle: 1}'
  start
  file_is cpu.idle 1
}

@test "v2: hugepages, rdma, io" {
  local device
  device=$(cat /sys/block/{nvme,vd,sd}*/dev 2> /dev/null | head -1)
  [ -n "$device" ] || skip "no block device here: runs in tests/vm, boot v2"
  edit --argjson major "${device%:*}" --argjson minor "${device#*:}" '.linux.resources = {
    hugepageLimits: [{pageSize: "2MB", limit: 4194304}],
    blockIO: {weight: 500, throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}],
      throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}}'
  command_is sleep 1000
  start
  file_is hugetlb.2MB.max 4194304
  file_is hugetlb.2MB.rsvd.max 4194304
  file_is io.max "$device rbps=1048576 wbps=max riops=max wiops=100"
  if [ -e "$DIR/io.bfq.weight" ]; then
    [ "$(head -1 "$DIR/io.bfq.weight")" = "default 500" ]
  else
    [ "$(head -1 "$DIR/io.weight")" = "default 4950" ]
  fi
}

@test "v2: the weight of a device; a kernel that has none for it refuses it by name" {
  local device
  [ -d /vm/in ] || skip "the host's I/O cost control would be switched on: runs in tests/vm, boot v2"
  device=$(cat /sys/block/nvme0n1/dev)
  edit --argjson major "${device%:*}" --argjson minor "${device#*:}" '.linux.resources.blockIO = {weightDevice: [{major: $major, minor: $minor, weight: 300}]}'
  command_is sleep 1000
  run create_one
  assert_status 1
  assert_output "io.weight: write '$device 2930'"
  assert_output '$.linux.resources.blockIO.weightDevice[0].weight'
  assert_clean
  echo "$device enable=1" > $TOP/io.cost.qos
  start
  grep -qx "$device 2930" "$DIR/io.weight"
  ketch delete --force "$CT"
  echo "$device enable=0" > $TOP/io.cost.qos
}

@test "v2: unified takes any file of a controller that is there" {
  edit '.linux.resources.unified = {"memory.high": "50331648", "memory.oom.group": "1", "cpu.weight.nice": "5", "cgroup.max.depth": "3",
    "pids.max": "17"}'
  command_is sleep 1000
  start
  file_is memory.high 50331648
  file_is memory.oom.group 1
  file_is cpu.weight.nice 5
  file_is cgroup.max.depth 3
  file_is pids.max 17
}

@test "v2: what the kernel or the host lacks is refused by name, and nothing is left" {
  local case
  for case in \
    '{"unified": {"nosuch.max": "1"}}|nosuch' \
    '{"unified": {"memory.nosuch": "1"}}|memory.nosuch' \
    '{"memory": {"swappiness": 60}}|memory.swappiness' \
    '{"memory": {"disableOOMKiller": true}}|memory.disableOOMKiller' \
    '{"network": {"classID": 5}}|network.classID' \
    '{"cpu": {"realtimeRuntime": 5000}}|cpu.realtimeRuntime' \
    '{"blockIO": {"throttleReadBpsDevice": [{"major": 999, "minor": 7, "rate": 1000}]}}|blockIO.throttleReadBpsDevice[0]' \
    '{"hugepageLimits": [{"pageSize": "3MB", "limit": 3145728}]}|hugepageLimits[0]' \
    '{"cpu": {"quota": 10}}|cpu.quota' \
    '{"cpu": {"mems": "63"}}|cpu.mems'; do
    edit --argjson r "${case%|*}" '.linux.resources = $r'
    run_bundle
    assert_status 1
    assert_output "${case##*|}"
    [ ! -e "$DIR" ]
    assert_clean
  done
}

@test "v2: too little memory to begin is told with the limit and the need" {
  edit '.linux.resources.memory = {limit: 4096}'
  command_is true
  run create_one
  assert_status 1
  assert_output "killed for want of memory: memory.max is 4096, and it needs more than "
  assert_output '$.linux.resources.memory.limit'
  assert_clean
}

@test "v2: a program that outgrows its limit is killed, and so are all with memory.oom.group" {
  edit '.linux.resources = {memory: {limit: 16777216, swap: 16777216}, unified: {"memory.oom.group": "1"}}'
  command_is sh -c 'sleep 1000 & x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'
  run_bundle
  assert_status 137
}

@test "v2: a cgroup with processes gives no controllers to a container below it" {
  mkdir "$TOP/$CT-mine"
  sleeper_in "$TOP/$CT-mine"
  edit --arg p "/$CT-mine/c" '.linux.cgroupsPath = $p | .linux.resources.memory = {limit: 67108864}'
  command_is true
  run_bundle
  assert_status 1
  assert_output "it has processes of its own"
  [ ! -e "$TOP/$CT-mine/c" ]
  edit 'del(.linux.resources.memory)'
  run_bundle # which it need not
  assert_status 0
  [ ! -e "$TOP/$CT-mine/c" ]
}

@test "v2: limits of the tree and what is above: depth, number, frozen, threaded" {
  mkdir "$TOP/$CT-mine"
  edit --arg p "/$CT-mine/c" '.linux.cgroupsPath = $p'
  command_is true
  echo 0 > "$TOP/$CT-mine/cgroup.max.descendants"
  run_bundle
  assert_status 1
  assert_output "$CT-mine/c"
  echo max > "$TOP/$CT-mine/cgroup.max.descendants"
  echo 1 > "$TOP/$CT-mine/cgroup.freeze"
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "is frozen"
  echo 0 > "$TOP/$CT-mine/cgroup.freeze"
  echo threaded > "$TOP/$CT-mine/cgroup.type"
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "threaded"
  [ ! -e "$TOP/$CT-mine/c" ]
}

@test "v2: delete removes threaded and nested cgroups of the container" {
  privileged
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  command_is sh -c 'cd /sys/fs/cgroup; mkdir n; mkdir n/t; echo threaded > n/t/cgroup.type; mkdir n/t/u; echo threaded > n/t/u/cgroup.type
    sleep 1000 & echo $! > n/cgroup.procs; echo $! > n/t/u/cgroup.threads; touch /tmp/ready; wait'
  start
  wait_for 20 [ -e "$BUNDLE/rootfs/tmp/ready" ]
  [ "$(cat "$DIR/n/t/u/cgroup.threads")" != "" ]
  [ "$(ketch ps -f json "$CT" | jq length)" -ge 2 ]
  ketch delete --force "$CT"
  assert_clean
}

@test "v2: exec follows an init that gave its cgroup's controllers to sub-cgroups" {
  privileged
  command_is sh -c 'cd /sys/fs/cgroup; mkdir init other; echo 1 > init/cgroup.procs
    echo "+memory +pids" > cgroup.subtree_control; touch /tmp/ready; sleep 1000'
  edit '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 100}}'
  start
  wait_for 20 [ -e "$BUNDLE/rootfs/tmp/ready" ]
  [[ $(cat "$DIR/cgroup.subtree_control") == *memory* ]]
  run ketch exec "$CT" grep 0:: /proc/self/cgroup
  assert_status 0
  assert_output "0::/init"
  run ketch exec --cgroup other "$CT" grep 0:: /proc/self/cgroup
  assert_status 0
  assert_output "0::/other"
  run ketch exec --cgroup . "$CT" true
  assert_status 255
  ketch kill "$CT" KILL
  wait_for 20 status_is "$CT" stopped
}

@test "v2: init and exec'ed processes are born in their cgroup" {
  command_is true
  strace -f -e trace=clone3 -o "$TEST_DIR/run" "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  grep -q "clone3({flags=.*CLONE_INTO_CGROUP.* = [0-9]" "$TEST_DIR/run"
  start_one
  strace -f -e trace=clone3 -o "$TEST_DIR/exec" "$KETCH" --root "$ROOT" exec "$CT" true < /dev/null
  grep -q "clone3({flags=.*CLONE_INTO_CGROUP.* = [0-9]" "$TEST_DIR/exec"
}

@test "v2: kill, kill --all and delete where the kernel has no cgroup.kill" {
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  privileged
  command_is sh -c 'mkdir /sys/fs/cgroup/n; sleep 1000 & echo $! > /sys/fs/cgroup/n/cgroup.procs; (while :; do sleep 0.1; done) & touch /tmp/ready; wait'
  local how
  for how in "kill $CT KILL" "kill --all $CT TERM" "delete --force $CT" "pause"; do
    start
    wait_for 20 [ -e "$BUNDLE/rootfs/tmp/ready" ]
    if [ "$how" = pause ]; then
      ketch pause "$CT"
      how="kill $CT KILL"
    fi
    # A mount hides the file: writes to it fail as they do where it is not there.
    unshare -m sh -c 'dir=$1; shift; mount --bind /dev/full "$dir/cgroup.kill" && ! { echo 1 > "$dir/cgroup.kill"; } 2> /dev/null && exec "$@"' \
      - "$DIR" "$KETCH" --root "$ROOT" $how
    if [[ $how != delete* ]]; then
      wait_for 20 status_is "$CT" stopped
      wait_for 20 grep -q "populated 0" "$DIR/cgroup.events"
      ketch delete "$CT"
    fi
    [ ! -e "$DIR" ]
    rm "$BUNDLE/rootfs/tmp/ready"
  done
}

@test "v2: pause says so only when all of it is frozen; nested, and frozen by the container itself" {
  privileged
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  command_is sh -c 'mkdir /sys/fs/cgroup/n; sleep 1000 & echo $! > /sys/fs/cgroup/n/cgroup.procs; echo 1 > /sys/fs/cgroup/n/cgroup.freeze
    touch /tmp/ready; wait'
  start
  wait_for 20 [ -e "$BUNDLE/rootfs/tmp/ready" ]
  status_is "$CT" running
  ketch pause "$CT"
  status_is "$CT" paused
  grep -q "frozen 1" "$DIR/cgroup.events"
  ketch resume "$CT"
  status_is "$CT" running
  grep -q "frozen 1" "$DIR/n/cgroup.events"
  ketch delete --force "$CT"
  assert_clean
}

devices() { # ids of the device programs at directory $1
  bpftool -j cgroup show "$1" | jq -c '[.[] | select(.attach_type | test("device")) | .id] | length'
}

@test "v2: one device program, also after an update; a program above it holds as well" {
  command -v bpftool > /dev/null || skip "no bpftool here: runs in tests/vm, boot v2"
  edit '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 10, minor: 229, access: "rwm"}]'
  command_is sleep 1000
  start
  [ "$(devices "$DIR")" = 1 ]
  ketch update --pids-limit 50 "$CT"
  [ "$(devices "$DIR")" = 1 ]
  jq -n '{devices: [{allow: false}]}' | ketch update --resources - "$CT"
  [ "$(devices "$DIR")" = 1 ]
  # A second container in the first one's cgroup: it allows all, what is above does not.
  edit --arg p "/$CT/inner" '.linux.cgroupsPath = $p | .linux.resources.devices = [{allow: true, access: "rwm"}]
    | .process.capabilities[] += ["CAP_MKNOD"]'
  command_is sh -c 'mknod /dev/kmsg1 c 1 11; head -c1 /dev/kmsg1 2>&1; head -c1 /dev/zero > /dev/null && echo zero'
  run ketch run -b "$BUNDLE" "$CT-inner" < /dev/null
  assert_output "not permitted"
  assert_output zero
}

@test "v2: the container's user owns what the kernel calls delegatable, and nothing else" {
  privileged
  chmod 711 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.resources.memory = {limit: 67108864}
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
  command_is sh -c 'cd /sys/fs/cgroup; mkdir a && echo 1 > a/cgroup.procs && echo +memory > cgroup.subtree_control && echo 1000000 > a/memory.high && echo mine
    echo max > memory.max && echo broke out; echo 1000 > memory.high && echo broke out; sleep 1000'
  start
  wait_for 20 grep -q mine "$TEST_DIR/out"
  [ "$(stat -c %u "$DIR" "$DIR/cgroup.procs" "$DIR/cgroup.subtree_control" "$DIR/cgroup.threads" | sort -u)" = 100000 ]
  [ "$(stat -c %u "$DIR/memory.max" "$DIR/cgroup.freeze" "$DIR/cgroup.kill" "$DIR/pids.max" | sort -u)" = 0 ]
  file_is memory.max 67108864
  refute grep -q "broke out" "$TEST_DIR/out"
}

@test "v2: run.oci.delegate-cgroup: a cgroup below the limits is the payload's, with all controllers" {
  privileged
  chmod 711 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.annotations["run.oci.delegate-cgroup"] = "payload" | .linux.namespaces += [{type: "user"}] | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 44}}
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
  command_is sh -c 'cat /proc/self/cgroup; cd /sys/fs/cgroup/payload; mkdir a b; echo 1 > a/cgroup.procs && echo "+memory +pids" > cgroup.subtree_control && echo 1000000 > b/memory.max && echo mine
    for f in ../memory.max ../pids.max memory.max; do echo 1000000 > $f && echo "broke $f"; done; sleep 1000'
  start
  wait_for 20 grep -q mine "$TEST_DIR/out"
  grep -qx "0::/payload" "$TEST_DIR/out"
  file_is memory.max 67108864
  file_is pids.max 44
  [ "$(stat -c %u "$DIR/payload" "$DIR/payload/cgroup.procs" | sort -u)" = 100000 ]
  [ "$(stat -c %u "$DIR/memory.max" "$DIR/payload/memory.max" | sort -u)" = 0 ]
  [ "$(sed -n 's/^0:://p' "/proc/$PID/cgroup")" = "/$CT/payload/a" ]
  refute grep -q "broke" "$TEST_DIR/out"
  run ketch exec "$CT" cat /proc/self/cgroup
  assert_output "0::/payload/a"
  [ "$(ketch ps --format json "$CT" | jq length)" -ge 1 ]
  ketch update --pids-limit 55 "$CT"
  file_is pids.max 55
  ketch pause "$CT"
  status_is "$CT" paused
  ketch resume "$CT"
  ketch delete --force "$CT"
  [ ! -e "$DIR" ]
}

@test "v2: an ordinary user in a cgroup that was handed over; controllers that were not are named" {
  local mine=$TOP/$CT-mine
  mkdir "$mine" "$mine/shell"
  echo "+memory +pids" > "$TOP/cgroup.subtree_control"
  chown -R 54321:54321 "$mine"
  chown 0:0 "$mine"/{memory,pids}.max
  install -m 755 "$KETCH" "$TEST_DIR/ketch"
  chmod 711 "$TEST_DIR"
  mkdir -m 700 "$ROOT"
  chown -R 54321:54321 "$BUNDLE" "$ROOT"
  edit --arg p "$CT" '.linux.cgroupsPath = $p | .linux.namespaces += [{type: "user"}] | .linux.namespaces -= [{type: "network"}]
    | .mounts |= map(select(.type != "sysfs" and .type != "cgroup")) | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 25}}
    | (.mounts[] | select(.type == "devpts") | .options) -= ["gid=5"]
    | .linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: 54321, size: 1}]'
  chown 54321:54321 "$BUNDLE/config.json"
  command_is sh -c 'grep 0:: /proc/self/cgroup; sleep 0'
  edit '.linux.namespaces -= [{type: "cgroup"}]'
  as_user() {
    bash -c 'echo $$ > "$1/cgroup.procs"; shift; exec setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all "$@"' - "$mine/shell" \
      timeout 60 "$TEST_DIR/ketch" --root "$ROOT" "$@"
  }
  run as_user run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output "0::/$CT-mine/$CT"
  edit '.linux.resources = {memory: {limit: 4194304}, pids: {limit: 1}}'
  run as_user run -b "$BUNDLE" "$CT" < /dev/null
  assert_output "fork"
  edit '.linux.resources = {hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
  echo -hugetlb > "$TOP/cgroup.subtree_control" || true
  run as_user run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output hugetlb
  [ -z "$(find "$mine" -mindepth 1 -type d ! -name shell)" ]
}

@test "v2: 20 containers with limits in one new pod at once leave nothing" {
  local i
  command_is true
  edit '.linux.resources = {memory: {limit: 67108864}, cpu: {shares: 100, cpus: "0"}, pids: {limit: 10}}'
  for i in $(seq 20); do
    mkdir "$TEST_DIR/b$i"
    ln -s "$BUNDLE/rootfs" "$TEST_DIR/b$i/rootfs"
    jq --arg p "/$CT-pod/x/$i" '.linux.cgroupsPath = $p' "$BUNDLE/config.json" > "$TEST_DIR/b$i/config.json"
  done
  for i in $(seq 20); do
    ketch run -b "$TEST_DIR/b$i" "$CT-$i" < /dev/null 2>> "$TEST_DIR/failed" || echo "$i" >> "$TEST_DIR/failed" &
  done
  wait
  [ ! -s "$TEST_DIR/failed" ] || { cat "$TEST_DIR/failed" >&2; return 1; }
  assert_clean
}
