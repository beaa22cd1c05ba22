# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the scripts that start a real engine with a low-level runtime below it.
#
# Each script runs in mount, pid, network and IPC namespaces of its own, on a tmpfs: the host sees nothing of the engine but its
# processes and its cgroups, and both are looked at in the end. RUNTIME is the program to test (default: the built ketch).
# CGROUPS=systemd: the engine has systemd make the cgroups; processes then stay in systemd's pid namespace, where it knows them.
# Output: TAP. With RESULTS=FILE also one line "NAME<tab>ok|FAILED|no" each, for the table of tests/engines/run --compare.
set -uo pipefail

unset CDPATH
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUNTIME=${RUNTIME:-$here/../../build/src/cli/ketch}
ENGINE=$(basename "$0" .sh)
CGROUPS=${CGROUPS:-cgroupfs}
[ "$CGROUPS" = cgroupfs ] || ENGINE+=:$CGROUPS

# A script with WHOLE_MACHINE=1 has no namespaces of its own: what it does is seen and kept by the machine, which has to be one to throw away.
if [ -n "${WHOLE_MACHINE:-}" ]; then
  [ "$(id -u)${THROW_AWAY:-}" = 01 ] || { echo "1..0 # skip $ENGINE: only in a machine to throw away: tests/vm, boot units-podman"; exit 0; }
  RUNTIME=$(realpath "$(command -v "$RUNTIME")") || { echo "Bail out! no runtime"; exit 1; }
  KETCH_ENGINE_DIR=$(mktemp -d "/tmp/ketch-engine.XXXXXX")
  KETCH_ENGINE_CGROUP=kte$$
  trap 'umount --lazy "$KETCH_ENGINE_DIR"; rmdir "$KETCH_ENGINE_DIR"' EXIT
fi

