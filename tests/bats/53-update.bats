#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ketch update: every option, documents, merging, order, refusals that change nothing, device rules. v1 and v2.

load helpers

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# The container's directory for CONTROLLER.
dir_of() {
  local path
  path=$(sed -n "s/^[0-9]*:\([^:]*,\)\{0,1\}$1\(,[^:]*\)\{0,1\}://p" "/proc/$PID/cgroup")
  if on_v2 || [ -z "$path" ]; then
    path=$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
    if on_v2; then echo "/sys/fs/cgroup$path"; else echo "/sys/fs/cgroup/unified$path"; fi
  else
    echo "/sys/fs/cgroup/$1$path"
  fi
}

# value CONTROLLER V1FILE V2FILE: what the running container's file says.
value() {
  local dir
  dir=$(dir_of "$1")
  if on_v2; then cat "$dir/$3"; else cat "$dir/$2"; fi
}

# expect CONTROLLER V1FILE V1VALUE V2FILE V2VALUE
expect() {
  local want have
  want=$(on_v2 && echo "$5" || echo "$3")
  have=$(value "$1" "$2" "$4")
  [ "$have" = "$want" ] || { echo "$2 or $4 is '$have', not '$want'" >&2; return 1; }
}

has_file() { [ -e "$(dir_of "$1")/$(on_v2 && echo "$3" || echo "$2")" ]; }

@test "update: options of memory, pids and CPU" {
  edit '.linux.resources.memory = {limit: 67108864}'
  start_one
  ketch update --memory 128m --memory-reservation 32m --pids-limit 33 --cpu-share 512 --cpu-quota 20000 --cpu-period 50000 \
    --cpuset-cpus 0 --cpuset-mems 0 "$CT"
  expect memory memory.limit_in_bytes 134217728 memory.max 134217728
  expect memory memory.soft_limit_in_bytes 33554432 memory.low 33554432
  expect pids pids.max 33 pids.max 33
  expect cpu cpu.shares 512 cpu.weight 59
  on_v2 || expect cpu cpu.cfs_quota_us 20000
  on_v2 || expect cpu cpu.cfs_period_us 50000
  if on_v2; then expect cpu '' '' cpu.max "20000 50000"; fi
  expect cpuset cpuset.cpus 0 cpuset.cpus 0
  expect cpuset cpuset.mems 0 cpuset.mems 0
}

@test "update: pids.limit 0 is what it is in the container's version of config.json" {
  local version
  for version in 1.2.1 1.3.0; do
    edit '.ociVersion = $v | .linux.resources.pids = {limit: 20}' --arg v "$version"
    start_one
    ketch update --resources - "$CT" <<< '{"pids": {"limit": 0}}'
    if [ "$version" = 1.2.1 ]; then expect pids pids.max max pids.max max; else expect pids pids.max 0 pids.max 0; fi
    ketch delete --force "$CT"
  done
}

@test "update: -1 lifts a limit" {
  edit '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}, cpu: {quota: 50000, period: 100000}}'
  start_one
  ketch update --memory -1 --pids-limit -1 --cpu-quota -1 "$CT"
  if on_v2; then expect memory '' '' memory.max max; fi
  on_v2 || [ "$(value memory memory.limit_in_bytes)" -gt 1000000000000 ]
  expect pids pids.max max pids.max max
  expect cpu cpu.cfs_quota_us -1 cpu.max "max 100000"
}

@test "update: a second update is laid over the first" {
  edit '.linux.resources = {memory: {limit: 67108864}, cpu: {quota: 50000, period: 100000}}'
  start_one
  ketch update --cpu-period 50000 "$CT"
  expect cpu cpu.cfs_quota_us 50000 cpu.max "50000 50000"
  ketch update --cpu-quota 10000 "$CT"
  expect cpu cpu.cfs_quota_us 10000 cpu.max "10000 50000"
  ketch update --pids-limit 50 "$CT"
  jq -e '.memory.limit == 67108864 and .pids.limit == 50 and .cpu == {quota: 10000, period: 50000}' "$ROOT/$CT/resources.json"
  # the copy of the configuration stays what it was
  jq -e '.linux.resources.cpu.period == 100000' "$ROOT/$CT/config.json"
}

