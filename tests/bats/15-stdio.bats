#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a process gets from the caller and what not: terminals, --console-socket, --pidfd-socket, --pid-file, descriptors, signals.

load helpers

teardown() {
  delete_containers
  [ -z "$BG" ] || kill -KILL "$BG" 2> /dev/null || true
  wait
  umount --lazy "$TEST_DIR/dev/pts" 2> /dev/null || true
  test_teardown
}

with_terminal() {
  edit '.process.terminal = true'
}

# An engine behind $SOCK; what it got is in $TEST_DIR/tty.json, what the terminal said in $TEST_DIR/tty.
receiver() {
  SOCK=${1:-$TEST_DIR/console.sock}
  rm -f "$TEST_DIR"/tty* "$SOCK"
  mkfifo "$TEST_DIR/tty.in"
  python3 "$BATS_TEST_DIRNAME/pty.py" receive "$SOCK" "$TEST_DIR/tty" > "$TEST_DIR/receiver" 2>&1 3>&- < /dev/null &
  wait_for 10 test -e "$TEST_DIR/tty.ready"
}

received() {
  wait_for 10 test -e "$TEST_DIR/tty.json" || { cat "$TEST_DIR/receiver" >&2; return 1; }
  jq -e "$@" "$TEST_DIR/tty.json" || { cat "$TEST_DIR/tty.json" >&2; return 1; }
}

# pty STEP… -- KETCH ARGUMENTS: on a terminal.
pty() {
  local steps=()
  while [ "$1" != -- ]; do
    steps+=("$1")
    shift
  done
  shift
  run timeout 60 python3 "$BATS_TEST_DIRNAME/pty.py" run "${steps[@]}" -- "$KETCH" --root "$ROOT" "$@"
}

refused() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr ketch "$@" < /dev/null
  [ "$status" = "$want" ] || { echo "status $status, not $want: $* : $output $stderr" >&2; return 1; }
  [[ $stderr == *"$words"* ]] || { echo "no '$words' in: $stderr" >&2; return 1; }
  [ -z "$output" ]
}

# ---- --console-socket ----

@test "stdio: the console socket gets one message, one descriptor and the terminal's name" {
  with_terminal
  command_is sh -c 'tty; echo "hello $(stty size)"; read line; echo "got $line"'
  receiver
  detached create -b "$BUNDLE" --console-socket "$SOCK" "$CT"
  received '.fds == 1 and .messages == 1 and .lengths == [4] and .more == 0 and .tty and .flags == 0 and (.text | startswith("/dev/p"))'
  [ ! -s "$TEST_DIR/out" ]
  ketch start "$CT"
  wait_for 5 grep -q hello "$TEST_DIR/tty"
  echo input > "$TEST_DIR/tty.in"
  wait_for 5 grep -q "got input" "$TEST_DIR/tty"
  head -n 1 "$TEST_DIR/tty" | grep -q /dev/
}

@test "stdio: run --detach and exec --detach with a console socket" {
  with_terminal
  command_is sh -c 'echo hello; exec sleep 1000'
  receiver
  detached run -d -b "$BUNDLE" --console-socket="$SOCK" "$CT"
  received '.fds == 1 and .tty'
  wait_for 5 grep -q hello "$TEST_DIR/tty"
  receiver "$TEST_DIR/second.sock"
  detached exec -d -t --console-socket "$SOCK" --pid-file "$TEST_DIR/pid" "$CT" sh -c 'tty; echo world; exec sleep 1000'
  received '.fds == 1 and .tty'
  wait_for 5 grep -q world "$TEST_DIR/tty"
  grep -q /dev/pts/ "$TEST_DIR/tty"
  receiver "$TEST_DIR/third.sock"
  jq '.process | .args = ["sh", "-c", "stty size"] | .terminal = true | .consoleSize = {height: 33, width: 99}' < "$BUNDLE/config.json" > "$TEST_DIR/process"
  detached exec -d --process "$TEST_DIR/process" --console-socket "$SOCK" "$CT"
  wait_for 5 grep -q "33 99" "$TEST_DIR/tty"
}

