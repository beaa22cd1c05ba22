#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# intelRdt on a host without resctrl. tests/faults/92-rdt.bats has the rest, on an imitation that only test builds accept.

load helpers

setup() {
  test_setup
  ! grep -q ' resctrl ' /proc/self/mounts || skip "this host has resctrl"
}

@test "rdt: without resctrl create fails by name and leaves nothing" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f"}'
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "rdt.create: intelRdt needs resctrl, which is not mounted"
  assert_output '$.linux.intelRdt'
  assert_clean
}

@test "rdt: a directory of plain files is not taken for resctrl" {
  edit '.linux.intelRdt = {}'
  mkdir "$TEST_DIR/resctrl"
  KETCH_RESCTRL=$TEST_DIR/resctrl run ketch create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "intelRdt needs resctrl"
  [ -z "$(ls "$TEST_DIR/resctrl")" ]
}

@test "rdt: explain shows the group and its schemata" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f\nMB:0=1", memBwSchema: "MB:0=20", enableMonitoring: true}'
  run ketch explain -b "$BUNDLE"
  assert_status 0
  assert_output "group gold"
  assert_output "schemata L3:0=f"
  assert_output "schemata MB:0=20"
  refute_output "MB:0=1;"
  assert_output "monitor"
}

@test "rdt: update of a container without intelRdt is refused" {
  start_one
  run ketch update --l3-cache-schema L3:0=f "$CT"
  assert_status 1
  assert_output "without intelRdt"
  run ketch update --l3-cache-schema 0=f "$CT"
  assert_status 1
  assert_output "does not begin with 'L3'"
}
