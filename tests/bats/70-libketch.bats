#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# libketch: the life of a container through the library alone, from C99.

load helpers

teardown() {
  [ -z "$MANAGER" ] || { kill "$MANAGER"; wait "$MANAGER" || true; } 2>/dev/null
  test_teardown
}

library() {
  dirname "$KETCH" | sed 's|/cli$|/api|'
}

# One function of the library: its program stays, its output goes to a file, as a container keeps it open.
call() {
  timeout -k 1 "${LIMIT:-60}" "$PROGRAMS/call" "$(realpath "$KETCH")" "$ROOT" "$@" < /dev/null > "$TEST_DIR/call" 2>&1 3>&- || {
    local status=$?
    cat "$TEST_DIR/call" >&2
    return $status
  }
}

@test "libketch: create, start, exec, pause, resume, list, kill, delete, and errors with all their parts" {
  command_is sleep 1000
  run timeout 60 "$PROGRAMS/lifecycle" "$(realpath "$KETCH")" "$ROOT" "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output 'state created pid yes'
  assert_output 'state running pid yes'
  assert_output 'state paused pid yes'
  assert_output 'already exists'
  assert_output 'preserved 3 alone'
  [ "${lines[-1]}" = ok ]
}

@test "libketch: a hook whose status is lost to a caller that ignores SIGCHLD has not succeeded" {
  command_is sleep 1000
  edit '.ociVersion = "1.3.0" | .hooks.poststart = [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]'
  create_one
  run timeout 60 "$PROGRAMS/sigchld" "$ROOT" "$CT" < /dev/null
  assert_status 1
  assert_output "hook: poststart hook 0: hook '/bin/sh' has ended, but its exit status was taken by somebody else"
  assert_output "hint: the program that uses libketch must not ignore SIGCHLD"
  status_is "$CT" stopped
}

# call FUNCTION…, by a caller whose other threads are nearly always within malloc(3).
call_among_threads() {
  CALL_THREADS=4 MALLOC_ARENA_MAX=1 GLIBC_TUNABLES=glibc.malloc.tcache_count=0 LIMIT=20 call "$@"
}

@test "libketch: start runs hooks in a caller with other threads" {
  command_is sleep 1000
  edit '.hooks.poststart = [range(20) | {path: "/bin/true"}]'
  create_one
  call_among_threads start "$CT"
  status_is "$CT" running
}

@test "libketch: delete takes off mounts in a caller with other threads" {
  command_is sleep 1000
  edit '.linux.namespaces |= map(select(.type != "mount"))'
  local i
  for i in 1 2 3 4 5 6 7 8; do
    create_one
    call_among_threads delete "$CT"
  done
}

@test "libketch: NOTIFY_SOCKET and LISTEN_FDS of the caller are its own" {
  timeout 60 python3 "$BATS_TEST_DIRNAME/notify.py" "$TEST_DIR/manager" > "$TEST_DIR/heard" 3>&- &
  MANAGER=$!
  wait_for 10 grep -q listening "$TEST_DIR/heard"
  export NOTIFY_SOCKET=$TEST_DIR/manager LISTEN_FDS=1
  command_is sleep 1000
  LIMIT=10 call create "$CT" "$BUNDLE"
  [ ! -e "$ROOT/$CT/notify" ]
  LIMIT=10 call start "$CT"
  run grep -zE '^(NOTIFY_SOCKET|LISTEN_)' "/proc/$(pid_of "$CT")/environ"
  assert_status 1
  ketch delete --force "$CT"
  # One that ketch has created for the manager does not make the library wait either.
  env -u LISTEN_FDS "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-
  [ -e "$ROOT/$CT/notify" ]
  LIMIT=10 call start "$CT"
  status_is "$CT" running
  unset NOTIFY_SOCKET LISTEN_FDS
  sleep 0.3
  [ "$(cat "$TEST_DIR/heard")" = listening ]
}

