#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# checkpoint and restore in the hands of somebody hostile or hasty: paths that are none, damaged images, kill -9, two at a time, and users who
# are not root. Each time the container runs on or nothing is left, and the error says what to do.

load helpers
load checkpoint

# ---- paths ----

@test "image and work directory: a file, a read-only file system, none: told with the option, the container runs on" {
  start_counter
  echo file > "$TEST_DIR/file"
  failing checkpoint --image-path "$TEST_DIR/file" "$CT"
  assert_output "image directory '$TEST_DIR/file': Not a directory"
  hint_is "--image-path"
  failing checkpoint --image-path '' "$CT"
  hint_is "--image-path"
  failing checkpoint --image-path "$IMG" --work-path "$TEST_DIR/file/work" "$CT"
  assert_output "work directory '$TEST_DIR/file/work': Not a directory"
  hint_is "--work-path"
  failing restore --detach -b "$BUNDLE" --image-path "$TEST_DIR/file" "$CT-2"
  assert_output "image directory '$TEST_DIR/file': Not a directory"
  running
  counts_on "$(count)"
}

@test "directories that a checkpoint made for nothing are gone again, those above them too" {
  start_counter
  mkdir "$TEST_DIR/there"
  cd "$TEST_DIR/there"
  failing --criu /bin/false checkpoint --image-path x/y/z --work-path w/v/u "$CT"
  failing --criu /bin/false checkpoint --image-path x/y --work-path x/z/../u "$CT"
  [ -z "$(ls -A)" ] || { find >&2; false; }
  running
}

@test "an image directory that can't be written to is named" {
  needs_criu
  start_counter
  mkdir "$IMG"
  mount -t tmpfs -o ro kt "$IMG"
  run ketch checkpoint --image-path "$IMG" --work-path "$TEST_DIR/work" "$CT"
  umount "$IMG"
  assert_status 1
  assert_output "image directory '$IMG': write: Read-only file system"
  running
}

@test "a relative image directory; restore over a container that is there" {
  needs_criu
  start_mover
  cd "$TEST_DIR"
  ketch checkpoint --leave-running --image-path some/img "$CT"
  [ -s "$TEST_DIR/some/img/inventory.img" ]
  failing restore --detach -b "$BUNDLE" --image-path some/img "$CT"
  assert_output "container with given ID already exists: '$CT'"
  running
  counts_on "$(count)"
  ketch delete --force "$CT"
  IMG=some/img restore_it
  counts_on "$(count)"
}

@test "a cgroupsPath with colons: its processes and its freezer are found" {
  on_systemd || edit '.linux.cgroupsPath = "/\($ct)/a:b:c"' --arg ct "$CT"
  start_counter
  failing --criu /bin/false checkpoint --image-path "$IMG" "$CT" # up to CRIU all goes well
  assert_output "criu ended without an answer"
  running
  counts_on "$(count)"
}

# ---- images ----

