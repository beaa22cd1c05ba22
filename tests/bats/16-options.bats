#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: global options and those of each command in all their forms, --help, what is refused; list, ps, spec, features.

load helpers

COMMANDS="create start run exec state list ps kill delete pause resume spec features"

# Calls the function $1 with each way to write option $2 with value $3.
each_form() {
  "$1" "--$2" "$3"
  "$1" "--$2=$3"
  "$1" "-$2" "$3"
  "$1" "-$2=$3"
}

# The same for a flag.
each_flag() {
  "$1" "--$2"
  "$1" "--$2=true"
  "$1" "-$2"
  "$1" "-$2=1"
  "$1" "--$2=false"
}

ok() {
  run --separate-stderr "$@" < /dev/null
  [ "$status" = 0 ] && [ -z "$stderr" ] || { echo "status $status: $* : $stderr" >&2; return 1; }
}

# Status, words on stderr, nothing on stdout.
refused() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr "$KETCH" --root "$ROOT" "$@" < /dev/null
  [ "$status" = "$want" ] || { echo "status $status, not $want: $* : $output $stderr" >&2; return 1; }
  [[ $stderr == *"$words"* ]] || { echo "no '$words' in: $stderr" >&2; return 1; }
  [ -z "$output" ] && [ "${#stderr_lines[@]}" = 1 ]
}

# ---- global options ----

g() {
  ok "$KETCH" --root "$ROOT" "$@" list -q
}

@test "options: global ones in each form" {
  each_form g log "$TEST_DIR/log"
  each_form g log-format text
  each_form g log-format json
  local v
  for v in error warning warn info debug; do each_form g log-level $v; done
  for v in cgroupfs systemd disabled; do each_form g cgroup-manager $v; done
  for v in true false auto; do each_form g rootless $v; done
  each_form g criu /usr/sbin/criu
  each_flag g debug
  each_flag g systemd-cgroup
}

@test "options: --root in each form" {
  # Not by run: the container would keep our pipe open.
  root_is() {
    "$KETCH" "$@" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
    ok "$KETCH" --root "$TEST_DIR/other" delete "$CT"
  }
  each_form root_is root "$TEST_DIR/other"
  cd "$TEST_DIR"
  each_form root_is root other
  each_form root_is root ./other//
  refused 1 "can't be the state directory" --root / list
  refused 1 "can't be the state directory" --root /// list
}

@test "options: directories of others in the state directory are no containers" {
  mkdir -p "$ROOT/precious/dir" "$ROOT/empty"
  touch "$ROOT/precious/file"
  ln -s precious "$ROOT/link"
  [ "$(ketch list -q)" = empty ]
  refused 1 "does not exist" state precious
  refused 1 "does not exist" delete precious
  refused 1 "does not exist" state link
  ok "$KETCH" --root "$ROOT" delete --force precious
  ok "$KETCH" --root "$ROOT" delete --force link
  [ -e "$ROOT/precious/file" ]
  refused 1 "already exists" create -b "$BUNDLE" precious
  [ -e "$ROOT/precious/file" ]
  rm -r "$ROOT/precious" "$ROOT/link"
  ketch delete --force empty
}

@test "options: the default state directory" {
  # /run of our own.
  run unshare -m sh -e -c 'mount -t tmpfs tmpfs /run; cd "$1"
    XDG_RUNTIME_DIR= "$0" create "$2" < /dev/null > out 2>&1; ls /run/ketch; XDG_RUNTIME_DIR= "$0" delete "$2"; ls -A /run/ketch' "$KETCH" "$BUNDLE" "$CT"
  assert_status 0
  [ "$output" = "$CT" ]
  cp "$KETCH" "$TEST_DIR/ketch"
  chmod 755 "$TEST_DIR" "$TEST_DIR/ketch"
  mkdir -p "$TEST_DIR/xdg/ketch/c1"
  chown -R 1000 "$TEST_DIR/xdg"
  run setpriv --reuid 1000 --clear-groups env XDG_RUNTIME_DIR="$TEST_DIR/xdg" "$TEST_DIR/ketch" list -q
  assert_status 0
  [ "$output" = c1 ]
}

