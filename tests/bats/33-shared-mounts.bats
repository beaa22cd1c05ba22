#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A container whose mount namespace is not its own: the runtime's, inherited because linux.namespaces has none, or one by path
# (config-linux.md#namespaces). Its mounts are made at root.path, nowhere else, and all are gone after delete, however it ends.

load helpers

setup() {
  test_setup
  share
  BEFORE=$(mounts)
}

# The bundle without a mount namespace.
share() {
  edit '.linux.namespaces |= map(select(.type != "mount"))'
}

teardown() {
  [ -z "$PEER" ] || kill -9 $PEER 2> /dev/null || true
  test_teardown
}

# Mounts by number and place.
mounts() {
  cut -d' ' -f1,5 /proc/self/mountinfo | sort
}

# Mounts that have come since setup. Those elsewhere are others' doing.
new_mounts() {
  comm -13 <(echo "$BEFORE") <(mounts) | grep -F " $TEST_DIR" || true
}

start_sleeper() {
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
}

@test "shared mounts: the program runs in the runtime's mount namespace and sees its own root, proc, dev and sys" {
  command_is sh -c 'readlink /proc/self/ns/mnt; echo $$; ls /; [ -c /dev/null ] && [ -d /sys/kernel ] && echo devices'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = "$(readlink /proc/self/ns/mnt)" ]
  [ "${lines[1]}" = 1 ]
  assert_output devices
  refute_output usr
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: all are below the root" {
  # In a namespace where nobody else mounts.
  cat > "$TEST_DIR/inner" <<-END
	set -e
	cut -d' ' -f1,5 /proc/self/mountinfo | sort > '$TEST_DIR/before'
	'$KETCH' --root '$ROOT' run --detach -b '$BUNDLE' '$CT' < /dev/null > /dev/null
	cut -d' ' -f1,5 /proc/self/mountinfo | sort | comm -13 '$TEST_DIR/before' - > '$TEST_DIR/new'
	'$KETCH' --root '$ROOT' delete --force '$CT'
	cut -d' ' -f1,5 /proc/self/mountinfo | sort | cmp - '$TEST_DIR/before'
	END
  command_is sleep 1000
  run timeout 30 unshare -m bash "$TEST_DIR/inner"
  assert_status 0
  [ "$(wc -l < "$TEST_DIR/new")" -gt 10 ]
  [ -z "$(grep -v " $BUNDLE/rootfs" "$TEST_DIR/new")" ]
}

@test "shared mounts: all are gone after delete" {
  start_sleeper
  [ "$(new_mounts | wc -l)" -gt 10 ]
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
  [ -z "$(new_mounts)" ]
  [ -z "$(ls -A "$BUNDLE/rootfs/proc" "$BUNDLE/rootfs/sys" | grep -v :)" ]
}

@test "shared mounts: they are private where the host's are shared" {
  cat > "$TEST_DIR/inner" <<-END
	set -e
	absent() { if grep "\$@"; then exit 1; fi; }
	mount --make-rshared /
	unshare -m --propagation slave sleep 1000 & peer=\$!
	until grep -qx sleep /proc/\$peer/comm; do sleep 0.05; done
	'$KETCH' --root '$ROOT' run --detach -b '$BUNDLE' '$CT' < /dev/null > /dev/null
	grep -q ' $BUNDLE/rootfs/proc ' /proc/self/mountinfo
	absent ' $BUNDLE/rootfs/' /proc/\$peer/mountinfo
	absent ' $BUNDLE/rootfs.* shared:' /proc/self/mountinfo
	'$KETCH' --root '$ROOT' delete --force '$CT'
	absent ' $BUNDLE/rootfs' /proc/self/mountinfo
	absent ' $BUNDLE/rootfs' /proc/\$peer/mountinfo
	kill \$peer
	END
  command_is sleep 1000
  run timeout 30 unshare -m bash "$TEST_DIR/inner"
  assert_status 0
}

@test "shared mounts: root.readonly is for the container's view alone" {
  edit '.root.readonly = true'
  command_is sh -c 'touch /new; echo $?; sleep 1000'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 5 grep -q 1 "$TEST_DIR/out"
  ketch delete --force "$CT"
  touch "$BUNDLE/rootfs/new"
}