@test "update: what is not asked for is not written" {
  edit '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}}'
  start_one
  echo 21 > "$(dir_of pids)/pids.max"
  ketch update --memory 100m "$CT"
  expect pids pids.max 21 pids.max 21
  ketch update --pids-limit 20 "$CT" # the kept value, said again
  expect pids pids.max 20 pids.max 20
}

@test "update: memory and swap are raised and lowered in the right order" {
  on_v2 || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting on v1 here: runs in tests/vm, boot limits"
  edit '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
  start_one
  ketch update --memory 64m --memory-swap 96m "$CT"
  expect memory memory.limit_in_bytes 67108864 memory.max 67108864
  expect memory memory.memsw.limit_in_bytes 100663296 memory.swap.max 33554432
  ketch update --memory 48m --memory-swap 48m "$CT"
  expect memory memory.limit_in_bytes 50331648 memory.max 50331648
  expect memory memory.memsw.limit_in_bytes 50331648 memory.swap.max 0
  run ketch update --memory 64m "$CT"
  assert_status 1
  assert_output "below memory.limit"
  assert_output '$.linux.resources.memory.swap'
  expect memory memory.limit_in_bytes 50331648 memory.max 50331648
  ketch update --memory -1 "$CT"
  on_v2 || [ "$(value memory memory.memsw.limit_in_bytes)" -gt 1000000000000 ]
  if on_v2; then expect memory '' '' memory.swap.max max; fi
}

@test "update: burst and quota depend on each other" {
  start_one
  has_file cpu cpu.cfs_burst_us cpu.max.burst || skip "this kernel has no burst: runs in tests/vm, boot limits"
  ketch update --cpu-quota 50000 --cpu-period 100000 --cpu-burst 40000 "$CT"
  expect cpu cpu.cfs_burst_us 40000 cpu.max.burst 40000
  ketch update --cpu-quota 20000 --cpu-burst 10000 "$CT"
  expect cpu cpu.cfs_burst_us 10000 cpu.max.burst 10000
  run ketch update --cpu-quota 5000 "$CT"
  assert_status 1
  assert_output '$.linux.resources.cpu.burst'
  expect cpu cpu.cfs_quota_us 20000 cpu.max "20000 100000"
  ketch update --cpu-idle 1 "$CT"
  expect cpu cpu.idle 1 cpu.idle 1
  ketch update --cpu-idle 0 "$CT"
  expect cpu cpu.idle 0 cpu.idle 0
}

@test "update --resources: a document from a file and from standard input" {
  start_one
  echo '{"memory": {"limit": 83886080}, "pids": {"limit": 40}}' > "$TEST_DIR/r.json"
  ketch update --resources "$TEST_DIR/r.json" "$CT"
  expect memory memory.limit_in_bytes 83886080 memory.max 83886080
  ketch update --resources=- "$CT" <<< '{"memory": {"limit": 94371840}}'
  expect memory memory.limit_in_bytes 94371840 memory.max 94371840
  ketch update -r - "$CT" <<< '{"memory": {"limit": 104857600}}'
  expect memory memory.limit_in_bytes 104857600 memory.max 104857600
  expect pids pids.max 40 pids.max 40
  ketch update --resources "$TEST_DIR/r.json" --memory 90m "$CT"
  expect memory memory.limit_in_bytes 94371840 memory.max 94371840
}

@test "update: bad documents and values are told by place, and nothing changes" {
  edit '.linux.resources = {pids: {limit: 20}}'
  start_one
  run ketch update --resources - "$CT" <<< '{"pids": {"limit": "x"}}'
  assert_status 1
  assert_output '$.pids.limit'
  run ketch update --resources - "$CT" <<< '{'
  assert_status 1
  run ketch update --memory 12x "$CT"
  assert_status 1
  assert_output "--memory: '12x' is not a size"
  run ketch update --pids-limit many "$CT"
  assert_status 1
  assert_output "--pids-limit: 'many' is not a number"
  run ketch update --cpu-idle 2 "$CT"
  assert_status 1
  assert_output "--cpu-idle"
  run ketch update "$CT"
  assert_status 1
  assert_output "nothing to change"
  run ketch update --pids-limit 5 no-such-container
  assert_status 1
  assert_output "does not exist"
  expect pids pids.max 20 pids.max 20
  [ ! -e "$ROOT/$CT/resources.json" ]
}

