# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is asked of Podman where systemd and cgroup v2 are: containers that have systemd as their first process, in cgroups of their own, and what
# Podman tells the service manager that has started it. `pod`, "img" and the names in capitals are those of podman_tests.sh.
# shellcheck disable=SC2015,SC2016,SC2034,SC2153,SC2317

podman_tests_systemd() {
  check "--systemd=always: environment and mounts" podman_systemd_surroundings
  check "--systemd=always: the cgroup can be divided" podman_systemd_cgroup
  check "--systemd=always: exec when the cgroup is divided" podman_systemd_exec
  check "--systemd=always: stopped by SIGRTMIN+3" podman_systemd_stop
  check "systemd as the first process" podman_systemd_boot
  check "systemd as the first process: all units are well" prints "0 loaded units" pod exec sd systemctl --failed --no-pager
  check "systemd as the first process: limits of a unit" podman_systemd_unit
  check "systemd as the first process: a slice of its own below the container's cgroup" podman_systemd_slice
  check "systemd as the first process: pause, unpause" podman_systemd_pause
  check "systemd as the first process: stop, exit status" podman_systemd_halt
  check "--sdnotify=conmon: READY=1 and conmon's process id" podman_sdnotify_conmon
}

# What https://systemd.io/CONTAINER_INTERFACE wants: $container, $container_uuid, /run and the like to write to.
podman_systemd_surroundings() {
  prints container=podman pod run --rm --systemd=always img sh -c 'env; grep -E " (/run|/run/lock|/tmp|/var/log/journal) tmpfs" /proc/mounts | cut -d" " -f2; touch /run/x /run/lock/x && grep " /sys/fs/cgroup " /proc/mounts' &&
    grep -qE '^container_uuid=[0-9a-f-]{32,36}$' "$OUT" && grep -qx /run "$OUT" && grep -qx /tmp "$OUT" && grep -q '/sys/fs/cgroup cgroup2 rw' "$OUT"
}

podman_systemd_cgroup() {
  prints "memory pids inner" pod run --rm --systemd=always --memory 64m img sh -c 'cd /sys/fs/cgroup && mkdir inner && echo $$ > inner/cgroup.procs && echo +memory +pids > cgroup.subtree_control &&
    echo 16777216 > inner/memory.max && grep -qx 16777216 inner/memory.max && echo $(cat cgroup.subtree_control) $(sed s,0::/,, /proc/self/cgroup)'
}

# No process may be put into a cgroup that has given its controllers to its children: exec goes where the first process is.
podman_systemd_exec() {
  limited pod run -d --name sx --systemd=always img sh -c 'cd /sys/fs/cgroup && mkdir inner && echo $$ > inner/cgroup.procs && echo +pids > cgroup.subtree_control && touch /run/done; sleep 1000' &&
    until_true "$LIMIT" test -e "/proc/$(pod inspect --format '{{.State.Pid}}' sx)/root/run/done" && prints "0::/inner" pod exec sx cat /proc/self/cgroup && limited pod rm -f -t 0 sx
}

podman_systemd_stop() {
  limited pod run -d --name ss --systemd=always img sh -c 'trap "exit 9" 37; while :; do sleep 0.1; done' &&
    until_true "$LIMIT" pod exec ss grep -qE 'SigCgt:.*[13579bdf][0-9a-f]{9}$' /proc/1/status &&
    limited pod stop --time 30 ss && prints 9 pod inspect --format '{{.State.ExitCode}}' ss && limited pod rm ss
}

# The image is this machine's own /usr and an /etc with nothing in it.
podman_systemd_boot() {
  local d root=$D/home/systemd-root ret
  mkdir -p "$root"/{usr,etc/systemd/system,var,run,tmp,proc,sys,dev,root}
  for d in bin sbin lib lib64; do ln -s "usr/$d" "$root/$d"; done
  cp /etc/passwd /etc/group /etc/machine-id "$root/etc/" # without machine-id it were the first boot, which asks questions
  ln -s /dev/null "$root/etc/systemd/system/nftables.service" # it wants a file in /etc
  [ -z "$ROOTLESS" ] || chown -Rh "$USERID:$USERID" "$root"
  limited pod run -d --name sd --systemd=always --memory 512m --network none --hostname in-systemd --volume /usr:/usr:ro --rootfs "$root" /lib/systemd/systemd --unit=basic.target &&
    until_true "$LIMIT" sh -c 'pod exec sd systemctl is-system-running | grep -qE "running|degraded"' && prints "systemd 1" pod exec sd sh -c 'read -r name < /proc/1/comm && echo $name 1'
  ret=$?
  [ $ret = 0 ] || { limited pod exec sd systemctl list-jobs; pod logs sd >> "$OUT" 2>&1; }
  return $ret
}

podman_systemd_unit() {
  prints "33554432 50 /system.slice/" pod exec sd systemd-run --quiet --wait --pipe -p MemoryMax=32M -p TasksMax=50 \
    sh -c 'p=$(sed -n s/^0:://p /proc/self/cgroup); cd "/sys/fs/cgroup$p" && echo "$(cat memory.max) $(cat pids.max) $p"'
}

podman_systemd_slice() {
  prints "/ket.slice/ket-in.slice" pod exec sd systemd-run --quiet --wait --pipe --slice ket-in.slice cat /proc/self/cgroup && prints "0::/init.scope" pod exec sd cat /proc/1/cgroup
}

podman_systemd_pause() { limited pod pause sd && limited pod unpause sd && prints active pod exec sd systemctl is-active basic.target; }

podman_systemd_halt() { # not 137, which would be SIGKILL after the time
  local got
  prints true pod inspect --format '{{.State.Running}}' sd && limited pod stop --time "$LIMIT" sd && got=$(pod inspect --format '{{.State.ExitCode}}' sd) && echo "status $got" >> "$OUT"
  limited pod rm -f -t 0 sd && [ "$got" = 0 ]
}

podman_sdnotify_conmon() {
  local listener ret
  python3 "$here/../bats/notify.py" "$D/notify-conmon" > "$D/notified" 2>&1 &
  listener=$!
  until_true "$LIMIT" grep -q listening "$D/notified" && chmod 777 "$D/notify-conmon" && podman_notifying "$D/notify-conmon" run -d --name nc --sdnotify conmon img sleep 1000 &&
    until_true "$LIMIT" grep -qF "MAINPID=$(pod inspect --format '{{.State.ConmonPid}}' nc)" "$D/notified" && grep -q READY=1 "$D/notified"
  ret=$?
  cat "$D/notified" >> "$OUT"
  kill "$listener"
  wait "$listener" 2>/dev/null
  limited pod rm -f -t 0 nc
  return $ret
}

# podman_notifying SOCKET WORDS…: Podman below a service manager that listens there.
podman_notifying() {
  sed "s| podman | NOTIFY_SOCKET=$1 podman |" "$D/bin/pod" > "$D/bin/pod-notifying"
  chmod +x "$D/bin/pod-notifying"
  shift
  limited pod-notifying "$@"
}
