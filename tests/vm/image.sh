#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# image.sh [--newest | --oldest | --generic]: prints the directory of the test machine's image (root.ext4, vmlinuz, packages); makes it first if
# it is not there (as root, two minutes). --newest: with the newest kernel that Debian has for trixie (backports), instead of 6.12.
# --oldest: with bookworm's, 6.1, which has all controllers for cgroup v1.
# --generic: with 6.12 as it is built for all machines and not for clouds: all modules, and an initrd that loads the root's.
#
# The packages come from the archive that this machine's own apt uses. Environment: KETCH_CACHE (default /var/cache/ketch),
# KETCH_MIRROR (another archive). The image's name changes with what it is made from: this file, packages and guest/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KETCH_CACHE:-/var/cache/ketch}/vm
tools=(qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mke2fs:e2fsprogs flock:util-linux)
flavour=trixie

say() { echo "vm: $*" >&2; }
die() { say "$*"; exit 125; }

need() {
  local tool missing=()
  for tool in "${tools[@]}"; do
    command -v "${tool%:*}" > /dev/null || missing+=("${tool#*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "missing programs; as root: apt-get install ${missing[*]}"
  install_packages "${missing[@]}" || { apt-get -qq update >&2 && install_packages "${missing[@]}"; } ||
    die "cannot install ${missing[*]}"
}

install_packages() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2; }

# The archive that this machine's own apt is set up with.
mirror() {
  archive || { apt-get -qq update >&2 && archive; } || die "no Debian archive in apt's sources; set KETCH_MIRROR"
}

archive() {
  # shellcheck disable=SC2016 # the format is apt's, not the shell's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sed -n 1p
}

# The image's place: its name changes with all that decides what is in it.
place() { echo "$cache/$flavour-$(cat "$here/image.sh" "$here/packages" "$here"/guest/* | sha256sum | cut -c1-12)"; }

# make_tree ROOT: Debian with the packages.
make_tree() {
  local root=$1 url include sources=()
  url=${KETCH_MIRROR:-$(mirror)}
  include=$(sed 's/#.*//' "$here/packages" | xargs | tr ' ' ,)
  sources=("deb $url trixie main")
  if [ "$flavour" = newest ]; then
    sources+=("deb $url trixie-backports main")
    include=${include/linux-image-cloud-amd64/linux-image-cloud-amd64/trixie-backports}
  fi
  if [ "$flavour" = oldest ]; then
    sources+=("deb $url bookworm main")
    include=${include/linux-image-cloud-amd64/linux-image-cloud-amd64/bookworm}
  fi
  [ "$flavour" != generic ] || include=${include/linux-image-cloud-amd64/linux-image-amd64}
  # Its mounts end with it, also when it is killed.
  unshare --mount mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
    --include="$include" trixie "$root" "${sources[@]}" >&2
}

# tune ROOT: what makes it boot fast, and run the command.
tune() {
  local root=$1 units=$1/etc/systemd/system unit
  echo vm > "$root/etc/hostname"
  echo 6f6e65206d616368696e652069640a00 > "$root/etc/machine-id"
  printf '127.0.0.1 localhost vm\n::1 localhost\n' > "$root/etc/hosts"
  chroot "$root" useradd -m -s /bin/bash -u 1000 tester # with sub-uids and sub-gids
  chroot "$root" depmod "$(ls "$root/lib/modules")"
  rm -rf "$root"/usr/share/{doc,man,locale,info}/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/boot/initrd*
  find "$root/etc/apparmor.d" -maxdepth 1 -type f -delete # a hundred profiles: 10 s at boot
  find "$units" -path '*.wants/*' -delete                 # timers, containerd, getty…
  for unit in getty.target systemd-{firstboot,hwdb-update,journal-catalog-update,journal-flush}.service \
    systemd-{random-seed,sysusers,tpm2-setup,tpm2-setup-early,update-done}.service ldconfig.service \
    systemd-{tmpfiles-clean,tmpfiles-setup-dev-early}.{timer,service} modprobe@{drm,efi_pstore,configfs}.service \
    selinux-autorelabel-mark.service systemd-udev-{load-credentials,trigger}.service; do
    ln -sfn /dev/null "$units/$unit"
  done
  ln -sfn /usr/lib/systemd/system/multi-user.target "$units/default.target"
  mkdir -p "$units"/{multi-user.target.wants,user@.service.d} "$root/vm/in" "$root/vm/out"
  printf '[Service]\nDelegate=cpu cpuset io memory pids\n' > "$units/user@.service.d/delegate.conf"
  printf 'virtio_%s\n' pci console blk > "$root/etc/modules-load.d/vm.conf"
  cp "$here/guest/vm-run.service" "$units/"
  ln -sfn ../vm-run.service "$units/multi-user.target.wants/"
  install -m 755 "$here/guest/vm-run" "$root/usr/local/sbin/vm-run"
}

