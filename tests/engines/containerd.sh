#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2046,SC2317
# containerd with root, state and socket of its own, driven by ctr: shim runc.v2 with the runtime as its binary.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

cat > "$D/config.toml" << CONF
version = 2
root = "$D/root"
state = "$D/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "$D/c.sock"
[ttrpc]
address = "$D/t.sock"
CONF
# Twenty at once wait more than its default to be answered where the machine is slow.
command_of c ctr --connect-timeout 60s --address "$D/c.sock" --namespace "$CG"
# `ctr container create` can't name a runtime's program: the default, which the shim finds in containerd's PATH, is ours too.
[ -e "$D/bin/runc" ] || ln -s "$PROGRAM" "$D/bin/runc"
containerd --config "$D/config.toml" --log-level warn > "$D/containerd.log" 2>&1 &
DAEMON=$!
until_true "$LIMIT" c version || { cat "$D/containerd.log"; echo "Bail out! containerd does not start"; exit 1; }

make_rootfs "$D/rootfs"
IMG=docker.io/library/img:latest
make_image "$IMG" '["sh"]' "$D/image.tar"
limited c image import --local "$D/image.tar" || limited c image import "$D/image.tar" || { cat "$OUT"; echo "Bail out! no image"; exit 1; }

# ctr opens its ends of the outputs in the background, and gives up those that are not open when the process has ended: a quick program's
# output is lost then, over any runtime. So a program whose output is looked at stays until some of it has been seen: it waits for a line
# of input, which `printed` gives to ctr.
HELD=(/bin/sh -c '"$@"; status=$?; read -r line; exit $status' sh)
printf '#!/bin/sh\n{ until [ -s "%s" ]; do sleep 0.05; done; echo; } | exec "%s/bin/c" "$@"\n' "$OUT" "$D" > "$D/bin/printed"
chmod +x "$D/bin/printed"

# The runtime, and the cgroup of container $1.
by() {
  local cgroup="--cgroup /$CG/$1"
  if [ "$CGROUPS" = systemd ]; then cgroup="--runc-systemd-cgroup --cgroup $PARENT:ctr:$1"; fi
  echo --runc-binary "$PROGRAM" --runc-root "$D/runtime" "$cgroup"
}

n=0
# ctr's run with the runtime; the id is the last of $ID.
r() { # r VERDICT [WORD] -- OPTIONS -- COMMAND
  local verdict options rest ctr=c
  parts "$@"
  n=$((n + 1))
  ID=t$n
  if [ "${verdict[0]}" = prints ]; then ctr=printed rest=("${HELD[@]}" "${rest[@]}"); fi
  "${verdict[@]}" "$ctr" run --rm $(by "$ID") "${options[@]}" "$IMG" "$ID" "${rest[@]}"
}

up() { # up ID OPTIONS…: a container that stays and answers SIGTERM
  local id=$1
  shift
  limited c run --detach $(by "$id") "$@" "$IMG" "$id" \
    sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
}

down() { limited c task kill --signal SIGKILL "$1"; until_true "$LIMIT" sh -c "c task ls | grep -E '^$1 .*STOPPED'"; limited c task rm "$1"; limited c container rm "$1"; }

pid_of() { c task ls | awk -v id="$1" '$1 == id { print $2 }'; }

status_of() { c task ls | awk -v id="$1" '$1 == id { print $3 }' | grep -qx "$2"; }

kill_and_status() { # kill_and_status ID SIGNAL STATUS
  limited c task kill --signal "$2" "$1" && until_true "$LIMIT" status_of "$1" STOPPED && prints "exit code $3" c task rm "$1"
}

contrib_configuration() {
  local major
  major=$(containerd --version | sed 's/.* v\?\([0-9]*\)[.].*/\1/')
  succeeds containerd --config "$here/../../contrib/engines/containerd-$major.toml" config dump && grep -q "BinaryName = [\"']/usr/bin/ketch[\"']" "$OUT"
}

