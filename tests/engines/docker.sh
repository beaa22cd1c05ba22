#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# dockerd with data, exec root and socket of its own, without networks; the runtime by --add-runtime.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

# Docker wants to see that a volume with propagation is on a mount that propagates.
mount --make-shared "$D"
DOCKER=/usr/bin/docker
# The configuration is the one of contrib, with the path of the program under test.
RT=ketch
jq --arg p "$PROGRAM" '.runtimes.ketch.path = $p' "$here/../../contrib/engines/docker-daemon.json" > "$D/daemon.json" || exit 1
export TEST_PLUGIN_CONF=$D/plugins.conf
dockerd --config-file "$D/daemon.json" --data-root "$D/data" --exec-root "$D/exec" --pidfile "$D/pid" -H "unix://$D/docker.sock" --bridge=none \
  --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver overlay2 \
  --cgroup-parent "$PARENT" --exec-opt "native.cgroupdriver=$CGROUPS" --log-level warn > "$D/dockerd.log" 2>&1 &
DAEMON=$!
command_of d "$DOCKER" -H "unix://$D/docker.sock"
export DOCKER_CONFIG=$D/home/.docker
until_true "$LIMIT" d version || { tail -n 20 "$D/dockerd.log"; echo "Bail out! dockerd does not start"; exit 1; }
make_rootfs "$D/rootfs"
limited d import "$D/rootfs.tar" img || { cat "$OUT"; echo "Bail out! no image"; exit 1; }

r=(d run --rm --network none)

up() {
  local name=$1
  shift
  limited d run -d --name "$name" --network none "$@" img sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done' && until_true "$LIMIT" sh -c "d logs $name | grep -q up"
}

with_input() { echo from-stdin | timeout "$LIMIT" d "$@" > "$OUT" 2>&1 && grep -q from-stdin "$OUT"; }

with_tty() { timeout "$LIMIT" script -qec "$DOCKER -H unix://$D/docker.sock $*" /dev/null > "$OUT" 2>&1; grep -q /dev/pts/ "$OUT"; }

is() { # is NAME FORMAT VALUE
  prints "$3" d inspect --format "{{$2}}" "$1"
}

plugin_answers() {
  ask_plugin
  prints 4711 "${r[@]}" --security-opt seccomp="$D/notify.json" --annotation run.oci.seccomp.plugins="$SECCOMP_PLUGIN" img sh -c 'echo $PPID'
}

