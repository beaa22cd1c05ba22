#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch check`: everything that is wrong with a bundle on this host, and nothing that is not.

load helpers

check() {
  run ketch check --json -b "$BUNDLE"
}

# finds LEVEL PATH WORDS: there is such a finding, with the line of the config on which PATH's last key stands
finds() {
  jq -e --arg l "$1" --arg p "$2" --arg w "$3" '.findings[] | select(.level == $l and .path == $p and (.message + (.hint // "") | contains($w)))' \
    <<< "$output" > "$TEST_DIR/found" || { echo "no $1 at $2 with '$3' in: $output" >&2; return 1; }
  jq -e '.line > 0 and .column > 0' "$TEST_DIR/found" > /dev/null
}

# refused WORDS: create fails, and says so
refused() {
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  [ "$status" != 0 ] || { echo "check says error, create does it" >&2; return 1; }
  assert_output "$1"
}

# wrong PATH WORDS [CREATE'S WORDS]: an error of check, and of create
wrong() {
  check
  assert_status 1
  finds error "$1" "$2"
  refused "${3:-$2}"
}

@test "check: nothing is wrong with the default bundle, and nothing is made" {
  run ketch check -b "$BUNDLE"
  assert_status 0
  [ "$output" = "nothing is wrong" ]
  [ ! -e "$ROOT" ]
  check
  assert_status 0
  [ "$(jq -c . <<< "$output")" = '{"findings":[],"ok":true}' ]
}

@test "check: all findings, not the first; in the order of the config" {
  edit '.process.cwd = "relative" | .process.rlimits = [{type: "RLIMIT_NO", soft: 1, hard: 1}] | .mounts[0].destination = "" | .linux.namespaces += [{type: "pid"}]'
  check
  assert_status 1
  finds error '$.process.cwd' absolute
  finds error '$.process.rlimits[0].type' RLIMIT_NO
  finds error '$.linux.namespaces[6].type' pid
  [ "$(jq '.findings | length' <<< "$output")" -ge 4 ]
  [ "$(jq -c '[.findings[].line]' <<< "$output")" = "$(jq -c '[.findings[].line] | sort' <<< "$output")" ]
  [ "$(jq .ok <<< "$output")" = false ]
}

@test "check: spec, plan and host in one go" {
  edit '.process.apparmorProfile = "x" | .process.selinuxLabel = "y" | .mounts += [{destination: "/d", source: "/nonexistent", options: ["bind"]}]
    | .linux.resources.network.classID = 7 | .linux.intelRdt = {closID: "x"} | .process.args = ["nosuchprogram"] | .hooks.prestart = [{path: "/nonexistent"}]'
  check
  assert_status 1
  [ -e /sys/module/apparmor ] || finds error '$.process.apparmorProfile' AppArmor
  finds error '$.process.selinuxLabel' SELinux
  finds error '$.mounts[7].source' /nonexistent
  finds error '$.linux.intelRdt' intelRdt
  finds error '$.process.args[0]' 'executable file not found in $PATH'
  finds error '$.hooks.prestart[0].path' /nonexistent
  run ketch check -b "$BUNDLE"
  assert_status 1
  assert_output "config.json:$(grep -n '"intelRdt"' "$BUNDLE/config.json" | cut -d: -f1):"
  [[ ${lines[-1]} == *" errors, "*" warning"* ]]
}

@test "check: a value that is refused hides nothing of the host's; places are those of the whole config" {
  edit '.process.args = ["nosuchprogram"] | .linux.maskedPaths = ["relative"] | .process.rlimits += [{type: 3, soft: 1, hard: 1}]
    | .mounts = [.mounts[0], {destination: "/x"}, {destination: "/d", source: "/nonexistent", options: ["bind", 7]}] + .mounts[1:]'
  check
  assert_status 1
  finds error '$.linux.maskedPaths[0]' relative
  finds error '$.process.rlimits[1].type' 'must be a string'
  finds error '$.mounts[1].type' type
  finds error '$.mounts[2].options[1]' 'must be a string'
  finds error '$.mounts[2].source' /nonexistent
  # a mount that is not known may bring it
  finds warning '$.process.args[0]' 'executable file not found in $PATH'
  [ "$(jq '.findings | length' <<< "$output")" = 6 ]

  edit 'del(.mounts[1, 2])'
  check
  finds error '$.process.args[0]' 'executable file not found in $PATH'
}

