#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ketch features`: the document of runtime-spec features.md, complete, and true: what it lists is what configs may say.

load helpers

SCHEMA=$BATS_TEST_DIRNAME/../schema

features() {
  "$KETCH" features | jq "$@"
}

# The plan of the bundle as it is.
plan() {
  run ketch explain --json -b "$BUNDLE"
}

@test "features: valid by the spec's JSON schema" {
  "$KETCH" features > "$TEST_DIR/features.json"
  run "$SCHEMA/validate.py" features-schema.json < "$TEST_DIR/features.json"
  assert_status 0
  # and the schema does refuse
  features '.linux.seccomp.archs += ["X"]' > "$TEST_DIR/bad.json"
  run "$SCHEMA/validate.py" features-schema.json < "$TEST_DIR/bad.json"
  assert_status 1
}

@test "features: every member of features.md and features-linux.md is there" {
  local member
  for member in ociVersionMin ociVersionMax hooks mountOptions annotations potentiallyUnsafeConfigAnnotations linux.namespaces \
    linux.capabilities linux.cgroup.{v1,v2,systemd,systemdUser,rdma} linux.seccomp.{enabled,actions,operators,archs,knownFlags,supportedFlags} \
    linux.apparmor.enabled linux.selinux.enabled linux.intelRdt.{enabled,schemata,monitoring} linux.memoryPolicy.{modes,flags} \
    linux.mountExtensions.idmap.enabled linux.netDevices.enabled; do
    [ "$(features ".$member != null")" = true ] || { echo "no $member" >&2; return 1; }
  done
  [ "$(features -r '.ociVersionMin, .ociVersionMax' | paste -sd' ')" = "1.0.0 1.3.0" ]
}

@test "features: the spec's words are all there" {
  enum() { jq -c ".definitions.$1.enum | sort" "$SCHEMA/defs-linux.json"; }
  [ "$(features -c '.linux.namespaces | sort')" = "$(enum NamespaceType)" ]
  [ "$(features -c '.linux.seccomp.actions | sort')" = "$(enum SeccompAction)" ]
  [ "$(features -c '.linux.seccomp.operators | sort')" = "$(enum SeccompOperators)" ]
  [ "$(features -c '.linux.seccomp.archs | sort')" = "$(enum SeccompArch)" ]
  [ "$(features -c '.linux.seccomp.knownFlags | sort')" = "$(enum SeccompFlag)" ]
  [ "$(features -c .hooks)" = '["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]' ]
  [ "$(features '.linux.capabilities | length')" = 41 ]
  # what engines look for
  [ "$(features '[.mountOptions[] | select(. == "rro" or . == "idmap" or . == "ridmap")] | length')" = 3 ]
  [ "$(features .linux.mountExtensions.idmap.enabled)" = true ]
}

@test "features: nothing but the document, no root, no state, no global option needed" {
  public_ketch
  run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$TEST_DIR/ketch" features
  assert_status 0
  [ -z "$stderr" ]
  diff <(echo "$output") <("$KETCH" features)
  [ ! -e "$ROOT" ]
}

@test "features: version, commit and libseccomp are those of --version" {
  local key
  "$KETCH" --version > "$TEST_DIR/version"
  grep -qx "ketch version $(features -r '.annotations."ketch.version"')" "$TEST_DIR/version"
  grep -qx "commit: $(features -r '.annotations."ketch.commit"')" "$TEST_DIR/version"
  grep -qx "libseccomp: $(features -r '.annotations."io.github.seccomp.libseccomp.version"')" "$TEST_DIR/version"
}

@test "features: each listed mount option is understood, not handed to the file system" {
  local option n=0
  for option in $(features -r '.mountOptions[]'); do
    case $option in
      bind | rbind | copy-symlink | src-nofollow) edit --arg o "$option" '.mounts[-1] = {destination: "/x", source: "/tmp", options: ["bind", $o]}' ;;
      remount) edit '.mounts[-1] = {destination: "/dev", type: "tmpfs", options: ["remount"]}' ;;
      idmap | ridmap) edit --arg o "$option" '.mounts[-1] = {destination: "/x", source: "/tmp", options: ["bind", $o],
        uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}' ;;
      *) edit --arg o "$option" '.mounts[-1] = {destination: "/x", type: "tmpfs", source: "tmpfs", options: [$o]}' ;;
    esac
    plan
    assert_status 0 || { echo "option $option" >&2; return 1; }
    [[ $output != *"/x "*"data $option"* ]] || { echo "option $option goes to the file system" >&2; return 1; }
    n=$((n + 1))
  done
  [ $n -gt 60 ]
  # the way an unknown one goes
  edit '.mounts[-1] = {destination: "/x", type: "tmpfs", source: "tmpfs", options: ["nosuchoption"]}'
  plan
  assert_output "data nosuchoption"
}

