#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd cgroup driver against a real systemd: units, properties, limits that outlive a daemon-reload, leftovers, the user's manager.
# Where systemd does not run these tests skip; boot systemd of tests/vm runs them all. On a host with cgroup v1 or hybrid hierarchies those
# run that are the same there (boots systemd-v1 and systemd-hybrid); what differs is in 52-systemd-v1.bats.

load helpers

setup() {
  [ -d /run/systemd/system ] || skip "systemd does not run here: runs in tests/vm, boot systemd"
  CG=/sys/fs/cgroup HIERARCHY='' BELOW=/container # where systemd has its units, and what is below the scope there
  [ -e $CG/cgroup.controllers ] || CG=/sys/fs/cgroup/systemd HIERARCHY=name=systemd BELOW=
  test_setup
  UNIT=ketch-$CT.scope
}

teardown() {
  local status=0
  test_teardown || status=1
  [ -z "${UNIT:-}" ] || assert_no_units || status=1
  return $status
}

assert_no_units() {
  wait_for 10 no_units || { systemctl list-units --all --plain --no-legend "*$CT*" >&2; return 1; }
}

no_units() {
  [ -z "$(systemctl list-units --all --plain --no-legend "*$CT*" | grep -v '\.slice ')" ]
}

sd() {
  ketch --systemd-cgroup "$@"
}

start_sd() {
  command_is "${@:-sleep}" 1000
  sd run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  PID=$(pid_of "$CT")
  DIR=$CG$(sed -n "s/^[0-9]*:$HIERARCHY://p" "/proc/$PID/cgroup")
}

# refused_sd WORDS: `run` fails with them.
refused_sd() {
  run sd run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "$1"
}

# For what is said of files of cgroup v2.
v2_only() {
  [ -z "$HIERARCHY" ] || skip "this host has not cgroup v2 alone: runs in tests/vm, boot systemd"
}

# prop NAME: of the unit
prop() {
  systemctl show "${UNIT}" -p "$1" --value
}

same() {
  [ "$1" = "$2" ] || { echo "is '$1', not '$2'" >&2; return 1; }
}

@test "systemd: a delegated scope in system.slice with the processes in a cgroup below" {
  v2_only
  start_sd
  same "$DIR" "/sys/fs/cgroup/system.slice/$UNIT/container"
  same "$(prop ActiveState)" active
  same "$(prop Slice)" system.slice
  same "$(prop Delegate)" yes
  same "$(prop CollectMode)" inactive-or-failed
  same "$(prop Description)" "ketch container $CT"
  same "$(prop DefaultDependencies)" no
  same "$(prop TasksMax)" infinity
  systemctl status "$UNIT" --no-pager | grep -q "$PID sleep 1000"
  systemd-cgls --no-pager "/system.slice/$UNIT" | grep -q "$PID sleep 1000"
  same "$(cat "$DIR/cgroup.controllers")" "$(cat "$DIR/../cgroup.controllers")"
  run ketch exec "$CT" cat /proc/self/cgroup
  same "$output" "0::/"
  same "$(ketch ps -f json "$CT" | jq -c .)" "[$PID]"
}

limits() {
  edit '.linux.resources = {memory: {limit: 134217728, reservation: 67108864, swap: 134217728}, pids: {limit: 55},
    cpu: {shares: 512, quota: 150000, period: 50000, cpus: "0", mems: "0"}, blockIO: {weight: 500}, unified: {"memory.high": "100000000"},
    devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 195, minor: 7, access: "rw"},
      {allow: true, type: "c", major: 240, access: "rwm"}]}'
}

# What the kernel has, in the container's cgroup (with DIR) or the scope's.
check_files() {
  same "$(cat "$1/memory.max")" 134217728
  same "$(cat "$1/memory.low")" 67108864
  same "$(cat "$1/memory.swap.max")" 0
  same "$(cat "$1/memory.high")" 99999744
  same "$(cat "$1/pids.max")" 55
  same "$(cat "$1/cpu.weight")" 59
  same "$(cat "$1/cpu.max")" "150000 50000"
  same "$(cat "$1/cpuset.cpus")" 0
  same "$(head -1 "$1/io.weight")" "default 4950"
}

