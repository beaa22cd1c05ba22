#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm.sh: a throw-away Debian trixie machine under QEMU's software emulation (no KVM is asked for).
#
# usage: vm.sh [OPTIONS] -- COMMAND   boots it and runs COMMAND as root under systemd; image.sh makes the image if it is not there
# Options:  --newest       the newest kernel that Debian has for trixie (backports), instead of 6.12
#           --oldest       bookworm's kernel, 6.1: it has the memory and cpuset controllers for cgroup v1
#           --generic      its 6.12 with the modules of all hardware (and soft RDMA devices); boots a little slower
#           --in PATH      a directory copied to /vm/in in the guest (COMMAND starts there)
#           --out PATH     a directory that receives what COMMAND leaves in /vm/out
#           --timeout S    seconds until the guest is given up (default 600; exit status 124)
#           --append ARGS  more kernel arguments, e.g. "security=selinux selinux=1 lsm=selinux"
#           --no-systemd   COMMAND under a minimal PID 1, much sooner (cgroup v2 with all controllers)
#           --cgroup-v1    the same with all controllers on cgroup v1
#           --console F    keep the guest's kernel and systemd messages in the file F
# It prints what COMMAND prints (stdout and stderr as one stream) and exits with its status; 125 means that the guest died
# without one. Nothing is mounted, no daemon is left, and the image is not written to: any number of guests can run from it.
#
# Environment: KETCH_CACHE and KETCH_MIRROR as for image.sh; VM_MEM (MiB), VM_CPUS, VM_MACHINE, VM_ACCEL, VM_CPU, QEMU.
set -euo pipefail

