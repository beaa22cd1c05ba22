#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch exec`: every option, exit codes, what the process is given, and that it is where init is.

load helpers

ex() {
  run ketch exec "$@" < /dev/null
}

# Fails with 255 and these words, in one line on stderr.
ex_fails() {
  local words=$1
  shift
  run --separate-stderr ketch exec "$@" < /dev/null
  assert_status 255
  [ -z "$output" ]
  [[ $stderr == *"$words"* ]] || { echo "no '$words' in: $stderr" >&2; return 1; }
  [ "${#stderr_lines[@]}" = 1 ]
}

# The process document of the bundle with a change, in $TEST_DIR/process.
process_is() {
  jq ".process | $*" < "$BUNDLE/config.json" > "$TEST_DIR/process"
}

caps() {
  printf '%s\n' "${lines[@]}" | awk -v k="Cap$1:" '$1 == k {print $2}'
}

# ---- input, output, exit status ----

@test "exec: output, errors, input and exit status are the command's" {
  start_one
  run --separate-stderr ketch exec "$CT" sh -c 'echo out; echo err >&2; exit 3' < /dev/null
  assert_status 3
  [ "$output" = out ]
  [ "$stderr" = err ]
  [ "$(echo in | ketch exec "$CT" cat)" = in ]
  local s
  for s in 0 1 126 127 254 255; do
    ex "$CT" sh -c "exit $s"
    assert_status "$s"
  done
}

@test "exec: a command killed by a signal gives 128 + signal" {
  start_one
  ex "$CT" sh -c 'kill -9 $$'
  assert_status 137
  ex "$CT" sh -c 'kill -TERM $$'
  assert_status 143
}

@test "exec: what follows the id is the command's" {
  start_one
  ex "$CT" ls -d --color=never /
  assert_status 0
  [ "$output" = / ]
  ex "$CT" echo -e --tty -d
  [ "$output" = "--tty -d" ]
  ex "$CT" echo ''
  assert_status 0
}

@test "exec: signals go to the command" {
  start_one
  bg exec "$CT" sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done' &
  local p=$! status=0
  wait_for 5 grep -q ready "$TEST_DIR/out"
  kill -TERM "$p"
  wait "$p" || status=$?
  [ "$status" = 7 ]
}

# ---- failures ----

@test "exec: commands that can't run fail in the words of the engines" {
  printf '#!/bin/sh\n' > "$BUNDLE/rootfs/bin/noexec"
  start_one
  ex_fails 'exec: "nope": executable file not found in $PATH' "$CT" nope
  ex_fails 'exec: "/nope": stat /nope: no such file or directory' "$CT" /nope
  ex_fails 'exec: "/bin/noexec": permission denied' "$CT" /bin/noexec
  ex_fails 'exec: "noexec": permission denied' "$CT" noexec
  ex_fails 'exec: "/bin": is a directory' "$CT" /bin
  ex_fails 'not a directory' "$CT" /bin/sh/x
  ex_fails 'executable file not found' "$CT" ''
}

@test "exec: without id, command or container" {
  start_one
  ex_fails "missing argument"
  ex_fails "the command is missing" "$CT"
  ex_fails "does not exist" "$CT-no" true
  ex_fails "container id" ../x true
}

@test "exec: a program of no format is told by exec" {
  echo 'no program' > "$BUNDLE/rootfs/bin/text"
  chmod +x "$BUNDLE/rootfs/bin/text"
  start_one
  ex_fails "exec format error" "$CT" text
  # A failure after the pid was known takes the pid file away again.
  ex_fails "exec format error" --pid-file "$TEST_DIR/pid" "$CT" text
  [ ! -e "$TEST_DIR/pid" ]
  ex_fails "not found" --pid-file "$TEST_DIR/pid" "$CT" nope
  [ ! -e "$TEST_DIR/pid" ]
}

@test "exec: a stopped container" {
  start_one
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ex_fails "cannot exec in a stopped container" "$CT" true
}

@test "exec: a created container takes it" {
  create_one
  ex "$CT" sh -c 'echo $$ $PPID'
  assert_status 0
  [ "${output#* }" = 0 ]
  status_is "$CT" created
}

