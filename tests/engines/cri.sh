#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2016,SC2317
# containerd's CRI plugin, asked as a kubelet asks it (cri.py): pods and containers with ketch by the configuration of contrib.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

SYSTEMD_CGROUP=false
if [ "$CGROUPS" = systemd ]; then SYSTEMD_CGROUP=true; fi
MAJOR=$(containerd --version | sed 's/.* v\?\([0-9]*\)[.].*/\1/')
settings_1() { # settings_1 DEFAULT-RUNTIME: a line or nothing
  cat << CONF
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:latest"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    $1
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$D/cni"
    conf_dir = "$D/cni"
CONF
}
settings_2() {
  cat << CONF
[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "docker.io/library/pause:latest"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    $1
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["$D/cni"]
    conf_dir = "$D/cni"
CONF
}
configuration() { # configuration DIR [DEFAULT-RUNTIME], a line
  cat << CONF
root = "$1/root"
state = "$1/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
CONF
  sed "s|/usr/bin/ketch|$PROGRAM|; s|SystemdCgroup = true|SystemdCgroup = $SYSTEMD_CGROUP|" "$here/../../contrib/engines/containerd-$MAJOR.toml"
  cat << CONF
[grpc]
address = "$1/c.sock"
[ttrpc]
address = "$1/t.sock"
CONF
  "settings_$MAJOR" "${2:-}"
}
configuration "$D" 'default_runtime_name = "ketch"' > "$D/config.toml"
# The network of a pod is the loopback interface and an address that is said to be there: a plugin (CNI) of its own.
mkdir "$D/cni"
cat > "$D/cni/loopback" << 'CNI'
#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || nsenter --net="$CNI_NETNS" ip link set lo up || exit
echo '{"cniVersion": "0.3.1", "supportedVersions": ["0.3.1"], "interfaces": [{"name": "eth0", "sandbox": "'"$CNI_NETNS"'"}],
  "ips": [{"version": "4", "interface": 0, "address": "10.99.0.5/24"}], "dns": {}}'
CNI
chmod +x "$D/cni/loopback"
echo '{"cniVersion": "0.3.1", "name": "pods", "plugins": [{"type": "loopback"}]}' > "$D/cni/10-pods.conflist"
containerd --config "$D/config.toml" --log-level warn > "$D/containerd.log" 2>&1 &
DAEMON=$!
command_of c ctr --address "$D/c.sock" --namespace k8s.io
command_of cri python3 "$here/cri.py" "$D/c.sock"
until_true "$LIMIT" cri Version || { tail -n 20 "$D/containerd.log"; cri Version; echo "Bail out! containerd does not start"; exit 1; }
make_rootfs "$D/rootfs"
for image in 'img ["sh"]' 'pause ["sleep","100000"]'; do
  make_image "docker.io/library/${image% *}:latest" "${image#* }" "$D/image.tar"
  limited c image import "$D/image.tar" || { cat "$OUT"; echo "Bail out! no image"; exit 1; }
done

# Another containerd, whose pods are runc's unless they ask for ketch: the plugin starts, and knows both.
default_left_alone() {
  local status=0 pid
  mkdir "$D/alone"
  configuration "$D/alone" > "$D/alone/config.toml"
  containerd --config "$D/alone/config.toml" --log-level warn > "$D/alone/log" 2>&1 &
  pid=$!
  until_true "$LIMIT" ctr --address "$D/alone/c.sock" version || status=1
  limited python3 "$here/cri.py" "$D/alone/c.sock" Status || status=1
  [ "$status" = 0 ] || tail -n 5 "$D/alone/log" >> "$OUT"
  kill "$pid"
  wait "$pid"
  return "$status"
}

pod_config() { # pod_config NAME [JQ]: what the kubelet says of a pod; no network of its own, as hostNetwork has it
  jq -nc --arg n "$1" --arg d "$D/logs/$1" --arg p "$PARENT" '{metadata: {name: $n, uid: ("u" + $n), namespace: "default"}, hostname: "", log_directory: $d,
    linux: {cgroup_parent: $p, security: {namespaces: {network: 2, pid: 1, ipc: 0}}}}'" | ${2:-.}"
}

