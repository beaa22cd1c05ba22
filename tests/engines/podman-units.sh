#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2016,SC2317
# Podman below systemd, for root and for an ordinary user: quadlets, units that Podman writes, healthchecks by timers, readiness, sockets.
# systemd knows the machine's own directories alone: this changes its configuration and storage, and is for machines that
# are thrown away (THROW_AWAY=1, as tests/vm/run says).
WHOLE_MACHINE=1 CGROUPS=systemd
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"
NOTIFY_SEND=$here/../../build/tests/notify_send
CONTRIB=$here/../../contrib/engines

# be root|USER: `p` is Podman and `s` systemctl of that user, HOME_OF the place of its configuration; the storage is empty.
be() {
  WHO=$1
  if [ "$WHO" = root ]; then
    CONTAINERS=/etc/containers UNITS=/run/systemd/system STORE=/var/lib/containers as=(env) manager=()
  else
    local id home
    id=$(id -u "$WHO") home=$(getent passwd "$WHO" | cut -d: -f6)
    loginctl enable-linger "$WHO" && until_true "$LIMIT" test -S "/run/user/$id/systemd/private" || return 1
    CONTAINERS=$home/.config/containers UNITS=$home/.config/systemd/user STORE=$home/.local/share/containers manager=(--user)
    as=(setpriv --reuid "$id" --regid "$id" --init-groups --inh-caps=-all env -i "HOME=$home" "USER=$WHO" "XDG_RUNTIME_DIR=/run/user/$id" "PATH=$PATH" TERM=dumb)
  fi
  command_of p "${as[@]}" podman
  command_of s "${as[@]}" systemctl "${manager[@]}"
  "${as[@]}" mkdir -p "$CONTAINERS/containers.conf.d" "$CONTAINERS/systemd" "$UNITS" "$STORE"
  mount -t tmpfs -o "mode=755,uid=$(stat -c %u "$STORE"),gid=$(stat -c %g "$STORE")" tmpfs "$STORE"
  sed "s|/usr/bin/ketch|$PROGRAM|; s|ketch = |$NAME = |; s|\"ketch\"|\"$NAME\"|" "$CONTRIB/containers.conf" > "$CONTAINERS/containers.conf.d/50-ketch.conf"
  cd / && limited p import "$D/rootfs.tar" img
}

end() {
  limited p rm --all --force --time 0
  limited p system migrate
  rm -f "$CONTAINERS/systemd"/kq* "$UNITS"/kg* "$CONTAINERS/containers.conf.d/50-ketch.conf"
  s daemon-reload
  umount --lazy "$STORE"
}

tests() {
  check "$WHO: contrib's configuration makes it the default" prints "$PROGRAM" p info --format '{{.Host.OCIRuntime.Path}}'
  check "$WHO: healthcheck by a timer" health_timer
  check "$WHO: healthcheck: an unwell one is killed" health_kills
  check "$WHO: healthcheck: one for the start comes first" health_startup
  [ "$WHO" != root ] || check "$WHO: logs by the journal" logs_journal
  check "$WHO: a quadlet is ready when its program says so" quadlet
  check "$WHO: a quadlet: conmon is the main process, the container below the service" quadlet_places
  check "$WHO: a quadlet: limits" quadlet_limits
  check "$WHO: a quadlet: restart" succeeds s restart kq.service
  check "$WHO: a quadlet: started again when killed" quadlet_again
  check "$WHO: a quadlet: stop" quadlet_stop
  check "$WHO: generate systemd" generated
  check "$WHO: --sdnotify=healthy" sdnotify_healthy
  check "$WHO: a socket of systemd's" socket
}

health_is() { until_true "$LIMIT" sh -c "p inspect --format '{{.State.Health.Status}}' hc | grep -qx $1"; }

health_timer() {
  local id
  limited p run -d --network none --name hc --health-cmd 'test -e /tmp/well' --health-interval 2s --health-retries 1 img sleep 1000 && health_is unhealthy &&
    limited p exec hc touch /tmp/well && health_is healthy && id=$(p inspect --format '{{.ID}}' hc) && prints "$id" s list-units --type=timer --all --no-legend --full &&
    limited p rm -f -t 0 hc && ! { s list-units --type=timer --all --no-legend --full | grep -F "$id"; }
}

health_kills() {
  limited p run -d --network none --name hk --health-cmd false --health-interval 2s --health-retries 1 --health-on-failure kill img sleep 1000 &&
    prints 137 p wait hk && limited p rm hk
}

health_startup() {
  limited p run -d --network none --name hc --health-cmd 'touch /tmp/asked' --health-interval 1s --health-startup-cmd 'test -e /tmp/started' --health-startup-interval 1s img sleep 1000 && health_is starting &&
    refused p healthcheck run hc && refused p exec hc test -e /tmp/asked && limited p exec hc touch /tmp/started && health_is healthy && until_true "$LIMIT" p exec hc test -e /tmp/asked && limited p rm -f -t 0 hc
}

