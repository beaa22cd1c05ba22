#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# User namespaces: maps written by us and by newuidmap, joined ones, setgroups (config-linux.md#user-namespace-mappings).

load helpers

setup() {
  test_setup
  # The container's root is nobody here: it must be able to reach its files.
  chmod 711 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
}

userns() {
  edit '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
}

fails_at() {
  run "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  local path
  path=$(jq -r 'select(.level == "error") | .path' "$TEST_DIR/log" | tail -1)
  [ "$path" = "$1" ] || { echo "error at '$path', not '$1': $output" >&2; return 1; }
}

squeezed() {
  echo "$1" | tr -s ' ' | sed 's/^ //'
}

@test "userns: tmpcopyup gives no file a set-user-id bit for another owner than its own" {
  userns
  local size
  edit '(.mounts[] | select(.destination == "/dev/pts").options) -= ["gid=5"]
    | .mounts += [{destination: "/up", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
  mkdir "$BUNDLE/rootfs/up"
  touch "$BUNDLE"/rootfs/up/{foreign,half,ours}
  chown 5:5 "$BUNDLE/rootfs/up/foreign" # which the namespace does not map
  chown 100003:5 "$BUNDLE/rootfs/up/half"
  chown 100003:200004 "$BUNDLE/rootfs/up/ours"
  chmod 6755 "$BUNDLE"/rootfs/up/*
  command_is stat -c '%n %a %u:%g' /up/foreign /up/half /up/ours
  for size in 10 65536; do # the larger one maps 65534, too, which what is not mapped looks like
    edit '.linux.uidMappings[0].size = $s | .linux.gidMappings[0].size = $s' --argjson s $size
    run_bundle
    assert_status 0
    [ "$(echo "${lines[*]}" | sed 's/65534/0/g')" = "/up/foreign 755 0:0 /up/half 4755 3:0 /up/ours 6755 3:4" ]
  done
}

@test "userns: the maps are as configured" {
  userns
  edit '.linux.uidMappings += [{containerID: 70000, hostID: 5, size: 2}]'
  command_is sh -c 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g'
  run_bundle
  assert_status 0
  [ "$(squeezed "${lines[0]}")" = "0 100000 65536" ]
  [ "$(squeezed "${lines[1]}")" = "70000 5 2" ]
  [ "$(squeezed "${lines[2]}")" = "0 200000 65536" ]
  [ "${lines[3]}" = allow ]
  [ "${lines[4]}" = 0 ]
  [ "${lines[5]}" = 0 ]
}

@test "userns: on the host the process has the mapped id" {
  userns
  edit '.process.user = {uid: 1000, gid: 2000, additionalGids: [3000]}'
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  local pid
  pid=$(ketch state "$CT" | jq .pid)
  [ "$(awk '/^Uid:/ {print $2}' "/proc/$pid/status")" = 101000 ]
  [ "$(awk '/^Gid:/ {print $2}' "/proc/$pid/status")" = 202000 ]
  [ "$(awk '/^Groups:/ {print $2, $3}' "/proc/$pid/status")" = "203000 " ]
  run ketch exec "$CT" sh -c 'id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user'
  assert_status 0
  [ "${lines[0]}" = 1000 ]
  [ "$(squeezed "${lines[1]}")" = "0 100000 65536" ]
  [ "${lines[2]}" = "$(readlink "/proc/$pid/ns/user")" ]
}

@test "userns: with a joined network namespace of the host" {
  userns
  local ns=ketch-test-$$
  ip netns add "$ns"
  edit '.linux.namespaces |= map(if .type == "network" then .path = $p else . end) | .mounts |= map(select(.type != "sysfs"))' \
    --arg p "/run/netns/$ns"
  command_is sh -c 'readlink /proc/self/ns/net; cat /proc/self/uid_map'
  run_bundle
  local inode
  inode=$(stat -c %i "/run/netns/$ns")
  ip netns del "$ns"
  assert_status 0
  [ "${lines[0]}" = "net:[$inode]" ]
  [ "$(squeezed "${lines[1]}")" = "0 100000 65536" ]
}

@test "userns: user and other namespaces of another container are joined" {
  userns
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT-a" < /dev/null > "$TEST_DIR/out" 2>&1
  local pid
  pid=$(ketch state "$CT-a" | jq .pid)
  edit 'del(.hostname, .linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(
    if .type == "user" then .path = "/proc/\($pid)/ns/user"
    elif .type == "network" then .path = "/proc/\($pid)/ns/net"
    elif .type == "pid" then .path = "/proc/\($pid)/ns/pid"
    elif .type == "ipc" then .path = "/proc/\($pid)/ns/ipc"
    elif .type == "uts" then .path = "/proc/\($pid)/ns/uts" else . end)' --arg pid "$pid"
  command_is sh -c 'for n in user net pid ipc uts; do readlink /proc/self/ns/$n; done; id -u'
  run_bundle
  assert_status 0
  local n i=0
  for n in user net pid ipc uts; do
    [ "${lines[$i]}" = "$(readlink "/proc/$pid/ns/$n")" ] || { echo "$n: ${lines[$i]}" >&2; return 1; }
    i=$((i + 1))
  done
  [ "${lines[5]}" = 0 ]
}

@test "userns: a new time namespace has its offsets" {
  userns
  edit '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 500000000}}'
  command_is cat /proc/self/timens_offsets
  run_bundle
  assert_status 0
  [ "$(squeezed "${lines[0]}")" = "monotonic 500000000 0" ]
}

@test "userns: without mappings, or with id 0 or the process unmapped, the error names the property" {
  userns
  edit 'del(.linux.gidMappings)'
  fails_at '$.linux.gidMappings'
  userns
  edit '.linux.namespaces |= unique | .linux.uidMappings[0].containerID = 1'
  fails_at '$.linux.uidMappings'
  userns
  edit '.linux.namespaces |= unique | .process.user.uid = 65536'
  fails_at '$.process.user.uid'
}

@test "userns: maps that the kernel refuses are told with the ranges" {
  userns
  # In a user namespace around us that has one id.
  run unshare --user --map-root-user "$KETCH" --root "$ROOT" --cgroup-manager disabled run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "map uid 0..65535 to 100000..165535: Operation not permitted"
}

@test "userns: nobody in a joined pid namespace can look into what joins" {
  userns
  # Root of the container looks at every process all the time. What is not its own program is ketch on its way in, which
  # it must not be able to trace, and so neither to read its exe (CVE-2016-9962).
  command_is sh -c 'while :; do for p in /proc/[0-9]*; do exe=$(readlink $p/exe) && case $exe in
    /bin/busybox) ;; *) echo "$p $exe" >> /tmp/seen ;; esac; done; done'
  edit '.root.readonly = false'
  ketch run --detach -b "$BUNDLE" "$CT-a" < /dev/null > "$TEST_DIR/out" 2>&1
  local i
  for i in $(seq 20); do
    ketch exec "$CT-a" true
  done
  ketch exec "$CT-a" touch /tmp/alive
  [ -e "$BUNDLE/rootfs/tmp/alive" ]
  [ ! -s "$BUNDLE/rootfs/tmp/seen" ]
}

# ---- ordinary users ----

# as_user COMMAND…: as a user "kuser" with one subordinate range, whom nobody but the command knows.
as_user() {
  command -v newuidmap > /dev/null || { echo "these tests need newuidmap (package uidmap)" >&2; return 1; }
  cp "$KETCH" "$TEST_DIR/ketch"
  mkdir -p "$ROOT"
  chown -R 54321:54321 "$ROOT" "$BUNDLE"
  printf '%s\nkuser:x:54321:54321::/:/bin/sh\n' "$(cat /etc/passwd)" > "$TEST_DIR/passwd"
  echo kuser:300000:65536 > "$TEST_DIR/subuid"
  echo kuser:400000:65536 > "$TEST_DIR/subgid"
  chmod 644 "$TEST_DIR"/{passwd,subuid,subgid}
  unshare --mount sh -c 'for f in passwd subuid subgid; do mount --bind "$0/$f" "/etc/$f" || exit 99; done
    exec setpriv --reuid 54321 --regid 54321 --clear-groups "$@"' "$TEST_DIR" "$@"
}

run_as_user() {
  run as_user "$TEST_DIR/ketch" --root "$ROOT" --log "$TEST_DIR/log.user" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
}

# The config of `ketch spec --rootless` without what this topic is not about.
rootless_config() {
  userns
  edit '.linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: 54321, size: 1}]
    | del(.linux.resources) | .root.readonly = false
    | .mounts |= map(if .options then .options |= map(select(test("^gid=") | not)) else . end)'
  touch "$TEST_DIR/log.user"
  chmod 666 "$TEST_DIR/log.user"
}

@test "userns: an ordinary user maps the own id, at the price of setgroups" {
  rootless_config
  command_is sh -c 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; touch /tmp/made'
  run_as_user
  assert_status 0
  [ "$(squeezed "${lines[0]}")" = "0 54321 1" ]
  [ "$(squeezed "${lines[1]}")" = "0 54321 1" ]
  [ "${lines[2]}" = deny ]
  [ "${lines[3]}" = 0 ]
  [ "$(stat -c %u "$BUNDLE/rootfs/tmp/made")" = 54321 ]
  [ ! -s "$TEST_DIR/log.user" ] || cat "$TEST_DIR/log.user" # to have no cgroup of the own is no news
  [ ! -s "$TEST_DIR/log.user" ]
  edit '.process.user.additionalGids = [0]'
  run_as_user
  assert_status 1
  assert_output additionalGids
}

@test "userns: additional groups are left out, with a warning, where setgroups was denied around ketch" {
  edit 'del(.linux.resources) | .process.user.additionalGids = [0, 7]
    | .mounts |= map(if .options then .options |= map(select(test("^gid=") | not)) else . end)'
  chown -R 0:0 "$BUNDLE/rootfs"
  command_is sleep 1000
  run unshare --user --map-root-user --mount sh -c '"$1" --root "$2" --log "$3/run.log" --cgroup-manager disabled run --detach -b "$4" "$5" > "$3/out" 2>&1 || exec cat "$3/out"
    exec "$1" --root "$2" --log "$3/exec.log" exec "$5" cat /proc/self/setgroups' sh "$KETCH" "$ROOT" "$TEST_DIR" "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$output" = deny ]
  local log
  for log in run exec; do
    [ "$(grep -cF 'the additional groups are left out' "$TEST_DIR/$log.log")" = 1 ] || { cat "$TEST_DIR/$log.log" >&2; return 1; }
  done
}

@test "userns: an ordinary user's ranges are mapped by newuidmap and newgidmap" {
  rootless_config
  edit '.linux.uidMappings += [{containerID: 1, hostID: 300000, size: 65536}] | .linux.gidMappings += [{containerID: 1, hostID: 400000, size: 65536}]'
  edit '.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]}'
  command_is sh -c 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -G'
  run_as_user
  assert_status 0
  [ "$(squeezed "${lines[1]}")" = "1 300000 65536" ]
  [ "$(squeezed "${lines[3]}")" = "1 400000 65536" ]
  [ "${lines[4]}" = allow ]
  [ "${lines[5]}" = 1000 ]
  [ "${lines[6]}" = "1000 2000" ]
}

@test "userns: a range that the user has not been given is refused with what it has" {
  rootless_config
  edit '.linux.uidMappings += [{containerID: 1, hostID: 1000000, size: 10}]'
  run_as_user
  assert_status 1
  assert_output "map uid 0 to 54321, 1..10 to 1000000..1000009: newuidmap: uid range [1-11) -> [1000000-1000010) not allowed"
  [ "$(jq -r 'select(.level == "error").hint' "$TEST_DIR/log.user")" = "/etc/subuid gives user 'kuser' 300000..365535" ]
}

@test "userns: an ordinary user needs a user namespace" {
  rootless_config
  edit '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  run_as_user
  assert_status 1
  assert_output '$.linux.namespaces'
}

@test "userns: an ordinary user's time offsets and oom score are set" {
  rootless_config
  edit '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 500000000}} | .process.oomScoreAdj = 321'
  command_is cat /proc/self/timens_offsets /proc/self/oom_score_adj
  run_as_user
  assert_status 0
  [ "$(squeezed "${lines[1]}")" = "boottime 500000000 0" ]
  [ "${lines[2]}" = 321 ]
}

# ---- standard input, output and error ----

@test "userns: pipes are given to the user's id outside, what has a name on the host is not" {
  userns
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is sh -c 'stat -L -c %u /proc/self/fd/1; echo again >> /dev/stdout; echo err >&2; cat /dev/stdin'
  echo input | (umask 077; "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" 2> "$TEST_DIR/err" | cat > "$TEST_DIR/out")
  [ "$(paste -sd' ' "$TEST_DIR/out")" = "1000 again input" ]
  [ "$(cat "$TEST_DIR/err")" = err ]
  [ "$(stat -c %u "$TEST_DIR/err")" = 0 ]
  start_one
  "$KETCH" --root "$ROOT" exec --user 5 "$CT" sh -c 'echo out > /dev/stdout' < /dev/null | cat > "$TEST_DIR/out"
  [ "$(cat "$TEST_DIR/out")" = out ]
  echo mine > "$TEST_DIR/file"
  mkfifo "$TEST_DIR/fifo"
  (umask 077; cat "$TEST_DIR/fifo" > "$TEST_DIR/out") &
  "$KETCH" --root "$ROOT" exec "$CT" sh -c 'cat; chmod 666 /proc/self/fd/0; echo theirs > /proc/self/fd/0' < "$TEST_DIR/file" > "$TEST_DIR/fifo" 2> "$TEST_DIR/err" || true
  wait $!
  [ "$(cat "$TEST_DIR/out")" = mine ]
  [ "$(cat "$TEST_DIR/file")" = mine ]
  [ "$(stat -c %u "$TEST_DIR/file" "$TEST_DIR/fifo" "$TEST_DIR/err" | sort -u)" = 0 ]
}
