#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh OUTDIR: builds the OCI runtime-tools validation programs (as root, on Debian).
#
# The sources and their Go packages are Debian trixie's, taken from the archive that this
# machine's apt uses into a tree of their own under ${KETCH_CACHE:-/var/cache/ketch}/conformance;
# nothing is installed on the machine but the few tools named in `tools`. A second build with
# the same inputs only copies from the cache. KETCH_MIRROR names another archive.
#
# OUTDIR receives validation/ (NAME.t, and the runtimetest and rootfs-ARCH.tar.gz that they take
# from their working directory), fixed/ (the same for those with a patch in patches/) and peers/:
# trixie's crun and runc with their libraries, beside which ketch is measured.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KETCH_CACHE:-/var/cache/ketch}/conformance
suite=trixie
source=golang-github-opencontainers-runtime-tools
import=github.com/opencontainers/runtime-tools
# The -dev package of the source brings in all that its library part imports.
packages=golang-go,$source-dev,golang-github-google-uuid-dev
packages+=,golang-github-mrunalp-fileutils-dev,golang-github-urfave-cli-dev,crun,runc
tools=(mmdebstrap:mmdebstrap crun:crun runc:runc flock:util-linux patch:patch patchelf:patchelf)

say() { echo "conformance: $*" >&2; }
die() { say "$*"; exit 1; }

# need: installs what is missing of `tools`.
need() {
  local tool missing=()
  for tool in "${tools[@]}"; do
    command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  install "${missing[@]}" || { apt-get -qq update >&2 && install "${missing[@]}"; } || die "cannot install ${missing[*]}"
}

install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2; }

# mirror: the archive that this machine's own apt is set up with.
mirror() {
  archive || { apt-get -qq update >&2 && archive; } || die "no Debian archive in apt's sources; set KETCH_MIRROR"
}

archive() {
  # shellcheck disable=SC2016 # the format is apt's, not the shell's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sed -n 1p
}

# inputs: a name for all that decides what the build makes.
inputs() {
  cat "$here/build.sh" "$here"/tap-go/*.go "$here"/patches/*.patch | sha256sum | cut -c1-16
}

# make_tree DIR: a minimal trixie tree with Go, the packages and the source.
make_tree() {
  local dir=$1 url
  url=${KETCH_MIRROR:-$(mirror)}
  say "making a $suite tree"
  # A mount namespace of its own: whatever happens, no mount stays behind.
  unshare --mount --propagation private mmdebstrap --quiet --mode=root --variant=apt \
    --format=directory --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$suite" "$dir/tree" "deb $url $suite main" "deb-src $url $suite main" >&2
  # apt-get proves the archive's file by the signed index; the .dsc is not needed for that,
  # and the packaging's one patch touches unit tests only.
  mkdir "$dir/tree/source"
  chroot "$dir/tree" apt-get -qq update >&2
  chroot "$dir/tree" sh -c "cd /source && apt-get -qq source --tar-only $source" >&2
  tar -xf "$dir"/tree/source/*.orig.tar.* -C "$dir/tree/source" --strip-components=1
  rm -rf "$dir"/tree/source/*.orig.tar.* "$dir"/tree/var/lib/apt/lists "$dir"/tree/var/cache/apt
}

# compile SOURCE OUT PACKAGE...: go build in the tree of PACKAGEs of SOURCE, into OUT.
compile() {
  local source=$1 out=$2 tree=$cache/tree
  shift 2
  rm -rf --one-file-system "$tree"/{out,go/src}
  mkdir -p "$tree"/{out,go/src/github.com/mndrix/tap-go,"go/src/${import%/*}"} "$out"
  cp "$here"/tap-go/*.go "$tree/go/src/github.com/mndrix/tap-go/"
  cp -a "$source" "$tree/go/src/$import"
  # Without cgo the programs are static. /proc is mounted in a namespace of its own.
  # shellcheck disable=SC2016 # for the inner shell
  nice -n 5 unshare --mount --propagation private sh -c '
    mount -t proc proc "$1/proc" && cd "$1" && shift && exec chroot . env -i "$@"' sh "$tree" \
    PATH=/usr/bin:/bin HOME=/go GOPATH=/go:/usr/share/gocode GO111MODULE=off CGO_ENABLED=0 \
    GOFLAGS='-buildvcs=false -ldflags=-s -p=2' GOCACHE=/go/cache \
    go -C "/go/src/$import" build -o /out/ "$@" >&2
  mv "$tree"/out/* "$out/"
}

# peers DIR: copies trixie's crun and runc and all that they link to.
peers() {
  local dir=$1 tree=$cache/tree
  mkdir -p "$dir"
  # shellcheck disable=SC2016 # for the shell in the tree
  chroot "$tree" sh -c 'for p in crun runc; do command -v $p; ldd "$(command -v $p)" | grep -oE "/[^ ]+"; done' |
    sort -u | while read -r file; do cp -L "$tree$file" "$dir/"; done
}

# settle DIR: makes the peers find their libraries where DIR is now.
settle() {
  local loader=("$1"/peers/ld-linux*) name
  for name in crun runc; do
    patchelf --set-interpreter "${loader[0]}" --force-rpath --set-rpath "$1/peers" "$1/peers/$name"
  done
}

# lay DIR PATH SOURCE PACKAGE...: a suite in DIR/PATH: programs, runtimetest and root file system.
lay() {
  local dir=$1/$2 source=$3 name
  shift 3
  compile "$source" "$dir" "$@" ./cmd/runtimetest
  cp "$cache"/tree/source/rootfs-*.tar.gz "$dir/"
  for name in "$dir"/*; do
    case $name in
      */runtimetest | *.gz) ;;
      *) mv "$name" "$name.t" ;;
    esac
  done
}

