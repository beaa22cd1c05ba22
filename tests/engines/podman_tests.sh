# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is asked of Podman, as root and as a user. `pod` is Podman with its options, "img" an image of busybox.
# shellcheck disable=SC2015,SC2034,SC2153,SC2317
#
# ROOTLESS=1: no cgroups (but with systemd), and no devices but the harmless ones.
ROOTLESS=${ROOTLESS:-}
NOTIFY_SEND=$here/../../build/tests/notify_send

# shellcheck source=tests/engines/podman_pods.sh
. "$here/podman_pods.sh"
# shellcheck source=tests/engines/podman_systemd.sh
. "$here/podman_systemd.sh"
# shellcheck source=tests/engines/podman_checkpoint.sh
. "$here/podman_checkpoint.sh"

# A user without systemd has no cgroups.
has_cgroups() { [ "$ROOTLESS$CGROUPS" != 1cgroupfs ]; }

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
    # No cgroups have no parent, and a pod is its containers' parent.
    printf 'case " $* " in *" --cgroups"* | " run "*" --pod "* | " create "*" --pod "*) n=0 ;; esac\n'
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
  [ "$NAME" != ketch ] || check "run: an error has its place in config.json, and what to do" says '$.process.args[0]); hint: ' "${r[@]}" img no-such-program
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
  check "run --read-only --read-only-tmpfs=false" says "Read-only" "${r[@]}" --read-only --read-only-tmpfs=false img touch /tmp/x
  check "run --tmpfs" prints "size=64k" "${r[@]}" --tmpfs /mnt:size=64k img mount
  check "run --mount type=tmpfs" prints tmpfs "${r[@]}" --mount type=tmpfs,destination=/mnt/x img mount
  check "run --shm-size" prints "size=1024k" "${r[@]}" --shm-size 1m img mount
  check "run --cap-drop all" prints "CapEff:	0000000000000000" "${r[@]}" --cap-drop all img cat /proc/self/status
  check "run --cap-add" prints "CapEff:	0000000000001000" "${r[@]}" --cap-drop all --cap-add net_admin img cat /proc/self/status
  check "run: the default seccomp profile" prints "Seccomp:	2" "${r[@]}" img cat /proc/self/status
  check "run --security-opt seccomp=unconfined" prints "Seccomp:	0" "${r[@]}" --security-opt seccomp=unconfined img cat /proc/self/status
  check "run --security-opt no-new-privileges" prints "NoNewPrivs:	1" "${r[@]}" --security-opt no-new-privileges img cat /proc/self/status
  check "run --security-opt mask" refused "${r[@]}" --security-opt mask=/etc/group img grep root /etc/group
  check "run --security-opt unmask=ALL" prints "0 below" "${r[@]}" --security-opt unmask=ALL img sh -c 'echo $(grep -c " /proc/" /proc/mounts) below'
  check "run --privileged" prints "Seccomp:	0" "${r[@]}" --privileged img cat /proc/self/status
  check "run --ulimit" prints 777 "${r[@]}" --ulimit nofile=777:888 --ulimit nproc=500:500 img sh -c 'ulimit -n'
  check "run --umask" prints 0077 "${r[@]}" --umask 0077 img sh -c umask
  check "run --pid host" prints "pid:\[" "${r[@]}" --pid host img sh -c "echo 'pid:\['; test -d /proc/$$"
  [ -n "$ROOTLESS" ] || check "run --ipc host" succeeds "${r[@]}" --ipc host img true
  check "run --uts host" prints "$(hostname)" "${r[@]}" --uts host img hostname
  check "run --network host" prints lo "${r[@]}" --network host img ip link
  check "run --init" prints "1 init" "${r[@]}" --init --init-path "$(command -v docker-init || command -v tini)" img sh -c "ps -o pid,comm | sed 's/  */ /g; s/^ //; s/podman-init/init/'"
  check "run --rootfs" prints inside pod run --rm --rootfs "$D/rootfs" echo inside
  check "run --rootfs, an overlay over it" podman_rootfs_overlay
  check "run --personality" prints i686 "${r[@]}" --personality LINUX32 img uname -m
  check "run --hooks-dir" podman_hooks
  check "run --preserve-fds" podman_preserve_fds
  check "run --annotation" succeeds "${r[@]}" --annotation a=b img true
  check "run --systemd always" prints "tmpfs on /run " "${r[@]}" --systemd always img mount
  check "run --add-host" prints 10.1.2.3 "${r[@]}" --add-host other:10.1.2.3 img cat /etc/hosts
  check "run --tz" prints UTC "${r[@]}" --env TZ=UTC img date
  check "--cgroups=disabled" podman_cgroups_disabled
  check "--cgroups=no-conmon" succeeds "${r[@]}" --cgroups=no-conmon img true
  check "--sysctl" prints 4567 pod run --rm --sysctl kernel.msgmax=4567 img cat /proc/sys/kernel/msgmax
  check "--oom-score-adj" prints 321 pod run --rm --oom-score-adj 321 img cat /proc/self/oom_score_adj
  check "run --pidfile" podman_pidfile
  check "run --log-driver k8s-file, logs" podman_logs
  check "run --log-driver passthrough" prints through "${r[@]}" --log-driver passthrough img echo through
  check "run --log-driver none" prints unlogged "${r[@]}" --log-driver none img echo unlogged
  check "logs --follow, to the end" podman_logs_follow
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

