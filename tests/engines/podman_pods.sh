# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Podman's pods, Kubernetes files and builds. `pod`, "img" and the names in capitals are those of podman_tests.sh.
# shellcheck disable=SC2015,SC2016,SC2034,SC2153,SC2317

podman_tests_pods() {
  check "pod create" podman_pod_create p1 --share ipc,uts,pid --hostname in-pod
  check "run in a pod" prints in-pod pod run --rm --pod p1 img hostname
  check "a pod's containers share the pid namespace" prints "sleep 1000" pod run --rm --pod p1 img ps
  check "pod ps, pod stop, pod start" podman_pod_restart
  if has_cgroups; then check "pod pause, pod unpause" podman_pod_pause; fi
  check "pod top, pod logs, pod kill" podman_pod_kill
  check "pod restart" succeeds pod pod restart p1
  check "pod rm" succeeds pod pod rm --force --time 0 p1
  check "pod: one network" podman_pod_network
  check "pod: an init container comes first" podman_pod_init
  check "pod: no infra container" podman_pod_bare
  check "pod: --exit-policy=stop" podman_pod_exit
  check "pod: a user namespace" podman_pod_userns
  if has_cgroups && [ -e /sys/fs/cgroup/cgroup.controllers ]; then check "pod: limits" podman_pod_limits; fi
  check "kube play" podman_kube
  check "kube play: init container, volume, security context, limits" podman_kube_more
  check "kube generate, kube play, kube down" podman_kube_generate
}

# podman_pod_create NAME OPTIONS…: its infra container is of the image, whose network is none.
podman_pod_create() {
  local name=$1
  shift
  limited pod pod create --name "$name" --infra-image img --infra-command "sleep 1000" "$@"
}

# Once more where a directory is busy: see podman_rm_mapped.
podman_pod_remove() {
  limited pod pod rm --force --time 0 "$1" || { grep -q 'userdata/shm: device or resource busy' "$OUT" && limited pod pod rm --force --time 0 "$1"; }
}

podman_pod_restart() { limited pod pod ps && limited pod pod stop --time 0 p1 && limited pod pod start p1; }

podman_pod_pause() {
  limited pod run -d --name p1c --pod p1 img sleep 1000 && limited pod pod pause p1 && prints paused pod inspect --format '{{.State.Status}}' p1c && limited pod pod unpause p1 &&
    prints back pod exec p1c echo back && limited pod rm -f -t 0 p1c
}

podman_pod_kill() {
  limited pod run -d --name p1k --pod p1 img sh -c 'echo said; sleep 1000' && prints "sleep 1000" pod pod top p1 && until_true "$LIMIT" sh -c 'pod pod logs p1 | grep -q said' &&
    limited pod pod kill p1 && prints 137 pod wait p1k && limited pod rm p1k
}

podman_pod_network() {
  local ret
  podman_pod_create p2 --network none --share net && limited pod run -d --name p2s --pod p2 img sh -c 'while :; do echo over-lo | nc -l -p 7000; done' &&
    prints over-lo pod run --rm --pod p2 img sh -c 'ip link set lo up 2> /dev/null; until nc 127.0.0.1 7000 < /dev/null | grep over-lo; do sleep 0.1; done'
  ret=$?
  podman_pod_remove p2 && return $ret
}

podman_pod_init() {
  local ret
  podman_pod_create p3 --share ipc && limited pod create --init-ctr always --pod p3 img sh -c 'echo first > /dev/shm/x' &&
    limited pod create --name p3c --pod p3 img sh -c 'cat /dev/shm/x; sleep 1000' && limited pod pod start p3 && until_true "$LIMIT" sh -c 'pod logs p3c | grep -q first'
  ret=$?
  podman_pod_remove p3 && return $ret
}

podman_pod_bare() {
  limited pod pod create --name p4 --infra=false && prints bare pod run --rm --pod p4 img echo bare && podman_pod_remove p4
}

podman_pod_exit() {
  local ret
  podman_pod_create p5 --exit-policy stop && limited pod run --pod p5 img true && until_true "$LIMIT" sh -c "pod pod inspect --format '{{.State}}' p5 | grep -q Exited"
  ret=$?
  podman_pod_remove p5 && return $ret
}

podman_pod_userns() {
  local ret map="0 100000 65536 " how=(--uidmap 0:100000:65536 --gidmap 0:100000:65536)
  [ -z "$ROOTLESS" ] || { map="$USERID 0 1 " how=(--userns keep-id); }
  podman_pod_create p6 "${how[@]}" && prints "$map" pod run --rm --pod p6 img sh -c 'echo $(cat /proc/self/uid_map) ""'
  ret=$?
  podman_pod_remove p6 && return $ret
}

