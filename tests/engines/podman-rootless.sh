#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# Podman as an ordinary user with subordinate ids. The user exists in this mount namespace alone: passwd, group, subuid and subgid are
# bound over the host's. No systemd, so no delegated cgroup.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

USERNAME=ketchuser USERID=4711
for f in passwd group subuid subgid; do
  cp "/etc/$f" "$D/$f" 2>/dev/null || : > "$D/$f"
done
echo "$USERNAME:x:$USERID:$USERID::$D/home:/bin/bash" >> "$D/passwd"
echo "$USERNAME:x:$USERID:" >> "$D/group"
echo "$USERNAME:500000:65536" | tee -a "$D/subuid" >> "$D/subgid"
for f in passwd group subuid subgid; do
  chmod 644 "$D/$f"
  [ -e "/etc/$f" ] || { echo "Bail out! no /etc/$f"; exit 1; }
  mount --bind "$D/$f" "/etc/$f"
done
mkdir -p "/run/user/$USERID"
make_rootfs "$D/rootfs"
chown -R "$USERID:$USERID" "$D/home" "$D/tmp" "/run/user/$USERID" "$D/rootfs"
touch "$OUT"
chmod 666 "$OUT"
cat > "$D/containers.conf" << CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
infra_image = "localhost/pause"
runtime_supports_json = ["crun", "runc", "ketch"]
runtime_supports_nocgroup = ["crun", "runc", "ketch"]
runtime_supports_nocgroups = ["crun", "runc", "ketch"]
[engine.runtimes]
$NAME = ["$PROGRAM"]
CONF
chmod 644 "$D/containers.conf"
# ARGV0 of sudo or su would start a session; setpriv changes nothing but the user.
cat > "$D/bin/pod" << WRAP
#!/bin/sh
exec setpriv --reuid $USERID --regid $USERID --clear-groups --inh-caps=-all env -i HOME="$D/home" USER=$USERNAME XDG_RUNTIME_DIR=/run/user/$USERID \\
  PATH="$PATH" TMPDIR="$D/tmp" CONTAINERS_CONF="$D/containers.conf" TERM=xterm \\
  podman --root "$D/home/store" --runroot "/run/user/$USERID/store" --tmpdir "/run/user/$USERID/libpod" --runtime "$NAME" \\
  --cgroup-manager cgroupfs --storage-driver overlay "\$@"
WRAP
chmod +x "$D/bin/pod"
ROOTLESS=1
# shellcheck source=tests/engines/podman_tests.sh
. "$here/podman_tests.sh"
cd "$D/home" || exit 1
limited pod import --change 'CMD ["sleep", "1000"]' "$D/rootfs.tar" pause && limited pod import "$D/rootfs.tar" img || {
  cat "$OUT"
  echo "Bail out! podman import fails"
  exit 1
}
podman_tests
limited pod rm --all --force --time 0
limited pod pod rm --all --force
limited pod system migrate
OUR_MOUNTS="^($D/home/store|/run/user)" finish "/run/user/$USERID/$NAME" "/run/$NAME"
