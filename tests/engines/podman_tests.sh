# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is asked of Podman, as root and as a user. `pod` is Podman with its options, "img" an image of busybox.
# shellcheck disable=SC2015,SC2034,SC2153,SC2317
#
# ROOTLESS=1: no cgroups (but with systemd), and no devices but the harmless ones.
ROOTLESS=${ROOTLESS:-}
NOTIFY_SEND=$here/../../build/tests/notify_send

podman_configuration() {
  cat > "$D/containers.conf" << CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
seccomp_profile = "/usr/share/containers/seccomp.json"
[engine]
infra_image = "localhost/pause"
cgroup_manager = "$CGROUPS"
events_logger = "file"
runtime_supports_json = ["crun", "runc", "ketch"]
runtime_supports_nocgroup = ["crun", "ketch"]
runtime_supports_nocgroups = ["crun", "ketch"]
[engine.runtimes]
$NAME = ["$PROGRAM"]
CONF
  chmod 644 "$D/containers.conf"
  export CONTAINERS_CONF=$D/containers.conf
}

# podman_command WORDS…: the program `pod` is Podman by these words, with all containers and pods below our cgroup.
podman_command() {
  local below=(--cgroup-parent "$PARENT")
  # A user has no cgroups, or those that the user's systemd gives.
  if [ -n "$ROOTLESS" ]; then below=(); fi
  {
    printf '#!/bin/bash\nn=1\ncase "$1 $2" in "run "* | "create "*) ;; "pod create") n=2 ;; *) n=0 ;; esac\n'
    # No cgroups have no parent.
    printf 'case " $* " in *" --cgroups"*) n=0 ;; esac\n'
    printf 'below=(%s)\n[ $n != 0 ] || below=()\nexec' "${below[*]@Q}"
    printf ' %q' "$@" --runtime "$NAME" --cgroup-manager "$CGROUPS" --storage-driver overlay
    printf ' "${@:1:n}" "${below[@]}" "${@:n+1}"\n'
  } > "$D/bin/pod"
  chmod +x "$D/bin/pod"
}

# A running container "$1" of a shell that answers SIGTERM; further arguments are options.
podman_up() {
  local name=$1
  shift
  limited pod run -d --name "$name" "$@" img sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done' || return 1
  until_true "$LIMIT" sh -c "pod logs $name | grep -q up"
}

run() { # run ARGS…: options, image and command
  limited pod run --rm "$@"
}

podman_input() { echo from-stdin | timeout "$LIMIT" pod "$@" > "$OUT" 2>&1 && grep -q from-stdin "$OUT"; }