tests_run() {
  check "info lists the runtime" prints "$RT" d info
  check "run" prints hello "${r[@]}" img echo hello
  check "run: exit status" exits 7 "${r[@]}" img sh -c 'exit 7'
  check "run: killed by a signal" exits 137 "${r[@]}" --pid host img sh -c 'kill -9 $$'
  check "run: no such program is 127" exits 127 "${r[@]}" img /no/such
  check "run: no such program in PATH is 127" exits 127 "${r[@]}" img no-such
  [ "$NAME" != ketch ] || check "run: an error has its place in config.json, and what to do" says '$.process.args[0]); hint: ' "${r[@]}" img no-such
  check "run: what is no program is 126" exits 126 "${r[@]}" img /etc/passwd
  check "run: a directory is 126" exits 126 "${r[@]}" img /tmp
  check "run: an unknown option is 125" exits 125 "${r[@]}" --no-such-option img true
  check "run -i" with_input run --rm -i --network none img cat
  check "run -t" with_tty run --rm -t --network none img tty
  check "run --user" prints "uid=1000(user) gid=1000(user)" "${r[@]}" --user 1000:1000 img id
  check "run --user NAME --group-add" prints "2000(extra)" "${r[@]}" --user user --group-add 2000 img id
  check "run --workdir: made where it is missing" prints /made/here "${r[@]}" --workdir /made/here img pwd
  check "run --env" prints A=b "${r[@]}" --env A=b img env
  check "run --entrypoint" prints "y" "${r[@]}" --entrypoint echo img y
  check "run --hostname --domainname" prints "some-name" "${r[@]}" --hostname some-name --domainname dom img hostname
  check "run --read-only" says "Read-only" "${r[@]}" --read-only img touch /x
  check "run --tmpfs" prints "size=64k" "${r[@]}" --tmpfs /mnt:size=64k img mount
  check "run --shm-size" prints "size=1024k" "${r[@]}" --shm-size 1m img mount
  check "run --cap-drop, --cap-add" prints "CapEff:	0000000000001000" "${r[@]}" --cap-drop ALL --cap-add NET_ADMIN img cat /proc/self/status
  check "run: the default seccomp profile" prints "Seccomp:	2" "${r[@]}" img cat /proc/self/status
  check "run --security-opt seccomp=unconfined" prints "Seccomp:	0" "${r[@]}" --security-opt seccomp=unconfined img cat /proc/self/status
  if d run --help | grep -q -- --annotation; then check "run: a seccomp plugin's answer" plugin_answers; fi # Docker 24 and later
  check "run --security-opt no-new-privileges" prints "NoNewPrivs:	1" "${r[@]}" --security-opt no-new-privileges img cat /proc/self/status
  check "run --privileged" prints "Seccomp:	0" "${r[@]}" --privileged img cat /proc/self/status
  check "run --ulimit" prints 777 "${r[@]}" --ulimit nofile=777:888 img sh -c 'ulimit -n'
  check "run --init" prints "docker-init" "${r[@]}" --init img ps
  check "run --pid host" prints "dockerd" "${r[@]}" --pid host img ps
  check "run --ipc host" succeeds "${r[@]}" --ipc host img true
  check "run --uts host" prints "$(hostname)" "${r[@]}" --uts host img hostname
  check "run --network host" prints lo d run --rm --network host img ip link
  check "run --sysctl" prints 4567 "${r[@]}" --sysctl kernel.msgmax=4567 img cat /proc/sys/kernel/msgmax
  check "run --sysctl: none of the host's network" says sysctl d run --rm --network host --sysctl net.ipv4.ip_forward=1 img true
  check "run --oom-score-adj" prints 321 "${r[@]}" --oom-score-adj 321 img cat /proc/self/oom_score_adj
  check "run --device" prints fuse "${r[@]}" --device /dev/fuse img ls /dev/fuse
  check "run --device-cgroup-rule" succeeds "${r[@]}" --device-cgroup-rule 'c 10:229 rwm' img true
  check "run --add-host" prints 10.1.2.3 "${r[@]}" --add-host other:10.1.2.3 img cat /etc/hosts
  check "run --cgroupns private" prints ":/" "${r[@]}" --cgroupns private img cat /proc/self/cgroup
  check "run --label" succeeds "${r[@]}" --label a=b img true
  check "run: masked paths" exits 0 "${r[@]}" img sh -c 'test ! -s /proc/kcore && ! ls /proc/scsi/* 2>/dev/null'
  check "run: long output" long_output
}

long_output() { succeeds "${r[@]}" img seq 50000 && [ "$(wc -l < "$OUT")" = 50000 ]; }

tests_volumes() {
  mkdir -p "$D/share"
  echo shared > "$D/share/file"
  check "volume: read" prints shared "${r[@]}" -v "$D/share:/mnt" img cat /mnt/file
  check "volume: read-only" says "Read-only" "${r[@]}" -v "$D/share:/mnt:ro" img touch /mnt/x
  check "volume: one file" prints shared "${r[@]}" -v "$D/share/file:/one:ro" img cat /one
  check "volume: named" volume_named
  check "volume: propagation rslave" prints shared "${r[@]}" -v "$D/share:/mnt:rslave" img cat /mnt/file
  check "volume: --volumes-from" volumes_from
  check "mount type=bind,readonly" says "Read-only" "${r[@]}" --mount "type=bind,source=$D/share,target=/mnt,readonly" img touch /mnt/x
  # Docker 25 and later; it asks the runtime's features whether it can.
  case $(dockerd --version) in *" "2[0-4].*) ;; *) check "mount type=bind,bind-recursive=readonly" recursively_readonly ;; esac
  check "mount type=tmpfs" prints "tmpfs on /mnt" "${r[@]}" --mount type=tmpfs,target=/mnt img mount
}

recursively_readonly() {
  mkdir -p "$D/share/sub" && mount -t tmpfs tmpfs "$D/share/sub" &&
    says "Read-only" "${r[@]}" --mount "type=bind,source=$D/share,target=/mnt,readonly,bind-recursive=readonly,bind-propagation=rprivate" img touch /mnt/sub/x
  local ret=$?
  umount "$D/share/sub" && return "$ret"
}

