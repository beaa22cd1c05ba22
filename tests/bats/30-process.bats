#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# config.json's process: identity, privileges, limits, environment, program.

load helpers

# ---- identity ----

@test "process: user, group, additional groups, umask" {
  edit '.process.user = {uid: 1000, gid: 100, additionalGids: [5, 6], umask: 63}'
  command_is sh -c 'grep -E "^(Uid|Gid|Groups)" /proc/self/status; umask'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = $'Uid:\t1000\t1000\t1000\t1000' ]
  [ "${lines[1]}" = $'Gid:\t100\t100\t100\t100' ]
  [ "${lines[2]}" = $'Groups:\t5 6 ' ]
  [ "${lines[3]}" = 0077 ]
}

@test "process: no additional groups: none, whatever ketch has; umask unset: ours" {
  command_is sh -c 'grep Groups /proc/self/status; umask'
  run bash -c 'umask 0037; exec setpriv --groups 7,8,9 "$@"' -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "${lines[0]}" = $'Groups:\t ' ]
  [ "${lines[1]}" = 0037 ]
}

@test "process: run.oci.keep_original_groups keeps them" {
  edit '.annotations["run.oci.keep_original_groups"] = "1"'
  command_is grep Groups /proc/self/status
  run setpriv --groups 7,8,9 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$output" = $'Groups:\t7 8 9 ' ]
}

@test "process: run.oci.keep_original_groups leaves out additional groups that could not be set" {
  edit '.annotations["run.oci.keep_original_groups"] = "1" | .process.user.additionalGids = [5] | .linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 65534, size: 1}] | .linux.gidMappings = .linux.uidMappings
    | .linux.resources = {} | .linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type != "cgroup" and .type != "sysfs" and .type != "mqueue"))
    | .mounts |= map(if .type == "devpts" then .options -= ["gid=5"] else . end)'
  command_is grep Groups /proc/self/status
  chown -R 65534:65534 "$BUNDLE"
  chmod 755 "$TEST_DIR"
  run_bundle
  assert_status 0
  install -d -o 65534 "$TEST_DIR/nobody"
  run as_nobody --root "$TEST_DIR/nobody" --cgroup-manager disabled run -b "$BUNDLE" "$CT" < /dev/null
  assert_output "Groups:"
  assert_status 0
}

@test "process: an id that is not mapped is refused by name" {
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] |
    .linux.gidMappings = .linux.uidMappings | .process.user.uid = 10'
  run_bundle
  assert_status 1
  assert_output "user 10 is not mapped"
}

# ---- capabilities ----

caps_are() { # NAME HEX in the output
  [[ $output == *"$1:"$'\t'"$(printf %016x "$2")"* ]] || { echo "$1 is not $2: $output" >&2; return 1; }
}

@test "capabilities: of root" {
  edit '.process.capabilities = ({bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"]} | .permitted = .bounding | .effective = .bounding)'
  command_is grep Cap /proc/self/status
  run_bundle
  assert_status 0
  caps_are CapBnd 0x421; caps_are CapPrm 0x421; caps_are CapEff 0x421; caps_are CapInh 0; caps_are CapAmb 0
}

@test "capabilities: of a user, without and with ambient ones" {
  edit '.process.capabilities = ({bounding: ["CAP_CHOWN", "CAP_KILL"]} | .permitted = .bounding | .effective = .bounding) | .process.user.uid = 1000'
  command_is grep Cap /proc/self/status
  run_bundle
  assert_status 0
  caps_are CapBnd 0x21; caps_are CapPrm 0; caps_are CapEff 0; caps_are CapInh 0; caps_are CapAmb 0
  edit '.process.capabilities |= (.inheritable = .bounding | .ambient = ["CAP_KILL"])'
  run_bundle
  assert_status 0
  caps_are CapBnd 0x21; caps_are CapPrm 0x20; caps_are CapEff 0x20; caps_are CapInh 0x21; caps_are CapAmb 0x20
}

