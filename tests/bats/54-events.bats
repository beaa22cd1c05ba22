#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ketch events: runc's JSON on v1 and v2, the stream, out-of-memory; ketch stats and top: table, JSON, OpenMetrics.

load helpers

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

@test "events --stats: one line with the members of runc's JSON" {
  edit '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}, cpu: {quota: 50000, period: 100000}}'
  start_one
  run ketch events --stats "$CT"
  assert_status 0
  [ "${#lines[@]}" = 1 ]
  jq -e --arg id "$CT" '.type == "stats" and .id == $id' <<< "$output"
  jq -e '.data | keys == ["blkio", "cpu", "cpuset", "hugetlb", "intel_rdt", "memory", "network_interfaces", "pids"]' <<< "$output"
  jq -e '.data.cpu.usage | .total > 0 and has("kernel") and has("user")' <<< "$output"
  jq -e '.data.memory.usage | .limit == 67108864 and .usage > 0 and has("failcnt")' <<< "$output"
  jq -e '.data.memory | has("swap") and has("kernel") and has("kernelTCP") and (.raw | length > 10)' <<< "$output"
  jq -e '.data.pids == {current: 1, limit: 20}' <<< "$output"
  jq -e '.data.cpuset | (.cpus | length > 0 and .[0] == (.[0] | floor)) and has("sched_relax_domain_level")' <<< "$output"
  jq -e '.data.hugetlb | type == "object"' <<< "$output"
  if on_v2 && [ -e /proc/pressure/cpu ]; then
    jq -e '.data | [.cpu.psi.some, .memory.psi.full, .blkio.psi.some] | all(has("avg10") and has("total"))' <<< "$output"
  fi
}

# Paths of all members, numbers of arrays left out, and what one version of runc has and another not, or what is left out while it is 0.
members() {
  jq -S '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique - ["data.network_interfaces"] | .[]' |
    grep -v 'data\.hugetlb\.\|data\.memory\.cache\|data\.memory\.kernel[A-Z]*\.usage\|data\.memory\.raw\.\|psi\|\.max"$\|data\.blkio\|percpu\|throttling\.\|cpuset'
}

@test "events --stats: the same members as runc's" {
  command -v runc > /dev/null || skip "no runc to compare with: runs in tests/vm, boot limits"
  start_one
  ketch events --stats "$CT" | members > "$TEST_DIR/ours"
  edit 'del(.linux.namespaces[] | select(.type == "time")) | .linux.cgroupsPath = "/'"$CT"'-runc"'
  runc --root "$TEST_DIR/runc" run -d -b "$BUNDLE" "$CT-runc" < /dev/null > /dev/null 2>&1 || skip "runc can't run this bundle here: runs in tests/vm, boot limits"
  runc --root "$TEST_DIR/runc" events --stats "$CT-runc" | members > "$TEST_DIR/theirs" || true
  runc --root "$TEST_DIR/runc" delete --force "$CT-runc"
  rm -rf "$TEST_DIR/runc"
  diff "$TEST_DIR/theirs" "$TEST_DIR/ours"
}

@test "events: a line each interval until the container stops" {
  start_one
  OUT=$TEST_DIR/events bg events --interval 200ms "$CT" &
  local pid=$!
  wait_for 20 grep -q 'stats.*' "$TEST_DIR/events"
  wait_for 20 bash -c "[ \$(wc -l < '$TEST_DIR/events') -ge 3 ]"
  ketch kill "$CT" KILL
  wait $pid
  jq -es 'all(.type == "stats")' "$TEST_DIR/events"
}

@test "events: out-of-memory is told while it goes on" {
  edit '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
  # a child that grows is killed; init stays
  command_is sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; (x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done); sleep 1000'
  edit '.root.readonly = false'
  detached run --detach -b "$BUNDLE" "$CT"
  OUT=$TEST_DIR/events bg events --interval 1h "$CT" &
  local pid=$!
  wait_for 20 grep -q stats "$TEST_DIR/events"
  touch "$BUNDLE/rootfs/tmp/go"
  wait_for 60 grep -q '"type":"oom"' "$TEST_DIR/events"
  [ "$(grep oom "$TEST_DIR/events" | head -1)" = "{\"type\":\"oom\",\"id\":\"$CT\"}" ]
  ketch kill "$CT" KILL
  wait $pid
}

@test "events: refusals" {
  run ketch events --stats no-such
  assert_status 1
  assert_output "does not exist"
  start_one
  run ketch events --interval soon "$CT"
  assert_status 1
  assert_output "--interval: 'soon' is not a duration"
  # longer than the clock counts: it was no interval at all
  run timeout 10 "$KETCH" --root "$ROOT" events --interval 5124095h34m33s "$CT"
  assert_status 1
  assert_output "--interval: '5124095h34m33s' is not a duration"
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  run ketch events --stats "$CT"
  assert_status 1
  assert_output "container not running"
}

