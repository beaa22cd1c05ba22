#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ketch in a container of ketch: what the kernel refuses to it there, and what is done instead.

load helpers

# The bundle's container can make containers: ketch at /ketch, a bundle for the inner one at /inner.
outer() {
  local caps='["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_CHROOT", "CAP_SETPCAP", "CAP_FOWNER", "CAP_KILL", "CAP_SETFCAP"]'
  make_bundle "$TEST_DIR/inner"
  cp "$KETCH" "$TEST_DIR/inner/ketch"
  BUNDLE=$TEST_DIR/inner edit '.linux.namespaces |= map(select(.type != "network")) | .linux.resources = {} | .mounts |= map(select(.type != "cgroup"))
    | .process.capabilities[] = [] | .process.args = ["sh", "-c", "echo pid $$; ls -d /proc/1; cat /proc/mounts | grep \" /proc \"; id -u"]'
  edit '.root.readonly = false | .process.noNewPrivileges = false | .process.capabilities[] = $c
    | .mounts += [{destination: "/inner", type: "bind", source: $i, options: ["rbind", "rw"]}, {destination: "/run", type: "tmpfs", source: "tmpfs"}]' \
    --argjson c "$caps" --arg i "$TEST_DIR/inner"
}

@test "nested: a container in a container, with the cgroups of the outer one" {
  outer
  command_is sh -c '/inner/ketch --root /run/k --cgroup-manager disabled run -b /inner in < /dev/null'
  run_bundle
  assert_status 0
  assert_output "pid 1"
}

@test "nested: where a new proc would uncover what is masked, the proc that is there is bound" {
  outer
  BUNDLE=$TEST_DIR/inner edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 10}] | .linux.gidMappings = .linux.uidMappings'
  command_is sh -c '/inner/ketch --root /run/k --cgroup-manager disabled --log /run/log run -b /inner in < /dev/null; s=$?; cat /run/log; exit $s'
  run_bundle
  assert_status 0
  assert_output "pid 1"
  assert_output "/proc/1"
  assert_output "bound there"
  # What the outer runtime masked stays masked.
  BUNDLE=$TEST_DIR/inner edit '.process.args = ["sh", "-c", "cat /proc/kcore | wc -c; ls /proc/acpi /proc/scsi 2>/dev/null | wc -l"]'
  run_bundle
  assert_output 0
}

@test "nested: exec, state and delete of the inner one" {
  outer
  command_is sh -c 'k="/inner/ketch --root /run/k --cgroup-manager disabled"; sed -i "s/\"terminal\": true/\"terminal\": false/" /inner/config.json
    $k create -b /inner in < /dev/null && $k start in && sleep 0.3; $k exec in echo from-exec; $k state in | grep status; $k kill in KILL
    for i in $(seq 100); do $k delete in && { $k list -q; exit; }; sleep 0.1; done; exit 1'
  BUNDLE=$TEST_DIR/inner edit '.process.args = ["sleep", "100"]'
  run_bundle
  assert_status 0
  assert_output from-exec
  assert_output running
}