# The script again, in its namespaces. Static, dynamic or a name in $PATH: the runtime is given by its full path below.
if [ -z "${KETCH_ENGINE_DIR:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "1..0 # skip $ENGINE: needs root"; exit 0; }
  RUNTIME=$(realpath "$(command -v "$RUNTIME")") || { echo "Bail out! no runtime '$RUNTIME'"; exit 1; }
  KETCH_ENGINE_DIR=$(mktemp -d "/tmp/ketch-engine.XXXXXX")
  export RUNTIME KETCH_ENGINE_DIR
  KETCH_ENGINE_CGROUP=kte$$
  export KETCH_ENGINE_CGROUP
  status=0
  spaces=(--mount --net --ipc --fork --kill-child)
  # What systemd mounts later, as a user's runtime directory, has to come in here.
  if [ "$CGROUPS" = systemd ]; then spaces+=(--propagation slave); else spaces+=(--pid --mount-proc); fi
  unshare "${spaces[@]}" -- bash "$0" "$@" < /dev/null || status=$?
  rmdir "$KETCH_ENGINE_DIR"
  exit "$status"
fi

D=$KETCH_ENGINE_DIR
NAME=$(basename "$RUNTIME")
CG=$KETCH_ENGINE_CGROUP
mount -t tmpfs -o mode=755,size=2g tmpfs "$D" || { echo "Bail out! no tmpfs"; exit 1; }
mkdir -p "$D"/{bin,home,tmp}
cd "$D" || exit 1 # conmon leaves a file "oom" where it was started
# The parent of all cgroups of the engine, as the engine wants to be told it.
PARENT=/$CG
processes() { # what is left of ours, "PID COMMAND" each: all of our pid namespace, or what has our cgroups or environment
  local pid what
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    case $pid in 1 | "$$" | "$PPID" | "$BASHPID") continue ;; esac
    what=$(tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline") || continue
    [ "$CGROUPS" != systemd ] || grep -qsF "$D/" "/proc/$pid/environ" || grep -qsF "$CG" "/proc/$pid/cgroup" || continue
    [ -z "$what" ] || echo "$pid $what"
  done
}
export HOME=$D/home XDG_RUNTIME_DIR='' TMPDIR=$D/tmp PATH=$D/bin:$PATH
own_spaces() { # /run, the network and /dev/null of these namespaces
  # The default state root of a runtime is below /run, and belongs to the host; systemd's sockets are wanted all the same.
  if [ "$CGROUPS" = systemd ]; then
    PARENT=$CG.slice
    mkdir "$D/host-run"
    mount --rbind /run "$D/host-run"
  fi
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/lock
  if [ "$CGROUPS" = systemd ]; then
    for d in systemd dbus user; do
      mkdir "/run/$d"
      mount --rbind "$D/host-run/$d" "/run/$d"
    done
    umount --recursive --lazy "$D/host-run"
  fi
  ip link set lo up
  # A container's standard input may be this one; crun gives it to the container's user.
  mknod -m 666 "$D/null" c 1 3 && mount --bind "$D/null" /dev/null
}
[ -n "${WHOLE_MACHINE:-}" ] || own_spaces
# crun knows no hybrid layout of cgroups: it gets the plain first version. The tmpfs keeps what engines write there from the host's.
if [ "$NAME" = crun ] && mountpoint -q /sys/fs/cgroup/unified; then
  umount /sys/fs/cgroup/unified && mount -t tmpfs tmpfs /sys/fs/cgroup/unified
fi

# RECORD=FILE: every call of the runtime, one argument a word, one call a line.
PROGRAM=$RUNTIME
if [ -n "${RECORD:-}" ]; then
  PROGRAM=$D/bin/$NAME
  printf '#!/bin/sh\n{ printf "%%s " "$@"; echo; } >> "%s"\nexec "%s" "$@"\n' "$D/argv" "$RUNTIME" > "$PROGRAM"
  chmod +x "$PROGRAM"
  : > "$D/argv"
fi

tests=0 failures=0
OUT=$D/out
LIMIT=${LIMIT:-60}

report() { # report NAME STATUS
  tests=$((tests + 1))
  if [ "$2" = 0 ]; then
    echo "ok $tests - $ENGINE: $1"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $ENGINE: $1"
    sed 's/^/#   /' "$OUT" | tail -n 15
  fi
  if [ -n "${RESULTS:-}" ]; then
    printf '%s: %s\t%s\n' "$ENGINE" "$1" "$([ "$2" = 0 ] && echo ok || echo FAILED)" >> "$RESULTS"
  fi
}

# check NAME WORDS…: WORDS is one of the verdicts below with its command.
check() {
  local name=$1 status=0
  shift
  if [ -n "${ONLY:-}" ] && [[ ! $name =~ $ONLY ]]; then return; fi
  "$@" || status=1
  report "$name" $status
}

# left_out NAME WHY: what this host can't show.
left_out() {
  if [ -n "${ONLY:-}" ] && [[ ! $1 =~ $ONLY ]]; then return; fi
  tests=$((tests + 1))
  echo "ok $tests - $ENGINE: $1 # skip $2"
}

# The engine's command, with a limit of time; both outputs in $OUT. A pipe would wait for whoever inherits it.
limited() {
  # What is no program is a function, which calls one.
  if [ "$(type -t "$1")" = function ]; then "$@" > "$OUT" 2>&1; return; fi
  timeout --kill-after=5 "$LIMIT" "$@" > "$OUT" 2>&1
}

succeeds() { limited "$@"; }

refused() { # the engine says no
  ! limited "$@"
}

exits() { # exits N COMMAND…
  local want=$1 got=0
  shift
  limited "$@" || got=$?
  [ $got = "$want" ] || { echo "exit status $got, not $want" >> "$OUT"; return 1; }
}

# A profile that has getppid(2) answered by a plugin, and what the plugin says: in $D/plugins.conf, for who has TEST_PLUGIN_CONF or a bundle to copy it to.
SECCOMP_PLUGIN=$(realpath "$here/../../build/tests/seccomp_plugin_a.so")
ask_plugin() {
  echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]}' > "$D/notify.json"
  echo "a:110 value 4711" > "$D/plugins.conf"
}

prints() { # prints TEXT COMMAND…: success, and TEXT is in the output
  local text=$1
  shift
  limited "$@" || { echo "exit status $?" >> "$OUT"; return 1; }
  grep -qF -- "$text" "$OUT" || { echo "no '$text' in the output" >> "$OUT"; return 1; }
}

