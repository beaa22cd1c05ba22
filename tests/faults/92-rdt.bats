#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# intelRdt on a directory that stands for /sys/fs/resctrl: the rules of the specification, exec, update, events, delete, and an
# interrupted create. Needs a build with -Dfaults=true: only such a one takes anything for resctrl that is not.

load ../bats/helpers

KETCH=${KETCH:-$BATS_TEST_DIRNAME/../../build-faults/src/cli/ketch}

setup() {
  test_setup
  export KETCH_RESCTRL=$TEST_DIR/resctrl
  mkdir -p "$KETCH_RESCTRL"/{mon_groups,mon_data,info/L3,info/MB}
  echo fffff > "$KETCH_RESCTRL/info/L3/cbm_mask"
  echo 10 > "$KETCH_RESCTRL/info/MB/min_bandwidth"
  printf '    L3:0=fffff;1=fffff\n    MB:0= 100;1= 100\n' > "$KETCH_RESCTRL/schemata"
}

# group NAME SCHEMATA: one that the administrator made.
group() {
  mkdir -p "$KETCH_RESCTRL/$1/mon_groups"
  printf '%s\n' "$2" > "$KETCH_RESCTRL/$1/schemata"
}

@test "rdt: a class is made with its schemata, joined, and removed" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f;1=f\nMB:0=1", memBwSchema: "MB:0=20;1=70"}'
  start_one
  [ "$(cat "$KETCH_RESCTRL/gold/schemata")" = $'L3:0=f;1=f\nMB:0=20;1=70' ]
  [ "$(cat "$KETCH_RESCTRL/gold/tasks")" = "$PID" ]
  ketch delete --force "$CT"
  [ ! -e "$KETCH_RESCTRL/gold" ]
}

@test "rdt: two dots in a name are no way up: group and monitoring group go with the container" {
  CT=$CT..x
  edit '.linux.intelRdt = {closID: "gold..1", schemata: ["L3:0=f"], enableMonitoring: true}'
  start_one
  [ -d "$KETCH_RESCTRL/gold..1/mon_groups/$CT" ]
  ketch delete --force "$CT"
  [ ! -e "$KETCH_RESCTRL/gold..1" ]
}

@test "rdt: without closID the container's id names the class, without schemas nothing is written" {
  edit '.linux.intelRdt = {}'
  start_one
  [ "$(cat "$KETCH_RESCTRL/$CT/tasks")" = "$PID" ]
  [ ! -e "$KETCH_RESCTRL/$CT/schemata" ]
  ketch delete --force "$CT"
  [ ! -e "$KETCH_RESCTRL/$CT" ]
}

@test "rdt: a class that is there is joined when it says the same, and stays" {
  group silver $'    L3:0=0000f;1=0000f\n    MB:0=  20;1=  70'
  edit '.linux.intelRdt = {closID: "silver", schemata: ["L3:0=f", "MB:1=70"]}'
  start_one
  [ "$(cat "$KETCH_RESCTRL/silver/tasks")" = "$PID" ]
  ketch delete --force "$CT"
  grep -q 'L3:0=0000f' "$KETCH_RESCTRL/silver/schemata"
  edit '.linux.intelRdt.schemata = ["L3:0=ff"]'
  run_bundle
  assert_status 1
  assert_output "differ"
  assert_output '$.linux.intelRdt.closID'
  [ -d "$KETCH_RESCTRL/silver" ]
}

@test "rdt: a class without schemas must be there" {
  edit '.linux.intelRdt = {closID: "bronze"}'
  run_bundle
  assert_status 1
  assert_output "there is no resctrl group 'bronze'"
  group bronze 'L3:0=f'
  start_one
  [ "$(cat "$KETCH_RESCTRL/bronze/tasks")" = "$PID" ]
}

@test "rdt: monitoring has a group of its own, in the default class too" {
  edit '.linux.intelRdt = {closID: "/", enableMonitoring: true}'
  start_one
  [ "$(cat "$KETCH_RESCTRL/mon_groups/$CT/tasks")" = "$PID" ]
  [ "$(cat "$KETCH_RESCTRL/tasks")" = "$PID" ]
  mkdir -p "$KETCH_RESCTRL/mon_groups/$CT/mon_data/mon_L3_00"
  echo 4096 > "$KETCH_RESCTRL/mon_groups/$CT/mon_data/mon_L3_00/llc_occupancy"
  ketch events --stats "$CT" | jq -e '.data.intel_rdt | .cmt_stats == [{llc_occupancy: 4096}] and .l3_cache_info.cbm_mask == "fffff"
    and .l3_cache_schema_root == "L3:0=fffff;1=fffff" and .mem_bw_info.min_bandwidth == 10'
  ketch delete --force "$CT"
  [ ! -e "$KETCH_RESCTRL/mon_groups/$CT" ]
}

@test "rdt: exec joins, update writes, a container without intelRdt touches nothing" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f"}'
  start_one
  ketch exec "$CT" true
  [ "$(cat "$KETCH_RESCTRL/gold/tasks")" != "$PID" ]
  ketch update --l3-cache-schema L3:0=3 --mem-bw-schema MB:0=30 "$CT"
  [ "$(cat "$KETCH_RESCTRL/gold/schemata")" = $'L3:0=3\nMB:0=30' ]
  run ketch update --mem-bw-schema L3:0=3 "$CT"
  assert_status 1
  assert_output "does not begin with 'MB:'"
  ketch delete --force "$CT"
  edit 'del(.linux.intelRdt)'
  start_one
  [ ! -e "$KETCH_RESCTRL/tasks" ]
  run ketch update --l3-cache-schema L3:0=3 "$CT"
  assert_status 1
  assert_output "without intelRdt"
}

@test "rdt: update takes the schemata back when the rest is refused" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f"}'
  start_one
  run ketch update --l3-cache-schema L3:0=3 --cpuset-cpus 4095 "$CT"
  assert_status 1
  assert_output "cpuset.cpus"
  [ "$(cat "$KETCH_RESCTRL/gold/schemata")" = L3:0=f ]
  ketch update --l3-cache-schema L3:0=3 --pids-limit 99 "$CT"
  [ "$(cat "$KETCH_RESCTRL/gold/schemata")" = L3:0=3 ]
}

@test "rdt: a failed and a killed create leave no group" {
  edit '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f", enableMonitoring: true} | .process.args = ["/nosuch"]'
  run_bundle
  assert_status 1
  [ ! -e "$KETCH_RESCTRL/gold" ]
  KETCH_FAULT=rdt.join:kill timeout 20 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 || true
  [ -d "$KETCH_RESCTRL/gold/mon_groups/$CT" ] || [ ! -e "$KETCH_RESCTRL/gold" ]
  ketch delete --force "$CT"
  [ ! -e "$KETCH_RESCTRL/gold" ]
}