podman_tests_run() {
  local r=(pod run --rm)
  check "info names the runtime" prints "${PROGRAM##*/}" pod info
  check "the configuration of contrib makes it the default" podman_contrib
  check "run" prints hello "${r[@]}" img echo hello
  check "run: exit status" exits 7 "${r[@]}" img sh -c 'exit 7'
  check "run: killed by a signal" exits 137 "${r[@]}" --pid host img sh -c 'kill -9 $$'
  check "run: no such program is 127" exits 127 "${r[@]}" img /no/such/program
  check "run: no such program in PATH is 127" exits 127 "${r[@]}" img no-such-program
  check "run: what is no program is 126" exits 126 "${r[@]}" img /etc/passwd
  check "run: a directory is 126" exits 126 "${r[@]}" img /tmp
  check "run -i: standard input" podman_input run --rm -i img cat
  check "run -t: a terminal" prints /dev/pts/0 "${r[@]}" -t img tty
  check "run --user" prints "uid=1000(user) gid=1000(user)" "${r[@]}" --user 1000:1000 img id
  check "run --user NAME --group-add" prints "2000(extra)" "${r[@]}" --user user --group-add 2000 img id
  check "run --workdir" prints /home "${r[@]}" --workdir /home img pwd
  check "run: a working directory that is not there" refused "${r[@]}" --workdir /no/such img pwd
  check "run --env" prints A=b "${r[@]}" --env A=b img env
  check "run --entrypoint" prints "x y" "${r[@]}" --entrypoint '["echo","x"]' img y
  check "run --hostname" prints some-name "${r[@]}" --hostname some-name img hostname
  check "run --read-only" says "Read-only" "${r[@]}" --read-only img touch /x
  check "run --read-only: /tmp can be written" succeeds "${r[@]}" --read-only img touch /tmp/x
  check "run --tmpfs" prints "size=64k" "${r[@]}" --tmpfs /mnt:size=64k img mount
  check "run --mount type=tmpfs" prints tmpfs "${r[@]}" --mount type=tmpfs,destination=/mnt/x img mount
  check "run --shm-size" prints "size=1024k" "${r[@]}" --shm-size 1m img mount
  check "run --cap-drop all" prints "CapEff:	0000000000000000" "${r[@]}" --cap-drop all img cat /proc/self/status
  check "run --cap-add" prints "CapEff:	0000000000001000" "${r[@]}" --cap-drop all --cap-add net_admin img cat /proc/self/status
  check "run: the default seccomp profile" prints "Seccomp:	2" "${r[@]}" img cat /proc/self/status
  check "run --security-opt seccomp=unconfined" prints "Seccomp:	0" "${r[@]}" --security-opt seccomp=unconfined img cat /proc/self/status
  check "run --security-opt no-new-privileges" prints "NoNewPrivs:	1" "${r[@]}" --security-opt no-new-privileges img cat /proc/self/status
  check "run --security-opt mask" refused "${r[@]}" --security-opt mask=/etc/group img grep root /etc/group
  check "run --privileged" prints "Seccomp:	0" "${r[@]}" --privileged img cat /proc/self/status
  check "run --ulimit" prints 777 "${r[@]}" --ulimit nofile=777:888 --ulimit nproc=500:500 img sh -c 'ulimit -n'
  check "run --umask" prints 0077 "${r[@]}" --umask 0077 img sh -c umask
  check "run --pid host" prints "pid:\[" "${r[@]}" --pid host img sh -c "echo 'pid:\['; test -d /proc/$$"
  [ -n "$ROOTLESS" ] || check "run --ipc host" succeeds "${r[@]}" --ipc host img true
  check "run --uts host" prints "$(hostname)" "${r[@]}" --uts host img hostname
  check "run --network host" prints lo "${r[@]}" --network host img ip link
  check "run --init" prints "1 init" "${r[@]}" --init --init-path "$(command -v docker-init || command -v tini)" img sh -c "ps -o pid,comm | sed 's/  */ /g; s/^ //; s/podman-init/init/'"
  check "run --rootfs" prints inside pod run --rm --rootfs "$D/rootfs" echo inside
  check "run --preserve-fds" podman_preserve_fds
  check "run --annotation" succeeds "${r[@]}" --annotation a=b img true
  check "run --systemd always" prints "tmpfs on /run " "${r[@]}" --systemd always img mount
  check "run --add-host" prints 10.1.2.3 "${r[@]}" --add-host other:10.1.2.3 img cat /etc/hosts
  check "run --tz" prints UTC "${r[@]}" --env TZ=UTC img date
  check "--cgroups=disabled" podman_cgroups_disabled
  check "--sysctl" prints 4567 pod run --rm --sysctl kernel.msgmax=4567 img cat /proc/sys/kernel/msgmax
  check "--oom-score-adj" prints 321 pod run --rm --oom-score-adj 321 img cat /proc/self/oom_score_adj
  check "run --pidfile" podman_pidfile
  check "run --log-driver k8s-file, logs" podman_logs
  check "run --timeout" exits 255 "${r[@]}" --timeout 1 img sleep 60
}

podman_contrib() {
  sed "s|/usr/bin/ketch|$PROGRAM|; s|ketch = |${PROGRAM##*/} = |; s|\"ketch\"|\"${PROGRAM##*/}\"|" "$here/../../contrib/engines/containers.conf" > "$D/contrib.conf"
  CONTAINERS_CONF=$D/contrib.conf prints "$PROGRAM" podman --root "$D/contrib-store" --runroot "$D/contrib-run" --storage-driver vfs info --format '{{.Host.OCIRuntime.Path}}'
}

podman_preserve_fds() {
  timeout "$LIMIT" pod run --rm --preserve-fds 1 img sh -c 'cat <&3' 3< <(echo by-descriptor) > "$OUT" 2>&1 && grep -q by-descriptor "$OUT"
}

podman_pidfile() {
  limited pod run -d --name pf --pidfile "$D/home/pidfile" img sleep 100 || return 1
  [ "$(cat "$D/home/pidfile")" = "$(pod inspect --format '{{.State.Pid}}' pf)" ] && limited pod rm -f -t 0 pf
}

podman_logs() {
  limited pod run --name lg --log-driver k8s-file img sh -c 'echo one; echo two >&2' || return 1
  prints two pod logs lg && grep -q one "$OUT" && limited pod rm lg
}