# As with -v /dev:/dev of an ordinary user's Podman: the host's pts/ptmx is nobody's, the node beside it is for all.
@test "stdio: a devpts that is bound in with /dev is opened by the node beside it" {
  local dev=$TEST_DIR/dev
  chmod 755 "$TEST_DIR"
  chown -R 100000:100000 "$BUNDLE/rootfs"
  mkdir -p "$dev/pts"
  mknod -m 666 "$dev/ptmx" c 5 2
  mknod -m 666 "$dev/null" c 1 3
  touch "$dev/console"
  mount -t devpts -o newinstance,ptmxmode=000 devpts "$dev/pts"
  with_terminal
  edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings
    | .mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", source: $d, options: ["rbind"]}]' --arg d "$dev"
  command_is tty
  receiver
  detached run -d -b "$BUNDLE" --console-socket "$SOCK" "$CT"
  wait_for 5 grep -q /dev/pts/0 "$TEST_DIR/tty"
  ketch delete --force "$CT"
  # nothing else that has the name
  rm "$dev/ptmx"
  mknod -m 666 "$dev/ptmx" c 1 3
  refused 1 "open '/dev/pts/ptmx': Permission denied" run -d -b "$BUNDLE" --console-socket "$SOCK" "$CT"
}

@test "stdio: consoleSize is the size of the terminal" {
  with_terminal
  edit '.process.consoleSize = {height: 41, width: 101}'
  command_is stty size
  receiver
  detached run -d -b "$BUNDLE" --console-socket "$SOCK" "$CT"
  received '.size == [41, 101]'
  wait_for 5 grep -q "41 101" "$TEST_DIR/tty"
}

@test "stdio: consoleSize without a terminal is ignored" {
  edit '.process.consoleSize = {height: 41, width: 101}'
  command_is echo hello
  run_bundle
  assert_status 0
}

@test "stdio: a terminal needs a console socket when nobody stays, and takes none when somebody does" {
  with_terminal
  refused 1 --console-socket create -b "$BUNDLE" "$CT"
  refused 1 --console-socket run -d -b "$BUNDLE" "$CT"
  refused 1 --console-socket run --console-socket "$TEST_DIR/s" -b "$BUNDLE" "$CT"
  edit '.process.terminal = false'
  refused 1 --console-socket create --console-socket "$TEST_DIR/s" -b "$BUNDLE" "$CT"
  refused 1 --console-socket run -d --console-socket "$TEST_DIR/s" -b "$BUNDLE" "$CT"
  start_one
  refused 255 --console-socket exec -d -t "$CT" true
  refused 255 --console-socket exec -d --console-socket "$TEST_DIR/s" "$CT" true
  refused 255 --console-socket exec -t --console-socket "$TEST_DIR/s" "$CT" true
}

@test "stdio: a console socket that nobody listens to" {
  with_terminal
  refused 1 "No such file or directory" create -b "$BUNDLE" --console-socket "$TEST_DIR/nope" "$CT"
  touch "$TEST_DIR/file"
  refused 1 "Connection refused" create -b "$BUNDLE" --console-socket "$TEST_DIR/file" "$CT"
  [ -z "$(ketch list -q)" ]
}

# The errno of a step must not be taken for the end of the container's process. connect(2) of ketch alone: -f is not given.
@test "stdio: a console socket that breaks is told as that" {
  command -v strace > /dev/null || skip "no strace here: runs in tests/vm, boot stdio"
  with_terminal
  run strace -qq -o /dev/null -e trace=connect -e inject=connect:error=EPIPE \
    "$KETCH" --root "$ROOT" create -b "$BUNDLE" --console-socket "$TEST_DIR/s" "$CT" < /dev/null
  assert_status 1
  assert_output "console.pass: send the terminal to the console socket '$TEST_DIR/s': Broken pipe"
  [ -z "$(ketch list -q)" ]
}

@test "stdio: a receiver that listens and accepts nobody holds nobody up for ever" {
  python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)
waiting = []
for _ in range(3):
    c = socket.socket(socket.AF_UNIX); c.setblocking(False)
    try: c.connect(sys.argv[1]); waiting.append(c)
    except BlockingIOError: break
print("full", flush=True); time.sleep(60)' "$TEST_DIR/full.sock" > "$TEST_DIR/said" 3>&- &
  local p=$!
  wait_for 20 grep -q full "$TEST_DIR/said"
  edit '.process.terminal = true'
  command_is sleep 1000
  refused 1 "send the terminal to the console socket '$TEST_DIR/full.sock': Connection timed out" \
    create -b "$BUNDLE" --console-socket "$TEST_DIR/full.sock" "$CT"
  kill "$p"
  [ -z "$(ketch list -q)" ]
}

