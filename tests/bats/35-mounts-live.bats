#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ketch mounts add and remove: the mounts of a container that runs.

load helpers

setup() {
  test_setup
  mkdir -p "$TEST_DIR/source/sub"
  echo shared > "$TEST_DIR/source/file"
  edit '.root.readonly = false'
  command_is sleep 1000
}

start() { detached run --detach -b "$BUNDLE" "$CT"; }

inside() { ketch exec "$CT" "$@"; }

# file NAME JQ: a document with mounts, $s is the source's directory
file() { jq -n --arg s "$TEST_DIR/source" "$2" > "$TEST_DIR/$1"; }

@test "mounts add: bind mounts, of a directory read-only and of a file, and a tmpfs; remove takes them off" {
  start
  file m '[{destination: "/made/dir", source: $s, options: ["rbind", "ro"]}, {destination: "/one", type: "bind", source: ($s + "/file"), options: ["bind"]},
    {destination: "/tmpfs", type: "tmpfs", source: "tmpfs", options: ["size=64k", "nosuid"]}]'
  ketch mounts add "$CT" "$TEST_DIR/m"
  [ "$(inside cat /made/dir/file /one)" = $'shared\nshared' ]
  run inside touch /made/dir/x
  assert_status 1
  assert_output "Read-only"
  inside grep -q "^tmpfs /tmpfs tmpfs rw,nosuid.*size=64k" /proc/mounts
  # nothing of it is seen outside
  [ -z "$(ls -A "$BUNDLE/rootfs/made/dir")" ]
  file r '{mounts: [{destination: "/made/dir"}, {destination: "/one"}, {destination: "/tmpfs"}]}'
  run ketch mounts remove "$CT" "$TEST_DIR/r"
  assert_status 0
  [ -z "$(inside grep -E ' /(made/dir|one|tmpfs) ' /proc/mounts)" ]
  ketch delete --force "$CT"
}

@test "mounts: the root stays as it is, by whatever path; remove takes off all or nothing" {
  ln -s / "$BUNDLE/rootfs/link"
  ln -s .. "$BUNDLE/rootfs/tmp/up"
  start
  local d before
  file m '[{destination: "/t", type: "tmpfs", source: "tmpfs"}, {destination: "/u", source: "/", options: ["bind"]}]'
  jq --arg s "$BUNDLE/rootfs" '.[1].source = $s' "$TEST_DIR/m" > "$TEST_DIR/m2"
  ketch mounts add "$CT" "$TEST_DIR/m2"
  before=$(inside cat /proc/self/mountinfo)
  for d in / /.. ../.. /tmp/.. /t/.. /link /tmp/up /link/tmp/up; do
    jq -n --arg d "$d" '[{destination: "/t", type: "tmpfs", source: "tmpfs"}, {destination: $d, type: "tmpfs", source: "tmpfs"}]' > "$TEST_DIR/r"
    fails 1 'the root of a container that runs stays as it is ($.mounts[1])' mounts add "$CT" "$TEST_DIR/r"
    fails 1 'the root of a container that runs stays as it is ($.mounts[1])' mounts remove "$CT" "$TEST_DIR/r"
  done
  jq -n '[{destination: "/tmp"}, {destination: "/t"}]' > "$TEST_DIR/r"
  fails 1 "unmount '/tmp': nothing is mounted there: Invalid argument (\$.mounts[0])" mounts remove "$CT" "$TEST_DIR/r"
  [ "$(inside cat /proc/self/mountinfo)" = "$before" ]
  ketch mounts remove "$CT" "$TEST_DIR/m2" # the root's directory, bound elsewhere, is no root
  ketch delete --force "$CT"
}

@test "mounts add: into a user namespace, whose root owns the new file system" {
  chmod 755 "$TEST_DIR" "$TEST_DIR/source"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
  start
  file m '[{destination: "/t", type: "tmpfs", source: "tmpfs"}, {destination: "/b", source: $s, options: ["rbind"]}]'
  ketch mounts add "$CT" "$TEST_DIR/m"
  [ "$(inside stat -c '%u %g' /t)" = "0 0" ]
  inside touch /t/x
  [ "$(inside cat /b/file)" = shared ]
}

