#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Attacks that worked on container runtimes, tried on the real program: a hostile image, a neighbour that exchanges paths while a container
# is made, a container that reaches for the runtime. Each has a canary on the host that must stay untouched; ketch may refuse, or make a
# container that can do no harm. Races prove nothing by passing; KETCH_TEST_ROUNDS raises their rounds.

load helpers

setup() {
  test_setup
  CANARY=$TEST_DIR/canary
  mkdir -p "$CANARY/dir"
  echo canary > "$CANARY/file"
  R=$BUNDLE/rootfs
}

teardown() {
  [ -z "$SWAP" ] || { kill -9 $SWAP; wait $SWAP; } 2> /dev/null || true
  test_teardown
}

# The canary is as it was: nothing made, written, mounted there.
untouched() {
  [ "$(cat "$CANARY/file")" = canary ]
  [ "$(find "$CANARY" | sort)" = "$CANARY"$'\n'"$CANARY/dir"$'\n'"$CANARY/file" ]
  [ "$(stat -c '%a %u %g' "$CANARY/file")" = "644 0 0" ]
  ! grep -qF "$CANARY" /proc/self/mountinfo
}

no_mounts() {
  edit ".mounts |= map(select(.destination | startswith(\"$1\") | not))"
}

# Runs the bundle within a bound; refused or not, it does not hang.
attack() {
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$status" != 124 ] || { echo "hung" >&2; return 1; }
  untouched
}

swapper() {
  "$PROGRAMS/swap" "$1" "$2" 3>&- & SWAP=$!
}

# ---- A: paths in an attacker's tree ----

# CVE-2015-3629, CVE-2021-30465 (static): a mount's destination through a symlink stays in the root.
@test "attack: mount_dest_symlink" {
  ln -s "$CANARY/dir" "$R/link"
  ln -s "../../../../../../../..$CANARY/dir" "$R/up"
  edit '.mounts += [{destination: "/link", type: "tmpfs"}, {destination: "/up/new", type: "tmpfs"}]'
  command_is true
  attack
}

# CVE-2021-30465: a directory on the way is exchanged for a symlink while it is mounted on.
@test "attack: race_mount" {
  local i
  mkdir -p "$R/vol/d/x"
  ln -s "$CANARY" "$R/vol/evil"
  mkdir -p "$CANARY/../canary/dir"
  edit '.mounts += [range(20) | {destination: "/vol/d/dir", type: "tmpfs"}]'
  command_is true
  swapper "$R/vol/d" "$R/vol/evil"
  for i in $(seq "${KETCH_TEST_ROUNDS:-15}"); do attack; done
}

# CVE-2024-45310: a missing destination is made below an exchanged directory.
@test "attack: race_mkdir" {
  local i
  mkdir -p "$R/vol/d"
  ln -s "$CANARY" "$R/vol/evil"
  command_is true
  swapper "$R/vol/d" "$R/vol/evil"
  for i in $(seq "${KETCH_TEST_ROUNDS:-15}"); do
    edit '.mounts |= map(select(.destination | startswith("/vol") | not)) + [range(20) | {destination: "/vol/d/n\($i)-\(.)/deep", type: "tmpfs"}]' --arg i "$i"
    attack
  done
}

# CVE-2026-41579, CVE-2026-47766: /dev of the image is a symlink to the host, with and without a mount on it.
@test "attack: dev_symlink" {
  no_mounts /dev
  rm -rf "$R/dev"
  ln -s "$CANARY/dir" "$R/dev"
  command_is true
  attack
  rm "$R/dev"
  ln -s "../../../../../../../..$CANARY/dir" "$R/dev"
  attack
}

@test "attack: dev_symlink_mounted" {
  rm -rf "$R/dev"
  ln -s "$CANARY/dir" "$R/dev"
  command_is true
  attack
}

# CVE-2019-19921, CVE-2023-27561: /proc or /sys of the image is a symlink, so that masks and labels would be void.
@test "attack: proc_symlink, sys_symlink" {
  local d
  for d in proc sys; do
    rmdir "$R/$d"
    mkdir "$R/real$d"
    ln -s "real$d" "$R/$d"
    command_is true
    attack
    [ "$status" != 0 ]
    assert_output "symbolic link"
    rm "$R/$d"
    mkdir "$R/$d"
  done
}