says() { # says TEXT COMMAND…: failure, and TEXT is in the message
  local text=$1
  shift
  if limited "$@"; then echo "it succeeded" >> "$OUT"; return 1; fi
  grep -qiF -- "$text" "$OUT" || { echo "no '$text' in the message" >> "$OUT"; return 1; }
}

until_true() { # until_true SECONDS COMMAND…
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# handles_term COMMAND…: PID 1 of the container that COMMAND enters has come to its trap for SIGTERM.
handles_term() {
  until_true "$LIMIT" "$@" grep -qE 'SigCgt:.*[4-7c-f][0-9a-f]{3}$' /proc/1/status
}

# A program NAME in $PATH that is the given command with further arguments.
command_of() {
  local name=$1
  shift
  { echo '#!/bin/sh'; printf 'exec'; printf ' "%s"' "$@"; echo ' "$@"'; } > "$D/bin/$name"
  chmod +x "$D/bin/$name"
}

# at_once N COMMAND…: N of them at the same time, with `sh -c "exit I"` after the words and I for each @ in them; each I has to come back.
at_once() {
  local i n=$1 pids=() failed=0 got
  shift
  : > "$OUT"
  for i in $(seq "$n"); do
    timeout "$LIMIT" "${@//@/$i}" sh -c "exit $i" > "$D/at-once.$i" 2>&1 &
    pids[i]=$!
  done
  for i in $(seq "$n"); do
    got=0
    wait "${pids[i]}" || got=$?
    [ "$got" = "$i" ] || { failed=1; echo "$i of $n: status $got: $(cat "$D/at-once.$i")" >> "$OUT"; }
  done
  return "$failed"
}

# parts A… -- B… -- C…: the arrays verdict, options and rest of the caller.
parts() {
  verdict=() options=()
  while [ "$1" != -- ]; do verdict+=("$1"); shift; done
  shift
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  rest=("$@")
}

# A root file system of busybox in directory $1, and its tar beside it.
make_rootfs() {
  local dir=$1 applet
  mkdir -p "$dir"/{bin,dev,proc,sys,tmp,etc,root,run,home,var,usr}
  chmod 1777 "$dir/tmp"
  cp "${BUSYBOX:-/bin/busybox}" "$dir/bin/busybox"
  for applet in $("$dir/bin/busybox" --list); do
    [ -e "$dir/bin/$applet" ] || ln -s busybox "$dir/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' > "$dir/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' > "$dir/etc/group"
  tar -C "$dir" -cf "$dir.tar" .
}

# make_image NAME CMD TAR: an image of "$D/rootfs.tar", which make_rootfs has made: one layer, a config with CMD (JSON), a manifest.
make_image() {
  local dir=$D/image layer config manifest
  rm -rf "$dir"
  mkdir -p "$dir/blobs/sha256"
  blob() { local sum; sum=$(sha256sum < "$1" | cut -d' ' -f1); cp "$1" "$dir/blobs/sha256/$sum"; echo "\"digest\":\"sha256:$sum\",\"size\":$(stat -c %s "$1")"; }
  layer=$(blob "$D/rootfs.tar")
  printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":%s},"rootfs":{"type":"layers","diff_ids":[%s]}}' "$2" \
    "$(cut -d: -f2- <<< "${layer%%,*}")" > "$D/config.json"
  config=$(blob "$D/config.json")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}' \
    "$config" "$layer" > "$D/manifest.json"
  manifest=$(blob "$D/manifest.json")
  printf '{"imageLayoutVersion":"1.0.0"}' > "$dir/oci-layout"
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"latest"}}]}' \
    "$manifest" "$1" > "$dir/index.json"
  tar -C "$dir" -cf "$3" .
}

cgroup_of_engine() { # the directories below any hierarchy that bear our name
  find /sys/fs/cgroup -maxdepth 7 -fstype tmpfs -path /sys/fs/cgroup/unified -prune -o -type d -path "*$CG*" -print 2>/dev/null
}