podman_tests_volumes() {
  local r=(pod run --rm)
  SHARE=$D/home/share
  mkdir -p "$SHARE/sub"
  echo shared > "$SHARE/file"
  chmod -R a+rwX "$SHARE"
  if [ -n "$ROOTLESS" ]; then chown -R "$USERID:$USERID" "$SHARE"; fi
  check "volume: read" prints shared "${r[@]}" -v "$SHARE:/mnt" img cat /mnt/file
  check "volume: written" podman_volume_write
  check "volume: read-only" says "Read-only" "${r[@]}" -v "$SHARE:/mnt:ro" img touch /mnt/x
  check "volume: one file" prints shared "${r[@]}" -v "$SHARE/file:/one:ro" img cat /one
  check "volume: named" podman_volume_named
  check "volume: propagation rslave" prints shared "${r[@]}" -v "$SHARE:/mnt:rslave" img cat /mnt/file
  check "volume: noexec, nosuid" prints "noexec" "${r[@]}" -v "$SHARE:/mnt:noexec,nosuid" img grep /mnt /proc/mounts
  check "volume: overlay" succeeds "${r[@]}" -v "$SHARE:/mnt:O" img touch /mnt/x
  check "secret" podman_secret
  check "device" prints "zz" "${r[@]}" --device /dev/zero:/dev/zz img ls -l /dev/zz
}

podman_volume_write() {
  run -v "$SHARE:/mnt" img sh -c 'echo inside > /mnt/written' && grep -q inside "$SHARE/written"
}

podman_volume_named() {
  run -v vol:/data img sh -c 'echo kept > /data/x' && prints kept pod run --rm -v vol:/data img cat /data/x && limited pod volume rm vol
}

podman_secret() {
  printf 'hush' | pod secret create sec - > "$OUT" 2>&1 && prints hush pod run --rm --secret sec img cat /run/secrets/sec && limited pod secret rm sec
}

podman_tests_life() {
  check "run -d, logs" podman_up one
  check "ps" prints one pod ps
  check "inspect: running" prints running pod inspect --format '{{.State.Status}}' one
  check "exec" prints in-it pod exec one echo in-it
  check "exec: exit status" exits 5 pod exec one sh -c 'exit 5'
  check "exec: no such program is 127" exits 127 pod exec one no-such-program
  check "exec: what is no program is 126" exits 126 pod exec one /etc/passwd
  check "exec -i" podman_input exec -i one cat
  check "exec -t" prints /dev/pts/ pod exec -t one tty
  check "exec --user" prints "uid=1000" pod exec --user 1000 one id
  check "exec --workdir --env" prints "/etc-x" pod exec --workdir /etc --env A=x one sh -c 'echo $PWD-$A'
  check "exec --privileged" prints "CapEff" pod exec --privileged one grep CapEff /proc/self/status
  check "exec -d" podman_exec_detached
  check "exec --preserve-fds" podman_exec_fds
  check "exec: twenty at once" at_once 20 pod exec one
  check "top" prints sleep pod top one
  check "cp into and out of it" podman_cp
  check "diff" prints /tmp pod diff one
  check "kill: a signal that is handled" podman_kill_term one 3
  check "start again" podman_start_again
  check "restart" succeeds pod restart --time 1 one
  check "stop: SIGTERM" podman_stop one 3
  check "start --attach, exit status" podman_attach
  check "attach" podman_attach_output
  check "wait" podman_wait
  check "stop: SIGKILL after the time" podman_stop_kill
  check "rm --force of a running one" podman_rm_running
  check "create, start, rm" podman_create_start
  check "exec in a stopped one" podman_exec_stopped
  check "export" podman_export
  check "commit, and run the image" podman_commit
  check "healthcheck" podman_health
  check "--sdnotify=container" podman_sdnotify
  [ -n "$ROOTLESS" ] || check "--sdnotify=container: READY=1 reaches the service manager" podman_sdnotify_ready
  check "namespaces of another container" podman_join
  check "an id that is used" podman_duplicate
  limited pod rm -f -t 0 one
}

podman_exec_detached() {
  limited pod exec -d one touch /tmp/by-exec && until_true "$LIMIT" pod exec one test -e /tmp/by-exec
}

podman_exec_fds() {
  timeout "$LIMIT" pod exec --preserve-fds 1 one sh -c 'cat <&3' 3< <(echo by-descriptor) > "$OUT" 2>&1 && grep -q by-descriptor "$OUT"
}