@test "systemd: limits are properties and files, and daemon-reload loses none" {
  v2_only
  limits
  start_sd
  check_files "$DIR"
  check_files "$DIR/.."
  same "$(prop MemoryMax)" 134217728
  same "$(prop MemorySwapMax)" 0
  same "$(prop TasksMax)" 55
  same "$(prop CPUWeight)" 59
  same "$(prop CPUQuotaPerSecUSec)" 3s
  same "$(prop CPUQuotaPeriodUSec)" 50ms
  same "$(prop AllowedCPUs)" 0
  same "$(prop IOWeight)" 4950
  same "$(prop DevicePolicy)" strict
  systemctl show "$UNIT" -p DeviceAllow | grep -q "/dev/char/195:7 rw"
  systemctl show "$UNIT" -p DeviceAllow | grep -q "char-240 rwm"
  systemctl daemon-reload
  check_files "$DIR"
  check_files "$DIR/.."
}

@test "systemd: devices stay open, and closed, over daemon-reload" {
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]
    | .process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"]
    | .process.capabilities.effective += ["CAP_MKNOD"] | .root.readonly = false'
  start_sd
  ketch exec "$CT" mknod /dev/allowed c 10 229
  ketch exec "$CT" mknod /dev/other c 1 1
  tries() {
    # fuse: opened, or at least not refused by a device rule
    run ketch exec "$CT" sh -c ': < /dev/allowed'
    refute_output "not permitted"
    run ketch exec "$CT" sh -c ': < /dev/other'
    assert_output "not permitted"
    ketch exec "$CT" sh -c ': > /dev/null'
  }
  tries
  systemctl daemon-reload
  tries
}

@test "systemd: update changes file and property" {
  v2_only
  limits
  start_sd
  ketch update --memory 67108864 --memory-swap 67108864 --memory-reservation 1048576 --pids-limit 20 --cpu-share 1024 "$CT"
  same "$(cat "$DIR/memory.max")" 67108864
  same "$(prop MemoryMax)" 67108864
  same "$(prop TasksMax)" 20
  same "$(cat "$DIR/../pids.max")" 20
  same "$(prop CPUWeight)" 100
  systemctl daemon-reload
  same "$(cat "$DIR/../memory.max")" 67108864
  ketch events --stats "$CT" | jq -e '.data | .pids.limit == 20 and .memory.usage.limit == 67108864 and .cpu.usage.total > 0'
  ketch devices -f json "$CT" | jq -e '.enforcedBy != "nobody"'
}

@test "systemd: update of device rules reaches the unit, and outlives a daemon-reload" {
  edit '.linux.devices += [{path: "/dev/other", type: "c", major: 1, minor: 11}] | .linux.resources.devices = [{allow: false, access: "rwm"}]'
  # kmsg: opening it for writing needs no capability
  start_sd
  run ketch exec "$CT" sh -c ': > /dev/other'
  assert_output "not permitted"
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"}]}'
  ketch exec "$CT" sh -c ': > /dev/other'
  systemctl daemon-reload
  ketch exec "$CT" sh -c ': > /dev/other; : > /dev/null'
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}]}'
  run ketch exec "$CT" sh -c ': > /dev/other'
  assert_output "not permitted"
  ketch exec "$CT" sh -c ': > /dev/null'
}

@test "systemd: set-property of an administrator holds" {
  v2_only
  start_sd
  systemctl set-property --runtime "$UNIT" MemoryMax=64M TasksMax=99
  same "$(cat "$DIR/../memory.max")" 67108864
  same "$(cat "$DIR/../pids.max")" 99
}

@test "systemd: cgroupsPath slice:prefix:name, with nested slices" {
  edit --arg s "kt$$-a-b.slice:pre:$CT" '.linux.cgroupsPath = $s'
  UNIT=pre-$CT.scope
  start_sd
  same "$DIR" "$CG/kt$$.slice/kt$$-a.slice/kt$$-a-b.slice/pre-$CT.scope$BELOW"
  same "$(prop Slice)" "kt$$-a-b.slice"
  ketch delete --force "$CT"
  edit --arg s "/$CT" '.linux.cgroupsPath = $s'
  refused_sd '$.linux.cgroupsPath'
  assert_output 'is not of the form SLICE:PREFIX:NAME'
}