run_pod() { # run_pod NAME [JQ]: its id in $POD
  mkdir -p "$D/logs/$1"
  CONFIG=$(pod_config "$1" "${2:-}")
  limited cri RunPodSandbox "{\"config\": $CONFIG, \"handler\": \"ketch\"}" && POD=$(jq -er .id "$OUT")
}

create() { # create NAME JQ ARGS…: a container in $POD; its id in $ID
  local name=$1 edit=$2
  shift 2
  limited cri CreateContainer "$(jq -nc --arg pod "$POD" --arg n "$name" --argjson sandbox "$CONFIG" '{pod: $pod, sandbox: $sandbox, config: {metadata: {name: $n},
    image: {image: "docker.io/library/img:latest"}, command: $ARGS.positional, log_path: ($n + ".log"), linux: {resources: {}, security: {namespaces: {network: 2, pid: 1}}}}}
    | .config |= ('"$edit"')' --args -- "$@")" && ID=$(jq -er .id "$OUT")
}

start() { create "$@" && limited cri StartContainer "{\"id\": \"$ID\"}"; }

logged() { # logged NAME TEXT: of the container in pod p
  until_true "$LIMIT" grep -qF -- "$2" "$D/logs/p/$1.log" || { cat "$D/logs/p/$1.log" >> "$OUT"; return 1; }
}

# says_in_log NAME TEXT JQ ARGS…: the program's first process stays until the log has been read. containerd opens its ends of the outputs in
# the background, and gives up those that are not open when the process has ended: a quick program's log is then empty, over any runtime
# (seen each second time with these openat calls of containerd delayed, over runc too, and once in 500 times without).
says_in_log() {
  local name=$1 text=$2 edit=$3
  shift 3
  start "$name" "$edit" sh -c '"$@"; sleep 100000' sh "$@" && logged "$name" "$text" && gone "$ID"
}

exec_in() { limited cri ExecSync "$(jq -nc --arg id "$1" '{id: $id, cmd: $ARGS.positional, timeout: 60}' --args -- "${@:2}")"; }
state_is() { cri ContainerStatus "{\"id\": \"$1\"}" | jq -e ".status.state // 0 | . == $2" > /dev/null; }
gone() { limited cri StopContainer "{\"id\": \"$1\", \"timeout\": 0}" && limited cri RemoveContainer "{\"id\": \"$1\"}"; }
exit_code() { until_true "$LIMIT" state_is "$1" 2 && cri ContainerStatus "{\"id\": \"$1\"}" > "$OUT" && jq -e ".status.exit_code // 0 | . == $2" "$OUT" > /dev/null; }

exec_says() { exec_in "$ONE" echo in-it && jq -e '.stdout == "in-it\n"' "$OUT" > /dev/null; }
exec_status() { exec_in "$ONE" sh -c 'exit 5' && jq -e '.exit_code == 5' "$OUT" > /dev/null; }
exec_missing() { ! exec_in "$ONE" no-such && grep -q "executable file not found in" "$OUT"; }
missing() { create ms . /no/such && says "no such file or directory" cri StartContainer "{\"id\": \"$ID\"}" && gone "$ID"; }
at_once_exec() {
  local i pids=() failed=0
  for i in $(seq 20); do timeout "$LIMIT" cri ExecSync "{\"id\": \"$ONE\", \"cmd\": [\"sh\", \"-c\", \"exit $i\"]}" > "$D/exec.$i" 2>&1 & pids+=($!); done
  wait "${pids[@]}"
  for i in $(seq 20); do jq -e ".exit_code == $i" "$D/exec.$i" > /dev/null || { failed=1; cat "$D/exec.$i" >> "$OUT"; }; done
  return "$failed"
}
exits_with() { start ex . sh -c 'exit 7' && exit_code "$ID" 7 && gone "$ID"; }
killed() { start kl . sh -c 'trap "" TERM; while :; do sleep 0.1; done' && limited cri StopContainer "{\"id\": \"$ID\", \"timeout\": 1}" && exit_code "$ID" 137 && gone "$ID"; }

