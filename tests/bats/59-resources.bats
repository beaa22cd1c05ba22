#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every property of linux.resources on a real kernel: the file that holds it says what was asked for, or create refuses it by
# name and leaves nothing. Which of the two is decided by what this host has, v1 or v2.

load helpers

teardown() {
  [ -z "${NETDEV:-}" ] || ip link delete "$NETDEV" || true # the RDMA device goes with it
  test_teardown
}

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# The directory of the running container that has FILE.
dir_with() {
  local line path dir
  while IFS=: read -r _ line path; do
    for dir in "/sys/fs/cgroup/$line$path" "/sys/fs/cgroup/${line#name=}$path" "/sys/fs/cgroup/unified$path" "/sys/fs/cgroup$path"; do
      [ ! -e "$dir/$1" ] || { echo "$dir"; return 0; }
    done
  done < "/proc/$PID/cgroup"
  return 1
}

# Has this host FILE in a cgroup that can be made here? (A new cgroup of the test's own.)
host_has() {
  local dir found=1
  for dir in /sys/fs/cgroup/*/ /sys/fs/cgroup/; do
    mkdir "$dir$CT-probe" 2> /dev/null || continue
    [ ! -e "$dir$CT-probe/$1" ] || found=0
    rmdir "$dir$CT-probe"
    [ $found != 0 ] || return 0
  done
  [[ $1 != *.bfq.* ]] || return 1
  if on_v2; then
    grep -qw "${1%%.*}" /sys/fs/cgroup/cgroup.subtree_control
  else # ketch turns it on for children where nobody has
    grep -qw "${1%%.*}" /sys/fs/cgroup/unified/cgroup.controllers 2> /dev/null
  fi
}

# check PROPERTY VALUE V1FILE V1TEXT V2FILE V2TEXT: TEXT is a pattern that a line must match; FILE "-": has no counterpart there.
check() {
  local file=$3 text=$4
  if on_v2 || { [[ $3 == hugetlb.* ]] && grep -qw hugetlb /sys/fs/cgroup/unified/cgroup.controllers 2> /dev/null; }; then file=$5 text=$6; fi
  edit ".linux.resources.$1 = $2"
  if [ "$file" = - ] || ! host_has "$file"; then
    run_bundle
    assert_status 1
    assert_output "\$.linux.resources.${1%%.weightDevice*}"
    assert_clean
    echo "# $1: refused here: ${lines[0]}" >&3
  else
    start_one
    local dir
    dir=$(dir_with "$file") || { echo "$1: no $file in the container's cgroups" >&2; return 1; }
    grep -Eq "^$text\$" "$dir/$file" || { echo "$1: $dir/$file says '$(cat "$dir/$file")', not '$text'" >&2; return 1; }
    ketch delete --force "$CT"
  fi
  edit "del(.linux.resources.${1%%.*})"
}

@test "resources: memory" {
  check memory '{limit: 67108864}' memory.limit_in_bytes 67108864 memory.max 67108864
  check memory '{reservation: 33554432}' memory.soft_limit_in_bytes 33554432 memory.low 33554432
  check memory '{limit: 67108864, swap: 100663296}' memory.memsw.limit_in_bytes 100663296 memory.swap.max 33554432
  check memory '{swappiness: 33}' memory.swappiness 33 - -
  check memory '{disableOOMKiller: true}' memory.oom_control 'oom_kill_disable 1' - -
}

@test "resources: cpu" {
  check cpu '{shares: 512}' cpu.shares 512 cpu.weight 59
  check cpu '{quota: 20000, period: 50000}' cpu.cfs_quota_us 20000 cpu.max '20000 50000'
  check cpu '{quota: 20000}' cpu.cfs_quota_us 20000 cpu.max '20000 100000'
  check cpu '{quota: 50000, period: 100000, burst: 30000}' cpu.cfs_burst_us 30000 cpu.max.burst 30000
  check cpu '{idle: 1}' cpu.idle 1 cpu.idle 1
  check cpu '{shares: 512, idle: 1}' cpu.idle 1 cpu.idle 1
  check cpu '{cpus: "0", mems: "0"}' cpuset.cpus 0 cpuset.cpus 0
}

@test "resources: pids, huge pages" {
  check pids '{limit: 17}' pids.max 17 pids.max 17
  check hugepageLimits '[{pageSize: "2MB", limit: 4194304}]' hugetlb.2MB.limit_in_bytes 4194304 hugetlb.2MB.max 4194304
  check hugepageLimits '[{pageSize: "2MB", limit: 4194304}]' hugetlb.2MB.rsvd.limit_in_bytes 4194304 hugetlb.2MB.rsvd.max 4194304
}

@test "resources: block I/O" {
  local dev major minor
  dev=$(cat /sys/block/*/dev | head -1)
  [ -n "$dev" ] || skip "no block device here: runs in tests/vm, boot limits"
  major=${dev%:*} minor=${dev#*:}
  check blockIO '{weight: 500}' blkio.bfq.weight 500 io.weight 'default 4950'
  check blockIO "{throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}]}" blkio.throttle.read_bps_device "$dev 1048576" io.max "$dev rbps=1048576 .*"
  check blockIO "{throttleWriteBpsDevice: [{major: $major, minor: $minor, rate: 1048576}]}" blkio.throttle.write_bps_device "$dev 1048576" io.max "$dev .*wbps=1048576 .*"
  check blockIO "{throttleReadIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}" blkio.throttle.read_iops_device "$dev 100" io.max "$dev .*riops=100 .*"
  check blockIO "{throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}" blkio.throttle.write_iops_device "$dev 100" io.max "$dev .*wiops=100"
}

