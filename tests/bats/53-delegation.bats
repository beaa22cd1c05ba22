#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# cgroup v2 for those who have not got all of it: an ordinary user with and without delegation, and a ketch in a container of ketch. The
# user is `tester` (1000) with a systemd user manager; boot user of tests/vm has both.

load helpers

setup() {
  [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "this host has not cgroup v2 alone: runs in tests/vm, boot user"
  test_setup
}

# The bundle as tester's, with root of the container being tester.
for_tester() {
  id tester > /dev/null 2>&1 || skip "there is no user tester: runs in tests/vm, boot user"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings
    | .mounts = [.mounts[] | select(.destination != "/dev/pts" and .destination != "/sys" and .destination != "/sys/fs/cgroup")]
    | del(.linux.resources)'
  chmod 755 "$TEST_DIR"
  mkdir "$TEST_DIR/user"
  touch "$TEST_DIR/user.log"
  chown tester "$TEST_DIR/user.log"
  chown -R tester: "$BUNDLE" "$TEST_DIR/user"
}

# Warnings and hints are in the log.
tester() {
  runuser -u tester -- "$KETCH" --root "$TEST_DIR/user" --log "$TEST_DIR/user.log" --log-format json "$@"
}

# In a unit of the user's manager that has its cgroup delegated; there in a cgroup of its own, as one with processes gives no controllers.
tester_delegated() {
  [ -d /run/systemd/system ] || skip "systemd does not run here: runs in tests/vm, boot user"
  loginctl enable-linger tester
  wait_for 60 test -S /run/user/1000/systemd/private
  # shellcheck disable=SC2016
  runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --quiet --scope -p Delegate=yes sh -c '
    dir=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
    mkdir "$dir/caller" && echo $$ > "$dir/caller/cgroup.procs" && exec "$@"' sh \
    "$KETCH" --root "$TEST_DIR/user" --log "$TEST_DIR/user.log" --log-format json "$@"
}

logged() { # WORDS
  grep -qF -- "$1" "$TEST_DIR/user.log" || { echo "no '$1' in: $(cat "$TEST_DIR/user.log")" >&2; return 1; }
}

@test "delegation: without any, a container without limits runs; where it asks for a cgroup the warning names the owner" {
  for_tester
  command_is echo works
  run tester run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ ! -s "$TEST_DIR/user.log" ]
  edit --arg p "$CT" '.linux.cgroupsPath = $p'
  run tester run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output works
  logged "is user 0's"
  logged "stays in the caller's own cgroup"
}

@test "delegation: without any, a limit is an error that names place, owner and ways out" {
  for_tester
  edit '.linux.resources = {memory: {limit: 100000000}}'
  run tester run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "Permission denied"
  assert_output '$.linux.resources.memory.limit'
  logged "is user 0's"
  logged "--rootless=true"
  [ -z "$(ls "$TEST_DIR/user")" ]
}

@test "delegation: --rootless=true goes without, with a warning for each controller" {
  for_tester
  edit '.linux.resources = {memory: {limit: 100000000}, pids: {limit: 30}}'
  command_is echo works
  run tester --rootless=true run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output works
  logged "no limits by 'memory' (\$.linux.resources.memory.limit)"
  logged "no limits by 'pids' (\$.linux.resources.pids.limit)"
  [ "$(grep -c "no limits by" "$TEST_DIR/user.log")" = 2 ]
}