logs_journal() {
  limited p run -d --network none --name lj --log-driver journald img sh -c 'echo to-the-journal; sleep 1000' && until_true "$LIMIT" sh -c 'p logs lj | grep -q to-the-journal' &&
    prints to-the-journal journalctl --no-pager CONTAINER_NAME=lj && limited p rm -f -t 0 lj
}

quadlet() {
  printf '%s\n' "[Container]" "ContainerName=kq" "Image=localhost/img" "Network=none" "Notify=true" "Volume=$NOTIFY_SEND:/notify_send" "PodmanArgs=--memory 48m" \
    "Exec=sh -c 'sleep 2; touch /tmp/said; /notify_send READY=1; trap \"exit 0\" TERM; while :; do sleep 0.2; done'" "[Service]" "Restart=always" "TimeoutStartSec=$LIMIT" \
    > "$CONTAINERS/systemd/kq.container"
  limited s daemon-reload && { limited s start kq.service || { s status kq.service >> "$OUT"; journalctl -n 20 --no-pager >> "$OUT"; false; }; } && prints active s is-active kq.service && limited p exec kq test -e /tmp/said
}

value() { s show --property "$1" --value kq.service; }
pid_of() { p inspect --format '{{.State.Pid}}' "$1"; }

quadlet_places() {
  local conmon
  conmon=$(p inspect --format '{{.State.ConmonPid}}' kq)
  { cat "/proc/$(pid_of kq)/cgroup"; echo "main $(value MainPID), conmon $conmon"; } > "$OUT"
  [ "$(value MainPID)" = "$conmon" ] && grep -q '/kq.service/libpod-payload-' "$OUT"
}

quadlet_limits() { [ "$(cgroup_value "$(pid_of kq)" memory memory.limit_in_bytes memory.max)" = 50331648 ]; }

quadlet_again() {
  local before
  before=$(value MainPID)
  limited p kill kq && until_true "$LIMIT" sh -c "p exec kq test -e /tmp/said && s is-active kq.service" && [ "$(value MainPID)" != "$before" ]
}

quadlet_stop() {
  limited s stop kq.service && ! s is-active kq.service > /dev/null && ! { p ps --all --noheading --format '{{.Names}}' | grep -qx kq; }
}

generated() {
  limited p create --name kg --network none img sh -c 'trap "exit 0" TERM; while :; do sleep 0.2; done' && p generate systemd --new --name kg > "$UNITS/kg.service" 2> "$OUT" && limited p rm kg &&
    limited s daemon-reload && limited s start kg.service && prints active s is-active kg.service && prints kg p ps --format '{{.Names}}' && limited s stop kg.service && ! s is-active kg.service > /dev/null
}

sdnotify_healthy() {
  limited "${as[@]}" systemd-run "${manager[@]}" --collect --unit kh.service --service-type=notify --property=NotifyAccess=all podman run --rm --network none --name kh --sdnotify=healthy \
    --health-cmd 'test -e /tmp/well' --health-interval 1s img sh -c 'sleep 3; touch /tmp/well; trap "exit 0" TERM; while :; do sleep 0.2; done' &&
    prints active s is-active kh.service && limited p exec kh test -e /tmp/well && limited s stop kh.service
}

socket() { # a connection starts it
  "${as[@]}" systemd-socket-activate --listen 127.0.0.1:18999 podman run --rm --network none img sh -c 'echo "fds $LISTEN_FDS"; readlink /proc/self/fd/3' > "$D/activated" 2>&1 &
  local pid=$! ret=0
  until_true "$LIMIT" bash -c ': < /dev/tcp/127.0.0.1/18999' && until_true "$LIMIT" grep -q 'socket:' "$D/activated" || ret=1
  wait $pid || ret=1
  cp "$D/activated" "$OUT"
  grep -qx 'fds 1' "$OUT" && return $ret
}

# What could be left is not in namespaces that end.
clean() {
  {
    pgrep -a conmon
    pgrep -fa 'ketch .*(create|run|start)'
    find /sys/fs/cgroup -type d '(' -name '*libpod-*' -o -name 'ketch-*' ')'
    findmnt -rno TARGET | grep -E 'overlay/|/userdata/shm|netns-'
    systemctl list-units --no-legend --all 'libpod*' 'ketch*' --state=active
  } > "$OUT"
  ! grep -q . "$OUT"
}

# A user's Podman asks for the limits of where the container was started, in the user's manager, also for exec.
ulimit -n 524288
make_rootfs "$D/rootfs"
for who in root tester; do
  be "$who" || { cat "$OUT"; echo "Bail out! no Podman for $who"; exit 1; }
  tests
  end
done
check "nothing is left behind" clean
echo "1..$tests"
[ $failures = 0 ]