@test "stdio: a console socket by a relative path and by a path longer than a socket address" {
  with_terminal
  command_is sh -c 'echo hello'
  local long
  long=$TEST_DIR/$(printf 'd%.0s' $(seq 120))
  mkdir "$long"
  (cd "$long" && python3 "$BATS_TEST_DIRNAME/pty.py" receive s "$TEST_DIR/tty") > "$TEST_DIR/receiver" 2>&1 3>&- < /dev/null &
  wait_for 10 test -e "$TEST_DIR/tty.ready"
  detached run -d -b "$BUNDLE" --console-socket "$long/s" "$CT"
  received .tty
  rm "$TEST_DIR"/tty*
  (cd "$TEST_DIR" && python3 "$BATS_TEST_DIRNAME/pty.py" receive s "$TEST_DIR/tty") > "$TEST_DIR/receiver" 2>&1 3>&- < /dev/null &
  wait_for 10 test -e "$TEST_DIR/tty.ready"
  (cd "$TEST_DIR" && detached run -d -b bundle --console-socket s "$CT-b")
  received .tty
}

# ---- a terminal in the foreground ----

@test "stdio: run on a terminal: the container has one of its own, of our size, and its exit status is ours" {
  with_terminal
  command_is sh -c 'tty; stty size; test -t 0 -a -t 1 -a -t 2 && echo all three; exit 42'
  pty size:31x91 -- run -b "$BUNDLE" "$CT"
  assert_status 42
  assert_output "31 91"
  assert_output "all three"
  [ -z "$(ketch list -q)" ]
}

@test "stdio: input, resize and Ctrl-C reach the program; our terminal is raw meanwhile" {
  with_terminal
  command_is sh -c 'trap "echo interrupted; exit 5" INT; stty size; echo ready; read a; echo "got $a"; trap "echo resized to \$(stty size)" WINCH; echo trapped
    while :; do sleep 0.05; done'
  pty size:24x80 'expect:24 80' expect:ready raw 'send:input\n' 'expect:trapped' size:50x132 'expect:resized to 50 132' 'send:\x03' expect:interrupted -- run -b "$BUNDLE" "$CT"
  assert_status 5
}

@test "stdio: Ctrl-D ends the input" {
  with_terminal
  command_is sh -c 'echo ready; cat; echo end'
  pty expect:ready raw 'send:abc\n' expect:abc 'send:\x04' expect:end -- run -b "$BUNDLE" "$CT"
  assert_status 0
}

@test "stdio: exec on a terminal" {
  start_one
  pty size:33x99 expect:ready raw 'send:x\n' 'expect:got x' -- exec -t "$CT" sh -c 'tty; stty size; echo ready; read a; echo "got $a"; exit 7'
  assert_status 7
  assert_output "/dev/pts/"
  assert_output "33 99"
}

@test "stdio: the end of much output is not lost" {
  with_terminal
  command_is sh -c 'seq 1 30000'
  pty -- run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "${#lines[@]}" = 30000 ]
  [ "${lines[29999]}" = 30000 ]
}

@test "stdio: a terminal is restored when the program is killed and when run is" {
  with_terminal
  command_is sh -c 'echo ready; while :; do sleep 0.05; done'
  pty expect:ready raw signal:TERM signal:HUP -- run --pid-file "$TEST_DIR/pid" -b "$BUNDLE" "$CT" &
  local p=$!
  wait_for 10 test -s "$TEST_DIR/pid"
  sleep 0.3
  ketch kill "$CT" KILL
  wait "$p"
  command_is sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
  pty expect:ready raw signal:TERM -- run -b "$BUNDLE" "$CT"
  assert_status 3
}

@test "stdio: a terminal without one of ours: input and output by pipes" {
  with_terminal
  command_is sh -c 'read a; echo "got $a"'
  run bash -c "echo x | '$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' | cat"
  assert_status 0
  assert_output "got x"
}

# Without a reader the terminal's queue fills up, and the program would wait for ever.
@test "stdio: the container's terminal is hung up when the reader of our output goes" {
  with_terminal
  command_is cat /dev/zero
  run timeout -s KILL 20 bash -c "'$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' < /dev/null | head -c 5 | wc -c; exit \${PIPESTATUS[0]}"
  assert_status 1
  assert_output 5
  command_is sh -c 'trap "" HUP; echo ready; read x; exit 5'
  pty expect:ready raw close -- run -b "$BUNDLE" "$CT"
  assert_status 5
}

# ketch's own SIGPIPE, which has a lower number than TERM and so would be passed on before it.
@test "stdio: the reader of our output goes: the program gets SIGHUP, and no SIGPIPE" {
  with_terminal
  edit '.root.readonly = false'
  command_is sh -c 'trap "> /pipe" PIPE; trap "> /hup" HUP; trap "exit 5" TERM; echo out; while :; do sleep 0.05; done'
  mkfifo "$TEST_DIR/fifo"
  exec 7<> "$TEST_DIR/fifo"
  bg_to_fifo run -b "$BUNDLE" "$CT"
  exec 7>&-
  wait_for 20 test -e "$BUNDLE/rootfs/hup"
  kill -TERM "$BG"
  ended "$BG" 5
  [ ! -e "$BUNDLE/rootfs/pipe" ]
}

