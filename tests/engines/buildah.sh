#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2015,SC2317
# Buildah as root: `buildah run` and `buildah build`, which drive the runtime by create, start, state, kill and delete.
# shellcheck source=tests/engines/lib.sh
. "$(dirname "$0")/lib.sh"

cat > "$D/containers.conf" << CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
[engine]
cgroup_manager = "$CGROUPS"
CONF
export CONTAINERS_CONF=$D/containers.conf BUILDAH_ISOLATION=oci
command_of b buildah --root "$D/store" --runroot "$D/run" --storage-driver overlay
command_of run_in b run --runtime "$PROGRAM"
make_rootfs "$D/rootfs"
limited b from --name base scratch && limited b copy base "$D/rootfs" / && limited b config --env PATH=/bin base && limited b commit base img || {
  cat "$OUT"
  echo "Bail out! no image"
  exit 1
}
limited b from --name w localhost/img || { cat "$OUT"; echo "Bail out! no container"; exit 1; }
limited run_in w -- true || true

r() { # r VERDICT [WORD] -- OPTIONS -- COMMAND
  local verdict options rest
  parts "$@"
  "${verdict[@]}" run_in "${options[@]}" w -- "${rest[@]}"
}

build() { # build VERDICT [WORD] -- OPTIONS -- LINES of the Containerfile
  local verdict options rest
  parts "$@"
  mkdir -p "$D/context"
  echo inside > "$D/context/file"
  printf '%s\n' "FROM localhost/img" "${rest[@]}" > "$D/context/Containerfile"
  "${verdict[@]}" b build --runtime "$PROGRAM" --network none --no-cache "${options[@]}" -t built "$D/context"
}

with_input() { echo from-stdin | timeout "$LIMIT" run_in w -- cat > "$OUT" 2>&1 && grep -q from-stdin "$OUT"; }
with_tty() { timeout "$LIMIT" script -qec "run_in --terminal w -- tty" /dev/null > "$OUT" 2>&1; grep -q /dev/pts/ "$OUT"; }
interrupted() { # as by Ctrl-C: buildah kills the container
  local pid
  set -m # a process group of its own
  run_in w -- sleep 7654 > "$OUT" 2>&1 &
  pid=$!
  set +m
  until_true "$LIMIT" pgrep -fx "/bin/sleep 7654" && sleep 2 && kill -INT "-$pid" && until_true "$LIMIT" sh -c '! pgrep -fx "/bin/sleep 7654"' && wait_ended "$pid"
}
wait_ended() { until_true "$LIMIT" sh -c "! kill -0 $1" && ! wait "$1"; }
kept() { r succeeds -- -- sh -c 'echo kept > /kept' && r prints kept -- -- cat /kept; }

mkdir -p "$D/share"
echo shared > "$D/share/file"
check "run" r prints hello -- -- echo hello
check "run: exit status" r exits 7 -- -- sh -c 'exit 7'
check "run: killed by a signal" r says killed -- --pid host -- sh -c 'kill -9 $$'
check "run: no such program" r says "no such file or directory" -- -- /no/such
check "run: no such program in PATH" r says "not found" -- -- no-such
check "run: what is no program" r says "permission denied" -- -- /etc/passwd
check "run: standard input" with_input
check "run --terminal" with_tty
check "run --user" r prints "uid=1000" -- --user 1000 -- id
check "run --user NAME" r prints "uid=1000(user)" -- --user user -- id
check "run --workingdir" r prints /home -- --workingdir /home -- pwd
check "run --env" r prints A=b -- --env A=b -- env
check "run --hostname" r prints named -- --hostname named -- hostname
check "run --volume" r prints shared -- --volume "$D/share:/mnt:ro" -- cat /mnt/file
check "run --volume ro" r says "Read-only" -- --volume "$D/share:/mnt:ro" -- touch /mnt/x
check "run --mount tmpfs" r prints "tmpfs on /mnt" -- --mount type=tmpfs,destination=/mnt -- mount
check "run --cap-drop" r prints "CapEff:	0000000000000000" -- --cap-drop all -- cat /proc/self/status
check "run --cap-add" r succeeds -- --cap-add CAP_NET_ADMIN -- true
check "run --network none" r prints "lo:" -- --network none -- ip link
check "run --network host" r prints "lo:" -- --network host -- ip link
check "run --pid host" r succeeds -- --pid host -- true
check "run --pid container" r prints "1 " -- --pid container -- ps
check "run --ipc host" r succeeds -- --ipc host -- true
check "run --uts host" r prints "$(hostname)" -- --uts host -- hostname
check "run --no-pivot" r prints hello -- --no-pivot -- echo hello
check "run --no-hosts" r succeeds -- --no-hosts -- true
check "run --isolation oci" r prints hello -- --isolation oci -- echo hello
check "run --runtime-flag debug" r prints hello -- --runtime-flag debug -- echo hello
check "run: the files stay" kept
check "run: long output" r prints 50000 -- -- seq 50000
check "run: an environment of its own" r refused -- -- sh -c 'test -n "$CONTAINERS_CONF"'
check "run: the default seccomp profile" r prints "Seccomp:	2" -- -- cat /proc/self/status
check "run: eight at once" at_once 8 run_in w --
check "run: interrupted" interrupted
check "build: RUN" build prints "built-it" -- -- "RUN echo built-it"
check "build: RUN as array" build prints "a b" -- -- 'RUN ["echo", "a b"]'
check "build: a failing RUN" build says 23 -- -- "RUN exit 23"
check "build: USER" build prints "uid=1000" -- -- "USER 1000" "RUN id"
check "build: WORKDIR" build prints "/new/dir" -- -- "WORKDIR /new/dir" "RUN pwd"
check "build: ENV and ARG" build prints "x-y" -- --build-arg B=y -- "ARG B" "ENV A=x" 'RUN echo $A-$B'
check "build: COPY" build prints inside -- -- "COPY file /file" "RUN cat /file"
check "build: SHELL" build prints "shell-works" -- -- 'SHELL ["/bin/ash", "-c"]' "RUN echo shell-works"
check "build --layers" build prints "layer" -- --layers -- "RUN echo layer > /l" "RUN cat /l"
check "build --memory" build succeeds -- --memory 64m -- "RUN true"
check "build --ulimit" build prints 777 -- --ulimit nofile=777 --ulimit nproc=500 -- "RUN ulimit -n"
check "build --shm-size" build prints "size=1024k" -- --shm-size 1m -- "RUN mount"
check "build --volume" build prints shared -- --volume "$D/share:/mnt:ro" -- "RUN cat /mnt/file"
check "build --cap-drop" build prints "CapEff" -- --cap-drop CAP_CHOWN -- "RUN grep CapEff /proc/self/status"
check "build --secret" build prints shared -- --secret "id=s,src=$D/share/file" -- "RUN --mount=type=secret,id=s cat /run/secrets/s"
check "build: RUN --mount type=tmpfs" build prints "tmpfs on /t" -- -- "RUN --mount=type=tmpfs,target=/t mount"
check "build: RUN --mount type=cache" build succeeds -- -- "RUN --mount=type=cache,target=/c touch /c/x"
limited b rm --all
# The bridge is of Buildah's own network, made for `run` without --network.
OUR_LINKS='cni-podman|podman' OUR_MOUNTS="^($D/store|$D/run)" finish "/run/$NAME"
