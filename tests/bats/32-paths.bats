#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.maskedPaths, readonlyPaths, sysctl, rootfsPropagation and --no-pivot on the real program (config-linux.md).

load helpers

@test "paths: masked files are empty, masked directories empty and read-only, missing ones no matter" {
  mkdir -p "$BUNDLE/rootfs/secret"
  touch "$BUNDLE/rootfs/secret/key"
  edit '.linux.maskedPaths += ["/etc/passwd", "/secret", "/no/such/path", "/etc/passwd/below"]'
  command_is sh -c 'cat /etc/passwd | wc -c; ls /secret | wc -l; touch /secret/x; true'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = 0 ]
  [ "${lines[1]}" = 0 ]
  assert_output "Read-only file system"
  [ -s "$BUNDLE/rootfs/etc/passwd" ]
}

# mount_find() looks in the proc that was mounted; what covers it must be masked all the same.
@test "paths: masked below /proc is what /proc shows, also when a mount covers it" {
  mkdir -p "$TEST_DIR/cover/dir"
  echo open > "$TEST_DIR/cover/ketch-key"
  echo open > "$TEST_DIR/cover/dir/key"
  edit '.mounts += [{destination: "/proc", type: "bind", source: $s, options: ["bind"]}]
    | .linux.maskedPaths += ["/proc/ketch-none", "/proc/ketch-key", "/proc/dir/key"] | .linux.readonlyPaths = []' --arg s "$TEST_DIR/cover"
  command_is sh -c 'ls -d /proc/ketch-key /proc/dir/key && cat /proc/ketch-key /proc/dir/key'
  run_bundle
  assert_status 0
  [ "$(echo $output)" = "/proc/dir/key /proc/ketch-key" ]
}

# /proc/self/root/etc is another place for each process: there is nothing to cover, and no reason not to start.
@test "paths: those through procfs's links to what a process has are left out with a warning" {
  edit '.linux.maskedPaths += ["/proc/self/exe", "//proc/1/root/etc", "/etc/group"]
    | .linux.readonlyPaths += ["/proc/self/fd/0", "/etc"]'
  command_is sh -c 'wc -c < /etc/group; cat /etc/passwd; touch /etc/x; true'
  run --separate-stderr ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "${lines[0]}" = 0 ]
  assert_output root:x
  [[ $stderr == *"/etc/x: Read-only file system"* ]]
  [ "$(grep -c level=warning "$TEST_DIR/log")" = 3 ]
  grep -F "'/proc/self/exe' is not masked" "$TEST_DIR/log"
  grep -F "'//proc/1/root/etc' is not masked" "$TEST_DIR/log"
  grep -F "'/proc/self/fd/0' is not made read-only" "$TEST_DIR/log"
}

@test "paths: an image's link to such a one, behind which there may be something, or to itself is an error" {
  local path
  ln -s /proc/self/root/etc "$BUNDLE/rootfs/secret"
  ln -s loop "$BUNDLE/rootfs/loop"
  command_is true
  for path in /secret/passwd /loop /proc/../secret; do
    edit '.linux.maskedPaths = [$p] | .linux.readonlyPaths = []' --arg p "$path"
    fails 1 '$.linux.maskedPaths[0]' run -b "$BUNDLE" "$CT"
    [[ $stderr == *"mask '$path': open it: "*"hint: links in a loop"* ]]
    edit '.linux.maskedPaths = [] | .linux.readonlyPaths = [$p]' --arg p "$path"
    fails 1 '$.linux.readonlyPaths[0]' run -b "$BUNDLE" "$CT"
  done
}

@test "paths: read-only ones can be read, not written" {
  edit '.linux.readonlyPaths += ["/etc", "/no/such/path"]'
  command_is sh -c 'cat /etc/passwd; touch /etc/x; echo 1 > /proc/sys/kernel/panic; true'
  run_bundle
  assert_status 0
  assert_output root:x
  assert_output "/etc/x: Read-only file system"
  assert_output "/proc/sys/kernel/panic: Read-only file system"
}

# What is laid over "/" is not seen by those whose root is below it.
@test "paths: the root itself can be read-only, by any name, and not be masked" {
  local path
  edit '.root.readonly = false'
  command_is sh -c 'touch /x; touch /dev/shm/x; true'
  for path in / /etc/..; do
    edit '.linux.readonlyPaths = [$p] | .linux.maskedPaths = []' --arg p "$path"
    run_bundle
    assert_status 0
    assert_output "/x: Read-only file system"
    assert_output "/dev/shm/x: Read-only file system"
    edit '.linux.readonlyPaths = [] | .linux.maskedPaths = [$p]' --arg p "$path"
    run_bundle
    assert_status 1
    assert_output "is the root of the container"
    assert_output 'linux.maskedPaths[0]'
  done
}

@test "paths: sysctls of the container's namespaces are set, by dots or slashes" {
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net/ipv4/conf/lo/rp_filter": "2", "kernel.shm_rmid_forced": "1"}'
  command_is cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/rp_filter /proc/sys/kernel/shm_rmid_forced
  run_bundle
  assert_status 0
  [ "$(echo $output)" = "1 2 1" ]
}

@test "paths: a sysctl of which the kernel takes a part only is an error" {
  edit '.linux.sysctl = {"net.ipv4.ip_local_port_range": "1024 2000 3000"}'
  command_is true
  fails 1 'the kernel takes a part of this value only' run -b "$BUNDLE" "$CT"
  [[ $stderr == *'$.linux.sysctl["net.ipv4.ip_local_port_range"])'* ]]
}

@test "paths: sysctls of the host, or of a namespace that is the host's, are refused" {
  local key
  command_is true
  for key in kernel.panic vm.swappiness fs.file-max kernel.hostname; do
    edit '.linux.sysctl = {($k): "1"}' --arg k $key
    run_bundle
    assert_status 1
    assert_output "$key"
  done
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))
    | .mounts |= map(select(.type != "sysfs"))'
  run_bundle
  assert_status 1
  assert_output net.ipv4.ip_forward
}

@test "paths: rootfsPropagation of each kind is the root's" {
  local kind tag
  command_is sh -c 'while read -r _ _ _ _ p _ rest; do [ "$p" = / ] && echo "${rest%%- *}."; done < /proc/self/mountinfo; true'
  for kind in private unbindable shared slave; do
    edit '.linux.rootfsPropagation = $k' --arg k $kind
    run_bundle
    assert_status 0
    case $kind in
      private) refute_output shared: ;;
      unbindable) assert_output unbindable ;;
      shared) assert_output shared: ;;
      slave) refute_output shared: ;;
    esac
  done
}

@test "paths: --no-pivot shows nothing of the host" {
  command_is sh -c 'ls /; cut -d" " -f5 /proc/self/mountinfo | sort | uniq | head -3; echo $$'
  run_bundle --no-pivot
  assert_status 0
  refute_output usr
  [ "${lines[-1]}" = 1 ]
}
