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

# The network of an ordinary user's container: a process outside answers for the host. It needs a device that any user may open (before Podman's
# own mount namespace is made), and an interface to take after, which is on no network.
network_up() {
  [ "$CGROUPS" = systemd ] || { mknod -m 666 "$D/tun" c 10 200 && mount --bind "$D/tun" /dev/net/tun && mknod -m 666 "$D/fuse" c 10 229 && mount --bind "$D/fuse" /dev/fuse; }
  # The first one to look for it there gets the module.
  [ -e /dev/fuse ] || modprobe fuse
  ip link add ketch0 type veth peer name ketch1 && ip addr add 10.99.0.2/24 dev ketch0 && ip link set ketch0 up && ip link set ketch1 up &&
    ip route add default via 10.99.0.1
}

# What the root file system of an ordinary user's container is on: the kernel's overlay, or a program by FUSE.
podman_tests_storage() {
  check "storage: the kernel's overlay" prints "overlay / overlay" pod run --rm img grep " / " /proc/mounts
  [ -e /dev/fuse ] || { echo "Bail out! no /dev/fuse"; exit 1; }
  command -v fuse-overlayfs > /dev/null || { echo "Bail out! no fuse-overlayfs"; exit 1; }
  sed "s|--root $D/home/store --runroot |--storage-opt overlay.mount_program=$(command -v fuse-overlayfs) --root $D/home/fuse --runroot |; s|/$CG/store|/$CG/fuse|" "$D/bin/pod" > "$D/bin/podf"
  chmod +x "$D/bin/podf"
  check "fuse-overlayfs: import" succeeds podf import "$D/rootfs.tar" img
  check "fuse-overlayfs: run" prints "fuse-overlayfs / fuse.fuse-overlayfs" podf run --rm img grep " / " /proc/mounts
  check "fuse-overlayfs: exec, a file, diff, commit" fuse_commit
  check "fuse-overlayfs: --read-only" says "Read-only" podf run --rm --read-only img touch /x
  check "fuse-overlayfs: --userns=keep-id, owner of files" prints " 0 $USERID " podf run --rm --userns=keep-id img sh -c 'touch /tmp/x; echo "" $(stat -c %u /bin) $(stat -c %u /tmp/x) ""'
  check "fuse-overlayfs: build" fuse_build
  limited podf rm --all --force --time 0
}

fuse_commit() {
  limited podf run -d --name fc img sleep 1000 && limited podf exec fc sh -c 'echo kept > /kept && rm /etc/group && chown 1000:1000 /kept' && prints "C /etc" podf diff fc && limited podf commit -q fc img2 &&
    prints "1000 kept" podf run --rm img2 sh -c 'test ! -e /etc/group; echo $(stat -c %u /kept) $(cat /kept)' && limited podf rm -f -t 0 fc
}

fuse_build() {
  mkdir -p "$D/home/context"
  printf 'FROM localhost/img\nRUN echo built > /built && chown 1000 /built\n' > "$D/home/context/Containerfile"
  limited podf build --isolation oci --network none -t built "$D/home/context" && prints built podf run --rm built cat /built
}

podman_tests_network() {
  local how
  for how in slirp4netns pasta; do
    command -v "$how" > /dev/null && [ -e /dev/net/tun ] || continue
    check "--network $how" prints "default via" pod run --rm --network "$how" img sh -c 'ip addr; ip route'
    check "--network $how: a port" network_port "$how"
    check "--network $how --userns=keep-id" prints "default via" pod run --rm --network "$how" --userns=keep-id img ip route
    check "--network $how: joined by another container" network_joined "$how"
  done
}

network_port() {
  limited pod run -d --name "np-$1" --network "$1" --publish 127.0.0.1:18080:8080 img sh -c 'while :; do echo from-inside | nc -l -p 8080; done' &&
    until_true "$LIMIT" sh -c "bash -c 'cat < /dev/tcp/127.0.0.1/18080' | grep -q from-inside"
  local ret=$?
  pod logs "np-$1" >> "$OUT" 2>&1
  limited pod rm -f -t 0 "np-$1" && return "$ret"
}

network_joined() {
  limited pod run -d --name "nj-$1" --network "$1" img sleep 1000 && prints "default via" pod run --rm --network "container:nj-$1" img ip route && limited pod rm -f -t 0 "nj-$1"
}

if [ "$CGROUPS" = systemd ]; then user_with_manager; else own_user; fi
network_up || { echo "Bail out! no network interface"; exit 1; }
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
podman_tests_storage
podman_tests_network
limited pod rm --all --force --time 0
limited pod pod rm --all --force
# It kills the process that holds the user namespace, and does not wait for its end.
pauses=$(cat "/run/user/$USERID/$CG/libpod/pause.pid" "/run/user/$USERID/libpod/tmp/pause.pid" 2> /dev/null)
limited pod system migrate
for pause in $pauses; do until_true "$LIMIT" sh -c "! test -e /proc/$pause"; done
OUR_LINKS='ketch[01]@ketch' OUR_MOUNTS="^($D/home/store|$D/home/fuse|/run/user)" finish "/run/user/$USERID/$NAME" "/run/$NAME"