@test "check: warnings alone are success" {
  edit '.process.terminl = true | .mounts += [{destination: "/d", type: "nosuchfs"}]'
  check
  assert_status 0
  finds warning '$.process.terminl' terminal
  finds warning '$.mounts[7].type' nosuchfs
  [ "$(jq .ok <<< "$output")" = true ]
  # also beside errors that leave no model
  edit '.process.args = 7'
  check
  assert_status 1
  finds warning '$.process.terminl' terminal
  finds error '$.process.args' array
}

@test "check: annotations of crun's that are misspelt or not followed" {
  edit '.annotations = {"run.oci.hooks.stdot": "/x", "run.oci.wasm": "1", "run.oci.handler": "krun", "run.oci.seccomp.plugins": "/x", "org.example": "1"}'
  check
  assert_status 0
  finds warning '$.annotations["run.oci.hooks.stdot"]' "did you mean 'run.oci.hooks.stdout'?"
  finds warning '$.annotations["run.oci.wasm"]' "knows no such annotation"
  finds warning '$.annotations["run.oci.handler"]' "'krun' is not supported"
  finds warning '$.annotations["run.oci.seccomp.plugins"]' "no plugin is asked"
  [ "$(jq '.findings | length' <<< "$output")" = 4 ]
}

@test "check: no bundle, no config, no JSON" {
  run ketch check --json -b "$TEST_DIR/none"
  assert_status 1
  [ "$(jq -r '.findings[0].code' <<< "$output")" = bundle ]
  mkdir "$TEST_DIR/empty"
  run ketch check -b "$TEST_DIR/empty"
  assert_status 1
  assert_output config.json
  echo '{"ociVersion": "1.0.0",,}' > "$BUNDLE/config.json"
  check
  assert_status 1
  [ "$(jq '.findings[0].line' <<< "$output")" = 1 ]
}

@test "check: root" {
  edit '.root.path = "none"'
  wrong '$.root.path' none
  edit '.root.path = "config.json"'
  wrong '$.root.path' "Not a directory"
}

@test "check: mounts" {
  edit '.mounts += [{destination: "/d", source: "/nonexistent", options: ["rbind"]}]'
  wrong '$.mounts[7].source' /nonexistent
  edit '.mounts[7] = {destination: "/etc", source: "/etc/passwd", options: ["bind"]}'
  wrong '$.mounts[7].source' /etc directory
  edit '.mounts[7] = {destination: "/d", type: "tmpfs", options: ["bind"], source: "/tmp"} | .mounts[6] = {destination: "/e", options: []}'
  wrong '$.mounts[6].type' bind
}