# A volume, or a second proc, on a path of the image that is a link to the root, to /proc, /sys or /dev: what is masked, and where nodes are
# made, would be another directory than the one that the container sees.
@test "attack: place_by_another_name" {
  local mount
  ln -s / "$R/up"
  ln -s /dev "$R/devices"
  command_is true
  cp "$BUNDLE/config.json" "$TEST_DIR/plain"
  for mount in '"/up/proc", type: "bind", source: "/proc", options: ["rbind", "rslave"]' '"/up/proc", type: "proc", source: "proc"' \
    '"/etc/../proc", type: "proc", source: "proc"' '"/up/sys", type: "sysfs", source: "sysfs"' "\"/devices\", source: \"$CANARY/dir\", options: [\"rbind\"]" \
    "\"/up\", source: \"$CANARY/dir\", options: [\"bind\"]" '"/..", type: "tmpfs", source: "tmpfs"'; do
    cp "$TEST_DIR/plain" "$BUNDLE/config.json"
    edit ".mounts += [{destination: $mount}]"
    attack
    [ "$status" = 1 ] || { echo "$mount: $status" >&2; return 1; }
    assert_output 'leads to the '
    assert_output '.destination)'
  done
  # without a mount of its own on /dev nothing is made in what is there
  cp "$TEST_DIR/plain" "$BUNDLE/config.json"
  no_mounts /dev
  edit '.mounts += [{destination: "/devices", source: $s, options: ["rbind"]}]' --arg s "$CANARY/dir"
  edit '.linux.devices = [{path: "/dev/sdx", type: "b", major: 8, minor: 0}]'
  attack
}

# The masks are on what a mount over the whole root shows, not on what it covers.
@test "attack: masked, with a root mounted over" {
  edit '.mounts += [{destination: "/", source: $r, options: ["rbind"]}]' --arg r "$R"
  command_is sh -c '(: >> /proc/sys/kernel/core_pattern) && echo writable; cat /proc/keys; echo end'
  attack
  assert_status 0
  refute_output writable
  [ "${lines[-1]}" = end ]
  [ "${#lines[@]}" -le 2 ]
}

# CVE-2026-88264: /dev/console of the image is a symlink to a file of the host.
@test "attack: console_symlink" {
  no_mounts /dev
  rm -rf "${R:?}/dev"
  mkdir "$R/dev"
  ln -s "$CANARY/made" "$R/dev/console"
  edit '.mounts += [{destination: "/dev/pts", type: "devpts", options: ["newinstance", "ptmxmode=0666"]}] | .process.terminal = true'
  command_is true
  attack
}

# CVE-2026-88265: /dev/null of the image is a symlink; standard streams of the runtime are given to the user.
@test "attack: stdio_null_symlink" {
  no_mounts /dev
  rm -rf "${R:?}/dev"
  mkdir "$R/dev"
  ln -s "$CANARY/file" "$R/dev/null"
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is true
  local before
  before=$(stat -c '%u %g %a %t:%T' /dev/null)
  attack
  [ "$(stat -c '%u %g %a %t:%T' /dev/null)" = "$before" ]
}

# ---- B: wrong files behind known names ----

# CVE-2015-3631, CVE-2019-16884: a volume over /proc with files of the attacker's; masks and sysctls do not go there in silence.
@test "attack: fake_proc" {
  mkdir -p "$TEST_DIR/fake/self/attr" "$TEST_DIR/fake/sys/kernel" "$TEST_DIR/fake/sys/net/ipv4"
  echo 0 > "$TEST_DIR/fake/sys/net/ipv4/ip_forward"
  touch "$TEST_DIR/fake/self/attr/exec"
  edit '.mounts += [{destination: "/proc", source: $s, options: ["rbind"]}] | .linux.sysctl = {"net.ipv4.ip_forward": "1"}' --arg s "$TEST_DIR/fake"
  command_is true
  attack
  [ "$(cat "$TEST_DIR/fake/sys/net/ipv4/ip_forward")" = 0 ]
}

# CVE-2025-31133: the container's /dev/null is a symlink to a host file, and maskedPaths would bind that.
@test "attack: devnull_symlink" {
  no_mounts /dev
  rm -rf "${R:?}/dev"
  mkdir "$R/dev"
  ln -s /etc/secret "$R/dev/null"
  echo secret > "$R/etc/secret"
  edit '.linux.maskedPaths += ["/etc/passwd"]'
  command_is cat /etc/passwd
  attack
  refute_output secret
  refute_output root:
}