podman_cp() {
  echo copied > "$D/copy"
  limited pod cp "$D/copy" one:/tmp/copy && prints copied pod exec one cat /tmp/copy && limited pod cp one:/tmp/copy "$D/home/back" && grep -q copied "$D/home/back"
}

podman_kill_term() { # podman_kill_term NAME STATUS
  limited pod kill --signal TERM "$1" && prints "$2" pod wait "$1"
}

podman_start_again() {
  limited pod start one && prints running pod inspect --format '{{.State.Status}}' one && handles_term pod exec one
}

podman_stop() {
  handles_term pod exec "$1" && limited pod stop --time 10 "$1" && prints "$2" pod inspect --format '{{.State.ExitCode}}' "$1"
}

podman_attach() {
  limited pod create --name at img sh -c 'echo attached; exit 4' || return 1
  local got=0
  limited pod start --attach at || got=$?
  grep -q attached "$OUT" && [ $got = 4 ] && limited pod rm at
}

podman_wait() {
  limited pod run -d --name wt img sh -c 'sleep 0.5; exit 9' && prints 9 pod wait wt && limited pod rm wt
}

podman_stop_kill() {
  limited pod run -d --name sk img sh -c 'trap "" TERM; while :; do sleep 1; done' && limited pod stop --time 1 sk || return 1
  prints 137 pod inspect --format '{{.State.ExitCode}}' sk && limited pod rm sk
}

podman_rm_running() {
  limited pod run -d --name rr img sleep 100 && limited pod rm --force --time 0 rr && ! limited pod inspect rr
}

podman_create_start() {
  limited pod create --name cs img true && limited pod start cs && limited pod wait cs && limited pod rm cs
}

podman_exec_stopped() {
  limited pod run --name es img true
  says "" pod exec es true && limited pod rm es
}

podman_export() { limited pod export -o "$D/home/export.tar" one && prints bin/busybox tar -tf "$D/home/export.tar"; }

podman_commit() {
  limited pod run --name cm img sh -c 'echo kept > /kept' && limited pod commit -q cm img2 && prints kept pod run --rm img2 cat /kept && limited pod rm cm && limited pod rmi -f img2
}

podman_health() {
  limited pod run -d --name hc --health-cmd 'CMD-SHELL test -e /tmp/well' --health-interval disable img sleep 100 || return 1
  refused pod healthcheck run hc && limited pod exec hc touch /tmp/well && limited pod healthcheck run hc && limited pod rm -f -t 0 hc
}

podman_sdnotify() {
  # Without a NOTIFY_SOCKET outside nobody listens, and it has to run all the same.
  prints listened pod run --rm --sdnotify container img echo listened
}

# What a service manager hears: READY=1 of the container's own program, which Podman passes on by a socket of its own.
podman_sdnotify_ready() {
  local listener
  python3 "$here/../bats/notify.py" "$D/notify" > "$D/notified" 2>&1 &
  listener=$!
  until_true "$LIMIT" grep -q listening "$D/notified" &&
    NOTIFY_SOCKET=$D/notify limited pod run -d --name ntf --sdnotify container -v "$NOTIFY_SEND:/notify_send" img sh -c '/notify_send READY=1 STATUS=from-inside; sleep 100' &&
    until_true "$LIMIT" grep -q READY=1 "$D/notified"
  local ret=$?
  cat "$D/notified" >> "$OUT"
  kill "$listener"
  wait "$listener"
  limited pod rm -f -t 0 ntf && return "$ret"
}

podman_attach_output() {
  limited pod run -d --name ao img sh -c 'while :; do echo tick; sleep 0.2; done' || return 1
  timeout "$LIMIT" pod attach --no-stdin --sig-proxy=false ao > "$D/attached" 2>&1 &
  local pid=$! ret=0
  until_true "$LIMIT" grep -q tick "$D/attached" || ret=1
  limited pod rm -f -t 0 ao
  wait $pid
  return $ret
}

podman_update() {
  podman_up upd --memory 64m && limited pod update --memory 48m --memory-swap 96m --cpu-quota 50000 upd || return 1
  local got
  got=$(cgroup_value "$(pod inspect --format '{{.State.Pid}}' upd)" memory memory.limit_in_bytes memory.max)
  got+=" $(cgroup_value "$(pod inspect --format '{{.State.Pid}}' upd)" cpu cpu.cfs_quota_us cpu.max)"
  echo "$got" >> "$OUT"
  limited pod rm -f -t 0 upd && [[ $got =~ ^50331648\ 50000 ]]
}