@test "systemd: controllers it does not know are handed down to the container: huge pages, rdma, misc" {
  v2_only
  edit '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
  start_sd
  same "$(cat "$DIR/hugetlb.2MB.max")" 4194304
  systemctl daemon-reload
  same "$(cat "$DIR/hugetlb.2MB.max")" 4194304
  ketch update -r - "$CT" <<< '{"hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]}'
  same "$(cat "$DIR/hugetlb.2MB.max")" 2097152
  ketch delete --force "$CT"
  edit '.linux.resources = {rdma: {nosuch: {hcaHandles: 1}}}'
  refused_sd "rdma.max: write 'nosuch hca_handle=1': No such device"
  edit '.linux.resources = {unified: {"misc.max": "nosuch 1"}}'
  refused_sd "misc.max: write 'nosuch 1': Invalid argument"
}

@test "systemd: a name that could be a file of the kernel's, or begins with an underscore, has one more in the tree" {
  v2_only
  for UNIT in "memory.$CT.scope" "_$CT.scope"; do
    edit --arg s "system.slice::$UNIT" '.linux.cgroupsPath = $s'
    start_sd
    same "$DIR" "/sys/fs/cgroup/system.slice/_$UNIT/container"
    same "$(prop ActiveState)" active
    same "$(ketch exec "$CT" cat /proc/self/cgroup)" "0::/"
    ketch update --pids-limit 20 "$CT"
    same "$(prop TasksMax)" 20
    ketch delete --force "$CT"
    assert_no_units
  done
}

@test "systemd: run.oci.systemd.subgroup names the cgroup below, or takes it away" {
  v2_only
  edit '.annotations["run.oci.systemd.subgroup"] = "payload"'
  start_sd
  same "$DIR" "/sys/fs/cgroup/system.slice/$UNIT/payload"
  ketch delete --force "$CT"
  edit '.annotations["run.oci.systemd.subgroup"] = ""'
  limits
  start_sd
  same "$DIR" "/sys/fs/cgroup/system.slice/$UNIT"
  check_files "$DIR"
  same "$(ketch exec "$CT" cat /proc/self/cgroup)" "0::/"
  ketch pause "$CT"
  status_is "$CT" paused
  ketch resume "$CT"
  systemctl daemon-reload
  check_files "$DIR"
  ketch delete --force "$CT"
}

@test "systemd: annotations are properties; bad ones leave nothing" {
  edit '.annotations += {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.KillSignal": "int32 37",
    "org.systemd.property.Description": "\u0027my own\u0027", "org.systemd.property.After": "[\u0027basic.target\u0027]"}'
  start_sd
  same "$(prop TimeoutStopUSec)" 7s
  same "$(prop KillSignal)" 37
  same "$(prop Description)" "my own"
  prop After | grep -q basic.target
  ketch delete --force "$CT"
  edit '.annotations["org.systemd.property.PIDs"] = "[1]"'
  refused_sd "is set by ketch itself"
  edit 'del(.annotations["org.systemd.property.PIDs"]) | .annotations["org.systemd.property.NoSuchThing"] = "1"'
  refused_sd NoSuchThing
  assert_clean
  assert_no_units
}

@test "systemd: exec goes where init has moved to" {
  v2_only
  edit '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= map(select(. != "ro"))'
  command_is sh -c 'mkdir /sys/fs/cgroup/in && echo 0 > /sys/fs/cgroup/in/cgroup.procs && echo +pids > /sys/fs/cgroup/cgroup.subtree_control && exec sleep 1000'
  sd run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 20 grep -q /in "/proc/$(pid_of "$CT")/cgroup"
  wait_for 20 grep -q pids "/sys/fs/cgroup/system.slice/$UNIT/container/cgroup.subtree_control"
  same "$(ketch exec "$CT" cat /proc/self/cgroup)" "0::/in"
  ketch delete --force "$CT"
}

@test "systemd: the end of the container is the end of the unit, whoever ends it" {
  command_is true
  run sd run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_no_units
  start_sd
  kill -9 "$PID"
  wait_for 20 status_is "$CT" stopped
  ketch delete "$CT"
  assert_no_units
  edit '.annotations["org.systemd.property.TimeoutStopSec"] = "3"' # sleep, as process 1, has no ear for SIGTERM
  start_sd
  systemctl stop "$UNIT" &
  wait_for 100 status_is "$CT" stopped
  wait
  ketch delete "$CT"
  start_sd
  ketch pause "$CT"
  ketch delete --force "$CT"
}

