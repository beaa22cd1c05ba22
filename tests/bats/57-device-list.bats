#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ketch devices: the rules that the kernel holds a container to, on v1 from devices.list, on v2 from the attached program.

load helpers

on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

has_device_cgroup() { on_v2 || [ -d /sys/fs/cgroup/devices ] || skip "no device cgroup here: runs in tests/vm, boot v2"; }

rules() { # "allow c 1:3 rwm" lines
  ketch devices -f json "$CT" | jq -r '.rules[] | "\(if .allow then "allow" else "deny" end) \(.rule)"'
}

@test "devices: the defaults, the configuration's rules with their place, and who enforces them" {
  has_device_cgroup
  edit '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}, {allow: true, type: "b", major: 7, access: "r"}]'
  start_one
  ketch devices -f json "$CT" | jq -e '.default == "deny"
    and any(.rules[]; .rule == "c 10:229 rw" and .from == "$.linux.resources.devices[1]") and any(.rules[]; .rule == "c 1:3 rwm" and .from == "default")'
  ketch devices -f json "$CT" | jq -e --arg by "$(on_v2 && echo "a BPF program" || echo "cgroup v1")" '.enforcedBy == $by'
  rules | grep -qx 'allow b 7:\* r'
  run ketch devices "$CT"
  assert_status 0
  assert_output "allow  c 10:229 rw"
  assert_output '$.linux.resources.devices[1]'
  assert_output "enforced by"
}

@test "devices: update is seen" {
  has_device_cgroup
  start_one
  refute grep -q '10:200' <(rules)
  ketch update -r - "$CT" <<< '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 200, "access": "rwm"}]}'
  rules | grep -qx 'allow c 10:200 rwm'
}

@test "devices: what others changed is told" {
  has_device_cgroup
  start_one
  if on_v2; then
    command -v bpftool > /dev/null || skip "no bpftool here: runs in tests/vm, boot v2"
    dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
    id=$(bpftool -j cgroup show "$dir" | jq '.[] | select(.attach_type | test("device")) | .id' | head -1)
    bpftool cgroup detach "$dir" device id "$id" multi || bpftool cgroup detach "$dir" device id "$id"
    ketch devices -f json "$CT" | jq -e '.enforcedBy == "nobody"'
  else
    dir=/sys/fs/cgroup/devices$(sed -n 's/^[0-9]*:\([^:]*,\)\{0,1\}devices\(,[^:]*\)\{0,1\}://p' "/proc/$PID/cgroup")
    echo 'c 1:3 w' > "$dir/devices.deny"
    rules | grep -qx 'allow c 1:3 rm'
  fi
}

@test "devices: allowed to all, and refusals" {
  has_device_cgroup
  edit '.linux.resources.devices = [{allow: true, access: "rwm"}]'
  start_one
  ketch devices -f json "$CT" | jq -e '.default == "allow" and .rules == []'
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  run ketch devices "$CT"
  assert_status 1
  assert_output "container not running"
}