@test "exec: a paused container refuses it; with --ignore-paused the command runs when it is resumed" {
  start_one
  ketch pause "$CT"
  ex_fails "cannot exec in a paused container (use --ignore-paused to override)" "$CT" true
  bg exec --ignore-paused "$CT" echo hello &
  local p=$!
  sleep 0.2
  [ ! -s "$TEST_DIR/out" ]
  ketch resume "$CT"
  wait "$p"
  [ "$(cat "$TEST_DIR/out")" = hello ]
}

# cgroup v1 ends a frozen task, killed or not, when it is thawed: nobody may have to wait for that.
@test "exec: one that waits for a paused container can be interrupted, and leaves nothing when it is resumed" {
  start_one
  ketch pause "$CT"
  bg exec --ignore-paused "$CT" touch /root/made &
  local p=$! status=0
  wait_for 10 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 2 ]'
  kill -TERM "$p"
  wait_for 5 eval '! kill -0 "$p"'
  wait "$p" || status=$?
  [ "$status" = 255 ]
  grep -q "interrupted by signal 15" "$TEST_DIR/out"
  ketch resume "$CT"
  wait_for 5 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 1 ]'
  [ ! -e "$BUNDLE/rootfs/root/made" ]
}

@test "exec: a container that is just being ended is a stopped one, whatever exec had come to" {
  command_is sleep 1000
  local i said="$TEST_DIR/said"
  for i in {1..40}; do
    if ((i % 2)); then detached create -b "$BUNDLE" "$CT"; else detached run -d -b "$BUNDLE" "$CT"; fi
    ketch kill "$CT" KILL
    # shellcheck disable=SC2015 # either may be; 137: it was killed with the container
    ketch exec "$CT" true 2>> "$said" && echo ran >> "$said" || { [ $? != 137 ] || echo ran >> "$said"; }
    ketch delete --force "$CT"
  done
  [ "$(wc -l < "$said")" = 40 ]
  sort "$said" | uniq -c
  # Init may have lived still.
  refute grep -qv -e '^ran$' -e "cannot exec in a stopped container: '$CT'" "$said"
  grep -q stopped "$said"
}

@test "exec: the container ends while a command runs in it" {
  start_one
  bg exec "$CT" sh -c 'echo ready; exec sleep 1000' &
  local p=$! status=0
  wait_for 5 grep -q ready "$TEST_DIR/out" # not a moment before, when the container's end is an error of exec
  ketch kill "$CT" KILL
  wait "$p" || status=$?
  [ "$status" = 137 ]
}

# ---- options ----

@test "exec --process: the document is the whole process" {
  edit '.process.env += ["FROM_CONFIG=1"]'
  start_one
  process_is '.args = ["sh", "-c", "id; pwd; env; umask; ulimit -n"] | .env = ["PATH=/bin", "A=b"] | .cwd = "/tmp"
    | .user = {uid: 1000, gid: 1001, additionalGids: [5, 6], umask: 63} | .rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
  local option
  for option in --process="$TEST_DIR/process" "-p$TEST_DIR/process"; do
    ex "$option" "$CT"
    assert_status 0
    [ "${lines[0]}" = "uid=1000 gid=1001 groups=5,6,1001" ] || [ "${lines[0]}" = "uid=1000 gid=1001 groups=1001,5,6" ] \
      || [ "${lines[0]}" = "uid=1000 gid=1001 groups=5,6" ]
    [ "${lines[1]}" = /tmp ]
    assert_output A=b
    refute_output FROM_CONFIG
    assert_output 0077
    [ "${lines[-1]}" = 100 ]
  done
  ketch exec --process - "$CT" < "$TEST_DIR/process" > "$TEST_DIR/out"
  grep -q A=b "$TEST_DIR/out"
}