# bg_to_fifo ARGUMENTS…: with a FIFO as output, which descriptor 7 holds open, and nobody reads. Sets BG.
bg_to_fifo() {
  "$KETCH" --root "$ROOT" "$@" < /dev/null > "$TEST_DIR/fifo" 2> "$TEST_DIR/err" 3>&- 7>&- &
  BG=$!
}

# Descriptor 7, a FIFO, takes no more.
is_full() {
  python3 -c 'import select, sys; p = select.poll(); p.register(7, select.POLLOUT); sys.exit(bool(p.poll(0)))'
}

# ended PID STATUS: our child ends, with that.
ended() {
  local status=0
  wait_for 20 is_gone "$1" || { kill -KILL "$1"; echo "does not end" >&2; }
  wait "$1" || status=$?
  assert_status "$2"
}

is_gone() {
  ! kill -0 "$1" 2> /dev/null
}

@test "stdio: a reader of our output that does not read does not hold signals up" {
  start_one
  mkfifo "$TEST_DIR/fifo"
  exec 7<> "$TEST_DIR/fifo"
  bg_to_fifo exec -t "$CT" cat /dev/zero
  wait_for 20 is_full
  kill -TERM "$BG"
  ended "$BG" 143
  pty full signal:TERM ended -- exec -t "$CT" cat /dev/zero
  assert_status 143
  exec 7>&- 7<> "$TEST_DIR/fifo"
  with_terminal
  command_is cat /dev/zero
  bg_to_fifo run -b "$BUNDLE" "$CT-2"
  wait_for 20 is_full
  ketch kill "$CT-2" KILL
  wait_for 20 status_is "$CT-2" stopped
  kill -TERM "$BG"
  ended "$BG" 137
  exec 7>&-
  [ "$(ketch list -q)" = "$CT" ]
}

@test "stdio: a reader that begins long after the program has ended gets all" {
  with_terminal
  command_is seq 2000
  mkfifo "$TEST_DIR/fifo"
  exec 7<> "$TEST_DIR/fifo"
  head -c 65536 /dev/zero >&7
  bg_to_fifo run -b "$BUNDLE" "$CT"
  wait_for 20 status_is "$CT" stopped
  sleep 1.5
  head -c 65536 <&7 > /dev/null
  [ "$(timeout 60 sed 2000q <&7 | tr -d '\r')" = "$(seq 2000)" ]
  ended "$BG" 0
  exec 7>&-
}

# Until somebody opens it again, which init systems do with their console.
@test "stdio: a terminal that nobody in the container has open for a while goes on both ways" {
  local away='exec < /dev/null > /dev/null 2>&1; sleep 0.3'
  with_terminal
  command_is sh -c "$away; echo by console > /dev/console; echo by tty > /dev/tty; read a < /dev/tty; echo got \$a > /dev/tty; exit 5"
  pty 'expect:by console' 'expect:by tty' raw 'send:typed\n' 'expect:got typed' -- run -b "$BUNDLE" "$CT"
  assert_status 5
  command_is sh -c "$away; seq 1 30000 > /dev/console"
  pty -- run -b "$BUNDLE" "$CT"
  assert_status 0
  [ "${#lines[@]}" = 30000 ]
  [ "${lines[29999]}" = 30000 ]
  edit '.process.terminal = false'
  start_one
  pty 'expect:by tty' raw 'send:typed\n' 'expect:got typed' -- \
    exec -t "$CT" sh -c "$away; echo by tty > /dev/tty; read a < /dev/tty; echo got \$a > /dev/tty; exit 7"
  assert_status 7
}

# shell STEP…: an interactive shell on a terminal. It runs what is sent; quotes in it keep its echo from being what is expected.
shell() {
  run timeout 60 env HISTFILE=/dev/null TERM=dumb LC_ALL=C python3 "$BATS_TEST_DIRNAME/pty.py" run "$@" -- /bin/bash --norc --noprofile -i
}

@test "stdio: run in the background of a shell gets the keyboard, and the window's size, when it is brought to the foreground" {
  with_terminal
  command_is sh -c 'echo ready; read a; echo "got $a $(stty size)"; read a; echo "got $a"; read a; echo "got $a"; exit 5'
  echo "'$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' & echo \$! > '$TEST_DIR/pid'" > "$TEST_DIR/script"
  shell size:24x80 "send:. $TEST_DIR/script\n" expect:ready cooked size:50x132 'send:echo still-"here"\n' expect:still-here cooked \
    'send:fg\n' raw 'send:typed\n' 'expect:got typed 50 132' \
    "signal:STOP:$TEST_DIR/pid" expect:Stopped cooked 'send:fg\n' raw 'send:again\n' 'expect:got again' \
    "signal:STOP:$TEST_DIR/pid" expect:Stopped cooked 'send:bg; echo in-"background"\n' expect:in-background \
    'send:fg\n' raw 'send:third\n' 'expect:got third' cooked 'send:exit\n'
  assert_status 5
}

