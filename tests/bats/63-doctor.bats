#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch doctor`: what this host offers and lacks, by property; and the recording of a host.

load helpers

# state PROPERTY: yes, partly or no
state() {
  jq -r --arg p "$1" '.properties[] | select(.property == $p) | .available' <<< "$output"
}

@test "doctor: a table for people, the host first" {
  run --separate-stderr "$KETCH" doctor
  assert_status 0
  [ -z "$stderr" ]
  [[ ${lines[0]} == "Linux $(uname -r) $(uname -m), "* ]]
  assert_output "linux.namespaces[].type = pid"
  # whatever is lacking has a reason and an advice
  local i
  for i in "${!lines[@]}"; do
    case ${lines[i]} in
      no* | partly*)
        [[ ${lines[i]} == *takes* ]]
        [[ ${lines[i + 1]} == *"-> "* ]] ;;
    esac
  done
}

@test "doctor: JSON with every property once" {
  run "$KETCH" doctor --json
  assert_status 0
  [ "$(jq '.properties | length' <<< "$output")" -gt 40 ]
  [ "$(jq '.properties | length' <<< "$output")" = "$(jq '[.properties[].property] | unique | length' <<< "$output")" ]
  [ "$(jq -c '[.properties[].available] | unique - ["yes", "partly", "no"]' <<< "$output")" = '[]' ]
  [ "$(jq '[.properties[] | select(.available != "yes" and .advice == null)] | length' <<< "$output")" = 0 ]
  [ "$(jq '[.properties[] | select(.takes == null or .takes == "")] | length' <<< "$output")" = 0 ]
}

@test "doctor: it says what is so" {
  run "$KETCH" doctor --json
  [ "$(state 'linux.namespaces[].type = pid')" = "$([ -e /proc/self/ns/pid ] && echo yes || echo no)" ]
  [ "$(state 'linux.namespaces[].type = time')" = "$([ -e /proc/self/ns/time ] && echo yes || echo no)" ]
  [ "$(state process.apparmorProfile)" = "$(grep -qs Y /sys/module/apparmor/parameters/enabled && echo yes || echo no)" ]
  [ "$(state 'process.selinuxLabel, linux.mountLabel')" = "$([ -e /sys/fs/selinux/enforce ] && echo yes || echo no)" ]
  [ "$(state linux.intelRdt)" = no ]
  [ "$(state linux.seccomp)" = "$(grep -qs . /proc/sys/kernel/seccomp/actions_avail && echo yes || echo no)" ]
  [ "$(state 'process.rlimits above the hard limit')" = "$(capsh --has-p=cap_sys_resource 2>/dev/null && echo yes || echo no)" ]
  local c
  for c in pids rdma; do
    if [ -d /sys/fs/cgroup/$c ] || grep -qsw $c /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers; then
      [ "$(state linux.resources.$c)" != no ]
    else
      [ "$(state linux.resources.$c)" = no ]
    fi
  done
}

@test "doctor: an ordinary user is told what that takes away" {
  run --separate-stderr as_nobody doctor --json
  assert_status 0
  [ -z "$stderr" ]
  [ "$(state linux.netDevices)" = no ]
  [ "$(state linux.resources.devices)" = no ]
  [ "$(state 'process.scheduler: FIFO, RR, DEADLINE')" = no ]
  [ "$(state process.capabilities)" = partly ]
  [[ $(jq -r .host <<< "$output") == *"an ordinary user"* ]]
}

@test "doctor: the facts, for explain" {
  run --separate-stderr "$KETCH" doctor --save-facts
  assert_status 0
  [ -z "$stderr" ]
  [ "$(jq -r .kernel_release <<< "$output")" = "$(uname -r)" ]
  [ "$(jq -r .complete <<< "$output")" = true ]
  echo "$output" > "$TEST_DIR/facts.json"
  run ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE"
  assert_status 0
  # the records in the tree have the members of today
  local f
  for f in "$BATS_TEST_DIRNAME"/../../oci-spec-fixtures/facts/*.json; do
    diff <(jq -r 'keys[]' "$f") <(jq -r 'keys[]' "$TEST_DIR/facts.json")
    diff <(jq -r '.hierarchies[0] | keys[]' "$f") <(jq -r '.hierarchies[0] | keys[]' "$TEST_DIR/facts.json")
  done
}
