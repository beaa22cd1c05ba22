#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A container in the runtime's mount namespace, whose mounts outlive its processes: whatever fails and whoever is killed while they are
# made, nothing is left. Needs a build with -Dfaults=true.

load ../bats/helpers

KETCH=${KETCH:-$BATS_TEST_DIRNAME/../../build-faults/src/cli/ketch}

shared_bundle() {
  edit '.linux.namespaces |= map(select(.type != "mount")) | .root.readonly = true'
  command_is true
}

rows() { # rows STAGE…: of the bundle, from the first that mounts on
  ketch explain -b "$BUNDLE" --json | jq -r --args '[.steps[] | {name, stage}] | .[(map(.name) | index("rootfs.bind")):][]
    | select([.stage] | inside($ARGS.positional)).name' "$@"
}

# each FAULT ROW…: create fails each time, and after delete --force nothing is left.
each() {
  local fault=$1 row at bad=0 n=0
  shift
  for row in "$@"; do
    for at in "" @end; do
      n=$((n + 1))
      KETCH_FAULT="$row$at:$fault" timeout -k 1 20 "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > "$TEST_DIR/out" 2>&1 && {
        echo "$row$at: create succeeded"; bad=$((bad + 1)); }
      if [ "$fault" = kill ]; then
        ketch delete --force "$CT" || { echo "$row$at: delete --force failed"; bad=$((bad + 1)); }
      fi
      wait_for 3 assert_clean 2> "$TEST_DIR/left" || { echo "$row$at: $(tail -n 3 "$TEST_DIR/left")"; bad=$((bad + 1)); ketch delete --force "$CT"; }
    done
  done
  echo "# $n faults, $bad bad"
  [ $n -gt 3 ] && [ $bad = 0 ]
}

@test "shared mounts: every row from the first mount on × EIO is undone" {
  shared_bundle
  # shellcheck disable=SC2046
  each EIO $(rows init serve)
}

@test "shared mounts: every row × a crash of the container's process is undone" {
  shared_bundle
  # shellcheck disable=SC2046
  each crash $(rows init)
}

@test "shared mounts: a ketch killed in or after each row of its own is cleared by delete --force" {
  shared_bundle
  edit '.hooks.createRuntime = [{path: "/bin/true"}]'
  # shellcheck disable=SC2046
  each kill $(rows serve)
}

# The init of a killed ketch may be anywhere; delete --force comes at once, and again and again.
@test "shared mounts: ketch killed at random moments, delete --force at once" {
  local i
  shared_bundle
  for i in $(seq "${KETCH_TEST_ROUNDS:-40}"); do
    "$KETCH" --root "$ROOT" create -b "$BUNDLE" "$CT" < /dev/null > /dev/null 2>&1 &
    sleep "0.0$(printf '%02d' $((i % 40)))"
    kill -9 $! 2> /dev/null || true
    wait $! 2> /dev/null || true
    ketch delete --force "$CT"
    wait_for 3 assert_clean 2> /dev/null || assert_clean
  done
}