@test "shared mounts: masked and read-only paths hold" {
  edit '.linux.maskedPaths += ["/etc/passwd", "/tmp"] | .linux.readonlyPaths += ["/etc"]'
  command_is sh -c 'cat /etc/passwd | wc -c; touch /tmp/x; touch /etc/x; cat /proc/keys | wc -c; echo 1 > /proc/sys/kernel/panic; true'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = 0 ]
  assert_output "/tmp/x: Read-only file system"
  assert_output "/etc/x: Read-only file system"
  assert_output "/proc/sys/kernel/panic: Read-only file system"
  [ -s "$BUNDLE/rootfs/etc/passwd" ]
}

@test "shared mounts: a bind's source and its mounts stay as they are" {
  mkdir -p "$TEST_DIR/data/sub" "$BUNDLE/rootfs/data"
  mount -t tmpfs test "$TEST_DIR/data/sub"
  BEFORE=$(mounts)
  edit '.mounts += [{destination: "/data", source: $d, options: ["rbind", "rro", "noexec"]}]' --arg d "$TEST_DIR/data"
  command_is sh -c 'touch /data/sub/x; grep " /data" /proc/self/mountinfo | cut -d" " -f6'
  run_bundle
  touch "$TEST_DIR/data/sub/y"
  umount "$TEST_DIR/data/sub"
  assert_status 0
  assert_output "Read-only file system"
  [[ ${lines[1]} = ro,noexec* ]]
  [[ ${lines[2]} = ro,* ]]
}

@test "shared mounts: a create that fails leaves none" {
  edit '.mounts += [{destination: "/a", type: "tmpfs"}, {destination: "/b", source: "/no/such", options: ["bind"]}]'
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "/no/such"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: a ketch that is killed after mounting leaves what delete --force takes off" {
  # createRuntime hooks run when all mounts are made; the hook's parent is ketch.
  edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID; sleep 1"]}]'
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  [ "$status" = 137 ]
  [ -n "$(new_mounts)" ]
  ketch delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: killed processes leave what delete takes off" {
  start_sleeper
  kill -9 "$(ketch state "$CT" | jq .pid)"
  wait_for 5 status_is "$CT" stopped
  [ -n "$(new_mounts)" ]
  ketch delete "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: a failed start takes them off" {
  printf '#!/no/such/interpreter\n' > "$BUNDLE/rootfs/bin/script"
  chmod +x "$BUNDLE/rootfs/bin/script"
  command_is /bin/script
  ketch create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  [ -n "$(new_mounts)" ]
  run ketch start "$CT"
  [ "$status" != 0 ]
  [ -z "$(new_mounts)" ]
  ketch delete "$CT"
}

@test "shared mounts: a root that was a mount before stays one" {
  mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
  mount -t tmpfs other "$BUNDLE/rootfs/tmp"
  BEFORE=$(mounts)
  start_sleeper
  run ketch exec "$CT" grep -c ' /tmp ' /proc/self/mountinfo
  [ "$output" = 1 ]
  ketch delete --force "$CT"
  run new_mounts
  umount "$BUNDLE/rootfs/tmp" "$BUNDLE/rootfs"
  [ -z "$output" ]
}

@test "shared mounts: what a privileged container mounts goes too, over its root as well" {
  edit '.process.capabilities[] += ["CAP_SYS_ADMIN"] | .mounts += [{destination: "/m", type: "tmpfs"}]'
  command_is sh -c 'mkdir /m/n && mount -t tmpfs a /m/n && mount -t tmpfs b / && mount -t tmpfs c / && echo done; sleep 1000'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 5 grep -q done "$TEST_DIR/out"
  [ "$(new_mounts | grep -c " $BUNDLE/rootfs$")" = 3 ]
  ketch delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: a foreign mount over the root is told of, not taken off" {
  start_sleeper
  ketch kill "$CT" KILL
  mount -t tmpfs foreign "$TEST_DIR/bundle"
  run ketch delete --force "$CT"
  assert_status 1
  assert_output "$BUNDLE/rootfs"
  grep -q foreign /proc/self/mountinfo
  umount "$TEST_DIR/bundle"
  ketch delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: a bundle that was moved meanwhile, with blanks in its name and reached through a symlink" {
  mkdir "$TEST_DIR/a b"
  mv "$BUNDLE" "$TEST_DIR/a b/bundle"
  ln -s "a b/bundle" "$TEST_DIR/link"
  BUNDLE=$TEST_DIR/link
  start_sleeper
  new_mounts | grep -qF "$TEST_DIR/a\\040b/bundle/rootfs/proc"
  mv "$TEST_DIR/a b" "$TEST_DIR/c"$'\t'"d"
  ketch delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: delete from another mount namespace finds them" {
  start_sleeper
  unshare -m "$KETCH" --root "$ROOT" delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: delete after the namespace is gone" {
  command_is sleep 1000
  unshare -m "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  run ketch exec "$CT" ls /
  assert_output bin
  refute_output usr
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
}

@test "shared mounts: exec is in the root, too" {
  start_sleeper
  run ketch exec "$CT" sh -c 'ls / && cat /proc/1/cmdline'
  assert_status 0
  assert_output sleep
  refute_output usr
}

@test "shared mounts: hooks see the tree, the process the state" {
  edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "ls \($r)/dev/pts/ptmx \($r)/proc/version > \($o)"]}]' \
    --arg r "$BUNDLE/rootfs" --arg o "$TEST_DIR/seen"
  command_is true
  run_bundle
  assert_status 0
  grep -q proc/version "$TEST_DIR/seen"
}