@test "features: each listed namespace, capability, hook and memory policy is understood" {
  local all
  all=$(features -c .)
  edit --argjson f "$all" '.linux.namespaces = [$f.linux.namespaces[] | {type: .}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 10}]
    | .linux.gidMappings = .linux.uidMappings | .process.capabilities.bounding = $f.linux.capabilities
    | .hooks = ($f.hooks | map({key: ., value: [{path: "/bin/true"}]}) | from_entries)'
  plan
  assert_status 0
  [ "$(jq -c '.warnings' <<< "$output")" = '[]' ]
  [ "$(jq -r '.steps[] | select(.name == "caps.bounding") | .values[]' <<< "$output")" = "bounding $(features -r '.linux.capabilities | join(" ")')" ]
  local mode
  for mode in $(features -r '.linux.memoryPolicy.modes[]'); do
    edit --arg m "$mode" '.linux.memoryPolicy = {mode: $m} | if $m | test("DEFAULT|LOCAL") then . else .linux.memoryPolicy.nodes = "0" end'
    plan
    assert_status 0 || { echo "mode $mode" >&2; return 1; }
  done
  for mode in $(features -r '.linux.memoryPolicy.flags[]'); do
    edit --arg f "$mode" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$f]}'
    plan
    assert_status 0 || { echo "flag $mode" >&2; return 1; }
  done
}

@test "features: each listed seccomp word is understood" {
  local all
  all=$(features -c .linux.seccomp)
  edit --argjson s "$all" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: $s.archs, flags: $s.knownFlags, listenerPath: "/run/x",
    syscalls: ([$s.actions[] | {names: ["mkdir"], action: .}] + [$s.operators[] | {names: ["kexec_load"], action: "SCMP_ACT_ERRNO",
      args: [{index: 0, value: 1, valueTwo: 1, op: .}]}])}'
  plan
  assert_status 0
  [ "$(features -c '.linux.seccomp | .supportedFlags - .knownFlags')" = '[]' ]
}

@test "features: configs from the first to the last version are taken" {
  local v
  for v in "$(features -r .ociVersionMin)" 1.1.0 1.2.1 "$(features -r .ociVersionMax)"; do
    edit --arg v "$v" '.ociVersion = $v'
    plan
    assert_status 0
  done
}

@test "features: the systemd driver, and its annotations as unsafe" {
  [ "$(features .linux.cgroup.systemd)" = true ]
  [ "$(features .linux.cgroup.systemdUser)" = true ]
  features .potentiallyUnsafeConfigAnnotations | grep -q '"org.systemd.property."'
  edit '.annotations["org.systemd.property.KillSignal"] = "9"'
  run ketch --systemd-cgroup explain --facts "$BATS_TEST_DIRNAME/../../oci-spec-fixtures/facts/v2-systemd.json" -b "$BUNDLE"
  assert_status 0
  assert_output "unit ketch-"
  assert_output "property KillSignal 9"
}

@test "features: the annotations are those of the one table, and the source has no other" {
  local src="$BATS_TEST_DIRNAME/../../src" names
  names=$(grep -oE '"(run\.oci|org\.[a-z]+)\.[a-zA-Z0-9_.-]+"' "$src/spec/annotations.h" | tr -d '"' | grep -vxE 'run\.oci\.(handler)?' | sort)
  [ "$(features -r '.potentiallyUnsafeConfigAnnotations[]' | sort)" = "$names" ]
  [ "$(ketch explain --annotations | sed 's/=.*//; s/\.NAME$/./' | sort)" = "$names" ]
  refute grep -rE '"[^"]*(run\.oci|org\.criu|org\.systemd)\.' "$src" --include='*.c'
}
