#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch completion SHELL`: read by the shell itself, and nothing that --help shows is missing.

load helpers

# $REPLIES of bash for the words of a command line; the last is the one to complete.
bash_completes() {
  PATH=$(dirname "$KETCH"):$PATH bash -c 'source <(ketch completion bash); COMP_WORDS=(ketch "$@"); COMP_CWORD=$#; _ketch; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

fish_completes() {
  PATH=$(dirname "$KETCH"):$PATH fish --no-config -c "ketch completion fish | source; complete -C '$1'"
}

@test "completion: each option that --help shows is in each script" {
  local shell command option
  for shell in bash zsh fish; do
    "$KETCH" completion $shell > "$TEST_DIR/$shell"
    for command in $("$KETCH" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
      grep -q "\b$command\b" "$TEST_DIR/$shell"
      for option in $("$KETCH" "$command" --help | grep -oE -- '^ .*--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+$'); do
        grep -qE -- "(--| -l )${option#--}\b" "$TEST_DIR/$shell" || { echo "$shell: no $option" >&2; return 1; }
      done
    done
  done
}

@test "completion: bash" {
  bash -n <("$KETCH" completion bash)
  [ "$(bash_completes cre)" = create ]
  [ "$(bash_completes --root /x --log-format js)" = json ]
  bash_completes create --pid | grep -qx -- --pid-file
  [ "$(bash_completes completion z)" = zsh ]
  command_is sleep 100
  create_one
  [ "$(bash_completes --root "$ROOT" start "$CT")" = "$CT" ]
  # --OPTION=VALUE is three words for bash.
  [ "$(bash_completes --root = "$ROOT" start "$CT")" = "$CT" ]
  [ "$(bash_completes --log-format = json --root = "$ROOT" delete --force "$CT")" = "$CT" ]
  [ "$(bash_completes --log-format = js)" = json ]
  [ "$(bash_completes --log-format =)" = "$(printf 'text\njson')" ]
  [ "$(bash_completes mounts a)" = add ]
  [ "$(bash_completes --root "$ROOT" mounts add "$CT")" = "$CT" ]
  mkdir "$TEST_DIR/some-dir"
  [ "$(bash_completes create --bundle "$TEST_DIR/some-")" = "$TEST_DIR/some-dir" ]
  # One word, which bash itself quotes when it knows that it is a file's name.
  mkdir "$TEST_DIR/some dir"
  [ "$(bash_completes create --bundle "$TEST_DIR/some d")" = "$TEST_DIR/some dir" ]
  [ "$(bash_completes create --bundle "$TEST_DIR/some\\ d")" = "$TEST_DIR/some dir" ]
  [ "$(bash_completes create --bundle "\"$TEST_DIR/some d")" = "$TEST_DIR/some dir" ]
  [ "$(bash_completes --root "$ROOT" mounts add "$CT" "$TEST_DIR/some-")" = "$TEST_DIR/some-dir" ]
  [ -z "$(bash_completes --root "$ROOT" mounts add "$CT" a)" ]
  [ "$(bash_completes --he)" = --help ]
}

@test "completion: bash on a terminal quotes a directory's blank" {
  mkdir "$TEST_DIR/some dir"
  cd "$TEST_DIR"
  # A function of the name shows the words that come of it.
  "$KETCH" completion bash > "$TEST_DIR/script"
  echo 'ketch() { printf "<%s>" "$@"; }; PS1="ready: "' >> "$TEST_DIR/script"
  local typed
  for typed in 'some' 'some\\ d' '"some d' "'some d"; do
    run timeout 60 python3 "$BATS_TEST_DIRNAME/pty.py" run expect:ready: "send:ketch create --bundle $typed\\t\\n" "expect:<--bundle>" expect:ready: 'send:exit 0\n' \
      -- /bin/bash --noprofile --rcfile "$TEST_DIR/script" -i 3>&-
    assert_output "<create><--bundle><some dir/>"
  done
}

@test "completion: zsh" {
  command -v zsh > /dev/null || skip "zsh is not installed"
  zsh -n <("$KETCH" completion zsh)
  # What the script hands to zsh's own functions.
  run env PATH="$(dirname "$KETCH"):$PATH" zsh -f -c 'compdef() { :; }; _arguments() { print -rl -- "$@"; state=$want; words=(create); }; _describe() { print -rl -- "${(P@)2}"; }
    source <(ketch completion zsh); want=command; _ketch; want=argument; _ketch'
  assert_status 0
  assert_output "create:create a container"
  assert_output "--pid-file=["
  assert_output ":DIR:_files -/"
  # Read by .zshrc it makes itself known; as a file of $fpath it is the function, and runs.
  "$KETCH" completion zsh > "$TEST_DIR/_ketch"
  run env PATH="$(dirname "$KETCH"):$PATH" zsh -f -c 'compdef() { print -r "compdef $*"; }; source <(ketch completion zsh)'
  [ "$output" = "compdef _ketch ketch" ]
  local file
  for file in "$TEST_DIR/_ketch" "$BATS_TEST_DIRNAME/../../contrib/completion/_ketch"; do
    run env PATH="$(dirname "$KETCH"):$PATH" DIR="$(dirname "$file")" zsh -f -c 'compdef() { print compdef; }; _arguments() { print arguments; }; fpath=($DIR)
      autoload -U _ketch; _ketch'
    [ "$output" = arguments ]
  done
  grep -q "mounts) .*'1:what:(add remove)' '2:container:_ketch_ids'" <("$KETCH" completion zsh)
}

@test "completion: fish" {
  command -v fish > /dev/null || skip "fish is not installed"
  "$KETCH" completion fish > "$TEST_DIR/ketch.fish"
  fish --no-execute "$TEST_DIR/ketch.fish"
  fish_completes 'ketch cre' | grep -q '^create'
  fish_completes 'ketch create --pid' | grep -q -- '--pid-file'
  [ "$(fish_completes 'ketch list --format ' | cut -f1 | sort | paste -sd,)" = json,table ]
  fish_completes 'ketch completion ' | grep -q '^zsh'
  fish_completes 'ketch mounts ' | grep -q '^remove'
  command_is sleep 100
  create_one
  local o
  for o in --root= "--root "; do
    fish_completes "ketch $o$ROOT state " | grep -qx "$CT"
    fish_completes "ketch --log-format json $o$ROOT exec --tty $CT" | grep -qx "$CT"
    fish_completes "ketch $o$ROOT --debug sta" | grep -q '^start'
    fish_completes "ketch $o$ROOT mounts add " | grep -qx "$CT"
  done
  # Neither the value of an option nor a container's id is the command.
  refute eval 'fish_completes "ketch state list --fo" | grep -e --format'
  fish_completes "ketch --root list state --he" | grep -q -- --help
  touch "$TEST_DIR/some-file"
  [ "$(fish_completes "ketch mounts add $CT $TEST_DIR/some-")" = "$TEST_DIR/some-file" ]
  refute eval 'fish_completes "ketch mounts add $CT " | grep -qx add'
}

@test "completion: another shell is refused with the ones there are" {
  run "$KETCH" completion csh
  assert_status 1
  assert_output "no completion for 'csh'"
}
