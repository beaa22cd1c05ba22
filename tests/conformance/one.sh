#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# one.sh SUITE PROGRAM VIEW RUNTIME DIR: runs one validation program with one runtime.
#
# SUITE is what build.sh made; PROGRAM is a file in it, such as validation/create.t. VIEW is
# "v1" (the host's cgroup v1 hierarchies alone: /sys/fs/cgroup/unified is unmounted) or "host"
# (the host as it is). DIR receives stdout, stderr, calls (each call of the runtime, after its
# exit status), leftovers, and result: one TSV line of program, view, runtime, result, seconds,
# leftovers and why.
#
# The program runs in mount, pid, ipc and uts namespaces of its own and with an empty /run:
# every process that it leaves ends with the pid namespace, every mount and state directory
# with the mount namespace. Cgroups are the host's: those that are left are known by the
# container's id or by the two names that the programs use, and are removed.
set -euo pipefail
shopt -s nullglob

limit=${KETCH_CONFORMANCE_LIMIT:-90}
uuid='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

# ids DIR: the container ids that the program passed to the runtime.
ids() {
  grep -ohE "$uuid" "$1/begun" 2>/dev/null | sort -u || :
}

# cgroups DIR PROGRAM: the cgroups that the program made and that still exist, deepest first.
cgroups() {
  local names
  names=$(ids "$1" | paste -sd '|')
  case $2 in
    *linux_cgroups_* | *delete_resources.t | *delete_only_*) names+="${names:+|}cgrouptest|testdir" ;;
  esac
  [ -n "$names" ] || return 0
  find /sys/fs/cgroup -mindepth 2 -depth -type d 2>/dev/null | grep -E "/([^/]*[-:])?($names)(\.scope)?(/|$)" || :
}

# remove_cgroups DIR PROGRAM: removes and reports them.
remove_cgroups() {
  local try cgroup left
  for try in 1 2 3 4 5 6; do
    left=$(cgroups "$1" "$2")
    [ -n "$left" ] || break
    while read -r cgroup; do
      [ "$try" -gt 1 ] || echo "cgroup $cgroup" >>"$1/leftovers"
      rmdir "$cgroup" 2>/dev/null || :
    done <<<"$left"
    [ "$try" -eq 1 ] || sleep 0.2
  done
}

# wrapper RUNTIME DIR: a program that passes on to RUNTIME and notes each call in DIR/calls.
wrapper() {
  cat >"$2/${1##*/}" <<-END
	#!/bin/bash
	printf '%s\n' "\$*" >>'$2/begun'
	'$1' "\$@" && status=0 || status=\$?
	printf '%s %s\n' "\$status" "\$*" >>'$2/calls'
	exit \$status
	END
  chmod 755 "$2/${1##*/}"
}

mounts() { cut -d' ' -f5 /proc/self/mountinfo | sort; }

# processes: those of this pid namespace but for its pid 1 and the caller. Kernel threads are not seen
# here; a zombie has no command line. (Its file has no size, whatever is in it.)
processes() {
  local pid what
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    case $pid in 1 | "$BASHPID") continue ;; esac
    what=$(tr '\0' ' ' <"/proc/$pid/cmdline" || :)
    [ -z "$what" ] || printf 'process %s %s\n' "$pid" "$what"
  done
}