# The same, exchanged all the time.
@test "attack: devnull_race" {
  local i
  mkdir -p "$TEST_DIR/dev"
  mknod "$TEST_DIR/dev/null" c 1 3
  ln -s /etc/secret "$TEST_DIR/dev/evil"
  echo secret > "$R/etc/secret"
  no_mounts /dev
  edit '.linux.maskedPaths += ["/etc/passwd"] | .mounts += [{destination: "/dev", source: $s, options: ["rbind"]}]' --arg s "$TEST_DIR/dev"
  command_is cat /etc/passwd
  swapper "$TEST_DIR/dev/null" "$TEST_DIR/dev/evil"
  for i in $(seq "${KETCH_TEST_ROUNDS:-15}"); do
    attack
    refute_output secret
    refute_output root:
  done
}

# Masked paths can't be read, read-only ones not written, nor mounted away by root without CAP_SYS_ADMIN.
@test "attack: masked" {
  command_is sh -c 'cat /proc/keys 2> /dev/null | wc -c; ls /sys/firmware /proc/acpi | grep -v :; echo 1 > /proc/sys/kernel/panic
    umount /proc/keys; mount -t proc proc /proc; mount -o remount,rw /proc/sys; true'
  attack
  [ "${lines[0]}" = 0 ]
  assert_output "Read-only file system"
  [ "$(grep -c "ermitted\|enied" <<< "$output")" -ge 3 ]
}

# ---- C: the runtime as the container sees it ----

# CVE-2019-5736: a program that is the runtime itself (#!/proc/self/exe) must not get at the host's binary.
@test "attack: exe" {
  local sum
  sum=$(sha256sum < "$KETCH")
  cat > "$R/bin/evil" <<-'END'
	#!/proc/self/exe
	END
  chmod +x "$R/bin/evil"
  command_is /bin/evil
  attack
  command_is sh -c 'while :; do for p in /proc/[0-9]*; do echo broken > $p/exe; done; done 2> /dev/null'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  local i
  for i in $(seq 10); do ketch exec "$CT" true; done
  ketch delete --force "$CT"
  [ "$(sha256sum < "$KETCH")" = "$sum" ]
}

# The copy that protects from it is made once, in a static program before the C library has started (sys/selfcopy.h), and where
# that is not possible (here: no room for its descriptor) afterwards.
@test "attack: exe: the protected copy is made early, or late" {
  command_is true
  strace -f -o "$TEST_DIR/early" -e trace=brk,execveat "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$(grep -c execveat "$TEST_DIR/early")" = 1 ]
  if readelf -Wl "$KETCH" | grep -q INTERP || [ "$(uname -m)" != x86_64 ]; then skip "not a static program for x86-64"; fi
  head -n 1 "$TEST_DIR/early" | grep 'execveat(999'
  (ulimit -Sn 500; exec strace -f -o "$TEST_DIR/late" -e trace=brk,execveat "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null)
  [ "$(grep -c execveat "$TEST_DIR/late")" = 1 ]
  head -n 1 "$TEST_DIR/late" | grep brk
}

# CVE-2016-9962, CVE-2024-21626: descriptors that the caller leaks reach neither the program nor an exec.
@test "attack: fd_leak" {
  command_is sh -c 'ls /proc/self/fd; sleep 1000'
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 5< "$CANARY/dir" 9< /sys/fs/cgroup 63< /
  wait_for 5 test -s "$TEST_DIR/out"
  [ "$(echo $(cat "$TEST_DIR/out"))" = "0 1 2 3" ]
  run "$KETCH" --root "$ROOT" exec "$CT" ls /proc/self/fd 5< "$CANARY/dir" 9< /sys/fs/cgroup 63< /
  [ "$(echo $output)" = "0 1 2 3" ]
}

# CVE-2024-21626: a working directory by way of a leaked descriptor.
@test "attack: cwd_fd" {
  local n
  for n in 3 4 5 6 7 8 9 10 11 12; do
    edit '.process.cwd = $c' --arg c "/proc/self/fd/$n"
    command_is sh -c 'ls ../../../../../../ | grep -q usr && echo escaped'
    run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null 5< / 9< "$CANARY/dir"
    refute_output escaped
    # Where it is refused or not, nothing may be left over.
    untouched
  done
}