@test "delegation: with it, all delegated controllers work" {
  for_tester
  edit '.linux.resources = {memory: {limit: 134217728}, pids: {limit: 30}, cpu: {shares: 512, quota: 50000, period: 100000}}'
  command_is sleep 1000
  tester_delegated run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out" >&2; return 1; }
  local pid dir
  pid=$(tester state "$CT" | jq .pid)
  dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  [[ $dir == */user@1000.service/*/$CT ]]
  [ "$(cat "$dir/memory.max")" = 134217728 ]
  [ "$(cat "$dir/pids.max")" = 30 ]
  [ "$(cat "$dir/cpu.max")" = "50000 100000" ]
  tester update --pids-limit 40 "$CT"
  [ "$(cat "$dir/pids.max")" = 40 ]
  tester pause "$CT"
  [ "$(tester state "$CT" | jq -r .status)" = paused ]
  tester resume "$CT"
  [ "$(tester_delegated exec "$CT" echo works)" = works ]
  tester delete --force "$CT"
}

@test "delegation: a controller that is not delegated is named, with the owner of the cgroup that keeps it" {
  for_tester
  grep -qw hugetlb /sys/fs/cgroup/cgroup.controllers || skip "this kernel has not hugetlb: runs in tests/vm, boot user"
  edit '.linux.resources = {hugepageLimits: [{pageSize: "2MB", limit: 0}], pids: {limit: 30}}'
  run tester_delegated run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "+hugetlb"
  logged "is user 0's"
  logged "Delegate=hugetlb"
  assert_output '$.linux.resources.hugepageLimits'
  command_is echo works
  run tester_delegated --rootless=true run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output works
  logged "no limits by 'hugetlb'"
  refute logged "no limits by 'pids'"
}

@test "delegation: newuidmap and newgidmap give an ordinary user's container its subordinate ids, here the distribution's own" {
  for_tester
  local uids gids
  IFS=: read -r _ uids _ < <(grep ^tester: /etc/subuid)
  IFS=: read -r _ gids _ < <(grep ^tester: /etc/subgid)
  edit --argjson u "$uids" --argjson g "$gids" '.linux.uidMappings += [{containerID: 1, hostID: $u, size: 65536}]
    | .linux.gidMappings += [{containerID: 1, hostID: $g, size: 65536}] | .process.user = {uid: 7, gid: 8, additionalGids: [9]} | .root.readonly = false'
  command_is sh -c 'cat /proc/self/uid_map; id -u; id -G; touch /tmp/made'
  chmod 777 "$BUNDLE/rootfs/tmp"
  run tester run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$(tr -s ' ' <<< "${lines[1]}")" = " 1 $uids 65536" ]
  [ "${lines[2]} ${lines[3]}" = "7 8 9" ]
  [ "$(stat -c '%u %g' "$BUNDLE/rootfs/tmp/made")" = "$((uids + 6)) $((gids + 7))" ]
  edit '.linux.uidMappings[1].hostID = 5000000'
  run tester run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "newuidmap: uid range [1-65537) -> [5000000-5065536) not allowed"
}

# A ketch, and a bundle with a limit for it, in the rootfs; INNER is the shell command that runs it, from a cgroup of its own.
ketch_inside() {
  cp -a "$BUNDLE" "$TEST_DIR/inner"
  jq '.process.args = ["sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max"] | .linux.resources.pids = {limit: 17}' \
    "$BUNDLE/config.json" > "$TEST_DIR/inner/config.json"
  mv "$TEST_DIR/inner" "$BUNDLE/rootfs/inner"
  cp "$KETCH" "$BUNDLE/rootfs/bin/ketch"
  INNER='mkdir /sys/fs/cgroup/init && echo 0 > /sys/fs/cgroup/init/cgroup.procs && ketch --root /run/k run -b /inner in'
}

@test "delegation: a ketch in a container of ketch sets limits there" {
  local all='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_KILL","CAP_SETUID","CAP_SETGID","CAP_SETPCAP","CAP_SETFCAP","CAP_NET_ADMIN",
    "CAP_SYS_ADMIN","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_SYS_RESOURCE","CAP_MKNOD","CAP_FSETID","CAP_NET_BIND_SERVICE","CAP_AUDIT_WRITE"]'
  ketch_inside
  edit --argjson all "$all" '.process.capabilities |= map_values($all) | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = false
    | .linux.resources.devices = [{allow: true, access: "rwm"}] | .process.capabilities.ambient = []
    | (.mounts[] | select(.destination == "/sys/fs/cgroup" or .destination == "/sys")).options |= map(select(. != "ro"))'
  command_is sh -c "$INNER"
  run_bundle
  assert_status 0
  [ "${lines[*]: -2}" = "0::/ 17" ]
}

@test "delegation: a ketch in a container of Podman sets limits there, whoever runs Podman's" {
  command -v podman > /dev/null || skip "no podman here: runs in tests/vm, boot user"
  local runtime
  ketch_inside
  for runtime in crun "$KETCH"; do
    run timeout 200 podman --root "$TEST_DIR/store" --runroot "$TEST_DIR/runroot" --tmpdir "$TEST_DIR/libpod" --storage-driver vfs --events-backend none \
      --cgroup-manager cgroupfs --runtime "$runtime" run --rm --privileged --network none --pull never --tmpfs /run --name "$CT" \
      --rootfs "$BUNDLE/rootfs" sh -c "$INNER" < /dev/null
    assert_status 0
    [ "${lines[*]: -2}" = "0::/ 17" ]
  done
}
