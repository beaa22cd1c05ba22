#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts of contrib where something fails in them, with stubs in the place of what they call: no container, no CRIU, no other host.

load helpers

CONTRIB=$BATS_TEST_DIRNAME/../../contrib

# stub NAME: a program of that name, the script on standard input, before all others
stub() {
  mkdir -p "$TEST_DIR/stubs"
  cat > "$TEST_DIR/stubs/$1"
  chmod 755 "$TEST_DIR/stubs/$1"
}

# ---- migrate ----

# ketch writes what it is called with to $TEST_DIR/called; checkpoint makes a file that holds the container. FAIL: a word of the call that
# fails, here or there.
migrate_stubs() {
  export TEST_DIR
  mkdir "$TEST_DIR/here" "$TEST_DIR/there"
  stub ketch << 'EOF'
#!/bin/bash
echo "$*" >> "$TEST_DIR/called"
words=" $* "
images=${words#* --image-path } images=${images%% *}
[[ -z $FAIL || $words != *" $FAIL "* ]] || exit 1
case $words in
*" state "*) [ ! -e "$TEST_DIR/ended" ] || exit 1; printf '{\n  "status": "running",\n  "bundle": "/a\\"b\\"c\\\\nd",\n  "pid": 1\n}\n' ;;
*" --status-fd "*) mkdir "$images"; touch "$images/memory" "$TEST_DIR/ended"; printf '\0' >&9; exec sleep 600 ;;
*" checkpoint "*) mkdir "$images"; touch "$images/memory"; [[ $words == *" --pre-dump "* ]] || touch "$TEST_DIR/ended" ;;
esac
EOF
  # Another host has another TMPDIR.
  stub ssh << 'EOF'
#!/bin/bash
shift
[[ -z $FAIL || " $* " != *" $FAIL "* ]] || { cat > /dev/null; exit 1; }
TMPDIR=$TEST_DIR/there exec sh -c "$*"
EOF
  stub criu << 'EOF'
#!/bin/sh
exec sleep 1
EOF
}

# migrate FAIL OPTIONS…: of a container "web", to another host; what it leaves running has no pipe of ours
migrate() {
  status=0
  FAIL=$1 PATH=$TEST_DIR/stubs:$PATH TMPDIR=$TEST_DIR/here KETCH=ketch REMOTE_KETCH=ketch timeout 60 "$CONTRIB/migrate" --rounds 0 "${@:2}" web \
    -- ssh root@b > "$TEST_DIR/migrated" 2>&1 3>&- || status=$?
  output=$(cat "$TEST_DIR/migrated")
}

# Where it says that the images are, they are: here, and there if $1 is "there".
images_are_kept() {
  local here there
  [ "$status" != 0 ]
  here=$(sed -n 's/.* kept: here \([^,]*\), there .*/\1/p' <<< "$output")
  there=$(sed -n 's/.* kept: here [^,]*, there //p' <<< "$output")
  [ -e "$here/memory" ] || { echo "no images '$here': $output" >&2; return 1; }
  [ "${1:-}" != there ] || [ -e "$there/memory" ] || { echo "no images '$there': $output" >&2; return 1; }
  rm -rf "$TEST_DIR"/*here/* "$TEST_DIR/ended"
}

nothing_is_kept() {
  refute_output kept
  [ -z "$(find "$TEST_DIR/here" "$TEST_DIR/there" -mindepth 1)" ]
}

@test "contrib/migrate: goes to another host, with that one's TMPDIR, and leaves nothing" {
  migrate_stubs
  migrate "" --bundle /b
  assert_status 0
  grep -q "restore --detach --bundle /b --image-path $TEST_DIR/there/ketch-migrate.*/last web" "$TEST_DIR/called"
  nothing_is_kept
}

@test "contrib/migrate: the images are kept when something fails after the container has ended" {
  migrate_stubs
  migrate tar
  assert_output "the transfer did not come to its end"
  images_are_kept
  migrate "" --between false
  assert_output "--between did not come to its end"
  images_are_kept there
  migrate "" --between 'kill -TERM $$; sleep 100'
  images_are_kept there
  migrate "" --between 'kill -INT $$; sleep 1; exit 1'
  images_are_kept there
  migrate restore
  assert_output "the restore did not come to its end"
  images_are_kept there
}