# CVE-2016-9962: between joining the pid namespace and execve an exec'ed process can neither be traced nor its descriptors be opened.
@test "attack: exec_window" {
  edit '.process.capabilities[] += ["CAP_SYS_PTRACE"]'
  command_is sh -c 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] && continue
    for f in $p/fd/*; do [ -e $f/usr/bin ] && echo "escaped by $f"; done; [ -e $p/root/usr/bin ] && echo "escaped by $p/root"; [ -e $p/cwd/usr/bin ] && echo "escaped by $p/cwd"; done; done'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  local i
  for i in $(seq "${KETCH_TEST_ROUNDS:-15}"); do ketch exec "$CT" true; done
  ketch delete --force "$CT"
  [ -z "$(grep escaped "$TEST_DIR/out")" ]
}

# CVE-2016-9962, CVE-2016-8649: the same window by ptrace. What a container's root gets hold of is the container's own program, never
# ketch on its way there. (CAP_SYS_PTRACE of the initial user namespace is a right over every process in sight; one's own namespace's is not.)
trace_execs() {
  cp "$PROGRAMS/tracer" "$R/bin/"
  command_is tracer
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 10 grep -q tracing "$TEST_DIR/out"
  local i
  for i in $(seq "${KETCH_TEST_ROUNDS:-15}"); do timeout 20 "$KETCH" --root "$ROOT" exec "$CT" sleep 0.02 || true; done
  ketch kill "$CT" TERM
  wait_for 10 grep -q ended "$TEST_DIR/out"
  ketch delete --force "$CT"
}

ptrace_window() {
  trace_execs
  diff <(grep "^seized" "$TEST_DIR/out" | sort -u) <(echo "seized /bin/busybox")
}

@test "attack: exec_window_ptrace" {
  ptrace_window
}

# With that right over all it can be seized on its way: then it has no more rights than the container's own program and leads nowhere.
@test "attack: exec_window_ptrace with CAP_SYS_PTRACE in the initial user namespace" {
  edit '.process.capabilities[] += ["CAP_SYS_PTRACE"]'
  trace_execs
  grep -q "^its caps" "$TEST_DIR/out"
  diff <(sed -n 's/^its //p' "$TEST_DIR/out" | sort -u) <(sed -n 's/^own //p' "$TEST_DIR/out" | sort -u)
  refute grep "^holds" "$TEST_DIR/out"
}

# Where pids.max is reached it is born outside of the container's cgroup: nobody gets hold of it there.
@test "attack: exec_window_ptrace where pids.max is reached" {
  edit '.process.capabilities[] += ["CAP_SYS_PTRACE"] | .linux.resources.pids.limit = 1'
  trace_execs
  diff <(grep "^in " "$TEST_DIR/out" | sort -u) <(echo "in our cgroups")
}

@test "attack: exec_window_ptrace with CAP_SYS_PTRACE in a user namespace" {
  chmod 755 "$TEST_DIR"
  edit '.process.capabilities[] += ["CAP_SYS_PTRACE"] | .linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$R"
  ptrace_window
}

# The same for whom `mounts` sends into the container's namespaces: undumpable before it is seen there.
@test "attack: mounts_window" {
  chmod 755 "$TEST_DIR"
  edit '.root.readonly = false | .linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$R"
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  echo '[{"destination": "/m", "type": "tmpfs"}]' > "$TEST_DIR/m"
  strace -f -o "$TEST_DIR/trace" -e trace=prctl,setns,setresuid "$KETCH" --root "$ROOT" mounts add "$CT" "$TEST_DIR/m"
  sed -n 's/^[0-9]* *//; s/(\(PR_SET_DUMPABLE, [A-Z_]*\|\).*/ \1/p' "$TEST_DIR/trace" > "$TEST_DIR/calls"
  diff "$TEST_DIR/calls" - <<< $'prctl PR_SET_DUMPABLE, SUID_DUMP_DISABLE\nsetns \nsetresuid \nprctl PR_SET_DUMPABLE, SUID_DUMP_DISABLE'
}

