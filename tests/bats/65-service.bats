#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/engines/ketch@.service: a bundle as a service of a real systemd, from start to stop, through a restart and a kill of ketch.

load helpers

UNITS=/run/systemd/system

setup() {
  [ -d /run/systemd/system ] || skip "systemd does not run here: runs in tests/vm, boot systemd"
  test_setup
  SERVICE=ketch@$CT.service
  ROOT=/run/ketch # the service's own
  # The program is at another place here, and so are the bundles.
  chmod 755 "$TEST_DIR"
  sed -e "s:/usr/bin/ketch:$KETCH:" -e "s:/var/lib/ketch/%i:$BUNDLE:" "$BATS_TEST_DIRNAME/../../contrib/engines/ketch@.service" > "$UNITS/ketch@.service"
  systemctl daemon-reload
}

teardown() {
  local status=0
  [ -n "${SERVICE:-}" ] || return 0
  systemctl stop "$SERVICE"
  systemctl reset-failed "$SERVICE" 2> /dev/null
  rm -rf "$UNITS/ketch@.service" "$UNITS/$SERVICE.d"
  systemctl daemon-reload
  "$KETCH" list -q | grep -F "$CT" && { echo "state left" >&2; status=1; }
  ROOT=$TEST_DIR/root
  wait_for 10 no_units || { systemctl list-units --all --plain --no-legend "*$CT*" >&2; status=1; }
  test_teardown || status=1
  return $status
}

no_units() {
  [ -z "$(systemctl list-units --all --plain --no-legend "*$CT*" | grep -v '\.slice ')" ]
}

is() { # is PROPERTY VALUE, of the service
  [ "$(systemctl show "$SERVICE" -p "$1" --value)" = "$2" ]
}

running_other_than() { # one look: between two the container could be gone
  [ "$(ketch state "$CT" 2> /dev/null | jq --argjson pid "$1" '.status == "running" and .pid != $pid')" = true ]
}

started() {
  systemctl start "$SERVICE"
  wait_for 20 running_other_than 0
  PID=$(pid_of "$CT") && [ -n "$PID" ]
}

# By identifier: journald asks the cgroup of who writes for its unit, and that is the container's scope while the process lives.
journal_has() { journalctl -t "${SERVICE%.service}" -o cat | grep -x "$1"; }

@test "service: the unit is one that systemd takes without a warning" {
  run systemd-analyze verify --man=no "$UNITS/ketch@.service"
  assert_status 0
  refute_output ketch@
}

@test "service: start, a scope of its own, and stop by a signal to the container's program" {
  command_is sh -c 'trap "echo ended by TERM; exit 0" TERM; echo begun; while :; do sleep 0.1; done'
  started
  is ActiveState active
  [ "$(systemctl show "ketch-$CT.scope" -p ActiveState --value)" = active ]
  grep -q "ketch-$CT.scope" "/proc/$PID/cgroup"
  # The journal's daemon writes in its own time.
  wait_for 20 journal_has begun
  systemctl stop "$SERVICE"
  is ActiveState inactive
  is Result success
  refute test -e "/proc/$PID"
  wait_for 20 journal_has "ended by TERM"
}

@test "service: a program that TERM ends has not failed" {
  # ketch's status is 128 plus the signal then, as that of a shell or a small init.
  command_is sh -c 'trap "exit 143" TERM; while :; do sleep 0.1; done'
  started
  systemctl stop "$SERVICE"
  is ActiveState inactive
  is Result success
}

@test "service: begun again when its program fails, and when ketch is killed" {
  command_is sh -c 'trap "exit 0" TERM; while [ ! -e /fail ]; do sleep 0.1; done; rm /fail; exit 3'
  edit '.root.readonly = false'
  started
  touch "$BUNDLE/rootfs/fail"
  wait_for 20 running_other_than "$PID"
  is NRestarts 1
  PID=$(pid_of "$CT")
  kill -KILL "$(systemctl show "$SERVICE" -p MainPID --value)"
  wait_for 20 running_other_than "$PID"
  refute test -e "/proc/$PID"
  is NRestarts 2
}

@test "service: with Type=notify it is ready when the container's program says so" {
  mkdir "$UNITS/$SERVICE.d"
  printf '[Service]\nType=notify\nNotifyAccess=all\nTimeoutStopSec=3\n' > "$UNITS/$SERVICE.d/notify.conf"
  systemctl daemon-reload
  cp "$PROGRAMS/notify_send" "$BUNDLE/rootfs/bin/"
  command_is notify_send wait:/go READY=1 sleep:1000
  systemctl start --no-block "$SERVICE"
  wait_for 20 running_other_than 0
  sleep 0.5
  is ActiveState activating
  touch "$BUNDLE/rootfs/go"
  wait_for 20 is ActiveState active
  # ketch stays the service's own process: the container is another unit's.
  sleep 0.5
  cmp "/proc/$(systemctl show "$SERVICE" -p MainPID --value)/exe" "$KETCH"
}

@test "service: without a bundle it is refused, with nothing made" {
  mv "$BUNDLE/config.json" "$TEST_DIR/c"
  run systemctl start "$SERVICE"
  [ "$status" != 0 ]
  is AssertResult no
  is ActiveState inactive
  mv "$TEST_DIR/c" "$BUNDLE/config.json"
}
