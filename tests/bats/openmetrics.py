#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks FILE against the rules of OpenMetrics 1.0 that matter for counters and gauges: metadata before samples, families in one piece,
suffixes, units, labels, numbers, no sample twice, "# EOF" last."""
import re, sys

text = open(sys.argv[1], encoding="utf-8").read()
assert text.endswith("# EOF\n"), "no # EOF at the end"
sample_re = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (\+Inf|-?[0-9]+(?:\.[0-9]+)?)$')
family, kind, done, seen = None, None, set(), set()
for n, line in enumerate(text.split("\n")[:-2], 1):
    where = f"line {n}: {line}"
    assert line, where + "empty line"
    if line.startswith("# "):
        _, word, name, rest = line.split(" ", 3)
        assert word in ("TYPE", "UNIT", "HELP"), where
        if name != family:
            assert name not in done, where + ": family comes a second time"
            done.add(name)
            family, kind = name, None
        if word == "TYPE":
            assert rest in ("counter", "gauge"), where
            kind = rest
        elif word == "UNIT":
            assert name.endswith("_" + rest), where + ": the name does not end with the unit"
        continue
    m = sample_re.match(line)
    assert m, where + ": not a sample"
    name, labels, value = m.groups()
    assert kind and name == family + ("_total" if kind == "counter" else ""), where + ": not of the family above it"
    assert (name, labels) not in seen, where + ": twice"
    seen.add((name, labels))
    assert kind == "gauge" or (value != "+Inf" and not value.startswith("-")), where + ": a counter with no count"