@test "options: a state directory below XDG_RUNTIME_DIR has the sticky bit, so that nobody cleans it away" {
  local xdg=$TEST_DIR/xdg dir
  for dir in "$xdg/a/b" "$xdg-not/a"; do
    XDG_RUNTIME_DIR=$xdg/ "$KETCH" --root "$dir" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1
    "$KETCH" --root "$dir" delete "$CT"
  done
  [ "$(stat -c %a "$xdg/a/b" "$xdg-not/a" | xargs)" = "1700 700" ]
  # of an ordinary user, who has no cgroups here
  public_ketch
  chmod -R a+rX "$BUNDLE"
  chown 1000 "$xdg"
  run setpriv --reuid 1000 --clear-groups env XDG_RUNTIME_DIR="$xdg" "$TEST_DIR/ketch" create -b "$BUNDLE" "$CT" < /dev/null
  [ "$(stat -c %a "$xdg/ketch")" = 1700 ]
  run setpriv --reuid 1000 --clear-groups env XDG_RUNTIME_DIR="$xdg" "$TEST_DIR/ketch" delete --force "$CT"
}

@test "options: the default state directory without XDG_RUNTIME_DIR, of a user and of the root he is in a user namespace" {
  public_ketch
  local u="setpriv --reuid 1000 --clear-groups" v
  # shellcheck disable=SC2016 # a shell of its own
  for v in "-u XDG_RUNTIME_DIR" XDG_RUNTIME_DIR= XDG_RUNTIME_DIR=tmp "-u HOME XDG_RUNTIME_DIR="; do
    run unshare -m sh -e -c 'mount -t tmpfs tmpfs /run; mkdir -p /run/ketch/root /run/user/1000/ketch/c1; chmod 700 /run/ketch
      chown -R 1000 /run/user/1000
      '"env $v $u $TEST_DIR/ketch list -q; env $v $u unshare -Ur $TEST_DIR/ketch list -q; env $v $TEST_DIR/ketch list -q
      "'mount -t tmpfs -o mode=755 tmpfs /run; env -u XDG_RUNTIME_DIR '"$u"' unshare -Urm sh -e -c "mount -t tmpfs tmpfs /run; mkdir -p /run/ketch/own
      $0/ketch list -q"' "$TEST_DIR"
    assert_status 0
    [ "${lines[*]}" = "c1 c1 root own" ]
  done
}

@test "options: --version" {
  local o
  for o in --version -v -version; do
    ok "$KETCH" $o
    [[ ${lines[0]} =~ ^"ketch version "[0-9] ]]
    [[ $output =~ $'\ncommit: '[^[:space:]]+$'\n' ]]
    [[ $output == *$'\nspec: 1.3.0'* ]]
  done
}

@test "options: no environment is needed" {
  start_one
  ok env -i "$KETCH" --root "$ROOT" state "$CT"
  ok env -i "$KETCH" --root "$ROOT" pause "$CT"
  ok env -i "$KETCH" --root "$ROOT" resume "$CT"
  ok env -i "$KETCH" --root "$ROOT" exec "$CT" true
  ok env -i "$KETCH" --root "$ROOT" ps "$CT"
  ok env -i "$KETCH" --root "$ROOT" kill "$CT" 9
  ok env -i "$KETCH" --root "$ROOT" delete --force "$CT"
  ok env -i XDG_RUNTIME_DIR= "$KETCH" --root "$ROOT" list
}

# ---- help, and what is refused ----

@test "options: without a command there is an error that names the help" {
  run --separate-stderr "$KETCH" --log "$TEST_DIR/log" --log-format json
  assert_status 1
  [ -z "$output" ]
  [ "$stderr" = 'ketch: no command is given; hint: `ketch --help` lists them' ]
  [ "ketch: $(jq -r .msg "$TEST_DIR/log")" = "$stderr" ]
}

