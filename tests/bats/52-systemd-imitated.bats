#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd cgroup driver on a host with cgroup v1 or hybrid hierarchies and without systemd: tests/bats/imitate-systemd.py stands in for it, also
# for an old one. The real one: 52-systemd-v1.bats, whose kernel has neither memory nor CPU sets on v1.

load helpers

setup() {
  [ ! -d /run/systemd/system ] || skip "systemd runs here, 52-systemd.bats and 52-systemd-v1.bats ask it: runs in tests/vm, boot v1"
  [ -d /sys/fs/cgroup/systemd ] || skip "this host has no hierarchy name=systemd: runs in tests/vm, boot v1"
  TEST_DIR=$(mktemp -d /tmp/ketch-test.XXXXXX)
  ROOT=$TEST_DIR/root
  BUNDLE=$TEST_DIR/bundle
  CT=kt$$-$BATS_TEST_NUMBER
  SLICE=kt$$x$BATS_TEST_NUMBER.slice
  UNIT=ketch-$CT.scope
  CG=/sys/fs/cgroup
  make_bundle "$BUNDLE"
  edit --arg p "$SLICE:ketch:$CT" '.linux.cgroupsPath = $p'
  with_systemd
}

teardown() {
  [ -n "${TEST_DIR:-}" ] || return 0
  local id status=0
  for id in $(sd list -q 2>/dev/null); do
    sd delete --force "$id" || true
  done
  kill "$SYSTEMD"
  wait "$SYSTEMD" 2>/dev/null || true
  [ -z "$(find $CG -maxdepth 2 -name "$SLICE")" ] || { find $CG -maxdepth 2 -name "$SLICE" >&2; status=1; }
  test_teardown || status=1
  return $status
}

# with_systemd [--old]: in a mount namespace, which sd enters
with_systemd() {
  rm -f "$TEST_DIR/private"
  unshare --mount --propagation private sh -c 'mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/system &&
    exec python3 "$@"' sh "$BATS_TEST_DIRNAME/imitate-systemd.py" /run/systemd/private "$@" > "$TEST_DIR/calls" 3>&- &
  SYSTEMD=$!
  wait_for 100 test -S "/proc/$SYSTEMD/root/run/systemd/private"
}

sd() {
  nsenter -t "$SYSTEMD" -m "$KETCH" --root "$ROOT" "$@"
}

start_sd() {
  command_is sleep 1000
  sd --systemd-cgroup run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  PID=$(pid_of "$CT")
}

same() {
  [ "$1" = "$2" ] || { echo "is '$1', not '$2'" >&2; return 1; }
}

# told WORDS: a line that systemd was told, or a call
told() {
  grep -qxF -- "$1" "$TEST_DIR/calls" || { cat "$TEST_DIR/calls" >&2; return 1; }
}

# file HIERARCHY NAME: what the scope's cgroup has
file() {
  cat "$CG/$1/$SLICE/$UNIT/$2"
}

limits() {
  edit '.linux.resources += {pids: {limit: 55}, cpu: {shares: 512, quota: 150000, period: 50000}}'
  [ ! -d $CG/memory ] || edit '.linux.resources.memory = {limit: 134217728, reservation: 67108864}'
  [ ! -d $CG/cpuset ] || edit '.linux.resources.cpu.cpus = "0"'
}

@test "imitated systemd: the scope's path in every hierarchy, those that systemd leaves out made by ketch" {
  limits
  start_sd
  local name want
  while IFS=: read -r _ name want; do
    [ -n "$name" ] || { name=unified; [ -d $CG/unified ] || continue; }
    [ -d "$CG/${name#name=}" ] || continue
    if [ "$name" = devices ]; then same "$want" "/$SLICE/$UNIT/container"; else same "$name $want" "$name /$SLICE/$UNIT"; fi
  done < "/proc/$PID/cgroup"
  same "$(file pids pids.max)" 55
  same "$(file cpu cpu.shares)" 512
  same "$(file cpu cpu.cfs_quota_us)" 150000
  same "$(file cpu cpu.cfs_period_us)" 50000
  same "$(file freezer freezer.state)" THAWED
  told "StartTransientUnit $UNIT"
  told Delegate=1
  told CollectMode=inactive-or-failed
  told TasksMax=55
  told CPUShares=512
  told CPUQuotaPerSecUSec=3000000
  told CPUQuotaPeriodUSec=50000
  refute grep -q Device "$TEST_DIR/calls"
  run sd exec "$CT" cat /proc/self/cgroup
  refute_output "/."
  refute_output scope
  sd update --cpu-quota 25000 "$CT"
  told CPUQuotaPerSecUSec=500000
  sd events --stats "$CT" | jq -e '.data.pids.limit == 55'
  sd pause "$CT"
  status_is "$CT" paused
  sd resume "$CT"
  same "$(sd ps -f json "$CT" | jq length)" 1
  sd delete --force "$CT"
  told "StopUnit $UNIT"
}

