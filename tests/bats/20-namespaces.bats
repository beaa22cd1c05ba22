#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.namespaces: new, joined by path, left alone; type checks; time offsets (config-linux.md#namespaces).

load helpers

# join TYPE PATH: the bundle joins instead of making one; leave TYPE: it stays in ours.
join() {
  edit '.linux.namespaces |= map(select(.type != $t)) + [{type: $t, path: $p}]' --arg t "$1" --arg p "$2"
  LAST=$(jq '.linux.namespaces | length - 1' "$BUNDLE/config.json")
}

leave() {
  edit '.linux.namespaces |= map(select(.type != $t))' --arg t "$1"
}

new() {
  leave "$1"
  edit '.linux.namespaces += [{type: $t}]' --arg t "$1"
}

# The place and words of the error, from the log: on stderr there is one line only.
fails_at() {
  run timeout 10 "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  [ "$status" != 124 ] || { echo "it waited" >&2; return 1; }
  assert_status 1
  local path
  path=$(jq -r 'select(.level == "error") | .path' "$TEST_DIR/log" | tail -1)
  [ "$path" = "$1" ] || { echo "error at '$path', not '$1': $output" >&2; return 1; }
}

# A container "$CT-a" that sleeps; sets PID_A.
start_other() {
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT-a" < /dev/null > "$TEST_DIR/out" 2>&1
  PID_A=$(ketch state "$CT-a" | jq .pid)
}

setup_netns() {
  NETNS=ketch-test-$$
  ip netns add "$NETNS"
}

teardown() {
  delete_containers
  [ -z "$NETNS" ] || ip netns del "$NETNS"
  test_teardown
}

@test "namespaces: loopback is up in a new network namespace" {
  command_is cat /sys/class/net/lo/flags
  run_bundle
  assert_status 0
  [ "$output" = 0x9 ]
}

@test "namespaces: a type that is absent is the runtime's" {
  leave network
  leave ipc
  leave uts
  edit 'del(.hostname) | .mounts |= map(select(.type != "sysfs" and .type != "mqueue"))'
  command_is sh -c 'for n in net ipc uts pid; do readlink /proc/self/ns/$n; done'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
  [ "${lines[1]}" = "$(readlink /proc/self/ns/ipc)" ]
  [ "${lines[2]}" = "$(readlink /proc/self/ns/uts)" ]
  [ "${lines[3]}" != "$(readlink /proc/self/ns/pid)" ]
}

@test "namespaces: a network namespace of ip netns is joined" {
  setup_netns
  join network "/run/netns/$NETNS"
  command_is readlink /proc/self/ns/net
  run_bundle
  assert_status 0
  [ "$output" = "net:[$(stat -c %i "/run/netns/$NETNS")]" ]
}

@test "namespaces: a symlink to a namespace is followed" {
  setup_netns
  ln -s "/run/netns/$NETNS" "$TEST_DIR/link"
  join network "$TEST_DIR/link"
  command_is readlink /proc/self/ns/net
  run_bundle
  assert_status 0
  [ "$output" = "net:[$(stat -c %i "/run/netns/$NETNS")]" ]
}

@test "namespaces: pid, network, ipc and uts of another container are joined" {
  start_other
  local type
  for type in pid:pid network:net ipc:ipc uts:uts; do
    join "${type%:*}" "/proc/$PID_A/ns/${type#*:}"
  done
  edit 'del(.hostname)'
  command_is sh -c 'for n in pid net ipc uts mnt; do readlink /proc/self/ns/$n; done; ps -o pid,args'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = "$(readlink "/proc/$PID_A/ns/pid")" ]
  [ "${lines[1]}" = "$(readlink "/proc/$PID_A/ns/net")" ]
  [ "${lines[2]}" = "$(readlink "/proc/$PID_A/ns/ipc")" ]
  [ "${lines[3]}" = "$(readlink "/proc/$PID_A/ns/uts")" ]
  [ "${lines[4]}" != "$(readlink "/proc/$PID_A/ns/mnt")" ]
  assert_output "sleep 1000"
}

@test "namespaces: joining the namespaces we are in already changes nothing" {
  local type
  for type in network:net ipc:ipc uts:uts pid:pid user:user time:time; do
    join "${type%:*}" "/proc/self/ns/${type#*:}"
  done
  edit 'del(.hostname) | .mounts |= map(select(.type != "sysfs" and .type != "mqueue"))'
  command_is sh -c 'for n in net ipc uts user; do readlink /proc/self/ns/$n; done'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
  [ "${lines[3]}" = "$(readlink /proc/self/ns/user)" ]
}

