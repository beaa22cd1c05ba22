#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails where the documents and the tree differ: a file of src that ARCHITECTURE.md has not, a path, function, link, boot or command that is not there, a
# command that the README lacks, an option that the manual page lacks. usage: docs.sh BUILD_DIR
set -euo pipefail
build=$(realpath "$1")
ketch=$build/src/cli/ketch
unset CDPATH
cd "$(dirname "$0")/../.."
bad=0
wrong() { echo "$*"; bad=1; }

mapfile -t docs < <(find . -path './build*' -prune -o -path './.git' -prune -o -name '*.md' -print | cut -c3- | sort)
mapfile -t texts < <(find src include tests contrib man -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.bats' -o -name '*.build' -o -name '*.in' \) | sort)
mapfile -t commands < <("$ketch" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')

# "Which file has what": a folder in bold letters, then names of files in backticks; both ways.
declare -A named
while read -r word; do
  case $word in
  \*\**) folder=${word//\*\*/} ;;
  *) named[$folder]+=" ${word//\`/}" ;;
  esac
done < <(sed -n '/^## Which file has what/,/^## Errors/p' ARCHITECTURE.md | grep -oE '\*\*src/[a-z]+\*\*|`[a-z][a-z0-9_]*\*?`')
for file in src/*/*.[chS]; do
  stem=$(basename "${file%.*}") found=
  read -ra patterns <<< "${named[$(dirname "$file")]:-}"
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053 # a pattern
    [[ $stem != $pattern ]] || found=1
  done
  [ -n "$found" ] || wrong "ARCHITECTURE.md, \"Which file has what\": no $file"
done
for folder in "${!named[@]}"; do
  read -ra patterns <<< "${named[$folder]}"
  for pattern in "${patterns[@]}"; do
    compgen -G "$folder/$pattern.[chS]" > /dev/null || wrong "ARCHITECTURE.md, \"Which file has what\": $folder has no $pattern"
  done
done

# Paths: from the top, or with a folder of src in front (but criu, which is CRIU's own more often, and headers of the kernel and the C library).
# What has capitals in it stands for others (tests/unit/test_X.c).
there() { compgen -G "$1" > /dev/null || compgen -G "src/$1" > /dev/null || compgen -G "include/$1" > /dev/null; }
while IFS=: read -r file path; do
  path=${path%[.,]}
  if [[ $path =~ [A-Z] && ! $path =~ README ]] || [[ $path == *[…\$]* ]]; then continue; fi
  there "$path" || wrong "$file: no $path"
done < <({
  grep -oE '(^|[ `(|])(src|tests|contrib|include|man|oci-spec-fixtures)/[A-Za-z0-9_./@*-]+' "${docs[@]}"
  grep -oE '(^|[ (`])(util|sys|spec|engine|linux|core|api|agent|cli)/[a-z_0-9]+\.[chS]\b' "${docs[@]}" "${texts[@]}"
  grep -oE '(^|[ (`])(tests|contrib)/[a-z]+/[A-Za-z0-9_./-]+\.(sh|py|bats|md|c|tsv)\b' "${texts[@]}"
} | sed 's/:[ `(|]*/:/' | grep -vE ':(linux/[a-z_0-9]*|sys/mount)\.h$' | sort -u)

while IFS=: read -r file function; do
  grep -rqw "${function//[\`()]/}" src include || wrong "$file: no function $function"
done < <(grep -oE '`[a-z_]+\(\)`' "${docs[@]}")

for file in "${docs[@]}"; do
  while read -r link; do
    [[ $link == http* ]] || [ -e "$(dirname "$file")/$link" ] || wrong "$file: no $link, which it links to"
  done < <(grep -oE '\]\([^)#]+\)' "$file" | sed 's/^](//; s/)$//')
  while read -r word; do
    [[ " ${commands[*]} " == *" $word "* ]] || wrong "$file: ketch has no command '$word'"
  done < <(grep -oE '`ketch [a-z]+' "$file" | cut -d' ' -f2)
  while read -r boot; do
    grep -qE "^$boot +\|" tests/vm/boots || wrong "$file: tests/vm/boots has no $boot"
  done < <(grep -oE '\bboots? [a-z0-9-]+((, | and )[a-z0-9-]+)*' "$file" | grep -E 'boots? (v|systemd|user|units|podman|engines|limits|rdma|crio|criu|selinux|oldest|newest)' |
    sed 's/boots\? //; s/, \| and /\n/g')
done

page=$(sed 's/\\//g' "$build/man/ketch.1")
for command in "${commands[@]}"; do
  grep -qE "^\|.*\`$command\`" README.md || wrong "README.md: no \`$command\` in the table of commands"
  while read -r option; do
    sed -n "/^\.SS $command\b/,/^\.S[SH] /p" <<< "$page" | grep -E -- "^\.B (-., )?$option( |$)" > /dev/null || wrong "man page: $command has no $option"
  done < <("$ketch" "$command" --help | grep -oE '^ +(-., )?\s*--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+')
done
while read -r option; do
  sed -n '/^\.SH GLOBAL/,/^\.SH COMMANDS/p' <<< "$page" | grep -E -- "^\.B (-., )?$option( |$)" > /dev/null || wrong "man page: no global $option"
done < <("$ketch" --help | grep -oE '^ +(-., )?\s*--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+')

[ $bad = 0 ] && echo "docs: files, paths, links, boots, commands and options are as the documents say"
exit $bad