@test "imitated systemd: memory and CPU sets on v1" {
  [ -d $CG/memory ] && [ -d $CG/cpuset ] || skip "no v1 hierarchy has memory and cpuset here: runs in tests/vm, boot oldest"
  limits
  start_sd
  same "$(file memory memory.limit_in_bytes)" 134217728
  same "$(file memory memory.soft_limit_in_bytes)" 67108864
  same "$(file cpuset cpuset.cpus)" 0
  told MemoryLimit=134217728
  sd update --memory 67108864 "$CT"
  same "$(file memory memory.limit_in_bytes)" 67108864
  told MemoryLimit=67108864
  sd events --stats "$CT" | jq -e '.data.memory.usage.limit == 67108864'
}

@test "imitated systemd: one that does not know the younger properties" {
  kill "$SYSTEMD"
  with_systemd --old
  limits
  start_sd
  told CPUQuotaPerSecUSec=3000000
  same "$(grep -c '^StartTransientUnit' "$TEST_DIR/calls")" 2
  same "$(file cpu cpu.cfs_period_us)" 50000
  sd update --pids-limit 20 --cpu-period 25000 "$CT"
  told TasksMax=20
  same "$(file cpu cpu.cfs_period_us)" 25000
}

@test "imitated systemd: a refused limit, or a cgroup that others are in, leaves nothing" {
  limits
  edit '.linux.resources.blockIO = {throttleReadBpsDevice: [{major: 240, minor: 77, rate: 5}]}'
  command_is sleep 1000
  run sd --systemd-cgroup run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output 'blkio.throttle.read_bps_device'
  assert_clean
  [ ! -d "$CG/blkio" ] || told "StopUnit $UNIT" # without the controller there was no unit
  edit 'del(.linux.resources.blockIO)'
  mkdir -p "$CG/freezer/$SLICE/$UNIT"
  sleep 1000 &
  local other=$!
  echo $other > "$CG/freezer/$SLICE/$UNIT/cgroup.procs"
  run sd --systemd-cgroup run -b "$BUNDLE" "$CT" < /dev/null
  kill -0 $other
  kill $other
  wait $other || true
  rmdir "$CG/freezer/$SLICE/$UNIT" "$CG/freezer/$SLICE"
  assert_status 1
  assert_output "is in use"
}

@test "imitated systemd: a ketch that is killed leaves what delete --force clears" {
  printf '#!/bin/sh\nsleep 1000\n' > "$TEST_DIR/hook"
  chmod +x "$TEST_DIR/hook"
  edit --arg h "$TEST_DIR/hook" '.hooks.createRuntime = [{path: $h}]'
  command_is sleep 1000
  # No sd: what is killed has to be ketch itself.
  (exec nsenter -t "$SYSTEMD" -m "$KETCH" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-) &
  local creator=$!
  wait_for 100 eval '[ -e "$ROOT/$CT/journal" ] && grep -q "^hook " "$ROOT/$CT/journal"'
  grep -q "^cgroup $CG/freezer/$SLICE/$UNIT$" "$ROOT/$CT/journal"
  grep -q "^scope $UNIT" "$ROOT/$CT/journal"
  kill -9 "$creator"
  wait "$creator" 2> /dev/null || true
  sd delete --force "$CT"
}

@test "imitated systemd: containers at once leave nothing" {
  command_is sleep 1000
  local i n=${PARALLEL:-20} pids=()
  for i in $(seq "$n"); do
    cp -a "$BUNDLE" "$TEST_DIR/b$i"
    jq --arg p "$SLICE:ketch:$CT-$i" '.linux.cgroupsPath = $p' "$BUNDLE/config.json" > "$TEST_DIR/b$i/config.json"
    (
      sd --systemd-cgroup run -d -b "$TEST_DIR/b$i" "$CT-$i" < /dev/null > "$TEST_DIR/out$i" 2>&1 &&
        sd exec "$CT-$i" true && sd delete --force "$CT-$i"
    ) &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  assert_clean
}