@test "check: each mount has its say" {
  edit '.mounts += [{destination: "/a"}, {destination: "/b", source: "/tmp", options: ["bind", "tmpcopyup"]}, {destination: "/c", options: ["bind"]}]'
  check
  [ "$(jq '[.findings[] | select(.path | startswith("$.mounts[")) | .path[9:10]] | unique | length' <<< "$output")" = 3 ]
}

@test "check: the program, by its name and by its path" {
  command_is nosuchprogram
  wrong '$.process.args[0]' 'exec: "nosuchprogram": executable file not found in $PATH'
  command_is /bin/none
  wrong '$.process.args[0]' 'exec: "/bin/none": stat /bin/none: no such file or directory'
  command_is /bin
  wrong '$.process.args[0]' 'exec: "/bin": is a directory'
  echo x > "$BUNDLE/rootfs/bin/plain"
  command_is plain
  wrong '$.process.args[0]' 'exec: "plain": permission denied'
  command_is /bin/plain
  wrong '$.process.args[0]' 'exec: "/bin/plain": permission denied'
  edit '.process.cwd = "/bin"'
  command_is ./sh
  check
  assert_status 0
  # the host's /bin is not looked at
  rm -r "$BUNDLE/rootfs/bin"
  ln -s /bin "$BUNDLE/rootfs/bin"
  command_is /bin/sh
  check
  assert_status 1
}

@test "check: the program's interpreter, line ends and machine" {
  local f=$BUNDLE/rootfs/bin/f
  printf '#!/bin/sh\r\n' > "$f"
  chmod 755 "$f"
  command_is f
  check
  assert_status 1
  finds error '$.process.args[0]' "CR LF"
  echo '#!/bin/zsh' > "$f"
  check
  finds error '$.process.args[0]' "the interpreter '/bin/zsh'"
  cp /usr/bin/env "$f"
  check
  finds error '$.process.args[0]' "the dynamic loader"
  # byte 18: the machine; 243 is RISC-V
  cp "${BUSYBOX:-/bin/busybox}" "$f"
  printf '\xf3' | dd of="$f" bs=1 seek=18 conv=notrunc status=none
  check
  jq -e '.findings[] | select(.path == "$.process.args[0]" and (.message | contains("riscv")))' <<< "$output" > /dev/null
  cp "${BUSYBOX:-/bin/busybox}" "$f"
  check
  # busybox knows no applet f, but runs
  assert_status 0
}

@test "check: a program that a mount brings" {
  mkdir "$TEST_DIR/programs"
  mv "$BUNDLE/rootfs/bin/busybox" "$TEST_DIR/programs/tool"
  edit '.mounts += [{destination: "/opt/tools", source: $s, options: ["rbind", "ro"]}]' --arg s "$TEST_DIR/programs"
  command_is /opt/tools/tool true
  check
  assert_status 0
  [ "$(jq -c .findings <<< "$output")" = '[]' ]
  command_is /opt/tools/none
  check
  finds warning '$.process.args[0]' "no such file"
}

@test "check: an ordinary user and the mode of the program" {
  chmod 700 "$BUNDLE/rootfs/bin/busybox"
  edit '.process.user = {uid: 1000, gid: 1000}'
  wrong '$.process.args[0]' "permission denied"
  chmod 755 "$BUNDLE/rootfs/bin/busybox"
  check
  assert_status 0
}

@test "check: hooks" {
  echo '#!/bin/sh' > "$TEST_DIR/hook"
  edit '.hooks = {createRuntime: [{path: "/bin/true"}, {path: $p}], startContainer: [{path: "/bin/true"}, {path: "/none"}], poststop: [{path: "/none"}]}' --arg p "$TEST_DIR/hook"
  check
  assert_status 1
  finds error '$.hooks.createRuntime[1].path' "Permission denied"
  finds error '$.hooks.startContainer[1].path' "No such file"
  finds error '$.hooks.poststop[0].path' "No such file"
  [ "$(jq '.findings | length' <<< "$output")" = 3 ]
  refused hook
}

@test "check: namespaces to join" {
  mkfifo "$TEST_DIR/fifo"
  edit '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/ipc" elif .type == "ipc" then .path = $f elif .type == "uts" then .path = "/none" else . end)' \
    --arg f "$TEST_DIR/fifo"
  run timeout 10 "$KETCH" check --json -b "$BUNDLE"
  assert_status 1
  finds error '$.linux.namespaces[1].path' "is a ipc namespace, not a network namespace"
  finds error '$.linux.namespaces[2].path' "is not a namespace"
  finds error '$.linux.namespaces[3].path' "/none"
}

@test "check: a namespace to join that is ketch's own, with a sysctl" {
  edit '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"
    | .linux.sysctl = {"net.ipv4.ip_forward": $v}' --arg v "$(cat /proc/sys/net/ipv4/ip_forward)"
  wrong '$.linux.namespaces[1].path' "linux.sysctl would be set outside of the container"
}

@test "check: limits" {
  edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1, hard: 9000000000}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
  wrong '$.process.rlimits[0]' nr_open RLIMIT_NOFILE
  edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 10, hard: 10}, {type: "RLIMIT_NPROC", soft: 10, hard: 2000}]'
  run bash -c 'ulimit -u 1000; exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$@"' -- "$KETCH" check --json -b "$BUNDLE"
  assert_status 1
  finds error '$.process.rlimits[1]' CAP_SYS_RESOURCE
}