@test "systemd: kill --all, and what survives init without a pid namespace" {
  edit 'del(.linux.namespaces[] | select(.type == "pid"))'
  command_is sh -c 'sleep 1001 & sleep 1002 & exec sleep 1000'
  sd run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 20 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 3 ]'
  kill -9 "$(pid_of "$CT")"
  wait_for 20 status_is "$CT" stopped
  ketch delete "$CT"
  assert_no_units
}

@test "systemd: a failed unit of the same name is cleared" {
  systemd-run --quiet --unit="$UNIT" --scope -p RuntimeMaxSec=1 sleep 1000 || true
  wait_for 20 eval '[ "$(prop ActiveState)" = failed ]'
  command_is true
  run sd run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
}

@test "systemd: a live unit of the same name is an error, and stays" {
  systemd-run --quiet --unit="$UNIT" --scope sleep 1000 &
  wait_for 20 eval '[ "$(prop ActiveState)" = active ]'
  command_is true
  refused_sd "systemd has a unit '$UNIT' already"
  same "$(prop ActiveState)" active
  systemctl stop "$UNIT"
  wait
}

@test "systemd: a job that fails is an error with its result, and leaves nothing" {
  printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' > "/run/systemd/system/$CT-false.service"
  systemctl daemon-reload
  edit --arg u "['$CT-false.service']" '.annotations += {"org.systemd.property.Requires": $u, "org.systemd.property.After": $u}'
  command_is true
  run sd run -b "$BUNDLE" "$CT" < /dev/null
  rm "/run/systemd/system/$CT-false.service"
  systemctl reset-failed "$CT-false.service"
  systemctl daemon-reload
  assert_status 1
  assert_output "the job to start '$UNIT' ended with 'dependency'"
  assert_clean
  assert_no_units
}

@test "systemd: --cgroup-manager names the driver, too" {
  command_is sleep 1000
  detached --cgroup-manager systemd run --detach -b "$BUNDLE" "$CT"
  same "$(prop ActiveState)" active
  ketch delete --force "$CT"
  detached --systemd-cgroup --cgroup-manager cgroupfs run --detach -b "$BUNDLE" "$CT" # which wins: it says more
  same "$(prop ActiveState)" inactive
}

@test "systemd: a ketch that is killed leaves what delete --force clears" {
  printf '#!/bin/sh\nsleep 1000\n' > "$TEST_DIR/hook"
  chmod +x "$TEST_DIR/hook"
  edit --arg h "$TEST_DIR/hook" '.hooks.createRuntime = [{path: $h}]'
  bg --systemd-cgroup create -b "$BUNDLE" "$CT" &
  local creator=$!
  wait_for 30 eval '[ -e "$ROOT/$CT/journal" ] && grep -q "^hook " "$ROOT/$CT/journal"'
  same "$(prop ActiveState)" active
  grep -q "^scope $UNIT" "$ROOT/$CT/journal"
  kill -9 "$creator"
  wait "$creator" || true
  ketch delete --force "$CT"
  assert_no_units
}

@test "systemd: a namespace joined by path: the first child is moved, init is born there" {
  edit '(.linux.namespaces[] | select(.type == "network")) += {path: "/proc/1/ns/net"}'
  start_sd
  same "$DIR" "$CG/system.slice/$UNIT$BELOW"
  ketch delete --force "$CT"
}

@test "systemd: root of the container owns its cgroup's delegated files" {
  v2_only
  edit '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= map(select(. != "ro"))
    | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  chmod 755 "$TEST_DIR"
  start_sd
  same "$(stat -c %u "$DIR")" 100000
  same "$(stat -c %u "$DIR/cgroup.procs")" 100000
  same "$(stat -c %u "$DIR/memory.max")" 0
  same "$(stat -c %u "$DIR/..")" 0
  ketch exec "$CT" mkdir /sys/fs/cgroup/sub
  ketch delete --force "$CT"
}