@test "options: help of ketch and of each command" {
  local c o
  for o in --help -h help -help --usage; do
    ok "$KETCH" $o
    for c in $COMMANDS; do [[ $output == *"
  $c "* ]]; done
    for o in --root --log --log-format --log-level --debug --systemd-cgroup --cgroup-manager --rootless; do assert_output "$o"; done
  done
  for c in $COMMANDS; do
    for o in "$c --help" "$c -h" "help $c"; do
      # shellcheck disable=SC2086
      ok "$KETCH" $o
      [[ ${lines[0]} == "usage: ketch $c"* ]]
    done
  done
}

# The options that the help of a command tells.
help_has() {
  local c=$1 o
  shift
  ok "$KETCH" "$c" --help
  for o; do
    grep -qE -- "^ .*$o( |$)" <<< "$output" || { echo "no $o in the help of $c" >&2; return 1; }
  done
}

@test "options: the help of each command has the options of runc and crun" {
  local launch="--bundle --config --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --no-subreaper"
  # shellcheck disable=SC2086
  help_has create $launch
  # shellcheck disable=SC2086
  help_has run $launch --detach --keep
  help_has exec --console-socket --pidfd-socket --cwd --env --tty --user --additional-gids --process --detach --pid-file --process-label --apparmor \
    --no-new-privs --cap --preserve-fds --cgroup --ignore-paused
  help_has delete --force --regex
  help_has kill --all --regex
  help_has list --format --quiet
  help_has ps --format
  help_has spec --bundle --file --rootless
}

@test "options: unknown ones are refused by each command, with a hint" {
  local c want
  refused 1 "unknown option '--nope'" --nope list
  refused 1 "unknown option '-x'" -x list
  refused 1 "unknown command 'nope'" nope
  refused 1 "unknown command 'nope'" help nope
  for c in $COMMANDS; do
    want=1
    [ "$c" != exec ] || want=255
    refused $want "unknown option '--nope'" "$c" --nope "$CT"
    refused $want "unknown option '--nope=1'" "$c" --nope=1 "$CT"
    refused $want "unknown option '-Z'" "$c" -Z "$CT"
  done
  run script -qec "$KETCH --root $ROOT state --nope x" /dev/null < /dev/null
  assert_output 'hint `ketch state --help` lists the options'
  run script -qec "$KETCH --root $ROOT run --budnle x" /dev/null < /dev/null
  assert_output 'hint did you mean --bundle?'
  run script -qec "$KETCH run --root=$ROOT x" /dev/null < /dev/null
  assert_output "hint --root is for all commands: it stands before 'run'"
  run script -qec "$KETCH --roto x list" /dev/null < /dev/null
  assert_output 'hint did you mean --root?'
  run script -qec "$KETCH creat" /dev/null < /dev/null
  assert_output "hint did you mean 'create'?"
  run script -qec "$KETCH --root $ROOT xyzzyx" /dev/null < /dev/null
  assert_output 'hint `ketch --help` lists the commands'
}

@test "options: values that are missing or none" {
  refused 1 "flag needs an argument" list --format
  refused 1 "flag needs an argument" --root
  refused 1 "unknown value 'xml'" list --format xml
  refused 1 "unknown value" --log-format xml list
  refused 1 "unknown value" --log-level loud list
  refused 1 "unknown value" --cgroup-manager none list
  refused 1 "unknown value" --rootless maybe list
  refused 1 "not a whole number" create --preserve-fds x "$CT"
  refused 1 "not a whole number" create --preserve-fds -1 "$CT"
  refused 1 "too many" create --preserve-fds 4294967295 -b "$BUNDLE" "$CT"
  refused 1 "not true or false" delete --force=maybe "$CT"
}

@test "options: too few and too many arguments" {
  local c
  for c in create start run state kill delete pause resume ps; do refused 1 "missing argument" "$c"; done
  refused 255 "missing argument" exec
  for c in create start run state delete pause resume; do refused 1 "unexpected argument" "$c" a b; done
  refused 1 "unexpected argument" kill a 9 b
  refused 1 "unexpected argument" list a
  refused 1 "unexpected argument" spec a
  refused 1 "unexpected argument" features a
}

# ---- create and run ----

r() {
  ok "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$@" "$CT"
}

c() {
  detached create -b "$BUNDLE" "$@" "$CT"
  ketch delete "$CT"
}

@test "options: of run and create, in each form" {
  command_is true
  local o
  for o in r c; do
    each_form $o bundle "$BUNDLE"
    each_form $o config config.json
    each_form $o pid-file "$TEST_DIR/pid"
    each_form $o preserve-fds 0
    each_flag $o no-new-keyring
    each_flag $o no-subreaper
    each_flag $o no-pivot
    $o -b "$BUNDLE"
    $o -b="$BUNDLE"
    $o "-b$BUNDLE"
    $o -f config.json
  done
  c --detach
  c -d=true
}

@test "options: --config: another file of the bundle, or any" {
  command_is echo one
  cp "$BUNDLE/config.json" "$BUNDLE/other.json"
  mkdir "$BUNDLE/sub"
  cp "$BUNDLE/config.json" "$BUNDLE/sub/deep.json"
  cp "$BUNDLE/config.json" "$TEST_DIR/away.json"
  rm "$BUNDLE/config.json"
  local f
  for f in other.json sub/deep.json ../away.json "$TEST_DIR/away.json"; do
    r --config "$f"
    [ "$output" = one ]
  done
  refused 1 "No such file" run -b "$BUNDLE" "$CT"
  refused 1 "No such file" run -b "$BUNDLE" -f nope.json "$CT"
}

@test "options: run --detach and --keep, in each form" {
  command_is true
  d() {
    detached run -b "$BUNDLE" "$@" "$CT"
    wait_for 5 status_is "$CT" stopped
    ketch delete "$CT"
  }
  local o
  for o in --detach -d -detach --detach=true --keep -keep --keep=1; do d $o; done
  r --keep=false
  r --detach=false
  [ -z "$(ketch list -q)" ]
}

@test "options: before and after the id" {
  command_is true
  ok "$KETCH" --root "$ROOT" run "$CT" -b "$BUNDLE"
  create_one
  ok "$KETCH" --root "$ROOT" delete "$CT" --force
  create_one
  ok "$KETCH" --root "$ROOT" kill --all "$CT" KILL
  ok "$KETCH" --root "$ROOT" delete -- "$CT"
}

# ---- exec ----

@test "options: of exec, in each form" {
  start_one
  x() {
    ok "$KETCH" --root "$ROOT" exec "$@" "$CT" true
  }
  each_form x cwd /tmp
  each_form x env A=b
  each_form x user 1:2
  each_form x additional-gids 5
  each_form x cap CAP_CHOWN
  each_form x pid-file "$TEST_DIR/pid"
  each_form x preserve-fds 0
  each_form x cgroup /
  each_flag x no-new-privs
  each_flag x ignore-paused
  x --tty=false
  x --tty=no
  x -t=0
  x --detach=false
  x -eA=b
  x -u1
  x -g 5 -g 6
  x -c CAP_CHOWN -c CAP_KILL
  jq .process < "$BUNDLE/config.json" | jq '.args = ["true"]' > "$TEST_DIR/process"
  x() {
    ok "$KETCH" --root "$ROOT" exec "$@" "$CT"
  }
  each_form x process "$TEST_DIR/process"
  x -p "$TEST_DIR/process"
  x -p="$TEST_DIR/process"
}

# ---- delete and kill ----

@test "options: delete --force and kill --all in each form" {
  command_is sleep 1000
  d() {
    detached run -d -b "$BUNDLE" "$CT"
    ok "$KETCH" --root "$ROOT" delete "$@" "$CT"
  }
  d --force
  d -f
  d -force
  d --force=true
  k() {
    detached run -d -b "$BUNDLE" "$CT"
    ok "$KETCH" --root "$ROOT" kill "$@" "$CT" 9
    wait_for 5 status_is "$CT" stopped
    ketch delete "$CT"
  }
  k --all
  k -a
  k -all
  k --all=true
}

@test "options: delete --regex and kill --regex" {
  command_is sleep 1000
  local i
  for i in a1 a2 b1; do detached run -d -b "$BUNDLE" "$CT-$i"; done
  ok "$KETCH" --root "$ROOT" kill --regex "^$CT-a[0-9]\$" KILL
  wait_for 5 status_is "$CT-a1" stopped
  wait_for 5 status_is "$CT-a2" stopped
  status_is "$CT-b1" running
  ok "$KETCH" --root "$ROOT" delete -r "$CT-(a1|a2)"
  [ "$(ketch list -q)" = "$CT-b1" ]
  refused 1 "is running" delete --regex .
  refused 1 "Unmatched (" delete --regex '('
  ok "$KETCH" --root "$ROOT" delete --regex nothing-like-this
  ok "$KETCH" --root "$ROOT" delete --force --regex .
  [ -z "$(ketch list -q)" ]
}

# ---- list ----

@test "options: list of none" {
  ok "$KETCH" --root "$ROOT" list
  [ "${#lines[@]}" = 1 ]
  [ "$(echo $output)" = "ID PID STATUS BUNDLE CREATED OWNER" ]
  ok "$KETCH" --root "$ROOT" list -q
  [ -z "$output" ]
  ok "$KETCH" --root "$ROOT" list --format json
  [ "$(jq -c . <<< "$output")" = "[]" ]
  [ ! -e "$ROOT" ]
}

@test "options: list as table, as JSON and ids only" {
  command_is sleep 1000
  detached create -b "$BUNDLE" "$CT-b"
  detached run -d -b "$BUNDLE" "$CT-a"
  create_one -c
  ketch kill "$CT-c" KILL
  wait_for 5 status_is "$CT-c" stopped
  ok "$KETCH" --root "$ROOT" list
  [ "${#lines[@]}" = 4 ]
  [ "$(awk 'NR > 1 {print $1, $3, $4, $6}' <<< "$output" | paste -sd' ')" \
    = "$CT-a running $BUNDLE root $CT-b created $BUNDLE root $CT-c stopped $BUNDLE root" ]
  [ "$(awk 'NR == 2 {print $2}' <<< "$output")" = "$(pid_of "$CT-a")" ]
  l() {
    ok "$KETCH" --root "$ROOT" list "$@"
    jq -e --arg id "$CT" --arg b "$BUNDLE" 'map(.id) == [$id + "-a", $id + "-b", $id + "-c"] and map(.status) == ["running", "created", "stopped"]
      and all(.bundle == $b and .rootfs == $b + "/rootfs" and .ociVersion == "1.3.0" and .owner == "root" and (.created | length) == 30) and .[2].pid == 0 and .[0].pid > 0' <<< "$output"
  }
  each_form l format json
  l -f json
  l -f=json
  l -fjson
  q() {
    ok "$KETCH" --root "$ROOT" list "$@"
    [ "$output" = "$CT-a"$'\n'"$CT-b"$'\n'"$CT-c" ]
  }
  q -q
  q --quiet
  q -quiet
  q --quiet=true
  q -q --format json
}

# ---- ps ----

@test "options: ps as table and JSON" {
  command_is sh -c 'sleep 1001 & sleep 1002; true'
  detached run -d -b "$BUNDLE" "$CT"
  wait_for 5 eval '[ "$(ketch ps -f json "$CT" | jq length)" = 3 ]'
  local pids
  pids=$(ketch ps --format json "$CT" | jq -r '.[]' | sort -n | paste -sd' ')
  p() {
    ok "$KETCH" --root "$ROOT" ps "$@" "$CT"
    [ "$(jq -r '.[]' <<< "$output" | sort -n | paste -sd' ')" = "$pids" ]
  }
  each_form p format json
  p -f json
  p -fjson
  ok "$KETCH" --root "$ROOT" ps "$CT"
  [ "$(awk 'NR == 1 {print $2}' <<< "$output")" = PID ]
  [ "$(awk 'NR > 1 {print $2}' <<< "$output" | sort -n | paste -sd' ')" = "$pids" ]
  ok "$KETCH" --root "$ROOT" ps --format table "$CT" -o pid,args
  [ "$(awk 'NR > 1 {print $1}' <<< "$output" | sort -n | paste -sd' ')" = "$pids" ]
  assert_output "sleep 1001"
  ok "$KETCH" --root "$ROOT" ps "$CT" aux
  assert_output "sleep 1002"
  refused 1 "PID" ps "$CT" -o comm
  ketch kill "$CT" KILL
  wait_for 5 status_is "$CT" stopped
  ok "$KETCH" --root "$ROOT" ps "$CT"
  [ "${#lines[@]}" = 1 ]
  ok "$KETCH" --root "$ROOT" ps -f json "$CT"
  [ "$output" = "[]" ]
}

# ---- spec and features ----

@test "options: spec" {
  mkdir "$TEST_DIR/s"
  cd "$TEST_DIR/s"
  ok "$KETCH" spec
  [ -z "$output" ]
  jq -e '.ociVersion and .process.args and .root.path == "rootfs" and (.linux.namespaces | length) > 4' config.json
  refused 1 "exists" spec
  s() {
    rm -f "$TEST_DIR/s/config.json"
    ok "$KETCH" spec "$@"
    [ -s "$TEST_DIR/s/config.json" ]
  }
  each_form s bundle "$TEST_DIR/s"
  s -b "$TEST_DIR/s"
  cd /
  refused 1 "exists" spec -b "$TEST_DIR/s"
  f() {
    rm -f "$TEST_DIR/s/other.json"
    ok "$KETCH" spec -b "$TEST_DIR/s" "$@"
    jq -e .ociVersion "$TEST_DIR/s/other.json"
  }
  each_form f file other.json
  f -f other.json
  refused 1 "No such file" spec -b "$TEST_DIR/nope"
  mkdir "$TEST_DIR/full"
  mount -t tmpfs -o size=4k kt "$TEST_DIR/full"
  head -c 4096 /dev/zero > "$TEST_DIR/full/all"
  run "$KETCH" spec -b "$TEST_DIR/full"
  local left
  left=$(ls "$TEST_DIR/full")
  umount "$TEST_DIR/full"
  assert_status 1
  assert_output "No space left on device"
  [ "$left" = all ] # and no part that would be in the way of the next try
  s -b "$TEST_DIR/s" --rootless
  jq -e '(.linux.namespaces | map(.type) | index("user")) and .linux.uidMappings[0].hostID == 0 and (.linux.namespaces | map(.type) | index("network") | not)' \
    "$TEST_DIR/s/config.json"
  s -b "$TEST_DIR/s" -rootless=false
  jq -e '.linux.uidMappings == null' "$TEST_DIR/s/config.json"
}

@test "options: features" {
  ok "$KETCH" features
  jq -e '.ociVersionMin and .ociVersionMax and .linux.namespaces and .hooks and .mountOptions' <<< "$output"
  # No container, no state directory, no user of its own is needed.
  [ ! -e "$ROOT" ]
}

# ---- forms and words that other programs' users bring ----

@test "options: flags in a cluster, words of Go's booleans in any case" {
  start_one
  ok "$KETCH" --root "$ROOT" delete -fr "^$CT-no-such"
  refused 255 "--console-socket" exec -td "$CT" true
  refused 1 "unknown option '-fx'" delete -fx "$CT"
  local v
  for v in TRUE False t f 1 0 Yes no AUTO; do g --rootless "$v"; done
  for v in TRUE False t f T F; do g --debug="$v"; done
  refused 1 "not one of: table, json" list --format xml
}

@test "options: an empty --root and missing arguments are named, with the usage" {
  run --separate-stderr "$KETCH" --root= list
  [ "$status" = 1 ]
  [[ $stderr == *"--root: the directory is empty"* ]]
  refused 1 "missing argument (usage: ketch run [OPTIONS] ID)" run
  refused 1 "unexpected argument (usage: ketch start ID)" start a b
}

@test "options: exec --no-new-privs=false leaves it off, without the option it is as in the container" {
  start_one
  local v
  for v in "--no-new-privs=false 0" "--no-new-privs 1" "--no-new-privs=true 1" "--detach=false 1"; do
    run ketch exec "${v% *}" "$CT" sh -c 'grep NoNewPrivs /proc/self/status'
    [ "$output" = $'NoNewPrivs:\t'"${v#* }" ] || { echo "$v: $output"; return 1; }
  done
}

@test "options: the columns of list stand under their heads whatever the length of an id" {
  create_one "$(printf '%064d' 0)"
  create_one b
  run ketch list
  local head=${lines[0]%%PID*} line
  for line in "${lines[@]:1}"; do [[ ${line:${#head}:1} == [0-9] && ${line:${#head}-1:1} == " " ]]; done
  [ "${#lines[@]}" = 3 ]
}

@test "options: an error with a line names the file that it is of" {
  start_one
  echo '{"args": ["true"]}' > "$TEST_DIR/p.json"
  refused 255 "cwd is required ($TEST_DIR/p.json:1:1" exec -p "$TEST_DIR/p.json" "$CT"
  jq 'del(.ociVersion)' < "$BUNDLE/config.json" > "$BUNDLE/other.json"
  refused 1 "ociVersion is required (other.json:1:1" create -b "$BUNDLE" -f other.json "$CT-2"
}

@test "options: ps is found by the absolute directories of PATH, then in its usual place" {
  start_one
  cd "$TEST_DIR"
  mkdir bin-1 bin-2
  printf '#!/bin/sh\necho WHICH PID; echo "${HOME-none}" %s\n' "$PID" > bin-1/ps
  printf '#!/bin/sh\necho WHICH PID; echo second %s\n' "$PID" > bin-2/ps
  chmod 755 bin-1/ps bin-2/ps
  mkdir -p empty dir/ps
  ok env PATH="bin-2::.:$TEST_DIR/none:$TEST_DIR/empty:$TEST_DIR/dir:$TEST_DIR/bin-1:$TEST_DIR/bin-2" "$KETCH" --root "$ROOT" ps "$CT"
  [ "${lines[*]}" = "WHICH PID none $PID" ] || { echo "$output"; false; }
  local p
  for p in bin-2 "" -u; do
    if [ "$p" = -u ]; then ok env -u PATH "$KETCH" --root "$ROOT" ps "$CT"; else ok env PATH="$p" "$KETCH" --root "$ROOT" ps "$CT"; fi
    assert_output "sleep 1000"
  done
}

@test "options: ps tells that ps failed" {
  start_one
  fails 1 "ps ended with status 1: error: " ps "$CT" --no-such-option
}