@test "stdio: run in the background of a shell ends with the terminal" {
  with_terminal
  command_is sh -c 'trap "" HUP; echo ready; read x; exit 5'
  echo "'$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' &" > "$TEST_DIR/script"
  shell "send:. $TEST_DIR/script\n" expect:ready 'send:sleep 0.3; echo wa"ited"\n' 'send:echo t"yped"\n' expect:waited expect:typed close
  wait_for 20 nothing_listed
}

nothing_listed() {
  [ -z "$(ketch list -q)" ]
}

# As a getty does it, who opens the terminal anew.
@test "stdio: a terminal that was hung up in the container goes on when it is opened again" {
  with_terminal
  command_is sh -c 'trap "exec < /dev/null > /dev/null 2>&1; sleep 0.3; echo back > /dev/console; read a < /dev/console; echo got \$a > /dev/console; exit 5" HUP; > /dev/shm/ready
    while :; do sleep 0.05; done'
  hang_up_when_ready > "$TEST_DIR/hangup" 2>&1 3>&- &
  pty expect:back raw 'send:typed\n' 'expect:got typed' -- run --pid-file "$TEST_DIR/pid" -b "$BUNDLE" "$CT"
  assert_status 5
}

hang_up_when_ready() {
  wait_for 20 test -s "$TEST_DIR/pid"
  local root
  root=/proc/$(cat "$TEST_DIR/pid")/root
  wait_for 20 test -e "$root/dev/shm/ready"
  python3 -c 'import fcntl, os, sys; TIOCVHANGUP = 0x5437
fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), TIOCVHANGUP)' "$root/dev/console"
}

@test "stdio: /dev/console is the terminal" {
  with_terminal
  command_is sh -c 'echo "by console" > /dev/console; echo "by tty" > /dev/tty; [ "$(stat -c %t:%T /dev/console)" = "$(stat -L -c %t:%T /proc/self/fd/0)" ] && echo same'
  pty -- run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output "by console"
  assert_output "by tty"
  assert_output same
}

@test "stdio: no /dev/console and no controlling terminal without a terminal" {
  command_is sh -c '[ ! -e /dev/console ] && echo none; (: < /dev/tty) 2>/dev/null || echo "no tty"; cat /proc/self/stat'
  pty -- run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output none
  assert_output "no tty"
}

@test "stdio: the terminal is the user's" {
  with_terminal
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is sh -c 'stat -L -c %u /proc/self/fd/0; echo again > /dev/stdout; echo "to tty" > /dev/tty'
  pty -- run -b "$BUNDLE" "$CT"
  assert_status 0
  assert_output 1000
  assert_output again
  assert_output "to tty"
}

# ---- signals and exit status of the foreground ----

@test "stdio: run forwards signals, and the exit status is the program's" {
  local sig
  command_is sh -c 'for s in INT TERM HUP QUIT USR1 USR2 CONT; do trap "echo $s; exit 9" $s; done; echo ready; while :; do sleep 0.02; done'
  for sig in INT TERM HUP QUIT USR1 USR2 CONT; do
    bg run -b "$BUNDLE" "$CT-$sig" &
    local p=$! status=0
    wait_for 5 grep -q ready "$TEST_DIR/out"
    kill "-$sig" "$p"
    wait "$p" || status=$?
    [ "$status" = 9 ]
    [ "$(tail -n 1 "$TEST_DIR/out")" = "$sig" ]
    rm "$TEST_DIR/out"
  done
}

@test "stdio: a program that a signal ended gives 128 + signal" {
  local sig
  for sig in KILL:137 ABRT:134; do
    command_is sleep 1000
    bg run -b "$BUNDLE" "$CT" &
    local p=$! status=0
    wait_for 5 status_is "$CT" running
    # From outside pid 1 gets KILL only.
    ketch kill "$CT" KILL
    wait "$p" || status=$?
    [ "$status" = 137 ]
  done
}

@test "stdio: run that is killed leaves the container; run --keep leaves it stopped" {
  command_is sleep 1000
  bg run -b "$BUNDLE" "$CT" &
  local p=$!
  wait_for 5 status_is "$CT" running
  kill -9 "$p"
  wait "$p" || true
  status_is "$CT" running
  ketch delete --force "$CT"
  command_is sh -c 'exit 3'
  run_bundle --keep
  assert_status 3
  status_is "$CT" stopped
  ketch delete "$CT"
}

