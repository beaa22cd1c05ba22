#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd cgroup driver on hosts with cgroup v1 and hybrid hierarchies: the scope's cgroup in each hierarchy, whoever makes it there, limits
# that outlive a daemon-reload. Boots systemd-v1 and systemd-hybrid of tests/vm run them (Debian's 6.12 has no memory and no cpuset
# controller for v1: on the hybrid boot these are in the v2 hierarchy, on the other one nowhere).

load helpers

setup() {
  [ -d /run/systemd/system ] || skip "systemd does not run here: runs in tests/vm, boot systemd-…"
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip "this host has cgroup v2 alone: runs in tests/vm, boot systemd-…"
  test_setup
  UNIT=ketch-$CT.scope
  CG=/sys/fs/cgroup
}

teardown() {
  local status=0
  test_teardown || status=1
  [ -z "${UNIT:-}" ] || wait_for 10 no_units || { systemctl list-units --all --plain --no-legend "*$CT*" >&2; status=1; }
  return $status
}

no_units() {
  [ -z "$(systemctl list-units --all --plain --no-legend "*$CT*" | grep -v '\.slice ')" ]
}

start_sd() {
  command_is "${@:-sleep}" 1000
  ketch --systemd-cgroup run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  PID=$(pid_of "$CT")
}

prop() {
  systemctl show "${UNIT}" -p "$1" --value
}

same() {
  [ "$1" = "$2" ] || { echo "is '$1', not '$2'" >&2; return 1; }
}

# "HIERARCHY PATH" of each that is mounted, of process $1; v2's name is unified.
places() {
  local line name path
  while IFS=: read -r _ name path; do
    [ -d "$CG/${name#name=}" ] || continue
    [ -n "$name" ] || { name=unified; [ -d $CG/unified ] || continue; }
    echo "$name $path"
  done < "/proc/$1/cgroup"
}

@test "systemd on v1: the container is at the scope's path in every hierarchy" {
  local name path want made=yes
  [ ! -d "$CG/freezer/system.slice" ] || made='' # another runtime did
  start_sd
  while read -r name path; do
    want=/system.slice/$UNIT
    [ "$name" != devices ] || want+=/container
    same "$name $path" "$name $want"
    grep -qx "$PID" "$CG/${name#name=}$path/cgroup.procs"
  done < <(places "$PID")
  places "$PID" | grep -q '^pids '
  places "$PID" | grep -q '^freezer '
  same "$(prop ActiveState)" active
  same "$(prop Slice)" system.slice
  same "$(prop Delegate)" yes
  same "$(prop ControlGroup)" "/system.slice/$UNIT"
  systemctl status "$UNIT" --no-pager | grep -q "$PID sleep 1000"
  systemd-cgls --no-pager "/system.slice/$UNIT" | grep -q "$PID sleep 1000"
  # in a cgroup namespace all are the root, and an exec'ed process is in all of them
  run ketch exec "$CT" cat /proc/self/cgroup
  assert_status 0
  refute_output "/."
  refute_output scope
  same "$(ketch ps -f json "$CT" | jq -c .)" "[$PID]"
  jq -e . < <(ketch events --stats "$CT") > /dev/null
  ketch delete --force "$CT"
  wait_for 10 no_units
  [ -z "$made" ] || [ ! -d "$CG/freezer/system.slice" ] # made on the way, for nobody else
}

limits() {
  edit '.linux.resources += {pids: {limit: 55}, cpu: {shares: 512, quota: 150000, period: 50000}}'
  [ ! -e $CG/net_cls/tasks ] || edit '.linux.resources.network = {classID: 1048577}'
}

check_files() {
  same "$(cat "$CG/pids/system.slice/$UNIT/pids.max")" 55
  same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.shares")" 512
  same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.cfs_quota_us")" 150000
  same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.cfs_period_us")" 50000
  [ ! -e $CG/net_cls/tasks ] || same "$(cat "$CG/net_cls/system.slice/$UNIT/net_cls.classid")" 1048577
}