podman_join() {
  limited pod run -d --name j1 --hostname joined img sleep 100 || return 1
  prints joined pod run --rm --pid container:j1 --uts container:j1 --network container:j1 --ipc container:j1 img sh -c 'hostname; ps' && grep -q "sleep 100" "$OUT" && limited pod rm -f -t 0 j1
}

podman_duplicate() { says "already in use" pod run --name one img true; }

podman_tests_cgroups() {
  check "pause, exec refused, unpause" podman_pause
  check "kill of a paused one" podman_pause_kill
  check "stats" podman_stats
  check "--memory" podman_limit --memory=64m memory memory.limit_in_bytes memory.max 67108864
  check "--memory-reservation" podman_limit --memory-reservation=32m memory memory.soft_limit_in_bytes memory.low 33554432
  check "--pids-limit" podman_limit --pids-limit=77 pids pids.max pids.max 77
  check "--cpu-shares" podman_limit --cpu-shares=512 cpu cpu.shares cpu.weight '512|20|59'
  check "--cpus" podman_limit --cpus=0.5 cpu cpu.cfs_quota_us cpu.max '50000.*'
  check "--cpuset-cpus" podman_limit --cpuset-cpus=0 cpuset cpuset.cpus cpuset.cpus 0
  # update came with Podman 4.4.
  if pod update --help > /dev/null 2>&1; then check "update" podman_update; fi
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then check "--cgroups=split" podman_split; fi
  check "out of memory kills the process, not the runtime" podman_oom
  check "--cgroupns host" succeeds pod run --rm --cgroupns host img ls /sys/fs/cgroup
  check "--cgroupns private" prints ":/" pod run --rm --cgroupns private img cat /proc/self/cgroup
  check "--device-cgroup-rule" succeeds pod run --rm --device-cgroup-rule 'c 10:229 rwm' img true
}


podman_pause() {
  podman_up pz && limited pod pause pz && prints paused pod inspect --format '{{.State.Status}}' pz && refused pod exec pz true &&
    limited pod unpause pz && prints back pod exec pz echo back
}

podman_pause_kill() { limited pod pause pz && limited pod rm -f -t 0 pz; }

podman_stats() {
  podman_up st --memory 64m && prints st pod stats --no-stream st && limited pod rm -f -t 0 st
}

podman_limit() { # podman_limit OPTION V1-CONTROLLER V1-FILE V2-FILE VALUE
  limited pod run -d --name lim "$1" img sleep 100 || return 1
  local got
  got=$(cgroup_value "$(pod inspect --format '{{.State.Pid}}' lim)" "$2" "$3" "$4")
  echo "$3 or $4 is $got" >> "$OUT"
  limited pod rm -f -t 0 lim && [[ $got =~ ^($5)$ ]]
}

podman_split() { # the container beside conmon, below the cgroup that podman was started in
  if [ "$CGROUPS" = systemd ]; then
    prints /libpod-payload systemd-run --quiet --wait --pipe --collect --property=Delegate=yes --setenv=CONTAINERS_CONF="$CONTAINERS_CONF" nsenter --target $$ --mount --net \
      "$D/bin/pod" run --rm --cgroups=split --cgroupns=host img cat /proc/self/cgroup
  else
    local dir=/sys/fs/cgroup/$CG/split
    mkdir -p "$dir"
    prints /split/libpod-payload sh -c "echo \$\$ > $dir/cgroup.procs; exec pod run --rm --cgroups=split --cgroupns=host img cat /proc/self/cgroup"
  fi
}

podman_oom() {
  prints "status 137" pod run --rm --memory 16m --memory-swap 16m img sh -c 'tail -c 100m /dev/zero; echo status $?'
}

podman_cgroups_disabled() {
  local own
  own=$(cat /proc/self/cgroup)
  limited pod run --rm --cgroups disabled --cgroupns host img cat /proc/self/cgroup || return 1
  [ "$(grep -c . "$OUT")" -ge 1 ] && ! grep -q libpod "$OUT" || { echo "own: $own" >> "$OUT"; return 1; }
}