@test "resources: the weight of a device whose scheduler knows none" {
  local scheduler
  scheduler=$(grep -lv '\[bfq\]' /sys/block/*/queue/scheduler | head -1)
  [ -n "$scheduler" ] || skip "every block device here has bfq: runs in tests/vm, boot v1"
  edit '.linux.resources.blockIO = {weightDevice: [{major: ($d | split(":")[0] | tonumber), minor: ($d | split(":")[1] | tonumber), weight: 300}]}' \
    --arg d "$(cat "${scheduler%/queue/scheduler}/dev")"
  command_is true
  run ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output 'linux.resources.blockIO.weightDevice[0].weight'
  # else: no such file, which is told as that
  ! host_has blkio.bfq.weight_device || jq -r .hint "$TEST_DIR/log" | grep -F 'I/O scheduler bfq'
  assert_clean
}

@test "resources: network, rdma, realtime" {
  check network '{classID: 1048577}' net_cls.classid 1048577 - -
  check network '{priorities: [{name: "lo", priority: 5}]}' net_prio.ifpriomap 'lo 5' - -
  on_v2 || ! host_has cpu.rt_runtime_us || [ "$(cat /proc/sys/kernel/sched_rt_runtime_us)" = -1 ] ||
    check cpu '{realtimePeriod: 1000000, realtimeRuntime: 1000}' cpu.rt_runtime_us 1000 - -
  on_v2 && check cpu '{realtimePeriod: 1000000, realtimeRuntime: 1000}' - - - -
  # no such adapter: the kernel refuses the name, or the host has no controller
  edit '.linux.resources.rdma = {mlx5_1: {hcaHandles: 3, hcaObjects: 10000}}'
  run_bundle
  assert_status 1
  assert_output '$.linux.resources.rdma'
  assert_clean
}

# A soft RDMA device of the test's own, RDMA, on an interface of its own, NETDEV.
soft_rdma() {
  host_has rdma.max || skip "no controller rdma here: runs in tests/vm, boot rdma"
  command -v rdma > /dev/null || skip "no rdma (iproute2) here: runs in tests/vm, boot rdma"
  modprobe rdma_rxe 2> /dev/null || skip "this kernel has not the module rdma_rxe: runs in tests/vm, boot rdma"
  ip link add "rd$$" type dummy
  NETDEV=rd$$ RDMA=rxe$$
  rdma link add "$RDMA" type rxe netdev "$NETDEV"
}

@test "resources: rdma of a device that is there: set, updated, taken back with a refusal" {
  soft_rdma
  local file
  edit --arg d "$RDMA" '.linux.resources.rdma = {($d): {hcaHandles: 3, hcaObjects: 10000}}'
  start_one
  file=$(dir_with rdma.max)/rdma.max
  says() { grep -qx "$RDMA $1 *" "$file" || { echo "$file says '$(cat "$file")', not '$1'" >&2; return 1; }; }
  says 'hca_handle=3 hca_object=10000'
  ketch update --resources - "$CT" <<< "{\"rdma\": {\"$RDMA\": {\"hcaHandles\": 5}}}"
  says 'hca_handle=5 hca_object=10000'
  run ketch update --resources - "$CT" <<< "{\"rdma\": {\"$RDMA\": {\"hcaObjects\": 7}, \"nosuch\": {\"hcaHandles\": 1}}}"
  assert_status 1
  assert_output '$.linux.resources.rdma.nosuch'
  says 'hca_handle=5 hca_object=10000'
  ketch update --resources - "$CT" <<< "{\"rdma\": {\"$RDMA\": {\"hcaHandles\": 0, \"hcaObjects\": 4294967295}}}"
  says 'hca_handle=0 hca_object=max'
  ketch delete --force "$CT"
  [ ! -e "$file" ]
  edit --arg d "$RDMA" '.linux.resources.rdma = {($d): {hcaHandles: 3}, nosuch: {hcaObjects: 1}}'
  run ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "rdma.max: write 'nosuch hca_object=1': No such device"
  assert_output '$.linux.resources.rdma.nosuch'
  jq -r .hint "$TEST_DIR/log" | grep -F /sys/class/infiniband
  assert_clean
}

@test "resources: misc: a resource that the host does not offer, and a host without the controller" {
  edit '.linux.resources.unified = {"misc.max": "nosuch 1"}'
  run ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output '$.linux.resources.unified["misc.max"]'
  if on_v2 && grep -qw misc /sys/fs/cgroup/cgroup.controllers; then
    assert_output "misc.max: write 'nosuch 1': Invalid argument"
    jq -r .hint "$TEST_DIR/log" | grep -F misc.capacity
  else
    assert_output "file misc.max"
    assert_output "'misc'"
  fi
  assert_clean
}

@test "resources: unified writes any file of a controller that is there" {
  on_v2 || grep -qw hugetlb /sys/fs/cgroup/unified/cgroup.controllers || skip "no controller on cgroup v2 here: runs in tests/vm, boot limits"
  if on_v2; then
    check unified '{"memory.high": "50331648"}' - - memory.high 50331648
    check unified '{"cpu.weight": "77", "pids.max": "max"}' - - cpu.weight 77
    check unified '{"memory.oom.group": "1"}' - - memory.oom.group 1
    edit '.linux.resources.unified = {"memory.max": "0"}'
    run_bundle
    assert_status 1
    assert_output "killed for want of memory: memory.max is 0"
    assert_output '$.linux.resources.unified["memory.max"]'
    assert_clean
  else
    edit '.linux.resources.unified = {"hugetlb.2MB.max": "4194304"}'
    start_one
    [ "$(cat "$(dir_with hugetlb.2MB.max)/hugetlb.2MB.max")" = 4194304 ]
    ketch delete --force "$CT"
  fi
  edit '.linux.resources.unified = {"nosuch.max": "1"}'
  run_bundle
  assert_status 1
  assert_output "'nosuch'"
  assert_output '$.linux.resources.unified["nosuch.max"]'
  edit '.linux.resources.unified = {"hugetlb.nosuch": "1"}'
  run_bundle
  assert_status 1
  assert_output "hugetlb.nosuch"
}

@test "resources: update of an idle cgroup's weight" {
  edit '.linux.resources.cpu = {idle: 1}'
  start_one
  dir_with cpu.idle > /dev/null || skip "this kernel has no cpu.idle: runs in tests/vm, boot limits"
  run ketch update --cpu-share 512 "$CT"
  assert_status 1
  assert_output "$(on_v2 && echo cpu.weight || echo cpu.shares): write"
  ketch update --cpu-share 512 --cpu-idle 0 "$CT"
  [ "$(cat "$(dir_with cpu.idle)/cpu.idle")" = 0 ]
  if on_v2; then [ "$(cat "$(dir_with cpu.idle)/cpu.weight")" = 59 ]; else [ "$(cat "$(dir_with cpu.idle)/cpu.shares")" = 512 ]; fi
}