# initrd ROOT: as a program of the guest it mounts the disk, with the modules that takes in their order.
initrd() {
  # shellcheck disable=SC2016 # the words are the guest's shell's
  chroot "$1" bash -euc '
    kernel=$(ls /lib/modules) tmp=$(mktemp -d)
    mkdir "$tmp"/{bin,dev,proc,root}
    cp /bin/busybox "$tmp/bin/"
    {
      echo "#!/bin/busybox sh"
      echo "PATH=/bin; /bin/busybox --install -s /bin; mount -t proc proc /proc; mount -t devtmpfs dev /dev"
      modprobe -a -S "$kernel" --show-depends nvme ext4 | while read -r _ file; do
        name=$(basename "$file" .xz)
        [ ! -e "$tmp/$name" ] || continue
        xz -dc "$file" > "$tmp/$name"
        echo "insmod /$name"
      done
      echo "until mount -t ext4 /dev/nvme0n1 /root 2> /dev/null; do sleep 0.1; done"
      echo "for word in \$(cat /proc/cmdline); do case \$word in init=*) init=\${word#init=} ;; esac; done"
      echo "umount /proc; umount /dev; exec switch_root /root \${init:-/sbin/init}"
    } > "$tmp/init"
    chmod 755 "$tmp/init"
    cd "$tmp" && find . | busybox cpio -o -H newc
    rm -r "$tmp"'
}

# pack ROOT DIR: the tree as a disk, its kernel and the list of its packages.
pack() {
  local root=$1 dir=$2 size
  cp --remove-destination "$root"/boot/vmlinuz-* "$dir/vmlinuz"
  [ "$flavour" != generic ] || initrd "$root" > "$dir/initrd"
  chroot "$root" dpkg-query -W > "$dir/packages"
  size=$(du -sxm --apparent-size "$root" | cut -f1)
  mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -m 0 -N 200000 -d "$root" "$dir/root.ext4" "$((size + 3072))M" >&2
}

# image: makes it once, whoever asks at the same time; prints its directory.
image() {
  local dir
  need
  dir=$(place)
  if [ ! -e "$dir/root.ext4" ]; then
    [ "$(id -u)" = 0 ] || die "no image in $dir; as root: $0"
    mkdir -p "$cache"
    (
      flock 9
      [ -e "$dir/root.ext4" ] || build "$dir"
    ) 9> "$cache/.lock"
  fi
  echo "$dir"
}

build() {
  local dir=$1 begin=$SECONDS
  say "building $dir"
  rm -rf --one-file-system "$cache"/build.* # of those who were killed: the lock is ours
  tmp=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf --one-file-system "$tmp"' EXIT
  make_tree "$tmp/root"
  tune "$tmp/root"
  mkdir "$tmp/image"
  pack "$tmp/root" "$tmp/image"
  # Images of other versions of these files, unless they were used of late (run touches them).
  find "$cache" -mindepth 1 -maxdepth 1 -type d -name "$flavour-*" -mmin +1440 -exec rm -rf --one-file-system {} +
  mv "$tmp/image" "$dir"
  say "built in $((SECONDS - begin)) s, $(du -sh "$dir" | cut -f1)"
}

case ${1-} in
'') ;;
--newest) flavour=newest ;;
--oldest) flavour=oldest ;;
--generic) flavour=generic ;;
*) die "usage: image.sh [--newest | --oldest | --generic]" ;;
esac
image