host_pid() { c task ls | awk -v id="$1" '$1 == id { print $2 }'; }
limits() {
  start li '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_shares: 512, cpu_quota: 50000, cpu_period: 100000}' sleep 100 || return 1
  local got pid
  pid=$(host_pid "$ID")
  got="$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max) $(cgroup_value "$pid" cpu cpu.cfs_quota_us cpu.max)"
  limited cri UpdateContainerResources "{\"id\": \"$ID\", \"linux\": {\"memory_limit_in_bytes\": 50331648, \"cpu_quota\": 25000, \"cpu_period\": 100000}}" || return 1
  got+=" then $(cgroup_value "$pid" memory memory.limit_in_bytes memory.max) $(cgroup_value "$pid" cpu cpu.cfs_quota_us cpu.max)"
  echo "$got" >> "$OUT"
  [[ $got =~ ^67108864\ 50000.*\ then\ 50331648\ 25000 ]] && gone "$ID"
}
oom_killed() { start om '.linux.resources = {memory_limit_in_bytes: 16777216, memory_swap_limit_in_bytes: 16777216}' sh -c 'tail -c 100m /dev/zero; sleep 1; exit 9' && until_true "$LIMIT" state_is "$ID" 2 && gone "$ID"; }
stats() { limited cri ContainerStats "{\"id\": \"$ONE\"}" && jq -e '.stats.memory.working_set.value > 0 and .stats.cpu.nanoseconds.value > 0' "$OUT" > /dev/null; }
shared_ipc() { exec_in "$ONE" readlink /proc/self/ns/ipc && grep -qF "$(readlink "/proc/$(host_pid "$POD")/ns/ipc")" "$OUT"; }
# beside JQ JQ COMMAND…: a pod beside, edited by the first JQ, and in it a container "in" that has done COMMAND, edited by the second.
beside() {
  local first=$POD config=$CONFIG ret=0 pod=$1 edit=$2
  shift 2
  run_pod beside "$pod" && start in "$edit" "$@" || ret=1
  BESIDE=$POD POD=$first CONFIG=$config
  return "$ret"
}
another_pod() { beside ".linux.security.namespaces |= ($1)" ".linux.security.namespaces |= ($1) | $2" "${@:3}"; } # the first JQ is for the namespaces of both
beside_gone() { limited cri StopPodSandbox "{\"id\": \"$BESIDE\"}" && limited cri RemovePodSandbox "{\"id\": \"$BESIDE\"}"; }
pod_pid() {
  another_pod '.pid = 0' . sleep 100 && exec_in "$ID" ps && grep -q "sleep 100000" "$OUT"
  local ret=$?
  beside_gone && return "$ret"
}
pod_network() {
  another_pod '.network = 0' . sleep 100 && exec_in "$ID" sh -c 'readlink /proc/self/ns/net; ip -o link show up; ip -o link | wc -l' && grep -qF "$(readlink "/proc/$(host_pid "$BESIDE")/ns/net")" "$OUT" &&
    grep -q 'lo:' "$OUT" && ! grep -qF "$(readlink /proc/self/ns/net)" "$OUT"
  local ret=$?
  beside_gone && return "$ret"
}
# As `kubectl debug --target` has it: a container in the pid namespace of another one.
target_pid() {
  start tp ".linux.security.namespaces += {pid: 3, target_id: \"$ONE\"}" sleep 100 && exec_in "$ID" sh -c 'readlink /proc/self/ns/pid; ps' &&
    grep -qF "$(readlink "/proc/$(host_pid "$ONE")/ns/pid")" "$OUT" && grep -q "echo up" "$OUT" && gone "$ID"
}
named_pod() {
  beside '.hostname = "by-name" | .linux.sysctls = [{key: "kernel.msgmax", value: "4567"}] | .linux.security.namespaces.network = 0' '.linux.security.namespaces.network = 0' sleep 100 &&
    exec_in "$ID" sh -c 'hostname; cat /proc/sys/kernel/msgmax' && jq -e '.stdout == "by-name\n4567\n"' "$OUT" > /dev/null
  local ret=$?
  beside_gone && return "$ret"
}
privileged() { # all that root has here
  beside '.linux.security.privileged = 1' '.linux.security.privileged = 1' sleep 100 && exec_in "$ID" sh -c 'grep CapEff /proc/self/status; touch /proc/sys/kernel/msgmax; test -c /dev/kmsg' &&
    grep -qF "$(sed -n 's/CapEff:.//p' /proc/self/status)" "$OUT" && jq -e '.exit_code // 0 | . == 0' "$OUT" > /dev/null
  local ret=$?
  beside_gone && return "$ret"
}
pod_told() { limited cri PodSandboxStatus "{\"id\": \"$POD\"}" && jq -e --arg id "$POD" '.status.id == $id and (.status.state // 0) == 0' "$OUT" > /dev/null; }
# As the kubelet asks for a pod with hostUsers: false. containerd 1.7 gives the files of the image to the mapped users, 2 maps the mount.
pod_user() {
  another_pod '.network = 0 | .userns_options = {mode: 0, uids: [{host_id: 100000, container_id: 0, length: 65536}], gids: [{host_id: 100000, container_id: 0, length: 65536}]}' . \
    sleep 100 && exec_in "$ID" sh -c 'tr -s " " < /proc/self/uid_map; stat -c "owner %u:%g" /bin; id -u; mount -t tmpfs x /mnt && echo mounted' &&
    grep -q " 0 100000 65536" "$OUT" && grep -q "owner 0:0" "$OUT" && [ "$(stat -c %u "/proc/$(host_pid "$ID")")" = 100000 ] &&
    [ "$(readlink "/proc/$(host_pid "$ID")/ns/user")" = "$(readlink "/proc/$(host_pid "$BESIDE")/ns/user")" ]
  local ret=$?
  beside_gone && return "$ret"
}
# containerd 2 reads `features`: of a runtime that has not got idmapped mounts or "rro" there it asks neither.
of_features() { cri Status '{"verbose": 1}' > "$OUT" && jq -e '.handlers[] | select(.name == "ketch").features | .recursive_read_only_mounts == 1 and .user_namespaces == 1' "$OUT" > /dev/null; }
pod_user_mount() {
  local ids='[{host_id: 100000, container_id: 0, length: 65536}]'
  another_pod ".network = 0 | .userns_options = {mode: 0, uids: $ids, gids: $ids}" ".mounts = [{container_path: \"/mnt\", host_path: \"$D/share\", uids: $ids, gids: $ids}]" sleep 100 &&
    exec_in "$ID" sh -c 'touch /mnt/by-root && stat -c "owner %u:%g" /mnt/file /bin' && [ "$(jq -r .stdout "$OUT" | grep -cx 'owner 0:0')" = 2 ] && [ "$(stat -c %u:%g "$D/share/by-root")" = 0:0 ] &&
    ! find "$D/root" -name busybox -uid 100000 | grep . >> "$OUT"
  local ret=$?
  rm -f "$D/share/by-root"
  beside_gone && return "$ret"
}
recursively_readonly() {
  mkdir -p "$D/share/sub" && mount -t tmpfs tmpfs "$D/share/sub" &&
    says_in_log rro "Read-only" ".mounts = [{container_path: \"/mnt\", host_path: \"$D/share\", readonly: 1, recursive_read_only: 1}]" touch /mnt/sub/x
  local ret=$?
  umount "$D/share/sub" && return "$ret"
}
stopped() { limited cri StopContainer "{\"id\": \"$ONE\", \"timeout\": 60}" && exit_code "$ONE" 3 && limited cri RemoveContainer "{\"id\": \"$ONE\"}"; }
pod_ended() {
  start pe . sleep 1000 && limited cri StopPodSandbox "{\"id\": \"$POD\"}" && exit_code "$ID" 137 && limited cri RemovePodSandbox "{\"id\": \"$POD\"}" && [ -z "$(c task ls -q)" ]
}
ready() { cri Status '{"verbose": 1}' > "$OUT" && jq -e '.status.conditions[] | select(.type == "RuntimeReady") | .status == 1' "$OUT" > /dev/null; }
other_handler() { says "no runtime for" cri RunPodSandbox "{\"config\": $(pod_config oh), \"handler\": \"no-such\"}"; }
reopened() { mv "$D/logs/p/one.log" "$D/logs/p/one.log.1" && limited cri ReopenContainerLog "{\"id\": \"$ONE\"}" && test -e "$D/logs/p/one.log"; }