tests_run() {
  check "the configuration of contrib is read" contrib_configuration
  check "run" r prints hello -- -- echo hello
  check "run: exit status" r exits 7 -- -- sh -c 'exit 7'
  check "run: no such program" r says "no such file or directory" -- -- /no/such
  check "run: no such program in PATH" r says "executable file not found in" -- -- no-such
  [ "$NAME" != ketch ] || check "run: an error has its place in config.json, and what to do" r says '$.process.args[0]); hint: ' -- -- no-such
  check "run: what is no program" r says "permission denied" -- -- /etc/passwd
  check "run: what is no directory" r refused -- --cwd /etc/passwd -- pwd
  check "run --tty" run_tty
  check "run --env" r prints A=b -- --env A=b -- env
  check "run --cwd" r prints /home -- --cwd /home -- pwd
  check "run --read-only" r prints "Read-only" -- --read-only -- sh -c '! touch /x'
  check "run --mount" run_mount
  check "run --mount ro" r prints "Read-only" -- --mount "type=bind,src=$D/share,dst=/mnt,options=rbind:ro" -- sh -c '! touch /mnt/x'
  check "run --privileged" r prints "CapEff:	" -- --privileged -- grep CapEff /proc/self/status
  check "run --cap-add" r prints "CapEff:	" -- --cap-add CAP_NET_ADMIN -- grep CapEff /proc/self/status
  check "run --seccomp" r prints "Seccomp:	2" -- --seccomp -- cat /proc/self/status
  check "run --allow-new-privs" r prints "NoNewPrivs:	0" -- --allow-new-privs -- cat /proc/self/status
  check "run --net-host" r prints lo -- --net-host -- ip link
  check "run --device" r prints fuse -- --device /dev/fuse -- ls /dev/fuse
  check "run --memory-limit" run_memory
  check "run --cpus" r succeeds -- --cpus 0.5 -- true
  check "run --cpu-quota --cpu-period" r succeeds -- --cpu-quota 20000 --cpu-period 100000 -- true
  check "run --no-pivot" r prints hello -- --no-pivot -- echo hello
  check "run --rootfs" prints hello printed run --rm $(by rf) --rootfs "$D/rootfs" rf "${HELD[@]}" echo hello
  check "run --config" run_config
  check "run --uidmap, --gidmap" r prints "100000" -- --uidmap 0:100000:65536 --gidmap 0:100000:65536 --remap-labels -- cat /proc/self/uid_map
  check "run --pid-file" run_pid_file
  check "run --with-ns" run_with_ns
  check "run: stdin" run_stdin
  check "run: long output" run_long
  check "run --annotation" r succeeds -- --annotation a=b -- true
  check "run --cgroup" r prints "$CG" -- -- cat /proc/self/cgroup
}

run_memory() {
  up ml --memory-limit 33554432 || return 1
  local got
  got=$(cgroup_value "$(pid_of ml)" memory memory.limit_in_bytes memory.max)
  down ml && [ "$got" = 33554432 ]
}

run_tty() {
  n=$((n + 1))
  on_tty run --rm --tty $(by "t$n") "$IMG" "t$n" && grep -q /dev/pts/0 "$OUT"
}

# on_tty WORDS of ctr…: with a shell that tells its terminal and stays until that has the size of ours, and a moment longer. (With runc,
# too, ctr fails when the program has ended before it sets the size, and one of some hundred times loses what a program that ends says last.)
on_tty() {
  printf '#!/bin/sh\nstty rows 33 cols 77\nexec ctr --address %s --namespace %s %s sh -c %s\n' "$D/c.sock" "$CG" "$*" \
    "'tty; until stty size | grep -qx \"33 77\"; do sleep 0.1; done; echo sized; sleep 0.5'" > "$D/on-tty"
  timeout "$LIMIT" script -qec "sh $D/on-tty" /dev/null > "$OUT" 2>&1
  grep -q sized "$OUT"
}

run_mount() {
  mkdir -p "$D/share"
  echo shared > "$D/share/file"
  r prints shared -- --mount "type=bind,src=$D/share,dst=/mnt,options=rbind:rw" -- cat /mnt/file
}

run_config() {
  mkdir -p "$D/spec" && "$RUNTIME" spec -b "$D/spec" || return 1
  jq '.process.terminal = false | .process.args = $ARGS.positional | .root.path = "'"$D/rootfs"'" | .linux.cgroupsPath = "/'"$CG"'/cfg"' "$D/spec/config.json" --args -- "${HELD[@]}" echo by-config > "$D/cfg.json" || return 1
  prints by-config printed run --rm --runc-binary "$PROGRAM" --runc-root "$D/runtime" --config "$D/cfg.json" cfg
}

run_pid_file() {
  up pf --pid-file "$D/pid" && [ -d "/proc/$(cat "$D/pid")" ] && down pf
}

run_with_ns() { # what the containers of a pod share
  up ns1 || return 1
  local pid
  pid=$(pid_of ns1)
  r prints "$(readlink "/proc/$pid/ns/ipc")" -- --with-ns "ipc:/proc/$pid/ns/ipc" --with-ns "network:/proc/$pid/ns/net" --with-ns "pid:/proc/$pid/ns/pid" --with-ns "uts:/proc/$pid/ns/uts" -- sh -c 'readlink /proc/self/ns/ipc; ps' &&
    grep -q "trap" "$OUT" && down ns1
}

run_stdin() {
  n=$((n + 1))
  : > "$OUT"
  # Its end comes when the line is there: ctr loses what a program that ends at once says.
  # shellcheck disable=SC2094 # it is read while it is written
  { echo from-stdin; for _ in {1..300}; do grep -q from-stdin "$OUT" && break; sleep 0.1; done; } |
    timeout "$LIMIT" ctr --address "$D/c.sock" --namespace "$CG" run --rm $(by "t$n") "$IMG" "t$n" cat > "$OUT" 2>&1
  grep -q from-stdin "$OUT"
}

run_long() { r succeeds -- -- seq 100000 && [ "$(wc -l < "$OUT")" = 100000 ]; }