@test "capabilities: none in the config are none" {
  edit 'del(.process.capabilities)'
  command_is grep Cap /proc/self/status
  run_bundle
  assert_status 0
  caps_are CapBnd 0; caps_are CapPrm 0; caps_are CapInh 0
}

@test "capabilities: unknown and ungrantable ones are warnings" {
  edit '.process.capabilities = ({bounding: ["CAP_KILL", "CAP_SYS_RESOURCE", "CAP_NOPE"]} | .permitted = .bounding | .effective = .bounding)'
  command_is grep Cap /proc/self/status
  run setpriv --bounding-set -sys_resource "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  caps_are CapBnd 0x20; caps_are CapPrm 0x20; caps_are CapEff 0x20
  grep -q "CAP_SYS_RESOURCE" "$TEST_DIR/log"
  grep -q "CAP_NOPE" "$TEST_DIR/log"
}

@test "no_new_privs: set and not set" {
  edit '.process.noNewPrivileges = true'
  command_is grep NoNewPrivs /proc/self/status
  run_bundle
  [ "$output" = $'NoNewPrivs:\t1' ]
  edit '.process.noNewPrivileges = false'
  run_bundle
  [ "$output" = $'NoNewPrivs:\t0' ]
}

# ---- working directory ----

@test "cwd: entered, and made when missing" {
  edit '.process.cwd = "/tmp/a/b"'
  command_is pwd
  run_bundle
  assert_status 0
  [ "$output" = /tmp/a/b ]
}

# As with `docker run -u 1000` and WORKDIR /root (runc#2894, crun#794).
@test "cwd: closed to the user and open to root" {
  mkdir -m 700 "$BUNDLE/rootfs/closed" "$BUNDLE/rootfs/closed/in"
  ln -s ../../../closed/in "$BUNDLE/rootfs/way"
  edit '.process.cwd = "/closed" | .process.user = {uid: 1000, gid: 1000}'
  command_is sh -c 'readlink /proc/self/cwd; id -u; ls 2>&1; ls /proc/self/fd | wc -l'
  run_bundle
  assert_status 0
  [ "${lines[*]}" = "/closed 1000 ls: .: Permission denied 4" ]
  edit '.process.cwd = "/way"'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = /closed/in ]
  # what only the rights of before can enter, of root without capabilities
  chown 1000:1000 "$BUNDLE/rootfs/closed"
  edit '.process.cwd = "/closed" | .process.user = {uid: 0, gid: 0} | del(.process.capabilities)'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = /closed ]
}

@test "cwd: not a directory, missing, or closed to root, too" {
  edit '.process.cwd = "/bin/sh"'
  run_bundle
  assert_status 1
  assert_output "chdir to '/bin/sh': Not a directory"
  # the owner is not mapped, so the container's root has no capability there
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  mkdir -m 700 "$BUNDLE/rootfs/closed"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings | .process.cwd = "/closed" | .process.user.uid = 1000'
  run_bundle
  assert_status 1
  assert_output "chdir to '/closed': Permission denied"
}

@test "cwd: open to the user alone" {
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  mkdir -m 700 "$BUNDLE/rootfs/own"
  chown 101000:101000 "$BUNDLE/rootfs/own"
  # the group's way: of an owner that is not mapped
  mkdir -m 070 "$BUNDLE/rootfs/group"
  chown 0:101000 "$BUNDLE/rootfs/group"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings | .process.user = {uid: 1000, gid: 1000}'
  command_is readlink /proc/self/cwd
  local dir
  for dir in /own /group; do
    edit --arg dir "$dir" '.process.cwd = $dir'
    run_bundle
    assert_status 0
    [ "$output" = "$dir" ]
  done
}