@test "update --resources: what is unknown in the document is a warning with its place" {
  start_one
  printf '{"pids": {"limit": 30},\n "memory": {"limitt": 5}}' > "$TEST_DIR/r.json"
  ketch --log "$TEST_DIR/log" update --resources "$TEST_DIR/r.json" "$CT"
  expect pids pids.max 30 pids.max 30
  grep -qF "r.json:2:13: \$.memory.limitt: unknown property 'limitt' is ignored; did you mean 'limit'?" "$TEST_DIR/log"
  [ "$(wc -l < "$TEST_DIR/log")" = 1 ]
}

@test "update: a refusal by the kernel takes back what was written before" {
  edit '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}, cpu: {shares: 256}}'
  start_one
  # pids.max comes last, so the others have been written when it is refused
  run ketch update --memory 80m --cpu-share 512 --pids-limit 99999999999 "$CT"
  assert_status 1
  assert_output "pids.max: write '99999999999'"
  assert_output '$.linux.resources.pids.limit'
  expect memory memory.limit_in_bytes 67108864 memory.max 67108864
  expect cpu cpu.shares 256 cpu.weight 35
  expect pids pids.max 20 pids.max 20
  [ ! -e "$ROOT/$CT/resources.json" ]
  run ketch update --memory 80m --cpuset-cpus 0-9999 "$CT"
  assert_status 1
  assert_output "cpuset.cpus: write '0-9999'"
  expect memory memory.limit_in_bytes 67108864 memory.max 67108864
}

@test "update: a limit of memory below what is used is refused in figures" {
  edit '.linux.resources.memory = {limit: 134217728, checkBeforeUpdate: true}'
  start_one # which uses more than a page
  run ketch update --memory 4096 "$CT"
  assert_status 1
  [[ $output =~ memory\.(max|limit_in_bytes):\ 4096\ is\ below\ current\ usage\ [0-9]+ ]]
  assert_output '($.linux.resources.memory.limit)'
  expect memory memory.limit_in_bytes 134217728 memory.max 134217728
  kill -0 "$PID"
}

@test "update: created and paused containers, not stopped ones" {
  command_is sleep 1000
  create_one
  PID=$(pid_of "$CT")
  ketch update --pids-limit 30 "$CT"
  expect pids pids.max 30 pids.max 30
  ketch start "$CT"
  ketch pause "$CT"
  ketch update --pids-limit 31 "$CT"
  expect pids pids.max 31 pids.max 31
  ketch resume "$CT"
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  run ketch update --pids-limit 32 "$CT"
  assert_status 1
  assert_output "container not running"
}