# build DIR: fills DIR with what OUTDIR shall hold.
build() {
  local dir=$1 tree=$cache/tree patch fixed=()
  say "building the validation programs"
  lay "$dir" validation "$tree/source" ./validation/...
  peers "$dir/peers"
  cp -a "$tree/source" "$dir/source"
  for patch in "$here"/patches/*.patch; do
    patch -d "$dir/source" -p1 -s -F0 <"$patch" || die "$patch does not apply"
    fixed+=("./validation/$(basename "$patch" .patch)")
  done
  lay "$dir" fixed "$dir/source" "${fixed[@]}"
  rm -rf "$dir/source"
}

main() {
  local outdir=${1:?usage: build.sh OUTDIR} key tmp programs
  [ "$(id -u)" = 0 ] || die "must be run as root"
  need
  mkdir -p "$cache" "$outdir"
  outdir=$(cd "$outdir" && pwd)
  exec 9>"$cache/lock"
  flock 9
  # What an interrupted run left: all of it is in build.* and has no mounts.
  rm -rf --one-file-system "$cache"/build.*
  key=$(inputs)
  if [ ! -d "$cache/$key" ]; then
    tmp=$(mktemp -d "$cache/build.XXXXXX")
    if [ ! -d "$cache/tree" ]; then
      make_tree "$tmp"
      mv "$tmp/tree" "$cache/tree"
    fi
    mkdir "$tmp/result"
    build "$tmp/result"
    find "$cache" -maxdepth 1 -name '????????????????' -exec rm -rf {} +
    mv "$tmp/result" "$cache/$key"
    rm -rf --one-file-system "$tmp"
  fi
  [ "$(cat "$outdir/.key" 2>/dev/null || :)" != "$key" ] || return 0
  rm -rf "${outdir:?}"/{validation,fixed,peers,.key}
  cp -a "$cache/$key/." "$outdir/"
  settle "$outdir"
  echo "$key" >"$outdir/.key"
  programs=("$outdir"/validation/*.t)
  say "${#programs[@]} programs in $outdir"
}

main "$@"