@test "check: CPUs, nodes, huge pages, controllers and network devices of this host" {
  edit '.linux.resources = {cpu: {cpus: "0,4000", mems: "0-900"}, hugepageLimits: [{pageSize: "3MB", limit: 1}]} | .linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "77"}
    | .linux.netDevices = {nosuchdev: {}, lo0: {}}'
  check
  assert_status 1
  finds error '$.linux.resources.cpu.cpus' "CPU 4000"
  finds error '$.linux.resources.cpu.mems' "memory node"
  finds error '$.linux.resources.hugepageLimits[0].pageSize' 3MB
  finds error '$.linux.memoryPolicy.nodes' "memory node 77"
  finds error '$.linux.netDevices.nosuchdev' nosuchdev
  finds error '$.linux.netDevices.lo0' lo0
}

@test "check: ids that are not mapped" {
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 10}] | .linux.gidMappings = .linux.uidMappings
    | .process.user = {uid: 50, gid: 60, additionalGids: [3, 70]}'
  check
  finds error '$.process.user.uid' "not mapped"
  finds error '$.process.user.gid' "not mapped"
  finds error '$.process.user.additionalGids[1]' "not mapped"
  refused "not mapped"
}

@test "check: a device path that is something else" {
  edit '.linux.devices = [{type: "c", path: "/bin/sh", major: 1, minor: 3}, {type: "c", path: "/dev/x", major: 1, minor: 3}]'
  wrong '$.linux.devices[0].path' "/bin/sh"
}

@test "check: for an ordinary user" {
  run as_nobody check --json -b "$BUNDLE"
  assert_status 1
  finds error '$.linux.namespaces' "user namespace"
  finds warning '$.process.capabilities' CAP_KILL
  # a bundle of the user's own
  mkdir -m 777 "$TEST_DIR/own"
  as_nobody spec --rootless -b "$TEST_DIR/own"
  cp -r "$BUNDLE/rootfs" "$TEST_DIR/own/rootfs"
  run as_nobody --cgroup-manager disabled check --json -b "$TEST_DIR/own"
  assert_status 0
}

@test "check: words of a config do not steer the terminal" {
  edit '.mounts += [{destination: "/d", source: "/none\u001b[31m", options: ["bind"]}]'
  run ketch check -b "$BUNDLE"
  assert_status 1
  refute_output $'\e'
  assert_output '/none?[31m'
}

@test "check: valid configs of the fixtures give no error of the spec, invalid ones do" {
  local f n=0
  for f in "$BATS_TEST_DIRNAME"/../../oci-spec-fixtures/{valid,invalid}/*.json; do
    [ -e "$f" ] || continue
    cp "$f" "$BUNDLE/config.json"
    run --separate-stderr timeout 10 "$KETCH" --root "$ROOT" check --json -b "$BUNDLE"
    [ "$status" -le 1 ] && [ -z "$stderr" ] || { echo "$f: $status $stderr" >&2; return 1; }
    jq -e '.ok == ([.findings[] | select(.level == "error")] | length == 0)' <<< "$output" > /dev/null || { echo "$f: $output" >&2; return 1; }
    case $f in */invalid/*) [ "$status" = 1 ] || { echo "$f is said to be good" >&2; return 1; } ;; esac
    n=$((n + 1))
  done
  [ $n -ge 2 ]
}

@test "check: the seccomp profile" {
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64"], syscalls: [{names: ["read", "nosuchcall"], action: "SCMP_ACT_ALLOW"}]}'
  check
  assert_status 0
  finds warning '$.linux.seccomp.syscalls' nosuchcall
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/none/agent", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
  check
  assert_status 0
  finds warning '$.linux.seccomp.listenerPath' /none/agent
}
