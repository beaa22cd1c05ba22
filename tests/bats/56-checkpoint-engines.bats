#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The engines' own checkpoint and restore above ketch: Podman (checkpoint, restore, --export, --import, --tcp-established, --pre-checkpoint)
# and containerd by ctr. Boot criu-engines of tests/vm/boots has them; RUNTIME=NAME takes another runtime.

load helpers
load checkpoint

setup() {
  RUNTIME=$(realpath "$(command -v "${RUNTIME:-$KETCH}")")
  NAME=$(basename "$RUNTIME")
  test_setup
  ln -sf busybox "$BUNDLE/rootfs/bin/nc"
  tar -C "$BUNDLE/rootfs" -cf "$TEST_DIR/rootfs.tar" .
}

teardown() {
  [ -z "${DAEMON:-}" ] || end_containerd
  [ ! -d "$TEST_DIR/store" ] || pod rm --all --force --time 0 > /dev/null 2>&1 || true
  umount -R "$TEST_DIR/store/overlay" 2> /dev/null || true
  test_teardown
}

# ---- Podman ----

# Its configuration and storage are this test's own.
with_podman() {
  needs_criu
  command -v podman > /dev/null || skip "no podman here; boot criu-engines of tests/vm/boots has it"
  cat > "$TEST_DIR/containers.conf" << END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["crun", "runc", "ketch"]
[engine.runtimes]
$NAME = ["$RUNTIME"]
END
  mkdir "$TEST_DIR/engine"
  pod import "$TEST_DIR/rootfs.tar" img > /dev/null 2>&1
}

pod() {
  CONTAINERS_CONF=$TEST_DIR/containers.conf timeout 120 podman --root "$TEST_DIR/store" --runroot "$TEST_DIR/engine/run" --tmpdir "$TEST_DIR/engine/tmp" \
    --runtime "$NAME" --cgroup-manager cgroupfs --storage-driver vfs --events-backend file "$@" 3>&-
}

# A container of the image that counts in /dev/shm/n, which belongs to the checkpoint.
pod_counts() {
  pod run --detach --name c --network none --security-opt seccomp=unconfined "$@" img \
    sh -c "${COMMAND:-}i=0; while :; do i=\$((i + 1)); echo \$i > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.1; done" > /dev/null
  wait_for 60 eval '[ -n "$(pod_count c)" ]'
}

pod_count() {
  pod exec "$1" cat /dev/shm/n 2> /dev/null
}

pod_goes_on() { # NAME FROM
  local from=$2
  [ "$from" -gt 0 ]
  wait_for 60 eval '[ "$(pod_count '"$1"')" -gt '"$from"' ]' || { pod logs "$1" >&2; false; }
  # not from the beginning
  [ "$(pod_count "$1")" -ge "$from" ]
}

@test "podman: checkpoint, restore, checkpoint --leave-running, restore --keep" {
  with_podman
  pod_counts
  local n=$(pod_count c)
  pod container checkpoint c
  [ "$(pod inspect --format '{{.State.Status}} {{.State.Checkpointed}}' c)" = "exited true" ]
  pod container restore --keep c
  pod_goes_on c "$n"
  pod container checkpoint --leave-running c
  [ "$(pod inspect --format '{{.State.Status}}' c)" = running ]
  pod_goes_on c "$(pod_count c)"
}

@test "podman: checkpoint --export, restore --import, under another name beside it too" {
  with_podman
  pod_counts
  local n=$(pod_count c)
  pod exec c sh -c 'echo kept > /root/file'
  pod container checkpoint --export "$TEST_DIR/c.tar.gz" --compress gzip c
  pod rm c > /dev/null
  pod container restore --import "$TEST_DIR/c.tar.gz"
  pod_goes_on c "$n"
  [ "$(pod exec c cat /root/file)" = kept ]
  pod container restore --import "$TEST_DIR/c.tar.gz" --name d
  pod_goes_on d "$n"
}