@test "exec --process: what is wrong with the document is told" {
  start_one
  local doc words
  while IFS='|' read -r doc words; do
    echo "$doc" > "$TEST_DIR/process"
    ex_fails "$words" --process "$TEST_DIR/process" "$CT"
    [[ $stderr == *"$TEST_DIR/process"* ]]
  done << 'D'
{|process
{"args": ["true"]}|cwd
{"args": [], "cwd": "/"}|args
{"cwd": "/"}|args
{"args": ["true"], "cwd": "tmp"}|cwd
{"args": "true", "cwd": "/"}|args
{"args": ["true"], "cwd": "/", "cwd": "/"}|cwd
{"args": ["true"], "cwd": "/", "user": {"uid": -1}}|uid
D
  ex_fails "No such file" --process "$TEST_DIR/nope" "$CT"
  ex_fails "--process: '/dev/zero' is larger than 16 MiB" --process /dev/zero "$CT"
  process_is .
  ex_fails "exclude each other" --process "$TEST_DIR/process" "$CT" true
}

@test "exec --process: what is unknown in the document is a warning with its place" {
  start_one
  printf '{"args": ["true"], "cwd": "/",\n "aparmorProfile": "x", "capabilities": {"bounding": ["CAP_NO"]}}' > "$TEST_DIR/process"
  ketch --log "$TEST_DIR/log" exec --process "$TEST_DIR/process" "$CT"
  grep -qF "process:2:2: \$.aparmorProfile: unknown property 'aparmorProfile' is ignored; did you mean 'apparmorProfile'?" "$TEST_DIR/log"
  grep -qF "process:2:55: \$.capabilities.bounding[0]: unknown name 'CAP_NO' is ignored" "$TEST_DIR/log"
  [ "$(wc -l < "$TEST_DIR/log")" = 2 ]
}

@test "exec --process: options of the process beside it change nothing, which is told" {
  start_one
  process_is '.args = ["sh", "-c", "pwd; id -u; echo ${A:-none}; grep NoNewPrivs /proc/self/status"] | .cwd = "/tmp" | .noNewPrivileges = false'
  ketch --log "$TEST_DIR/log" exec --process "$TEST_DIR/process" --cwd /bin -u 1000 -g 7 -e A=1 -c CAP_CHOWN --apparmor x --process-label y \
    --no-new-privs=false -t "$CT" > "$TEST_DIR/out" < /dev/null
  [ "$(cat "$TEST_DIR/out")" = $'/tmp\n0\nnone\nNoNewPrivs:\t0' ]
  local option
  for option in tty cwd user additional-gids env cap apparmor process-label no-new-privs; do
    grep -qF "exec: --$option has no effect: the document of --process decides" "$TEST_DIR/log"
  done
  [ "$(wc -l < "$TEST_DIR/log")" = 9 ]
  ketch --log "$TEST_DIR/log2" exec --process "$TEST_DIR/process" "$CT" > "$TEST_DIR/out" < /dev/null
  [ ! -s "$TEST_DIR/log2" ]
}

@test "exec --process: terminal of the document, not of the container" {
  start_one
  process_is '.args = ["true"] | .terminal = true'
  ex_fails "--console-socket" --process "$TEST_DIR/process" --detach "$CT"
}

@test "exec -e: variables are added and replace the container's" {
  edit '.process.env = ["PATH=/bin", "A=1", "B=2"]'
  start_one
  ex -e A=x --env C=3 --env=D=a=b -eE= "$CT" env
  assert_status 0
  [ "$(printf '%s\n' "${lines[@]}" | grep -v HOME | sort | paste -sd' ')" = "A=x B=2 C=3 D=a=b E= PATH=/bin" ]
  ex_fails "NAME=VALUE" -e NOVALUE "$CT" true
  ex_fails "NAME=VALUE" -e =x "$CT" true
}

@test "exec: of a variable that is there twice the last counts, for every program" {
  edit '.process.env += ["A=1", "A=2"]'
  start_one
  ex "$CT" env
  [ "$(grep -c '^A=' <<< "$output")" = 1 ]
  assert_output A=2
  ex -e A=3 -e PATH=/none -e PATH=/bin "$CT" env
  [ "$(grep -E '^(A|PATH)=' <<< "$output" | sort | paste -sd' ')" = "A=3 PATH=/bin" ]
  jq '.process | .args = ["env"]' "$BUNDLE/config.json" > "$TEST_DIR/process.json"
  ex --process "$TEST_DIR/process.json" "$CT"
  [ "$(grep '^A=' <<< "$output")" = A=2 ]
}

@test "exec: LISTEN_PID is the pid of the process itself, as sd_listen_fds(3) wants it" {
  start_one
  run bash -c "LISTEN_FDS=1 LISTEN_PID=\$\$ exec '$KETCH' --root '$ROOT' exec '$CT' sh -c 'echo \$LISTEN_PID = \$\$; cat <&3' < /dev/null 3< <(echo three)"
  assert_status 0
  [[ ${lines[0]} =~ ^([0-9]+)\ =\ ([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
  [ "${lines[1]}" = three ]
}

@test "exec: the environment is the container's, not ours" {
  start_one
  OURS=1 ex "$CT" env
  assert_status 0
  refute_output OURS
  [ "$(printf '%s\n' "${lines[@]}" | cut -d= -f1 | sort | paste -sd' ')" = "HOME PATH TERM" ]
}

@test "exec -u: user and group by number" {
  echo 'me:x:1000:1000::/home/me:/bin/sh' >> "$BUNDLE/rootfs/etc/passwd"
  start_one
  ex -u 1000 "$CT" sh -c 'id -u; id -g; echo $HOME'
  [ "$output" = $'1000\n0\n/home/me' ]
  ex --user=7:8 "$CT" sh -c 'id -u; id -g; echo $HOME'
  [ "$output" = $'7\n8\n/' ]
  local bad
  for bad in me root 1x x1 -1 1:2:3 1: :1 '' ' 1' 1.5 0x1 4294967296 99999999999999999999 1:x +1; do
    ex_fails "UID[:GID]" --user "$bad" "$CT" true
  done
  ex_fails "4294967295" --user 4294967295 "$CT" true
  ex_fails "4294967295" --user 0:4294967295 "$CT" true
}

@test "exec -u: a user has no capabilities of root" {
  start_one
  ex -u 1000 "$CT" cat /proc/self/status
  [ "$(caps Eff)" = 0000000000000000 ]
  [ "$(caps Prm)" = 0000000000000000 ]
  [ "$(caps Inh)" = 0000000000000000 ]
}

@test "exec -g: further groups" {
  edit '.process.user.additionalGids = [5]'
  start_one
  ex -g 10 --additional-gids=11 "$CT" awk '/^Groups/' /proc/self/status
  assert_status 0
  [ "$(echo $output)" = "Groups: 5 10 11" ]
  ex_fails "is not a group number" -g x "$CT" true
}

@test "exec --cwd" {
  mkdir "$BUNDLE/rootfs/closed"
  chmod 700 "$BUNDLE/rootfs/closed"
  start_one
  ex --cwd /tmp "$CT" pwd
  [ "$output" = /tmp ]
  ex --cwd=/ "$CT" pwd
  [ "$output" = / ]
  ex_fails "is not absolute" --cwd tmp "$CT" pwd
  ex_fails "/nowhere" --cwd /nowhere "$CT" pwd
  ex_fails "/bin/sh" --cwd /bin/sh "$CT" pwd
  ex_fails "/proc/1/root" --cwd /proc/1/root -u 1000 "$CT" pwd
  ex --cwd /closed -u 1000:1000 "$CT" sh -c 'id -u; pwd; ls /proc/self/fd | wc -l'
  assert_status 0
  [ "${lines[*]}" = "1000 /closed 4" ]
  [ ! -e "$BUNDLE/rootfs/nowhere" ]
}

@test "exec -c: capabilities are added, never to the inheritable set" {
  start_one
  ex -c CAP_SYS_TIME --cap=sys_chroot -c Cap_Mknod "$CT" cat /proc/self/status
  assert_status 0
  [ "$(caps Eff)" = 000000002a040420 ]
  [ "$(caps Prm)" = 000000002a040420 ]
  [ "$(caps Bnd)" = 000000002a040420 ]
  [ "$(caps Inh)" = 0000000000000000 ]
  [ "$(caps Amb)" = 0000000000000000 ]
  ex "$CT" cat /proc/self/status
  [ "$(caps Eff)" = 0000000020000420 ]
  [ "$(caps Inh)" = 0000000000000000 ]
  ex_fails "CAP_NOPE" -c CAP_NOPE "$CT" true
  ex_fails "unknown capability" -c '' "$CT" true
}

@test "exec --no-new-privs" {
  edit '.process.noNewPrivileges = false'
  start_one
  ex "$CT" grep NoNewPrivs /proc/self/status
  [ "$output" = $'NoNewPrivs:\t0' ]
  ex --no-new-privs "$CT" grep NoNewPrivs /proc/self/status
  [ "$output" = $'NoNewPrivs:\t1' ]
  ex --no-new-privs=false "$CT" grep NoNewPrivs /proc/self/status
  [ "$output" = $'NoNewPrivs:\t0' ]
}

@test "exec --apparmor and --process-label: an error where the host has none" {
  start_one
  [ -e /sys/kernel/security/apparmor ] || ex_fails AppArmor --apparmor profile "$CT" true
  [ -e /sys/fs/selinux/enforce ] || ex_fails SELinux --process-label a:b:c:s0 "$CT" true
}

@test "exec -d: returns when the command runs; its pid is in --pid-file" {
  start_one
  detached exec -d --pid-file "$TEST_DIR/pid" "$CT" sleep 1000
  local pid
  pid=$(cat "$TEST_DIR/pid")
  [ "$(stat -c %s "$TEST_DIR/pid")" = "${#pid}" ]
  tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q 'sleep 1000'
  (cd "$TEST_DIR" && detached exec --detach --pid-file=pid2 "$CT" sleep 1000)
  kill "$(cat "$TEST_DIR/pid2")"
  # A detached command that is over at once was run.
  detached exec -d "$CT" true
  run ketch exec --detach "$CT" nope < /dev/null
  assert_status 255
  assert_output "executable file not found"
}

@test "exec --preserve-fds: the descriptors arrive with their numbers, holes are none" {
  start_one
  run ketch exec --preserve-fds 3 "$CT" sh -c 'cat <&3; cat <&5; ls /proc/self/fd' < /dev/null 3< <(echo three) 4<&- 5< <(echo five) 6< /dev/null 9< /dev/null
  assert_status 0
  [ "${lines[0]}" = three ]
  [ "${lines[1]}" = five ]
  [ "$(echo "${lines[@]:2}")" = "0 1 2 3 4 5" ] # 4 is the directory that ls reads
}

@test "exec: nothing else is open" {
  start_one
  run ketch exec "$CT" ls /proc/self/fd 7< /dev/null 63< /dev/null < /dev/null
  assert_status 0
  [ "$(echo $output)" = "0 1 2 3" ]
}

@test "exec --cgroup: a sub-cgroup of the container" {
  start_one
  # In every hierarchy; where ketch made the container's cgroups is in its state.
  local dir file
  for dir in $(jq -r '.cgroupLeaves[]' "$ROOT/$CT/state.json" | cut -d: -f2-); do
    mkdir "$dir/sub"
    for file in cpuset.cpus cpuset.mems; do # empty for a new one of v1
      [ ! -e "$dir/sub/$file" ] || cat "$dir/$file" > "$dir/sub/$file"
    done
  done
  detached exec -d --cgroup sub --pid-file "$TEST_DIR/pid" "$CT" sleep 1000
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    grep -qx "0::.*$CT/sub" "/proc/$(cat "$TEST_DIR/pid")/cgroup"
    ex_fails "one tree" --cgroup pids:sub "$CT" true
  else
    grep -q "pids:.*$CT/sub$" "/proc/$(cat "$TEST_DIR/pid")/cgroup"
    detached exec -d --cgroup pids:sub --pid-file "$TEST_DIR/pid" "$CT" sleep 1000
    grep -q "pids:.*$CT/sub$" "/proc/$(cat "$TEST_DIR/pid")/cgroup"
    grep -q "freezer:.*$CT$" "/proc/$(cat "$TEST_DIR/pid")/cgroup"
    ex_fails "no cgroup with the controller 'nope'" --cgroup nope:sub "$CT" true
  fi
  ex_fails "--cgroup nope" --cgroup nope "$CT" true
  ex_fails "--cgroup ../.." --cgroup ../.. "$CT" true
}

@test "exec --cgroup: an error where the container has no cgroups" {
  command_is sleep 1000
  detached --cgroup-manager disabled run --detach -b "$BUNDLE" "$CT"
  ex_fails "--cgroup sub: the container has no cgroups" --cgroup sub "$CT" true
  ketch exec "$CT" true
}

# ---- where it is ----

@test "exec: namespaces, cgroups, root and oom_score_adj are init's" {
  edit '.process.oomScoreAdj = 123'
  start_one
  detached exec -d --pid-file "$TEST_DIR/pid" "$CT" sleep 1000
  local pid n
  pid=$(cat "$TEST_DIR/pid")
  for n in pid mnt uts ipc net cgroup user time; do
    [ "$(readlink "/proc/$pid/ns/$n")" = "$(readlink "/proc/$PID/ns/$n")" ]
  done
  diff "/proc/$pid/cgroup" "/proc/$PID/cgroup"
  [ "$(stat -L -c %d:%i "/proc/$pid/root")" = "$(stat -L -c %d:%i "/proc/$PID/root")" ]
  [ "$(cat "/proc/$pid/oom_score_adj")" = 123 ]
}

@test "exec: limits, umask and no_new_privs are the container's" {
  edit '.process.user.umask = 23 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 128}]'
  start_one
  ex "$CT" sh -c 'umask; ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status'
  [ "$output" = $'0027\n64\n128\nNoNewPrivs:\t1' ]
}

@test "exec: signals are unblocked and at their defaults, whatever the caller had" {
  start_one
  run python3 - "$KETCH" --root "$ROOT" exec "$CT" cat /proc/self/status <<'P'
import os, signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])
P
  assert_status 0
  assert_output $'SigBlk:\t0000000000000000'
  assert_output $'SigIgn:\t0000000000000000'
  assert_output $'SigCgt:\t0000000000000000'
}

# ---- many ----

@test "exec: of fifty at once none is lost" {
  start_one
  local i pids=()
  for i in $(seq 50); do
    OUT=$TEST_DIR/out.$i bg exec "$CT" sh -c "echo $i; exit $i" &
    pids+=($!)
  done
  for i in $(seq 50); do
    local status=0
    wait "${pids[$((i - 1))]}" || status=$?
    [ "$status" = "$i" ] || { echo "$i: status $status" >&2; cat "$TEST_DIR/out.$i" >&2; return 1; }
    [ "$(cat "$TEST_DIR/out.$i")" = "$i" ]
  done
  ketch exec "$CT" true
}

@test "exec: of five hundred at once none is lost" {
  start_one
  cat > "$TEST_DIR/many.py" << 'PY'
import subprocess, sys, time
n, command = int(sys.argv[1]), sys.argv[2:]
begin = time.monotonic()
left = {i: subprocess.Popen(command + ["sh", "-c", f"echo {i}; exit {i % 200}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for i in range(n)}
started = time.monotonic() - begin
wrong, slowest = 0, 0
for i, p in left.items():
    out = p.communicate()[0].decode()
    slowest = max(slowest, time.monotonic() - begin)
    if p.returncode != i % 200 or out != f"{i}\n":
        wrong += 1
        print(i, p.returncode, out)
print(f"wrong {wrong}, {slowest * 1000:.0f} ms for all, {started * 1000:.0f} ms to start them")
PY
  run timeout 300 python3 "$TEST_DIR/many.py" 500 "$KETCH" --root "$ROOT" exec "$CT"
  assert_status 0
  echo "# ${lines[-1]}" >&3
  assert_output "wrong 0,"
  [ ${#lines[@]} = 1 ]
}

@test "exec: fifty detached at once, each pid is one of the container's" {
  start_one
  local i pids=()
  for i in $(seq 50); do
    OUT=$TEST_DIR/out.$i bg exec -d --pid-file "$TEST_DIR/pid.$i" "$CT" sleep 1000 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  [ "$(ketch ps -f json "$CT" | jq length)" = 51 ]
  [ "$(cat <(for i in $(seq 50); do cat "$TEST_DIR/pid.$i"; echo; done | sort -n) <(echo "$PID") | sort -n | paste -sd,)" \
    = "$(ketch ps -f json "$CT" | jq -r '.[]' | sort -n | paste -sd,)" ]
}

# ---- hostile neighbours ----

@test "exec: root of the container can't look into what enters it" {
  edit '.root.readonly = false'
  command_is sh -c 'while :; do for p in /proc/[0-9]*; do exe=$(readlink $p/exe) && case $exe in
    /bin/busybox) ;; *) echo "$p $exe" >> /tmp/seen ;; esac; ls $p/fd > /dev/null 2>&1 && readlink $p/fd/* | grep -v -e pipe: -e /dev/null -e "^/proc" \
    -e "^/bin" -e socket: -e "/out$" >> /tmp/fds; done; done'
  detached run --detach -b "$BUNDLE" "$CT"
  local i
  for i in $(seq 25); do
    ketch exec "$CT" true < /dev/null > "$TEST_DIR/out" 2>&1
  done
  [ ! -s "$BUNDLE/rootfs/tmp/seen" ] || { cat "$BUNDLE/rootfs/tmp/seen" >&2; return 1; }
  [ ! -s "$BUNDLE/rootfs/tmp/fds" ] || { cat "$BUNDLE/rootfs/tmp/fds" >&2; return 1; }
}