@test "stdio: the end of run does not delete another container that got its id" {
  command_is sleep 1000
  bg run -b "$BUNDLE" "$CT" &
  local p=$! pid
  wait_for 5 status_is "$CT" running
  pid=$(pid_of "$CT")
  sleep 0.3 # until it waits, and holds no lock
  kill -STOP "$p"
  ketch delete --force "$CT"
  create_one
  kill -CONT "$p"
  wait "$p" || true
  status_is "$CT" created
  [ "$(pid_of "$CT")" != "$pid" ]
}

# ---- --pid-file, --pidfd-socket ----

@test "stdio: the pid file has the pid and nothing else, and is replaced in one go" {
  command_is sleep 1000
  echo "something longer that was there before" > "$TEST_DIR/pid"
  detached create -b "$BUNDLE" --pid-file "$TEST_DIR/pid" "$CT"
  [ "$(cat "$TEST_DIR/pid")" = "$(pid_of "$CT")" ]
  [ "$(stat -c %s "$TEST_DIR/pid")" = "$(pid_of "$CT" | tr -d '\n' | wc -c)" ]
  [ "$(stat -c %a "$TEST_DIR/pid")" = 644 ]
  (cd "$TEST_DIR" && detached create -b bundle --pid-file=pid2 "$CT-b")
  [ "$(cat "$TEST_DIR/pid2")" = "$(pid_of "$CT-b")" ]
  [ ! -e "$BUNDLE/pid2" ]
  (cd "$TEST_DIR" && detached run -d -b bundle --pid-file ./pid3 "$CT-c")
  [ "$(cat "$TEST_DIR/pid3")" = "$(pid_of "$CT-c")" ]
  [ -z "$(find "$TEST_DIR" -maxdepth 1 -name '.*' -type f)" ]
}

@test "stdio: a pid file that can't be written fails the create; a failed create leaves none" {
  refused 1 "pid file" create -b "$BUNDLE" --pid-file "$TEST_DIR/no/pid" "$CT"
  refused 1 "pid file" create -b "$BUNDLE" --pid-file "$TEST_DIR" "$CT"
  [ -z "$(ketch list -q)" ]
  command_is nope
  refused 1 "not found" create -b "$BUNDLE" --pid-file "$TEST_DIR/pid" "$CT"
  [ ! -e "$TEST_DIR/pid" ]
  echo text > "$BUNDLE/rootfs/bin/text"
  chmod +x "$BUNDLE/rootfs/bin/text"
  command_is text
  refused 1 "exec format error" run -b "$BUNDLE" --pid-file "$TEST_DIR/pid" "$CT"
  [ ! -e "$TEST_DIR/pid" ]
}

@test "stdio: the pidfd socket gets a pidfd of the process" {
  local v
  receiver
  detached create -b "$BUNDLE" --pidfd-socket "$SOCK" "$CT"
  received ".fds == 1 and .messages == 1 and .text == \"standard\" and .pid == [$(pid_of "$CT")]"
  start_one -b
  receiver "$TEST_DIR/second.sock"
  detached exec -d --pidfd-socket "$SOCK" --pid-file "$TEST_DIR/pid" "$CT-b" sleep 1000
  received ".fds == 1 and .text == \"setns\" and .pid == [$(cat "$TEST_DIR/pid")]"
  refused 1 "No such file" create -b "$BUNDLE" --pidfd-socket "$TEST_DIR/nope" "$CT-c"
  receiver "$TEST_DIR/third.sock"
  edit '.annotations["run.oci.pidfd_receiver"] = $s' --arg s "$SOCK"
  detached create -b "$BUNDLE" "$CT-c"
  received ".fds == 1 and .pid == [$(pid_of "$CT-c")]"
  receiver "$BUNDLE/own.sock"
  edit '.annotations["run.oci.pidfd_receiver"] = "own.sock"' # below the bundle
  detached create -b "$BUNDLE" "$CT-e"
  received ".fds == 1 and .pid == [$(pid_of "$CT-e")]"
  for v in '' relative /nonexistent/sock; do
    edit '.annotations["run.oci.pidfd_receiver"] = $v' --arg v "$v"
    refused 1 "send the pidfd to '$v': No such file or directory (config.json" create -b "$BUNDLE" "$CT-d"
    [[ $stderr == *'$.annotations["run.oci.pidfd_receiver"])'* ]]
  done
}

# ---- descriptors ----

