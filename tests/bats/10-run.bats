#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch run` of the default bundle: the main job.

load helpers

@test "run: the default bundle runs its program and passes its output on" {
  command_is echo hello
  run_bundle
  assert_status 0
  [ "$output" = hello ]
}

@test "run: the exit status is the program's" {
  command_is sh -c 'exit 42'
  run_bundle
  assert_status 42
}

@test "run: a program killed by a signal gives 128 + signal" {
  # Not pid 1 itself: it ignores signals that it has no handler for.
  command_is sh -c 'sh -c "kill -9 \$\$"; exit $?'
  run_bundle
  assert_status 137
}

@test "run: new pid, mount, uts, ipc, network and cgroup namespaces" {
  command_is sh -c 'for n in pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$n; done'
  run_bundle
  assert_status 0
  local n
  for n in pid mnt uts ipc net cgroup; do
    refute_output "$(readlink /proc/self/ns/$n)"
  done
  [ "${#lines[@]}" = 6 ]
}

@test "run: pid 1, the host name and the root of the image" {
  command_is sh -c 'echo $$; hostname; ls /'
  run_bundle
  assert_status 0
  [ "${lines[0]}" = 1 ]
  [ "${lines[1]}" = ketch ]
  [ "$(printf '%s\n' "${lines[@]:2}" | sort | paste -sd' ')" = "bin dev etc proc root run sys tmp" ]
}

@test "run: default mounts and devices" {
  command_is sh -c 'for p in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do grep -q " $p " /proc/mounts && echo "$p mounted"; done
    for d in null zero full random urandom tty; do [ -c /dev/$d ] && echo $d; done; readlink /dev/stdin; readlink /dev/ptmx; echo x > /dev/null && echo written'
  run_bundle
  assert_status 0
  local p
  for p in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do assert_output "$p mounted"; done
  for p in null zero full random urandom tty written /proc/self/fd/0 pts/ptmx; do assert_output "$p"; done
}

@test "run: capabilities are exactly those of the config" {
  command_is grep Cap /proc/self/status
  run_bundle
  assert_status 0
  assert_output $'CapPrm:\t0000000020000420'
  assert_output $'CapEff:\t0000000020000420'
  assert_output $'CapBnd:\t0000000020000420'
  assert_output $'CapInh:\t0000000000000000'
  assert_output $'CapAmb:\t0000000000000000'
}

@test "run: only 0, 1 and 2 are open in the container" {
  command_is ls /proc/self/fd
  run ketch run -b "$BUNDLE" "$CT" 7</dev/null 9</dev/null 63</dev/null < /dev/null
  assert_status 0
  # ls itself has the directory open.
  [ "$(echo $output)" = "0 1 2 3" ]
}