@test "events: network interfaces of a network namespace of its own, not the host's" {
  command_is sleep 1000
  start_one
  nsenter -t "$PID" -n ip link add kt0 type dummy 2> /dev/null || nsenter -t "$PID" -n ip link add kt0 type veth peer name kt1 ||
    skip "neither dummy nor veth interfaces here: runs in tests/vm, boot v2"
  ketch events --stats "$CT" | jq -e '.data.network_interfaces | any(.Name == "kt0" and .RxBytes == 0) and all(.Name != "lo")'
  ketch stats -f prometheus > "$TEST_DIR/metrics"
  python3 "$BATS_TEST_DIRNAME/openmetrics.py" "$TEST_DIR/metrics"
  grep -q '^ketch_network_bytes_total{.*kt0' "$TEST_DIR/metrics"
  nsenter -t "$PID" -n ip link set kt0 name $'a\377b' # no UTF-8
  ketch stats -f prometheus > "$TEST_DIR/metrics"
  python3 "$BATS_TEST_DIRNAME/openmetrics.py" "$TEST_DIR/metrics"
  ketch delete --force "$CT"
  edit 'del(.linux.namespaces[] | select(.type == "network"))'
  start_one
  ketch events --stats "$CT" | jq -e '.data.network_interfaces == null'
}

# ---- stats and top ----

@test "stats: a table of all running containers, or of those that are named" {
  start_one a
  start_one b
  run ketch stats --interval 100ms
  assert_status 0
  assert_output "${CT}a"
  assert_output "${CT}b"
  [[ ${lines[0]} == ID*CPU*MEMORY*LIMIT* ]]
  run ketch stats --interval 100ms "${CT}b"
  assert_status 0
  refute_output "${CT}a "
  ketch kill "${CT}a" KILL
  wait_for 5 status_is "${CT}a" stopped
  run ketch stats --interval 100ms
  assert_status 0
  refute_output "${CT}a "
  run ketch stats "${CT}a"
  assert_status 1
  assert_output "container not running"
}

@test "stats: a damaged container does not hide the others" {
  start_one a
  start_one b
  cp "$ROOT/${CT}a/state.json" "$TEST_DIR/state"
  echo '{' > "$ROOT/${CT}a/state.json"
  run ketch stats --interval 1ms
  cp "$TEST_DIR/state" "$ROOT/${CT}a/state.json"
  assert_status 0
  assert_output "${CT}b "
  refute_output "${CT}a "
}

@test "stats: CPU is measured, memory has its limit" {
  edit '.linux.resources.memory = {limit: 67108864}'
  command_is sh -c 'while :; do :; done'
  detached run --detach -b "$BUNDLE" "$CT"
  run ketch stats --interval 1s "$CT"
  assert_status 0
  read -r _ cpu _ limit _ <<< "${lines[1]}"
  [ "${cpu%%.*}" -ge 2 ] # of a loop, on a machine that may have much else to do
  [ "$limit" = 64.0M ]
}

@test "stats --format json: the lines of events" {
  start_one
  ketch stats -f json | jq -e --arg id "$CT" 'select(.id == $id) | .type == "stats"'
}

@test "stats --format prometheus: valid OpenMetrics text" {
  edit '.linux.resources.memory = {limit: 67108864}'
  start_one
  ketch stats -f prometheus > "$TEST_DIR/metrics"
  python3 "$BATS_TEST_DIRNAME/openmetrics.py" "$TEST_DIR/metrics"
  grep -q "^ketch_memory_limit_bytes{id=\"$CT\"} 67108864$" "$TEST_DIR/metrics"
  grep -q "^ketch_cpu_usage_seconds_total{id=\"$CT\"} [0-9]" "$TEST_DIR/metrics"
  ketch delete --force "$CT"
  ketch stats -f prometheus > "$TEST_DIR/metrics" # of nothing
  python3 "$BATS_TEST_DIRNAME/openmetrics.py" "$TEST_DIR/metrics"
}

@test "top: figures and processes, what a process calls itself can't steer the terminal" {
  command_is sh -c 'exec 3> /dev/null; setsid sleep 987 & sh -c "exec -a x sleep 1" 2> /dev/null; printf "" ; exec /bin/busybox sh -c "sleep 988; : $(printf "\\033]0;evil\\007")"'
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 10 bash -c "'$KETCH' --root '$ROOT' top --interval 100ms '$CT' | grep -q 'sleep 988'"
  run ketch top --interval 100ms "$CT"
  assert_status 0
  assert_output "$CT: running"
  assert_output "sleep 987"
  assert_output "PID"
  refute_output $'\033'
  [ "$(ketch top --interval 100ms -n 2 "$CT" | grep -c "$CT: running")" = 2 ]
}