@test "stdio: --preserve-fds with holes" {
  command_is sh -c 'cat <&3; cat <&6; ls /proc/self/fd'
  run ketch run --preserve-fds=4 -b "$BUNDLE" "$CT" < /dev/null 3< <(echo three) 4<&- 5<&- 6< <(echo six) 7< /dev/null
  assert_status 0
  [ "${lines[0]}" = three ]
  [ "${lines[1]}" = six ]
  # The lowest hole is the directory that ls reads.
  [ "$(echo "${lines[@]:2}")" = "0 1 2 3 4 6" ]
}

@test "stdio: --preserve-fds over a container that waits for start" {
  command_is sh -c 'cat <&3 > /tmp/got; ls /proc/self/fd > /tmp/fds'
  edit '.root.readonly = false'
  ketch create --preserve-fds 1 -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3< <(echo three) 9< /dev/null
  ketch start "$CT"
  wait_for 5 test -s "$BUNDLE/rootfs/tmp/fds"
  [ "$(cat "$BUNDLE/rootfs/tmp/got")" = three ]
  [ "$(echo $(cat "$BUNDLE/rootfs/tmp/fds"))" = "0 1 2 3 4" ]
}

@test "stdio: LISTEN_FDS are passed on, before those of --preserve-fds" {
  command_is sh -c 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3; cat <&4; ls /proc/self/fd'
  run bash -c "LISTEN_FDS=1 LISTEN_PID=\$\$ LISTEN_FDNAMES=one exec '$KETCH' --root '$ROOT' run --preserve-fds 1 -b '$BUNDLE' '$CT' < /dev/null 3< <(echo three) 4< <(echo four) 5< /dev/null"
  assert_status 0
  [ "${lines[0]}" = "1 1 one" ]
  [ "${lines[1]}" = three ]
  [ "${lines[2]}" = four ]
  [ "$(echo "${lines[@]:3}")" = "0 1 2 3 4 5" ]
}

@test "stdio: LISTEN_FDS that are another process's are not ours" {
  command_is sh -c 'echo "[$LISTEN_FDS$LISTEN_PID]"; ls /proc/self/fd'
  run bash -c "LISTEN_FDS=1 LISTEN_PID=1 exec '$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' < /dev/null 3< <(echo three)"
  assert_status 0
  [ "${lines[0]}" = "[]" ]
  [ "$(echo "${lines[@]:1}")" = "0 1 2 3" ]
}

@test "stdio: the waiting init has no descriptor of the caller or of ketch but its own" {
  local fd what readonly
  for readonly in true false; do
    edit ".root.readonly = $readonly"
    ketch create -b "$BUNDLE" "$CT-$readonly" < /dev/null > "$TEST_DIR/out" 2>&1 5< /etc/passwd 9< "$TEST_DIR" 63< /
    for fd in "/proc/$(pid_of "$CT-$readonly")/fd/"*; do
      what=$(readlink "$fd")
      case ${fd##*/}:$what in
        [012]:*) ;;
        *:socket:* | *:"$ROOT/$CT-$readonly/created") ;; # for start, and the lock
        *) echo "$readonly: $fd is $what" >&2; return 1 ;;
      esac
    done
    [ "$(ls "/proc/$(pid_of "$CT-$readonly")/fd" | wc -l)" = 5 ]
  done
}

@test "stdio: nothing of ketch stays behind create and run --detach" {
  command_is sleep 1000
  run timeout 10 bash -c "'$KETCH' --root '$ROOT' create -b '$BUNDLE' '$CT' 9>&1 2> /dev/null < /dev/null > /dev/null | cat"
  assert_status 0
  run timeout 10 bash -c "'$KETCH' --root '$ROOT' run -d -b '$BUNDLE' '$CT-b' < /dev/null 2> /dev/null > '$TEST_DIR/out'; pgrep -P \$\$ -x ketch"
  assert_status 1
}

@test "stdio: pipes, files and sockets are given to the user" {
  edit '.process.user = {uid: 1000, gid: 1000}'
  command_is sh -c 'stat -L -c %u /proc/self/fd/1; echo again >> /dev/stdout; echo err >> /dev/stderr; cat /dev/stdin'
  echo input | ketch run -b "$BUNDLE" "$CT" > "$TEST_DIR/o" 2> "$TEST_DIR/e"
  grep -q 1000 "$TEST_DIR/o"
  grep -q err "$TEST_DIR/e"
  [ "$(stat -c %u "$TEST_DIR/o")" = 1000 ]
  run bash -c "echo input | '$KETCH' --root '$ROOT' run -b '$BUNDLE' '$CT' 2>&1 | cat"
  [ "$output" = $'1000\nagain\nerr\ninput' ]
}

