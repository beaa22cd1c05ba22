#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch explain`: the plan, and nothing done. What the plans are: tests/golden.

load helpers

FACTS=$BATS_TEST_DIRNAME/../../oci-spec-fixtures/facts

steps() {
  jq -r '.steps[].name' <<< "$output"
}

@test "explain: steps with their values, in the order of their stages; nothing is made" {
  run ketch explain -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output "directory $ROOT/$CT"
  assert_output "root $BUNDLE/rootfs"
  assert_output "hostname ketch"
  [ ! -e "$ROOT" ]
  run ketch explain --json -b "$BUNDLE" "$CT"
  assert_status 0
  [ "$(steps | head -n 1)" = state.reserve ]
  [ "$(steps | tail -n 1)" = exec ]
  [ "$(jq -r '.steps[].stage' <<< "$output" | grep -v serve | uniq | paste -sd' ')" = "host init start" ]
  [ "$(jq -r '.clone[0]' <<< "$output")" = "new $(jq -r '.linux.namespaces[].type' "$BUNDLE/config.json" | grep -v cgroup | paste -sd,)" ] ||
    assert_output '"new '
}

@test "explain: what is explained is what happens" {
  command_is true
  run ketch explain --run --json -b "$BUNDLE" "$CT"
  assert_status 0
  steps | sort > "$TEST_DIR/explained"
  run ketch run --trace "$TEST_DIR/trace" -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  jq -r .step "$TEST_DIR/trace" | sort > "$TEST_DIR/happened"
  diff "$TEST_DIR/explained" "$TEST_DIR/happened"
}

@test "explain: the config decides which steps there are" {
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .process.oomScoreAdj = 500 | del(.hostname) | .linux.maskedPaths = []'
  run ketch explain --json -b "$BUNDLE"
  assert_status 0
  assert_output '"net.ipv4.ip_forward 1"'
  assert_output '"oom_score_adj 500"'
  steps > "$TEST_DIR/steps"
  refute grep -x 'host.name\|mounts.masked' "$TEST_DIR/steps"
  edit '.linux.namespaces = [{type: "mount"}, {type: "pid", path: "/proc/1/ns/pid"}] | del(.linux.sysctl)'
  run ketch explain --json -b "$BUNDLE"
  assert_status 0
  [ "$(jq -r '.steps[].stage' <<< "$output" | grep -cx ns)" -gt 0 ]
  assert_output '"joined by the first child pid"'
}

@test "explain: --names lists every step once, with its stage" {
  run ketch explain --names
  assert_status 0
  [ "${#lines[@]}" -gt 50 ]
  [ -z "$(awk '{print $1}' <<< "$output" | sort | uniq -d)" ]
  [ -z "$(awk '{print $2}' <<< "$output" | grep -vx 'host\|ns\|init\|serve\|start')" ]
  awk '{print $1}' <<< "$output" | sort > "$TEST_DIR/names"
  run ketch explain --json -b "$BUNDLE"
  [ -z "$(comm -23 <(steps | sort) "$TEST_DIR/names")" ]
}

@test "explain: an exec has fewer steps, and joins" {
  run ketch explain --exec --json -b "$BUNDLE"
  assert_status 0
  steps > "$TEST_DIR/steps"
  grep -x ns.join "$TEST_DIR/steps"
  refute grep -x 'mounts.all\|rootfs.pivot\|state.reserve' "$TEST_DIR/steps"
  echo '{"args": ["id", "-u"], "cwd": "/tmp", "user": {"uid": 7, "gid": 8}}' > "$TEST_DIR/process.json"
  run ketch explain --exec --process "$TEST_DIR/process.json" --json -b "$BUNDLE"
  assert_status 0
  assert_output '"uid 7"'
  assert_output '"cwd /tmp"'
  run ketch explain --process "$TEST_DIR/process.json" -b "$BUNDLE"
  assert_status 1
}

@test "explain: options of create change the plan" {
  run ketch explain --no-pivot --preserve-fds 2 --no-new-keyring --json -b "$BUNDLE"
  assert_status 0
  assert_output '"preserve 3-4"'
  refute_output pivot_root
  refute grep -x keyring <(steps)
  run ketch --cgroup-manager disabled explain --json -b "$BUNDLE"
  assert_status 0
  refute grep -x cgroup.join <(steps)
}