# The values are those of the host, where nothing is to change.
@test "namespaces: sysctls are set in a joined one, but not in the one we are in" {
  setup_netns
  command_is cat /proc/sys/net/ipv4/ip_forward
  join network "/run/netns/$NETNS"
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
  run_bundle
  assert_status 0
  [ "$output" = 1 ]
  join network /proc/self/ns/net
  edit '.linux.sysctl = {"net/ipv4/ip_forward": $v}' --arg v "$(cat /proc/sys/net/ipv4/ip_forward)"
  fails_at "\$.linux.namespaces[$LAST].path"
  assert_output "linux.sysctl would be set outside of the container: '/proc/self/ns/net' is the namespace ketch runs in"
  new network
  join ipc /proc/self/ns/ipc
  edit '.linux.sysctl = {"kernel.msgmax": $v}' --arg v "$(cat /proc/sys/kernel/msgmax)"
  fails_at "\$.linux.namespaces[$LAST].path"
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
  run_bundle
  assert_status 0
}

# In a UTS namespace that is made for it, or the host would be renamed where this is not refused.
@test "namespaces: a name is set in a joined UTS namespace, but not in the one we are in" {
  local which
  command_is true
  join uts /proc/self/ns/uts
  for which in hostname domainname; do
    edit 'del(.hostname, .domainname) | .[$w] = "other"' --arg w $which
    run unshare --uts sh -c 'before=$(cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname)
      "$@"; status=$?; [ "$(cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname)" = "$before" ] || echo renamed; exit $status' \
      sh "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT"
    assert_status 1
    assert_output "$which would be set outside of the container: '/proc/self/ns/uts' is the namespace ketch runs in"
    refute_output renamed
    run ketch check -b "$BUNDLE"
    assert_status 1
    assert_output "$which would be set outside of the container"
  done
  edit 'del(.hostname, .domainname)'
  run_bundle
  assert_status 0
}

@test "namespaces: a FIFO as path is refused, not waited on" {
  mkfifo "$TEST_DIR/fifo"
  join network "$TEST_DIR/fifo"
  fails_at "\$.linux.namespaces[$LAST].path"
  assert_output "is not a namespace"
}

@test "namespaces: a device, a directory and a plain file as path are refused" {
  local path
  for path in /dev/null /dev/zero "$TEST_DIR" /etc/passwd; do
    join ipc "$path"
    fails_at "\$.linux.namespaces[$LAST].path"
    assert_output "'$path' is not a namespace"
  done
}

@test "namespaces: a namespace of another type is refused by name" {
  join uts /proc/self/ns/net
  fails_at "\$.linux.namespaces[$LAST].path"
  assert_output "'/proc/self/ns/net' is a network namespace, not a uts namespace"
}

@test "namespaces: a missing path is an error that names it" {
  join ipc /proc/999999999/ns/ipc
  fails_at "\$.linux.namespaces[$LAST].path"
  assert_output "/proc/999999999/ns/ipc"
}

@test "namespaces: a new time namespace has its offsets" {
  new time
  edit '.linux.timeOffsets = {monotonic: {secs: 500000000, nanosecs: 5}, boottime: {secs: 700000000}}'
  command_is cat /proc/uptime
  run_bundle
  assert_status 0
  [ "${output%%.*}" -ge 700000000 ]
  command_is cat /proc/self/timens_offsets
  run_bundle
  assert_status 0
  [ "$(echo "${lines[0]}" | tr -s ' ')" = "monotonic 500000000 5" ]
  [ "$(echo "${lines[1]}" | tr -s ' ')" = "boottime 700000000 0" ]
}

@test "namespaces: a time namespace beside joined ones has its offsets" {
  setup_netns
  join network "/run/netns/$NETNS"
  new time
  edit '.linux.timeOffsets = {monotonic: {secs: 500000000}}'
  command_is cat /proc/self/timens_offsets
  run_bundle
  assert_status 0
  [ "$(echo "${lines[0]}" | tr -s ' ')" = "monotonic 500000000 0" ]
}

@test "namespaces: an offset that makes a clock negative is an error" {
  new time
  edit '.linux.timeOffsets = {boottime: {secs: -4000000000}}'
  fails_at '$.linux.timeOffsets'
}

@test "namespaces: exec is in the namespaces of init, also joined ones" {
  setup_netns
  join network "/run/netns/$NETNS"
  new time
  start_other
  run ketch exec "$CT-a" sh -c 'for n in pid net mnt ipc uts cgroup time; do readlink /proc/self/ns/$n; done; echo $PPID'
  assert_status 0
  local n i=0
  for n in pid net mnt ipc uts cgroup time; do
    [ "${lines[$i]}" = "$(readlink "/proc/$PID_A/ns/$n")" ] || { echo "$n: ${lines[$i]}" >&2; return 1; }
    i=$((i + 1))
  done
  [ "${lines[7]}" = 0 ]
}

@test "namespaces: exec into a container without a mount namespace sees its root" {
  leave mount
  edit '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths) | .root.readonly = false'
  start_other
  run ketch exec "$CT-a" ls /
  assert_status 0
  assert_output proc
  refute_output usr
}
