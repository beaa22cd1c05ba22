#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# libketch: the life of a container through the library alone, from C99.

load helpers

library() {
  dirname "$KETCH" | sed 's|/cli$|/api|'
}

@test "libketch: create, start, exec, pause, resume, list, kill, delete, and errors with all their parts" {
  local lib top=$BATS_TEST_DIRNAME/../..
  lib=$(library)
  command_is sleep 1000
  cc -std=c99 -pedantic -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I "$top/include" -o "$TEST_DIR/lifecycle" \
    "$top/tests/api/lifecycle.c" -L "$lib" -lketch -Wl,-rpath,"$lib"
  run timeout 60 "$TEST_DIR/lifecycle" "$(realpath "$KETCH")" "$ROOT" "$BUNDLE" "$CT" < /dev/null
  assert_status 0
  assert_output 'state created pid yes'
  assert_output 'state running pid yes'
  assert_output 'state paused pid yes'
  assert_output 'already exists'
  [ "${lines[-1]}" = ok ]
}

@test "libketch: exports ketch_ names alone" {
  run bash -c "nm -D --defined-only '$(library)/libketch.so' | awk '\$2 != \"A\" {print \$3}' | grep -vE '^ketch_'"
  [ -z "$output" ]
}