# CVE-2020-15257: a container in the host's network namespace finds no socket of ketch's, which a mount namespace would not hide.
@test "attack: abstract_socket" {
  edit '.linux.namespaces |= map(select(.type != "network"))'
  command_is sh -c 'cat /proc/net/unix; sleep 1000'
  grep -o '@.*' /proc/net/unix | sort -u > "$TEST_DIR/before" || true
  detached create -b "$BUNDLE" "$CT"
  grep -o '@.*' /proc/net/unix | sort -u > "$TEST_DIR/created" || true
  ketch start "$CT"
  wait_for 10 grep -q Inode "$TEST_DIR/out"
  grep -qF "$ROOT/$CT" "$TEST_DIR/created" && return 1
  [ -z "$(comm -13 "$TEST_DIR/before" "$TEST_DIR/created" | grep -iF -e ketch -e "$CT")" ]
  [ -z "$(grep -o '@.*' "$TEST_DIR/out" | grep -iF -e ketch -e "$CT")" ]
}

# The process that waits for start holds no directory, procfs or device of the host's.
@test "attack: init_view" {
  local pid fd
  command_is true
  ketch create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  pid=$(ketch state "$CT" | jq .pid)
  for fd in /proc/"$pid"/fd/*; do
    [ "${fd##*/}" -gt 2 ] || continue
    [ ! -d "$fd" ] || { echo "directory: $(readlink "$fd")" >&2; return 1; }
    [ ! -c "$fd" ] || { echo "device: $(readlink "$fd")" >&2; return 1; }
  done
}

# CVE-2016-10124: the program is in a session of its own, so that no input can be pushed into the caller's terminal.
@test "attack: session" {
  command_is sh -c 'cut -d" " -f6 /proc/1/stat'
  attack
  [ "$output" = 1 ]
}

# ---- D: identity ----

# CVE-2022-29162: an empty inheritable set, for the process and for exec --cap.
@test "attack: inheritable" {
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  run ketch exec --cap CAP_NET_RAW "$CT" grep CapInh /proc/self/status
  assert_output $'CapInh:\t0000000000000000'
  run ketch exec "$CT" grep CapInh /proc/1/status
  assert_output $'CapInh:\t0000000000000000'
}

# CVE-2018-10856: another user than root has no effective capabilities that are not ambient.
@test "attack: nonroot_caps, groups" {
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is grep -E 'Cap(Inh|Amb)|Groups' /proc/self/status
  attack
  assert_output $'CapInh:\t0000000000000000'
  assert_output $'CapAmb:\t0000000000000000'
  [ -z "$(grep Groups <<< "$output" | cut -f2 | tr -d ' ')" ]
}

# CVE-2016-3697, CVE-2026-30892: strange users are refused, and none becomes root.
@test "attack: exec_user" {
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  local user
  for user in -1 4294967295 4294967296 '1:' '1x' '0x0' ':0' '' ' 0' '1:2:3' '99999999999999999999'; do
    run ketch exec -u "$user" "$CT" id -u
    [ "$status" != 0 ] || { [ "$output" != 0 ] || { echo "'$user' is root" >&2; return 1; }; }
  done
}

# CVE-2022-0811: a sysctl whose name or value smuggles another one.
@test "attack: sysctl_verified" {
  local before key
  before=$(cat /proc/sys/kernel/panic)
  command_is true
  for key in kernel.panic kernel/panic net/../kernel/panic net.ipv4./../../kernel/panic 'kernel.shm_rmid_forced+kernel.panic' fs.mqueue/../../kernel/panic; do
    edit '.linux.sysctl = {($k): "7"}' --arg k "$key"
    attack
    [ "$status" != 0 ] || { echo "$key was taken" >&2; return 1; }
    [ "$(cat /proc/sys/kernel/panic)" = "$before" ]
  done
}

# CVE-2021-43784: values so long that a length of 16 bits wraps must not replace the namespaces that were asked for.
@test "attack: namespace_replace" {
  local kind before=$TEST_DIR/before
  chmod 755 "$TEST_DIR"
  for kind in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$kind; done > "$before"
  edit '.process.user.additionalGids = [range(1; 60001)] | .process.env += ["LONG=" + "x" * 70000] | .annotations = {long: ("y" * 70000)}
    | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [range(200) | {containerID: ., hostID: (100000 + .), size: 1}]
    | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
  command_is sh -c 'for kind in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$kind; done'
  attack
  [ "$status" = 0 ]
  [ "${#lines[@]}" = 7 ]
  refute grep -xFf "$before" <<< "$output"
  # A path whose end alone would be the host's.
  edit '.linux.namespaces |= map(if .type == "network" then .path = "/" * 65536 + "proc/1/ns/net" else . end)'
  attack
  [ "$status" = 1 ]
  assert_output "linux.namespaces["
}

