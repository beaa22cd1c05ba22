#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Security modules that are on: AppArmor profiles and SELinux labels applied, enforced, and refused when they are wrong.
# tests/vm/run has AppArmor; with --append "security=selinux selinux=1 lsm=selinux" SELinux. Where they are off: 30-process.bats.

load helpers

apparmor() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ] || skip "AppArmor is off here (tests/vm/run has it)"
  command -v apparmor_parser > /dev/null || skip "no apparmor_parser here"
}

selinux() {
  [ -e /sys/fs/selinux/enforce ] || skip "SELinux is off here (tests/vm/run --append \"security=selinux selinux=1 lsm=selinux\" has it)"
  LABEL=system_u:system_r:unconfined_t:s0
  MOUNT_LABEL=system_u:object_r:tmp_t:s0
}

# Loads profile $1, which allows all but what the rules $2 deny.
profile() {
  apparmor_parser -r -K -W << END
profile $1 flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  signal,
  ptrace,
  unix,
  umount,
  mount,
  $2
}
END
  PROFILES+=("$1")
}

setup() {
  test_setup
  PROFILES=()
}

teardown() {
  delete_containers
  local p
  for p in "${PROFILES[@]}"; do echo -n "$p" > /sys/kernel/security/apparmor/.remove; done
  test_teardown
}

@test "apparmor: the profile is on the program, and enforced" {
  apparmor
  profile "$CT-p" 'deny /denied w, deny capability chown,'
  edit --arg p "$CT-p" '.process.apparmorProfile = $p | .root.readonly = false | .process.capabilities[] += ["CAP_CHOWN"]'
  command_is sh -c 'cat /proc/self/attr/current; echo x > /denied; echo y > /allowed && cat /allowed; chown 5 /allowed'
  run_bundle
  assert_output "$CT-p (enforce)"
  assert_output "can't create /denied: Permission denied"
  assert_output y
  assert_output "chown: /allowed: "
  edit '.process.noNewPrivileges = false'
  run_bundle
  assert_output "$CT-p (enforce)"
  assert_output "can't create /denied: Permission denied"
}

@test "apparmor: create and start; kill and delete reach a confined container" {
  apparmor
  profile "$CT-p" ''
  edit --arg p "$CT-p" '.process.apparmorProfile = $p'
  command_is sleep 1000
  create_one
  ketch start "$CT"
  wait_for 20 grep -q "^$CT-p (enforce)" "/proc/$(pid_of "$CT")/attr/current"
  ketch kill "$CT" KILL
  wait_for 20 status_is "$CT" stopped
  ketch delete "$CT"
}

@test "apparmor: a profile that is not loaded is refused at create, and nothing is left" {
  apparmor
  edit '.process.apparmorProfile = "ketch-no-such-profile"'
  run create_one
  assert_status 1
  assert_output "AppArmor profile 'ketch-no-such-profile'"
  assert_output "No such file or directory"
  assert_clean
  run ketch list -q
  [ -z "$output" ]
}

@test "apparmor: exec has the container's profile, or --apparmor's" {
  apparmor
  profile "$CT-p" 'deny /denied w,'
  profile "$CT-q" 'deny /other w,'
  edit --arg p "$CT-p" '.process.apparmorProfile = $p | .root.readonly = false'
  start_one
  run ketch exec "$CT" sh -c 'cat /proc/self/attr/current; echo x > /denied'
  assert_output "$CT-p (enforce)"
  assert_output "/denied: Permission denied"
  run ketch exec --apparmor "$CT-q" "$CT" sh -c 'cat /proc/self/attr/current; echo x > /denied && echo y > /other'
  assert_output "$CT-q (enforce)"
  refute_output "/denied"
  assert_output "/other: Permission denied"
  run ketch exec --apparmor ketch-no-such-profile "$CT" true
  assert_status 255
  assert_output "AppArmor profile 'ketch-no-such-profile'"
  status_is "$CT" running
}

@test "apparmor: unconfined is a profile like others" {
  apparmor
  edit '.process.apparmorProfile = "unconfined"'
  command_is cat /proc/self/attr/current
  run_bundle
  assert_status 0
  [ "$output" = unconfined ]
}

@test "apparmor: hooks are not confined by the container's profile" {
  apparmor
  profile "$CT-p" ''
  edit --arg p "$CT-p" --arg out "$TEST_DIR/hook" '.process.apparmorProfile = $p
    | .hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current > " + $out]}],
      startContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current > /tmp/hook"]}]}'
  edit '.root.readonly = false'
  command_is true
  run_bundle
  assert_status 0
  [ "$(cat "$TEST_DIR/hook")" = unconfined ]
  [ "$(cat "$BUNDLE/rootfs/tmp/hook")" = unconfined ]
}

@test "selinux: process and mount labels" {
  selinux
  edit --arg p "$LABEL" --arg m "$MOUNT_LABEL" '.process.selinuxLabel = $p | .linux.mountLabel = $m'
  command_is sh -c 'tr -d "\000" < /proc/self/attr/current; echo; grep " /dev/shm " /proc/self/mountinfo'
  run_bundle
  assert_status 0
  assert_output "$LABEL"
  assert_output "context=$MOUNT_LABEL"
  start_one
  [ "$(tr -d '\000' < "/proc/$PID/attr/current")" = "$LABEL" ]
  run ketch exec "$CT" sh -c 'tr -d "\000" < /proc/self/attr/current'
  assert_output "$LABEL"
  run ketch exec --process-label system_u:system_r:init_t:s0 "$CT" sh -c 'tr -d "\000" < /proc/self/attr/current'
  assert_output "system_u:system_r:init_t:s0"
}

@test "selinux: a label that the policy does not know is refused at create" {
  selinux
  edit '.process.selinuxLabel = "no:such:label:s0"'
  run create_one
  assert_status 1
  assert_output "SELinux label 'no:such:label:s0'"
  assert_clean
  edit --arg p "$LABEL" '.process.selinuxLabel = $p | .linux.mountLabel = "no:such:label:s0"'
  run create_one
  assert_status 1
  assert_output "Invalid argument" # the mount's: the kernel does not say that it is the label
  assert_clean
  edit 'del(.linux.mountLabel)'
  start_one
  run ketch exec --process-label no:such:label:s0 "$CT" true
  assert_status 255
  assert_output "SELinux label 'no:such:label:s0'"
}
