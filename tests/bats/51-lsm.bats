#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Security modules that are on: AppArmor profiles and SELinux labels applied, enforced, and refused when they are wrong. A kernel has one
# of the two: boots v2 and selinux of tests/vm. Where they are off: 30-process.bats.

load helpers

apparmor() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ] || skip "AppArmor is off here: runs in tests/vm, boot v2"
  command -v apparmor_parser > /dev/null || skip "no apparmor_parser here: runs in tests/vm, boot v2"
}

# SELinux with the policy selinux.conf, enforced. No other policy is ever replaced by it.
selinux() {
  grep -qw selinuxfs /proc/filesystems || skip "SELinux is off here: runs in tests/vm, boot selinux"
  mountpoint -q /sys/fs/selinux || mount -t selinuxfs selinuxfs /sys/fs/selinux
  case $(tr -d '\000' < /proc/self/attr/current) in
  u:r:kernel_t) ;;
  *:*) skip "SELinux has a policy of this host's: runs in tests/vm, boot selinux" ;;
  *)
    checkpolicy -U allow -c 33 -o "$TEST_DIR/policy" "$BATS_TEST_DIRNAME/selinux.conf" > /dev/null
    cat "$TEST_DIR/policy" > /sys/fs/selinux/load
    ;;
  esac
  echo 1 > /sys/fs/selinux/enforce
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
  [ ! -e /sys/fs/selinux/enforce ] || [ "$(tr -d '\000' < /proc/self/attr/current)" != u:r:kernel_t ] || echo 0 > /sys/fs/selinux/enforce
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

current='tr -d "\000" < /proc/self/attr/current; echo'

@test "selinux: process and mount labels" {
  selinux
  edit '.process.selinuxLabel = "u:r:box_t" | .linux.mountLabel = "u:object_r:kernel_t"'
  command_is sh -c "$current"'; grep " /dev/shm " /proc/self/mountinfo'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = u:r:box_t ]
  assert_output "context=u:object_r:kernel_t"
  start_one
  [ "$(tr -d '\000' < "/proc/$PID/attr/current")" = u:r:box_t ]
  [ "$(ketch exec "$CT" sh -c "$current")" = u:r:box_t ]
  [ "$(ketch exec --process-label u:r:peer_t "$CT" sh -c "$current")" = u:r:peer_t ]
  ketch kill "$CT" KILL
  wait_for 20 status_is "$CT" stopped
}

# Which words there are, and how others are refused: 61-explain.bats.
@test "selinux: run.oci.mount_context_type chooses the mount option that mountLabel is" {
  selinux
  local word
  edit '.process.selinuxLabel = "u:r:box_t" | .linux.mountLabel = "u:object_r:secret_t"'
  command_is sh -c 'grep " /dev/shm " /proc/self/mountinfo; ls -d /dev/shm/. && echo root; echo x > /dev/shm/x && cat /dev/shm/x'
  for word in context fscontext rootcontext; do
    edit '.annotations["run.oci.mount_context_type"] = $w' --arg w $word
    run_bundle
    echo "$word: $output"
    # As the kernel shows it: this option and not the other.
    [[ ${lines[0]} =~ [,\ ]$word=u:object_r:secret_t(,|$) ]]
    [ "$(grep -o 'context=' <<< "${lines[0]}" | wc -l)" = 1 ]
    # The small policy has no rules for tmpfs: what has no label of its own takes that of its file system.
    assert_output "ls: /dev/shm/.: Permission denied"
    assert_output "can't create /dev/shm/x: Permission denied"
  done
  edit '.annotations["run.oci.mount_context_type"] = "defcontext"'
  # That one is for file systems whose files have labels of their own.
  run ketch run -b "$BUNDLE" "$CT"
  assert_status 1
  assert_output "Invalid argument"
  assert_output '$.mounts[1]'
  assert_output 'defcontext="u:object_r:secret_t"'
}

@test "selinux: what the policy forbids the label's domain is denied, file by file and mount by mount" {
  selinux
  local tries='cat /secret; cat /open; echo x > /dev/shm/x; ls /dev/shm'
  echo hidden > "$BUNDLE/rootfs/secret"
  echo shown > "$BUNDLE/rootfs/open"
  setfattr -n security.selinux -v u:object_r:secret_t "$BUNDLE/rootfs/secret"
  edit '.process.selinuxLabel = "u:r:box_t" | .linux.mountLabel = "u:object_r:kernel_t"'
  command_is sh -c "$tries"
  run_bundle
  assert_output "can't open '/secret': Permission denied"
  assert_output shown
  assert_output x
  refute_output hidden
  refute_output "/dev/shm"
  edit '.linux.mountLabel = "u:object_r:secret_t"' # its own mounts
  run_bundle
  assert_output "can't create /dev/shm/x: Permission denied"
  edit 'del(.process.selinuxLabel)' # the host's domain may
  run_bundle
  assert_output hidden
  refute_output denied
  start_one
  run ketch exec --process-label u:r:peer_t "$CT" cat /secret
  assert_status 1
  assert_output "Permission denied"
  [ "$(ketch exec "$CT" cat /secret)" = hidden ]
}

@test "selinux: a label that the policy does not know is refused at create" {
  selinux
  edit '.process.selinuxLabel = "no:such:label"'
  run create_one
  assert_status 1
  assert_output "SELinux label 'no:such:label'"
  assert_clean
  edit '.process.selinuxLabel = "u:r:box_t" | .linux.mountLabel = "no:such:label"'
  run create_one
  assert_status 1
  assert_output "linux.mountLabel 'no:such:label'"
  assert_output '$.linux.mountLabel)'
  assert_clean
  edit 'del(.linux.mountLabel)'
  start_one
  run ketch exec --process-label no:such:label "$CT" true
  assert_status 255
  assert_output "SELinux label 'no:such:label'"
}

@test "selinux: a domain that the policy lets nobody enter is an error of start, with a hint; nothing is left" {
  selinux
  edit '.process.selinuxLabel = "u:r:never_t"'
  run ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "operation not permitted" # the kernel's word with no_new_privs
  grep -q "a security module refuses it" "$TEST_DIR/log"
  assert_clean
  edit '.process.noNewPrivileges = false'
  run_bundle
  assert_status 1
  assert_output "permission denied"
  assert_clean
}
