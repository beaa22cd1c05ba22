#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices and links of /dev on the real program (config-linux.md#default-devices, #devices, #dev-symbolic-links).

load helpers

device() { # JSON
  edit ".linux.devices += [$1] | .linux.resources.devices += [{allow: true, access: \"rwm\"}]"
}

@test "devices: the default ones have type, number and mode" {
  command_is stat -c '%n %t:%T %a %u:%g' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
  run_bundle
  assert_status 0
  [ "$output" = "/dev/null 1:3 666 0:0
/dev/zero 1:5 666 0:0
/dev/full 1:7 666 0:0
/dev/random 1:8 666 0:0
/dev/urandom 1:9 666 0:0
/dev/tty 5:0 666 0:0" ]
}

@test "devices: links" {
  command_is sh -c 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done'
  run_bundle
  assert_status 0
  [ "$(echo $output)" = "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx" ]
}

@test "devices: linux.devices with mode and owner, whatever the umask, and FIFOs" {
  device '{path: "/dev/one", type: "c", major: 1, minor: 5, fileMode: 416, uid: 12, gid: 34}'
  device '{path: "/dev/deep/er/two", type: "b", major: 7, minor: 200, fileMode: 438}'
  device '{path: "/srv/fifo", type: "p", fileMode: 384}'
  device '{path: "/dev/u", type: "u", major: 1, minor: 7}'
  command_is stat -c '%n %F %t:%T %a %u:%g' /dev/one /dev/deep/er/two /srv/fifo /dev/u
  (umask 077; run_bundle; echo "$status"; echo "$output") > "$TEST_DIR/result"
  [ "$(cat "$TEST_DIR/result")" = "0
/dev/one character special file 1:5 640 12:34
/dev/deep/er/two block special file 7:c8 666 0:0
/srv/fifo fifo 0:0 600 0:0
/dev/u character special file 1:7 666 0:0" ]
}

@test "devices: one that exists already may stay, one that differs is an error" {
  edit '.mounts |= map(select(.destination | startswith("/dev") | not))'
  mknod "$BUNDLE/rootfs/dev/null" c 1 3
  command_is true
  run_bundle
  assert_status 0
  rm "$BUNDLE/rootfs/dev/zero"
  mknod "$BUNDLE/rootfs/dev/zero" c 1 3
  run_bundle
  assert_status 1
  assert_output "'/dev/zero' exists and is device c 1:3, not c 1:5"
  rm "$BUNDLE/rootfs/dev/zero"
  echo file > "$BUNDLE/rootfs/dev/zero"
  run_bundle
  assert_status 1
  assert_output "regular file"
}

@test "devices: a path below /dev with .. is refused, and told how" {
  device '{path: "/dev/../srv/x", type: "c", major: 1, minor: 3}'
  run_bundle
  assert_status 1
  assert_output "make the directory of device '/dev/../srv/x'"
  assert_output "hint: write it without '..'"
}

@test "devices: in a user namespace the host's nodes are bound" {
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  command_is sh -c 'stat -c "%t:%T" /dev/null /dev/urandom; echo x > /dev/null; grep -c " /dev/null " /proc/self/mountinfo'
  run_bundle
  assert_status 0
  [ "$(echo $output)" = "1:3 1:9 1" ]
}

# As with Podman's --uidmap and --device /dev/zero:/dev/other.
@test "devices: in a user namespace the host's node is found by its number, whatever its name" {
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  device '{path: "/dev/other", type: "c", major: 1, minor: 5}'
  command_is sh -c 'stat -c "%t:%T" /dev/other; head -c 3 /dev/other | wc -c'
  run_bundle
  assert_status 0
  [ "$(echo $output)" = "1:5 3" ]
  edit '.linux.devices[0].minor = 250'
  run_bundle
  assert_status 1
  assert_output "no such node to bind (c 1:250)"
}

@test "devices: the control group denies what is not allowed, and the default ones stay usable" {
  edit '.process.capabilities[] += ["CAP_MKNOD"] | .root.readonly = false
    | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 1, access: "m"}]'
  command_is sh -c 'echo x > /dev/null && echo null; mknod /tmp/mem c 1 1; cat /tmp/mem > /dev/null'
  run_bundle
  assert_output null
  assert_output "mem': Operation not permitted"
}

# As with -v /dev:/dev and --device: what is bound is the host's, and a name in it may be a link of udev's.
@test "devices: none is made in what is bound on /dev" {
  local dev=$TEST_DIR/dev want
  mkdir "$dev"
  mknod "$dev/ttyUSB0" c 1 7
  mknod "$dev/other" c 1 5
  ln -s ttyUSB0 "$dev/modem"
  want=$(ls "$dev")
  device '{path: "/dev/modem", type: "c", major: 1, minor: 7}'
  device '{path: "/dev/other", type: "c", major: 1, minor: 7}'
  device '{path: "/dev/gone/node", type: "c", major: 1, minor: 7}'
  device '{path: "/srv/node", type: "c", major: 1, minor: 7}'
  edit '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", source: $d, options: ["rbind"]}]' --arg d "$dev"
  command_is stat -L -c '%n %t:%T' /dev/modem /srv/node
  run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$output" = "/dev/modem 1:7
/srv/node 1:7" ]
  [ "$(ls "$dev")" = "$want" ]
  grep -q "level=warning.*'/dev/gone/node' is not there" "$TEST_DIR/log"
  grep -q "level=warning.*'/dev/other' is not device c 1:7" "$TEST_DIR/log"
  [ "$(grep -c "bound on /dev" "$TEST_DIR/log")" = 2 ]
  # a remount leaves it bound
  edit '.mounts += [{destination: "/dev", options: ["bind", "remount", "ro"]}]'
  run_bundle
  assert_status 0
}