@test "cwd: no way out by root's rights for a user who may not follow a link of /proc" {
  edit '.process.user = {uid: 1000, gid: 1000} | .process.cwd = "/proc/1/root/etc" | del(.linux.namespaces[] | select(.type == "pid"))'
  run_bundle
  assert_status 1
  assert_output "chdir to '/proc/1/root/etc': Permission denied"
}

@test "cwd: no way out by a leaked descriptor (CVE-2024-21626)" {
  local n
  for n in 3 5 7 9 12; do
    edit --arg n "$n" '.process.cwd = "/proc/self/fd/\($n)"'
    exec 5< / 9< / 12< /
    run_bundle
    exec 5<&- 9<&- 12<&-
    assert_status 1
    assert_output proc.cwd
  done
}

# ---- limits and scheduling ----

@test "rlimits: soft and hard" {
  edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
  command_is sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
  run_bundle
  assert_status 0
  [ "${lines[*]}" = "100 200 0" ]
}

@test "rlimits: small ones don't hinder ketch" {
  edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}, {type: "RLIMIT_FSIZE", soft: 0, hard: 0}, {type: "RLIMIT_NPROC", soft: 1, hard: 1},
    {type: "RLIMIT_AS", soft: 8000000, hard: 8000000}]'
  command_is echo fine
  run_bundle
  assert_status 0
  [ "$output" = fine ]
}

@test "rlimits: above what may be is an error with its name" {
  edit '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_NOFILE", soft: 100, hard: 99999999999}]'
  run_bundle
  assert_status 1
  assert_output "set RLIMIT_NOFILE to soft 100, hard 99999999999: Operation not permitted"
}

@test "oomScoreAdj: set, and left alone when absent" {
  command_is cat /proc/self/oom_score_adj
  edit '.process.oomScoreAdj = 123'
  run_bundle
  assert_status 0
  [ "$output" = 123 ]
  edit 'del(.process.oomScoreAdj)'
  run bash -c 'echo 77 > /proc/self/oom_score_adj; exec "$@"' -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$output" = 77 ]
}

@test "oomScoreAdj: in a user namespace" {
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 711 "$TEST_DIR"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings | .process.oomScoreAdj = 321'
  command_is cat /proc/self/oom_score_adj
  run_bundle
  assert_status 0
  [ "$output" = 321 ]
}

@test "scheduler: nice, FIFO, deadline; refused values are named" {
  command_is cut -d' ' -f18,19,40,41 /proc/self/stat
  edit '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
  run_bundle
  [ "$output" = "27 7 0 3" ]
  edit '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000, period: 10000000}'
  run taskset 1 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$output" = "-101 0 0 6" ]
}

@test "ioPriority" {
  edit '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
  command_is sleep 100
  ketch run -d -b "$BUNDLE" "$CT" < /dev/null
  run ionice -p "$(ketch state "$CT" | jq .pid)"
  [ "$output" = "best-effort: prio 6" ]
}

@test "personality and memoryPolicy" {
  edit '.linux.personality = {domain: "LINUX32"}'
  command_is uname -m
  run_bundle
  assert_status 0
  [ "$output" != x86_64 ] || [ "$(uname -m)" != x86_64 ]
  edit 'del(.linux.personality) | .linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
  command_is head -1 /proc/self/numa_maps
  run_bundle
  assert_status 0
  assert_output "bind:0"
}

@test "CPU affinity: an inherited narrow mask is reset" {
  [ "$(nproc)" -gt 1 ] || skip "one CPU"
  command_is nproc
  run taskset 1 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$output" = "$(nproc --all)" ]
}

# ---- program and environment ----