@test "contrib/migrate --lazy: what serves the memory is not ended when something fails" {
  local pid
  migrate_stubs
  migrate tar --lazy 7654
  pid=$(sed -n 's/.* memory is with process \([0-9]*\), .*/\1/p' <<< "$output")
  refute is_dead "$pid"
  kill "$pid"
  images_are_kept
}

@test "contrib/migrate: nothing is kept when the container runs on" {
  migrate_stubs
  migrate checkpoint
  assert_status 1
  assert_output "the checkpoint failed: web runs on"
  nothing_is_kept
  migrate tar --rounds 1
  assert_status 1
  assert_output "the transfer failed: web runs on"
  nothing_is_kept
  migrate mktemp
  assert_status 1
  nothing_is_kept
}

@test "contrib/migrate: the bundle's path is what its JSON says, and global options stand before each command" {
  migrate_stubs
  KETCH=ketch REMOTE_KETCH=ketch PATH=$TEST_DIR/stubs:$PATH TMPDIR=$TEST_DIR/here run "$CONTRIB/migrate" --rounds 0 --root /r \
    --global --systemd-cgroup web
  assert_status 0
  grep -qF 'restore --detach --bundle /a"b"c\nd --image-path ' "$TEST_DIR/called"
  [ "$(grep -c '^--root /r --systemd-cgroup ' "$TEST_DIR/called")" = 3 ]
}

# ---- quickstart ----

@test "contrib/quickstart: a setup that fails says why, and the next one is not kept from working by what it left" {
  local tree=$TEST_DIR/tree
  mkdir -p "$tree/contrib"
  cp "$CONTRIB/quickstart" "$tree/contrib/"
  ln -s /bin/true "$tree/contrib/install-deps"
  stub meson << 'EOF'
#!/bin/sh
mkdir -p build-release
[ "$CC" != /bin/false ] || { echo "ERROR: /bin/false is no compiler"; exit 1; }
touch build-release/build.ninja
EOF
  printf '#!/bin/sh\n[ -e "$2/build.ninja" ] || exit 1\necho built\nexit 7\n' | stub ninja
  CC=/bin/false PATH=$TEST_DIR/stubs:$PATH run "$tree/contrib/quickstart"
  assert_status 1
  assert_output "is no compiler"
  PATH=$TEST_DIR/stubs:$PATH run "$tree/contrib/quickstart"
  assert_status 7
  assert_output built
}

# ---- tests/run ----

@test "tests/run: build and unit want no more than what builds" {
  local tree=$TEST_DIR/tree
  mkdir -p "$tree/contrib" "$tree/tests"
  cp "$BATS_TEST_DIRNAME/../run" "$tree/tests/"
  printf '#!/bin/sh\necho "wants $1"\nexit 1\n' > "$tree/contrib/install-deps"
  chmod 755 "$tree/contrib/install-deps"
  run "$tree/tests/run" build unit
  [ "$output" = "wants build" ]
  run "$tree/tests/run" build bats
  [ "$output" = "wants test" ]
  run "$tree/tests/run"
  [ "$output" = "wants test" ]
}

# ---- build-deb ----

@test "contrib/build-deb: the packager's name may have an ampersand, and CDPATH leads nowhere" {
  local tree=$TEST_DIR/tree
  export TEST_DIR
  mkdir -p "$tree/contrib"
  cp -r "$CONTRIB/build-deb" "$CONTRIB/debian" "$tree/contrib/"
  printf '#!/bin/sh\n[ "$3" != archive ] || exec tar -C "$2" -cf - contrib\n' | stub git
  printf '#!/bin/sh\ncp debian/control debian/changelog "$TEST_DIR"\ntouch ../x.deb ../x.changes ../x.buildinfo\n' | stub dpkg-buildpackage
  printf '#!/bin/sh\n' | stub lintian
  cd "$TEST_DIR"
  CDPATH=$TEST_DIR DEBFULLNAME='Smith & Sons \ a|b' DEBEMAIL=s@example.org PATH=$TEST_DIR/stubs:$PATH run tree/contrib/build-deb out
  assert_status 0
  [ -e out/x.deb ]
  grep -qxF 'Maintainer: Smith & Sons \ a|b <s@example.org>' control
  grep -qF -- ' -- Smith & Sons \ a|b <s@example.org>' changelog
}
