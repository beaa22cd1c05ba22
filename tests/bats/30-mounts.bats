#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# mounts of config.json on the real program (config.md#mounts): what each option does is read from the container's own mountinfo.

load helpers

teardown() {
  local id
  delete_containers
  # What a test mounted on the host.
  while read -r id; do umount -l "$id"; done < <(grep -F " $TEST_DIR/host" /proc/self/mountinfo | cut -d' ' -f5 | sort -r)
  test_teardown
}

# mount_on DEST TYPE SOURCE OPTION…: one more mount of the bundle.
mount_on() {
  local dest=$1 type=$2 source=$3
  shift 3
  edit '.mounts += [{destination: $d, source: $s, options: $ARGS.positional} + (if $t == "" then {} else {type: $t} end)]' \
    --arg d "$dest" --arg t "$type" --arg s "$source" --args -- "$@"
}

bind_on() { # DEST SOURCE OPTION…
  local dest=$1 source=$2
  shift 2
  mount_on "$dest" "" "$source" "$@"
}

# Runs the bundle's command, or `cat mountinfo`, and keeps its mountinfo in $INFO.
look() {
  [ $# = 0 ] || command_is "$@"
  [ $# != 0 ] || command_is cat /proc/self/mountinfo
  run_bundle
  assert_status 0
  INFO=$TEST_DIR/info
  printf '%s\n' "$output" > "$INFO"
}

# The last mount at DEST: its own flags; its propagation; the file system's type; its flags and options.
flags_of() { awk -v d="$1" '$5 == d { f = $6 } END { print f }' "$INFO"; }
tags_of() { awk -v d="$1" '$5 == d { f = ""; for (i = 7; $i != "-"; i++) f = f " " $i } END { print f ? f : " private" }' "$INFO"; }
type_of() { awk -v d="$1" '$5 == d { for (i = 7; $i != "-"; i++); f = $(i + 1) } END { print f }' "$INFO"; }
super_of() { awk -v d="$1" '$5 == d { for (i = 7; $i != "-"; i++); f = $(i + 3) } END { print f }' "$INFO"; }

# has LIST WORD…: each word is in the list by commas, or with ! before it is not.
has() {
  local list=",$1," word
  shift
  for word in "$@"; do
    case $word in
      !*) [[ $list != *",${word#!},"* ]] || { echo "'${word#!}' in $list" >&2; return 1; } ;;
      *) [[ $list == *",$word,"* ]] || { echo "no '$word' in $list" >&2; return 1; } ;;
    esac
  done
}

# Place and words of the error.
fails_at() { # PATH WORDS…
  local path=$1 word got
  shift
  rm -f "$TEST_DIR/log"
  run timeout 20 "$KETCH" --root "$ROOT" --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  got=$(jq -r 'select(.level == "error") | .path' "$TEST_DIR/log" | tail -1)
  [ "$got" = "$path" ] || { echo "error at '$got', not '$path': $output" >&2; return 1; }
  for word in "$@"; do assert_output "$word"; done
}

hinted() {
  jq -r 'select(.level == "error") | .hint' "$TEST_DIR/log" | grep -F -- "$1"
}

warned() {
  jq -r 'select(.level == "warning") | .msg' "$TEST_DIR/log" | grep -F -- "$1"
}

# ---- each option ----

# OPTIONS, then what the mount's own flags have or not. On a new tmpfs, and on a bind of a host directory on a mount that has all the
# flags the other way round.
flag_rows() {
  cat <<-END
	ro			ro !rw
	ro,rw			rw !ro
	nosuid			nosuid
	nosuid,suid		!nosuid
	nodev			nodev
	nodev,dev		!nodev
	noexec			noexec
	noexec,exec		!noexec
	noatime			noatime !relatime
	noatime,atime		!noatime relatime
	relatime		relatime
	relatime,norelatime	relatime
	strictatime		!relatime !noatime
	strictatime,nostrictatime	relatime
	strictatime,atime,norelatime	!relatime !noatime
	noatime,nostrictatime,norelatime	noatime !relatime
	noatime,relatime	!noatime relatime
	nodiratime		nodiratime
	nodiratime,diratime	!nodiratime
	nosymfollow		nosymfollow
	nosymfollow,symfollow	!nosymfollow
	defaults		rw !nosuid !nodev !noexec relatime !nodiratime !nosymfollow
	rro			ro
	rro,rrw			rw
	rnosuid			nosuid
	rnosuid,rsuid		!nosuid
	rnodev			nodev
	rnodev,rdev		!nodev
	rnoexec			noexec
	rnoexec,rexec		!noexec
	rnoatime		noatime
	rnoatime,ratime		!noatime relatime
	rrelatime		relatime
	rrelatime,rnorelatime	relatime
	rstrictatime		!relatime !noatime
	rstrictatime,rnostrictatime	relatime
	rnodiratime		nodiratime
	rnodiratime,rdiratime	!nodiratime
	rnosymfollow		nosymfollow
	rnosymfollow,rsymfollow	!nosymfollow
	ro,nosuid,nodev,noexec,noatime	ro nosuid nodev noexec noatime
	END
}