@test "shared mounts: a warning says what it means" {
  command_is true
  run ketch --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  grep -q "level=warning.*no mount namespace.*$BUNDLE/rootfs.*CAP_SYS_CHROOT" "$TEST_DIR/log"
}

@test "shared mounts: without anything to mount nothing is" {
  edit '.mounts = [] | .root.readonly = false | del(.linux.maskedPaths, .linux.readonlyPaths)'
  start_sleeper
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: rootfsPropagation can be private, and not slave or shared" {
  command_is true
  edit '.linux.rootfsPropagation = "private"'
  run_bundle
  assert_status 0
  local type
  for type in slave rslave shared rshared; do
    edit '.linux.rootfsPropagation = $t' --arg t $type
    run_bundle
    assert_status 1
    assert_output rootfsPropagation
  done
}

@test "shared mounts: a new user namespace has no right to mount in the host's" {
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  command_is true
  run_bundle
  assert_status 1
  assert_output "mounts needs a mount namespace beside the new user namespace"
  [ -z "$(new_mounts)" ]
}

# ---- a mount namespace by path ----

# PEER is a process with a mount namespace of its own, which the bundle joins.
join_peer() {
  unshare -m sleep 1000 3>&- & PEER=$!
  wait_for 5 differs "/proc/$PEER/ns/mnt"
  edit '.linux.namespaces += [{type: "mount", path: $p}]' --arg p "/proc/$PEER/ns/mnt"
}

differs() {
  [ "$(readlink "$1")" != "$(readlink /proc/self/ns/mnt)" ]
}

@test "shared mounts: in a joined mount namespace all others keep their root, and the mounts go with delete" {
  join_peer
  command_is sh -c 'readlink /proc/self/ns/mnt; ls /; sleep 1000'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 5 grep -q tmp "$TEST_DIR/out"
  grep -qF "$(readlink "/proc/$PEER/ns/mnt")" "$TEST_DIR/out"
  [ -z "$(grep usr "$TEST_DIR/out")" ]
  # Whoever lives there keeps the root.
  [ -d "/proc/$PEER/root/usr" ]
  grep -q " $BUNDLE/rootfs/proc " "/proc/$PEER/mountinfo"
  [ -z "$(new_mounts)" ]
  run ketch exec "$CT" ls /
  assert_status 0
  assert_output bin
  refute_output usr
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ketch delete "$CT"
  [ -z "$(grep " $BUNDLE/rootfs" "/proc/$PEER/mountinfo")" ]
}

@test "shared mounts: delete when the joined namespace's path is gone, and when all of it is" {
  join_peer
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  kill -9 $PEER
  ketch delete --force "$CT"
  [ -z "$(new_mounts)" ]
}

@test "shared mounts: a create that fails leaves none in a joined namespace" {
  join_peer
  edit '.mounts += [{destination: "/b", source: "/no/such", options: ["bind"]}]'
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output /no/such
  [ -z "$(grep " $BUNDLE/rootfs" "/proc/$PEER/mountinfo")" ]
}

@test "shared mounts: the runtime's own mount namespace by path is as none" {
  edit '.linux.namespaces += [{type: "mount", path: "/proc/self/ns/mnt"}]'
  command_is readlink /proc/self/ns/mnt
  run_bundle
  assert_status 0
  [ "$output" = "$(readlink /proc/self/ns/mnt)" ]
  [ -z "$(new_mounts)" ]
}