# inside: the part in the namespaces, as their pid 1. Leaves the program's exit status in DIR/status.
inside() {
  local suite=$1 program=$2 view=$3 runtime=$4 dir=$5 status=0 left id
  [ "$view" = host ] || umount /sys/fs/cgroup/unified
  # The bundles too, so that a user namespace's ids can reach them wherever DIR is.
  mount -t tmpfs -o mode=755 conformance /run
  mkdir /run/bundles
  # A container's standard input is this one: crun gives it to the container's user.
  mknod -m 666 /run/null c 1 3
  mount --bind /run/null /dev/null
  mounts >"$dir/mounts"
  unset XDG_RUNTIME_DIR NOTIFY_SOCKET LISTEN_FDS
  cd "$suite/${program%/*}"
  RUNTIME=$dir/${runtime##*/} TMPDIR=/run/bundles timeout -k 5 "$limit" "./${program##*/}" \
    </dev/null >"$dir/stdout" 2>"$dir/stderr" || status=$?
  {
    # What was killed ends a moment later.
    for _ in {1..20}; do
      left=$(processes)
      [ -n "$left" ] || break
      sleep 0.1
    done
    [ -z "$left" ] || echo "$left"
    mounts | comm -13 "$dir/mounts" - | sed 's/^/mount /'
    [ "$(stat -c %u:%g:%a /dev/null)" = 0:0:666 ] || stat -c 'owner %n %u:%g %a' /dev/null
    for id in $(ids "$dir"); do
      find /run -path /run/bundles -prune -o -name "*$id*" -prune -printf 'state %p\n'
    done
  } >>"$dir/leftovers" 2>/dev/null || :
  for id in $(cgroups "$dir" "$program" | grep /freezer/ || :); do
    echo THAWED >"$id/freezer.state" || :
  done
  echo "$status" >"$dir/status"
  # The processes end with this one.
}

# verdict DIR PROGRAM: "RESULT<TAB>why"; with what the runtime said, where the program did not tell.
verdict() {
  local dir=$1 name=$2 status result why said
  status=$(cat "$dir/status" 2>/dev/null || echo none)
  case $status in
    none) printf 'fail\tthe namespaces could not be made\n' ;;
    124 | 137) printf 'timeout\tno end within %s s\n' "$limit" ;;
    *)
      IFS=$'\t' read -r result why < <(awk -v status="$status" -v program="$name" -f "${0%/*}/verdict.awk" "$dir/stdout")
      said=$(grep -vE '^(failed to|exit status|Refer to|$)' "$dir/stderr" | head -n 1 | tr '\t' ' ' || :)
      [ "$result" = pass ] || why=${why:0:160}${said:+ | ${said:0:240}}
      printf '%s\t%s\n' "$result" "$why"
      ;;
  esac
}

# attempt SUITE PROGRAM VIEW RUNTIME DIR: one run, cleaned up after.
attempt() {
  wrapper "$4" "$5"
  unshare --mount --propagation private --pid --fork --kill-child --mount-proc --ipc --uts -- \
    "$0" --inside "$@" 2>"$5/stderr.one" &
  child=$! # not local: the trap needs it
  # Killed, it takes the pid namespace along.
  trap 'kill -KILL "$child" 2>/dev/null || :; wait "$child" || :; remove_cgroups "$dir" "$program"; exit 130' INT TERM HUP
  wait "$child" || :
  trap - INT TERM HUP
  remove_cgroups "$5" "$2"
}

# tries NAME: how often a program may be run until it passes, where it depends on who is faster
# (patches/NAME.patch says how).
tries() {
  case $1 in
    killsig | poststart) echo 4 ;;
    *) echo 1 ;;
  esac
}

main() {
  local view=$3 runtime=$4 name result='' why left try begin=$SECONDS
  program=$2 dir=$5 # not local: the trap needs them
  name=${program%.t} name=${name#validation/}
  # A run before this one may have been killed.
  [ ! -e "$dir/begun" ] || remove_cgroups "$dir" "$program"
  rm -rf "$dir"
  mkdir -p "$dir"
  : >"$dir/leftovers"
  if [ "$view" = v1 ] && ! mountpoint -q /sys/fs/cgroup/unified; then
    result=skip why='no hybrid layout: nothing to unmount'
  elif [ "$view" = v1 ] && ! grep -q ' - cgroup ' /proc/self/mountinfo; then
    result=skip why='no cgroup v1 hierarchy'
  else
    for ((try = $(tries "$name"); try > 0; try--)); do
      attempt "$@"
      IFS=$'\t' read -r result why < <(verdict "$dir" "${name##*/}")
      [ "$result" = fail ] || break
    done
  fi
  left=$(cut -d' ' -f1 "$dir/leftovers" | sort | uniq -c | awk '{ printf "%s%s=%s", s, $2, $1; s = "," }')
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$view" "${runtime##*/}" "$result" \
    "$((SECONDS - begin))" "${left:--}" "$why" >"$dir/result"
}

if [ "$1" = --inside ]; then
  shift
  inside "$@"
else
  main "$@"
fi