@test "mounts add: all or nothing; what is wrong is told with its place" {
  start
  inside sh -c 'cat /proc/mounts | wc -l' > "$TEST_DIR/before"
  file m '[{destination: "/a", type: "tmpfs", source: "tmpfs"}, {destination: "/b", source: ($s + "/none"), options: ["bind"]}]'
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output '$.mounts[1]'
  file m '[{destination: "/a", type: "tmpfs", source: "tmpfs"}, {destination: "/b", type: "tmpfs", source: "tmpfs", options: ["no-such-option"]}]'
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output 'no-such-option'
  assert_output '$.mounts[1]'
  file m '[{destination: "/a", type: "proc", source: "proc"}]'
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output 'only bind mounts and new file systems'
  file m '[{destination: "/", type: "tmpfs", source: "tmpfs"}]'
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output 'stays as it is'
  file m '[{destination: "/tmp"}]'
  run ketch mounts remove "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output "unmount '/tmp'"
  echo '"x"' > "$TEST_DIR/m"
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output 'neither an array of mounts'
  local text
  for text in '{}' '{"mounts": null}'; do
    echo "$text" > "$TEST_DIR/m"
    fails 1 'mounts is required' mounts add "$CT" "$TEST_DIR/m"
    [[ $stderr == *"($TEST_DIR/m:1:"* ]]
    fails 1 'mounts is required' mounts remove "$CT" "$TEST_DIR/m"
  done
  for text in '{"mounts":\n [{"destination": "/tmp",\n  "type": 5}]}' '\n[{"destination": "/tmp",\n  "type": 5}]'; do
    printf "$text" > "$TEST_DIR/m"
    fails 1 'mounts[0].type must be a string, not 5' mounts add "$CT" "$TEST_DIR/m"
    [[ $stderr == *"($TEST_DIR/m:3:11  "* ]]
    fails 1 'mounts[0].type must be a string, not 5' mounts remove "$CT" "$TEST_DIR/m"
    [[ $stderr == *"($TEST_DIR/m:3:11  "* ]]
  done
  printf '[{"destination": "/tmp", "type": "bind",\n "source": "/tmp", "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]' > "$TEST_DIR/m"
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_output "($TEST_DIR/m:"
  run ketch mounts show "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output "neither add nor remove"
  inside sh -c 'cat /proc/mounts | wc -l' > "$TEST_DIR/after"
  cmp "$TEST_DIR/before" "$TEST_DIR/after"
}

@test "mounts add: what is unknown in the document is a warning with its place" {
  start
  local text
  for text in '[{"destination": "/tmp", "type": "tmpfs",\n  "optoins": ["ro"]}]' '{"mounts": [{"destination": "/tmp", "type": "tmpfs",\n  "optoins": ["ro"]}]}'; do
    rm -f "$TEST_DIR/log"
    printf "$text" > "$TEST_DIR/m"
    ketch --log "$TEST_DIR/log" mounts add "$CT" "$TEST_DIR/m"
    grep -qF "m:2:3: \$.mounts[0].optoins: unknown property 'optoins' is ignored; did you mean 'options'?" "$TEST_DIR/log"
    [ "$(wc -l < "$TEST_DIR/log")" = 1 ]
  done
}

@test "mounts: the document comes from a pipe, too" {
  start
  echo '[{"destination": "/tmp/in", "type": "tmpfs"}]' | ketch mounts add "$CT" -
  inside grep -q " /tmp/in " /proc/self/mountinfo
  ketch mounts remove "$CT" <(echo '[{"destination": "/tmp/in"}]')
  refute inside grep -q " /tmp/in " /proc/self/mountinfo
  fails 1 "mounts: '/dev/zero' is larger than 16 MiB" mounts add "$CT" /dev/zero
}

@test "mounts add: symbolic links of a hostile image lead nowhere outside" {
  mkdir "$TEST_DIR/outside"
  ln -s "$TEST_DIR/outside" "$BUNDLE/rootfs/link"
  ln -s /proc/1/root/tmp "$BUNDLE/rootfs/magic"
  start
  file m '[{destination: "/link/in", source: $s, options: ["rbind"]}]'
  ketch mounts add "$CT" "$TEST_DIR/m"
  [ -z "$(ls -A "$TEST_DIR/outside")" ]
  [ "$(inside cat "$TEST_DIR/outside/in/file")" = shared ]
  file m '[{destination: "/magic/in", source: $s, options: ["rbind"]}]'
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output "/magic/in"
}

@test "mounts: a created container takes them, a stopped one does not; without a mount namespace of its own it is refused" {
  ketch create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  file m '[{destination: "/t", type: "tmpfs", source: "tmpfs"}]'
  ketch mounts add "$CT" "$TEST_DIR/m"
  ketch start "$CT"
  inside grep -q " /t tmpfs" /proc/mounts
  ketch kill "$CT" KILL
  wait_for 10 status_is "$CT" stopped
  run ketch mounts add "$CT" "$TEST_DIR/m"
  assert_status 1
  assert_output "a container that is stopped"
  ketch delete "$CT"
  edit '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  start
  run ketch mounts add "$CT" - < "$TEST_DIR/m"
  assert_status 1
  assert_output "no mount namespace of its own"
}

readonly_proc_sys() { inside grep -q " /proc/sys ro," /proc/self/mountinfo; }