podman_tests_users() {
  check "--userns=auto" podman_userns_auto
  if [ -n "$ROOTLESS" ]; then
    check "--userns=keep-id" prints "uid=$USERID" pod run --rm --userns=keep-id img id
    check "--userns=keep-id: a volume of the user's" prints " $USERID " pod run --rm --userns=keep-id -v "$SHARE:/mnt" img stat -c ' %u ' /mnt/file
    check "--userns=nomap" succeeds pod run --rm --userns=nomap img true
    check "--userns=host: the user is root inside" prints " 0 $USERID " pod run --rm --userns=host img sh -c "sed 's/  */ /g; s/$/ /' /proc/self/uid_map"
    check "--user of a subordinate id" prints "uid=1000(user)" pod run --rm --user 1000 img sh -c 'id; touch /tmp/x'
    return
  fi
  check "--uidmap" prints "0     100000      65536" pod run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 img cat /proc/self/uid_map
  check "--uidmap: owner of files" prints " 0 0 " pod run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 img stat -c ' %u %g ' /bin
  check "--uidmap, exec" podman_userns_exec
}

podman_userns_auto() { # root's come from the ids of a user "containers"
  if [ -z "$ROOTLESS" ]; then
    { cat /etc/subuid; echo containers:1000000:131072; } > "$D/subuid"
    { cat /etc/subgid; echo containers:1000000:131072; } > "$D/subgid"
    mount --bind "$D/subuid" /etc/subuid && mount --bind "$D/subgid" /etc/subgid || return 1
  fi
  prints "0 0 4096" pod run --rm --userns=auto:size=4096 img sh -c 'echo $(stat -c "%u %g" /bin) $(awk "{ n += \$3 } END { print n }" /proc/self/uid_map)'
  local ret=$?
  [ -n "$ROOTLESS" ] || umount /etc/subuid /etc/subgid
  return $ret
}

podman_userns_exec() {
  limited pod run -d --name un --uidmap 0:100000:65536 --gidmap 0:100000:65536 img sleep 100 && prints "uid=0(root)" pod exec un id && podman_rm_mapped un
}

# Podman 4.3 removes the directory of a container with mapped ids from two threads while its shm is still mounted there: below any
# runtime (runc, crun) every second removal at once says "busy", and the next one succeeds.
podman_rm_mapped() {
  limited pod rm -f -t 0 "$1" || { grep -q 'userdata/shm: device or resource busy' "$OUT" && limited pod rm -f -t 0 "$1"; }
}

podman_tests_pods() {
  check "pod create" succeeds pod pod create --name p1 --infra-image img --infra-command "sleep 1000" --share ipc,uts,pid --hostname in-pod
  check "run in a pod" prints in-pod pod run --rm --pod p1 img hostname
  check "a pod's containers share the pid namespace" prints "sleep 1000" pod run --rm --pod p1 img ps
  check "pod ps, pod stop, pod start" podman_pod_restart
  check "pod rm" succeeds pod pod rm --force --time 0 p1
  cat > "$D/kube.yaml" << YAML
apiVersion: v1
kind: Pod
metadata:
  name: kube
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: localhost/img
    imagePullPolicy: Never
    command: [/bin/sh, -c, "echo from-kube; sleep 1000"]
YAML
  check "kube play" podman_kube
}

podman_pod_restart() { limited pod pod ps && limited pod pod stop --time 0 p1 && limited pod pod start p1; }

podman_kube() {
  limited pod play kube --network none "$D/kube.yaml" && until_true "$LIMIT" sh -c 'pod logs kube-c | grep -q from-kube' && prints "from-exec" pod exec kube-c /bin/echo from-exec && limited pod pod rm -f -t 0 kube
}

podman_tests_build() {
  mkdir -p "$D/context"
  cat > "$D/context/Containerfile" << 'FILE'
FROM localhost/img
RUN echo built > /built && id -u
USER 1000
RUN id -u > /tmp/uid
CMD ["cat", "/built", "/tmp/uid"]
FILE
  check "build" succeeds pod build --isolation oci --network none -t built "$D/context"
  check "run what was built" prints built pod run --rm built
  check "build: a failing command" podman_build_fails
}

podman_build_fails() {
  printf 'FROM localhost/img\nRUN exit 23\n' > "$D/context/Containerfile.bad"
  says "23" pod build --isolation oci --network none -f "$D/context/Containerfile.bad" "$D/context"
}

podman_tests() {
  podman_tests_run
  podman_tests_volumes
  podman_tests_life
  [ "$ROOTLESS$CGROUPS" = 1cgroupfs ] || podman_tests_cgroups
  podman_tests_users
  podman_tests_pods
  podman_tests_build
  # shellcheck source=tests/engines/podman_systemd.sh
  if [ "$CGROUPS" = systemd ]; then . "$here/podman_systemd.sh" && podman_tests_systemd; fi
}