tests_life() {
  check "run --detach" up one
  check "task ls" prints RUNNING c task ls
  check "task ps" prints "PID" c task ps one
  check "task ps: the processes" ps_lines
  check "task metrics" prints memory c task metrics one
  check "exec" prints in-it printed task exec --exec-id e1 one "${HELD[@]}" echo in-it
  check "exec: exit status" exits 5 c task exec --exec-id e2 one sh -c 'exit 5'
  check "exec: no such program" says "executable file not found in" c task exec --exec-id e3 one no-such
  check "exec: what is no program" says "permission denied" c task exec --exec-id e4 one /etc/passwd
  check "exec --cwd" prints /etc printed task exec --exec-id e5 --cwd /etc one "${HELD[@]}" pwd
  check "exec --tty" exec_tty
  check "exec --detach" exec_detach
  check "exec: twenty at once" at_once 20 c task exec --exec-id m@ one
  check "pause" succeeds c task pause one
  check "paused is told" status_of one PAUSED
  check "exec in a paused one" says "paused" c task exec --exec-id e6 one true
  check "resume" succeeds c task resume one
  check "resumed is told" status_of one RUNNING
  check "kill: a signal that is handled" kill_and_status one SIGTERM 3
  check "task start again" start_again
  check "kill of a dead one" kill_dead
  check "kill --all" kill_all
  check "delete --force of a running one" delete_running
  check "rm of a running one is refused" rm_running
  check "create and start apart" create_start
  check "delete before start" create_delete
  check "an id that is used" duplicate
  check "attach" attach
  check "kill --exec-id" kill_exec
}

ps_lines() { limited c task ps one && [ "$(grep -c '^[0-9]' "$OUT")" -ge 1 ]; }

exec_tty() { on_tty task exec --exec-id et --tty one && grep -q /dev/pts/ "$OUT"; }

exec_detach() {
  limited c task exec --exec-id ed --detach one sh -c 'echo x > /tmp/by-exec; sleep 1' && until_true "$LIMIT" test -e "/proc/$(pid_of one)/root/tmp/by-exec"
}

start_again() {
  limited c task start --detach one && until_true "$LIMIT" status_of one RUNNING
}

kill_dead() { # containerd looks for "not found" in what the runtime's words become
  kill_and_status one SIGKILL 137 || return 1
  limited c task start --detach one && limited c task kill --signal SIGKILL one && until_true "$LIMIT" status_of one STOPPED || return 1
  says "not found" c task kill one || says "already finished" c task kill one || return 1
  limited c task rm one; limited c container rm one
}

kill_all() {
  up ka && limited c task exec --exec-id x --detach ka sleep 1000 && limited c task kill --all --signal SIGKILL ka && until_true "$LIMIT" status_of ka STOPPED || return 1
  limited c task rm ka; limited c container rm ka
}

delete_running() { up df && limited c task rm --force df && limited c container rm df; }

rm_running() { up rr && refused c task rm rr && down rr; }

create_start() {
  limited c container create "$IMG" cs false || return 1
  exits 1 c task start cs && limited c container rm cs
}

create_delete() {
  limited c container create "$IMG" cd true && limited c container rm cd
}

duplicate() { up du && says "already exists" c run --runc-binary "$PROGRAM" "$IMG" du true && down du; }

attach() {
  up at || return 1
  timeout 1 ctr --address "$D/c.sock" --namespace "$CG" task attach at > "$OUT" 2>&1
  down at
}

kill_exec() {
  up ke && limited c task exec --exec-id k1 --detach ke sleep 1000 && limited c task kill --exec-id k1 --signal SIGKILL ke && down ke
}

count_of() { cat "/proc/$(pid_of "$1")/root/dev/shm/n"; }

checkpoint() {
  limited c run --detach --null-io $(by cp) "$IMG" cp sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.1; done' &&
    until_true "$LIMIT" count_of cp && succeeds c task checkpoint --image-path "$D/criu" cp && test -s "$D/criu/inventory.img" && status_of cp RUNNING
}

restore() { # the container from its image: it counts on
  local n
  limited c container checkpoint --task --image cp "$CG/checkpoint:1" && n=$(count_of cp) || return 1
  down cp
  timeout "$LIMIT" ctr --address "$D/c.sock" --namespace "$CG" container restore --live cp "$CG/checkpoint:1" < /dev/null > "$OUT" 2>&1 &
  until_true "$LIMIT" eval '[ "$(count_of cp)" -gt '"$n"' ]' || return 1
  limited c task kill --signal SIGKILL cp
  wait $!
  limited c task rm cp
  limited c container rm cp
}

tests_run
tests_life
# CRIU is not in each Debian: boot containerd of tests/vm has it.
if command -v criu > /dev/null; then
  check "task checkpoint" checkpoint
  check "container checkpoint, restore" restore
fi
for id in $(c task ls -q); do limited c task rm --force "$id"; done
for id in $(c container ls -q); do limited c container rm "$id"; done
kill "$DAEMON"
wait "$DAEMON"
finish "$D/runtime/$CG" "/run/$NAME" "/run/containerd/runc/$CG"