podman_logs_follow() {
  limited pod run -d --name lf img sh -c 'sleep 1; echo late' && prints late pod logs --follow lf && limited pod rm -f -t 0 lf
}

podman_rootfs_overlay() {
  run --rootfs "$D/rootfs:O" touch /over && ! test -e "$D/rootfs/over"
}

# Each stage's hook gets the state by its standard input.
podman_hooks() {
  mkdir -p "$D/hooks"
  printf '#!/bin/sh\ncat >> "%s"\necho >> "%s"\n' "$D/home/hooked" "$D/home/hooked" > "$D/hooks/hook"
  chmod 755 "$D/hooks" "$D/hooks/hook"
  printf '{"version":"1.0.0","hook":{"path":"%s"},"when":{"always":true},"stages":["createRuntime","poststop"]}' "$D/hooks/hook" > "$D/hooks/one.json"
  limited pod --hooks-dir "$D/hooks" run --rm img true && until_true "$LIMIT" sh -c "tr -d ' \n' < '$D/home/hooked' | grep -q '\"stopped\"'" && tr -d ' \n' < "$D/home/hooked" | grep -q '"status":"creat'
  local ret=$?
  cat "$D/home/hooked" >> "$OUT"
  return $ret
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
  check "volume: of another container" podman_volumes_from
  check "volume: given to the user" podman_volume_chown
  [ -n "$ROOTLESS" ] || check "volume: idmap" prints " 0 0 " "${r[@]}" --uidmap 0:100000:65536 --gidmap 0:100000:65536 -v "$SHARE:/mnt:idmap" img stat -c ' %u %g ' /mnt/file
  check "volume: a named one has what the image has there" podman_volume_content
  check "volume: a named tmpfs" podman_volume_tmpfs
  check "mount: an image" prints busybox "${r[@]}" --mount type=image,source=img,destination=/mnt img ls /mnt/bin
  check "mount: devpts" prints "devpts on /mnt/pts" "${r[@]}" --mount type=devpts,destination=/mnt/pts img mount
  check "secret" podman_secret
  check "secret: as a variable" podman_secret_env
  check "secret: owner and mode" podman_secret_mode
  check "device" prints "zz" "${r[@]}" --device /dev/zero:/dev/zz img ls -l /dev/zz
}

podman_volume_write() {
  run -v "$SHARE:/mnt" img sh -c 'echo inside > /mnt/written' && grep -q inside "$SHARE/written"
}

podman_volume_named() {
  run -v vol:/data img sh -c 'echo kept > /data/x' && prints kept pod run --rm -v vol:/data img cat /data/x && limited pod volume rm vol
}

podman_volumes_from() {
  limited pod create --name vf -v "$SHARE:/mnt" img true && prints shared pod run --rm --volumes-from vf img cat /mnt/file && limited pod rm vf
}

podman_volume_chown() {
  mkdir -p "$D/home/given" && chmod 777 "$D/home/given" && { [ -z "$ROOTLESS" ] || chown "$USERID:$USERID" "$D/home/given"; } &&
    prints " 1000 1000 " pod run --rm --user 1000:1000 -v "$D/home/given:/mnt:U" img stat -c ' %u %g ' /mnt
}

podman_volume_content() {
  prints "root:x:0" pod run --rm -v fresh:/etc img cat /etc/passwd && limited pod volume rm fresh
}

podman_volume_tmpfs() {
  limited pod volume create --opt type=tmpfs --opt device=tmpfs --opt o=nodev,mode=711 tv && prints "mode=711" pod run --rm -v tv:/mnt/t img grep /mnt/t /proc/mounts && limited pod volume rm tv
}

podman_secret_env() {
  printf 'hush' | pod secret create sec - > "$OUT" 2>&1 && prints 'it is hush' pod run --rm --secret sec,type=env,target=HUSH img sh -c 'echo it is $HUSH' && limited pod secret rm sec
}