@test "podman: --tcp-established keeps a connection, without it the error is told and the container runs on" {
  with_podman
  COMMAND='(while :; do echo $((k = k + 1)); sleep 0.1; done | nc -l -p 7000) & until grep -qs ":1B58 .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; (while :; do sleep 100; done | nc 127.0.0.1 7000 > /dev/shm/heard) & ' pod_counts
  wait_for 60 eval '[ -n "$(pod exec c cat /dev/shm/heard)" ]'
  run pod container checkpoint c
  assert_status 125
  [ "$(pod inspect --format '{{.State.Status}}' c)" = running ]
  run pod container checkpoint --tcp-established c
  ! grep -rqs "sockets: Can't get" "$TEST_DIR"/store/vfs-containers/*/userdata/dump.log || skip "this CRIU can't dump sockets on this kernel; boot criu-engines of tests/vm/boots has one that can"
  assert_status 0
  local n
  pod container restore --tcp-established c
  n=$(pod exec c tail -n 1 /dev/shm/heard)
  wait_for 60 eval '[ "$(pod exec c tail -n 1 /dev/shm/heard)" -gt '"$((n + 5))"' ]'
}

@test "podman: --pre-checkpoint, then --with-previous" {
  with_podman
  pod_counts
  run pod container checkpoint --pre-checkpoint --export "$TEST_DIR/pre.tar.gz" c
  [[ $output != *"can't work on this host"* && $output != *"dirty"* ]] || skip "no memory tracking in this kernel; boot criu-engines of tests/vm/boots has it"
  assert_status 0
  [ "$(pod inspect --format '{{.State.Status}}' c)" = running ]
  local n=$(pod_count c)
  pod container checkpoint --with-previous --export "$TEST_DIR/c.tar.gz" c
  pod rm c > /dev/null
  pod container restore --import-previous "$TEST_DIR/pre.tar.gz" --import "$TEST_DIR/c.tar.gz"
  pod_goes_on c "$n"
}

# ---- containerd ----

with_containerd() {
  needs_criu
  command -v containerd > /dev/null && command -v ctr > /dev/null || skip "no containerd here; boot criu-engines of tests/vm/boots has it"
  local d=$TEST_DIR/engine
  mkdir -p "$d/bin"
  # ctr's restore can't name a runtime's program: the default, which the shim finds in containerd's PATH, is ours
  ln -s "$RUNTIME" "$d/bin/runc"
  cat > "$d/config.toml" << END
version = 2
root = "$d/root"
state = "$d/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "$d/c.sock"
[ttrpc]
address = "$d/t.sock"
END
  TMPDIR=$d PATH=$d/bin:$PATH containerd --config "$d/config.toml" --log-level warn > "$d/log" 2>&1 3>&- &
  DAEMON=$!
  wait_for 60 c version
  tar -C "$BUNDLE/rootfs" -cf "$d/rootfs.tar" .
  oci_image "$d"
  c image import --local "$d/image.tar" || c image import "$d/image.tar"
}

c() {
  PATH=$TEST_DIR/engine/bin:$PATH timeout 120 ctr --address "$TEST_DIR/engine/c.sock" --namespace kt "$@" 3>&-
}

end_containerd() {
  local id
  for id in $(c task ls -q 2> /dev/null); do
    c task kill --signal SIGKILL "$id" > /dev/null 2>&1 || true
    sleep 0.5
    c task rm --force "$id" > /dev/null 2>&1 || true
  done
  for id in $(c container ls -q 2> /dev/null); do c container rm "$id" > /dev/null 2>&1 || true; done
  sleep 0.5
  kill "$DAEMON" 2> /dev/null || true
  wait "$DAEMON" 2> /dev/null || true
  umount "$TEST_DIR"/engine/state/*/*/*/rootfs 2> /dev/null || true
}

# One layer, a config, a manifest.
oci_image() { # DIR
  local d=$1 blobs=$1/image/blobs/sha256 layer config manifest
  mkdir -p "$blobs"
  add() { local sum=$(sha256sum < "$1" | cut -d' ' -f1); cp "$1" "$blobs/$sum"; echo "$sum"; }
  layer=$(add "$d/rootfs.tar")
  printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" > "$d/config.json"
  config=$(add "$d/config.json")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%d}]}' \
    "$config" "$(stat -c %s "$d/config.json")" "$layer" "$(stat -c %s "$d/rootfs.tar")" > "$d/manifest.json"
  manifest=$(add "$d/manifest.json")
  printf '{"imageLayoutVersion":"1.0.0"}' > "$d/image/oci-layout"
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d,"annotations":{"io.containerd.image.name":"docker.io/library/img:latest","org.opencontainers.image.ref.name":"latest"}}]}' \
    "$manifest" "$(stat -c %s "$d/manifest.json")" > "$d/image/index.json"
  tar -C "$d/image" -cf "$d/image.tar" .
}

start_ctr() {
  c run --detach --null-io --cgroup "/$CT" docker.io/library/img:latest c \
    sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.1; done'
  wait_for 60 eval '[ -n "$(ctr_count)" ]'
}

ctr_count() {
  local pid=$(c task ls | awk '$1 == "c" { print $2 }')
  cat "/proc/$pid/root/dev/shm/n" 2> /dev/null
}

@test "ctr: task checkpoint to a directory; container checkpoint and restore" {
  with_containerd
  start_ctr
  c task checkpoint --image-path "$TEST_DIR/img" c >&2
  ls "$TEST_DIR/img/inventory.img"
  local n=$(ctr_count)
  [ "$n" -gt 0 ]
  c container checkpoint --task --image c "$CT/checkpoint:1" >&2
  c task kill --signal SIGKILL c
  wait_for 30 eval 'c task ls | grep -q STOPPED'
  c task rm c > /dev/null 2>&1 || true
  c container rm c
  c container restore --live c "$CT/checkpoint:1" < /dev/null > "$TEST_DIR/restored" 2>&1 3>&- &
  wait_for 60 eval '[ "$(ctr_count)" -gt '"$n"' ]' || { cat "$TEST_DIR/restored" "$TEST_DIR/engine/log" >&2; false; }
}
