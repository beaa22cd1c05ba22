#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# Podman as an ordinary user with subordinate ids. The user exists in this mount namespace alone: passwd, group, subuid and subgid are
# bound over the host's. No systemd, so no delegated cgroup. With systemd it is USERNAME (default tester), who has subordinate ids and gets a
# manager.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

own_user() {
  local f
  USERNAME=ketchuser USERID=4711
  for f in passwd group subuid subgid; do
    [ -e "/etc/$f" ] || { echo "Bail out! no /etc/$f"; exit 1; }
    cp "/etc/$f" "$D/$f"
  done
  echo "$USERNAME:x:$USERID:$USERID::$D/home:/bin/bash" >> "$D/passwd"
  echo "$USERNAME:x:$USERID:" >> "$D/group"
  echo "$USERNAME:500000:65536" | tee -a "$D/subuid" >> "$D/subgid"
  for f in passwd group subuid subgid; do
    chmod 644 "$D/$f"
    mount --bind "$D/$f" "/etc/$f"
  done
  mkdir -p "/run/user/$USERID"
}

user_with_manager() {
  USERNAME=${USERNAME:-tester}
  USERID=$(id -u "$USERNAME") && loginctl enable-linger "$USERNAME" && until_true "$LIMIT" test -S "/run/user/$USERID/systemd/private" && return
  echo "Bail out! no systemd for $USERNAME"
  exit 1
}

if [ "$CGROUPS" = systemd ]; then user_with_manager; else own_user; fi
make_rootfs "$D/rootfs"
chown "$USERID:$USERID" "/run/user/$USERID"
chown -R "$USERID:$USERID" "$D/home" "$D/tmp" "$D/rootfs"
touch "$OUT"
chmod 666 "$OUT"
ROOTLESS=1
# shellcheck source=tests/engines/podman_tests.sh
. "$here/podman_tests.sh"
podman_configuration
# sudo or su would start a session; setpriv changes nothing but the user.
podman_command setpriv --reuid "$USERID" --regid "$USERID" --clear-groups --inh-caps=-all env -i HOME="$D/home" "USER=$USERNAME" \
  "XDG_RUNTIME_DIR=/run/user/$USERID" "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$USERID/bus" "PATH=$PATH" "TMPDIR=$D/tmp" "CONTAINERS_CONF=$D/containers.conf" TERM=xterm \
  podman --root "$D/home/store" --runroot "/run/user/$USERID/$CG/store" --tmpdir "/run/user/$USERID/$CG/libpod"
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