podman_pod_limits() { # the pod's cgroup has them, and the container's is below it
  local ret dir
  podman_pod_create p7 --memory 48m --cpus 0.5 && limited pod run -d --name p7c --pod p7 --memory 32m img sleep 1000 &&
    dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pod inspect --format '{{.State.Pid}}' p7c)/cgroup") &&
    for ((ret = 0; ret < 4; ret++)); do [[ ${dir##*/} != *libpod_pod* ]] || break; dir=${dir%/*}; done
  { echo "$dir"; cat "$dir/memory.max" "$dir/cpu.max"; } >> "$OUT" 2>&1
  [[ ${dir##*/} == *libpod_pod* ]] && grep -qx 50331648 "$dir/memory.max" && grep -q '^50000 ' "$dir/cpu.max"
  ret=$?
  podman_pod_remove p7 && return $ret
}

podman_kube() {
  cat > "$D/kube.yaml" << YAML
apiVersion: v1
kind: Pod
metadata:
  name: kube
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: localhost/img
    imagePullPolicy: Never
    command: [/bin/sh, -c, "echo from-kube; sleep 1000"]
YAML
  limited pod play kube --network none "$D/kube.yaml" && until_true "$LIMIT" sh -c 'pod logs kube-c | grep -q from-kube' && prints "from-exec" pod exec kube-c /bin/echo from-exec && limited pod pod rm -f -t 0 kube
}

podman_kube_more() {
  local ret word
  cat > "$D/kube-more.yaml" << YAML
apiVersion: v1
kind: Pod
metadata:
  name: more
spec:
  restartPolicy: Never
  volumes:
  - name: shared
    emptyDir: {}
  initContainers:
  - name: first
    image: localhost/img
    imagePullPolicy: Never
    command: [/bin/sh, -c, "echo from-init > /shared/file"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  containers:
  - name: c
    image: localhost/img
    imagePullPolicy: Never
    command: [/bin/sh, -c, "/bin/cat /shared/file; /bin/id; /bin/grep -E 'CapBnd|NoNewPrivs' /proc/self/status; /bin/touch /x; echo \$WORD; echo all; /bin/sleep 1000"]
    env: [{name: WORD, value: by-env}]
    volumeMounts: [{name: shared, mountPath: /shared, readOnly: true}]
    securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
$(if has_cgroups; then echo '    resources: {limits: {memory: 48Mi, cpu: 500m}}'; fi)
YAML
  limited pod play kube --network none "$D/kube-more.yaml" && until_true "$LIMIT" sh -c 'pod logs more-c | grep -qx all' && limited pod logs more-c
  ret=$?
  for word in from-init uid=1000 'CapBnd:	0000000000000000' 'NoNewPrivs:	1' Read-only by-env; do grep -q "$word" "$OUT" || { echo "no $word" >> "$OUT"; ret=1; }; done
  if has_cgroups; then [ "$(cgroup_value "$(pod inspect --format '{{.State.Pid}}' more-c)" memory memory.limit_in_bytes memory.max)" = 50331648 ] || { echo "no limit" >> "$OUT"; ret=1; }; fi
  cp "$OUT" "$D/more"
  limited pod kube down "$D/kube-more.yaml" && limited pod volume rm --all --force && cp "$D/more" "$OUT" && return $ret
}

podman_kube_generate() {
  podman_pod_create kg && limited pod create --name kgc --pod kg --env A=generated img /bin/sh -c 'echo $A; /bin/sleep 1000' && limited pod kube generate -f "$D/home/generated.yaml" kg && podman_pod_remove kg &&
    limited pod play kube --network none "$D/home/generated.yaml" && until_true "$LIMIT" sh -c 'pod logs kg-kgc | grep -q generated' && limited pod kube down "$D/home/generated.yaml" && ! limited pod pod exists kg
}

podman_tests_build() {
  mkdir -p "$D/context"
  cat > "$D/context/Containerfile" << 'FILE'
FROM localhost/img
RUN echo built > /built && id -u
USER 1000
RUN id -u > /tmp/uid
CMD ["cat", "/built", "/tmp/uid"]
FILE
  check "build" succeeds pod build --isolation oci --network none -t built "$D/context"
  check "run what was built" prints built pod run --rm built
  check "build: a failing command" podman_build_fails
  check "build: RUN --mount: cache, tmpfs, bind, secret" podman_build_mounts
  check "build: several stages" podman_build_stages
  check "build: limits and capabilities of RUN" podman_build_limits
}

# podman_build NAME OPTIONS…: of the file that comes by standard input.
podman_build() {
  local name=$1
  shift
  cat > "$D/context/Containerfile.$name"
  limited pod build --isolation oci --network none -t "$name" -f "$D/context/Containerfile.$name" "$@" "$D/context"
}

podman_build_fails() {
  printf 'FROM localhost/img\nRUN exit 23\n' > "$D/context/Containerfile.bad"
  says "23" pod build --isolation oci --network none -f "$D/context/Containerfile.bad" "$D/context"
}

podman_build_mounts() {
  echo hush > "$D/context/hush"
  podman_build mounts --secret "id=s,src=$D/context/hush" << 'FILE' && ! prints hush pod run --rm mounts cat /run/secrets/s && limited pod rmi -f mounts
FROM localhost/img
RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=type=bind,source=.,target=/b --mount=type=secret,id=s \
  grep -q ' /t tmpfs' /proc/mounts && grep -qx hush /run/secrets/s && grep -qx hush /b/hush && touch /c/kept && ! touch /b/x
RUN --mount=type=cache,target=/c test -e /c/kept
FILE
}

podman_build_stages() {
  podman_build stages << 'FILE' && prints "made extra" pod run --rm stages && limited pod rmi -f stages
FROM localhost/img AS one
ARG WORD=none
RUN mkdir /out && echo "made $WORD" > /out/file
FROM localhost/img
COPY --from=one --chown=1000:1000 /out /in
RUN test "$(stat -c %u:%g /in/file)" = 1000:1000 && sed -i 's/none/extra/' /in/file
CMD ["cat", "/in/file"]
FILE
}

podman_build_limits() {
  podman_build limits --ulimit nofile=333:333 --shm-size 2m --cap-drop all --cap-add net_admin << 'FILE' && limited pod rmi -f limits
FROM localhost/img
RUN test "$(ulimit -n)" = 333 && grep -q '/dev/shm .*size=2048k' /proc/mounts && grep -q 'CapBnd:.*0000000000001000' /proc/self/status
FILE
}