@test "update: lists are merged by device, page size and file" {
  start_one
  local dev
  dev=$(cat /sys/block/*/dev | head -1)
  [ -n "$dev" ] || skip "no block device here: runs in tests/vm, boot limits"
  has_file blkio blkio.throttle.read_bps_device io.max || on_v2 || skip "no throttling here: runs in tests/vm, boot limits"
  jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n | {blockIO: {throttleReadBpsDevice: [{major: $n[0], minor: $n[1], rate: 1048576}]}}' |
    ketch update -r - "$CT"
  jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n | {blockIO: {throttleWriteIOPSDevice: [{major: $n[0], minor: $n[1], rate: 100}]}}' |
    ketch update -r - "$CT"
  if on_v2; then
    grep "^$dev rbps=1048576 .*wiops=100" "$(dir_of io)/io.max"
  else
    grep "^$dev 1048576" "$(dir_of blkio)/blkio.throttle.read_bps_device"
    grep "^$dev 100" "$(dir_of blkio)/blkio.throttle.write_iops_device"
  fi
  jq -n --arg d "$dev" '($d | split(":") | map(tonumber)) as $n | {blockIO: {throttleReadBpsDevice: [{major: $n[0], minor: $n[1], rate: 2097152}]}}' |
    ketch update -r - "$CT"
  jq -e '.blockIO.throttleReadBpsDevice | length == 1 and .[0].rate == 2097152' "$ROOT/$CT/resources.json"
  # taken back: the line of the device, not the whole file
  run bash -c "jq -n --arg d '$dev' '(\$d | split(\":\") | map(tonumber)) as \$n | {blockIO: {throttleReadBpsDevice: [{major: \$n[0], minor: \$n[1], rate: 7}],
    throttleWriteIOPSDevice: [{major: 4000, minor: 77, rate: 1}]}}' | '$KETCH' --root '$ROOT' update -r - '$CT'"
  assert_status 1
  assert_output '$.linux.resources.blockIO.throttleWriteIOPSDevice[1]'
  grep -E "^$dev (rbps=)?2097152" "$(dir_of "$(on_v2 && echo io || echo blkio)")/$(on_v2 && echo io.max || echo blkio.throttle.read_bps_device)"
}

@test "update: unified, and a missing controller by name" {
  start_one
  if on_v2; then
    ketch update -r - "$CT" <<< '{"unified": {"memory.high": "50331648", "pids.max": "44"}}'
    [ "$(cat "$(dir_of memory)/memory.high")" = 50331648 ]
    [ "$(cat "$(dir_of pids)/pids.max")" = 44 ]
    run ketch update -r - "$CT" <<< '{"unified": {"nosuch.max": "1"}}'
    assert_status 1
    assert_output "'nosuch'"
  else
    run ketch update -r - "$CT" <<< '{"unified": {"memory.high": "50331648"}}'
    assert_status 1
    assert_output "on cgroup v1"
  fi
  assert_output '$.linux.resources.unified["'
}

# What the container may read of the device C 1:11 (kmsg) and 1:8 (random).
may_read() {
  ketch exec "$CT" head -c1 "/dev/$1" > /dev/null 2>&1
}

@test "update: device rules are replaced, and taken back with a refusal" {
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}] | .linux.devices += [{path: "/dev/zz", type: "c", major: 1, minor: 5}, {path: "/dev/rtc9", type: "c", major: 1, minor: 1}]
    | .process.capabilities.bounding += ["CAP_SYS_RAWIO"]'
  start_one
  may_read zero
  refute may_read rtc9
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}, {"allow": false, "type": "c", "major": 1, "minor": 8, "access": "rw"}]}'
  refute may_read random
  may_read zero
  if on_v2; then :; else grep -q '^c 1:11 r' "$(dir_of devices)/devices.list"; fi
  run ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 99999999999}}'
  assert_status 1
  refute may_read random
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}]}'
  may_read random
  ketch update -r - "$CT" <<< '{"devices": [{"allow": true, "access": "rwm"}]}'
  may_read random
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}]}'
  may_read random
  ketch update --pids-limit 20 "$CT" # leaves them alone
  may_read random
}

@test "update: without a cgroup there is nothing to update" {
  edit 'del(.linux.resources)'
  command_is sleep 1000
  detached --cgroup-manager disabled run --detach -b "$BUNDLE" "$CT"
  run ketch update --pids-limit 5 "$CT"
  assert_status 1
  assert_output "has no cgroup"
}

@test "update: a signal in the middle comes when all is done" {
  command -v strace > /dev/null || skip "no strace here: runs in tests/vm, boot limits"
  start_one
  # TERM, as who runs this in the background may ignore INT; the first write goes into a cgroup's file
  run strace -qq -o /dev/null -e trace=write -e inject=write:signal=TERM:when=1 \
    "$KETCH" --root "$ROOT" update --cpu-share 100 --pids-limit 77 "$CT"
  assert_status 143
  [ "$(jq -c '[.cpu.shares, .pids.limit]' "$ROOT/$CT/resources.json")" = '[100,77]' ]
}