ID=none POD=none
check "Status: the runtime is ready" ready
check "RunPodSandbox" run_pod p
check "RunPodSandbox with a handler that is none" other_handler
check "PodSandboxStatus" pod_told
check "CreateContainer, StartContainer" start one . sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'
ONE=$ID
check "its log" logged one up
check "ContainerStatus: running" state_is "$ONE" 1
check "ExecSync" exec_says
check "ExecSync: exit status" exec_status
check "ExecSync: no such program" exec_missing
check "ExecSync: twenty at once" at_once_exec
check "ContainerStats" stats
check "ReopenContainerLog" reopened
check "the pod's ipc namespace" shared_ipc
check "a pod with one pid namespace" pod_pid
check "a pod with a network of its own" pod_network
check "a pod with a hostname and sysctls" named_pod
check "a container in the pid namespace of another" target_pid
check "a privileged pod and container" privileged
# containerd 1.6 does not know of it.
case $(containerd --version) in *" 1.6."*) ;; *) check "a pod with a user namespace" pod_user ;; esac
check "exit status" exits_with
check "no such program" missing
check "StopContainer: SIGKILL after the time" killed
check "limits, UpdateContainerResources" limits
check "out of memory" oom_killed
check "run_as_user, run_as_group, supplemental_groups" says_in_log ru "uid=1000(user) gid=1000(user) groups=" '.linux.security += {run_as_user: {value: 1000}, run_as_group: {value: 1000}, supplemental_groups: [2000]}' id
check "readonly_rootfs" says_in_log rr "Read-only" '.linux.security.readonly_rootfs = 1' touch /x
check "capabilities" says_in_log ca "CapEff:	0000000000001000" '.linux.security.capabilities = {add: ["NET_ADMIN"], drop: ["ALL"]}' grep CapEff /proc/self/status
check "no_new_privs" says_in_log nn "NoNewPrivs:	1" '.linux.security.no_new_privs = 1' grep NoNewPrivs /proc/self/status
check "seccomp: RuntimeDefault" says_in_log se "Seccomp:	2" '.linux.security.seccomp = {type: 0}' grep Seccomp: /proc/self/status
check "seccomp: Unconfined" says_in_log su "Seccomp:	0" '.linux.security.seccomp = {type: 1}' grep Seccomp: /proc/self/status
mkdir -p "$D/share"
echo shared > "$D/share/file"
check "mounts" says_in_log mo shared ".mounts = [{container_path: \"/mnt\", host_path: \"$D/share\"}]" cat /mnt/file
check "mounts: readonly" says_in_log mr "Read-only" ".mounts = [{container_path: \"/mnt\", host_path: \"$D/share\", readonly: 1}]" touch /mnt/x
if [ "$MAJOR" -ge 2 ]; then
  check "Status: what the runtime's features allow" of_features
  check "mounts: recursively read-only, by the runtime's features" recursively_readonly
  check "mounts: root and volume of a pod with a user namespace are mapped, not changed" pod_user_mount
fi
check "masked_paths" says_in_log mp "none" '.linux.security.masked_paths = ["/proc/version"]' sh -c 'cat /proc/version; test -s /proc/version || echo none'
check "readonly_paths" says_in_log rp "Read-only" '.linux.security.readonly_paths = ["/tmp"]' touch /tmp/x
check "envs, working_dir" says_in_log en "/etc-x" '.envs = [{key: "A", value: "x"}] | .working_dir = "/etc"' sh -c 'echo $PWD-$A'
check "tty" says_in_log tt /dev/pts/0 '.tty = 1' tty
check "oom_score_adj" says_in_log oo 321 '.linux.resources.oom_score_adj = 321' cat /proc/self/oom_score_adj
check "devices" says_in_log de zz '.devices = [{container_path: "/dev/zz", host_path: "/dev/zero", permissions: "rw"}]' ls /dev/zz
check "StopContainer: SIGTERM" stopped
check "StopPodSandbox ends its containers" pod_ended
kill "$DAEMON"
wait "$DAEMON"
check "the configuration of contrib with the default runtime left alone" default_left_alone
finish /run/containerd/runc/k8s.io "/run/$NAME"
