#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when a hint has words that engines look for in an error (Docker, Podman and containerd choose exit status and treatment by them):
# they belong into the message, which says what happened, or the hint would change what an engine does.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."
python3 - src/*/*.c << 'P'
import re, sys
words = re.compile("does not exist|not found|no such file|no such process|permission denied|operation not permitted|executable file|"
                   "open executable|already finished|not running|(not|is) a directory", re.I)
string = re.compile(r'"((?:[^"\\]|\\.)*)"')
bad = n = 0
for name in sys.argv[1:]:
    text = open(name).read()
    calls = [(m.start(), m.group(0)) for m in re.finditer(r'\berr_hint\s*\((?:"(?:[^"\\]|\\.)*"|[^";])*;', text)]
    if name == "src/criu/hints.c":  # rows of CRIU's words and the hint
        calls += [(m.start(), m.group(1)) for m in re.finditer(r'\{\s*"(?:[^"\\]|\\.)*",((?:\s*"(?:[^"\\]|\\.)*")+)', text)]
    for start, call in calls:
        n += 1
        hint = "".join(string.findall(call))
        found = words.search(hint)
        if found:
            bad = 1
            print(f"{name}:{text.count(chr(10), 0, start) + 1}: '{found.group(0)}' in a hint: {hint}")
if n < 200:
    bad = 1
    print(f"only {n} hints were found")
if not bad:
    print(f"hints: none of {n} has an engine's words")
sys.exit(bad)
P