@test "a checkpoint that fails over a good image leaves ketch's files in it as they were" {
  start_counter
  fake_criu say=post-dump
  dump_fake() { ketch --criu "$TEST_DIR/fake-criu" checkpoint --leave-running --image-path "$IMG" "$@" "$CT"; }
  dump_fake
  [ -s "$IMG/ketch.json" ] && [ -s "$IMG/descriptors.json" ]
  mkdir "$TEST_DIR/pre"
  touch "$TEST_DIR/pre/inventory.img"
  echo old >> "$IMG/ketch.json"
  md5sum "$IMG"/*.json > "$TEST_DIR/sums"
  failing --criu "$TEST_DIR/fake-criu" checkpoint --leave-running --parent-path ../pre --image-path "$IMG" "$CT"
  assert_output "--pre-dump and --parent-path can't work on this host"
  md5sum --quiet -c "$TEST_DIR/sums"
  fake_criu fail
  failing --criu "$TEST_DIR/fake-criu" checkpoint --image-path "$IMG" "$CT"
  md5sum --quiet -c "$TEST_DIR/sums"
  running
  fake_criu say=post-dump
  dump_fake
  refute grep -q old "$IMG/ketch.json"
}

@test "a checkpoint that this kernel can't do, over a good image: it is restored after that" {
  needs_criu
  start_mover
  ketch checkpoint --pre-dump --image-path "$TEST_DIR/pre" "$CT" 2> /dev/null || { mkdir -p "$TEST_DIR/pre" && touch "$TEST_DIR/pre/inventory.img"; }
  dump --leave-running
  ketch checkpoint --leave-running --parent-path ../pre --image-path "$IMG" "$CT" || [ -s "$IMG/ketch.json" ]
  ketch delete --force "$CT"
  restore_it
  counts_on "$(count)"
}

# damaged FILE HOW: a copy of the image, whose FILE is damaged so, fails to be restored, in reasonable time; says nothing of the kind of hint.
damaged() {
  local all=$IMG IMG=$TEST_DIR/damaged file
  rm -rf "$IMG"
  cp -a "$all" "$IMG"
  file=$IMG/$1
  case $2 in
  empty) : > "$file" ;;
  cut) truncate -s $(($(stat -c %s "$file") / 2)) "$file" ;;
  random) head -c 3000 /dev/urandom > "$file" ;;
  gone) rm "$file" ;;
  esac
  rm -f "$TEST_DIR/log.json"
  run timeout 60 "$KETCH" --root "$ROOT" --log "$TEST_DIR/log.json" --log-format json restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" < /dev/null
  [ "$status" = 1 ] || { echo "$1 $2: status $status" >&2; return 1; }
  hint=$(jq -r '.hint // empty' "$TEST_DIR/log.json" | tail -n 1)
  assert_clean || { echo "$1 $2" >&2; return 1; }
}

@test "a damaged image: told as such, without a hang, nothing is left; the whole one is restored after that" {
  needs_criu
  start_mover
  dump
  local how
  for how in empty cut random; do
    damaged pages-1.img $how
    assert_output "pages-1.img of the image is cut off: it has"
    damaged core-1.img $how
    hint_is "the image is damaged or incomplete"
  done
  damaged pages-1.img gone
  assert_output "pages-1.img of the image: No such file"
  damaged inventory.img gone
  assert_output "holds no checkpoint"
  damaged inventory.img cut
  hint_is "the image is damaged or incomplete"
  damaged pagemap-1.img random
  hint_is "the image is damaged or incomplete"
  damaged files.img gone
  damaged pstree.img gone
  damaged ketch.json cut
  assert_output "ketch.json of the image is damaged"
  damaged descriptors.json empty
  assert_output "descriptors.json of the image is damaged"
  # of a process of an earlier dump that failed: 65535 pages
  printf '\31\103\126\124\45\100\10\126\2\0\0\0\10\1\10\0\0\0\10\1\20\377\377\3\40\4' > "$IMG/pagemap-99.img"
  restore_it
  counts_on "$(count)"
}

# mount_points: a restore that comes as far as CRIU, which fails at once.
mount_points() {
  mkdir -p "$IMG"
  touch "$IMG/inventory.img"
  failing --criu /bin/false restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_clean
}

@test "a mount in a read-only bind: restore makes nothing in its source, and says what run says" {
  mkdir -p "$TEST_DIR/host/there"
  bind() { # OPTIONS DESTINATION [LATER]
    edit --arg h "$TEST_DIR/host" --argjson o "$1" --arg d "$2" --argjson later "${3:-[]}" '.mounts |= map(select(.destination | startswith("/ro") | not)) +
      [{destination: "/ro", type: "bind", source: $h, options: $o}] + $later + [{destination: $d, type: "tmpfs", source: "tmpfs"}]'
  }
  local o
  for o in '["bind", "ro"]' '["rbind", "rro"]'; do
    bind "$o" /ro/sub
    run ketch run -b "$BUNDLE" "$CT" < /dev/null
    assert_status 1
    assert_output "Read-only file system"
    mount_points
    assert_output "make the place for the mount '/ro/sub': Read-only file system"
    [ ! -e "$TEST_DIR/host/sub" ]
    bind "$o" /ro/there
    mount_points
    assert_output "criu ended without an answer"
  done
  local remount='[{"destination": "/ro", "type": "none", "source": "none", "options": ["remount", "bind", "ro"]}]'
  bind '["bind"]' /ro/sub "$remount"
  mount_points
  assert_output "Read-only file system"
  [ ! -e "$TEST_DIR/host/sub" ]
  bind '["bind"]' /ro/sub
  mount_points
  assert_output "criu ended without an answer"
  [ -d "$TEST_DIR/host/sub" ]
}

@test "copy-symlink: restore takes it for no bind: the link may lead nowhere, and nothing is made where it leads" {
  mkdir "$TEST_DIR/host"
  ln -s /tmp/made "$TEST_DIR/host/nowhere"
  ln -s "$TEST_DIR/host" "$TEST_DIR/dir"
  ln -s "$TEST_DIR/host" "$BUNDLE/rootfs/dir"
  ln -s /tmp/made "$BUNDLE/rootfs/live"
  touch "$TEST_DIR/file"
  ln -s "$TEST_DIR/file" "$TEST_DIR/live"
  edit --arg t "$TEST_DIR" '.mounts += [
    {destination: "/nowhere", type: "bind", source: ($t + "/host/nowhere"), options: ["bind", "copy-symlink"]},
    {destination: "/live", type: "bind", source: ($t + "/live"), options: ["bind", "copy-symlink"]},
    {destination: "/dir", type: "bind", source: ($t + "/dir"), options: ["bind", "copy-symlink"]},
    {destination: "/dir/sub", type: "tmpfs", source: "tmpfs"},
    {destination: "/file", type: "bind", source: ($t + "/file"), options: ["bind", "copy-symlink"]}]'
  mount_points
  assert_output "criu ended without an answer"
  [ ! -e "$BUNDLE/rootfs/tmp/made" ] && [ ! -e "$TEST_DIR/host/sub" ]
  [ -f "$BUNDLE/rootfs/file" ] # what is no link is bound
}

@test "copy-symlink: a container with links goes to an image and back" {
  needs_criu
  ln -s /tmp/no "$TEST_DIR/nowhere"
  ln -s bin "$TEST_DIR/live"
  echo bound > "$TEST_DIR/file"
  edit --arg t "$TEST_DIR" '.mounts += (["nowhere", "live", "file"] | map({destination: ("/" + .), type: "bind", source: ($t + "/" + .), options: ["bind", "copy-symlink"]}))'
  start_mover
  dump
  [ "$(jq -c .binds "$IMG/ketch.json")" = '["/file"]' ]
  # an older note has the link too
  jq -c '.binds += ["/live"]' < "$IMG/ketch.json" > "$TEST_DIR/note"
  mv "$TEST_DIR/note" "$IMG/ketch.json"
  restore_it
  counts_on "$(count)"
  run ketch exec "$CT" sh -c 'readlink /nowhere; readlink /live; cat /file'
  assert_output "/tmp/no
bin
bound"
}

@test "a mask whose name CRIU can't be told: refused, the container runs on" {
  needs_criu
  touch "$BUNDLE/rootfs/a]b"
  edit '.linux.maskedPaths += ["/a]b"]'
  start_counter
  failing checkpoint --image-path "$IMG" "$CT"
  assert_output "the mount from outside on '/a]b': CRIU can't be told a path with ']' or a newline"
  running
  counts_on "$(count)"
}

@test "an image with a million mounts: refused at once" {
  mkdir "$IMG"
  touch "$IMG/inventory.img"
  python3 -c 'import json, sys
json.dump({"version": 1, "mounts": [{"name": "/m%d" % i, "source": "/dev/null"} for i in range(150000)], "binds": ["/b"] * 900000}, sys.stdout)' > "$IMG/ketch.json"
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_output "ketch.json of the image: 900000 binds from outside: an image can have at most 8192"
  assert_clean
}

@test "the image of another container: the root file system's difference is told, nothing is left" {
  needs_criu
  start_mover
  dump
  rm -r "$BUNDLE/rootfs/bin"
  mkdir "$BUNDLE/rootfs/bin"
  cp /bin/true "$BUNDLE/rootfs/bin/busybox"
  failing restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT"
  assert_output "bin/busybox has bad"
  assert_clean
}

# ---- in the middle ----

# took COMMAND…: sets ms to what it took.
took() {
  local t0=$(date +%s%N)
  "$@"
  ms=$((($(date +%s%N) - t0) / 1000000))
}

# part N: N eighths of it, as sleep(1) wants it.
part() { printf '%d.%03d' $((ms * $1 / 8000)) $((ms * $1 / 8 % 1000)); }

# Is there a criu that has a directory of this test open?
criu_works() {
  local pid
  for pid in $(pgrep -x criu); do
    ! readlink "/proc/$pid"/fd/* | grep -qF "$TEST_DIR" || return 0
  done
  return 1
}

@test "kill -9 in a checkpoint at any time: the container runs on, or is deleted with all it had" {
  needs_criu
  start_mover
  local i pid n=0 ms
  took dump --leave-running
  for i in 1 2 3 4 5 6 7; do
    rm -rf "$IMG"
    bg checkpoint --image-path "$IMG" "$CT" &
    pid=$!
    sleep "$(part $i)"
    kill -9 $pid 2> /dev/null || true
    wait $pid 2> /dev/null || true
    # criu gives up when its socket ends, and puts all back
    wait_for 60 eval '! criu_works'
    if [ "$(container_status "$CT" 2> /dev/null)" = running ]; then
      counts_on "$(count)"
      n=$((n + 1))
    else # it was over
      ketch delete --force "$CT" 2> /dev/null || true
      assert_clean
      start_mover
    fi
  done
  [ $n -gt 0 ]
}

@test "kill -9 in a restore at any time: delete --force clears all, and the image is good" {
  needs_criu
  start_mover
  dump
  local i pid ms
  took restore_it
  ketch delete --force "$CT"
  for i in 1 2 3 4 5 6 7; do
    bg restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" &
    pid=$!
    sleep "$(part $i)"
    kill -9 $pid 2> /dev/null || true
    wait $pid 2> /dev/null || true
    ketch delete --force "$CT" || refute ketch state "$CT" 2> /dev/null
    wait_for 10 eval assert_clean 2> /dev/null || assert_clean
  done
  restore_it
  counts_on "$(count)"
}

@test "kill -9 in a restore when its hooks have begun: delete --force runs the poststop hooks, once" {
  needs_criu
  start_mover
  dump
  edit --arg d "$TEST_DIR" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "touch \($d)/began; sleep 1000"]}],
    poststop: [{path: "/bin/sh", args: ["sh", "-c", "echo ran >> \($d)/poststop"]}]}'
  bg restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" &
  local pid=$!
  wait_for 30 test -e "$TEST_DIR/began"
  kill -9 $pid
  wait $pid 2> /dev/null || true
  ketch delete --force "$CT"
  [ "$(cat "$TEST_DIR/poststop")" = ran ]
  wait_for 10 eval assert_clean 2> /dev/null || assert_clean
}

# without_criu N COMMAND…: ketch in the background, whose criu is killed at the N-th eighth of ms. It ends soon: true if criu was there to be killed.
without_criu() {
  local n=$1 pid killed=1 status=0
  shift
  bg "$@" &
  pid=$!
  sleep "$(part "$n")"
  pkill -9 -x -P $pid criu && killed=0
  wait_for 60 eval '! kill -0 '$pid' 2> /dev/null' || { kill -9 $pid; echo "it hangs" >&2; return 2; }
  wait $pid || status=$?
  [ $killed = 1 ] || [ $status != 1 ] || grep -q "criu ended without an answer" "$TEST_DIR/out" || { cat "$TEST_DIR/out" >&2; return 2; }
  return $killed
}

# Says what a signal did: to ketch alone.
interrupted_by() { # DEED…
  local status=0
  fake_criu "$@"
  bg --criu "$TEST_DIR/fake-criu" checkpoint --image-path "$IMG" "$CT" &
  wait $! || status=$?
  cat "$TEST_DIR/out"
  return $status
}

@test "a signal before the image is complete: told, the container runs on; one after that: the checkpoint is done, poststop included" {
  edit '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "kill -TERM $PPID; sleep 0.3; echo ran >> \($f)"]}]' --arg f "$TEST_DIR/poststop"
  start_counter
  run interrupted_by term say=post-dump
  assert_status 1
  assert_output "interrupted by signal 15 (TERM): everything is undone"
  running
  [ ! -e "$IMG/ketch.json" ]
  run interrupted_by say=post-dump "kill=$(pid_of "$CT")" term
  assert_status 0
  [ -z "$output" ]
  is_gone "$CT"
  [ "$(cat "$TEST_DIR/poststop")" = ran ]
  [ -s "$IMG/ketch.json" ]
}

@test "delete --force ends a checkpoint that waits" {
  start_counter
  local pid t0 of=$(pid_of "$CT")
  fake_criu say=post-dump touch="$TEST_DIR/waits" wait="$TEST_DIR/never"
  bg --criu "$TEST_DIR/fake-criu" checkpoint --image-path "$IMG" "$CT" &
  pid=$!
  wait_for 10 test -e "$TEST_DIR/waits"
  t0=$SECONDS
  ketch delete --force "$CT"
  [ $((SECONDS - t0)) -lt 8 ]
  refute wait $pid
  assert_clean
}

@test "a criu that has killed the container is not ended by those who see the container's end" {
  counts
  bg run -b "$BUNDLE" "$CT" &
  local run=$! of
  wait_for 60 test -s "$BUNDLE/rootfs/tmp/n"
  of=$(pid_of "$CT")
  fake_criu say=post-dump "kill=$of" touch="$TEST_DIR/killed" wait="$TEST_DIR/go"
  OUT=$TEST_DIR/out2 bg --criu "$TEST_DIR/fake-criu" checkpoint --image-path "$IMG" "$CT" &
  local pid=$!
  wait_for 10 test -e "$TEST_DIR/killed"
  (OUT=$TEST_DIR/out3 bg delete --force "$CT") &
  sleep 1
  touch "$TEST_DIR/go"
  wait $pid || { cat "$TEST_DIR/out2" >&2; false; }
  wait $run || true
  wait
  is_gone "$CT"
}

@test "delete --force when lazy pages wait for somebody who does not come" {
  needs_criu
  start_mover
  bg checkpoint --lazy-pages --page-server 127.0.0.1:27182 --image-path "$IMG" "$CT" &
  local pid=$!
  wait_for 10 eval "[ -s '$IMG/ketch.json' ] || ! kill -0 $pid 2> /dev/null"
  ! grep -q "can't work on this host" "$TEST_DIR/out" || skip "this kernel has no userfaultfd with events; boots criu… of tests/vm/boots have it"
  sleep 1
  kill -0 $pid
  ketch delete --force "$CT"
  refute wait $pid
  wait_for 10 eval assert_clean 2> /dev/null || assert_clean
}

@test "criu is killed in a checkpoint: told at once, the container runs on" {
  needs_criu
  start_mover
  local i n=0 ms status
  took dump --leave-running
  for i in 1 2 3 4 5; do
    rm -rf "$IMG"
    status=0
    without_criu $i checkpoint --image-path "$IMG" "$CT" || status=$?
    [ $status != 2 ]
    n=$((n + 1 - status))
    if [ "$(container_status "$CT" 2> /dev/null)" = running ]; then
      counts_on "$(count)"
    else # so late that all was in the image
      [ -s "$IMG/ketch.json" ]
      ketch delete --force "$CT" 2> /dev/null || true
      start_mover
    fi
  done
  [ $n -gt 0 ]
}

@test "criu is killed in a restore: told at once, nothing is left, and the image is good" {
  needs_criu
  start_mover
  dump
  local i n=0 ms status
  took restore_it
  ketch delete --force "$CT"
  for i in 1 2 3 4 5 6 7; do
    status=0
    without_criu $i restore --detach -b "$BUNDLE" --image-path "$IMG" "$CT" || status=$?
    [ $status != 2 ]
    n=$((n + 1 - status))
    ! ketch state "$CT" > /dev/null 2>&1 || ketch delete --force "$CT" # it was over
    assert_clean
  done
  [ $n -gt 0 ]
  restore_it
  counts_on "$(count)"
}

@test "two checkpoints at once: one does it, the other says that the container is gone or is not running" {
  needs_criu
  start_mover
  local i pids=() good=0
  for i in 1 2; do
    (OUT=$TEST_DIR/out$i bg checkpoint --image-path "$IMG-$i" "$CT") &
    pids+=($!)
  done
  for i in 1 2; do
    ! wait "${pids[i - 1]}" || { good=$((good + 1)); local done=$i; }
  done
  [ $good = 1 ] || { cat "$TEST_DIR"/out[12] >&2; false; }
  is_gone "$CT"
  grep -E "does not exist|it is stopped" "$TEST_DIR/out$((3 - done))"
  IMG=$IMG-$done restore_it
  counts_on "$(count)"
}

@test "two restores of one id at once: one runs" {
  needs_criu
  start_mover
  dump
  local i pids=() good=0
  for i in 1 2; do
    (OUT=$TEST_DIR/out$i bg restore --detach -b "$BUNDLE" --image-path "$IMG" --work-path "$TEST_DIR/work$i" "$CT") &
    pids+=($!)
  done
  for i in 1 2; do
    ! wait "${pids[i - 1]}" || good=$((good + 1))
  done
  [ $good = 1 ] || { cat "$TEST_DIR"/out[12] >&2; false; }
  running
  counts_on "$(count)"
}

@test "restores of one image at once with a user namespace: all run, the image's directory is as it was" {
  needs_criu
  in_user_namespace
  start_mover
  dump
  chmod 700 "$IMG"
  local round i pid pids
  for round in 1 2 3; do
    pids=()
    for i in 1 2 3 4 5; do
      (OUT=$TEST_DIR/out$i bg restore --detach -b "$BUNDLE" --image-path "$IMG" --work-path "$TEST_DIR/work$i" "$CT-$i") &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do
      wait "$pid" || { cat "$TEST_DIR"/out? >&2; false; }
    done
    for i in 1 2 3 4 5; do
      [ "$(container_status "$CT-$i")" = running ]
      ketch delete --force "$CT-$i"
    done
    [ "$(stat -c %a "$IMG")" = 700 ]
  done
  chmod 1777 "$IMG"
  restore_it
  [ "$(stat -c %a "$IMG")" = 1777 ]
}

@test "a stopped container can't be checkpointed, and makes no image directory" {
  start_counter
  ketch kill "$CT" KILL
  wait_for 10 status_is "$CT" stopped
  failing checkpoint --image-path "$IMG" "$CT"
  assert_output "it is stopped, not running"
  [ ! -e "$IMG" ]
}

# ---- users who are not root ----

# A container of user 65534, which counts, in $own; it has no host mounts, and of its own every namespace but the UTS one: restoring a host name takes root.
users_container() {
  own=$TEST_DIR/own
  [ -e "$TEST_DIR/ketch" ] || public_ketch
  mkdir "$own"
  cp -a "$BUNDLE/rootfs" "$own/rootfs"
  chown 65534:65534 "$own"
  as_nobody spec --rootless -b "$own"
  jq '.process.terminal = false | del(.process.rlimits, .hostname) | .root.readonly = false | .mounts |= map(select(.destination | startswith("/sys") | not))
    | .linux.namespaces |= map(select(.type != "uts")) | .process.args = ["sh", "-c", $c]' \
    --arg c 'i=0; while :; do i=$((i + 1)); echo $i > /tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.1; done' < "$own/config.json" > "$own/new"
  mv "$own/new" "$own/config.json"
  mkdir -p "$own/img"
  chown -R 65534:65534 "$own"
}

# with_caps CAPS: `user`, a ketch of 65534 with these capabilities.
with_caps() {
  user=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="-all,$1" --ambient-caps="$1" env -u XDG_RUNTIME_DIR
    "$TEST_DIR/ketch" --root "$own/root" --log "$own/log" --log-format json)
}

start_users() {
  "${user[@]}" run --detach -b "$own" "$CT-own" < /dev/null > /dev/null 2>&1 3>&- || { cat "$own/log" >&2; false; }
  wait_for 60 test -s "$own/rootfs/tmp/n"
}

@test "ordinary users: what is missing is named at checkpoint and restore, with CAP_CHECKPOINT_RESTORE too" {
  start_counter
  public_ketch
  chmod 755 "$ROOT" "$BUNDLE"
  run unshare -r "$KETCH" --root "$ROOT" checkpoint --image-path "$IMG" "$CT"
  assert_status 1
  assert_output "checkpoint needs CAP_SYS_ADMIN of the initial user namespace"
  mkdir "$IMG"
  run unshare -r "$KETCH" --root "$ROOT" restore -b "$BUNDLE" --image-path "$IMG" "$CT-2" < /dev/null
  assert_status 1
  assert_output "restore needs CAP_SYS_ADMIN of the initial user namespace"
  # an ordinary user's own container, with that capability
  local verb
  users_container
  with_caps +checkpoint_restore
  start_users
  for verb in checkpoint "restore -b $own"; do
    rm -f "$own/log"
    # shellcheck disable=SC2086 # words
    run "${user[@]}" $verb --image-path "$own/img" "$CT-own" < /dev/null
    assert_status 1
    assert_output "${verb%% *} needs CAP_SYS_ADMIN, CAP_SYS_CHROOT, CAP_SETGID"
    [[ $(jq -r .hint "$own/log") == *"for ordinary users CAP_CHECKPOINT_RESTORE is not enough"* ]]
  done
  with_caps +sys_admin,+sys_chroot
  run "${user[@]}" checkpoint --image-path "$own/img" "$CT-own"
  assert_output "checkpoint needs CAP_SETGID"
  [ "$("${user[@]}" state "$CT-own" | jq -r .status)" = running ]
  "${user[@]}" delete --force "$CT-own"
  running
}

@test "an ordinary user with the capabilities that CRIU needs: a container with a user namespace goes to an image and back" {
  needs_criu
  users_container
  with_caps +checkpoint_restore,+sys_admin,+sys_chroot,+setgid
  start_users
  "${user[@]}" checkpoint --image-path "$own/img" "$CT-own" || { cat "$own/img/dump.log" >&2; false; }
  [ "$(stat -c %u "$own/img/pages-1.img")" = 65534 ]
  refute "${user[@]}" state "$CT-own" 2> /dev/null
  local n=$(cat "$own/rootfs/tmp/n")
  "${user[@]}" restore --detach -b "$own" --image-path "$own/img" "$CT-own" < /dev/null > /dev/null 2>&1 3>&- || {
    grep -E 'Error|Warn' "$own/img/restore.log" >&2
    cat "$own/log" >&2
    false
  }
  wait_for 60 eval '[ "$(cat "$own/rootfs/tmp/n")" -gt '"$((n + 2))"' ]'
  local pid=$("${user[@]}" state "$CT-own" | jq .pid)
  [ "$(stat -c %u "/proc/$pid")" = 65534 ]
  grep -q '^ *0 *65534 *1$' "/proc/$pid/uid_map"
  "${user[@]}" delete --force "$CT-own"
}

@test "an ordinary user's container with a UTS namespace: what CRIU can't restore is told, nothing is left" {
  needs_criu
  users_container
  jq '.linux.namespaces += [{type: "uts"}]' < "$own/config.json" > "$own/new"
  mv "$own/new" "$own/config.json"
  with_caps +checkpoint_restore,+sys_admin,+sys_chroot,+setgid
  start_users
  "${user[@]}" checkpoint --image-path "$own/img" "$CT-own" || { cat "$own/img/dump.log" >&2; false; }
  rm "$own/log"
  run "${user[@]}" restore --detach -b "$own" --image-path "$own/img" "$CT-own" < /dev/null
  assert_status 1
  hint=$(jq -r .hint "$own/log")
  hint_is "CRIU can't restore a UTS namespace"
  refute "${user[@]}" state "$CT-own" 2> /dev/null
  assert_clean
}