# What an engine makes at the top of each hierarchy without asking anybody: directory $1. It goes, or something is in it. That is ours if
# the file of ids $2 has its id: others may run the same engine.
cgroup_of_others() {
  local dir
  find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -path "*/$1/*" -type d 2>/dev/null | while read -r dir; do
    if [ "${dir##*/}" = conmon ]; then rmdir "$dir"; else grep -oE '[0-9a-f]{64}' <<< "$dir" | grep -qFf - "$2" && echo "$dir"; fi
  done
  find /sys/fs/cgroup -maxdepth 2 -name "$1" -type d -exec rmdir --ignore-fail-on-non-empty {} + 2>/dev/null
}

# Value of a file in the cgroup of process $1: cgroup_value PID V1-CONTROLLER V1-FILE V2-FILE
cgroup_value() {
  local path
  path=$(sed -n "s/^[0-9]*:\([^:]*,\)\?$2\(,[^:]*\)\?://p" "/proc/$1/cgroup")
  if [ -n "$path" ] && [ -e "/sys/fs/cgroup/$2$path/$3" ]; then
    cat "/sys/fs/cgroup/$2$path/$3"
  else
    path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
    cat "/sys/fs/cgroup$path/$4"
  fi
}

no_processes() {
  processes > "$D/left-processes"
  [ ! -s "$D/left-processes" ]
}

# Nothing is left once the engine has ended: processes of this pid namespace, mounts but our own, cgroups, state of the runtime,
# network interfaces and namespaces. $@: directories of state that have to be empty or gone.
check_clean() {
  : > "$OUT"
  local left=0 what
  until_true 20 no_processes # the engine's helpers end a moment after it
  [ ! -s "$D/left-processes" ] || { sed 's/^/process left: /' "$D/left-processes" >> "$OUT"; left=1; }
  if [ -n "${ENGINE_CGROUP:-}" ]; then
    cgroup_of_others "$ENGINE_CGROUP" "$ENGINE_IDS" 2>/dev/null | sed 's/^/cgroup left: /' > "$D/left-cgroups"
    [ ! -s "$D/left-cgroups" ] || { cat "$D/left-cgroups" >> "$OUT"; left=1; }
  fi
  if [ "$CGROUPS" = systemd ]; then systemctl stop "$PARENT" 2>/dev/null; fi
  for what in $(cgroup_of_engine | grep -v "$CG.*/.*/" | sort -r); do
    # What the engine itself has made for its containers' parent is not the runtime's, but goes too, once its last process has ended.
    case ${what##*/} in "$CG" | conmon) until_true 10 sh -c "! test -d '$what' || rmdir '$what'" && continue ;; esac
    echo "cgroup left: $what" >> "$OUT"
    left=1
  done
  awk '{ print $5 }' /proc/self/mountinfo | grep -F "$D/" | grep -vE "${OUR_MOUNTS:-^$}" > "$D/left-mounts"
  [ ! -s "$D/left-mounts" ] || { sed 's/^/mount left: /' "$D/left-mounts" >> "$OUT"; left=1; }
  ip -o link | grep -vE "^[0-9]+: (lo|${OUR_LINKS:-lo})[0-9]*:" | sed 's/^/interface left: /' > "$D/left-links"
  [ ! -s "$D/left-links" ] || { cat "$D/left-links" >> "$OUT"; left=1; }
  what=$(stat -c %u:%g:%a /dev/null)
  [ "$what" = 0:0:666 ] || [ "$NAME" = crun ] || { echo "/dev/null given away: $what" >> "$OUT"; left=1; }
  for what in "$@"; do
    find "$what" -mindepth 1 -maxdepth 1 ! -name .cache 2>/dev/null | sed 's/^/state left: /' > "$D/left-state"
    [ ! -s "$D/left-state" ] || { cat "$D/left-state" >> "$OUT"; left=1; }
  done
  return $left
}

finish() { # finish STATE-DIRECTORIES…: the last test, which ONLY does not leave out, and the plan
  ONLY='' check "nothing is left behind" check_clean "$@"
  echo "1..$tests"
  if [ -n "${RECORD:-}" ]; then cp "$D/argv" "$RECORD"; fi
  [ $failures = 0 ]
  exit
}