@test "stdio: devices of the host keep their owner" {
  edit '.process.user = {uid: 54321, gid: 54321}'
  command_is true
  local before
  before=$(stat -c %u:%g:%a /dev/null /dev/zero)
  ketch run -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2> /dev/zero
  [ "$(stat -c %u:%g:%a /dev/null /dev/zero)" = "$before" ]
}

# ---- the rest of what a process could inherit ----

@test "stdio: signals are at their defaults and unblocked, whatever the caller had" {
  command_is cat /proc/self/status
  local how
  for how in run create; do
    python3 - "$how" "$KETCH" --root "$ROOT" "$how" -b "$BUNDLE" "$CT-$how" > "$TEST_DIR/status" 2>&1 3>&- << 'P'
import os, signal, sys
for s in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGCHLD, signal.SIGHUP):
    signal.signal(s, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD])
os.execv(sys.argv[2], sys.argv[2:])
P
    [ "$how" = run ] || ketch start "$CT-$how"
    wait_for 5 grep -q Speculation "$TEST_DIR/status" || { cat "$TEST_DIR/status" >&2; return 1; }
    grep -q $'SigBlk:\t0000000000000000' "$TEST_DIR/status"
    grep -q $'SigIgn:\t0000000000000000' "$TEST_DIR/status"
    grep -q $'SigPnd:\t0000000000000000' "$TEST_DIR/status"
  done
}

@test "stdio: a parent-death signal of the caller is not the container's" {
  command_is sleep 1000
  setpriv --pdeathsig KILL "$KETCH" --root "$ROOT" run -d -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-
  setpriv --pdeathsig KILL "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT-b" < /dev/null > "$TEST_DIR/out" 2>&1 3>&-
  sleep 0.1
  status_is "$CT" running
  status_is "$CT-b" created
  detached start "$CT-b"
  setpriv --pdeathsig KILL "$KETCH" --root "$ROOT" exec -d --pid-file "$TEST_DIR/pid" "$CT" sleep 1000 < /dev/null > "$TEST_DIR/out" 2>&1 3>&-
  sleep 0.1
  kill -0 "$(cat "$TEST_DIR/pid")"
}

@test "stdio: the environment is the config's and HOME" {
  edit '.process.env = ["A=1", "PATH=/bin"]'
  command_is env
  OURS=1 run_bundle
  assert_status 0
  [ "$(printf '%s\n' "${lines[@]}" | sort | paste -sd' ')" = "A=1 HOME=/root PATH=/bin" ]
}

@test "stdio: umask is the caller's unless the config has one, and spoils nothing of ours" {
  command_is sh -c 'umask; stat -c %a /dev/null /dev/shm /tmp'
  (umask 027; ketch run -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1)
  [ "$(head -n 2 "$TEST_DIR/out" | paste -sd' ')" = "0027 666" ]
  edit '.process.user.umask = 7'
  (umask 077; ketch run -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1)
  [ "$(head -n 3 "$TEST_DIR/out" | paste -sd' ')" = "0007 666 1777" ]
}

@test "stdio: oom_score_adj is the caller's unless the config has one" {
  command_is cat /proc/self/oom_score_adj
  run choom -n 321 -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  [ "$output" = 321 ]
  edit '.process.oomScoreAdj = 500'
  run choom -n 321 -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$output" = 500 ]
  edit '.process.oomScoreAdj = 0'
  run choom -n 321 -- "$KETCH" --root "$ROOT" run -b "$BUNDLE" "$CT" < /dev/null
  [ "$output" = 0 ] || [ "$output" = 321 ]
}

@test "stdio: the process leads a session of its own and is no subreaper" {
  command_is sh -c 'cut -d" " -f1,5,6 /proc/self/stat; cut -d" " -f5,6 /proc/1/stat'
  run_bundle
  assert_status 0
  [ "${lines[1]}" = "1 1" ]
}

@test "stdio: create and exec --detach hand their process to the caller's reaper" {
  command_is sleep 1000
  run python3 - "$KETCH" "$ROOT" "$BUNDLE" "$CT" "$TEST_DIR" << 'P'
import ctypes, os, subprocess, sys
ketch, root, bundle, ct, d = sys.argv[1:]
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
null = subprocess.DEVNULL
def call(*args):
    subprocess.run([ketch, "--root", root, *args], stdin=null, stdout=null, check=True)
call("create", "-b", bundle, "--pid-file", d + "/pid", ct)
init = int(open(d + "/pid").read())
call("start", ct)
call("exec", "-d", "--pid-file", d + "/pid2", ct, "sh", "-c", "exit 3")
child = int(open(d + "/pid2").read())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
call("kill", ct, "KILL")
assert os.waitstatus_to_exitcode(os.waitpid(init, 0)[1]) == -9
call("delete", ct)
P
  assert_status 0
}
