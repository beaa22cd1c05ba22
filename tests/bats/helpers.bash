# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by all bats files: a busybox bundle, a state root of the test's own, and the proof that nothing is left.
#
# Every container id of a test begins with "$CT" (unique per test), so that what is left over can be told from what others made.

bats_require_minimum_version 1.5.0 # `run --separate-stderr`

KETCH=${KETCH:-$BATS_TEST_DIRNAME/../../build/src/cli/ketch}
PROGRAMS=${KETCH%/src/cli/ketch}/tests # tests/bats/programs, built

setup_file() {
  [ -x "$KETCH" ] || { echo "no ketch at $KETCH" >&2; return 1; }
  [ "$(id -u)" = 0 ] || { echo "these tests need root" >&2; return 1; }
}

setup() {
  test_setup
}

teardown() {
  test_teardown
}

# What a file's own setup begins and its teardown ends with.
test_setup() {
  TEST_DIR=$(mktemp -d /tmp/ketch-test.XXXXXX)
  ROOT=$TEST_DIR/root
  BUNDLE=$TEST_DIR/bundle
  CT=kt$$-$BATS_TEST_NUMBER
  make_bundle "$BUNDLE"
}

delete_containers() {
  local id
  for id in $("$KETCH" --root "$ROOT" list -q 2>/dev/null); do
    "$KETCH" --root "$ROOT" delete --force "$id" || true
  done
}

# A teardown's own commands fail without effect: bats looks at its last one's status alone.
test_teardown() {
  local status=0
  [ -n "${TEST_DIR:-}" ] || return 0 # skipped before it was set up
  delete_containers
  # The test's own helpers end a moment after they were told to.
  wait_for 5 assert_clean 2> /dev/null || assert_clean || status=1
  rm -rf "$TEST_DIR"
  return $status
}

# A bundle with Debian's static busybox and `ketch spec`'s config, without the terminal. Made once a file, then copied.
make_bundle() {
  local template=$BATS_FILE_TMPDIR/bundle
  [ -e "$template" ] || make_template "$template"
  cp -a "$template" "$1"
}

make_template() {
  local BUNDLE=$1
  mkdir -p "$1"/rootfs/{bin,dev,proc,sys,tmp,etc,root,run}
  cp "${BUSYBOX:-/bin/busybox}" "$1/rootfs/bin/busybox"
  local applet
  for applet in sh ls cat echo true false sleep id ps mount stat env hostname readlink grep sed awk head tail wc kill ulimit touch mkdir rm \
    ln chmod chown dd tty stty ip cut sort test seq printf nproc uname pwd umask od tr dirname basename find mknod setsid; do
    ln -sf busybox "$1/rootfs/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' > "$1/rootfs/etc/passwd"
  echo 'root:x:0:' > "$1/rootfs/etc/group"
  "$KETCH" spec -b "$1"
  edit '.process.terminal = false'
}

# Changes the bundle's config.json with a jq expression.
edit() {
  # By stdin: after --args a file name would be one more argument.
  jq "$@" < "$BUNDLE/config.json" > "$BUNDLE/config.json.new" && mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# The command of the bundle, each word an argument.
command_is() {
  edit '.process.args = $ARGS.positional' --args -- "$@"
}

ketch() {
  "$KETCH" --root "$ROOT" "$@"
}

# A copy at $TEST_DIR/ketch, for ordinary users: the tree may lie under a directory of root's own.
public_ketch() {
  chmod 755 "$TEST_DIR"
  cp "$KETCH" "$TEST_DIR/ketch"
}

# as_nobody ARGUMENTS…: ketch without any privilege
as_nobody() {
  [ -e "$TEST_DIR/ketch" ] || public_ketch
  setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_RUNTIME_DIR "$TEST_DIR/ketch" "$@"
}

# For `bg … &`: $! is ketch itself, and bats does not wait for what it leaves.
bg() {
  exec "$KETCH" --root "$ROOT" "$@" < /dev/null > "${OUT:-$TEST_DIR/out}" 2>&1 3>&-
}

# Runs the bundle in the foreground as "$CT".
run_bundle() {
  run ketch run -b "$BUNDLE" "$@" "$CT" < /dev/null
}

# `create` or `run --detach`: the container keeps our standard output open, so it goes to a file.
detached() {
  ketch "$@" < /dev/null > "$TEST_DIR/out" 2>&1 || {
    local status=$?
    cat "$TEST_DIR/out" >&2
    return $status
  }
}

# A created container "$CT", or "$CT$1".
create_one() {
  detached create -b "$BUNDLE" "$CT$1"
}

# A running container "$CT", or "$CT$1", of a program that stays. Sets PID.
start_one() {
  command_is sleep 1000
  detached run --detach -b "$BUNDLE" "$CT$1"
  PID=$(pid_of "$CT$1")
}

pid_of() {
  ketch state "$1" | jq .pid
}

# Gone or a zombie; it may become either while it is looked at.
is_dead() {
  local state
  [ -n "$1" ] || return 1
  state=$(awk '/^State/ {print $2}' "/proc/$1/status" 2> /dev/null) || true
  [ -z "$state" ] || [ "$state" = Z ] || [ "$state" = X ]
}

# Nothing of this test's containers is left: no process, cgroup, mount or state.
assert_clean() {
  local left=0 what
  # Others' cgroups may go while find walks: then it fails.
  what=$(find /sys/fs/cgroup -maxdepth 6 -type d -name "*$CT*" 2>/dev/null || true)
  [ -z "$what" ] || { echo "cgroups left: $what" >&2; left=1; }
  # The pattern comes from a file: on the command line grep would find itself.
  what=$(grep -lsFf <(echo "$TEST_DIR") /proc/[0-9]*/cmdline | grep -v "/proc/$$/" || true)
  [ -z "$what" ] || { echo "processes left: $(for p in $what; do tr '\0' ' ' < "$p"; echo; done)" >&2; left=1; }
  what=$(grep -F "$TEST_DIR" /proc/self/mountinfo || true)
  [ -z "$what" ] || { echo "mounts left: $what" >&2; left=1; }
  what=$(find "$ROOT" -mindepth 1 -maxdepth 1 ! -name .cache 2>/dev/null || true)
  [ -z "$what" ] || { echo "state left: $what" >&2; left=1; }
  [ "$left" = 0 ]
}

# fails STATUS WORDS COMMAND…: one line on stderr with WORDS, nothing on stdout.
fails() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr ketch "$@" < /dev/null
  [ "$status" = "$want" ] || { echo "status $status, not $want: $* : $output $stderr" >&2; return 1; }
  [ -z "$output" ] || { echo "on stdout: $output" >&2; return 1; }
  [[ $stderr == *"$words"* ]] || { echo "no '$words' in: $stderr" >&2; return 1; }
  [ "${#stderr_lines[@]}" = 1 ] || { echo "not one line: $stderr" >&2; return 1; }
  [[ $stderr == "ketch: "* ]]
}

