#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.netDevices (config-linux.md#network-devices). The "host" is a network namespace of the test's own.

load helpers

setup() {
  test_setup
  NETNS=$CT-host
  ip netns add "$NETNS"
  host ip link add ktest0 type veth peer name ktest1
  host ip address add 10.200.1.5/24 broadcast + dev ktest0
  host ip address add 10.200.2.1 peer 10.200.2.2/32 dev ktest0
  host ip address add 169.254.9.9/16 scope link dev ktest0
  host ip address add 2001:db8::7/64 dev ktest0 nodad
  host ip link set ktest0 up
  host ip link set ktest1 up
}

teardown() {
  delete_containers
  ip netns del "$NETNS"
  ip netns del "$NETNS-b" 2> /dev/null || true
  test_teardown
}

# `ip netns exec` would mount another /sys; only the network namespace is to change.
host() {
  nsenter --net="/run/netns/$NETNS" "$@"
}

devices() {
  edit '.linux.netDevices = $d' --argjson d "$1"
}

# A detached container; its network namespace is looked at with the host's ip.
start_bundle() {
  command_is sleep 1000
  host "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || {
    cat "$TEST_DIR/out" >&2
    return 1
  }
  PID=$(ketch state "$CT" | jq .pid)
}

inside() {
  nsenter --net="/proc/$PID/ns/net" "$@"
}

fails() {
  command_is true
  run host "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
}

# All as setup() made it.
assert_untouched() {
  run host ip -o address show dev ktest0
  assert_output 10.200.1.5/24
  assert_output 2001:db8::7/64
  run host ip -o link show dev ktest0
  assert_output LOWER_UP
}

@test "netdevices: a device is moved with its permanent global addresses and set up" {
  devices '{"ktest0": {}}'
  start_bundle
  run inside ip -o address show dev ktest0
  assert_output "10.200.1.5/24 brd 10.200.1.255 scope global"
  assert_output "10.200.2.1 peer 10.200.2.2/32"
  assert_output 2001:db8::7/64
  refute_output 169.254.9.9
  run inside ip -o link show dev ktest0
  assert_output ",UP"
  run host ip link show dev ktest0
  assert_status 1
}

@test "netdevices: a device gets its new name" {
  devices '{"ktest0": {"name": "lan0"}}'
  start_bundle
  inside ip link show dev lan0
}

@test "netdevices: a template gets the first free number" {
  devices '{"ktest0": {"name": "eth%d"}, "ktest1": {"name": "eth%d"}}'
  start_bundle
  inside ip link show dev eth0
  inside ip link show dev eth1
}

@test "netdevices: a name that is taken in the container is an error, and the device stays" {
  devices '{"ktest0": {"name": "lo"}}'
  fails
  assert_output "File exists"
  assert_untouched
}

@test "netdevices: a missing device is an error, and those moved before come back" {
  devices '{"ktest0": {"name": "lan0"}, "nosuchdev": {}}'
  fails
  assert_output nosuchdev
  assert_untouched
}

@test "netdevices: a later failure of create brings them back" {
  devices '{"ktest0": {"name": "lan0"}}'
  edit '.hooks.createRuntime = [{path: "/bin/false"}]'
  fails
  assert_untouched
}

@test "netdevices: a container without a network namespace of its own is an error" {
  devices '{"ktest0": {}}'
  edit '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type != "sysfs"))'
  fails
  assert_untouched
  edit '.linux.namespaces += [{type: "network", path: "/proc/self/ns/net"}]'
  fails
  assert_untouched
}

@test "netdevices: a device goes into a joined network namespace" {
  ip netns add "$NETNS-b"
  devices '{"ktest0": {"name": "lan%d"}}'
  edit '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/$NETNS-b"
  start_bundle
  run inside ip -o address show dev lan0
  assert_output 10.200.1.5/24
}