@test "program: the engines' words at create" {
  touch "$BUNDLE/rootfs/bin/plain"
  local word
  while IFS='|' read -r name word; do
    command_is "$name"
    run ketch create -b "$BUNDLE" "$CT" < /dev/null
    assert_status 1
    assert_output "$word"
    [ ! -e "$ROOT/$CT" ]
  done << 'END'
nope|exec: "nope": executable file not found in $PATH
/nope|exec: "/nope": stat /nope: no such file or directory
/bin/plain|exec: "/bin/plain": permission denied
plain|exec: "plain": permission denied
/bin|exec: "/bin": is a directory
/bin/sh/x|exec: "/bin/sh/x": stat /bin/sh/x: not a directory
END
}

@test "program: why execve failed is told by run" {
  local R=$BUNDLE/rootfs/bin word
  printf '#!/bin/nosh\n' > "$R/interp"
  printf '#!/bin/sh\r\n' > "$R/crlf"
  printf 'echo hi\n' > "$R/text"
  : > "$R/empty"
  cp /bin/true "$R/dynamic"
  cp /bin/busybox "$R/foreign"
  printf '\363\0' | dd of="$R/foreign" bs=1 seek=18 conv=notrunc status=none
  chmod 755 "$R"/*
  while IFS='|' read -r name word; do
    command_is "$name"
    run_bundle
    assert_status 1
    assert_output "$word"
  done << 'END'
interp|the interpreter '/bin/nosh' of the script '/bin/interp' is missing
crlf|ends with CR LF
text|exec format error: it is text without a #! line
empty|exec format error: the file is empty
dynamic|the dynamic loader
foreign|exec format error: the program is for riscv
END
}

@test "program: the search path is the container's, relative names are from cwd" {
  mkdir -p "$BUNDLE/rootfs/opt/x"
  cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/opt/x/echo"
  edit '.process.env = ["PATH=/nothing:/opt/x"]'
  command_is echo found
  run_bundle
  [ "$output" = found ]
  edit '.process.cwd = "/opt"'
  command_is x/echo found
  run_bundle
  [ "$output" = found ]
}

@test "program: as the user, not as root" {
  install -m 700 "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/rootonly"
  edit '.process.user.uid = 1000 | .process.capabilities = {}'
  command_is rootonly
  run ketch create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output 'exec: "rootonly": permission denied'
}

@test "environment: as given, with HOME from passwd where it is missing or empty" {
  echo 'bob:x:1000:100::/home/bob:/bin/sh' >> "$BUNDLE/rootfs/etc/passwd"
  edit '.process.env = ["PATH=/bin", "A=b=c", "B="]'
  command_is env
  run_bundle
  assert_status 0
  [ "${lines[*]}" = "PATH=/bin A=b=c B= HOME=/root" ]
  edit '.process.user.uid = 1000 | .process.env = ["PATH=/bin", "HOME="]'
  run_bundle
  [ "${lines[*]}" = "PATH=/bin HOME=/home/bob" ]
  edit '.process.user.uid = 1001'
  run_bundle
  [ "${lines[*]}" = "PATH=/bin HOME=/" ]
  edit '.process.env = ["PATH=/bin", "HOME=/x"]'
  run_bundle
  [ "${lines[*]}" = "PATH=/bin HOME=/x" ]
}

@test "environment: a FIFO or a link out as passwd does no harm" {
  rm "$BUNDLE/rootfs/etc/passwd"
  mkfifo "$BUNDLE/rootfs/etc/passwd"
  command_is sh -c 'echo $HOME'
  run timeout 10 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$output" = / ]
}

@test "environment: too large is a prompt error" {
  edit '.process.env += [range(100000) | "V\(.)=" + ("x" * 100)]'
  run timeout 10 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "argument list too long"
}

# ---- what is inherited ----

# Runs ketch with descriptors 3, 5 and 9 open (bats has its own 3).
run_with_fds() {
  run bash -c 'exec 3< /dev/null 4<&- 5< /dev/null 9< /dev/null; exec "$@"' -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$@" "$CT" < /dev/null
}

@test "inherited: no descriptor but 0 to 2 and --preserve-fds; a hole is no error" {
  command_is sh -c 'ls /proc/$$/fd; true'
  run_with_fds
  [ "${lines[*]}" = "0 1 2" ]
  run_with_fds --preserve-fds 1
  [ "${lines[*]}" = "0 1 2 3" ]
  run_with_fds --preserve-fds 3
  [ "${lines[*]}" = "0 1 2 3 5" ]
}

@test "inherited: LISTEN_FDS" {
  command_is sh -c 'echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; ls /proc/$$/fd; true'
  run bash -c 'exec 3< /dev/null 4< /dev/null 5< /dev/null; LISTEN_FDS=2 LISTEN_FDNAMES=a:b LISTEN_PID=$$ exec "$@"' -- \
    "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "${lines[0]}" = "2 1 a:b" ]
  [ "${lines[*]:1}" = "0 1 2 3 4" ]
}

@test "inherited: signals have their default action, none is blocked" {
  command_is grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status
  run bash -c 'trap "" PIPE HUP USR1 RTMIN; exec env --block-signal=TERM,RTMAX "$@"' -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "${#lines[@]}" = 3 ]
  [ "$(printf '%s\n' "${lines[@]}" | cut -f2 | sort -u)" = 0000000000000000 ]
}

@test "stdio: pipes and files are given to the user, /dev/null is not" {
  edit '.process.user.uid = 1000'
  command_is true
  local before
  before=$(stat -c %u:%g /dev/null)
  : > "$TEST_DIR/out"
  ketch run -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out"
  [ "$(stat -c %u:%g "$TEST_DIR/out")" = 1000:0 ]
  [ "$(stat -c %u:%g /dev/null)" = "$before" ]
}

@test "keyring: a session keyring of the container's own, unless --no-new-keyring" {
  [ -r /proc/keys ] || skip "no keys in this kernel"
  edit 'del(.linux.maskedPaths)'
  command_is grep -c "_ses.$CT:" /proc/keys
  run_bundle --no-new-keyring
  assert_status 1
  [ "$output" = 0 ]
  run_bundle
  assert_status 0
  [ "$output" = 1 ]
}

@test "keyring: after --no-new-keyring exec keeps its caller's too; a state without the word has one of its own" {
  [ -r /proc/keys ] || skip "no keys in this kernel"
  edit 'del(.linux.maskedPaths)'
  command_is sleep 1000
  detached run --detach --no-new-keyring -b "$BUNDLE" "$CT"
  run ketch exec "$CT" grep -c "_ses.$CT" /proc/keys
  assert_status 1
  [ "$output" = 0 ]
  jq -e .noNewKeyring "$ROOT/$CT/state.json"
  jq -c 'del(.noNewKeyring)' "$ROOT/$CT/state.json" > "$TEST_DIR/state.json"
  cp "$TEST_DIR/state.json" "$ROOT/$CT/state.json"
  run ketch exec "$CT" grep -c "_ses.$CT" /proc/keys
  assert_status 0
  [ "$output" = 1 ]
}

# ---- labels ----

@test "labels: an AppArmor profile where AppArmor is off is an error" {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" != Y ] || skip "AppArmor is here: runs in tests/vm, boot selinux"
  edit '.process.apparmorProfile = "docker-default"'
  run_bundle
  assert_status 1
  assert_output "AppArmor is not enabled"
  edit '.process.apparmorProfile = "unconfined"'
  command_is true
  run_bundle
  assert_status 0
}

@test "labels: a SELinux label where SELinux is off is an error" {
  ! grep -qw selinuxfs /proc/filesystems || skip "SELinux is here: runs in tests/vm, boot v2"
  edit '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
  run_bundle
  assert_status 1
  assert_output "SELinux is not enabled"
}

# ---- the waiting init ----

@test "waiting init: can't be traced by processes of its user" {
  edit '.process.user.uid = 1000'
  ketch create -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1
  # /proc/PID belongs to root, not to the user, exactly when a process is not dumpable
  [ "$(stat -c %u "/proc/$(ketch state "$CT" | jq .pid)/environ")" = 0 ]
}

# ---- exec ----

# Starts the bundle in the background with these jq changes.
start_with() {
  edit "$1"
  command_is sleep 100
  ketch run -d -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1
}

# exec --process with a process object made of this jq object and the words.
exec_process() {
  local more=$1
  shift
  jq -n "{args: \$ARGS.positional, cwd: \"/\"} + $more" --args -- "$@" > "$TEST_DIR/process.json"
  run ketch exec --process "$TEST_DIR/process.json" "$CT" < /dev/null
}

@test "exec: what the process does not say is the container's" {
  start_with '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]} | .process.oomScoreAdj = 99 |
    .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 60, hard: 70}] | .process.noNewPrivileges = false'
  exec_process '{}' sh -c 'grep Cap /proc/self/status; cat /proc/self/oom_score_adj; ulimit -n; echo $HOME'
  assert_status 0
  caps_are CapBnd 0x20; caps_are CapPrm 0x20; caps_are CapInh 0
  [ "${lines[*]:5}" = "99 60 /root" ]
}

@test "exec: what it says counts; nothing inheritable but what was asked for (CVE-2022-29162)" {
  start_with .
  exec_process '{user: {uid: 1000, gid: 5, additionalGids: [7]}, oomScoreAdj: 222, noNewPrivileges: true,
    capabilities: {bounding: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]}}' \
    sh -c 'grep -E "Cap|Groups|Uid|NoNew" /proc/self/status; cat /proc/self/oom_score_adj'
  assert_status 0
  assert_output $'Uid:\t1000\t1000\t1000\t1000'
  assert_output $'Groups:\t7 '
  assert_output $'NoNewPrivs:\t1'
  caps_are CapBnd 0x21; caps_are CapPrm 0; caps_are CapInh 0; caps_are CapAmb 0
  [ "${lines[-1]}" = 222 ]
}

@test "exec: execCPUAffinity, and without it all CPUs" {
  [ "$(nproc)" -gt 1 ] || skip "one CPU"
  start_with .
  exec_process '{execCPUAffinity: {initial: "0", final: "1"}}' grep Cpus_allowed_list /proc/self/status
  [ "$output" = $'Cpus_allowed_list:\t1' ]
  exec_process '{execCPUAffinity: {initial: "0"}}' nproc
  [ "$output" = "$(nproc --all)" ]
  exec_process '{execCPUAffinity: {final: "4000"}}' nproc
  assert_status 255
  assert_output "run on the CPUs '4000'"
}

@test "exec: init's keyring, also in a user namespace" {
  [ -r /proc/keys ] || skip "no keys in this kernel"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 711 "$TEST_DIR"
  start_with 'del(.linux.maskedPaths) | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings | .process.user.uid = 1000'
  local first
  exec_process '{user: {uid: 1000, gid: 0}}' grep -o "^.*_ses.$CT" /proc/keys
  assert_status 0
  [ "${#lines[@]}" = 1 ]
  first=${output%% *}
  exec_process '{user: {uid: 0, gid: 0}}' grep -o "^.*_ses.$CT" /proc/keys
  [ "${#lines[@]}" = 1 ] && [ "${output%% *}" = "$first" ]
}

@test "exec: the engines' words; no way out by a leaked descriptor" {
  start_with .
  exec_process '{}' nope
  assert_status 255
  assert_output 'exec: "nope": executable file not found in $PATH'
  exec_process '{}' /bin
  assert_status 255
  assert_output 'exec: "/bin": is a directory'
  exec 5< /
  exec_process '{cwd: "/proc/self/fd/5"}' pwd
  exec 5<&-
  assert_status 255
  assert_output proc.cwd
  exec_process '{}' sh -c 'ls /proc/$$/fd; true'
  [ "${lines[*]}" = "0 1 2" ]
}
