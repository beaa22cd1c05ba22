# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the files 56-checkpoint*.bats: a container that counts, its checkpoint and restore, and whether CRIU works here at all.

setup_file() {
  [ -x "$KETCH" ] || { echo "no ketch at $KETCH" >&2; return 1; }
  [ "$(id -u)" = 0 ] || { echo "these tests need root" >&2; return 1; }
  ! on_systemd || systemd_ketch
  WHY_NOT=$(probe_criu) && WHY_NOT=
  export WHY_NOT
}

# KETCH_SYSTEMD=1, or ketch.systemd=1 of the kernel's command line: all by the systemd driver.
on_systemd() {
  [ "${KETCH_SYSTEMD:-$(sed -n 's/.*ketch\.systemd=\([0-9]*\).*/\1/p' /proc/cmdline)}" = 1 ]
}

# KETCH becomes one that always has --systemd-cgroup, with PROGRAMS where helpers.bash looks for them.
systemd_ketch() {
  local build=$BATS_FILE_TMPDIR/systemd
  [ -d /run/systemd/system ] || { echo "KETCH_SYSTEMD=1, and no systemd here" >&2; return 1; }
  mkdir -p "$build/src/cli"
  ln -s "$PROGRAMS" "$build/tests"
  printf '#!/bin/sh\nexec %q --systemd-cgroup "$@"\n' "$(realpath "$KETCH")" > "$build/src/cli/ketch"
  chmod 755 "$build/src/cli/ketch"
  export KETCH=$build/src/cli/ketch
}

# Does CRIU itself work here, on a process that has nothing to do with us? If not, why.
probe_criu() {
  local dir=$BATS_FILE_TMPDIR/probe pid
  command -v criu > /dev/null || { echo "no criu in PATH; boots criu… of tests/vm/boots have it"; return 1; }
  mkdir -p "$dir"
  # without what our callers left open
  setsid bash -c 'for f in /proc/self/fd/*; do f=${f##*/}; [ "$f" -le 2 ] || eval "exec $f>&-"; done; exec sleep 1000' \
    < /dev/null > /dev/null 2>&1 3>&- &
  pid=$!
  wait_for 60 grep -qsx sleep "/proc/$pid/comm" || true
  if timeout 60 criu dump -t $pid -D "$dir" -o log -v4 --manage-cgroups=ignore --network-lock skip > /dev/null 2>&1 3>&-; then
    wait $pid || true
    return 0
  fi
  kill -9 $pid || true
  echo "$(criu --version | head -1) can't dump a plain process here: $(grep 'Error (' "$dir/log" | grep -v rlimit: | head -1); boots criu… of tests/vm/boots have one that can"
  return 1
}

setup() {
  test_setup
  IMG=$TEST_DIR/img
  CGROUP=$CT # what the paths of the container's cgroups end in
  ! on_systemd || CGROUP=ketch-$CT.scope/container
  # raising a hard limit needs CAP_SYS_RESOURCE, which a test machine may lack
  edit 'del(.process.rlimits) | .root.readonly = false'
}

teardown() {
  local id
  for id in crun runc; do
    [ ! -d "$TEST_DIR/$id" ] || "$id" --root "$TEST_DIR/$id" delete --force "$CT-$id" || true
  done
  test_teardown
}

needs_criu() {
  [ -z "$WHY_NOT" ] || skip "$WHY_NOT"
}

# A program that counts in /tmp/n of the container, ten times a second.
counts() {
  command_is sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.1; done'
}

count() {
  cat "$BUNDLE/rootfs/tmp/n"
}

counts_on() { # from N
  local from=$1
  wait_for 60 eval '[ "$(count)" -gt '"$((from + 2))"' ]'
}

start_counter() {
  counts
  detached run --detach -b "$BUNDLE" "$CT"
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
}

# On /dev/null: a file of the host would have to be there too.
in_user_namespace() {
  edit '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$BUNDLE/rootfs"
  chmod 755 "$TEST_DIR" "$BUNDLE"
}

start_mover() {
  counts
  "$KETCH" --root "$ROOT" run --detach -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 3>&-
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
}

dump() {
  ketch checkpoint --image-path "$IMG" "$@" "$CT" || { show_log dump; return 1; }
}

restore_it() {
  detached restore --detach -b "$BUNDLE" --image-path "$IMG" "$@" "$CT" || { show_log restore; return 1; }
}

# fake_criu DEED…: $TEST_DIR/fake-criu, a program that says what CRIU says and does these (fake-criu.py).
fake_criu() {
  printf '#!/bin/sh\nexec python3 %q "$@" %s\n' "$BATS_TEST_DIRNAME/fake-criu.py" "$*" > "$TEST_DIR/fake-criu"
  chmod 755 "$TEST_DIR/fake-criu"
}

show_log() {
  grep -E 'Error|Warn' "$IMG/$1.log" >&2 || true
}

# failing COMMAND…: ketch, which has to fail. The hint, which only people at a terminal see, is in the log.
failing() {
  rm -f "$TEST_DIR/log.json"
  run ketch --log "$TEST_DIR/log.json" --log-format json "$@" < /dev/null
  assert_status 1
  hint=$(jq -r '.hint // empty' "$TEST_DIR/log.json" | tail -n 1)
}

hint_is() { # WORDS
  [[ $hint == *"$1"* ]] || { echo "no '$1' in the hint: $hint; the error: $output" >&2; return 1; }
}

is_gone() {
  refute ketch state "$1" 2> /dev/null
}

running() {
  [ "$(container_status "$CT")" = running ]
}
