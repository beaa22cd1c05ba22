#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when a file includes a header that its own layer may not see: the last column of ARCHITECTURE.md, "Layers".
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."

declare -A may=(
  [util]="util"
  [sys]="sys util"
  [spec]="spec util"
  [engine]="engine spec/annotations.h spec/json.h spec/model.h spec/mount_idmap.h spec/names.h sys util"
  [linux]="linux engine spec/annotations.h spec/model.h spec/names.h sys util"
  [agent]="agent engine/agent.h engine/proto.h spec/annotations.h sys util"
  [core]="core linux engine spec sys util"
  [criu]="criu core linux engine spec sys util"
  [api]="api core spec sys util"
  [cli]="cli api criu core linux engine spec sys util"
)
bad=0
for layer in "${!may[@]}"; do
  [ -d "src/$layer" ] || continue
  while IFS=: read -r file line header; do
    ok=0
    for allowed in ${may[$layer]}; do
      case $header in "$allowed" | "$allowed"/*) ok=1 ;; config.h | ketch/*) ok=1 ;; esac
    done
    case $header in *//* | *./*) ok=0 ;; esac # "sys/../core/x.h"
    [ $ok = 1 ] || { echo "$file:$line: layer $layer may not include \"$header\""; bad=1; }
  done < <(grep -nE '^[[:space:]]*#[[:space:]]*include "' -r "src/$layer" --include='*.[ch]' | sed -E 's/:[[:space:]]*#[[:space:]]*include "([^"]*)".*/:\1/')
done
[ $bad = 0 ] && echo "layers: no upward include"
exit $bad