unset CDPATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "vm.sh: $*" >&2; }
die() { say "$*"; exit 125; }
usage() { sed -n '4,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }

# The kernel's arguments: a TSC under load runs several times too fast in the guest, hence hpet; the rest saves seconds.
kernel_args=(root=/dev/nvme0n1 rootfstype=ext4 rw console=ttyS0 quiet panic=-1 systemd.show_status=0 net.ifnames=0 mitigations=off
  init_on_alloc=0 rcupdate.rcu_expedited=1 clocksource=hpet audit=0 cryptomgr.notests)

# start_qemu DIR TMP LIMIT APPEND. NVMe and ext4 are built into the kernel: no initramfs. Several NVMe disks would get their names
# in any order, so all but the root are virtio-blk, found by serial. -cx16: QEMU 7.2's cmpxchg16b spoils the flags with several
# processors, and the kernel dies.
# One processor: while the kernel patches code that another one executes (static keys), the emulator may run the half-patched
# instruction, and the guest panics; two machines at a time make use of two processors of the host as well.
start_qemu() {
  local dir=$1 tmp=$2 limit=$3 append=$4 initrd=()
  [ ! -e "$dir/initrd" ] || initrd=(-initrd "$dir/initrd")
  timeout -k 5 "$limit" "${QEMU:-qemu-system-x86_64}" -nodefaults -no-user-config -display none -no-reboot \
    -machine "${VM_MACHINE:-q35}" -accel "${VM_ACCEL:-tcg,thread=multi,tb-size=512}" -cpu "${VM_CPU:-max,-cx16}" \
    -smp "${VM_CPUS:-1}" -m "${VM_MEM:-2048}" -kernel "$dir/vmlinuz" "${initrd[@]}" -append "${kernel_args[*]} $append" \
    -drive "if=none,id=root,format=raw,snapshot=on,file=$dir/root.ext4" -device nvme,drive=root,serial=root \
    -drive "if=none,id=in,format=raw,readonly=on,file=$tmp/in.tar" -device virtio-blk-pci,drive=in,serial=vm-in \
    -drive "if=none,id=out,format=raw,cache=unsafe,file=$tmp/out.tar" -device virtio-blk-pci,drive=out,serial=vm-out \
    -device virtio-serial-pci -serial "file:$tmp/console" \
    -chardev "file,id=o,path=$tmp/out" -device virtserialport,chardev=o,name=vm.out \
    -chardev "file,id=s,path=$tmp/status" -device virtserialport,chardev=s,name=vm.status \
    < /dev/null >&2 &
  qemu=$!
}

# prepare TMP IN COMMAND…: one word is a shell command, several are a command and its arguments.
prepare() {
  local tmp=$1 in=$2
  shift 2
  mkdir "$tmp/cmd"
  {
    if [ $# = 1 ]; then printf '%s\n' "$1"; else printf '%q ' "$@"; fi
  } > "$tmp/cmd/.vm-command"
  tar --sparse -cf "$tmp/in.tar" -C "$tmp/cmd" .vm-command ${in:+-C "$(readlink -f "$in")" --exclude=./.vm-command .}
  truncate -s '%1M' "$tmp/in.tar"
  truncate -s 4G "$tmp/out.tar"
}

# boot DIR: once. Sets rc (QEMU's status) and status (the command's, empty when the guest died).
boot() {
  rc=0 status=
  rm -f "$tmp"/{out,status,console,seen}
  mkfifo "$tmp/out"
  # Not `-chardev stdio`: with stdin at its end it blocks the guest's writes.
  tee "$tmp/seen" < "$tmp/out" &
  reader=$!
  start_qemu "$1" "$tmp" "$limit" "$append"
  wait "$qemu" || rc=$?
  qemu=
  [ -e "$tmp/status" ] || kill "$reader" 2>/dev/null || : # QEMU never opened the pipe
  wait "$reader" || :
  reader=
  [ ! -s "$tmp/status" ] || status=$(tr -dc 0-9 < "$tmp/status")
}

run() {
  local dir tries=0
  dir=$("$here/image.sh" ${flavour:+"$flavour"})
  touch "$dir"
  tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/vm.XXXXXX")
  case $dir$tmp in *,*) die "a comma in a path is more than QEMU's options can take" ;; esac
  qemu='' reader=''
  trap 'kill $qemu $reader 2>/dev/null || :; rm -rf "$tmp"' EXIT
  trap 'exit 130' INT TERM HUP
  prepare "$tmp" "$in" "$@"
  # Under load the emulated kernel may panic while it patches its own code, some seconds after the boot began: another try, as long
  # as the command has not said anything.
  while
    boot "$dir"
    [ -z "$status$(head -c 1 "$tmp/seen")" ] && [ "$rc" = 0 ] && [ $((++tries)) -lt 3 ]
  do
    say "the guest died while it booted, again: $(grep -m1 -E 'panic|BUG|Oops' "$tmp/console" || :)"
  done
  [ -z "$console" ] || cp "$tmp/console" "$console"
  if [ -z "$status" ]; then
    tail -n 20 "$tmp/console" >&2 || :
    [ "$rc" != 124 ] || { say "no answer within $limit s"; exit 124; }
    die "the guest died without a status (QEMU: $rc)"
  fi
  [ -z "$out" ] || { mkdir -p "$out" && tar --no-same-owner -xf "$tmp/out.tar" -C "$out"; }
  exit "$status"
}

flavour='' in='' out='' limit=600 append='' console=''
while [ $# -gt 0 ]; do
  case $1 in
  --newest | --oldest | --generic) flavour=$1; shift ;;
  --in) in=$2; shift 2 ;;
  --out) out=$2; shift 2 ;;
  --timeout) limit=$2; shift 2 ;;
  --append) append+=" $2"; shift 2 ;;
  --no-systemd) append+=' init=/usr/local/sbin/vm-run'; shift ;;
  --cgroup-v1) append+=' init=/usr/local/sbin/vm-run ketch.cgroup=v1'; shift ;;
  --console) console=$2; shift 2 ;;
  --) shift; break ;;
  *) usage ;;
  esac
done
[ $# -gt 0 ] || usage
run "$@"