@test "systemd on v1: limits are files and properties, and daemon-reload loses none" {
  limits
  start_sd
  check_files
  same "$(prop TasksMax)" 55
  same "$(prop CPUShares)" 512
  same "$(prop CPUQuotaPerSecUSec)" 3s
  same "$(prop CPUQuotaPeriodUSec)" 50ms
  systemctl daemon-reload
  check_files
  systemctl set-property --runtime "$UNIT" TasksMax=66 # systemd writes what it has
  same "$(cat "$CG/pids/system.slice/$UNIT/pids.max")" 66
  same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.shares")" 512
}

@test "systemd on v1: update changes file and property, a quota with the period that is there" {
  limits
  start_sd
  ketch update --pids-limit 20 --cpu-share 300 --cpu-quota 25000 "$CT"
  check() {
    same "$(cat "$CG/pids/system.slice/$UNIT/pids.max")" 20
    same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.shares")" 300
    same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.cfs_quota_us")" "$1"
    same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.cfs_period_us")" "$2"
  }
  check 25000 50000
  same "$(prop TasksMax)" 20
  same "$(prop CPUShares)" 300
  same "$(prop CPUQuotaPerSecUSec)" 500ms
  systemctl daemon-reload
  check 25000 50000
  ketch update --cpu-period 100000 "$CT"
  same "$(prop CPUQuotaPerSecUSec)" 250ms
  systemctl daemon-reload
  check 25000 100000
  ketch events --stats "$CT" | jq -e '.data.pids.limit == 20'
  ketch update --cpu-quota 12345 "$CT"
  check 12345 100000
}

@test "systemd on v1: a CPU quota is exact until systemd writes it" {
  edit '.linux.resources.cpu = {quota: 12345}'
  start_sd
  same "$(cat "$CG/cpu/system.slice/$UNIT/cpu.cfs_quota_us")" 12345
  # 252 writes with each daemon-reload, in whole percents of a processor; 257 does not
  systemctl daemon-reload
  grep -qxE '12345|13000' "$CG/cpu/system.slice/$UNIT/cpu.cfs_quota_us"
}

@test "systemd on v1: memory and CPU sets, where the host has them" {
  local h
  h=$(awk '$1 == "memory" { print $2 }' /proc/cgroups)
  [ "$h" != 0 ] || [ -d $CG/unified ] || skip "no hierarchy has the memory controller: runs in tests/vm, boot systemd-hybrid"
  edit '.linux.resources = {memory: {limit: 134217728}, cpu: {cpus: "0"}}'
  start_sd
  check() {
    if [ -e $CG/memory/tasks ]; then
      same "$(cat "$CG/memory/system.slice/$UNIT/memory.limit_in_bytes")" "$1"
    else
      same "$(cat "$CG/unified/system.slice/$UNIT/memory.max")" "$1"
    fi
  }
  check 134217728
  [ -e $CG/cpuset/tasks ] || same "$(cat "$CG/unified/system.slice/$UNIT/cpuset.cpus")" 0
  systemctl daemon-reload
  check 134217728
  ketch update --memory 67108864 "$CT"
  check 67108864
  systemctl daemon-reload
  check 67108864
  ketch events --stats "$CT" | jq -e '.data.memory.usage.limit == 67108864'
}

# The list that the kernel has, in a line.
device_list() {
  sort "$CG/devices/system.slice/$UNIT/container/devices.list" | tr '\n' ';'
}

@test "systemd on v1: device rules are not touched by systemd" {
  local before
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'
  start_sd
  before=$(device_list)
  [[ $before == *"c 10:229 rw;"* ]]
  systemctl daemon-reload
  same "$(device_list)" "$before"
  systemctl set-property --runtime "$UNIT" CPUShares=700 DevicePolicy=closed
  same "$(device_list)" "$before"
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"}]}'
  device_list | grep -q "c 1:11 rw;"
  systemctl daemon-reload
  device_list | grep -q "c 1:11 rw;"
  ketch devices -f json "$CT" | jq -e '.enforcedBy != "nobody"'
}

@test "systemd on v1: all devices but one, for which systemd has no words" {
  mknod "$TEST_DIR/node" c 1 11 2> /dev/null || skip "device nodes can't be made here: runs in tests/vm, boot systemd-…"
  edit '.linux.resources.devices = [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 11, access: "rw"}]
    | .linux.devices += [{path: "/dev/other", type: "c", major: 1, minor: 11}]'
  start_sd
  for _ in 1 2; do
    run ketch exec "$CT" sh -c ': > /dev/other'
    assert_output "not permitted"
    ketch exec "$CT" sh -c ': > /dev/null'
    systemctl daemon-reload
  done
}