podman_secret_mode() {
  printf 'hush' | pod secret create sec - > "$OUT" 2>&1 && prints " 1000 400 hush" pod run --rm --user 1000:1000 --secret sec,uid=1000,gid=1000,mode=0400 img sh -c 'echo "" $(stat -c "%u %a" /run/secrets/sec) $(cat /run/secrets/sec)' &&
    limited pod secret rm sec
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
  check "exec -i -t: size of the terminal, its change, input, exit status" podman_terminal exec -i -t one
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
  check "attach: standard input" podman_attach_input
  check "run -i -t: size of the terminal, its change, input, exit status" podman_terminal run --rm -i -t img
  check "run -i -t: Control-C" exits 44 on_terminal expect:ready raw 'send:\x03' -- run --rm -i -t img sh -c 'trap "exit 44" INT; echo ready; while :; do sleep 0.1; done'
  check "run -i -t: --detach-keys; attach" podman_detach_keys
  check "wait" podman_wait
  check "stop: SIGKILL after the time" podman_stop_kill
  check "stop: --stop-signal" podman_stop_signal
  check "kill" podman_kill
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

podman_stop_signal() {
  limited pod run -d --name sg --stop-signal USR1 img sh -c 'trap "exit 8" USR1; touch /tmp/ready; while :; do sleep 0.1; done' && until_true "$LIMIT" pod exec sg test -e /tmp/ready &&
    limited pod stop --time "$LIMIT" sg && prints 8 pod inspect --format '{{.State.ExitCode}}' sg && limited pod rm sg
}

podman_kill() { limited pod run -d --name kk img sleep 1000 && limited pod kill kk && prints 137 pod wait kk && limited pod rm kk; }

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

podman_attach_input() {
  limited pod run -d -i --name ai img sh -c 'read x; echo got-$x' || return 1
  echo word | timeout "$LIMIT" pod attach ai > "$D/attached" 2>&1
  cp "$D/attached" "$OUT"
  grep -q got-word "$OUT" && limited pod wait ai && limited pod rm ai
}

# on_terminal STEPS… -- WORDS…: Podman with these words on a terminal, see pty.py.
on_terminal() {
  local steps=()
  while [ "$1" != -- ]; do steps+=("$1"); shift; done
  shift
  python3 "$here/../bats/pty.py" run "${steps[@]}" -- "$D/bin/pod" "$@"
}

podman_terminal() {
  exits 6 on_terminal size:30x100 expect:first size:41x111 expect:second 'send:word\n' expect:got-word -- "$@" \
    sh -c 'is() { until [ "$(stty size)" = "$1" ]; do sleep 0.1; done; echo $2; }; is "30 100" first; is "41 111" second; read x; echo got-$x; exit 6'
}

podman_detach_keys() {
  exits 0 on_terminal expect:ready raw 'send:\x18' -- run -i -t --detach-keys ctrl-x --name dk img sh -c 'echo ready; read x; echo got-$x; exit 5' && prints running pod inspect --format '{{.State.Status}}' dk &&
    exits 0 on_terminal raw 'send:word\n' expect:got-word -- attach dk && prints 5 pod wait dk && limited pod rm dk
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
  check "--memory-swap" podman_limit "--memory=64m --memory-swap=96m" memory memory.memsw.limit_in_bytes memory.swap.max '100663296|33554432'
  check "--memory-reservation" podman_limit --memory-reservation=32m memory memory.soft_limit_in_bytes memory.low 33554432
  check "--pids-limit" podman_limit --pids-limit=77 pids pids.max pids.max 77
  check "--pids-limit=-1: none" podman_limit --pids-limit=-1 pids pids.max pids.max max
  check "--cpu-shares" podman_limit --cpu-shares=512 cpu cpu.shares cpu.weight '512|20|59'
  check "--cpus" podman_limit --cpus=0.5 cpu cpu.cfs_quota_us cpu.max '50000.*'
  check "--cpu-period --cpu-quota" podman_limit "--cpu-period=60000 --cpu-quota=30000" cpu cpu.cfs_quota_us cpu.max '30000|30000 60000'
  check "--cpuset-mems" podman_limit --cpuset-mems=0 cpuset cpuset.mems cpuset.mems 0
  check "--cpuset-cpus" podman_limit --cpuset-cpus=0 cpuset cpuset.cpus cpuset.cpus 0
  # update came with Podman 4.4.
  if pod update --help > /dev/null 2>&1; then check "update" podman_update; fi
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    check "--cgroups=split" podman_split
    check "--cgroup-conf" podman_limit --cgroup-conf=memory.high=33554432 memory none memory.high 33554432
  fi
  check "out of memory kills the process, not the runtime" podman_oom
  check "--cgroupns host" succeeds pod run --rm --cgroupns host img ls /sys/fs/cgroup
  check "--cgroupns private" prints ":/" pod run --rm --cgroupns private img cat /proc/self/cgroup
  # Podman itself says no to a user.
  if [ -n "$ROOTLESS" ]; then
    check "--device-cgroup-rule" says "not supported in rootless" pod run --rm --device-cgroup-rule 'c 10:229 rwm' img true
  else
    check "--device-cgroup-rule" succeeds pod run --rm --device-cgroup-rule 'c 10:229 rwm' img true
  fi
}


podman_pause() {
  podman_up pz && limited pod pause pz && prints paused pod inspect --format '{{.State.Status}}' pz && refused pod exec pz true &&
    limited pod unpause pz && prints back pod exec pz echo back
}

podman_pause_kill() { limited pod pause pz && limited pod rm -f -t 0 pz; }

podman_stats() {
  podman_up st --memory 64m && prints st pod stats --no-stream st && limited pod rm -f -t 0 st
}

podman_limit() { # podman_limit OPTIONS V1-CONTROLLER V1-FILE V2-FILE VALUE
  # shellcheck disable=SC2086 # options are words
  limited pod run -d --name lim $1 img sleep 100 || return 1
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
    prints /split/libpod-payload sh -c "echo \$\$ > $dir/cgroup.procs; exec pod run --rm --cgroups=split --cgroupns=host img cat /proc/self/cgroup" || return 1
    # Podman's own beside it and ours go; the container's is gone.
    until_true 10 sh -c "rmdir $dir/runtime $dir/supervisor $dir 2> /dev/null; ! test -d $dir" || { ls -d "$dir"/*/ >> "$OUT"; return 1; }
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
  check "--userns=container:NAME" podman_userns_joined
  if [ -n "$ROOTLESS" ]; then
    check "--userns=keep-id" prints "uid=$USERID" pod run --rm --userns=keep-id img id
    check "--userns=keep-id: a volume of the user's" prints " $USERID " pod run --rm --userns=keep-id -v "$SHARE:/mnt" img stat -c ' %u ' /mnt/file
    check "--userns=keep-id: other ids" prints "1234 1234" pod run --rm --userns=keep-id:uid=1234,gid=1234 img sh -c 'echo $(id -u) $(id -g)'
    check "--group-add=keep-groups" podman_keep_groups
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

podman_userns_joined() {
  local how=(--uidmap 0:100000:65536 --gidmap 0:100000:65536)
  [ -z "$ROOTLESS" ] || how=(--userns keep-id)
  limited pod run -d --name uj "${how[@]}" img sh -c 'cat /proc/self/uid_map; sleep 1000' && until_true "$LIMIT" sh -c 'pod logs uj | grep -q .' &&
    prints "$(pod logs uj)" pod run --rm --userns container:uj img cat /proc/self/uid_map && podman_rm_mapped uj
}

# A supplementary group of the user's that has no name inside is kept by crun's annotation, which Podman writes.
podman_keep_groups() {
  mkdir -p "$D/home/group" && chown 0:4712 "$D/home/group" && chmod 770 "$D/home/group" && sed "s/ --clear-groups / --groups 4712 /" "$D/bin/pod" > "$D/bin/pod-grouped" && chmod +x "$D/bin/pod-grouped" &&
    limited pod-grouped run --rm --group-add keep-groups -v "$D/home/group:/mnt" img touch /mnt/x && test -e "$D/home/group/x" && refused pod run --rm -v "$D/home/group:/mnt" img touch /mnt/y
}

podman_userns_exec() {
  limited pod run -d --name un --uidmap 0:100000:65536 --gidmap 0:100000:65536 img sleep 100 && prints "uid=0(root)" pod exec un id && podman_rm_mapped un
}

# Podman 4.3 removes the directory of a container with mapped ids from two threads while its shm is still mounted there: below any
# runtime (runc, crun) every second removal at once says "busy", and the next one succeeds.
podman_rm_mapped() {
  limited pod rm -f -t 0 "$1" || { grep -q 'userdata/shm: device or resource busy' "$OUT" && limited pod rm -f -t 0 "$1"; }
}

# The plugin's file is in the bundle, which Podman makes.
seccomp_plugin() {
  local config
  ask_plugin
  limited pod create --name sp --security-opt seccomp="$D/notify.json" --annotation run.oci.seccomp.plugins="$SECCOMP_PLUGIN" img sh -c 'echo $PPID' && limited pod init sp &&
    config=$(pod inspect --format '{{.OCIConfigPath}}' sp) && cp "$D/plugins.conf" "$(dirname "$config")" && prints 4711 pod start --attach sp && limited pod rm sp
}

podman_tests() {
  podman_tests_run
  check "create, init, start: a seccomp plugin's answer" seccomp_plugin
  podman_tests_volumes
  podman_tests_life
  if has_cgroups; then podman_tests_cgroups; fi
  podman_tests_users
  podman_tests_pods
  podman_tests_build
  podman_tests_checkpoint
  if [ "$CGROUPS" = systemd ]; then podman_tests_systemd; fi
}