@test "libketch: exec with a ketch that was killed is an error, a program that was killed a status" {
  start_one
  call exec "$CT" sh -c 'kill -9 $$'
  grep -qx 'status 137' "$TEST_DIR/call"
  grep -qx 'returned 0' "$TEST_DIR/call"
  call exec "$CT" sh -c 'echo begun; exec sleep 1000' &
  local caller=$!
  wait_for 10 grep -qs begun "$TEST_DIR/call"
  kill -9 "$(pgrep -f -- "--log-only exec -- $CT ")"
  if wait $caller; then return 1; fi
  grep -q '^internal: ketch was killed by signal 9 (KILL);' "$TEST_DIR/call"
  grep -qx 'status -1' "$TEST_DIR/call"
}

@test "libketch: kill refuses what is no signal, with ALL and without" {
  start_one
  local sig all
  for sig in -3 65 9999; do
    for all in 1 0; do
      run call kill "$CT" $sig $all
      assert_status 1
      assert_output 'returned -22'
      assert_output "kernel: signal container '$CT' with $sig: Invalid argument"
    done
  done
  call kill "$CT" 0 1
  call kill "$CT" 64 1
}

@test "libketch: what ends a list is its callback's own value, which has no error" {
  create_one
  run call list any
  assert_status 1
  assert_output 'returned -5'
  assert_output 'internal: ; hint: ; step: ; path: ; line: 0:0; errno: 0; code: 11'
}

@test "libketch: the program's own seccomp agent is found beside it" {
  export TEST_PLUGIN_CONF=$TEST_DIR/plugins.conf
  echo "a:107 value 4242" > "$TEST_PLUGIN_CONF"
  command_is sleep 1000
  edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["geteuid"], action: "SCMP_ACT_NOTIFY"}]} |
    .annotations["run.oci.seccomp.plugins"] = $p' --arg p "$PROGRAMS/seccomp_plugin_a.so"
  call create "$CT" "$BUNDLE"
  call start "$CT"
  status_is "$CT" running
}

@test "libketch: errors are the caller's to print, not ketch's" {
  run call create "$CT" /nonexistent
  assert_status 1
  assert_output "bundle: bundle '/nonexistent': No such file or directory"
  refute_output 'ketch: '
  start_one
  run call exec "$CT" /no/such
  assert_status 1
  assert_output 'no such file or directory'
  refute_output 'ketch: '
}

@test "libketch: an error of update is placed in the resources that it was given" {
  start_one
  run call update "$CT" $'{\n"memory": {"limit": "x"}}'
  assert_status 1
  assert_output 'path: $.memory.limit; line: 2:21'
  run call update "$CT" $'{\n"cpu": {"cpus": "999"}}'
  assert_status 1
  assert_output 'path: $.linux.resources.cpu.cpus; line: 0:0'
}

@test "libketch: an error's message does not repeat its step, place and hint" {
  run call create "$CT" /nonexistent
  assert_output "bundle: bundle '/nonexistent': No such file or directory; hint: a bundle is a directory with a config.json; \`ketch spec -b DIR\` writes one; step: ; path: ; line: 0:0;"
  start_one
  run call exec "$CT" /no/such
  assert_output "not-found: exec: \"/no/such\": stat /no/such: no such file or directory; hint: the path is looked up in the container's root file system; step: exec.lookup; path: \$.process.args[0]; line: 0:0;"
  edit '.process.cwd = "x"'
  run call create "$CT-2" "$BUNDLE"
  assert_output "spec: process.cwd must be an absolute path, not 'x'; hint: ; step: ; path: \$.process.cwd; line: "
  refute_output "line: 0:0"
}

@test "libketch: exports ketch_ names alone" {
  command -v nm > /dev/null || skip "no nm (binutils) here"
  run bash -c "nm -D --defined-only '$(library)/libketch.so' | awk '\$2 != \"A\" {print \$3}' | grep -vE '^ketch_'"
  [ -z "$output" ]
}