@test "mounts remove: no mount of config.json that the container brings to the place is taken off" {
  start
  readonly_proc_sys
  file m '[{destination: "/mnt/data", source: $s, options: ["rbind"]}]'
  ketch mounts add "$CT" "$TEST_DIR/m"
  inside sh -c 'mv /mnt /aside && mkdir /mnt && ln -s /proc/sys /mnt/data'
  fails 1 "unmount '/mnt/data': what is mounted there was not made by \`mounts add\` (\$.mounts[0])" mounts remove "$CT" "$TEST_DIR/m"
  readonly_proc_sys
  jq -n '[{destination: "/proc/sys"}]' > "$TEST_DIR/r"
  fails 1 "was not made by" mounts remove "$CT" "$TEST_DIR/r"
  # moved, and another that was added in its place
  jq -n '[{destination: "/other", type: "tmpfs"}]' > "$TEST_DIR/o"
  ketch mounts add "$CT" "$TEST_DIR/o"
  inside sh -c 'rm /mnt/data && ln -s /other /mnt/data'
  fails 1 "was not made by" mounts remove "$CT" "$TEST_DIR/m"
  inside sh -c 'rm /mnt/data && mkdir /mnt/data'
  fails 1 "nothing is mounted there" mounts remove "$CT" "$TEST_DIR/m"
  inside sh -c 'rmdir /mnt/data /mnt && mv /aside /mnt'
  ketch mounts remove "$CT" "$TEST_DIR/m"
  ketch mounts remove "$CT" "$TEST_DIR/o"
  refute inside grep -E " /(mnt/data|other|aside) " /proc/self/mountinfo
  [ ! -e "$ROOT/$CT/mounts" ]
  readonly_proc_sys
}

@test "mounts remove: one upon the other, and by a link to it" {
  start
  inside ln -s /t /link
  jq -n '[{destination: "/t", type: "tmpfs"}, {destination: "/t", type: "tmpfs"}, {destination: "/t/in", type: "tmpfs"}]' > "$TEST_DIR/m"
  ketch mounts add "$CT" "$TEST_DIR/m"
  jq -n '[{destination: "/link/in"}]' > "$TEST_DIR/r"
  ketch mounts remove "$CT" "$TEST_DIR/r"
  [ "$(inside grep -c " /t " /proc/self/mountinfo)" = 2 ]
  jq -n '[{destination: "/t"}, {destination: "/t"}]' > "$TEST_DIR/r"
  ketch mounts remove "$CT" "$TEST_DIR/r"
  refute inside grep -E " /t(/in)? " /proc/self/mountinfo
}

@test "mounts add: the paths of a file system are the host's, not the container's" {
  mkdir -p "$TEST_DIR/lower" "$BUNDLE/rootfs$TEST_DIR/lower"
  echo host > "$TEST_DIR/lower/which"
  echo container > "$BUNDLE/rootfs$TEST_DIR/lower/which"
  start
  jq -n --arg d "$TEST_DIR/lower" '[{destination: "/o", type: "overlay", source: "overlay", options: ["lowerdir=" + $d + ":" + $d + "/../source"]}]' > "$TEST_DIR/m"
  ketch mounts add "$CT" "$TEST_DIR/m"
  [ "$(inside cat /o/which)" = host ]
  ketch mounts remove "$CT" "$TEST_DIR/m"
  refute inside test -e /o/which
}

@test "mounts add: a user namespace takes no overlay; one that is ours is not entered" {
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
  start
  jq -n '[{destination: "/o", type: "overlay", source: "overlay", options: ["lowerdir=/bin:/tmp"]}]' > "$TEST_DIR/m"
  fails 1 "overlay has paths of the host" mounts add "$CT" "$TEST_DIR/m"
  ketch delete --force "$CT"
  chown -R 0:0 "$BUNDLE/rootfs"
  edit '.linux.namespaces |= map(if .type == "user" then .path = "/proc/self/ns/user" else . end) | del(.linux.uidMappings, .linux.gidMappings)'
  start
  jq -n '[{destination: "/o", type: "tmpfs"}]' > "$TEST_DIR/m"
  ketch mounts add "$CT" "$TEST_DIR/m"
  inside grep -q " /o " /proc/self/mountinfo
  ketch mounts remove "$CT" "$TEST_DIR/m"
}

@test "mounts add: mqueue shows the container's queues" {
  edit '.mounts |= map(select(.type != "mqueue")) + [{destination: "/dev/mqueue", type: "mqueue", source: "mqueue"}]'
  start
  inside touch /dev/mqueue/ours
  jq -n '[{destination: "/q", type: "mqueue", source: "mqueue"}]' > "$TEST_DIR/m"
  ketch mounts add "$CT" "$TEST_DIR/m"
  inside test -e /q/ours
}

@test "mounts add: whoever types ^C, all or nothing" {
  start
  jq -n '[range(20) | {destination: "/m/\(.)", type: "tmpfs"}]' > "$TEST_DIR/m"
  # to the one that mounts, as ^C reaches all of a terminal's processes
  run strace -f -qq -o /dev/null -e trace=move_mount -e inject=move_mount:signal=TERM:when=5 "$KETCH" --root "$ROOT" mounts add "$CT" "$TEST_DIR/m"
  assert_status 0
  [ "$(inside grep -c " /m/" /proc/self/mountinfo)" = 20 ]
}