# ---- E: cgroups, devices, mounts ----

# CVE-2022-0492, CVE-2023-25809: no release_agent, no new cgroup through the container's view.
@test "attack: cgroup_ro" {
  command_is sh -c 'for f in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release); do echo 1 > $f && echo "wrote $f"; done 2> /dev/null
    for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/new && echo "made $d"; done 2> /dev/null; echo done'
  attack
  [ "$output" = done ]
}

# CVE-2026-24834: a device node made by the container can't be opened.
@test "attack: device_deny" {
  local dev
  dev=$(stat -c '%Hd %Ld' "$KETCH")
  # What may be made may still not be opened.
  edit '.process.capabilities[] += ["CAP_MKNOD"] | .root.readonly = false
    | .linux.resources.devices += [{allow: true, type: "a", access: "m"}]'
  command_is sh -c "mknod /tmp/disk b $dev && mknod /tmp/mem c 1 1 && echo made; cat /tmp/disk; cat /tmp/mem; true"
  attack
  assert_output made
  [ "$(grep -c 'Operation not permitted' <<< "$output")" = 2 ]
}

# CVE-2020-28914: a read-only bind is read-only all the way down where that is asked for.
@test "attack: ro_bind" {
  mkdir -p "$TEST_DIR/vol/sub"
  mount -t tmpfs test "$TEST_DIR/vol/sub"
  edit '.mounts += [{destination: "/vol", source: $s, options: ["rbind", "rro"]}]' --arg s "$TEST_DIR/vol"
  command_is sh -c 'touch /vol/a; touch /vol/sub/b; true'
  run timeout 20 "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  local left
  left=$(find "$TEST_DIR/vol" -type f)
  umount "$TEST_DIR/vol/sub"
  assert_status 0
  [ -z "$left" ]
}

# ---- F: ids and state ----

# Seen with crun 1.8.1: `delete --force ..` removes the parent of --root.
@test "attack: ids" {
  local id command
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  touch "$ROOT/witness"
  for id in . .. ../canary "../$CT" "$CT/.." / '' "a/b" $'a\nb' 'a b' "$(printf 'x%.0s' {1..1100})"; do
    for command in state start kill delete "delete --force" pause resume ps exec; do
      # shellcheck disable=SC2086
      run timeout 10 "$KETCH" --root "$ROOT" $command "$id" true
      [ "$status" != 0 ] && [ "$status" != 124 ] || { echo "$command '$id': $status" >&2; return 1; }
    done
    run timeout 10 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$id"
    [ "$status" != 0 ]
  done
  [ -e "$ROOT/witness" ]
  [ "$(ketch state "$CT" | jq -r .status)" = running ]
  rm "$ROOT/witness"
  untouched
}

# What gets hold of the page that init shares with `ketch start` can't end that one by SIGBUS. A stopped init leaves start waiting.
@test "attack: outcome_page" {
  local pid start
  command_is sleep 1000
  detached create -b "$BUNDLE" "$CT"
  pid=$(pid_of "$CT")
  kill -STOP "$pid"
  bg start "$CT" &
  start=$!
  wait_for 20 has_page $start
  run python3 -c 'import os, sys; os.ftruncate(os.open(sys.argv[1], os.O_RDWR), 0)' "$PAGE"
  kill -CONT "$pid"
  assert_output "Operation not permitted"
  wait $start
  status_is "$CT" running
}

has_page() { # PID: the page is mapped there. Sets PAGE.
  PAGE=$(find "/proc/$1/map_files" -lname '*memfd:ketch-outcome*')
  [ -n "$PAGE" ]
}

# CVE-2024-25621: the state is for root alone.
@test "attack: state_perms" {
  umask 000
  command_is sleep 1000
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  [ "$(stat -c %a "$ROOT/$CT")" = 700 ]
  [ -z "$(find "$ROOT/$CT" -type f -perm /077)" ]
}