@test "explain: for a recorded host" {
  run ketch explain --facts "$FACTS/v2-systemd.json" --json -b "$BUNDLE"
  assert_status 0
  assert_output "/sys/fs/cgroup/system.slice/ID"
  run ketch explain --facts "$FACTS/v1.json" --json -b "$BUNDLE"
  assert_status 0
  assert_output "/sys/fs/cgroup/cpu,cpuacct/system.slice/containerd.service/ID"
  run ketch explain --facts "$FACTS/rootless.json" -b "$BUNDLE"
  assert_status 1
  assert_output "needs a user namespace"
  # this host, recorded
  ketch doctor --save-facts > "$TEST_DIR/facts.json"
  diff <(ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE") <(ketch explain -b "$BUNDLE")
}

@test "explain: the unit of a recorded host with systemd, on cgroup v2 and on v1" {
  edit '.linux.resources.cpu = {shares: 512}'
  run ketch --systemd-cgroup explain --facts "$FACTS/v2-systemd.json" --json -b "$BUNDLE" web
  assert_status 0
  assert_output '"unit ketch-web.scope","cgroup container"'
  assert_output '"property CPUWeight 59","property DevicePolicy strict"'
  run ketch --systemd-cgroup explain --facts "$FACTS/v1.json" --json -b "$BUNDLE" web
  assert_status 0
  assert_output '"unit ketch-web.scope","cgroup container (devices)"'
  assert_output '"property CPUShares 512","devices.deny a"'
  run ketch --systemd-cgroup explain --facts "$FACTS/hybrid.json" -b "$BUNDLE" web
  assert_status 1
  assert_output "needs systemd, which does not run here"
}

@test "explain: mountLabel is the mount option that run.oci.mount_context_type names, on a host with SELinux" {
  local word big
  jq '.selinux = true' "$FACTS/v1.json" > "$TEST_DIR/facts.json"
  edit '.linux.mountLabel = "u:object_r:a_t:s0:c1,c2"'
  run ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE"
  assert_status 0
  assert_output 'size=65536k,context="u:object_r:a_t:s0:c1,c2"'
  for word in context fscontext defcontext rootcontext; do
    edit '.annotations["run.oci.mount_context_type"] = $w' --arg w $word
    run ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE"
    assert_status 0
    assert_output "size=65536k,$word=\"u:object_r:a_t:s0:c1,c2\""
  done
  big=$(head -c 100000 /dev/zero | tr '\0' x)
  for word in '' Context context,ro bogus "$big"; do
    edit '.annotations["run.oci.mount_context_type"] = $w' --arg w "$word"
    run ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE"
    assert_status 1
    assert_output "'${word:0:100}"
    assert_output '$.annotations["run.oci.mount_context_type"]'
    [ ${#output} -lt 2000 ]
  done
}

@test "explain: a record that is none is told by name and place" {
  echo '{"kernel_major": "six"}' > "$TEST_DIR/facts.json"
  run ketch explain --facts "$TEST_DIR/facts.json" -b "$BUNDLE"
  assert_status 1
  assert_output "$TEST_DIR/facts.json"
  assert_output kernel_major
  run ketch explain --facts "$TEST_DIR/none.json" -b "$BUNDLE"
  assert_status 1
  assert_output "No such file"
}

@test "explain: errors of the plan have line and column" {
  edit 'del(.linux.namespaces[] | select(.type == "uts"))'
  run ketch explain -b "$BUNDLE"
  assert_status 1
  assert_output "config.json:$(grep -n '"hostname"' "$BUNDLE/config.json" | cut -d: -f1):"
  assert_output '$.hostname'
}

@test "explain: without root, state or bundle" {
  cp "$BUNDLE/config.json" "$TEST_DIR/config.json"
  run as_nobody explain --json --config "$TEST_DIR/config.json" --bundle /nonexistent/bundle --facts "$FACTS/v2-systemd.json"
  assert_status 0
  assert_output '"root /nonexistent/bundle/rootfs"'
  run as_nobody explain --config config.json --bundle /nonexistent/bundle
  assert_status 1
  assert_output /nonexistent/bundle
  mkdir -m 777 "$TEST_DIR/rootless"
  as_nobody spec --rootless -b "$TEST_DIR/rootless"
  run as_nobody explain --json -b "$TEST_DIR/rootless"
  assert_status 0
  [ "$(jq .rootless <<< "$output")" = true ]
}

@test "explain: words of a config do not steer the terminal" {
  edit '.hostname = "a\u001b[31mb" | .mounts += [{destination: "/x\u001b[2J\u007f", type: "tmpfs"}]'
  run ketch explain -b "$BUNDLE"
  assert_status 0
  refute_output $'\e'
  refute_output $'\x7f'
  assert_output 'a?[31mb'
}