@test "systemd on v1: pause, resume, exec --cgroup" {
  start_sd
  ketch pause "$CT"
  status_is "$CT" paused
  same "$(cat "$CG/freezer/system.slice/$UNIT/freezer.state")" FROZEN
  ketch resume "$CT"
  status_is "$CT" running
  mkdir "$CG/pids/system.slice/$UNIT/in"
  ketch exec --cgroup pids:/in "$CT" sleep 1001 &
  wait_for 50 grep -q . "$CG/pids/system.slice/$UNIT/in/cgroup.procs"
  ketch kill --all "$CT" KILL
  wait
  wait_for 20 status_is "$CT" stopped
  ketch delete "$CT"
}

@test "systemd on v1: run.oci.systemd.subgroup names a cgroup below in all hierarchies" {
  edit '.annotations["run.oci.systemd.subgroup"] = "payload"'
  limits
  start_sd
  local name path
  while read -r name path; do
    same "$name $path" "$name /system.slice/$UNIT/payload"
  done < <(places "$PID")
  same "$(cat "$CG/pids/system.slice/$UNIT/payload/pids.max")" 55
  same "$(cat "$CG/cpu/system.slice/$UNIT/payload/cpu.cfs_quota_us")" 150000
  same "$(prop TasksMax)" 55
  ketch exec "$CT" true
  ketch delete --force "$CT"
}

@test "systemd on v1: a cgroup of that name that others are in is refused, and stays" {
  mkdir -p "$CG/freezer/system.slice/$UNIT"
  sleep 1000 &
  local other=$!
  echo $other > "$CG/freezer/system.slice/$UNIT/cgroup.procs"
  command_is sleep 1000
  run ketch --systemd-cgroup run -b "$BUNDLE" "$CT" < /dev/null
  kill -0 $other
  echo $other > "$CG/freezer/cgroup.procs"
  kill $other
  rmdir "$CG/freezer/system.slice/$UNIT" "$CG/freezer/system.slice"
  assert_status 1
  assert_output "is in use"
}

@test "systemd on v1: the container's view of its cgroups" {
  start_sd
  run ketch exec "$CT" sh -c 'ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs'
  assert_status 0
  assert_output freezer
  assert_output devices
  [[ $output == *$'\n1'* ]]
  edit 'del(.linux.namespaces[] | select(.type == "cgroup"))'
  ketch delete --force "$CT"
  start_sd
  run ketch exec "$CT" sh -c 'cat /sys/fs/cgroup/pids/cgroup.procs /sys/fs/cgroup/devices/cgroup.procs'
  assert_status 0
  [[ $output == 1$'\n'* ]]
  ketch delete --force "$CT"
}

@test "systemd on v1: an ordinary user's container is a scope of the user's manager" {
  id tester > /dev/null 2>&1 || skip "there is no user tester: runs in tests/vm, boot systemd-…"
  loginctl enable-linger tester
  wait_for 60 test -S /run/user/1000/systemd/private
  chmod 755 "$TEST_DIR"
  cp -a "$BUNDLE" "$TEST_DIR/user"
  mkdir "$TEST_DIR/r" "$TEST_DIR/user/root"
  (cd "$TEST_DIR/r" && "$KETCH" spec --rootless)
  jq '.process.args = ["sleep", "1000"] | .process.terminal = false | .linux.uidMappings[0].hostID = 1000 | .linux.gidMappings[0].hostID = 1000' \
    "$TEST_DIR/r/config.json" > "$TEST_DIR/user/config.json"
  chown -R tester: "$TEST_DIR/user"
  tester() {
    runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 "$KETCH" --root "$TEST_DIR/user/root" "$@"
  }
  tester --systemd-cgroup run -d -b "$TEST_DIR/user" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  PID=$(tester state "$CT" | jq .pid)
  places "$PID" | grep -qx "name=systemd /user.slice/user-1000.slice/user@1000.service/.*$UNIT"
  tester exec "$CT" true
  tester delete --force "$CT"
}
