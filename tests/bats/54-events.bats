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
}

# Paths of all members, numbers of arrays left out.
members() {
  jq -S '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique - ["data.network_interfaces"] | .[]' |
    grep -v 'data\.hugetlb\.\|data\.memory\.raw\.\|psi\|\.max"$\|data\.blkio\|percpu\|throttling\.\|cpuset'
}

@test "events --stats: the same members as runc's" {
  command -v runc > /dev/null || skip "no runc to compare with"
  start_one
  ketch events --stats "$CT" | members > "$TEST_DIR/ours"
  edit 'del(.linux.namespaces[] | select(.type == "time")) | .linux.cgroupsPath = "/'"$CT"'-runc"'
  runc --root "$TEST_DIR/runc" run -d -b "$BUNDLE" "$CT-runc" < /dev/null > /dev/null 2>&1 || skip "runc can't run this bundle here"
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
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  run ketch events --stats "$CT"
  assert_status 1
  assert_output "container not running"
}

@test "events: network interfaces of a network namespace of its own, not the host's" {
  command_is sleep 1000
  start_one
  ip link add "${CT//[^0-9]/}e" type dummy 2> /dev/null && ip link del "${CT//[^0-9]/}e" || skip "no dummy interfaces here"
  nsenter -t "$PID" -n ip link add kt0 type dummy
  ketch events --stats "$CT" | jq -e '.data.network_interfaces | length == 1 and .[0].Name == "kt0" and .[0].RxBytes == 0'
  ketch delete --force "$CT"
  edit 'del(.linux.namespaces[] | select(.type == "network"))'
  start_one
  ketch events --stats "$CT" | jq -e '.data.network_interfaces == null'
}
