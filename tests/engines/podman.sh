#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# Podman as root, with a storage, a run directory and a configuration of its own.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

cat > "$D/containers.conf" << CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
seccomp_profile = "/usr/share/containers/seccomp.json"
[engine]
infra_image = "localhost/pause"
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["crun", "runc", "ketch"]
runtime_supports_nocgroup = ["crun", "ketch"]
runtime_supports_nocgroups = ["crun", "ketch"]
[engine.runtimes]
$NAME = ["$PROGRAM"]
CONF
export CONTAINERS_CONF=$D/containers.conf
command_of pod podman --root "$D/store" --runroot "$D/run" --tmpdir "$D/libpod" --runtime "$NAME" \
  --cgroup-manager cgroupfs --storage-driver overlay
# shellcheck source=tests/engines/podman_tests.sh
. "$here/podman_tests.sh"

cd "$D/home" || exit 1 # conmon writes a file "oom" where it stands
make_rootfs "$D/rootfs"
limited pod import --change 'CMD ["sleep", "1000"]' "$D/rootfs.tar" pause && limited pod import "$D/rootfs.tar" img || { cat "$OUT"; echo "Bail out! podman import fails"; exit 1; }
podman_tests
limited pod rm --all --force --time 0
limited pod pod rm --all --force
OUR_MOUNTS="^($D/store|$D/run|$D/libpod)" finish "/run/$NAME"