volume_named() { "${r[@]}" -v vol:/data img sh -c 'echo kept > /data/x' && prints kept "${r[@]}" -v vol:/data img cat /data/x && limited d volume rm vol; }

volumes_from() { up vf -v "$D/share:/mnt" && prints shared "${r[@]}" --volumes-from vf img cat /mnt/file && limited d rm -f vf; }

tests_life() {
  check "run -d, logs" up one
  check "ps" prints one d ps
  check "inspect: running" is one .State.Status running
  check "exec" prints in-it d exec one echo in-it
  check "exec: exit status" exits 5 d exec one sh -c 'exit 5'
  check "exec: no such program" says "executable file not found in" d exec one no-such
  check "exec: what is no program is 126" exits 126 d exec one /etc/passwd
  check "exec -i" with_input exec -i one cat
  check "exec -t" with_tty exec -t one tty
  check "exec --user" prints "uid=1000" d exec --user 1000 one id
  check "exec --workdir --env" prints "/etc-x" d exec --workdir /etc --env A=x one sh -c 'echo $PWD-$A'
  check "exec --privileged" prints CapEff d exec --privileged one grep CapEff /proc/self/status
  check "exec -d" exec_detached
  check "exec: twenty at once" at_once 20 d exec one
  check "top" prints sleep d top one
  check "stats" prints one d stats --no-stream one
  check "cp" copy
  check "diff" prints /tmp d diff one
  check "pause" succeeds d pause one
  check "exec in a paused one" says paused d exec one true
  check "unpause" succeeds d unpause one
  check "kill: a signal that is handled" kill_term
  check "start again" start_again
  check "restart" succeeds d restart --time 1 one
  check "stop: SIGTERM" stop_term
  check "start --attach, exit status" start_attach
  check "wait" wait_status
  check "stop: SIGKILL after the time" stop_kill
  check "rm --force of a running one" rm_running
  check "rename" rename_one
  check "create, start, rm" create_start
  check "exec in a stopped one" says "not running" d exec one true
  check "export" export_one
  check "commit, and run the image" commit_one
  check "healthcheck" health
  check "restart policy on-failure" restart_policy
  check "restart policy always" restart_always
  check "namespaces of another container" join
  check "an id that is used" says "already in use" d run --name one img true
  check "kill of a paused one" pause_kill
  limited d rm -f one
}

exec_detached() { limited d exec -d one touch /tmp/by-exec && until_true "$LIMIT" d exec one test -e /tmp/by-exec; }

copy() { echo copied > "$D/copy"; limited d cp "$D/copy" one:/tmp/copy && prints copied d exec one cat /tmp/copy && limited d cp one:/tmp/copy "$D/back" && grep -q copied "$D/back"; }
kill_term() { limited d kill --signal TERM one && prints 3 d wait one; }
start_again() { limited d start one && is one .State.Status running && handles_term d exec one; }
stop_term() { handles_term d exec one && limited d stop --time 10 one && is one .State.ExitCode 3; }
start_attach() {
  limited d create --name at --network none img sh -c 'echo attached; exit 4' && exits 4 d start --attach at && grep -q attached "$OUT" && limited d rm at
}
wait_status() { limited d run -d --name wt --network none img sh -c 'sleep 0.5; exit 9' && prints 9 d wait wt && limited d rm wt; }
stop_kill() {
  limited d run -d --name sk --network none img sh -c 'trap "" TERM; while :; do sleep 1; done' && limited d stop --time 1 sk && is sk .State.ExitCode 137 && limited d rm sk
}
rm_running() { limited d run -d --name rr --network none img sleep 100 && limited d rm --force rr && refused d inspect rr; }
rename_one() { up rn && limited d rename rn rn2 && prints x d exec rn2 echo x && limited d rm -f rn2; }
create_start() { limited d create --name cs --network none img true && limited d start cs && limited d wait cs && limited d rm cs; }
export_one() { limited d export -o "$D/export.tar" one && prints bin/busybox tar -tf "$D/export.tar"; }
commit_one() {
  limited d run --name cm --network none img sh -c 'echo kept > /kept' && limited d commit cm img2 && prints kept "${r[@]}" img2 cat /kept && limited d rm cm && limited d rmi -f img2
}
health() {
  limited d run -d --name hc --network none --health-cmd 'test -e /tmp/well' --health-interval 1s img sleep 100 && limited d exec hc touch /tmp/well &&
    until_true "$LIMIT" sh -c "d inspect --format '{{.State.Health.Status}}' hc | grep -qx healthy" && limited d rm -f hc
}
restart_policy() {
  limited d run -d --name rp --network none --restart on-failure:2 img sh -c 'exit 1' && until_true "$LIMIT" sh -c "d inspect --format '{{.RestartCount}} {{.State.Status}}' rp | grep -qx '2 exited'" && limited d rm -f rp
}
restart_always() {
  up ra --restart always || return 1
  limited d exec ra sh -c 'kill -TERM 1' # init's end may be its own, too
  until_true "$LIMIT" sh -c "d inspect --format '{{.RestartCount}} {{.State.Status}}' ra | grep -qx '1 running'" && limited d rm -f ra
}
join() {
  limited d run -d --name j1 --ipc shareable --network none img sleep 100 && prints "sleep 100" "${r[@]}" --pid container:j1 --ipc container:j1 img ps && limited d rm -f j1
}
pause_kill() { up pk && limited d pause pk && limited d rm -f pk; }