@test "systemd: N containers at once leave nothing" {
  at_once --systemd-cgroup
  assert_no_units
}

# ---- the user's manager ----

# A bundle and a state root of the user tester, whose manager runs.
as_tester() {
  id tester > /dev/null 2>&1 || skip "there is no user tester: runs in tests/vm, boot systemd"
  loginctl enable-linger tester
  wait_for 60 test -S /run/user/1000/systemd/private
  USER_DIR=$TEST_DIR/user
  chmod 755 "$TEST_DIR"
  cp -a "$BUNDLE" "$USER_DIR"
  "$KETCH" spec --rootless -b "$TEST_DIR/r" 2> /dev/null || { mkdir "$TEST_DIR/r"; (cd "$TEST_DIR/r" && "$KETCH" spec --rootless); }
  jq '.process.args = ["sleep", "1000"] | .process.terminal = false | .linux.uidMappings[0].hostID = 1000 | .linux.gidMappings[0].hostID = 1000' \
    "$TEST_DIR/r/config.json" > "$USER_DIR/config.json"
  mkdir -p "$USER_DIR/root"
  chown -R tester: "$USER_DIR"
}

tester() {
  runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 "$KETCH" --root "$USER_DIR/root" "$@"
}

user_prop() {
  runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 systemctl --user show "$UNIT" -p "$1" --value
}

@test "systemd: an ordinary user's container is a scope of the user's manager" {
  v2_only
  as_tester
  jq '.linux.resources = {memory: {limit: 134217728}, pids: {limit: 33}, cpu: {shares: 512}}' "$USER_DIR/config.json" > "$USER_DIR/c"
  cat "$USER_DIR/c" > "$USER_DIR/config.json"
  tester --systemd-cgroup run -d -b "$USER_DIR" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  PID=$(tester state "$CT" | jq .pid)
  DIR=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
  same "$DIR" "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/$UNIT/container"
  same "$(cat "$DIR/memory.max")" 134217728
  same "$(user_prop MemoryMax)" 134217728
  same "$(user_prop TasksMax)" 33
  same "$(tester exec "$CT" cat /proc/self/cgroup)" "0::/"
  tester update --pids-limit 44 "$CT"
  same "$(user_prop TasksMax)" 44
  tester events --stats "$CT" | jq -e '.data.pids.limit == 44'
  tester pause "$CT"
  same "$(tester state "$CT" | jq -r .status)" paused
  tester resume "$CT"
  tester delete --force "$CT"
  same "$(user_prop ActiveState)" inactive
}

@test "systemd: a user without a manager is told what is missing" {
  as_tester
  run runuser -u nobody -- env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$KETCH" --root /tmp/none --systemd-cgroup run -b "$USER_DIR" "$CT" < /dev/null
  assert_status 1
  rm -rf /tmp/none
  assert_output "connect to the user's systemd"
}

@test "systemd: root of a user's namespace, as rootless Podman is, uses the user's manager" {
  v2_only
  as_tester
  jq 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user")) | .linux.resources = {pids: {limit: 33}}
    | .mounts |= map(select(.destination != "/dev/pts"))' "$USER_DIR/config.json" > "$USER_DIR/c"
  cat "$USER_DIR/c" > "$USER_DIR/config.json"
  in_userns() {
    runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 unshare --user --map-root-user "$KETCH" --root "$USER_DIR/root" "$@"
  }
  in_userns --systemd-cgroup run -d -b "$USER_DIR" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  same "$(user_prop TasksMax)" 33
  same "$(user_prop ActiveState)" active
  in_userns delete --force "$CT"
  same "$(user_prop ActiveState)" inactive
}

@test "systemd: without the private socket the message bus does" {
  start_sd
  ketch delete --force "$CT"
  # a mount over it, for ketch alone
  command_is sleep 1000
  unshare --mount sh -c 'mount --bind /dev/null /run/systemd/private && exec "$@" < /dev/null > "$0" 2>&1' "$TEST_DIR/out" \
    "$KETCH" --root "$ROOT" --systemd-cgroup run -d -b "$BUNDLE" "$CT" || { cat "$TEST_DIR/out" >&2; return 1; }
  same "$(prop ActiveState)" active
  ketch delete --force "$CT"
}