assert_status() {
  [ "$status" = "$1" ] || { echo "status is $status, not $1; output: $output" >&2; return 1; }
}

assert_output() {
  [[ $output == *"$1"* ]] || { echo "no '$1' in: $output" >&2; return 1; }
}

refute_output() {
  [[ $output != *"$1"* ]] || { echo "unexpected '$1' in: $output" >&2; return 1; }
}

# For `! COMMAND`, which fails no test of bats unless it is the last word.
refute() {
  if "$@"; then
    echo "succeeded: $*" >&2
    return 1
  fi
}

# jq 1.6 ends -e with 0 where it is given nothing at all: a command before it that failed would pass.
jq() {
  local out
  case ${1:-} in
    --*) command jq "$@" ;;
    -*e*)
      out=$(command jq "$@") || { local status=$?; echo "$out"; return "$status"; }
      [ -n "$out" ] || return 4
      echo "$out"
      ;;
    *) command jq "$@" ;;
  esac
}

# wait_for SECONDS COMMAND…: until it succeeds. Where all is slow (KETCH_TEST_SLOW times) it waits longer, up to two minutes.
wait_for() {
  local slow=$(($1 * ${KETCH_TEST_SLOW:-1}))
  # SECONDS may be about to change: one more.
  local end=$((SECONDS + 1 + (slow < 120 ? slow : $1 < 120 ? 120 : $1)))
  shift
  until "$@"; do
    [ $SECONDS -lt "$end" ] || return 1
    sleep 0.05
  done
}

container_status() {
  ketch state "$1" | jq -r .status
}

status_is() {
  [ "$(container_status "$1")" = "$2" ]
}

# each_of N COMMAND…: N containers at once, % in its words is the id's number.
each_of() {
  local i n=$1 pids=()
  shift
  for i in $(seq "$n"); do
    ketch "${@//%/$i}" < /dev/null > "$TEST_DIR/log$i" 2>&1 3>&- &
    pids+=($!)
  done
  for i in $(seq "$n"); do
    wait "${pids[i - 1]}" || { echo "${*//%/$i}: $(cat "$TEST_DIR/log$i")" >&2; return 1; }
  done
}

list_has() { # list_has N STATUS
  [ "$(ketch list -f json | jq --arg s "$2" 'map(select(.status == $s)) | length')" = "$1" ]
}

# at_once OPTIONS…: PARALLEL containers by ketch OPTIONS live at the same time, and each of their commands runs for all at the same time.
at_once() {
  local n=${PARALLEL:-20}
  command_is sleep 1000
  each_of "$n" "$@" create -b "$BUNDLE" "$CT-%"
  list_has "$n" created
  each_of "$n" start "$CT-%"
  list_has "$n" running
  each_of "$n" kill "$CT-%" KILL
  wait_for 100 list_has "$n" stopped
  each_of "$n" delete "$CT-%"
  assert_clean
}