tests_cgroups() {
  check "--memory" limit --memory=64m memory memory.limit_in_bytes memory.max 67108864
  check "--memory-reservation" limit --memory-reservation=32m memory memory.soft_limit_in_bytes memory.low 33554432
  check "--pids-limit" limit --pids-limit=77 pids pids.max pids.max 77
  check "--cpu-shares" limit --cpu-shares=512 cpu cpu.shares cpu.weight '512|20|59'
  check "--cpus" limit --cpus=0.5 cpu cpu.cfs_quota_us cpu.max '50000.*'
  check "--cpuset-cpus" limit --cpuset-cpus=0 cpuset cpuset.cpus cpuset.cpus 0
  check "--blkio-weight" succeeds "${r[@]}" --blkio-weight 300 img true
  # Docker has it before 23 alone.
  if d run --help | grep -q -- --kernel-memory; then check "--kernel-memory" succeeds "${r[@]}" --kernel-memory 64m img true; fi
  check "out of memory kills the process" prints "status 137" "${r[@]}" --memory 16m --memory-swap 16m img sh -c 'tail -c 100m /dev/zero; echo status $?'
  check "out of memory is told" oom_told
  check "update" updated
}

limit() { # limit OPTION V1-CONTROLLER V1-FILE V2-FILE VALUE
  limited d run -d --name lim --network none "$1" img sleep 100 || return 1
  local got
  got=$(cgroup_value "$(d inspect --format '{{.State.Pid}}' lim)" "$2" "$3" "$4")
  echo "$3 or $4 is $got" >> "$OUT"
  limited d rm -f lim && [[ $got =~ ^($5)$ ]]
}

oom_told() {
  limited d run --name oom --network none --memory 16m --memory-swap 16m img sh -c 'tail -c 100m /dev/zero; sleep 1; exit 5'
  until_true "$LIMIT" is oom .State.OOMKilled true && limited d rm oom
}

updated() {
  up upd --memory 64m && limited d update --memory 48m --memory-swap 96m upd || return 1
  local got
  got=$(cgroup_value "$(d inspect --format '{{.State.Pid}}' upd)" memory memory.limit_in_bytes memory.max)
  limited d rm -f upd && [ "$got" = 50331648 ]
}

tests_build() {
  mkdir -p "$D/context"
  printf 'FROM img\nRUN echo built > /built && id -u\nUSER 1000\nRUN id -u > /tmp/uid\nCMD ["cat", "/built"]\n' > "$D/context/Dockerfile"
  check "build" succeeds env DOCKER_BUILDKIT=0 d build --network none -t built "$D/context"
  check "run what was built" prints built "${r[@]}" built
  printf 'FROM img\nRUN exit 23\n' > "$D/context/Dockerfile.bad"
  check "build: a failing command" says 23 env DOCKER_BUILDKIT=0 d build --network none -f "$D/context/Dockerfile.bad" "$D/context"
}

tests_run
tests_volumes
tests_life
tests_cgroups
tests_build
for id in $(d ps -aq); do limited d rm -f "$id"; done
kill "$DAEMON"
wait "$DAEMON"
OUR_MOUNTS="^$D/exec/netns" finish "$D/exec/runtime-runc/moby" "/run/$NAME"
