#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# Podman as root, with a storage, a run directory and a configuration of its own.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/engines/podman_tests.sh
. "$here/podman_tests.sh"
podman_configuration
podman_command env podman --root "$D/store" --runroot "$D/run" --tmpdir "$D/libpod"
make_rootfs "$D/rootfs"
limited pod import --change 'CMD ["sleep", "1000"]' "$D/rootfs.tar" pause && limited pod import "$D/rootfs.tar" img || { cat "$OUT"; echo "Bail out! podman import fails"; exit 1; }
podman_tests
limited pod rm --all --force --time 0
limited pod pod rm --all --force
ENGINE_CGROUP=libpod_parent ENGINE_IDS=$D/libpod/events/events.log OUR_MOUNTS="^($D/store|$D/run|$D/libpod)" finish "/run/$NAME"