@test "mounts: each flag on a new file system" {
  local options want n=0
  while read -r options want; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    mount_on "/m/$n" tmpfs tmpfs ${options//,/ }
  done < <(flag_rows)
  look
  n=0
  while read -r options want; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    has "$(flags_of /m/$n)" $want || { echo "$options: $(flags_of /m/$n)" >&2; return 1; }
  done < <(flag_rows)
  [ $n -gt 35 ]
}

@test "mounts: each flag on a bind mount, whatever the source's mount has" {
  local options want n=0
  mkdir -p "$TEST_DIR/host/plain" "$TEST_DIR/host/strict"
  mount -t tmpfs test "$TEST_DIR/host/plain"
  mount -t tmpfs -o nosuid,nodev,noexec,noatime,nodiratime,nosymfollow test "$TEST_DIR/host/strict"
  while read -r options want; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    bind_on "/p/$n" "$TEST_DIR/host/plain" bind ${options//,/ }
    # shellcheck disable=SC2086
    bind_on "/s/$n" "$TEST_DIR/host/strict" rbind ${options//,/ }
  done < <(flag_rows)
  look
  n=0
  while read -r options want; do
    n=$((n + 1))
    [ "$options" != defaults ] || continue
    # shellcheck disable=SC2086
    has "$(flags_of /p/$n)" $want || { echo "plain $options: $(flags_of /p/$n)" >&2; return 1; }
    # shellcheck disable=SC2086
    has "$(flags_of /s/$n)" $want || { echo "strict $options: $(flags_of /s/$n)" >&2; return 1; }
  done < <(flag_rows)
  # What is not asked for stays as the host's mount has it.
  has "$(flags_of /s/1)" nosuid nodev noexec noatime nodiratime nosymfollow
  has "$(flags_of /p/1)" !nosuid !nodev !noexec relatime
}

@test "mounts: flags of the super block" {
  mount_on /m/sync tmpfs t sync
  mount_on /m/async tmpfs t sync async
  mount_on /m/dirsync tmpfs t dirsync
  mount_on /m/lazytime tmpfs t lazytime
  mount_on /m/nolazytime tmpfs t lazytime nolazytime
  mount_on /m/iversion tmpfs t iversion
  mount_on /m/noiversion tmpfs t iversion noiversion
  mount_on /m/silent tmpfs t silent
  mount_on /m/loud tmpfs t silent loud
  mount_on /m/nomand tmpfs t nomand
  look
  has "$(super_of /m/sync)" sync
  has "$(super_of /m/async)" !sync
  has "$(super_of /m/dirsync)" dirsync !sync
  has "$(super_of /m/lazytime)" lazytime
  has "$(super_of /m/nolazytime)" !lazytime
  local word
  for word in iversion noiversion silent loud nomand; do [ "$(type_of /m/$word)" = tmpfs ]; done
}

@test "mounts: acl and noacl are no error on a file system that does not have the words" {
  mount_on /m/acl tmpfs t acl
  mount_on /m/noacl tmpfs t noacl size=64k
  mount_on /m/noacl tmpfs t remount acl noacl
  mount_on /m/mqueue mqueue t noacl
  bind_on /m/bind "$BUNDLE" bind noacl
  look
  [ "$(type_of /m/acl) $(type_of /m/noacl) $(type_of /m/mqueue)" = "tmpfs tmpfs mqueue" ]
  has "$(super_of /m/noacl)" size=64k
  # The kernel's words on another option come alone.
  mount_on /m/bad tmpfs t noacl nope
  fails_at '$.mounts[12].options[1]' "nknown parameter 'nope'"
  refute_output noacl
}

@test "mounts: mand is taken, or refused in words (Linux 5.15 has done away with it)" {
  mount_on /m tmpfs t mand
  run_bundle
  [ "$status" = 0 ] || { [[ $output == *"/m"* ]] && [[ $output == *mounts* ]]; }
}

@test "mounts: propagation of each word, for a mount and for what is below it" {
  local word
  mkdir -p "$TEST_DIR/host/tree"
  mount -t tmpfs test "$TEST_DIR/host/tree"
  mkdir "$TEST_DIR/host/tree/sub"
  mount -t tmpfs test "$TEST_DIR/host/tree/sub"
  mount --make-rshared "$TEST_DIR/host/tree"
  for word in private rprivate shared rshared slave rslave unbindable runbindable; do
    bind_on /m/$word "$TEST_DIR/host/tree" rbind $word
  done
  bind_on /m/none "$TEST_DIR/host/tree" rbind
  look
  [ "$(tags_of /m/none)" = " private" ]
  [ "$(tags_of /m/none/sub)" = " private" ]
  [ "$(tags_of /m/private)" = " private" ]
  [ "$(tags_of /m/rprivate/sub)" = " private" ]
  [[ "$(tags_of /m/shared)" == *" shared:"* ]]
  [[ "$(tags_of /m/rshared/sub)" == *" shared:"* ]]
  [[ "$(tags_of /m/slave)" == " master:"* ]]
  [[ "$(tags_of /m/rslave)" == " master:"* ]]
  [[ "$(tags_of /m/rslave/sub)" == " master:"* ]]
  [ "$(tags_of /m/unbindable)" = " unbindable" ]
  [ "$(tags_of /m/runbindable)" = " unbindable" ]
  [ "$(tags_of /m/runbindable/sub)" = " unbindable" ]
}

@test "mounts: a private bind of a shared directory does not mount on the host, rshared does, rslave only receives" {
  mkdir -p "$TEST_DIR/host/tree"
  mount -t tmpfs test "$TEST_DIR/host/tree"
  mount --make-rshared "$TEST_DIR/host/tree"
  mkdir "$TEST_DIR"/host/tree/{a,b,c,d}
  # A peer of the host's only where rootfsPropagation asks for it.
  edit '.process.capabilities[] += ["CAP_SYS_ADMIN"] | .linux.rootfsPropagation = "shared"'
  bind_on /default "$TEST_DIR/host/tree" rbind
  bind_on /shared "$TEST_DIR/host/tree" rbind rshared
  bind_on /slave "$TEST_DIR/host/tree" rbind rslave
  command_is sh -c 'mount -t tmpfs x /default/a && mount -t tmpfs x /shared/b && mount -t tmpfs x /slave/c && echo mounted
    until [ -e /slave/d/host ]; do sleep 0.05; done; [ ! -e /default/d/host ] && echo received'
  ketch run --detach -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
  wait_for 10 grep -q mounted "$TEST_DIR/out"
  refute grep -qF " $TEST_DIR/host/tree/a " /proc/self/mountinfo
  grep -qF " $TEST_DIR/host/tree/b " /proc/self/mountinfo
  refute grep -qF " $TEST_DIR/host/tree/c " /proc/self/mountinfo
  mount -t tmpfs test "$TEST_DIR/host/tree/d"
  touch "$TEST_DIR/host/tree/d/host"
  wait_for 10 grep -q received "$TEST_DIR/out"
}

# ---- bind mounts ----

@test "mounts: files and directories are bound, missing destinations made" {
  mkdir -p "$TEST_DIR/host/dir/sub"
  echo content > "$TEST_DIR/host/file"
  bind_on /a/b/dir "$TEST_DIR/host/dir" bind
  bind_on /a/b/file "$TEST_DIR/host/file" bind ro
  bind_on /etc/hostname "$TEST_DIR/host/file" bind
  look sh -c 'cat /a/b/file /etc/hostname; ls /a/b/dir; echo x > /a/b/file; cat /proc/self/mountinfo'
  assert_output $'content\ncontent\nsub'
  assert_output "Read-only file system"
  [ "$(cat "$TEST_DIR/host/file")" = content ]
}

# As with -v DIR:/mnt:ro -v FILE:/mnt/new.
@test "mounts: no place in a read-only mount below: the hint names it" {
  mkdir -p "$TEST_DIR/host/dir"
  echo file > "$TEST_DIR/host/file"
  bind_on /mnt "$TEST_DIR/host/dir" rbind ro
  bind_on /mnt/new "$TEST_DIR/host/file" rbind
  run_bundle
  assert_status 1
  assert_output "make the destination '/mnt/new': Read-only file system"
  assert_output "what is mounted there, is read-only"
}

@test "mounts: rbind takes what is mounted below, bind does not" {
  mkdir -p "$TEST_DIR/host/tree/sub"
  mount -t tmpfs test "$TEST_DIR/host/tree/sub"
  touch "$TEST_DIR/host/tree/sub/here"
  bind_on /r "$TEST_DIR/host/tree" rbind
  bind_on /b "$TEST_DIR/host/tree" bind
  mount_on /t rbind "$TEST_DIR/host/tree"
  mount_on /u bind "$TEST_DIR/host/tree"
  look sh -c 'for d in r b t u; do [ -e /$d/sub/here ] && echo "$d deep"; done; true'
  [ "$output" = $'r deep\nt deep' ]
}

@test "mounts: recursive attributes reach all below, the others the mount alone" {
  mkdir -p "$TEST_DIR/host/tree/sub"
  mount -t tmpfs -o noexec test "$TEST_DIR/host/tree/sub"
  bind_on /r "$TEST_DIR/host/tree" rbind rro rnosuid rexec rnoatime
  bind_on /m "$TEST_DIR/host/tree" rbind ro nosuid
  bind_on /x "$TEST_DIR/host/tree" rbind rro rw
  look
  has "$(flags_of /r)" ro nosuid !noexec noatime
  has "$(flags_of /r/sub)" ro nosuid !noexec noatime
  has "$(flags_of /m)" ro nosuid
  has "$(flags_of /m/sub)" rw !nosuid noexec
  has "$(flags_of /x/sub)" ro
}

@test "mounts: sources may be relative to the bundle, lead through symlinks, have blanks" {
  mkdir -p "$BUNDLE/data dir" "$TEST_DIR/host"
  echo rel > "$BUNDLE/data dir/f"
  ln -s "$BUNDLE/data dir" "$TEST_DIR/host/link"
  bind_on /one "data dir" bind
  bind_on "/two words" "$TEST_DIR/host/link" bind
  look sh -c 'cat /one/f "/two words/f"'
  [ "$output" = $'rel\nrel' ]
}

@test "mounts: copy-symlink makes the link again, or tells what is in its way; what is no link is bound" {
  mkdir "$TEST_DIR/host"
  ln -s /some/where "$TEST_DIR/host/dangling"
  echo text > "$TEST_DIR/host/file"
  bind_on /copied "$TEST_DIR/host/dangling" bind copy-symlink
  look readlink /copied
  [ "$output" = /some/where ]
  look readlink /copied # it is there already
  [ "$output" = /some/where ]
  ln -sf /else/where "$BUNDLE/rootfs/copied"
  run_bundle
  assert_status 1
  assert_output "copy the link: File exists"
  [ "$(readlink "$BUNDLE/rootfs/copied")" = /else/where ]
  rm "$BUNDLE/rootfs/copied"
  edit '.mounts |= .[:-1]'
  bind_on /file "$TEST_DIR/host/file" bind copy-symlink
  look cat /file
  [ "$output" = text ]
}

@test "mounts: src-nofollow binds the link itself" {
  mkdir "$TEST_DIR/host"
  echo behind > "$TEST_DIR/host/file"
  ln -s file "$TEST_DIR/host/link"
  bind_on /it "$TEST_DIR/host/link" bind src-nofollow
  look readlink /it
  [ "$output" = file ]
  edit '.mounts[-1].options |= ["bind"]'
  look cat /it
  [ "$output" = behind ]
}

@test "mounts: dest-nofollow mounts over the link itself, not over what it leads to" {
  echo mounted > "$TEST_DIR/file"
  echo below > "$BUNDLE/rootfs/etc/target"
  ln -s /etc/target "$BUNDLE/rootfs/link"
  bind_on /link "$TEST_DIR/file" bind dest-nofollow
  look cat /link /etc/target
  [ "$output" = $'mounted\nbelow' ]
  edit '.mounts[-1].options |= ["bind"]'
  look cat /link /etc/target
  [ "$output" = $'mounted\nmounted' ]
  edit '.mounts[-1].options |= ["bind", "dest-nofollow"]' # a directory can't be mounted over a link
  edit '.mounts[-1].source = "/tmp"'
  run_bundle
  assert_status 1
  assert_output "the source is a directory"
}

@test "mounts: devices, sockets and FIFOs can be bound" {
  mkdir -p "$TEST_DIR/host"
  mkfifo "$TEST_DIR/host/fifo"
  bind_on /fifo "$TEST_DIR/host/fifo" bind
  bind_on /zero /dev/zero bind
  look sh -c '[ -p /fifo ] && [ -c /zero ] && echo both'
  [ "$output" = both ]
}

# ---- order and destinations ----

@test "mounts: they are made in their order" {
  mkdir -p "$TEST_DIR/host/d/sub"
  mount_on /m tmpfs first
  mount_on /m/in tmpfs second
  bind_on /m/in/deep "$TEST_DIR/host/d" bind
  mount_on /n/in tmpfs below
  mount_on /n tmpfs above
  look sh -c '[ -d /m/in/deep/sub ] && echo deep; ls /n | wc -l; cat /proc/self/mountinfo'
  [ "${lines[0]}" = deep ]
  [ "${lines[1]}" = 0 ]
}

@test "mounts: doubled slashes, dots and .. in a destination stay in the root" {
  mount_on //m//./x/ tmpfs t
  mount_on /m/../../../../../n tmpfs t
  look
  [ "$(type_of /m/x)" = tmpfs ]
  [ "$(type_of /n)" = tmpfs ]
}

@test "mounts: a relative destination is taken from the root, with a warning" {
  mount_on rel/ative tmpfs t
  command_is grep -c ' /rel/ative ' /proc/self/mountinfo
  run ketch --log "$TEST_DIR/log" --log-format json run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output 1
  warned destination
}

@test "mounts: symlinks in a destination are followed inside the root" {
  mkdir -p "$BUNDLE/rootfs/real"
  ln -s /real "$BUNDLE/rootfs/abs"
  ln -s ../../../../real "$BUNDLE/rootfs/up"
  mount_on /abs/a tmpfs t
  mount_on /up/b tmpfs t
  look
  [ "$(type_of /real/a)" = tmpfs ]
  [ "$(type_of /real/b)" = tmpfs ]
}

@test "mounts: the root itself can be mounted over" {
  mkdir -p "$TEST_DIR/host/other/proc"
  cp -a "$BUNDLE/rootfs/." "$TEST_DIR/host/other/"
  touch "$TEST_DIR/host/other/marker"
  edit '.mounts |= [{destination: "/", source: $s, options: ["rbind"]}] + .' --arg s "$TEST_DIR/host/other"
  look ls /
  assert_output marker
}

# ---- kinds of file systems ----

@test "mounts: tmpfs with data, looking like the directory it covers" {
  mkdir -p "$BUNDLE/rootfs/sticky"
  chmod 1777 "$BUNDLE/rootfs/sticky"
  mount_on /sticky tmpfs t size=64k
  mount_on /moded tmpfs t mode=0711 uid=5 gid=6
  look sh -c 'stat -c "%a %u %g" /sticky /moded; cat /proc/self/mountinfo'
  [ "${lines[0]}" = "1777 0 0" ]
  [ "${lines[1]}" = "711 5 6" ]
  has "$(super_of /sticky)" size=64k
}

@test "mounts: tmpcopyup copies what the directory held, also where it becomes read-only" {
  mkdir -p "$BUNDLE/rootfs/up/d"
  echo text > "$BUNDLE/rootfs/up/f"
  ln -s /etc/passwd "$BUNDLE/rootfs/up/l"
  chmod 640 "$BUNDLE/rootfs/up/f"
  chown 7:8 "$BUNDLE/rootfs/up/f"
  mount_on /up tmpfs t tmpcopyup ro
  edit '.process.capabilities[] += ["CAP_DAC_OVERRIDE"]'
  look sh -c 'cat /up/f; stat -c "%a %u:%g" /up/f; readlink /up/l; [ -d /up/d ] && echo d; touch /up/x; true'
  [ "${lines[0]}" = text ]
  [ "${lines[1]}" = "640 7:8" ]
  [ "${lines[2]}" = /etc/passwd ]
  [ "${lines[3]}" = d ]
  assert_output "Read-only file system"
  [ ! -e "$BUNDLE/rootfs/up/x" ]
}

@test "mounts: a read-only tmpfs on /dev still gets its devices" {
  edit '(.mounts[] | select(.destination == "/dev") | .options) += ["ro"]'
  look sh -c '[ -c /dev/null ] && [ -L /dev/stdin ] && touch /dev/x; cat /proc/self/mountinfo'
  assert_output "Read-only file system"
  has "$(flags_of /dev)" ro
}

@test "mounts: mqueue, devpts, ramfs, proc and sysfs are new" {
  mount_on /m/ram ramfs r
  mount_on /m/pts devpts devpts newinstance mode=0620
  mount_on /m/proc proc proc
  mount_on /m/sys sysfs sysfs ro
  look sh -c 'ls /m/pts; [ -e /m/proc/1/status ] && cat /proc/self/mountinfo'
  [ "${lines[0]}" = ptmx ]
  [ "$(type_of /dev/mqueue)" = mqueue ]
  [ "$(type_of /m/ram)" = ramfs ]
  [ "$(type_of /m/proc)" = proc ]
  has "$(flags_of /m/sys)" ro
}

@test "mounts: overlay, also with more layers than one option may be long" {
  local i lower=
  for i in $(seq 1 40); do
    mkdir -p "$TEST_DIR/host/a-layer-with-a-long-name-$i"
    touch "$TEST_DIR/host/a-layer-with-a-long-name-$i/file$i"
    lower+="${lower:+:}$TEST_DIR/host/a-layer-with-a-long-name-$i"
  done
  mkdir -p "$TEST_DIR"/host/{upper,work}
  mount_on /o overlay overlay "lowerdir=$TEST_DIR/host/a-layer-with-a-long-name-1" "upperdir=$TEST_DIR/host/upper" "workdir=$TEST_DIR/host/work"
  mount_on /many overlay overlay "lowerdir=$lower"
  look sh -c 'touch /o/new; ls /o; ls /many | wc -l; cat /proc/self/mountinfo'
  [ "${lines[0]}" = file1 ]
  [ "${lines[1]}" = new ]
  [ "${lines[2]}" = 40 ]
  [ "$(type_of /o)" = overlay ]
  [ -e "$TEST_DIR/host/upper/new" ]
}

@test "mounts: overlay takes directories with quotation marks in their names" {
  local q=$TEST_DIR/host/a=\"b
  mkdir -p "$q"/{lower,upper,work} "$TEST_DIR/host/"\"x\"
  touch "$q/lower/below" "$TEST_DIR/host/\"x\"/deeper"
  mount_on /o overlay overlay "lowerdir=$q/lower:$TEST_DIR/host/\"x\"" "upperdir=$q/upper" "workdir=$q/work"
  look sh -c 'touch /o/new; ls /o'
  [ "${lines[0]}" = below ]
  [ "${lines[1]}" = deeper ]
  [ "${lines[2]}" = new ]
  [ -e "$q/upper/new" ]
}

@test "mounts: cgroup, read-only and showing the container's own cgroup as the root" {
  command_is sh -c 'cat /proc/self/mountinfo; for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/new 2>/dev/null && echo "made $d/new"; done; true'
  run_bundle
  assert_status 0
  refute_output "made"
  INFO=$TEST_DIR/info
  printf '%s\n' "$output" > "$INFO"
  awk '$5 ~ "^/sys/fs/cgroup" && $6 !~ /^ro/ { print; bad = 1 } END { exit bad }' "$INFO"
  awk '$5 ~ "^/sys/fs/cgroup/" && $4 != "/" { print; bad = 1 } END { exit bad }' "$INFO"
}

# ---- remount ----

@test "mounts: remount changes flags, with bind of the mount alone" {
  mount_on /m tmpfs t
  mount_on /m "" "" remount ro nosuid size=128k
  mount_on /n tmpfs t nosuid
  mount_on /n "" "" remount bind ro
  mkdir -p "$TEST_DIR/host/d"
  bind_on /b "$TEST_DIR/host/d" bind
  bind_on /b "$TEST_DIR/host/d" remount bind ro noexec
  look
  has "$(flags_of /m)" ro nosuid
  has "$(super_of /m)" size=128k ro
  has "$(flags_of /n)" ro nosuid
  has "$(super_of /n)" rw
  has "$(flags_of /b)" ro noexec
  touch "$TEST_DIR/host/d/still-writable"
}

# ---- idmapped mounts ----

@test "mounts: idmap with mappings of its own" {
  mkdir -p "$TEST_DIR/host/tree/sub"
  touch "$TEST_DIR/host/tree/f"
  chown 1000:2000 "$TEST_DIR/host/tree/f"
  edit '.mounts += [{destination: "/i", source: $s, options: ["bind", "idmap"],
    uidMappings: [{containerID: 1000, hostID: 7, size: 1}], gidMappings: [{containerID: 2000, hostID: 8, size: 1}]}]' --arg s "$TEST_DIR/host/tree"
  look stat -c %u:%g /i/f
  [ "$output" = 7:8 ]
  [ "$(stat -c %u:%g "$TEST_DIR/host/tree/f")" = 1000:2000 ]
}

@test "mounts: ridmap maps what is below, idmap does not" {
  mkdir -p "$TEST_DIR/host/tree/sub"
  mount -t tmpfs test "$TEST_DIR/host/tree/sub"
  touch "$TEST_DIR/host/tree/f" "$TEST_DIR/host/tree/sub/g"
  local maps='uidMappings: [{containerID: 0, hostID: 500, size: 10}], gidMappings: [{containerID: 0, hostID: 600, size: 10}]'
  edit ".mounts += [{destination: \"/r\", source: \$s, options: [\"rbind\", \"ridmap\"], $maps},
    {destination: \"/i\", source: \$s, options: [\"rbind\", \"idmap\"], $maps}]" --arg s "$TEST_DIR/host/tree"
  look stat -c %u:%g /r/f /r/sub/g /i/f /i/sub/g
  [ "${lines[0]}" = 500:600 ]
  [ "${lines[1]}" = 500:600 ]
  [ "${lines[2]}" = 500:600 ]
  [ "${lines[3]}" = 0:0 ]
}

@test "mounts: idmap= with mappings in the option, as crun has them" {
  mkdir -p "$TEST_DIR/host/tree"
  touch "$TEST_DIR/host/tree/f" "$TEST_DIR/host/tree/g"
  chown 1000:2000 "$TEST_DIR/host/tree/f"
  chown 3:4 "$TEST_DIR/host/tree/g"
  bind_on /i "$TEST_DIR/host/tree" bind 'idmap=uids=1000-7-1#3-30-10;gids=2000-8-1#4-40-10'
  look stat -c %u:%g /i/f /i/g
  [ "${lines[0]}" = 7:8 ]
  [ "${lines[1]}" = 30:40 ]
}

@test "mounts: idmap= with @: ids of the container's user namespace" {
  mkdir -p "$TEST_DIR/host/tree"
  touch "$TEST_DIR/host/tree/f"
  chown 1000:2000 "$TEST_DIR/host/tree/f"
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  bind_on /i "$TEST_DIR/host/tree" bind 'idmap=uids=@1000-5-1;gids=@2000-6-1'
  look stat -c %u:%g /i/f
  [ "$output" = 5:6 ]
}

@test "mounts: idmap with copy-symlink copies the link, and maps what is no link" {
  mkdir "$TEST_DIR/host"
  touch "$TEST_DIR/host/file"
  chown 1000:2000 "$TEST_DIR/host/file"
  ln -s file "$TEST_DIR/host/link"
  bind_on /copied "$TEST_DIR/host/link" bind copy-symlink 'idmap=uids=1000-7-1;gids=2000-8-1'
  bind_on /i "$TEST_DIR/host/file" bind copy-symlink 'idmap=uids=1000-7-1;gids=2000-8-1'
  look sh -c 'readlink /copied; stat -c %u:%g /i'
  [ "${lines[0]}" = file ]
  [ "${lines[1]}" = 7:8 ]
}

@test "mounts: idmap= that can't be read is refused with its place" {
  local wrong
  for wrong in 'uids=1-2' 'uids=1-2-0;gids=1-2-1' 'uids=1-2-3' 'users=1-2-3;gids=1-2-3' 'uids=1-2-3;gids=4294967296-0-1' 'uids=@1-2-3;gids=@1-2-3' ''; do
    edit '.mounts |= map(select(.destination != "/i"))'
    bind_on /i "$TEST_DIR" bind "idmap=$wrong"
    run_bundle
    assert_status 1
    assert_output "].options[1]"
  done
}

@test "mounts: idmap= with @ and no mappings of the container's says so, of the range alone" {
  bind_on /i "$TEST_DIR" bind 'idmap=uids=@1-2-3#4-5-6;gids=@1-2-3'
  run_bundle
  assert_status 1
  assert_output "'@1-2-3' is relative to the container's mappings, and it has none"
}

@test "mounts: idmap with more ranges than the kernel reads says so" {
  edit '[range(340) | {containerID: (1000000000 + 2 * .), hostID: (2000000000 + 2 * .), size: 1}] as $all
    | .mounts += [{destination: "/i", source: $s, options: ["bind", "idmap"], uidMappings: $all, gidMappings: $all}]' --arg s "$TEST_DIR"
  run_bundle
  assert_status 1
  assert_output "the 340 ranges of uid_map are longer than the page that the kernel reads"
}

@test "mounts: idmap of an ordinary user names the mount and what it takes" {
  install -d -o 65534 "$TEST_DIR/nobody"
  chmod 755 "$TEST_DIR"
  edit '.linux.namespaces = [{type: "user"}, {type: "mount"}, {type: "pid"}] | .linux.resources = {} | .hostname = "" | .mounts = []
    | .linux.uidMappings = [{containerID: 0, hostID: 65534, size: 1}] | .linux.gidMappings = .linux.uidMappings'
  bind_on /i "$TEST_DIR" bind idmap
  chown -R 65534:65534 "$BUNDLE"
  run as_nobody --root "$TEST_DIR/nobody" --log "$TEST_DIR/nobody/log" --log-format json --cgroup-manager disabled run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 1
  assert_output "bind '$TEST_DIR' to '/i': open the container's user namespace: Permission denied"
  grep -q "mapped ids need root" "$TEST_DIR/nobody/log"
}

@test "mounts: idmap without mappings takes those of the user namespace" {
  mkdir -p "$TEST_DIR/host/tree"
  touch "$TEST_DIR/host/tree/f"
  chown 3:4 "$TEST_DIR/host/tree/f"
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  bind_on /i "$TEST_DIR/host/tree" bind idmap
  bind_on /p "$TEST_DIR/host/tree" bind
  look stat -c %u:%g /i/f /p/f
  [ "${lines[0]}" = 3:4 ]
  [ "${lines[1]}" = 65534:65534 ]
}

# ---- root.readonly ----

@test "mounts: root.readonly leaves other mounts writable, and missing destinations are made before" {
  edit '.root.readonly = true'
  mount_on /made/here tmpfs t
  look sh -c 'touch /x; touch /made/here/y && echo wrote; cat /proc/self/mountinfo'
  assert_output "/x: Read-only file system"
  assert_output wrote
  has "$(flags_of /)" ro
  [ -z "$(find "$BUNDLE/rootfs" -maxdepth 1 -name x)" ]
}

# ---- many ----

@test "mounts: 10,000 in less than 15 seconds, with a limit of 1,024 descriptors" {
  mkdir -p "$TEST_DIR/host/d"
  edit '.mounts += [range(10000) | {destination: "/m/\(. % 100)/\(.)", source: $s, options: ["bind", "ro"]}]' --arg s "$TEST_DIR/host/d"
  mkdir -p "$BUNDLE/rootfs/m"
  command_is sh -c 'grep -c " /m/" /proc/self/mountinfo'
  ulimit -n 1024
  local begin end
  begin=$(date +%s%N)
  run_bundle
  end=$(date +%s%N)
  assert_status 0
  [ "$output" = 10000 ]
  echo "# $(((end - begin) / 1000000)) ms" >&3
  [ $((end - begin)) -lt $((15000000000 * ${KETCH_TEST_SLOW:-1})) ]
}

# ---- errors ----

@test "mounts: errors name the index, the destination and the path" {
  mount_on /ok tmpfs t
  local n
  n=$(jq '.mounts | length' "$BUNDLE/config.json")
  bind_on /dest /no/such/source bind
  fails_at "\$.mounts[$n].source" /no/such/source /dest "No such file"
  edit '.mounts |= .[:-1]'
  mount_on /dest nosuchfs x
  fails_at "\$.mounts[$n]" nosuchfs /dest
  edit '.mounts |= .[:-1]'
  mount_on /dest tmpfs t ro nosuchoption=1
  fails_at "\$.mounts[$n].options[1]" /dest nosuchoption
  hinted "tmpfs has such an option"
  edit '.mounts |= .[:-1]'
  mount_on /dest tmpfs t size=banana
  fails_at "\$.mounts[$n].options[0]" /dest size
  edit '.mounts |= .[:-1]'
  mount_on /dest tmpfs t mode=700 noexce
  fails_at "\$.mounts[$n].options[1]" /dest noexce
  hinted "did you mean 'noexec'?"
  edit '.mounts |= .[:-1]'
  mount_on /dest tmpfs t mode=700,nosuid
  fails_at "\$.mounts[$n].options[0]" /dest nosuid
  hinted "a string of its own"
  edit '.mounts |= .[:-1]'
  mount_on /dest overlay o lowerdir=/no/such/layer
  fails_at "\$.mounts[$n]" overlay /dest "No such file"
  hinted "must exist on the host"
  edit '.mounts |= .[:-1]'
  mount_on /etc "" "" remount ro
  fails_at "\$.mounts[$n]" /etc "nothing is mounted there"
  hinted "needs a bind of its own"
  edit '.mounts |= .[:-1]'
  local type
  for type in tmpfs mqueue cgroup; do
    mount_on /etc/passwd "$type" t
    fails_at "\$.mounts[$n]" "mount $type on '/etc/passwd'" "the destination is a file"
    hinted "on a directory alone"
    edit '.mounts |= .[:-1]'
  done
  ln -s dev "$BUNDLE/rootfs/link"
  mount_on /link tmpfs t dest-nofollow
  fails_at "\$.mounts[$n]" "mount tmpfs on '/link'" "the destination is a link"
  hinted "without dest-nofollow"
  edit '.mounts |= .[:-1]'
  mount_on /etc/passwd/below tmpfs t
  fails_at "\$.mounts[$n]" /etc/passwd/below "Not a directory"
  edit '.mounts |= .[:-1]'
  touch "$TEST_DIR/file"
  bind_on /tmp "$TEST_DIR/file" bind
  fails_at "\$.mounts[$n]" /tmp file directory
  hinted "as in '/tmp/file'"
  edit '.mounts |= .[:-1]'
  bind_on /etc/passwd "$TEST_DIR" bind
  fails_at "\$.mounts[$n]" /etc/passwd directory
  hinted "by a file alone"
  edit '.mounts |= .[:-1]'
  ln -s loop "$BUNDLE/rootfs/loop"
  mount_on /loop/x tmpfs t
  fails_at "\$.mounts[$n]" /loop/x
  edit '.mounts |= .[:-1]'
  edit '.mounts += [{destination: "/i", source: "/proc", options: ["bind", "idmap"],
    uidMappings: [{containerID: 0, hostID: 7, size: 1}], gidMappings: [{containerID: 0, hostID: 8, size: 1}]}]'
  fails_at "\$.mounts[$n]" /i /proc
}
